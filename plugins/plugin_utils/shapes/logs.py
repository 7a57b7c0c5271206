# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of the error logs."""

from typing import Dict, List, Literal, Optional

from .confinement import ConfinedWay
from .endpoint import Blocked, Hidden
from .nginx import Front, ShortTags
from .php_error import DroppedBodies, ErrorParts, PhpError
from .scarce import Scarce
from .shape import TypedDict
from .unit import StartFault
from .visits import OddVisits, Revisit

LogKind = Literal["nginx_error", "nginx_access", "fpm_error"]
Source = Literal["nginx", "nginx_access", "fpm"]
AnswerKind = Literal["return", "limit_req", "limit_conn", "deny", "auth_basic_user_file", "ssl_verify_client"]


class Earlier(TypedDict):
    """The newest lost request that was seen before the window."""

    at: float  # epoch seconds
    status: Optional[int]  # HTTP, None: it is not known
    site: Optional[str]


class Refused(TypedDict):
    """Pages that visitors did not get."""

    pages: int
    paths: int  # the front page counts as two
    visitors: int  # told apart by address and user agent
    addresses: int  # of these
    internal: bool  # all of these are of private networks or loopback, as those of proxies are
    others: int  # addresses that got pages alone
    answered: int  # with 200 and the like, before the last refusal
    since: int  # and after it


class FrontPage(TypedDict):
    """Of the requests for a front page, without arguments."""

    failed: int  # with 403 or 404
    since: int  # of these, after the last one with 200 or a redirect
    lost: int  # of these, of addresses that had got it; 0 where that is one stranger
    last: float  # epoch seconds, of those that failed


class LaterPages(TypedDict, total=False):
    """Only where there are such pages."""

    refused: Refused  # with 503, 429, 444 or another status of nginx's limits; not before 0.7.0
    forbidden: Refused  # with 403; not before 0.12.0
    bad: Refused  # with 400; not before 0.16.0
    blank: Refused  # the front page, with 200 and without a byte; not before 0.12.0
    zipped: Refused  # the same where gzip is on, which makes 20 bytes of nothing; not before 0.13.0
    was_larger: bool  # the front page, before the first of these; not before 0.13.0
    fronts: Dict[str, FrontPage]  # by path; only where one failed; not before 0.12.0
    hidden: int  # failed pages that an error_page showed as a success; not before 0.12.0
    came: List[float]  # epoch seconds of the last pages that came, of two paths or more; not before 0.12.0


class Pages(LaterPages):
    """What the last lines of an access log tell of a site's pages in the window."""

    site: Optional[str]  # None: of any site that logs there
    answered: int  # with 200 and the like; 0 where such a page fails since the last one
    failed: int  # with 500; then since
    paths: int  # that failed; the front page counts as two
    last: float  # epoch seconds


