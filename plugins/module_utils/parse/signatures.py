# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx and php-fpm say, as tables of their own format strings, and the lookup.

A row is "id level-or-phase status format". Formats are matched whole, from the first to the last character, so that a text
which merely contains a message is none. %d: an integer. %s: anything that comes from the configuration, or that the program
itself prints between fixed words. %q: like %s, but may hold what a visitor or the application chose. %e: ": strerror (errno)".
Derived from the sources of nginx 1.14 to 1.31 and php-fpm 7.4 to 8.5; pairs that differ only by version share an id.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Pattern, Tuple

Row = NamedTuple("Row", [("id", str), ("kind", str), ("status", Optional[int]), ("prefix", str), ("format", str)])

PHASES = {
    "connecting to upstream": "c", "sending request to upstream": "s", "reading response header from upstream": "h", "reading upstream": "b",
    "sending to client": "k", "resolving": "r",
}
# phase: c h s b k r as in PHASES, - none, * any. Status is what the client gets; 0: not decided by this message.
_NGINX = r"""
ng-connect-enoent c 502 connect() to unix:%s failed (2: %s)
ng-connect-eacces c 502 connect() to unix:%s failed (13: %s)
ng-connect-eacces-tcp c 502 connect() to %s failed (13: %s)
ng-connect-econnrefused-unix c 502 connect() to unix:%s failed (111: %s)
ng-connect-econnrefused-tcp c 502 connect() failed (111: %s)
ng-connect-econnrefused-tcp c 502 connect() to %s failed (111: %s)
ng-connect-eagain c 502 connect() to unix:%s failed (11: %s)
ng-connect-eprototype c 502 connect() to unix:%s failed (91: %s)
ng-connect-enotdir c 502 connect() to unix:%s failed (20: %s)
ng-connect-enetunreach c 502 connect() to %s failed (101: %s)
ng-connect-enetunreach c 502 connect() failed (101: %s)
ng-connect-ehostunreach c 502 connect() failed (113: %s)
ng-connect-ehostunreach c 502 connect() to %s failed (113: %s)
ng-connect-eaddrnotavail c 502 connect() to %s failed (99: %s)
ng-timeout-connect c 504 connect() failed (110: %s)
ng-socket-emfile c 500 socket() failed (24: %s)
ng-socket-emfile c 500 socket() failed (23: %s)
ng-bind-fail c 500 bind(%s) failed (%d: %s)
ng-worker-connections c 500 %d worker_connections are not enough
ng-worker-connections-accept - 0 %d worker_connections are not enough
ng-worker-connections-reuse - 0 %d worker_connections are not enough, reusing connections
ng-worker-connections-rlimit - 0 %d worker_connections exceed open file resource limit: %d
ng-files-available c 500 the new socket has number %d, but only %d files are available
ng-accept-emfile - 0 accept4() failed (24: %s)
ng-accept-emfile - 0 accept() failed (24: %s)
ng-timeout-connect c 504 upstream timed out (110: %s)
ng-timeout-send s 504 upstream timed out (110: %s)
ng-timeout-header h 504 upstream timed out (110: %s)
ng-timeout-body b 0 upstream timed out (110: %s)
ng-reset-header h 502 recv() failed (104: %s)
ng-recv-reset-body-unbuffered b 0 recv() failed (104: %s)
ng-client-recv-reset k 0 recv() failed (104: %s)
ng-resolver-recv r 0 recv() failed (%d: %s)
ng-kevent-closed h 502 kevent() reported about an closed connection (54: %s)
ng-premature-header h 502 upstream prematurely closed connection
ng-premature-body b 0 upstream prematurely closed connection
ng-writev-epipe s 502 writev() failed (32: %s)
ng-writev-reset s 502 writev() failed (104: %s)
ng-sendfile-epipe s 502 sendfile() failed (32: %s)
ng-sendfile-epipe s 502 sendfile() failed (104: %s)
ng-readv-reset-body b 0 readv() failed (104: %s)
ng-too-big-header h 502 upstream sent too big header
ng-invalid-header h 502 upstream sent invalid header: %q
ng-invalid-header-old h 502 upstream sent invalid header
ng-invalid-status h 502 upstream sent invalid status "%q"
ng-unexpected-record h 502 upstream sent unexpected FastCGI record: %d
ng-premature-stdout-header h 502 upstream prematurely closed FastCGI stdout
ng-premature-stdout-body b 0 upstream prematurely closed FastCGI stdout
ng-premature-request-body b 0 upstream prematurely closed FastCGI request
ng-premature-request-unbuffered h 0 upstream prematurely closed FastCGI request
ng-fcgi-version h 502 upstream sent unsupported FastCGI protocol version: %d
ng-fcgi-version-body b 0 upstream sent unsupported FastCGI protocol version: %d
ng-fcgi-type h 502 upstream sent invalid FastCGI record type: %d
ng-fcgi-reqid-hi h 502 upstream sent unexpected FastCGI request id high byte: %d
ng-fcgi-reqid-lo h 502 upstream sent unexpected FastCGI request id low byte: %d
ng-join-alert h 500 invalid header after joining FastCGI records
ng-dup-header-ignored h 0 upstream sent duplicate header line: "%q", previous value: "%q", ignored
ng-dup-content-length h 502 upstream sent duplicate header line: "%q", previous value: "%q"
ng-bad-content-length h 502 upstream sent invalid "Content-Length" header: "%q"
ng-cl-and-te h 502 upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time
ng-unknown-te h 502 upstream sent unknown "Transfer-Encoding": "%q"
ng-more-data b 0 upstream sent more data than specified in "Content-Length" header
ng-no-live c 502 no live upstreams
ng-peer-disabled * 0 upstream server temporarily disabled
ng-no-resolver - 502 no resolver defined to resolve %q
ng-resolve-timeout - 502 %q could not be resolved (110: %s)
ng-resolve-nxdomain - 502 %q could not be resolved (%d: %s)
ng-host-not-found-emerg - 0 host not found in upstream "%s" in %s:%d
ng-no-port - 500 no port in upstream "%q"
ng-invalid-port - 500 invalid port in upstream "%q"
ng-invalid-port - 500 invalid host in upstream "%q"
ng-invalid-port - 500 no host in upstream "%q"
ng-no-upstream-conf - 500 no upstream configuration
ng-params-too-big - 500 fastcgi request record is too big: %d
ng-length-mismatch - 500 fastcgi request length mismatch
ng-499-epoll * 499 epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too
ng-499-generic * 499 client prematurely closed connection, so upstream connection is closed too
ng-499-no-peer c 499 epoll_wait() reported that client prematurely closed connection
ng-client-closed-sending k 0 client prematurely closed connection (%d: %s)
ng-client-timedout k 0 client timed out (110: %s)
ng-limit-req - 503 limiting requests, excess: %s by zone "%s"
ng-limit-conn - 503 limiting connections by zone "%s"
ng-redirect-cycle - 500 rewrite or internal redirection cycle while internally redirecting to "%q"
ng-rewrite-cycle - 500 rewrite or internal redirection cycle while processing "%q"
ng-resp-temp-eacces b 0 open() "%s" failed (13: %s)
ng-body-temp-eacces - 500 open() "%s" failed (13: %s)
ng-body-temp-eacces - 500 open() "%s" failed (2: %s)
ng-body-temp-enospc - 500 pwritev() "%s" failed (28: %s)
ng-body-temp-enospc - 500 pwrite() "%s" failed (28: %s)
ng-resp-buffered b 0 an upstream response is buffered to a temporary file %s
ng-req-buffered - 0 a client request body is buffered to a temporary file %s
ng-body-too-large - 0 client intended to send too large body: %d bytes
ng-worker-crash - 0 worker process %d exited on signal %s
"""
# level: D N W E A, * any.
_FPM = r"""
fpm-running N 0 fpm is running, pid %d
fpm-ready N 0 ready to handle connections
fpm-terminating N 502 Terminating ...
fpm-finishing N 502 Finishing ...
fpm-bye N 502 exiting, bye-bye!
fpm-reloading N 502 Reloading in progress ...
fpm-reload-exec N 0 reloading: execvp("%s", {"%s
fpm-reload-exec-failed E 502 failed to reload: execvp() failed%e
fpm-inherited N 0 using inherited socket fd=%d, "%s"
fpm-log-reopened N 0 error log file re-opened
fpm-exec-failed-init E 502 FPM initialization failed
fpm-conf-open E 502 failed to open configuration file '%s'%e
fpm-conf-load E 502 failed to load configuration file '%s'
fpm-conf-post E 502 failed to post process the configuration
fpm-no-pool E 502 No pool defined. at least one pool section must be specified in config file
fpm-include-empty W 502 Nothing matches the include pattern '%s' from %s at line %d.
fpm-include-glob E 502 Unable to globalize '%s' (ret=%d) from %s at line %d.
fpm-include-fail E 502 Unable to include %s from %s at line %d
fpm-include-depth E 502 failed to include more than 5 files rec%s
fpm-unknown-entry E 502 [%s:%d] unknown entry '%s'
fpm-bad-value E 502 [%s:%d] unable to parse value for entry '%s': %s
fpm-null-value E 502 [%s:%d] value is NULL for a ZEND_INI_PARSER_ENTRY
fpm-unknown-directive E 502 [%s:%d] unknown directive '%s'
fpm-env-empty E 502 [%s:%d] empty value
fpm-log-limit E 502 log_limit must be greater than %d
fpm-no-user A 502 user has not been defined
fpm-no-user-85 A 502 'user' directive has not been specified when running as a root without --allow-to-run-as-root
fpm-no-listen A 502 no listen address have been defined!
fpm-no-pm A 502 the process manager is missing (static, dynamic or ondemand)
fpm-max-children-conf A 502 pm.max_children must be a positive value
fpm-min-spare A 502 pm.min_spare_servers(%d) must be a positive value
fpm-spare-gt-max A 502 pm.min_spare_servers(%d) and pm.max_spare_servers(%d) cannot be greater than pm.max_children(%d)
fpm-start-servers A 502 pm.start_servers(%d) must not be less than pm.min_spare_servers(%d) and not greater than pm.max_spare_servers(%d)
fpm-start-servers-auto N 0 pm.start_servers is not set. It's been set to %d.
fpm-backlog-low W 0 listen.backlog(%d) was too low for the ondemand process manager. I updated it for you to %d.
fpm-slowlog-missing E 502 'slowlog' must be specified for use with 'request_slowlog_timeout'
fpm-slow-gt-term E 502 'request_slowlog_timeout' (%d) can't be greater than 'request_terminate_timeout' (%d)
fpm-slowlog-open E 502 Unable to create or open slowlog(%s)%e
fpm-chdir E 502 the chdir path '%s' does not exist or is not a directory
fpm-chroot E 502 the chroot path '%s' does not exist or is not a directory
fpm-dup-listen E 502 unable to set listen address as it's already used in another pool '%s'
fpm-ondemand-events A 502 ondemand process manager can ONLY be used when events.mechanism%s is either epoll (Linux) or kqueue (*BSD).
fpm-test-ok N 0 configuration file %s test is successful
fpm-uid E 502 cannot get uid for user '%s'
fpm-uid E 502 cannot get uid for user '%s'%e
fpm-gid E 502 cannot get gid for group '%s'
fpm-gid E 502 cannot get gid for group '%s'%e
fpm-root-user E 502 please specify user and group other than root
fpm-bind-addrinuse E 502 unable to bind listening socket for address '%s': %s (98)
fpm-bind-enoent E 502 unable to bind listening socket for address '%s': %s (2)
fpm-bind-eacces E 502 unable to bind listening socket for address '%s': %s (13)
fpm-bind-eaddrnotavail E 502 unable to bind listening socket for address '%s': %s (99)
fpm-another-instance E 0 Another FPM instance seems to already listen on %s
fpm-socket-create E 502 failed to create new listening socket: socket()%e
fpm-listen-fail E 502 failed to listen to address '%s'%e
fpm-invalid-port E 502 invalid port value '%s'
fpm-getaddrinfo E 502 getaddrinfo: %s
fpm-bind-any N 0 Failed implicitly binding to ::, retrying with 0.0.0.0
fpm-path-too-long W 502 cannot bind to UNIX socket '%s' as path is too long (found length: %d, maximal length: %d), trying cut socket path instead '%s'
fpm-path-too-long-test E 0 cannot bind to UNIX socket '%s' as path is too long (found length: %d, maximal length: %d)%e
fpm-path-too-long-test E 0 cannot bind to UNIX socket '%s' as path is too long (found length: %d, maximal length: %d)
fpm-chown E 502 failed to chown() the socket '%s'%e
fpm-acl-read E 502 failed to read the ACL of the socket '%s'%e
fpm-acl-write E 502 failed to write the ACL of the socket '%s'%e
fpm-acl-owner-ignored W 502 ACL set, listen.%s = '%s' is ignored
fpm-user-ignored N 0 '%s' directive is ignored when FPM is not running as root
fpm-errorlog-open E 502 failed to open error_log (%s)%e
fpm-accesslog-open E 502 failed to open access log (%s)%e
fpm-pidfile E 502 Unable to create the PID file (%s).%e
fpm-rlimit-files E 502 failed to set rlimit_files for this pool. %s setrlimit(RLIMIT_NOFILE, %d)%e
fpm-shm E 502 unable to allocate %d bytes in shared memory%e
fpm-child-started * 0 child %d started
fpm-idle-killed * 0 child %d has been killed by the process management after %s seconds from start
fpm-unknown-child A 0 oops, unknown child (%d) exited %s. Please open a bug report (https://bugs.php.net).
fpm-unknown-child-new W 0 unknown child (%d) exited %s - potentially a bug or pre exec child (e.g. s6-notifyoncheck)
fpm-emergency-restart W 502 failed processes threshold (%d in %d sec) is reached, initiating reload
fpm-fork-failed E 504 fork() failed%e
fpm-child-init E 502 child failed to initialize
fpm-chdir-child E 502 failed to chdir(%s)%e
fpm-no-slot E 504 no free scoreboard slot
fpm-max-children-dynamic W 504 server reached pm.max_children setting (%d), consider raising it
fpm-max-children-ondemand W 504 server reached max_children setting (%d), consider raising it
fpm-process-max W 504 The maximum number of processes has been reached. Please review your configuration and consider raising 'process.max'
fpm-seems-busy W 0 seems busy (you may need to increase %s), spawning %d children, there are %d idle, and %d total children
fpm-tracing N 0 child %d stopped for tracing
fpm-trace-start N 0 about to trace %d
fpm-ptrace-denied E 0 failed to ptrace(ATTACH) child %d%e
fpm-scoreboard-lock E 0 scoreboard: failed to lock (already locked)
fpm-status-shm E 0 status: unable to find or access status shared memory
fpm-acquire-failed W 0 failed to acquire proc scoreboard
fpm-systemd N 0 systemd monitor interval set to %dms
fpm-apparmor-hat E 502 failed to change to new confinement (%s). Please check if %s is allowed.%e
fpm-debug-form D 0 heartbeat have been set up with a timeout of %dms
"""
# What a worker wrote on its standard error. The application can write the same: these are claims, never proof.
_SAID = r"""
fpm-disallowed * 502 ERROR: Connection disallowed: IP address '%s' has been dropped.
fpm-wrong-allowed * 502 ERROR: Wrong IP address '%s' in listen.allowed_clients
fpm-no-allowed * 502 ERROR: There are no allowed addresses
fpm-primary-open * 0 ERROR: Unable to open primary script: %s (%s)
fpm-limit-ext * 0 NOTICE: Access to the script '%s' has been denied (see security.limit_extensions)
fpm-passing-ini * 0 ERROR: Passing INI directive through FastCGI: unable to set '%s'
fpm-primary-unknown * 0 DEBUG: Primary script unknown
fpm-said-oom * 502 Out of memory%s
fpm-said-pipe-closed * 502 zend_mm_heap corrupted%s
fpm-said-hard-timeout * 502 Fatal error: Maximum execution time of %d+%d seconds exceeded (terminated)%s
"""
_TABLES = {"nginx": _NGINX, "fpm": _FPM, "said": _SAID}
_PIECE = re.compile(r"%[dsqe]")
_REGEX = {"%d": r"(-?\d+)", "%s": r"(.*)", "%q": r"(.*)", "%e": r": (.*) \((\d+)\)"}
_rows: Dict[str, List[Row]] = {}
_compiled: Dict[str, Pattern[str]] = {}


def rows(table: str) -> List[Row]:
    """The rows of "nginx", "fpm" or "said"; parsed once, because a module of facts may need none of them."""
    if table not in _rows:
        found: List[Row] = []
        for line in _TABLES[table].strip().splitlines():
            name, kind, status, text = line.split(" ", 3)
            found.append(Row(name, kind, int(status) or None, _PIECE.split(text)[0], text))
        _rows[table] = found
    return _rows[table]


def _pattern(text: str) -> Pattern[str]:
    if text not in _compiled:
        pieces: List[str] = []
        at = 0
        for found in _PIECE.finditer(text):
            pieces += [re.escape(text[at:found.start()]), _REGEX[found.group()]]
            at = found.end()
        _compiled[text] = re.compile("".join(pieces) + re.escape(text[at:]) + r"\Z", re.S)
    return _compiled[text]


def find(table: str, text: str, kind: str) -> Optional[Tuple[Row, Tuple[str, ...]]]:
    """The first row that is this text, with what stood in its places. kind: phase letter (nginx) or level letter (php-fpm)."""
    for row in rows(table):
        if row.kind in (kind, "*") and text.startswith(row.prefix):
            found = _pattern(row.format).match(text)
            if found:
                return row, found.groups()
    return None
