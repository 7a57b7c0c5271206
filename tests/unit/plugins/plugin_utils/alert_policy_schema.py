# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Makes docs/alert_policy.schema.json of the words that a policy may use.

``python3 -m tests.run.report_schema`` writes it.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import policy
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import policy_words
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.policy_schema import (
    ABOUT,
    Schema,
    one_or_more,
    record,
)

WORDS = {
    **{name: ABOUT[name] for name in policy.IDS},
    "alert": "name of the alert, or a pattern of the shell",
    "host": ABOUT["host"],
    "site": "first server_name, or a pattern of the shell; all sites that are concerned must fit, if the "
    "decision is mend",
    "pool": ABOUT["pool"],
}
LIMITS = {
    "max_risk": "of an action",
    "max_disruption": "what an action may do to running requests",
    "max_cut": "running requests that an action may cut",
}
THROTTLE = {
    "host_responses": "responses to alerts of one host in host_seconds; then a person is asked",
    "host_seconds": "the time that they are counted in",
    "fleet_mends": "hosts that are mended in fleet_seconds; then a person is asked",
    "fleet_seconds": "the time that they are counted in",
}


def alert_policy_schema() -> str:
    """docs/alert_policy.schema.json as it should be."""
    count = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    text = {"type": "string", "minLength": 1}
    kinds: dict[str, Any] = {
        **{name: one_or_more({"enum": list(policy_words.WORDS[name])}) for name in policy.IDS},
        **{name: one_or_more(text) for name in policy.PATTERNS},
    }
    limits: dict[str, Any] = {name: {"enum": list(words)} for name, words in policy.CHOICES.items()}
    limits["max_cut"] = count
    defaults: dict[str, Any] = {**policy.LIMITS}
    times: dict[str, Any] = {**policy.THROTTLE}
    rule: Schema = {
        "decision": {"description": "what to do about it", "enum": list(policy.DECISIONS)},
        **{name: {"description": WORDS[name], **kind} for name, kind in kinds.items()},
        **{
            name: {"description": LIMITS[name], "default": defaults[name], **kind}
            for name, kind in limits.items()
        },
    }
    mends = {"if": {"properties": {"decision": {"enum": ["ask", "leave"]}}}}
    none = {"then": {"properties": dict.fromkeys(limits, False)}}
    properties = {
        "rules": {
            "description": "the first that fits decides; where none does, a person is asked",
            "type": "array",
            "items": record("a decision", rule, "decision", **mends, **none),
        },
        "throttle": record(
            "how much is done by itself",
            {
                name: {"description": about, "default": times[name], **count}
                for name, about in THROTTLE.items()
            },
        ),
    }
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "webmedic.php_fpm policy of responses to alerts",
    }
    whole = record("respond_policy of the role respond", properties)
    return json.dumps({**head, **whole}, indent=2) + "\n"
