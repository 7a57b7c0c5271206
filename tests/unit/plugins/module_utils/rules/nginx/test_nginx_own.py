# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that nginx ends itself, and its own workers that crash."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "nginx_own_error"


def ended(signature: str, text: str, **more: Any) -> Host:
    """A minute ago, by a configuration of ten minutes ago."""
    host = a_host().silent_logs()
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    host.nginx_said(signature, 60.0, endpoint=None, **more)
    hosts.quote(host, text)
    return host


def no_location() -> Host:
    return ended("ng-named-location", '*1 could not find named location "@php", client: 10.0.0.9')


def password_directory(path: str = "/etc/x") -> Host:
    host = ended("ng-password-directory", '*1 pread() "%s" failed (21: Is a directory), client: x' % path)
    hosts.events(host, "nginx")[0]["detail"]["path"] = path
    return host


def auth_failed() -> Host:
    return ended("ng-auth-status", "*1 auth request unexpected status: 302 while sending to client")


def crashed(*ago: float) -> Host:
    host = ended("ng-worker-died", "worker process 812 exited on signal 11 (core dumped)")
    hosts.events(host, "nginx")[0]["site"] = None
    return host


def closed(*ways: Any) -> Host:
    """ways: (what refuses nginx, whether it is the front page's location, of whose pool)"""
    text = '*1 stat() "/var/www/shop/index.php" failed (13: Permission denied), client: x'
    host = ended("ng-stat-denied", text)
    host["logs"]["script_ways"] = [
        {
            "site": "shop.example",
            "script": "/var/www/shop/",
            "front": front,
            "pool": pool,
            "user": "www-data",
            "blocked": {"path": "/var/www", "kind": kind, "why": "mode 0700", "acl": False} if kind else None,
            "there": False,
            "changed_at": 0.0,
        }
        for kind, front, pool in ways
    ]
    return host


# What a policy refuses nginx on the way.
CONFINED = {"module": "apparmor", "path": "/srv/shop/", "source": "nginx", "permission": "open"}
CONFINED.update(text="DENIED")


class TestRecord:
    SIZES = (("ng-params-too-big", 70012, "70012 bytes"), ("ng-length-mismatch", None, "length mismatch"))

    @pytest.mark.parametrize("signature, size, word", SIZES)
    def test_hit_a_request_that_makes_no_fastcgi_record(self, signature: str, size: Any, word: str) -> None:
        item = hosts.only(ended(signature, "*1 fastcgi request", detail={"status": 500, "value": size}))
        assert (item["cause"], item["reason"], item["count"]) == (CAUSE, "fastcgi_params", 1)
        assert word in item["summary"]

    def test_near_miss_other_files_were_loaded_since(self) -> None:
        host = ended("ng-params-too-big", "*1 fastcgi request record is too big: 70012, client: 10.0.0.9")
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.causes(host) == [(CAUSE, "fastcgi_params", "active")]
        assert hosts.causes(hosts.came_since(host)) == [(CAUSE, "fastcgi_params", "recovered")]

    def test_decoy_a_site_that_is_not_php_fpms(self) -> None:
        host = ended("ng-params-too-big", "*1").with_events("nginx", site="static.example")
        assert hosts.found(host) == hosts.HEALTHY


class TestClosedRoot:
    def test_hit_nginx_may_not_search_the_directory(self) -> None:
        item = hosts.only(closed(("directory", True, "")))
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "closed_root", "active")
        assert "nginx may not search /var/www," in item["summary"]

    def test_near_miss_another_way_is_open(self) -> None:
        assert hosts.found(closed(("directory", True, ""), (None, True, ""))) == hosts.HEALTHY

    def test_decoy_a_directory_below_or_the_pools_way(self) -> None:
        assert hosts.found(closed((None, True, ""))) == hosts.HEALTHY
        assert hosts.found(closed(("directory", True, "www"))) == hosts.HEALTHY
        assert hosts.found(closed()) == hosts.HEALTHY

    def test_decoy_the_requests_go_round_in_a_circle(self) -> None:
        host = closed(("directory", True, "")).nginx_said("ng-redirect-cycle", 60.0, endpoint=None)
        assert [cause for cause, _reason, _state in hosts.causes(host)] == ["redirect_cycle"]


