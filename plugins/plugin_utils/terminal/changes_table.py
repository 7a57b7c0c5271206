# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences between two reports, as lines for a terminal: a block a list, a row a cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..reports.compare import epoch
from ..reports.remedies import full_name
from ..shapes.changes import Changed, Changes, Saturation
from .layout import MAX_COMMAND, PAGE, Line, Page, labelled
from .text import clean, clock, cut, names, pad, plural, span, width, wrap

# A list of Changes: its heading, its colour, and whether its rows say what to do.
BLOCKS = (
    ("new", "NEW", "red", True),
    ("gone", "GONE", "green", False),
    ("unknown", "NOT SEEN", "yellow", False),
    ("same", "THE SAME", "yellow", False),
)
NOT_SEEN = "found before, on hosts that the later report could not look at"
MAX_ROWS = 12
MAX_POOLS = 8


def render(changes: Changes, footer: str = "", page: Page = PAGE) -> list[Line]:
    """Each line with its colour or None."""
    lines = _head(changes, page)
    lists = {name: changes[name] for name in ("new", "gone", "unknown", "same")}
    for name, heading, color, with_fix in BLOCKS:
        found = lists[name]
        lines += _block(page, heading, color, found, epoch(changes["after"]), with_fix) if found else []
    lines += _hosts(changes, page)
    lines += _pools(changes, page)
    return [*lines, ("", None), *([(clean(footer), None)] if footer else [])]


def _head(changes: Changes, page: Page) -> list[Line]:
    counts = [
        (len(changes["new"]), "new"),
        (len(changes["gone"]), "gone"),
        (len(changes["same"]), "the same"),
    ]
    words = ", ".join("%d %s" % count for count in counts)
    if changes["unknown"]:
        words += ", %d not seen any more" % len(changes["unknown"])
    times = "%s compared with %s" % (changes["after"], changes["before"])
    return [
        ("Findings: " + words, "red" if changes["new"] else "green"),
        (times, None),
        *((line, None) for line in wrap(_lost(changes), page.width, 3)),
    ]


def _lost(changes: Changes) -> str:
    lost = changes["lost"]
    if lost["at_most"] == 0:
        number = "No request was lost since then"
    elif lost["at_least"] == lost["at_most"]:
        number = "%s lost since then" % plural(lost["at_most"], "request")
    else:
        number = "%d to %s lost since then" % (lost["at_least"], plural(lost["at_most"], "request"))
    gap = "; of %s of that time nothing was read" % _roughly(lost["unread"]) if lost["unread"] else ""
    return "%s%s%s." % (number, ", as far as the logs were read" if gap else "", gap)


