# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: asks pages of its sites. argv[1]: JSON, [[host, port, path, seconds], ...].

Prints what came, in that order: [status, beginning of the body, Retry-After].
"""

import http.client
import json
import ssl
import sys


def ask(name, port, path, seconds):
    if port == 443:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": name})
        got = connection.getresponse()
        return [got.status, got.read(300).decode("utf-8", "replace"), got.getheader("Retry-After")]
    except OSError as error:
        return [0, str(error), None]
    finally:
        connection.close()


print(json.dumps([ask(*each) for each in json.loads(sys.argv[1])]))
