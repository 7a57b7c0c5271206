# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No worker is free."""

from __future__ import annotations

from ..entry import Entry

CPU_STARVED = Entry(
    title="no free PHP worker: no CPU time",
    what="The workers want a CPU and mostly have none: a quota, the hypervisor, other "
    "programs or pages that compute take it.",
    decides="Most workers are runnable, and cpu.stat, the steal time, the run queue or the CPU time of "
    "the workers says why.",
    fix="give CPU time: raise the quota that the finding names, move away what else runs, or mend the "
    "page that computes",
    advice="CPUQuota= of the unit and `systemd-cgtop` for a quota; the host's provider "
    "for steal time; `top` for what else runs. Of pages that compute, request_slowlog_timeout = 5s in "
    "the pool shows the line; max_execution_time ends one that never does.",
    do_not="Do not raise pm.max_children: more workers share the same CPU time, and each is slower.",
)
WORDS: dict[tuple[str, str | None], Entry] = {
    ("max_children_exhausted", None): Entry(
        title="no free PHP worker",
        what="All workers of the pool are busy; requests wait in the socket's queue until nginx gives up.",
        decides="The FastCGI probe got no answer while the socket's real queue (Recv-Q) was not empty, "
        "or FPM logged its limit.",
        fix="find what holds the workers of pool {pool}; then raise pm.max_children within the memory",
        advice="See what the workers do (slowlog, the full status page, `ss -xl` for the queue) before "
        "sizing pool {pool}.",
        do_not="Do not raise fastcgi_read_timeout: queue time counts against it, so it only makes the "
        "queue longer.",
        returns=True,
    ),
    ("max_children_exhausted", "max_children"): Entry(
        title="no free PHP worker: pm.max_children",
        what="The pool has pm.max_children workers and all are busy. pm = static logs nothing when "
        "that happens.",
        decides="As many workers as pm.max_children, a waiting queue (Recv-Q), no answer to the "
        "FastCGI probe; or FPM's own line.",
        fix="find what holds the workers; then raise pm.max_children of {pool} within memory, reload {unit}",
        advice="First ask why requests are slow: request_slowlog_timeout = 5s in pool {pool} shows the "
        "stacks. If they are merely many: raise pm.max_children (with the spare keys) by the free memory "
        "divided by one worker's USS, then `{reload}`. Where most who wait have given up, `{restart}`: it "
        "drops their requests, which a reload keeps.",
        do_not="Do not raise fastcgi_read_timeout: it only lengthens the queue. Do not size by RSS: "
        "opcache is counted once per worker.",
    ),
    ("max_children_exhausted", "process_max"): Entry(
        title="no free PHP worker: process.max",
        what="The global process.max of the master is lower than what its pools need together.",
        decides="FPM logs that the maximum number of processes has been reached, with process.max.",
        fix="raise process.max in the [global] section within memory, then `{reload}`",
        advice="Raise `process.max` in the [global] section to the sum that the memory allows, then "
        "`{reload}`.",
        do_not="Do not raise a pool's pm.max_children: the global limit binds first.",
    ),
    ("max_children_exhausted", "slow_dependency"): Entry(
        title="no free PHP worker: slow dependency",
        what="The workers sit in a database, an API, a lock or a session file; more of them would wait "
        "there too.",
        decides="At most samples of most workers the kernel holds them at the same peer, lock or file "
        "system, and they use no CPU.",
        fix="repair what the workers wait for, which the finding names; give each call a timeout of its own",
        advice="The finding names the service or the lock. Repair it; give each such call a timeout "
        "shorter than fastcgi_read_timeout (request_slowlog_timeout = 5s in pool {pool} shows the call). "
        "For a session's lock: session_write_close() as soon as the session is read.",
        do_not="Do not raise pm.max_children: it moves the pile to the database (too many connections).",
    ),
    ("max_children_exhausted", "self_request"): Entry(
        title="no free PHP worker: it asks itself",
        what="Each of these pages asks nginx here for another page of the same pool, and keeps its worker "
        "until that one is answered. Once all workers ask, none is left to answer.",
        decides="Workers wait on a connection to a port where nginx listens here, and a site there passes "
        "requests to this pool.",
        fix="let the page do the work itself, or pass what it asks for to a pool of its own",
        advice="WordPress: `DISABLE_WP_CRON` and a real cron job that runs wp-cron.php. Elsewhere: call the "
        "code and not its URL, or give the location that is asked for a pool "
        "of its own. A timeout of such calls far below fastcgi_read_timeout lets the pool recover. Where "
        "they dial the pool's own address, give the debugger (xdebug.client_port) or the service that they "
        "mean another port.",
        do_not="Do not only raise pm.max_children: as many more pages at a time, and all wait again.",
    ),
    ("max_children_exhausted", "after_answer"): Entry(
        title="no free PHP worker: work after an answer",
        what="Pages send their answer with fastcgi_finish_request() and work on. Such a worker serves no "
        "visitor and takes no request. Once all of them do so, requests wait.",
        decides="The pool has all its workers, requests wait in its queue, and no worker has a connection.",
        fix="give such work to a queue with workers of its own, or the page that starts it a pool of its own",
        advice="request_slowlog_timeout = 5s in pool {pool} shows which script it is. Hand such work to a "
        "queue (cron, a worker of the framework), or give the location that starts it a pool of its own. "
        "request_terminate_timeout ends what hangs.",
        do_not="Do not only raise pm.max_children: the next pages of this kind take those workers as well.",
    ),
    ("max_children_exhausted", "keepalive_pinned"): Entry(
        title="no free PHP worker: kept connections",
        what="With keepalive in the upstream and fastcgi_keep_conn on, each kept connection owns a "
        "worker, busy or not.",
        decides="Workers read an open connection on which no request comes, while others wait; or "
        "keepalive x nginx's workers reaches pm.max_children.",
        fix="lower or remove keepalive where the finding says, then `{test_nginx} && {reload_nginx}`",
        advice="Remove `keepalive` (or `fastcgi_keep_conn on`) for {endpoint}, or set it so that nginx's "
        "workers x keepalive stays below pm.max_children; then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not raise pm.max_children: nginx's workers x keepalive takes the new ones as well.",
    ),
    ("max_children_exhausted", "cannot_fork"): Entry(
        title="no free PHP worker: fork() fails",
        what="The pool may have more workers and php-fpm wants to start them, but the kernel gives it no "
        "other process. A limit of processes is reached, or there is no memory for one.",
        decides="php-fpm logged `fork() failed` just now, and the pool has fewer workers than "
        "pm.max_children; pids.max of its control group.",
        fix="raise the limit that the finding names: TasksMax= of {unit}, or of the container",
        advice="systemctl show -p TasksMax -p TasksCurrent {unit} shows both. Give it a TasksMax= above the "
        "workers of all pools and the programs that they start (systemctl edit {unit}). For errno 12 see "
        "`free -m` and vm.overcommit_memory.",
        do_not="Do not raise pm.max_children: php-fpm does not even get the workers that it may have.",
    ),
    ("max_children_exhausted", "ends_at_start"): Entry(
        title="no PHP worker: each ends as it starts",
        what="The master listens and starts workers, but cannot make them what their pool is to be, so "
        "that each ends at once. Requests wait for a worker that never comes.",
        decides="php-fpm logs workers that end with code 70, or by SIGSYS, within a second of their start, "
        "again and again, and the probe gets no answer.",
        fix="give the workers of pool {pool} what the finding says that they lack; then restart {unit}",
        advice="chroot and chdir of pool {pool}: is the directory there? A link to a release may lead "
        "nowhere. For user and group, CapabilityBoundingSet= of {unit}, or the container's capabilities, "
        "must leave CAP_SETUID and CAP_SETGID. php-fpm logs nowhere which step failed. By SIGSYS "
        "SystemCallFilter= of {unit} forbids one: a chroot needs @mount.",
        do_not="Do not raise pm.max_children: each further worker ends the same way.",
    ),
    ("max_children_exhausted", "slow_visitors"): Entry(
        title="no free PHP worker: slow visitors",
        what="nginx passes bodies or answers on as they come. So a worker is taken for as long as its "
        "visitor takes to send or to read. The time of the page alone does not count.",
        decides="Most workers wait to read from, or to write to, their FastCGI connection in the middle of "
        "a request.",
        fix="let nginx keep them: fastcgi_buffering and fastcgi_request_buffering on, then reload nginx",
        advice="Look for `fastcgi_buffering off`, `fastcgi_request_buffering off` and "
        "`fastcgi_max_temp_file_size` in the locations of the site, and for X-Accel-Buffering in its pages. "
        "Without them nginx takes the whole body first, and the whole answer at once. Let nginx send large "
        "files (X-Accel-Redirect), and give pages that must stream a pool of their own.",
        do_not="Do not only raise pm.max_children: as many more slow visitors hold the new workers.",
    ),
    ("max_children_exhausted", "cpu_starved"): CPU_STARVED,
}
