# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's words about killed and crashed processes, and systemd's about the same.

Sources: mm/oom_kill.c and mm/memcontrol.c (Linux 4.15 to 6.12), arch/x86/mm/fault.c, arch/x86/kernel/traps.c,
arch/arm64/kernel/traps.c; systemd's src/core/cgroup.c and src/oom/oomd-manager.c; earlyoom's kill.c.
pids in the ring buffer are those of the machine, not of a container.
"""

import re
from typing import Any, Dict, Iterable, List, Optional, Tuple

from .redact import redact

FPM_COMM = re.compile(r"php-fpm|php\d*-fpm")
_FPM_UNIT = re.compile(r"php[\w.@-]*fpm")
_INVOKED = re.compile(r".{1,16} invoked oom-killer: ")
_CONSTRAINT = re.compile(r"oom-kill:constraint=(CONSTRAINT_\w+),.*?(?:,oom_memcg=/[^,]*)?(?:,global_oom)?"
                         r",task_memcg=(?P<memcg>/[^,]*),task=.{1,16},pid=(?P<pid>\d+),uid=\d+\Z")
_OLD_MEMCG = re.compile(r"Task in (/\S*) killed as a result of limit of (/\S*)\Z")
_LIMIT = re.compile(r"memory: usage \d+kB, limit (\d+)kB, failcnt \d+\Z")
# Before 5.x the victim's line has no beginning of its own, and "Kill process ... or sacrifice child" names the candidate.
_CANDIDATE = re.compile(r"(Memory cgroup out of memory|Out of memory[^:]*): Kill process \d+ \(.{1,16}\) score \d+ or sacrifice child\Z")
_KILLED = re.compile(r"(?:(Memory cgroup out of memory|Out of memory[^:]*): )?Killed process (\d+)(?:,? UID \d+,)? \((.{1,16})\),?"
                     r" total-vm:(\d+)kB, anon-rss:(\d+)kB\b")
_CRASHES = (
    ("k-segfault-cpu", re.compile(r"(.{1,16})\[(\d+)\]: segfault at [0-9a-f]+ ip \S+ sp \S+ error \w+ in ([^\[\]]+)\[\S+\] likely on CPU ")),
    ("k-segfault", re.compile(r"(.{1,16})\[(\d+)\]: segfault at [0-9a-f]+ ip \S+ sp \S+ error \w+(?: in ([^\[\]]+)\[)?")),
    ("k-gpf", re.compile(r"traps: (.{1,16})\[(\d+)\] general protection fault ip:\S+ sp:\S+ error:\w+(?: in ([^\[\]]+)\[)?")),
    ("k-gpf-old", re.compile(r"traps: (.{1,16})\[(\d+)\] general protection ip:\S+ sp:\S+ error:\w+(?: in ([^\[\]]+)\[)?")),
    ("k-invalid-opcode", re.compile(r"traps: (.{1,16})\[(\d+)\] trap \w[\w ]* ip:\S+ sp:\S+ error:\w+(?: in ([^\[\]]+)\[)?")),
    ("k-arm64-fault", re.compile(r"(.{1,16})\[(\d+)\]: unhandled (?:exception|signal \d+)\b.*? in ([^\[\]]+)\[")),
)
_UNIT_LINES = (
    ("sd-oom-killed", re.compile(r"(\S+): A process of this unit has been killed by the OOM killer\.\Z")),
    ("sd-oomd-killed", re.compile(r"(\S+): systemd-oomd killed (?:\d+|some) process\(es\) in this unit\.\Z")),
    ("sd-result-oom", re.compile(r"(\S+): Failed with result 'oom-kill'\.\Z")),
)
_OOMD = re.compile(r"Killed (/\S+) due to memory (?:used|pressure) ")
_EARLYOOM = re.compile(r"sending SIG(?:TERM|KILL) to process (\d+)(?: uid \d+)? \"([^\"]{1,16})\": ")


def signature(text: str) -> Optional[str]:
    """The id of one message of the kernel, systemd, systemd-oomd or earlyoom about memory or a crash; None for any other."""
    found = _CONSTRAINT.match(text)
    if found:
        return "k-oom-constraint-memcg" if found.group(1) == "CONSTRAINT_MEMCG" else "k-oom-constraint-global"
    killed = _KILLED.match(text)
    if killed:
        kind = killed.group(1) or ""
        return ("k-oom-killed-memcg" if kind.startswith("Memory") else "k-oom-allocating" if "allocating" in kind
                else "k-oom-killed-global" if kind else "k-oom-killed-old")
    candidate = _CANDIDATE.match(text)
    if candidate:
        return "k-oom-kill-old-memcg" if candidate.group(1).startswith("Memory") else "k-oom-kill-old"
    for name, pattern in (("k-oom-invoked", _INVOKED), ("k-oom-memcg-usage", _LIMIT)) + _CRASHES + _UNIT_LINES:
        if pattern.match(text):
            return name
    return "sd-oomd" if _OOMD.match(text) else "eo-sigterm" if _EARLYOOM.match(text) else None


def kills(lines: Iterable[Tuple[float, str]]) -> List[Dict[str, Any]]:
    """The ring's lines [(epoch, text)] -> OOM kills {at, pid, comm, cgroup, kind, fpm, limit_kb, anon_rss_kb, source, text}.

    cgroup: the victim's, as the machine spells it; None where the kernel (before 5.0, outside a memory cgroup) does not say.
    limit_kb: of the cgroup whose limit was hit.
    """
    found: List[Dict[str, Any]] = []
    limit: Optional[int] = None
    memcg: Optional[str] = None
    victims: Dict[int, Tuple[str, Optional[str]]] = {}
    kind = "global"
    for at, text in lines:
        if _INVOKED.match(text):
            limit, memcg, kind, victims = None, None, "global", {}
            continue
        usage = _LIMIT.match(text)
        if usage:
            limit = int(usage.group(1))
            continue
        old = _OLD_MEMCG.match(text)
        if old:
            memcg, kind = old.group(1), "cgroup"
            continue
        constraint = _CONSTRAINT.match(text)
        if constraint:
            of_cgroup = constraint.group(1) == "CONSTRAINT_MEMCG"
            victims[int(constraint.group("pid"))] = ("cgroup" if of_cgroup else "global", constraint.group("memcg"))
            continue
        candidate = _CANDIDATE.match(text)
        if candidate:
            kind = "cgroup" if candidate.group(1).startswith("Memory") else kind
            continue
        killed = _KILLED.match(text)
        if killed:
            pid, says = int(killed.group(2)), killed.group(1)
            how, where = victims.get(pid, ("cgroup" if (says or "").startswith("Memory") else kind if not says else "global", memcg))
            found.append({"at": at, "pid": pid, "comm": killed.group(3), "cgroup": where, "kind": how,
                          "fpm": bool(FPM_COMM.match(killed.group(3))), "limit_kb": limit if how == "cgroup" else None,
                          "anon_rss_kb": int(killed.group(5)), "source": "kernel", "text": redact(text)})
    return found


def crashes(lines: Iterable[Tuple[float, str]]) -> List[Dict[str, Any]]:
    """php-fpm's segmentation faults and the like -> {at, pid, comm, module (the file that crashed, None unknown), signature, text}."""
    found: List[Dict[str, Any]] = []
    for at, text in lines:
        for name, pattern in _CRASHES:
            hit = pattern.match(text)
            if hit:
                if FPM_COMM.match(hit.group(1)):
                    found.append({"at": at, "pid": int(hit.group(2)), "comm": hit.group(1), "module": hit.group(3), "signature": name, "text": redact(text)})
                break
    return found


