# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: the php-fpm master that should serve the endpoint does not run, or did not for a while."""

import re
from typing import Any, List, NamedTuple, Optional, Pattern, Sequence, Tuple

from ..parse.endpoint import canonical
from ..parse.linux.systemctl import hides
from .case import CUT_OFF, MISSING, REFUSED, Case, near, span
from .model import Clear, Match, Remedy, Unclear, evidence, sample

CAUSE = "fpm_not_running"

# How php-fpm's own lines begin (zlog.c). Anchored: a worker's words stand behind "[pool www] child 12 said
# into stderr: ".
_HEAD = r"(?:[\w.-]+\[\d+\]: )?(?:\[\d[\w .:-]+\] )?"
_LEVEL = r"(?:[A-Z]+: )?(?:\[pool [^\]]+\] )?"
_BIND = "unable to bind listening socket for address"
# Of a start that failed (fpm_conf.c, fpm_unix.c, fpm_sockets.c), in the order in which a line is tried.
START_FAILURES: Tuple[Tuple[str, Pattern[str]], ...] = tuple(
    (reason, re.compile(_HEAD + "(?:%s)" % words))
    for reason, words in (
        ("unknown_user", _LEVEL + r"cannot get [ug]id for (?:user|group) '[^']*'"),
        (
            "address_in_use",
            _LEVEL
            + "(?:"
            + _BIND
            + r" '[^']*': Address already in use \(98\)|Another FPM instance seems to already listen)",
        ),
        ("runtime_dir_missing", _LEVEL + _BIND + r" '/[^']*': No such file or directory \(2\)"),
        (
            "bind_failed",
            _LEVEL + "(?:" + _BIND + r"|failed to listen to address|failed to chown\(\) the socket)",
        ),
        (
            "config_invalid",
            (
                r"ERROR: \[[^\]]+:\d+\]|(?:ALERT|ERROR): \[pool |(?:[A-Z]+: )?(?:failed to (?:load|open) "
                r"configuration file"
                r"|failed to post process the configuration|No pool defined|Unable to (?:include|globalize)"
                r"|PHP:\s+syntax error|syntax error, unexpected)"
            ),
        ),
    )
)
# What _still looks at; the others are known from the last start alone.
SEEN_NOW = frozenset(("address_in_use", "runtime_dir_missing"))
STOP_SECONDS = 3.0


class Down(NamedTuple):
    """Why a master is down."""

    reason: str
    words: str
    proof: List[dict]
    remedy: Sequence[Remedy] = ()
    confidence: str = "certain"


def _name(master: dict) -> str:
    return str(master["unit"] or master["config"])


def start_failure(lines: List[str]) -> Optional[Tuple[str, str]]:
    """(reason, line) of the first line that names why php-fpm refused to start."""
    for reason, pattern in START_FAILURES:
        for line in lines:
            if pattern.match(line):
                return reason, line
    return None


def _last_attempt(unit: dict) -> List[str]:
    """Journal lines of the last start, if it failed. After one that succeeded, errors are those of a php-fpm
    that ran, or of PHP.
    """
    lines = [entry["text"] for entry in unit.get("log") or []]
    turns = [
        (number, line)
        for number, line in enumerate(lines)
        if re.match(r"systemd\[1\]: (?:Starting|Started) ", line)
    ]
    if not turns:
        return [] if unit.get("result") == "success" else lines
    # A unit of Type=simple has started before php-fpm said a word.
    went_well = ": Started " in turns[-1][1] and (
        unit.get("result") == "success" or (len(turns) > 1 and ": Starting " in turns[-2][1])
    )
    return [] if went_well else lines[turns[-1][0] :]


def _directory(path: str) -> str:
    return path.rsplit("/", 1)[0] or "/"


def _refused_place(case: Case, line: str) -> dict:
    """The endpoint, of any of its pools, that php-fpm could not listen on."""
    written = re.search(r"for address '([^']*)'|already listen on (\S+)", line)
    name = (written.group(1) or written.group(2)) if written else ""
    return case.snapshot["endpoints"].get(canonical("unix:" + name if name.startswith("/") else name)) or {}


def _names(master: dict, line: str) -> bool:
    """Whether the configuration has the account that the last start missed."""
    account = line.split("'")[1]
    return not master["pools"] or any(
        account
        in [pool["user"], pool["group"], pool["listen_owner"], pool["listen_group"]]
        + pool["acl_users"]
        + pool["acl_groups"]
        for pool in master["pools"]
    )


def _still(reason: str, place: dict) -> bool:
    """Whether what the last start complained of is so now, as far as it can be seen."""
    if reason == "address_in_use":
        return bool(place.get("listening"))
    if reason == "runtime_dir_missing":
        return bool(place.get("path")) and _directory(place["path"]) not in [
            parent["path"] for parent in place["parents"]
        ]
    return True


