# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stories of risks/*.yml, and which of them are played where."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

SUITES = ("trixie", "el")
STORIES = Path(__file__).resolve().parent / "risks"
# A host as its packages leave it has these. They count where a story names them.
STANDING = ("reload_cuts",)
# Of a cured host, after what brought the outage about.
SERVES = "asks 200 /index.php"
BOOT = "boot"


class Restart(NamedTuple):
    """What restart_info must say. kinds: of all problems; where: of a kind, fields and their values; missing:
    what it must name as not known; cuts: of the only master.
    """

    verdict: str
    kinds: Sequence[str] = ()
    where: dict[str, dict[str, Any]] = {}
    missing: Sequence[str] = ()
    cuts: dict[str, float] = {}


class Story(NamedTuple):
    """A risk that is told, brought about and cured; or what nearly is one. Each text is a script that runs as
    root in the host, with the lab's helpers, those of risks/*.sh and the suite's variables.

    causes: of its file; risks of others are not its business. do: brings the risk about. restart: what the
    next restart would do. risks: the reasons that an audit must tell, each as often as it is told. Without it
    the audit must tell none; where `restart` is given alone no audit is asked. where: of a reason, fields and
    their values. strike: what makes it come true, or "boot", which is a boot of the host. outage: ends well
    where the outage came; may strike itself. prevented: the reasons that the prevention takes away, or cure:
    what ends the risk by hand. Then the same strike brings no outage, and `well` holds. undo: what putting
    the files back and a restart do not. full: left out with --few, and so for all stories of a file that says
    it.
    """

    part: str
    causes: Sequence[str]
    name: str
    suites: Sequence[str] = SUITES
    full: bool = False
    do: str = ":"
    restart: Restart | None = None
    risks: Sequence[str] | None = None
    where: dict[str, dict[str, Any]] = {}
    strike: str = ":"
    outage: str = ""
    prevented: Sequence[str] = ()
    cure: str = ""
    well: str = SERVES
    undo: str = ":"

    @property
    def audited(self) -> bool:
        return self.restart is None or self.risks is not None

    @property
    def cured(self) -> bool:
        return bool(self.cure or self.prevented)


def load() -> list[Story]:
    stories = []
    for path in sorted(STORIES.glob("*.yml")):
        data = yaml.safe_load(path.read_text())
        for entry in data["stories"]:
            entry = {"full": data.get("full", False), **entry}
            if "restart" in entry:
                entry["restart"] = Restart(**entry["restart"])
            stories.append(Story(path.stem, data["causes"], **entry))
    return stories


def named(stories: Sequence[Story], words: str) -> list[Story]:
    """Of words between commas: the stories of the file of this name, else those with it in their own."""
    parts = {story.part for story in stories}
    wanted = words.split(",")
    return [
        story
        for story in stories
        if any(word == story.part if word in parts else word in story.name for word in wanted)
    ]


def stories_of(suite: str, every: Sequence[Story], few: bool) -> list[Story]:
    """few: those that both suites have are shared out by turns."""
    mine = [story for story in every if suite in story.suites]
    if not few:
        return mine
    left = [story for story in every if not story.full]
    shared = [story for story in left if len(story.suites) > 1][SUITES.index(suite) :: len(SUITES)]
    return [story for story in left if story in shared or story.suites == [suite]]
