# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 1 while nobody is there, in their order. Where php-fpm runs, they need not be compiled."""

from functools import partial
from typing import TYPE_CHECKING, Callable, List, Optional, Tuple

from ...parse.linux.systemctl import MASKED, hides
from ...parse.linux.unit_starts import START_LIMITED, of_meaning
from ..case import CUT_OFF, DENIED, NOBODY_THERE, Case
from ..model import Cause, Loss, Match, Reason, evidence, first_line, first_reason
from . import confined_start, ended, failed_starts, odd_masters, start_again, start_commands
from .down import NO_PROGRAM, look_at
from .whereabouts import at_place, directory_of, lacks_directory, of_journal

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Facts
    from ....plugin_utils.shapes.unit import Unit
    from .down import Down

NO_DIRECTORY = "%s cannot start: the directory of its socket does not exist"


def _masked(down: "Down") -> Optional[Reason]:
    states = (down.unit["load"], down.unit["enabled"]) if down.unit else ()
    if set(MASKED).isdisjoint(states):
        return None
    return Reason("%s is masked, so nothing can start it" % down.name, [down.state])


def _rejected(reason: str, down: "Down") -> Optional[Reason]:
    rejection = down.rejection
    if rejection is None or rejection.reason != reason:
        return None
    words = "%s cannot start: %s" % (down.name, rejection.words)
    proof = [rejection.proof] + at_place(rejection.path) + [down.state]
    return Reason(words, proof, facts=rejection.facts)


def _hidden_socket(down: "Down") -> Optional[Reason]:
    path = down.place["path"] if down.place else None
    if down.unit is None or not path or not down.failed_with("runtime_dir_missing", "bind_failed"):
        return None
    hider = hides(down.unit.get("sandbox") or {}, path)
    if hider is None:
        return None
    words = "%s cannot start: its own %s hides the place of its socket, %s" % (down.name, hider, path)
    proof = evidence("systemd", "%s: %s" % (down.name, hider))
    return Reason(words, [proof] + down.proof, confidence="likely")


def _directory_in_place(down: "Down") -> Optional[Reason]:
    """php-fpm takes away what stands there, but no directory: bind(2) says that the address is in use."""
    place = down.place or down.case.endpoint
    if not down.case.owners or not place["path"] or place["type"] != "directory":
        return None
    words = "%s cannot start: a directory is where its socket is to be, %s" % (down.name, place["path"])
    proof = [evidence("file", "%s is a directory" % place["path"], place["path"])]
    return Reason(words, proof + down.proof, facts={"fault": "directory", "path": place["path"]})


def _address_in_use(down: "Down") -> Optional[Reason]:
    failure, place = down.failure, down.place
    if failure is None or not down.failed_with("address_in_use") or not place or not place["listening"]:
        return None
    taken = failure.first
    words = "%s cannot start: %s is taken by another program" % (down.name, taken)
    proof = []
    for holder in place["listeners"][:1]:
        held = "%s is held by %s (pid %s)" % (taken, holder["comm"], holder["pid"])
        unit = holder.get("unit")
        proof.append(evidence("socket", held + (" of %s" % unit if unit else "")))
    return Reason(words, down.proof + proof, facts={"address": taken})


def _directory_missing_at_start(down: "Down") -> Optional[Reason]:
    failure = down.failure
    if failure is None or not down.failed_with("runtime_dir_missing") or not lacks_directory(down.place):
        return None
    remedy = [down.remedy("runtime_directory_create", path=directory_of(failure.first))] + down.start
    return Reason(NO_DIRECTORY % down.name, down.proof, remedy=remedy if down.start else [])


def _no_account(down: "Down") -> Optional[Reason]:
    if down.failure is None or not down.failed_with("unknown_user"):
        return None
    words = "%s cannot start: its pool names a user or group that does not exist" % down.name
    return Reason(words, down.proof, confidence="likely", facts={"account": down.failure.first})


def _directory_missing(down: "Down") -> Optional[Reason]:
    """The directory of the socket is not there, and systemd makes none when the unit starts."""
    path = down.case.endpoint.get("path") or ""
    made = ["/run/" + name for name in (down.unit["runtime_directory"] or "").split()] if down.unit else []
    if not down.case.owners or not path.startswith("/run/") or not lacks_directory(down.case.endpoint):
        return None
    directory = directory_of(path)
    if directory in made:
        return None
    remedy = [down.remedy("runtime_directory_create", path=directory)]
    if down.unit and down.unit["start_limit_hit"]:
        remedy.append(down.remedy("unit_reset_failed"))
    proof = evidence("file", "%s does not exist" % directory, directory)
    start = down.start
    return Reason(NO_DIRECTORY % down.name, [proof, down.state], remedy=remedy + start if start else [])


