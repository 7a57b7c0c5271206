# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot of any origin, before the rules see it: bounded, cleaned, and of the types that
rules rely on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .older_events import complete
from .untrusted import Limits, Mismatch, Reader, flag, listed, mapping, number, optional, record, text

if TYPE_CHECKING:
    from ..shapes.snapshot import Snapshot

LIMITS = Limits(depth=20, values=1_000_000, text=16 * 1024**2, chars=16 * 1024**2)
# The largest host that the tests describe has 5,000 sites.
MOST_ITEMS = 20_000


def several(reader: Reader) -> Reader:
    """A list of at most MOST_ITEMS items. A longer one is refused: no evidence is left out silently."""

    def read(value: Any, where: str) -> Any:
        if isinstance(value, list) and len(value) > MOST_ITEMS:
            raise Mismatch("%s has more than %d items" % (where, MOST_ITEMS))
        return listed(reader, MOST_ITEMS)(value, where)

    return read


def by_name(reader: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise Mismatch("%s is no dict" % where)
        return several(reader)(list(value.values()), where)

    return read


_SECONDS = record(seconds=number)
_MISSING = record(what=text, path=optional(text), why=text, needs=optional(text))
_ROUTE = record(
    site=optional(text),
    server_names=several(text),
    server=optional(record(file=text, line=number)),
    listen=several(text),
    location=optional(text),
    file=optional(text),
    line=optional(number),
    params=mapping,
    upstream=optional(text),
    connect_timeout=_SECONDS,
    send_timeout=_SECONDS,
    read_timeout=_SECONDS,
    endpoints=several(record(endpoint=text, written=optional(text), down=flag, backup=flag)),
)
_POOL = record(
    name=text,
    endpoint=optional(text),
    listen=optional(text),
    pm=optional(text),
    max_children=optional(number),
)
_LINE = record(at=number, text=text)
_MASTER = record(
    config=text,
    running=flag,
    binary=optional(text),
    unit=optional(text),
    unit_state=optional(record(log=several(_LINE), said=several(_LINE))),
    test=optional(record(output=optional(several(text)))),
    started_at=optional(number),
    config_changed_at=optional(number),
    pools=several(_POOL),
)
_ENDPOINT = record(
    connect=optional(record(result=text)),
    probe=optional(record(result=text, ms=optional(number))),
    real_path=optional(text),
    queue=optional(number),
    waiting=optional(record(live=optional(number), dead=optional(number))),
    abandoned=optional(number),
    flow=optional(record(seconds=number, arrived=number, answered=number)),
    listeners=several(record(fpm=flag)),
    addresses=several(record(address=text)),
    parents=several(mapping),
)
_EVENT = record(
    source=text,
    signature=text,
    count=number,
    first=number,
    last=number,
    times=several(number),
    site=optional(text),
    endpoint=optional(text),
    pool=optional(text),
    master=optional(text),
    pids=several(number),
    detail=mapping,
    sample=record(path=optional(text), at=optional(number), text=text),
)
_SNAPSHOT = record(
    taken_at=number,
    window=number,
    host=mapping,
    nginx=record(running=flag, routes=several(_ROUTE), config_changed_at=optional(number)),
    fpm=record(installed=flag, masters=several(_MASTER)),
    endpoints=by_name(_ENDPOINT),
    workers=several(mapping),
    memory=mapping,
    oom=record(kills=several(record(at=optional(number), text=optional(text)))),
    logs=record(events=several(_EVENT)),
    access=optional(record(events=several(_EVENT), php_errors=several(record(text=text)))),
    missing=several(_MISSING),
)


def read(snapshot: Any) -> Snapshot:
    """A copy for the rules. Raises Mismatch; fields that are not declared here are kept as they are."""
    copied = mapping(snapshot, "", LIMITS)
    if copied.get("schema_version") != 1:
        raise Mismatch("its schema_version is not 1")
    _SNAPSHOT(copied, "")
    known = cast("Snapshot", copied)
    complete(known)
    return known
