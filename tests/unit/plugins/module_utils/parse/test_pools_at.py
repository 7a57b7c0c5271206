# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pools are behind routes, by a whole snapshot."""

from typing import Any, Dict, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.pools_at import pools_behind
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.route_pools import pools_at
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.test_route_pools import (
    master,
    route,
)


def behind(routes: List[Dict[str, Any]], pools: Dict[str, Any], **endpoints: Any) -> List[str]:
    seen: Any = {"endpoints": endpoints, "fpm": {"masters": [master(**pools)]}}
    found = [pool["name"] for _master, pool in pools_behind(seen, routes)]
    by_route = [pool["name"] for each in routes for _master, pool in pools_at(seen).behind(each)]
    assert set(found) == set(by_route)
    return found


def facts(real_path: Any = None, listening: Any = None) -> Dict[str, Any]:
    return {"real_path": real_path, "listening": listening}


class TestBehind:
    def test_a_pool_on_every_address(self) -> None:
        assert behind([route("127.0.0.1:9000")], {"www": "9000", "other": "9001"}) == ["www"]

    def test_a_socket_behind_a_link(self) -> None:
        links = {"unix:/run/a.sock": facts("/run/php/b.sock")}
        assert behind([route("unix:/run/a.sock")], {"www": "/run/php/b.sock"}, **links) == ["www"]

    def test_near_miss_another_machines_port(self) -> None:
        """The pool here has the same one."""
        pools, far = {"www": "9000"}, route("192.0.2.7:9000")
        assert behind([far], pools) == behind([far], pools, **{"192.0.2.7:9000": facts()}) == []
        assert behind([far], pools, **{"192.0.2.7:9000": facts(listening=True)}) == ["www"]

    def test_each_pool_once(self) -> None:
        assert behind([route("127.0.0.1:9000"), route("localhost:9000")], {"www": "9000"}) == ["www"]

    def test_a_server_marked_down_is_not_dialled(self) -> None:
        routes = route("127.0.0.1:9000", "127.0.0.1:9001")
        routes["endpoints"][0]["down"] = True
        pools = {"a": "127.0.0.1:9000", "b": "127.0.0.1:9001"}
        assert behind([routes], pools) == ["b"]
        routes["endpoints"][1]["down"] = True
        assert behind([routes], pools) == ["a", "b"]
