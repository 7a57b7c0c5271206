# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way from a virtual host to a FastCGI endpoint, with the settings that hold on it."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Match, Optional, Tuple

from ..endpoint import canonical
from .conf import Conf, Directive, every
from .lexer import BUFFER

if TYPE_CHECKING:
    from ...facts.nginx import Route, Target, Timeout

# ngx_http_fastcgi_merge_loc_conf(): all three default to 60 s.
_TIMEOUTS = {
    "fastcgi_read_timeout": "read_timeout",
    "fastcgi_connect_timeout": "connect_timeout",
    "fastcgi_send_timeout": "send_timeout",
}
_DEFAULT: "Timeout" = {"seconds": 60.0, "file": None, "line": None, "context": "default"}
_INNER = ("location", "if", "limit_except")
_NOT_INSIDE = frozenset(_TIMEOUTS) | {"fastcgi_keep_conn"}
_SETTINGS = frozenset(_TIMEOUTS) | {"fastcgi_param", "fastcgi_keep_conn", "root", "alias", "set", "if"}
# ngx_parse_time() for milliseconds: each unit once, in this order; a bare number at the end is seconds.
_TIME = re.compile(
    "".join(r"(?:(\d*)%s *)?" % unit for unit in ("w", "d", "h", "m(?!s)", "s", "ms")) + r"(\d*) *\Z",
    re.ASCII,
)
_SCALE = (604800000, 86400000, 3600000, 60000, 1000, 1, 1000)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_MOST_ROUNDS = 5
_MOST_VARIABLES = 20  # of one text

# What variables hold, innermost block first: the only possible text, or None.
Values = Tuple[Dict[str, Optional[str]], ...]


# What a block passes on to those inside it, by the names of a route. values: the Values here; server_values:
# of the server itself.
Level = dict


def parse_time(text: str) -> Optional[float]:
    """Seconds of "90", "1m30s" or "500ms"; None for what nginx refuses."""
    match = _TIME.match(text)
    if not match or not re.search(r"[0-9]", text):
        return None
    if any(len(number or "") > 18 for number in match.groups()):
        return None
    total = sum(int(number) * scale for number, scale in zip(match.groups(), _SCALE) if number)
    return total / 1000.0 if total < 2**63 else None


def _address(written: str) -> Tuple[str, Optional[str]]:
    """(host, port or None) of an address that is no unix socket, cut as ngx_parse_url() does."""
    if written.startswith("["):
        host, _bracket, rest = written.partition("]")
        return host + "]", rest[1:] if rest.startswith(":") else None
    host, colon, port = written.partition(":")
    return host, port if colon else None


def _is_unix(written: str) -> bool:
    return written[:5].lower() == "unix:"


def _fault(written: str) -> Optional[str]:
    """nginx's word for what is wrong with an address, None for nothing. "no port" is wrong in fastcgi_pass
    only.
    """
    if _is_unix(written):
        return None if written[5:] else "no path in the unix domain socket"
    host, port = _address(written)
    if "/" in written or "?" in written:
        return "invalid host"
    if port is not None and not (re.match(r"[0-9]{1,5}\Z", port) and 0 < int(port) < 65536):
        return "invalid port"
    if not host:
        return "no host"
    return "no port" if port is None else None


def _endpoint(written: str, at: Directive, default_port: str = "") -> "Target":
    address = "unix:" + written[5:] if _is_unix(written) else written
    if default_port and not _is_unix(written) and _address(written)[1] is None:
        address += ":" + default_port
    return {
        "endpoint": canonical(address),
        "written": written,
        "file": at.file,
        "line": at.line,
        "down": "down" in at.args[1:],
        "backup": "backup" in at.args[1:],
    }


def _variable(written: str) -> str:
    """ngx_http_add_variable(): the names of variables have no case."""
    return written.lstrip("$").lower()


def _holds(values: Values, name: str, default: Optional[str] = None) -> Optional[str]:
    for scope in values:
        if name in scope:
            return scope[name]
    return default


def _sets(block: List[Directive]) -> List[Tuple[str, str]]:
    return [
        (_variable(one.args[0]), one.args[1]) for one in block if one.name == "set" and len(one.args) == 2
    ]


