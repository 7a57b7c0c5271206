# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that php-fpm did not find, and that are there."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.refused import (
    CAUSE,
    CONFINED,
    ROOT,
    in_stderr,
    way,
    with_ways,
)

GONE = "Unable to open primary script: %s/index.php (No such file or directory)" % ROOT
UNKNOWN = 'Primary script unknown" while reading, client: 10.0.0.9, request: "GET /index.php HTTP/1.1'
STDERR = '*1 FastCGI sent in stderr: "'
FATAL = "PHP message: PHP Fatal error:  Failed opening required '%s' (include_path='.') in Unknown on line 0"


def front(text: str, signature: str = "ng-stderr-primary-open") -> Host:
    """php-fpm refused the front page a minute ago; it was started long before."""
    host = in_stderr(text, signature).ran_since(86400.0)
    hosts.events(host, "nginx")[0]["front"] = True
    return host


def removed(**facts: Any) -> Host:
    """The release that the cache of paths leads to is gone."""
    return with_ways(front(GONE), way(**dict({"linked": True, "cached": 120, "changed": "/srv"}, **facts)))


def opened(ago: float, **facts: Any) -> Host:
    host = front(UNKNOWN, "ng-stderr-primary")
    changed = {"changed": ROOT, "rights": True, "changed_at": hosts.now(host) - ago}
    return with_ways(host, way(**dict(changed, **facts)))


class TestCachedPath:
    def test_hit_the_script_is_there_by_its_name(self) -> None:
        item = hosts.only(removed())
        assert (item["reason"], item["state"], item["confidence"]) == ("cached_path", "active", "likely")
        assert item["count"] == 1 and "for 120 s (realpath_cache_ttl)" in item["summary"]

    def test_hit_a_later_deploy_does_not_empty_the_cache(self) -> None:
        host = removed()
        with_ways(host, way(linked=True, cached=120, changed_at=hosts.now(host) - 10))
        assert hosts.causes(host) == [(CAUSE, "cached_path", "active")]

    def test_hit_the_first_request_ended_with_an_error(self) -> None:
        host = removed().nginx_said("ng-stderr-fatal", 61.0)
        hosts.quote(host, STDERR + FATAL % (ROOT + "/index.php"), 1)
        assert (hosts.only(host)["reason"], hosts.only(host)["count"]) == ("cached_path", 2)

    def test_hit_one_request_alone_ended_with_an_error(self) -> None:
        host = in_stderr(FATAL % (ROOT + "/index.php"), "ng-stderr-fatal")
        assert hosts.only(with_ways(host, way(linked=True, cached=120)))["reason"] == "cached_path"

    def of_another_page(self, *there: str) -> Host:
        text = GONE.replace("index.php", "about.php")
        return with_ways(
            in_stderr(text, "ng-stderr-primary-open"), way(linked=True, cached=120, open=list(there))
        )

    def test_hit_another_page_than_the_front_page(self) -> None:
        item = hosts.only(self.of_another_page(ROOT + "/about.php"))
        assert item["reason"] == "cached_path" and ROOT + "/about.php of" in item["summary"]

    def test_near_miss_that_page_was_taken_away(self) -> None:
        assert hosts.found(self.of_another_page()) == hosts.HEALTHY

    def test_near_miss_the_cache_has_expired(self) -> None:
        assert hosts.found(removed(cached=30)) == ([(CAUSE, "cached_path", "recovered")], "recovered")
        assert hosts.causes(removed(cached=None)) == [(CAUSE, "cached_path", "active")]

    def test_near_miss_php_fpm_was_reloaded_since(self) -> None:
        host = removed()
        host.with_master(loaded_at=hosts.now(host) - 20)
        assert hosts.found(host) == ([(CAUSE, "cached_path", "recovered")], "recovered")

    def test_near_miss_the_file_was_written_again_at_its_place(self) -> None:
        host = removed(linked=False)
        with_ways(host, way(changed=ROOT, rights=False, changed_at=hosts.now(host) - 20))
        assert hosts.found(host) == ([(CAUSE, "script_refused", "recovered")], "recovered")

    def test_near_miss_another_file_ended_with_an_error(self) -> None:
        host = removed().nginx_said("ng-stderr-fatal", 61.0)
        hosts.quote(host, STDERR + FATAL % (ROOT + "/prepend.php"), 1)
        assert sorted(reason for _cause, reason, _state in hosts.causes(host)) == [
            "before_script",
            "cached_path",
        ]

    def test_decoy_the_script_was_removed_on_purpose(self) -> None:
        assert hosts.found(removed(there=False)) == hosts.HEALTHY

    def test_decoy_a_single_script_was_removed(self) -> None:
        host = in_stderr(GONE.replace("index.php", "old.php"), "ng-stderr-primary-open")
        assert hosts.found(with_ways(host, way(linked=True, cached=120))) == hosts.HEALTHY

    def test_decoy_opcache_knew_a_script_that_was_removed(self) -> None:
        request = '" while reading, client: 10.0.0.9, request: "GET /old.php HTTP/1.1'
        host = in_stderr(FATAL % (ROOT + "/old.php") + request, "ng-stderr-fatal")
        assert hosts.found(with_ways(host, way(linked=True, cached=120))) == hosts.HEALTHY


class TestOpenedAgain:
    def test_hit_the_directory_was_opened_since(self) -> None:
        item = hosts.only(opened(20.0))
        assert (item["reason"], item["state"], item["count"]) == ("closed_root", "recovered", 1)
        assert "may search %s by now" % ROOT in item["summary"]
        assert hosts.found(opened(20.0))[1] == "recovered"

    def test_near_miss_its_files_were_put_back_since(self) -> None:
        item = hosts.only(opened(20.0, rights=False))
        assert (item["reason"], item["state"]) == ("script_refused", "recovered")

    def test_near_miss_a_policy_refuses_another_way(self) -> None:
        host = opened(20.0)
        ways = host["logs"]["script_ways"]
        ways.append(dict(ways[0], confined=CONFINED))
        assert hosts.found(host) == hosts.HEALTHY

    @pytest.mark.parametrize("facts", [{"there": False}, {"changed_at": 1.0}])
    def test_decoy_visitors_ask_for_a_page_that_is_not_there(self, facts: Any) -> None:
        assert hosts.found(opened(20.0, **facts)) == hosts.HEALTHY

    def test_decoy_a_deploy_follows_requests_for_other_scripts(self) -> None:
        host = opened(20.0)
        del hosts.events(host, "nginx")[0]["front"]
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_snapshot_that_does_not_tell_what_changed(self) -> None:
        host = opened(20.0)
        del host["logs"]["script_ways"][0]["changed"]
        assert hosts.found(host) == hosts.HEALTHY


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {"cached_path": removed}
