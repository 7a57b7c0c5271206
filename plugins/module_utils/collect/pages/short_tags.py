# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that begin with a tag which PHP is told to take for text, and that visitors get.

What may say otherwise leaves a page out: it would be a false alarm about a page that is well.
"""

import posixpath
import re
from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence

from ...parse.nginx.conf import Directive
from ...parse.nginx.served import servers
from ...parse.nginx.site_logs import writers
from ...parse.php_fpm.php_ini import setting
from ..host import READ_LIMIT, Host, HostError, decode
from ..logs.log_window import MOST_TAILS, PAGES_TAIL, tail
from ..nginx.nginx_files import Reading, latest_touch
from ..php_fpm.last_start import ini_files
from ..trust import head
from .front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx, Route, ShortTag
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.snapshot import Snapshot

NAME, FRONT = "short_open_tag", "/index.php"
MOST_USER_INI = 64 * 1024  # bytes
_OFF = ("", "0", "off", "no", "false", "none")
_OTHER_INI = re.compile(r"\$| (?:-[cdn]|--(?:php-ini|define|no-php-ini)\b)")  # of a command
_OTHER_FILES = re.compile(r"\bPHPRC=|\bPHP_INI_SCAN_DIR=|^EnvironmentFiles=.", re.M)
# What may set it for a pool or a site.
_OWN = re.compile(rb"short_open_tag|user_ini\.filename")
# As the formats that most have write them.
_GOT = re.compile(rb'"GET /index\.php(?:\?[^" ]*)? HTTP/[\d.]+" 200 ')
_GOT_HOME = re.compile(rb'"GET /(?:index\.php)?(?:\?[^" ]*)? HTTP/[\d.]+" 200 ')


def _touched(host: Host, path: str) -> float:
    """A file that is gone since is a change of its directory."""
    try:
        return max(latest_touch(host.stat(place)) for place in (path, posixpath.dirname(path)))
    except HostError:
        return float("inf")


def _reads_php_ini(host: Host, master: "Master") -> bool:
    """Whether it is sure that its php.ini is where its packaging has it."""
    unit = master["unit_state"]
    command = unit["command"] if unit else None
    if not command or _OTHER_INI.search(command) or master.get("account"):
        return False
    ran = host.run(["systemctl", "show", "-p", "Environment,EnvironmentFiles", "--", master["unit"] or ""])
    return ran.rc == 0 and not _OTHER_FILES.search(ran.out)


def _switched_off(host: Host, master: "Master", site: str, script: str) -> "Optional[ShortTag]":
    """By php.ini as it was loaded."""
    tag: "Optional[ShortTag]" = None
    for path in ini_files(host, master["config"]):
        data = head(host, path, READ_LIMIT)
        if data is None or _touched(host, path) > (master["loaded_at"] or 0.0):
            return None
        text = decode(data)
        found = setting(text, NAME)
        if setting(text, "user_ini.filename"):
            return None
        if found:
            off = not found.variable and found.value.lower() in _OFF
            tag = {"site": site, "script": script, "file": path, "line": found.line} if off else None
    return tag if tag and _reads_php_ini(host, master) else None


def _script(way: Way) -> Optional[str]:
    """What php-fpm runs for a front page, where nothing changes PHP's settings on the way."""
    params = {each.args[0]: each.args[1] for each in way.near("fastcgi_param") if len(each.args) > 1}
    root = way.root(way.near("root", "alias"))
    script, below = [way.text(params.get(name, ""), root) for name in ("SCRIPT_FILENAME", "DOCUMENT_ROOT")]
    first = way.tries[0].args[0] if way.tries else "$uri"
    sent = [params.get(name, "") for name in ("PHP_VALUE", "PHP_ADMIN_VALUE")]
    if not (way.known and way.passes) or first not in ("$uri", "$document_uri", "$fastcgi_script_name"):
        return None
    if any("$" in text or NAME in text for text in sent) or below.rstrip("/") not in ("", root):
        return None
    return root + FRONT if re.sub("/+", "/", script) == root + FRONT else None


def _visited(host: Host, nginx: "Nginx", site: str, home: Way, script: str, since: float) -> bool:
    """Whether the site's own access log has visitors who got it."""
    names = [name for each in home.near("index") for name in each.args]
    there = [home.file() + name for name in names if home.is_file(home.file() + name)]
    leads = home.known and not home.passes and there[:1] == [script]
    logs = [
        path
        for path, log in writers(nginx.get("site_logs") or []).items()
        if all(each["site"] == site for each in log.sites)
    ]
    got = _GOT_HOME if leads else _GOT
    return any(got.search(tail(host, path, PAGES_TAIL, since)) for path in logs[:MOST_TAILS])


def _off(host: Host, snapshot: "Snapshot", route: "Route", script: str) -> "Iterator[ShortTag]":
    dialled = {target["endpoint"] for target in route["endpoints"]}
    for master in snapshot["fpm"]["masters"]:
        pools = [pool for pool in master["pools"] if pool["endpoint"] in dialled and not pool["chroot"]]
        if not (pools and master["running"]) or master["config_newer"] is not False or "unseen" in master:
            continue
        user = head(host, posixpath.dirname(script) + "/.user.ini", MOST_USER_INI)
        own = [head(host, path, READ_LIMIT) for path in master["files"]] + [user]
        if any(text is None or _OWN.search(text) for text in own) or len(user or b"") == MOST_USER_INI:
            continue
        tag = _switched_off(host, master, route["site"], script)
        if tag:
            yield tag


def _of_server(
    host: Host, snapshot: "Snapshot", outer: Directive, server: Directive, routes: "List[Route]", since: float
) -> "Iterator[ShortTag]":
    nginx = snapshot["nginx"]
    way, home = [Way(host, nginx["prefix"] or "", outer, server, uri) for uri in (FRONT, "/")]
    script = _script(way)
    at = (way.passes[0].file, way.passes[0].line, way.passes[0].args) if script else None
    for route in [each for each in routes if (each["file"], each["line"], [each["pass"]]) == at][:1]:
        same = script == (route["root"] or "") + FRONT
        if script and same and _visited(host, nginx, route["site"], home, script, since):
            yield from _off(host, snapshot, route, script)


def short_tags(host: Host, snapshot: "Snapshot", scripts: Sequence[str], since: float) -> "List[ShortTag]":
    """scripts: that begin so."""
    nginx = snapshot["nginx"]
    tags: List[ShortTag] = []
    if nginx["config_newer"] or nginx.get("account"):
        return []
    routes = [route for route in nginx["routes"] if (route["root"] or "") + FRONT in scripts]
    for http, server in servers(Reading.of(host, nginx).conf):
        place = {"file": server.file, "line": server.line}
        own = [route for route in routes if route.get("server") == place]
        if own and host.left() > 0:
            tags += _of_server(host, snapshot, http, server, own, since)
    return tags
