# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker in the middle of a request."""

from typing import Optional

from ..case import KILLED, Case
from ..model import Answer, Cause, Clear, Match, Rule, Unclear

CAUSE = Cause("worker_oom_killed", ("cgroup", "global", "systemd_oomd"), code=6, severity="warning")


def _killed(case: Case) -> Optional[Match]:
    if not case.snapshot["oom"]["kills"]:
        return None
    from .oom_kills import killed

    return killed(CAUSE, case)


def _unread(case: Case) -> Answer:
    if "kernel_log" not in case.seen.blind or not case.fpm_events(KILLED):
        return None
    why = "a worker was killed with SIGKILL, and the kernel's log could not be read to tell by whom"
    return Unclear("kernel_log", why)


def _no_kill(case: Case) -> Answer:
    return Clear("no OOM kill hit a worker of this host in the window")


RULE = Rule("worker_oom_killed", (CAUSE,), (_killed, _unread, _no_kill))
