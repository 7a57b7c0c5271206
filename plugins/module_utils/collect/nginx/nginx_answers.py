# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directives by which nginx answers visitors with an error itself: return, deny, limits, and the wish for
a client's certificate.
"""

import posixpath
import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Set, Tuple, cast

from ...parse.nginx.conf import Directive, every, named
from ...parse.nginx.routes import server_names, site_name
from ...parse.redact import redact
from ..host import Host
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import AnswerKind, OwnAnswer
    from ....plugin_utils.shapes.nginx import Nginx

MOST_ANSWERS = 64
MOST_TEXT = 200
PASSES = ("fastcgi_pass", "proxy_pass", "grpc_pass", "uwsgi_pass", "scgi_pass")
LIMITS, PASSWORDS = ("limit_req", "limit_conn"), "auth_basic_user_file"
CERTIFICATE = "ssl_verify_client"
_FILE = re.compile(r"\(\s*(!?)\s*-[fed]\s+(\S+?)\s*\)\Z")


class _Level(NamedTuple):
    """What a block passes on to those inside it."""

    root: str
    statuses: List[str]  # of LIMITS
    levels: List[str]
    asks: bool  # for a password
    off: bool  # an if around it does not hold now
    part: bool  # a location around it has some pages of the site alone
    narrow: bool  # so may any location but that of all pages


def _last(block: List[Directive], name: str, otherwise: str) -> str:
    found = named(block, name)
    return found[-1].args[0] if found else otherwise


def _is_part(args: Sequence[str]) -> bool:
    return bool(args) and args[-1] != "/" and not args[0].startswith(("~", "@"))


class _Answers:
    """built_in: access logs where no access_log is written."""

    def __init__(self, host: Host, nginx: "Nginx", sites: Set[str], built_in: List[str]) -> None:
        self.host, self.sites, self.built_in = host, sites, built_in
        self.prefix, self.home = nginx["prefix"] or "", posixpath.dirname(nginx["config"] or "")
        self.found: List[OwnAnswer] = []
        self.others: List[str] = []  # access logs

    def is_off(self, condition: str, root: str) -> bool:
        """Whether the condition of an if does not hold. One about anything else than a file may hold."""
        match = _FILE.match(condition)
        path = match.group(2).strip("\"'").replace("$document_root", root) if match else "$"
        if match is None or "$" in path or not path.startswith("/"):
            return False
        return self.host.lacks(path) != bool(match.group(1))

    def has_no_passwords(self, name: str) -> bool:
        path = posixpath.join(self.home, name)
        return "$" not in path and self.host.lacks(path)

    def enter(self, level: _Level, directive: Directive) -> _Level:
        block = directive.block or []
        root = _last(block, "root", level.root)
        root = root if root.startswith("$") else posixpath.join(self.prefix, root)
        return _Level(
            root,
            [_last(block, name + "_status", old) for name, old in zip(LIMITS, level.statuses)],
            [_last(block, name + "_log_level", old) for name, old in zip(LIMITS, level.levels)],
            _last(block, "auth_basic", "" if level.asks else "off") != "off",
            level.off or (directive.name == "if" and self.is_off(" ".join(directive.args), level.root)),
            level.part or (directive.name == "location" and _is_part(directive.args)),
            level.narrow or (directive.name == "location" and directive.args[-1:] != ["/"]),
        )

    def add(self, site: str, directive: Directive, status: str, level: Optional[str], off: bool) -> None:
        if len(self.found) >= MOST_ANSWERS or not status.isdigit():
            return
        if int(status) < 403 and status not in ("200", "400"):
            return
        self.found.append(
            {
                "site": site,
                "logs": [],
                "status": int(status),
                "kind": cast("AnswerKind", directive.name),
                "written": redact(" ".join([directive.name] + directive.args), MOST_TEXT),
                "file": directive.file,
                "line": directive.line,
                "level": level,
                "off": off,
            }
        )

    def walk(self, site: str, block: List[Directive], level: _Level) -> None:
        for directive in block:
            if directive.name == "return" and directive.args and not level.part:
                if directive.args[0] != "403" or not level.narrow:
                    self.add(site, directive, directive.args[0], None, level.off)
            elif directive.name == "deny" and directive.args == ["all"] and not level.narrow:
                self.add(site, directive, "403", None, level.off)
            elif directive.name == PASSWORDS and directive.args and level.asks and not level.narrow:
                if self.has_no_passwords(directive.args[0]):
                    self.add(site, directive, "403", None, level.off)
            elif directive.name in LIMITS and directive.args:
                number = LIMITS.index(directive.name)
                self.add(site, directive, level.statuses[number], level.levels[number], False)
            elif directive.block and directive.name in ("location", "if", "limit_except"):
                self.walk(site, directive.block, self.enter(level, directive))

    def logs(self, http: Directive, server: Directive) -> List[str]:
        own = named(every(server.block or []), "access_log") or named(http.block or [], "access_log")
        written = [each.args[0] for each in own if each.args[0] != "off"]
        return [posixpath.join(self.prefix, path) for path in written] if own else self.built_in

    def http(self, http: Directive) -> None:
        start = _Level("", ["503", "503"], ["error", "error"], False, False, False, False)
        around = self.enter(start, http)
        servers = [server for server in http.block or [] if server.name == "server" and server.block]
        names = {id(server): site_name(server_names(server.block or [])) for server in servers}
        for server in sorted(servers, key=lambda server: names[id(server)] not in self.sites):
            block, site, logs = server.block or [], names[id(server)], self.logs(http, server)
            passes = {each.name for each in every(block) if each.name in PASSES}
            if passes and "fastcgi_pass" not in passes:
                self.others += [path for path in logs if path not in self.others]
            level = self.enter(around, server)
            first = len(self.found)
            verify = named(block, CERTIFICATE) or named(http.block or [], CERTIFICATE)
            if verify and verify[-1].args == ["on"]:
                self.add(site, verify[-1], "400", None, False)
            self.walk(site, named(http.block or [], "deny", PASSWORDS, *LIMITS), level)
            self.walk(site, block, level)
            for answer in self.found[first:]:
                answer["logs"] = logs


def own_answers(host: Host, nginx: "Nginx") -> Tuple[List["OwnAnswer"], List[str]]:
    """(those of all sites, php-fpm's first; access logs of sites that ask other programs)"""
    conf = Reading.of(host, nginx).conf
    sites = nginx.get("site_logs") or []
    built_in = list({path for site in sites for log in site["access"] for path in log["paths"]})
    answers = _Answers(host, nginx, {site["site"] for site in sites}, built_in)
    for directive in conf.directives:
        if directive.name == "http":
            answers.http(directive)
    return answers.found, answers.others
