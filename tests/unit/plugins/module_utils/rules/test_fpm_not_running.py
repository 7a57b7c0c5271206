# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: which stopped master, why it does not run, and what only looks like one."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import start_failure
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "fpm_not_running"
# What php-fpm 8.2 says when an address is not this host's.
NOT_OUR_ADDRESS = "php-fpm8.2[83]: ERROR: unable to bind listening socket for address '10.9.9.9:9000': Cannot assign requested address (99)"
SYNTAX = "php-fpm8.2[110]: [22-Nov-2026 23:25:27] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:443] unknown entry 'pm.max_childern'"
STARTING = "systemd[1]: Starting php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager..."
STARTED = "systemd[1]: Started php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager."
STOPPING = "systemd[1]: Stopping php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager..."
FAILED = "systemd[1]: Failed to start php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager."


def failed_start(*lines: str) -> hosts.Snapshot:
    """The unit's last start ended with these lines, and php-fpm -t has nothing to say."""
    snapshot = seen("port_taken")
    hosts.unit(snapshot)["result"] = "exit-code"
    return hosts.journal(snapshot, *[(60.0, line) for line in (STARTING,) + lines + (FAILED,)])


def ended(result: str) -> hosts.Snapshot:
    snapshot = seen("killed_master")
    hosts.unit(snapshot)["result"] = result
    return snapshot


