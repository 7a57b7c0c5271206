# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buffers that were too small for headers, and are no larger since."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.capacity_parts import (
    of_capacity,
    risks,
    the_risk,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import key, now

SMALL = [("capacity_at_risk", "header_buffers_small")]
DAY = 86400.0
AT = {"file": "/etc/nginx/conf.d/buffers.conf", "line": 2}


def too_big(ago: float = 3 * DAY, locations: Any = None, **more: Any) -> Host:
    """So many seconds ago the headers of a response did not fit."""
    host = a_host()
    last = now(host) - ago
    facts = {
        "site": "shop.example",
        "endpoint": key(host),
        "count": 4,
        "first": last - 60.0,
        "last": last,
        "path": "/var/log/nginx/error.log",
        "text": "upstream sent too big header",
    }
    return of_capacity(host, locations=locations, too_big=[dict(facts, **more)])


def written(size: Any, **more: Any) -> Dict[str, Any]:
    return dict({"header_bytes": size, "header": AT}, **more)


HITS: Dict[str, Callable[[], Host]] = {"header_buffers_small": too_big}


class TestTooBig:
    def test_hit_days_ago_and_nothing_was_done(self) -> None:
        found = the_risk(too_big())
        assert "larger than fastcgi_buffer_size, 4096 bytes, 4 times in the last 7 days" in found["summary"]
        assert (found["sites"], found["confidence"]) == (["shop.example"], "likely")
        assert found["evidence"][0]["at"] and "nginx's default" in found["evidence"][1]["text"]

    def test_hit_the_file_was_touched_and_the_default_is_still_there(self) -> None:
        assert risks(too_big(locations={"changed_at": now(a_host())})) == SMALL

    def test_hit_a_buffer_that_was_written_before(self) -> None:
        assert the_risk(too_big(locations=written(8192)))["evidence"][1]["path"] == AT["file"]

    def test_near_miss_the_buffer_was_written_since(self) -> None:
        assert risks(too_big(locations=written(8192, changed_at=now(a_host())))) == []

    def test_near_miss_it_is_in_the_window_of_the_diagnosis(self) -> None:
        """There it is a finding of its own."""
        assert risks(too_big(60.0)) == []

    @pytest.mark.parametrize("other", [{"site": "blog.example"}, {"endpoint": "unix:/other"}])
    def test_decoy_another_place(self, other: Any) -> None:
        assert risks(too_big(**other)) == []

    def test_near_miss_nobody_looked_at_the_locations(self) -> None:
        host = too_big()
        host["risks"]["locations"] = []
        assert risks(host) == []


class TestBelowDefault:
    def test_hit_less_than_nginx_takes_by_itself(self) -> None:
        found = the_risk(of_capacity(locations=written(1024)))
        assert (found["reason"], found["confidence"]) == ("header_buffers_small", "possible")
        assert found["evidence"][0]["line"] == AT["line"]

    @pytest.mark.parametrize("size", [4096, 16384, None])
    def test_near_miss_as_much_or_unknown(self, size: Any) -> None:
        assert risks(of_capacity(locations=written(size))) == []

    def test_hit_both_are_told_once(self) -> None:
        assert risks(too_big(locations=written(1024))) == SMALL
