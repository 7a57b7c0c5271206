# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx and php-fpm say about lost requests, as tables of their own format strings, and the lookup.

From the sources of nginx 1.14 to 1.31 and php-fpm 7.4 to 8.5. A row is "id kind status format", see
docs/looking.md.
"""

import re
from functools import lru_cache
from typing import List, NamedTuple, Optional, Pattern, Tuple

Row = NamedTuple(
    "Row", [("id", str), ("kind", str), ("status", Optional[int]), ("prefix", str), ("format", str)]
)

PHASES = {
    "connecting to upstream": "c",
    "sending request to upstream": "s",
    "reading response header from upstream": "h",
    "reading upstream": "b",
    "sending to client": "k",
    "resolving": "r",
}
_TABLES = {
    "ng": r"""
connect-enoent c 502 connect() to unix:%s failed (2: %s)
connect-eacces c 502 connect() to unix:%s failed (13: %s)
connect-eacces-tcp c 502 connect() to %s failed (13: %s)
connect-econnrefused-unix c 502 connect() to unix:%s failed (111: %s)
connect-econnrefused-tcp c 502 connect() failed (111: %s)
connect-econnrefused-tcp c 502 connect() to %s failed (111: %s)
connect-eagain c 502 connect() to unix:%s failed (11: %s)
connect-eprototype c 502 connect() to unix:%s failed (91: %s)
connect-enotdir c 502 connect() to unix:%s failed (20: %s)
connect-enetunreach c 502 connect() to %s failed (101: %s)
connect-enetunreach c 502 connect() failed (101: %s)
connect-ehostunreach c 502 connect() failed (113: %s)
connect-ehostunreach c 502 connect() to %s failed (113: %s)
connect-eaddrnotavail c 502 connect() to %s failed (99: %s)
timeout-connect c 504 connect() failed (110: %s)
socket-emfile c 500 socket() failed (24: %s)
socket-emfile c 500 socket() failed (23: %s)
bind-fail c 500 bind(%s) failed (%d: %s)
worker-connections c 500 %d worker_connections are not enough
worker-connections-accept - 0 %d worker_connections are not enough
files-available c 500 the new socket has number %d, but only %d files are available
accept-emfile - 0 accept4() failed (24: %s)
accept-emfile - 0 accept() failed (24: %s)
timeout-connect c 504 upstream timed out (110: %s)
timeout-send s 504 upstream timed out (110: %s)
timeout-header h 504 upstream timed out (110: %s)
timeout-body b 0 upstream timed out (110: %s)
reset-header h 502 recv() failed (104: %s)
recv-reset-body-unbuffered b 0 recv() failed (104: %s)
kevent-closed h 502 kevent() reported about an closed connection (54: %s)
premature-header h 502 upstream prematurely closed connection
premature-body b 0 upstream prematurely closed connection
writev-epipe s 502 writev() failed (32: %s)
writev-reset s 502 writev() failed (104: %s)
sendfile-epipe s 502 sendfile() failed (32: %s)
sendfile-epipe s 502 sendfile() failed (104: %s)
readv-reset-body b 0 readv() failed (104: %s)
too-big-header h 502 upstream sent too big header
invalid-header h 502 upstream sent invalid header: %q
invalid-header-old h 502 upstream sent invalid header
invalid-status h 502 upstream sent invalid status "%q"
unexpected-record h 502 upstream sent unexpected FastCGI record: %d
premature-stdout-header h 502 upstream prematurely closed FastCGI stdout
premature-stdout-body b 0 upstream prematurely closed FastCGI stdout
premature-request-body b 0 upstream prematurely closed FastCGI request
premature-request-unbuffered h 0 upstream prematurely closed FastCGI request
fcgi-version h 502 upstream sent unsupported FastCGI protocol version: %d
fcgi-version-body b 0 upstream sent unsupported FastCGI protocol version: %d
fcgi-type h 502 upstream sent invalid FastCGI record type: %d
fcgi-reqid-hi h 502 upstream sent unexpected FastCGI request id high byte: %d
fcgi-reqid-lo h 502 upstream sent unexpected FastCGI request id low byte: %d
join-alert h 500 invalid header after joining FastCGI records
dup-content-length h 502 upstream sent duplicate header line: "%q", previous value: "%q"
bad-content-length h 502 upstream sent invalid "Content-Length" header: "%q"
cl-and-te h 502 upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time
unknown-te h 502 upstream sent unknown "Transfer-Encoding": "%q"
no-live c 502 no live upstreams
peer-disabled * 0 upstream server temporarily disabled
no-resolver - 502 no resolver defined to resolve %q
resolve-timeout - 502 %q could not be resolved (110: %s)
resolve-nxdomain - 502 %q could not be resolved (%d: %s)
no-port - 500 no port in upstream "%q"
invalid-port - 500 invalid port in upstream "%q"
invalid-port - 500 invalid host in upstream "%q"
invalid-port - 500 no host in upstream "%q"
no-upstream-conf - 500 no upstream configuration
params-too-big - 500 fastcgi request record is too big: %d
length-mismatch - 500 fastcgi request length mismatch
499-epoll * 499 epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too
499-generic * 499 client prematurely closed connection, so upstream connection is closed too
499-no-peer c 499 epoll_wait() reported that client prematurely closed connection
limit-req - 503 limiting requests, excess: %s by zone "%s"
limit-conn - 503 limiting connections by zone "%s"
redirect-cycle - 500 rewrite or internal redirection cycle while internally redirecting to "%q"
rewrite-cycle - 500 rewrite or internal redirection cycle while processing "%q"
resp-temp-eacces b 0 open() "%s" failed (13: %s)
body-temp-eacces - 500 open() "%s" failed (13: %s)
body-temp-eacces - 500 open() "%s" failed (2: %s)
body-temp-enospc - 500 pwritev() "%s" failed (28: %s)
body-temp-enospc - 500 pwrite() "%s" failed (28: %s)
""",
    "fpm": r"""
