# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file made or taken away, as a step: fstab is a change of it, the file and swapon are its commands.

So the transaction undoes all of it when any of it fails or the run is killed.
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
from ..verdict.step import Change, Command, Refusal, Step
from .swap_facts import FSTAB, PACKAGES, Facts

KEPT_FREE = 0.1  # of the file system
_CHUNK = 512  # MiB that one command writes: it has a time limit

# Nobody else may ever open it: who has it open goes on reading it.
_CREATE = 'umask 077; exec dd if=/dev/zero of="$1" count=0 conv=excl status=none'
# The undo of a creation that may have failed because someone else's file is there.
_REMOVE_EMPTY = '[ -s "$1" ] || rm -f "$1"'
# An undo is owed even when the command itself failed, so it must take "so already" for success.
_LISTED = 'cut -d" " -f1 /proc/swaps | grep -qxF "$1"'
# kB of it that are in use, empty when it is no swap. In use, it is not removed; and memory has to take what
# is swapped out.
_USED = 'while read -r name _ _ used _; do [ "$name" != "$1" ] || break; done </proc/swaps; '
_OFF = (
    _USED
    + """[ -z "$used" ] || {
while read -r name free _; do [ "$name" != MemAvailable: ] || break; done </proc/meminfo
[ "$free" -gt "$used" ] || { echo "$used kB of it are in use, and only $free kB of memory are available to take them" >&2; exit 1; }; }
"$2" "$1" || [ -z "$used" ]"""
)
_REMOVE = _USED + '[ -z "$used" ] || { echo "$1 is in use as swap" >&2; exit 1; }; rm -f "$1"'
_ON = '[ ! -e "$1" ] || "$2" "$1" || %s' % _LISTED


def _program(facts: Facts, name: str) -> str:
    if name not in facts.programs:
        raise Refusal("%s is not installed (package %s)" % (name, PACKAGES[name]))
    return facts.programs[name]


def _fstab(facts: Facts, edit: Callable[[str, str], str]) -> List[Change]:
    before = facts.fstab or ""
    after = edit(before, facts.path)
    old, new = (text.encode("utf-8", "surrogateescape") for text in (before, after))
    return [] if old == new else [Change(FSTAB, None if facts.fstab is None else old, new, 0o644)]


def _filled(facts: Facts, size: int) -> List[Command]:
    """The file in full length without holes; nothing but its creation meets a file that someone else put
    there.
    """
    fill = fill_of(facts.mount.type if facts.mount else "", facts.kernel)
    commands = [
        Command(["sh", "-c", _CREATE, "sh", facts.path], [["sh", "-c", _REMOVE_EMPTY, "sh", facts.path]])
    ]
    if fill == NOCOW:
        commands.append(Command([_program(facts, "chattr"), "+C", facts.path], []))
    if fill == WRITTEN:
        starts = range(0, size // MIB, _CHUNK)
        fills = [
            [
                "dd",
                "if=/dev/zero",
                "of=" + facts.path,
                "bs=1M",
                "seek=%d" % start,
                "count=%d" % min(_CHUNK, size // MIB - start),
                "conv=notrunc,fsync",
                "status=none",
            ]
            for start in starts
        ]
    else:
        fills = [[_program(facts, "fallocate"), "-l", str(size), facts.path]]
    return commands + [Command(argv, [["sh", "-c", _REMOVE, "sh", facts.path]]) for argv in fills]


def _no_help(facts: Facts) -> Optional[str]:
    """Why swap would not help here, None when it would."""
    source = facts.memory["limit_from"] or ""
    if source.startswith("cgroup") and facts.memory["swap_limit"] == 0:
        return (
            "what binds is the memory limit of the control group, %s (%s), which allows no swap at all: "
            "swap on the host would not be used"
            % (source.partition(" ")[2], human(facts.memory["limit_bytes"] or 0))
        )
    return None


def _unmakeable(facts: Facts, size: int) -> Optional[str]:
    """Why no new swap file of this size can be at the path, None when it can."""
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


def _unfit(facts: Facts, size: int) -> Optional[str]:
    """Why what is at the path is not the swap file that is asked for, None when it is."""
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
    """The file there, in use, and in fstab or not. size: bytes, whole MiB. Nothing in the step when it is so.
    Raises Refusal.
    """
    why = _unfit(facts, size) if facts.kind else None
    if not why and not facts.active:
        why = _no_help(facts) or (None if facts.kind else _unmakeable(facts, size))
        if not why and not facts.privileged:
            why = "the kernel would not let this process use swap (no CAP_SYS_ADMIN), as is usual in a container: make the swap file on the host itself"
    if why:
        raise Refusal(why)
    commands: List[Command] = []
    if not facts.kind:
        commands += _filled(facts, size) + [Command([_program(facts, "mkswap"), facts.path], [])]
    if not facts.active:
        commands.append(
            Command(
                [_program(facts, "swapon"), facts.path],
                [["sh", "-c", _OFF, "sh", facts.path, _program(facts, "swapoff")]],
            )
        )
    return Step("swap_on", facts.path, _fstab(facts, with_entry if persist else without_entry), [], commands)


def swap_off(facts: Facts) -> Step:
    """The file out of use, out of fstab and gone. Nothing in the step when it is so. Raises Refusal."""
    if facts.kind and not facts.is_swap:
        raise Refusal("%s exists and is not a swap file: it is left alone" % facts.path)
    commands: List[Command] = []
    if facts.active:
        used, available = facts.active.used_kb * 1024, facts.memory["mem_available"]
        if available is not None and used > available:
            raise Refusal(
                "%s of %s are in use, and only %s of memory are available to take them"
                % (human(used), facts.path, human(available))
            )
        if not facts.privileged:
            raise Refusal(
                "the kernel would not let this process end the use of %s (no CAP_SYS_ADMIN), as is usual in "
                "a container" % facts.path
            )
        commands.append(
            Command(
                [_program(facts, "swapoff"), facts.path],
                [["sh", "-c", _ON, "sh", facts.path, _program(facts, "swapon")]],
            )
        )
    if facts.kind:
        commands.append(Command(["rm", "-f", facts.path], []))
    return Step("swap_off", facts.path, _fstab(facts, without_entry), [], commands)
