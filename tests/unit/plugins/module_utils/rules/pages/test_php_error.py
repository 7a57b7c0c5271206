# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites of which no page comes, since PHP ends each with an error."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.confinement import confined
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "php_error"
SITE = "shop.example"
FATAL = "PHP message: PHP Fatal error:  Failed opening required '/var/www/old/waf.php'"


def fatal(where: str = " in Unknown on line 0") -> Host:
    host = a_host().silent_logs().nginx_said("ng-stderr-fatal", 60.0)
    hosts.quote(host, '*1 FastCGI sent in stderr: "%s%s"' % (FATAL, where))
    return host


def logged(host: Host, **facts: Any) -> Host:
    """What the access log tells of the site's pages."""
    pages = dict(
        {"site": SITE, "answered": 0, "failed": 5, "paths": 2, "last": hosts.now(host) - 60}, **facts
    )
    file = {"path": "/var/log/nginx/access.log", "kind": "nginx_access", "complete": True, "why": None}
    host["access"] = {"files": [dict(file, pages=[pages])], "events": []}
    return host


class TestBeforeScript:
    def test_hit_php_has_no_script_yet(self) -> None:
        item = hosts.only(fatal())
        assert (item["cause"], item["reason"], item["state"]) == (CAUSE, "before_script", "active")
        assert "waf.php" in item["evidence"][0]["text"] and item["site"] == SITE
        assert item["summary"].endswith(": Failed opening required '/var/www/old/waf.php'.")

    def test_near_miss_pages_of_the_site_came_since(self) -> None:
        came = logged(fatal(), answered=3, failed=0, last=hosts.now(fatal()) - 30)
        assert hosts.found(came) == ([(CAUSE, "before_script", "recovered")], "recovered")

    @pytest.mark.parametrize("pages", [{"failed": 0}, {"failed": 1}, {"failed": 0, "site": "blog.example"}])
    def test_near_miss_pages_that_tell_nothing_of_the_time_since(self, pages: Any) -> None:
        at = 90 if pages == {"failed": 0} else 30
        host = logged(fatal(), **{"answered": 3, "last": hosts.now(fatal()) - at, **pages})
        assert hosts.only(host)["state"] == "active"

    def test_a_restart_mends_no_file(self) -> None:
        """nginx's log has no parts of a second, so a start in the same second may have been earlier."""
        item, at_once = hosts.only(fatal().ran_since(30.0)), hosts.only(fatal().ran_since(59.5))
        assert (item["state"], item["confidence"]) == ("active", "possible")
        assert (at_once["state"], at_once["confidence"]) == ("active", "likely")

    def test_decoy_an_error_of_a_script(self) -> None:
        assert hosts.found(fatal(" in /var/www/shop/a.php on line 3")) == hosts.HEALTHY

    def test_hit_what_the_error_is_about(self) -> None:
        host = fatal(": Allowed memory size of 2097152 bytes exhausted in Unknown on line 0")
        assert hosts.only(host)["facts"] == {"fault": "memory_unit"}


class TestEncoded:
    """ionCube ends a script of the application so: php.ini has no part in it."""

    TEXT = (
        "The file /a.php was encoded by the ionCube Encoder for PHP 5.6 and cannot run in Unknown on line 0"
    )

    def host(self, **pages: Any) -> Host:
        host = logged(fatal(), **pages)
        hosts.quote(host, '*1 FastCGI sent in stderr: "PHP message: PHP Fatal error:  %s"' % self.TEXT)
        return host

    def test_hit_each_page_is_an_encoded_script(self) -> None:
        item = hosts.only(self.host())
        assert (item["reason"], item["facts"]) == ("every_page", {"fault": "encoded", "name": "5.6"})

    def test_near_miss_pages_come(self) -> None:
        assert hosts.found(self.host(answered=3, failed=0)) == hosts.HEALTHY


