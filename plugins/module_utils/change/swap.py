# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file made, as a step: fstab is a change of it, the file and swapon are its commands. So all of it is
undone when any of it fails or the run is killed. To take one away: swap_file.py.
"""

from typing import Callable, List, Optional

from ..parse.linux.swap import (
    MIB,
    NOCOW,
    WRITTEN,
    file_system_refusal,
    fill_of,
    human,
    whole_mib,
    with_entry,
    without_entry,
)
from ..work.step import Change, Command, Refusal, Step, as_bytes
from .swap_facts import FSTAB, PACKAGES, Facts

KEPT_FREE = 0.1  # of the file system
_CHUNK = 512  # MiB that one command writes: it has a time limit

# Nobody else may ever open it: a descriptor stays good for reading.
_CREATE = 'umask 077; exec dd if=/dev/zero of="$1" count=0 conv=excl status=none'
# The undo of a creation that may have failed because someone else's file is there.
_REMOVE_EMPTY = '[ -s "$1" ] || rm -f "$1"'
# kB of it in use, empty when it is no swap. In use, it is not removed, and memory has to take what is
# swapped out.
_USED = 'while read -r name _ _ used _; do [ "$name" != "$1" ] || break; done </proc/swaps; '
_OFF = (
    _USED
    + """[ -z "$used" ] || {
while read -r name free _; do [ "$name" != MemAvailable: ] || break; done </proc/meminfo
[ "$free" -gt "$used" ] || {
echo "$used kB of it are in use, and only $free kB of memory are available to take them" >&2; exit 1; }; }
"$2" "$1" || [ -z "$used" ]"""
)
_REMOVE = _USED + '[ -z "$used" ] || { echo "$1 is in use as swap" >&2; exit 1; }; rm -f "$1"'


def sh(script: str, *words: str) -> List[str]:
    return ["sh", "-c", script, "sh", *words]


def program(facts: Facts, name: str) -> str:
    if name not in facts.programs:
        raise Refusal("%s is not installed (package %s)" % (name, PACKAGES[name]))
    return facts.programs[name]


def fstab_changes(facts: Facts, edit: Callable[[str, str], str]) -> List[Change]:
    before = facts.fstab or ""
    old, new = (as_bytes(text) for text in (before, edit(before, facts.path)))
    change = Change(FSTAB, None if facts.fstab is None else old, new, 0o644)
    return [] if old == new else [change]


def _filled(facts: Facts, size: int) -> List[Command]:
    """In full length and without holes. Only the first command meets a file that someone else put there."""
    path, mib = facts.path, size // MIB
    fill = fill_of(facts.mount.type if facts.mount else "", facts.kernel)
    commands = [Command(sh(_CREATE, path), [sh(_REMOVE_EMPTY, path)])]
    if fill == NOCOW:
        commands.append(Command([program(facts, "chattr"), "+C", path], []))
    if fill == WRITTEN:
        fills = [
            ["dd", "if=/dev/zero", "of=" + path, "bs=1M", "seek=%d" % start]
            + ["count=%d" % min(_CHUNK, mib - start), "conv=notrunc,fsync", "status=none"]
            for start in range(0, mib, _CHUNK)
        ]
    else:
        fills = [[program(facts, "fallocate"), "-l", str(size), path]]
    return commands + [Command(argv, [sh(_REMOVE, path)]) for argv in fills]


def _use_refusal(facts: Facts) -> Optional[str]:
    """Why swap would not help here."""
    file = facts.memory["limit_file"]
    if file and facts.memory["swap_limit"] == 0:
        return (
            "what binds is the memory limit of the control group, %s (%s), which allows no swap at all: "
            "swap on the host would not be used" % (file, human(facts.memory["limit_bytes"] or 0))
        )
    return None


def _making_refusal(facts: Facts, size: int) -> Optional[str]:
    """Why no new swap file of this size can be at the path."""
    if facts.mount is None:
        return "the file system of %s cannot be told from /proc/self/mountinfo" % facts.path
    why = file_system_refusal(facts.mount.type, facts.kernel)
    if why:
        return "%s lies on %s (%s), where there can be no swap file: %s" % (
            facts.path,
            facts.mount.type,
            facts.mount.point,
            why,
        )
    if facts.free - size < facts.total * KEPT_FREE:
        return "%s has %s free of %s: a swap file of %s would leave less than a tenth" % (
            facts.mount.point,
            human(facts.free),
            human(facts.total),
            human(size),
        )
    return None


def _file_refusal(facts: Facts, size: int) -> Optional[str]:
    """Why what is at the path is not the swap file that is asked for."""
    if not facts.is_swap:
        return "%s exists and is not a swap file: it is left alone" % facts.path
    if facts.uid != 0 or facts.mode & 0o077:
        return (
            "%s is a swap file that others than root can get at (mode %04o): chown it to root and chmod it "
            "to 0600" % (facts.path, facts.mode)
        )
    if whole_mib(facts.size) != size:
        return "%s is a swap file of %s, not of %s: remove it first (state: absent)" % (
            facts.path,
            human(facts.size),
            human(size),
        )
    return None


def swap_on(facts: Facts, size: int, persist: bool) -> Step:
    """The file there and in use. persist: in fstab, else not. size: bytes, whole MiB. The step is empty when
    it is so. Raises Refusal.
    """
    why = _file_refusal(facts, size) if facts.kind else None
    if not why and not facts.active:
        why = _use_refusal(facts) or (None if facts.kind else _making_refusal(facts, size))
        if not why and not facts.privileged:
            why = (
                "the kernel would not let this process use swap (no CAP_SYS_ADMIN), as is usual in a "
                "container: make the swap file on the host itself"
            )
    if why:
        raise Refusal(why)
    commands: List[Command] = []
    if not facts.kind:
        commands += _filled(facts, size) + [Command([program(facts, "mkswap"), facts.path], [])]
    if not facts.active:
        undo = sh(_OFF, facts.path, program(facts, "swapoff"))
        commands.append(Command([program(facts, "swapon"), facts.path], [undo]))
    return Step(
        "swap_on", facts.path, fstab_changes(facts, with_entry if persist else without_entry), [], commands
    )