def _start_limit_hit(down: "Down") -> Optional[Reason]:
    """systemd 247 to 257 keeps the failed start's own result; the limit stands in the journal alone."""
    if down.unit is None or not (down.unit["start_limit_hit"] or down.result == "start-limit-hit"):
        return None
    proof = of_journal(of_meaning(down.unit["log"], START_LIMITED)[-1:])
    words = "systemd refuses to start %s: it failed too often in a short time" % down.name
    remedy = [down.remedy("unit_reset_failed")] + down.start
    return Reason(words, proof + [down.state] + down.failed_start, remedy=remedy if down.start else [])


def _mended(down: "Down") -> Optional[Reason]:
    """What the last start failed at is gone: else one of the reasons before would apply."""
    if down.failure is None:
        return None
    tested = down.master["test"]["ran"] and down.failed_with("unknown_user", "config_invalid")
    what = "what kept it from starting is mended"
    if down.changed_since() and not tested:
        what = "what it loads was changed since: whether that mends it, a start shows"
    words = "%s failed to start, and %s" % (down.name, what)
    return Reason(words, [evidence("now", what)] + down.proof, remedy=down.start, confidence="likely")


def _stopping(down: "Down") -> Optional[Reason]:
    """A start would wait until it is over."""
    if not down.unit or down.unit["active"] != "deactivating":
        return None
    words = "%s is still being stopped: its unit is deactivating (%s)" % (down.name, down.unit["sub"])
    return Reason(words, [down.state])


def _stopped(down: "Down") -> Optional[Reason]:
    if not down.unit:
        words = "no php-fpm master runs with %s" % down.name
        return Reason(words, [down.state], remedy=down.start, confidence="likely")
    if down.unit["active"] == "activating":
        words = "%s does not serve yet: its unit is activating (%s)" % (down.name, down.unit["sub"])
        return Reason(words, [down.state], confidence="likely")
    words = "%s is stopped" % down.name + (" and disabled" if down.disabled else "")
    if down.unit["sub"] == "exited":
        words = "the php-fpm of %s is stopped, though its unit is active (exited)" % down.name
    return Reason(words, [down.state], remedy=down.start)


Row = Tuple[str, Callable[["Down"], Optional[Reason]]]


def _of(reason: str, predicate: Callable[[str, "Down"], Optional[Reason]]) -> Row:
    """With a predicate of several reasons."""
    return reason, partial(predicate, reason)


