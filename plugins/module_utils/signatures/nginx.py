# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx says about requests on their way to php-fpm, from the sources of nginx 1.14 to 1.31."""

from .table import Signature, Table, words

# A request to this endpoint is lost.
LOST = words(
    # No socket at the path, nobody listens, no access, no place in the queue, none in a port's, no way there.
    "missing refused denied queue_full connect_timed_out unreached "
    "unbound "  # the address of fastcgi_bind
    # fastcgi_send_timeout, fastcgi_read_timeout before the first byte of the answer and after it
    "send_timed_out timed_out broken_off "
    # The worker's end was closed, another protocol, FastCGI without a proper response, fastcgi_buffer_size.
    "cut_short "  # an answer, before its Content-Length
    "cut_off not_fastcgi bad_header too_big "
    # of nginx itself: connections and open files; a connection for a new visitor; what a profile or its
    # unit's filter refuses
    "no_resource turned_away confined "
    # an error on the way to php-fpm that no row knows
    "unknown_loss"
)
QUEUE_FULL = words("queue_full connect_timed_out")
NO_SERVER = words("no_live_peer")  # all servers of an upstream failed just before
LIMITED = words("request_limited connection_limited")
CYCLES = words("redirect_cycle accel_cycle")  # of locations alone, or by X-Accel-Redirect
UNWRITABLE = words("body_unwritable answer_unwritable")
# What nginx answers itself: a named location that is not there, an odd answer to auth_request, a file that it
# may not read. A file that it is to send, and cannot. A site's directory that it may not search, or that has
# no page. A request that fits into no FastCGI record. A file of passwords that is a directory, or
# has a hash that nobody knows.
OWN_ERRORS = words(
    "no_location auth_answer file_denied sent_denied sent_missing static_denied root_denied index_forbidden "
    "bad_params password_unusable"
)
NOT_FOUND = words("script_missing script_closed script_gone")  # gone: from where PHP's cache of paths leads
REFUSED = NOT_FOUND | words("script_denied")  # by security.limit_extensions
UNOPENED = words("script_missing script_denied")
UNSEEN = words("root_denied index_forbidden")
UNREACHED = words("unreached unbound")
NO_CONNECTION = words("no_resource turned_away")
BEFORE_SCRIPT = words("fatal_before_script")
FATAL = BEFORE_SCRIPT | words("php_fatal")
# Of which parse/nginx/message_parts.py knows more.
HAVE_PARTS = (
    LIMITED
    | CYCLES
    | UNWRITABLE
    | OWN_ERRORS
    | REFUSED
    | FATAL
    | words("nginx_crashed unbound zone_full file_cut")
)
TIMED_OUT = words("timed_out broken_off")  # whose path says which location's it was
MEANINGS = (LOST | NO_SERVER | HAVE_PARTS).union(
    # A server of an upstream failed just before, proxy_pass to php-fpm.
    words("peer_disabled http_spoken "),
    # Nobody to ask for a name, no address for it.
    words("no_resolver unresolved bad_upstream "),
    # The visitor closed the connection, no PROXY header, client_max_body_size, post_max_size.
    words(
        "client_gone proxy_header body_too_large too_large_for_php too_many_for_php upload_unkept file_cut "
    ),
    words("php_message"),  # any other in stderr
)
# Lines of an access log, by their id: the status with what else the line tells.
ACCESS = {
    "access-499": "client_gone",
    "access-499-waited": "client_waited",  # for a second or longer
    "access-500": "server_error",
    "access-502": "bad_gateway",
    "access-502-meant": "meant",  # by the application, whose header came: nothing was lost
    "access-502-unasked": "unasked",  # by nginx alone
    "access-503": "unavailable",
    "access-504": "gateway_timeout",
    "access-504-meant": "meant",
    "access-504-unasked": "unasked",
}
ACCESS_LOST = frozenset(("access-502", "access-504"))
HIDDEN = words("bad_gateway")  # 502, where the error log hides why
# As nginx writes them behind " while ", and as the rows name them.
PHASES = {
    "connecting to upstream": "connecting",
    "sending request to upstream": "sending",
    "reading response header from upstream": "header",
    "reading upstream": "body",
    "sending to client": "client",
    "resolving": "resolving",
}
NO_PHASE = "-"
# The header of an answer to proxy_pass over a unix socket: asked for before "header".
HTTP = "http"
# A file that nginx did not make itself; one of these that php-fpm's answer names (X-Accel-Redirect).
# A picture, style or script of a page, which nginx sends by itself.
FILE, SENT, STATIC = "file", "sent", "static"
STDERR = 'FastCGI sent in stderr: "'

