# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of every site that passes to php-fpm, asked in the host: `sites.py SITE PATH PATIENCE`.

SITE's page is PATH, of the others /index.php. Prints a line for each: its status, 000 without an answer, and
the site. A page that fails is asked for once more.
"""

import glob
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FILES = ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*")
MOST = 40


def servers(text):
    """The texts of the server blocks."""
    for found in re.finditer(r"(?m)^\s*server\s*\{", text):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield text[found.end() : end]


def sites():
    """(name, port) of those that pass to php-fpm."""
    for path in [path for pattern in FILES for path in sorted(glob.glob(pattern))]:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = re.sub(r"(?m)^\s*#.*$", "", stream.read())
        for block in servers(text):
            name = re.search(r"\bserver_name\s+([^\s;]+)", block)
            port = re.search(r"\blisten\s+(?:[^\s;]*:)?(\d+)", block)
            if "fastcgi_pass" in block and name:
                yield name.group(1), port.group(1) if port else "80"


def ask(name, port, path, patience):
    """The status of a page."""
    status = "000"
    for _time in range(2):
        argv = ["curl", "-sk", "-o", "/dev/null", "-m", patience, "-w", "%{http_code}", "-H", "Host: " + name]
        url = "http%s://127.0.0.1:%s%s" % ("s" if port == "443" else "", port, path)
        status = subprocess.run([*argv, url], stdout=subprocess.PIPE, check=False).stdout.decode()
        if "000" < status < "500":
            break
    return status


def main(site, path, patience):
    wanted = list(dict.fromkeys(sites()))[:MOST]

    def line(each):
        return "%s %s:%s" % (ask(*each, path if each[0] == site else "/index.php", patience), *each)

    with ThreadPoolExecutor(8) as pool:
        print("\n".join(pool.map(line, wanted)))


main(*sys.argv[1:])
