# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of the cause fpm_not_running: a start that systemd skipped, or that failed at what php-fpm -t does
not look at. Where something has to be mended first, no start is offered.
"""

from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from ...parse.linux.systemctl import hides
from ...parse.linux.unit_starts import ENDED, makes_read_only, of_manager, of_meaning
from ...parse.php_fpm.starts import dependency_that_failed, stop_timed_out
from ...signatures import kinds
from ...signatures.lookup import meanings
from ...signatures.php_start import NO_PRELOAD_USER, NO_STRINGS
from ..model import Reason, evidence
from .down import CRASHES, TESTED, Down, reason_of
from .start_commands import is_of_fpm
from .whereabouts import at_place, directory_of, in_file, of_journal, shown

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence

# Exit statuses of php-fpm: PHP itself did not start (FPM_EXIT_SOFTWARE of fpm_main.c, exit(-2) of main.c and
# opcache, a fatal error of the script to preload).
OF_PHP, _OF_PRELOAD = (70, 254, 255), (70, 255)
_OF_FPM = (78,)  # FPM_EXIT_CONFIG, of any step of its start: fpm_init()
_NOT_OPENED = meanings("log_unwritable", "pid_unwritable")
_SIGNS = {
    "log_unwritable": "it cannot open its log",
    "pid_file_unwritable": "it cannot write its pid file",
    "address_unavailable": "this host cannot give it its address",
    "bind_failed": "it cannot bind its socket",
    "shared_memory": "it gets no shared memory of the size that it asks for",
    "preload_failed": "PHP cannot preload what opcache.preload names",
    "extension_failed": "an extension of PHP does not load",
    "php_ini_invalid": "PHP itself does not start",
    "not_executable": "its program cannot be run",
    "unit_setup_failed": "systemd cannot set up what its unit asks for",
    "config_invalid": "php-fpm refuses its configuration",
    "start_failed": "php-fpm gave it up",
}


# The same, by the kind of failure that says more.
_OF_KIND = {
    NO_PRELOAD_USER: "opcache.preload is set, and opcache.preload_user is not",
    kinds.FAMILY_REFUSED: "its unit or the kernel forbids the family of its address",
    kinds.NAME_UNKNOWN: "the name of its address leads nowhere",
    kinds.BAD_PORT: "the port of a listen is no number, and a path takes no unix: before it",
}


def unit_invalid(down: Down) -> Optional[Reason]:
    if down.unit is None or down.unit["load"] not in ("bad-setting", "error"):
        return None
    lines = of_manager(down.unit["log"])[-1:]
    proof = [evidence("journal", shown(entry), down.unit["fragment"], at=entry["at"]) for entry in lines]
    words = "systemd cannot load the unit file of %s (%s)" % (down.name, down.unit["load"])
    return Reason(words, proof + [down.state], facts={"fault": "unit_file"})


def condition(down: Down) -> Optional[Reason]:
    unit = down.unit
    if unit is None or unit["load"] != "loaded" or not unit.get("unmet"):
        return None
    unmet = ", ".join(unit["unmet"])
    words = "systemd skipped the last start of %s: %s was not met" % (down.name, unmet)
    return Reason(words, [evidence("systemd", "%s: not met: %s" % (down.name, unmet)), down.state])


def dependency(down: Down) -> Optional[Reason]:
    line = dependency_that_failed(down.unit) if down.unit else None
    if line is None:
        return None
    words = "%s was not started, since a unit that it needs did not start" % down.name
    return Reason(words, of_journal([line]) + [down.state])


def _mended(down: Down) -> bool:
    """Whether what the last start failed at is seen to be gone. What was not looked at is not."""
    failure, facts = down.failure, down.master.get("last_start")
    if failure is None or down.changed_since() and reason_of(failure) != "unit_setup_failed":
        return True
    if failure.meaning in TESTED and failure.kind not in kinds.UNTESTED and down.master["test"]["ran"]:
        return True  # php-fpm -t accepts it: _rejected stands before
    if reason_of(failure) == "not_executable" and failure.errno == 2:
        # php-fpm -t ran it, out of the unit's sandbox.
        hidden = down.unit is not None and hides(down.unit.get("sandbox") or {}, down.path or "/")
        return down.master["test"]["ran"] and down.path == down.master["binary"] and not hidden
    if facts is None:
        return False
    if reason_of(failure) == "disk_full":
        return bool(facts["free_bytes"] and facts["free_bytes"] >= 4096 and facts["free_inodes"] != 0)
    if reason_of(failure) == "read_only":
        setting = makes_read_only(down.unit, down.path) if down.unit and down.path else None
        return facts["read_only"] is False and setting is None
    if failure.errno == 2 and failure.meaning in _NOT_OPENED:
        return facts["directory"] is True
    return bool(facts["address"])


def _at_path(words: str, down: Down, proof: "Sequence[Evidence]" = (), left: Optional[str] = None) -> Reason:
    proof = [*down.failed_start, *proof, *at_place(down.path, left), down.state]
    directive = down.failure.directive if down.failure else None
    return Reason(words, proof, confidence="likely", facts={"path": down.path, "directive": directive})


def failed(reason: str, down: Down) -> Optional[Reason]:
    if not down.failed_with(reason) or _mended(down):
        return None
    sign = _OF_KIND.get(down.failure.kind if down.failure else "") or _SIGNS[reason]
    words = "%s cannot start: %s" % (down.name, sign)
    if reason == "start_failed" and down.failure:
        words += ": " + down.failure.message
    what = down.path or (down.failure.address if down.failure else None)
    step = down.failure.step if down.failure and reason == "unit_setup_failed" else None
    if what and what not in words:
        words += ", %s" % what
    found = _at_path(in_file(words, *down.written_at()), down)
    if step:
        return found._replace(facts={**found.facts, "name": step})
    strings = down.failure and down.failure.kind == NO_STRINGS
    return found._replace(facts={**found.facts, "fault": "interned_strings"}) if strings else found


def pid_directory(down: Down) -> Optional[Reason]:
    reason = failed("pid_file_unwritable", down)
    path, facts = down.path, down.master.get("last_start")
    if reason and path and path.startswith("/run/") and facts and facts["directory"] is False:
        make = down.remedy("runtime_directory_create", path=directory_of(path))
        return reason._replace(remedy=[make] + down.start)
    return reason


def late_address(down: Down) -> Optional[Reason]:
    """The network came up after php-fpm: the next boot brings it again."""
    facts, failure = down.master.get("last_start"), down.failure
    if failure and down.failed_with("address_unavailable") and facts and facts["address"]:
        words = "%s was started before this host had the address %s" % (down.name, failure.first)
        return Reason(words, down.proof, remedy=down.start, confidence="likely")
    return failed("address_unavailable", down)


def read_only(down: Down) -> Optional[Reason]:
    failure = down.failure
    if failure is None or not down.failed_with("read_only") or _mended(down):
        return None
    path = down.path or "a file"
    setting = makes_read_only(down.unit, path) if down.unit else None
    facts = down.master.get("last_start")
    by = "%s of its unit" % setting if setting else "its unit"
    if facts and facts["read_only"]:
        by = "the file system, which is mounted read-only"
    words = "%s cannot start: it cannot write %s, by %s" % (down.name, path, by)
    proof = [evidence("systemd", "%s: %s" % (down.name, setting))] if setting else []
    return _at_path(words, down, proof)


def disk_full(down: Down) -> Optional[Reason]:
    failure = down.failure
    if failure is None or not down.failed_with("disk_full") or _mended(down):
        return None
    facts, path = down.master.get("last_start"), down.path or "what it writes"
    what = "no inode is" if facts and facts["free_inodes"] == 0 else "nothing is"
    if failure.errno == 122:
        what = "by its quota nothing is"
    words = "%s cannot start: on the file system of %s %s left" % (down.name, path, what)
    left = None
    if facts and facts["free_bytes"] is not None:
        numbers = (path, facts["free_bytes"], facts["free_inodes"])
        left = "%s: %s bytes and %s inodes are free" % numbers
    return _at_path(words, down, left=left)


def by_status(reason: str, statuses: Tuple[int, ...], down: Down) -> Optional[Reason]:
    """The line that says why went to the log that php.ini names, or to nobody."""
    unit = down.unit
    if unit is None or down.failure or down.result != "exit-code" or unit["exec_main_code"] != 1:
        return None
    status = unit["exec_main_status"]
    ends = [entry["at"] for entry in of_meaning(down.attempt.lines, ENDED)]
    ended = ends[-1] if ends else unit["changed_at"]
    if status not in statuses or down.attempt.ready or down.changed_since(ended):
        return None
    words = "%s cannot start: %s (exit status %d)" % (down.name, _SIGNS[reason], status)
    return Reason(words, [down.state], confidence="likely")


def preload_ended(down: Down) -> Optional[Reason]:
    """PHP runs the script to preload as another user, whose words the journal does not have for php-fpm's."""
    facts = down.master.get("last_start")
    if not facts or not facts["ini_file"]:
        return None
    # Any fault of php.ini ends with 254: here it is new since the last start that went well.
    ran = down.unit["active_since"] if down.unit else None
    is_new = bool(ran and facts["changed_at"] and facts["changed_at"] > ran)
    reason = by_status("preload_failed", _OF_PRELOAD + ((254,) if is_new else ()), down)
    if reason is None:
        return None
    file, line = facts["ini_file"], facts["ini_line"]
    what = "opcache.preload = %s" % facts["path"] if facts["path"] else "opcache.preload is set"
    proof = [evidence("file", what, file, line)]
    words = "%s (%s:%s)" % (reason.summary, file, line)
    return reason._replace(summary=words, proof=proof + list(reason.proof))


