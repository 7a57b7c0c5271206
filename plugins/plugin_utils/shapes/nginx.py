# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx, and every way from its sites to php-fpm."""

from typing import Dict, List, Optional

from .config import ConfigProblem, Context, Writable
from .shape import TypedDict


class NginxMaster(TypedDict):
    pid: int
    started_at: float  # epoch seconds


class Timeout(TypedDict):
    """fastcgi_read_timeout and its like, as it holds for a route."""

    seconds: float
    file: Optional[str]  # where it is written; None: nginx's default
    line: Optional[int]
    context: Context


class ServerBlock(TypedDict):
    """Where a server block begins."""

    file: str
    line: int


class LaterTarget(TypedDict, total=False):
    """Of a server of an upstream, where it is not nginx's default. Not in snapshots from before 0.6.0."""

    max_fails: int  # failed tries that take it out; 0: none does
    fail_timeout: float  # seconds for which it is out
    max_conns: int  # connections at a time


class Target(LaterTarget):
    """An endpoint that a route dials: of fastcgi_pass, or a server of its upstream."""

    endpoint: str  # unix:/path or address:port, see module_utils/parse/endpoint.py
    written: str  # as the configuration spells it
    file: str
    line: int
    down: bool  # marked so in the upstream
    backup: bool


class LaterKeptAt(TypedDict, total=False):
    """Not in snapshots from before 0.13.0."""

    by_default: bool  # only where no keepalive is written: file and line are the upstream's


class KeptAt(LaterKeptAt):
    """The directives by which nginx keeps connections of a route open."""

    file: str  # of keepalive in the upstream
    line: int
    keep_conn_file: str
    keep_conn_line: int


class ErrorCache(TypedDict):
    """How long fastcgi_cache keeps what nginx itself answers where php-fpm does not."""

    seconds: Dict[str, float]  # by status: 502, 504
    written: str  # the directive
    file: str
    line: int


class CatchStderr(TypedDict):
    """fastcgi_catch_stderr: nginx throws an answer away whose error stream holds one of these texts."""

    texts: List[str]
    file: str
    line: int


