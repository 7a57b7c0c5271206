# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that nginx's files lead past, and scripts whose source they send."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional

from ...parse.nginx.conf import Conf, Directive, every, named
from ...parse.nginx.lexer import VARIABLE
from ...parse.nginx.locations import locate, matches
from ...parse.nginx.served import servers
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front, Nginx

MOST = 64
LARGE = 1 << 16  # bytes of a directory with thousands of names
STUB = 32  # bytes: <?php // Silence is golden.
# What may answer before a file is looked for.
_STOPS = re.compile(r"return|rewrite|deny|internal|auth_|satisfy|.*(?:(?<!fastcgi)_pass$|lua|js_|perl|_link)")
# Inside an if beside them: what leads some requests elsewhere.
_LEADS = ("fastcgi_pass", "root")
_NO_FILE = re.compile(r"\(\s*!-([efd])\s+\$request_filename\s*\)\Z")
_URIS = ("uri", "document_uri", "request_uri", "fastcgi_script_name")
_BEGIN = re.compile(r"\^(/(?:[\w-]+/)+)")  # of a regular expression
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
        inside = [each for depth in range(1, len(self.levels)) for each in self._acting(depth)]
        maybe = [inner for each in named(inside, "if") for inner in every(each.block or [])]
        stops = any(_STOPS.match(each.name) for each in inside + maybe)
        self.known = found.certain and not stops and not named(maybe, *_LEADS)

    def _acting(self, depth: int) -> List[Directive]:
        """Of a level without what leaves this request as it is: rewrites of other paths, and a front
        controller's condition on what is no file.
        """
        return [
            each
            for each in self.levels[depth]
            if not (each.name == "rewrite" and each.args and matches(each.args[0], self.uri) is False)
            and not (each.name == "if" and self._is_spared(each, depth))
        ]

    def _is_spared(self, condition: Directive, depth: int) -> bool:
        """Whether this is a file, or where it would be led, by which a server leads a request once."""
        asks = _NO_FILE.match(" ".join(condition.args))
        rewrites = named(condition.block or [], "rewrite")
        if not asks or {each.name for each in condition.block or []} - {"rewrite", "break"}:
            return False
        if depth == 1 and rewrites and all(each.args[1].split("?")[0] == self.uri for each in rewrites):
            return True
        roots = [named(level, "root", "alias")[-1:] for level in self.levels[: depth + 1]]
        at = next(filter(None, reversed(roots)), [])
        path = "$" if at and at[-1].name == "alias" else self.root(at) + self.uri
        kinds = {"f": ("file",), "d": ("directory",), "e": ("file", "directory")}[asks.group(1)]
        return "$" not in path and self.host.type_of(path.rstrip("/")) in kinds

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
        wanted, at = self.file(), self.passes[0]
        if not (self.tries and self.tries[0].args[-1] == "=404" and self.host.lacks(wanted)):
            names = [each for each in self.near("fastcgi_param") if each.args[0] == "SCRIPT_FILENAME"]
            text = self.text(names[-1].args[-1], self.root(self.near("root", "alias"))) if names else "$"
            wanted = re.sub("/+", "/", text)
            at = names[-1] if names and names[-1].args[-1][:1] == "/" else at  # of a directory of its own
        if "$" in wanted or not (self.host.lacks(wanted) or self.host.type_of(wanted) == "directory"):
            return None
        roots = [self.root([each]) for each in named(self.all + self.levels[0], "root", "alias")]
        there = [root + self.uri for root in roots if self.is_file(root + self.uri)]
        if not there and self.maps:
            way = self.near("root", "alias")
            return self.front("map_root", way[-1], wanted, self.root(way)) if way else None
        front = self.front("no_root", at, wanted, there[0] if there else "")
        if at.name == "fastcgi_param":
            front["written"] = " is ".join(at.args)[:200]
        return front if there else None

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


