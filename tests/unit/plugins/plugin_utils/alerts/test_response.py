# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""A response from the alert to its end: what is decided, what is written, whom it asks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import policy, response, store
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.alerts.test_policy import (
    ONLY,
    planned,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import answer, finding

NOW = 1795734000.0
HOSTS = {"web01": None, "web02": "10.1.2.3", "web03": "10.9.9.9", "web04": "10.9.9.9"}
INVENTORY = {**HOSTS, "db01": "10.7.7.7", "alias01": "10.1.2.3", "bastion": None}
MENDS = policy.read({"rules": [{"decision": "mend", "cause": "fpm_not_running"}]})
ASKS = policy.read({})


def alert(host: Any = "web01", status: str = "firing", name: Any = "WebmedicSiteErrors") -> Any:
    entry = {"name": name, "pool": "www", "cause": None, "since": None, "fingerprint": None}
    return {"host": host, "status": status, "alerts": [entry], "refused": []}


class Directory:
    def __init__(self, path: Path) -> None:
        self.path = path

    def caller(self, now: float = NOW, writes: bool = True) -> response.Caller:
        return response.Caller(store.Store(str(self.path), writes), "ops, job 7", os.getpid(), now, writes)

    def admit(self, raw: Any = None, rules: Any = None, now: float = NOW) -> response.Admitted:
        return response.admit(
            self.caller(now), rules or ASKS, alert() if raw is None else raw, HOSTS, INVENTORY
        )

    @property
    def lines(self) -> list[Any]:
        path = self.path / store.LOG
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def decisions(self) -> list[Any]:
        return [(line["step"], line["decision"]) for line in self.lines]

    @property
    def held(self) -> Any:
        return json.loads((self.path / store.BOOK).read_text())["held"]

    @property
    def requests(self) -> list[str]:
        return sorted(os.listdir(self.path / store.REQUESTS))


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "alerts")


def entry(raw: Any) -> Any:
    return report.build({"web01": raw}, 900, 0, False, ["web01"])["hosts"]["web01"]


def broken(**more: Any) -> Any:
    return entry(answer("failing", finding(**more), plan=[planned(0)]))


def scraped(instance: Any, host: str = "web02") -> Any:
    message = alert(host)
    message["alerts"][0]["instance"] = instance
    return message


class TestSource:
    """A host writes what labels it likes into its metrics. Where it was scraped it cannot write."""

    @pytest.mark.parametrize("instance", ["web01", "db01", "bastion", "10.7.7.7", "10.9.9.9"])
    @pytest.mark.parametrize("host", ["web02", "10.1.2.3"])
    def test_another_host_cannot_call_for_one(self, place: Directory, instance: str, host: str) -> None:
        admitted = place.admit(scraped(instance, host))
        assert (admitted.host, admitted.decision) == (None, "refuse")
        assert instance in place.lines[0]["why"] and not (place.path / store.BOOK).exists()

    @pytest.mark.parametrize(
        "instance",
        ["web02", "10.1.2.3", "alias01", "web02.example", "192.0.2.1", "localhost", "127.0.0.1", None],
    )
    def test_near_miss_its_own_target_or_an_unknown_one_can(self, place: Directory, instance: Any) -> None:
        assert place.admit(scraped(instance)).host == "web02"

    def test_only_the_alerts_of_another_host_are_dropped(self, place: Directory) -> None:
        message = scraped("db01")
        message["alerts"].append({**scraped("web02")["alerts"][0], "name": "Own"})
        admitted = place.admit(message)
        assert admitted.host == "web02" and admitted.event is not None
        assert [item["name"] for item in admitted.event["alerts"]] == ["Own"]