def removed() -> hosts.Snapshot:
    """The package was removed and left its configuration behind."""
    snapshot = seen("stopped")
    hosts.master(snapshot).update(binary=None, unit=None, unit_state=None)
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "stopped": lambda: seen("stopped"),
    "masked": lambda: seen("masked"),
    "config_invalid": lambda: seen("pool_syntax"),
    "unknown_user": lambda: seen("unknown_user"),
    "bind_failed": lambda: failed_start(NOT_OUR_ADDRESS),
    "address_in_use": lambda: seen("port_taken"),
    "runtime_dir_missing": lambda: seen("runtime_dir_missing"),
    "start_limit_hit": lambda: seen("start_limit_hit"),
    "crashed": lambda: seen("killed_master"),
    "oom_stopped": lambda: ended("oom-kill"),
    "not_installed": removed,
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_failing(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == "failing"


@pytest.mark.parametrize("fault, reason", [("was_down", "stopped")])
def test_hit_a_master_that_was_down_and_is_back_is_recovered(fault: str, reason: str) -> None:
    assert hosts.causes(seen(fault)) == [(CAUSE, reason, "recovered")]


def test_hit_a_stopped_unit_says_since_when_and_how_many_requests_were_lost() -> None:
    item = hosts.only(seen("stopped"))
    assert item["since"] == hosts.unit(seen("stopped"))["inactive_since"] and item["count"] == 3
    assert item["unit"] == "php8.2-fpm.service" and hosts.actions(seen("stopped")) == ["unit_start"]


def test_hit_one_stopped_unit_with_two_pools_is_one_finding_about_both_sites() -> None:
    snapshot = seen("two_path_and_permission")
    for name in ("unix:/run/php/blog.sock", "unix:/run/php/php8.2-fpm.sock"):
        snapshot["endpoints"][name].update(listening=False, listeners=[])
        snapshot["endpoints"][name]["connect"].update(
            result="missing", errno=2, error="No such file or directory", blocked_by=None
        )
        snapshot["endpoints"][name]["probe"].update(result="not_tried", ms=None)
    for route in snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            if route["site"] == "shop.example":
                target["endpoint"] = "unix:/run/php/php8.2-fpm.sock"
    stopped = hosts.master(seen("stopped"))
    hosts.master(snapshot).update(
        running=False, pid=None, started_at=None, unit_state=stopped["unit_state"], test=stopped["test"]
    )
    snapshot["workers"] = []
    item = hosts.only(snapshot)
    assert (item["cause"], item["reason"], sorted(item["sites"])) == (
        CAUSE,
        "stopped",
        ["blog.example", "shop.example"],
    )
    assert hosts.verdict(snapshot)["status"] == "failing"


def test_hit_the_port_of_another_pool_of_the_same_master_keeps_it_down_too() -> None:
    """php-fpm starts with all of its pools or with none."""
    snapshot = seen("port_taken")
    other = dict(
        hosts.pool(snapshot), name="shop", endpoint="unix:/run/php/shop.sock", listen="/run/php/shop.sock"
    )
    hosts.master(snapshot)["pools"].append(other)
    taken = snapshot["endpoints"][hosts.key(snapshot)]
    hosts.dials(
        snapshot,
        "unix:/run/php/shop.sock",
        family="unix",
        path="/run/php/shop.sock",
        port=None,
        listening=False,
        listeners=[],
    )
    hosts.dialled(snapshot, "missing", 2)
    snapshot["endpoints"]["127.0.0.1:9000"] = taken
    assert hosts.causes(snapshot) == [(CAUSE, "address_in_use", "active")]


def test_hit_nobody_answers_and_nothing_could_is_not_installed_without_a_single_request() -> None:
    snapshot = hosts.silent_logs(removed())
    snapshot["fpm"]["masters"] = []
    assert hosts.causes(snapshot) == [(CAUSE, "not_installed", "active")]


def test_hit_a_restart_loop_is_told_by_what_php_fpm_said() -> None:
    snapshot = failed_start(NOT_OUR_ADDRESS)
    hosts.unit(snapshot).update(active="activating", sub="auto-restart")
    assert hosts.causes(snapshot) == [(CAUSE, "bind_failed", "active")]


def test_hit_a_master_that_ended_with_an_error_of_its_own_was_not_stopped_by_anybody() -> None:
    assert hosts.causes(hosts.journal(ended("exit-code"))) == [(CAUSE, "crashed", "active")]


@pytest.mark.parametrize("result", ["signal", "core-dump", "watchdog"])
def test_hit_every_violent_end_is_a_crash(result: str) -> None:
    assert hosts.causes(ended(result)) == [(CAUSE, "crashed", "active")]


def test_hit_the_program_that_took_the_address_is_named() -> None:
    held = [
        piece["text"] for piece in hosts.only(seen("port_taken"))["evidence"] if piece["source"] == "socket"
    ]
    assert len(held) == 1 and held[0].startswith("it is held by python3 (pid ")


@pytest.mark.parametrize("result, errno, reason", [("refused", 111, "crashed"), ("missing", 2, "stopped")])
def test_hit_without_systemd_the_socket_that_was_left_behind_tells_a_crash_from_a_stop(
    result: str, errno: int, reason: str
) -> None:
    """A clean stop removes the socket."""
    snapshot = hosts.dialled(seen("stopped"), result, errno)
    hosts.master(snapshot).update(unit=None, unit_state=None)
    item = hosts.only(snapshot)
    assert (item["reason"], item["confidence"], item["remedy"]) == (reason, "likely", [])


def test_hit_a_stopped_unit_whose_sockets_directory_is_gone_needs_that_first() -> None:
    snapshot = seen("stopped")
    hosts.place(snapshot)["parents"] = [
        one for one in hosts.place(snapshot)["parents"] if one["path"] != "/run/php"
    ]
    assert hosts.only(snapshot)["reason"] == "runtime_dir_missing" and hosts.actions(snapshot) == [
        "runtime_directory_create",
        "unit_start",
    ]
    hosts.unit(snapshot)["runtime_directory"] = "php"  # systemd makes it at the start
    assert hosts.only(snapshot)["reason"] == "stopped" and hosts.actions(snapshot) == ["unit_start"]


def test_near_miss_errors_of_a_start_that_is_no_longer_in_the_journal_are_not_why_it_was_stopped() -> None:
    noise = "php-fpm8.2[35]: ERROR: [pool www] failed to ptrace(ATTACH) child 41: Operation not permitted (1)"
    assert hosts.causes(hosts.journal(seen("stopped"), (20.0, noise), (10.0, STOPPING))) == [
        (CAUSE, "stopped", "active")
    ]


def test_near_miss_a_start_failure_that_is_mended_leaves_only_a_start_to_be_done() -> None:
    """The configuration was repaired after the last try: php-fpm -t passes now."""
    snapshot = failed_start(SYNTAX)
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "active")]
    assert hosts.actions(snapshot) == ["unit_start"]


@pytest.mark.parametrize(
    "sandbox, reason, actions",
    [
        ({"TemporaryFileSystem": "/run/php:ro"}, "bind_failed", []),
        ({"PrivateTmp": "yes"}, "stopped", ["unit_start"]),
    ],
)
def test_a_directory_that_the_units_own_sandbox_hides_is_there_and_still_no_start_helps(
    sandbox: Dict[str, str], reason: str, actions: Any
) -> None:
    snapshot = seen("runtime_dir_missing")
    hosts.place(snapshot)["parents"] = hosts.place(seen("stopped"))["parents"]
    hosts.unit(snapshot)["sandbox"] = sandbox
    item = hosts.only(snapshot)
    assert (item["reason"], hosts.actions(snapshot)) == (reason, actions)
    assert ("TemporaryFileSystem=/run/php:ro" in item["summary"]) == (reason == "bind_failed")