def _lacks_directory(case: Case, unit: dict) -> bool:
    """Whether the socket's directory is gone, and is none that systemd makes for the unit."""
    path = case.endpoint.get("path") or ""
    made = ["/run/" + name for name in (unit.get("runtime_directory") or "").split()]
    return (
        bool(case.owners)
        and path.startswith("/run/")
        and _still("runtime_dir_missing", case.endpoint)
        and _directory(path) not in made
    )


def _explain(case: Case, master: dict) -> Down:
    """Why this master is down: live state first, then what its last start said, then how it ended."""
    unit = master["unit_state"] or {}
    name = _name(master)

    def mend(action: str, **more: Any) -> Remedy:
        return Remedy(action, dict(more, unit=master["unit"]))

    disabled = unit.get("enabled") == "disabled"
    start = [mend("unit_start")] if master["unit"] else []
    if start and disabled:  # unless it is enabled too, the next boot brings the same outage
        start = [mend("unit_start", disabled=True), mend("unit_enable")]
    state = (
        evidence(
            "systemd",
            "%s is %s (%s), result %s, %s"
            % (name, unit.get("active"), unit.get("sub"), unit.get("result"), unit.get("enabled")),
            at=unit.get("changed_at"),
        )
        if unit
        else evidence("process", "no php-fpm master runs with %s" % master["config"])
    )
    if unit.get("load") == "masked" or unit.get("enabled") in ("masked", "masked-runtime"):
        return Down("masked", "%s is masked, so nothing can start it" % name, [state])

    test = master["test"]
    if test["ran"] and not test["ok"]:
        reason, line = start_failure(test["output"]) or ("config_invalid", "\n".join(test["output"][:3]))
        return Down(
            reason,
            "%s cannot start: php-fpm -t refuses its configuration" % name,
            [evidence("php-fpm -t", line, path=master["config"]), state],
        )

    foretold = start_failure([problem["text"] for problem in master["config_errors"]])
    if foretold:
        problem = next(problem for problem in master["config_errors"] if problem["text"] == foretold[1])
        return Down(
            foretold[0],
            "%s cannot start with its configuration" % name,
            [evidence("php-fpm", problem["text"], path=problem["file"], line=problem["line"]), state],
        )

    said = start_failure(_last_attempt(unit))
    if said and said[0] == "unknown_user" and not _names(master, said[1]):
        said = None
    told = [evidence("journal", said[1])] if said else []
    reset = [mend("unit_reset_failed")]
    result, ended = unit.get("result"), unit.get("exec_main_status")
    place = _refused_place(case, said[1]) if said else {}
    holders = place.get("listeners") or []
    hider = (
        hides(unit.get("sandbox") or {}, place.get("path") or "")
        if said and said[0] in ("runtime_dir_missing", "bind_failed")
        else None
    )
    if hider and place.get("path"):
        words = "%s cannot start: its own %s hides the place of its socket, %s" % (name, hider, place["path"])
        return Down(
            "bind_failed",
            words,
            [evidence("systemd", "%s: %s" % (name, hider))] + told + [state],
            [],
            "likely",
        )
    if (
        said
        and said[0] in ("address_in_use", "runtime_dir_missing", "bind_failed", "unknown_user")
        and _still(said[0], place)
    ):
        proof = told + [state]
        if said[0] == "address_in_use" and holders:
            proof.append(
                evidence("socket", "it is held by %s (pid %s)" % (holders[0]["comm"], holders[0]["pid"]))
            )
        remedy = []
        if said[0] == "runtime_dir_missing":
            remedy = [mend("runtime_directory_create", path=_directory(place["path"]))] + start
        words = {
            "address_in_use": "its address is taken by another program",
            "runtime_dir_missing": "the directory of its socket does not exist",
            "bind_failed": "it cannot bind its socket",
            "unknown_user": "its pool names a user or group that does not exist",
        }[said[0]]
        return Down(
            said[0],
            "%s cannot start: %s" % (name, words),
            proof,
            remedy,
            "certain" if said[0] in SEEN_NOW else "likely",
        )

    if _lacks_directory(case, unit):
        path = _directory(case.endpoint["path"])
        make = [mend("runtime_directory_create", path=path)] + (reset if unit.get("start_limit_hit") else [])
        return Down(
            "runtime_dir_missing",
            "%s cannot start: the directory of its socket does not exist" % name,
            [evidence("file", "%s does not exist" % path, path=path), state],
            make + start if start else [],
        )

    # systemd keeps the failed start's own result; the limit stands in the journal alone (247 to 257).
    if unit.get("start_limit_hit") or result == "start-limit-hit":
        refused = [
            evidence("journal", entry["text"], at=entry["at"])
            for entry in unit.get("log") or []
            if "repeated too quickly" in entry["text"]
        ]
        return Down(
            "start_limit_hit",
            "systemd refuses to start %s: it failed too often in a short time" % name,
            refused[-1:] + [state] + told,
            reset + start,
        )
    if result == "oom-kill":
        return Down(
            "oom_stopped",
            "systemd stopped %s after the OOM killer took one of its processes" % name,
            [state],
            [mend("unit_oom_policy")] + start,
        )
    if result in ("signal", "core-dump", "watchdog", "timeout"):
        return Down(
            "crashed",
            "the master of %s ended with result %s (signal %s) and nothing restarted it"
            % (name, result, ended),
            [state],
            start,
        )
    if said and (said[0] in SEEN_NOW or test["ran"]):
        return Down(
            "stopped",
            "%s failed to start, and what kept it from starting is mended" % name,
            told + [state],
            start,
            "likely",
        )
    if said:
        return Down(said[0], "%s failed to start" % name, told + [state], [], "likely")
    if result == "exit-code":
        return Down("crashed", "%s ended with exit code %s" % (name, ended), [state], start, "likely")
    if case.connect["result"] == "refused" and case.endpoint.get("family") == "unix" and not unit:
        return Down(
            "crashed", "the master of %s is gone and left its socket behind" % name, [state], start, "likely"
        )
    words = (
        "%s is stopped" % name + (" and disabled" if disabled else "")
        if unit
        else "no php-fpm master runs with %s" % name
    )
    return Down("stopped", words, [state], start, "certain" if unit else "likely")


