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
# In place of a number of lost requests: as many as the actions say that they cut.
AS_REPORTED = "told"
PATIENCE = 12  # seconds for one page
_LISTS = ("findings", "missing", "present", "absent", "also", "or_status", "or_unknown")


class Page(NamedTuple):
    """A page of a site. before, after: the right statuses around the remediation; empty: any is right."""

    where: str
    before: tuple[int, ...]
    after: tuple[int, ...]


class Stream(NamedTuple):
    """Visitors who come all the time. lost: how many of their requests may be lost, or AS_REPORTED."""

    visitors: Visitors
    lost: int | str


class Harm(NamedTuple):
    """What a host is like, and what a remediation may and may not do there.

    family: the name of its file. host: the name of its host. title: one sentence.
    script: what root has set up, in bash -eu with the lab's helpers and harm/lib.sh.
    later: what happens once the visitors come.
    expected: the verdict; {}: any. actions: those that are done; None: any.
    kept: bash whose output must be the same before and after.
    after: {that, by} as of an attack; the script `by` prints nothing when it is true.
    words (said in the file), unsaid: texts that must be, or must not be, in the host's part of the report.
    options: of the playbook, for this host. full: it runs only with --all, or by its name.
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
    words: Sequence[str]
    unsaid: Sequence[str]
    options: dict[str, Any]
    full: bool


class Scene(NamedTuple):
    """A host, with harms that do not disturb each other. What several of them say is taken once."""

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
        """All that must be done; None where a harm takes any."""
        if any(harm.actions is None for harm in self.harms):
            return None
        return list(dict.fromkeys(action for harm in self.harms for action in harm.actions or ()))

    @property
    def expected(self) -> dict[str, Any]:
        """The verdict. Each harm brings its findings. Where harms share a host, the status may be that of any
        of them, or "degraded".
        """
        truths = [harm.expected for harm in self.harms]
        if not all(truths):
            return {}
        lists = {name: [item for truth in truths for item in truth.get(name, ())] for name in _LISTS}
        joined = {
            name: [item for number, item in enumerate(items) if item not in items[:number]]
            for name, items in lists.items()
        }
        if len(truths) > 1:
            joined["or_status"] += [*(truth["status"] for truth in truths), "degraded"]
        return {**joined, "status": truths[0]["status"]}


# The keys of a harm in its file.
_KEYS = (
    *("name", "host", "suite", "title", "break", "later", "expected", "actions", "pages", "visitors"),
    *("kept", "after", "said", "unsaid", "options", "full"),
)


def _statuses(value: int | Sequence[int] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else tuple(value)


def _stream(entry: dict[str, Any]) -> Stream:
    visitors = {name: value for name, value in entry.items() if name != "lost"}
    return Stream(Visitors(**visitors), entry.get("lost", 0))


def _harm(family: str, entry: dict[str, Any]) -> Harm:
    unknown = sorted(set(entry) - set(_KEYS))
    if unknown:
        raise ValueError("harm %s: unknown keys %s" % (entry.get("name"), unknown))
    expected = entry.get("expected", {})
    if expected and expected.get("status") not in STATUSES:
        raise ValueError("harm %s: expected wants a status of %s" % (entry["name"], STATUSES))
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
        [_stream(visitors) for visitors in entry.get("visitors", ())],
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


def scenes(every: Sequence[Harm], names: Sequence[str], everything: bool = False) -> list[Scene]:
    """The hosts of the harms that have one of these names, families or hosts. Without names: of all harms
    that are not for full runs. everything: of those, too.
    """
    known = {word for harm in every for word in (harm.name, harm.family, harm.host)}
    if set(names) - known:
        raise ValueError(
            "no such harm: %s; there are %s"
            % (", ".join(sorted(set(names) - known)), ", ".join(sorted(known)))
        )
    by_host: dict[str, list[Harm]] = {}
    for harm in every:
        if {harm.name, harm.family, harm.host} & set(names) if names else everything or not harm.full:
            by_host.setdefault(harm.host, []).append(harm)
    for host, members in by_host.items():
        if len({harm.suite for harm in members}) > 1:
            raise ValueError("host %s is of several suites" % host)
    return [Scene(host, members[0].suite, members) for host, members in by_host.items()]


def setup_script(suite: Suite, scene: Scene) -> str:
    """The script of what root has set up, for each harm in turn."""
    return "\n".join([on_host(suite), helpers(), *("(\n:\n%s\n)" % harm.script for harm in scene.harms)])


def helpers() -> str:
    return (HERE / "lib.sh").read_text()


def pages_script(pages: Iterable[Page]) -> str:
    """A script that asks for all pages at the same time. For each it prints a line: where, and the status."""
    lines = []
    for page in pages:
        match = re.fullmatch(r"([^:/]+)(?::(\d+))?(/.*)?", page.where)
        if not match:
            raise ValueError("a page is SITE[:PORT][/PATH], not %s" % page.where)
        site, port, path = match.group(1), match.group(2) or "80", match.group(3) or "/index.php"
        url, header = "http://127.0.0.1:%s%s" % (port, path), "Host: %s" % site
        lines.append(
            "printf '%%s %%s\\n' %s \"$(curl -s -o /dev/null -m %d -w '%%{http_code}' -H %s %s)\" &"
            % (shlex.quote(page.where), PATIENCE, shlex.quote(header), shlex.quote(url))
        )
    return "\n".join([*lines, "wait", ""])


def answers(output: str) -> Mapping[str, int]:
    return {where: int(status) for where, status in (line.split() for line in output.splitlines())}
