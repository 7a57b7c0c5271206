# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: visitors of a site, until a file is gone. argv: host, path, visitors, the file, and the
one into which it writes {status: how many} then, as JSON; 0 for no answer.
"""

import collections
import http.client
import json
import os
import sys
import threading
import time

name, path, visitors, flag, result = sys.argv[1:6]
seen = collections.Counter()


def visit():
    while os.path.exists(flag):
        connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": name})
            got = connection.getresponse()
            got.read()
            seen[got.status] += 1
        except OSError:
            seen[0] += 1
        connection.close()
        time.sleep(0.01)


threads = [threading.Thread(target=visit) for _number in range(int(visitors))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open(result, "w") as stream:
    json.dump(seen, stream)
