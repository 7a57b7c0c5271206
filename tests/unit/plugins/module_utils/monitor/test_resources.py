# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory and kills, by the kernel's own counts."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.resources import budget, kills
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MEMINFO = "MemTotal: 1000 kB\nMemAvailable: 400 kB\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
UNIT = "/sys/fs/cgroup/system.slice/php8.2-fpm.service/"
INITIAL = {"/proc/self/ns/cgroup": "cgroup:[4026531835]"}
OWN = {"/proc/self/ns/cgroup": "cgroup:[4026532999]"}


def host(links: dict, **files: str) -> FakeHost:
    known = {
        "/proc/meminfo": MEMINFO,
        "/proc/self/mountinfo": V2,
        "/proc/1/cgroup": "0::/init.scope\n",
        "/proc/9/cgroup": "0::/system.slice/php8.2-fpm.service\n",
        "/proc/vmstat": "nr_free_pages 1\noom_kill 468\n",
    }
    known.update(files)
    return FakeHost(known, links=links)


class TestBudget:
    def test_the_tightest_limit_without_cache(self) -> None:
        files = {
            UNIT + "memory.max": "102400\n",
            UNIT + "memory.current": "92160\n",
            UNIT + "memory.stat": "anon 1\ninactive_file 10240\n",
        }
        assert budget(host(INITIAL, **files), 9) == (81920, 102400)

    def test_without_a_limit_it_is_the_hosts_memory(self) -> None:
        files = {UNIT + "memory.max": "max\n", UNIT + "memory.current": "92160\n"}
        assert budget(host(INITIAL, **files), 9) == (600 * 1024, 1000 * 1024)

    def test_a_limit_beyond_the_hosts_memory_is_none(self) -> None:
        files = {UNIT + "memory.max": "9999999999\n", UNIT + "memory.current": "92160\n"}
        assert budget(host(INITIAL, **files), 9) == (600 * 1024, 1000 * 1024)

    def test_what_cannot_be_read_is_unknown(self) -> None:
        assert budget(FakeHost({}), 9) is None


class TestKills:
    def test_a_machine_counts_for_itself(self) -> None:
        assert kills(host(INITIAL), [9]) == {"vmstat": 468}

    def test_in_a_container_the_machines_count_is_everybodys(self) -> None:
        files = {
            "/sys/fs/cgroup/memory.events": "low 0\noom_kill 3\n",
            UNIT + "memory.events": "low 0\noom_kill 2\n",
        }
        assert kills(host(OWN, **files), [9]) == {"/sys/fs/cgroup": 3}

    def test_where_nothing_counts_nothing_is_said(self) -> None:
        assert kills(host(OWN), [9]) == {}
