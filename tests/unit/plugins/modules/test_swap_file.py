# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""swap_file: what it says it would do, what it did, and in which words it fails."""

import os
from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap, swap_facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap_file as taken_away
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.lock import Busy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.modules import swap_file
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

Run = Callable[..., Dict[str, Any]]

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
    for part in (swap, swap_facts, taken_away):
        monkeypatch.setattr(part, "FSTAB", str(tmp_path / "fstab"))
    monkeypatch.setattr(swap_facts, "free_space", lambda folder: (5 << 30, 10 << 30))
    monkeypatch.setattr(swap_file, "collect_fpm", lambda host, test: {"masters": []})
    return host


@pytest.fixture(name="run")
def fixture_run(run_module: Run, host: FakeHost) -> Run:
    return lambda check_mode=True, **arguments: run_module(
        swap_file, host, _ansible_check_mode=check_mode, **arguments
    )


def in_use(host: FakeHost) -> None:
    host.files["/swapfile"] = (b"\0" * (os.sysconf("SC_PAGE_SIZE") - 10) + b"SWAPSPACE2").ljust(
        2 * MIB, b"\0"
    )
    host.files["/proc/swaps"] += b"/swapfile file 2044 0 -2\n"
    host.stats["/swapfile"] = host.stat("/swapfile")._replace(mode=0o600)


class TestChange:
    """What it would change."""

    def test_check_mode_shows_the_line_the_file_and_the_commands(self, run: Any, host: FakeHost) -> None:
        reply = run(path="/swapfile", size="2M")
        assert (reply["changed"], reply["size"], reply["backup"], len(reply["files"])) == (
            True,
            2 * MIB,
            None,
            1,
        )
        assert [command.split()[0] for command in reply["commands"]] == [
            "sh",
            "/bin/fallocate",
            "/sbin/mkswap",
            "/sbin/swapon",
        ]
        assert reply["diff"][0]["prepared"].endswith("\n+/swapfile none swap sw 0 0\n")
        assert reply["diff"][1] == {
            "before": "absent\n",
            "after": "swap file of 2 MiB, in use\n",
            "before_header": "/swapfile",
            "after_header": "/swapfile",
        }
        assert host.calls == []

    def test_without_persist_fstab_is_left_alone(self, run: Any, host: FakeHost) -> None:
        reply = run(path="/swapfile", size="2M", persist=False)
        assert reply["changed"] and reply["files"] == [] and len(reply["diff"]) == 1

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_what_is_so_already_changes_nothing(self, run: Any, host: FakeHost, check_mode: bool) -> None:
        in_use(host)
        reply = run(check_mode, path="/swapfile", size="2M", persist=False)
        assert (reply["changed"], reply["diff"], reply["commands"]) == (False, [], [])
        reply = run(check_mode, path="/swap2", state="absent")
        assert (reply["changed"], reply["diff"], reply["size"]) == (False, [], None)

    def test_a_missing_line_is_no_change_of_the_file(self, run: Any, host: FakeHost) -> None:
        in_use(host)
        reply = run(path="/swapfile", size="2M")
        assert (
            reply["changed"]
            and reply["commands"] == []
            and len(reply["diff"]) == 1
            and reply["diff"][0]["before_header"].endswith("fstab")
        )

    def test_taking_it_away(self, run: Any, host: FakeHost) -> None:
        in_use(host)
        reply = run(path="/swapfile", state="absent")
        assert reply["commands"] == ["/sbin/swapoff /swapfile", "rm -f /swapfile"]
        assert (
            reply["diff"][-1]["before"] == "swap file of 2 MiB, in use\n"
            and reply["diff"][-1]["after"] == "absent\n"
        )

    def test_the_proof_asks_for_what_was_wanted(self, run: Any, monkeypatch: Any, host: FakeHost) -> None:
        proofs = []

        def carried_out(host: Any, make: Any, verify: Any, check_mode: bool, _warn: Any) -> Outcome:
            proofs.append((verify(), check_mode))
            return Outcome("done", "", [], [], [], "/backup")

        monkeypatch.setattr(swap_file, "one_change", carried_out)
        reply = run(False, path="/swapfile", size="2M")
        assert proofs == [("/swapfile is not in /proc/swaps", False)]
        assert (reply["changed"], reply["backup"], reply["diff"][0]["after"]) == (
            True,
            "/backup",
            "swap file of 2 MiB, in use\n",
        )


class TestFailure:
    """How it fails."""

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
    def test_a_refusal_fails_in_check_mode_too(self, run: Any, arguments: Dict[str, Any], says: str) -> None:
        reply = run(**arguments)
        assert reply["failed"] and says in reply["msg"] and not reply.get("changed")

    @pytest.mark.parametrize(
        "result, changed, says",
        [
            ("refused", False, "Nothing was changed: because."),
            ("rolled_back", False, "It did not work: because."),
            ("failed", True, "Look at this host now: because."),
        ],
    )
    def test_a_bad_end_has_its_words(
        self, run: Any, monkeypatch: Any, result: str, changed: bool, says: str
    ) -> None:
        monkeypatch.setattr(
            swap_file, "one_change", lambda *arguments: Outcome(result, "because", [], [], [], None)
        )
        reply = run(False, path="/swapfile", size="2M")
        assert (reply["failed"], reply["changed"], reply["msg"], reply["diff"]) == (True, changed, says, [])

    @pytest.mark.parametrize(
        "error, says",
        [
            (Busy("process 7 is changing this host"), "process 7"),
            (UndoFailed("put it back by hand."), "Look at this host now: put"),
        ],
    )
    def test_a_host_that_is_not_ready_for_a_change(
        self, run: Any, monkeypatch: Any, error: Exception, says: str
    ) -> None:
        def refuse(*arguments: Any) -> None:
            raise error

        monkeypatch.setattr(swap_file, "one_change", refuse)
        reply = run(False, path="/swapfile", size="2M")
        assert reply["failed"] and says in reply["msg"]