class TestAdmit:
    def test_an_alert_of_a_host_is_admitted_and_holds_it(self, place: Directory) -> None:
        admitted = place.admit()
        assert (admitted.host, admitted.decision) == ("web01", "admit")
        assert place.held["web01"]["id"] == admitted.id
        (line,) = place.lines
        assert (line["who"], line["host"], line["alerts"]) == (
            "ops, job 7",
            "web01",
            ["WebmedicSiteErrors (pool www)"],
        )
        assert line["at"] == "2026-11-26 23:00:00 UTC" and line["why"] and line["id"] == admitted.id

    def test_an_address_means_its_only_host(self, place: Directory) -> None:
        assert place.admit(alert("10.1.2.3")).host == "web02"
        assert place.admit(alert("10.9.9.9")).host is None

    @pytest.mark.parametrize(
        "host",
        [
            "all",
            "ungrouped",
            "localhost",
            "web0",
            "web01.",
            "WEB01",
            "web05",
            "web*",
            "!web02",
            "web01,web02",
            "web01:web02",
        ],
    )
    def test_no_group_pattern_or_stranger_is_a_host(self, place: Directory, host: str) -> None:
        admitted = place.admit(alert(host))
        assert (admitted.host, admitted.decision, place.decisions) == (None, "refuse", [("admit", "refuse")])
        assert not (place.path / store.BOOK).exists()

    @pytest.mark.parametrize(
        "raw",
        [
            None, 7, [], "web01", {}, {"host": "web01"}, {"host": "web01", "status": "burning"},
            {**alert(), "alerts": "x"}, {**alert(), "alerts": [7]}, alert(name="{{ x }}"), alert(7),
            alert(["web01"]), {**alert(), "status": "refused"}, {**alert("-")},
        ],
    )  # fmt: skip
    def test_what_is_no_event_is_refused(self, place: Directory, raw: Any) -> None:
        admitted = response.admit(place.caller(), ASKS, raw, HOSTS, INVENTORY)
        assert (admitted.host, admitted.decision, place.decisions) == (None, "refuse", [("admit", "refuse")])
        assert "{{" not in (place.path / store.LOG).read_text()

    def test_what_the_filter_refused_is_logged(self, place: Directory) -> None:
        refused = {"why": "its label names no host", "shown": "?web02"}
        place.admit({"host": "-", "status": "refused", "alerts": [], "refused": [refused]})
        assert "(?web02)" in place.lines[0]["why"]

    def test_one_that_is_over_does_nothing(self, place: Directory) -> None:
        assert place.admit(alert(status="resolved")).host is None
        assert place.decisions == [("admit", "resolved")]

    def test_a_second_one_waits_for_nobody(self, place: Directory) -> None:
        place.admit()
        assert place.admit().decision == "busy"

    def test_too_many_ask_a_person_once(self, place: Directory) -> None:
        for number in range(4):
            admitted = place.admit(now=NOW + number)
            response.close(place.caller(), admitted, None, entry(answer()), None, None)
        first, second = place.admit(now=NOW + 5), place.admit(now=NOW + 6)
        assert (first.decision, second.decision) == ("throttle", "throttle")
        assert first.request is not None and second.request is None
        assert place.decisions[-2:] == [("admit", "throttle")] * 2

    def test_in_check_mode_nothing_is_written(self, place: Directory) -> None:
        admitted = response.admit(place.caller(writes=False), ASKS, alert(), HOSTS, INVENTORY)
        assert admitted.host == "web01" and not place.path.exists()


def closed(place: Directory, rules: Any, before: Any, after: Any = None, decided: bool = True) -> Any:
    """(decision, what came of it, request)."""
    admitted = place.admit(rules=rules)
    made = response.decide(place.caller(), rules, admitted, before, "/r/1") if decided else None
    outcome, request = response.close(place.caller(), admitted, made, before, after, "/r/1")
    return made, outcome, request