# id, phase, status, meaning, format; an indented line: another format of the row above
NGINX = Table(
    (NO_PHASE, HTTP, FILE, SENT, STATIC) + tuple(PHASES.values()),
    MEANINGS,
    """
ng-stderr-primary * - script_missing FastCGI sent in stderr: "Primary script unknown%q
ng-stderr-primary-gone * - script_gone FastCGI sent in stderr: "Unable to open primary script: %s \
(No such file or directory)%q
ng-stderr-primary-open * - script_closed FastCGI sent in stderr: "Unable to open primary script: %q
ng-stderr-limit-ext * - script_denied FastCGI sent in stderr: "Access to the script '%q
ng-stderr-fatal-before * 500 fatal_before_script FastCGI sent in stderr: "PHP message: PHP Fatal error:  %q \
in Unknown on line 0%q
ng-stderr-fatal * 500 php_fatal FastCGI sent in stderr: "PHP message: PHP Fatal error:  %q
    FastCGI sent in stderr: "PHP message: PHP Parse error:  %q
    FastCGI sent in stderr: "PHP message: PHP Recoverable fatal error:  %q
ng-stderr-post * - too_large_for_php FastCGI sent in stderr: "PHP message: PHP Warning:  %qPOST \
Content-Length of %d bytes exceeds the limit of %d bytes%q
ng-stderr-fields * - too_many_for_php FastCGI sent in stderr: "PHP message: PHP Warning:  %qInput \
variables exceeded %d.%q
ng-stderr-upload * - upload_unkept FastCGI sent in stderr: "File upload error - unable to create a \
temporary file%q
ng-stderr - - php_message FastCGI sent in stderr: "%q
ng-stderr header - php_message FastCGI sent in stderr: "%q
ng-connect-enoent connecting 502 missing connect() to unix:%s failed (2: %s)
ng-connect-eacces connecting 502 denied connect() to unix:%s failed (13: %s)
ng-connect-eacces-tcp connecting 502 denied connect() to %s failed (13: %s)
ng-connect-eperm connecting 502 confined connect() to %s failed (1: %s)
ng-connect-econnrefused-unix connecting 502 refused connect() to unix:%s failed (111: %s)
ng-connect-econnrefused-tcp connecting 502 refused connect() failed (111: %s)
    connect() to %s failed (111: %s)
ng-connect-eagain connecting 502 queue_full connect() to unix:%s failed (11: %s)
ng-connect-eprototype connecting 502 unreached connect() to unix:%s failed (91: %s)
ng-connect-enotdir connecting 502 missing connect() to unix:%s failed (20: %s)
ng-connect-enetunreach connecting 502 unreached connect() to %s failed (101: %s)
    connect() failed (101: %s)
ng-connect-ehostunreach connecting 502 unreached connect() failed (113: %s)
    connect() to %s failed (113: %s)
ng-connect-eaddrnotavail connecting 502 unreached connect() to %s failed (99: %s)
ng-timeout-connect connecting 504 connect_timed_out connect() failed (110: %s)
ng-socket-emfile connecting 500 no_resource socket() failed (24: %s)
    socket() failed (23: %s)
ng-socket-family connecting 500 confined socket() failed (97: %s)
ng-socket-eacces connecting 500 confined socket() failed (13: %s)
    socket() failed (1: %s)
ng-bind-fail connecting 500 unbound bind(%s) failed (%d: %s)
ng-worker-connections connecting 500 no_resource %d worker_connections are not enough
ng-worker-connections-accept - - turned_away %d worker_connections are not enough
ng-files-available connecting 500 no_resource the new socket has number %d, but only %d files are available
ng-accept-emfile - - no_resource accept4() failed (24: %s)
    accept() failed (24: %s)
ng-timeout-connect connecting 504 connect_timed_out upstream timed out (110: %s)
ng-timeout-send sending 504 send_timed_out upstream timed out (110: %s)
ng-timeout-header header 504 timed_out upstream timed out (110: %s)
ng-timeout-body body - broken_off upstream timed out (110: %s)
ng-reset-header header 502 cut_off recv() failed (104: %s)
ng-recv-reset-body-unbuffered body - cut_off recv() failed (104: %s)
ng-kevent-closed header 502 cut_off kevent() reported about an closed connection (54: %s)
ng-premature-http-to-fcgi http 502 http_spoken upstream prematurely closed connection
ng-premature-header header 502 cut_off upstream prematurely closed connection
ng-premature-body body - cut_off upstream prematurely closed connection
ng-writev-epipe sending 502 cut_off writev() failed (32: %s)
ng-writev-reset sending 502 cut_off writev() failed (104: %s)
ng-sendfile-epipe sending 502 cut_off sendfile() failed (32: %s)
    sendfile() failed (104: %s)
ng-readv-reset-body body - cut_off readv() failed (104: %s)
ng-too-big-header header 502 too_big upstream sent too big header
ng-invalid-header header 502 bad_header upstream sent invalid header: %q
ng-invalid-header-old header 502 bad_header upstream sent invalid header
ng-invalid-status header 502 bad_header upstream sent invalid status "%q"
ng-unexpected-record header 502 bad_header upstream sent unexpected FastCGI record: %d
ng-premature-stdout-header header 502 cut_off upstream prematurely closed FastCGI stdout
ng-premature-stdout-body body - cut_short upstream prematurely closed FastCGI stdout
ng-premature-request-body body - cut_short upstream prematurely closed FastCGI request
ng-premature-request-unbuffered header - cut_off upstream prematurely closed FastCGI request
ng-fcgi-version header 502 not_fastcgi upstream sent unsupported FastCGI protocol version: %d
ng-fcgi-version-body body - not_fastcgi upstream sent unsupported FastCGI protocol version: %d
ng-fcgi-type header 502 bad_header upstream sent invalid FastCGI record type: %d
ng-fcgi-reqid-hi header 502 bad_header upstream sent unexpected FastCGI request id high byte: %d
ng-fcgi-reqid-lo header 502 bad_header upstream sent unexpected FastCGI request id low byte: %d
ng-join-alert header 500 bad_header invalid header after joining FastCGI records
ng-dup-content-length header 502 bad_header upstream sent duplicate header line: "%q", previous value: "%q"
ng-bad-content-length header 502 bad_header upstream sent invalid "Content-Length" header: "%q"
ng-cl-and-te header 502 bad_header upstream sent "Content-Length" and "Transfer-Encoding" headers at the \
same time
ng-unknown-te header 502 bad_header upstream sent unknown "Transfer-Encoding": "%q"
ng-no-live connecting 502 no_live_peer no live upstreams
ng-peer-disabled * - peer_disabled upstream server temporarily disabled
ng-no-resolver - 502 no_resolver no resolver defined to resolve %q
ng-resolve-timeout - 502 unresolved %q could not be resolved (110: %s)
ng-resolve-nxdomain - 502 unresolved %q could not be resolved (%d: %s)
ng-no-port - 500 bad_upstream no port in upstream "%q"
ng-invalid-port - 500 bad_upstream invalid port in upstream "%q"
    invalid host in upstream "%q"
    no host in upstream "%q"
    no path in the unix domain socket in upstream "%q"
ng-no-upstream-conf - 500 bad_upstream no upstream configuration
ng-params-too-big - 500 bad_params fastcgi request record is too big: %d
ng-length-mismatch - 500 bad_params fastcgi request length mismatch
ng-499-epoll * 499 client_gone epoll_wait() reported that client prematurely closed connection, so upstream \
connection is closed too%s
ng-499-generic * 499 client_gone client prematurely closed connection, so upstream connection is closed too%s
ng-499-no-peer - 499 client_gone epoll_wait() reported that client prematurely closed connection
ng-499-no-peer * - client_gone epoll_wait() reported that client prematurely closed connection
ng-limit-req - 503 request_limited limiting requests, excess: %s by zone "%s"
ng-limit-conn - 503 connection_limited limiting connections by zone "%s"
ng-redirect-cycle - 500 redirect_cycle rewrite or internal redirection cycle while internally redirecting to \
"%q"
ng-accel-cycle header 500 accel_cycle rewrite or internal redirection cycle while internally \
redirecting to "%q"
ng-rewrite-cycle - 500 redirect_cycle rewrite or internal redirection cycle while processing "%q"
ng-named-location - 500 no_location could not find named location "%q"
ng-auth-status * 500 auth_answer auth request unexpected status: %d
ng-index-forbidden - - index_forbidden directory index of "%q" is forbidden
ng-stat-denied - - root_denied stat() "%q" failed (13: %s)
ng-file-denied file 500 file_denied open() "%q" failed (13: %s)
ng-password-directory - 500 password_unusable pread() "%q" failed (21: %s)
ng-password-hash - 500 password_unusable crypt_r() failed (%d: %s)
ng-sent-denied sent 403 sent_denied open() "%q" failed (13: %s)
ng-static-denied static 403 static_denied open() "%q" failed (13: %s)
ng-zone-full - 500 zone_full could not allocate node in cache keys zone "%s"
ng-zone-full-limit - 503 zone_full could not allocate node in limit_req zone "%s"
ng-sent-missing sent 404 sent_missing open() "%q" failed (2: %s)
ng-file-cut - - file_cut sendfile() reported that "%q" was truncated at %d%s
    pread() read only %d of %d from "%q"%s
ng-body-too-large - 413 body_too_large client intended to send too large body: %d bytes
ng-worker-died - - nginx_crashed worker process %d exited on signal %d
    worker process %d exited on signal %d (core dumped)
ng-proxy-header - - proxy_header broken header: "%q
ng-resp-temp-eacces body - answer_unwritable open() "%q" failed (13: %s)
    open() "%q" failed (2: %s)
    open() "%q" failed (30: %s)
    mkdir() "%q" failed (13: %s)
    mkdir() "%q" failed (2: %s)
    mkdir() "%q" failed (30: %s)
ng-resp-temp-enospc body - answer_unwritable pwritev() "%q" failed (28: %s)
    pwrite() "%q" failed (28: %s)
    pwritev() "%q" has written only %d of %d
ng-body-temp-eacces - 500 body_unwritable open() "%q" failed (13: %s)
    open() "%q" failed (2: %s)
    open() "%q" failed (30: %s)
ng-body-temp-enospc - 500 body_unwritable pwritev() "%q" failed (28: %s)
    pwrite() "%q" failed (28: %s)
    pwritev() "%q" has written only %d of %d
""",
)


def access_id(status: str, *kinds: str) -> str:
    """Of a line of an access log, by the first kind that its status has. It may be none of ACCESS."""
    names = ["access-" + status + kind for kind in kinds + ("",)]
    return next((name for name in names if name in ACCESS), names[-1])


# What stands behind a message that no row is. It is not asked for by its text.
UNKNOWN = Signature("ng-unknown", NO_PHASE, None, "unknown_loss", "%q")
