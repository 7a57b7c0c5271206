# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The readers of a host's answer: what it may hold, made from the declared shapes.

A type says what a field holds. BOUNDS says where it may hold less. A new plain field needs no line here.
"""

from __future__ import annotations

from inspect import get_annotations
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from ..shapes.finding import Facts, Finding, HostStatus, Place, Timeline
from ..shapes.gate import Decision, Gate, Reason
from ..shapes.missing import MissingKind
from ..shapes.remediation import Difference, FindingResult, Named, Remediation, Shown, Taken, Undone
from ..shapes.report import Diagnosis, HostEntry, Remedied, Run
from ..shapes.restart import RestartProblem
from ..shapes.shape import Confidence, Severity, State, Status
from ..shapes.site_page import SitePages
from ..shapes.snapshot import Stranger
from .untrusted import (
    MAX_ITEMS,
    Reader,
    count,
    flag,
    identifier,
    integer,
    listed,
    mapping,
    moment,
    number,
    one_of,
    optional,
    record,
    text,
)

# A status as people read it, where that is not its name.
LABELS = {"not_applicable": "not applicable"}
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
STATES: tuple[State, ...] = get_args(State)
STATUSES: tuple[Status, ...] = get_args(Status)
# What a module may say of a host; the rest is for hosts on which no module could answer.
ANSWERS = tuple(status for status in STATUSES if status != "unreachable")
# What hosts with these statuses hide, nobody knows.
UNSEEN: tuple[Status, ...] = ("unreachable", "unknown")
DECISIONS: tuple[Decision, ...] = get_args(Decision)
MOST_STRANGERS = 20
SHORT_TEXT = 200
MOST_FILES = 20
LONG_TEXT = 4000
MOST_STEPS = 60
MOST_HOSTS = 10_000
MOST_REASONS = 100_000
# Pages of a host, or sites of a problem: site_page_info asks up to 500.
MOST_SITES = 1000


def short(value: Any, where: str) -> str:
    return text(value, where, SHORT_TEXT)


def long(value: Any, where: str) -> str:
    return text(value, where, LONG_TEXT)


def sparse(reader: Reader, *fields: str) -> Reader:
    """The same record without those of these fields that are None."""

    def read(value: Any, where: str) -> dict[str, Any]:
        return {
            name: item
            for name, item in reader(value, where).items()
            if name not in fields or item is not None
        }

    return read


class Bound(NamedTuple):
    """What a field, or each item of a list, may be.

    read: None where the type says it all. schema: the same for docs/report.schema.json. absent: what stands
    for null and for a field that is not there. most: items of a list; what is beyond is left out.
    """

    read: Reader | None = None
    schema: dict[str, Any] | None = None
    absent: Any = None
    most: int = MAX_ITEMS


def choice(*words: str) -> Bound:
    return Bound(one_of(*words), {"enum": list(words)})


def defined(read: Reader, name: str) -> Bound:
    """name: of a definition of the schema."""
    return Bound(read, {"$ref": "#/$defs/" + name})


TYPES: dict[Any, Bound] = {
    str: defined(text, "text"),
    int: defined(count, "count"),
    float: defined(number, "number"),
    bool: Bound(flag, {"type": "boolean"}),
}
ID = defined(identifier, "id")
TIME = defined(moment, "time")
STATUS = defined(one_of(*ANSWERS), "status")
SHORT = Bound(short, {"type": "string", "maxLength": SHORT_TEXT})
LONG = Bound(long, {"type": "string", "maxLength": LONG_TEXT})
NO_TEXT = Bound(absent="")
ZERO = Bound(absent=0)

BOUNDS: dict[type, dict[str, Bound]] = {
    Named: {"cause": ID, "reason": ID},
    Finding: {
        "cause": ID,
        "reason": ID,
        "code": Bound(integer, {"type": "integer"}),
        "since": TIME,
        "sites_left": ZERO,
    },
    Facts: {"fault": ID, "refusal": ID},  # of a later release there may be more
    MissingKind: {"refusal": ID},
    Place: {"at": TIME},
    Timeline: {"begin": TIME, "counts": Bound(most=MOST_STEPS)},
    Difference: {"before_header": SHORT, "after_header": SHORT, "prepared": LONG},
    Remedied: {"diff": Bound(most=MOST_FILES)},
    Run: {
        "id": SHORT,
        "started": TIME,
        "by": SHORT,
        "job": SHORT,
        "version": SHORT,
        "ansible_version": SHORT,
        "playbook": SHORT,
        "limit": SHORT,
    },
    Taken: {
        "why": NO_TEXT,
        "cut": ZERO,
        "seconds": ZERO,
    },
    Shown: {"probe": NO_TEXT},
    FindingResult: {"why": NO_TEXT},
    Undone: {"at": TIME, "why": NO_TEXT},
    Remediation: {
        "why": NO_TEXT,
        "status_before": STATUS,
        "status_after": STATUS,
        "diagnosed_at": TIME,
    },
    Stranger: {"user": SHORT, "claims": choice("nginx", "php-fpm"), "title": SHORT},
    HostStatus: {
        "status": STATUS,
        "strangers": Bound(most=MOST_STRANGERS),
        "strangers_total": ZERO,
    },
    HostEntry: {"status": choice(*STATUSES)},
    Reason: {"cause": ID, "reason": ID},
    Gate: {
        "since": TIME,
        "ill": Bound(most=MOST_HOSTS),
        "reasons": Bound(most=MOST_REASONS),
    },
    RestartProblem: {"kind": ID, "sites": Bound(most=MOST_SITES)},
    SitePages: {"pages": Bound(most=MOST_SITES)},
}


class Field(NamedTuple):
    """kind: its type. required: False where it is left out when nothing is known."""

    kind: Any
    required: bool
    bound: Bound


def fields_of(shape: type) -> dict[str, Field]:
    """The fields of a shape by name, those of its bases first."""
    kinds = get_type_hints(shape)
    fields = {}
    for base in reversed(shape.__mro__):
        for name in get_annotations(base):
            bounds = [BOUNDS[owner][name] for owner in shape.__mro__ if name in BOUNDS.get(owner, {})]
            fields[name] = Field(kinds[name], vars(base)["__total__"], bounds[0] if bounds else Bound())
    return fields


def inner(kind: Any) -> Any:
    """X of Optional[X], of List[X] and of Dict[str, X]."""
    return get_args(kind)[1 if get_origin(kind) is dict else 0]


def reader_of(shape: type) -> Reader:
    """What lets a dict of this shape through, and nothing else of it."""
    fields = fields_of(shape)
    readers = {name: _field_reader(field) for name, field in fields.items()}
    return sparse(record(**readers), *(name for name, field in fields.items() if not field.required))


def _field_reader(field: Field) -> Reader:
    reader = _reader(field.kind, field.bound)
    may_be_absent = not field.required or field.bound.absent is not None
    return optional(reader, field.bound.absent) if may_be_absent else reader


def _reader(kind: Any, bound: Bound) -> Reader:
    if get_origin(kind) is Union:
        return optional(_reader(inner(kind), bound))
    if get_origin(kind) is list:
        return listed(_reader(inner(kind), bound), bound.most)
    if get_origin(kind) is dict:
        return mapping
    if bound.read is not None:
        return bound.read
    if get_origin(kind) is Literal:
        return one_of(*get_args(kind))
    plain = TYPES.get(kind)
    if plain is not None and plain.read is not None:
        return plain.read
    return reader_of(kind)


DIAGNOSIS = reader_of(Diagnosis)
RUN = reader_of(Run)