class LaterRoute(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    alias: str  # arguments of the location whose place an alias takes; only there; not from before 0.9.0
    methodless: bool  # only where php-fpm gets no REQUEST_METHOD; not in snapshots from before 0.7.0
    nameless: bool  # only where php-fpm gets no name of a script; not in snapshots from before 0.11.0
    queryless: bool  # only where php-fpm gets no QUERY_STRING; not in snapshots from before 0.12.0
    length: (
        str  # only where CONTENT_LENGTH is none of the request's; "": php-fpm gets none; not before 0.12.0
    )
    catch_stderr: CatchStderr  # only where it is set; not in snapshots from before 0.7.0
    kept_at: KeptAt  # only where it keeps some; not in snapshots from before 0.5.0
    candidates: List[
        Target
    ]  # where a map may lead it; only of a variable; not in snapshots from before 0.6.0
    value_files: List[
        str
    ]  # that decide what its variable holds; only of one with a known value; not before 0.14.0
    next_tries: int  # fastcgi_next_upstream_tries; only where it limits something; not before 0.13.0
    next_seconds: float  # the same of fastcgi_next_upstream_timeout
    resolver: bool  # nginx has one there
    error_cache: Optional[ErrorCache]  # None: it keeps none

    server: ServerBlock
    root_owner: Optional[str]  # user that owns the code; None: unknown
    owners: Optional[List[str]]  # who but root can exchange the code; None: unknown
    next_upstream: List[str]  # words of fastcgi_next_upstream; []: it is not set; not from before 0.5.0


# "pass" is a word of Python, so this one shape is no class.
RoutePass = TypedDict("RoutePass", {"pass": str})  # fastcgi_pass, as written


class Route(RoutePass, LaterRoute):  # pylint: disable=inconsistent-mro  # it sees dict twice
    """A fastcgi_pass, with the settings that hold for it."""

    site: str  # first server_name, as nginx's error log has it; may be ""
    server_names: List[str]
    listen: List[str]  # arguments of each listen directive
    location: str  # arguments of the location
    file: str  # of the fastcgi_pass
    line: int
    upstream: Optional[str]  # name
    upstream_keepalive: int  # connections
    variable: bool  # fastcgi_pass holds a variable
    endpoints: List[Target]  # []: decided at run time
    read_timeout: Timeout
    connect_timeout: Timeout
    send_timeout: Timeout
    keep_conn: bool
    root: Optional[str]  # root or alias, absolute unless it holds a variable
    params: Dict[str, str]  # fastcgi_param: of all only SCRIPT_FILENAME


class Configured(TypedDict):
    """The account of nginx's workers by the configuration, where those that run have another."""

    user: str
    uid: Optional[int]
    groups: List[int]
    file: str  # where it is written
    line: int  # 0: nowhere, it is the build's


class LaterLoaded(TypedDict, total=False):
    """Not in snapshots from before 0.6.0, nor where nginx does not run."""

    perhaps_newer: List[str]  # the first ones of which their times do not tell


class Loaded(LaterLoaded):
    """How old what runs is."""

    at: Optional[float]  # epoch seconds: start of the oldest worker that does not shut down
    newer_files: List[str]  # the first ones that were changed since then
    replaced: bool  # another program is where the running one was
    master_groups: List[int]  # gids
    configured: Optional[Configured]  # where it differs, since the file that names it was changed
    default_log: str  # path of the error log before a configuration is loaded


class LaterIdentity(TypedDict, total=False):
    """Not in snapshots from before 0.5.0."""

    configured: Optional[Configured]
    master_groups: List[int]


class Identity(LaterIdentity):
    """The account that dials php-fpm."""

    user: str
    uid: int
    gid: int
    groups: List[int]
    pid: Optional[int]  # of one of nginx's workers
    account: Optional[int]  # uid, where an ordinary account runs the whole of nginx


class NginxAccount(TypedDict):
    user: Optional[str]  # that nginx's workers run as
    user_from: Optional[str]  # process, config or default
    uid: Optional[int]  # None: unknown
    gid: Optional[int]
    groups: List[int]


class LaterAccessLog(TypedDict, total=False):
    """Not in snapshots from before 0.11.0."""

    by_end: bool  # only where if= goes by how a request ended


class AccessLog(LaterAccessLog):
    """An access_log directive."""

    written: str  # its target
    paths: List[str]  # files, or syslog:...; []: decided at run time
    format: str  # name of a log_format
    filtered: bool  # if= leaves requests out
    gzip: bool  # compressed as it is written
    late: bool  # lines may wait in a buffer for longer than a minute


class ErrorLog(TypedDict):
    """An error_log directive."""

    target: str  # absolute path, stderr, syslog:..., memory:...
    level: str
    file: Optional[str]  # where it is written; None: nginx's default
    line: Optional[int]


class LogFormat(TypedDict):
    """A log_format directive."""

    escape: str  # default, json or none
    text: str


class HidingPage(TypedDict):
    """An error_page that shows what PHP answers with 500 as a success."""

    written: str  # the directive
    file: str
    line: int


class LaterSiteLogs(TypedDict, total=False):
    """Only where there is one; not in snapshots from before 0.12.0."""

    hiding: HidingPage  # the last one


class SiteLogs(LaterSiteLogs):
    """Where a server block logs the requests that it passes to php-fpm."""

    site: str  # as in a route
    names: List[str]  # server_name, the first ones
    server: ServerBlock
    access: List[AccessLog]  # of all its locations
    errors: List[ErrorLog]
    silent: List[ErrorLog]  # of its locations whose lost requests no file tells of
    unlogged: List[str]  # why an access log may lack a lost request: off, error_page, too_many
    others: bool  # it passes requests to other programs, too


class NamedBlock(TypedDict):
    """A server block as findings name it."""

    name: str
    listen: str
    file: Optional[str]
    line: Optional[int]


class Ignored(TypedDict):
    """A server block some of whose names nginx ignores, since another block has them."""

    names: List[str]  # "": what no other name matches
    address: str
    by: NamedBlock  # which is read first, and answers
    block: NamedBlock
    alone: bool  # no request reaches it


class LaterFront(TypedDict, total=False):
    site: NamedBlock  # of a server block without a way to php-fpm; not before 0.13.0


class Front(LaterFront):
    """Where nginx's files lead a request past a site's front page, or to the source of a script."""

    server: ServerBlock
    # no_root, symlinks, source or source_front. Not before 0.13.0: map_root. Of a path behind a script:
    # path_info, and where visitors missed it no_location, no_file, emptied, not_handed or as_script.
    # Not before 0.14.0: permalinks, of pages that are no files. sent_place, of what PHP has nginx send.
    kind: str  # since 0.15.0: made, untyped, cached; since 0.16.0: hello, of TLS; since 0.18.0: denied
    looked_for: str  # the path to which it leads
    found: str  # the page that is there; the link that is refused; the file that has cgi.fix_pathinfo; ""
    written: str  # the directive that decides
    file: str
    line: int


class ShortTag(TypedDict):
    """Of a site's front page, which begins with <? alone while short_open_tag is off."""

    site: str
    script: str  # path
    file: str  # where the setting is
    line: int


class ShortTags(TypedDict, total=False):
    """Of logs, whatever nginx said in them. Not before 0.14.0."""

    short_tags: List[ShortTag]


class FileChange(TypedDict):
    """Of a file of nginx's configuration."""

    path: str
    at: float  # epoch seconds: when the file, or a link to it, was changed
    sites: List[str]  # of the server blocks that have something of it; []: it is for all


class LaterNginx(TypedDict, total=False):
    """Not in snapshots from before 0.4.0, nor where the look at nginx broke off."""

    changes: List[FileChange]  # the newest first, where any is of the last two days; not before 0.13.0
    gzip: bool  # "gzip on" stands anywhere; not before 0.13.0
    # Of server blocks that differ, of which one passes requests to php-fpm; not before 0.13.0.
    ignored: List[Ignored]
    site_logs: List[SiteLogs]  # in the order of the configuration; not before 0.5.0
    log_formats: Dict[str, LogFormat]  # of these access logs, by name in lower case; not before 0.5.0
    loaded: Loaded  # not before 0.5.0
    log_zone: int  # seconds east of UTC in its error log, where it is not the host's; not before 0.6.0
    mirrored: List[str]  # endpoints that mirror alone sends copies to; not before 0.7.0
    binary: Optional[str]  # path
    options: Dict[str, str]  # of the command line: c, e, g, p
    account: Optional[str]  # user who runs nginx, where root does not
    group: Optional[str]  # name of gid
    writable: Optional[Writable]
    opens: List[str]  # paths that nginx -t opens for writing
    fronts: List[Front]  # not before 0.12.0
    # The levels of error logs that one block names more than once, by path; not before 0.13.0.
    repeated_logs: Dict[str, List[str]]
    file_cache: Optional[str]  # FILE:LINE of an open_file_cache_errors that is on; not before 0.11.0


class Nginx(NginxAccount, LaterNginx):
    installed: bool
    running: bool
    version: Optional[str]
    config: Optional[str]  # path of the main file
    prefix: Optional[str]
    unit: Optional[str]  # systemd's
    master: Optional[NginxMaster]
    workers: List[int]  # pids
    config_changed_at: Optional[float]  # epoch seconds: newest file or link
    config_newer: Optional[bool]  # changed since it was loaded; None: unknown
    config_errors: List[ConfigProblem]
    error_logs: List[str]  # paths
    routes: List[Route]
