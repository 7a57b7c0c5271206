# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx answers 500 to, or cuts off, by itself."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

BODY = "/var/lib/nginx/body"


def cycled(signature: str = "ng-redirect-cycle", **more: Any) -> Host:
    host = a_host().silent_logs()
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    text = 'x internally redirecting to "/shop/index.php", client: 10.0.0.9, server: shop.example'
    host.nginx_said(signature, 60.0, endpoint=None, **more)
    hosts.quote(host, text)
    return host


def closed(path: str) -> Host:
    host = cycled().on_every_route(root="/var/www/shop")
    entry = {"path": path, "owner": "root", "mode": "0700", "writable": False, "full": False}
    host["logs"]["closed_roots"] = [dict(entry, changed_at=0.0)]
    return host


def unwritable(signature: str, endpoint: Optional[str] = None, **facts: Any) -> Host:
    """nginx could not write below BODY a minute ago. facts: of that directory now."""
    host = a_host().silent_logs()
    errno = 28 if signature.endswith("enospc") else 13
    host.nginx_said(signature, 60.0, endpoint=endpoint, detail={"status": 500, "errno": errno})
    seen = {"path": BODY, "owner": "root", "mode": "0700", "writable": False, "full": False}
    seen = dict(seen, **dict({"changed_at": hosts.now(host) - 900}, **facts))
    hosts.quote(host, '[crit] open() "%s/0000000001" failed (13' % BODY)
    host["logs"]["temp_dirs"] = [seen]
    return host


class TestCycle:
    CAUSE = ("redirect_cycle", "internal_redirect")

    def test_hit_the_target_is_named(self) -> None:
        item = hosts.only(cycled())
        assert (item["cause"], item["state"], item["count"]) == ("redirect_cycle", "active", 1)
        assert "/shop/index.php" in item["summary"] and item["site"] == "shop.example"

    def test_hit_each_site_has_its_own(self) -> None:
        host = cycled().another_site("blog.example", server={"file": "/blog", "line": 1})
        host.logged_as(hosts.events(host, "nginx")[0], site="blog.example")
        assert hosts.causes(host) == [self.CAUSE + ("active",)] * 2

    def test_hit_a_directory_that_nginx_may_not_search(self) -> None:
        item = hosts.only(closed("/var/www"))
        assert (item["reason"], item["state"]) == ("closed_root", "active")
        assert item["evidence"][0]["path"] == "/var/www" and "/var/www" in item["summary"]

    def test_hit_the_application_leads_back_to_itself(self) -> None:
        host = cycled("ng-accel-cycle")
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        item = hosts.only(host)
        assert (item["reason"], item["state"]) == ("by_application", "active")

    def test_decoy_a_closed_root_beside_the_application(self) -> None:
        host = closed("/var/www")
        hosts.events(host, "nginx")[0]["signature"] = "ng-accel-cycle"
        assert hosts.only(host)["reason"] == "by_application"

    def test_near_miss_a_directory_of_another_site(self) -> None:
        assert hosts.only(closed("/srv/blog"))["reason"] == "internal_redirect"

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        host = cycled()
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host) == ([self.CAUSE + ("active",)], "degraded")
        assert hosts.found(hosts.came_since(host)) == ([self.CAUSE + ("recovered",)], "recovered")

    def test_decoy_a_site_without_php(self) -> None:
        host = cycled()
        hosts.events(host, "nginx")[0]["site"] = "files.example"
        assert hosts.found(host) == hosts.HEALTHY


def turned_away(signature: str = "ng-worker-connections-accept", **more: Any) -> Host:
    host = a_host().silent_logs()
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    host.nginx_said(signature, 60.0, endpoint=None, **more)
    hosts.events(host, "nginx")[0]["site"] = None
    return host


