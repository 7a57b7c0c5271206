# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a process is held: texts of /proc, captured on Linux 6.18 unless a test says else."""

import struct
from typing import Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import wait

READS = "0 0x5 0x7ffdd04edee8 0x8 0xffffffff 0x1 0x0 0x7ffdd04edec8 0x7f97614a22ad"
POLLS = "7 0x7ffc20bf7c00 0x1 0xea60 0x8000000000000 0x73 0x1 0x7ffc20bf7be8 0x7fc9a4f77230"
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 28887053 3 0
   1: 0100007F:BC16 0100007F:0CEA 01 00000000:00000000 00:00000000 00000000    33        0 28887448 1 0
   2: 0100007F:BC18 0200007F:18EB 02 00000001:00000000 01:00000022 00000001    33        0 28887449 1 0
   3: 0100007F:0050 0100007F:8016 06 00000000:00000000 03:000010BC 00000000     0        0 0 3 0
"""
# Made, from get_tcp6_sock() (net/ipv6/tcp_ipv6.c).
TCP6 = (
    "   0: 0000000000000000FFFF00000100007F:2328 0000000000000000FFFF00000100007F:C0DE 01 "
    "00000000:00000000 00:00000000 00000000    33        0 501 1 0\n"
    "   1: 00000000000000000000000001000000:D000 00000000000000000000000001000000:18EB 01 "
    "00000000:00000000 00:00000000 00000000    33        0 502 1 0\n"
)
LOCKS = """\
1: FLOCK  ADVISORY  WRITE 73 00:2a:4711 0 EOF
1: -> FLOCK  ADVISORY  WRITE 71 00:2a:4711 0 EOF
2: POSIX  ADVISORY  READ  -1 fe:01:99 0 EOF
"""
# admin-guide/cgroup-v2.rst and kernel/sched/core.c, cpu_cfs_stat_show()
V2 = "usage_usec 9000\nuser_usec 1\nsystem_usec 2\nnr_periods 40\nnr_throttled 30\nthrottled_usec 1500000\n"
V1 = "nr_periods 40\nnr_throttled 30\nthrottled_time 1500000000\nnr_bursts 0\nburst_time 0\n"


class TestCall:
    @pytest.mark.parametrize(
        "text, name, first",
        [
            (READS, "read", 5),
            (POLLS, "poll", 0x7FFC20BF7C00),
            ("288 0xa 0x7ffe 0x7ffd 0x0 0x0 0x0 0x7ffc 0x7f", "accept", 10),
            ("73 0x6 0x2 0x0 0x0 0x0 0x0 0x7ffc 0x7f", "flock", 6),
            ("72 0x6 0x7 0x7ffe 0x0 0x0 0x0 0x7ffc 0x7f", "fcntl", 6),
            ("72 0x6 0x3 0x7ffe 0x0 0x0 0x0 0x7ffc 0x7f", "", 6),
            ("9999 0x6 0x3 0x7ffe 0x0 0x0 0x0 0x7ffc 0x7f", "", 6),
        ],
    )
    def test_a_call_has_a_name_with_its_arguments(self, text: str, name: str, first: int) -> None:
        call = wait.parse_call(text, "x86_64")
        assert call is not None and (call.name, call.arguments[0]) == (name, first)

    def test_another_machine_has_other_numbers(self) -> None:
        call = wait.parse_call("63 0x5 0x0 0x0 0x0 0x0 0x0 0x0 0x0", "aarch64")
        assert call is not None and call.name == "read"

    @pytest.mark.parametrize("text, machine", [("", "x86_64"), (READS, "mips"), ("-1 0x0 0x0", "x86_64")])
    def test_what_cannot_be_told(self, text: str, machine: str) -> None:
        assert wait.parse_call(text, machine) is None

    def test_a_running_process_is_in_none(self) -> None:
        call = wait.parse_call("running\n", "x86_64")
        assert call is not None and call.name == "running"

    @pytest.mark.parametrize(
        "wchan, remote",
        [
            ("rpc_wait_bit_killable", True),
            ("nfs4_proc_lock", True),
            ("request_wait_answer", True),
            ("unix_stream_read_generic", False),
            ("poll_schedule_timeout.constprop.0", False),
            ("0", False),
        ],
    )
    def test_calls_on_network_file_systems(self, wchan: str, remote: bool) -> None:
        assert wait.is_remote_file(wchan) is remote

    def test_descriptors_of_poll_with_one_that_is_ignored(self) -> None:
        memory = struct.pack("=ihhihhihh", 7, 1, 0, -1, 1, 0, 9, 4, 0)
        assert wait.polled(memory) == [7, 9] and wait.polled(memory[:-3]) == [7]

    def test_descriptors_of_select(self) -> None:
        assert wait.selected(b"\x20\x01") == [5, 8]


class TestPeers:
    def test_the_other_end_of_a_connection(self) -> None:
        rows = wait.parse_inet(TCP, [28887448, 28887449, 28887053])
        assert sorted(rows) == [28887448, 28887449], "a listener has no other end"
        assert rows[28887448] == wait.Inet(b"\x7f\0\0\1", 0xBC16, b"\x7f\0\0\1", 3306)
        assert rows[28887449].peer_port == 6379, "a connection that is not made yet"

    def test_addresses_of_version_6_with_mapped_ones(self) -> None:
        rows = wait.parse_inet(TCP6, [501, 502])
        assert rows[501][1:] == (9000, b"\x7f\0\0\1", 0xC0DE)
        assert rows[502][1:] == (0xD000, b"\0" * 15 + b"\1", 6379)

    @pytest.mark.parametrize(
        "file, holder", [((0, 0x2A, 4711), 73), ((0, 0x2A, 4712), None), ((0xFE, 1, 99), None)]
    )
    def test_who_holds_a_lock(self, file: Tuple[int, int, int], holder: Optional[int]) -> None:
        assert wait.lock_holder(LOCKS, *file) == holder


class TestCpu:
    @pytest.mark.parametrize("text", [V1, V2])
    def test_both_versions_count_the_same(self, text: str) -> None:
        assert wait.parse_cpu_stat(text) == wait.CpuStat(40, 30, 1.5)

    @pytest.mark.parametrize("text", ["", "usage_usec 1\n", "nr_periods x\nnr_throttled 1\n"])
    def test_a_group_without_a_quota_counts_nothing(self, text: str) -> None:
        assert wait.parse_cpu_stat(text) is None

    def test_the_machines_time(self) -> None:
        text = "cpu  10 1 2 30 4 0 3 50 9 9\ncpu0 1 1\ncpu1 1 1\nctxt 5\nprocs_running 7\n"
        assert wait.parse_cpu_time(text) == wait.CpuTime(100, 50, 2, 7)
        assert wait.parse_cpu_time("cpu 1 2\n") is None and wait.parse_cpu_time("") is None
