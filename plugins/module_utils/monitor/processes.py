# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pass over /proc for each run: who is a master's worker, and whether the masters are the same."""

from typing import Dict, List, NamedTuple, Sequence

from ..collect.host import Host
from ..collect.linux.processes import KEPT, TITLE, texts_in_time
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


def workers(host: Host, table: Table, masters: Sequence[int]) -> Dict[int, Dict[str, int]]:
    """{pool: how many} by master. A title alone proves nothing: they are the master's own children. A master
    with a worker whose title the kernel keeps is left out: that one may be of any of its pools.
    """
    owner = {pid: master for master in masters for pid in table.children.get(master, ())}
    texts = texts_in_time(host, TITLE, owner)
    count: Dict[int, Dict[str, int]] = {master: {} for master in masters}
    for pid, master in owner.items():
        if pid not in texts and count.pop(master, None) is not None:
            host.miss("fpm_workers", "/proc/%d" % master, KEPT)
    for pid, text in texts.items():
        title = FPM_WORKER.match(parse_cmdline(text or ""))
        if title and owner[pid] in count:
            of_pool = count[owner[pid]]
            of_pool[title.group(1)] = of_pool.get(title.group(1), 0) + 1
    return count
