# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that were lost, or answered wrongly, one by one: what a log message proves."""

from __future__ import annotations

from ..entry import Entry, When

_BACKLOG_OF_UNIT = (
    "free workers of pool {pool} first; Backlog= in {sockets}, not listen.backlog, only for short bursts"
)
_ITSELF_FIX = (
    "see whether proxy_pass, with the Host that it sets, leads requests round to this nginx for ever, and "
    "lead it on; if not, raise worker_connections; `{test_nginx} && {reload_nginx}`"
)

WORDS: dict[tuple[str, str | None], Entry] = {
    ("request_terminated", None): Entry(
        title="requests ended by FPM's limit",
        what="The pool's own limit killed the worker; nginx saw a reset connection (502), not a timeout.",
        decides="FPM, same second: execution timed out, terminating, then exited on signal 15.",
        fix="make the script faster; max_execution_time < request_terminate_timeout < fastcgi_read_timeout",
        advice="FPM's line names the script. Repair it, or raise request_terminate_timeout of pool {pool}; "
        "keep the order max_execution_time < request_terminate_timeout < fastcgi_read_timeout. Then "
        "`{reload}`.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: neither is what ended the request.",
        returns=True,
    ),
    ("reload_interrupted", None): Entry(
        title="a reload of FPM cut running requests",
        what="With process_control_timeout = 0, the default, a reload ends the workers at once.",
        decides="FPM logs Reloading in progress (or a stop) in the same second, and no child exits by "
        "a signal of its own.",
        fix="set process_control_timeout in [global] above the longest request; `{restart}`",
        advice="Set `process_control_timeout = 30s` (above the longest request) in the [global] section, "
        "`{restart}` once. Drain the host during a deploy. Look at logrotate: USR1 reopens logs, USR2 "
        "reloads.",
        do_not="Do not call reload graceful: by default it is not. It is no crash either: memory and "
        "workers are not the matter.",
        returns=True,
    ),
    ("response_header_too_big", None): Entry(
        title="response header too big",
        what="The header block of a response (cookies, debug headers) does not fit into one buffer; "
        "nginx answers 502.",
        decides="nginx: upstream sent too big header while reading response header.",
        fix="shrink cookies or debug headers, or raise fastcgi_buffer_size in that location; reload nginx",
        advice="Find which header grows (cookies, X-Debug). Warnings that PHP hands to nginx take room "
        "there, too: give php.ini an error_log. Else `fastcgi_buffer_size 16k` in that location, "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not raise only fastcgi_buffers or proxy_*: the header must fit into "
        "fastcgi_buffer_size. Megabytes of it cost memory per request.",
        returns=True,
    ),
    ("listen_backlog_full", None): Entry(
        title="the queue of the socket is full",
        what="More connections wait than the socket's backlog admits. On a unix socket that is an "
        "immediate 502 (errno 11), on TCP a 504.",
        decides="connect() gives EAGAIN, or Recv-Q stands above Send-Q in the socket table.",
        fix="free workers of pool {pool} first; listen.backlog and net.core.somaxconn only for short bursts",
        advice="Treat it as exhausted workers: what holds them? For short bursts: `listen.backlog` of pool "
        "{pool} up to net.core.somaxconn, `{restart}`.",
        when=(When("sockets", None, _BACKLOG_OF_UNIT),),
        do_not="Do not set a backlog of 65535: a quick 502 becomes a slow 504, and workers run "
        "requests whose clients are gone.",
        returns=True,
    ),
    ("client_not_allowed", None): Entry(
        title="listen.allowed_clients drops nginx",
        what="The worker accepts the connection and closes it, because nginx's address is not in the "
        "list. FPM logs nothing by default.",
        decides="The pool listens on TCP with listen.allowed_clients, and the address nginx comes from "
        "is not in it.",
        fix="add nginx's address to listen.allowed_clients of pool {pool}, then `{restart}`",
        advice="Add the source address that nginx uses to `listen.allowed_clients` of pool {pool}, then "
        "`{restart}`.",
        do_not="Do not empty the list: then everybody who reaches the port runs code. It is no crash "
        "of a worker either.",
    ),
    ("nginx_limit", None): Entry(
        title="nginx has reached a limit of its own",
        what="nginx has no connections or no file descriptors left; FPM is idle meanwhile.",
        decides="nginx: worker_connections are not enough, or Too many open files (24).",
        fix="raise worker_connections and worker_rlimit_nofile; `{test_nginx} && {reload_nginx}`",
        advice="Each request to FPM takes two connections. Raise `worker_connections`, with "
        "`worker_rlimit_nofile` above twice that; `{test_nginx} && {reload_nginx}`.",
        do_not="Do not change FPM: it never saw these requests.",
        returns=True,
    ),
    ("nginx_limit", "visitors"): Entry(
        title="nginx has no connection left for new visitors",
        what="All connections of an nginx worker are taken, so it closes new ones before it reads a "
        "request. No access log has these visitors.",
        decides="nginx: worker_connections are not enough, or accept4() failed (24), without a client.",
        fix="raise worker_connections and worker_rlimit_nofile; `{test_nginx} && {reload_nginx}`",
        advice="Look first whether PHP is slow: each request that waits for it holds two connections. Then "
        "raise `worker_connections`, with `worker_rlimit_nofile` above twice that; `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not look in the access log for these visitors, nor in php-fpm's: they never got there.",
        when=(When("fault", "itself", _ITSELF_FIX),),
        returns=True,
    ),
    ("nginx_limit", "zone_full"): Entry(
        title="a zone of nginx's memory is full",
        what="nginx keeps the keys of a cache, or of limit_req, in a zone of fixed size. Where each key is "
        "in use, a new request gets none: 500 by a cache, 503 by a limit.",
        decides="nginx [alert]: could not allocate node in cache keys zone, or in limit_req zone.",
        fix="raise the size of the zone: keys_zone=, zone=; then `{restart_nginx}`",
        advice="One MB holds some thousand keys. Raise the size in `fastcgi_cache_path ... keys_zone=` or "
        "`limit_req_zone ... zone=`. See that the key has no part that is new for each request. nginx gives "
        "a zone of that name another size at a restart, or under a new name at a reload.",
        do_not="Do not change PHP-FPM: it never saw these requests.",
    ),
    ("nginx_limit", "limit_req"): Entry(
        title="limit_req refuses nearly all visitors",
        what="nginx counts requests by a key, and refuses with 503 what comes too often. The key is the same "
        "for many visitors, as the address of a proxy is, or the rate is too low for a page.",
        decides="nginx: limiting requests. Of the last pages in the access log nearly all were refused, to "
        "several visitors.",
        fix="behind a proxy let set_real_ip_from and real_ip_header give each visitor an address; else raise "
        "rate and burst",
        advice="Behind a proxy: `set_real_ip_from` with the proxy's address, and `real_ip_header`. Else "
        "raise `burst` with `nodelay`, then `rate`: a page asks for several things at once. Then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not change PHP-FPM: it never saw these requests. A login page needs its limit.",
    ),
    ("nginx_limit", "limit_conn"): Entry(
        title="limit_conn refuses nearly all visitors",
        what="nginx counts the requests that run by a key, and refuses more with 503. The key is the same "
        "for many visitors, as the address of a proxy is, or PHP holds each request for long.",
        decides="nginx: limiting connections. Of the last pages in the access log nearly all were refused, "
        "to several visitors.",
        fix="behind a proxy let set_real_ip_from and real_ip_header give each visitor an address; else raise "
        "limit_conn",
        advice="Look first whether PHP is slow: a request counts until its answer is sent. Behind a proxy: "
        "`set_real_ip_from` with the proxy's address, and `real_ip_header`. Else raise `limit_conn`. Then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not change PHP-FPM: it never saw these requests.",
    ),
    ("nginx_limit", "ports"): Entry(
        title="nginx has no local port left for PHP-FPM",
        what="Each connection over TCP takes a port of nginx's own, and keeps it for a minute after its "
        "end. All of ip_local_port_range are taken, so nginx answers 502.",
        decides="connect() failed (99: Cannot assign requested address), and PHP-FPM listens at that "
        "address.",
        fix="let PHP-FPM listen on a unix socket, which takes no port; or widen net.ipv4.ip_local_port_range",
        advice="`ss -tan state time-wait | wc -l` counts them. A unix socket in `listen` and "
        "`fastcgi_pass` takes no port at all. Else widen `net.ipv4.ip_local_port_range`, or keep "
        "connections with `keepalive`.",
        do_not="Do not raise pm.max_children: PHP-FPM never saw these requests.",
        returns=True,
    ),
    ("response_incomplete", None): Entry(
        title="answers are shorter than they say",
        what="The application announces a Content-Length and sends fewer bytes. PHP-FPM ended the request "
        "in order. Visitors get a broken page or file, and nginx's access log says 200.",
        decides="nginx: upstream prematurely closed FastCGI request or stdout while reading upstream.",
        fix="mend the script in the evidence: its Content-Length must be that of what it sends",
        advice="See what the script in the evidence sends after its header Content-Length. Most often it "
        "ends early by an error (PHP's error log), or the file has changed. Or its output is compressed "
        "or filtered after the length was counted.",
        do_not="Do not restart PHP-FPM nor enlarge buffers: no worker died, and nothing was too large.",
    ),
    ("redirect_cycle", None): Entry(
        title="nginx's locations lead in a circle",
        what="try_files, index, error_page or rewrite send a request to a path that comes back to the same "
        "place. After ten rounds nginx answers 500.",
        decides="nginx: rewrite or internal redirection cycle. php-fpm was never asked.",
        fix="let the target in the evidence reach the PHP location or an existing file; reload nginx",
        advice="See which location takes the path in the evidence (`nginx -T`). A nested location needs its "
        "own `location ~ \\.php$`; `root` must hold the fallback of try_files. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not restart PHP-FPM or look into its log: it got none of these requests.",
    ),
    ("redirect_cycle", "by_application"): Entry(
        title="X-Accel-Redirect leads back to the application",
        what="The application names a path in X-Accel-Redirect, and nginx finds the application there "
        "again: no location serves that path, or the path is a page. After ten rounds nginx answers 500.",
        decides="nginx: rewrite or internal redirection cycle while reading response header from upstream.",
        fix="give the path in the evidence an internal location with the files; reload nginx",
        advice="Compare the path in the evidence with the `internal` location for such files (`nginx -T`). "
        "Its `alias` must hold the file, and the application must name its prefix. Where no location takes "
        "it, try_files leads it to the application again.",
        do_not="Do not restart PHP-FPM or raise its timeouts: it answered each of these requests.",
    ),
    ("redirect_cycle", "closed_root"): Entry(
        title="nginx may not search the site's directory",
        what="The user of nginx's workers may not search a directory on the way to the site's files. "
        "Each file is missing for it, so try_files falls back to a page that falls back to itself: 500.",
        decides="nginx: rewrite or internal redirection cycle, and the directory's mode shuts nginx out.",
        fix="give nginx's user x on the directory in the evidence, by an entry in its ACL",
        advice="Let the user of nginx's workers search the directory in the evidence: `x` in its ACL is "
        "enough, no group and no mode. See then that the files below it are readable.",
        do_not="Do not chmod -R 777 the site: all accounts of the host could change its code.",
    ),
    ("cached_error", None): Entry(
        title="nginx serves a cached 502",
        what="fastcgi_cache_valid names `any` or 502, so nginx keeps its own error for a page. It goes on "
        "answering it while php-fpm is well again.",
        decides="A 502 or 504 of nginx's own was logged within the time of fastcgi_cache_valid, and a worker "
        "answers now.",
        fix="fastcgi_cache_valid 200 301 302 404 in place of any; `{test_and_restart_nginx}`",
        advice="Name the statuses worth keeping: `fastcgi_cache_valid 200 301 302 404 10m;`. Then "
        "`{test_and_restart_nginx}`: the error is in the memory of the cache's zone, which a reload keeps.",
        do_not="Do not only delete the cache's files: the error is not in them. A reload does not help "
        "either.",
    ),
    ("php_fatal", None): Entry(
        title="PHP fatal errors (500)",
        what="The script ends with a fatal error. That is an answer of PHP, a 500: FPM and nginx work.",
        decides="FastCGI sent in stderr: PHP Fatal error, status 500.",
        fix="repair the application: the line in the evidence names file and line",
        advice="The line names file and line in the application. After a deploy also reload FPM: "
        "opcache may mix old and new code.",
        do_not="Do not raise memory_limit or restart by reflex, nor run php -r opcache_reset(): it "
        "clears the command line's cache only.",
    ),
    ("script_not_found", None): Entry(
        title="FPM does not find the script (404)",
        what="SCRIPT_FILENAME names a file that FPM does not see: wrong root, a missing volume, a "
        "stale link after a deploy.",
        decides="FastCGI sent in stderr: Primary script unknown, status 404.",
        fix="correct root or SCRIPT_FILENAME of {site}; FPM must see the same path",
        advice="Compare `root` and SCRIPT_FILENAME of {site} with what FPM's user sees (chroot, other "
        "container). "
        "With releases behind a link use $realpath_root.",
        do_not="Do not chmod the tree: the path is wrong, not the permission.",
    ),
    ("client_abort", None): Entry(
        title="clients hang up before the answer (499)",
        what="The browser or the load balancer gave up first.",
        decides="Status 499 in the access log, at times close to the load balancer's timeout.",
        fix="make the answer faster, or order the timeouts with the load balancer's",
        advice="Compare the request times with the timeout of what stands before nginx; the innermost "
        "timeout must be the shortest.",
        do_not="Do not raise nginx's timeouts: it is not nginx that gives up.",
    ),
}
