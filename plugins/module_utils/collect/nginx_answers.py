# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directives by which nginx answers visitors with an error itself: return, and limits."""

import posixpath
import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Set

from ..parse.nginx.conf import Directive, named
from ..parse.nginx.routes import server_names, site_name
from ..parse.redact import redact
from .host import Host
from .nginx_files import Reading

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import OwnAnswer
    from ...plugin_utils.shapes.nginx import Nginx

MOST = 64
MOST_TEXT = 200
LIMITS = ("limit_req", "limit_conn")
_FILE = re.compile(r"\(\s*(!?)\s*-[fed]\s+(\S+?)\s*\)\Z")


class _Level(NamedTuple):
    """What a block passes on to those inside it."""

    root: str
    statuses: List[str]  # of LIMITS
    levels: List[str]
    off: bool  # an if around it does not hold now


def _last(block: List[Directive], name: str, otherwise: str) -> str:
    found = named(block, name)
    return found[-1].args[0] if found else otherwise


class _Answers:
    def __init__(self, host: Host, prefix: str, sites: Set[str]) -> None:
        self.host, self.prefix, self.sites = host, prefix, sites
        self.found: List[OwnAnswer] = []

    def is_off(self, condition: str, root: str) -> bool:
        """Of an if. One about anything else than a file may hold."""
        match = _FILE.match(condition)
        path = match.group(2).strip("\"'").replace("$document_root", root) if match else "$"
        if match is None or "$" in path or not path.startswith("/"):
            return False
        return self.host.lacks(path) != bool(match.group(1))

    def enter(self, level: _Level, directive: Directive) -> _Level:
        block = directive.block or []
        root = _last(block, "root", level.root)
        root = root if root.startswith("$") else posixpath.join(self.prefix, root)
        return _Level(
            root,
            [_last(block, name + "_status", old) for name, old in zip(LIMITS, level.statuses)],
            [_last(block, name + "_log_level", old) for name, old in zip(LIMITS, level.levels)],
            level.off or (directive.name == "if" and self.is_off(" ".join(directive.args), level.root)),
        )

    def add(self, site: str, directive: Directive, status: str, level: Optional[str], off: bool) -> None:
        if len(self.found) >= MOST or not status.isdigit() or int(status) < 429:
            return
        self.found.append(
            {
                "site": site,
                "status": int(status),
                "kind": directive.name,
                "written": redact("%s %s" % (directive.name, " ".join(directive.args)), MOST_TEXT),
                "file": directive.file,
                "line": directive.line,
                "level": level,
                "off": off,
            }
        )

    def walk(self, site: str, block: List[Directive], level: _Level) -> None:
        for directive in block:
            if directive.name == "return" and directive.args:
                self.add(site, directive, directive.args[0], None, level.off)
            elif directive.name in LIMITS and directive.args:
                number = LIMITS.index(directive.name)
                self.add(site, directive, level.statuses[number], level.levels[number], False)
            elif directive.block and directive.name in ("location", "if", "limit_except"):
                self.walk(site, directive.block, self.enter(level, directive))

    def http(self, http: Directive) -> None:
        start = _Level("", ["503", "503"], ["error", "error"], False)
        around = self.enter(start, http)
        for server in http.block or []:
            site = site_name(server_names(server.block or [])) if server.name == "server" else None
            if site is not None and site in self.sites:
                level = self.enter(around, server)
                self.walk(site, named(http.block or [], *LIMITS), level)
                self.walk(site, server.block or [], level)


def own_answers(host: Host, nginx: "Nginx") -> List["OwnAnswer"]:
    """Of the sites that pass requests to php-fpm."""
    account = host.account(nginx.get("account") or "")
    extra = (nginx.get("options") or {}).get("g", "")
    conf = Reading(
        host, nginx["config"] or "", nginx["prefix"] or "", extra, account[0] if account else None
    ).conf
    answers = _Answers(host, nginx["prefix"] or "", {route["site"] for route in nginx["routes"]})
    for directive in conf.directives:
        if directive.name == "http":
            answers.http(directive)
    return answers.found