class TestResponse:
    def test_what_policy_allows_is_mended_and_nobody_is_asked(self, place: Directory) -> None:
        done = entry(remedied("done"))
        made, outcome, request = closed(place, MENDS, broken(), done)
        assert (made["only"], outcome, request, place.held) == (ONLY, "mended", None, {})
        assert place.decisions == [("admit", "admit"), ("decide", "mend"), ("close", "mended")]
        assert place.lines[1]["actions"] == ["unit_start"] and place.lines[1]["report"] == "/r/1"
        assert place.lines[1]["findings"][0]["why"] == "respond_policy.rules[0] says mend"

    def test_what_it_does_not_allow_is_asked(self, place: Directory) -> None:
        made, outcome, request = closed(place, ASKS, broken())
        assert (made["only"], outcome, place.held) == ([], "ask", {})
        assert [why for _finding, why in request.left] == ["no rule of respond_policy is about it"]

    def test_what_was_rolled_back_is_asked(self, place: Directory) -> None:
        undone = entry(remedied("rolled_back"))
        _made, outcome, request = closed(place, MENDS, broken(), undone)
        assert outcome == "failed" and request is not None

    def test_what_the_remediation_left_is_asked(self, place: Directory) -> None:
        left = entry(remedied("refused", why="its risk is high"))
        _made, outcome, request = closed(place, MENDS, broken(), left)
        assert outcome == "ask" and len(request.left) == 1

    def test_a_response_that_broke_off_asks_and_frees_the_host(self, place: Directory) -> None:
        lost = report.build({"web01": {"unreachable": True, "msg": "no route"}}, 900, 0)["hosts"]["web01"]
        _made, outcome, request = closed(place, MENDS, lost, decided=False)
        assert (outcome, place.held) == ("failed", {}) and "no route" in request.why

    def test_a_remediation_without_an_answer_is_no_success(self, place: Directory) -> None:
        _made, outcome, request = closed(place, MENDS, broken(), entry({"failed": True, "msg": "timeout"}))
        assert outcome == "failed" and request is not None

    def test_many_hosts_at_once_are_asked_not_mended(self, place: Directory) -> None:
        with place.caller().store.opened() as kept:
            kept["mends"] = [{"host": "x%d" % number, "at": NOW} for number in range(3)]
        made, outcome, request = closed(place, MENDS, broken())
        assert (made["only"], outcome) == ([], "ask") and "fleet_mends" in request.left[0][1]

    def test_the_hold_is_renewed_before_a_host_is_mended(self, place: Directory) -> None:
        admitted = place.admit(rules=MENDS)
        later = place.caller(NOW + 200)._replace(lasts=3600)
        response.decide(later, MENDS, admitted, broken(), None)
        held = place.held["web01"]
        assert held["at"] == NOW + 200 and held["lease"] > 3600

    def test_one_that_has_lost_its_host_mends_nothing(self, place: Directory) -> None:
        admitted = place.admit(rules=MENDS)
        with place.caller().store.opened() as kept:
            kept["held"]["web01"]["id"] = "another"
        made = response.decide(place.caller(), MENDS, admitted, broken(), None)
        assert (made["decision"], made["only"]) == ("ask", [])
        assert "response another does" in made["why"] and place.held["web01"]["id"] == "another"

    def test_a_healthy_host_closes_its_request(self, place: Directory) -> None:
        _made, _outcome, request = closed(place, ASKS, broken())
        response.ask(place.caller(), request, lambda _request: "")
        assert place.requests == ["web01.txt"]
        admitted = place.admit(now=NOW + 9)
        response.withdraw(place.caller(), admitted)
        assert place.requests == [] and place.decisions[-1] == ("ask", "withdrawn")

    def test_another_host_cannot_be_decided_on(self, place: Directory) -> None:
        with pytest.raises(ValueError):
            response.decide(place.caller(), MENDS, place.admit(alert("all")), broken(), None)


class TestAsk:
    def test_the_file_says_what_why_and_how(self, place: Directory) -> None:
        _made, _outcome, request = closed(place, ASKS, broken())
        path = response.ask(place.caller(), request, lambda _request: "")
        text = Path(path).read_text()
        assert text.startswith("A person is needed for web01: fpm_not_running/stopped.\n")
        for words in (
            "asked:  2026-11-26 23:00:00 UTC, by response ",
            "alerts: WebmedicSiteErrors (pool www)",
            "php8.2-fpm.service is stopped.",
            "left to you, since: no rule of respond_policy is about it",
            "do: systemctl start php8.2-fpm.service",
            "report: /r/1",
            "remediate -e remediate_hosts=web01 --check --diff",
        ):
            assert words in text

    def test_words_of_a_host_act_on_nothing(self, place: Directory) -> None:
        evil = "x\x1b[2J\n{{ lookup('pipe', 'id') }}\u202e" + "y" * 5000
        _made, _outcome, request = closed(place, ASKS, broken(summary=evil[:900], pool="{{ 7*7 }}\x1b[1m"))
        text = Path(response.ask(place.caller(), request, lambda _request: "")).read_text()
        assert "\x1b" not in text and "{{" not in text and "\u202e" not in text and "\n{ {" not in text

    def test_for_the_same_nobody_is_called_again(self, place: Directory) -> None:
        sent: list[Any] = []
        for _time in range(2):
            _made, _outcome, request = closed(place, ASKS, broken())
            response.ask(place.caller(), request, lambda wanted: str(sent.append(wanted) or ""))
        assert len(sent) == 1 and place.decisions[-1] == ("ask", "asked_again")
        _made, _outcome, request = closed(place, ASKS, broken(reason="masked"))
        response.ask(place.caller(), request, lambda wanted: str(sent.append(wanted) or ""))
        assert len(sent) == 2

    def test_what_does_not_arrive_is_logged(self, place: Directory) -> None:
        _made, _outcome, request = closed(place, ASKS, broken())
        response.ask(place.caller(), request, lambda _request: "PUT https://x: refused")
        assert place.decisions[-2:] == [("ask", "asked"), ("ask", "not_sent")]