def test_near_miss_a_directory_that_is_back_is_not_missing() -> None:
    snapshot = seen("runtime_dir_missing")
    hosts.place(snapshot)["parents"] = hosts.place(seen("stopped"))["parents"]
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "active")]


def test_near_miss_a_port_that_is_free_again_is_not_taken() -> None:
    snapshot = hosts.dialled(seen("port_taken"), "refused", 111)
    hosts.place(snapshot).update(listening=False, listeners=[])
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "active")]


def test_near_miss_an_error_that_php_fpm_logged_while_it_ran_is_not_why_it_was_stopped() -> None:
    noise = "php-fpm8.2[35]: [22-Nov-2026 23:20:00] ERROR: [pool www] failed to ptrace(ATTACH) child 41: Operation not permitted (1)"
    snapshot = hosts.journal(
        seen("stopped"), (300.0, STARTING), (299.0, STARTED), (200.0, noise), (10.0, STOPPING)
    )
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "active")]


GHOST = "[26-Nov-2026 02:00:00] ERROR: [pool www] cannot get uid for user 'ghost'"


@pytest.mark.parametrize(
    "line",
    [
        "php-fpm[951]: " + GHOST,
        'php-fpm[951]: [26-Nov-2026 02:00:00] WARNING: [pool www] child 12 said into stderr: "%s"' % GHOST,
    ],
)
def test_near_miss_words_of_a_php_that_ran_are_not_why_its_master_crashed(line: str) -> None:
    snapshot = hosts.journal(ended("signal"), (300.0, STARTING), (299.0, STARTED), (200.0, line))
    assert hosts.causes(snapshot) == [(CAUSE, "crashed", "active")] and hosts.actions(snapshot) == [
        "unit_start"
    ]
    hosts.unit(snapshot)["result"] = "exit-code"
    assert hosts.causes(snapshot) == [(CAUSE, "crashed", "active")] and hosts.actions(snapshot) == [
        "unit_start"
    ]


def test_near_miss_an_account_that_no_pool_names_is_not_what_the_start_lacks() -> None:
    snapshot = failed_start("php-fpm[951]: " + GHOST)
    assert hosts.causes(snapshot) == [(CAUSE, "crashed", "active")] and hosts.actions(snapshot) == [
        "unit_start"
    ]
    hosts.pool(snapshot)["user"] = "ghost"
    assert (
        hosts.causes(snapshot) == [(CAUSE, "unknown_user", "active")]
        and hosts.only(snapshot)["confidence"] == "likely"
    )


def test_hit_a_unit_of_type_simple_has_started_before_php_fpm_says_why_it_ends() -> None:
    snapshot = hosts.journal(seen("port_taken"), (61.0, STARTED), (60.0, NOT_OUR_ADDRESS))
    hosts.unit(snapshot)["result"] = "exit-code"
    assert hosts.causes(snapshot) == [(CAUSE, "bind_failed", "active")]


def test_near_miss_php_fpms_words_that_look_like_systemds_begin_no_attempt() -> None:
    said = "php-fpm[7]: [26-Nov-2026 02:00:00] NOTICE: systemd[1]: Started php8.2-fpm.service"
    assert hosts.causes(failed_start(NOT_OUR_ADDRESS, said)) == [(CAUSE, "bind_failed", "active")]


def test_near_miss_the_start_limit_of_an_earlier_start_is_over() -> None:
    snapshot = seen("start_limit_hit")
    hosts.unit(snapshot).update(start_limit_hit=False, result="success")
    hosts.journal(
        snapshot,
        (300.0, "systemd[1]: php8.2-fpm.service: Start request repeated too quickly."),
        (200.0, STARTING),
        (199.0, STARTED),
    )
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "active")]


def test_near_miss_a_failure_of_last_week_is_not_why_it_was_down_today() -> None:
    snapshot = seen("was_down")
    hosts.unit(snapshot)["log"].insert(0, {"at": hosts.now(snapshot) - 7 * 86400, "text": SYNTAX})
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "recovered")]