class TestEveryPage:
    def test_hit_php_keeps_its_errors_elsewhere(self) -> None:
        host = logged(a_host().silent_logs())
        assert hosts.found(host) == ([(CAUSE, "every_page", "active")], "degraded")

    def test_hit_the_error_is_shown_where_nginx_has_it(self) -> None:
        item = hosts.only(logged(fatal(" in /var/www/shop/a.php on line 3")))
        assert "PHP Fatal error" in item["evidence"][0]["text"]

    def test_hit_the_error_is_shown_where_php_has_a_log_of_its_own(self) -> None:
        host = logged(a_host().silent_logs())
        error = {
            "pool": "www",
            "config": hosts.master(host)["config"],
            "path": "/p.log",
            "text": "PHP Fatal x",
        }
        host["access"]["php_errors"] = [dict(error, pool="blog", text="PHP Fatal y"), error]
        first, second = hosts.only(host)["evidence"]
        assert (first["source"], first["text"], first["path"]) == ("php_log", "PHP Fatal x", "/p.log")
        assert second["source"] == "nginx_access"

    def test_hit_what_the_error_is_about(self) -> None:
        host = logged(fatal(": Call to undefined function each() in /var/www/shop/a.php on line 3"))
        assert hosts.only(host)["facts"] == {"fault": "removed_function", "name": "each"}

    def test_hit_what_an_error_of_phps_own_log_is_about(self) -> None:
        host = logged(a_host().silent_logs())
        error = {"pool": "www", "config": hosts.master(host)["config"], "path": "/p.log", "text": "PHP x"}
        known = {"fault": "save_handler", "name": "redis"}
        host["access"]["php_errors"] = [error, dict(error, **known)]
        assert hosts.only(host)["facts"] == known

    def test_near_miss_an_error_of_the_script_itself(self) -> None:
        assert hosts.only(logged(fatal(" in /var/www/shop/a.php on line 3")))["facts"] == {}

    def read_only(self, path: str) -> str:
        """Where the evidence begins, of a unit that protects /usr."""
        host = logged(
            fatal(": file_put_contents(%s): Failed to open stream: Read-only file system in /a.php" % path)
        )
        host.with_unit(writing={"ProtectSystem": "full"})
        return str(hosts.only(host)["evidence"][0]["text"])

    def test_hit_the_unit_makes_the_file_read_only(self) -> None:
        assert " has ProtectSystem=full, " in self.read_only("/usr/share/app/x.log")

    def unwritable(self, path: str) -> str:
        host = logged(fatal(": Uncaught Exception: Make writeable this directory: %s in /a.php:1" % path))
        host.with_unit(writing={"ProtectSystem": "full"})
        return str(hosts.only(host)["evidence"][0]["text"])

    def test_hit_an_application_says_in_its_own_words(self) -> None:
        assert " has ProtectSystem=full, " in self.unwritable("/usr/share/app/Config")

    def test_near_miss_its_own_words_name_a_place_of_data(self) -> None:
        assert "FastCGI sent in stderr" in self.unwritable("/var/www/app/Config")

    def test_hit_phps_own_log_names_the_file(self) -> None:
        host = logged(a_host().silent_logs()).with_unit(writing={"ProtectSystem": "full"})
        error = {
            "pool": "www",
            "config": hosts.master(host)["config"],
            "path": "/p.log",
            "text": "PHP Fatal x",
        }
        host["access"]["php_errors"] = [dict(error, read_only=["/usr/share/app/x.log"])]
        assert " has ProtectSystem=full, " in str(hosts.only(host)["evidence"][0]["text"])

    def test_near_miss_the_unit_lets_it_write_there(self) -> None:
        assert "FastCGI sent in stderr" in self.read_only("/srv/app/x.log")

    def test_near_miss_one_page_came(self) -> None:
        assert hosts.found(logged(a_host().silent_logs(), answered=1)) == hosts.HEALTHY

    def test_near_miss_one_script_that_is_not_the_front_page(self) -> None:
        assert hosts.found(logged(a_host().silent_logs(), paths=1)) == hosts.HEALTHY

    def test_near_miss_too_few_to_tell(self) -> None:
        assert hosts.found(logged(a_host().silent_logs(), failed=2)) == hosts.HEALTHY

    def elsewhere(self, **facts: Any) -> Host:
        """A location of the site has a log of its own, of which logged() tells."""
        host = logged(a_host().silent_logs())
        logs = [{"paths": [path]} for path in ("/var/log/nginx/access.log", "/b.log")]
        site = {"site": SITE, "access": logs, "silent": [], "unlogged": [], "errors": [], "others": False}
        host["nginx"]["site_logs"] = [dict(site, server={"file": "/s", "line": 1})]
        pages = dict(host["access"]["files"][0]["pages"][0], failed=0, **facts)
        host["access"]["files"].append(dict(host["access"]["files"][0], path="/b.log", pages=[pages]))
        return host

    def test_near_miss_pages_came_by_another_log(self) -> None:
        assert hosts.found(self.elsewhere(answered=1)) == hosts.HEALTHY

    @pytest.mark.parametrize("facts", [{"answered": 0}, {"answered": 1, "site": "blog.example"}])
    def test_hit_no_page_of_the_site_came_by_another_log(self, facts: Any) -> None:
        assert hosts.found(self.elsewhere(**facts))[0] == [(CAUSE, "every_page", "active")]

    def test_decoy_nginx_says_itself_why(self) -> None:
        host = logged(a_host().silent_logs())
        host.nginx_said("ng-redirect-cycle", 60.0, endpoint=None, detail={"status": 500})
        assert CAUSE not in hosts.cause_ids(host)

    @pytest.mark.parametrize(
        "families, causes",
        [("AF_INET AF_INET6", ["socket_permission_denied"]), ("AF_UNIX AF_INET", [CAUSE]), (None, [CAUSE])],
    )
    def test_decoy_nginx_may_make_no_socket(self, families: Any, causes: Any) -> None:
        """Its log level hides why: php-fpm was never asked."""
        unit = {"unit": "nginx.service", "families": families, "calls": None}
        host = confined(logged(a_host().silent_logs()), nginx_unit=unit)
        assert [cause for cause, _reason, _state in hosts.causes(host)] == causes

    def test_decoy_another_site(self) -> None:
        assert hosts.found(logged(a_host().silent_logs(), site="files.example")) == hosts.HEALTHY

    def test_hit_an_error_page_shows_them_as_successes(self) -> None:
        host = logged(a_host().silent_logs(), hidden=5)
        page = {"written": "error_page 500 =200 /sorry.html", "file": "/s", "line": 4}
        log = {"paths": ["/var/log/nginx/access.log"], "format": "combined"}
        site = {"site": SITE, "access": [log], "silent": [], "unlogged": [], "errors": [], "others": False}
        host["nginx"]["site_logs"] = [dict(site, server={"file": "/s", "line": 1}, hiding=page)]
        first, second = hosts.only(host)["evidence"]
        assert (first["text"], first["path"], first["line"]) == (page["written"], "/s", 4)
        assert second["text"].endswith("though visitors got 200")


