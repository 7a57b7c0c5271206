# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX keeps: its objects and their fields, as far as examples/awx makes them. Taken from AWX's own
serializers (awx/api/serializers.py).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]


class Field(NamedTuple):
    """types: of JSON. link: the list in which the id must be found. choices: the only values."""

    types: tuple[type, ...]
    default: Any = None
    link: str = ""
    choices: tuple[Any, ...] = ()


class Kind(NamedTuple):
    """type: as AWX names it. required: fields that a new object must have. related: relations that lead to
    another list, by the path below the object.
    """

    type: str
    required: tuple[str, ...]
    fields: Mapping[str, Field]
    related: Mapping[str, str] = {}


def texts(*names: str) -> dict[str, Field]:
    return {name: Field((str,), "") for name in names}


def flags(*names: str, default: bool = False) -> dict[str, Field]:
    return {name: Field((bool,), default) for name in names}


def links(**lists: str) -> dict[str, Field]:
    return {name: Field((int,), None, target) for name, target in lists.items()}


NAMED = texts("name", "description")
NOTIFIED = {"notification_templates_%s" % when: "notification_templates" for when in ("success", "error")}
# What may be asked of who launches a job: the field, and the flag of the template that lets it.
PROMPTS = {
    "limit": "ask_limit_on_launch",
    "job_type": "ask_job_type_on_launch",
    "inventory": "ask_inventory_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "verbosity": "ask_verbosity_on_launch",
}
PROMPTED = {
    **texts("limit", "job_tags", "skip_tags"),
    **links(inventory="inventories"),
    "job_type": Field((str,), "", choices=("run", "check")),
    "diff_mode": Field((bool,)),
    "verbosity": Field((int,)),
    "extra_data": Field((dict,), {}),
}
NODES = "workflow_job_template_nodes"
EDGES = ("success_nodes", "failure_nodes", "always_nodes")
KINDS: dict[str, Kind] = {
    "organizations": Kind("organization", ("name",), NAMED),
    "inventories": Kind("inventory", ("name",), {**NAMED, **links(organization="organizations")}),
    "credentials": Kind("credential", ("name",), {**NAMED, **links(organization="organizations")}),
    "execution_environments": Kind(
        "execution_environment",
        ("name", "image"),
        {
            **NAMED,
            **texts("image"),
            **links(organization="organizations"),
            "pull": Field((str,), "", choices=("always", "missing", "never")),
        },
    ),
    "projects": Kind(
        "project",
        ("name", "organization"),
        {
            **NAMED,
            **texts("scm_url", "scm_branch"),
            **flags("scm_update_on_launch", "allow_override"),
            **links(organization="organizations", default_environment="execution_environments"),
            "scm_type": Field((str,), "", choices=("", "git", "svn", "insights", "archive")),
            "scm_update_cache_timeout": Field((int,), 0),
        },
        NOTIFIED,
    ),
    "notification_templates": Kind(
        "notification_template",
        ("name", "organization", "notification_type"),
        {
            **NAMED,
            **links(organization="organizations"),
            "notification_type": Field((str,), choices=("webhook", "slack", "email", "mattermost")),
            "notification_configuration": Field((dict,), {}),
            "messages": Field((dict,), None),
        },
    ),
    "job_templates": Kind(
        "job_template",
        ("name", "project", "playbook"),
        {
            **NAMED,
            **texts("playbook", "limit", "job_tags", "skip_tags", "extra_vars"),
            **flags("survey_enabled", "diff_mode", "become_enabled", "allow_simultaneous"),
            **flags("ask_variables_on_launch", *PROMPTS.values()),
            **links(organization="organizations", inventory="inventories", project="projects"),
            **links(execution_environment="execution_environments"),
            "job_type": Field((str,), "run", choices=("run", "check")),
            "forks": Field((int,), 0),
            "verbosity": Field((int,), 0),
            "timeout": Field((int,), 0),
            "job_slice_count": Field((int,), 1),
        },
        {**NOTIFIED, "credentials": "credentials"},
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        ("name",),
        {
            **NAMED,
            **texts("limit", "extra_vars"),
            **flags("survey_enabled", "allow_simultaneous"),
            **flags("ask_variables_on_launch", *PROMPTS.values()),
            **links(organization="organizations", inventory="inventories"),
        },
        {**NOTIFIED, "notification_templates_approvals": "notification_templates"},
    ),
    NODES: Kind(
        "workflow_job_template_node",
        ("workflow_job_template",),
        {
            **PROMPTED,
            **texts("identifier"),
            **flags("all_parents_must_converge"),
            **links(
                workflow_job_template="workflow_job_templates", unified_job_template="unified_job_templates"
            ),
        },
        {
            **dict.fromkeys(EDGES, NODES),
            "credentials": "credentials",
        },
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template", ("name",), {**NAMED, "timeout": Field((int,), 0)}
    ),
    "schedules": Kind(
        "schedule",
        ("name", "rrule", "unified_job_template"),
        {
            **NAMED,
            **PROMPTED,
            **texts("rrule"),
            **flags("enabled", default=True),
            **links(unified_job_template="unified_job_templates"),
        },
    ),
}
# Whatever can be run, in one list.
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")
SURVEYED = ("job_templates", "workflow_job_templates")