class TestOpenedRoot:
    def opened(self, ago: float = 20.0, front: bool = True, **facts: Any) -> Host:
        host = closed((None, True, ""))
        hosts.events(host, "nginx")[0].update({"front": True} if front else {})
        changed = {"there": True, "changed": "/var/www", "rights": True, "changed_at": hosts.now(host) - ago}
        host["logs"]["script_ways"][0].update(changed, **facts)
        return host

    def test_hit_nginx_may_search_the_directory_by_now(self) -> None:
        item = hosts.only(self.opened())
        assert (item["reason"], item["state"], item["count"]) == ("closed_root", "recovered", 1)
        assert "could not search /var/www," in item["summary"]

    def test_hit_requests_of_both_kinds_are_told_once(self) -> None:
        host = closed(("directory", True, "")).nginx_said("ng-stat-denied", 30.0, endpoint=None, front=True)
        assert (hosts.only(host)["state"], hosts.only(host)["count"]) == ("active", 2)

    def test_near_miss_nothing_was_changed_since(self) -> None:
        assert hosts.found(self.opened(ago=300.0)) == hosts.HEALTHY

    def test_near_miss_a_policy_refuses_another_way(self) -> None:
        host = self.opened()
        ways = host["logs"]["script_ways"]
        ways.append(dict(ways[0], confined=CONFINED))
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_directory_below_is_closed_on_purpose(self) -> None:
        assert hosts.found(self.opened(front=False)) == hosts.HEALTHY

    def test_decoy_files_came_and_no_rights_were_changed(self) -> None:
        assert hosts.found(self.opened(rights=False)) == hosts.HEALTHY


class TestHiddenRoot:
    HIDDEN = {"path": "/home", "who": "nginx", "unit": "nginx.service", "setting": "ProtectHome=yes"}

    def hidden(self, *ways: Any) -> Host:
        host = closed(*ways)
        host["logs"]["script_ways"][0]["hidden"] = self.HIDDEN
        return host

    def test_hit_its_unit_hides_the_site_from_nginx(self) -> None:
        item = hosts.only(self.hidden(("directory", True, "")))
        assert (item["reason"], item["state"]) == ("hidden_root", "active")
        assert "ProtectHome=yes of nginx.service" in item["summary"] and "mode" not in item["summary"]

    def test_near_miss_another_way_is_open(self) -> None:
        assert hosts.found(self.hidden((None, True, ""), (None, True, ""))) == hosts.HEALTHY

    def test_decoy_it_is_hidden_from_the_pool(self) -> None:
        assert hosts.found(self.hidden((None, True, "www"))) == hosts.HEALTHY


class TestConfinedRoot:
    def confined(self, *ways: Any) -> Host:
        host = closed(*ways)
        host["logs"]["script_ways"][0]["confined"] = CONFINED
        return host

    def test_hit_a_policy_keeps_nginx_from_the_site(self) -> None:
        item = hosts.only(self.confined((None, True, "")))
        assert (item["reason"], item["state"]) == ("confined_root", "active")
        assert "/srv/shop/: the profile nginx does not let it open it" in item["summary"]
        assert (item["evidence"][0]["source"], item["evidence"][0]["text"]) == ("apparmor", "DENIED")

    def test_near_miss_another_way_is_open(self) -> None:
        assert hosts.found(self.confined((None, True, ""), (None, True, ""))) == hosts.HEALTHY

    def test_decoy_it_is_the_pool_that_is_refused(self) -> None:
        assert hosts.found(self.confined((None, True, "www"))) == hosts.HEALTHY


