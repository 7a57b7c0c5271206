# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 5: workers are free, but a script runs longer than nginx waits for its first byte."""

from ...signatures.lookup import meanings
from ...signatures.nginx import TIMED_OUT
from ..case import Case
from ..model import Answer, Cause, Clear, Match, Rule, Unclear

CAUSE = Cause(
    "fastcgi_read_timeout",
    ("cpu_starved", "slow_dependency", "slow_script"),
    code=5,
    severity="warning",
    consequence_of=("max_children_exhausted", "worker_oom_killed", "request_terminated"),
)
# By the access log alone it may be another timeout than fastcgi_read_timeout, so nothing is changed for it.
ANY_TIMEOUT = TIMED_OUT | meanings("gateway_timeout")


def _none_timed_out(case: Case) -> Answer:
    return None if case.lost(ANY_TIMEOUT) else Clear("no request timed out on %s" % case.key)


def _no_worker_answered(case: Case) -> Answer:
    if case.answers and not case.answers_late:
        return None
    why = "requests timed out on %s, and no free worker answered to tell a slow script from a full pool"
    return Unclear("live_probe", why % case.key)


def _slow_script(case: Case) -> Match:
    from .slow_script import slow_script

    return slow_script(case)


RULE = Rule("fastcgi_read_timeout", (CAUSE,), (_none_timed_out, _no_worker_answered, _slow_script))
