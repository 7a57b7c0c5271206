# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of PHP as they stand in php.ini and in what nginx sends along."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.php_ini import seconds, setting

NAME = "max_execution_time"


class TestSetting:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("max_execution_time = 30", "30"),
            ("[PHP]\n; max_execution_time = 5\nmax_execution_time=90 ; as long as the import", "90"),
            ("max_execution_time = 30\nmax_execution_time = 60\n", "60"),
            ('max_execution_time = "120"\r\nmemory_limit = 1G', "120"),
            ("memory_limit=1G\nmax_execution_time=300", "300"),
            ("max_execution_time = Off", ""),
        ],
    )
    def test_hit_the_last_one_counts(self, text: str, value: str) -> None:
        found = setting(text, NAME)
        assert found is not None and (found.value, found.variable) == (value, False)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ";max_execution_time = 30",
            "max_execution_times = 30",
            "Max_Execution_Time = 30",
            "xmax_execution_time = 30",
            "[PATH=/var/www/shop]\nmax_execution_time = 0",
            "[host=shop.example]\nmax_execution_time = 0",
        ],
    )
    def test_decoy_what_holds_for_no_request_or_only_some(self, text: str) -> None:
        assert setting(text, NAME) is None

    def test_near_miss_a_section_after_a_special_one(self) -> None:
        found = setting("[PATH=/a]\nmax_execution_time = 0\n[PHP]\nmax_execution_time = 7\n", NAME)
        assert found is not None and (found.value, found.line) == ("7", 4)

    @pytest.mark.parametrize("value", ["${LIMIT}", "$limit"])
    def test_near_miss_a_variable_is_no_value(self, value: str) -> None:
        found = setting("max_execution_time = " + value, NAME)
        assert found is not None and found.variable


class TestSeconds:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("30", 30), ("0", 0), ("", 0), ("-1", 0), ("5m", 5), (" 60", 60), ("off", 0), ("9" * 30, 999999999)],
    )
    def test_the_number_in_front_counts(self, value: str, expected: Optional[int]) -> None:
        assert seconds(value) == expected
