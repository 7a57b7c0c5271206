# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost requests of no endpoint: nothing is healthy beside them in silence."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts, older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

NOTES = ("cause_of_losses", "earlier_losses", "losses_elsewhere")
RESET = {"signature": "ng-reset-header", "detail": {"status": 502}}


def notes(host: Host) -> List[Tuple[str, str]]:
    return [
        (entry["what"], entry["why"]) for entry in hosts.verdict(host)["missing"] if entry["what"] in NOTES
    ]


def cut(*ago: float, **more: Any) -> Host:
    """Requests with long URLs were lost: the line ends before the upstream."""
    host = a_host().silent_logs()
    host.nginx_said("ng-reset-header", *(ago or (60.0, 50.0)), endpoint=None, **more)
    return host


class TestCutLines:
    """nginx writes 2048 bytes of an entry at most."""

    def test_hit_they_are_of_the_only_endpoint_of_the_site(self) -> None:
        host = cut()
        assert hosts.found(host) == hosts.DEGRADED
        [(what, why)] = notes(host)
        assert what == "cause_of_losses" and "2 lost requests" in why
        assert hosts.only(host.fpm_said("fpm-exit-sigsegv", 60.0, 50.0))["reason"] == "segfault"

    def test_hit_of_a_site_with_two_endpoints_they_are_of_none(self) -> None:
        host = (
            cut()
            .another_site("shop.example", file="/other")
            .with_endpoint_of("unix:/run/php/two.sock", hosts.place(cut()))
        )
        host["nginx"]["routes"][-1]["endpoints"][0]["endpoint"] = "unix:/run/php/two.sock"
        assert hosts.found(host) == hosts.DEGRADED
        [(what, why)] = notes(host)
        assert what == "cause_of_losses" and "2 lost requests of shop.example" in why

    def test_near_miss_another_server_may_have_answered(self) -> None:
        host = cut()
        hosts.route(host)["endpoints"].append(
            dict(hosts.route(host)["endpoints"][0], endpoint="unix:/run/php/two.sock")
        )
        host.with_endpoint_of("unix:/run/php/two.sock", hosts.place(host))
        assert hosts.found(host) == hosts.HEALTHY
        assert [what for what, _why in notes(host)] == ["losses_elsewhere"]

    def test_near_miss_a_site_that_asks_other_programs_too(self) -> None:
        host = cut().logging(others=True)
        assert hosts.found(host) == hosts.HEALTHY
        assert [what for what, _why in notes(host)] == ["losses_elsewhere"]

    def test_decoy_a_visitor_who_was_turned_away(self) -> None:
        host = a_host().silent_logs().nginx_said("ng-worker-connections-accept", 60.0, endpoint=None)
        host["logs"]["events"][-1]["site"] = None
        assert not notes(host)

    def test_decoy_a_site_that_was_ill_then(self) -> None:
        """They are of that."""
        host = a_host("stopped").nginx_said("ng-connect-enoent", 60.0, endpoint=None)
        assert not notes(host)


class TestOlderNginx:
    """Its workers run with files of before: what they dial, and for whom, no file names any more."""

    @pytest.mark.parametrize("name", ["old-shop.example", "_", ""])
    def test_hit_the_site_was_renamed_as_well(self, name: str) -> None:
        host = older.not_loaded().with_events("nginx", site=name)
        assert hosts.found(host) == hosts.DEGRADED
        [(what, why)] = notes(host)
        assert what == "cause_of_losses" and older.OLD in why and "it runs with older ones" in why

    def test_hit_in_whatever_way_they_were_lost(self) -> None:
        host = older.not_loaded(signature="ng-timeout-header").with_events("nginx", site="_")
        assert hosts.found(host) == hosts.DEGRADED

    def test_near_miss_other_files_were_loaded_since(self) -> None:
        host = older.not_loaded(pid=7, loaded=10.0).with_events("nginx", site="old-shop.example")
        assert hosts.found(host) == hosts.HEALTHY
        assert [what for what, _why in notes(host)] == ["earlier_losses"]

    def test_decoy_the_site_has_its_name_still(self) -> None:
        """The finding tells it, with what mends it."""
        assert hosts.causes(older.not_loaded()) and not notes(older.not_loaded())

    def test_decoy_another_program_behind_proxy_pass(self) -> None:
        host = older.not_loaded(endpoint="http://127.0.0.1:3000").with_events("nginx", site="old.example")
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    def test_decoy_files_that_could_not_be_read_may_name_it(self) -> None:
        host = older.not_loaded().with_events("nginx", site="old.example").unseen("nginx_config")
        assert hosts.found(host) == hosts.UNKNOWN and not notes(host)


class TestMovedAndLoaded:
    """The site was led to another pool, and nginx loaded that after the last loss."""

    LEFT = ("ng-reset-header", "ng-timeout-header", "ng-too-big-header", "ng-connect-eacces")

    @pytest.mark.parametrize("signature", LEFT)
    def test_hit_what_was_lost_on_the_old_one_is_noted(self, signature: str) -> None:
        host = older.dials_the_old_place(60.0, 50.0, signature=signature, loaded=20.0, pid=99)
        assert hosts.found(host) == hosts.HEALTHY
        [(what, why)] = notes(host)
        assert what == "earlier_losses" and "2 requests of shop.example were lost on " + older.OLD in why

    def test_near_miss_the_workers_of_then_still_run(self) -> None:
        assert hosts.causes(older.not_loaded(signature="ng-reset-header")) and not notes(older.not_loaded())

    def test_decoy_nobody_was_there(self) -> None:
        """The finding tells it."""
        host = older.dials_the_old_place(60.0, 50.0, loaded=20.0, pid=99)
        assert hosts.status(host) == "recovered" and not notes(host)
