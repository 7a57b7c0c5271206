# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which locations of nginx a pool's status and ping page can be asked for, and what keeps strangers out.

php-fpm compares SCRIPT_NAME with pm.status_path and ping.path (fpm_status_handle_request(),
fpm_request_executing()), and looks at it only where a SCRIPT_FILENAME or PATH_TRANSLATED came along
(init_request_info()).
"""

from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .conf import Conf, Directive, named
from .guards import guard, local_only
from .locations import locate
from .routes import server_names, site_name
from .served import servers

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import OpenPage, PageKind

MOST_PAGES = 50
_AS_REQUESTED = ("$fastcgi_script_name", "$uri", "$document_uri", "${fastcgi_script_name}", "${uri}")
_SCRIPT = ("SCRIPT_FILENAME", "PATH_TRANSLATED")


class Page(NamedTuple):
    """Of a pool."""

    pool: str
    config: str  # of its master
    kind: "PageKind"
    path: str
    file: Optional[str]  # where it is set
    line: Optional[int]


# Where a fastcgi_pass stands: file and line of its server, file and line of its own.
At = Tuple[str, int, str, int]


def _params(levels: Sequence[Sequence[Directive]]) -> Dict[str, str]:
    """A level with a fastcgi_param inherits none. levels: outermost first."""
    for block in reversed(levels):
        own = named(block, "fastcgi_param")
        if own:
            return {each.args[0]: each.args[1] for each in own if len(each.args) > 1}
    return {}


def _passes(block: Directive) -> Optional[Directive]:
    return next(iter(named(block.block or [], "fastcgi_pass")), None)


def _locations(blocks: List[Directive]) -> Iterator[List[Directive]]:
    """Each location with a fastcgi_pass, with the blocks around it."""
    for inner in blocks[-1].block or []:
        if inner.name == "location" and inner.args and inner.block is not None:
            way = blocks + [inner]
            if _passes(inner):
                yield way
            yield from _locations(way)


class _Server:
    def __init__(self, http: Sequence[Directive], server: Directive) -> None:
        self.http, self.server = http, server
        inside = server.block or []
        self.listen = [" ".join(each.args) for each in named(inside, "listen")]
        self.site = site_name(server_names(inside))

    def params(self, blocks: Sequence[Directive]) -> Dict[str, str]:
        return _params([self.http, *(block.block or [] for block in blocks)])

    def ways(self, path: str, constant: Sequence[List[Directive]]) -> Iterator[Tuple[List[Directive], bool]]:
        """(the blocks, certain) of each location that hands that SCRIPT_NAME on."""
        found = locate(self.server, path)
        innermost = found.blocks[-1]
        params = self.params(found.blocks)
        script = params.get("SCRIPT_NAME") if any(name in params for name in _SCRIPT) else None
        # try_files looks for a file, and there is none with this name.
        if _passes(innermost) and script in _AS_REQUESTED and not named(innermost.block or [], "try_files"):
            yield found.blocks, found.certain
        for blocks in constant:
            if self.params(blocks)["SCRIPT_NAME"] == path:
                yield blocks, True

    def constant(self) -> List[List[Directive]]:
        """Locations whose SCRIPT_NAME is a text of its own."""
        found = []
        for blocks in _locations([self.server]):
            params = self.params(blocks)
            if params.get("SCRIPT_NAME", "").startswith("/") and any(name in params for name in _SCRIPT):
                found.append(blocks)
        return found


def _url(blocks: Sequence[Directive], path: str, constant: bool) -> str:
    """What a visitor asks for."""
    return " ".join(blocks[-1].args)[:200] if constant else path


def status_pages(
    conf: Conf, led: Mapping[At, Sequence[str]], pages: Mapping[str, Sequence[Page]]
) -> List["OpenPage"]:
    """led: the endpoints to which each fastcgi_pass leads. pages: of the pools behind each endpoint."""
    found: List[OpenPage] = []
    for http, server in servers(conf):
        found += _of_server(_Server(http.block or [], server), led, pages)
    return found[:MOST_PAGES]


def _of_server(
    server: _Server, led: Mapping[At, Sequence[str]], pages: Mapping[str, Sequence[Page]]
) -> Iterator["OpenPage"]:
    place = server.server
    keys = {key for at, keys in led.items() if at[:2] == (place.file, place.line) for key in keys}
    wanted = list(dict.fromkeys(page for key in sorted(keys) for page in pages.get(key, ())))
    constant = server.constant() if wanted else []
    local = local_only(server.listen)
    for page in wanted:
        for blocks, certain in server.ways(page.path, constant):
            to = _passes(blocks[-1])
            behind = led.get((place.file, place.line, to.file, to.line), ()) if to else ()
            if to is None or not any(page in pages.get(key, ()) for key in behind):
                continue
            kept = guard(server.http, blocks)
            why = kept.why if kept else None
            yield {
                "pool": page.pool,
                "config": page.config,
                "kind": page.kind,
                "path": page.path,
                "url": _url(blocks, page.path, blocks in constant),
                "site": server.site,
                "listen": server.listen,
                "server": {"file": place.file, "line": place.line},
                "file": blocks[-1].file,
                "line": blocks[-1].line,
                "location": " ".join(blocks[-1].args)[:200],
                "guard": "it is served on this host alone" if local else why,
                "certain": certain,
            }
