# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all responses know of each other: who answers for which host, and how often. Pure.

Each function changes the book that it is given. plugin_utils/alerts/store.py keeps it on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..shapes.alerts import Book, Holder, Throttle
from ..terminal.text import plural, span

# Of another machine, or of another space of process ids, nobody knows whether the process runs. Each step
# holds the host for what the next one may take, and for so many seconds more: reports are made and handed on.
LEASE = 1800
ENDLESS = 86400  # for what no limit ends
MOST_HOSTS = 10_000
AGAIN = 3600  # seconds after which a person is asked for the same again

Alive = Callable[[Holder], bool | None]


class Admission(NamedTuple):
    decision: str  # admit, busy or throttle
    why: str


def empty() -> Book:
    return {"responses": {}, "mends": [], "held": {}, "asked": {}}


def is_held(holder: Holder, now: float, alive: Alive) -> bool:
    runs = alive(holder)
    return now - holder["at"] < holder["lease"] if runs is None else runs


def lease(lasts: float) -> float:
    """lasts: the seconds after which the engine ends what comes next, 0: never."""
    return LEASE + (lasts or ENDLESS)


def admit(book: Book, host: str, throttle: Throttle, holder: Holder, alive: Alive) -> Admission:
    """holder: who wants to answer for the host, now. Admitted, it holds the host until release()."""
    now = holder["at"]
    other = book["held"].get(host)
    if other is not None:
        # By a clock that was set back since, or that of another machine: it holds from now on.
        other["at"] = min(other["at"], now)
    if other is not None and is_held(other, now, alive):
        return Admission("busy", "response %s is at work on the host" % other["id"])
    past = [at for at in book["responses"].get(host, ()) if 0 <= now - at < throttle["host_seconds"]]
    book["responses"][host] = past
    if len(past) >= throttle["host_responses"]:
        words = (plural(len(past), "response"), span(throttle["host_seconds"]))
        return Admission("throttle", "%s to alerts of this host in %s: throttle.host_responses" % words)
    past.append(now)
    book["held"][host] = holder
    _forget(book, throttle, now, alive)
    return Admission("admit", "an alert fires, and nothing else answers for the host")


def renew(book: Book, host: str, response: str, now: float, lasts: float) -> str:
    """Why this response does not hold the host any more, empty where it does: then anew, from now on."""
    holder = book["held"].get(host)
    if holder is None or holder["id"] != response:
        other = "response %s" % holder["id"] if holder else "nobody"
        return "this response does not hold the host any more: %s does" % other
    holder["at"], holder["lease"] = now, lease(lasts)
    return ""


def release(book: Book, host: str, response: str) -> bool:
    """Whether this response held the host."""
    holder = book["held"].get(host)
    if holder is None or holder["id"] != response:
        return False
    del book["held"][host]
    return True


def mends(book: Book, host: str, throttle: Throttle, now: float) -> str:
    """Why the host may not be mended now, empty where it may: then it counts."""
    recent = {mend["host"] for mend in book["mends"] if 0 <= now - mend["at"] < throttle["fleet_seconds"]} - {
        host
    }
    if len(recent) >= throttle["fleet_mends"]:
        return "%s were mended in %s, so the cause may lie beyond them: throttle.fleet_mends" % (
            plural(len(recent), "host"),
            span(throttle["fleet_seconds"]),
        )
    book["mends"].append({"host": host, "at": now})
    return ""


def may_ask(book: Book, host: str, what: str, now: float) -> bool:
    """Whether a person was not asked for this lately. It counts as asked then."""
    key = "%s %s" % (host, what)
    if 0 <= now - book["asked"].get(key, -AGAIN) < AGAIN:
        return False
    book["asked"][key] = now
    return True


def answered(book: Book, host: str) -> None:
    """Nothing is open for the host any more."""
    book["asked"] = {key: at for key, at in book["asked"].items() if key.partition(" ")[0] != host}


def _forget(book: Book, throttle: Throttle, now: float, alive: Alive) -> None:
    """What no decision asks for any more."""
    book["mends"] = [mend for mend in book["mends"] if 0 <= now - mend["at"] < throttle["fleet_seconds"]]
    book["held"] = {name: item for name, item in book["held"].items() if is_held(item, now, alive)}
    book["asked"] = {key: at for key, at in book["asked"].items() if 0 <= now - at < AGAIN}
    book["responses"] = {
        name: past
        for name, past in book["responses"].items()
        if past and 0 <= now - past[-1] < throttle["host_seconds"]
    }
