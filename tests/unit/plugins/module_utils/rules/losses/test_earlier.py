# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that lost nothing in the window, and something before it."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.confinement import (
    confined,
    enforcing,
    on_tcp,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host


def lost(host: Host, ago: float, status: Any = 502, part: str = "logs") -> Host:
    """By the first log of that part, before the window."""
    loss = {"at": hosts.now(host) - ago, "status": status, "site": "shop.example"}
    host[part]["files"][0]["earlier"] = loss
    return host


def notes(host: Host) -> List[str]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "earlier_losses"]


class TestEarlier:
    @pytest.mark.parametrize(
        "ago, words",
        [
            (1000, "17 min ago; diagnose_window=1800 looks back to it"),
            (7300, "2 h ago; diagnose_window=10800 looks back to it"),
            (80000, "22 h ago; diagnose_window=86400 looks back to it"),
        ],
    )
    def test_hit_the_note_says_when_and_how_to_look(self, ago: float, words: str) -> None:
        host = lost(a_host(), ago)
        assert hosts.found(host) == hosts.HEALTHY
        assert notes(host)[0].startswith("last 502 at ") and notes(host)[0].endswith(words)

    def test_hit_the_time_is_the_hosts(self) -> None:
        host = lost(a_host(), 7200)
        host.update(taken_at=1775139797.0)  # 14:23:17 UTC
        host["host"]["utc_offset"] = 3600
        host["logs"]["files"][0]["earlier"]["at"] = 1775139797.0 - 7200
        assert notes(host)[0].startswith("last 502 at 13:23, 2 h ago")

    def test_hit_a_loss_without_a_status(self) -> None:
        assert notes(lost(a_host(), 5000, None))[0].startswith("last lost request at ")

    def test_near_miss_longer_ago_than_a_day(self) -> None:
        assert notes(lost(a_host(), 90000)) == []

    def test_near_miss_the_window_reaches_back_to_it(self) -> None:
        host = lost(a_host(), 5000)
        host["window"] = 7200
        assert notes(host) == []

    def test_near_miss_an_access_log_beside_an_error_log_that_speaks(self) -> None:
        assert notes(lost(a_host().logging("error"), 5000, part="access")) == []
        assert len(notes(lost(a_host().logging("crit"), 5000, part="access"))) == 1

    def test_decoy_something_was_lost_in_the_window(self) -> None:
        assert notes(lost(a_host("segfault"), 5000)) == []
        assert notes(lost(a_host().nginx_said("ng-reset-header", 60.0), 5000)) == []

    def test_decoy_a_snapshot_that_was_not_asked(self) -> None:
        assert notes(a_host()) == []


def unloaded(host: Host, loaded_ago: float = 7200.0, **access: Any) -> Host:
    """nginx runs since then, its files were changed after it, and so was the loss, an hour ago."""
    host.logging("error").with_nginx(config_newer=True, loaded={"at": hosts.now(host) - loaded_ago})
    host["access"]["files"][0].update(access)
    return lost(host, 3600)


class TestOlderConfiguration:
    """The probe asks what the files name."""

    def open_ones(self, host: Host) -> List[str]:
        missing = hosts.verdict(host)["missing"]
        return [entry["why"] for entry in missing if entry["what"] == "older_configuration"]

    def test_hit_nobody_has_asked_since(self) -> None:
        host = unloaded(a_host())
        assert hosts.verdict(host)["status"] == "unknown"
        (why,) = self.open_ones(host)
        assert "nobody asked shop.example since: last 502 at " in why and notes(host) == []

    def test_hit_only_another_site_was_asked_since(self) -> None:
        host = a_host().another_site("blog.example")
        unloaded(host, newest=hosts.now(host) - 5)
        assert len(self.open_ones(host)) == 1, "both sites log there"
        for site in host["nginx"]["site_logs"]:
            site["access"] = site["access"] if site["site"] == "blog.example" else []
        assert len(self.open_ones(host)) == 1, "it is the other one's log"

    def test_hit_the_loss_of_another_log_is_newer_and_over(self) -> None:
        host = unloaded(a_host().another_site("blog.example")).with_route(file="/etc/nginx/shop.conf")
        newer = {"at": hosts.now(host) - 3000, "status": 502, "site": "blog.example"}
        host["logs"]["files"].append(dict(host["logs"]["files"][0], path="/blog.log", earlier=newer))
        host["nginx"]["loaded"]["newer_files"] = ["/etc/nginx/shop.conf"]
        assert "nobody asked shop.example" in self.open_ones(host)[0]

    def test_near_miss_visitors_came_since(self) -> None:
        host = a_host()
        unloaded(host, newest=hosts.now(host) - 5)
        del host["nginx"]["site_logs"][1:]
        assert hosts.found(host) == hosts.HEALTHY and len(notes(host)) == 1

    def test_near_miss_a_shared_log_names_its_site(self) -> None:
        host = a_host()
        pages = {"answered": 1, "failed": 0, "paths": 0, "last": hosts.now(host) - 5}
        unloaded(host, pages=[dict(pages, site="shop.example")])
        assert hosts.found(host) == hosts.HEALTHY
        unloaded(host, pages=[dict(pages, site="blog.example")])
        assert len(self.open_ones(host)) == 1

    def test_near_miss_the_files_of_another_site_were_changed(self) -> None:
        host = unloaded(a_host()).with_route(file="/etc/nginx/shop.conf")
        host["nginx"]["loaded"]["newer_files"] = ["/etc/nginx/new.conf"]
        assert hosts.found(host) == hosts.HEALTHY
        host["nginx"]["loaded"]["newer_files"] = ["/etc/nginx/shop.conf"]
        assert len(self.open_ones(host)) == 1

    def test_hit_the_map_of_its_variable_was_changed(self) -> None:
        route = {"file": "/etc/nginx/shop.conf", "value_files": ["/etc/nginx/maps.conf"]}
        host = unloaded(a_host()).with_route(**route)
        host["nginx"]["loaded"]["newer_files"] = ["/etc/nginx/maps.conf"]
        assert len(self.open_ones(host)) == 1

    def test_near_miss_nginx_loaded_its_files_after_the_loss(self) -> None:
        assert hosts.found(unloaded(a_host(), loaded_ago=1800.0)) == hosts.HEALTHY

    def test_decoy_nginx_has_loaded_its_files(self) -> None:
        assert hosts.found(unloaded(a_host()).with_nginx(config_newer=False)) == hosts.HEALTHY