class TestIndexMissing:
    def forbidden(self, front: bool = True, **way: Any) -> Host:
        host = ended("ng-index-forbidden", '*1 directory index of "/var/www/shop/" is forbidden, client: x')
        hosts.events(host, "nginx")[0]["front"] = front
        seen = dict(closed((None, True, ""))["logs"]["script_ways"][0], there=True)
        host["logs"]["script_ways"] = [dict(seen, **way)]
        return host

    def test_hit_no_index_names_the_page_that_is_there(self) -> None:
        item = hosts.only(self.forbidden())
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "index_missing", "active")
        assert item["evidence"][0]["text"] == "/var/www/shop/index.php is there"

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        host = self.forbidden()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host) == ([(CAUSE, "index_missing", "active")], "degraded")
        assert "no index named index.php, which" in hosts.only(host)["summary"]
        host = hosts.came_since(host)
        assert hosts.found(host) == ([(CAUSE, "index_missing", "recovered")], "recovered")

    @pytest.mark.parametrize("page", ["app.php", "public/index.php"])
    def test_hit_the_page_has_another_name_or_place(self, page: str) -> None:
        item = hosts.only(self.forbidden(there=False, page="/var/www/shop/" + page))
        assert item["reason"] == "index_missing" and "no index names %s, which" % page in item["summary"]

    def test_near_miss_there_is_no_page_at_all(self) -> None:
        assert hosts.found(self.forbidden(page="")) == hosts.HEALTHY

    def test_near_miss_there_is_no_such_page(self) -> None:
        host = self.forbidden(there=False)
        assert hosts.found(host) == hosts.HEALTHY
        ways = host["logs"]["script_ways"]
        ways.append(dict(ways[0], there=True))
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_a_policy_keeps_nginx_from_the_page(self) -> None:
        assert hosts.found(self.forbidden(confined=CONFINED)) == hosts.HEALTHY

    def test_decoy_a_visitor_asks_for_the_list_of_another_directory(self) -> None:
        assert hosts.found(self.forbidden(front=False)) == hosts.HEALTHY


class TestGoneRoot:
    def gone(self, **facts: Any) -> Host:
        host = a_host().silent_logs().with_nginx(config_newer=False, config_errors=[])
        host.on_every_route(root="/srv/shop/")
        host["logs"]["gone_roots"] = [
            dict({"site": "shop.example", "root": "/srv/shop", "error": "Stale file handle"}, **facts)
        ]
        return host

    def test_hit_the_directory_is_gone(self) -> None:
        item = hosts.only(self.gone())
        assert (item["cause"], item["reason"], item["count"]) == (CAUSE, "gone_root", 0)
        assert "/srv/shop: Stale file handle" in item["summary"] and item["site"] == "shop.example"

    @pytest.mark.parametrize(
        "facts, words",
        [
            ({"device": "nas:/www", "place": "/srv"}, "nas:/www belongs at /srv, and is not mounted"),
            ({"why": "not mounted"}, "not mounted"),
            ({}, "it is not there"),
        ],
    )
    def test_hit_another_reason_or_an_older_snapshot(self, facts: Any, words: str) -> None:
        host = self.gone(**facts)
        del host["logs"]["gone_roots"][0]["error"]
        assert "/srv/shop: %s." % words in hosts.only(host)["summary"]

    @pytest.mark.parametrize(
        "error, fault", [("Too many levels of symbolic links", "link_circle"), ("Stale file handle", None)]
    )
    def test_its_links_lead_in_a_circle(self, error: str, fault: Any) -> None:
        assert hosts.only(self.gone(error=error))["facts"].get("fault") == fault

    def test_near_miss_a_part_of_the_site_has_another(self) -> None:
        assert hosts.found(self.gone(root="/srv/part")) == hosts.HEALTHY

    def test_decoy_nginx_has_not_loaded_these_files(self) -> None:
        assert hosts.found(self.gone().with_nginx(config_newer=True)) == hosts.HEALTHY


