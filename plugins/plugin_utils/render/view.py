# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report's page shows, as plain data: said once, in the order of a reader. The page lays it out.

Words stand in the catalogue. What a host wrote stays text: the template escapes all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..answers.bounds import STATUSES
from ..catalogue.catalogue import steps_for
from ..links import url
from ..reports import remedies
from ..reports.remedies import full_name, open_findings
from ..shapes.finding import Evidence
from ..shapes.report import Explained, HostEntry, Report
from ..terminal.cause_blocks import Group, groups_of
from ..terminal.layout import NUMBERS, STAMPS
from ..terminal.text import clean, clock, plural, span

# A status in a word, and the mark that stands for it beside its colour.
WORDS = {
    "failing": ("failing", "\u00d7"),
    "degraded": ("degraded", "!"),
    "unreachable": ("unreachable", "\u2205"),
    "unknown": ("unknown", "?"),
    "recovered": ("recovered", "\u21ba"),
    "healthy": ("healthy", "\u2713"),
    "not_applicable": ("not applicable", "\u2013"),
}
NO_CAUSE = {
    "healthy": "PHP is reached",
    "not_applicable": "no nginx in front of PHP-FPM",
    "unreachable": "no connection",
    "unknown": "not seen well enough",
    "recovered": "the cause is gone",
}


# What a title says of a cause that does not act now.
TENSE = {"recovered": " (over)", "latent": " (latent)"}


class Member(NamedTuple):
    """A host, as others refer to it. id: of its place in the page."""

    name: str
    id: str
    status: str


class Cluster(NamedTuple):
    """Hosts of one status and one cause on the map. cause: the id of its place in the page, or empty."""

    label: str
    cause: str
    members: list[Member]


class Band(NamedTuple):
    """A status on the map. total: its hosts."""

    status: str
    total: int
    clusters: list[Cluster]


class Fix(NamedTuple):
    """steps: whether it is a command, and the text. hosts: how many have it."""

    text: str
    steps: list[tuple[bool, str]]
    hosts: int


