# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of visits that messages tell of, of nginx's log or of PHP's: a finding, a note, or nothing."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.nginx.test_odd_visits import (
    notes,
    quiet,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.pages.test_php_error import (
    SITE,
    logged,
)


class TestTooLargeBody:
    def logged(self, count: int) -> Host:
        ago = [60.0 + number for number in range(count)]
        return quiet().nginx_said("ng-body-too-large", *ago, endpoint=None)

    def test_hit_and_near_miss_how_many(self) -> None:
        assert hosts.found(self.logged(4)) == hosts.HEALTHY and notes(self.logged(4)) == ["too_large"]
        assert hosts.found(self.logged(1)) == hosts.HEALTHY and not notes(self.logged(1))


class TestTooLargeByPhpsOwnLog:
    def logged(self, count: int) -> Host:
        host = quiet()
        host["access"]["dropped_bodies"] = [
            {"pool": "www", "config": "/f.conf", "path": "/php.log", "count": count}
        ]
        return host

    def test_hit_and_near_miss_how_many(self) -> None:
        assert hosts.found(self.logged(3)) == hosts.HEALTHY and notes(self.logged(3)) == ["too_large"]
        assert hosts.found(self.logged(1)) == hosts.HEALTHY and not notes(self.logged(1))

    def test_hit_fields_beyond_max_input_vars(self) -> None:
        host = self.logged(3)
        host["access"]["dropped_bodies"][0]["fields"] = True
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["too_large"]
        assert "pool www: PHP dropped a part of 3 forms" in hosts.verdict(host)["missing"][0]["why"]


class TestTooLargeForPhp:
    def logged(self, count: int) -> Host:
        return quiet().nginx_said("ng-stderr-post", *[60.0 + number for number in range(count)])

    def test_hit_and_near_miss_how_many(self) -> None:
        assert hosts.found(self.logged(3)) == hosts.HEALTHY and notes(self.logged(3)) == ["too_large"]
        assert hosts.found(self.logged(2)) == hosts.HEALTHY and not notes(self.logged(2))

    def test_decoy_another_warning_of_php(self) -> None:
        host = quiet().nginx_said("ng-stderr", 60.0, 61.0, 62.0)
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)


class TestSentFile:
    def logged(self, lacks: str, path: str = "/srv/files/a.pdf") -> Host:
        host = quiet().nginx_said("ng-sent-missing", 60.0, 61.0, 62.0)
        text = '*1 open() "%s" failed (2: No such file or directory), client: x' % path
        hosts.events(host, "nginx")[0]["sample"]["text"] = text
        hosts.events(host, "nginx")[0]["detail"]["path"] = path
        host["logs"]["sent_files"] = [{"path": path, "lacks": lacks}]
        return host

    def test_hit_the_place_of_all_is_not_there(self) -> None:
        item = hosts.only(self.logged("/srv/files"))
        assert (item["reason"], item["state"], item["count"]) == ("sent_missing", "active", 3)
        assert item["confidence"] == "likely" and item["site"] == SITE

    def test_near_miss_one_file_is_not_there(self) -> None:
        host = self.logged("")
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["sent_file"]

    @pytest.mark.parametrize("name", ["404.html", "50x.html", "error.html", "custom_404.html"])
    def test_decoy_the_page_of_an_error(self, name: str) -> None:
        assert hosts.found(self.logged("/srv/errors", "/srv/errors/" + name)) == hosts.HEALTHY


class TestElsewhere:
    def refused(self, comm: str = "docker-proxy", answered: int = 0, pool: bool = False) -> Host:
        """Of a front page, by php-fpm behind another program."""
        host = logged(a_host().silent_logs(), answered=answered, failed=0)
        host.on_every_route(params={"SCRIPT_FILENAME": "$document_root$fastcgi_script_name"})
        host.nginx_said("ng-stderr-primary", 60.0, 61.0, 62.0, front=True)
        event = hosts.events(host, "nginx")[0]
        for facts in host["endpoints"].values():
            facts["listeners"] = [{**facts["listeners"][0], "comm": comm}]
        event["detail"].update(uri="/index.php")
        if not pool:
            for master in host["fpm"]["masters"]:
                master["pools"] = []
        return host

    def test_hit_the_container_has_another_path(self) -> None:
        host = self.refused()
        assert "visitors" in notes(host) and not hosts.verdict(host)["findings"]
        why = [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "visitors"]
        assert "which docker-proxy holds, does not find" in why[0]

    def test_decoy_strangers_ask_the_server_of_all_names(self) -> None:
        host = self.refused().another_route(site="blog.example")
        for route in host["nginx"]["routes"]:
            route["site"] = {"shop.example": "_"}.get(route["site"], route["site"])
        hosts.events(host, "nginx")[0]["site"] = "_"
        assert "visitors" not in notes(host)

    @pytest.mark.parametrize("facts", [{"answered": 3}, {"comm": "php-fpm"}, {"pool": True}])
    def test_near_miss_pages_come_or_php_fpm_is_here(self, facts: Any) -> None:
        assert "visitors" not in notes(self.refused(**facts))


class TestCheckPage:
    def refused(self, location: str = "= /fpm-ping", path: str = "/fpm-ping", **pool: Any) -> Host:
        host = quiet().another_route(location=location, params={"SCRIPT_FILENAME": "/fpm-ping"})
        host.nginx_said("ng-stderr-limit-ext", 60.0, 61.0, 62.0, front=True)
        text = "*1 FastCGI sent in stderr: \"Access to the script '/fpm-ping' has been denied\""
        event = hosts.events(host, "nginx")[0]
        event["sample"]["text"] = text + ', request: "GET %s HTTP/1.1"' % path
        event["detail"].update(uri=path)
        return host.with_pool(**pool)

    @pytest.mark.parametrize("location", ["= /fpm-ping", "~ ^/(fpm-status|fpm-ping)$"])
    def test_hit_no_pool_has_the_page(self, location: str) -> None:
        host = self.refused(location)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["health_check"]

    def test_near_miss_the_pool_has_it(self) -> None:
        assert not notes(self.refused(ping_path="/fpm-ping"))

    @pytest.mark.parametrize("path", ["/status.php", "/other"])
    def test_decoy_another_request(self, path: str) -> None:
        assert not notes(self.refused(path=path))


class TestFields:
    def logged(self, count: int) -> Host:
        return quiet().nginx_said("ng-stderr-fields", *[60.0 + number for number in range(count)])

    def test_hit_and_near_miss_how_many(self) -> None:
        host = self.logged(3)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["too_large"]
        assert "more fields than max_input_vars" in hosts.verdict(host)["missing"][0]["why"]
        assert hosts.found(self.logged(2)) == hosts.HEALTHY and not notes(self.logged(2))


class TestUploads:
    def test_hit_and_near_miss_how_many(self) -> None:
        host = quiet().nginx_said("ng-stderr-upload", 60.0, 61.0, 62.0)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["too_large"]
        assert "upload_tmp_dir" in hosts.verdict(host)["missing"][0]["why"]
        assert not notes(quiet().nginx_said("ng-stderr-upload", 60.0, 61.0))


class TestCutFile:
    def test_hit_and_near_miss_how_many(self) -> None:
        host = quiet().nginx_said("ng-file-cut", 60.0, 61.0, 62.0, detail={"path": "/srv/app.css"})
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["assets"]
        assert "cut off 3 answers, as of /srv/app.css" in hosts.verdict(host)["missing"][0]["why"]
        assert not notes(quiet().nginx_said("ng-file-cut", 60.0, 61.0))


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {"sent_missing": lambda: TestSentFile().logged("/srv/files")}
