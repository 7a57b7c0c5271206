# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm master that does not run: what its configuration, its last start and systemd show of it."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.endpoint import canonical
from ...parse.php_fpm.problems import BAD_ACCOUNT, BAD_CONFIG, StartFailure, choose
from ...parse.php_fpm.starts import START_SECONDS, Attempt, attempt_in_log, attempt_of, noted
from ...signatures.lookup import by_meaning, meanings
from ...signatures.php_fpm import PHP_FPM
from ..case import Case
from ..model import Remedy, evidence
from .whereabouts import in_file, name_of, shown

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.finding import Evidence, Facts
    from ....plugin_utils.shapes.php_fpm import ConfigTest, Master, TestFailure
    from ....plugin_utils.shapes.unit import Unit, UnitLine

# What a start that failed means by its words -> the reason of the cause.
REASON_OF = by_meaning(
    {
        "bad_account": "unknown_user",
        "address_in_use": "address_in_use",
        "directory_missing": "runtime_dir_missing",
        "address_unavailable": "address_unavailable",
        "bind_failed": "bind_failed",
        "socket_access": "bind_failed",
        "log_unwritable": "log_unwritable",
        "pid_unwritable": "pid_file_unwritable",
        "no_shared_memory": "shared_memory",
        "reload_failed": "reload_failed",
        "lock_unwritable": "php_ini_invalid",
        "preload": "preload_failed",
        "extension": "extension_failed",
        "php_startup": "php_ini_invalid",
        "not_executable": "not_executable",
        "unit_step": "unit_setup_failed",
        "bad_config": "config_invalid",
        "timed_out": "start_timeout",
        "other_error": "start_failed",
    }
)
# An errno that says more than what could not be made: EROFS, ENOSPC, EDQUOT (Linux: errno-base.h, errno.h).
_ERRNOS = {30: "read_only", 28: "disk_full", 122: "disk_full"}
# Exit statuses of a shell or ld.so: no such program, or none that runs.
NO_PROGRAM = (126, 127)
# Signals that a program brings upon itself, signal(7).
CRASHES = {
    4: "4 (SIGILL)",
    6: "6 (SIGABRT)",
    7: "7 (SIGBUS)",
    8: "8 (SIGFPE)",
    11: "11 (SIGSEGV)",
    31: "31 (SIGSYS)",
}
TESTED = (BAD_ACCOUNT, BAD_CONFIG)  # what php-fpm -t can be asked about
_OF_SIZE = meanings("no_shared_memory")  # whatever its errno


class Rejection(NamedTuple):
    """Of its configuration as it is now, by php-fpm."""

    reason: str  # unknown_user, config_invalid or not_executable
    words: str  # for the summary
    proof: "Evidence"
    path: Optional[str] = None  # of what cannot be made
    facts: "Facts" = {}