def test_near_miss_a_failure_in_between_is_why_it_was_down_today() -> None:
    snapshot = seen("was_down")
    hosts.unit(snapshot)["log"].insert(-2, {"at": hosts.master(snapshot)["started_at"] - 0.5, "text": SYNTAX})
    assert hosts.causes(snapshot) == [(CAUSE, "config_invalid", "recovered")]


def test_near_miss_requests_lost_while_it_ran_were_not_lost_because_it_was_down() -> None:
    """Its journal has no stop before the losses, only the restart that mended something else."""
    snapshot = seen("was_down")
    lost = next(one for one in snapshot["logs"]["events"] if one["source"] == "nginx")
    lost.update(times=[at - 300 for at in lost["times"]], first=lost["first"] - 300, last=lost["last"] - 300)
    hosts.unit(snapshot)["log"] = [
        dict(line, at=line["at"] - 400) if "Start" in line["text"] and number < 2 else line
        for number, line in enumerate(hosts.unit(snapshot)["log"])
    ]
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_near_miss_down_before_and_restarted_later_still_was_down() -> None:
    snapshot = seen("was_down")
    first = next(one for one in snapshot["logs"]["events"] if one["source"] == "nginx")["first"]
    hosts.unit(snapshot)["log"] = [
        {"at": first + after, "text": text}
        for after, text in (
            (20.0, STARTING),
            (21.0, STARTED),
            (100.0, STOPPING),
            (101.0, STARTING),
            (101.5, STARTED),
        )
    ]
    hosts.master(snapshot)["started_at"] = first + 101.0
    assert hosts.causes(snapshot) == [(CAUSE, "stopped", "recovered")]


