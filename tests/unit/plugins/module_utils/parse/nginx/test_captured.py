# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a request leads a variable of fastcgi_pass, by nginx's log."""

import time
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.captured import captured

POOL = "unix:/var/run/php/$pool.sock"


def led(endpoint: str, written: str = POOL, site: str = "shop.example", **more: Any) -> List[str]:
    route = {"site": "shop.example", "pass": written, "endpoints": [], **more}
    event = {"source": "nginx", "signature": "ng-connect-enoent", "site": site, "endpoint": endpoint}
    nginx: Any = {"routes": [route]}
    events: Any = [event]
    return [key for _route, key in captured(nginx, events)]


class TestCaptured:
    @pytest.mark.parametrize(
        "written, endpoint",
        [
            (POOL, "unix:/run/php/shop.sock"),
            ("unix:/run/${a}-$b", "unix:/run/shop-8.2.sock"),
            ("127.0.0.1:$port", "127.0.0.1:9001"),
            ("$to", "unix:/run/php/shop.sock"),
        ],
    )
    def test_hit_what_the_text_can_become(self, written: str, endpoint: str) -> None:
        assert led(endpoint, written) == [endpoint]

    @pytest.mark.parametrize(
        "endpoint", ["unix:/run/other/shop.sock", "unix:/run/php/shop.socket", "unix:/run/php/.sock"]
    )
    def test_near_miss_what_it_cannot_become(self, endpoint: str) -> None:
        assert led(endpoint) == []

    def test_near_miss_a_part_that_is_empty(self) -> None:
        assert led("unix:/run/-8.2.sock", "unix:/run/$a-$b") == led("unix:/run/", "$a$b/$c") == []

    def test_a_long_name_of_a_visitors_takes_no_time(self) -> None:
        began = time.process_time()
        assert led("unix:/run/" + "-" * 400, "unix:/run/$a-$b-$c-$d.sock") == []
        assert time.process_time() - began < 0.5

    def test_near_miss_of_another_site_or_of_a_map(self) -> None:
        place = "unix:/run/php/shop.sock"
        assert led(place, site="blog.example") == led(place, candidates=[]) == []
        assert led(place, endpoints=[{"endpoint": place}]) == []

    def test_decoy_another_hosts_address(self) -> None:
        """Who may write in the log has nobody dialled elsewhere."""
        assert led("192.0.2.7:22", "$to") == []
