# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""swap_file: what it says it would do, what it did, and in which words it fails."""

import json
import os
from typing import Any, Callable, Dict

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap, swap_facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.lock import Busy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.modules import swap_file
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MIB = 1 << 20
FSTAB = b"# fstab of a test\nproc /proc proc\n"


@pytest.fixture(name="host")
def fixture_host(monkeypatch: Any, tmp_path: Any) -> FakeHost:
    """A host on which a swap file can be made. Its fstab is a real file too: the disk's part in check mode
    looks at it.
    """
    (tmp_path / "fstab").write_bytes(FSTAB)
    host = FakeHost(
        {
            str(tmp_path / "fstab"): FSTAB,
            "/proc/swaps": "Filename Type Size Used Priority\n",
            "/proc/sys/kernel/osrelease": "6.1.0\n",
            "/proc/self/mountinfo": "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n",
            "/proc/self/status": "CapEff:\t000001ffffffffff\n",
            "/sbin/mkswap": "",
            "/sbin/swapon": "",
            "/sbin/swapoff": "",
            "/bin/fallocate": "",
            "/precious": "data",
        }
    )
    for part in (swap, swap_facts):
        monkeypatch.setattr(part, "FSTAB", str(tmp_path / "fstab"))
    monkeypatch.setattr(swap_facts, "free_space", lambda folder: (5 << 30, 10 << 30))
    monkeypatch.setattr(swap_file, "Host", lambda: host)
    monkeypatch.setattr(swap_file, "collect_fpm", lambda host, test: {"masters": []})
    return host


@pytest.fixture(name="run")
def fixture_run(capsys: Any, monkeypatch: Any, host: FakeHost) -> Callable[..., Dict[str, Any]]:
    def run(check_mode: bool = True, **arguments: Any) -> Dict[str, Any]:
        given = dict(
            arguments,
            _ansible_remote_tmp="/tmp",
            _ansible_keep_remote_files=False,
            _ansible_check_mode=check_mode,
        )
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        with pytest.raises(SystemExit):
            swap_file.main()
        told: Dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


def in_use(host: FakeHost) -> None:
    host.files["/swapfile"] = (b"\0" * (os.sysconf("SC_PAGE_SIZE") - 10) + b"SWAPSPACE2").ljust(
        2 * MIB, b"\0"
    )
    host.files["/proc/swaps"] += b"/swapfile file 2044 0 -2\n"
    host.stats["/swapfile"] = swap_file.Host().stat("/swapfile")._replace(mode=0o600)


def test_check_mode_shows_the_line_the_file_and_the_commands(run: Any, host: FakeHost) -> None:
    told = run(path="/swapfile", size="2M")
    assert (told["changed"], told["size"], told["backup"], len(told["files"])) == (True, 2 * MIB, None, 1)
    assert [command.split()[0] for command in told["commands"]] == [
        "sh",
        "/bin/fallocate",
        "/sbin/mkswap",
        "/sbin/swapon",
    ]
    assert told["diff"][0]["prepared"].endswith("\n+/swapfile none swap sw 0 0\n")
    assert told["diff"][1] == {
        "before": "absent\n",
        "after": "swap file of 2 MiB, in use\n",
        "before_header": "/swapfile",
        "after_header": "/swapfile",
    }
    assert host.calls == []


def test_a_file_that_is_to_last_until_the_next_boot_leaves_fstab_alone(run: Any, host: FakeHost) -> None:
    told = run(path="/swapfile", size="2M", persist=False)
    assert told["changed"] and told["files"] == [] and len(told["diff"]) == 1


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_so_already_changes_nothing(run: Any, host: FakeHost, check_mode: bool) -> None:
    in_use(host)
    told = run(check_mode, path="/swapfile", size="2M", persist=False)
    assert (told["changed"], told["diff"], told["commands"]) == (False, [], [])
    told = run(check_mode, path="/swap2", state="absent")
    assert (told["changed"], told["diff"], told["size"]) == (False, [], None)


def test_only_the_line_that_is_missing_is_no_change_of_the_file(run: Any, host: FakeHost) -> None:
    in_use(host)
    told = run(path="/swapfile", size="2M")
    assert (
        told["changed"]
        and told["commands"] == []
        and len(told["diff"]) == 1
        and told["diff"][0]["before_header"].endswith("fstab")
    )


def test_taking_it_away(run: Any, host: FakeHost) -> None:
    in_use(host)
    told = run(path="/swapfile", state="absent")
    assert told["commands"] == ["/sbin/swapoff /swapfile", "rm -f /swapfile"]
    assert (
        told["diff"][-1]["before"] == "swap file of 2 MiB, in use\n"
        and told["diff"][-1]["after"] == "absent\n"
    )


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"path": "/swapfile"}, "size"),
        ({"path": "/swapfile", "size": "much"}, "The option size: 'much' is no size"),
        (
            {"path": "/precious", "size": "2M"},
            "Nothing was changed: /precious exists and is not a swap file: it is left alone.",
        ),
        ({"path": "/precious", "state": "absent"}, "is not a swap file"),
        ({"path": "/swapfile", "size": "6G"}, "less than a tenth"),
    ],
)
def test_a_refusal_fails_in_check_mode_too(run: Any, arguments: Dict[str, Any], says: str) -> None:
    told = run(**arguments)
    assert told["failed"] and says in told["msg"] and not told.get("changed")


@pytest.mark.parametrize(
    "result, changed, says",
    [
        ("refused", False, "Nothing was changed: because."),
        ("rolled_back", False, "It did not work: because."),
        ("failed", True, "Look at this host now: because."),
    ],
)
def test_how_it_ended_badly_is_said(
    run: Any, monkeypatch: Any, result: str, changed: bool, says: str
) -> None:
    monkeypatch.setattr(
        swap_file, "one_change", lambda *arguments: Outcome(result, "because", [], [], [], None)
    )
    told = run(False, path="/swapfile", size="2M")
    assert (told["failed"], told["changed"], told["msg"], told["diff"]) == (True, changed, says, [])


@pytest.mark.parametrize(
    "error, says",
    [
        (Busy("process 7 is changing this host"), "process 7"),
        (UndoFailed("put it back by hand."), "Look at this host now: put"),
    ],
)
def test_a_host_that_is_not_ready_for_a_change(
    run: Any, monkeypatch: Any, error: Exception, says: str
) -> None:
    def refuse(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(swap_file, "one_change", refuse)
    told = run(False, path="/swapfile", size="2M")
    assert told["failed"] and says in told["msg"]


def test_the_proof_asks_for_what_was_wanted(run: Any, monkeypatch: Any, host: FakeHost) -> None:
    asked = []

    def carried_out(host: Any, make: Any, verify: Any, check_mode: bool, _warn: Any) -> Outcome:
        asked.append((verify(), check_mode))
        return Outcome("done", "", [], [], [], "/backup")

    monkeypatch.setattr(swap_file, "one_change", carried_out)
    told = run(False, path="/swapfile", size="2M")
    assert asked == [("/swapfile is not in /proc/swaps", False)]
    assert (told["changed"], told["backup"], told["diff"][0]["after"]) == (
        True,
        "/backup",
        "swap file of 2 MiB, in use\n",
    )
