# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets stay on the host: ``python3 -m tests.integration.redaction``.

The secrets of planted.yml are put wherever people keep them. Two hosts are broken so that files with secrets
are edited. Then every module runs through the real engine at full verbosity, with and without --check and
--diff. No secret may be in what is printed, in what the modules return, in the report, or anywhere on the
controller's disk. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.few_hosts import FewHosts, run
from tests.integration.planting import Planting, planted
from tests.run import env, hosts
from tests.run.checks import Check

HERE = Path(__file__).resolve().parent
FLEET = hosts.PREFIX + "redaction"
SITE, POOL = "bookworm-wrong-socket", "bookworm-socket-root"

OF_FACTS: list[tuple[str, dict[str, Any]]] = [
    ("diagnosis_info", {"snapshot": True}),
    ("fpm_info", {"config_test": "always"}),
    ("fpm_socket_info", {}),
    ("fpm_worker_info", {"workers": True}),
    ("fastcgi_route_info", {}),
    ("upstream_error_info", {}),
    ("oom_info", {}),
    ("fpm_ping", {"endpoints": ["unix:/run/php/php8.2-fpm.sock"]}),
]


class Runs:
    """The runs of the engine. kept: the directory of their output; book: the playbook of the modules."""

    def __init__(self, few: FewHosts, planting: Planting, name: str = "redaction") -> None:
        self.few, self.planting = few, planting
        self.home, self.tree = Path(sys.prefix), env.tree("tree-" + name)
        self.kept, self.book = env.WORK / name, env.WORK / (name + "-play.yml")
        shutil.rmtree(self.kept, ignore_errors=True)
        self.kept.mkdir(parents=True)

    def of_change(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of the modules that change something."""
        php = [{"server": "shop.example"}, {"location": "~ \\.php$"}]
        param = {"context": php, "directive": "fastcgi_param"}
        setting, argument = self.planting.places["pool_setting"], self.planting.places["site_argument"]
        return [
            (
                "fpm_config",
                {"pool": "www", "settings": {"env[PLANTED]": setting, "pm.max_children": 9}},
            ),
            ("nginx_config", {**param, "args": ["PLANTED", argument]}),
            ("nginx_config", {**param, "args": ["PLANTED", argument + "\n"]}),
            ("remediation", {"snapshot": True}),
            ("swap_file", {"path": "/swapfile", "size": "64M"}),
        ]

    def engine(self, name: str, program: str, *words: str) -> tuple[str, str]:
        """Run a program of the engine. Returns what it printed, and what the modules returned."""
        returned = self.kept / (name + ".jsonl")
        extra = hosts.ENGINE | {
            "WEBMEDIC_TASKS": str(returned),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "webmedic_tasks",
            "ANSIBLE_DISPLAY_OK_HOSTS": "true",
            "ANSIBLE_HOME": str(self.kept / "ansible"),
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "ANSIBLE_RETRY_FILES_ENABLED": "true",
            "ANSIBLE_LOG_PATH": str(self.kept / "log"),
        }
        argv = [str(self.home / "bin" / program), "-i", str(self.few.fleet.inventory), "-vvvv", *words]
        done = subprocess.run(
            argv,
            env=env.environ(self.home, self.tree, **extra),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout, returned.read_text(encoding="utf-8") if returned.exists() else ""

    def silent(self, name: str, program: str, *words: str) -> Iterator[Check]:
        """Run a program of the engine. Nothing that it prints or returns may hold a secret."""
        printed, returned = self.engine(name, program, *words)
        (self.kept / (name + ".txt")).write_text(printed)
        seen = "webmedic.php_fpm" in printed and returned
        yield Check(
            self.few.fleet.name, "%s ran and returned something" % name, None if seen else printed[-1500:]
        )
        for what, text in (("printed", printed), ("returned", returned)):
            leaks = self.planting.found_in(text)
            yield Check(
                self.few.fleet.name,
                "%s: none of %d secrets is %s" % (name, len(self.planting.words), what),
                "%d: %s" % (len(leaks), leaks[:70]) if leaks else None,
            )

    def play(self, name: str, called: list[tuple[str, dict[str, Any]]], *words: str) -> Iterator[Check]:
        tasks = [{"name": module, "webmedic.php_fpm." + module: arguments} for module, arguments in called]
        self.book.write_text(
            json.dumps([{"hosts": "all", "gather_facts": False, "ignore_errors": True, "tasks": tasks}])
        )
        yield from self.silent(name, "ansible-playbook", str(self.book), *words)

    def remediate(self, name: str, *words: str) -> Iterator[Check]:
        options = {
            "remediate_report_dir": str(self.kept / "report"),
            "remediate_snapshot": True,
            "remediate_probe_path": "/index.php",
        }
        yield from self.silent(
            name, "ansible-playbook", "webmedic.php_fpm.remediate", "-e", json.dumps(options), *words
        )

    def on_disk(self) -> list[str]:
        files = [path for path in sorted(self.kept.rglob("*")) if path.is_file()]
        return [
            "%s: %s" % (path, leak)
            for path in files
            for leak in self.planting.found_in(path.read_text("utf-8", "replace"))
        ]

    def returned(self, name: str, holding: str = "remediation") -> dict[str, dict[str, Any]]:
        """What the task that returned it did return, by host."""
        lines = [
            json.loads(line)
            for line in (self.kept / (name + ".jsonl")).read_text(encoding="utf-8").splitlines()
        ]
        return {line["host"]: line["result"] for line in lines if holding in line["result"]}


def mended(runs: Runs, name: str, host: str, line: str) -> Check:
    """The run changed a file that holds secrets, and shows the changed line without them."""
    result = runs.returned(name).get(host, {})
    diff = "".join(entry.get("prepared", "") for entry in result.get("diff", []))
    return Check(
        host,
        "%s: it is mended, and the changed line is shown" % name,
        None
        if re.search(line, diff, re.M) and "[redacted]" in diff and result.get("status") != "failing"
        else json.dumps(result)[-2500:],
    )


def prove(few: FewHosts) -> Iterator[Check]:
    planting = Planting()
    yield from planted(few, planting)
    runs = Runs(few, planting)
    yield from runs.play("modules of facts", OF_FACTS)
    yield from runs.play("modules in check mode", runs.of_change(), "--check")
    yield from runs.play("modules in check mode with --diff", runs.of_change(), "--check", "--diff")
    yield from runs.remediate("remediate in check mode", "--check")
    report = ["-e", json.dumps({"diagnose_report_dir": str(runs.kept / "audit"), "diagnose_snapshot": True})]
    yield from runs.silent("audit", "ansible-playbook", "webmedic.php_fpm.audit", *report)
    yield from runs.silent(
        "ad hoc diagnosis", "ansible", "all", "-m", "webmedic.php_fpm.diagnosis_info", "-a", "snapshot=true"
    )
    yield from runs.silent(
        "ad hoc remediation", "ansible", "all", "-m", "webmedic.php_fpm.remediation", "--check", "--diff"
    )
    yield from runs.remediate("remediate", "-e", "remediate_hosts=" + SITE)
    yield mended(runs, "remediate", SITE, r"^\+ +fastcgi_pass unix:/run/php/php8.2-fpm.sock;$")
    yield from runs.remediate("remediate with --diff", "--diff", "-e", "remediate_hosts=" + POOL)
    yield mended(runs, "remediate with --diff", POOL, r"^\+listen.acl_users = www-data$")
    leaks = runs.on_disk()
    yield Check(FLEET, "no secret is on the controller's disk", str(leaks[:20]) if leaks else None)
    for host in few.specs:
        logged = planting.found_in(
            "\n".join(
                line
                for line in few.script(host, "journalctl -q --no-pager").splitlines()
                if "Invoked with" in line
            )
        )
        yield Check(host, "its own log has no argument that may be secret", str(logged) if logged else None)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, "bookworm:wrong_socket,bookworm:socket_root", prove, symptoms=True))
