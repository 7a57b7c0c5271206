# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server block answers: as nginx chooses among those that listen at one address."""

from typing import List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listen import Target
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listeners import (
    Listeners,
    doors_of,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.served import Block, blocks

LOCAL = Target("inet", "127.0.0.1", 80, False, False)


def block(line: int, *names: str, listen: str = "80", tls: bool = False) -> Block:
    return Block("/etc/nginx/x", line, list(names) or [""], [listen], tls)


def answering(every: List[Block], name: str, target: Target = LOCAL) -> Optional[int]:
    found = Listeners(every).answering(target, name)
    return found.line if found else None


class TestAnswering:
    @pytest.mark.parametrize(
        "every, name, line",
        [
            ([block(1, "a.example"), block(9, "b.example")], "b.example", 9),
            ([block(1, "a.example"), block(9, "A.example")], "a.example", 1),  # the first of two
            ([block(1, "a.example"), block(9)], "127.0.0.1", 1),  # the first is the default
            ([block(1, "a.example"), block(9, "_", listen="80 default_server")], "127.0.0.1", 9),
            ([block(1, "*.example"), block(9, "*.shop.example")], "x.shop.example", 9),  # the longest
            ([block(1, ".shop.example"), block(9, "_")], "shop.example", 1),
            ([block(1, "_"), block(9, "shop.*")], "shop.webmedic", 9),
            ([block(1, "*.example"), block(9, "a.example")], "a.example", 9),  # an exact one first
            ([block(1, "_", listen="*:80"), block(9, "_", listen="127.0.0.1:80")], "127.0.0.1", 9),
            ([block(1, "a.example", listen="8080")], "a.example", None),
            ([block(1, "~^a"), block(9, "_")], "127.0.0.1", None),  # nobody matches it here
        ],
    )
    def test_of(self, every: List[Block], name: str, line: Optional[int]) -> None:
        assert answering(every, name) == line


class TestBlocks:
    def test_of_a_configuration(self) -> None:
        text = (
            "http {\n server {\n listen 443; ssl on; server_name a b;\n }\n"
            " server { listen unix:/run/x; listen 8080; }\n}\nstream { server { listen 1; } }\n"
        )
        conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
        first, second = blocks(conf)
        assert (first.line, first.names, first.tls) == (2, ["a", "b"], True)
        assert (second.names, second.listen) == ([""], ["unix:/run/x", "8080"])

    def test_ssl_on_makes_its_listener_one_of_tls(self) -> None:
        assert [target.tls for target in doors_of(block(1, listen="443", tls=True))] == [True]
        assert [target.tls for target in doors_of(block(1, listen="443"))] == [False]
