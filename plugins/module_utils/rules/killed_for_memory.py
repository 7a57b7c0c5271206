# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm that does not run since something killed it for its memory."""

import re
from typing import Optional

from .down import Down
from .model import Reason, evidence

_BY_OOMD = re.compile(
    r"systemd\[1\]: \S+: systemd-oomd killed (?:\d+|some) process\(es\) in this unit\.\Z", re.A
)


def _oomd_killed(down: Down) -> Optional[Reason]:
    """It kills all of the unit's processes at once, whatever OOMPolicy= says (core/cgroup.c,
    unit_check_oomd_kill). The result is "oom-kill" since systemd 252.
    """
    unit = down.unit
    if unit is None or down.result not in ("oom-kill", "signal"):
        return None
    since = unit.get("active_since") or 0.0
    kills = [entry for entry in unit["log"] if entry["at"] >= since and _BY_OOMD.match(entry["text"])]
    if not kills:
        return None
    words = "systemd-oomd killed all of %s for its memory, and nothing started it again" % down.name
    proof = evidence("journal", kills[-1]["text"], at=kills[-1]["at"])
    return Reason(words, [proof, down.state], remedy=down.start)


def _oom_stopped(down: Down) -> Optional[Reason]:
    if down.result != "oom-kill":
        return None
    words = "systemd stopped %s after the OOM killer took one of its processes" % down.name
    return Reason(words, [down.state], remedy=[down.remedy("unit_oom_policy")] + down.start)


ROWS = (
    ("oomd_killed", _oomd_killed),
    ("oom_stopped", _oom_stopped),
)
