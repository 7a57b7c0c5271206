# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd, or the unit itself, would stop a start at, and which other units it would stop.

A restart stops the unit first. Only then systemd asks for its conditions, required units, start limit and
paths. Where a condition fails, it skips the start and calls that a success (seen on 247, 252 and 257).
"""

import posixpath
import re
from functools import partial
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.host import Host
from ..parse.linux.systemctl import COMMAND, parse_show
from ..parse.redact import redact
from ..parse.titles import is_fpm
from ..work.step import Untried
from .launch import Launch

# The commands of a unit that can keep it from being up. ExecStop= and ExecStopPost= may fail.
COMMANDS = ("ExecCondition", "ExecStartPre", "ExecStartPost")
# No doubt that it succeeds again: it makes a directory, gives it to somebody, or is php-fpm's own test, which
# is tried anyway.
_HARMLESS = ("mkdir", "install", "chown", "chmod", "touch", "true")
# A start fails where such a path is not there, but for one with a "-" in front.
PATHS = ("ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths")
_UNMET = re.compile(r": ((?:Condition|Assert)\w+=.*) failed\.$", re.M)
# sd-messages.h: a unit's start is done, or has failed.
_STARTS = ("39f53479d3a045ac8e11786248231fbf", "be02cf6855d2428ba40df7e9d022f03d")


class _InTheWay(NamedTuple):
    kind: str
    why: str


class _Start(NamedTuple):
    host: Host
    launch: Launch
    verb: str
    runs: bool  # there is something to lose, so a start that may fail is not begun
    made: Sequence[str]  # directories that will be there by then
    unmet: List[Optional[List[str]]]  # the answer about its conditions, once they were asked
    tied: List[Optional[_InTheWay]]  # the same about other units

    def value(self, name: str) -> str:
        return " ".join(self.launch.settings.get(name, []))

    def by_hand(self) -> str:
        return by_hand(self.launch.unit, self.verb)


class _Tie(NamedTuple):
    """How a unit names another one, systemd.unit(5), and when that one is in the way of a start."""

    kind: str
    properties: Sequence[str]
    runs: bool  # only if there is something to lose
    after: bool  # only if the other one comes first
    in_the_way: Callable[[Dict[str, str]], bool]  # by its state
    why: str


def _up(other: Dict[str, str]) -> bool:
    return other["ActiveState"] not in ("inactive", "failed")


def _down(other: Dict[str, str]) -> bool:
    return other["ActiveState"] not in ("active", "reloading", "refreshing")


def _not_loaded(other: Dict[str, str]) -> bool:
    return other["LoadState"] != "loaded"


_NEEDED = ("Requires", "BindsTo", "Requisite")
_NEEDS = "needs %(Id)s, which is %(LoadState)s: mend that one"
_WAITS = (
    "needs %(Id)s first, which is %(ActiveState)s: `systemctl start %(Id)s`, `systemctl %(verb)s %(unit)s`, "
    "and run this again"
)
_DEPEND = ("RequiredBy", "BoundBy", "RequisiteOf", "ConsistsOf", "PropagatesStopTo")
_STOPS = "would also stop %(Id)s, which depends on it: %(by_hand)s"
_CONFLICTS = "would stop %(Id)s, which conflicts with it: %(by_hand)s"
TIES = (
    _Tie("missing_unit", _NEEDED, False, False, _not_loaded, _NEEDS),
    _Tie("other_unit", ("Requisite",), False, True, _down, _WAITS),
    _Tie("other_unit", ("Requires", "BindsTo"), True, True, _down, _WAITS),
    _Tie("stops_another", _DEPEND, True, False, _up, _STOPS),
    _Tie("stops_another", ("Conflicts", "ConflictedBy"), False, False, _up, _CONFLICTS),
)


def by_hand(unit: str, verb: str) -> str:
    return (
        "whether that is meant is for a person to say: look at it, `systemctl %s %s`, and run this again"
        % (verb, unit)
    )


def _output(start: _Start, argv: List[str]) -> str:
    """Raises Untried where there is no answer."""
    ran = start.host.run(argv)
    if ran.rc is None:
        raise Untried("cannot be judged: %s" % ran.err)
    return ran.out


def _not_by_hand(start: _Start) -> Optional[str]:
    for name in ("RefuseManualStart", "RefuseManualStop") if start.runs else ("RefuseManualStart",):
        if start.value(name) == "yes":
            return "would be refused by systemd, since its unit has %s=yes: take that out of the unit" % name
    return None


def _settings(start: _Start, names: str) -> List[str]:
    """NAME=VALUE of what `systemctl show` cannot print, from the unit's files. An empty one takes back those
    before it.
    """
    settings: List[str] = []
    for path in start.launch.definition:
        text = (start.host.text(path) or "").replace("\\\n", " ")
        for name, value in re.findall(r"^[ \t]*(%s)[ \t]*=[ \t]*(.*?)[ \t]*$" % names, text, re.M):
            settings = settings + ["%s=%s" % (name, value)] if value else []
    return settings


def _wanted(start: _Start) -> List[str]:
    return _settings(start, r"Condition[A-Z]\w+") + _settings(start, r"Assert[A-Z]\w+")


def _unmet(start: _Start) -> Optional[List[str]]:
    """Conditions of the unit that do not hold now; None where they cannot be asked."""
    if not start.unmet:
        start.unmet.append(_ask_conditions(start))
    return start.unmet[0]


def _ask_conditions(start: _Start) -> Optional[List[str]]:
    wanted = _wanted(start)
    if not wanted:
        return []
    # systemd-analyze asks as a unit of its own, whose name must not be filled in.
    name = start.launch.unit.rpartition(".")[0]
    prefix, _at, instance = name.partition("@")
    words = {"n": start.launch.unit, "N": name, "p": prefix, "P": prefix, "i": instance, "I": instance}
    wanted = [
        re.sub("%(.)", lambda match: words.get(match.group(1), match.group(0)), text) for text in wanted
    ]
    ran = start.host.run(["systemd-analyze", "condition"] + wanted)
    unmet = _UNMET.findall(ran.err + ran.out)
    if ran.rc == 0:
        return []
    # One of several with "|" is enough.
    return [text for text in unmet if "=|" not in text] or unmet or None


def _condition(start: _Start) -> Optional[str]:
    unmet = _unmet(start)
    if not unmet:
        return None
    return "would stop at %s: make that true, or take it out of the unit" % redact(", ".join(unmet))


def _unasked_condition(start: _Start) -> Optional[str]:
    """Why not, where systemd is too old to be asked about a condition."""
    if not start.runs or _unmet(start) is not None:
        return None
    why = "would stop if not for %s, which cannot be asked here: %s"
    return why % (redact(", ".join(_wanted(start))), start.by_hand())


def _path(start: _Start) -> Optional[str]:
    wanted = [(name, word) for name in PATHS for word in start.value(name).split()]
    for text in _settings(start, "LoadCredential(?:Encrypted)?"):
        wanted.append((text.partition("=")[0], text.partition(":")[2]))
    for name, word in wanted:
        path = word.lstrip("+")
        made = any((folder + "/").startswith(path + "/") for folder in start.made)
        if path.startswith("/") and "%" not in path and not made and start.host.type_of(path) is None:
            why = "would stop at %s=%s, which is not there: make it, or take it out of the unit"
            return why % (name, word)
    return None


def _other_unit(kind: str, start: _Start) -> Optional[str]:
    if not start.tied:
        start.tied.append(_ask_others(start))
    other = start.tied[0]
    return other.why if other and other.kind == kind else None


def _ask_others(start: _Start) -> Optional[_InTheWay]:
    """The first."""
    pairs = [(tie, name) for tie in TIES for each in tie.properties for name in start.value(each).split()]
    argv = ["systemctl", "show", "--no-pager", "-p", "Id,LoadState,ActiveState", "--"]
    out = _output(start, argv + sorted({name for _tie, name in pairs})) if pairs else ""
    others = {block.get("Id"): block for block in parse_show(out)}
    after = start.value("After").split()
    for tie, name in pairs:
        applies = (start.runs or not tie.runs) and (name in after or not tie.after)
        if applies and name in others and tie.in_the_way(others[name]):
            words = {"by_hand": start.by_hand(), "verb": start.verb, "unit": start.launch.unit}
            return _InTheWay(tie.kind, tie.why % dict(others[name], **words))
    return None


def _start_limit(start: _Start) -> Optional[str]:
    burst, interval = start.value("StartLimitBurst"), start.value("StartLimitIntervalUSec")
    if not start.runs or interval in ("", "0") or burst in ("", "0"):
        return None
    argv = ["journalctl", "-q", "--no-pager", "-b", "-o", "cat", "-n", burst]
    argv += [] if interval == "infinity" else ["--since=-" + interval]
    argv += ["_PID=1", "UNIT=" + start.launch.unit] + ["MESSAGE_ID=" + word for word in _STARTS]
    if len(_output(start, argv).splitlines()) < int(burst):
        return None
    why = "could be refused by systemd, which starts it %s times in %s (StartLimitBurst=): wait so long"
    return why % (burst, interval)


def _command(start: _Start) -> Optional[str]:
    for name in COMMANDS if start.runs else ():
        for path, command, ignored in COMMAND.findall(start.value(name)):
            if ignored == "no" and posixpath.basename(path) not in _HARMLESS and not is_fpm(path):
                why = "would run `%s` (%s=), which cannot be tried: %s"
                return why % (redact(command), name, start.by_hand())
    return None


_REFUSALS: Tuple[Tuple[str, Callable[[_Start], Optional[str]]], ...] = (
    ("manual", _not_by_hand),
    ("condition", _condition),
    ("unasked_condition", _unasked_condition),
    ("path", _path),
    ("missing_unit", partial(_other_unit, "missing_unit")),
    ("other_unit", partial(_other_unit, "other_unit")),
    ("stops_another", partial(_other_unit, "stops_another")),
    ("start_limit", _start_limit),
    ("command", _command),
)


def start_refusals(
    host: Host, launch: Launch, verb: str, runs: bool, folders: Sequence[str] = ()
) -> Iterator[Tuple[str, str]]:
    """(kind, why) of each."""
    start = _Start(host, launch, verb, runs, [*launch.makes, *folders], [], [])
    for kind, refusal in _REFUSALS:
        try:
            why = refusal(start)
        except Untried as untried:
            kind, why = "unasked_condition", str(untried)
        if why:
            yield kind, "a %s of %s %s" % (verb, launch.unit, why)


def start_refusal(
    host: Host, launch: Launch, verb: str, runs: bool, folders: Sequence[str] = ()
) -> Optional[str]:
    """Why a start or restart of the unit is not begun. It would fail, or would stop another unit; or its
    php-fpm runs, and the start could fail. folders: that are made first.
    """
    if "FPM_SOCKETS" in launch.environment:
        words = "a %s of %s makes no socket of those that systemd hands over: restart their unit, too"
        return words % (verb, launch.unit)
    return next((why for _kind, why in start_refusals(host, launch, verb, runs, folders)), None)
