# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors of many hosts from outside, one after the other on each, and what became of each visit."""

import http.client
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple

PAUSE = 0.1  # seconds between two visits of one host
PATIENCE = 20.0  # seconds: more than any page takes on a busy machine


class Visit(NamedTuple):
    began: float  # epoch seconds
    ended: float
    words: str  # what was lost; "": answered with 200


class Visits:
    """A load generator. A context: they come from its beginning to its end."""

    def __init__(self, addresses: Mapping[str, str], site: str, page: str) -> None:
        self.site, self.page = site, page
        self.made: dict[str, list[Visit]] = {host: [] for host in addresses}
        self.over = threading.Event()
        self.threads = [
            threading.Thread(target=self._visit, args=(host, address), daemon=True)
            for host, address in addresses.items()
        ]

    def _visit(self, host: str, address: str) -> None:
        while not self.over.wait(PAUSE):
            began = time.time()
            words = self._ask(address)
            self.made[host].append(Visit(began, time.time(), words))

    def _ask(self, address: str) -> str:
        """A connection for each visit: a kept one would be asked anew where it was closed."""
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        try:
            connection.request("GET", self.page, headers={"Host": self.site})
            answer = connection.getresponse()
            answer.read()
            return "" if answer.status == 200 else "HTTP %d" % answer.status
        except (OSError, http.client.HTTPException) as error:
            return "%s: %s" % (type(error).__name__, error)
        finally:
            connection.close()

    def __enter__(self) -> "Visits":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)

    def between(self, host: str, since: float, until: float) -> list[Visit]:
        """Those that ended in that time."""
        return [visit for visit in self.made[host] if since <= visit.ended <= until]
