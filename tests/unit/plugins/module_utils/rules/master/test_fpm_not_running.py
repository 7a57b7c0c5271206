# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: which stopped master, why it does not run, and what only looks like one."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import confinement as made
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import failed_starts, hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.failed_starts import (
    CAUSE,
    NOT_OURS,
    START_ONLY,
    ended,
    failed_start,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    Host,
    a_host,
    port,
    unix,
)


def killed_by_oomd(result: str = "oom-kill", **more: Any) -> Host:
    """With the words of systemd 252."""
    host = ended(result)
    unit = hosts.unit(host)
    words = "systemd[1]: php8.2-fpm.service: systemd-oomd killed 6 process(es) in this unit."
    host.with_unit(log=[hosts.journal_line(unit["changed_at"] - 2, words)], **more)
    return host


def removed() -> Host:
    """The package was removed and left its configuration behind."""
    return a_host("stopped").without_unit().with_master(binary=None)


def directory_is_back() -> Host:
    """The start failed without the directory of the socket, which is there by now."""
    parents = hosts.place(a_host("stopped"))["parents"]
    return a_host("runtime_dir_missing").with_endpoint(parents=parents)


def dialled_elsewhere(path: str) -> Host:
    """php-fpm is stopped, and nginx dials what no pool has."""
    return a_host("stopped").dials("unix:" + path, **unix(path))


def stopping(active: str = "deactivating") -> Host:
    return a_host("stopped").with_unit(active=active, sub="stop-post")


def ended_test(rc: int, line: str) -> Host:
    """What php-fpm -t, or what should have run it, ended with."""
    return a_host("stopped").tested(rc, line)


HITS: Dict[str, Callable[[], Host]] = {
    "limit_reached": lambda: ended("timeout").with_unit(limits={"RuntimeMaxSec": "3h"}),
    "stopped": lambda: a_host("stopped"),
    "stopping": stopping,
    "masked": lambda: a_host("masked"),
    "config_invalid": lambda: a_host("pool_syntax"),
    "unknown_user": lambda: a_host("unknown_user"),
    "bind_failed": lambda: failed_start(NOT_OURS),
    "address_in_use": lambda: a_host("port_taken"),
    "runtime_dir_missing": lambda: a_host("runtime_dir_missing"),
    "start_limit_hit": lambda: a_host("start_limit_hit"),
    "crashed": lambda: a_host("killed_master"),
    "oom_stopped": lambda: ended("oom-kill"),
    "oomd_killed": killed_by_oomd,
    "not_installed": removed,
    "selinux_port": made.refused_port,
    "selinux_label": made.refused_directory,
    "apparmor": made.refused_by_profile,
    "address_family": made.without_tcp_sockets,
    "system_call": made.killed_by_filter,
    **failed_starts.HITS,
}


