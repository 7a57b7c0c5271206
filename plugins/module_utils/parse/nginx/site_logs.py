# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each site that passes requests to php-fpm logs them, and its errors.

From ngx_http_log_module.c, ngx_log.c and ngx_http_core_module.c: a block that sets no log inherits those of
the block around it. "off" switches all access logs of its own block off, whatever stands beside it.
"""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple, TypeVar

from .conf import Conf, Directive, every, named
from .lexer import VARIABLE
from .routes import INNER, server_names, site_name
from .settings import parse_time

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import AccessLog, ErrorLog, LogFormat, SiteLogs

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
    '"$http_user_agent"'
)
SHOWN = ("error", "warn", "notice", "info")  # levels that let messages about lost requests through
MOST_NAMES = 32  # of a site
MOST_LOGS = 64  # of a site
LATE = 60.0  # seconds that a line may wait in nginx's buffer
LOST = ("500", "502", "503", "504")
_PASSES = ("proxy_pass", "grpc_pass", "uwsgi_pass", "scgi_pass", "memcached_pass")
_NO_FILE = ("syslog:", "memory:", "/dev/")
# What tells how a request ended.
_ENDS = frozenset(("status", "upstream_status", "request_time", "upstream_response_time"))
Pages = List[Directive]  # each error_page
_SHOWN = re.compile(r"=(?:2\d\d)?\Z")  # as what an error_page shows an error; "=": as what its page has
Access = Optional[List["AccessLog"]]  # None: the default's. []: off
_NO_PAGES: Pages = []
Log = TypeVar("Log")
_JOURNAL = re.compile(r"syslog:(?:[^,]*,)*server=unix:/(?:dev/log|run/systemd/journal/dev-log)(?:,|\Z)")


class _Level(NamedTuple):
    """What holds in a block. None: nothing is set so far."""

    access: Access
    errors: Optional[List["ErrorLog"]]
    pages: Optional[Pages]
    intercepts: bool = False  # errors of PHP's


class Defaults(NamedTuple):
    """Of the build."""

    access: str
    error: Optional[str]


def shows(level: str) -> bool:
    """Whether a log of this level gets what nginx says about a lost request: most of it is at error."""
    return level in SHOWN or level.startswith("debug")


def writes(form: "LogFormat", variable: str) -> bool:
    return "$" + variable in form["text"]


def log_formats(conf: Conf) -> Dict[str, "LogFormat"]:
    """By name, as nginx finds them: an access_log may spell it in any letter case."""
    formats: Dict[str, LogFormat] = {"combined": {"escape": "default", "text": COMBINED}}
    blocks = [directive.block for directive in conf.directives if directive.name == "http"]
    for directive in [item for block in blocks for item in named(block or [], "log_format")]:
        name, parts, escape = directive.args[0].lower(), directive.args[1:], "default"
        if parts and parts[0].startswith("escape="):
            escape, parts = parts[0][len("escape=") :], parts[1:]
        formats.setdefault(name, {"escape": escape, "text": "".join(parts)})
    return formats


def _error_log(directive: Directive, prefix: str) -> "ErrorLog":
    """Several levels may only follow one another in debug's family."""
    target = directive.args[0]
    if target != "stderr" and not target.startswith(_NO_FILE):
        target = posixpath.join(prefix, target)
    levels = directive.args[1:] or ["error"]
    shown = next((level for level in levels if shows(level)), levels[0])
    return {"target": target, "level": shown, "file": directive.file, "line": directive.line}


def _names(text: str) -> Set[str]:
    return {braced or other for braced, other in VARIABLE.findall(text)}


def _by_end(block: Sequence[Directive]) -> Set[str]:
    """Variables that tell how a request ended, by map."""
    found = set(_ENDS)
    for mapping in named(block, "map"):
        if found & _names(mapping.args[0]):
            found |= _names(mapping.args[-1])
    return found


def _is_late(options: Sequence[str]) -> bool:
    """Whether lines may wait in nginx's memory for longer than LATE."""
    if not any(option.startswith(("buffer=", "gzip")) for option in options):
        return False
    flush = next((option[6:] for option in options if option.startswith("flush=")), "")
    seconds = parse_time(flush)
    return seconds is None or seconds > LATE


