# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets stay on the host: ``redaction.py``. Ends with "N passed, N failed".

The secrets of planted.yml are put wherever people keep them, and two hosts are broken so that files with
secrets in them are edited. Then every module runs through the real engine at full verbosity, with and without
--check and --diff. None of the secrets may be in what is printed, in what the modules returned, in the
report, or anywhere on the controller's disk. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
import yaml
from checks import Check, Ground, run

HERE = Path(__file__).resolve().parent
FLEET = "redaction"
SITE, POOL = "bookworm-wrong-socket", "bookworm-socket-root"
MARK = "SECRET"

# The files come with the script; each is one of planted.yml.
PLANT = r"""
cd /root/planted
sed -i -e '/fastcgi_pass/e cat shop_above' -e '/fastcgi_pass/r shop_below' "$SITE_FILE"
cat shop_end >>"$SITE_FILE"
cp conf_d /etc/nginx/conf.d/planted.conf
sed -i -e '/^listen.owner/e cat pool_above' -e '/^listen.group/r pool_below' "$POOL_FILE"
cat pool_end >>"$POOL_FILE"
for unit in nginx fpm; do
    name=nginx.service
    [ $unit = nginx ] || name=$FPM_UNIT
    mkdir -p "/etc/systemd/system/$name.d"
    cp "${unit}_unit" "/etc/systemd/system/$name.d/planted.conf"
done
systemctl daemon-reload
systemctl restart nginx "$FPM_UNIT"
useradd --create-home stranger
install -m 0755 /bin/sleep /home/stranger/php-fpm
systemd-run --quiet --collect --uid=stranger --unit=planted bash -c 'exec -a "$0" /home/stranger/php-fpm 3600' "$(cat title)"
sh requests
worker=$(pgrep -f 'nginx: worker' | head -n 1)
now=$(date '+%Y/%m/%d %H:%M:%S')
while IFS= read -r line; do
    echo "$now [error] $worker#$worker: *9 FastCGI sent in stderr: \"PHP message: $line\" while reading response header from upstream," \
        "client: 127.0.0.1, server: shop.example, request: \"GET /index.php HTTP/1.1\", upstream: \"fastcgi://unix:/x.sock:\", host: \"shop.example\""
done <nginx_log >>/var/log/nginx/error.log
now=$(date '+%d-%b-%Y %H:%M:%S')
while IFS= read -r line; do
    echo "[$now] WARNING: [pool www] child 9 said into stderr: \"$line\""
done <fpm_log >>"$FPM_LOG"
"""
# What the host holds, to see that the secrets were really planted.
HOLDS = r"""
cat /etc/nginx/sites-enabled/* /etc/nginx/conf.d/* "$POOL_FILE" /etc/systemd/system/*.service.d/planted.conf /var/log/nginx/*.log "$FPM_LOG"
cat /root/planted/requests
journalctl -q --no-pager
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n'
"""
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


