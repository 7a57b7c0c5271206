# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors of the neighbours' sites while something is done to the host. Each lost page is noted."""

import http.client
import json
import signal
import subprocess
import sys
import time

SITES = ("tenant1.example", "tenant2.example")
PAUSE = 0.1


def page(site):
    """None for a good page, else what came instead."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
    try:
        connection.request("GET", "/index.php", headers={"Host": site})
        answer = connection.getresponse()
        answer.read()
        return None if answer.status == 200 else "%s: HTTP %d" % (site, answer.status)
    except OSError as error:
        return "%s: %s" % (site, error)
    finally:
        connection.close()


class Visitors:
    """Use it as `with Visitors() as visitors`. Afterwards, lost: texts of what went wrong meanwhile; count:
    how many pages were asked for.
    """

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE)
        self.process.stdout.readline()  # the first round is over
        return self

    def __exit__(self, *_error):
        self.process.send_signal(signal.SIGTERM)
        answer = json.loads(self.process.communicate()[0].decode())
        self.lost, self.count = answer["lost"], answer["count"]


def main():
    over, lost, count = [], [], 0
    signal.signal(signal.SIGTERM, lambda *_arguments: over.append(True))
    while not over:
        for site in SITES:
            wrong = page(site)
            count += 1
            if wrong:
                lost.append(wrong)
        if count == len(SITES):
            print("", flush=True)
        time.sleep(PAUSE)
    print(json.dumps({"lost": lost, "count": count}), flush=True)


if __name__ == "__main__":
    main()
