# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake controller refuses what AWX refuses, and the workflow of examples/awx ends as it should."""

from typing import Any

import pytest

from tests.integration.awx import configuration, workflow
from tests.integration.awx.objects import Json
from tests.integration.awx.store import Store

QUESTION: Json = {
    "variable": "diagnose_window",
    "question_name": "How many seconds?",
    "type": "integer",
    "default": 900,
    "min": 60,
    "max": 3600,
    "required": True,
}
SCHEDULE: Json = {"name": "nightly", "rrule": "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"}
ENDINGS = {
    "a good deploy": ([], ["gate-before", "deploy", "gate-after"], True),
    "the gate before is closed": (["gate-before"], ["gate-before"], False),
    "the deploy fails": (["deploy", "diagnose"], ["gate-before", "deploy", "diagnose"], False),
    "it breaks something that is mended": (
        ["gate-after"],
        ["gate-before", "deploy", "gate-after", "approval", "remediate", "gate-again"],
        True,
    ),
    "nobody approves": (
        ["gate-after", "approval"],
        ["gate-before", "deploy", "gate-after", "approval"],
        False,
    ),
    "it is not mended": (
        ["gate-after", "remediate", "gate-again"],
        ["gate-before", "deploy", "gate-after", "approval", "remediate", "gate-again"],
        False,
    ),
}


def store() -> Store:
    """A controller with a job template, number 6, that has a survey."""
    made = configuration.controller()
    status, answer = send(made, "job_templates/%d/survey_spec" % template(made), survey(QUESTION))
    assert (status, answer) == (200, {})
    made.lists["job_templates"][template(made)]["survey_enabled"] = True
    return made


def template(made: Store) -> int:
    return next(iter(made.lists["job_templates"]))


def survey(*questions: Json) -> Json:
    return {"name": "x", "description": "", "spec": list(questions)}


def send(made: Store, path: str, body: Json, method: str = "POST") -> tuple[int, Any]:
    return made.answer(method, "/api/v2/%s/" % path, {}, body)


class TestFields:
    @pytest.mark.parametrize(
        "field",
        [
            {"imgae": "x"},
            {"pull": "sometimes"},
            {"image": 1},
            {"organization": 4711},
        ],
        ids=str,
    )
    def test_what_does_not_fit_is_refused(self, field: Json) -> None:
        status, answer = send(store(), "execution_environments", {"name": "x", "image": "y", **field})
        assert status == 400
        assert set(answer) == set(field)

    def test_a_playbook_must_be_in_the_project(self) -> None:
        body = {"name": "x", "project": 4, "playbook": "playbooks/gone.yml"}
        status, answer = send(store(), "job_templates", body)
        assert status == 400
        assert "playbooks/gone.yml" in str(answer)


class TestSurveys:
    @pytest.mark.parametrize(
        "change",
        [
            {"type": "number"},
            {"default": "900"},
            {"required": "yes"},
            {"questoin_description": "x"},
            {"type": "multiplechoice", "default": "c", "choices": ["a", "b"]},
            {"type": "multiselect", "default": ["a"], "choices": ["a", "b"]},
        ],
        ids=str,
    )
    def test_a_wrong_question_is_refused(self, change: Json) -> None:
        made = store()
        path = "job_templates/%d/survey_spec" % template(made)
        assert send(made, path, survey({**QUESTION, **change}))[0] == 400

    def test_a_variable_is_asked_for_once(self) -> None:
        made = store()
        path = "job_templates/%d/survey_spec" % template(made)
        assert send(made, path, survey(QUESTION, QUESTION))[0] == 400


class TestSchedules:
    @pytest.mark.parametrize(
        "rrule",
        [
            "RRULE:FREQ=DAILY;INTERVAL=1",
            "DTSTART:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1",
            "DTSTART:20260101T020000Z RRULE:FREQ=DAILY",
            "DTSTART:20260101T020000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
            "DTSTART:20260101T020000Z",
        ],
    )
    def test_a_wrong_rule_is_refused(self, rrule: str) -> None:
        made = store()
        body = {**SCHEDULE, "rrule": rrule, "unified_job_template": template(made)}
        assert send(made, "schedules", body)[0] == 400

    @pytest.mark.parametrize(
        "config",
        [
            {"extra_data": {"diagnose_widnow": 900}},
            {"extra_data": {"diagnose_window": 5}},
            {"job_type": "check"},
            {"limit": "web"},
        ],
        ids=str,
    )
    def test_what_is_not_asked_for_is_refused(self, config: Json) -> None:
        made = store()
        body = {**SCHEDULE, **config, "unified_job_template": template(made)}
        assert send(made, "schedules", body)[0] == 400

    def test_a_good_one_is_taken(self) -> None:
        made = store()
        assert send(made, "schedules", {**SCHEDULE, "unified_job_template": template(made)})[0] == 201


class TestNotifications:
    @pytest.mark.parametrize(
        "messages",
        [
            {"sucess": {"body": "{}"}},
            {"success": {"text": "{}"}},
            {"workflow_approval": {"refused": {"body": "{}"}}},
            {"workflow_approval": {"denied": {"body": "{{ approval_node_name }}"}}},
            {"success": {"body": "{{ job.name }}"}},
            {"success": {"body": '{"text": {{ job.artifacts.webmedic.summary | tojson }}}'}},
            {"success": {"body": '{"text": {{ jbo.name | tojson }}}'}},
        ],
        ids=str,
    )
    def test_a_message_that_could_not_be_sent_is_refused(self, messages: Json) -> None:
        config = {"url": "https://x", "http_method": "POST", "headers": {}, "username": "", "password": ""}
        body = {
            "name": "x",
            "organization": 1,
            "notification_type": "webhook",
            "notification_configuration": {**config, "disable_ssl_verification": False},
            "messages": messages,
        }
        assert send(store(), "notification_templates", body)[0] == 400
        assert send(store(), "notification_templates", {**body, "messages": {}})[0] == 201


class TestWorkflow:
    @pytest.mark.parametrize("failing, ran, successful", ENDINGS.values(), ids=ENDINGS)
    def test_it_ends_as_it_should(self, failing: list[str], ran: list[str], successful: bool) -> None:
        tasks = [call.arguments for call in configuration.calls() if "identifier" in call.arguments]
        known = workflow.nodes(tasks)
        named = {name: node._replace(template=name) for name, node in known.items()}
        walked = workflow.walk(named, lambda name, _answers: workflow.Result(name not in failing, {}))
        assert walked == workflow.Walked(ran, successful)

    def test_a_node_gets_what_those_before_it_published(self) -> None:
        received: dict[str, Json] = {}

        def launch(name: str, answers: Json) -> workflow.Result:
            received[name] = answers
            return workflow.Result(True, {"last": name, name: 1})

        edges = [{"success_nodes": ["b"]}, {"always_nodes": ["c"]}, {}]
        workflow.walk({n: workflow.Node(n, {}, e) for n, e in zip("abc", edges, strict=True)}, launch)
        assert received == {"a": {}, "b": {"last": "a", "a": 1}, "c": {"last": "b", "a": 1, "b": 1}}

    def test_a_cycle_is_refused(self) -> None:
        made = store()
        owner = made.add("workflow_job_templates", name="x")["id"]
        first, second = (
            made.add("workflow_job_template_nodes", workflow_job_template=owner, identifier=name)["id"]
            for name in "ab"
        )
        path = "workflow_job_template_nodes/%d/success_nodes"
        assert send(made, path % first, {"id": second})[0] == 204
        assert send(made, path % second, {"id": first})[0] == 400
