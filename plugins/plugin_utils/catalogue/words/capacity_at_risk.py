# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rush of visitors would need what is not there."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("capacity_at_risk", None): Entry(
        title="a rush of visitors would not fit",
        what="All is well with the visitors of now. With more of them, memory, workers or places would run "
        "out.",
        decides="The limits that are set, against what was measured.",
        fix="see the evidence, and set the limit that it names",
        advice="Set what the evidence names before the next rush, and load it at a quiet time.",
        do_not="Do not raise pm.max_children to be safe: memory is what it takes.",
        outage="At the next rush pages become slow, then 502 or 504.",
    ),
    ("capacity_at_risk", "pools_exceed_memory"): Entry(
        title="the pools exceed the memory",
        what="If every pool started all the workers that it may, they would need more memory than there is.",
        decides="pm.max_children of all pools times what one worker was measured to take, against the "
        "tightest limit less what other services hold.",
        fix="lower pm.max_children of the pools in the evidence until they fit, then `{reload}`",
        advice="Lower pm.max_children of the largest pools until all of them fit, with the spare keys; then "
        "`{reload}`. docs/sizing.md has the formula. Or give the host more memory.",
        do_not="Do not count on swap: workers that are swapped out answer too late, and no control group's "
        "limit counts it.",
        outage="At a rush the kernel kills a worker, or the whole unit stops. Visitors get 502, and nginx "
        'logs recv() failed (104). The kernel logs "Out of memory: Killed process".',
    ),
    ("capacity_at_risk", "static_silent"): Entry(
        title="a full pool would say nothing",
        what="A static pool logs nothing when all its workers are busy, and nothing else here would show it.",
        decides="pm = static, without a slow log and without a status page on a listener of its own.",
        fix="set pm.status_path and pm.status_listen in pool {pool}, then `{restart}`",
        advice="Give pool {pool} pm.status_path and pm.status_listen (PHP 8.0 or later; a socket that only "
        "monitoring may open), and request_slowlog_timeout with a slowlog; then `{restart}`. The role "
        "monitor reads the kernel's queue instead.",
        do_not="Do not alert on the status page's listen queue: on a unix socket it is always 0.",
        outage="Every page is a 504 and php-fpm's log is empty. It looks like a slow script.",
    ),
    ("capacity_at_risk", "backlog_above_somaxconn"): Entry(
        title="the queue is shorter than it says",
        what="The kernel cut listen.backlog to its own limit. The queue of the pool is as short as that.",
        decides="The backlog of the listening socket, as the kernel has it, is below listen.backlog.",
        fix="raise net.core.somaxconn in /etc/sysctl.d, or lower listen.backlog; `{restart}`",
        advice="If the queue is to be that long, raise net.core.somaxconn in /etc/sysctl.d, run `sysctl "
        "--system` and `{restart}`. Else write the true length into listen.backlog.",
        do_not="Do not make it as long as can be: a long queue runs requests whose visitors have left.",
        outage="At a burst nginx logs connect() failed (11: Resource temporarily unavailable), and "
        "visitors get 502 at once; on TCP they wait.",
    ),
    ("capacity_at_risk", "keepalive_can_pin"): Entry(
        title="idle connections can take all workers",
        what="Each connection that nginx keeps open owns a worker, busy or not. It may keep as many as "
        "there are.",
        decides="keepalive of the upstreams times nginx's workers reaches pm.max_children, and "
        "fastcgi_keep_conn is on.",
        fix="take fastcgi_keep_conn on out for {endpoint}, then `{test_nginx} && {reload_nginx}`",
        advice="Take `fastcgi_keep_conn on` out for {endpoint}, or lower keepalive so that nginx's workers "
        "x keepalive stays below pm.max_children; then `{test_nginx} && {reload_nginx}`. Since nginx 1.29.7 "
        "an upstream without keepalive keeps 32.",
        do_not="Do not raise pm.max_children alone: it must stay above nginx's workers x keepalive.",
        outage="Pages are 504 while the workers are idle and no CPU is used: they read connections on "
        "which no request comes.",
    ),
    ("capacity_at_risk", "workers_grow"): Entry(
        title="workers grow and are never replaced",
        what="The more requests a worker has served, the more memory it holds. pm.max_requests = 0 keeps "
        "it for ever.",
        decides="Workers that worked more hold clearly more than the others, and as much as they ever did.",
        fix="set pm.max_requests = 500 in pool {pool}, then `{reload}`",
        advice="Set pm.max_requests of pool {pool} to some hundreds, then `{reload}`. Then look for the "
        "leak: a cache in a static variable, or an extension.",
        do_not="Do not raise memory_limit: it bounds one request, and this stays between requests.",
        outage="Days after the last restart memory runs out, always after about the same time. The kernel "
        "kills a worker, and its visitor gets 502.",
    ),
    ("capacity_at_risk", "header_buffers_small"): Entry(
        title="the buffer of headers is small",
        what="nginx must hold all headers of a response in one buffer. Those of some responses do not fit.",
        decides='"upstream sent too big header" in older lines of nginx\'s log, and the buffer is no '
        "larger since. Or the buffer is below nginx's default.",
        fix="set fastcgi_buffer_size 16k and fastcgi_buffers 8 16k there, then `{test_nginx} && "
        "{reload_nginx}`",
        advice="Set `fastcgi_buffer_size 16k` and `fastcgi_buffers 8 16k` in the location that the evidence "
        "names, then `{test_nginx} && {reload_nginx}`. See which cookies or debug headers are that long.",
        do_not="Do not set megabytes: each connection takes the buffer. Nor proxy_buffer_size: it is not "
        "for FastCGI.",
        outage="The visitors with the most cookies, often those who are logged in, get 502. nginx logs "
        "upstream sent too big header.",
    ),
}
