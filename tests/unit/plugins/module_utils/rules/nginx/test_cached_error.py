# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's own 502 in its cache."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CACHED = ("cached_error", "fastcgi_cache_valid", "active")


def kept(ago: float = 60.0, seconds: float = 3600.0, status: int = 502, **more: Any) -> Host:
    """A request was lost while php-fpm was down. It answers now, and fastcgi_cache keeps such errors."""
    valid = {"seconds": {"502": seconds}, "written": "fastcgi_cache_valid any 1h", "file": "/c", "line": 3}
    host = a_host("was_down").silent_logs().on_every_route(error_cache=valid)
    return host.nginx_said("ng-connect-enoent", ago, detail={"status": status}, **more)


def cached(host: Host) -> List[Any]:
    return [found for found in hosts.causes(host) if found[0] == "cached_error"]


HITS: Dict[str, Callable[[], Host]] = {"fastcgi_cache_valid": kept}


class TestCached:
    def test_hit_it_stays_though_php_fpm_is_back(self) -> None:
        assert (cached(kept()), hosts.status(kept())) == ([CACHED], "degraded")

    def test_hit_it_takes_no_loss_from_another_cause(self) -> None:
        item = hosts.verdict(kept())["findings"][0]
        assert (item["count"], item["evidence"][0]["text"]) == (0, "fastcgi_cache_valid any 1h")

    @pytest.mark.parametrize("host", [kept(60.0, 30.0), kept(status=500)], ids=["expired", "500"])
    def test_near_miss_what_the_cache_does_not_keep(self, host: Host) -> None:
        assert cached(host) == []

    def test_near_miss_the_loss_of_another_site(self) -> None:
        host = kept().silent_logs().another_site("blog.example", error_cache=None)
        host.nginx_said("ng-connect-enoent", 60.0, detail={"status": 502})
        hosts.events(host, "nginx")[0]["site"] = "blog.example"
        assert cached(host) == []

    def test_near_miss_nobody_answers_now(self) -> None:
        assert cached(kept().dialled("missing", 2)) == []

    def test_decoy_a_cache_of_good_pages_alone(self) -> None:
        assert cached(kept().on_every_route(error_cache=None)) == []

    def test_decoy_nothing_was_lost(self) -> None:
        assert hosts.found(kept().silent_logs()) == hosts.HEALTHY
