# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx that runs, or ran, with an older configuration than its files."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts, older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "socket_path_mismatch"
MAP = "/etc/nginx/conf.d/map.conf"


def active(reason: str = "nginx_not_loaded") -> List[Tuple[str, str, str]]:
    return [(CAUSE, reason, "active")]


def over(reason: str) -> Tuple[List[Tuple[str, str, str]], str]:
    return [(CAUSE, reason, "recovered")], "recovered"


class TestRunningWorkers:
    """A worker keeps what its master had loaded when it was forked."""

    @pytest.mark.parametrize(
        "newer_files, confidence",
        [([], "likely"), ([older.SITE_FILE], "certain"), (["/etc/nginx/other.conf"], "likely")],
    )
    def test_hit_a_place_that_no_file_names(self, newer_files: List[str], confidence: str) -> None:
        """Whatever the times of the files say. But lines of the log alone are not certain."""
        host = older.not_loaded()
        host["nginx"]["loaded"]["newer_files"] = newer_files
        item = hosts.only(host)
        assert (item["reason"], item["confidence"], item["count"]) == ("nginx_not_loaded", confidence, 2)
        assert hosts.status(host) == "failing"

    @pytest.mark.parametrize(
        "newer_files, found",
        [([MAP], active()), ([older.SITE_FILE], active()), (["/etc/nginx/sites-enabled/blog"], []), ([], [])],
    )
    def test_hit_a_variable_that_leads_elsewhere_by_now(self, newer_files: List[str], found: Any) -> None:
        """Near miss: nothing that decides its value was changed, so that another location may have set it."""
        host = older.not_loaded().on_every_route(variable=True, value_files=[MAP, older.SITE_FILE])
        host["nginx"]["loaded"]["newer_files"] = newer_files
        assert hosts.causes(host) == found
        assert not found or hosts.only(host)["confidence"] == "likely"

    def test_near_miss_a_program_may_set_the_variable(self) -> None:
        """As Lua. Snapshots from before 0.14.0 do not tell either."""
        host = older.not_loaded().on_every_route(variable=True)
        host["nginx"]["loaded"]["newer_files"] = [MAP, older.SITE_FILE]
        assert hosts.causes(host) == []

    def test_decoy_where_the_variable_leads_is_not_known(self) -> None:
        host = older.not_loaded()
        host["nginx"]["loaded"]["newer_files"] = [older.SITE_FILE]
        host.on_every_route(variable=True, endpoints=[])
        assert hosts.causes(host) == []

    def test_hit_the_files_that_lead_there_are_loaded(self) -> None:
        action = hosts.verdict(older.not_loaded())["plan"][0]
        assert (action["id"], action["arguments"]["files"]) == ("nginx_reload", [older.SITE_FILE])

    def test_hit_no_reload_is_done_that_would_reach_nobody(self) -> None:
        host = older.not_loaded()
        host["older"]["pid_file"] = "/run/nginx.pid"
        item = hosts.only(host)
        assert hosts.verdict(host)["plan"] == []
        assert (item["facts"]["fault"], item["facts"]["path"]) == ("pid_file", "/run/nginx.pid")

    def test_hit_another_site_led_to_the_same_place_is_loaded_too(self) -> None:
        host = older.not_loaded().another_site("blog.example", file="/etc/nginx/sites-enabled/blog")
        arguments = hosts.verdict(host)["plan"][0]["arguments"]
        assert arguments["files"] == [older.SITE_FILE, "/etc/nginx/sites-enabled/blog"]
        assert hosts.only(host)["sites"] == ["shop.example"]

    @pytest.mark.parametrize(
        "signature", ["ng-connect-econnrefused-unix", "ng-connect-eacces", "ng-timeout-header"]
    )
    def test_hit_however_a_request_was_lost_there(self, signature: str) -> None:
        assert hosts.causes(older.not_loaded(signature=signature)) == active()

    def test_hit_a_site_whose_first_name_was_changed(self) -> None:
        host = (
            older.not_loaded()
            .with_events("nginx", site="www.shop.example")
            .with_route(server_names=["shop.example", "www.shop.example"])
        )
        assert hosts.causes(host) == active()

    def test_hit_without_a_look_at_the_old_place_it_is_likely(self) -> None:
        assert hosts.only(older.dials_the_old_place())["confidence"] == "likely"

    def test_near_miss_a_worker_of_before_a_reload(self) -> None:
        host = older.not_loaded(pid=7, loaded=10.0).with_nginx(config_changed_at=0.0)
        assert hosts.causes(host) == [(CAUSE, "nginx_not_loaded", "recovered")]

    def test_near_miss_a_pid_that_is_used_again(self) -> None:
        host = older.not_loaded(loaded=10.0).with_nginx(config_changed_at=0.0)
        assert hosts.causes(host) == [(CAUSE, "nginx_not_loaded", "recovered")]

    def test_near_miss_the_old_place_answers_again(self) -> None:
        host = older.dead(older.dials_the_old_place(), probe="answered")
        assert hosts.found(host) == over("nginx_not_loaded") and hosts.actions(host) == []

    def test_near_miss_the_place_of_the_files_is_dead_as_well(self) -> None:
        """To load them would mend nothing."""
        host = older.not_loaded().dialled("missing", 2).without_listeners(listening=False)
        assert hosts.cause_ids(host) and "nginx_not_loaded" not in [
            item["reason"] for item in hosts.verdict(host)["findings"]
        ]

    def test_decoy_a_name_leads_to_any_address(self) -> None:
        host = older.not_loaded(endpoint="10.0.0.9:9000").another_server("php.internal:9000")
        assert "nginx_not_loaded" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_files_that_were_not_read_whole(self) -> None:
        host = older.not_loaded().unseen("nginx_config")
        assert "nginx_not_loaded" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_losses_of_another_protocol(self) -> None:
        assert hosts.causes(older.not_loaded(endpoint="http://127.0.0.1:8080")) == []


