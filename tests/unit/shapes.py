# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the shapes as they are written, and makes a JSON Schema of them.

``python3 tests/unit/shapes.py`` writes docs/snapshot.schema.json anew. Needs Python 3.9.
"""

import ast
import io
import json
import os
import tokenize
from typing import Any, Dict, List, NamedTuple, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHAPES = os.path.join(ROOT, "plugins", "plugin_utils", "shapes")
SNAPSHOT_SCHEMA = os.path.join(ROOT, "docs", "snapshot.schema.json")
PLAIN = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


class Field(NamedTuple):
    """kind: the annotation. about: the comment on its line, "" for none."""

    kind: ast.expr
    about: str
    required: bool


class Shape(NamedTuple):
    """fields: with those of its bases, which come first. words: of a closed word, all that it may be."""

    about: str
    fields: Dict[str, Field]
    words: Tuple[str, ...] = ()


def _comments(text: str) -> Dict[int, str]:
    """Line number -> comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _own_fields(node: ast.stmt, comments: Dict[int, str]) -> Dict[str, Field]:
    if isinstance(node, ast.ClassDef):
        total = not any(word.arg == "total" for word in node.keywords)
        return {
            line.target.id: Field(line.annotation, comments.get(line.lineno, ""), total)
            for line in node.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        }
    call = node.value if isinstance(node, ast.Assign) else None
    if isinstance(call, ast.Call) and isinstance(call.args[1], ast.Dict):
        pairs = zip(call.args[1].keys, call.args[1].values)
        return {
            ast.literal_eval(key): Field(kind, comments.get(node.lineno, ""), True)
            for key, kind in pairs
            if key
        }
    return {}


def _words(node: ast.expr, written: Dict[str, Tuple[List[str], Shape]]) -> Tuple[str, ...]:
    """Those of a Literal, and of the Literals that it names."""
    if not isinstance(node, ast.Subscript) or getattr(node.value, "id", "") != "Literal":
        return ()
    words: List[str] = []
    for part in getattr(node.slice, "elts", [node.slice]):
        words += written[part.id][1].words if isinstance(part, ast.Name) else [part.value]
    return tuple(dict.fromkeys(words))


def read_shapes(*first: str) -> Dict[str, Shape]:
    """The shapes of these files and of all that they import, by name. Files that have nothing to do with each
    other may use a name twice.
    """
    written: Dict[str, Tuple[List[str], Shape]] = {}
    left, known = ["shape", *first], {"shape", *first}
    while left:
        with open(os.path.join(SHAPES, left.pop() + ".py"), encoding="utf-8") as stream:
            text = stream.read()
        comments = _comments(text)
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module not in known:
                known.add(str(node.module))
                left.append(str(node.module))
            if isinstance(node, ast.ClassDef):
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                written[node.name] = bases, Shape(ast.get_docstring(node) or "", _own_fields(node, comments))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                words = _words(node.value, written)
                written[node.targets[0].id] = [], Shape("", _own_fields(node, comments), words)

    def fields(name: str) -> Dict[str, Field]:
        bases, shape = written.get(name, ([], Shape("", {})))
        inherited: Dict[str, Field] = {}
        for base in bases:
            inherited.update(fields(base))
        inherited.update(shape.fields)
        return inherited

    return {name: shape._replace(fields=fields(name)) for name, (_bases, shape) in written.items()}


class _Schema:
    """JSON Schema, draft 2020-12. used: shapes that were referred to."""

    def __init__(self, shapes: Dict[str, Shape]) -> None:
        self.shapes = shapes
        self.used: Dict[str, Any] = {}

    def kind(self, node: ast.expr) -> Dict[str, Any]:
        if isinstance(node, ast.Name) and node.id in PLAIN:
            return {"type": PLAIN[node.id]}
        if isinstance(node, ast.Name) and node.id == "object":
            return {}
        if isinstance(node, ast.Name) and self.shapes[node.id].words:
            return {"enum": list(self.shapes[node.id].words)}
        if isinstance(node, ast.Name):
            if node.id not in self.used:
                self.used[node.id] = None
                self.used[node.id] = self.shape(self.shapes[node.id])
            return {"$ref": "#/$defs/" + node.id}
        assert isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name), ast.dump(node)
        if node.value.id == "Optional":
            inner = self.kind(node.slice)
            plain = isinstance(inner.get("type"), str)
            return (
                dict(inner, type=[inner["type"], "null"]) if plain else {"anyOf": [inner, {"type": "null"}]}
            )
        if node.value.id == "List":
            return {"type": "array", "items": self.kind(node.slice)}
        assert node.value.id == "Dict" and isinstance(node.slice, ast.Tuple), ast.dump(node)
        return {"type": "object", "additionalProperties": self.kind(node.slice.elts[1])}

    def shape(self, shape: Shape) -> Dict[str, Any]:
        about = {"description": shape.about} if shape.about else {}
        properties = {}
        for name, field in shape.fields.items():
            properties[name] = dict(
                self.kind(field.kind), **({"description": field.about} if field.about else {})
            )
        return dict(
            about,
            type="object",
            additionalProperties=False,
            required=[name for name, field in shape.fields.items() if field.required],
            properties=properties,
        )


def schema_of(name: str, shapes: Dict[str, Shape], title: str, about: str) -> Dict[str, Any]:
    """The schema of a shape, with those that it refers to."""
    made = _Schema(shapes)
    top = made.shape(shapes[name])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "description": about}
    return dict(
        head,
        **{key: top[key] for key in top if key != "description"},
        **{"$defs": dict(sorted(made.used.items()))},
    )


def snapshot_schema() -> str:
    """docs/snapshot.schema.json as it should be."""
    made = schema_of(
        "Snapshot",
        read_shapes("snapshot"),
        "webmedic.php_fpm snapshot",
        "Everything that diagnosis_info saw on one host. Keys that are not required are absent from what an "
        "older version wrote.",
    )
    return json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    with open(SNAPSHOT_SCHEMA, "w", encoding="utf-8") as out:
        out.write(snapshot_schema())