def profile(mode: str) -> Dict[str, Any]:
    return {"pid": 812, "program": "nginx", "name": "nginx", "mode": mode}


FILTER = {"unit": "nginx.service", "families": None, "calls": "~connect"}


def on_unix() -> Host:
    return a_host().silent_logs()


class TestConfined:
    """The look is not confined as nginx is, and nobody has asked for the site since."""

    @pytest.mark.parametrize(
        "host, words",
        [
            (lambda: confined(on_unix(), apparmor=[profile("enforce")]), "AppArmor's profile nginx"),
            (lambda: confined(on_unix(), nginx_unit=FILTER), "SystemCallFilter= of nginx.service"),
            (lambda: enforcing(on_tcp()), "SELinux"),
        ],
    )
    def test_hit_it_may_be_refused_still(self, host: Callable[[], Host], words: str) -> None:
        verdict = hosts.verdict(lost(host(), 1000))
        whys = [entry["why"] for entry in verdict["missing"] if entry["what"] == "connect_as_nginx"]
        assert verdict["status"] == "unknown"
        assert whys[0].startswith(words + " may refuse nginx what") and "last 502 at " in whys[0]

    @pytest.mark.parametrize(
        "host",
        [
            lambda: confined(on_unix(), apparmor=[profile("complain")]),
            lambda: confined(on_unix(), nginx_unit=dict(FILTER, calls=None, families="AF_UNIX")),
            lambda: enforcing(on_tcp(), booleans={"httpd_can_network_connect": True}),
            lambda: enforcing(on_tcp(), nginx=None),
        ],
    )
    def test_near_miss_nothing_refuses_nginx_alone(self, host: Callable[[], Host]) -> None:
        assert hosts.verdict(lost(host(), 1000))["status"] == "healthy"

    @pytest.mark.parametrize("ago, status", [(500, "healthy"), (2000, "unknown")])
    def test_near_miss_somebody_asked_since(self, ago: float, status: str) -> None:
        host = lost(confined(a_host().logging("error"), apparmor=[profile("enforce")]), 1000)
        host["access"]["files"][0]["newest"] = hosts.now(host) - ago
        assert hosts.verdict(host)["status"] == status

    def test_hit_the_profile_that_is_enforced_is_named(self) -> None:
        profiles = [dict(profile("complain"), name="old"), dict(profile("enforce"), name="strict")]
        (note,) = hosts.verdict(lost(confined(on_unix(), apparmor=profiles), 1000))["missing"]
        assert note["why"].startswith("AppArmor's profile strict may refuse")

    def test_hit_an_older_loss_of_a_site_that_nobody_asked(self) -> None:
        """A later one of another site is no refusal."""
        host = lost(confined(on_unix(), apparmor=[profile("enforce")]), 2000)
        newer = {"at": hosts.now(host) - 1000, "status": 504, "site": "blog.example"}
        host["logs"]["files"].append(dict(host["logs"]["files"][0], earlier=newer))
        assert hosts.verdict(host)["status"] == "unknown"

    def test_decoy_a_504_is_no_refusal(self) -> None:
        host = lost(confined(on_unix(), apparmor=[profile("enforce")]), 1000, 504)
        assert hosts.verdict(host)["status"] == "healthy"