class Cause(NamedTuple):
    """Findings of one cause and reason. proof and advice: None where they differ from host to host. fixes: on
    how many hosts each, the most frequent first.
    """

    id: str
    name: str
    title: str
    status: str
    state: str
    certain: bool
    members: list[Member]
    since: str
    ago: str
    lost: int
    sites: list[str]
    pools: list[str]
    proof: tuple[str, str] | None
    fixes: list[Fix]
    advice: str | None
    outage: str  # of a risk
    do_not: str
    doc: str
    ruled_out: list[tuple[str, str]]
    findings: list[Explained]
    owners: list[Member]  # of the findings

    @property
    def sentence(self) -> str:
        """As "on 14 hosts since 14:02:11"."""
        on = "on " + plural(len(self.members), "host")
        return on + (" since " + self.since if self.since != "-" else "")


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """The id of each host in the page: host-NAME, as people write it in a link."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        wanted = "host-" + (re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80] or "-")
        number, unique = 2, wanted
        while unique in taken:
            unique, number = "%s~%d" % (wanted, number), number + 1
        taken.add(unique)
        ids[name] = unique
    return ids


def where(piece: Evidence) -> str:
    """The place of a piece of evidence, as nginx_log /var/log/nginx/error.log."""
    place = piece["path"] or ""
    if place and piece.get("line"):
        place = "%s:%s" % (place, piece.get("line"))
    return clean(" ".join(filter(None, (piece["source"].replace("_", " "), place))))


def words_of(piece: Evidence) -> str:
    """Its words without the time before them, which has a column of its own."""
    return clean(STAMPS.sub("", piece["text"]))


def sites_of(finding: Explained) -> list[str]:
    return [clean(name) for name in remedies.sites_of(finding) if name]


def members_of(names: Iterable[str], hosts: Mapping[str, HostEntry], ids: Mapping[str, str]) -> list[Member]:
    return [Member(clean(name), ids[name], hosts[name]["status"]) for name in names]


def _proof(findings: list[Explained]) -> tuple[str, str] | None:
    """The deciding piece of evidence, where it is the same for all but for numbers."""
    pieces = [finding["evidence"][0] for finding in findings if finding["evidence"]]
    if len(pieces) != len(findings) or len({NUMBERS.sub("0", words_of(piece)) for piece in pieces}) > 1:
        return None
    return where(pieces[0]), words_of(pieces[0])


def _shared(findings: list[Explained]) -> list[tuple[str, str]]:
    """What is ruled out on all of them, in the same words."""
    first, *others = [
        [(item["cause"], clean(item["why"])) for item in each["ruled_out"]] for each in findings
    ]
    return [pair for pair in first if all(pair in other for other in others)]


def steps_of(finding: Explained) -> list[tuple[bool, str]]:
    """Its fix, with the commands apart from the words."""
    if finding["state"] == "recovered":
        return [(False, clean(finding["fix"]))]
    return [(step.command, clean(step.text)) for step in steps_for(finding)]


def _fixes(pairs: Iterable[tuple[str, Explained]]) -> list[Fix]:
    on: dict[str, dict[str, Explained]] = {}
    for host, finding in pairs:
        if finding["fix"]:
            on.setdefault(clean(finding["fix"]), {})[host] = finding
    fixes = [Fix(text, steps_of(next(iter(found.values()))), len(found)) for text, found in on.items()]
    return sorted(fixes, key=lambda fix: -fix.hosts)


def _only(texts: Iterable[str]) -> str | None:
    """The one text that all of them are."""
    found = set(texts)
    return found.pop() if len(found) == 1 else None


def cause_of(
    group: Group, number: int, hosts: Mapping[str, HostEntry], ids: Mapping[str, str], now: float
) -> Cause:
    findings = [finding for _host, finding in group.pairs]
    first = findings[0]
    begins = [finding["since"] for finding in findings if finding["since"] is not None]
    since = min(begins, default=None)
    state = "latent" if all(finding["state"] == "latent" for finding in findings) else first["state"]
    return Cause(
        id="cause-%d" % number,
        name=full_name(first),
        title=first["title"] + TENSE.get(state, ""),
        status=group.status,
        state=state,
        certain=all(finding["confidence"] == "certain" for finding in findings),
        members=members_of(group.hosts, hosts, ids),
        since=clock(since, now),
        ago=span_before(since, now),
        lost=sum(finding["count"] for finding in findings),
        sites=list(dict.fromkeys(site for finding in findings for site in sites_of(finding))),
        pools=list(dict.fromkeys(clean(each["pool"]) for each in findings if each["pool"])),
        proof=_proof(findings),
        fixes=_fixes(group.pairs),
        advice=_only(clean(finding["advice"]) for finding in findings),
        outage=clean(first.get("outage", "")) if state == "latent" else "",
        do_not=first["do_not"],
        doc=url(first["doc"]),
        ruled_out=_shared(findings),
        findings=findings,
        owners=members_of((host for host, _finding in group.pairs), hosts, ids),
    )


def span_before(since: float | None, now: float) -> str:
    """As "15 min before this report", in one unit."""
    if since is None or not 0 <= now - since < 10 * 365 * 86400:
        return ""
    seconds = int(now - since)
    for size in (86400, 3600, 60):
        if seconds >= size:
            return span(seconds // size * size) + " before this report"
    return span(seconds) + " before this report"


def causes_of(report: Report, now: float, ids: Mapping[str, str]) -> list[Cause]:
    """What is broken now, worst first; then what was lost in the window though its cause is gone."""
    hosts: dict[str, HostEntry] = {
        name: {**entry, "findings": open_findings(entry)} for name, entry in report["hosts"].items()
    }
    groups = groups_of(hosts)
    over: dict[tuple[str, str | None], list[tuple[str, Explained]]] = {}
    for name, entry in hosts.items():
        for finding in entry["findings"]:
            if finding["state"] == "recovered":
                over.setdefault((finding["cause"], finding["reason"]), []).append((name, finding))
    groups += [Group("recovered", pairs) for pairs in sorted(over.values(), key=lambda item: -len(item))]
    return [cause_of(group, number, hosts, ids, now) for number, group in enumerate(groups, 1)]


def bands_of(report: Report, causes: list[Cause], ids: Mapping[str, str]) -> list[Band]:
    """The map: each host once, below its status and the first of its causes."""
    hosts, placed = report["hosts"], dict[str, Cause]()
    for cause in causes:
        for member in cause.members:
            placed.setdefault(member.id, cause)
    bands = []
    for status in STATUSES:
        clusters: dict[str, Cluster] = {}
        for name, entry in hosts.items():
            if entry["status"] != status:
                continue
            found = placed.get(ids[name])
            label = found.title if found else NO_CAUSE.get(status, "no cause found")
            cluster = clusters.setdefault(label, Cluster(label, found.id if found else "", []))
            cluster.members.append(Member(clean(name), ids[name], status))
        if clusters:
            ordered = sorted(clusters.values(), key=lambda cluster: -len(cluster.members))
            bands.append(Band(status, sum(len(each.members) for each in ordered), ordered))
    return bands