def without_words(down: Down) -> Optional[Reason]:
    """Its own log may be elsewhere: what it gave up at is there still, as long as nobody changed a thing."""
    reason = None if down.attempt.failure else by_status("start_failed", _OF_FPM, down)
    if reason is None:
        return None
    return reason._replace(summary=reason.summary + ", and no log that was read says why")


def with_result(result: str, down: Down) -> Optional[Reason]:
    """One of systemd's own, where no line is known."""
    if down.failure or down.result != result:
        return None
    how = {
        "resources": "systemd could not prepare its process",
        "protocol": "php-fpm ended, or went to the background, before it told systemd that it is ready",
        "exec-condition": "a command of ExecCondition= said no",
    }
    words = "%s cannot start: %s (result %s)" % (down.name, how[result], result)
    return Reason(words, of_journal(of_manager(down.attempt.lines)[1:2]) + [down.state], confidence="likely")


def start_timeout(down: Down) -> Optional[Reason]:
    if not down.failed_with("start_timeout") or down.unit is None:
        return None
    kind = down.unit.get("type")
    how = "systemd waited in vain for its word that it is up"
    if kind == "notify":
        how = "it never told systemd that it is ready (Type=notify)"
        if not is_of_fpm(down):  # a script that runs php-fpm and waits for it
            words = "; unless what ExecStart= runs, %s, becomes php-fpm (exec), it needs NotifyAccess=all"
            how += words % (down.unit["command"] or "").partition(" ")[0]
    elif kind == "forking":
        how = "it did not go to the background, or wrote no pid file (Type=forking)"
    if down.attempt.ready:
        how += ", though php-fpm itself was ready"
    changed = down.changed_since()
    then = "and what it loads was changed since" if changed else "so starting it again ends the same way"
    words = "the start of %s timed out: %s, %s" % (down.name, how, then)
    proof = [evidence("systemd", "%s: %s" % (down.name, how))] + down.proof
    return Reason(words, proof, confidence="likely" if changed else "certain")


def crashes(down: Down) -> Optional[Reason]:
    if down.unit is None or down.result not in ("signal", "core-dump"):
        return None
    signal = down.unit["exec_main_status"]
    if signal not in CRASHES or not down.attempt.lines or down.attempt.ready:
        return None
    words = "%s crashes while it starts: result %s (signal %s)" % (down.name, down.result, CRASHES[signal])
    return Reason(words, [down.state])


def stopped_by_force(down: Down) -> Optional[Reason]:
    if down.unit is None or down.result != "timeout" or not stop_timed_out(down.unit):
        return None
    words = "%s was stopped, and killed since it did not end in time" % down.name
    return Reason(words, [down.state], remedy=down.start)
