# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose scripts php-fpm refuses, and pages that it leaves blank."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.refused import (
    CAUSE,
    CONFINED,
    ROOT,
    in_stderr,
    way,
    with_ways,
)

REFUSED = [(CAUSE, "script_refused", "active")]
BASEDIR = (
    "PHP message: PHP Warning:  open_basedir restriction in effect. File(%s/cart.php) is not within the "
    "allowed path(s): (/var/www/blog/) in Unknown on line 0; " % ROOT
)
CLOSED = "Unable to open primary script: %s/index.php (Permission denied)" % ROOT


def denied(path: str, **route: Any) -> Host:
    text = "Access to the script '%s' has been denied (see security.limit_extensions)" % path
    return in_stderr(text, "ng-stderr-limit-ext", **route)


class TestClosed:
    def test_hit_the_account_may_not_read_the_front_page(self) -> None:
        item = hosts.only(in_stderr(CLOSED))
        assert (item["cause"], item["reason"], item["confidence"]) == (CAUSE, "script_refused", "likely")
        assert ROOT + "/index.php" in item["summary"] and item["site"] == "shop.example"

    def test_hit_open_basedir_leaves_the_site_out(self) -> None:
        text = BASEDIR + "Unable to open primary script: %s/cart.php (Operation not permitted)" % ROOT
        assert "open_basedir (/var/www/blog/) leaves out" in hosts.only(in_stderr(text))["summary"]
        alone = hosts.only(in_stderr(text[len(BASEDIR) :]))  # PHP keeps its warnings elsewhere
        assert "open_basedir leaves out /var/www/shop/cart.php" in alone["summary"]

    @pytest.mark.parametrize("errno", ["Too many open files", "Stale file handle", "Input/output error"])
    def test_hit_no_script_can_be_opened(self, errno: str) -> None:
        text = "Unable to open primary script: %s/cart.php (%s)" % (ROOT, errno)
        assert errno.lower() in hosts.only(in_stderr(text))["summary"]

    def test_near_miss_settings_were_loaded_since(self) -> None:
        host = in_stderr(CLOSED)
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.only(host)["confidence"] == "possible"

    def test_near_miss_one_script_is_closed(self) -> None:
        assert hosts.found(in_stderr(CLOSED.replace("index.php", "private.php"))) == hosts.HEALTHY

    def test_decoy_a_script_that_is_not_there(self) -> None:
        gone = CLOSED.replace("Permission denied", "No such file or directory")
        assert hosts.found(in_stderr(gone)) == hosts.HEALTHY
        assert hosts.found(in_stderr("Primary script unknown")) == hosts.HEALTHY

    def test_decoy_an_application_says_the_words(self) -> None:
        assert hosts.found(in_stderr("PHP message: " + CLOSED)) == hosts.HEALTHY
        assert hosts.found(in_stderr(CLOSED, root="/var/www/blog")) == hosts.HEALTHY


class TestAlias:
    UNKNOWN = 'Primary script unknown" while reading, client: 10.0.0.9, request: "GET /app/index.php HTTP/1.1'

    def aliased(self, alias: str = "^~ /app/", script: str = "$document_root$fastcgi_script_name") -> Host:
        return in_stderr(self.UNKNOWN, root="/srv/app/", alias=alias, params={"SCRIPT_FILENAME": script})

    def test_hit_the_path_of_the_location_is_there_twice(self) -> None:
        item = hosts.only(self.aliased())
        assert item["reason"] == "script_refused" and "/srv/app//app/index.php" in item["summary"]

    def test_near_miss_the_name_without_the_location(self) -> None:
        assert hosts.found(self.aliased(script="$request_filename")) == hosts.HEALTHY

    def test_near_miss_the_location_is_the_whole_site(self) -> None:
        assert hosts.found(self.aliased("/")) == hosts.HEALTHY

    def test_near_miss_the_alias_is_a_directory_above(self) -> None:
        host = with_ways(self.aliased(), way(script="/srv/", doubled="^~ /app/"), way(site="blog.example"))
        assert hosts.found(host)[0] == REFUSED
        assert hosts.found(with_ways(self.aliased(), way(doubled="/app/"))) == hosts.HEALTHY

    def test_decoy_a_script_of_another_location(self) -> None:
        assert hosts.found(self.aliased("/blog/")) == hosts.HEALTHY