class LaterLogFile(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    earlier: Optional[Earlier]
    begins: float  # epoch seconds of its first entry, if no log before is in the window; not before 0.15.0


class LogFile(LaterLogFile):
    path: str
    kind: LogKind
    size: Optional[int]  # bytes
    from_at: Optional[float]  # epoch seconds of the first entry in the window
    to_at: Optional[float]
    bytes_read: int
    complete: bool
    why: Optional[str]  # it is not complete
    untrusted: int  # entries dropped as forged


class Sample(TypedDict):
    """The newest line of an event, redacted."""

    path: str
    at: float  # epoch seconds
    text: str


class LaterDetail(ErrorParts, total=False):
    """Parts of nginx's message; not in snapshots from before 0.13.0."""

    zone: str  # of a limit
    location: str  # a named one that is not there
    target: str  # path of a URL to which nginx redirects in a circle
    path: str  # of nginx's own file, or of a page, which it cannot open
    cached: bool  # that file is one of a cache of nginx's
    # Of a request without its query: where PHP had no script, or it timed out; the latter not before 0.14.0
    uri: str
    error: str  # PHP's words for why a script was not opened, or what ended a request before it began
    allowed: str  # open_basedir


class Detail(LaterDetail, total=False):
    """What the newest line tells beside its place."""

    status: int  # HTTP
    upstream_status: str  # of each server that was tried, as nginx logs it
    upstream_time: str  # seconds of each; only before 0.16.0
    errno: int
    value: Optional[int]  # a number in nginx's message
    limit: int  # of a pool or of all
    address: str  # that cannot be bound; of nginx's fastcgi_bind not before 0.13.0
    code: int  # exit status of a worker
    signal: int  # that ended a worker; of nginx's workers not before 0.13.0
    seconds: float  # of a worker's life, or of a request
    script: str  # that ran, or that php-fpm did not open; the latter not before 0.13.0
    request: str  # method and path
    failure: StartFault  # of php-fpm's own log; not before 0.16.0
    claimed: bool  # a worker's word, not the master's


class LaterEvent(TypedDict, total=False):
    """Not in snapshots from before 0.5.0."""

    # Only where a file was changed in the window that may have mended it; not before 0.14.0.
    revisits: List[Revisit]
    # nginx went on to another server of the upstream, whose failure is logged, too; False: it could not.
    # Absent: the log does not tell.
    passed: bool
    caught: bool  # fastcgi_catch_stderr of the site names this text; not in snapshots from before 0.7.0
    # PHP refuses the front page of the site, or each script by its name; not in snapshots from before 0.8.0.
    front: bool
    own: bool  # the visitor has an address of this host, and no loopback; not before 0.7.0
    none_left: bool  # nginx had no server left then; not in snapshots from before 0.6.0
    own_page: bool  # by an access log: whether a 502 has the size of nginx's own page; not before 0.15.0
    # Of an access log: the servers that a lost request was passed to, in their order. Not before 0.6.0.
    tried: List[str]


class Event(LaterEvent):
    """Messages of one kind about one place, counted."""

    source: Source
    signature: str  # id
    count: int
    first: float  # epoch seconds
    last: float
    times: List[float]  # the newest
    site: Optional[str]  # of nginx's message
    endpoint: Optional[str]
    pool: Optional[str]  # of php-fpm's message
    master: Optional[str]  # path of its configuration
    pids: List[int]
    detail: Detail
    sample: Sample


class LaterTempDir(TypedDict, total=False):
    """Not in snapshots from before 0.10.0."""

    lacks: Optional[str]  # path of the directory on the way that is not there
    is_file: bool  # what refuses; not before 0.13.0


class TempDir(LaterTempDir):
    """Where nginx could not write a temporary file, or read one that it needs."""

    path: str  # that refuses nginx's user, else the deepest that exists
    owner: str
    mode: str  # octal
    writable: bool  # for nginx's user, by owner and mode; readable, if nginx wanted to read there
    changed_at: float  # epoch seconds: when it or the one above it was last changed
    full: bool  # its file system


class Limit(TypedDict):
    """A limit_req_zone or limit_conn_zone by which nginx refused requests."""

    zone: str
    key: str  # what requests are counted by
    written: str  # the directive
    file: str
    line: int


class LaterScriptWay(TypedDict, total=False):
    """Not in snapshots from before 0.10.0."""

    # The path of a location with an alias, where that path is there below the alias once more.
    doubled: str
    hidden: Optional[Hidden]  # what a sandbox shows otherwise on the way than the host has it
    confined: Optional[ConfinedWay]  # what a policy refuses on the way; not so before 0.12.0


class LastScriptWay(LaterScriptWay, total=False):
    """Not in snapshots from before 0.11.0."""

    changed: str  # path of what was changed last on the way
    rights: bool  # its owner, mode or ACL alone: a directory has what it had
    linked: bool  # a link is on the way
    open: List[str]  # scripts that php-fpm did not find, and that are there; not before 0.12.0
    page: str  # the front page, which nginx found not; not before 0.12.0
    cached: Optional[int]  # seconds for which PHP keeps where a path led; None: a variable decides
    outside: bool  # the pool's chroot has no such page, and the host has; not before 0.14.0


class ScriptWay(LastScriptWay):
    """How the account of a pool, or of nginx, gets to the scripts of a site, of which it found none or not
    each.
    """

    site: str
    script: str  # the page, or the directory of all, as php-fpm is told its path
    front: bool  # the location may be that of the front page
    pool: str  # "": it is nginx that looks
    user: str
    # On the way, as the pool sees it: what refuses the user, by owner, mode and ACL; None: nothing.
    blocked: Optional[Blocked]
    there: bool  # the page, or the directory
    changed_at: float  # epoch seconds: when one of these was last changed


class LaterGoneRoot(TypedDict, total=False):
    """Why it is gone: an error, or what is not mounted."""

    error: str  # strerror(3)
    device: str  # that /etc/fstab has
    place: str  # where it has that: the root, or a directory above it
    why: str  # one of these as words: before 0.13.0


class GoneRoot(LaterGoneRoot):
    """The directory of a site, which neither nginx nor php-fpm has."""

    site: str
    root: str


class OwnAnswer(TypedDict):
    """A directive by which nginx answers with an error itself."""

    site: str
    logs: List[str]  # paths of the site's access logs
    status: int
    kind: AnswerKind  # deny: not before 0.12.0, ssl_verify_client not before 0.18.0
    written: str  # the directive
    file: str
    line: int
    level: Optional[str]  # at which the error log tells of a limit's refusals; None: of nothing
    off: bool  # a return that waits for a file, which is not there now


class SentFile(TypedDict):
    """That the application has nginx send, and that is not there."""

    path: str
    lacks: str  # the directory of a location, or one above, that is not there either; "": it is


class LaterLogs(Scarce, ShortTags, total=False):
    """Not in snapshots from before 0.5.0, nor where nginx said nothing of such files."""

    temp_dirs: List[TempDir]
    limits: List[Limit]  # not before 0.7.0
    limit_statuses: List[int]  # limit_req_status and limit_conn_status, wherever they stand; not before 0.8.0
    script_ways: List[ScriptWay]  # not before 0.8.0
    sent_files: List[SentFile]  # not before 0.13.0
    gone_roots: List[GoneRoot]  # whatever nginx said; not before 0.10.0
    closed_roots: List[TempDir]  # that nginx may not search, of sites with redirect cycles; not before 0.7.0


class Logs(LaterLogs):
    files: List[LogFile]
    events: List[Event]  # by their first message


class LaterAccessFile(TypedDict, total=False):
    """Not in snapshots from before 0.7.0, nor of a file that was not written in the window."""

    newest: Optional[float]  # epoch seconds of its last line
    pages: List[Pages]


class AccessFile(LogFile, LaterAccessFile):
    """An access log."""


class MissedPage(TypedDict):
    """A front page that nginx did not find, by the newest answer in an access log of its site alone."""

    site: str
    path: str  # of the log
    missed: float  # epoch seconds of that answer, nginx's own 404
    came: float  # epoch seconds of the newest 200 before
    ways: List[ScriptWay]  # of nginx


class LaterAccessLogs(TypedDict, total=False):
    """Only where many requests failed; not in snapshots from before 0.8.0."""

    odd_visits: List[OddVisits]  # not before 0.13.0
    path_ways: List[Front]  # of the paths behind a script's name among these; not before 0.13.0
    missed_pages: List[MissedPage]  # only where nginx caches what it did not find; not before 0.12.0
    own_answers: List[OwnAnswer]
    other_logs: List[str]  # access logs of server blocks that ask other programs than php-fpm
    php_errors: List[PhpError]  # where pages fail with 500; not before 0.10.0
    dropped_bodies: List[DroppedBodies]  # only where there are some; not before 0.14.0


class AccessLogs(LaterAccessLogs):
    """Of the sites that pass requests to php-fpm."""

    files: List[AccessFile]
    events: List[Event]  # lines with 499, 500, 502, 503 or 504