def unit_kills(lines: Iterable[Tuple[float, str, Optional[int], str]]) -> List[Dict[str, Any]]:
    """The journal's lines [(epoch, identifier, pid, text)] -> {at, identifier, unit, cgroup, pid, comm, kind, fpm, text}.

    kind: systemd_oomd, earlyoom, or None where systemd only passes on that the kernel killed. Words count from their own speaker alone.
    """
    found: List[Dict[str, Any]] = []
    for at, identifier, _pid, text in lines:
        entry: Dict[str, Any] = {"at": at, "identifier": identifier, "unit": None, "cgroup": None, "pid": None, "comm": None, "kind": None}
        if identifier == "systemd":
            hit = next((pattern.match(text) for name, pattern in _UNIT_LINES[:2] if pattern.match(text)), None)
            if hit:
                entry.update(unit=hit.group(1), kind="systemd_oomd" if "systemd-oomd killed" in text else None)
        elif identifier == "systemd-oomd":
            hit = _OOMD.match(text)
            if hit:
                entry.update(cgroup=hit.group(1), unit=hit.group(1).rsplit("/", 1)[-1], kind="systemd_oomd")
        elif identifier == "earlyoom":
            hit = _EARLYOOM.match(text)
            if hit:
                entry.update(pid=int(hit.group(1)), comm=hit.group(2), kind="earlyoom")
        else:
            hit = None
        if hit:
            fpm = bool(FPM_COMM.match(entry["comm"])) if entry["comm"] else bool(_FPM_UNIT.match(entry["unit"] or ""))
            found.append(dict(entry, fpm=fpm, text=redact(text)))
    return found
