# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel or systemd-oomd killed a worker for want of memory."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("worker_oom_killed", None): Entry(
        title="PHP worker killed for lack of memory",
        what="The OOM killer took a worker in the middle of a request; nginx saw the connection reset "
        "or closed.",
        decides="A kernel or journal record of an OOM kill names a worker of this host. Its exit on "
        "signal 9 is in FPM's log.",
        fix="fewer workers in pool {pool} or more memory: workers x USS + the shared part must fit",
        advice="Lower pm.max_children of pool {pool} until workers x USS plus the shared part fits, or "
        "give more memory. Look for the script that grows.",
        do_not="Do not lower pm.max_requests or add swap and call it done: the sum of the workers "
        "still does not fit.",
        returns=True,
    ),
    ("worker_oom_killed", "global"): Entry(
        title="PHP worker OOM-killed: the host ran out",
        what="The whole host ran out of memory, and the kernel chose a PHP worker.",
        decides="Kernel: Out of memory: Killed process, constraint none, the process a worker of this host.",
        fix="fewer workers in pool {pool} or more memory: workers x USS + the shared part must fit",
        advice="Sum up what runs on the host (database, cache, FPM). Lower pm.max_children of pool "
        "{pool} until workers x USS plus the shared part fits "
        "beside it, or add memory.",
        do_not="Do not take swap for a fix: it turns the kill into minutes of stalling. memory_limit "
        "bounds a script, not the number of workers.",
    ),
    ("worker_oom_killed", "cgroup"): Entry(
        title="PHP worker OOM-killed: cgroup limit",
        what="The unit or container reached its memory limit; the host itself may have memory to spare.",
        decides="Kernel: Memory cgroup out of memory, in a cgroup of this host; its oom_kill counter rose.",
        fix="raise the limit (MemoryMax= of {unit} or the container's) or lower pm.max_children of {pool}",
        advice="Raise the limit (`systemctl edit {unit}`: MemoryMax=, or the container's). Or lower "
        "pm.max_children of pool {pool} until workers x USS plus the shared part fits inside. Set "
        "OOMPolicy=continue, or one kill stops the unit.",
        do_not="Do not size by the host's RAM and do not add swap: the cgroup's limit binds, swap does "
        "not lift it.",
    ),
    ("worker_oom_killed", "systemd_oomd"): Entry(
        title="PHP worker killed by systemd-oomd",
        what="systemd-oomd killed the cgroup because of memory pressure, before the kernel had to.",
        decides="The journal of systemd-oomd says it killed this cgroup; the kernel has no OOM record.",
        fix="`journalctl -u systemd-oomd`; relieve the memory, or ManagedOOMPreference=avoid for {unit}",
        advice="`journalctl -u systemd-oomd`: pressure or swap? Lower pm.max_children of pool {pool} "
        "or add memory; "
        "ManagedOOMPreference=avoid for {unit} when another unit should go first.",
        do_not="Do not disable systemd-oomd: the kernel's killer comes next, and it chooses worse.",
    ),
}
