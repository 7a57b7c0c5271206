# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What SELinux, AppArmor or the filter of its unit refused php-fpm when it should have started."""

from typing import TYPE_CHECKING, List, Optional, Set

from ...parse.endpoint import parse
from ...parse.linux.systemctl import SIGSYS, may_not_use
from ...parse.linux.unit_starts import STARTING, of_meaning
from ...parse.titles import program_of
from ...signatures import kinds
from ..connect.confined import FAMILIES, logged, type_of
from ..model import Confidence, Reason, evidence
from .down import Down
from .whereabouts import directory_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Denial
    from ....plugin_utils.shapes.finding import Evidence, Facts

BEFORE, AFTER = 2.0, 2.0  # seconds around the last attempt
EXIT_EXEC = 203  # systemd.exec(5): it could not be run
EACCES = 13
_KILLED = (2, 3)  # si_code of waitid(2): killed, dumped


def _moments(down: Down) -> Optional[List[float]]:
    """[first, last] of the last attempt; None: unknown."""
    unit = down.unit
    if unit is None or not unit["changed_at"]:
        return None
    turns = of_meaning(unit["log"], STARTING)
    began = turns[-1]["at"] if turns else unit["changed_at"] - 30
    return [min(began, unit["changed_at"]) - BEFORE, unit["changed_at"] + AFTER]


def _denials(down: Down) -> List["Denial"]:
    """Those of php-fpm during its last attempt, newest first."""
    known, moments = down.case.snapshot.get("confinement"), _moments(down)
    if known is None or moments is None:
        return []
    return [
        denial
        for denial in reversed(known["denials"])
        if denial["refused"]
        and program_of(denial["program"]) == "php-fpm"
        # Of several alike the last one is kept, with the time of the first.
        and denial["first"] <= moments[1]
        and denial["at"] >= moments[0]
    ]


def _deciding(down: Down) -> Optional["Denial"]:
    """php-fpm says itself that it was refused, or could not be run. Other refusals may do no harm."""
    errno, places = (down.failure.errno, down.failure.places) if down.failure else (None, [])
    not_run = down.unit is not None and down.unit["exec_main_status"] == EXIT_EXEC
    if errno != EACCES and not not_run:
        return None
    found = [denial for denial in _denials(down) if denial["module"] in ("selinux", "apparmor")]
    named = [
        denial
        for denial in found
        if denial["port"]
        and any(parse(place).port == denial["port"] for place in places)
        or denial["name"]
        and any(denial["name"].rpartition("/")[2] in place.split("/") for place in places)
    ]
    return next(iter(named + found), None)


def _words(denial: "Denial") -> str:
    if denial["module"] == "apparmor":
        words = "AppArmor's profile %s refuses it %s of %s"
        return words % (
            denial["source"],
            denial["operation"],
            denial["name"] or denial["family"] or "a socket",
        )
    target = "port %d" % denial["port"] if denial["port"] else denial["name"] or denial["tclass"]
    words = "SELinux refuses %s { %s } of %s, whose type is %s"
    return words % (type_of(denial["source"]), denial["operation"], target, type_of(denial["target"]))


def _reason_id(denial: "Denial") -> str:
    if denial["module"] == "apparmor":
        return "apparmor"
    return "selinux_port" if denial["tclass"] in ("tcp_socket", "udp_socket") else "selinux_label"


def _proof(down: Down, denial: "Denial") -> List["Evidence"]:
    place = down.failure.first if down.failure else ""
    path = directory_of(place) if place.startswith("/") else denial["name"]
    answer = {True: "is denied", False: "is allowed", None: "cannot be told"}[denial["denied_now"]]
    text = "asked again now: { %s } %s" % (denial["operation"], answer)
    return [logged(denial), evidence(denial["module"], text, path)]


def kept(reason: str, down: Down) -> Optional[Reason]:
    """A policy that refuses it still, or may."""
    denial = _deciding(down)
    if denial is None or _reason_id(denial) != reason or denial["denied_now"] is False:
        return None
    words = "%s cannot start: %s" % (down.name, _words(denial))
    confidence: Confidence = "certain" if denial["denied_now"] and denial["module"] == "selinux" else "likely"
    proof = _proof(down, denial)
    path = proof[1]["path"] or ""
    facts: Facts = {"path": path if path[:1] == "/" else None}
    return Reason(words, proof + down.proof, confidence=confidence, facts=facts)


def let_now(down: Down) -> Optional[Reason]:
    denial = _deciding(down)
    if denial is None or denial["denied_now"] is not False:
        return None
    words = "%s could not start, since %s; the policy allows it by now" % (down.name, _words(denial))
    return Reason(words, _proof(down, denial) + down.proof, remedy=down.start, confidence="likely")


def by_family(down: Down) -> Optional[Reason]:
    """fpm_sockets.c: socket() fails with EAFNOSUPPORT before it binds. Without such a setting the kernel has
    no such family, as without IPv6.
    """
    unit = down.unit
    families = unit.get("families") if unit else None
    if unit is None or not families or down.failure is None:
        return None
    end = ""
    needed: Set[Optional[str]] = set()
    if down.failure.kind == kinds.FAMILY_REFUSED:
        needed = {FAMILIES.get(parse(pool["endpoint"] or "").family) for pool in down.master["pools"]}
    elif down.failed_with("start_timeout") and unit.get("type") == "notify":
        needed, end = {"AF_UNIX"}, ", so it cannot tell systemd that it is ready (Type=notify)"
    refused = sorted(name for name in needed if name and may_not_use(families, name))
    if not refused:
        return None
    setting = "RestrictAddressFamilies=%s" % families
    words = "%s cannot start: its unit's %s lets it make no socket of %s" + end
    words = words % (down.name, setting, refused[0])
    return Reason(words, [evidence("systemd", "%s: %s" % (down.name, setting))] + down.proof)


def by_call(down: Down) -> Optional[Reason]:
    """A filter of system calls ends a process with SIGSYS."""
    unit = down.unit
    if unit is None or unit["exec_main_status"] != SIGSYS or unit["exec_main_code"] not in _KILLED:
        return None
    lines = [denial for denial in _denials(down) if denial["module"] == "seccomp"]
    call = " for %s" % lines[0]["operation"] if lines else ""
    words = "%s cannot start: a filter of system calls ended it%s (signal SIGSYS)" % (down.name, call)
    return Reason(words, [logged(line) for line in lines[:1]] + [down.state], confidence="likely")
