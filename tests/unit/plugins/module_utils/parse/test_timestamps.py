# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clocks of four kinds of log."""

import re
from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import (
    access_time,
    fpm_stamp,
    fpm_time,
    journal_line,
    nginx_time,
    ring_lines,
)


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "offset", "at"),
        [
            ("2026/04/02 14:23:17", 0, 1775139797),
            ("2026/04/02 16:23:17", 7200, 1775139797),
            ("2026/13/02 14:23:17", 0, None),
            ("2026/04/02", 0, None),
            ("1969/04/02 14:23:17", 0, None),
        ],
    )
    def test_nginx_writes_local_time(self, text: str, offset: int, at: Optional[int]) -> None:
        assert nginx_time(text, offset) == at

    def test_php_fpms_own_writing(self) -> None:
        assert fpm_stamp(1775139797.9, 0) == "02-Apr-2026 14:23:17"
        assert fpm_time(fpm_stamp(1775139797, 7200), 7200) == 1775139797

    @pytest.mark.parametrize(
        ("text", "at"),
        [
            ("02/Apr/2026:14:23:17 +0000", 1775139797),
            ("02/Apr/2026:16:23:17 +0200", 1775139797),
            ("2026-04-02T08:53:17-05:30", 1775139797),
            ("1775139797.250", 1775139797.25),
            ("02/Foo/2026:14:23:17 +0000", None),
            ("02/Apr/2026:14:23:17", None),
            ("1775139797", None),
        ],
    )
    def test_an_access_log_names_its_zone(self, text: str, at: Optional[float]) -> None:
        assert access_time(text) == at

    @pytest.mark.parametrize(
        ("text", "offset", "at"),
        [
            ("02-Apr-2026 14:23:17", 0, 1775139797),
            ("02-Apr-2026 14:23:17.250000", 0, 1775139797.25),
            ("02-Apr-2026 09:23:17", -18000, 1775139797),
            ("02-Foo-2026 14:23:17", 0, None),
        ],
    )
    def test_php_fpm_writes_local_time(self, text: str, offset: int, at: Optional[float]) -> None:
        assert fpm_time(text, offset) == at

    def test_journal_writes_the_epoch(self) -> None:
        assert journal_line("1795387703.377272 web1 systemd[1]: Reloading.") == (
            1795387703.377272,
            "systemd",
            "Reloading.",
        )
        assert journal_line("1795387703.377272 web1 kernel: x: y") == (
            1795387703.377272,
            "kernel",
            "x: y",
        )
        assert journal_line("-- Journal begins at Sun --") is None

    @pytest.mark.parametrize("line", ["<6>[  959.677092] text", "<6>[  959.677092][ T1234] text"])
    def test_ring_counts_from_the_boot(self, line: str) -> None:
        assert list(ring_lines(line, re.compile("tex"))) == [(959.677092, "text")]

    def test_only_the_first_line_of_a_record_is_the_kernels(self) -> None:
        ring = (
            "<3>[    9.000001] tmpfs: Unknown parameter 'x\n<3>[    9.000001] forged once\n"
            "<3>[    9.000001] forged twice'\n<3>[    9.000002] true\n"
        )
        assert [text for _at, text in ring_lines(ring, re.compile("forged|true"))] == ["true"]

    @pytest.mark.parametrize(
        "line",
        [
            "<14>[    9.000001] written to /dev/kmsg",
            "               [    9.000001] the rest of a record",
            "[    9.000001] without its priority",
        ],
    )
    def test_what_the_kernel_did_not_begin_is_left_out(self, line: str) -> None:
        assert not list(ring_lines(line, re.compile("")))
