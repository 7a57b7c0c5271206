# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: every host is in it, it keeps its contract whatever hosts return, and it is written in one
step.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import untrusted
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render.facts import worst_of
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import errors, report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    schema,
    stranger,
    unreachable,
)

jsonschema = pytest.importorskip("jsonschema")


class Untrusted(str):
    """Stands for the engine's own kinds of string, which may claim to be something else when asked."""

    def __str__(self) -> str:  # pylint: disable=invalid-str-returned
        return self


def build(results: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = report.build(results, 900, NOW, **more)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(json.dumps(made)))
    return made


class TestSummary:
    """What is said of the whole fleet."""

    def test_the_schema_itself_is_valid(self) -> None:
        jsonschema.Draft202012Validator.check_schema(schema())

    def test_the_summary_counts_hosts_not_findings(self) -> None:
        made = build(
            {
                "web1": answer("failing", finding(), finding(pool="blog")),
                "web2": answer("degraded", finding(), finding("worker_oom_killed", "cgroup")),
                "web3": answer(),
                "gone": unreachable(),
            }
        )
        assert made["summary"]["counts"] == {
            "failing": 1,
            "degraded": 1,
            "unreachable": 1,
            "unknown": 0,
            "recovered": 0,
            "healthy": 1,
            "not_applicable": 0,
        }
        assert list(made["summary"]["causes"].items()) == [("fpm_not_running", 2), ("worker_oom_killed", 1)]

    def test_the_artifact_has_every_host(self) -> None:
        made = build(
            {"web1": answer("failing", finding(site="{{ 1 }}")), "web2": answer(), "gone": unreachable()}
        )
        published = report.artifact(made)
        assert published.pop("summary").startswith("**")
        assert published == {
            "verdict": "failing",
            "generated_at": made["generated_at"],
            "counts": made["summary"]["counts"],
            "causes": {"fpm_not_running": 1},
            "hosts": {"web1": ["fpm_not_running"], "web2": [], "gone": []},
            "hosts_left_out": 0,
        }

    @pytest.mark.parametrize(
        "results, expected",
        [
            ({}, "not_applicable"),
            ({"a": answer("not_applicable"), "b": answer("healthy")}, "healthy"),
            ({"a": answer("healthy"), "b": answer("recovered")}, "recovered"),
            ({"a": answer("recovered"), "b": answer("unknown")}, "unknown"),
            ({"a": answer("unknown"), "b": unreachable()}, "unreachable"),
            ({"a": unreachable(), "b": answer("degraded")}, "degraded"),
            ({"a": answer("degraded"), "b": answer("failing")}, "failing"),
        ],
    )
    def test_the_verdict_is_the_worst_status(self, results: dict[str, Any], expected: str) -> None:
        assert worst_of(build(results)) == expected


