# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that nginx's files lead past, and scripts whose source they send."""

import re
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional

from ..parse.nginx.conf import Conf, Directive, every, named
from ..parse.nginx.routes import server_names, site_name
from .host import Host
from .request_way import Way

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Front, NamedBlock, Nginx

MOST = 64
INDEX = "/index.php"
LARGE = 1 << 16  # bytes of a directory with thousands of names
_BEGIN = re.compile(r"\^(/(?:[\w-]+/)+)")  # of a regular expression


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
    uris = ["/", INDEX] + [end for end in ends if end.endswith(".php") and end != INDEX]
    for front in map(way, uris):
        yield front.wrong() if front.known else None
    for folder in _folders(host, way("/").file(), server):
        index = way(folder + "index.php")
        place = index.file()[: -len("index.php")]
        listed = index.known and not index.passes and "$" not in place and host.type_of(place)
        names = host.names(place) if listed and host.stat(place).size < LARGE else []
        for script in [way(folder + name) for name in names if name.endswith(".php")][:MOST]:
            yield script.source("source") if script.known and not script.passes else None
    if any(each.name == "fastcgi_split_path_info" for each in every(server.block or [])):
        from .path_info import meant_way

        yield meant_way(host, prefix, http, server)


def _sent_source(host: Host, prefix: str, http: Directive, server: Directive) -> List["Front"]:
    """Of a server that passes nothing on. An index that names a script is a person's word for it."""
    way = Way(host, prefix, http, server, INDEX)
    front = way.source("source") if way.known else None
    if not front:
        return []
    root = front["looked_for"][: -len(INDEX)]
    names = [name for each in Way(host, prefix, http, server, "/").near("index") for name in each.args]
    first = next((name for name in names if way.is_file(root + "/" + name)), "")
    block = server.block or []
    listen = [each.args[0] for each in named(block, "listen") if each.args]
    site: NamedBlock = {
        "name": site_name(server_names(block)) or "default",
        "listen": (listen or ["80"])[0],
        "file": server.file,
        "line": server.line,
    }
    return [{**front, "kind": "source_front" if first == INDEX[1:] else "source", "site": site}]


def _fronts(host: Host, prefix: str, http: Directive, server: Directive) -> List["Front"]:
    """Of a server, the last of each kind."""
    names = {each.name for each in every(server.block or [])}
    if "fastcgi_pass" in names:
        choices: List[Dict[str, str]] = [{}]
        if any(each.name == "map" for each in http.block or []):
            from .maps import choices_of

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
    return _sent_source(host, prefix, http, server)


def front_pages(host: Host, conf: Conf, prefix: str, nginx: "Optional[Nginx]" = None) -> List["Front"]:
    found: List[Front] = []
    for http in conf.directives:
        inside = http.block or [] if http.name == "http" else []
        # It is asked again for each request: thousands of servers are no part of it.
        http = http._replace(block=[each for each in inside if each.name not in ("server", "upstream")])
        for server in inside:
            if server.name == "server" and len(found) < MOST:
                try:
                    found += _fronts(host, prefix, http, server)
                except Exception as error:  # it may have been changed meanwhile
                    host.miss("collector_failed", "front_pages", "line %s: %s" % (server.line, error))
    if nginx and any(each["kind"] == "path_info" for each in found):
        from .path_info import used_ways

        found = used_ways(host, nginx, found)
    php = any(each.name == "fastcgi_pass" for each in every(conf.directives))
    # Where nothing runs PHP, scripts may be files like others, but for one that an index names.
    return [each for each in found if php or each["kind"] != "source"]


def has_twins(conf: Conf) -> bool:
    """Whether two server blocks have a name in common; those of 80 and 443 have, too."""
    servers = [
        each.block or [] for http in conf.directives for each in http.block or [] if each.name == "server"
    ]
    lines = [named(server, "server_name") for server in servers]
    names = [
        name for of_server in lines for name in {name for each in of_server for name in each.args} or {""}
    ]
    return len(names) > len(set(names))
