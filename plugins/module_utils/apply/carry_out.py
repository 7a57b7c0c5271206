# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step on one host: tried first, then done, proven, and kept or put back. In check mode it is only tried and shown."""

import shlex
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from ..collect.host import Host, HostError
from ..parse.redact import GONE, redact
from ..step import Refusal, Step
from . import preflight
from .difference import difference
from .disk import Disk
from .launch import launch
from .recovery import recover
from .rehearsal import start_of
from .transaction import STATE, Transaction, UndoFailed, check
from .trial import deciding_line, trial

# result: unchanged | would | refused | done | rolled_back | failed; backup: the directory with the files as they were before, when done.
Outcome = NamedTuple("Outcome", [
    ("result", str), ("why", str), ("files", List[str]), ("commands", List[str]), ("diff", List[Dict[str, str]]), ("backup", Optional[str]),
])


def shell(argv: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in argv)


def tried(argv: Sequence[str]) -> str:
    """A trial's command, without the directives on nginx's command line."""
    return redact(shell([GONE if before == "-g" else word for before, word in zip([""] + list(argv), argv)]))


def complaint(step: Step, state: str = STATE) -> Optional[str]:
    """What a program objects to, or would load beside our change. A kill between two renames leaves the first few changes alone, so each such state
    must be accepted too.
    """
    why = preflight.objection(step, state)
    if why:
        return why
    for count in range(min(1, len(step.changes)), len(step.changes) + 1):
        for number, one in enumerate(step.trials):
            if one in step.trials[:number]:
                continue
            ran = trial(step.changes[:count], one.argv, one.silent, start=start_of(launch(Host(), one.unit)) if one.unit else None)
            if ran.rc is None:
                return "`%s` could not be tried: %s" % (tried(one.argv), redact(ran.err))
            if ran.rc != 0:
                return "`%s`: %s" % (tried(one.argv), deciding_line(ran))
    return None


def _do(step: Step, host: Host, disk: Disk, verify: Callable[[], Optional[str]], state: str) -> str:
    """Changes, commands and proof. Returns the backup's directory. Raises Refusal, HostError or OSError, and all of it must be put back then."""
    transaction = Transaction.begin(step, host, disk, state)
    transaction.replace()
    for command in step.commands:
        ran = transaction.run(command)
        if ran.rc != 0:
            raise Refusal("`%s` failed: %s" % (shell(command.do), deciding_line(ran)))
    why = verify()
    if why:
        raise Refusal(why)
    return transaction.keep()


def carry_out(step: Step, host: Host, disk: Disk, verify: Callable[[], Optional[str]], check_mode: bool, state: str = STATE) -> Outcome:
    """verify: asked when all is in place; a text says what is still wrong, and everything is put back.

    The caller holds the lock and has called recover(); neither is needed in check mode, which changes nothing.
    """
    step = step._replace(changes=[change for change in step.changes if change.before != change.after])
    if not step.changes and not step.commands:
        return Outcome("unchanged", "", [], [], [], None)
    try:
        check(step, disk, check_mode)
        why = complaint(step, state)
    except (Refusal, HostError, OSError) as error:
        why = str(error)
    if why:
        return Outcome("refused", why, [], [], [], None)
    intended = Outcome("would", "", [change.path for change in step.changes], [shell(command.do) for command in step.commands],
                       difference(step.changes), None)
    if check_mode:
        return intended
    try:
        return intended._replace(result="done", backup=_do(step, host, disk, verify, state))
    except (Refusal, HostError, OSError) as error:
        why = str(error)
    except BaseException:
        recover(host, disk, state)
        raise
    try:
        undone = recover(host, disk, state)
    except (Refusal, UndoFailed, HostError, OSError) as error:
        return intended._replace(result="failed", why="%s; and the way back failed: %s" % (why, error))
    if undone and undone["left"]:
        return intended._replace(result="failed", why="%s; put back, but for %s, which someone else changed meanwhile: the content before is in %s" % (
            why, ", ".join(undone["left"]), undone["backup"]))
    return intended._replace(result="rolled_back", why="%s; everything is as it was before" % why, diff=[])