class TestRefusal:
    def test_hit_nginxs_own_words_stand_first(self) -> None:
        """With the file that keeps it from loading."""
        item = hosts.only(older.refused())
        piece = item["evidence"][0]
        assert (item["reason"], piece["path"], piece["line"]) == ("nginx_reload_refused",) + (
            older.GONE["file"],
            older.GONE["line"],
        )
        assert "cannot load certificate" in item["summary"] and item["remedy"] == []

    def test_hit_what_was_read_in_the_files_is_no_line_of_a_log(self) -> None:
        assert hosts.only(older.refused(at=None))["evidence"][0]["source"] == "nginx"

    def test_near_miss_a_host_that_serves_every_page_is_told(self) -> None:
        """The next start would fail; nothing is lost now."""
        host = older.refused().silent_logs()
        assert hosts.found(host) == hosts.HEALTHY
        assert [entry["path"] for entry in hosts.verdict(host)["missing"]] == [older.GONE["file"]]

    def test_decoy_an_upgraded_program_is_not_asked_to_reload(self) -> None:
        assert hosts.causes(older.replaced()) == active("nginx_replaced")
        assert hosts.actions(older.replaced()) == []


class TestDown:
    """nginx does not start, and its files are in order."""

    HOLDER = {"comm": "httpd", "pid": 7, "unit": "httpd.service"}
    PID_FILE = {"unit": "nginx.service", "awaited": "/run/nginx.pid", "written": "/run/nginx/nginx.pid"}

    def why(self, text: str = "", **facts: Any) -> str:
        host = older.refused(text=text).silent_logs().with_nginx(running=False, master=None)
        host["older"]["refusal"].update(line=0, **facts)
        (why,) = [each["why"] for each in hosts.verdict(host)["missing"] if each["what"] == "nginx_loaded"]
        return str(why)

    def test_hit_who_has_its_port_is_named(self) -> None:
        holders = {"*:80": [self.HOLDER, self.HOLDER], "[::]:80": [dict(self.HOLDER, pid=8, unit=None)]}
        assert self.why("bind() failed", holders=holders) == (
            "nginx does not start: bind() failed: *:80 is held by httpd (pid 7) of httpd.service; "
            "[::]:80 is held by httpd (pid 8)"
        )

    def test_hit_nobody_has_its_port_by_now(self) -> None:
        assert self.why("bind() failed", holders={"*:80": []}) == (
            "nginx does not start: bind() failed: nobody holds it by now"
        )

    def test_hit_its_unit_waits_for_another_pid_file(self) -> None:
        waits = "nginx does not start: nginx.service gave up its start, as no pid file came to /run/nginx.pid"
        assert self.why(pid_file=self.PID_FILE) == (
            waits + " (PIDFile=): nginx writes it to /run/nginx/nginx.pid"
        )
        assert self.why(pid_file=dict(self.PID_FILE, written=None)) == waits + " (PIDFile=)"

    def test_hit_systemd_does_not_run_it(self) -> None:
        killed = "Main process exited, code=killed, status=9/KILL"
        assert self.why(killed, unit="nginx.service") == "nginx does not start: nginx.service: " + killed

    def test_near_miss_what_it_refused_may_be_mended(self) -> None:
        """The file may be gone, and nobody says that nginx refuses it."""
        host = older.refused(text="unknown directive").silent_logs()
        host.with_nginx(running=False, master=None)["older"]["refusal"].update(changed=True)
        (found,) = hosts.verdict(host)["missing"]
        words = "its last start failed, and files were changed since: `nginx -t`, then start it: "
        assert found["what"] == "nginx_running" and found["why"].endswith(words + "unknown directive")

    def test_near_miss_it_refuses_its_files(self) -> None:
        assert self.why("unknown directive") == (
            "unknown directive: nginx refuses to load its files: it does not start"
        )


