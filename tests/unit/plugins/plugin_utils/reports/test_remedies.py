# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A remediation in the report: it keeps its contract whatever hosts return, and what follows from it is the
careful reading.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import untrusted
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import errors, remedies, report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.replay import replay
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import (
    action,
    finding_result,
    left_open,
    remedied,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    schema,
    unreachable,
)

jsonschema = pytest.importorskip("jsonschema")

MASKED = finding("fpm_not_running", "masked")


def build(results: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = report.build(results, 900, NOW, **more)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(json.dumps(made)))
    return made


def entry(result: dict[str, Any]) -> dict[str, Any]:
    host: dict[str, Any] = build({"web1": result})["hosts"]["web1"]
    return host


def left(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (item["cause"], item["reason"], bool(item["fix"])) for item in remedies.open_findings(entry(result))
    ]


class TestInTheReport:
    """What the report keeps of a remediation."""

    def test_it_is_kept_as_the_module_returned_it(self) -> None:
        undone = left_open("kept", target="/etc/x", at=NOW - 60, files=["/etc/x"])
        result = remedied("done", taken=action(files=["/etc/x"], backup="/var/lib/x"), undone=undone)
        assert entry(result)["remediation"] == result["remediation"]
        assert entry(result)["status"] == "recovered"

    def test_a_diagnosis_has_none(self) -> None:
        made = build({"web1": answer("failing", finding())})
        assert "remediation" not in made["hosts"]["web1"]
        assert "remediation" not in report.artifact(made)

    def test_a_remediation_of_null_is_left_out(self) -> None:
        assert "remediation" not in entry(answer(remediation=None))

    def test_no_answer_of_a_changed_host_has_words_of_its_own(self) -> None:
        results = {
            "a": unreachable("no route"),
            "b": {"failed": True, "msg": "Timed out"},
            "c": {"failed": True, "msg": "no python"},
            "d": remedied("done"),
        }
        made = build(results, remediated=["a", "b", "d"])
        assert [entry.get("error") for entry in made["hosts"].values()] == [
            "the remediation did not finish: no route",
            "the remediation did not finish: Timed out",
            "the diagnosis did not run: no python",
            None,
        ]
        assert [entry.get("error_kind") for entry in made["hosts"].values()] == [
            "not_finished",
            "not_finished",
            "not_run",
            None,
        ]
        assert remedies.unfinished(made["hosts"]) == ["a", "b"]
        assert replay(made, lambda _snapshot, _seconds: {}).report == made

    def test_a_report_from_before_0_14_0_has_the_sentence_alone(self) -> None:
        made: Any = build({"a": unreachable("no route"), "b": {"failed": True, "msg": "x"}}, remediated=["a"])
        older = {name: {**entry} for name, entry in made["hosts"].items()}
        for entry in older.values():
            entry.pop("error_kind")
        assert remedies.unfinished(older) == ["a"]
        assert replay({**made, "hosts": older}, lambda _snapshot, _seconds: {}).report == made

    def test_a_replay_keeps_what_was_done_after_the_snapshot(self) -> None:
        saved = build({"a": {**remedied("done"), "snapshot": {"x": 1}}}, keep_snapshot=True)
        again = replay(saved, lambda _snapshot, _seconds: answer("failing", finding(count=99))).report[
            "hosts"
        ]["a"]
        assert (again["status"], again["findings"][0]["count"]) == ("recovered", 99)
        assert again["remediation"] == saved["hosts"]["a"]["remediation"]


class TestGate:
    """What a host cannot bring into the report."""

    @pytest.mark.parametrize(
        "field, value",
        [
            ("check_mode", "yes"),
            ("outcome", "{{ 1 }}"),
            ("outcome", None),
            ("why", ["x"]),
            ("why", None),
            ("status_before", 7),
            ("status_after", "fine"),
            ("status_after", "unreachable"),
            ("diagnosed_at", "now"),
            ("answered_after", float("nan")),
            ("answered_after", True),
            ("undone", "all"),
            ("undone", {"name": 1, "target": [], "at": "x", "files": {"a": 1}}),
            ("actions", {"id": 1}),
            ("actions", [None, 7, {}]),
            (
                "actions",
                [
                    {
                        "id": 5,
                        "result": "perfect",
                        "files": [1, None],
                        "commands": "rm -rf /",
                        "seconds": "long",
                        "arguments": [],
                        "backup": 1,
                    }
                ],
            ),
            (
                "findings",
                [
                    None,
                    {},
                    {
                        "cause": "{{ 1 }}",
                        "reason": "..",
                        "result": "great",
                        "before": "x",
                        "after": {"probe": 1, "http": "200", "queue": []},
                    },
                ],
            ),
            ("findings", "all"),
        ],
    )
    def test_a_field_of_the_wrong_kind_never_breaks_the_contract(self, field: str, value: Any) -> None:
        entry(remedied("done", **{field: value}))

    @pytest.mark.parametrize(
        "more, says",
        [
            ({"outcome": "splendid"}, "remediation.outcome is none of left_alone,"),
            ({"actions": [action("superb")]}, "remediation.actions[0].result is none of failed,"),
            (
                {"findings": [finding_result("perfect", finding())]},
                "remediation.findings[0].result is none of escalated,",
            ),
            ({"actions": [action(seconds=10**400)]}, "remediation.actions[0].seconds is out of bounds"),
            ({"check_mode": "no"}, "remediation.check_mode is a text"),
        ],
    )
    def test_words_of_the_hosts_own_are_refused(self, more: dict[str, Any], says: str) -> None:
        made = build(
            {"web1": remedied("done", **more), "web2": remedied("done")}, remediated=["web1", "web2"]
        )["hosts"]
        assert made["web1"]["error"].startswith(errors.NOT_FINISHED + errors.NO_DIAGNOSIS + says)
        assert made["web2"]["remediation"]["outcome"] == "done"

    def test_fields_texts_lists_are_bounded_and_cleaned(self) -> None:
        evil = "\x1b[2J" + "x" * 5000
        made = entry(remedied("done", actions=[action(extra=1)] * 500, more="x"))["remediation"]
        assert len(made["actions"]) == untrusted.MAX_ITEMS
        made = entry(
            remedied(
                "done",
                actions=[action(why=evil, target=evil, extra=1, commands=[evil] * 500)],
                why=evil,
                more="x",
            )
        )["remediation"]
        assert "more" not in made and "extra" not in made["actions"][0]
        assert len(made["actions"][0]["commands"]) == untrusted.MAX_ITEMS
        assert len(made["actions"][0]["why"]) == untrusted.MAX_TEXT
        assert "\x1b" not in json.dumps(made) and "\\u001b" not in json.dumps(made)


