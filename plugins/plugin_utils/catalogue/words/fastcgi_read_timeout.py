# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers later than nginx waits."""

from __future__ import annotations

from ..entry import Entry
from .max_children_exhausted import CPU_STARVED

WORDS: dict[tuple[str, str | None], Entry] = {
    ("fastcgi_read_timeout", None): Entry(
        title="a script is slower than fastcgi_read_timeout",
        what="nginx gives up waiting (504) while the script still runs and keeps its worker.",
        decides="upstream timed out while reading response header, and neither a queue nor a limit "
        "explains the wait.",
        fix="make the script faster, or set fastcgi_read_timeout higher in its own location only",
        advice="Find the script (slowlog, nginx's access log). Move long work to a queue, or give its "
        "own location a longer fastcgi_read_timeout.",
        do_not="Do not raise fastcgi_read_timeout for the whole server: every hang then holds a worker "
        "that much longer.",
        returns=True,
    ),
    ("fastcgi_read_timeout", "slow_script"): Entry(
        title="a script is slower than fastcgi_read_timeout",
        what="nginx gives up waiting (504) while the script still runs and keeps its worker. Workers "
        "are free, so it is not the queue.",
        decides="upstream timed out while reading response header; the FastCGI probe answers at once, "
        "the queue is empty, no worker limit was logged.",
        fix="make the script faster, or set fastcgi_read_timeout higher in its own location only",
        advice="request_slowlog_timeout in pool {pool} names the call that waits. Move long work to a "
        "queue. Else give that URL a location of its own with a longer fastcgi_read_timeout. It must be "
        "above max_execution_time and request_terminate_timeout. Write `fastcgi_read_timeout 60s;` beside "
        "its fastcgi_pass (the evidence names the one that was used), then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not set fastcgi_read_timeout 300s everywhere: every hang then holds a worker. More "
        "workers do not help either.",
    ),
    ("fastcgi_read_timeout", "slow_dependency"): Entry(
        title="a script waits for a slow dependency",
        what="nginx gives up (504) while the script waits for a database, an API or a lock. Workers are "
        "free, so it is not the queue.",
        decides="The workers that serve a request are held at the same peer, lock or file system at most "
        "samples, and use no CPU.",
        fix="repair what the script waits for, which the finding names; give each call a timeout of its own",
        advice="The finding names the service or the lock. Repair it; give each such call a timeout "
        "shorter than fastcgi_read_timeout.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: both let more requests wait there.",
    ),
    ("fastcgi_read_timeout", "cpu_starved"): CPU_STARVED._replace(
        title="a script gets too little CPU time",
        what="nginx gives up (504) while the script waits for a CPU. A quota, the hypervisor, other "
        "programs or pages that compute take it.",
        decides="The workers that serve a request are runnable and run less than half of the time. "
        "cpu.stat, the steal time or the run queue says why.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: the CPU time stays the same.",
    ),
}
