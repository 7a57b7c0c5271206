# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm that does not run since something killed it for its memory."""

from typing import Optional

from ..parse.linux.unit_starts import log_of, of_meaning
from .down import Down
from .model import Reason
from .whereabouts import of_journal


def _oomd_killed(down: Down) -> Optional[Reason]:
    """It kills all of the unit's processes at once, whatever OOMPolicy= says (core/cgroup.c,
    unit_check_oomd_kill). The result is "oom-kill" since systemd 252.
    """
    unit = down.unit
    if unit is None or down.result not in ("oom-kill", "signal"):
        return None
    since = unit.get("active_since") or 0.0
    kills = [entry for entry in of_meaning(log_of(unit), "oomd_killed") if entry["at"] >= since]
    if not kills:
        return None
    words = "systemd-oomd killed all of %s for its memory, and nothing started it again" % down.name
    return Reason(words, of_journal(kills[-1:]) + [down.state], remedy=down.start)


def _oom_stopped(down: Down) -> Optional[Reason]:
    if down.result != "oom-kill":
        return None
    words = "systemd stopped %s after the OOM killer took one of its processes" % down.name
    return Reason(words, [down.state], remedy=[down.remedy("unit_oom_policy")] + down.start)


ROWS = (
    ("oomd_killed", _oomd_killed),
    ("oom_stopped", _oom_stopped),
)