class Down(NamedTuple):
    case: Case
    master: "Master"
    unit: Optional["Unit"]  # systemd's
    rejection: Optional[Rejection]
    attempt: Attempt  # the last start, if it failed
    failure: Optional[StartFailure]  # why it did
    place: Optional["Endpoint"]  # on which the last start could not listen, if it said so

    @property
    def name(self) -> str:
        return name_of(self.master)

    @property
    def state(self) -> "Evidence":
        """The proof that it does not run."""
        unit = self.unit
        if unit is None:
            return evidence("process", "no php-fpm master runs with %s" % self.master["config"])
        how = (self.name, unit["active"], unit["sub"], unit["result"], unit["enabled"])
        return evidence("systemd", "%s is %s (%s), result %s, %s" % how, at=unit["changed_at"])

    @property
    def failed_start(self) -> List["Evidence"]:
        """The line of the journal in which the last start failed, and the file that it is about."""
        if self.failure is None:
            return []
        file, line = self.written_at()
        entry = self.failure.entry
        source, text = ("journal", shown(entry)) if entry else ("fpm_log", self.failure.text)
        return [evidence(source, text, file, line, self.attempt.at)]

    @property
    def path(self) -> Optional[str]:
        """The path of what the last start could not make, or run."""
        failure, facts = self.failure, self.master.get("last_start")
        return failure and failure.path or facts and facts["path"] or None

    def written_at(self) -> Tuple[Optional[str], Optional[int]]:
        """(file, line) of the configuration that made the last start fail."""
        failure, facts = self.failure, self.master.get("last_start")
        if failure is None:
            return None, None
        if failure.file:
            return failure.file, failure.line
        if facts and facts["ini_file"]:
            return facts["ini_file"], facts["ini_line"]
        for problem in self.master["config_errors"]:
            if problem.get("kind") == failure.kind:
                return problem["file"], problem["line"]
        what = self.path or failure.first
        for pool in self.master["pools"]:
            paths = (pool["listen"], pool["slowlog"], pool["access_log"])
            if pool["name"] == failure.pool or what and what in paths:
                if what == pool["listen"] and pool["listen_file"]:
                    return pool["listen_file"], pool["listen_line"]
                return pool["file"], pool["line"]
        of_main = what and what in (self.master["error_log"], self.master["pid_file"])
        return (self.master["config"] if of_main else None), None

    def changed_since(self, at: Optional[float] = None) -> bool:
        """Whether the configuration, php.ini or the program was changed after the last start failed."""
        facts, failed = self.master.get("last_start"), at or self.attempt.at
        changed = (self.master["config_changed_at"], facts["changed_at"] if facts else None)
        return failed is not None and any(when is not None and when > failed for when in changed)

    @property
    def proof(self) -> List["Evidence"]:
        return self.failed_start + [self.state]

    @property
    def disabled(self) -> bool:
        return self.unit is not None and self.unit["enabled"] == "disabled"

    @property
    def result(self) -> Optional[str]:
        """The result of the unit's last run, as systemd has it."""
        return self.unit["result"] if self.unit else None

    @property
    def moved(self) -> str:
        """What a start does to other units, or needs of them."""
        ties = (self.unit.get("ties") if self.unit else None) or {}
        return " and ".join("%s %s" % (does, name) for name, does in sorted(ties.items()))

    @property
    def start(self) -> List[Remedy]:
        # To systemd a unit that is active (exited) needs no start.
        if not self.master["unit"] or self.unit and self.unit["sub"] == "exited" or self.moved:
            return []
        if self.disabled:  # unless it is enabled too, the next boot brings the same outage
            return [self.remedy("unit_start", disabled=True), self.remedy("unit_enable")]
        return [self.remedy("unit_start")]

    def remedy(self, action: str, **arguments: object) -> Remedy:
        return Remedy(action, dict(arguments, unit=self.master["unit"]))

    def failed_with(self, *reasons: str) -> bool:
        """Whether the last start failed for one of these reasons."""
        return self.failure is not None and reason_of(self.failure) in reasons


def reason_of(failure: StartFailure) -> str:
    by_errno = _ERRNOS.get(failure.errno or 0)
    return by_errno if by_errno and failure.meaning not in _OF_SIZE else REASON_OF[failure.meaning]


def why_down(lines: Sequence["UnitLine"]) -> str:
    failure = choose([failure for failure in noted(*lines) if failure.kind in PHP_FPM.meaning_of])
    return reason_of(failure) if failure else "stopped"


def look_at(case: Case, master: "Master") -> Down:
    unit = master["unit_state"]
    attempt = attempt_of(unit)
    if attempt.failure is None and (attempt.lines or unit is None or not unit["log"]):
        # After a reload PHP 7.4 speaks in its own log alone.
        events = case.snapshot["logs"]["events"]
        logged = attempt_in_log([event for event in events if event["master"] == master["config"]])
        since = attempt.lines[0]["at"] - START_SECONDS if attempt.lines else 0.0
        if logged.at is not None and logged.at >= since:
            attempt = attempt._replace(failure=logged.failure, at=logged.at)
    failure = attempt.failure
    if failure and failure.meaning == BAD_ACCOUNT and not _names(master, failure.first):
        failure = None
    return Down(case, master, unit, rejection(master), attempt, failure, _place(case, failure))


