# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way from a virtual host to a FastCGI endpoint, with the settings that hold on it."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Match, NamedTuple, Optional, Tuple, cast

from .conf import Conf, Directive, every, named
from .lexer import BUFFER, VARIABLE
from .next_upstream import Limits, limits, note_limits
from .settings import SCRIPT, catch_stderr, error_cache, note_lacks, params, parse_time
from .upstreams import KEEPS, Upstream, address_of, fault_of, is_unix, keeps_by_default, target_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import CatchStderr, ErrorCache, Route, ServerBlock, Target, Timeout

# ngx_http_fastcgi_merge_loc_conf(): all three default to 60 s.
_TIMEOUTS = {
    "fastcgi_read_timeout": "read_timeout",
    "fastcgi_connect_timeout": "connect_timeout",
    "fastcgi_send_timeout": "send_timeout",
}
_DEFAULT: "Timeout" = {"seconds": 60.0, "file": None, "line": None, "context": "default"}
INNER = ("location", "if", "limit_except")
_NOT_INSIDE = frozenset(_TIMEOUTS) | {"fastcgi_keep_conn", "fastcgi_catch_stderr"}
_SETTINGS = frozenset(_TIMEOUTS) | {
    *("fastcgi_param", "fastcgi_keep_conn", "root", "alias", "resolver", "fastcgi_catch_stderr"),
    *("fastcgi_cache", "fastcgi_cache_valid", "fastcgi_next_upstream", "fastcgi_next_upstream_tries"),
    *("fastcgi_pass_request_body", "fastcgi_next_upstream_timeout"),
}
_MOST_ROUNDS = 5
_MOST_CANDIDATES = 64
_OF_GEO = (("geo", "delete"), ("geo", "proxy"))  # its own words that have an argument
_MOST_VARIABLES = 20  # of one text

# What variables hold, innermost block first: the only possible text, or None.
Values = Tuple[Dict[str, Optional[str]], ...]


class _Level(NamedTuple):
    """What a block passes on to those inside it."""

    timeouts: Dict[str, "Timeout"]  # by the names of a route
    keep_conn: Optional[Directive]  # that switches it on
    cached: bool  # by fastcgi_cache
    error_cache: Optional["ErrorCache"]  # if cached
    catch_stderr: Optional["CatchStderr"]
    resolver: bool
    next_upstream: List[str]
    root: Optional[str]
    params: Dict[str, str]
    values: Values  # here
    server_values: Values  # of the server itself
    limits: Limits = Limits()
    alias: str = ""  # the location whose place an alias takes
    bodiless: bool = False  # php-fpm gets no body, as it is meant


class _Site(NamedTuple):
    """What a server block gives to all its routes."""

    name: str
    server_names: List[str]
    listen: List[str]
    server: "ServerBlock"


def _variable(written: str) -> str:
    """ngx_http_add_variable(): the names of variables have no case."""
    return written.lstrip("$").lower()


def _holds(values: Values, name: str, default: Optional[str] = None) -> Optional[str]:
    for scope in values:
        if name in scope:
            return scope[name]
    return default


def _sets(block: Iterable[Directive]) -> List[Tuple[str, str]]:
    pairs = [directive.args for directive in named(block, "set") if len(directive.args) == 2]
    return [(_variable(name), value) for name, value in pairs]


def _set_values(block: List[Directive], outer: Values) -> Values:
    """The rewrite module runs a block in order, and may or may not enter its if blocks."""
    own: Dict[str, Optional[str]] = {}
    for directive in block:
        if directive.name == "set":
            own.update(_sets([directive]))
        elif directive.name == "if" and directive.block:
            for name, value in _sets(directive.block):
                own[name] = value if _holds((own,) + outer, name, value) == value else None
    return (own,) + outer if own else outer


def server_names(block: List[Directive]) -> List[str]:
    """The names of a server block. A regular expression keeps its letter case."""
    names = [name for directive in named(block, "server_name") for name in directive.args]
    return [name if name.startswith("~") else name.lower() for name in names]


def site_name(names: List[str]) -> str:
    """What the error log calls a server, as $server_name does: the first of its names.

    ngx_http_core_merge_srv_conf(): without a leading dot.
    """
    first = names[0] if names else ""
    return first[1:] if first.startswith(".") else first


