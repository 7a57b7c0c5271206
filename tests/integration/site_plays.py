# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the role site over all hosts of a fleet, and what came of them."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.integration.few_hosts import FewHosts
from tests.run import env, hosts

HERE = Path(__file__).resolve().parent
PAIR = ("Have the pair of files as it should be", "Have no such pair")
Result = dict[str, Any]


def variables(preset: str) -> dict[str, Any]:
    """Of the role, for a site of that preset."""
    name = preset.replace("_", "-")
    return {
        "site_name": name,
        "site_server_names": [name + ".example", "www." + name + ".example"],
        "site_root": "/srv/%s/current/public" % name,
        "site_user": name,
        "site_preset": preset,
        "site_longest_request": 4,
        "site_memory_limit": "48M",
        "site_upload_size": "3M",
    }


class Plays:
    """presets: by host."""

    def __init__(self, few: FewHosts, presets: Mapping[str, Sequence[str]]) -> None:
        self.few, self.presets = few, presets
        self.work, self.home = env.WORK / "sites", Path(sys.prefix)
        self.work.mkdir(parents=True, exist_ok=True)
        self.output = ""

    def run(self, *words: str, **more: object) -> dict[str, dict[str, Result]]:
        """{host: {site: what became of its pair}}. more: variables of the role, for all sites."""
        kept, book = self.work / "tasks.jsonl", self.work / "sites.yml"
        kept.unlink(missing_ok=True)
        of_hosts = {
            host: [{**variables(preset), **more} for preset in presets]
            for host, presets in self.presets.items()
        }
        names = list(next(iter(of_hosts.values()))[0])
        tasks = [
            {
                "ansible.builtin.include_role": {"name": "webmedic.php_fpm.site"},
                "vars": {name: "{{ sites[inventory_hostname][%d].%s }}" % (number, name) for name in names},
                "when": "sites[inventory_hostname] | length > %d" % number,
            }
            for number in range(max(map(len, of_hosts.values())))
        ]
        play = {"hosts": list(of_hosts), "gather_facts": False, "strategy": "free", "tasks": tasks}
        book.write_text(json.dumps([{**play, "ignore_errors": True, "vars": {"sites": of_hosts}}]))
        extra = dict(
            hosts.ENGINE,
            WEBMEDIC_TASKS=str(kept),
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="webmedic_tasks",
        )
        argv = [str(self.home / "bin" / "ansible-playbook"), "-i", str(self.few.fleet.inventory), str(book)]
        done = subprocess.run(
            [*argv, *words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            env=env.environ(self.home, env.tree("tree-sites"), **extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output = done.stdout
        (self.work / "output.txt").write_text(done.stdout)
        results: dict[str, dict[str, Result]] = {host: {} for host in of_hosts}
        for line in map(json.loads, kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []):
            result = line["result"]
            if line["task"] in PAIR and not result.get("skipped"):
                name = result.get("invocation", {}).get("module_args", {}).get("name", "?")
                results[line["host"]][name] = result
        return results
