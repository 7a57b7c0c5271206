# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_catch_stderr: nginx throws answers away because of what PHP logs."""

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "nginx_own_error"
DIRECTIVE = {"texts": ["PHP Warning"], "file": "/etc/nginx/sites-enabled/shop", "line": 15}
LINE = '*1 FastCGI sent in stderr: "PHP message: PHP Warning:  cold%s" while reading response header'


def caught(where: str = " in /var/www/shop/a.php on line 1", known: bool = True) -> Host:
    """A minute ago. known: the access log has the 502."""
    host = a_host().silent_logs().logging("error").with_route(catch_stderr=DIRECTIVE)
    host.nginx_said("ng-stderr", 60.0, 60.0, caught=True)
    hosts.quote(host, LINE % where)
    return host.answered("access-502", 61.0, 60.0) if known else host


class TestCaught:
    def test_hit_the_directive_is_named(self) -> None:
        item = hosts.only(caught())
        assert (item["cause"], item["reason"], item["state"], item["count"]) == (
            CAUSE,
            "catch_stderr",
            "active",
            2,
        )
        proof = item["evidence"][0]
        assert (proof["line"], proof["text"]) == (15, "fastcgi_catch_stderr PHP Warning")
        assert (item["confidence"], hosts.status(caught())) == ("likely", "degraded")

    def test_hit_no_access_log_tells_of_it(self) -> None:
        host = caught(known=False).logging("error", why="it is not there")
        assert hosts.only(host)["confidence"] == "possible"

    def test_near_miss_the_access_log_has_no_502(self) -> None:
        """Another location of the site has no such directive, or another server answered."""
        assert hosts.found(caught(known=False)) == hosts.HEALTHY

    def test_near_miss_a_502_of_another_moment(self) -> None:
        assert hosts.found(caught(known=False).answered("access-502", 300.0)) == hosts.HEALTHY

    def test_decoy_the_text_is_not_caught(self) -> None:
        host = caught()
        del hosts.events(host, "nginx")[0]["caught"]
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_the_page_fails_before_its_script_begins(self) -> None:
        host = caught(" in Unknown on line 0")
        hosts.events(host, "nginx")[0]["signature"] = "ng-stderr-fatal-before"
        assert [reason for _cause, reason, _state in hosts.causes(host)] == ["before_script"]

    def test_decoy_the_site_has_no_php(self) -> None:
        host = caught()
        hosts.events(host, "nginx")[0]["site"] = "files.example"
        assert hosts.found(host) == hosts.HEALTHY
