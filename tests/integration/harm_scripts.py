# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The harms as data (harm/*.yml), the hosts that they share, and the bash texts that they become there."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.integration.field import on_host
from tests.lab.data import STATUSES, Suite, Visitors

HERE = Path(__file__).resolve().parent / "harm"
FAMILIES = [path.stem for path in sorted(HERE.glob("*.yml"))]
# Of requests that are lost: as many as the actions that were taken said that they cut.
AS_REPORTED = "told"
PATIENCE = 12  # seconds for one page
_LISTS = ("findings", "missing", "present", "absent", "also", "or_status", "or_unknown")


class Page(NamedTuple):
    """A page of a site. before, after: the statuses that are right, none for any."""

    where: str
    before: tuple[int, ...]
    after: tuple[int, ...]


class Stream(NamedTuple):
    """Visitors who come all the time. lost: how many requests the remediation may cost them, or "told"."""

    visitors: Visitors
    lost: int | str


class Harm(NamedTuple):
    """What a host is like, and what a remediation may and may not do there.

    name, family: the file; host: its host's name; suite. title: one sentence. script: what root has set up
    (bash -eu; the lab's helpers, harm/lib.sh). later: what happens once the visitors come. expected: the
    verdict, {} for any. actions: those done, None for any. pages: statuses before and after. kept: bash whose
    output is the same before and after. after: {that, by} as of an attack: a script that prints nothing when
    it is true. said, unsaid: words in the host's part of the report. options: of the playbook, for this host.
    full: only where all are asked for, or this one by its name.
    """

    name: str
    family: str
    host: str
    suite: str
    title: str
    script: str
    later: str
    expected: dict[str, Any]
    actions: Sequence[str] | None
    pages: Sequence[Page]
    streams: Sequence[Stream]
    kept: str
    after: Sequence[dict[str, str]]
    said: Sequence[str]
    unsaid: Sequence[str]
    options: dict[str, Any]
    full: bool


class Scene(NamedTuple):
    """A host, with harms that do not disturb each other; what several of them say alike is true once."""

    name: str
    suite: str
    harms: Sequence[Harm]

    @property
    def pages(self) -> list[Page]:
        return list(dict.fromkeys(page for harm in self.harms for page in harm.pages))

    @property
    def streams(self) -> list[Stream]:
        return [stream for harm in self.harms for stream in harm.streams]

    @property
    def actions(self) -> list[str] | None:
        """All that must be done; None where anything may."""
        lists = [harm.actions for harm in self.harms]
        return (
            list(dict.fromkeys(action for one in lists for action in one or ()))
            if None not in lists
            else None
        )

    @property
    def expected(self) -> dict[str, Any]:
        """Of harms that share a host, each brings its findings, and the status may be that of any of them, or
        of the part of the sites.
        """
        truths = [harm.expected for harm in self.harms]
        if not all(truths):
            return {}
        every = {name: [each for truth in truths for each in truth.get(name, ())] for name in _LISTS}
        joined = {
            name: [each for number, each in enumerate(found) if each not in found[:number]]
            for name, found in every.items()
        }
        if len(truths) > 1:
            joined["or_status"] += [*(truth["status"] for truth in truths), "degraded"]
        return {**joined, "status": truths[0]["status"]}


def _statuses(value: int | Sequence[int] | None) -> tuple[int, ...]:
    return () if value is None else (value,) if isinstance(value, int) else tuple(value)


def _harm(family: str, entry: dict[str, Any]) -> Harm:
    known = {
        "name",
        "host",
        "suite",
        "title",
        "break",
        "later",
        "expected",
        "actions",
        "pages",
        "visitors",
        "kept",
        "after",
        "said",
        "unsaid",
        "options",
        "full",
    }
    if set(entry) - known:
        raise ValueError("harm %s: unknown keys %s" % (entry.get("name"), sorted(set(entry) - known)))
    expected = entry.get("expected", {})
    if expected and expected.get("status") not in STATUSES:
        raise ValueError("harm %s: expected wants a status of %s" % (entry["name"], STATUSES))
    streams = [
        Stream(Visitors(**{name: value for name, value in one.items() if name != "lost"}), one.get("lost", 0))
        for one in entry.get("visitors", ())
    ]
    pages = [
        Page(where, _statuses(before), _statuses(after))
        for where, (before, after) in entry.get("pages", {}).items()
    ]
    return Harm(
        entry["name"],
        family,
        entry.get("host", entry["name"]),
        entry["suite"],
        entry["title"],
        entry.get("break", ""),
        entry.get("later", ""),
        expected,
        entry.get("actions"),
        pages,
        streams,
        entry.get("kept", ""),
        entry.get("after", ()),
        entry.get("said", ()),
        entry.get("unsaid", ()),
        entry.get("options", {}),
        entry.get("full", False),
    )


def harms() -> list[Harm]:
    return [
        _harm(family, entry)
        for family in FAMILIES
        for entry in yaml.safe_load((HERE / (family + ".yml")).read_text())
    ]


def scenes(found: Iterable[Harm], names: Sequence[str], everything: bool = False) -> list[Scene]:
    """The hosts of those harms that have one of these names, families or hosts; without names, of all, or of
    those that are not for full runs.
    """
    found = list(found)
    known = {word for harm in found for word in (harm.name, harm.family, harm.host)}
    if set(names) - known:
        raise ValueError(
            "no such harm: %s; there are %s"
            % (", ".join(sorted(set(names) - known)), ", ".join(sorted(known)))
        )
    by_host: dict[str, list[Harm]] = {}
    for harm in found:
        if {harm.name, harm.family, harm.host} & set(names) if names else everything or not harm.full:
            by_host.setdefault(harm.host, []).append(harm)
    for host, members in by_host.items():
        if len({harm.suite for harm in members}) > 1:
            raise ValueError("host %s is of several suites" % host)
    return [Scene(host, members[0].suite, members) for host, members in by_host.items()]


def begun(suite: Suite, scene: Scene) -> str:
    """What root has set up, of each harm in turn."""
    return "\n".join([on_host(suite), helpers(), *("(\n:\n%s\n)" % harm.script for harm in scene.harms)])


def helpers() -> str:
    return (HERE / "lib.sh").read_text()


def asked(pages: Iterable[Page]) -> str:
    """A script that prints the status of each page, all asked at the same time: where and status, a line
    each.
    """
    lines = []
    for page in pages:
        found = re.fullmatch(r"([^:/]+)(?::(\d+))?(/.*)?", page.where)
        if not found:
            raise ValueError("a page is SITE[:PORT][/PATH], not %s" % page.where)
        site, port, path = found.group(1), found.group(2) or "80", found.group(3) or "/index.php"
        url, header = "http://127.0.0.1:%s%s" % (port, path), "Host: %s" % site
        lines.append(
            "printf '%%s %%s\\n' %s \"$(curl -s -o /dev/null -m %d -w '%%{http_code}' -H %s %s)\" &"
            % (shlex.quote(page.where), PATIENCE, shlex.quote(header), shlex.quote(url))
        )
    return "\n".join([*lines, "wait", ""])


def answers(output: str) -> Mapping[str, int]:
    return {where: int(status) for where, status in (line.split() for line in output.splitlines())}
