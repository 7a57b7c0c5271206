# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses, as its own code says it (awx/api/serializers.py, awx/api/views, awx/main/models):
surveys, schedules, messages of notifications, answers that nobody asked for.

Each function returns what is wrong, or nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, sandbox

from tests.integration.awx.objects import PROMPTS, Json

# How AWX finds the playbooks of a project (awx/main/utils/ansible.py).
PLAYBOOK = re.compile(
    r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$"
)
QUESTION_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), (str,)),
    "integer": (int,),
    "float": (float, int),
}
QUESTION_KEYS = {
    *("variable", "question_name", "question_description", "type", "required"),
    *("default", "choices", "min", "max", "new_question"),
}
EVENTS = ("started", "success", "error")
APPROVAL = ("running", "approved", "timed_out", "denied")
WEBHOOK: dict[str, type] = {
    "url": str,
    "http_method": str,
    "disable_ssl_verification": bool,
    "username": str,
    "password": str,
    "headers": dict,
}
# What a message may name, before there is a job: the artifacts are empty then.
STUB: Json = {
    "job": {"id": 42, "name": "Stub", "status": "running", "artifacts": {}, "limit": "", "playbook": "x.yml"},
    "job_friendly_name": "Job",
    "url": "https://platformhost/#/jobs/playbook/1010",
    "approval_status": "approved",
    "approval_node_name": "Approve Me",
    "workflow_url": "https://platformhost/#/jobs/workflow/1010",
    "job_metadata": "{}",
}


class Undefined(StrictUndefined):
    """AWX lets no message name what is not there."""

    __repr__ = __str__ = StrictUndefined._fail_with_undefined_error


def survey(spec: Json) -> Iterator[str]:
    for key, kind in {"name": str, "description": str, "spec": list}.items():
        if not isinstance(spec.get(key), kind):
            yield "Field %r is missing from survey spec." % key
    for index, question in enumerate(spec.get("spec") or [{}]):
        where = "survey question %d: " % index
        yield from (where + key + " is no word of a question" for key in set(question) - QUESTION_KEYS)
        yield from (where + wrong for wrong in question_errors(question))
    variables = [question.get("variable") for question in spec.get("spec") or []]
    yield from ("%r is duplicated" % name for name in set(variables) if variables.count(name) > 1)


def question_errors(question: Json) -> Iterator[str]:
    for key, kind in {"type": str, "question_name": str, "variable": str, "required": bool}.items():
        if not isinstance(question.get(key), kind):
            yield "%r is missing" % key
    wanted = QUESTION_TYPES.get(question.get("type", ""))
    if wanted is None:
        yield "%r is no type" % question.get("type")
        return
    default = question.get("default", "")
    if default != "" and not isinstance(default, wanted):
        yield "the default %r is no %s" % (default, question["type"])
    if question["type"] in ("multiplechoice", "multiselect"):
        choices = question.get("choices") or []
        if not choices:
            yield "no choices"
        yield from ("%r is no choice" % value for value in str(default).splitlines() if value not in choices)


def answer_errors(question: Json, answers: Mapping[str, Any]) -> Iterator[str]:
    if question["variable"] not in answers:
        if question["required"]:
            yield "%r value missing" % question["variable"]
        return
    answer = answers[question["variable"]]
    if question["type"] == "multiselect" and not isinstance(answer, list):
        yield "%r value is expected to be a list." % question["variable"]
        return
    for value in answer if isinstance(answer, list) else [answer]:
        if not isinstance(value, QUESTION_TYPES[question["type"]]):
            yield "%r is no %s" % (value, question["type"])
        elif question.get("choices") and value not in question["choices"]:
            yield "%r is not one of %s" % (value, question["choices"])
        elif isinstance(value, int) and not question.get("min", value) <= value <= question.get("max", value):
            yield "%r is out of bounds" % value


def launch(config: Json, template: Json, questions: list[Json], required: bool) -> Iterator[str]:
    """What a node or a schedule sets for a job that its template does not ask for."""
    prompts = {key: config[key] for key in PROMPTS if config.get(key) not in (None, "")}
    for key in prompts:
        if not template.get(PROMPTS[key]):
            yield "%s: Field is not configured to prompt on launch." % key
    answers = config.get("extra_data") or {}
    if not template.get("ask_variables_on_launch"):
        for name in set(answers) - {question["variable"] for question in questions}:
            yield "extra_data: Variables %s are not allowed on launch." % name
    if prompts or answers:
        for question in questions:
            if required or question["variable"] in answers:
                yield from answer_errors(question, answers)


def rrule(text: str) -> Iterator[str]:
    rules = re.findall(r"RULE:\S*", text)
    if len(re.findall(r"DTSTART(?:;[^:]+)?:[0-9]{8}T[0-9]{6}Z?", text)) != 1:
        yield "Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"
    elif not re.match(r"DTSTART(?:;TZID=[\w/]+:[0-9T]+|:[0-9T]+Z) ", text):
        yield "DTSTART cannot be a naive datetime."
    if not rules:
        yield "One or more rule required in rrule."
    for rule in rules:
        words = dict(word.partition("=")[::2] for word in rule[len("RULE:") :].split(";"))
        if "INTERVAL" not in words:
            yield "INTERVAL required in rrule: " + rule
        if words.get("FREQ") not in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
            yield "FREQ of no known kind: " + rule


def notification(template: Json) -> Iterator[str]:
    if template["notification_type"] == "webhook":
        settings = template["notification_configuration"]
        yield from ("%s is no field of a webhook" % key for key in set(settings) - set(WEBHOOK))
        for key, kind in WEBHOOK.items():
            if not isinstance(settings.get(key), kind):
                yield "Configuration field %r is missing or no %s" % (key, kind.__name__)
    webhook = template["notification_type"] == "webhook"
    events = dict(template.get("messages") or {})
    approval = events.pop("workflow_approval", None) or {}
    yield from ("Event %r invalid" % event for event in set(events) - set(EVENTS))
    yield from ("Workflow Approval event %r invalid" % event for event in set(approval) - set(APPROVAL))
    for messages in (*events.values(), *approval.values()):
        for name, message in (messages or {}).items():
            if name not in ("message", "body"):
                yield "Message type %r invalid, must be either 'message' or 'body'" % name
            elif name == "message" and "\n" in message:
                yield "Messages cannot contain newlines"
            else:
                yield from message_errors(message, webhook)


def message_errors(message: str, webhook: bool) -> Iterator[str]:
    try:
        text = sandbox.ImmutableSandboxedEnvironment(undefined=Undefined).from_string(message).render(STUB)
    except TemplateError as error:
        yield "Unable to render message %r: %s" % (message, error)
        return
    if webhook:
        try:
            sent = json.loads(text)
        except ValueError as error:
            yield "AWX would send nothing, for the body is no JSON: %s: %s" % (error, text)
            return
        if not isinstance(sent, dict):
            yield "AWX would send nothing, for the body is no JSON object: %s" % text
