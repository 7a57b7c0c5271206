# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's error log: lines of php-fpm 7.4, 8.2 and 8.4, and what visitors and workers wrote into them."""

import os
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.log import (
    FpmLog,
    brief,
    classify,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("logs")
HOSTS = ["php7.4.33-debian11", "php8.2.36-debian12", "php8.4.28-debian13"]
STAMP = "[22-Nov-2026 22:50:00] "


def raw(name: str) -> bytes:
    with open(os.path.join(FIXTURES, name), "rb") as stream:
        return stream.read()


def read(text: bytes, since: float = 0) -> Tuple[List[Dict[str, Any]], FpmLog]:
    log = FpmLog("/var/log/php-fpm.log", "/etc/php/8.2/fpm/php-fpm.conf", since, 9e9, 0)
    position = 0
    for line in text.split(b"\n")[:-1]:
        log.feed(line, position)
        position += len(line) + 1
    return log.finish().list(), log


def counts(events: List[Dict[str, Any]]) -> Dict[Tuple[str, Optional[str]], int]:
    return {(event["signature"], event["pool"]): event["count"] for event in events}


class TestStarts:
    def test_hit_an_event_has_why_a_start_failed(self) -> None:
        """Of its newest line."""
        line = STAMP + "ERROR: unable to bind listening socket for address '10.9.9.%d:9000': Cannot (99)\n"
        (event,), _log = read((line % 8 + line % 9).encode())
        fault = event["detail"]["failure"]
        assert (fault["meaning"], fault["places"][0], fault["errno"]) == (
            "address_unavailable",
            "10.9.9.9:9000",
            99,
        )

    @pytest.mark.parametrize(
        "text",
        [
            "ERROR: fork() failed: Resource temporarily unavailable (11)",
            "NOTICE: ready to handle connections",
            'ERROR: [pool www] child 7 said into stderr: "ERROR: No pool defined"',
        ],
    )
    def test_near_miss_what_is_about_no_start(self, text: str) -> None:
        events, _log = read((STAMP + text + "\n").encode())
        assert events and not [event for event in events if "failure" in event["detail"]]


class TestRealLogs:
    @pytest.mark.parametrize("host", HOSTS)
    def test_failures_are_counted_by_meaning_per_pool(self, host: str) -> None:
        events, log = read(raw(host + "-failures"))
        counted = counts(events)
        assert log.untrusted == 0
        assert {event["master"] for event in events} == {"/etc/php/8.2/fpm/php-fpm.conf"}
        assert counted[("fpm-exit-sigsegv", "stat")] == 1
        assert counted[("fpm-exit-sigkill", "stat")] == 3
        assert counted[("fpm-exit-sigabrt", "stat")] == 1
        assert counted[("fpm-exit-sigterm", "term")] == counted[("fpm-terminate", "term")] == 1
        assert counted[("fpm-slow", "slow")] == 1
        assert (
            counted[("fpm-max-children-ondemand", "ond")] == counted[("fpm-max-children-dynamic", "dyn")] == 1
        )
        assert (
            counted[("fpm-reloading", None)]
            == counted[("fpm-log-reopened", None)]
            == counted[("fpm-bye", None)]
            == 1
        )
        if "debian13" in host:
            return  # where php-fpm was still being restarted, so the broken starts did not happen
        assert (
            counted[("fpm-bind-enoent", None)]
            == counted[("fpm-bind-addrinuse", None)]
            == counted[("fpm-uid", "dyn")]
            == 1
        )
        assert counted[("fpm-exec-failed-init", None)] == 3

    @pytest.mark.parametrize("host", HOSTS)
    def test_details_hold_limit_or_signal(self, host: str) -> None:
        events = {event["signature"]: event["detail"] for event in read(raw(host + "-failures"))[0]}
        assert events["fpm-max-children-dynamic"] == {"limit": 2}
        assert events["fpm-exit-sigkill"]["signal"] == 9
        if "debian13" not in host:
            assert events["fpm-bind-enoent"].pop("failure")["places"][0] == "/run/nodir/dyn.sock"
            assert events["fpm-bind-enoent"] == {"errno": 2, "address": "/run/nodir/dyn.sock"}
        assert events["fpm-terminate"]["script"] == "/var/www/shop/s.php"

    @pytest.mark.parametrize("host", HOSTS)
    def test_no_secret_of_a_request_is_kept(self, host: str) -> None:
        events = str(read(raw(host + "-failures"))[0])
        assert "s3cret" not in events and "hunter2" not in events

    @pytest.mark.parametrize("host", HOSTS)
    def test_near_miss_deaths_by_a_stop_at_level_debug(self, host: str) -> None:
        counted = counts(read(raw(host + "-debug"))[0])
        assert counted[("fpm-exit-sigkill", "stat")] == 1
        assert counted[("fpm-max-children-ondemand", "ond")] == 1
        assert not [
            name for name, _pool in counted if name.startswith("fpm-exit") and name != "fpm-exit-sigkill"
        ]


class TestForgery:
    """What visitors and workers write into the master's log."""

    @pytest.mark.parametrize("host", HOSTS)
    def test_worker_output_never_counts_as_the_master(self, host: str) -> None:
        events = read(raw(host + "-worker-output"))[0]
        assert {event["signature"] for event in events} == {"fpm-said-stderr", "fpm-disallowed"}
        assert all(event["detail"] == {"claimed": True} for event in events)

    @pytest.mark.parametrize("host", HOSTS)
    def test_line_feed_in_a_slow_request_forges_nothing(self, host: str) -> None:
        events, log = read(raw(host + "-hostile-path"))
        counted = counts(events)
        assert ("fpm-exit-sigkill", "www") not in counted
        assert (
            counted[("fpm-slow", "slow")]
            == counted[("fpm-terminate", "term")]
            == counted[("fpm-exit-sigterm", "term")]
            == 1
        )
        assert log.untrusted == 2

    def test_true_end_shows_that_an_earlier_end_was_forged(self) -> None:
        text = (
            STAMP + "WARNING: [pool www] child 9, script '/a.php' (request: \"GET /x\") executing too slow "
            "(1.0 sec), "
            "logging\n"
            + STAMP
            + "NOTICE: Terminating ...\n"
            + STAMP
            + 'NOTICE: y?a=b") executing too slow (1.234567 sec), logging\n'
            + STAMP
            + "NOTICE: exiting, bye-bye!\n"
        )
        events, log = read(text.encode("ascii"))
        assert {event["signature"] for event in events} == {"fpm-slow", "fpm-bye"} and log.untrusted == 1

    def test_open_path_ends_before_the_rest_of_the_log(self) -> None:
        text = (
            STAMP
            + "WARNING: [pool www] child 9, script '/a.php' (request: \"GET /x\n"
            + ("x" * 60 + "\n") * 40
            + STAMP
            + "NOTICE: exiting, bye-bye!\n"
        )
        assert [event["signature"] for event in read(text.encode("ascii"))[0]] == ["fpm-bye"]

    @pytest.mark.parametrize("host", HOSTS)
    def test_undecorated_worker_output_is_the_documented_limit(self, host: str) -> None:
        assert counts(read(raw(host + "-undecorated"))[0]) == {("fpm-exit-sigkill", "www"): 1}

    def test_decoy_own_error_log_of_php_in_the_same_file(self) -> None:
        assert read(b"[22-Nov-2026 22:50:00 UTC] PHP Fatal error:  x in /a.php on line 1\n")[0] == []


class TestMessages:
    @pytest.mark.parametrize(
        ("text", "identifier", "detail"),
        [
            ("on signal 10 (SIGUSR1)", "fpm-exit-signal", {"signal": 10, "seconds": 1.5}),
            ("with code 3", "fpm-exit-code", {"code": 3, "seconds": 1.5}),
        ],
    )
    def test_unknown_signal_or_code_keeps_its_number(
        self, text: str, identifier: str, detail: Dict[str, Any]
    ) -> None:
        row, pid, seen = classify("WARNING", "child 7 exited %s after 1.5 seconds from start" % text)
        assert row is not None and (row.id, pid, seen) == (identifier, 7, detail)

    def test_near_miss_error_that_looks_like_a_death(self) -> None:
        row, pid, _detail = classify(
            "ERROR", "child 7 exited on signal 9 (SIGKILL) after 1.5 seconds from start"
        )
        assert row is not None and (row.id, pid) == ("fpm-error", None)

    def test_sample_has_the_path_without_the_query(self) -> None:
        text = brief(
            STAMP + "WARNING: [pool w] child 9, script '/a.php' (request: \"GET /x?token=s3cret\") executing "
            "too slow "
            "(1.5 sec), logging"
        )
        assert 'GET /x?[redacted]") executing too slow' in text and "s3cret" not in text
