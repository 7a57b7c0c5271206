# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites beside a main file that includes none of them."""

import re
from typing import List, Sequence

from ...parse.titles import FPM_MASTER
from ..host import Host, HostError, decode
from ..linux.processes import Process
from .nginx_files import Reading

MOST_BYTES, LONGEST_LINE, MOST_FILES = 64 * 1024, 4096, 64
_PLACES = (("sites-enabled/", ""), ("conf.d/", ".conf"), ("vhosts.d/", ".conf"))
_PASSES = re.compile(r"""(?![ \t]*#)[^#]*?\bfastcgi_pass\s+["']?(?:unix:)?([^\s;:"']+)""")
# Of these php-fpm may be, and nginx's sites what is left of another time.
_OTHERS = {"apache2", "httpd", "lighttpd", "caddy", "h2o", "lshttpd", "litespeed", "openlitespeed"}
# A copy that an editor or a package left, or a file that somebody put aside.
COPY = re.compile(r"^\.|~$|^#|\.(?:bak|old|orig|save|swp|off|disabled|dpkg-\w+|rpm\w+|ucf-\w+)\d*$", re.I)
WHY = "%s includes nothing of it, and %s passes to php-fpm: visitors do not get that site"


def _passed_to(reading: Reading, path: str) -> List[str]:
    """Sockets, addresses and names of upstreams."""
    try:
        content = reading.content(path, MOST_BYTES) if reading.host.left() > 0 else None
    except HostError:
        return []
    lines = decode(content[0]).split("\n") if content else []
    return [at.group(1) for at in [_PASSES.match(line[:LONGEST_LINE]) for line in lines] if at]


def _is_served(host: Host, to: str) -> bool:
    """A socket that is not there is of another time."""
    return to[:1] != "/" or host.type_of(to) == "socket"


def note_left_out(host: Host, config: str, reading: Reading) -> None:
    """Files beside sites that nginx does not include. No verdict depends on them."""
    folder = config.rpartition("/")[0] + "/" + _PLACES[0][0]
    left = [
        name
        for name in sorted(host.names(folder))[:MOST_FILES]
        if folder + name not in reading.changes and not COPY.search(name)
        if any(_is_served(host, to) for to in _passed_to(reading, folder + name))
    ]
    if left and reading.account is None:
        why = "nginx does not include %s there, which passes to php-fpm"
        host.miss("site_left_out", folder, why % ", ".join(left[:5]))


def miss_left_out(host: Host, procs: Sequence[Process], config: str, reading: Reading) -> None:
    """reading: of the files that nginx includes."""
    here = [process for process in procs if not process.foreign]
    runs = any(FPM_MASTER.match(process.cmdline) for process in here)
    if not runs or reading.account is not None or any(process.comm in _OTHERS for process in here):
        return
    for name, end in _PLACES:
        place = config.rpartition("/")[0] + "/" + name
        files = [place + each for each in sorted(host.names(place)) if each.endswith(end)]
        if set(files).intersection(reading.changes):
            continue
        for path in files[:MOST_FILES]:
            if any(_is_served(host, to) for to in _passed_to(reading, path)):
                host.miss("nginx_route", place, WHY % (config, path))
                break
