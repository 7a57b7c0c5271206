# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends of workers by SIGKILL, and which of them are the OOM killer's."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.timestamps import RING_DRIFT
from ..case import KILLED, Case
from ..model import Loss, but_nearest, times_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.memory import Kill


def is_in_cgroup(kill: "Kill", case: Case) -> Optional[bool]:
    """Whether the victim's cgroup is a master's of this endpoint, None unknown: its name says nothing."""
    for owner in case.owners:
        unit, pid = owner.master["unit"], owner.master["pid"]
        if (kill["unit"] and kill["unit"] == unit) or pid in kill.get("masters", []):
            return True
    return None if kill.get("vague", True) else False


def killed_by_others(case: Case) -> List[float]:
    """When workers ended by SIGKILL. Each kill of the OOM killer is one of these ends, and left out."""
    times = times_of(case.fpm_events(KILLED))
    kills = [kill for kill in case.snapshot["oom"]["kills"] if kill["fpm"] and kill["ours"]] if times else []
    for at in [kill["at"] for kill in kills if is_in_cgroup(kill, case) is not False]:
        beside = sorted((abs(end - at), end) for end in times if abs(end - at) <= RING_DRIFT)
        if beside:
            times.remove(beside[0][1])
    return times


def but_others(
    case: Case, lost: Sequence[Loss], events: Sequence["Event"], ends: Sequence[float]
) -> List[Loss]:
    """The losses without those of other workers. php-fpm logs a SIGKILL of its own as any other, of the same
    process. ends: of workers, but for those by SIGKILL.
    """
    pids = {pid for event in events for pid in event["pids"]}
    killed = [pid for event in case.fpm_events(KILLED) for pid in event["pids"]]
    others = killed_by_others(case) if pids and pids.isdisjoint(killed) else []
    return but_nearest(lost, sorted([*ends, *others]))
