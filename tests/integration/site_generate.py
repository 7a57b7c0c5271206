# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook generate: what would break out of a file is refused by its name, and no link is followed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.site_plays import HERE, variables
from tests.run import env, hosts
from tests.run.checks import Check

WHERE = "generate"
# Each form meets more of it in tests/unit/roles/test_site.py.
BAD = ("a\r\nHost: evil", 'a";', "a{\n")
NEXT = "Say what is next"
# Where a list or the settings of PHP hold it, and where a value must begin in some way to get so far.
INSIDE: dict[str, Any] = {
    "site_server_names": lambda bad: ["shop.example", bad],
    "site_redirect_names": lambda bad: [bad],
    "site_upload_paths": lambda bad: ["/" + bad],
    "site_page_status": lambda bad: ["200" + bad],
    "site_php_settings": lambda bad: {"max_input_vars": bad},
    "site_root": lambda bad: "/srv/" + bad,
    "site_vhost_dir": lambda bad: "/etc/nginx/" + bad,
    "site_tls_certificate": lambda bad: "/etc/ssl/" + bad,
    "site_tls_certificate_key": lambda bad: "/etc/ssl/" + bad,
    "site_page_path": lambda bad: "/" + bad,
    "site_dest": lambda bad: "/nonexistent/" + bad,
}
NAMES = (
    *INSIDE,
    "site_name",
    "site_user",
    "site_php_version",
    "site_upload_size",
    "site_memory_limit",
    "site_nginx_version",
)
# Not of a type that the engine converts, and not what a role could make anything of.
ODD = {
    "site_longest_request": 0,
    "site_http_port": 0,
    "site_dest": "/",
    "site_verify_timeout": -1,
}
LINKS = ("etc/nginx", "etc/nginx/sites-enabled/plain.conf")


class Generated:
    """Runs of the playbook's task on this machine: one host for each case."""

    def __init__(self, home: Path) -> None:
        self.home, self.work = home, env.WORK / "sites" / "generate"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def run(self, cases: dict[str, dict[str, Any]]) -> dict[str, str]:
        """{case: why it failed}"""
        kept, book, inventory = (self.work / name for name in ("tasks.jsonl", "play.yml", "hosts.yml"))
        kept.unlink(missing_ok=True)
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        members = {name: {**variables("plain"), **local, **case} for name, case in cases.items()}
        inventory.write_text(json.dumps({"all": {"hosts": members}}))
        role = {"name": "webmedic.php_fpm.site", "tasks_from": "generate"}
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": role}]}
        book.write_text(json.dumps([play]))
        extra = hosts.ENGINE | {
            "WEBMEDIC_TASKS": str(kept),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "webmedic_tasks",
            "ANSIBLE_FORKS": str(os.cpu_count() or 2),
        }
        done = subprocess.run(
            [str(self.home / "bin" / "ansible-playbook"), "-i", str(inventory), str(book)],
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            env=env.environ(self.home, env.tree("tree-sites"), **extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        (self.work / "output.txt").write_text(done.stdout)
        last = {}
        for line in map(json.loads, kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []):
            last[line["host"]] = (line["task"], str(line["result"].get("msg", line["result"])))
        return {host: message for host, (task, message) in last.items() if task != NEXT}


def cases() -> dict[str, tuple[str, Any]]:
    """{case: (name of the variable, its value)}"""
    bad = [(name, INSIDE.get(name, str)(word)) for name in NAMES for word in BAD]
    return {"case-%d" % number: case for number, case in enumerate([*bad, *ODD.items()])}


def prove(home: Path) -> Iterator[Check]:
    runs, known = Generated(home), cases()
    failed = runs.run({case: {name: value} for case, (name, value) in known.items()})
    for name in dict.fromkeys(name for name, _value in known.values()):
        mine = {case: value for case, (other, value) in known.items() if other == name}
        passed = [
            repr((value, failed.get(case)))
            for case, value in mine.items()
            if name not in failed.get(case, "") or "specification of the site" not in failed[case]
        ]
        yield Check(WHERE, "%s: what breaks out is refused by its name" % name, "; ".join(passed) or None)
    yield from links(runs)


def links(runs: Generated) -> Iterator[Check]:
    """Files and directories that are links are not written to; the same place without them is."""
    victim, places = runs.work / "victim", {}
    (victim / "sites-enabled").mkdir(parents=True)
    (victim / "plain.conf").write_text("as before\n")
    for number, link in enumerate(LINKS):
        place = runs.work / ("dest-%d" % number)
        (place / link).parent.mkdir(parents=True)
        (place / link).symlink_to(victim / "plain.conf" if link.endswith(".conf") else victim)
        places["link-%d" % number] = place
    (runs.work / "dest").symlink_to(victim)
    places["itself"] = runs.work / "dest"
    failed = runs.run({name: {"site_dest": str(place)} for name, place in places.items()})
    for name, place in places.items():
        message = failed.get(name, "")
        refused = "In site_dest" in message and str(place) in message
        yield Check(WHERE, "%s: a link in site_dest is refused" % name, None if refused else message or "not")
    left = sorted(str(path.relative_to(victim)) for path in victim.rglob("*"))
    whole = left == ["plain.conf", "sites-enabled"] and (victim / "plain.conf").read_text() == "as before\n"
    yield Check(WHERE, "nothing is written where a link leads", None if whole else str(left))
    failed = runs.run({"plain": {"site_dest": str(runs.work / "here")}})
    made = list((runs.work / "here").rglob("*.conf"))
    yield Check(WHERE, "without a link its four files are there", None if len(made) == 4 else str(failed))
