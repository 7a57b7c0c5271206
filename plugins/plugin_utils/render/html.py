# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one page that needs nothing else: no network, no foreign script, readable without JavaScript.

Its template, style and script lie in page/. The policy in the page allows those two by their hash, and
nothing else. Should a text of a host ever get out of its place, it could do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..answers.bounds import STATUSES
from ..reports.remedies import tally
from ..shapes.changes import Changes
from ..shapes.report import HostEntry, Report
from ..terminal.remedy_headline import headline as remedy_headline
from ..terminal.remedy_headline import with_remedy
from ..terminal.table import headline
from ..terminal.text import clean, names, plural
from .facts import facts_of, moment_of, verdict_of, worst_of
from .hosts import hosts_of
from .judged import LIKE, judged_of
from .lanes import HEIGHT, WIDTH, axis_of
from .shorter import LIMITS, shorter
from .since import since_of
from .view import WORDS, Cause, Member, bands_of, causes_of, identifiers, sites_of

PLACE = os.path.join(os.path.dirname(__file__), "page")
STYLES = ("base.css", "parts.css", "media.css")
SCRIPTS = ("page.js",)
# Fleets up to this have the names of their hosts on the map; larger ones have a mark for each.
NAMED = 60
MOST_SITES = 500
BYTES = 3_000_000  # of the page, for each thousand hosts
TOO_MUCH = (
    "The hosts say more than a page holds. Long lists and texts are cut here; report.json has all of it."
)


class Site(NamedTuple):
    """name: with the address it listens on. status: the worst of its hosts."""

    name: str
    status: str
    members: list[Member]
    causes: list[Cause]
    lost: int


def sites_of_fleet(causes: list[Cause], hosts: Mapping[str, HostEntry], ids: Mapping[str, str]) -> list[Site]:
    """The sites that a finding names, the worst first."""
    members = {ids[name]: Member(clean(name), ids[name], entry["status"]) for name, entry in hosts.items()}
    found: dict[str, Site] = {}
    for cause in causes:
        for finding, member in zip(cause.findings, cause.owners, strict=True):
            for name in sites_of(finding):
                site = found.setdefault(name, Site(name, member.status, [], [], 0))
                site = site._replace(
                    lost=site.lost + finding["count"],
                    status=min(site.status, member.status, key=STATUSES.index),
                )
                found[name] = site
                if members[member.id] not in site.members:
                    site.members.append(member)
                if cause not in site.causes:
                    site.causes.append(cause)
    return sorted(found.values(), key=lambda site: (STATUSES.index(site.status), -site.lost, site.name))


def _read(*files: str) -> str:
    texts = []
    for name in files:
        with open(os.path.join(PLACE, name), encoding="utf-8") as stream:
            texts.append(stream.read())
    return "".join(texts)


def _hash(text: str) -> str:
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=None)
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PLACE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(report: Report, changes: Changes | None = None) -> str:
    """The page, of a bounded size. Times are in the controller's zone. changes: from an earlier report."""
    most = BYTES * max(1, -(-len(report["hosts"]) // 1000))
    page = _page(report, changes, "")
    for limit in LIMITS:
        if len(page.encode()) <= most:
            break
        page = _page(shorter(report, limit), changes, TOO_MUCH)
    return page


def _page(report: Report, changes: Changes | None, note: str) -> str:
    now = moment_of(report)
    hosts = report["hosts"]
    ids = identifiers(hosts)
    members = {name: Member(clean(name), ids[name], entry["status"]) for name, entry in hosts.items()}
    causes = causes_of(report, now, ids)
    counts = report["summary"]["counts"]
    sites = sites_of_fleet(causes, hosts, ids)
    remedied, done = with_remedy(hosts), tally(hosts.values())
    style, script = _read(*STYLES), _read(*SCRIPTS)
    policy = "default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'"
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            policy=policy % (_hash(style), _hash(script)),
            # Ours, and not a host's: these two are all that is not escaped.
            style=Markup(style),
            script=Markup(script),
            verdict=verdict_of(report),
            worst=worst_of(report),
            headline=headline(counts),
            judged=judged_of(report["gate"], members, causes) if "gate" in report else None,
            like=LIKE,
            since=since_of(changes, members, causes) if changes else None,
            remedy=remedy_headline(remedied, done) if done else "",
            facts=facts_of(report),
            words=WORDS,
            counts={status: counts[status] for status in STATUSES if counts[status]},
            total=len(hosts),
            named=len(hosts) <= NAMED,
            bands=bands_of(report, causes, ids),
            causes=causes,
            axis=axis_of(causes, report["window"], now),
            drawing=(WIDTH, HEIGHT),
            sites=sites[:MOST_SITES],
            more_sites=max(0, len(sites) - MOST_SITES),
            hosts=hosts_of(report, causes, members, now),
            note=note,
            names=names,
            plural=plural,
        )
    )
