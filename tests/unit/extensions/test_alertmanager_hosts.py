# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the event filter lets through of a message of Alertmanager. Its labels may be anybody's words."""

from __future__ import annotations

import json
import os
import runpy
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import event
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PATH = os.path.join(ROOT, "extensions", "eda", "plugins", "event_filter", "alertmanager_hosts.py")
HOSTILE = (
    "!web01",
    "*",
    "web*",
    "~web.*",
    "web01,web02",
    "web01:web02",
    "web01:!web02",
    "web[1:3]",
    "&web",
    "@/etc/hosts",
    "-i/tmp/x",
    "../../etc/passwd",
    "/etc/passwd",
    "web01\n",
    "web01\nweb02",
    "web01\x00",
    "web01 web02",
    "$(reboot)",
    "`reboot`",
    "web01;reboot",
    "{{ lookup('pipe', 'id') }}",
    "{% for x in y %}",
    "{# x #}",
    "wéb01",
    "web０1",
    "web01.",
    ".web01",
    "",
    "a" * 300,
    "web01:99999999",
    7,
    True,
    None,
    1.5,
    ["web01"],
    {"web01": 1},
)


@pytest.fixture(name="filter")
def _filter() -> Any:
    """As ansible-rulebook loads it, with a memory of its own."""
    return runpy.run_path(PATH)


def alert(host: Any = "web01", name: Any = "WebmedicPoolSaturated", **more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {
            "alertname": name,
            "host": host,
            "instance": "10.1.2.3:9100",
            "pool": "www",
            "cause": "max_children_exhausted",
        },
        "annotations": {"summary": "{{ 7 * 7 }}", "runbook_url": "https://x.example/$(id)"},
        "startsAt": "2026-11-26T23:00:00.123Z",
        "fingerprint": "ab12cd",
        "generatorURL": "http://x/{{ y }}",
        **more,
    }


def of(instance: str, host: str, name: str = "X") -> dict[str, Any]:
    """An alert from the target that was scraped."""
    entry = alert(host, name)
    entry["labels"]["instance"] = instance
    return entry


def message(*alerts: Any) -> dict[str, Any]:
    return {
        "payload": {"version": "4", "status": "firing", "alerts": list(alerts)},
        "meta": {"headers": {"X": "{{ x }}"}, "hosts": ["all"]},
    }


def made(filter: Any, *alerts: Any, **options: Any) -> list[Any]:
    return [item["webmedic"] for item in filter["main"](message(*alerts), **options)]


class TestHosts:
    def test_an_alert_becomes_an_event_of_names_alone(self, filter: Any) -> None:
        assert filter["main"](message(alert())) == [
            {
                "webmedic": {
                    "host": "web01",
                    "status": "firing",
                    "alerts": [
                        {
                            "name": "WebmedicPoolSaturated",
                            "pool": "www",
                            "cause": "max_children_exhausted",
                            "since": "2026-11-26T23:00:00.123Z",
                            "fingerprint": "ab12cd",
                            "instance": "10.1.2.3",
                        }
                    ],
                    "refused": [],
                }
            }
        ]

    def test_alerts_of_a_host_become_one_event(self, filter: Any) -> None:
        found = made(filter, alert(), alert(name="WebmedicSiteErrors"), alert("web02"))
        assert [(item["host"], len(item["alerts"])) for item in found] == [("web01", 2), ("web02", 1)]

    def test_an_instance_loses_its_port(self, filter: Any) -> None:
        plain = alert()
        plain["labels"] = {"alertname": "X", "instance": "10.1.2.3:9100"}
        assert made(filter, plain)[0]["host"] == "10.1.2.3"
        assert made(filter, alert("web02:9100"))[0]["host"] == "web02"

    def test_near_miss_a_wrong_host_leaves_the_instance_alone(self, filter: Any) -> None:
        wrong = alert("*")
        wrong["labels"]["instance"] = "web01:9100"
        assert [item["host"] for item in made(filter, wrong)] == [event.NO_HOST]

    @pytest.mark.parametrize("host", HOSTILE)
    def test_what_is_no_name_is_refused_and_shown_safely(self, filter: Any, host: Any) -> None:
        (found,) = filter["main"](message(alert(host)))
        assert found["webmedic"]["status"] == "refused" and found["webmedic"]["alerts"] == []
        assert set(json.dumps(found)) <= set(map(chr, range(32, 127))) - set("$`;|\\")
        assert "{{" not in json.dumps(found).replace('{"webmedic": {', "") and "{%" not in json.dumps(found)
        assert event.read(found["webmedic"])["host"] == event.NO_HOST

    @pytest.mark.parametrize("word", ["{{ x }}", "x\ny", 7, None, ["x"], "a" * 201])
    def test_other_labels_that_are_no_names_are_dropped(self, filter: Any, word: Any) -> None:
        entry = alert(name=word, startsAt=word, fingerprint=word)
        entry["labels"].update(pool=word, cause=word, instance=word)
        (found,) = made(filter, entry)
        assert set(found["alerts"][0].values()) == {None}

    def test_a_status_of_another_kind_is_refused(self, filter: Any) -> None:
        assert [item["status"] for item in made(filter, alert(status="{{ x }}"))] == ["refused"]
        assert [item["status"] for item in made(filter, alert(status="resolved"))] == ["resolved"]


