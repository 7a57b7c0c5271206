# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's files make of a path behind a script's name, such as /index.php/about: PATH_INFO."""

import re
from typing import TYPE_CHECKING, List, Optional

from ...parse.nginx.conf import Directive
from ...parse.nginx.locations import matches
from ...parse.nginx.site_logs import writers
from ..host import Host
from ..logs.log_window import MOST_TAILS, PAGES_TAIL, tail
from .front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front, Nginx

# No location takes it; try_files looks for it; it is emptied, or not handed on; it stands in a script's name.
NO_LOCATION, NO_FILE, EMPTIED, NOT_HANDED, AS_SCRIPT = [
    "no_location",
    "no_file",
    "emptied",
    "not_handed",
    "as_script",
]
_SCRIPT = re.compile(r"(/.*?\.php)/")
SPLIT, VARIABLE = "fastcgi_split_path_info", "$fastcgi_path_info"
# As the formats that most have write it: strangers, who try names, get 404.
_USED = {
    "path_info": re.compile(rb'"[A-Z]{3,8} /[^" ?]{0,200}\.php/[^" ?][^" ]* HTTP/[\d.]+" [23]\d\d '),
    "sent_place": re.compile(rb'"[A-Z]{3,8} /[^" ]* HTTP/[\d.]+" 404 '),
}


def _at(way: Way, kind: str, at: Directive) -> "Front":
    return way.front(kind, at, way.uri)


def path_info(way: Way, raw: str = "") -> "Optional[Front]":
    """raw: the file of a php.ini or pool that switches cgi.fix_pathinfo off."""
    if not way.known or not _SCRIPT.match(way.uri):
        return None
    names = way.tries[0].args if way.tries else []
    if not way.passes:
        return None if names and names[-1][:1] != "=" else _at(way, NO_LOCATION, way.blocks[-1])
    split, taken = way.near(SPLIT)[-1:], False  # that takes the path off the script's name
    takes = matches(split[0].args[0], way.uri) if split else False
    if takes is None:
        return None
    split = split if takes else []
    if names:
        taken = bool(split) and "$fastcgi_script_name" in names[:-1]
        if not taken:
            return _at(way, NO_FILE, way.tries[0]) if names[-1][:1] == "=" else None
    params = [each for each in way.near("fastcgi_param") if len(each.args) > 1]
    handed = [each for each in params if each.args[0] == "PATH_INFO"]
    script = "".join(each.args[1] for each in params if each.args[0] == "SCRIPT_FILENAME")
    if raw and not split and script.endswith("$fastcgi_script_name"):
        return {**_at(way, AS_SCRIPT, way.passes[0]), "found": raw}
    if not handed:
        return _at(way, NOT_HANDED, (split or way.passes)[0])
    if VARIABLE in handed[-1].args[1] and (taken or not split):
        return _at(way, EMPTIED, way.tries[0] if taken else handed[-1])
    return None


def wrong_way(
    host: Host, prefix: str, http: Directive, server: Directive, uri: str, raw: str
) -> "Optional[Front]":
    """Of a path behind a script's name, where the script alone comes to php-fpm."""
    script = _SCRIPT.match(uri)
    if not script or not Way(host, prefix, http, server, script.group(1)).passes:
        return None
    return path_info(Way(host, prefix, http, server, uri), raw)


def meant_way(host: Host, prefix: str, http: Directive, server: Directive) -> "Optional[Front]":
    """The same, where somebody wrote that the path is to be split off, and PHP does not get it."""
    way = Way(host, prefix, http, server, "/index.php/path")
    found = wrong_way(host, prefix, http, server, way.uri, "")
    handed = [each for each in way.near("fastcgi_param") if each.args[0] == "PATH_INFO"]
    if not found or not way.near(SPLIT) or found["kind"] not in (EMPTIED, NOT_HANDED):
        return None
    return {**found, "kind": "path_info"} if handed else None


def used_ways(host: Host, nginx: "Nginx", fronts: "List[Front]") -> "List[Front]":
    """Without those of sites where nobody gets pages behind a script's name: tutorials have them. And without
    directories of files that nobody misses.
    """

    def is_used(front: "Front") -> bool:
        sites = [route["site"] for route in nginx["routes"] if route.get("server") == front["server"]]
        logs = writers(site for site in nginx.get("site_logs") or [] if site["site"] in sites)
        used = _USED[front["kind"]]
        return any(used.search(tail(host, path, PAGES_TAIL)) for path in list(logs)[:MOST_TAILS])

    return [front for front in fronts if front["kind"] not in _USED or is_used(front)]
