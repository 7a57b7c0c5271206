# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that change one thing, on a host of each suite: ``python3 -m tests.integration.edits``. With
``--few``, on the oldest php-fpm and nginx.

Check mode predicts what is then done. A second run does nothing. Only the meant line is different. The
daemons run with the new value. What they refuse is put back.

Then the real daemons read the made-up configurations of the property tests. What they accepted before an
edit, they must accept after it, with the new value. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.edit_cases import CASES, Case, Result, tasks
from tests.integration.few_hosts import FewHosts, run
from tests.run import env, hosts
from tests.run.checks import Check

HERE = Path(__file__).resolve().parent
FLEET = hosts.PREFIX + "edits"
FEW = "bullseye:plain"
SAMPLES, ACCEPTED = 40, 30

# Gives the files comments, carriage returns, an owner and an ACL, which must all stay. The daemons are
# restarted, so that they run with all of it before anything is done.
PREPARE = r"""
cd /root/edits
echo "cd /root/edits && python3 since.py $FPM_UNIT $FPM_BIN $FPM_CONF \$1" >look
cat >refuse <<SCRIPT
mkdir -p /etc/systemd/system/nginx.service.d
cat >/etc/systemd/system/nginx.service.d/refuse.conf <<UNIT
[Service]
ExecReload=
ExecReload=/bin/sh -c '! grep -q 7s $SITE_FILE && nginx -s reload'
UNIT
systemctl daemon-reload
SCRIPT
cat >relieve <<SCRIPT
rm /etc/systemd/system/nginx.service.d/refuse.conf
rmdir --ignore-fail-on-non-empty /etc/systemd/system/nginx.service.d
systemctl daemon-reload
SCRIPT
sed -i -e '/^pm = /s/=.*/= static/' -e 's/^pm.max_children = .*/pm.max_children = 3 ; a small host/' \
    -e 's/$/\r/' "$POOL_FILE"
sed -i '/fastcgi_pass/i\        # fastcgi_read_timeout 60s; is what nginx waits by itself' "$SITE_FILE"
sed -i 's/$/\r/' "$SITE_FILE"
for file in "$POOL_FILE" "$SITE_FILE"; do
    chown root:adm "$file"
    chmod 0640 "$file"
    setfacl -m u:games:r "$file"
done
systemctl restart "$FPM_UNIT" nginx
bash look >/dev/null
"""


# Each host goes at its own pace.
PLAYBOOK = [
    {
        "hosts": "all",
        "gather_facts": False,
        "strategy": "free",
        "ignore_errors": True,
        "diff": True,
        "tasks": tasks(),
    }
]


