# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a request through nginx's files: its location, the file, and what is wrong with it."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Optional

from ..parse.nginx.conf import Directive, every, named
from ..parse.nginx.lexer import VARIABLE
from ..parse.nginx.locations import locate
from .host import Host

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Front

STUB = 32  # bytes: <?php // Silence is golden.
# What may answer before a file is looked for.
_STOPS = re.compile(r"return|rewrite|deny|internal|auth_|satisfy|.*(?:(?<!fastcgi)_pass$|lua|js_|perl|_link)")
# Inside an if beside them: what leads some requests elsewhere.
_LEADS = ("fastcgi_pass", "root")
_URIS = ("uri", "document_uri", "request_uri", "fastcgi_script_name")
_LINKS = (["on"], ["if_not_owner"])


class Way:
    """Of a request."""

    def __init__(
        self,
        host: Host,
        prefix: str,
        http: Directive,
        server: Directive,
        uri: str,
        maps: Optional[Dict[str, str]] = None,
    ) -> None:
        """maps: what variables hold."""
        self.maps = maps or {}
        self.host, self.prefix, self.uri, found = host, prefix, uri, locate(server, uri)
        self.blocks, self.levels = found.blocks, [each.block or [] for each in (http, *found.blocks)]
        self.all = list(every(server.block or []))
        self.passes, self.tries = [named(self.levels[-1], name) for name in ("fastcgi_pass", "try_files")]
        inside = [each for level in self.levels[1:] for each in level]
        maybe = [inner for each in named(inside, "if") for inner in every(each.block or [])]
        stops = any(_STOPS.match(each.name) for each in inside + maybe)
        self.known = found.certain and not stops and not named(maybe, *_LEADS)

    def near(self, *names: str) -> List[Directive]:
        """Those of the nearest level that has any."""
        return next(filter(None, (named(level, *names) for level in reversed(self.levels))), [])

    def text(self, written: str, root: str = "$") -> str:
        """With "$" where it is not known."""
        if "$" not in written:
            return written
        known: Dict[str, str] = dict(self.maps)
        for name, *to in [each.args for each in named(self.all, "set")]:
            known[name[1:]] = to[0] if known.get(name[1:]) in (None, *to) else "$"
        known.update(dict.fromkeys(_URIS, self.uri), document_root=root, realpath_root=root)
        known["request_filename"] = root + self.uri
        if self.maps:
            written = VARIABLE.sub(lambda at: known.get(at.group(1) or at.group(2), at.group()), written)
        return VARIABLE.sub(lambda found: known.get(found.group(1) or found.group(2), "$"), written)

    def root(self, at: List[Directive]) -> str:
        return posixpath.join(self.prefix, self.text(at[-1].args[0] if at else "html")).rstrip("/")

    def file(self) -> str:
        at, uri = self.near("root", "alias"), self.uri
        if at and at[-1].name == "alias":
            uri = uri[len(self.blocks[-1].args[-1].rstrip("/")) :] if at[-1] in self.levels[-1] else "$"
        return self.root(at) + uri

    def is_file(self, path: str) -> bool:
        return "$" not in path and self.host.type_of(path) == "file"

    def front(self, kind: str, at: Directive, wanted: str, found: str = "") -> "Front":
        return {
            "server": {"file": self.blocks[0].file, "line": self.blocks[0].line},
            "kind": kind,
            "looked_for": wanted,
            "found": found,
            "written": " ".join([at.name, *at.args])[:200],
            "file": at.file,
            "line": at.line,
        }

    def link(self) -> Optional["Front"]:
        """That keeps nginx from the file."""
        ats = self.near("disable_symlinks")[-1:]
        path = self.file() if ats and ats[0].args in _LINKS else ""
        if not path or not self.host.type_of(path):
            return None
        for place in [path[: found.end()] for found in re.finditer("/[^/]+", path)]:
            link = self.host.stat(place, False)
            if link.type == "link" and (ats[0].args == ["on"] or link.uid != self.host.stat(place).uid):
                return self.front("symlinks", ats[0], path, place)
        return None

    def script(self) -> Optional["Front"]:
        """A page that is not where PHP is asked for it, and is below another root."""
        wanted = self.file()
        if not (self.tries and self.tries[0].args[-1] == "=404" and self.host.lacks(wanted)):
            names = [each.args for each in self.near("fastcgi_param") if each.args[0] == "SCRIPT_FILENAME"]
            text = self.text(names[-1][-1], self.root(self.near("root", "alias"))) if names else "$"
            wanted = re.sub("/+", "/", text)
        if "$" in wanted or not (self.host.lacks(wanted) or self.host.type_of(wanted) == "directory"):
            return None
        roots = [self.root([each]) for each in named(self.all + self.levels[0], "root", "alias")]
        there = [root + self.uri for root in roots if self.is_file(root + self.uri)]
        if not there and self.maps:
            at = self.near("root", "alias")
            return self.front("map_root", at[-1], wanted, self.root(at)) if at else None
        return self.front("no_root", self.passes[0], wanted, there[0]) if there else None

    def source(self, kind: str) -> Optional["Front"]:
        path, tried = self.file(), self.tries[0].args[:-1] if self.tries else ["$uri"]
        if "$uri" in tried and self.is_file(path) and self.host.stat(path).size > STUB:
            return self.front(kind, self.blocks[-1], path)
        return None

    def wrong(self) -> Optional["Front"]:
        """Of a front page."""
        refused = self.link() if self.tries or not self.passes else None
        if refused or self.uri == "/":
            return refused
        if self.passes:
            return self.script()
        names = [name for each in self.near("index") for name in each.args]
        there = [name for name in names if self.is_file(self.file()[: -len(self.uri)] + "/" + name)]
        return self.source("source_front") if there[:1] == [self.uri[1:]] else None
