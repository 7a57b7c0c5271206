# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a site is asked for a page, and what the answer tells of what is behind nginx."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.pages import (
    OWN,
    SILENT,
    SLOW,
    _page,
    doors,
)

NONE: frozenset = frozenset()


def route(line: int, *names: str, listen: str = "80") -> Dict[str, Any]:
    return {
        "site": names[0] if names else "",
        "server_names": list(names),
        "listen": [listen],
        "server": {"file": "/etc/nginx/x", "line": line},
    }


def places(*lines: int) -> Any:
    return [("/etc/nginx/x", line) for line in lines]


def reached(routes: Any, *lines: int) -> Any:
    return [(door.target.port, door.server_name) for door in doors(routes, places(*lines), 10)]


class TestDoors:
    def test_two_servers_called_underscore_are_two_sites(self) -> None:
        routes = [route(1, "_", listen="80 default_server"), route(9, "_", listen="8081")]
        assert reached(routes, 1, 9) == [(80, "_"), (8081, "_")] and reached(routes, 9) == [(8081, "_")]

    def test_two_ports_of_one_name_are_two_sites(self) -> None:
        assert reached([route(1, "shop.example"), route(9, "shop.example", listen="443 ssl")], 9, 1) == [
            (443, "shop.example"),
            (80, "shop.example"),
        ]

    def test_the_second_under_one_name_cannot_be_asked(self) -> None:
        assert reached([route(1, "shop.example"), route(9, "shop.example")], 1, 9) == [(80, "shop.example")]
        assert reached([route(1, "shop.example"), route(9, "shop.example")], 9) == []

    def test_a_site_with_two_routes_is_asked_once(self) -> None:
        assert reached([route(1, "a.example"), route(1, "a.example"), route(5, "b.example")], 1, 5) == [
            (80, "a.example"),
            (80, "b.example"),
        ]


class TestPage:
    @pytest.mark.parametrize(
        "status, errors, kind",
        [
            (200, NONE, OWN),
            (404, NONE, OWN),
            (500, NONE, OWN),
            (None, NONE, SLOW),
            (502, frozenset(("unix:/a",)), SILENT),
            (503, frozenset(("unix:/a",)), SILENT),
            (502, NONE, OWN),
            (503, NONE, OWN),
            (504, NONE, OWN),  # the application says so itself: nginx logs nothing
            (502, None, SILENT),
            (504, None, SILENT),
            (503, None, OWN),  # nginx's log cannot be read
        ],
    )
    def test_nginxs_error_log_tells_a_silent_backend_from_a_site(
        self, status: Optional[int], errors: Any, kind: str
    ) -> None:
        assert _page(status, errors).kind == kind

    @pytest.mark.parametrize(
        "status, fails", [(200, False), (404, False), (500, True), (501, True), (503, False)]
    )
    def test_a_sites_own_page_fails_from_500_on_except_503(self, status: int, fails: bool) -> None:
        assert _page(status, NONE).fails is fails
