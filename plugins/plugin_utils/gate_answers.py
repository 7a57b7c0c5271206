# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What restart_info and site_page_info answered, field by field. Hosts may answer what they like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .bounds import CONFIDENCES, SEVERITIES
from .played import DELEGATED
from .report import failure
from .untrusted import Mismatch, count, flag, identifier, listed, one_of, optional, record, text

# Pages of a host, or sites of a problem: site_page_info asks up to 500.
MOST_SITES = 1000
VERDICTS = ("fails", "risky", "unknown", "fine", "not_applicable")


class Problem(TypedDict):
    kind: str
    severity: str
    confidence: str
    already: bool | None  # it is so now
    pool: str | None
    sites: list[str]
    summary: str
    fix: str


class Cut(TypedDict):
    unit: str | None
    running: int | None  # requests
    reload_cuts: int | None


class Unseen(TypedDict):
    what: str
    why: str
    needs: str | None


class Restart(TypedDict):
    verdict: str
    msg: str
    problems: list[Problem]
    cuts: list[Cut]
    missing: list[Unseen]


class Page(TypedDict):
    site: str
    url: str
    asked: bool
    ok: bool | None
    why: str
    status: int | None


class Pages(TypedDict):
    ok: bool
    msg: str
    pages: list[Page]


RESTART = record(
    verdict=one_of(*VERDICTS),
    msg=text,
    problems=listed(
        record(
            kind=identifier,
            severity=one_of(*SEVERITIES),
            confidence=one_of(*CONFIDENCES),
            already=optional(flag),
            pool=optional(text),
            sites=listed(text, MOST_SITES),
            summary=text,
            fix=optional(text, ""),
        )
    ),
    cuts=listed(record(unit=optional(text), running=optional(count), reload_cuts=optional(count))),
    missing=listed(record(what=text, why=text, needs=optional(text))),
)
PAGES = record(
    ok=flag,
    msg=text,
    pages=listed(
        record(
            site=text, url=optional(text, ""), asked=flag, ok=optional(flag), why=optional(text, ""),
            status=optional(count),
        ),
        MOST_SITES,
    ),
)  # fmt: skip


def _answer(result: Mapping[str, Any], host: str, reader: Any) -> Any:
    """What a host answered, or why it did not."""
    if result.get(DELEGATED, host) != host:
        return "it is the answer of another host (delegate_to)"
    if result.get("failed") or result.get("unreachable") or result.get("skipped"):
        return failure(result)
    try:
        return reader(result, "")
    except Mismatch as error:
        return "it answered something else: %s" % error


def restart(result: Mapping[str, Any], host: str) -> Restart | str:
    found: Restart | str = _answer(result, host, RESTART)
    return found


def pages(result: Mapping[str, Any], host: str) -> Pages | str:
    found: Pages | str = _answer(result, host, PAGES)
    return found
