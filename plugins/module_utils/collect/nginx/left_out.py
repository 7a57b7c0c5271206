# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites beside a main file that includes none of them."""

import re
from typing import Collection, Sequence

from ...parse.titles import FPM_MASTER
from ..host import Host
from ..linux.processes import Process

_PLACES = (("sites-enabled/", ""), ("conf.d/", ".conf"), ("vhosts.d/", ".conf"))
_PASSES = re.compile(r"^[ \t]*(?:[^#\n]*[;{][ \t]*)?fastcgi_pass\s", re.M)
WHY = "%s includes nothing of it, and %s passes to php-fpm: visitors do not get that site"


def miss_left_out(host: Host, procs: Sequence[Process], config: str, read: Collection[str]) -> None:
    """read: paths of the files that nginx includes."""
    runs = any(FPM_MASTER.match(process.cmdline) for process in procs)
    for name, end in _PLACES if runs else ():
        place = config.rpartition("/")[0] + "/" + name
        files = [place + each for each in sorted(host.names(place)) if each.endswith(end)]
        left = [path for path in files[:64] if _PASSES.search(host.text(path) or "")]
        if left and not set(files).intersection(read):
            host.miss("nginx_route", place, WHY % (config, left[0]))