class TestHosts:
    """The entry of each host."""

    def test_a_finding_gets_the_words_of_the_catalogue(self) -> None:
        item = build({"web1": answer("failing", finding())})["hosts"]["web1"]["findings"][0]
        assert item["fix"] == "systemctl start php8.2-fpm.service"
        assert item["doc"] == "docs/causes.md#fpm_not_running-stopped"
        assert item["advice"] and item["do_not"] and item["title"]
        assert item["evidence"][0]["text"].startswith("php8.2-fpm.service is inactive")

    def test_a_host_without_an_answer_has_the_reason(self) -> None:
        hosts = build(
            {
                "gone": unreachable("no route"),
                "died": {
                    "failed": True,
                    "msg": "MODULE FAILURE\nSee stdout/stderr for the exact error",
                    "module_stderr": "Traceback\n  File x\nMemoryError\n",
                },
                "refused": {"failed": True, "msg": "Task failed: Module failed: value of window must be int"},
                "silent": {"failed": True},
                "dropped": None,
            }
        )["hosts"]
        assert {name: entry["status"] for name, entry in hosts.items()} == {
            "gone": "unreachable",
            "died": "unknown",
            "refused": "unknown",
            "silent": "unknown",
            "dropped": "unknown",
        }
        assert hosts["gone"]["error"] == "no route"
        assert hosts["died"]["error"] == "the diagnosis did not run: MemoryError"
        assert hosts["refused"]["error"] == "the diagnosis did not run: value of window must be int"
        assert "no message" in hosts["silent"]["error"]
        assert "left the play" in hosts["dropped"]["error"]

    @pytest.mark.parametrize("status", ["unreachable", "fine", "", None, 7, ["healthy"]])
    def test_a_status_that_no_module_has_is_no_answer(self, status: Any) -> None:
        assert build({"web1": answer(status)})["hosts"]["web1"]["status"] == "unknown"

    def test_an_action_names_the_host_as_the_inventory_does(self) -> None:
        action = {
            "id": "unit_start",
            "host": "localhost",
            "target": "x.service",
            "arguments": {"unit": "x.service"},
            "because": ["fpm_not_running/stopped"],
            "findings": [0],
            "risk": "low",
            "reversible": True,
            "disruption": "none",
            "running": 0,
        }
        assert build({"web1": answer("failing", finding(), plan=[action])})["hosts"]["web1"]["plan"] == [
            {**action, "host": "web1"}
        ]

    def test_a_snapshot_is_kept_when_asked_for_unless_huge(self) -> None:
        small, monster = (
            answer(snapshot={"schema_version": 1}),
            answer(snapshot={"x": "y" * report.MAX_SNAPSHOT}),
        )
        assert "snapshot" not in build({"web1": small})["hosts"]["web1"]
        assert build({"web1": small}, keep_snapshot=True)["hosts"]["web1"]["snapshot"] == {
            "schema_version": 1
        }
        assert "snapshot" not in build({"web1": monster}, keep_snapshot=True)["hosts"]["web1"]

    def test_twenty_strangers_are_kept_with_their_number(self) -> None:
        entry = build({"web1": answer(strangers=[stranger()] * 50, strangers_total=50)})["hosts"]["web1"]
        assert (len(entry["strangers"]), entry["strangers_total"], entry["strangers"][0]) == (
            20,
            50,
            stranger(),
        )
        assert build({"web1": answer()})["hosts"]["web1"]["strangers"] == []

    def test_a_latent_finding_of_a_healthy_host_leaves_it_healthy(self) -> None:
        made = build(
            {"web1": answer("healthy", finding("writable_config", "fpm", code=None, state="latent"))}
        )
        assert made["hosts"]["web1"]["status"] == "healthy"
        assert made["hosts"]["web1"]["findings"][0]["doc"] == "docs/causes.md#writable_config-fpm"


