# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that two server blocks share, and names of files that say backup."""

from typing import List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listen import bound_at
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.served import Block
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.shadowed import (
    left_to,
    set_aside,
    shadows,
)


def block(line: int, *names: str, listen: Tuple[str, ...] = ("80",)) -> Block:
    return Block("/etc/nginx/x", line, list(names) or [""], list(listen), False)


def found(*blocks: Block) -> List[Tuple[int, int, List[str]]]:
    return [(pair.winner.line, pair.loser.line, pair.names) for pair in shadows(blocks)]


class TestShadows:
    @pytest.mark.parametrize(
        "block, other, names",
        [
            (block(1, "a.example"), block(9, "A.example", "b"), ["A.example"]),
            (block(1, "a"), block(9, "a", listen=("*:80 default_server",)), ["a"]),
            (block(1, "a"), block(9, "a", listen=("0.0.0.0:80",)), ["a"]),
            (block(1, "a", listen=("80", "[::]:80")), block(9, "a", listen=("[::]:80",)), ["a"]),
            (block(1), block(9), [""]),
            (block(1, "_"), block(9, "_"), ["_"]),
            (block(1, ".a.example"), block(9, "a.example"), ["a.example"]),
            (block(1, "*.a.example"), block(9, ".a.example"), [".a.example"]),
            (block(1, "~^a"), block(9, "~^a"), ["~^a"]),
            (block(1, "a", listen=("8000-8002",)), block(9, "a", listen=("8001",)), ["a"]),
            (block(1, "a", listen=("unix:/run/a",)), block(9, "a", listen=("unix:/run/a ssl",)), ["a"]),
            (block(1, "a", listen=("localhost:80",)), block(9, "a", listen=("127.0.0.1",)), ["a"]),
        ],
    )
    def test_hit(self, block: Block, other: Block, names: List[str]) -> None:
        assert found(block, other) == [(1, 9, names)]

    @pytest.mark.parametrize(
        "block, other",
        [
            (block(1, "a"), block(9, "b")),
            (block(1, "a"), block(9, "a", listen=("443 ssl",))),
            # nginx keeps the names of an address and of all addresses apart.
            (block(1, "a"), block(9, "a", listen=("10.0.0.1:80",))),
            (block(1, "a"), block(9, "a", listen=("[::]:80",))),
            (block(1, "*.a.example"), block(9, "a.example")),
            (block(1, "~^a"), block(9, "a")),
            (block(1, "$hostname"), block(9, "$hostname")),
            (block(1, "a", listen=("host.example:80",)), block(9, "a", listen=("host.example:80",))),
            (block(1, "a", listen=("443 ssl",)), block(9, "a", listen=("443 quic",))),
            (block(1, "a", "a"), block(9, "b")),
            (block(1, "a"), block(1, "a")),  # one block, loaded twice
        ],
    )
    def test_near_miss(self, block: Block, other: Block) -> None:
        assert found(block, other) == []

    def test_what_is_left_to_the_second(self) -> None:
        first, second = block(1, "a"), block(9, "a", "b")
        assert left_to(second, shadows([first, second])) == {"b"}
        third = block(9, "a", listen=("80", "8080"))
        assert left_to(third, shadows([first, third])) == {"a"}
        assert left_to(block(9, "a"), shadows([first, block(9, "a")])) == set()

    def test_thousands_of_blocks_stay_quick(self) -> None:
        assert len(shadows([block(number, "a") for number in range(5000)])) == 200


class TestBoundAt:
    @pytest.mark.parametrize(
        "written, expected",
        [
            ("80", ["*:80"]),
            ("[::]", ["[::]:80"]),
            ("10.0.0.1", ["10.0.0.1:80"]),
            ("[2001:DB8::1]:443 ssl", ["[2001:db8::1]:443"]),
            ("unix:/run/a.sock default_server", ["unix:/run/a.sock"]),
            ("0", []),
            ("", []),
        ],
    )
    def test_of(self, written: str, expected: List[str]) -> None:
        assert bound_at(written) == expected


class TestSetAside:
    @pytest.mark.parametrize(
        "name, expected",
        [
            *(
                (name, True)
                for name in ("shop.bak", "shop~", "shop.conf.old", "shop.save.1", "shop.dpkg-old")
            ),
            *((name, True) for name in ("shop.conf.rpmnew", "shop.orig", "shop.conf.20240131", "shop.bak2")),
            *((name, True) for name in ("shop.2024-01-31", "shop.conf.1", "shop-20240131", "shop.BAK")),
            *(
                (name, None)
                for name in ("shop-old.conf", "shop.bak.conf", "Copy of shop.conf", "shop (1).conf")
            ),
            *((name, None) for name in ("shop_backup.conf", "#shop#", "old.example.conf")),
            *((name, False) for name in ("shop", "shop.conf", "default", "shop.example", "00-shop.conf")),
            *((name, False) for name in ("backups.example.conf", "golden.conf", "saveurs.example")),
        ],
    )
    def test_of(self, name: str, expected: Optional[bool]) -> None:
        assert set_aside("/etc/nginx/sites-enabled/" + name) is expected
