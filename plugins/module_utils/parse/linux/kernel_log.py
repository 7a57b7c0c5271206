# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel, systemd and systemd-oomd log of killed and crashed processes.

Linux 4.15 to 6.12: mm/oom_kill.c, mm/memcontrol.c, arch/*/mm/fault.c; systemd: core/cgroup.c,
oom/oomd-manager.c. pids are the machine's.
"""

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Tuple

from ...signatures.lookup import meanings
from ...signatures.systemd import BY_OOMD, BY_SYSTEMD, SYSTEMD
from ..redact import redact
from ..timestamps import JournalLine
from ..titles import program_of
from .proc import unit_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Kill, KillKind, Segfault, Victim

Line = Tuple[float, str]  # epoch seconds, text

_INVOKED = re.compile(r".{1,16} invoked oom-killer: ")
# A cgroup may be called "x,task_memcg=". A line with two of these does not tell the victim's cgroup.
_CONSTRAINT = re.compile(
    r"oom-kill:constraint=CONSTRAINT_(\w+),(?:(?!task_memcg=).)*,task_memcg=(/[^,]*),"
    r"task=.{1,16},pid=(\d{1,10}),uid=\d+\Z",
    re.A,
)
_OLD_MEMCG = re.compile(r"Task in (/\S*) killed as a result of limit of /\S*\Z")
_LIMIT = re.compile(r"memory: usage \d+kB, limit (\d{1,18})kB, failcnt \d+\Z", re.A)
_SWAP = re.compile(r"Total swap = (\d{1,18})kB\Z", re.A)  # mm/swap_state.c, show_swap_cache_info
# Before 5.x the victim's line has no beginning of its own; this line names the candidate.
_CANDIDATE = re.compile(
    r"(Memory cgroup out|Out) of memory[^:]*: Kill process \d+ \(.{1,16}\) score \d+ or sacrifice child\Z"
)
_KILLED = re.compile(
    r"(?:(Memory cgroup out|Out) of memory[^:]*: )?"
    r"Killed process (\d{1,10})(?:,? UID \d+,)? \((.{1,16})\),? total-vm:\d+kB, anon-rss:(\d{1,18})kB\b",
    re.A,
)
_CRASH = re.compile(
    r"(?:traps: )?(.{1,16})\[(\d{1,10})\]:? "
    r"(?:segfault at|general protection|trap |unhandled (?:exception|signal)).*?"
    r"(?:(?: error ([0-9a-f]{1,8}))? in ([^\[\]\s]+)\[|\Z)",
    re.A,
)
_BY_OOMD = meanings("oomd_killed")
_FOR_MEMORY = _BY_OOMD | meanings("oom_killed")


def kills(lines: Iterable[Line]) -> List["Victim"]:
    """The OOM kills in the ring's lines. Before Linux 5.0 the cgroup of a global kill is unknown: None."""
    victims: List["Victim"] = []
    limit: Optional[int] = None
    swap: Optional[int] = None
    memcg: Optional[str] = None
    constraints: Dict[int, Tuple[KillKind, Optional[str]]] = {}  # pid -> (kind, cgroup)
    kind: KillKind = "global"
    for at, text in lines:
        total = _SWAP.match(text)
        patterns = (_LIMIT, _OLD_MEMCG, _CONSTRAINT, _KILLED, _CANDIDATE)
        usage, old, constraint, killed, candidate = [pattern.match(text) for pattern in patterns]
        if _INVOKED.match(text):
            limit, swap, memcg, kind, constraints = None, None, None, "global", {}
        elif total:
            swap = int(total.group(1))
        elif usage:
            limit = int(usage.group(1))
        elif old:
            memcg, kind = old.group(1), "cgroup"
        elif constraint:
            constraints[int(constraint.group(3))] = (_kind_of(constraint.group(1)), constraint.group(2))
        elif killed:
            pid, comm = int(killed.group(2)), killed.group(3)
            own_kind = _kind_of(killed.group(1)) if killed.group(1) else kind
            victim_kind, cgroup = constraints.get(pid, (own_kind, memcg))
            victims.append(
                {
                    "at": at,
                    "pid": pid,
                    "comm": comm,
                    "cgroup": cgroup,
                    "kind": victim_kind,
                    "fpm": program_of(comm) == "php-fpm",
                    "limit_kb": limit if victim_kind == "cgroup" else None,
                    "anon_rss_kb": int(killed.group(4)),
                    "swap_kb": swap if victim_kind == "global" else None,
                    "text": redact(text),
                }
            )
        elif candidate and _kind_of(candidate.group(1)) == "cgroup":
            kind = "cgroup"
    return victims


def _kind_of(words: str) -> "KillKind":
    """The kind of a kill, by the constraint or by how its line begins."""
    return "cgroup" if words in ("MEMCG", "Memory cgroup out") else "global"


def crashes(lines: Iterable[Line], ours: Optional[bool] = None) -> List["Segfault"]:
    """php-fpm's segmentation faults and the like. ours: whether a ring is this host's alone."""
    matches = [(at, text, _CRASH.match(text)) for at, text in lines]
    return [
        {
            "at": at,
            "pid": int(match.group(2)),
            "comm": match.group(1),
            "error": int(match.group(3), 16) if match.group(3) else None,
            "module": match.group(4),
            "ours": ours,
            "text": redact(text),
        }
        for at, text, match in matches
        if match and program_of(match.group(1)) == "php-fpm"
    ]


def unit_kills(lines: Iterable[JournalLine], by_kernel: "KillKind") -> List["Kill"]:
    """Kills that systemd and systemd-oomd log in the journal. Each line counts from its own program only.

    by_kernel: the kind of a kill by the kernel.
    """
    killed: List["Kill"] = []
    for at, identifier, text in lines:
        by_systemd = identifier == BY_SYSTEMD
        name, _colon, message = text.partition(": ") if by_systemd else ("", "", text)
        hit = SYSTEMD.find(message, identifier) if by_systemd or identifier == BY_OOMD else None
        if hit is None or hit[0].meaning not in _FOR_MEMORY:
            continue
        cgroup = None if by_systemd else "/" + hit[1][0]
        if " " in (cgroup or name):
            continue
        unit = unit_of(cgroup) if cgroup else name
        killed.append(
            {
                "at": at,
                "unit": unit,
                "cgroup": cgroup,
                "pid": None,
                "comm": None,
                "kind": "systemd_oomd" if hit[0].meaning in _BY_OOMD else by_kernel,
                "fpm": bool(re.search("php.*fpm", unit or "")),
                "ours": True,
                "masters": [],
                "vague": False,
                "limit_kb": None,
                "anon_rss_kb": None,
                "source": "journal",
                "text": redact(text),
            }
        )
    return killed
