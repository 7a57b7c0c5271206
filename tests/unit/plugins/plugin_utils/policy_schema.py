# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/policy.schema.json of the words that a policy may use.

``python3 -m tests.run.report_schema`` writes it.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import policy_words

Schema = dict[str, Any]
ABOUT = {
    "cause": "what was found, by the diagnosis or by the gate itself",
    "reason": "finer than the cause",
    "severity": "how much harm it does",
    "confidence": "how sure the diagnosis is",
    "state": "now, at a change to come, or over",
    "site": "first server_name, or a pattern of the shell; all sites that are concerned must fit, unless the "
    "decision is fail",
    "pool": "name of the pool, or a pattern of the shell",
    "host": "name in the inventory, or a pattern of the shell",
}


def one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "minItems": 1, "items": item}]}


def matchers() -> Schema:
    text = {"type": "string", "minLength": 1}
    found = {name: one_or_more({"enum": list(words)}) for name, words in policy_words.WORDS.items()}
    found |= {name: one_or_more(text) for name in policy_words.PATTERNS}
    described = {name: {"description": ABOUT[name], **schema} for name, schema in found.items()}
    new = {"description": "whether it was not so in the baseline", "type": "boolean"}
    return {**described, "new": new}


def record(about: str, properties: Schema, *required: str, **more: Any) -> Schema:
    return {
        "description": about,
        "type": "object",
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
        "properties": properties,
        **more,
    }


def policy_schema() -> str:
    """docs/policy.schema.json as it should be."""
    count = {"type": "integer", "minimum": 0}
    percent = {"type": "number", "minimum": 0, "maximum": 100}
    text = {"type": "string", "minLength": 1}
    decision = {"description": "what to do about it", "enum": list(bounds.DECISIONS)}
    day = {"description": "last day", "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"}
    names = one_or_more(text)
    thresholds = {
        "hosts": {"description": "so many hosts may fail", **count},
        "hosts_percent": {"description": "so many of the hosts of the play may fail", **percent},
        "lost_requests": {"description": "so many may be lost since the deploy began", **count},
        "cut_requests": {"description": "so many may be cut by a reload now", **count},
    }
    waiver = {
        **matchers(),
        "who": {"description": "lets it pass", **text},
        "why": {"description": "the reason", **text},
        "until": day,
    }
    named = [{"required": [name]} for name in ("cause", "site", "pool", "host")]
    properties = {
        "rules": {
            "description": "the first that fits decides; after them come the default ones",
            "type": "array",
            "items": record("a decision", {**matchers(), "decision": decision}, "decision"),
        },
        "thresholds": record("what is tolerated", thresholds),
        "waivers": {
            "description": "lets pass what would fail, until a day",
            "type": "array",
            "items": record("who lets pass what", waiver, "who", "why", "until", anyOf=named),
        },
        "scope": record(
            "what this gate is about; what concerns no site and no pool is always in it",
            {"sites": names, "pools": names},
        ),
    }
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "webmedic.php_fpm policy of a gate",
    }
    whole = record("gate_policy of the role gate", properties)
    return json.dumps({**head, **whole}, indent=2) + "\n"