def _set_values(block: List[Directive], outer: Values) -> Values:
    """The rewrite module runs a block in order, and may or may not enter its if blocks."""
    own: Dict[str, Optional[str]] = {}
    for one in block:
        if one.name == "set":
            own.update(_sets([one]))
        elif one.name == "if" and one.block:
            for name, value in _sets(one.block):
                own[name] = value if _holds((own,) + outer, name, value) == value else None
    return (own,) + outer if own else outer


class _Upstream:
    def __init__(self, block: Directive, conf: Conf) -> None:
        self.keepalive = 0
        self.endpoints: List[Target] = []
        for one in block.block or []:
            if one.name == "server" and one.args:
                fault = _fault(one.args[0])
                if fault in (None, "no port"):
                    # ngx_http_upstream_server(): default_port = 80, for FastCGI too.
                    self.endpoints.append(_endpoint(one.args[0], one, "80"))
                else:
                    conf.refuse(one, "bad_address", fault, one.args[0])
            elif one.name == "keepalive" and one.args and re.match(r"[0-9]{1,9}\Z", one.args[0]):
                self.keepalive = int(one.args[0])
        if not any(one.name == "server" for one in block.block or []):
            conf.refuse(block, "empty_upstream")


class _Routes:
    def __init__(self, conf: Conf, prefix: str) -> None:
        self.conf = conf
        self.prefix = prefix
        self.found: List[Route] = []
        self.upstreams: Dict[str, _Upstream] = {}
        self.maps: Dict[str, Optional[str]] = {}
        self.site: dict = {}
        self.server: List[Directive] = []
        self.server_sets: Optional[Dict[str, Optional[str]]] = None

    def http(self, block: List[Directive]) -> None:
        for one in block:
            if one.name == "upstream" and one.args and one.block is not None:
                name = one.args[0].lower()
                if name in self.upstreams:
                    self.conf.refuse(one, "duplicate_upstream", one.args[0])
                else:
                    self.upstreams[name] = _Upstream(one, self.conf)
            elif one.name == "map" and len(one.args) == 2 and one.block:
                possible = {entry.args[0] for entry in one.block if entry.args}
                if not any(entry.name == "default" for entry in one.block):
                    possible.add("")
                self.maps[_variable(one.args[1])] = possible.pop() if len(possible) == 1 else None
        level: Level = dict.fromkeys(_TIMEOUTS.values(), _DEFAULT)
        level.update(keep_conn=False, root=None, params={}, values=(self.maps,), server_values=())
        level = self.enter(level, block, "http")
        for one in block:
            if one.name == "server" and one.block:
                self.enter_server(one, one.block, level)
            elif one.name == "fastcgi_pass":
                self.conf.refuse(one, "not_allowed", "fastcgi_pass")

    def enter_server(self, at: Directive, block: List[Directive], level: Level) -> None:
        names = [
            name if name.startswith("~") else name.lower()
            for one in block
            if one.name == "server_name"
            for name in one.args
        ]
        # ngx_http_core_merge_srv_conf(): "server:" of the error log is the first name, without a leading dot.
        first = names[0] if names else ""
        self.site = {
            "site": first[1:] if first.startswith(".") else first,
            "server_names": names,
            "server": {"file": at.file, "line": at.line},
            "listen": [" ".join(one.args) for one in block if one.name == "listen"],
        }
        self.server, self.server_sets = block, None
        level = self.enter(level, block, "server")
        self.walk(block, dict(level, server_values=level["values"]), "", "server")

    def walk(self, block: List[Directive], level: Level, location: str, context: str) -> None:
        passed = False
        for one in block:
            if one.name == "fastcgi_pass" and one.args:
                if passed:
                    self.conf.refuse(one, "duplicate_directive", "fastcgi_pass")
                    continue
                passed = True
                if context not in ("location", "if") or not location:
                    self.conf.refuse(one, "not_allowed", "fastcgi_pass")
                self.found.append(self.route(one, level, location))
            elif one.block and one.name in _INNER:
                # ngx_http_rewrite_merge_loc_conf(): a location runs the server's set directives and its own
                # alone.
                start = dict(level, values=level["server_values"]) if one.name == "location" else level
                start = self.enter(start, one.block, one.name)
                self.walk(
                    one.block, start, " ".join(one.args) if one.name == "location" else location, one.name
                )

    def enter(self, level: Level, block: List[Directive], context: str) -> Level:
        """The settings inside a block: a directive holds for its whole block, wherever it stands."""
        changed: dict = {}
        for one in block:
            name, args = one.name, one.args
            if name not in _SETTINGS or not args:
                continue
            if context in ("if", "limit_except") and name in _NOT_INSIDE:
                self.conf.refuse(one, "not_allowed", name)
            elif name in _TIMEOUTS:
                seconds = parse_time(args[0])
                if seconds is None:
                    self.conf.refuse(one, "invalid_value", name)
                elif _TIMEOUTS[name] in changed:
                    self.conf.refuse(one, "duplicate_directive", name)
                else:
                    setting = {"seconds": seconds, "file": one.file, "line": one.line, "context": context}
                    changed[_TIMEOUTS[name]] = setting
            elif name == "fastcgi_param":
                # One fastcgi_param at a level drops all that it would have inherited.
                params = changed.setdefault("params", {})
                if args[0] == "SCRIPT_FILENAME" and len(args) > 1:
                    params[args[0]] = args[1]
            elif name == "fastcgi_keep_conn":
                changed["keep_conn"] = args[0].lower() == "on"
            elif name in ("root", "alias"):
                changed["root"] = args[0] if args[0].startswith("$") else posixpath.join(self.prefix, args[0])
            elif name in ("set", "if") and "values" not in changed:
                changed["values"] = _set_values(block, level["values"])
        return dict(level, **changed) if changed else level

    def value(self, name: str, values: Values) -> Optional[str]:
        """What nothing on the way sets may come from another location, by an internal redirect."""
        if any(name in scope for scope in values):
            return _holds(values, name)
        if self.server_sets is None:
            self.server_sets = {}
            for variable, text in _sets(list(every(self.server))):
                self.server_sets[variable] = text if self.server_sets.get(variable, text) == text else None
        return self.server_sets.get(name)

    def resolve(self, text: str, values: Values) -> Optional[str]:
        """The only thing that a text with variables can be, or None."""

        def replace(match: Match[str]) -> str:
            return self.value((match.group(1) or match.group(2)).lower(), values) or "$"

        for _round in range(_MOST_ROUNDS):
            if "$" not in text or text.count("$") > _MOST_VARIABLES or len(text) > BUFFER:
                break
            text = _VARIABLE.sub(replace, text)
        return None if "$" in text else text

    def problem(self, address: str) -> Optional[Tuple[str, Optional[str], Optional[str]]]:
        """(kind, its values) where nginx refuses an address that is no upstream's name, else None."""
        fault = _fault(address)
        host, port = _address(address)
        if fault is None and not _is_unix(address) and host.lower() in self.upstreams:
            return "upstream_with_port", host, port
        return ("bad_address", fault, address) if fault else None

    def route(self, one: Directive, level: Level, location: str) -> "Route":
        written, variable = one.args[0], "$" in one.args[0]
        address = self.resolve(written, level["values"]) if variable else written
        name: Optional[str] = None
        endpoints: List[Target] = []
        keepalive = 0
        upstream = self.upstreams.get(address.lower()) if address else None
        if upstream:
            name, endpoints, keepalive = address, upstream.endpoints, upstream.keepalive
        elif address:
            problem = self.problem(address)
            if problem is None:
                endpoints = [_endpoint(address, one)]
            elif not variable:
                self.conf.refuse(one, *problem)
                name = address if re.match(r"[A-Za-z][\w.-]*\Z", address) else None
        return {
            "site": self.site["site"],
            "server_names": self.site["server_names"],
            "server": self.site["server"],
            "listen": self.site["listen"],
            "location": location,
            "file": one.file,
            "line": one.line,
            "pass": written,
            "upstream": name,
            "variable": variable,
            "endpoints": endpoints,
            "upstream_keepalive": keepalive,
            "read_timeout": level["read_timeout"],
            "connect_timeout": level["connect_timeout"],
            "send_timeout": level["send_timeout"],
            "keep_conn": level["keep_conn"],
            "root": level["root"],
            "params": level["params"],
        }


def routes(conf: Conf, prefix: str) -> List["Route"]:
    """The routes in the configuration's order; nginx's refusals go to conf.errors. prefix: of a relative
    root.
    """
    found = _Routes(conf, prefix)
    for one in conf.directives:
        if one.name == "http" and one.block:
            found.http(one.block)
    return found.found