class TestEachReason:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_failing(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")


class TestStopping:
    def test_hit_no_start_waits_behind_the_stop(self) -> None:
        host = stopping()
        assert "deactivating (stop-post)" in hosts.only(host)["summary"] and hosts.actions(host) == []

    def test_hit_its_workers_still_end_what_they_do(self) -> None:
        host = a_host("exhausted_static").with_unit(active="deactivating", sub="stop-sigterm")
        assert (hosts.only(host)["reason"], hosts.actions(host)) == ("stopping", [])

    def test_near_miss_it_answers_meanwhile(self) -> None:
        host = a_host("plain").with_unit(active="deactivating", sub="stop-sigterm")
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_the_stop_has_ended(self) -> None:
        assert hosts.actions(stopping("inactive")) == START_ONLY

    def test_decoy_its_configuration_is_refused_as_well(self) -> None:
        host = a_host("pool_syntax").with_unit(active="deactivating")
        assert hosts.only(host)["reason"] == "config_invalid"


class TestProgram:
    LIBRARY = "/usr/sbin/php-fpm8.2: error while loading shared libraries: libx.so.1: cannot open"

    @pytest.mark.parametrize("rc", [126, 127])
    def test_hit_a_program_without_its_library_refuses_nothing(self, rc: int) -> None:
        host = ended_test(rc, self.LIBRARY)
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("not_executable", [])
        assert "libx.so.1" in item["evidence"][0]["text"]

    @pytest.mark.parametrize(
        "path, reason",
        [
            ("/usr/sbin/php-fpm8.2", "not_executable"),
            ("/lib/x86_64-linux-gnu/libselinux.so.1", "not_executable"),
            ("/usr/lib/php/20220829/redis.so", "extension_failed"),
        ],
    )
    def test_hit_a_symbol_is_lacked_by_it_or_an_extension(self, path: str, reason: str) -> None:
        words = "/usr/sbin/php-fpm8.2: symbol lookup error: %s: undefined symbol: pcre2_match_8" % path
        assert hosts.only(failed_start("php-fpm[767]: " + words))["reason"] == reason

    def test_near_miss_php_fpm_itself_refuses(self) -> None:
        line = "ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:9] unknown entry 'libx.so.1'"
        assert hosts.only(ended_test(78, line))["reason"] == "config_invalid"

    def test_decoy_a_complaint_with_the_loaders_words(self) -> None:
        assert hosts.only(ended_test(78, "ERROR: " + self.LIBRARY))["reason"] == "config_invalid"


class TestSomebodyElses:
    def test_hit_it_says_that_no_pool_of_it_listens_there(self) -> None:
        item = hosts.only(dialled_elsewhere("/run/php/php-fpm-app.sock"))
        assert "none of its pools listens on unix:/run/php/php-fpm-app.sock" in item["summary"]
        assert item["confidence"] == "likely"

    def test_near_miss_a_left_socket_is_not_of_a_clean_stop(self) -> None:
        host = dialled_elsewhere("/run/php/php-fpm-app.sock").dialled("refused", 111)
        assert hosts.only(host)["confidence"] == "possible"

    def test_decoy_its_own_pool(self) -> None:
        assert "none of its pools" not in hosts.only(a_host("stopped"))["summary"]


class TestOomd:
    @pytest.mark.parametrize("result", ["oom-kill", "signal"])
    def test_hit_it_is_started_and_no_policy_set(self, result: str) -> None:
        host = killed_by_oomd(result)
        assert hosts.only(host)["reason"] == "oomd_killed" and hosts.actions(host) == START_ONLY

    def test_near_miss_a_kill_before_its_last_start(self) -> None:
        later = hosts.unit(a_host("killed_master"))["changed_at"] - 1
        assert hosts.only(killed_by_oomd(active_since=later))["reason"] == "oom_stopped"

    def test_decoy_a_php_fpm_that_says_so_itself(self) -> None:
        host = killed_by_oomd()
        (line,) = hosts.unit(host)["log"]
        host.with_unit(log=[hosts.journal_line(line["at"], "php-fpm[77]: " + line["text"])])
        assert hosts.only(host)["reason"] == "oom_stopped"


class TestTied:
    """Whether a start would move other units."""

    def test_hit_nothing_is_started(self) -> None:
        host = a_host("stopped").with_unit(ties={"b.service": "stops", "a.service": "starts"})
        item = hosts.only(host)
        assert item["reason"] == "stopped" and hosts.actions(host) == []
        assert "a start also starts a.service and stops b.service." in item["summary"]

    def test_hit_a_start_makes_no_socket_of_systemds(self) -> None:
        host = a_host("stopped").with_unit(ties={"shop.socket": "needs"})
        item = hosts.only(host)
        assert (item["reason"], item["facts"]["sockets"]) == ("stopped", "shop.socket")
        assert hosts.actions(host) == [] and "a start also needs shop.socket." in item["summary"]

    def test_near_miss_a_reset_alone_mends_no_start_limit(self) -> None:
        host = a_host("start_limit_hit").with_unit(ties={"shop.socket": "needs"})
        item = hosts.only(host)
        assert (item["reason"], item["remedy"]) == ("start_limit_hit", [])

    def test_near_miss_none_is_moved(self) -> None:
        assert hosts.actions(a_host("stopped").with_unit(ties={})) == START_ONLY


def made_by(service: str, load: str, fault: str = "old_socket") -> Host:
    """A socket unit of systemd's is to make what nginx dials."""
    maker = {"name": "shop.socket", "service": service, "load": load}
    return a_host(fault).with_endpoint(made_by=maker)


class TestMadeBySystemd:
    """For a service of which nothing tells what it runs."""

    def test_hit_that_service_is_masked(self) -> None:
        host = made_by("shop.service", "masked")
        item = hosts.only(host)
        assert (item["cause"], item["reason"], item["confidence"]) == ("fpm_not_running", "masked", "likely")
        assert (item["unit"], item["facts"]["sockets"]) == ("shop.service", "shop.socket")
        assert hosts.actions(host) == []

    @pytest.mark.parametrize("load", ["not-found", "loaded", None])
    def test_near_miss_nothing_is_certain_of_another(self, load: Any) -> None:
        verdict = hosts.verdict(made_by("shop.service", load))
        assert (verdict["status"], verdict["findings"]) == ("unknown", [])
        seen = [item["why"] for item in verdict["missing"] if item["what"] == "units"]
        assert len(seen) == 1 and "shop.socket makes the socket at" in seen[0]

    def test_decoy_the_service_of_a_pool_that_is_known(self) -> None:
        host = made_by("php8.2-fpm.service", "loaded")
        assert hosts.only(host)["reason"] == "other_socket"


class TestStopped:
    def test_hit_says_since_when_with_how_many_losses(self) -> None:
        host = a_host("stopped")
        item = hosts.only(host)
        assert (item["since"], item["count"]) == (hosts.unit(host)["inactive_since"], 3)
        assert item["unit"] == "php8.2-fpm.service" and hosts.actions(host) == START_ONLY

    def test_hit_one_unit_with_two_pools_is_one_finding(self) -> None:
        stopped = hosts.master(a_host("stopped"))
        host = a_host("two_path_and_permission").on_every_endpoint(listening=False, listeners=[])
        host.with_master(running=False, pid=None, started_at=None)
        host.with_master(unit_state=stopped["unit_state"], test=stopped["test"]).without_workers()
        host.on_every_endpoint(
            connect={"result": "missing", "errno": 2, "error": "No such file or directory"},
            probe={"result": "not_tried", "ms": None},
        )
        host.site_dials("shop.example", "unix:/run/php/php8.2-fpm.sock")
        for endpoint in sorted(host["endpoints"]):
            host.nginx_said("ng-connect-enoent", 30.0, 20.0, endpoint=endpoint)
        item = hosts.only(host)
        assert (item["cause"], item["reason"]) == (CAUSE, "stopped")
        assert sorted(item["sites"]) == ["blog.example", "shop.example"]
        assert sum(item["timeline"]["counts"]) == item["count"] >= 4
        assert hosts.status(host) == "failing"

    @pytest.mark.parametrize(
        "result, errno, reason", [("refused", 111, "crashed"), ("missing", 2, "stopped")]
    )
    def test_hit_a_left_socket_tells_a_crash_without_systemd(
        self, result: str, errno: int, reason: str
    ) -> None:
        """A clean stop removes the socket."""
        item = hosts.only(a_host("stopped").dialled(result, errno).without_unit())
        assert (item["reason"], item["confidence"], item["remedy"]) == (reason, "likely", [])

    def test_hit_the_sockets_directory_is_made_first(self) -> None:
        host = a_host("stopped")
        parents = hosts.place(host)["parents"]
        host.with_endpoint(parents=[parent for parent in parents if parent["path"] != "/run/php"])
        assert hosts.only(host)["reason"] == "runtime_dir_missing"
        assert hosts.actions(host) == ["runtime_directory_create", "unit_start"]

    def test_near_miss_systemd_makes_the_directory_at_the_start(self) -> None:
        host = a_host("stopped").with_endpoint(parents=[]).with_unit(runtime_directory="php")
        assert hosts.only(host)["reason"] == "stopped" and hosts.actions(host) == START_ONLY


class TestFailedStart:
    def test_hit_the_port_of_another_pool_keeps_it_down_too(self) -> None:
        """php-fpm starts with all of its pools or with none."""
        host = a_host("port_taken")
        taken, socket = hosts.place(host), "/run/php/shop.sock"
        host.another_pool(name="shop", endpoint="unix:" + socket, listen=socket)
        host.dials("unix:" + socket, listening=False, listeners=[], **unix(socket)).dialled("missing", 2)
        host.with_endpoint_of("127.0.0.1:9000", taken)
        assert hosts.causes(host) == [(CAUSE, "address_in_use", "active")]

    def test_hit_a_restart_loop_is_told_by_what_php_fpm_said(self) -> None:
        host = failed_start(NOT_OURS).with_unit(active="activating", sub="auto-restart")
        assert hosts.causes(host) == [(CAUSE, "bind_failed", "active")]

    def test_hit_the_program_that_took_the_address_is_named(self) -> None:
        proof = hosts.only(a_host("port_taken"))["evidence"]
        held = [piece["text"] for piece in proof if piece["source"] == "socket"]
        assert len(held) == 1 and " is held by python3 (pid " in held[0]

    @pytest.mark.parametrize(
        "sandbox, reason, actions",
        [
            ({"TemporaryFileSystem": "/run/php:ro"}, "bind_failed", []),
            ({"PrivateTmp": "yes"}, "stopped", START_ONLY),
        ],
    )
    def test_hit_no_start_helps_where_its_sandbox_hides_the_place(
        self, sandbox: Dict[str, str], reason: str, actions: Any
    ) -> None:
        """On the host the directory is there."""
        host = directory_is_back().with_unit(sandbox=sandbox)
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == (reason, actions)
        assert ("TemporaryFileSystem=/run/php:ro" in item["summary"]) == (reason == "bind_failed")

    @pytest.mark.parametrize("kind, reason", [("directory", "bind_failed"), ("missing", "stopped")])
    def test_hit_and_near_miss_a_directory_in_its_place(self, kind: str, reason: str) -> None:
        """php-fpm says that the address is in use."""
        host = directory_is_back().with_endpoint(type=kind, listening=False, listeners=[])
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == (reason, START_ONLY if reason == "stopped" else [])
        assert ("directory" in str(item["facts"])) == (kind == "directory")

    def test_near_miss_a_directory_that_is_back_is_not_missing(self) -> None:
        assert hosts.causes(directory_is_back()) == [(CAUSE, "stopped", "active")]

    def test_near_miss_a_port_that_is_free_again_is_not_taken(self) -> None:
        host = a_host("port_taken").dialled("refused", 111).without_listeners(listening=False)
        assert hosts.causes(host) == [(CAUSE, "stopped", "active")]


class TestEnded:
    def test_hit_an_error_of_its_own_is_no_stop(self) -> None:
        assert hosts.causes(ended("exit-code").journal()) == [(CAUSE, "crashed", "active")]

    @pytest.mark.parametrize("result", ["signal", "core-dump", "watchdog"])
    def test_hit_every_violent_end_is_a_crash(self, result: str) -> None:
        assert hosts.causes(ended(result)) == [(CAUSE, "crashed", "active")]

    def test_near_miss_who_was_ended_by_systemd_was_not_killed(self) -> None:
        item = hosts.only(ended("timeout"))
        assert (item["reason"], item["confidence"]) == ("crashed", "likely")
        assert "RuntimeMaxSec=" in item["summary"]


class TestNotInstalled:
    def test_hit_without_a_single_request(self) -> None:
        host = removed().silent_logs().without_masters()
        assert hosts.causes(host) == [(CAUSE, "not_installed", "active")]

    def test_near_miss_php_fpm_may_be_in_a_container(self) -> None:
        assert CAUSE not in hosts.cause_ids(removed().unseen("fpm_container"))


class TestHidden:
    """Without root, hidepid= keeps processes from us."""

    def test_near_miss_it_runs_when_systemd_says_so(self) -> None:
        host = a_host("socket_root").silent_logs().unseen("connect_as_nginx").without_listeners()
        host.with_master(running=False, pid=None, started_at=None)
        assert hosts.found(host.with_connect(as_user=None, blocked_by=None)) == hosts.UNKNOWN

    def test_near_miss_a_listener_without_holder_may_be_php_fpm(self) -> None:
        host = a_host("stopped").dialled("denied", 13).silent_logs().without_unit()
        host.without_listeners(listening=True).with_connect(as_user=None)
        assert hosts.found(host) == hosts.UNKNOWN


class TestAnotherEndpointThanItsOwn:
    def test_near_miss_it_is_only_likely(self) -> None:
        item = hosts.only(dialled_elsewhere("/run/php/php7.3-fpm.sock"))
        assert (item["reason"], item["confidence"]) == ("stopped", "likely")

    def test_near_miss_something_else_than_php_starts_nothing(self) -> None:
        host = dialled_elsewhere("/run/fcgiwrap.socket").with_route(location="/cgi-bin/", params={})
        assert hosts.only(host)["confidence"] == "possible" and hosts.actions(host) == []

    def test_near_miss_the_port_of_php_fpm_looks_like_php(self) -> None:
        host = a_host("stopped").with_route(location="/cgi-bin/", params={})
        host.dials("127.0.0.1:9000", family="inet", path=None, real_path=None)
        assert hosts.only(host)["confidence"] == "likely"

    def test_near_miss_pools_that_nobody_dials_are_not_started(self) -> None:
        """They would not serve the site, or serve it though nobody said so."""
        host = dialled_elsewhere("/tmp/php-cgi-82.sock")
        assert hosts.causes(host)[0][:2] == (CAUSE, "stopped") and hosts.actions(host) == []


class TestDecoys:
    def test_decoy_a_second_version_that_nobody_dials_is_nothing(self) -> None:
        host = a_host().another_master(
            hosts.master(a_host("stopped")),
            "unix:/run/php/php7.4-fpm.sock",
            config="/etc/php/7.4/fpm/php-fpm.conf",
            unit="php7.4-fpm.service",
            binary="/usr/sbin/php-fpm7.4",
        )
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_what_a_removed_package_left_is_no_master(self) -> None:
        host = a_host("old_socket")
        host.another_master(
            hosts.master(a_host("stopped")),
            hosts.key(host),
            config="/etc/php/7.3/fpm/php-fpm.conf",
            unit=None,
            unit_state=None,
            binary=None,
        )
        assert hosts.causes(host) == [("socket_path_mismatch", "other_socket", "active")]

    @pytest.mark.parametrize("signature", ["ng-connect-enoent", "ng-connect-econnrefused-unix"])
    def test_decoy_a_forged_connect_line_alone_is_no_finding(self, signature: str) -> None:
        assert hosts.causes(a_host().nginx_said(signature, 30.0)) == []

    def test_decoy_a_remote_php_fpm_is_not_ours_to_start(self) -> None:
        host = a_host("stopped").dials(hosts.REMOTE, **port("192.0.2.7", listening=None))
        assert CAUSE not in hosts.cause_ids(host.dialled("refused", 111))

    def test_decoy_php_fpm_behind_a_published_port_serves(self) -> None:
        """In a container: no master of ours runs, and the probe is answered all the same."""
        host = a_host("stopped").dialled("ok", None, "answered", 0.4).without_listeners(listening=True)
        host.with_listener(comm="docker-proxy", cmdline="docker-proxy")
        assert CAUSE not in [cause for cause, _reason, state in hosts.causes(host) if state == "active"]
