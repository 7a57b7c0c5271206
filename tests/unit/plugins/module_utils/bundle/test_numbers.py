# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers of cards and of accounts go however they are written, and other numbers stay."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.numbers import without_numbers
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict

CARDS = (
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111.1111.1111.1111",
    "4111?1111?1111?1111",
    "378282246310005",
    "3782-822463-10005",
    "3782 822463 10005",
    "3056 930902 5904",
    "6304000000000000000",
    "2221000000000009",
)
ACCOUNTS = (
    "DE89370400440532013000",
    "de89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "DE89-3704-0044-0532-0130-00",
    "GB82 WEST 1234 5698 7654 32",
    "MT84MALT011000012345MTLCAST001S",
    "MU17 BOMM 0101 1010 3030 0200 000M UR",
    "BR1800360305000010009795493C1",
    "NO9386011117947",
)


class TestNumbers:
    @pytest.mark.parametrize("number", CARDS + ACCOUNTS)
    @pytest.mark.parametrize("text", ["%s", "paid by %s at 12 noon", "cc_%s_x", "[%s]", "n=%s;"])
    def test_cards_and_accounts_go(self, number: str, text: str) -> None:
        left = strict(text % number)
        assert number not in left and number[-4:] not in left and number[5:9] not in left

    def test_what_follows_an_account_stays(self) -> None:
        assert without_numbers("DE89 3704 0044 0532 0130 00 paid in time") == "[redacted] paid in time"

    @pytest.mark.parametrize(
        "text",
        [
            "4111111111111112",  # the check digit is wrong
            "DE88370400440532013000 ",
            "20260101120000",
            "1795388563000",
            "1795388563.0 2026/11/26 23:47:01",
            "192.168.122.104 10.11.12.13",
            "inode 8650752 of 18446744073709551615",
            "00400000-0a1b-4f3c",
            "php82-fpm-shop-example-status-pool-one",
        ],
    )
    def test_other_numbers_stay(self, text: str) -> None:
        assert without_numbers(text) == text
