# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes do not run, by texts of /proc as Linux 6.18 wrote them for a stopped php-fpm."""

from typing import Any, Dict, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.halted import collect_halted
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

WORKER = Process(71, 70, "php-fpm8.2", "php-fpm: pool www", None, 33, 33, [33], 1.0)
STAT = "71 (php-fpm8.2) %s 70 70 70 0 -1 4194624 301 0 0 0 %d 0 0 0 20 0 1 0 5036012 227913728 1900 0 0"
GROUP = "/system.slice/php8.2-fpm.service"
HYBRID = "6:freezer:/box\n1:name=systemd:/box%s\n0::/box%s\n" % (GROUP, GROUP)
MOUNTS = (
    "1424 1418 0:34 /box /sys/fs/cgroup/freezer ro,relatime - cgroup cgroup rw,freezer\n"
    "1001 1418 0:38 /box /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
)
UNIFIED = "/sys/fs/cgroup/unified"


class Moving(FakeHost):
    """later: files that are other ones after a while."""

    later: Dict[str, bytes] = {}

    def sleep(self, seconds: float) -> None:
        self.files.update(self.later)


def a_host(state: str, ticks: int = 5, **files: Any) -> Moving:
    texts = {
        "/proc/71/stat": STAT % (state, ticks),
        "/proc/71/cgroup": HYBRID,
        "/proc/self/mountinfo": MOUNTS,
    }
    return Moving(files=dict(texts, **files))


def kind_of(host: FakeHost, workers: Sequence[int] = ()) -> Optional[str]:
    found = collect_halted(host, [WORKER], workers)
    facts = [value for name, value in found[0].items() if name not in ("pid", "kind")] if found else []
    return ": ".join([found[0]["kind"], *map(str, facts)]) if found else None


class TestStates:
    @pytest.mark.parametrize("state, kind", [("T", "stopped"), ("S", None), ("R", None)])
    def test_by_the_state(self, state: str, kind: Optional[str]) -> None:
        assert kind_of(a_host(state)) == kind

    def test_a_traced_one_names_its_tracer(self) -> None:
        more = {"/proc/71/status": "Name:\tphp-fpm8.2\nTracerPid:\t131\n", "/proc/131/comm": "gdb\n"}
        assert kind_of(a_host("t", **more)) == "traced: {'comm': 'gdb', 'pid': 131}"

    def test_a_wait_names_its_place_in_the_kernel(self) -> None:
        assert kind_of(a_host("D", **{"/proc/71/wchan": "rpc_wait_bit_killable"})) == (
            "disk_wait: rpc_wait_bit_killable"
        )

    def test_near_miss_a_wait_whose_place_is_hidden(self) -> None:
        """Who traces it does not hold it."""
        more = {"/proc/71/status": "TracerPid:\t131\n", "/proc/131/comm": "gdb\n", "/proc/71/wchan": "0"}
        assert kind_of(a_host("D", **more)) == "disk_wait"

    @pytest.mark.parametrize("after", [("S", 5), ("D", 6)])
    def test_one_that_runs_again_is_none(self, after: Any) -> None:
        host = a_host("D")
        host.later = {"/proc/71/stat": (STAT % after).encode()}
        assert kind_of(host) is None

    def test_one_that_is_gone_is_none(self) -> None:
        assert kind_of(FakeHost()) is None

    def test_one_in_a_container_of_this_host_is_none(self) -> None:
        assert collect_halted(a_host("T"), [WORKER._replace(foreign=True)], []) == []

    def test_many_of_an_account_do_not_push_it_out(self) -> None:
        theirs = [WORKER._replace(pid=pid, ppid=1, uid=1000) for pid in range(1000, 3000)]
        root = WORKER._replace(pid=70, ppid=1, uid=0)
        procs = [*theirs, root, WORKER]
        assert [each["pid"] for each in collect_halted(a_host("T"), procs, [])] == [71]


class TestBlocked:
    """A worker of nginx that waits for who reads its log."""

    PIPE = {"/proc/71/wchan": "anon_pipe_write"}

    def test_hit_it_names_its_place_in_the_kernel(self) -> None:
        assert kind_of(a_host("S", **self.PIPE), [71]) == "blocked: anon_pipe_write"

    def test_near_miss_it_waits_for_the_next_event(self) -> None:
        assert kind_of(a_host("S", **{"/proc/71/wchan": "ep_poll"}), [71]) is None

    def test_near_miss_it_goes_on(self) -> None:
        host = a_host("S", **self.PIPE)
        host.later = {"/proc/71/wchan": b"ep_poll"}
        assert kind_of(host, [71]) is None

    def test_decoy_a_worker_of_php(self) -> None:
        assert kind_of(a_host("S", **self.PIPE)) is None


class TestFreezer:
    def test_of_version_2_the_topmost_is_named(self) -> None:
        frozen = "populated 1\nfrozen 1\n"
        slices = {UNIFIED + GROUP + "/cgroup.events": frozen, UNIFIED + "/system.slice/cgroup.events": frozen}
        assert kind_of(a_host("S", **slices)) == "frozen: %s/system.slice" % UNIFIED

    def test_of_version_1_the_state_tells(self) -> None:
        host = a_host("D", **{"/sys/fs/cgroup/freezer/freezer.state": "FROZEN\n"})
        assert kind_of(host) == "frozen: /sys/fs/cgroup/freezer"

    def test_what_runs_is_not_frozen(self) -> None:
        states = {
            UNIFIED + GROUP + "/cgroup.events": "populated 1\nfrozen 0\n",
            "/sys/fs/cgroup/freezer/freezer.state": "THAWED\n",
        }
        assert kind_of(a_host("S", **states)) is None
