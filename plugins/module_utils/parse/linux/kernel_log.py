# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's words about killed and crashed processes, and systemd's, systemd-oomd's and earlyoom's about
the same.

Linux 4.15 to 6.12: mm/oom_kill.c, mm/memcontrol.c, arch/*/mm/fault.c; systemd: core/cgroup.c,
oom/oomd-manager.c. pids are the machine's.
"""

import re
from typing import Dict, Iterable, List, Optional, Tuple

from ..redact import redact
from .proc import unit_of

FPM_COMM = re.compile(r"php-fpm|php\d*-fpm")
_FPM_UNIT = re.compile(r"php[\w.@-]*fpm")
_INVOKED = re.compile(r".{1,16} invoked oom-killer: ")
# A cgroup may be called "x,task_memcg=": with a second one nobody knows where the victim was.
_CONSTRAINT = re.compile(
    r"oom-kill:constraint=CONSTRAINT_(\w+),(?:(?!task_memcg=).)*,task_memcg=(/[^,]*),task=.{1,16},pid=(\d{1,10}),uid=\d+\Z",
    re.A,
)
_OLD_MEMCG = re.compile(r"Task in (/\S*) killed as a result of limit of /\S*\Z")
_LIMIT = re.compile(r"memory: usage \d+kB, limit (\d{1,18})kB, failcnt \d+\Z", re.A)
# Before 5.x the victim's line has no beginning of its own; "Kill process ... or sacrifice child" names the
# candidate.
_CANDIDATE = re.compile(
    r"(Memory cgroup out|Out) of memory[^:]*: Kill process \d+ \(.{1,16}\) score \d+ or sacrifice child\Z"
)
_KILLED = re.compile(
    r"(?:(Memory cgroup out|Out) of memory[^:]*: )?"
    r"Killed process (\d{1,10})(?:,? UID \d+,)? \((.{1,16})\),? total-vm:\d+kB, anon-rss:(\d{1,18})kB\b",
    re.A,
)
_CRASH = re.compile(
    r"(?:traps: )?(.{1,16})\[(\d{1,10})\]:? (?:segfault at|general protection|trap |unhandled "
    r"(?:exception|signal))"
    r".*?(?: in ([^\[\]\s]+)\[|\Z)",
    re.A,
)
_BY_UNIT = re.compile(
    r"(\S+): (?:A process of this unit has been killed by the OOM killer\."
    r"|(systemd-oomd) killed (?:\d+|some) process\(es\) in this unit\.)\Z"
)
_OOMD = re.compile(r"Killed (/\S+) due to memory (?:used|pressure) ")
_EARLYOOM = re.compile(
    r"sending SIG(?:TERM|KILL) to process (\d{1,10})(?: uid \d+)? \"([^\"]{1,16})\": ", re.A
)


def kills(lines: Iterable[Tuple[float, str]]) -> List[dict]:
    """The ring's lines [(epoch, text)] -> OOM kills, as oom_info returns them. cgroup: the victim's, None
    before Linux 5.0 outside a memory cgroup. limit_kb: of the cgroup whose limit was hit.
    """
    found: List[dict] = []
    limit: Optional[int] = None
    memcg: Optional[str] = None
    victims: Dict[int, Tuple[str, Optional[str]]] = {}
    kind = "global"
    for at, text in lines:
        usage, old, constraint, killed = (
            _LIMIT.match(text),
            _OLD_MEMCG.match(text),
            _CONSTRAINT.match(text),
            _KILLED.match(text),
        )
        if _INVOKED.match(text):
            limit, memcg, kind, victims = None, None, "global", {}
        elif usage:
            limit = int(usage.group(1))
        elif old:
            memcg, kind = old.group(1), "cgroup"
        elif constraint:
            victims[int(constraint.group(3))] = (
                "cgroup" if constraint.group(1) == "MEMCG" else "global",
                constraint.group(2),
            )
        elif killed:
            pid, says = int(killed.group(2)), killed.group(1)
            how, where = victims.get(
                pid, (kind if not says else "cgroup" if says.startswith("Memory") else "global", memcg)
            )
            found.append(
                {
                    "at": at,
                    "pid": pid,
                    "comm": killed.group(3),
                    "cgroup": where,
                    "kind": how,
                    "fpm": bool(FPM_COMM.match(killed.group(3))),
                    "limit_kb": limit if how == "cgroup" else None,
                    "anon_rss_kb": int(killed.group(4)),
                    "source": "kernel",
                    "text": redact(text),
                }
            )
        else:
            candidate = _CANDIDATE.match(text)
            kind = "cgroup" if candidate and candidate.group(1).startswith("Memory") else kind
    return found


def crashes(lines: Iterable[Tuple[float, str]]) -> List[dict]:
    """php-fpm's segmentation faults and the like -> {at, pid, comm, module (the file that crashed, or None),
    text}.
    """
    found = [(at, text, _CRASH.match(text)) for at, text in lines]
    return [
        {
            "at": at,
            "pid": int(hit.group(2)),
            "comm": hit.group(1),
            "module": hit.group(3),
            "text": redact(text),
        }
        for at, text, hit in found
        if hit and FPM_COMM.match(hit.group(1))
    ]


def unit_kills(lines: Iterable[Tuple[float, str, Optional[int], str]]) -> List[dict]:
    """The journal's lines [(epoch, identifier, pid, text)] -> {at, unit, cgroup, pid, comm, kind, fpm, text}.
    kind: systemd_oomd, earlyoom, None for the kernel's. Words count from their own speaker alone.
    """
    found: List[dict] = []
    for at, identifier, _pid, text in lines:
        unit, oomd, early = _BY_UNIT.match(text), _OOMD.match(text), _EARLYOOM.match(text)
        entry: dict = {
            "at": at,
            "unit": None,
            "cgroup": None,
            "pid": None,
            "comm": None,
            "kind": None,
            "text": redact(text),
        }
        if identifier == "systemd" and unit:
            entry.update(unit=unit.group(1), kind="systemd_oomd" if unit.group(2) else None)
        elif identifier == "systemd-oomd" and oomd:
            entry.update(cgroup=oomd.group(1), unit=unit_of(oomd.group(1)), kind="systemd_oomd")
        elif identifier == "earlyoom" and early:
            entry.update(pid=int(early.group(1)), comm=early.group(2), kind="earlyoom")
        else:
            continue
        found.append(
            dict(
                entry,
                fpm=bool(
                    FPM_COMM.match(entry["comm"]) if entry["comm"] else _FPM_UNIT.match(entry["unit"] or "")
                ),
            )
        )
    return found