class TestHostile:
    """What a host cannot bring into the report."""

    @pytest.mark.parametrize(
        "field, value, says",
        [
            ("since", [1], "findings[1].since is a list"),
            ("since", True, "findings[1].since is true or false"),
            ("since", -1, "findings[1].since is out of bounds"),
            ("since", float("nan"), "findings[1].since is out of bounds"),
            ("since", 10**400, "findings[1].since is out of bounds"),
            ("count", "9" * 5000, "findings[1].count is a text"),
            ("count", 2**65, "findings[1].count is out of bounds"),
            ("count", None, "findings[1].count is missing"),
            ("code", 1.5, "findings[1].code is a number"),
            ("state", "\x1b", ("findings[1].state is none of active, latent, recovered")),
            ("cause", "{{ 1 }}", "findings[1].cause is no identifier"),
            ("evidence", {"a": 1}, "findings[1].evidence is a dict"),
            (
                "evidence",
                [{"source": "x", "text": "y", "line": "z"}],
                "findings[1].evidence[0].line is a text",
            ),
            ("sites", ["x", None], "findings[1].sites[1] is missing"),
            (
                "remedy",
                [{"action": "x", "arguments": {"y": float("inf")}}],
                ("findings[1].remedy[0].arguments is out of bounds"),
            ),
            (
                "remedy",
                [{"action": "x", "arguments": {"y": [[[[[[[1]]]]]]]}}],
                ("findings[1].remedy[0].arguments is nested deeper than 6 levels"),
            ),
            (
                "remedy",
                [{"action": "x", "arguments": {"y": [0] * 1001}}],
                ("findings[1].remedy[0].arguments is larger than 1000 values"),
            ),
        ],
    )
    def test_a_wrong_value_is_the_error_of_its_host_alone(self, field: str, value: Any, says: str) -> None:
        hosts = build(
            {
                "a": answer("failing", finding()),
                "b": answer("failing", finding(), finding(**{field: value})),
                "c": answer(),
            }
        )["hosts"]
        assert (hosts["b"]["status"], hosts["b"]["error"]) == ("unknown", errors.NO_DIAGNOSIS + says)
        assert (hosts["a"]["status"], hosts["c"]["status"]) == ("failing", "healthy")

    @pytest.mark.parametrize(
        "field, value",
        [
            ("cause", "{{ lookup('pipe', 'id') }}"),
            ("cause", None),
            ("reason", "../../etc"),
            ("code", "1"),
            ("severity", "fatal"),
            ("confidence", 3),
            ("state", None),
            ("site", {"a": 1}),
            ("sites", "shop.example"),
            ("sites", [1, None, "x"]),
            ("since", "yesterday"),
            ("since", float("inf")),
            ("since", True),
            ("count", -5),
            ("count", "many"),
            ("summary", ["x"]),
            ("evidence", "text"),
            ("evidence", [None, 7, {"text": 5, "line": "x"}]),
            ("ruled_out", [{}]),
            ("missing", [{"what": 1}]),
            ("remedy", [{"action": None, "arguments": "rm -rf"}]),
            ("remedy", {"action": "x"}),
        ],
    )
    def test_a_field_of_the_wrong_kind_never_breaks_the_contract(self, field: str, value: Any) -> None:
        build({"web1": answer("failing", finding(**{field: value}))})

    def test_unknown_fields_do_not_pass(self) -> None:
        entry = build(
            {"web1": answer("failing", finding(extra="x", ansible_facts={"a": 1}), ansible_facts={"b": 2})}
        )["hosts"]["web1"]
        assert "extra" not in entry["findings"][0]
        assert "ansible_facts" not in entry

    def test_texts_and_lists_are_bounded(self) -> None:
        huge = "x" * 100000
        assert (
            len(build({"web1": answer("failing", *[finding()] * 5000)})["hosts"]["web1"]["findings"])
            == untrusted.MAX_ITEMS
        )
        made = build({"web1": answer("failing", finding(summary=huge, sites=[huge] * 5000))})["hosts"][
            "web1"
        ]["findings"][0]
        assert (len(made["sites"]), len(made["sites"][0]), len(made["summary"])) == (
            untrusted.MAX_ITEMS,
            untrusted.MAX_TEXT,
            untrusted.MAX_TEXT,
        )
        assert made["sites_left"] == 5000 - untrusted.MAX_ITEMS

    @pytest.mark.parametrize("value", [["x"], {"pids": "12"}, {"line": -1}, {"pids": [True]}, {"path": 7}])
    def test_a_fact_is_of_its_kind(self, value: Any) -> None:
        entry = build({"web1": answer("failing", finding(facts=value))})["hosts"]["web1"]
        assert entry["error"].startswith(errors.NO_DIAGNOSIS + "findings[0].facts")

    def test_near_miss_a_fact_that_nobody_declared(self) -> None:
        made = build({"web1": answer("failing", finding(facts={"evil": "x", "user": "caddy"}))})
        assert made["hosts"]["web1"]["findings"][0]["facts"] == {"user": "caddy"}

    @pytest.mark.long
    def test_what_is_large_in_each_of_its_parts_is_too_large(self) -> None:
        huge = "x" * 100000
        large = finding(evidence=[{"source": huge, "path": huge, "text": huge}] * 5000)
        assert (
            build({"web1": answer("failing", *[large] * 5000)})["hosts"]["web1"]["error"]
            == errors.NO_DIAGNOSIS + "it is larger than 512 KiB"
        )

    def test_control_characters_do_not_pass(self) -> None:
        hostile = finding(site="red\x1b[31m", sites=["\x1b]0;title\x07"], summary="\u202eabc\x9b2J\nnext")
        item = build({"web1": answer("failing", hostile)})["hosts"]["web1"]["findings"][0]
        assert (item["site"], item["sites"], item["summary"]) == (
            "red?[31m",
            ["?]0;title?"],
            "?abc?2J\nnext",
        )

    def test_only_plain_types_are_left(self) -> None:
        item = finding(
            site=Untrusted("{{ 1 }}"),
            remedy=[{"action": Untrusted("x"), "arguments": {Untrusted("a"): Untrusted("b")}}],
        )
        made = build({"web1": answer("failing", item)})["hosts"]["web1"]["findings"][0]
        (argument,) = made["remedy"][0]["arguments"].items()
        assert {text.__class__ for text in (made["site"], made["remedy"][0]["action"], *argument)} == {str}

    @pytest.mark.parametrize(
        "item", [{}, {"id": 5, "arguments": "rm", "because": "x", "reversible": "yes"}, {"target": ["a"]}]
    )
    def test_an_action_of_the_wrong_kind_never_breaks_the_contract(self, item: dict[str, Any]) -> None:
        build({"web1": answer("failing", plan=[item, None, "text"])})

    @pytest.mark.parametrize(
        "more, says",
        [
            ({"pid": "1"}, "strangers[0].pid is a text"),
            ({"claims": "sshd"}, "strangers[0].claims is none of nginx, php-fpm"),
            ({"user": None}, "strangers[0].user is missing"),
        ],
    )
    def test_a_wrong_stranger_is_the_error_of_its_host(self, more: dict[str, Any], says: str) -> None:
        assert (
            build({"web1": answer(strangers=[stranger(**more)])})["hosts"]["web1"]["error"]
            == errors.NO_DIAGNOSIS + says
        )