class TestDenied:
    def test_hit_nginx_names_a_directory_for_each_script(self) -> None:
        assert hosts.found(denied(ROOT))[0] == REFUSED
        assert hosts.found(denied("/srv/app", params={"SCRIPT_FILENAME": "/srv/app/"}))[0] == REFUSED

    def test_decoy_visitors_try_what_is_no_script(self) -> None:
        assert hosts.found(denied(ROOT + "/upload/x.jpg")) == hosts.HEALTHY


class TestJailed:
    def test_hit_nginx_names_scripts_from_outside(self) -> None:
        host = in_stderr("Primary script unknown").with_pool(chroot="/var/www/")
        assert hosts.found(host)[0] == REFUSED and "chroot /var/www," in hosts.only(host)["summary"]

    def test_near_miss_nginx_takes_the_chroot_off(self) -> None:
        host = in_stderr("Primary script unknown", params={"SCRIPT_FILENAME": "/shop$fastcgi_script_name"})
        assert hosts.found(host.with_pool(chroot="/var/www")) == hosts.HEALTHY

    @pytest.mark.parametrize("facts, found", [({"outside": True}, True), ({"there": True}, False)])
    def test_hit_the_chroot_is_of_another_site(self, facts: Any, found: bool) -> None:
        host = in_stderr("Primary script unknown").with_pool(chroot="/srv/jail")
        host = with_ways(host, way(**dict({"there": False}, **facts)))
        assert (hosts.found(host) != hosts.HEALTHY) is found
        if found:
            assert "lives in chroot /srv/jail, which has no %s/" % ROOT in hosts.only(host)["summary"]

    def test_decoy_a_chroot_elsewhere(self) -> None:
        assert hosts.found(in_stderr("Primary script unknown").with_pool(chroot="/srv/jail")) == hosts.HEALTHY


class TestClosedRoot:
    def test_hit_the_account_may_not_search_a_directory(self) -> None:
        item = hosts.only(with_ways(in_stderr("Primary script unknown"), way("directory")))
        assert (item["reason"], item["state"], item["confidence"]) == ("closed_root", "active", "likely")
        assert "www-data, who runs pool www, may not search /srv/shop" in item["summary"]

    def test_hit_it_is_told_in_place_of_the_closed_page(self) -> None:
        host = with_ways(in_stderr(CLOSED, "ng-stderr-primary-open"), way("directory"))
        assert hosts.only(host)["reason"] == "closed_root"

    def test_near_miss_another_way_to_the_front_page_is_open(self) -> None:
        host = with_ways(in_stderr("Primary script unknown"), way("directory"), way(script="/srv/new/"))
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_the_front_page_alone_is_closed(self) -> None:
        assert hosts.found(with_ways(in_stderr("Primary script unknown"), way("file"))) == hosts.HEALTHY

    def test_decoy_visitors_ask_for_what_is_not_there(self) -> None:
        assert hosts.found(with_ways(in_stderr("Primary script unknown"), way())) == hosts.HEALTHY

    def test_decoy_a_closed_location_that_is_not_the_front(self) -> None:
        host = with_ways(in_stderr("Primary script unknown"), way(), way("directory", front=False))
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_another_sites_directory_is_closed(self) -> None:
        host = with_ways(in_stderr("Primary script unknown"), way("directory", site="blog.example"))
        assert hosts.found(host) == hosts.HEALTHY


class TestHiddenRoot:
    HIDDEN = {"path": "/home", "who": "php-fpm", "unit": "x.service", "setting": "ProtectHome=yes"}

    def test_hit_its_unit_hides_the_site(self) -> None:
        host = with_ways(in_stderr("Primary script unknown"), way("directory", hidden=self.HIDDEN))
        item = hosts.only(host)
        assert (item["reason"], item["state"]) == ("hidden_root", "active")
        assert "ProtectHome=yes of x.service" in item["summary"] and "may not search" not in item["summary"]

    def test_near_miss_another_way_is_seen(self) -> None:
        host = with_ways(
            in_stderr("Primary script unknown"), way(hidden=self.HIDDEN), way(script="/srv/new/")
        )
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_nobody_asked_for_a_script(self) -> None:
        host = with_ways(a_host().silent_logs(), way(hidden=self.HIDDEN))
        assert hosts.found(host) == hosts.HEALTHY