def _down(case: Case) -> Match:
    master = case.owner.master if case.owner else case.masters[0]
    down = _explain(case, master)
    if not case.owner:  # nothing tells that it is the one that is meant
        down = down._replace(confidence="likely" if case.looks_like_php else "possible", remedy=[])
    lost = case.lost(MISSING | REFUSED | CUT_OFF)
    unit = master["unit_state"] or {}
    proof = down.proof + [case.dialled()] + [sample(loss.event) for loss in lost[:1]]
    return case.match(
        CAUSE,
        down.reason,
        down.words + ".",
        proof,
        lost,
        case.owner,
        case.losses,
        confidence=down.confidence,
        unit=master["unit"],
        since=unit.get("inactive_since") or unit.get("changed_at") or span(lost)[0],
        remedy=down.remedy,
    )


def _was_down(case: Case) -> Optional[Match]:
    """Losses that ended when the master started: that cannot be forged, as a log line can."""
    if case.connect["result"] not in ("ok", "full"):
        return None
    lost = case.lost(MISSING | REFUSED)
    for owner in case.running:
        started = owner.master["started_at"]
        before = [loss for loss in lost if started is not None and loss.at <= started + 1]
        if not before or len(before) < len(lost):
            continue
        log = [
            entry
            for entry in (owner.master["unit_state"] or {}).get("log") or []
            if before[0].at - STOP_SECONDS <= entry["at"]
        ]
        turns = [entry for entry in log if re.match(r"systemd\[1\]: (Start|Stopp)(ing|ed) ", entry["text"])]
        if turns and ": Stopping " in turns[0]["text"] and before[0].at < turns[0]["at"] - STOP_SECONDS:
            continue  # it ran: the restart mended something else
        told = start_failure([entry["text"] for entry in log])
        runs = "the master of %s runs since then (pid %s)" % (_name(owner.master), owner.master["pid"])
        proof = [sample(before[0].event), evidence("process", runs, at=started)]
        return case.match(
            CAUSE,
            told[0] if told else "stopped",
            "%s was not running for a while and is back." % _name(owner.master),
            proof,
            before,
            owner,
            before + near(case.lost(CUT_OFF), [before[0].at], STOP_SECONDS),
            state="recovered",
            severity="warning",
            confidence="likely",
        )
    return None


def _not_installed(case: Case) -> Optional[Match]:
    """Nobody is there, and no php-fpm exists that could be."""
    blind = case.seen.blind & {"processes", "fpm_container", "units"}
    if (
        case.connect["result"] not in ("missing", "refused")
        or case.endpoint.get("listening")
        or blind
        or not case.looks_like_php
    ):
        return None
    lost = case.lost(MISSING | REFUSED)
    return case.match(
        CAUSE,
        "not_installed",
        "no php-fpm was found on this host: no process, no unit, no program.",
        [case.dialled()] + [sample(loss.event) for loss in lost[:1]],
        lost,
        None,
        case.losses,
        confidence="likely",
    )


def examine(case: Case) -> Any:
    if not case.is_local:
        return None
    if not case.masters:
        return _not_installed(case)
    served_by_fpm = case.answers or any(listener["fpm"] for listener in case.endpoint.get("listeners") or [])
    relevant = [owner.master for owner in case.owners] or case.masters
    if any(master["running"] for master in relevant) or served_by_fpm:
        up = sorted({_name(master) for master in relevant if master["running"]})
        return _was_down(case) or Clear(
            "%s runs" % ", ".join(up) if up else "php-fpm listens on %s" % case.key
        )
    # Without root the processes may be hidden: systemd's word, or a listener without a known holder, says
    # that it runs.
    states = [(master["unit_state"] or {}).get("active") for master in relevant]
    hidden = case.endpoint.get("listening") and not case.endpoint.get("listeners") and not any(states)
    if hidden or "active" in states or "reloading" in states:
        return Unclear(
            "live_probe",
            "no php-fpm master was seen, though %s"
            % ("something listens on " + case.key if hidden else "its unit is active"),
        )
    return _down(case)
