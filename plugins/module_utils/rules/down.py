# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm master that does not run: what its configuration, its last start and systemd show of it."""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional

from ..parse.endpoint import canonical
from ..parse.php_fpm.problems import StartFailure, start_failure
from ..signatures.php_fpm import PHP_FPM
from .case import Case
from .model import Remedy, evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.config import ConfigProblem
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.unit import Unit

# What php-fpm means by its words -> the reason of the cause.
REASON_OF = {
    "bad_account": "unknown_user",
    "address_in_use": "address_in_use",
    "directory_missing": "runtime_dir_missing",
    "bind_failed": "bind_failed",
    "socket_access": "bind_failed",
    "log_unwritable": "config_invalid",
    "bad_config": "config_invalid",
}
_TURN = re.compile(r"systemd\[1\]: (?:Starting|Started) ")


class Rejection(NamedTuple):
    """Of its configuration as it is now, by php-fpm."""

    reason: str  # unknown_user or config_invalid
    words: str  # for the summary
    proof: "Evidence"


class Down(NamedTuple):
    case: Case
    master: "Master"
    unit: Optional["Unit"]  # systemd's
    rejection: Optional[Rejection]
    failure: Optional[StartFailure]  # of the last start
    place: Optional["Endpoint"]  # on which the last start could not listen, if it said so

    @property
    def name(self) -> str:
        return name_of(self.master)

    @property
    def state(self) -> "Evidence":
        """That it does not run."""
        unit = self.unit
        if unit is None:
            return evidence("process", "no php-fpm master runs with %s" % self.master["config"])
        how = (self.name, unit["active"], unit["sub"], unit["result"], unit["enabled"])
        return evidence("systemd", "%s is %s (%s), result %s, %s" % how, at=unit["changed_at"])

    @property
    def failed_start(self) -> List["Evidence"]:
        """The line of the journal in which the last start failed."""
        return [evidence("journal", self.failure.text)] if self.failure else []

    @property
    def proof(self) -> List["Evidence"]:
        return self.failed_start + [self.state]

    @property
    def disabled(self) -> bool:
        return self.unit is not None and self.unit["enabled"] == "disabled"

    @property
    def result(self) -> Optional[str]:
        """Of the unit's last run, as systemd has it."""
        return self.unit["result"] if self.unit else None

    @property
    def start(self) -> List[Remedy]:
        if not self.master["unit"]:
            return []
        if self.disabled:  # unless it is enabled too, the next boot brings the same outage
            return [self.remedy("unit_start", disabled=True), self.remedy("unit_enable")]
        return [self.remedy("unit_start")]

    def remedy(self, action: str, **arguments: object) -> Remedy:
        return Remedy(action, dict(arguments, unit=self.master["unit"]))

    def failed_with(self, *reasons: str) -> bool:
        """At the last start."""
        return self.failure is not None and REASON_OF[self.failure.meaning] in reasons


def name_of(master: "Master") -> str:
    return str(master["unit"] or master["config"])


def directory_of(path: str) -> str:
    return path.rsplit("/", 1)[0] or "/"


def lacks_directory(place: Optional["Endpoint"]) -> bool:
    """Whether the directory of its socket does not exist."""
    if place is None or not place["path"]:
        return False
    return directory_of(place["path"]) not in [parent["path"] for parent in place["parents"]]


def look_at(case: Case, master: "Master") -> Down:
    unit = master["unit_state"]
    failure = start_failure(_last_attempt(unit))
    if failure and failure.meaning == "bad_account" and not _names(master, failure.places[0]):
        failure = None
    return Down(case, master, unit, _rejection(master), failure, _place(case, failure))


def _meaning(problem: "ConfigProblem") -> str:
    """A snapshot from before 0.5.0 has no kind: the commonest is taken."""
    return PHP_FPM.meaning_of[problem["kind"]] if "kind" in problem else "bad_config"


def _rejection(master: "Master") -> Optional[Rejection]:
    """By php-fpm -t, else by what was read in the files that it does not look at, or could not."""
    test = master["test"]
    if test["ran"] and not test["ok"]:
        return _refused_by_test(master)
    for problem in master["config_errors"]:
        meaning = _meaning(problem)
        if meaning == "bad_config" and test["ran"]:
            continue
        words, file, line = problem["text"], problem["file"], problem["line"]
        proof = evidence("php-fpm", words, file, line)
        if file not in words:
            words += " (%s:%d)" % (file, line) if line else " (%s)" % file
        return Rejection(REASON_OF[meaning], words, proof)
    return None


def _refused_by_test(master: "Master") -> Rejection:
    """The place is the one that php-fpm names, else that of a problem which was read in the files."""
    output = master["test"]["output"]
    failure = start_failure(output)
    reason = REASON_OF[failure.meaning if failure else "bad_config"]
    file, line = (failure.file, failure.line) if failure else (None, None)
    if file is None:
        for problem in master["config_errors"]:
            if REASON_OF[_meaning(problem)] == reason:
                file, line = problem["file"], problem["line"]
                break
    text = failure.text if failure else "\n".join(output[:3])
    proof = evidence("php-fpm -t", text, file or master["config"], line)
    return Rejection(reason, "php-fpm -t refuses its configuration", proof)


def _last_attempt(unit: Optional["Unit"]) -> List[str]:
    """Journal lines of the last start, if it failed. After one that succeeded, errors are those of a php-fpm
    that ran, or of PHP.
    """
    if unit is None:
        return []
    lines = [entry["text"] for entry in unit["log"]]
    turns = [(number, line) for number, line in enumerate(lines) if _TURN.match(line)]
    succeeded = unit["result"] == "success"
    if not turns:
        return [] if succeeded else lines
    # A unit of Type=simple has started before php-fpm said a word.
    was_starting = len(turns) > 1 and ": Starting " in turns[-2][1]
    went_well = ": Started " in turns[-1][1] and (succeeded or was_starting)
    return [] if went_well else lines[turns[-1][0] :]


def _names(master: "Master", account: str) -> bool:
    """Whether the configuration has the account that the last start missed."""
    return not master["pools"] or any(
        account in [pool["user"], pool["group"], pool["listen_owner"], pool["listen_group"]]
        or account in pool["acl_users"]
        or account in pool["acl_groups"]
        for pool in master["pools"]
    )


def _place(case: Case, failure: Optional[StartFailure]) -> Optional["Endpoint"]:
    """The endpoint, of any of its pools, that php-fpm could not listen on."""
    if failure is None or REASON_OF[failure.meaning] in ("unknown_user", "config_invalid"):
        return None
    written = failure.places[0]
    key = canonical("unix:" + written if written.startswith("/") else written)
    return case.snapshot["endpoints"].get(key)
