# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change that php-fpm loads, and php-fpm as before where that was put back.

A reload only asks for it. A master may be busy with what it was given before, such as more workers than it
may open files for. It can then end after its command was over. Its exit status is 0 then, so systemd leaves
it down.
"""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional

from ..change.disk import Disk
from ..collect.host import Host
from ..collect.linux.processes import processes
from ..collect.php_fpm.masters import collect_fpm
from ..work.step import Step
from .carry_out import Outcome, Verify
from .one_change import answering, one_change, still_answering
from .running import Running, workers_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master

PAUSE = 0.5
_DOWN = ("inactive", "failed")


class Before(NamedTuple):
    unit: str  # of php-fpm
    config: str
    up: List[str]  # endpoints at which a worker answered


def _down(host: Host, unit: str) -> bool:
    return host.run(["systemctl", "is-active", unit]).out.strip() in _DOWN


def _settled(host: Host, before: Before, since: float) -> bool:
    """Whether all workers were started by the last reload."""
    procs = processes(host)
    masters = [each for each in collect_fpm(host, procs, test="never")["masters"] if each["running"]]
    workers = workers_of(host, [each for each in masters if each["config"] == before.config])
    return bool(workers) and all(worker.started_at > since for worker in workers)


def came_back(host: Host, before: Before, outcome: Outcome, since: float, seconds: float) -> Outcome:
    """outcome: of a change. Where it was put back, a php-fpm that ended is started. since: epoch seconds,
    when that began.
    """
    if outcome.result not in ("rolled_back", "failed") or not before.up:
        return outcome
    deadline = host.monotonic() + seconds
    while not _down(host, before.unit) and not _settled(host, before, since):
        if host.monotonic() >= deadline:
            break
        host.sleep(PAUSE)
    words = ""
    if _down(host, before.unit):
        Disk().run(["systemctl", "start", before.unit])
        words = "; php-fpm had ended by itself, and was started again"
    why = still_answering(host, before.up, seconds)
    if why:
        return outcome._replace(result="failed", why="%s%s; but now %s" % (outcome.why, words, why))
    return outcome._replace(why=outcome.why + words)


def loaded(
    host: Host,
    master: "Master",
    make: Callable[[], Step],
    verify: Verify,
    warn: Callable[[str], None],
    running: Running,
    seconds: float,
) -> Outcome:
    """master: as it was before. seconds: to come back."""
    keys = [pool["endpoint"] for pool in master["pools"] if pool["endpoint"]] if master["running"] else []
    before = Before(master["unit"] or "", master["config"], answering(host, keys, 1.0))
    ended = [host.now()]

    def proof() -> Optional[str]:
        why = verify()
        ended.append(host.now())
        return why

    outcome = one_change(host, make, proof, False, warn, running=running)
    return came_back(host, before, outcome, ended[-1], seconds)
