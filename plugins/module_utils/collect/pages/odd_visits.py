# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors who do not get what they ask for, of whom no error log tells; and where paths behind a script's
name lead them.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Tuple

from ...parse.nginx.access_log import AccessLog
from ...parse.nginx.access_pages import TLS
from ...parse.nginx.conf import Conf, Directive, every
from ...parse.nginx.failed_parts import DENIED, failed_parts
from ...parse.nginx.log_format import LineFormat
from ...parse.nginx.odd_visits import PATH_INFO, PERMALINK, odd_visits
from ...parse.nginx.redirects import CIRCLE, sent_on
from ...parse.nginx.routes import server_names, site_name
from ...parse.nginx.served import servers
from ...parse.nginx.site_logs import writers
from ..host import Host
from ..logs.access_logs import TAIL, forms_of
from ..logs.log_window import MOST_TAILS, tail
from ..nginx.nginx_files import Reading
from ..php_fpm.last_start import ini_files
from .assets import assets, keeps_redirects, without_ssl
from .front_pages import Way
from .path_info import wrong_way
from .permalinks import KIND, permalinks

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.visits import OddVisits

MOST_PATHS = 8  # of a site
OF_PATHS = (PATH_INFO, PERMALINK)
LONGEST = 100  # of a path: visitors choose it, and the patterns of nginx's files are asked for it
_FIX = re.compile(r"(?m)^\s*(?:php(?:_admin)?_(?:value|flag)\[)?cgi\.fix_pathinfo\]?\s*=\s*\"?(\w+)", re.I)
_DENIES = re.compile(r"limit_except |modsecurity on|SecRulesEnabled|if .*\$request_method")
_OFF = ("0", "off", "no", "false")


def _unfixed(host: Host, snapshot: "Snapshot") -> Dict[str, str]:
    """endpoint -> file, of the pools whose PHP does not look for the script in a path."""
    found: Dict[str, str] = {}
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"]:
            files = ini_files(host, master["config"]) + [pool["file"] or ""]
            written = [(value, path) for path in files for value in _FIX.findall(host.text(path) or "")]
            if pool["endpoint"] and written and written[-1][0].lower() in _OFF:
                found[pool["endpoint"]] = written[-1][1]
    return found


def _blocks(conf: Conf) -> List[Tuple[Directive, Directive]]:
    """http and server, of sites of PHP."""
    return [
        (http, server)
        for http, server in servers(conf)
        if any(each.name == "fastcgi_pass" for each in every(server.block or []))
    ]


def _ways(host: Host, snapshot: "Snapshot", conf: Conf, visits: "List[OddVisits]") -> "List[Front]":
    """Where nginx leads the paths behind a script's name that visitors missed."""
    nginx = snapshot["nginx"]
    prefix = nginx["prefix"] or ""
    logs = writers(nginx.get("site_logs") or [])
    paths: Dict[str, List[str]] = {}  # by site
    for each in visits:
        if each["kind"] in OF_PATHS and len(each["path"]) <= LONGEST:
            by_log = logs[each["log"]].sites if each["log"] in logs else []
            for site in [each["site"]] if each["site"] is not None else [of["site"] for of in by_log]:
                paths.setdefault(site, []).append(each["path"])
    unfixed = _unfixed(host, snapshot)
    raw: Dict[Tuple[str, int], str] = {}
    for route in nginx["routes"]:
        files = [unfixed[each["endpoint"]] for each in route["endpoints"] if each["endpoint"] in unfixed]
        if files and route.get("server"):
            raw[(route["server"]["file"], route["server"]["line"])] = files[0]
    found: List[Front] = []
    for http, server in _blocks(conf):
        ini = raw.get((server.file, server.line), "")
        chosen = list(dict.fromkeys(paths.get(site_name(server_names(server.block or [])), [])))[:MOST_PATHS]
        if host.left() <= 0:
            break
        ways = [
            wrong_way(host, prefix, http, server, path, ini) or permalinks(host, prefix, http, server, path)
            for path in chosen
        ]
        found += {way["kind"] == KIND: way for way in ways if way}.values()
    return found


def _denying(host: Host, http: Directive, server: Directive) -> "List[Front]":
    """What may refuse forms alone."""
    rules = [each for each in every([http, server]) if _DENIES.match(" ".join([each.name, *each.args]))]
    return [Way(host, "", http, server, "/").front(DENIED, each, "") for each in rules]


def collect_odd_visits(
    host: Host, snapshot: "Snapshot", since: float, beside: bool
) -> Tuple[List["OddVisits"], List["Front"]]:
    """(the visits, where nginx leads those that were missed). beside: scripts and styles, too."""
    nginx = snapshot["nginx"]
    known: Dict[str, LineFormat] = {}
    visits: List[OddVisits] = []
    for path, who in list(writers(nginx.get("site_logs") or []).items())[:MOST_TAILS]:
        forms, why = forms_of(nginx, who, known)
        if not why and not who.by_end and host.left() > 0:
            log = AccessLog(path, forms, who.sites, since, host.now())
            pages = list(log.last_pages(tail(host, path, TAIL, since), True))[::-1]
            visits += odd_visits(pages, nginx["version"], path) + sent_on(pages, path)
            visits += failed_parts(pages, path)
    circles = [each for each in visits if each["kind"] in (CIRCLE, DENIED)]
    missed = any(each["kind"] in OF_PATHS for each in visits)
    spoken = any(each["kind"] == TLS for each in visits)
    if not missed and not circles and not beside and not spoken:
        return visits, []
    conf = Reading.of(host, nginx).conf
    ways = _ways(host, snapshot, conf, visits) if missed else []
    ways += without_ssl(host, nginx["prefix"] or "", _blocks(conf), conf) if spoken else []
    blocks = {site_name(server_names(server.block or [])): (http, server) for http, server in _blocks(conf)}
    for each in circles:
        for http, server in [blocks[each["site"]]] if each["site"] in blocks else []:
            kept = keeps_redirects(host, nginx["prefix"] or "", http, server, each["status"])
            ways += [kept] if kept else []
            ways += _denying(host, http, server)[:1]
    found = assets(host, nginx, blocks, since) if beside else ([], [])
    return visits + found[0], ways + found[1]