def play(few: FewHosts) -> dict[str, dict[str, Result]]:
    """{host: {task: what it returned}}"""
    work, home = env.WORK / "edits", Path(sys.prefix)
    work.mkdir(parents=True, exist_ok=True)
    kept, book = work / "tasks.jsonl", work / "edits.yml"
    kept.unlink(missing_ok=True)
    book.write_text(json.dumps(PLAYBOOK))
    extra = dict(
        hosts.ENGINE,
        WEBMEDIC_TASKS=str(kept),
        ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
        ANSIBLE_CALLBACKS_ENABLED="webmedic_tasks",
    )
    done = subprocess.run(
        [str(home / "bin" / "ansible-playbook"), "-i", str(few.fleet.inventory), str(book)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        env=env.environ(home, env.tree("tree-edits"), **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (work / "output.txt").write_text(done.stdout)
    results: dict[str, dict[str, Result]] = {host: {} for host in few.specs}
    for line in map(json.loads, kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []):
        result = line["result"]
        looked = "/after" in line["task"] and result.get("rc") == 0
        results[line["host"]][line["task"]] = json.loads(result["stdout"]) if looked else result
    return results


class Judged:
    """A case on a host. path: of the file that is edited; returned: what the module returned, by step; looks:
    at the host, by the step before them.
    """

    def __init__(self, host: str, case: Case, results: dict[str, Result], path: str) -> None:
        self.host, self.case, self.path = host, case, path
        self.returned = {step: results["%s/%s" % (case.title, step)] for step in case.steps}
        self.looks = {
            step: results["%s/after %s" % (case.title, step)] for step in case.steps if step != "again"
        }

    def check(self, what: str, fine: bool, *words: object) -> Check:
        return Check(
            self.host,
            "%s: %s" % (self.case.title, what),
            None if fine else "; ".join(str(word)[:1200] for word in words),
        )

    def beside(self) -> list[str]:
        """What is different beside the text of the file. A file that was replaced has a new time, and so has
        its directory.
        """
        path = self.path
        edited = (path + ": content", path + ": mtime", os.path.dirname(path) + ": mtime")
        return [line for line in self.looks["real"]["differences"] if not line.startswith(edited)]

    def checks(self) -> Iterator[Check]:
        yield from self.changed() if self.case.lines else self.refused()

    def refused(self) -> Iterator[Check]:
        """The module must fail, and leave the host as it was."""
        real, after = self.returned["real"], self.looks["real"]
        fine = self.case.why in real.get("msg", "") and not real.get("changed")
        yield self.check("it fails and says why", fine, real)
        # Where php-fpm was restarted, a file of the same name and content is a new one.
        yield self.check("nothing is different", not self.beside(), after["differences"])
        yield self.check("it is the same text", not after["lines"], after["lines"])
        yield self.check("it answers", after["http"] == "200", after["http"])

    def changed(self) -> Iterator[Check]:
        """The module must change the meant line, as check mode predicted it."""
        checked, real = self.returned["check"], self.returned["real"]
        predicted, done = (
            {key: result.get(key) for key in ("files", "diff", "commands")} for result in (checked, real)
        )
        yield self.check(
            "check mode predicts the files, the difference and the commands",
            predicted == done and len(predicted["files"] or []) == 1,
            checked,
            real,
        )
        differences = self.looks["check"]["differences"]
        yield self.check("check mode changes nothing", not differences, differences)
        yield from self.after_change()
        changed = [self.returned[step].get("changed") for step in self.case.steps]
        yield self.check(
            "changed is told rightly",
            changed == [True, True, False, False][: len(changed)],
            changed,
            real.get("msg"),
        )
        yield self.check(
            "a backup of it is kept",
            bool(real.get("backup")) and not checked.get("backup"),
            real.get("backup"),
            checked.get("backup"),
        )
        if self.case.full:
            differences = self.looks["check again"]["differences"]
            yield self.check("twice is as once", not differences, differences)

    def after_change(self) -> Iterator[Check]:
        """The file and the daemons, after the change was made for real."""
        after = self.looks["real"]
        yield self.check(
            "the meant line is different, and nothing beside it",
            after["lines"] == {self.path: list(self.case.lines)} and not self.beside(),
            after["lines"],
            self.beside(),
        )
        yield self.check(
            "the daemon works with it",
            self.case.then(self.looks["check"], after),
            {key: after[key] for key in ("workers", "master", "http", "slow", "nginx")},
            after["fpm"],
            self.returned["real"],
        )


def of_modules(few: FewHosts) -> Iterator[Check]:
    wanted = [task["name"] for task in tasks()]
    for host, results in sorted(play(few).items()):
        lost = [
            name
            for name in wanted
            if name not in results or ("/after" in name and "differences" not in results[name])
        ]
        if lost:
            yield Check(host, "all tasks ran", "not %s: %s" % (lost[0], results.get(lost[0])))
            continue
        touched = results[CASES[0].title + "/after check"]["touched"]
        yield Check(host, "check mode leaves no directory of its own behind", "it does" if touched else None)
        for case in CASES:
            path = str(few.specs[host].suite.variables.get(case.target, ""))
            yield from Judged(host, case, results, path).checks()


def made_up(seed: int) -> str:
    """Samples as JSON, with the edits that the checkout's own code makes in them."""
    return subprocess.run(
        [sys.executable, "-m", "tests.integration.samples", str(seed), str(SAMPLES)],
        cwd=env.CHECKOUT,
        env=dict(os.environ, PYTHONPATH=str(env.tree("tree-edits"))),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def of_samples(few: FewHosts) -> Iterator[Check]:
    def ask(numbered: tuple[int, str]) -> tuple[str, dict[str, list[tuple[bool, str | None]]]]:
        number, host = numbered
        script = "python3 /root/edits/accepts.py \"$FPM_BIN\" <<'DATA'\n%s\nDATA" % made_up(1000 * number)
        return host, json.loads(few.script(host, script))

    with ThreadPoolExecutor(2) as workers:
        for host, answers in workers.map(ask, enumerate(sorted(few.specs))):
            for kind, judged in answers.items():
                accepted = [wrong for fine, wrong in judged if fine]
                refused = [wrong for fine, wrong in judged if not fine]
                yield Check(
                    host,
                    "%s takes most of %d samples" % (kind, len(judged)),
                    None if len(accepted) >= ACCEPTED else "%d: %s" % (len(accepted), refused[:8]),
                )
                yield Check(
                    host,
                    "%s takes the edited ones, with the new value" % kind,
                    "; ".join(filter(None, accepted))[:3000] or None,
                )


def prove(few: FewHosts) -> Iterator[Check]:
    names = ("state.py", "since.py", "accepts.py")
    sources = "".join(
        "cat >/root/edits/%s <<'SOURCE'\n%sSOURCE\n"
        % (name, (HERE / "on_host" / name).read_text(encoding="utf-8"))
        for name in names
    )
    with ThreadPoolExecutor(2) as workers:
        list(
            workers.map(
                lambda host: few.script(host, "mkdir -p /root/edits\n" + sources + PREPARE), few.specs
            )
        )
    yield from of_samples(few)
    yield from of_modules(few)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, FEW if "--few" in sys.argv[1:] else "*:plain", prove))