running N 0 fpm is running, pid %d
ready N 0 ready to handle connections
terminating N 0 Terminating ...
finishing N 0 Finishing ...
bye N 0 exiting, bye-bye!
reloading N 0 Reloading in progress ...
reload-exec-failed E 0 failed to reload: execvp() failed%e
log-reopened N 0 error log file re-opened
exec-failed-init E 0 FPM initialization failed
uid E 0 cannot get uid for user '%s'
uid E 0 cannot get uid for user '%s'%e
gid E 0 cannot get gid for group '%s'
gid E 0 cannot get gid for group '%s'%e
root-user E 0 please specify user and group other than root
bind-addrinuse E 0 unable to bind listening socket for address '%s': %s (98)
bind-enoent E 0 unable to bind listening socket for address '%s': %s (2)
bind-eacces E 0 unable to bind listening socket for address '%s': %s (13)
bind-eaddrnotavail E 0 unable to bind listening socket for address '%s': %s (99)
another-instance E 0 Another FPM instance seems to already listen on %s
path-too-long W 0 cannot bind to UNIX socket '%s' as path is too long (found length: %d, maximal length: %d), trying cut socket path instead '%s'
chown E 0 failed to chown() the socket '%s'%e
acl-read E 0 failed to read the ACL of the socket '%s'%e
acl-write E 0 failed to write the ACL of the socket '%s'%e
acl-owner-ignored W 0 ACL set, listen.%s = '%s' is ignored
errorlog-open E 0 failed to open error_log (%s)%e
emergency-restart W 0 failed processes threshold (%d in %d sec) is reached, initiating reload
fork-failed E 0 fork() failed%e
child-init E 0 child failed to initialize
no-slot E 0 no free scoreboard slot
max-children-dynamic W 0 server reached pm.max_children setting (%d), consider raising it
max-children-ondemand W 0 server reached max_children setting (%d), consider raising it
process-max W 0 The maximum number of processes has been reached. Please review your configuration and consider raising 'process.max'
seems-busy W 0 seems busy (you may need to increase %s), spawning %d children, there are %d idle, and %d total children
ptrace-denied E 0 failed to ptrace(ATTACH) child %d%e
""",
    "said": r"""
disallowed * 0 ERROR: Connection disallowed: IP address '%s' has been dropped.
wrong-allowed * 0 ERROR: Wrong IP address '%s' in listen.allowed_clients
no-allowed * 0 ERROR: There are no allowed addresses
primary-open * 0 ERROR: Unable to open primary script: %s (%s)
limit-ext * 0 NOTICE: Access to the script '%s' has been denied (see security.limit_extensions)
passing-ini * 0 ERROR: Passing INI directive through FastCGI: unable to set '%s'
primary-unknown * 0 DEBUG: Primary script unknown
said-oom * 0 Out of memory%s
said-pipe-closed * 0 zend_mm_heap corrupted%s
said-hard-timeout * 0 Fatal error: Maximum execution time of %d+%d seconds exceeded (terminated)%s
""",
}
_PIECE = re.compile(r"(%[dsqe])")
_ANYTHING = re.compile("%[sq]")


@lru_cache(maxsize=None)
def _rows(table: str) -> List[Row]:
    found = []
    for line in _TABLES[table].strip().splitlines():
        name, kind, status, text = line.split(" ", 3)
        found.append(
            Row(
                "%s-%s" % ("ng" if table == "ng" else "fpm", name),
                kind,
                int(status) or None,
                _PIECE.split(text)[0],
                text,
            )
        )
    return found


@lru_cache(maxsize=None)
def _parts(text: str) -> List[Pattern[str]]:
    """What stands between the places for anything; the first at the beginning, the last at the end."""
    parts = [
        r"(-?[0-9]{1,18})".join(re.escape(piece) for piece in part.split("%d"))
        for part in _ANYTHING.split(text.replace("%e", ": %s (%d)"))
    ]
    parts[0] = r"\A" + parts[0]
    parts[-1] += r"\Z"
    return [re.compile(part) for part in parts]


def _places(text: str, parts: List[Pattern[str]]) -> Optional[List[str]]:
    places: List[str] = []
    end = 0
    for number, part in enumerate(parts):
        found = part.search(text, end)
        if not found:
            return None
        places += ([text[end : found.start()]] if number else []) + list(found.groups())
        end = found.end()
    return places


def find(table: str, text: str, kind: str) -> Optional[Tuple[Row, List[str]]]:
    """The first row of a table that is this text, and what stood in its places. "said": a worker's standard
    error.
    """
    for row in _rows(table):
        if row.kind in (kind, "*") and text.startswith(row.prefix):
            places = _places(text, _parts(row.format))
            if places is not None:
                return row, places
    return None
