# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of the cause fpm_not_running by how a master that ran ended."""

from typing import Optional

from ...parse.linux.unit_starts import LIMIT_REACHED, of_meaning
from ...signatures.lookup import meanings
from ..model import Reason, evidence
from .down import Down
from .whereabouts import of_journal

SHORTLY = 60.0  # seconds
_OOMD_KILLED = meanings("oomd_killed")


def oomd_killed(down: Down) -> Optional[Reason]:
    """It kills all of the unit's processes at once, whatever OOMPolicy= says (core/cgroup.c,
    unit_check_oomd_kill). The result is "oom-kill" since systemd 252.
    """
    unit = down.unit
    if unit is None or down.result not in ("oom-kill", "signal"):
        return None
    since = unit.get("active_since") or 0.0
    kills = [entry for entry in of_meaning(unit["log"], _OOMD_KILLED) if entry["at"] >= since]
    if not kills:
        return None
    words = "systemd-oomd killed all of %s for its memory, and nothing started it again" % down.name
    return Reason(words, of_journal(kills[-1:]) + [down.state], remedy=down.start)


def oom_stopped(down: Down) -> Optional[Reason]:
    if down.result != "oom-kill":
        return None
    words = "systemd stopped %s after the OOM killer took one of its processes" % down.name
    return Reason(words, [down.state], remedy=[down.remedy("unit_oom_policy")] + down.start)


def _ran_shortly(down: Down) -> bool:
    """Whether a start would be for so short that nobody is helped."""
    unit = down.unit
    began, ended = (unit["active_since"], unit["inactive_since"]) if unit else (None, None)
    return bool(began and ended and 0 <= ended - began < SHORTLY)


def _limit_of(down: Down) -> Optional[str]:
    """The unit's setting by which systemd ended it, as NAME=VALUE."""
    name = {"timeout": "RuntimeMaxSec", "watchdog": "WatchdogSec"}.get(down.result or "")
    limits = (down.unit.get("limits") if down.unit else None) or {}
    return "%s=%s" % (name, limits[name]) if name in limits else None


def by_limit(down: Down) -> Optional[Reason]:
    limit, unit = _limit_of(down), down.unit
    if limit is None or unit is None:
        return None
    why = (
        "which is how long its unit may run" if down.result == "timeout" else "since it gave no sign of life"
    )
    words = "systemd ended %s by %s, %s (Result=%s), and nothing restarted it"
    proof = of_journal(of_meaning(unit["log"], LIMIT_REACHED)[-1:])
    proof += [evidence("systemd", "%s: %s" % (down.name, limit)), down.state]
    remedy = [] if _ran_shortly(down) else down.start
    return Reason(words % (down.name, limit, why, down.result), proof, remedy=remedy)


def killed(down: Down) -> Optional[Reason]:
    if down.unit is None or down.result not in ("signal", "core-dump", "watchdog", "timeout"):
        return None
    signal = down.unit["exec_main_status"] if down.unit["exec_main_code"] != 1 else 0
    how = "Result=%s" % down.result + (", signal %s" % signal if signal else "")
    words = "the master of %s ended (%s) and nothing restarted it" % (down.name, how)
    if down.result == "timeout":
        words += ": systemd ended it, by RuntimeMaxSec= or as it stopped too slowly"
        return Reason(words, [down.state], remedy=down.start, confidence="likely")
    return Reason(words, [down.state], remedy=down.start)


def exited(down: Down) -> Optional[Reason]:
    if down.unit is None or down.result != "exit-code":
        return None
    words = "%s ended with exit code %s" % (down.name, down.unit["exec_main_status"])
    return Reason(words, [down.state], remedy=down.start, confidence="likely")


def left_its_socket(down: Down) -> Optional[Reason]:
    """A clean stop removes the socket."""
    if down.unit or down.case.connect["result"] != "refused" or down.case.endpoint.get("family") != "unix":
        return None
    words = "the master of %s is gone and left its socket behind" % down.name
    return Reason(words, [down.state], remedy=down.start, confidence="likely")
