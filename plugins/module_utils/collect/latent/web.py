# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration once more, for what stands in it beside the ways to php-fpm."""

import posixpath
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ...parse.endpoint import reached
from ...parse.nginx.conf import Conf, Directive, every
from ...parse.nginx.served import Block, blocks, servers
from ...parse.nginx.shadowed import left_to, set_aside, shadows
from ...parse.nginx.status_pages import At, Page, status_pages
from ..host import Host
from ..nginx.nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Aside, PageKind, Shadowed, Vhost, Web
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_NAMES = 5
MOST_SERVERS = 50

Text = Tuple[Tuple[object, ...], ...]


class Noted(Reading):
    """It also keeps which files a pattern led to."""

    def __init__(self, host: Host, config: str, prefix: str, extra: str, account: Optional[int]) -> None:
        self.by_pattern: Set[str] = set()
        super(Noted, self).__init__(host, config, prefix, extra, account)

    def expand(self, pattern: str) -> List[str]:
        paths = super(Noted, self).expand(pattern)
        self.by_pattern.update(paths)
        return paths


def collect(host: Host, snapshot: "Snapshot") -> "Web":
    nginx = snapshot["nginx"]
    # What it cannot read the snapshot has said already.
    missing, host.missing = host.missing, []
    reading = Noted.of(host, nginx)
    host.missing = missing
    found = blocks(reading.conf)
    php = {
        (route["server"]["file"], route["server"]["line"]) for route in nginx["routes"] if "server" in route
    }
    shadowed = _shadowed(reading.conf, found, php)
    return {
        "pages": status_pages(reading.conf, _led(snapshot), _pages(snapshot)),
        "shadowed": shadowed[:MOST_SERVERS],
        "aside": _aside(host, reading.by_pattern, found, php, shadowed)[:MOST_SERVERS],
    }


def _led(snapshot: "Snapshot") -> Dict[At, List[str]]:
    led: Dict[At, List[str]] = {}
    for route in snapshot["nginx"]["routes"]:
        if "server" not in route:
            continue
        at = (route["server"]["file"], route["server"]["line"], route["file"], route["line"])
        targets = route["endpoints"] + route.get("candidates", [])
        led.setdefault(at, []).extend(target["endpoint"] for target in targets)
    return led


def _pages(snapshot: "Snapshot") -> Dict[str, List[Page]]:
    """The status pages, by each endpoint that nginx dials."""
    listening: Dict[str, List[Page]] = {}
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["running"] else ():
            paths: Dict[PageKind, Optional[str]] = {"status": pool["status_path"], "ping": pool["ping_path"]}
            pages = [
                Page(pool["name"], master["config"], kind, path, pool["file"], pool["line"])
                for kind, path in paths.items()
                if path
            ]
            if pool["endpoint"] and pages:
                listening.setdefault(pool["endpoint"], []).extend(pages)
    found: Dict[str, List[Page]] = {}
    for key, facts in snapshot["endpoints"].items():
        real = "unix:" + facts["real_path"] if facts["real_path"] else None
        found[key] = [page for name in reached(key, real) for page in listening.get(name, ())]
    return found


def _texts(conf: Conf) -> Dict[Tuple[str, int], Text]:
    """What each server block says, wherever it stands."""
    return {
        (server.file, server.line): tuple(map(_as_written, every(server.block or [])))
        for _http, server in servers(conf)
    }


def _as_written(directive: Directive) -> Tuple[object, ...]:
    return (directive.name, *directive.args, directive.block is None)


def _vhost(block: Block, php: Set[Tuple[str, int]]) -> "Vhost":
    return {
        "file": block.file,
        "line": block.line,
        "listen": (block.listen or ["80"])[0].split(" ")[0],
        "php": (block.file, block.line) in php,
        "aside": set_aside(block.file),
    }


def _shadowed(conf: Conf, found: Sequence[Block], php: Set[Tuple[str, int]]) -> List["Shadowed"]:
    pairs = shadows(found)
    texts = _texts(conf) if pairs else {}
    rows: List[Shadowed] = []
    for pair in pairs:
        winner, loser = pair.winner, pair.loser
        rows.append(
            {
                "names": pair.names[:MOST_NAMES],
                "addresses": pair.addresses[:MOST_NAMES],
                "winner": _vhost(winner, php),
                "loser": _vhost(loser, php),
                "alone": not left_to(loser, pairs),
                "same": texts.get((winner.file, winner.line)) == texts.get((loser.file, loser.line)),
            }
        )
    return rows


def _aside(
    host: Host,
    by_pattern: Set[str],
    found: Sequence[Block],
    php: Set[Tuple[str, int]],
    shadowed: Sequence["Shadowed"],
) -> List["Aside"]:
    """Those that share no name with another block: of the others the pair is told."""
    paired = {pair[side]["file"] for pair in shadowed for side in ("winner", "loser")}
    rows: Dict[str, Aside] = {}
    for block in found:
        path = block.file
        if path in paired or path not in by_pattern or not set_aside(path):
            continue
        row = rows.setdefault(
            path, {"path": path, "line": block.line, "names": [], "php": False, "original": None}
        )
        row["names"] = (row["names"] + [name for name in block.names if name])[:MOST_NAMES]
        row["php"] = row["php"] or (block.file, block.line) in php
    for path, row in rows.items():
        stem = posixpath.basename(path)
        beside = sorted(other for other in by_pattern if other != path and _stem_of(other, stem))
        row["original"] = next((other for other in beside if host.type_of(other)), None)
    return list(rows.values())


def _stem_of(other: str, name: str) -> bool:
    """Whether a backup of that name is of the other file."""
    short = posixpath.basename(other)
    return name.startswith((short, (short.rpartition(".")[0] or short) + "."))
