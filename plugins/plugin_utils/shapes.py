# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's answer may hold, field by field, as docs/report.schema.json has it."""

from __future__ import annotations

from typing import Any

from .untrusted import (
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

# Worst first; the verdict on a fleet is the worst status in it.
STATUSES = ("failing", "degraded", "unreachable", "unknown", "recovered", "healthy", "not_applicable")
# What a module may say of a host; the rest is for hosts on which no module could answer.
ANSWERS = tuple(status for status in STATUSES if status != "unreachable")
MOST_STRANGERS = 20


def short(value: Any, where: str) -> str:
    return text(value, where, 200)


def sparse(reader: Reader, *fields: str) -> Reader:
    """A record in which these fields are left out where nothing is known."""

    def read(value: Any, where: str) -> dict[str, Any]:
        return {
            name: item
            for name, item in reader(value, where).items()
            if name not in fields or item is not None
        }

    return read


NOTHING = optional(text, "")
MISSING = record(what=text, path=optional(text), why=text, needs=optional(text))
EVIDENCE = sparse(
    record(source=text, path=optional(text), text=text, line=optional(count), at=optional(moment)),
    "line",
    "at",
)
SERVER = record(name=text, listen=text, file=optional(text), line=optional(count))
FINDING = record(
    cause=identifier,
    reason=optional(identifier),
    code=optional(integer),
    severity=one_of("critical", "warning", "info"),
    confidence=one_of("certain", "likely", "possible"),
    state=one_of("active", "recovered", "latent"),
    site=optional(text),
    sites=listed(text),
    servers=listed(SERVER),
    endpoint=optional(text),
    pool=optional(text),
    unit=optional(text),
    since=optional(moment),
    count=count,
    summary=text,
    evidence=listed(EVIDENCE),
    ruled_out=listed(record(cause=text, why=text)),
    missing=listed(MISSING),
    remedy=listed(record(action=text, arguments=mapping)),
)
_ACTION: dict[str, Reader] = {
    "id": text,
    "target": optional(text),
    "arguments": mapping,
    "because": listed(text),
    "findings": listed(count),
    "risk": text,
    "reversible": flag,
    "disruption": text,
    "running": optional(count),
}
PLANNED = record(**_ACTION, host=text)
TAKEN = record(
    **_ACTION,
    result=one_of("failed", "done", "would", "unchanged", "rolled_back", "refused", "skipped"),
    why=NOTHING,
    files=listed(text),
    commands=listed(text),
    backup=optional(text),
    cut=optional(count, 0),
    seconds=optional(number, 0),
)
SEEN = record(probe=NOTHING, http=optional(number), queue=optional(number))
BECAME = record(
    cause=identifier,
    reason=optional(identifier),
    site=optional(text),
    endpoint=optional(text),
    pool=optional(text),
    result=one_of("escalated", "fixed", "would_fix", "rolled_back", "not_needed"),
    before=optional(SEEN),
    after=optional(SEEN),
    why=NOTHING,
)
STILL = record(
    cause=identifier,
    reason=optional(identifier),
    site=optional(text),
    endpoint=optional(text),
    pool=optional(text),
    summary=text,
    new=flag,
)
UNDONE = record(
    name=text,
    target=optional(text),
    at=optional(moment),
    files=listed(text),
    fate=one_of("put_back", "kept", "left", "tidied", "damaged"),
    why=NOTHING,
    by_hand=listed(text),
)
REMEDIATION = record(
    check_mode=flag,
    outcome=one_of("left_alone", "nothing_to_do", "would_change", "done", "busy"),
    why=NOTHING,
    status_before=one_of(*ANSWERS),
    status_after=optional(one_of(*ANSWERS)),
    diagnosed_at=optional(moment),
    answered_after=optional(number),
    undone=optional(UNDONE),
    actions=listed(TAKEN),
    findings=listed(BECAME),
    still=listed(STILL),
)
STRANGER = record(
    pid=count, user=short, claims=one_of("nginx", "php-fpm"), title=short, exe=optional(text), why=text
)
DIAGNOSIS = sparse(
    record(
        status=one_of(*ANSWERS),
        findings=listed(FINDING),
        missing=listed(MISSING),
        plan=listed(PLANNED),
        strangers=listed(STRANGER, MOST_STRANGERS),
        strangers_total=optional(count, 0),
        remediation=optional(REMEDIATION),
    ),
    "remediation",
)