def _paths(written: str, prefix: str, names: Sequence[str]) -> List[str]:
    """The files of a name, with a variable for each name of the site. [] where it leads is not known."""
    if written.startswith("syslog:"):
        return [written]
    variables = _names(written)
    if not variables:
        return [posixpath.join(prefix, written)]
    if variables - {"server_name", "host", "http_host"}:
        return []
    exact = [name for name in names if name and "*" not in name and name[0] not in ".~"]
    wanted = exact[:1] if variables == {"server_name"} else exact[:MOST_NAMES]
    parts = VARIABLE.sub("$", written).split("$")
    return [posixpath.join(prefix, name.join(parts)) for name in wanted]


class _Site:
    """A server block with its locations."""

    def __init__(
        self,
        server: Directive,
        outer: _Level,
        prefix: str,
        defaults: Defaults,
        formats: Dict[str, "LogFormat"],
        by_end: Set[str],
    ) -> None:
        self.by_end = by_end
        self.block = server.block or []
        self.prefix, self.defaults, self.formats = prefix, defaults, formats
        self.locations: Optional[Dict[str, Directive]] = None  # by what they match whole
        self.known: Dict[int, Tuple[Pages, List[Access]]] = {}  # by id()
        self.names = server_names(self.block)
        self.at_server = self.enter(outer, self.block)
        self.found: SiteLogs = {
            "site": site_name(self.names),
            "names": [name for name in self.names if not name.startswith("~")][:MOST_NAMES],
            "server": {"file": server.file, "line": server.line},
            "access": [],
            "errors": [],
            "silent": [],
            "unlogged": [],
            "others": any(directive.name in _PASSES for directive in every(self.block)),
        }

    def enter(self, outer: _Level, block: List[Directive]) -> _Level:
        access = named(block, "access_log")
        logs = outer.access
        if access:
            off = any(directive.args[0] == "off" for directive in access)
            logs = [] if off else [self.access_log(directive) for directive in access]
        errors = [_error_log(directive, self.prefix) for directive in named(block, "error_log")]
        pages = named(block, "error_page")
        last = [directive.args[0] for directive in named(block, "fastcgi_intercept_errors")]
        intercepts = last[-1] == "on" if last else outer.intercepts
        return _Level(logs, errors or outer.errors, pages or outer.pages, intercepts)

    def access_log(self, directive: Directive) -> "AccessLog":
        written, options = directive.args[0], directive.args[2:]
        only = [option for option in options if option.startswith("if=")]
        log: AccessLog = {
            "written": written,
            "paths": _paths(written, self.prefix, self.names),
            "format": (directive.args[1] if len(directive.args) > 1 else "combined").lower(),
            "filtered": bool(only),
            "gzip": any(option.split("=")[0] == "gzip" for option in options),
            "late": _is_late(options),
        }
        if self.by_end & _names("".join(only)):
            log["by_end"] = True
        return log

    def walk(self, level: _Level, block: List[Directive]) -> None:
        for directive in block:
            if directive.name == "fastcgi_pass":
                self.add(level)
            elif directive.block and directive.name in INNER:
                self.walk(self.enter(level, directive.block), directive.block)

    def add(self, level: _Level) -> None:
        """A place that passes requests on, where they are logged, and where the page of their error is."""
        found = self.found
        default: AccessLog = {
            "written": self.defaults.access,
            "paths": [posixpath.join(self.prefix, self.defaults.access)],
            "format": "combined",
            "filtered": False,
            "gzip": False,
            "late": False,
        }
        for access in [level.access] + self.of_pages(level.pages or _NO_PAGES):
            logs = [default] if access is None else access
            if not logs:
                self.unlogged("off")
            self.keep(found["access"], logs if len(logs) < 2 else [max(logs, key=self.worth)])
        implied: ErrorLog = {
            "target": posixpath.join(self.prefix, self.defaults.error or ""),
            "level": "error",
            "file": None,
            "line": None,
        }
        for page in level.pages or [] if level.intercepts else []:
            if "500" in page.args and any(map(_SHOWN.match, page.args[:-1])):
                written = "error_page " + " ".join(page.args)
                found["hiding"] = {"written": written, "file": page.file, "line": page.line}
        errors = level.errors or [implied]
        self.keep(found["errors"], errors)
        if not any(speaks(log) for log in errors):
            self.keep(found["silent"], errors)

    def worth(self, log: "AccessLog") -> Tuple[bool, ...]:
        """Of the logs of one place, which all get the same requests, the one that tells most is kept."""
        text = self.formats[log["format"]]["text"] if log["format"] in self.formats else ""
        whole = bool(log["paths"]) and not (log["gzip"] or log["filtered"] or log["late"])
        tells = ("$status", "$upstream_addr", "$upstream_status", "$request_time")
        return (whole and not log["paths"][0].startswith(_NO_FILE), *(name in text for name in tells))

    def keep(self, kept: List[Log], logs: Iterable[Log]) -> None:
        for log in logs:
            if len(kept) >= MOST_LOGS:
                self.unlogged("too_many")
            elif log not in kept:
                kept.append(log)

    def unlogged(self, why: str) -> None:
        if why not in self.found["unlogged"]:
            self.found["unlogged"].append(why)

    def of_pages(self, pages: Pages) -> List[Access]:
        """The access logs of the locations of all pages for lost requests. Many locations share a list."""
        known = self.known.get(id(pages))
        if known is None:
            known = self.known[id(pages)] = (pages, [self.of_page(target) for target in self.targets(pages)])
        return known[1]

    def targets(self, pages: Pages) -> List[str]:
        """A page may answer with another status than was lost."""
        targets: List[str] = []
        for args in [directive.args for directive in pages]:
            codes = [code for code in args[:-1] if code in LOST]
            target = args[-1].split("?")[0]
            other = any(code.startswith("=") for code in args[:-1]) or not target.startswith(("/", "@"))
            if codes and other:
                self.unlogged("error_page")
            targets += [target] if codes else []
        return list(dict.fromkeys(targets))[:MOST_LOGS]

    def of_page(self, target: str) -> Access:
        """The access logs of the location of an error's page."""
        if self.locations is None:
            self.locations = {}
            for directive in named(self.block, "location"):
                if directive.args[0] in ("=", "^~", directive.args[-1]):
                    self.locations.setdefault(directive.args[-1], directive)
        there = self.locations.get(target)
        return self.enter(self.at_server, there.block or []).access if there else self.at_server.access