class TestOver:
    """Losses at a place that no file names, by workers who are gone."""

    def loaded_later(self, changed: float) -> Host:
        """nginx loaded its files 10 seconds ago. changed: seconds since they were."""
        host = older.dials_the_old_place(pid=7, loaded=10.0)
        return host.with_nginx(config_changed_at=hosts.now(host) - changed)

    def test_hit_files_of_before_the_losses_were_not_loaded(self) -> None:
        assert hosts.found(self.loaded_later(300.0)) == over("nginx_not_loaded")

    def test_hit_files_that_were_mended_led_elsewhere(self) -> None:
        assert hosts.found(self.loaded_later(20.0)) == over("other_socket")

    def test_near_miss_nobody_answers_at_the_new_place(self) -> None:
        host = self.loaded_later(300.0).with_probe(result="no_answer")
        assert "recovered" not in [item["state"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_a_snapshot_that_does_not_tell_since_when(self) -> None:
        host = self.loaded_later(300.0)
        del host["nginx"]["loaded"]
        assert hosts.causes(host) == []


class TestPoolNotLoaded:
    """php-fpm's side: nobody listened, though the master ran."""

    def reloaded(self, first: float = 60.0, loaded: float = 10.0, started: float = 4000.0) -> Host:
        host = a_host()
        now = hosts.now(host)
        host.with_master(started_at=now - started, loaded_at=now - loaded, config_changed_at=now - 90.0)
        return host.nginx_said("ng-connect-enoent", first, first - 5.0)

    def test_hit_the_pool_listens_since_a_reload(self) -> None:
        item = hosts.only(self.reloaded())
        assert (item["reason"], item["state"], item["count"]) == ("config_not_loaded", "recovered", 2)
        assert hosts.status(self.reloaded()) == "recovered"

    def test_near_miss_requests_were_lost_since_then_too(self) -> None:
        host = self.reloaded(loaded=58.0)
        assert hosts.causes(host) == [] and hosts.status(host) == "degraded"

    def test_near_miss_no_worker_answers(self) -> None:
        host = self.reloaded().with_probe(result="no_answer")
        assert "config_not_loaded" not in [item["reason"] for item in hosts.verdict(host)["findings"]]

    def test_decoy_a_master_that_was_not_reloaded(self) -> None:
        host = self.reloaded(loaded=4000.0)
        assert hosts.causes(host) == [] and hosts.status(host) == "degraded"


class TestNotDialledYet:
    """A file that leads to a place where nobody listens, and that nginx has not loaded."""

    def moved(self, newer: List[str]) -> Host:
        return (
            a_host("config_not_loaded")
            .silent_logs()
            .with_nginx(loaded=dict(older.loaded_at(1.0), newer_files=newer))
        )

    def test_hit_it_is_latent_as_long_as_nothing_is_lost(self) -> None:
        host = self.moved([older.SITE_FILE])
        assert hosts.causes(host) == [(CAUSE, "config_not_loaded", "latent")] and hosts.actions(host) == []
        assert hosts.status(host) == "unknown"

    def perhaps(self, *newer: str) -> Host:
        host = self.moved([])
        host["nginx"]["loaded"]["perhaps_newer"] = list(newer)
        return host

    def test_hit_the_files_times_do_not_tell(self) -> None:
        host = self.perhaps(older.SITE_FILE)
        assert hosts.causes(host) == [(CAUSE, "config_not_loaded", "latent")] and hosts.actions(host) == []
        assert "may not have loaded" in hosts.verdict(host)["findings"][0]["summary"]

    def test_near_miss_a_request_was_lost_there_all_the_same(self) -> None:
        host = self.perhaps(older.SITE_FILE).nginx_said("ng-connect-enoent", 5.0)
        assert hosts.causes(host) == active("config_not_loaded")

    def test_hit_a_place_that_does_not_let_nginx_in(self) -> None:
        host = a_host("socket_root").silent_logs()
        host.with_nginx(loaded=dict(older.loaded_at(1.0), newer_files=[older.SITE_FILE]))
        assert [found[2] for found in hosts.causes(host)] == ["latent"]
        assert hosts.status(host) == "unknown" and hosts.actions(host) == []

    def test_near_miss_a_request_was_lost_there(self) -> None:
        host = self.moved([older.SITE_FILE]).nginx_said("ng-connect-enoent", 5.0)
        assert hosts.causes(host) == active("config_not_loaded")

    def test_decoy_another_file_is_newer(self) -> None:
        assert hosts.causes(self.moved(["/etc/nginx/conf.d/gzip.conf"])) == active("config_not_loaded")
