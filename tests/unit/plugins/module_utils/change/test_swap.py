# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file as a step: when it is refused, what it runs, and that a failure at any place leaves nothing
behind.

The kernel's part is played by scripts: whether a real swapon takes a real file is for the lab.
"""

import os
import subprocess
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap, swap_facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap import swap_off, swap_on
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import (
    Facts,
    complaint,
    described,
    look,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import MIB, Mount, Swap
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import carry_out
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal, Step
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

GIB = 1024 * MIB
MEMORY = {"limit_bytes": GIB, "limit_from": "MemTotal", "mem_available": GIB // 4, "swap_limit": None}
PROGRAMS = {name: "/sbin/" + name for name in ("mkswap", "swapon", "swapoff", "fallocate", "chattr")}
ACTIVE = Swap("/swapfile", "file", 8188, 100)
ENTRY = "/swapfile none swap sw 0 0\n"


def facts(**more: Any) -> Facts:
    found = Facts(
        "/swapfile",
        None,
        0,
        0,
        0,
        False,
        None,
        "proc /proc proc\n",
        Mount("/", "ext4"),
        (6, 1),
        5 * GIB,
        10 * GIB,
        MEMORY,
        PROGRAMS,
        True,
    )
    return found._replace(**more)


def made(**more: Any) -> Facts:
    return facts(
        **dict(
            {
                "kind": "file",
                "mode": 0o600,
                "size": 8 * MIB,
                "is_swap": True,
                "active": ACTIVE,
                "fstab": ENTRY,
            },
            **more,
        )
    )


def programs(step: Step) -> List[str]:
    return [command.do[0].rpartition("/")[2] for command in step.commands]


def refusal(found: Facts, size: int = 8 * MIB) -> str:
    with pytest.raises(Refusal) as caught:
        swap_on(found, size, True)
    return str(caught.value)


def test_what_is_so_already_needs_no_step() -> None:
    for step in (
        swap_on(made(), 8 * MIB, True),
        swap_on(made(fstab=None), 8 * MIB, False),
        swap_off(facts()),
    ):
        assert (step.changes, step.commands) == ([], [])


def test_a_new_file_is_made_formatted_entered_and_used() -> None:
    step = swap_on(facts(), 8 * MIB, True)
    assert programs(step) == ["sh", "fallocate", "mkswap", "swapon"]
    assert step.commands[1].do == ["/sbin/fallocate", "-l", "8388608", "/swapfile"]
    assert [(change.path, change.before, change.after) for change in step.changes] == [
        ("/etc/fstab", b"proc /proc proc\n", b"proc /proc proc\n/swapfile none swap sw 0 0\n")
    ]


def test_only_what_is_not_so_yet_is_done() -> None:
    assert programs(swap_on(made(active=None), 8 * MIB, True)) == ["swapon"]
    entered = swap_on(made(fstab=None), 8 * MIB, True)
    assert (
        entered.commands == []
        and entered.changes[0].before is None
        and entered.changes[0].after == ENTRY.encode()
    )
    assert swap_on(made(), 8 * MIB, False).changes[0].after == b""


def test_copy_on_write_is_switched_off_while_the_file_is_empty() -> None:
    step = swap_on(facts(mount=Mount("/", "btrfs")), 8 * MIB, True)
    assert programs(step) == ["sh", "chattr", "fallocate", "mkswap", "swapon"]
    assert step.commands[1].do == ["/sbin/chattr", "+C", "/swapfile"]


def test_zeros_are_written_in_pieces_that_a_time_limit_allows() -> None:
    step = swap_on(facts(mount=Mount("/", "ext3")), 1100 * MIB, True)
    assert programs(step) == ["sh", "dd", "dd", "dd", "mkswap", "swapon"]
    assert [
        [word for word in command.do if word[:4] in ("seek", "coun")] for command in step.commands[1:4]
    ] == [["seek=0", "count=512"], ["seek=512", "count=512"], ["seek=1024", "count=76"]]


CGROUP = dict(MEMORY, limit_from="cgroup /sys/fs/cgroup/system.slice/memory.max", limit_bytes=300 * MIB)


@pytest.mark.parametrize(
    "more, says",
    [
        (
            {"memory": dict(CGROUP, swap_limit=0)},
            "the control group, /sys/fs/cgroup/system.slice/memory.max (300 MiB), which allows no swap",
        ),
        ({"mount": Mount("/", "overlay")}, "overlay"),
        ({"mount": Mount("/x", "tmpfs")}, "tmpfs (/x)"),
        ({"mount": None}, "mountinfo"),
        ({"free": GIB}, "less than a tenth"),
        ({"privileged": False}, "CAP_SYS_ADMIN"),
        ({"programs": {}}, "not installed (package util-linux)"),
        (
            {"mount": Mount("/", "btrfs"), "programs": {"fallocate": "", "mkswap": ""}},
            "chattr is not installed (package e2fsprogs)",
        ),
        (
            {"kind": "file", "size": 8 * MIB, "is_swap": True, "mode": 0o600, "privileged": False},
            "CAP_SYS_ADMIN",
        ),
        ({"kind": "file", "size": 8 * MIB}, "is not a swap file"),
        ({"kind": "directory"}, "is not a swap file"),
        ({"kind": "link"}, "is not a swap file"),
        ({"kind": "file", "size": 8 * MIB, "is_swap": True, "mode": 0o644}, "mode 0644"),
        ({"kind": "file", "is_swap": True, "uid": 1000}, "chown"),
        ({"kind": "file", "is_swap": True, "mode": 0o600, "size": 16 * MIB}, "of 16 MiB, not of 8 MiB"),
    ],
)
def test_where_swap_cannot_help_or_be_it_is_refused(more: Dict[str, Any], says: str) -> None:
    assert says in refusal(facts(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"memory": dict(CGROUP, swap_limit=300 * MIB)},
        {"memory": dict(CGROUP, swap_limit=None)},
        {"memory": dict(MEMORY, swap_limit=0)},
        {"memory": dict(MEMORY, limit_from=None, limit_bytes=None)},
        {"free": GIB + 8 * MIB},
        {"fstab": None},
        {"mount": Mount("/", "xfs")},
    ],
)
def test_near_misses_of_a_refusal(more: Dict[str, Any]) -> None:
    assert programs(swap_on(facts(**more), 8 * MIB, True))[-1] == "swapon"


def test_what_is_in_use_stays_so_whatever_would_forbid_it_now() -> None:
    assert (
        swap_on(
            made(memory=dict(CGROUP, swap_limit=0), privileged=False, free=0, programs={}), 8 * MIB, True
        ).commands
        == []
    )


def test_taking_it_away() -> None:
    step = swap_off(made())
    assert programs(step) == ["swapoff", "rm"] and step.changes[0].after == b""
    assert programs(swap_off(made(active=None, privileged=False, programs={}))) == ["rm"]


@pytest.mark.parametrize(
    "found, says",
    [
        (made(is_swap=False), "is not a swap file"),
        (made(privileged=False), "CAP_SYS_ADMIN"),
        (
            made(active=ACTIVE._replace(used_kb=GIB // 2048)),
            "512 MiB of /swapfile are in use, and only 256 MiB",
        ),
    ],
)
def test_when_it_is_not_taken_away(found: Facts, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        swap_off(found)
    assert says in str(caught.value)


def test_the_state_in_a_line() -> None:
    assert [described(one) for one in (facts(), made(), made(active=None), facts(kind="directory"))] == [
        "absent\n",
        "swap file of 8 MiB, in use\n",
        "swap file of 8 MiB, not in use\n",
        "directory\n",
    ]


PAGE = os.sysconf("SC_PAGE_SIZE")
FILES = {
    "/proc/swaps": "Filename Type Size Used Priority\n/swapfile file 8188 100 -2\n",
    "/etc/fstab": ENTRY,
    "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "/proc/self/mountinfo": "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n",
    "/proc/self/status": "Name:\tpython3\nCapEff:\t000001ffffffffff\n",
    "/proc/self/uid_map": "         0          0 4294967295\n",
    "/proc/meminfo": "MemTotal: 1024 kB\nMemAvailable: 512 kB\n",
    "/usr/sbin/swapon": "",
    "/sbin/swapon": "",
    "/sbin/mkswap": "",
    "/swapfile": b"\0" * (PAGE - 10) + b"SWAPSPACE2" + b"\0" * PAGE,
}  # type: Dict[str, Any]


@pytest.fixture(name="space", autouse=True)
def fixture_space(monkeypatch: Any) -> None:
    monkeypatch.setattr(swap_facts, "free_space", lambda folder: (5 * GIB, 10 * GIB))


def seen(path: str = "/swapfile", files: Optional[Dict[str, Any]] = None, **more: Any) -> Facts:
    return look(FakeHost(dict(FILES, **(files or {})), **more), path)


def test_what_is_seen_of_a_host() -> None:
    found = seen()
    assert (found.kind, found.is_swap, found.active, found.fstab, found.mount) == (
        "file",
        True,
        ACTIVE,
        ENTRY,
        Mount("/", "ext4"),
    )
    assert (found.kernel, found.privileged, found.free) == ((6, 1), True, 5 * GIB)
    assert found.programs == {"swapon": "/usr/sbin/swapon", "mkswap": "/sbin/mkswap"}
    other = seen("/swap2")
    assert (other.kind, other.is_swap, other.active) == (None, False, None)


def test_a_signature_in_another_place_is_none() -> None:
    assert not seen(files={"/swapfile": b"\0" * PAGE + b"SWAPSPACE2"}).is_swap
    assert not seen(files={"/swapfile": b"SWAPSPACE2"}).is_swap


@pytest.mark.parametrize(
    "name, text",
    [
        ("/proc/self/status", "CapEff:\t00000000a80425fb\n"),
        ("/proc/self/status", "Name: x\n"),
        ("/proc/self/uid_map", "0 100000 65536\n"),
    ],
)
def test_who_may_not_switch_swap_on(name: str, text: str) -> None:
    assert not seen(files={name: text}).privileged


@pytest.mark.parametrize(
    "more, says",
    [
        ({"root": False}, "only root"),
        ({"path": "/a b"}, "not an absolute path"),
        ({"path": "/none/swap"}, "no directory"),
        ({"path": "/swap", "links": {"/swap": "/swapfile"}}, "through a link to /swapfile"),
    ],
)
def test_what_is_not_even_looked_at(more: Dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal) as caught:
        seen(**more)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "path, present, persist, says",
    [
        ("/swapfile", True, True, None),
        ("/swapfile", True, False, "still in /etc/fstab"),
        ("/swapfile", False, True, "still in /proc/swaps"),
        ("/swap2", True, True, "not in /proc/swaps"),
        ("/swap2", False, True, None),
        ("/swap2", False, False, None),
    ],
)
def test_the_proof(path: str, present: bool, persist: bool, says: Optional[str]) -> None:
    why = complaint(FakeHost(FILES), path, present, persist)
    assert (why is None) is (says is None) and (says or "") in (why or "")


class Machine:
    """Real files in a directory, and scripts in the place of the programs of the kernel's door; what they did
    is in the log.
    """

    def __init__(self, top: Any, monkeypatch: Any) -> None:
        self.top = str(top)
        os.makedirs(self.path("etc"))
        os.makedirs(self.path("bin"))
        self.write("etc/fstab", "proc /proc proc\r\n# \xff")
        for part in (swap, swap_facts):
            monkeypatch.setattr(part, "FSTAB", self.path("etc/fstab"))
        self.programs = {name: self.path("bin/" + name) for name in PROGRAMS}
        for name in PROGRAMS:
            self.program(
                name,
                'dd if=/dev/zero of="$3" bs="$2" count=1 conv=notrunc status=none'
                if name == "fallocate"
                else "exit 0",
            )

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def write(self, name: str, text: str) -> None:
        with open(self.path(name), "w", encoding="latin-1") as stream:
            stream.write(text)

    def program(self, name: str, body: str) -> None:
        self.write("bin/" + name, '#!/bin/sh\necho "%s $*" >> %s\n%s\n' % (name, self.path("log"), body))
        os.chmod(self.path("bin/" + name), 0o755)

    def facts(self, **more: Any) -> Facts:
        with open(self.path("etc/fstab"), "rb") as stream:
            fstab = stream.read().decode("utf-8", "surrogateescape")
        return facts(**dict({"path": self.path("swap"), "programs": self.programs, "fstab": fstab}, **more))

    def run(self, step: Step, why: Optional[str] = None, check_mode: bool = False) -> Any:
        return carry_out(step, Host(), Disk(), lambda: why, check_mode, self.path("state"))

    def fstab(self) -> bytes:
        with open(self.path("etc/fstab"), "rb") as stream:
            return stream.read()


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Any, monkeypatch: Any) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize("filesystem", ["ext4", "ext3", "btrfs"])
def test_the_file_is_whole_and_closed_to_others_whatever_the_umask(machine: Machine, filesystem: str) -> None:
    before = os.umask(0)
    try:
        outcome = machine.run(swap_on(machine.facts(mount=Mount("/", filesystem)), 3 * MIB, True))
    finally:
        os.umask(before)
    status = os.stat(machine.path("swap"))
    assert (outcome.result, status.st_mode & 0o7777, status.st_size, status.st_blocks * 512 >= 3 * MIB) == (
        "done",
        0o600,
        3 * MIB,
        True,
    )
    assert (
        machine.fstab() == b"proc /proc proc\r\n# \xff\n%s none swap sw 0 0\n" % machine.path("swap").encode()
    )


@pytest.mark.parametrize("fails", ["fallocate", "mkswap", "swapon", "chattr", "proof"])
def test_a_failure_at_any_place_leaves_nothing_behind(machine: Machine, fails: str) -> None:
    start = machine.fstab()
    if fails != "proof":
        machine.program(fails, "echo 'it does not work' >&2; exit 1")
    outcome = machine.run(
        swap_on(machine.facts(mount=Mount("/", "btrfs")), 3 * MIB, True),
        "no swap" if fails == "proof" else None,
    )
    assert (outcome.result, "it does not work" in outcome.why or "no swap" in outcome.why) == (
        "rolled_back",
        True,
    )
    assert machine.fstab() == start and not os.path.lexists(machine.path("swap"))
    with open(machine.path("log")) as stream:
        assert ("swapoff" in stream.read()) is (fails in ("swapon", "proof"))


def test_check_mode_touches_nothing_and_shows_the_line(machine: Machine) -> None:
    start = sorted(os.listdir(machine.top))
    outcome = machine.run(swap_on(machine.facts(), 3 * MIB, True), check_mode=True)
    assert (outcome.result, sorted(os.listdir(machine.top))) == ("would", start)
    assert outcome.diff[0]["prepared"].endswith("\n+%s none swap sw 0 0\n" % machine.path("swap"))


@pytest.mark.parametrize("theirs", ["precious", "link"])
def test_a_file_that_someone_else_put_there_meanwhile_stays(machine: Machine, theirs: str) -> None:
    step = swap_on(machine.facts(), 3 * MIB, True)
    machine.write("other", "other")
    if theirs == "link":
        os.symlink(machine.path("other"), machine.path("swap"))
    else:
        machine.write("swap", theirs)
    assert machine.run(step).result == "rolled_back"
    with open(machine.path("swap")) as stream:
        assert stream.read() == ("other" if theirs == "link" else theirs)


def test_use_that_does_not_end_keeps_the_file(machine: Machine) -> None:
    machine.run(swap_on(machine.facts(), 3 * MIB, True))
    start = machine.fstab()
    machine.program("swapoff", "exit 1")
    outcome = machine.run(swap_off(machine.facts(kind="file", is_swap=True, active=ACTIVE)))
    assert (outcome.result, machine.fstab()) == ("rolled_back", start) and os.path.exists(
        machine.path("swap")
    )
    machine.program("swapoff", "exit 0")
    assert machine.run(swap_off(machine.facts(kind="file", is_swap=True, active=ACTIVE))).result == "done"
    assert b"swap" not in machine.fstab() and not os.path.exists(machine.path("swap"))


def undo(script: str, *words: str) -> int:
    return subprocess.run(
        ["sh", "-c", script, "sh"] + list(words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


@pytest.mark.parametrize(
    "used, available, ends", [(10, 11, True), (11, 11, False), (0, 11, True), (None, 11, True)]
)
def test_swap_is_given_up_only_when_memory_can_take_what_is_in_it_and_its_file_stays_till_then(
    tmp_path: Any, used: Any, available: int, ends: bool
) -> None:
    path = tmp_path / "swap"
    path.write_text("")
    rows = ["Filename Type Size Used Priority", "/other file 4096 4000 -2"] + (
        ["%s file 4096 %d -3" % (path, used)] if used is not None else []
    )
    (tmp_path / "swaps").write_text("".join(row + "\n" for row in rows))
    (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable: %d kB\nBuffers: 1 kB\n" % available)

    def on_host(script: str) -> str:
        return script.replace("/proc/", "%s/" % tmp_path)

    assert (undo(on_host(swap._OFF), str(path), "true") == 0) == ends
    assert undo(on_host(swap._OFF), str(path), "false") == (0 if used is None else 1)
    assert (undo(on_host(swap._REMOVE), str(path)) == 0) == (used is None) == (not path.exists())


@pytest.mark.skipif(not os.path.exists("/proc/swaps"), reason="no /proc/swaps here")
def test_an_undo_takes_so_already_for_success(tmp_path: Any) -> None:
    path = str(tmp_path / "swap")
    assert undo(swap._OFF, path, "false") == 0  # it is not in use
    assert undo(swap._ON, path, "false") == 0  # there is nothing to use
    (tmp_path / "swap").write_text("")
    assert undo(swap._ON, path, "false") != 0
    assert undo(swap._ON, path, "true") == 0