def _folders(host: Host, root: str, server: Directive) -> List[str]:
    """Paths of directories that locations before PHP's may take from it."""
    found: List[str] = []
    for modifier, path in [(each.args[0], each.args[-1]) for each in named(server.block or [], "location")]:
        begin = _BEGIN.match(path)
        if modifier == "^~":
            found.append(path.rstrip("/") + "/")
        elif modifier[:1] == "~" and "\\." not in path:
            names = host.names(root) if "$" not in root and host.type_of(root) else []
            below = ["/%s/" % name for name in names[:MOST] if "." not in name]
            found += below + ([begin.group(1)] if begin else [])
    return list(dict.fromkeys(found))


def _of_server(
    host: Host, prefix: str, http: Directive, server: Directive, maps: Dict[str, str]
) -> Iterator[Optional["Front"]]:
    def way(uri: str) -> Way:
        return Way(host, prefix, http, server, uri, maps)

    ends = [re.split(r"[?$]", each.args[-1])[0] for each in way("/").tries]
    uris = ["/", "/index.php"] + [end for end in ends if end.endswith(".php") and end != "/index.php"]
    for front in map(way, uris):
        yield front.wrong() if front.known else None
    for folder in _folders(host, way("/").file(), server):
        index = way(folder + "index.php")
        place = index.file()[: -len("index.php")]
        listed = index.known and not index.passes and "$" not in place and host.type_of(place)
        names = host.names(place) if listed and host.stat(place).size < LARGE else []
        for script in [way(folder + name) for name in names if name.endswith(".php")][:MOST]:
            yield script.source("source") if script.known and not script.passes else None
    used = {each.name for each in every(server.block or [])}
    if "internal" in used and "log_not_found" in used | {each.name for each in http.block or []}:
        from .sent_places import sent_places

        yield from sent_places(host, prefix, http, server)
    if "fastcgi_split_path_info" in used:
        from .path_info import meant_way

        yield meant_way(host, prefix, http, server)


def _fronts(host: Host, prefix: str, http: Directive, server: Directive) -> List["Front"]:
    """Of a server, the last of each kind."""
    names = {each.name for each in every(server.block or [])}
    if "fastcgi_pass" in names:
        choices: List[Dict[str, str]] = [{}]
        if any(each.name == "map" for each in http.block or []):
            from ..nginx.maps import choices_of

            choices = choices_of(http, server)
        by_kind = [
            {each["kind"]: each for each in _of_server(host, prefix, http, server, maps) if each}
            for maps in choices
        ]
        for each in by_kind:
            if "source_front" in each:
                each.pop("source", None)
        # Of a map each value counts that may be meant: PHP finds no page with any of them.
        alike = [set(each) | {"no_root"} if "map_root" in each else set(each) for each in by_kind]
        return [
            front
            for kind, front in by_kind[0].items()
            if all((kind if kind != "map_root" else "no_root") in each for each in alike)
        ]
    if any(name.endswith("_pass") for name in names) or not names.intersection(("root", "alias")):
        return []
    from .sent_source import sent_source

    return sent_source(host, prefix, http, server)


def front_pages(host: Host, conf: Conf, prefix: str, nginx: "Optional[Nginx]" = None) -> List["Front"]:
    found: List[Front] = []
    for http, server in servers(conf):
        if len(found) >= MOST:
            break
        try:
            found += _fronts(host, prefix, http, server)
        except Exception as error:  # it may have been changed meanwhile
            host.miss("collector_failed", "front_pages", "line %s: %s" % (server.line, error))
    if nginx and any(each["kind"] in ("path_info", "sent_place") for each in found):
        from .path_info import used_ways

        found = used_ways(host, nginx, found)
    php = any(each.name == "fastcgi_pass" for each in every(conf.directives))
    # Where nothing runs PHP, scripts may be files like others, but for one that an index names.
    return [each for each in found if php or each["kind"] != "source"]


def has_twins(conf: Conf) -> bool:
    """Whether two server blocks have a name in common; those of 80 and 443 have, too."""
    lines = [named(server.block or [], "server_name") for _http, server in servers(conf)]
    names = [
        name for of_server in lines for name in {name for each in of_server for name in each.args} or {""}
    ]
    return len(names) > len(set(names))
