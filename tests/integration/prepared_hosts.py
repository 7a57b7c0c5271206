# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose modules answer what a test has prepared, and the plays over them.

The Python of such a host is a script over a local connection. It prints the prepared answer of the module
that it is handed. So a run of ansible-playbook is real but for the hosts.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.hostile_hosts import finding, reply
from tests.run import env, hosts

# Of one run, on a machine that has much else to do.
SECONDS = 400
MODULES = ("diagnosis_info", "risk_info", "remediation", "restart_info", "site_page_info", "bundle_info")
# It prints the answer of the module whose name stands in what it is handed. An answer with the ending .next
# takes its place afterwards. An audit asks risk_info for all that diagnosis_info answers.
INTERPRETER = """#!/bin/sh
cd "$(dirname "$0")" || exit 1
cat > handed.$$
for module in %s; do
    grep -q "modules[./]$module" handed.$$ && break
done
rm -f handed.$$
[ "$module" != risk_info ] || module=diagnosis_info
cat "$module"
[ ! -e "$module.next" ] || mv "$module.next" "$module"
echo "$module" >> asked
""" % " ".join(MODULES)
Answer = dict[str, Any]
# What a host answers that has nothing to say.
FINE: Answer = {
    "changed": False,
    "verdict": "fine",
    "msg": "The next restart would go well.",
    "problems": [],
    "services": [],
    "cuts": [],
    "missing": [],
}
PAGE: Answer = {
    "site": "shop.example",
    "file": "/etc/nginx/sites-enabled/shop",
    "line": 1,
    "asked": True,
    "ok": True,
    "why": "",
    "url": "http://shop.example/",
    "listener": "127.0.0.1:80",
    "tls": False,
    "status": 200,
    "error": None,
    "by": "site",
    "endpoints": [],
    "ms": 1.0,
}
PAGES: Answer = {
    "changed": False,
    "ok": True,
    "msg": "1 site answered as expected.",
    "asked": 1,
    "bad": 0,
    "not_asked": 0,
    "pages": [PAGE],
    "missing": [],
}
__all__ = ("Answer", "Fleet", "Played", "finding", "reply", "shortened")


def shortened(collections: Path) -> Path:
    """That copy of the collection, its MODULES without what a host would run. To pack that takes a second of
    each run, and here no host looks at it.
    """
    for module in MODULES:
        path = collections / env.COLLECTION / "plugins" / "modules" / (module + ".py")
        documentation = path.read_text(encoding="utf-8").partition("\nfrom ansible")[0]
        path.write_text(documentation + "\nfrom ansible.module_utils.basic import AnsibleModule\n")
    return collections


class Played(NamedTuple):
    rc: int
    output: str

    @property
    def one_line(self) -> str:
        return " ".join(self.output.split())


class Fleet:
    """The hosts of one test in a directory of their own, and what they answer."""

    def __init__(self, name: str, home: Path, collections: Path, everything: bool = False) -> None:
        """everything: each variation of a case, and not only those that prove something of their own."""
        self.everything = everything
        self.place = env.WORK / "prepared" / name
        self.home, self.collections = home, collections
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        self.groups: dict[str, list[str]] = {}
        self.names: dict[str, dict[str, str]] = {}

    @property
    def report(self) -> dict[str, Any]:
        path = self.place / "report" / "report.json"
        made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return made

    def host(self, name: str, answer: Answer | None, *groups: str) -> None:
        """answer: of diagnosis_info and remediation; None for a host that cannot be reached."""
        for group in groups:
            self.groups.setdefault(group, []).append(name)
        if answer is None:
            refuses = self.place / "ssh"
            refuses.write_text("#!/bin/sh\necho 'Connection refused' >&2\nexit 255\n")
            refuses.chmod(0o755)
            self.names[name] = {"ansible_host": "192.0.2.1", "ansible_ssh_executable": str(refuses)}
            return
        here = self.place / name
        here.mkdir()
        (here / "python").write_text(INTERPRETER)
        (here / "python").chmod(0o755)
        self.names[name] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(here / "python"),
            "here": str(here),
        }
        self.answers(name, diagnosis_info=answer, remediation=answer, restart_info=FINE, site_page_info=PAGES)

    def answers(self, name: str, ending: str = "", **by_module: Answer) -> None:
        for module, answer in by_module.items():
            (self.place / name / (module + ending)).write_text(json.dumps(answer))

    def calls(self, name: str) -> list[str]:
        path = self.place / name / "asked"
        return path.read_text().split() if path.exists() else []

    def inventory(self) -> Path:
        path = self.place / "inventory.json"
        groups = {group: {"hosts": dict.fromkeys(names)} for group, names in self.groups.items()}
        groups.setdefault("empty", {"hosts": {}})
        path.write_text(json.dumps({"all": {"hosts": self.names, "children": groups}}))
        return path

    def run(
        self, playbook: str, *words: str, options: Mapping[str, Any] | None = None, **engine: str
    ) -> Played:
        """playbook: the name of one of ours, or the text of a user's own."""
        if "\n" in playbook:
            path = self.place / "play.yml"
            path.write_text(playbook)
            playbook = str(path)
        else:
            playbook = "webmedic.php_fpm." + playbook
        report = str(self.place / "report")
        variables = {
            **{role + "_report_dir": report for role in ("diagnose", "remediate", "gate")},
            **{role + "_become": False for role in ("diagnose", "remediate", "gate")},
            **(options or {}),
        }
        done = subprocess.run(
            [
                *(str(self.home / "bin" / "ansible-playbook"), "-i", str(self.inventory()), playbook),
                *("-e", json.dumps(variables), *words),
            ],
            env=env.environ(self.home, self.collections, **dict(hosts.ENGINE, **engine)),
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        return Played(done.returncode, done.stdout)