# What a policy refuses a worker on the way.


class TestConfinedRoot:
    def test_hit_a_policy_refuses_the_directory(self) -> None:
        item = hosts.only(with_ways(in_stderr("Primary script unknown"), way(confined=CONFINED)))
        assert (item["reason"], item["state"], item["confidence"]) == ("confined_root", "active", "likely")
        assert "/srv/shop: httpd_t may not search it, whose type is user_home_t" in item["summary"]
        assert (item["evidence"][0]["source"], item["evidence"][0]["path"]) == ("selinux", "/srv/shop")
        assert item["evidence"][0]["text"] == (
            "SELinux's policy, asked now: system_u:system_r:httpd_t:s0 dir { search } of "
            "unconfined_u:object_r:user_home_t:s0: denied"
        )

    def test_hit_it_may_not_look_at_the_page(self) -> None:
        page = dict(CONFINED, permission="getattr", tclass="file")
        item = hosts.only(with_ways(in_stderr("Primary script unknown"), way(confined=page)))
        assert "may not look at it" in item["summary"] and "{ getattr }" in item["evidence"][0]["text"]

    def test_hit_it_is_told_in_place_of_the_closed_page(self) -> None:
        host = with_ways(in_stderr(CLOSED, "ng-stderr-primary-open"), way(confined=CONFINED))
        assert hosts.only(host)["reason"] == "confined_root"

    def test_near_miss_another_way_is_open(self) -> None:
        host = with_ways(in_stderr("Primary script unknown"), way(confined=CONFINED), way(script="/srv/new/"))
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_nobody_asked_for_a_script(self) -> None:
        assert hosts.found(with_ways(a_host().silent_logs(), way(confined=CONFINED))) == hosts.HEALTHY


class TestMixed:
    """The lines of whole sites stand apart from those about single scripts."""

    def test_hit_other_scripts_are_missing_later(self) -> None:
        host = in_stderr(CLOSED, "ng-stderr-primary-open").nginx_said("ng-stderr-primary", 5.0)
        hosts.events(host, "nginx")[0]["front"] = True
        hosts.quote(host, '*1 FastCGI sent in stderr: "Primary script unknown" while', 1)
        assert (hosts.only(host)["reason"], hosts.only(host)["count"]) == ("script_refused", 1)

    def test_decoy_a_single_script_is_closed_later(self) -> None:
        host = in_stderr(CLOSED.replace("index.php", "private.php"), "ng-stderr-primary-open")
        assert hosts.found(host.with_pool(chroot="/var/www")) == hosts.HEALTHY


class TestOpened:
    def closed(self, *ways: Dict[str, Any]) -> Host:
        return with_ways(in_stderr(CLOSED, "ng-stderr-primary-open"), *ways)

    def test_hit_the_page_is_open_again(self) -> None:
        host = self.closed()
        assert hosts.found(with_ways(host, way(changed_at=hosts.now(host) - 10))) == (
            [(CAUSE, "script_refused", "recovered")],
            "recovered",
        )

    def test_near_miss_it_is_closed_still(self) -> None:
        host = self.closed()
        assert hosts.found(with_ways(host, way("file", changed_at=hosts.now(host) - 10)))[0] == REFUSED

    def test_near_miss_a_policy_refuses_it_still(self) -> None:
        host = self.closed()
        still = way(confined=CONFINED, changed_at=hosts.now(host) - 10)
        assert hosts.found(with_ways(host, still, way(script="/srv/new/")))[0] == REFUSED

    def test_near_miss_nothing_was_changed_since(self) -> None:
        assert hosts.found(self.closed(way(changed_at=1.0)))[0] == REFUSED
        assert "owner and mode let the pool's account in" in hosts.only(self.closed(way()))["summary"]

    def test_decoy_another_page_is_open(self) -> None:
        host = self.closed()
        other = way(script="/srv/new/", changed_at=hosts.now(host) - 10)
        assert hosts.found(with_ways(host, other))[0] == REFUSED