def test_near_miss_losses_older_and_younger_than_its_start_have_another_cause() -> None:
    snapshot = hosts.nginx_said(seen("was_down"), "ng-connect-enoent", 1.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_near_miss_a_master_hidden_from_us_runs_when_systemd_says_so() -> None:
    """Without root, hidepid= keeps processes from us."""
    snapshot = hosts.unseen(hosts.silent_logs(seen("socket_root")), "connect_as_nginx")
    hosts.master(snapshot).update(running=False, pid=None, started_at=None)
    hosts.place(snapshot).update(listeners=[])
    hosts.place(snapshot)["connect"].update(as_user=None, blocked_by=None)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_near_miss_a_listener_without_a_known_holder_may_be_php_fpm() -> None:
    snapshot = hosts.silent_logs(hosts.dialled(seen("stopped"), "denied", 13))
    hosts.master(snapshot).update(unit=None, unit_state=None)
    hosts.place(snapshot).update(listening=True, listeners=[])
    hosts.place(snapshot)["connect"].update(as_user=None)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_near_miss_a_stopped_master_that_does_not_serve_what_nginx_dials_is_only_likely() -> None:
    snapshot = hosts.dials(
        seen("stopped"),
        "unix:/run/php/php7.3-fpm.sock",
        path="/run/php/php7.3-fpm.sock",
        real_path="/run/php/php7.3-fpm.sock",
    )
    assert (hosts.only(snapshot)["reason"], hosts.only(snapshot)["confidence"]) == ("stopped", "likely")


def test_near_miss_something_else_than_php_behind_fastcgi_pass_starts_nothing() -> None:
    snapshot = hosts.dials(
        seen("stopped"),
        "unix:/run/fcgiwrap.socket",
        path="/run/fcgiwrap.socket",
        real_path="/run/fcgiwrap.socket",
    )
    snapshot["nginx"]["routes"][0].update(location="/cgi-bin/", params={})
    assert hosts.only(snapshot)["confidence"] == "possible" and hosts.actions(snapshot) == []
    hosts.dials(snapshot, "127.0.0.1:9000", family="inet", path=None, real_path=None)
    assert hosts.only(snapshot)["confidence"] == "likely"


def test_near_miss_nothing_installed_and_a_container_with_php_fpm_is_not_for_us_to_say() -> None:
    snapshot = hosts.unseen(removed(), "fpm_container")
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_decoy_a_stopped_second_version_that_nobody_dials_is_nothing() -> None:
    snapshot = seen("plain")
    old = hosts.master(seen("stopped"))
    old.update(
        config="/etc/php/7.4/fpm/php-fpm.conf", unit="php7.4-fpm.service", binary="/usr/sbin/php-fpm7.4"
    )
    old["pools"][0]["endpoint"] = "unix:/run/php/php7.4-fpm.sock"
    snapshot["fpm"]["masters"].append(old)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_the_configuration_of_a_removed_package_is_no_master() -> None:
    snapshot = seen("old_socket")
    left = hosts.master(seen("stopped"))
    left.update(config="/etc/php/7.3/fpm/php-fpm.conf", unit=None, unit_state=None, binary=None)
    left["pools"][0]["endpoint"] = hosts.key(snapshot)
    snapshot["fpm"]["masters"].append(left)
    assert hosts.causes(snapshot) == [("socket_path_mismatch", "other_socket", "active")]


@pytest.mark.parametrize("signature", ["ng-connect-enoent", "ng-connect-econnrefused-unix"])
def test_decoy_a_forged_connect_line_alone_is_no_finding(signature: str) -> None:
    assert hosts.causes(hosts.nginx_said(seen("plain"), signature, 30.0)) == []


def test_decoy_a_remote_php_fpm_is_not_ours_to_start() -> None:
    snapshot = hosts.dials(
        seen("stopped"),
        "192.0.2.7:9000",
        family="inet",
        address="192.0.2.7",
        port=9000,
        path=None,
        listening=None,
    )
    hosts.dialled(snapshot, "refused", 111)
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_decoy_php_fpm_in_a_container_behind_a_published_port_serves() -> None:
    """No master of ours runs, and the probe is answered all the same."""
    snapshot = seen("stopped")
    hosts.dialled(snapshot, "ok", None, "answered", 0.4)
    hosts.place(snapshot).update(
        listening=True,
        listeners=[{"pid": 9, "comm": "docker-proxy", "exe": None, "cmdline": "docker-proxy", "fpm": False}],
    )
    assert CAUSE not in [cause for cause, _reason, state in hosts.causes(snapshot) if state == "active"]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("ERROR: [pool www] cannot get gid for group 'deploy'", "unknown_user"),
        ("ERROR: Another FPM instance seems to already listen on /run/php/php8.2-fpm.sock", "address_in_use"),
        (
            "ERROR: unable to bind listening socket for address '/run/x/y.sock': Permission denied (13)",
            "bind_failed",
        ),
        (
            (
                "ERROR: unable to bind listening socket for address '/run/x/y.sock': No such file or "
                "directory "
                "(2)"
            ),
            "runtime_dir_missing",
        ),
        ("ALERT: [pool www] pm.max_children must be a positive value", "config_invalid"),
        (
            "ERROR: No pool defined. at least one pool section must be specified in config file",
            "config_invalid",
        ),
    ],
)
def test_what_php_fpm_says_of_a_failed_start_names_the_reason(line: str, reason: str) -> None:
    failure = start_failure(["NOTICE: something", "ERROR: FPM initialization failed", line])
    assert failure is not None and (failure.reason, failure.text) == (reason, line)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: FPM initialization failed",
        "NOTICE: exiting, bye-bye!",
        "WARNING: [pool www] server reached pm.max_children setting (5)",
        "WARNING: [pool www] child 12 said into stderr: \"ERROR: [pool www] cannot get uid for user 'ghost'\"",
        (
            'WARNING: [pool www] child 12 said into stdout: "ERROR: unable to bind listening socket for '
            "address '/x': No such file or directory (2)\""
        ),
        (
            'php-fpm[9]: [26-Nov-2026 02:00:00] WARNING: [pool www] child 12 said into stderr: "ALERT: '
            "[pool x] "
            'PHP:  syntax error, unexpected"'
        ),
        "NOTICE: PHP message: ERROR: No pool defined",
        "php-fpm[9]: x ERROR: cannot get uid for user 'ghost'",
        "NOTICE: configuration file ERROR: [/etc/php-fpm.conf:3] is fine",
    ],
)
def test_other_lines_say_nothing_of_why_a_start_failed(line: str) -> None:
    assert start_failure([line]) is None


def test_near_miss_a_stopped_unit_whose_pools_nobody_dials_is_not_started() -> None:
    """It would not serve the site, or serve it without anybody's word."""
    snapshot = hosts.dials(
        seen("stopped"),
        "unix:/tmp/php-cgi-82.sock",
        path="/tmp/php-cgi-82.sock",
        real_path="/tmp/php-cgi-82.sock",
    )
    assert hosts.causes(snapshot)[0][:2] == (CAUSE, "stopped") and hosts.actions(snapshot) == []
