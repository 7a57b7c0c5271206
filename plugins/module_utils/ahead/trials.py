# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx and php-fpm say of their files, and whether php-fpm would start: tried in the sandbox."""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ..actions.steps import fpm_trial, nginx_trial
from ..change.trial import Start, deciding_line, trial
from ..collect.host import Host, Ran
from ..collect.linux.processes import Process
from ..parse.nginx.refused import place_of
from ..parse.php_fpm.problems import StartFailure, start_failure
from ..parse.redact import redact
from ..remediate.launch import Launch
from ..remediate.preflight import NginxReading, definition_of, is_proven
from ..remediate.rehearsal import rehearse, start_of
from ..work.step import Refusal, Step, Trial, Untried
from .problems import Service, problem

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.restart import RestartProblem, TrialResult

PASSED: "TrialResult" = "passed"
REFUSED: "TrialResult" = "refused"
NOT_RUN: "TrialResult" = "not_run"
TRIAL_SECONDS = 20.0
# What fails in the sandbox alone: it has no network, and its files cannot be written.
_SANDBOX = re.compile(
    r"host not found|name resolution|getaddrinfo|Read-only file system|name or service not known", re.I
)
# Time, level and pid before what nginx and php-fpm say.
_HEAD = re.compile(r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: |\[[\w .:-]+\] [A-Z]+: )")


class Tried(NamedTuple):
    result: "TrialResult"
    why: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    pool: Optional[str] = None


def only_the_sandbox(text: str) -> bool:
    return bool(_SANDBOX.search(text))


def _run(host: Host, test: Trial, start: Optional[Start]) -> Ran:
    left = min(TRIAL_SECONDS, host.left())
    if left <= 0:
        return Ran(None, "", "the deadline was over")
    return trial([], test.argv, test.silent, left, start)


def _lines(ran: Ran) -> List[str]:
    return [line.strip() for line in (ran.err + "\n" + ran.out).splitlines() if line.strip()]


def nginx_test(host: Host, nginx: "Nginx") -> Tried:
    """nginx -t. It opens what a start opens, and binds no address."""
    if not host.is_root():
        return Tried(NOT_RUN, "only root can test a configuration as nginx will load it")
    try:
        ran = _run(host, nginx_trial(nginx), None)
    except Refusal as refusal:
        return Tried(NOT_RUN, str(refusal))
    if ran.rc == 0:
        return Tried(PASSED)
    why = deciding_line(ran)
    if ran.rc is None or only_the_sandbox(why):
        return Tried(NOT_RUN, "nginx -t could not tell: %s" % why)
    words = _HEAD.sub("", why, 1)
    place = place_of(words, NginxReading(host, nginx).conf, nginx["prefix"] or "")
    return Tried(REFUSED, words, *(place or (None, None)))


def fpm_test(host: Host, service: Service, launch: Optional[Launch]) -> Tried:
    """php-fpm -t with the environment of its unit."""
    if not host.is_root():
        return Tried(NOT_RUN, "only root can test a configuration as php-fpm will load it")
    master = service.master
    if master is None:
        return Tried(NOT_RUN, "it is no php-fpm")
    try:
        ran = _run(host, fpm_trial(master), start_of(launch) if launch else None)
    except Refusal as refusal:
        return Tried(NOT_RUN, str(refusal))
    if ran.rc == 0:
        return Tried(PASSED)
    why, failure = deciding_line(ran), start_failure(_lines(ran))
    user = failure.unknown_user if failure else None
    unseen = bool(user and host.account(user))
    if ran.rc is None or unseen or only_the_sandbox(why):
        return Tried(NOT_RUN, "php-fpm -t could not tell: %s" % why)
    words = _HEAD.sub("", redact(failure.text) if failure else why, 1)
    return Tried(REFUSED, words, *_fpm_place(master, failure))


def _fpm_place(
    master: "Master", failure: Optional[StartFailure]
) -> "Tuple[Optional[str], Optional[int], Optional[str]]":
    """(file, line, pool): as php-fpm says, as the files say, or where the pool begins that it names."""
    name = failure.pool if failure else None
    if failure and failure.file:
        return failure.file, failure.line, name
    known = next(iter(master["config_errors"]), None)
    if known:
        return known["file"], known["line"] or None, name
    pool = next((pool for pool in master["pools"] if pool["name"] == name), None)
    return (pool["file"], pool["line"], name) if pool else (None, None, name)


def fpm_start(host: Host, service: Service, launch: Optional[Launch], procs: Sequence[Process]) -> Tried:
    """php-fpm started as its unit starts it."""
    if service.master is None or launch is None:
        return Tried(NOT_RUN, "no unit says how it is started")
    if not host.is_root():
        return Tried(NOT_RUN, "only root can try a start")
    if host.left() <= 0:
        return Tried(NOT_RUN, "the deadline was over")
    nothing = Step("restart_info", launch.unit, [], [], [])
    proven = is_proven(host, launch, definition_of(host, launch))
    try:
        why = rehearse(host, service.master, launch, nothing, procs, proven)
    except Untried as untried:
        return Tried(NOT_RUN, str(untried))
    except (Refusal, OSError) as refusal:
        return Tried(REFUSED, str(refusal))
    if why is None:
        return Tried(PASSED)
    return (
        Tried(NOT_RUN, "the start could not be tried: %s" % why)
        if only_the_sandbox(why)
        else Tried(REFUSED, why)
    )


def problems_of(service: Service, config: Tried, start: Tried) -> "List[RestartProblem]":
    """A start fails for a refused configuration, too: that is told once."""
    already = service.pid is None
    if config.result == REFUSED:
        words = "%s refuses its configuration: %s." % (service.name, (config.why or "").rstrip("."))
        return [
            problem(
                "config_refused",
                service,
                words,
                already=already,
                file=config.file or service.config,
                line=config.line,
                pool=config.pool,
            )
        ]
    if start.result == REFUSED:
        why = _HEAD.sub("", (start.why or "").rstrip("."), 1)
        words = "%s would not start: %s." % (service.name, why)
        return [
            problem("start_fails", service, words, already=already, confidence="likely", file=service.config)
        ]
    return []
