# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether there was CPU time to be had: quotas of control groups, the hypervisor, and who else wanted it."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ...parse.linux.wait import CpuStat, CpuTime, parse_cpu_stat, parse_cpu_time
from ...parse.number import count
from ..host import Host
from .memory import cgroup_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.waits import CpuThrottle


class Meter:
    """Two looks or more: what happened from the first to the last."""

    def __init__(self, host: Host, pids: Sequence[int]) -> None:
        self.host = host
        # Workers of a pool live in one group, but for a hand that has moved some.
        groups = [cgroup_of(host, pid, "cpu") for pid in (pids[0], pids[-1])]
        self.versions = {path: group.version for group in groups if group for path in group.directories}
        self.before: Dict[str, CpuStat] = {}
        self.after: Dict[str, CpuStat] = {}
        self.times: List[CpuTime] = []

    def look(self) -> None:
        time = parse_cpu_time(self.host.text("/proc/stat") or "")
        self.times += [time] if time else []
        for path in self.versions:
            stat = parse_cpu_stat(self.host.text(path + "/cpu.stat") or "")
            if stat:
                self.before.setdefault(path, stat)
                self.after[path] = stat

    def _cores(self, path: str) -> Optional[float]:
        """The quota: cpu.max of version 2, two files of version 1; -1 and "max" are none."""
        words: List[Optional[str]] = list((self.host.text(path + "/cpu.max") or "").split())
        if self.versions[path] == 1:
            names: Tuple[str, str] = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            words = [(self.host.text("%s/%s" % (path, name)) or "").strip() for name in names]
        quota, period = [count(word or "") for word in words] if len(words) == 2 else (None, None)
        return round(quota / float(period), 3) if quota and period else None

    def throttles(self) -> List["CpuThrottle"]:
        return [
            {
                "path": path,
                "cores": self._cores(path),
                "periods": self.after[path].periods - stat.periods,
                "throttled": self.after[path].throttled - stat.throttled,
                "seconds": round(self.after[path].seconds - stat.seconds, 3),
            }
            for path, stat in self.before.items()
            if self.after[path].periods > stat.periods
        ]

    def stolen(self) -> Optional[float]:
        if len(self.times) < 2:
            return None
        total = self.times[-1].total - self.times[0].total
        return round((self.times[-1].stolen - self.times[0].stolen) / float(total), 3) if total > 0 else None

    def running(self) -> Optional[float]:
        """How many processes could run, in the mean and without ourselves."""
        if not self.times:
            return None
        return round(sum(max(0, time.running - 1) for time in self.times) / float(len(self.times)), 2)

    def cpus(self) -> Optional[int]:
        return self.times[-1].cpus or None if self.times else None