class Planting:
    """planted.yml with a word of its own for each secret. words: {word: where it is}."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.places: dict[str, Any] = {}
        for name, value in yaml.safe_load((HERE / "planted.yml").read_text(encoding="utf-8")).items():
            self.places[name] = self.fill(name, value)

    def fill(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(name, one) for one in value]

        def word(_match: re.Match[str]) -> str:
            made = "Zq" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz23456789") for _letter in range(10))
            self.words[made] = name
            return made

        return re.sub(MARK, word, value)

    def files(self) -> dict[str, str]:
        """Those that PLANT takes, by name."""
        found = {
            name: value if isinstance(value, str) else "\n".join(map(str, value)) + "\n"
            for name, value in self.places.items()
            if name not in ("requests", "pool_setting", "site_argument")
        }
        found["requests"] = "".join(
            "curl -s -o /dev/null -H 'Host: shop.example' -e %s -b %s %s\n"
            % (shlex.quote(referrer), shlex.quote(cookie), shlex.quote("http://127.0.0.1" + path))
            for path, referrer, cookie in self.places["requests"]
        )
        return found

    def found_in(self, text: str) -> list[str]:
        return ["%s of %s" % (word, place) for word, place in self.words.items() if word in text]


class Runs:
    """What is run, and where its output comes to lie."""

    def __init__(self, ground: Ground, planting: Planting) -> None:
        self.ground, self.planting = ground, planting
        self.home, self.tree = Path(sys.prefix), env.tree("tree-redaction")
        self.kept, self.book = env.WORK / "redaction", env.WORK / "redaction-play.yml"
        shutil.rmtree(self.kept, ignore_errors=True)
        self.kept.mkdir(parents=True)

    def of_change(self) -> list[tuple[str, dict[str, Any]]]:
        php = [{"server": "shop.example"}, {"location": "~ \\.php$"}]
        return [
            (
                "fpm_config",
                {
                    "pool": "www",
                    "settings": {"env[PLANTED]": self.planting.places["pool_setting"], "pm.max_children": 9},
                },
            ),
            (
                "nginx_config",
                {
                    "context": php,
                    "directive": "fastcgi_param",
                    "args": ["PLANTED", self.planting.places["site_argument"]],
                },
            ),
            (
                "nginx_config",
                {
                    "context": php,
                    "directive": "fastcgi_param",
                    "args": ["PLANTED", self.planting.places["site_argument"] + "\n"],
                },
            ),
            ("remediation", {"snapshot": True}),
            ("swap_file", {"path": "/swapfile", "size": "64M"}),
        ]

    def engine(self, name: str, program: str, *words: str) -> tuple[str, str]:
        """-> (what it printed, what the modules returned)"""
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
        argv = [str(self.home / "bin" / program), "-i", str(self.ground.fleet.inventory), "-vvvv", *words]
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
        printed, returned = self.engine(name, program, *words)
        (self.kept / (name + ".txt")).write_text(printed)
        seen = "webmedic.php_fpm" in printed and returned
        yield Check(FLEET, "%s ran and returned something" % name, None if seen else printed[-1500:])
        for what, text in (("printed", printed), ("returned", returned)):
            leaks = self.planting.found_in(text)
            yield Check(
                FLEET,
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

    def returned(self, name: str) -> dict[str, dict[str, Any]]:
        lines = [
            json.loads(line)
            for line in (self.kept / (name + ".jsonl")).read_text(encoding="utf-8").splitlines()
        ]
        return {line["host"]: line["result"] for line in lines if "remediation" in line["result"]}


def planted(ground: Ground, planting: Planting) -> Iterator[Check]:
    files = "".join(
        "cat >/root/planted/%s <<'PLANTED'\n%s\nPLANTED\n" % (name, text.rstrip("\n"))
        for name, text in planting.files().items()
    )
    for host in ground.specs:
        ground.script(host, "mkdir -p /root/planted\n" + files + PLANT)
        held = ground.script(host, HOLDS)
        missing = [
            word
            for word, place in planting.words.items()
            if place not in ("pool_setting", "site_argument") and word not in held
        ]
        yield Check(
            host,
            "all secrets are planted",
            "not %s" % [(word, planting.words[word]) for word in missing] if missing else None,
        )


def mended(runs: Runs, name: str, host: str, line: str) -> Check:
    """The run changed a file beside secrets, and shows what it changed."""
    result = runs.returned(name).get(host, {})
    diff = "".join(entry.get("prepared", "") for entry in result.get("diff", []))
    return Check(
        host,
        "%s: it is mended, and the changed line is shown" % name,
        None
        if re.search(line, diff, re.M) and "[redacted]" in diff and result.get("status") != "failing"
        else json.dumps(result)[-2500:],
    )


def prove(ground: Ground) -> Iterator[Check]:
    planting = Planting()
    yield from planted(ground, planting)
    runs = Runs(ground, planting)
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
    for host in ground.specs:
        logged = planting.found_in(
            "\n".join(
                line
                for line in ground.script(host, "journalctl -q --no-pager").splitlines()
                if "Invoked with" in line
            )
        )
        yield Check(host, "its own log has no argument that may be secret", str(logged) if logged else None)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, "bookworm:wrong_socket,bookworm:socket_root", prove, symptoms=True))
