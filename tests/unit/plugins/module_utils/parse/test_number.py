# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that others wrote."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import count, number

NONE = [None, "", "max", "²", "1.5", "1e3", " 7", "7\n", "9" * 19, "9" * 5000, "--1", "0x10"]


class TestNumber:
    @pytest.mark.parametrize(("text", "value"), [("0", 0), ("42", 42), ("-1", -1), ("9" * 18, 10**18 - 1)])
    def test_a_whole_number(self, text, value):
        assert number(text) == value

    @pytest.mark.parametrize("text", NONE)
    def test_anything_else_is_none(self, text):
        assert number(text) is None


class TestCount:
    @pytest.mark.parametrize(("text", "value"), [("0", 0), ("42", 42)])
    def test_a_whole_number_from_0(self, text, value):
        assert count(text) == value

    @pytest.mark.parametrize("text", NONE + ["-1", "-0"])
    def test_anything_else_is_none(self, text):
        assert count(text) is None