class TestNamedLocation:
    @pytest.mark.parametrize("site, state", [("shop.example", "active"), ("blog.example", "recovered")])
    def test_near_miss_its_site_was_changed_and_lacks_it_still(self, site: str, state: str) -> None:
        host = no_location()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        host["logs"]["lacking_locations"] = [{"site": site, "location": "@php"}]
        assert hosts.only(host)["state"] == state

    def test_hit_the_location_is_named(self) -> None:
        item = hosts.only(no_location())
        assert (item["cause"], item["reason"], item["count"]) == (CAUSE, "named_location", 1)
        assert "@php" in item["summary"] and item["site"] == "shop.example"

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        host = no_location()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host) == ([(CAUSE, "named_location", "recovered")], "recovered")

    @pytest.mark.parametrize(
        "sites, state", [(["shop.example"], "recovered"), ([], "recovered"), (["blog.example"], "active")]
    )
    def test_only_a_change_that_may_be_meant_for_it_ends_it(self, sites: List[str], state: str) -> None:
        """Panels and certbot reload nginx every hour, for other sites."""
        host = no_location()
        change = {"path": "/etc/nginx/sites-enabled/new", "at": hosts.now(host) - 30, "sites": sites}
        host.with_nginx(config_changed_at=hosts.now(host) - 30, changes=[change])
        assert hosts.only(host)["state"] == state

    def test_a_change_from_before_the_loss_ends_nothing(self) -> None:
        host = no_location()
        at, long_ago = hosts.now(host) - 30, hosts.now(host) - 50000
        changes = [
            {"path": "/etc/nginx/sites-enabled/new", "at": at, "sites": ["blog.example"]},
            {"path": "/etc/nginx/nginx.conf", "at": long_ago, "sites": []},
        ]
        host.with_nginx(config_changed_at=at, changes=changes)
        assert hosts.only(host)["state"] == "active"

    def test_decoy_a_site_without_php(self) -> None:
        host = no_location()
        hosts.events(host, "nginx")[0]["site"] = "files.example"
        assert hosts.found(host) == hosts.HEALTHY


def denied(**seen: Any) -> Host:
    host = ended("ng-file-denied", '*1 open() "/etc/shop.htpasswd" failed (13: Permission denied), client: x')
    facts = {"path": "/etc/shop.htpasswd", "owner": "root", "mode": "0600", "writable": False, "full": False}
    host["logs"]["temp_dirs"] = [dict(facts, changed_at=hosts.now(host) - 600, **seen)]
    return host


def sent(**seen: Any) -> Host:
    """A file of X-Accel-Redirect."""
    host = ended("ng-sent-denied", '*1 open() "/srv/1.pdf" failed (13: Permission denied), client: x')
    facts = {"path": "/srv/1.pdf", "owner": "php", "mode": "0600", "writable": False, "full": False}
    host["logs"]["temp_dirs"] = [dict(facts, changed_at=hosts.now(host) - 600, **seen)]
    return host


class TestSentFile:
    def test_hit_the_file_and_its_owner_are_named(self) -> None:
        item = hosts.only(sent())
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "sent_file", "active")
        assert "/srv/1.pdf" in item["summary"] and "by php, mode 0600" in item["evidence"][0]["text"]

    def test_near_miss_its_mode_was_put_right(self) -> None:
        host = sent(writable=True)
        host["logs"]["temp_dirs"][0]["changed_at"] = hosts.now(host)
        assert hosts.causes(host) == [(CAUSE, "sent_file", "recovered")]

    def test_decoy_of_a_site_without_php(self) -> None:
        host = sent().with_events("nginx", "ng-sent", site="files.example")
        assert hosts.found(host) == hosts.HEALTHY


class TestFileDenied:
    def test_hit_the_file_and_its_owner_are_named(self) -> None:
        item = hosts.only(denied())
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "file_denied", "active")
        assert "/etc/shop.htpasswd" in item["summary"]
        assert "owned by root, mode 0600" in item["evidence"][0]["text"]

    def test_near_miss_its_mode_was_changed_since(self) -> None:
        host = denied()
        seen = host["logs"]["temp_dirs"][0]
        host["logs"]["temp_dirs"] = [dict(seen, writable=True, changed_at=hosts.now(host) - 30)]
        assert hosts.found(host) == ([(CAUSE, "file_denied", "recovered")], "recovered")

    def test_near_miss_a_reload_does_not_mend_it(self) -> None:
        host = denied()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host)[0] == [(CAUSE, "file_denied", "active")]

    def test_decoy_a_site_without_php(self) -> None:
        host = denied()
        hosts.events(host, "nginx")[0]["site"] = "files.example"
        assert hosts.found(host) == hosts.HEALTHY