class TestPayloads:
    @pytest.mark.parametrize(
        "payload", [None, [], 7, "x", {}, {"alerts": None}, {"alerts": {}}, {"alerts": "web01"}]
    )
    def test_what_is_no_message_is_refused(self, filter: Any, payload: Any) -> None:
        (found,) = filter["main"]({"payload": payload, "meta": {}})
        assert found["webmedic"]["refused"][0]["why"] == "it is no message of Alertmanager"

    @pytest.mark.parametrize("item", [None, 7, "x", [], {}, {"labels": None}, {"labels": "host"}])
    def test_an_alert_without_labels_costs_no_other(self, filter: Any, item: Any) -> None:
        assert [found["host"] for found in made(filter, item, alert())] == ["web01", "-"]

    def test_a_huge_message_makes_few_events(self, filter: Any) -> None:
        found = made(filter, *(of("i%d" % number, "web%d" % number) for number in range(5000)))
        assert len(found) == 120 + 1
        assert found[-1]["refused"] == [{"why": "too many hosts at once", "shown": "4880 of 5000 left"}]
        assert [event.read(item)["host"] for item in found][-1] == "-"

    def test_the_hosts_that_were_left_come_with_the_repeat(
        self, filter: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Alertmanager sends the same message again, in the same order."""
        sent = [of("i%d" % number, "web%d" % number) for number in range(250)]
        came = set()
        for at in (0.0, 1800.0, 3600.0):
            monkeypatch.setattr(filter["time"], "monotonic", lambda at=at: at)
            came |= {item["host"] for item in made(filter, *sent)}
        assert came == {"web%d" % number for number in range(250)} | {"-"}

    @pytest.mark.parametrize("most", [2, 50, 100])
    def test_a_message_larger_than_a_minute_is_no_error(self, filter: Any, most: int) -> None:
        sent = [of("i%d" % number, "web%d" % number) for number in range(101)]
        assert len(made(filter, *sent, most_per_minute=most)) == most + 1

    def test_one_instance_leaves_room_for_the_others(self, filter: Any) -> None:
        forged = [of("web66", "x%d" % number) for number in range(500)]
        assert [item["host"] for item in made(filter, *forged, of("web01", "web01"))][-2:] == ["web01", "-"]
        assert [item["host"] for item in made(filter, *forged[200:], of("web02", "web02"))][-2:] == [
            "web02",
            "-",
        ]

    def test_very_many_alerts_of_a_host_are_cut(self, filter: Any) -> None:
        found = made(filter, *(of("i%d" % (number % 9), "web01", "A%d" % number) for number in range(400)))
        assert [len(item["alerts"]) for item in found] == [filter["MOST_OF_HOST"]]

    def test_one_instance_does_not_push_out_the_own_alert(self, filter: Any) -> None:
        forged = [of("web66", "web01", "A%d" % number) for number in range(50)]
        (found,) = made(filter, *forged, of("web01:9100", "web01", "Own"))
        assert {"web01", "web66"} == {item["instance"] for item in found["alerts"]}


class TestMemory:
    def test_a_replay_is_not_handed_on(self, filter: Any) -> None:
        assert len(made(filter, alert())) == 1
        assert made(filter, alert()) == []

    def test_near_miss_another_alert_or_its_end_is(self, filter: Any) -> None:
        made(filter, alert())
        assert len(made(filter, alert(fingerprint="ff"))) == 1
        assert len(made(filter, alert(status="resolved"))) == 1
        assert len(made(filter, alert(), repeat_seconds=0)) == 1

    def test_a_flood_is_an_error_and_what_is_sent_again_counts(self, filter: Any) -> None:
        made(filter, of("a", "a"), most_per_minute=2)
        with pytest.raises(filter["TooMany"]):
            made(filter, of("b", "b"), of("c", "c"), most_per_minute=2)
        assert len(made(filter, of("b", "b"), most_per_minute=2)) == 1

    @pytest.mark.long
    def test_the_memory_stays_small(self, filter: Any) -> None:
        memory, most = filter["Memory"](), filter["MOST_REMEMBERED"]
        for number in range(most + 50):
            memory.remember({(str(number),): "i"}, 0.0, 60.0)
        assert len(memory.seen) == most
        memory.remember({("x",): "i"}, 100.0, 60.0)
        assert len(memory.seen) == 1