def goes_to_journal(log: "ErrorLog") -> bool:
    """Whether nginx says of a lost request to journald, where that listens on /dev/log."""
    return shows(log["level"]) and (log["target"] == "stderr" or bool(_JOURNAL.match(log["target"])))


def speaks(log: "ErrorLog") -> bool:
    """Whether nginx says of a lost request there, in a file."""
    target = log["target"]
    return shows(log["level"]) and target != "stderr" and not target.startswith(_NO_FILE)


def site_logs(
    conf: Conf, prefix: str, defaults: Defaults, formats: Dict[str, "LogFormat"]
) -> List["SiteLogs"]:
    """Of each server block with a fastcgi_pass, in the configuration's order. formats: see log_formats()."""
    found: List[SiteLogs] = []
    main = [_error_log(directive, prefix) for directive in named(conf.directives, "error_log")]
    for http in conf.directives:
        if http.name != "http" or not http.block:
            continue
        by_end = _by_end(http.block)
        outer = _Level(None, main or None, None)
        around = _Site(http, outer, prefix, defaults, formats, by_end).at_server
        for server in http.block:
            if server.name == "server" and server.block:
                site = _Site(server, around, prefix, defaults, formats, by_end)
                site.walk(site.at_server, site.block)
                if site.found["errors"]:
                    found.append(site.found)
    return found


def used(formats: Dict[str, "LogFormat"], sites: Iterable["SiteLogs"]) -> Dict[str, "LogFormat"]:
    """The formats of these sites' access logs."""
    names = {log["format"] for site in sites for log in site["access"]}
    return {name: formats[name] for name in sorted(names) if name in formats}


class Writers(NamedTuple):
    """Who logs in one file, and how."""

    formats: List[str]
    sites: List["SiteLogs"]
    late: bool  # nginx makes it when somebody asks for that name
    by_end: bool  # its lines are chosen by how the requests ended


def writers(sites: Iterable["SiteLogs"]) -> Dict[str, Writers]:
    """The sites that write each access log, by path, of those that can be read as text."""
    logs: Dict[str, Writers] = {}
    for site in sites:
        for log in site["access"]:
            for path in [] if log["gzip"] else log["paths"]:
                if path.startswith(_NO_FILE):
                    continue
                known = logs.setdefault(
                    path, Writers([], [], "$" in log["written"], log.get("by_end", False))
                )
                if log["format"] not in known.formats:
                    known.formats.append(log["format"])
                if not known.sites or known.sites[-1] is not site:
                    known.sites.append(site)
    return logs
