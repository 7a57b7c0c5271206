# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX makes of a job template of examples/awx when it is launched (awx/main/models/mixins.py)."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.integration.awx import configuration, rules
from tests.integration.awx.objects import Json

NAME = re.compile(r"\{\{ (\w+) \}\}\Z")


class Launch(NamedTuple):
    """words: of ansible-playbook."""

    playbook: str
    variables: Json
    words: list[str]


def arguments(name: str) -> Json:
    """What configures the object of that name."""
    return next(call.arguments for call in configuration.calls() if call.arguments.get("name") == name)


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """With the values of controller/names.yml."""
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    name = NAME.match(value) if isinstance(value, str) else None
    return names[name.group(1)] if name else value


def launched(name: str, names: Mapping[str, Any], answers: Mapping[str, Any], job_type: str = "") -> Launch:
    """answers: those of a person, or what a workflow hands on."""
    template = arguments(name)
    variables = filled(template.get("extra_vars", {}), names)
    for question in template["survey_spec"].get("spec", []):
        default = {question["variable"]: question["default"]}
        if not list(rules.answer_errors(question, default)):
            variables |= default
    words = ["--check"] if (job_type or template["job_type"]) == "check" else []
    words += ["--diff"] if template.get("diff_mode") else []
    return Launch(template["playbook"], {**variables, **answers}, words)
