# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/report.schema.json of the shapes and of what their reader lets through.

``python3 -m tests.run.report_schema`` writes it.
"""

from __future__ import annotations

import json
from inspect import get_annotations
from typing import Any, Literal, Union, get_args, get_origin

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds, untrusted
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import brief, report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.artifact import (
    Artifact,
    Listed,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.report import Report, Summary, Words
from ansible_collections.webmedic.php_fpm.tests.unit import shapes as source

Schema = dict[str, Any]
MAX = untrusted.MAX_NUMBER
# What bounds.BOUNDS refers to.
DEFINITIONS: Schema = {
    "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
    "status": {"description": "What a host may say of itself.", "enum": list(bounds.ANSWERS)},
    "text": {"type": "string", "maxLength": untrusted.MAX_TEXT},
    "time": {"type": "number", "minimum": 0, "maximum": untrusted.YEAR_9999},
    "count": {"type": "integer", "minimum": 0, "maximum": MAX},
    "number": {"type": "number", "minimum": -MAX, "maximum": MAX},
}
# What the controller writes and no host says.
TIME: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
}
COUNTS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": list(bounds.STATUSES),
    "patternProperties": {"^(%s)$" % "|".join(bounds.STATUSES): {"$ref": "#/$defs/count"}},
}
CAUSES: Schema = {
    "type": "object",
    "propertyNames": {"$ref": "#/$defs/id"},
    "additionalProperties": {"type": "integer", "minimum": 1},
}
WRITTEN: dict[type, dict[str, Schema]] = {
    Words: dict.fromkeys(get_annotations(Words), {"type": "string"}),
    Report: {
        "schema_version": {"const": report.SCHEMA_VERSION},
        "generated_at": TIME,
        "window": {"type": "integer", "minimum": 1},
    },
    Summary: {"counts": COUNTS, "causes": CAUSES},
    Listed: {
        "hosts": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "maxItems": brief.MOST_OF_A_HOST,
                "items": {"$ref": "#/$defs/id"},
            },
        },
    },
    Artifact: {
        "generated_at": TIME,
        "counts": COUNTS,
        "causes": {**CAUSES, "maxProperties": brief.MOST_CAUSES},
        "summary": {"type": "string", "maxLength": brief.markdown.LIMIT},
    },
}


def described(about: str) -> Schema:
    words = " ".join(about.split())
    return {"description": words} if words else {}


def comment_of(shape: source.Shape, name: str) -> str:
    return shape.fields[name].about if name in shape.fields else ""


class Maker:
    """made: the shapes that were referred to, by name."""

    def __init__(self) -> None:
        self.sources = source.read_shapes("report", "artifact")
        self.made: Schema = {}

    def of_shape(self, shape: type) -> Schema:
        fields = bounds.fields_of(shape)
        declared = self.sources.get(shape.__name__, source.Shape("", {}))
        properties = {}
        for name, field in fields.items():
            written = self.written(shape, name)
            properties[name] = {
                **described(comment_of(declared, name)),
                **(written or self.of_kind(field.kind, field.bound)),
            }
        return {
            **described(declared.about),
            "type": "object",
            "additionalProperties": False,
            "required": [name for name, field in fields.items() if field.required],
            "properties": properties,
        }

    @staticmethod
    def written(shape: type, name: str) -> Schema | None:
        return next((WRITTEN[owner][name] for owner in shape.__mro__ if name in WRITTEN.get(owner, {})), None)

    def of_kind(self, kind: Any, bound: bounds.Bound) -> Schema:
        if get_origin(kind) is Union:
            return {"anyOf": [self.of_kind(bounds.inner(kind), bound), {"type": "null"}]}
        if get_origin(kind) is list:
            items = self.of_kind(bounds.inner(kind), bound)
            return {"type": "array", "maxItems": bound.most, "items": items}
        if get_origin(kind) is dict:
            values = bounds.inner(kind)
            return {
                "type": "object",
                **({} if values is object else {"additionalProperties": self.of_kind(values, bound)}),
            }
        if bound.schema:
            return bound.schema
        if get_origin(kind) is Literal:
            return {"enum": list(get_args(kind))}
        if kind in bounds.TYPES:
            return bounds.TYPES[kind].schema or {}
        name = kind.__name__.lower()
        if name not in self.made:
            self.made[name] = {}
            self.made[name] = self.of_shape(kind)
        return {"$ref": "#/$defs/" + name}


def schema_of(shape: type, title: str) -> str:
    maker = Maker()
    whole = maker.of_shape(shape)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    }
    return json.dumps({**head, **whole, "$defs": {**DEFINITIONS, **maker.made}}, indent=2) + "\n"


def report_schema() -> str:
    """docs/report.schema.json as it should be."""
    return schema_of(Report, "webmedic.php_fpm report")


def artifact_schema() -> str:
    """docs/artifact.schema.json as it should be."""
    return schema_of(Artifact, "webmedic.php_fpm artifact")