class TestBlank:
    def test_hit_nginx_hands_on_no_method(self) -> None:
        item = hosts.only(a_host().silent_logs().on_every_route(methodless=True))
        assert (item["reason"], item["count"], item["state"]) == ("blank_pages", 0, "active")

    def test_near_miss_it_may_stand_in_a_file_that_was_not_read(self) -> None:
        host = a_host().silent_logs().on_every_route(methodless=True)
        unread = {"kind": "unreadable", "file": "/etc/nginx/fastcgi_params", "line": 0, "text": "open()"}
        host["nginx"]["config_errors"] = [unread]
        assert "blank_pages" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_a_snapshot_that_does_not_tell(self) -> None:
        assert hosts.found(a_host().silent_logs()) == hosts.HEALTHY


class TestNoScriptName:
    def test_hit_nginx_names_no_script(self) -> None:
        item = hosts.only(a_host().silent_logs().on_every_route(nameless=True))
        assert (item["reason"], item["count"], item["state"]) == ("no_script_name", 0, "active")

    def test_near_miss_another_location_serves_the_pages(self) -> None:
        """Such as a status page, copied without the name that it needs, which never worked."""
        host = a_host().silent_logs()
        route = host["nginx"]["routes"][0]
        host["nginx"]["routes"].append(dict(route, location="= /status", nameless=True))
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_it_may_stand_in_a_file_that_was_not_read(self) -> None:
        host = a_host().silent_logs().on_every_route(nameless=True)
        unread = {"kind": "unreadable", "file": "/etc/nginx/fastcgi.conf", "line": 0, "text": "open()"}
        host["nginx"]["config_errors"] = [unread]
        assert "no_script_name" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_another_program_needs_no_script(self) -> None:
        host = a_host().silent_logs().on_every_route(nameless=True)
        for master in host["fpm"]["masters"]:
            master["pools"] = []
        assert "no_script_name" not in [item["reason"] for item in hosts.verdict(host)["findings"]]


def with_short_tag(host: Host) -> Host:
    tag = {
        "site": "shop.example",
        "script": "/srv/shop/index.php",
        "file": "/etc/php/8.2/fpm/php.ini",
        "line": 2,
    }
    host["logs"]["short_tags"] = [tag]
    return host


class TestShortTags:
    def test_hit_the_setting_has_its_place(self) -> None:
        item = hosts.only(with_short_tag(a_host().silent_logs()))
        assert (item["reason"], item["state"], item["site"]) == ("source_shown", "active", "shop.example")
        assert (item["evidence"][0]["path"], item["evidence"][0]["line"]) == ("/etc/php/8.2/fpm/php.ini", 2)

    def test_near_miss_none(self) -> None:
        host = a_host().silent_logs()
        host["logs"]["short_tags"] = []
        assert hosts.found(host) == hosts.HEALTHY


class TestLacks:
    """Pages come, and what a request brings with it does not."""

    @pytest.mark.parametrize(
        "facts, reason",
        [({"queryless": True}, "no_query"), ({"length": ""}, "no_body"), ({"length": "9"}, "wrong_length")],
    )
    def test_hit_pages_come_without_it(self, facts: Any, reason: str) -> None:
        host = a_host().silent_logs().on_every_route(**facts)
        assert hosts.found(host) == ([("php_error", reason, "latent")], "healthy")

    def test_hit_the_pool_listens_on_every_address(self) -> None:
        host = a_host().silent_logs().on_every_route(queryless=True)
        host.dials("127.0.0.1:9000", **hosts.port("127.0.0.1"))
        hosts.pool(host)["endpoint"] = "*:9000"
        assert ("php_error", "no_query", "latent") in hosts.causes(host)

    def test_near_miss_another_location_serves_the_pages(self) -> None:
        host = a_host().silent_logs()
        route = host["nginx"]["routes"][0]
        host["nginx"]["routes"].append(dict(route, location="= /status", queryless=True, length=""))
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_without_a_method_no_page_comes_anyway(self) -> None:
        host = a_host().silent_logs().on_every_route(methodless=True, queryless=True, length="")
        assert hosts.only(host)["reason"] == "blank_pages"


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "confined_root": lambda: with_ways(in_stderr("Primary script unknown"), way(confined=CONFINED)),
    "no_script_name": lambda: a_host().silent_logs().on_every_route(nameless=True),
    "no_query": lambda: a_host().silent_logs().on_every_route(queryless=True),
    "source_shown": lambda: with_short_tag(a_host().silent_logs()),
    "no_body": lambda: a_host().silent_logs().on_every_route(length=""),
    "wrong_length": lambda: a_host().silent_logs().on_every_route(length="9"),
}
