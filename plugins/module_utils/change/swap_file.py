# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file taken away, as a step; and what the module swap_file tells of one."""

from typing import List, Optional

from ..collect.host import Host
from ..parse.linux.swap import has_entry, human, without_entry
from ..work.step import Command, Refusal, Step
from .swap import fstab_changes, program, sh
from .swap_facts import FSTAB, Facts, active_swap, text_of

# An undo runs even when the command itself failed, so it must take "so already" for success.
_LISTED = 'cut -d" " -f1 /proc/swaps | grep -qxF "$1"'
_ON = '[ ! -e "$1" ] || "$2" "$1" || %s' % _LISTED


def swap_off(facts: Facts) -> Step:
    """The file out of use, out of fstab and gone. The step is empty when it is so. Raises Refusal."""
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
        undo = sh(_ON, facts.path, program(facts, "swapon"))
        commands.append(Command([program(facts, "swapoff"), facts.path], [undo]))
    if facts.kind:
        commands.append(Command(["rm", "-f", facts.path], []))
    return Step("swap_off", facts.path, fstab_changes(facts, without_entry), [], commands)


def problem(host: Host, path: str, present: bool, persist: bool) -> Optional[str]:
    """What is not as it was to become."""
    active = active_swap(host, path) is not None
    if active != present:
        return "%s is %s /proc/swaps" % (path, "still in" if active else "not in")
    if has_entry(text_of(host, FSTAB) or "", path) != (present and persist):
        return "%s is %s %s" % (path, "not in" if present and persist else "still in", FSTAB)
    return None


def described(facts: Facts) -> str:
    """The swap file in words, for the diff."""
    if not facts.kind:
        return "absent\n"
    return description(facts.size, bool(facts.active)) if facts.is_swap else "%s\n" % facts.kind


def description(size: int, active: bool) -> str:
    return "swap file of %s, %s\n" % (human(size), "in use" if active else "not in use")
