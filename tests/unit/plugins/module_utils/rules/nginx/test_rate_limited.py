# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""limit_req and limit_conn that refuse nearly all pages of a site; and limits that do their work."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "nginx_limit"
SITE = "shop.example"
LINE = '*9 limiting requests, excess: 0.967 by zone "one", client: 10.0.0.9, server: shop.example'
LIMIT = {
    "zone": "one",
    "key": "$binary_remote_addr",
    "written": "limit_req_zone $binary_remote_addr zone=one:1m",
}
# Of one proxy, and nearly nobody got a page.
REFUSED = {
    "pages": 14,
    "paths": 2,
    "visitors": 7,
    "addresses": 1,
    "internal": True,
    "others": 0,
    "answered": 1,
    "since": 0,
}


def limited(signature: str = "ng-limit-req", site: Any = SITE, **refused: Any) -> Host:
    host = a_host().silent_logs().logging("error")
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    host.nginx_said(signature, *range(60, 74), endpoint=None)
    hosts.quote(host, LINE)
    host["logs"]["limits"] = [dict(LIMIT, file="/etc/nginx/conf.d/limit.conf", line=1)]
    pages: Dict[str, Any] = {
        "site": site,
        "answered": 1,
        "failed": 0,
        "paths": 0,
        "last": hosts.now(host) - 60,
    }
    host["access"]["files"][0]["pages"] = [dict(pages, refused=dict(REFUSED, **refused))]
    return host


class TestLimited:
    def test_hit_visitors_share_the_address_of_a_proxy(self) -> None:
        item = hosts.only(limited())
        assert (item["cause"], item["reason"], item["state"], item["severity"]) == (
            CAUSE,
            "limit_req",
            "active",
            "warning",
        )
        assert "$binary_remote_addr" in item["summary"] and "7 visitors who come by one" in item["summary"]
        assert item["evidence"][0]["path"] == "/etc/nginx/conf.d/limit.conf" and item["count"] == 14
        assert hosts.status(limited()) == "degraded"

    def test_hit_visitors_have_addresses_of_their_own(self) -> None:
        assert "visitors of 6 addresses" in hosts.only(limited(addresses=6))["summary"]

    def test_hit_by_connections(self) -> None:
        assert hosts.only(limited("ng-limit-conn"))["reason"] == "limit_conn"

    def test_hit_sites_that_share_a_log(self) -> None:
        """It may not tell whose page it was."""
        assert hosts.only(limited(site=None))["reason"] == "limit_req"

    def test_hit_the_zone_is_in_no_file(self) -> None:
        host = limited()
        host["logs"]["limits"] = []
        assert hosts.only(host)["evidence"][0]["source"] == "nginx_log"

    def test_near_miss_one_address_that_may_be_anybodys(self) -> None:
        """A proxy's, or of one who comes with many names."""
        assert hosts.found(limited(internal=False)) == hosts.UNKNOWN
        host = limited(internal=False)
        host["logs"]["limits"][0]["key"] = "$server_name"
        assert hosts.only(host)["reason"] == "limit_req", "there nobody is counted alone"

    def test_near_miss_a_burst_of_one_visitor(self) -> None:
        assert hosts.found(limited(visitors=1)) == hosts.HEALTHY

    def test_near_miss_one_page_is_limited(self) -> None:
        assert hosts.found(limited(paths=1)) == hosts.HEALTHY

    def test_near_miss_one_address_and_the_others_get_pages(self) -> None:
        """As who comes with many names from one address, and is refused for it."""
        assert hosts.found(limited(others=1)) == hosts.HEALTHY

    @pytest.mark.parametrize("facts", [{"answered": 14}, {"addresses": 6, "answered": 4}])
    def test_near_miss_many_pages_come(self, facts: Any) -> None:
        assert hosts.found(limited(**facts)) == hosts.HEALTHY

    def test_near_miss_pages_have_come_since(self) -> None:
        assert hosts.found(limited(since=3)) == ([(CAUSE, "limit_req", "recovered")], "recovered")

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        """Whether it raised the limit nothing tells before pages come."""
        host = limited()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host) == ([(CAUSE, "limit_req", "active")], "degraded")

    def test_decoy_another_site_or_no_refusal(self) -> None:
        assert hosts.found(limited(site="files.example")) == hosts.HEALTHY
        host = limited()
        del host["access"]["files"][0]["pages"][0]["refused"]
        assert hosts.found(host) == hosts.HEALTHY

    def with_other_log(self, **facts: Any) -> Host:
        """The location with the limit has a log of its own, of which limited() tells."""
        host = limited()
        site = host["nginx"]["site_logs"][0]
        host["nginx"]["site_logs"] = [
            dict(site, access=[*site["access"], dict(site["access"][0], paths=["/b.log"])])
        ]
        file = host["access"]["files"][0]
        pages = {"site": SITE, "answered": 9, "failed": 0, "paths": 0, "last": hosts.now(host) - 60}
        host["access"]["files"].append(dict(file, path="/b.log", pages=[dict(pages, **facts)]))
        return host

    def test_near_miss_all_other_pages_come(self) -> None:
        assert hosts.found(self.with_other_log()) == hosts.HEALTHY

    @pytest.mark.parametrize("facts", [{"answered": 2}, {"refused": REFUSED}, {"failed": 10}])
    def test_hit_the_other_pages_fare_no_better(self, facts: Any) -> None:
        assert hosts.only(self.with_other_log(**facts))["cause"] == CAUSE


class TestUnseen:
    """Without an access log nobody knows how the other visitors fared."""

    def test_hit_many_were_refused(self) -> None:
        host = limited().logging("error", why="it is not there")
        assert hosts.found(host) == hosts.UNKNOWN
        assert "visitors" in [entry["what"] for entry in hosts.verdict(host)["missing"]]

    def test_near_miss_a_few_were(self) -> None:
        host = limited().logging("error", why="it is not there")
        hosts.events(host, "nginx")[0]["count"] = 9
        assert hosts.found(host) == hosts.HEALTHY