def _roughly(seconds: int) -> str:
    """85500 as "23 h"."""
    for size in (86400, 3600, 60):
        if seconds >= 2 * size:
            return span(seconds // size * size)
    return span(seconds)


def _block(
    page: Page, heading: str, color: str, found: Sequence[Changed], now: float, with_fix: bool
) -> list[Line]:
    by_cause: dict[str, list[Changed]] = {}
    for item in found:
        by_cause.setdefault(full_name(item), []).append(item)
    rows = sorted(by_cause.items(), key=lambda row: (-len(_on(row[1])), row[0]))
    lines: list[Line] = [("", None), (("%s  %s" % (heading, _note(heading, found, page))).rstrip(), color)]
    for cause, items in rows[:MAX_ROWS]:
        right = "%s  %s" % (cause, plural(len(_on(items)), "host"))
        room = page.width - width(right) - 4
        lines.append(("  %s  %s" % (pad(cut(items[0]["title"], room), room), right), None))
        lines += labelled(page, "on", ", ".join(names(_on(items), page.width - 9)), 1)
        lines += labelled(page, "at", _where(items, now), 2)
        lines += labelled(page, "fix", _fix(items), MAX_COMMAND) if with_fix else []
    if len(rows) > MAX_ROWS:
        lines.append(("  and %s" % _more(len(rows) - MAX_ROWS, "cause"), None))
    return lines


def _more(number: int, noun: str) -> str:
    return plural(number, "more " + noun)


def _note(heading: str, found: Sequence[Changed], page: Page) -> str:
    if heading == "NOT SEEN":
        return NOT_SEEN
    blind = list(dict.fromkeys(item["host"] for item in found if not item["looked"]))
    if heading == "NEW" and blind:
        return (
            "perhaps older on %s: the earlier report could not look there" % names(blind, page.width - 64)[0]
        )
    return ""


def _on(items: Iterable[Changed]) -> list[str]:
    return list(dict.fromkeys(item["host"] for item in items))


def _where(items: Sequence[Changed], now: float) -> str:
    """Sites, pools, and what was lost there since when."""
    sites = list(
        dict.fromkeys(site for item in items for site in item["sites"] or [item["site"] or ""] if site)
    )
    pools = list(dict.fromkeys(item["pool"] for item in items if item["pool"]))
    left = max(item["sites_left"] for item in items)
    ends = list(dict.fromkeys(item["endpoint"] for item in items if item["endpoint"]))
    since = min((item["since"] for item in items if item["since"] is not None), default=None)
    lost = sum(item["lost_after"] for item in items)
    parts = [
        names(sites or ends, 40, hidden=left)[0] if sites or ends else "",
        "pool %s" % names(pools, 20)[0] if pools else "",
        "since %s" % clock(since, now) if since is not None else "",
        "%d lost" % lost if lost else "",
    ]
    return ", ".join(part for part in parts if part)


def _fix(items: Sequence[Changed]) -> str:
    fixes = list(dict.fromkeys(item["fix"] for item in items if item["fix"]))
    more = " (%d more in the report)" % (len(fixes) - 1) if len(fixes) > 1 else ""
    return fixes[0] + more if fixes else ""


def _hosts(changes: Changes, page: Page) -> list[Line]:
    lines: list[Line] = []
    for words, hosts in (("came", changes["came"]), ("went", changes["went"])):
        if hosts:
            lines.append(("%-9s %4d  %s" % (words, len(hosts), names(hosts, page.width - 16)[0]), None))
    by_change: dict[tuple[str, str], list[str]] = {}
    for item in changes["hosts"]:
        if item["was"] and item["now"]:
            by_change.setdefault((item["was"], item["now"]), []).append(item["host"])
    for (was, now), hosts in by_change.items():
        head = "%s, was %s: " % (now, was)
        lines.append((head + names(hosts, page.width - len(head))[0], None))
    return [("", None), *lines] if lines else []


def _pools(changes: Changes, page: Page) -> list[Line]:
    nearer = [pool for pool in changes["saturation"] if pool["trend"] == "nearer"]
    lines: list[Line] = [
        (cut("nearer to its limit: " + _load(pool), page.width), None) for pool in nearer[:MAX_POOLS]
    ]
    if len(nearer) > MAX_POOLS:
        lines.append(("and %s" % _more(len(nearer) - MAX_POOLS, "pool"), None))
    if changes["saturation_unknown"]:
        hosts = changes["saturation_unknown"]
        words = "How near pools are to their limit is unknown on %s: it takes two reports with snapshots."
        lines += [(line, None) for line in wrap(words % plural(len(hosts), "host"), page.width, 2)]
    return [("", None), *lines] if lines else []


def _load(pool: Saturation) -> str:
    before, after = pool["before"], pool["after"]
    if before is None or after is None:
        return "%s, pool %s" % (pool["host"], pool["pool"])
    queue = "; queue %s of %s, was %s" % (after["queue"], after["backlog"], before["queue"])
    return "%s, pool %s: %s of %s workers busy, was %s of %s%s" % (
        pool["host"],
        pool["pool"],
        after["busy"],
        after["max_children"],
        before["busy"],
        before["max_children"],
        queue if after["queue"] else "",
    )