# From top to bottom: the first that applies is the reason. What is so now stands before what the last start
# said, and that before how the master ended.
REASONS: Tuple[Row, ...] = (
    # No start comes to php-fpm.
    ("unit_setup_failed", failed_starts.unit_invalid),
    ("condition_failed", failed_starts.condition),
    ("dependency_failed", failed_starts.dependency),
    ("masked", _masked),
    # php-fpm refuses its configuration as it is now.
    _of("not_executable", _rejected),
    _of("unknown_user", _rejected),
    _of("config_invalid", _rejected),
    # A policy or a filter of the unit refused the last start.
    _of("selinux_port", confined_start.kept),
    _of("selinux_label", confined_start.kept),
    _of("apparmor", confined_start.kept),
    ("stopped", confined_start.let_now),
    ("address_family", confined_start.by_family),
    ("system_call", confined_start.by_call),
    # A start helps by now, or ends in the same way.
    ("program_crashes", start_again.crashes_at_test),
    ("account_late", start_again.account_late),
    ("reload_failed", start_again.reload_failed),
    ("too_many_children", start_again.too_many_children),
    # What the last start failed at, or the next would, is so now.
    _of("log_unwritable", _rejected),
    ("bind_failed", _hidden_socket),
    ("bind_failed", _directory_in_place),
    ("address_in_use", _address_in_use),
    ("runtime_dir_missing", _directory_missing_at_start),
    ("unknown_user", _no_account),
    ("runtime_dir_missing", _directory_missing),
    # What the last start failed at, by the line that says so.
    ("read_only", failed_starts.read_only),
    ("disk_full", failed_starts.disk_full),
    ("address_unavailable", failed_starts.late_address),
    ("pid_file_unwritable", failed_starts.pid_directory),
    _of("log_unwritable", failed_starts.failed),
    _of("bind_failed", failed_starts.failed),
    _of("shared_memory", failed_starts.failed),
    _of("preload_failed", failed_starts.failed),
    _of("extension_failed", failed_starts.failed),
    _of("php_ini_invalid", failed_starts.failed),
    _of("not_executable", failed_starts.failed),
    _of("unit_setup_failed", failed_starts.failed),
    _of("config_invalid", failed_starts.failed),
    ("start_command_failed", start_commands.hung),
    ("start_timeout", failed_starts.start_timeout),
    _of("start_failed", failed_starts.failed),
    # The same by its exit status or systemd's result, where no line is known.
    ("preload_failed", failed_starts.preload_ended),
    ("php_ini_invalid", partial(failed_starts.by_status, "php_ini_invalid", failed_starts.OF_PHP)),
    ("not_executable", partial(failed_starts.by_status, "not_executable", NO_PROGRAM)),
    ("start_failed", failed_starts.without_words),
    ("condition_failed", partial(failed_starts.with_result, "exec-condition")),
    ("unit_setup_failed", partial(failed_starts.with_result, "resources")),
    ("start_timeout", partial(failed_starts.with_result, "protocol")),
    ("start_command_failed", start_commands.command),
    ("start_command_failed", start_commands.wrapper),
    ("start_failed", start_commands.without_words),
    ("crashed", failed_starts.crashes),
    # The start limit only says that it failed often.
    ("stopped", failed_starts.stopped_by_force),
    ("stopping", _stopping),
    ("start_limit_hit", _start_limit_hit),
    # How a master that ran ended.
    ("oomd_killed", ended.oomd_killed),
    ("oom_stopped", ended.oom_stopped),
    ("limit_reached", ended.by_limit),
    ("crashed", ended.killed),
    ("stopped", _mended),
    ("crashed", ended.exited),
    ("crashed", ended.left_its_socket),
    ("other_config", odd_masters.other_config),
    ("stopped", _stopped),
)


def _lost(case: Case, unit: "Optional[Unit]") -> List[Loss]:
    """A master that did not come up may leave a socket whose owner and mode nobody has set yet."""
    down_since = (unit["inactive_since"] or unit["changed_at"]) if unit else None
    denied = [] if down_since is None else [loss for loss in case.lost(DENIED) if loss.at >= down_since - 1]
    return sorted(case.lost(NOBODY_THERE | CUT_OFF) + denied, key=lambda loss: loss.at)


def not_running(cause: Cause, case: Case) -> Optional[Match]:
    master = case.owner.master if case.owner else case.masters[0]
    down = look_at(case, master)
    match = first_reason(cause, REASONS, down)
    if match is None:
        return None
    reason, lost = match.reason, _lost(case, master["unit_state"])
    if down.moved:
        reason = reason._replace(summary="%s; a start also %s" % (reason.summary, down.moved))
    if not case.owner:  # nothing tells that it is the one that is meant
        # A clean stop leaves no socket behind: it was another's.
        left = case.connect["result"] == "refused" and match.reason_id == "stopped"
        sure = case.looks_like_php and not (left and case.endpoint.get("path"))
        words = "%s, and none of its pools listens on %s" % (reason.summary, case.key)
        reason = reason._replace(summary=words, confidence="likely" if sure else "possible", remedy=[])
    unit, command = master["unit_state"], master.get("start_command") if case.owner else None
    starter = [evidence("service", command)] if command else []
    lost_file: Facts = {}
    if any(problem.get("path") == master["config"] for problem in master["config_errors"]):
        lost_file = {"fault": "main_file", "path": master["config"]}
    reason = reason._replace(
        summary=reason.summary + ".",
        proof=list(reason.proof) + starter + [case.dialled()] + first_line(lost),
        losses=lost,
        place=reason.place or case.place._replace(unit=master["unit"]),
        since=(unit["inactive_since"] or unit["changed_at"] or None) if unit else None,
        explains=case.losses,
        facts={**lost_file, **reason.facts, "start_command": command},
    )
    return match._replace(reason=reason)
