# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the limits count by that refused requests."""

from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.named_places import limits
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"
CONF = """http {
  limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s;
  limit_conn_zone $server_name zone=all:1m;
}
"""


def seen(zone: str, signature: str = "ng-limit-req") -> List[Any]:
    host = FakeHost(files={MAIN: CONF})
    nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}}
    return list(limits(host, nginx, [{"signature": signature, "detail": {"zone": zone}}])[0])


class TestLimits:
    def test_hit_the_zone_that_refused(self) -> None:
        (found,) = seen("one")
        assert (found["key"], found["file"], found["line"]) == ("$binary_remote_addr", MAIN, 2)
        assert found["written"] == "limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s"

    def test_hit_of_connections(self) -> None:
        assert seen("all", "ng-limit-conn")[0]["key"] == "$server_name"

    def test_near_miss_a_zone_of_no_file(self) -> None:
        assert seen("on") == []

    def test_decoy_a_line_of_something_else(self) -> None:
        assert seen("one", "ng-stderr") == []

    def test_the_statuses_that_limits_answer_with(self) -> None:
        host = FakeHost(files={MAIN: CONF.replace("}", "limit_req_status 502; limit_conn_status 429; }")})
        nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}}
        assert limits(host, nginx, [])[1] == [429, 502]
