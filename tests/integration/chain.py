# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain from an alert to a cure, on this machine: Prometheus, Alertmanager and ansible-rulebook.

The hosts have node exporter and the role monitor. All of it ends with the context.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import yaml

from tests.run import env, hosts, prometheus

TOKEN = "a-token-of-the-test"
RULES = env.CHECKOUT / "roles" / "monitor" / "files" / "webmedic.rules.yml"
EXPORTER = "/usr/local/bin/prometheus-node-exporter"
TEXTFILES = "/var/lib/prometheus/node-exporter"
START_EXPORTER = """
systemd-run --quiet --unit=node-exporter --property=DynamicUser=yes %s \\
    --collector.disable-defaults --collector.textfile --collector.textfile.directory=%s
""" % (EXPORTER, TEXTFILES)
SLOW = 60.0  # seconds that a program may take to listen


class Answer(NamedTuple):
    status: int
    text: str


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(what: Callable[[], bool], seconds: float, pause: float = 0.2) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def java() -> None:
    """ansible-rulebook needs Java 17 or newer."""
    if not os.environ.get("JAVA_HOME") and not shutil.which("java"):
        env.apt("default-jre-headless")


class Chain:
    """A context. place: for the files of all of them. inventory and collections: of the playbooks."""

    def __init__(self, place: Path, inventory: Path, collections: Path, more: Mapping[str, Any]) -> None:
        self.place, self.inventory, self.collections = place, inventory, collections
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.directory = place / "alerts"
        self.home = env.venv("rulebook", env.controller())
        self.webhook, self.alertmanager, self.prometheus = free_port(), free_port(), free_port()
        self.variables = {
            "eda_token": TOKEN,
            "eda_port": self.webhook,
            "eda_hosts": "all",
            "eda_dir": str(self.directory),
            **more,
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Chain":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def environ(self) -> dict[str, str]:
        return env.environ(self.home, self.collections, **hosts.ENGINE)

    def _start(self, name: str, argv: Sequence[object], port: int) -> None:
        """It listens to the port afterwards."""
        self._listens(name, self._launch(name, argv), port)

    def _launch(self, name: str, argv: Sequence[object]) -> subprocess.Popen[bytes]:
        with (self.place / (name + ".log")).open("wb") as log:
            process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.place,
                env=self.environ(),
            )
        self.started.append(process)
        return process

    def _listens(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        def listens() -> bool:
            if process.poll() is not None:
                return True
            with socket.socket() as tried:
                return tried.connect_ex(("127.0.0.1", port)) == 0

        if not wait_for(listens, SLOW) or process.poll() is not None:
            raise RuntimeError("%s does not listen: %s" % (name, self.log_of(name)[-2000:]))

    def log_of(self, name: str) -> str:
        return (self.place / (name + ".log")).read_text(errors="replace")

    def rulebook(self) -> None:
        """ansible-rulebook with our rulebook."""
        self._listens("rulebook", self._rulebook("rulebook", self.webhook), self.webhook)

    def second(self) -> Callable[[], int]:
        """Another one that has the same directory. What is returned waits for it, and gives its port."""
        port = free_port()
        process = self._rulebook("rulebook2", port)

        def ready() -> int:
            self._listens("rulebook2", process, port)
            return port

        return ready

    def _rulebook(self, name: str, port: int) -> subprocess.Popen[bytes]:
        java()
        variables = self.place / (name + ".yml")
        variables.write_text(yaml.safe_dump({**self.variables, "eda_port": port}))
        program = [self.home / "bin" / "python", self.home / "bin" / "ansible-rulebook"]
        argv = ["--rulebook", "webmedic.php_fpm.cure", "-i", self.inventory, "--vars", variables]
        return self._launch(name, [*program, *argv])

    def watch(self, addresses: Mapping[str, str]) -> None:
        """Prometheus, which asks node exporter on these hosts, and Alertmanager."""
        receiver = {
            "url": "http://127.0.0.1:%d/alerts" % self.webhook,
            "http_config": {"authorization": {"credentials": TOKEN}},
        }
        route = {
            "receiver": "webmedic",
            "group_by": ["host"],
            "group_wait": "1s",
            "group_interval": "10s",
            "repeat_interval": "1h",
        }
        receivers = [{"name": "webmedic", "webhook_configs": [receiver]}]
        self._write("alertmanager.yml", {"route": route, "receivers": receivers})
        targets = ["%s:9100" % address for address in addresses.values()]
        alertmanagers = [{"static_configs": [{"targets": ["127.0.0.1:%d" % self.alertmanager]}]}]
        self._write(
            "prometheus.yml",
            {
                "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
                "rule_files": [str(RULES)],
                "alerting": {"alertmanagers": alertmanagers},
                "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": targets}]}],
            },
        )
        self._start(
            "alertmanager",
            [
                *prometheus.alertmanager(),
                "--config.file=alertmanager.yml",
                "--storage.path=alertmanager",
                "--web.listen-address=127.0.0.1:%d" % self.alertmanager,
                "--cluster.listen-address=",
            ],
            self.alertmanager,
        )
        self._start(
            "prometheus",
            [
                prometheus.program("prometheus"),
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=prometheus",
                "--web.listen-address=127.0.0.1:%d" % self.prometheus,
            ],
            self.prometheus,
        )

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self.place / name).write_text(yaml.safe_dump(dict(content)))

    def samples(self, query: str) -> list[Any]:
        """What Prometheus answers to a query; nothing while it is not ready."""
        url = "http://127.0.0.1:%d/api/v1/query?query=%s" % (self.prometheus, urllib.parse.quote(query))
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                found: list[Any] = json.load(reply)["data"]["result"]
        except OSError:
            return []
        return found

    def post(self, body: bytes, token: str | None = TOKEN, port: int = 0) -> Answer:
        """What Alertmanager would send."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        url = "http://127.0.0.1:%d/alerts" % (port or self.webhook)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as reply:
                return Answer(reply.status, reply.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode(errors="replace"))

    def lines(self) -> list[dict[str, Any]]:
        """The log of decisions."""
        path = self.directory / "decisions.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def decisions(self, host: str) -> list[tuple[str, str]]:
        """About a host, without what was refused."""
        lines = [line for line in self.lines() if line["host"] == host and line["decision"] != "refuse"]
        return [(line["step"], line["decision"]) for line in lines]

    def closed(self, host: str, number: int = 1) -> bool:
        """Whether so many responses for the host have come to their end."""
        return sum(step == "close" for step, _decision in self.decisions(host)) >= number