class TestOpenFindings:
    """Which findings still concern the reader."""

    def test_a_fixed_finding_is_left_out(self) -> None:
        findings = [finding_result("fixed", finding()), finding_result("escalated", MASKED)]
        assert left(remedied("done", finding(), MASKED, status="failing", findings=findings)) == [
            ("fpm_not_running", "masked", False)
        ]

    def test_near_miss_the_same_cause_of_another_pool_stays(self) -> None:
        blog = finding(pool="blog")
        assert left(
            remedied("done", finding(), blog, status="failing", findings=[finding_result("fixed", finding())])
        ) == [("fpm_not_running", "stopped", True)]

    def test_a_host_that_is_well_keeps_the_latent_and_the_past(self) -> None:
        latent, past = (
            finding("worker_oom_killed", "cgroup", state="latent"),
            finding("invalid_response", "segfault", state="recovered"),
        )
        for status in ("recovered", "healthy"):
            result = remedied(
                "escalated",
                finding(),
                latent,
                past,
                status=status,
                findings=[finding_result("not_needed", latent)],
            )
            assert left(result) == [
                ("worker_oom_killed", "cgroup", True),
                ("invalid_response", "segfault", True),
            ]

    def test_a_prediction_ends_no_finding(self) -> None:
        assert left(remedied("would")) == [("fpm_not_running", "stopped", False)]

    def test_the_fix_stays_where_no_other_advice_is_shown(self) -> None:
        assert left(remedied("escalated", outcome="busy")) == [("fpm_not_running", "stopped", True)]
        assert left(answer("failing", finding())) == [("fpm_not_running", "stopped", True)]


class TestOutcome:
    """What follows for the fleet."""

    def test_the_tally_counts_findings_by_result(self) -> None:
        latent = finding(state="latent")
        hosts = build(
            {
                "a": remedied("done"),
                "b": remedied("rolled_back"),
                "c": remedied("would"),
                "d": remedied("escalated", MASKED, MASKED),
                "e": remedied("escalated", latent, findings=[finding_result("not_needed", latent)]),
                "f": unreachable(),
            }
        )
        expected = {"wanted": 5, "fixed": 1, "rolled_back": 1, "escalated": 2, "would_fix": 1}
        assert remedies.tally(hosts["hosts"].values()) == report.artifact(hosts)["remediation"] == expected

    @pytest.mark.parametrize(
        "result, expected",
        [
            (remedied("done"), ""),
            (remedied("would"), ""),
            (remedied("escalated", MASKED), ""),
            (answer(), ""),
            (remedied("rolled_back", check_mode=True), ""),
            (
                remedied("rolled_back", finding(), MASKED),
                (
                    "undone, since it did not help or made something worse: "
                    "fpm_not_running/stopped, fpm_not_running/masked"
                ),
            ),
            (remedied("failed"), "an action failed and what it had changed did not all come back"),
            (
                remedied("done", status="failing"),
                ("still failing after what was done; what is left is looked at when this is run again"),
            ),
            (remedied("done", status="degraded"), ""),
            (
                remedied(
                    "done",
                    status="degraded",
                    findings=[
                        finding_result(
                            "fixed", finding(), after={"probe": "answered", "http": 500, "queue": 0}
                        )
                    ],
                ),
                "PHP answers, and a page of it fails: the error logs say why",
            ),
            (
                remedied(
                    "done",
                    finding(),
                    MASKED,
                    status="failing",
                    findings=[finding_result("fixed", finding()), finding_result("escalated", MASKED)],
                ),
                "",
            ),
            (remedied("escalated", outcome="busy"), "another remediation is at work on it"),
            (unreachable(), "it did not finish, see the report"),
            ({"failed": True, "msg": "Timed out"}, "it did not finish, see the report"),
        ],
    )
    def test_a_host_is_unmended_where_a_try_did_not_help(self, result: dict[str, Any], expected: str) -> None:
        assert remedies.why_unmended(entry(result)) == expected

    def test_the_reason_has_no_text_that_a_host_chose(self) -> None:
        evil = "{{ lookup('pipe', 'id') }}"
        result = remedied(
            "rolled_back", finding(site=evil), why=evil, taken=action("rolled_back", name=evil, why=evil)
        )
        assert (
            remedies.why_unmended(entry(result))
            == "undone, since it did not help or made something worse: fpm_not_running/stopped"
        )
        assert (
            remedies.why_unmended(entry(remedied("rolled_back", finding(evil, evil))))
            == "it did not finish, see the report"
        )