class TestPasswordFile:
    @pytest.mark.parametrize(
        "signature, path, words",
        [
            ("ng-password-directory", "/etc/shop.htpasswd", "/etc/shop.htpasswd is a directory"),
            ("ng-password-hash", "", "the hash of one is of no known kind"),
        ],
    )
    def test_hit_nginx_cannot_use_it(self, signature: str, path: str, words: str) -> None:
        host = ended(signature, '*1 pread() "%s" failed (21: Is a directory), client: x' % path)
        event = hosts.events(host, "nginx")[0]
        event["detail"].update({"path": path} if path else {})
        event.update({} if path else {"count": 3, "times": 3 * [event["last"]]})
        item = hosts.only(host)
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "password_file", "active")
        assert words in item["summary"]

    @pytest.mark.parametrize("is_file, state", [(True, "recovered"), (False, "active")])
    def test_near_miss_a_file_is_there_since(self, is_file: bool, state: str) -> None:
        host = password_directory()
        seen = {"path": "/etc/x", "owner": "root", "mode": "0644", "writable": True, "full": False}
        host["logs"]["temp_dirs"] = [dict(seen, is_file=is_file, changed_at=hosts.now(host) - 30)]
        assert hosts.only(host)["state"] == state
        assert "sandbox" not in str(hosts.only(host)["evidence"])

    def test_decoy_a_stranger_tries_a_name(self) -> None:
        host = ended("ng-password-hash", "*1 crypt_r() failed (22: Invalid argument), client: x")
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_site_without_php(self) -> None:
        host = ended("ng-password-hash", "*1 crypt_r() failed (22: Invalid argument), client: x")
        hosts.events(host, "nginx")[0]["site"] = "files.example"
        assert hosts.found(host) == hosts.HEALTHY


class TestAuthRequest:
    def test_hit_the_status_is_named(self) -> None:
        item = hosts.only(auth_failed())
        assert (item["reason"], item["state"], "302" in item["summary"]) == ("auth_request", "active", True)

    def test_near_miss_its_site_was_edited_since(self) -> None:
        """That is no cure yet: the same visitors get through, or they do not."""
        host = auth_failed().with_nginx(config_changed_at=hosts.now(a_host()) - 30)
        assert hosts.only(host)["state"] == "active" and "too few of the lost" in str(
            hosts.only(host)["evidence"]
        )
        assert hosts.only(hosts.came_since(host))["state"] == "recovered"

    def test_decoy_php_fpm_was_asked_in_vain(self) -> None:
        """nginx then logs two lines about one request."""
        host = auth_failed().nginx_said("ng-connect-enoent", 60.0)
        assert CAUSE not in hosts.cause_ids(host)


class TestCrash:
    def test_hit_the_signal_is_named(self) -> None:
        item = hosts.only(crashed())
        assert (item["reason"], item["state"], item["count"]) == ("worker_crashed", "active", 0)
        assert "signal 11" in item["summary"] and hosts.status(crashed()) == "degraded"

    def test_hit_and_near_miss_who_ends_them(self) -> None:
        host = crashed()
        assert "fault" not in hosts.only(host)["facts"]
        hosts.events(host, "nginx")[0]["detail"]["signal"] = 9
        assert hosts.only(host)["facts"]["fault"] == "killed"

    def test_near_miss_nginx_was_started_again(self) -> None:
        host = crashed()
        host["nginx"]["master"]["started_at"] = hosts.now(host) - 30
        assert hosts.found(host) == ([(CAUSE, "worker_crashed", "recovered")], "recovered")

    def test_decoy_a_start_in_the_second_of_the_crash(self) -> None:
        """nginx's log has no parts of a second, so that start may have been earlier."""
        host = crashed()
        host["nginx"]["master"]["started_at"] = hosts.events(host, "nginx")[0]["last"] + 0.5
        assert hosts.found(host) == ([(CAUSE, "worker_crashed", "active")], "degraded")

    def test_decoy_a_host_without_php(self) -> None:
        assert CAUSE not in hosts.cause_ids(crashed().with_nginx(routes=[]))


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "closed_root": lambda: closed(("directory", True, "")),
    "fastcgi_params": lambda: ended("ng-params-too-big", "*1 fastcgi request record is too big: 70012"),
    "confined_root": lambda: TestConfinedRoot().confined((None, True, "")),
    "index_missing": lambda: TestIndexMissing().forbidden(),
    "sent_file": sent,
    "password_file": password_directory,
}
