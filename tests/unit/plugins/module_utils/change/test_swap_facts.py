# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a swap file and of the host around it."""

import os
from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap_facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import Facts, look
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_file import described, problem
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import Mount
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.swap_files import (
    ACTIVE,
    ENTRY,
    GIB,
    facts,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

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


class TestFacts:
    def test_they_are_described_in_a_line(self) -> None:
        assert [
            described(each) for each in (facts(), made(), made(active=None), facts(kind="directory"))
        ] == [
            "absent\n",
            "swap file of 8 MiB, in use\n",
            "swap file of 8 MiB, not in use\n",
            "directory\n",
        ]

    def test_what_is_seen_of_a_host(self) -> None:
        facts_seen = seen()
        assert (
            facts_seen.kind,
            facts_seen.is_swap,
            facts_seen.active,
            facts_seen.fstab,
            facts_seen.mount,
        ) == (
            "file",
            True,
            ACTIVE,
            ENTRY,
            Mount("/", "ext4"),
        )
        assert (facts_seen.kernel, facts_seen.privileged, facts_seen.free) == ((6, 1), True, 5 * GIB)
        assert facts_seen.programs == {"swapon": "/usr/sbin/swapon", "mkswap": "/sbin/mkswap"}
        other = seen("/swap2")
        assert (other.kind, other.is_swap, other.active) == (None, False, None)

    def test_a_signature_in_another_place_is_none(self) -> None:
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
    def test_who_may_not_switch_swap_on(self, name: str, text: str) -> None:
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
    def test_what_is_not_even_looked_at(self, more: Dict[str, Any], says: str) -> None:
        with pytest.raises(Refusal) as caught:
            seen(**more)
        assert says in str(caught.value)


class TestProblem:
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
    def test_it_names_what_is_not_as_it_was_to_become(
        self, path: str, present: bool, persist: bool, says: Optional[str]
    ) -> None:
        why = problem(FakeHost(FILES), path, present, persist)
        assert (why is None) is (says is None) and (says or "") in (why or "")