class TestVisitors:
    """Connections that nginx closes, or leaves waiting, before it knows the site."""

    CAUSE = ("nginx_limit", "visitors")

    def test_hit_no_connection_is_left(self) -> None:
        item = hosts.only(turned_away())
        assert (item["cause"], item["reason"], item["state"], item["count"]) == (*self.CAUSE, "active", 1)

    def asking(self, upstream: str) -> Host:
        return turned_away().nginx_said("ng-premature-header", 60.0, endpoint=upstream)

    def test_hit_nginx_asks_itself(self) -> None:
        item = hosts.only(self.asking("http://127.0.0.1:80"))
        assert item["facts"] == {"fault": "itself"}
        assert "nginx asks itself at http://127.0.0.1:80" in item["evidence"][0]["text"]

    @pytest.mark.parametrize("upstream", ["http://127.0.0.1:3000", "http://192.0.2.7:80"])
    def test_near_miss_another_program_is_asked(self, upstream: str) -> None:
        assert hosts.only(self.asking(upstream))["facts"] == {}

    def test_hit_no_file_is_left_which_loses_nobody_yet(self) -> None:
        item = hosts.only(turned_away("ng-accept-emfile"))
        assert (item["cause"], item["reason"], item["count"]) == (*self.CAUSE, 0)

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        """Of more connections than its line names, and not of anything else."""
        host = turned_away(detail={"value": 512})
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        host["logs"]["connections"] = 4096
        assert hosts.found(host) == ([self.CAUSE + ("recovered",)], "recovered")
        host["logs"]["connections"] = 512
        assert hosts.found(host) == ([self.CAUSE + ("active",)], "degraded")

    def test_near_miss_a_line_of_a_request_is_of_its_endpoint(self) -> None:
        host = a_host().nginx_said("ng-worker-connections", 60.0)
        assert [item[:2] for item in hosts.causes(host)] == [("nginx_limit", "connections")]

    def test_decoy_a_host_without_php(self) -> None:
        host = turned_away()
        host.with_nginx(routes=[])
        assert "nginx_limit" not in [item[0] for item in hosts.causes(host)]


class TestTemp:
    def test_hit_a_file_of_the_cache(self) -> None:
        host = unwritable("ng-body-temp-eacces")
        text = '[crit] open() "%s/a/4e/da8bc7449787e0ebc3697c3647d0e4ea" failed (13: Permission denied)'
        hosts.quote(host, text % BODY)
        assert hosts.causes(host) == [("temp_dir_unwritable", "cache", "active")]

    def test_hit_a_body_before_a_server_was_asked(self) -> None:
        found = ([("temp_dir_unwritable", "request_body", "active")], "degraded")
        assert hosts.found(unwritable("ng-body-temp-eacces")) == found

    def test_hit_an_answer_of_php_fpm(self) -> None:
        host = unwritable("ng-resp-temp-eacces", "unix:/run/php/php8.2-fpm.sock")
        assert hosts.causes(host) == [("temp_dir_unwritable", "response", "active")]

    def test_hit_a_full_disk_is_named(self) -> None:
        item = hosts.only(unwritable("ng-body-temp-enospc", writable=True, full=True))
        assert (item["state"], "no room" in item["evidence"][0]["text"]) == ("active", True)

    def gone(self, errno: int, lacks: Any) -> Host:
        host = unwritable("ng-body-temp-eacces", writable=True, lacks=lacks)
        hosts.events(host, "nginx")[0]["detail"]["errno"] = errno
        host["logs"]["temp_dirs"][0]["changed_at"] = hosts.now(host) - 30
        return host

    def test_hit_the_directory_is_not_there(self) -> None:
        item = hosts.only(self.gone(2, BODY + "/gone"))
        assert (item["state"], BODY + "/gone does not exist") == ("active", item["evidence"][0]["text"])

    def test_near_miss_it_is_there_again(self) -> None:
        assert hosts.only(self.gone(2, None))["state"] == "recovered"

    def test_decoy_another_error_about_another_directory(self) -> None:
        assert hosts.only(self.gone(13, BODY + "/gone"))["state"] == "recovered"

    def test_near_miss_the_directory_is_nginxs_again(self) -> None:
        recovered = ([("temp_dir_unwritable", "request_body", "recovered")], "recovered")
        host = unwritable("ng-body-temp-eacces", writable=True)
        host["logs"]["temp_dirs"][0]["changed_at"] = hosts.now(host) - 30
        assert hosts.found(host) == recovered
        assert hosts.found(unwritable("ng-body-temp-enospc", writable=True)) == recovered

    def test_near_miss_owner_and_mode_were_no_hindrance_then(self) -> None:
        """A sandbox or a security module was, and is."""
        item = hosts.only(unwritable("ng-body-temp-eacces", writable=True))
        assert (item["state"], "a sandbox" in item["evidence"][0]["text"]) == ("active", True)

    @pytest.mark.parametrize("path", ["/var/lib/nginx/fastcgi", "/srv"])
    def test_near_miss_another_directory(self, path: str) -> None:
        assert hosts.found(unwritable("ng-body-temp-eacces", path=path)) == hosts.HEALTHY

    def test_decoy_nobody_looked_at_the_directory(self) -> None:
        host = unwritable("ng-body-temp-eacces")
        del host["logs"]["temp_dirs"]
        assert hosts.found(host) == hosts.HEALTHY


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "response": lambda: unwritable("ng-resp-temp-eacces", "unix:/run/php/php8.2-fpm.sock"),
}