class _Routes:
    def __init__(self, conf: Conf, prefix: str, version: Optional[str]) -> None:
        self.conf, self.prefix = conf, prefix
        self.keeps = KEEPS if keeps_by_default(version) else 0
        self.routes: List[Route] = []
        self.upstreams: Dict[str, Upstream] = {}
        self.maps: Dict[str, Optional[str]] = {}
        self.choices: Dict[str, List[Directive]] = {}  # lines of a map or its like
        self.server: List[Directive] = []
        self.server_sets: Optional[Dict[str, Optional[str]]] = None

    def http(self, block: List[Directive]) -> None:
        for upstream in named(block, "upstream"):
            name = upstream.args[0].lower()
            if upstream.block is not None and name in self.upstreams:
                self.conf.refuse(upstream, "duplicate_upstream", upstream.args[0])
            elif upstream.block is not None:
                self.upstreams[name] = Upstream(upstream, self.conf, self.keeps)
        for kind in named(block, "map", "geo", "split_clients"):
            if kind.block and len(kind.args) in (2, 1 if kind.name == "geo" else 2):
                lines = [line for line in kind.block if line.args and (kind.name, line.name) not in _OF_GEO]
                unset = [] if any(line.name in ("default", "*") for line in lines) else [""]
                possible = {line.args[0] for line in lines}.union(unset)
                name = _variable(kind.args[-1])
                self.maps[name] = possible.pop() if len(possible) == 1 else None
                self.choices[name] = lines
        timeouts = dict.fromkeys(_TIMEOUTS.values(), _DEFAULT)
        level = self.enter(
            _Level(timeouts, None, False, None, None, False, [], None, {}, (self.maps,), ()), block, "http"
        )
        for directive in block:
            if directive.name == "server" and directive.block:
                self.enter_server(directive, directive.block, level)
            elif directive.name == "fastcgi_pass":
                self.conf.refuse(directive, "not_allowed", "fastcgi_pass")

    def enter_server(self, server: Directive, block: List[Directive], level: _Level) -> None:
        names = server_names(block)
        site = _Site(
            site_name(names),
            names,
            [" ".join(listen.args) for listen in named(block, "listen")],
            {"file": server.file, "line": server.line},
        )
        self.server, self.server_sets = block, None
        level = self.enter(level, block, "server")
        self.walk(site, block, level._replace(server_values=level.values), "", "server")

    def walk(self, site: _Site, block: List[Directive], level: _Level, location: str, context: str) -> None:
        passed = False
        for directive in block:
            if directive.name == "fastcgi_pass" and directive.args:
                if passed:
                    self.conf.refuse(directive, "duplicate_directive", "fastcgi_pass")
                    continue
                passed = True
                if context not in ("location", "if") or not location:
                    self.conf.refuse(directive, "not_allowed", "fastcgi_pass")
                self.routes.append(self.route(site, directive, level, location))
            elif directive.block and directive.name in INNER:
                # ngx_http_rewrite_merge_loc_conf(): a location runs the sets of the server and its own.
                start, inner = level, location
                if directive.name == "location":
                    start, inner = level._replace(values=level.server_values), " ".join(directive.args)
                below = self.enter(start, directive.block, directive.name)
                if any(named(directive.block, "alias")):
                    below = below._replace(alias=inner)
                self.walk(site, directive.block, below, inner, directive.name)

    def settings(self, block: List[Directive], context: str) -> List[Directive]:
        """Those of a block that hold for its routes, wherever they stand in it."""
        found = []
        for directive in block:
            if directive.name not in _SETTINGS or not directive.args:
                continue
            if context in ("if", "limit_except") and directive.name in _NOT_INSIDE:
                self.conf.refuse(directive, "not_allowed", directive.name)
            else:
                found.append(directive)
        return found

    def timeouts(self, settings: List[Directive], context: str) -> Dict[str, "Timeout"]:
        timeouts: Dict[str, Timeout] = {}
        for directive in settings:
            if directive.name not in _TIMEOUTS:
                continue
            name, seconds = _TIMEOUTS[directive.name], parse_time(directive.args[0])
            if seconds is None:
                self.conf.refuse(directive, "invalid_value", directive.name)
            elif name in timeouts:
                self.conf.refuse(directive, "duplicate_directive", directive.name)
            else:
                place = {"file": directive.file, "line": directive.line, "context": context}
                timeouts[name] = cast("Timeout", dict(place, seconds=seconds))
        return timeouts

    def enter(self, level: _Level, block: List[Directive], context: str) -> _Level:
        """What holds inside a block."""
        settings = self.settings(block, context)
        last = {directive.name: directive for directive in settings}
        if "fastcgi_keep_conn" in last:
            switch = last["fastcgi_keep_conn"]
            level = level._replace(keep_conn=switch if switch.args[0].lower() == "on" else None)
        if "fastcgi_cache" in last:
            level = level._replace(cached=last["fastcgi_cache"].args[0] != "off")
        if "fastcgi_pass_request_body" in last:
            level = level._replace(bodiless=last["fastcgi_pass_request_body"].args[0] == "off")
        if "fastcgi_next_upstream" in last:
            level = level._replace(next_upstream=last["fastcgi_next_upstream"].args)
        for path in [directive.args[0] for directive in settings if directive.name in ("root", "alias")]:
            level = level._replace(root=path if path.startswith("$") else posixpath.join(self.prefix, path))
        level = level._replace(alias="" if "root" in last else level.alias)
        valid = [directive for directive in settings if directive.name == "fastcgi_cache_valid"]
        return level._replace(
            timeouts={**level.timeouts, **self.timeouts(settings, context)},
            error_cache=error_cache(valid, level.error_cache),
            catch_stderr=catch_stderr(settings, level.catch_stderr),
            limits=limits(last, level.limits),
            resolver=level.resolver or "resolver" in last,
            params=params(settings, level.params),
            values=_set_values(block, level.values),
        )

    def value(self, name: str, values: Values) -> Optional[str]:
        """Of a variable. If no block around sets it, another location may, by an internal redirect."""
        if any(name in scope for scope in values):
            return _holds(values, name)
        if self.server_sets is None:
            self.server_sets = {}
            for variable, text in _sets(every(self.server)):
                self.server_sets[variable] = text if self.server_sets.get(variable, text) == text else None
        return self.server_sets.get(name)

    def resolve(self, text: str, values: Values) -> Optional[str]:
        """The only text that a text with variables can be, or None."""

        def replace(match: Match[str]) -> str:
            return self.value((match.group(1) or match.group(2)).lower(), values) or "$"

        for _round in range(_MOST_ROUNDS):
            if "$" not in text or text.count("$") > _MOST_VARIABLES or len(text) > BUFFER:
                break
            text = VARIABLE.sub(replace, text)
        return None if "$" in text else text

    def candidates(self, text: str) -> List["Target"]:
        """Where one map may lead a text that nothing else decides; []: it may lead anywhere."""
        names = list(VARIABLE.finditer(text))
        lines = self.choices.get((names[0].group(1) or names[0].group(2)).lower(), []) if names else []
        found: List[Target] = []
        for line in lines if len(names) == 1 else []:
            address = text.replace(names[0].group(), line.args[0])
            upstream = self.upstreams.get(address.lower())
            if "$" in address or not upstream and fault_of(address):
                return []
            found += upstream.endpoints if upstream else [target_of(address, line)]
        return list({target["endpoint"]: target for target in found}.values())[:_MOST_CANDIDATES]

    def problem(self, address: str) -> Optional[Tuple[str, Optional[str], Optional[str]]]:
        """(kind, its values) where nginx refuses an address that is no upstream's name, else None."""
        fault = fault_of(address)
        host, port = address_of(address)
        if fault is None and not is_unix(address) and host.lower() in self.upstreams:
            return "upstream_with_port", host, port
        return ("bad_address", fault, address) if fault else None

    def route(self, site: _Site, directive: Directive, level: _Level, location: str) -> "Route":
        written, variable = directive.args[0], "$" in directive.args[0]
        address = self.resolve(written, level.values) if variable else written
        name: Optional[str] = None
        endpoints: List[Target] = []
        keepalive = 0
        upstream = self.upstreams.get(address.lower()) if address else None
        if upstream:
            name, endpoints, keepalive = address, upstream.endpoints, upstream.keepalive
        elif address:
            problem = self.problem(address)
            if problem is None:
                endpoints = [target_of(address, directive)]
            elif not variable:
                self.conf.refuse(directive, *problem)
                name = address if re.match(r"[A-Za-z][\w.-]*\Z", address) else None
        route: Route = {
            "site": site.name,
            "server_names": site.server_names,
            "server": site.server,
            "listen": site.listen,
            "location": location,
            "file": directive.file,
            "line": directive.line,
            "pass": written,
            "upstream": name,
            "variable": variable,
            "endpoints": endpoints,
            "upstream_keepalive": keepalive,
            "read_timeout": level.timeouts["read_timeout"],
            "connect_timeout": level.timeouts["connect_timeout"],
            "send_timeout": level.timeouts["send_timeout"],
            "keep_conn": level.keep_conn is not None,
            "resolver": level.resolver,
            "error_cache": level.error_cache if level.cached else None,
            "root": level.root,
            "params": {name: text for name, text in level.params.items() if name == SCRIPT},
            "next_upstream": ["off"] if level.limits.tries == 1 else level.next_upstream,
        }
        if level.alias:
            route["alias"] = level.alias
        note_limits(route, level.limits)
        note_lacks(route, level.params, level.bodiless)
        if level.catch_stderr:
            route["catch_stderr"] = level.catch_stderr
        if variable and not address:
            candidates = self.candidates(written)
            if candidates:
                route["candidates"] = candidates
        if upstream and keepalive and level.keep_conn:
            at, switch = upstream.keepalive_at or upstream.at, level.keep_conn
            route["kept_at"] = {
                "file": at.file,
                "line": at.line,
                "keep_conn_file": switch.file,
                "keep_conn_line": switch.line,
            }
            if not upstream.keepalive_at:
                route["kept_at"]["by_default"] = True
        return route


def routes(conf: Conf, prefix: str, version: Optional[str] = None) -> List["Route"]:
    """In the configuration's order. What nginx refuses goes to conf.errors. prefix: of a relative root.
    version: of nginx, where its defaults matter.
    """
    walk = _Routes(conf, prefix, version)
    for directive in conf.directives:
        if directive.name == "http" and directive.block:
            walk.http(directive.block)
    return walk.routes