class TestShownErrors:
    AGO = (50.0, 40.0, 30.0, 20.0)

    def came(self, *ago: float, failed: int = 0, **facts: Any) -> Host:
        host = a_host().silent_logs()
        times = [hosts.now(host) - each for each in ago or self.AGO]
        return logged(host, answered=9, failed=failed, came=times, **facts)

    def in_nginx(self, host: Host, *ago: float) -> Host:
        host.nginx_said("ng-stderr-fatal", *(ago or self.AGO))
        text = '*1 FastCGI sent in stderr: "%s in /var/www/shop/a.php on line 3"' % FATAL
        hosts.quote(host, text)
        return host

    def in_own_log(self, host: Host, *ago: float) -> Host:
        error = {
            "pool": "www",
            "config": hosts.master(host)["config"],
            "path": "/p.log",
            "text": "PHP Fatal x",
        }
        error["times"] = [hosts.now(host) - each for each in ago]
        host["access"]["php_errors"] = [error]
        return host

    def test_hit_each_page_has_an_error_in_nginxs_log(self) -> None:
        item = hosts.only(self.in_nginx(self.came()))
        assert (item["cause"], item["reason"], item["confidence"]) == (CAUSE, "shown_errors", "likely")
        assert (item["count"], item["site"]) == (4, SITE) and "display_errors" in item["summary"]

    def test_hit_each_page_has_an_error_in_phps_own_log(self) -> None:
        item = hosts.only(self.in_own_log(self.came(), 50.5, 40.0, 30.0, 20.0, 500.0))
        assert item["reason"] == "shown_errors" and item["evidence"][0]["text"] == "PHP Fatal x"

    def test_hit_what_the_error_is_about(self) -> None:
        host = self.in_nginx(self.came())
        words = "PDOException: SQLSTATE[HY000] [1040] Too many connections"
        hosts.quote(host, '*1 FastCGI sent in stderr: "%s: Uncaught %s in /a.php:2"' % (FATAL, words))
        assert hosts.only(host)["facts"] == {"fault": "database_connections"}
        own = self.in_own_log(self.came(), *self.AGO)
        own["access"]["php_errors"][0].update(fault="parse_error")
        assert hosts.only(own)["facts"] == {"fault": "parse_error"}

    def shared(self, text: str, **other: Any) -> Any:
        """Of a pool that serves another site, too."""
        host = self.in_own_log(self.came(), *self.AGO)
        host["access"]["php_errors"][0].update(
            text=text, scripts=[text.partition(" in ")[2].partition(":")[0]]
        )
        mine = host["nginx"]["routes"][0]
        host["nginx"]["routes"].append({**mine, "site": "b.example", "root": "/var/www/b", **other})
        mine.update(root="/var/www/shop/current", params={})
        return hosts.found(host)

    def test_hit_sites_share_a_pool_and_the_error_names_its_script(self) -> None:
        for place in ("/var/www/shop/current", "/var/www/shop/releases/7"):
            found = self.shared("PHP Fatal error:  Uncaught Error: x in %s/a.php:3" % place)
            assert [each[1] for each in found[0]] == ["shown_errors"]

    def test_decoy_a_visitor_brings_about_errors_of_another_site(self) -> None:
        for place in ("/var/www/b", "/var/www", "/usr/share/php", "/var/www/shop"[:-1]):
            assert self.shared("PHP Fatal error:  x in %s/a.php:3" % place) == hosts.HEALTHY

    def test_decoy_the_other_site_is_beside_it(self) -> None:
        text = "PHP Fatal error:  x in /var/www/shop/b/a.php:3"
        assert self.shared(text, root="/var/www/shop/b") == hosts.HEALTHY

    def test_near_miss_a_page_came_without_one(self) -> None:
        assert hosts.found(self.in_nginx(self.came(), 50.0, 40.0, 30.0)) == hosts.HEALTHY
        assert hosts.found(self.in_own_log(self.came(), 50.0, 40.0, 30.0)) == hosts.HEALTHY

    def test_near_miss_two_pages_and_one_error_at_that_second(self) -> None:
        assert hosts.found(self.in_nginx(self.came(30.0, 30.0, 20.0), 30.0, 20.0)) == hosts.HEALTHY

    def test_near_miss_too_few_pages(self) -> None:
        assert hosts.found(self.in_nginx(self.came(30.0, 20.0), 30.0, 20.0)) == hosts.HEALTHY

    def test_decoy_others_write_to_phps_own_log_as_well(self) -> None:
        every = [each / 2 for each in range(30, 110)]
        assert hosts.found(self.in_own_log(self.came(), *every)) == hosts.HEALTHY

    def test_decoy_checks_and_cron_begin_at_the_same_second(self) -> None:
        minutes = (60.0, 120.0, 180.0)
        assert hosts.found(self.in_own_log(self.came(180.0, 120.0, 60.0), *minutes)) == hosts.HEALTHY

    def test_decoy_the_errors_may_be_of_pages_that_failed(self) -> None:
        host = self.in_nginx(self.came(failed=4))
        assert "shown_errors" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_another_site_of_another_log(self) -> None:
        assert hosts.found(self.in_nginx(self.came(site="blog.example"))) == hosts.HEALTHY


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "every_page": lambda: logged(a_host().silent_logs()),
    "shown_errors": lambda: TestShownErrors().in_nginx(TestShownErrors().came()),
}
