# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Prometheus on loopback for the time of a test, with our alerts, and node exporter in a lab host."""

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.monitor_rules import RULES
from tests.run.prometheus import program

SCRAPE = 15  # seconds
EXPORTER_PORT = 9100


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


class Server:
    def __init__(self, port: int) -> None:
        self.url = "http://127.0.0.1:%d/api/v1/" % port

    def ask(self, what: str, **words: str) -> Any:
        address = self.url + what + ("?" + urllib.parse.urlencode(words) if words else "")
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, text: str) -> list[dict[str, Any]]:
        return list(self.ask("query", query=text)["result"])

    def firing(self) -> list[dict[str, str]]:
        """The labels of each alert that fires."""
        return [alert["labels"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]


def wait(seconds: float, seen: Callable[[], Any], every: float = 0.5) -> Any:
    """The first answer that is true; the last one after that time."""
    until = time.monotonic() + seconds
    while True:
        try:
            answer = seen()
        except OSError:
            answer = None
        if answer or time.monotonic() > until:
            return answer
        time.sleep(every)


@contextmanager
def prometheus(work: Path, targets: list[str]) -> Iterator[Server]:
    """It scrapes these and evaluates our alerts. Its data goes with the directory."""
    work.mkdir(parents=True, exist_ok=True)
    config = {
        "global": {"scrape_interval": "%ds" % SCRAPE},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": targets}]}],
    }
    (work / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    argv = [
        str(program("prometheus")),
        "--config.file=%s" % (work / "prometheus.yml"),
        "--storage.tsdb.path=%s" % (work / "data"),
        "--web.listen-address=127.0.0.1:%d" % port,
        "--log.level=error",
    ]
    with (
        (work / "prometheus.log").open("w") as log,
        subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as daemon,
    ):
        try:
            server = Server(port)
            if not wait(30, lambda: server.ask("status/runtimeinfo")):
                raise SystemExit("Prometheus did not start: " + (work / "prometheus.log").read_text())
            yield server
        finally:
            daemon.terminate()
            daemon.wait(20)
