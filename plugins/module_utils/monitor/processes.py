# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pass over /proc for each run: who is a master's worker, and whether the masters are the same."""

from typing import Dict, List, NamedTuple, Sequence

from ..collect.host import Host
from ..parse.linux.proc import ProcStat, parse_cmdline, parse_stat
from ..parse.titles import FPM_WORKER


class Table(NamedTuple):
    stats: Dict[int, ProcStat]  # of those that may be php-fpm's or nginx's
    children: Dict[int, List[int]]  # of the same, by parent


def look(host: Host) -> Table:
    stats: Dict[int, ProcStat] = {}
    children: Dict[int, List[int]] = {}
    for name in host.names("/proc"):
        if not name.isdigit():
            continue
        stat = parse_stat(host.text("/proc/%s/stat" % name) or "")
        if stat and stat.state not in "ZX" and "fpm" in stat.comm:
            stats[int(name)] = stat
            children.setdefault(stat.ppid, []).append(int(name))
    return Table(stats, children)


def others(table: Table, masters: Sequence[int]) -> List[int]:
    """What is called like php-fpm and belongs to none of these masters."""
    return sorted(pid for pid, stat in table.stats.items() if pid not in masters and stat.ppid not in masters)


def workers(host: Host, table: Table, master: int) -> Dict[str, int]:
    """{pool: how many}. A title alone proves nothing: they are the master's own children."""
    count: Dict[str, int] = {}
    for pid in table.children.get(master, ()):
        title = FPM_WORKER.match(parse_cmdline(host.text("/proc/%d/cmdline" % pid) or ""))
        if title:
            count[title.group(1)] = count.get(title.group(1), 0) + 1
    return count
