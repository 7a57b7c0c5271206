# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that nginx's files lead past, and visitors who miss them."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.pages.test_php_error import (
    SITE,
    logged,
)

REQUESTED = '*1 FastCGI sent in stderr: "Primary script unknown", request: "GET /index.php HTTP/1.1"'


def front(kind: str = "no_root", since: int = 4, failed: int = 4, site: Any = SITE, **nginx: Any) -> Host:
    """since, failed: requests for the front page by the access log."""
    seen = {"failed": failed, "since": since, "lost": 0, "last": 5.0}
    host = logged(a_host().silent_logs(), answered=9, failed=0, fronts={"/": seen}, site=site)
    server = {"file": "/etc/nginx/nginx.conf", "line": 3}
    route = next(route for route in host["nginx"]["routes"] if route["site"] == SITE)
    route["server"] = server
    fact = {"server": server, "kind": kind, "looked_for": "/old/index.php", "found": "/srv/index.php"}
    fact.update(written="fastcgi_pass x", file=route["file"], line=route["line"])
    return host.with_nginx(fronts=[fact], **dict({"config_newer": False}, **nginx))


class TestNoRoot:
    def test_hit_visitors_miss_the_front_page(self) -> None:
        item = hosts.only(front())
        assert (item["cause"], item["reason"], item["state"]) == ("php_error", "no_root", "active")
        assert item["confidence"] == "likely" and item["site"] == SITE
        assert "as /old/index.php, which is no file; /srv/index.php is there" in item["summary"]

    def test_hit_by_the_error_log_alone(self) -> None:
        host = front(since=0, failed=0).nginx_said("ng-stderr-primary", 60.0, front=True)
        assert hosts.only(host)["reason"] == "no_root"

    def test_hit_a_log_of_several_sites(self) -> None:
        host = front().logging("error")
        seen = {"failed": 4, "since": 0, "lost": 0, "last": 5.0}
        pages = {"site": None, "answered": 9, "failed": 0, "paths": 0, "last": 5.0, "fronts": {"/": seen}}
        host["access"]["files"][0]["pages"] = [pages]
        host["nginx"]["site_logs"] += [dict(host["nginx"]["site_logs"][0], site="blog.example")]
        assert hosts.only(host)["reason"] == "no_root"

    @pytest.mark.parametrize("since", [0, 2])
    def test_near_miss_the_page_comes(self, since: int) -> None:
        assert hosts.found(front(since=since)) == hosts.HEALTHY

    def test_near_miss_nginx_has_not_loaded_the_files(self) -> None:
        host = front(config_newer=True)
        assert "no_root" not in [reason for _cause, reason, _state in hosts.causes(host)]

    def gone(self, root: str) -> Host:
        host = front().on_every_route(root=root)
        host["logs"]["gone_roots"] = [{"site": SITE, "root": "/old", "error": "No such file or directory"}]
        return host

    def test_decoy_the_directory_is_gone(self) -> None:
        assert [reason for _cause, reason, _state in hosts.causes(self.gone("/old"))] == ["gone_root"]

    def test_hit_script_filename_alone_names_the_directory(self) -> None:
        assert [reason for _cause, reason, _state in hosts.causes(self.gone("/srv"))] == ["no_root"]

    def test_decoy_php_has_other_names_for_the_files(self) -> None:
        assert hosts.found(front().with_pool(chroot="/jail")) == hosts.HEALTHY

    def test_decoy_it_is_another_site_that_fails(self) -> None:
        assert hosts.found(front(site="blog.example")) == hosts.HEALTHY


class TestLinks:
    def test_hit_nginx_follows_no_link(self) -> None:
        item = hosts.only(front("symlinks"))
        assert (item["cause"], item["reason"]) == ("nginx_own_error", "symlinks_off")
        assert "disable_symlinks" in item["summary"]

    def test_near_miss_the_page_comes(self) -> None:
        assert hosts.found(front("symlinks", since=1)) == hosts.HEALTHY


class TestSource:
    def test_hit_of_the_front_page_visitors_get_code(self) -> None:
        item = hosts.only(front("source_front", since=0))
        assert (item["cause"], item["reason"], item["state"]) == ("nginx_own_error", "source_sent", "active")

    def test_near_miss_of_a_script_the_host_is_healthy(self) -> None:
        host = front("source", since=0)
        assert (hosts.only(host)["state"], hosts.status(host)) == ("latent", "healthy")


def of_no_php(kind: str) -> Host:
    host = front(kind)
    (fact,) = host["nginx"]["fronts"]
    fact["server"] = {"file": "/etc/nginx/wiki.conf", "line": 1}
    fact["site"] = {"name": "wiki.example", "listen": "80", "file": "/etc/nginx/wiki.conf", "line": 1}
    return host


class TestSourceOfNoPhp:
    @pytest.mark.parametrize(("kind", "state"), [("source", "latent"), ("source_front", "active")])
    def test_hit_a_server_block_without_php(self, kind: str, state: str) -> None:
        item = hosts.only(of_no_php(kind))
        assert (item["reason"], item["state"], item["site"]) == ("source_sent", state, "wiki.example")

    def test_near_miss_it_is_not_told_of_which_site(self) -> None:
        host = front("source")
        host["nginx"]["fronts"][0]["server"] = {"file": "/etc/nginx/wiki.conf", "line": 1}
        assert hosts.found(host) == hosts.HEALTHY

    def test_hit_a_root_by_a_map(self) -> None:
        assert hosts.only(front("map_root"))["reason"] == "no_root"


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "no_root": front,
    "symlinks_off": lambda: front("symlinks"),
    "source_of_no_php": lambda: of_no_php("source"),
    "source_sent": lambda: front("source_front", since=0),
}


class TestSentPlace:
    def test_hit_a_note_alone(self) -> None:
        host = front("sent_place", since=0, failed=0)
        verdict = hosts.verdict(host)
        assert [entry["what"] for entry in verdict["missing"]] == ["sent_file"]
        assert "/old/index.php is not there" in verdict["missing"][0]["why"]
        assert hosts.found(host) == hosts.HEALTHY