def _meaning(problem: "ConfigProblem") -> str:
    """A snapshot from before 0.5.0 has no kind: the commonest is taken."""
    return PHP_FPM.meaning_of[problem["kind"]] if "kind" in problem else BAD_CONFIG


def ended_by(test: "ConfigTest") -> Optional[str]:
    """The signal by which php-fpm -t crashed: it says nothing of the configuration then. A shell adds 128."""
    rc = test.get("rc", 0)
    return CRASHES.get(-rc) or CRASHES.get(rc - 128)


def rejection(master: "Master") -> Optional[Rejection]:
    """By php-fpm -t, else by what was read in the files that it does not look at, or could not."""
    test = master["test"]
    refused = test["ran"] and not test["ok"] and test.get("rc", 0) >= 0  # else a signal ended it
    if refused and ended_by(test) is None:
        return _refused_by_test(master)
    for problem in master["config_errors"]:
        meaning = _meaning(problem)
        if meaning == BAD_CONFIG and test["ran"]:
            continue
        file, line, path = problem["file"], problem["line"], problem.get("path")
        proof = evidence("php-fpm", problem["text"], file, line)
        words = in_file(problem["text"], file, line)
        return Rejection(
            REASON_OF[meaning], words, proof, path, {"path": path, "account": problem.get("account")}
        )
    return None


def not_loadable(masters: "Sequence[Master]") -> "List[Evidence]":
    """What is refused of files that a running master has not loaded yet: a restart or reload would end it."""
    found = [rejection(master) for master in masters if master["running"] and master["test"]["ran"]]
    return [each.proof for each in found if each and each.reason != "not_executable"][:1]


def _refused_by_test(master: "Master") -> Rejection:
    """The place is the one that php-fpm names, else that of a problem which was read in the files."""
    output = "\n".join(master["test"]["output"][:3])
    if master["test"].get("rc", 0) in NO_PROGRAM:
        proof = evidence("php-fpm -t", output or "no word", master["binary"])
        facts: Facts = {"path": master["binary"]}
        return Rejection("not_executable", "its program does not run", proof, facts=facts)
    failure: "TestFailure" = master["test"].get("failure") or {}
    account, file, line = failure.get("account"), failure.get("file"), failure.get("line")
    reason = "unknown_user" if account else "config_invalid"
    if file is None or not line:
        alike = [
            problem
            for problem in master["config_errors"]
            if REASON_OF[_meaning(problem)] == reason and file in (None, problem["file"])
        ]
        exact = [problem for problem in alike if problem.get("kind", 0) == failure.get("kind")]
        for problem in (exact or alike)[:1]:
            file, line = problem["file"], problem["line"]
    for pool in master["pools"]:
        if file is None and failure.get("pool") == pool["name"]:
            file, line = pool["file"], pool["line"]
    proof = evidence("php-fpm -t", failure.get("text", output), file or master["config"], line)
    words = "php-fpm -t refuses its configuration"
    if file:
        words += ", %s:%d" % (file, line) if line else ", %s" % file
    known: Facts = {"account": account, "directive": failure.get("directive")}
    return Rejection(reason, words, proof, facts=known)


def _names(master: "Master", account: str) -> bool:
    """Whether the configuration has the account that the last start missed."""
    return not master["pools"] or any(
        account in [pool["user"], pool["group"], pool["listen_owner"], pool["listen_group"]]
        or account in pool["acl_users"] + pool["acl_groups"]
        for pool in master["pools"]
    )


def _place(case: Case, failure: Optional[StartFailure]) -> Optional["Endpoint"]:
    """The endpoint, of any of its pools, that php-fpm could not listen on."""
    reasons = ("address_in_use", "runtime_dir_missing", "bind_failed")
    if not (failure and failure.first and reason_of(failure) in reasons):
        return None
    written = failure.first
    key = canonical("unix:" + written if written.startswith("/") else written)
    return case.snapshot["endpoints"].get(key)
