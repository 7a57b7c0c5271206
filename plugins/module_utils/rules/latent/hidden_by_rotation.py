# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of evidence_hidden: what the next run of logrotate does to the logs of nginx and php-fpm."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ...parse.linux.rotate_script import FPM, NGINX
from ..model import Confidence, Place, evidence
from .model import Risk, risk

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Hook, Rotated, Rotation
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.snapshot import Snapshot

PHP = "PHP"
MOST_NAMED = 3
LONG = 10.0  # seconds that a reload lets a request have
SKIPPED = ("open_to_all", "open_to_group", "su_denied")
_NO_SU = "can write %(path)s (mode %(mode)s), and no su says as whom to rotate"
_WORDS = {
    "open_to_all": "everybody " + _NO_SU,
    "open_to_group": "group %(group)s " + _NO_SU,
    "su_denied": "su %(user)s: that account cannot rename a log in %(path)s (mode %(mode)s, owner %(owner)s)",
    "not_created": "nothing makes the new file (nocreate), and %(user)s cannot make it in %(path)s"
    " (mode %(mode)s, owner %(owner)s)",
    "closed_file": "the new file is %(mode)s %(owner)s %(group)s: %(user)s cannot write it",
    "closed_directory": "%(user)s cannot search %(path)s (mode %(mode)s): its workers cannot open the new"
    " file",
}


def _absent(rotation: "Rotation") -> "List[Evidence]":
    words = "logrotate is not installed: this is what it does once it is"
    return [] if rotation["installed"] else [evidence("file", words, "/usr/sbin/logrotate")]


def _confidence(rotation: "Rotation") -> Confidence:
    return "certain" if rotation["installed"] else "possible"


def _master_of(snapshot: "Snapshot", hook: "Hook") -> "Optional[Master]":
    """The master that a hook names, else the first that runs."""
    running = [each for each in snapshot["fpm"]["masters"] if each["running"]]
    named = [each for each in running if each["config"] == hook.get("config")]
    return next(iter(named + running), None)


def _reloads(snapshot: "Snapshot", rotation: "Rotation") -> List[Risk]:
    found = []
    for hook in rotation["hooks"]:
        program, what = hook["program"] or "", hook["what"]
        master = _master_of(snapshot, hook) if program == FPM else None
        if program == FPM and not master:
            continue
        if what == "reload" and program == NGINX:
            words = "logrotate reloads nginx: with a faulty file in its configuration no log is opened anew."
        else:
            words = "logrotate %ss %s, which ends running requests: to open logs anew USR1 is enough."
            words %= (what, program)
        patient = master and master["process_control_timeout"] >= LONG
        mild = what == "reload" and (program == NGINX or patient)
        found.append(
            risk(
                "logrotate_reloads",
                words,
                [evidence("logrotate", hook["text"], hook["file"], hook["line"]), *_absent(rotation)],
                confidence=_confidence(rotation),
                severity="info" if mild else "warning",
                about=master,
            )
        )
    return found


def _why(log: "Rotated") -> str:
    """What is in the way of a log. A snapshot from before 0.13.0 has the sentence."""
    barred = log.get("barred")
    return _WORDS[barred["kind"]] % barred if barred else log.get("skipped") or log.get("unwritable") or ""


def _is_skipped(log: "Rotated") -> bool:
    barred = log.get("barred")
    return barred["kind"] in SKIPPED if barred else bool(log.get("skipped"))


def _not_reopened(log: "Rotated") -> Optional[str]:
    """Who writes on in the renamed log. PHP opens its log for each message."""
    if log["stays"] or _is_skipped(log) or log["writer"] == PHP:
        return None
    if any(hook["program"] in (log["writer"], None) for hook in log["hooks"]):
        return None
    return log["writer"]


def _grouped(logs: "Sequence[Rotated]") -> "List[List[Rotated]]":
    """The logs by stanza, writer and what is wrong."""
    groups: Dict[Tuple[object, ...], List[Rotated]] = {}
    for log in logs:
        skipped = _is_skipped(log) and _why(log)
        key = (log["file"], log["line"], log["writer"], log["config"], skipped, log["by"])
        groups.setdefault(key, []).append(log)
    return list(groups.values())


def _of_logs(
    snapshot: "Snapshot", rotation: "Rotation", logs: "List[Rotated]", reason_id: str, words: str, why: str
) -> Risk:
    first = logs[0]
    shown = ", ".join(log["path"] for log in logs[:MOST_NAMED])
    shown += " and others" * (len(logs) > MOST_NAMED)
    masters = {each["config"]: each for each in snapshot["fpm"]["masters"]}
    master = None if first["writer"] == NGINX else masters[first["config"]]
    alone = master and first["pool"] and len({log["pool"] for log in logs}) == 1
    return risk(
        reason_id,
        words % shown,
        [evidence("logrotate", why, first["file"], first["line"]), *_absent(rotation)],
        confidence=_confidence(rotation),
        place=Place(first["pool"], master["unit"]) if master and alone else None,
        about=master,
    )


def _of_rows(snapshot: "Snapshot", rotation: "Rotation") -> List[Risk]:
    found = []
    for logs in _grouped(sorted(filter(_why, rotation["logs"]), key=_is_skipped, reverse=True)):
        words = "After the next rotation " + logs[0]["by"] + " cannot write %s."
        if logs[0]["writer"] == NGINX and logs[0]["by"] == "root":
            words = "After the next rotation nginx's workers cannot open %s."
        if _is_skipped(logs[0]):
            words = "logrotate refuses to rotate %s, which grows until the disk is full."
        found.append(_of_logs(snapshot, rotation, logs, "logrotate_unwritable", words, _why(logs[0])))
    for logs in _grouped([log for log in rotation["logs"] if _not_reopened(log)]):
        words = "Nobody tells " + logs[0]["writer"] + " that %s was rotated: it writes on in the old file."
        why = "its script sends %s no USR1" % logs[0]["writer"]
        found.append(_of_logs(snapshot, rotation, logs, "logrotate_not_reopened", words, why))
    return found


def rotated(snapshot: "Snapshot") -> List[Risk]:
    rotation = snapshot.get("risks", {}).get("rotation")
    if rotation is None:
        return []
    return _reloads(snapshot, rotation) + _of_rows(snapshot, rotation)
