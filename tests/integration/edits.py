# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of change by themselves, on a host of each suite: ``edits.py``. Ends with "N passed, N failed".

Check mode foretells what is then done, a second run does nothing, not a byte beside the line that was meant
is different, the daemons run with the new value, and what they refuse or do not stand is put back. Then the
property tests' made-up configurations go to the real daemons: what they accepted before an edit they accept
after it, with the new value. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
from checks import Check, Ground, run

HERE = Path(__file__).resolve().parent
FLEET = "edits"
SAMPLES, ACCEPTED = 40, 30
LOOK, REFUSE, RELIEVE = ("bash /root/edits/" + name for name in ("look", "refuse", "relieve"))
CHILDREN = "pm.max_children = %d ; a small host\r"
PHP = [{"server": "shop.example"}, {"location": "~ \\.php$"}]
TIMEOUT = "        fastcgi_read_timeout %s;\r"
Result = dict[str, Any]

# Comments, carriage returns, an owner and an ACL of their own: all of that is to stay. The daemons must run
# with all of it before anything is done.
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
sed -i '/^pm = /s/=.*/= static/; s/^pm.max_children = .*/pm.max_children = 3 ; a small host/; s/$/\r/' "$POOL_FILE"
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


class Case(NamedTuple):
    """One call of a module. target: the variable that names the edited file; lines: what is different in it;
    without them the module must fail, as `why` says.

    full: also once more for real and in check mode; then: whether the daemons work with it; before and after:
    scripts around it.
    """

    name: str
    module: str
    arguments: dict[str, Any]
    target: str = ""
    lines: tuple[str, ...] = ()
    full: bool = False
    then: Callable[[Result, Result], bool] = lambda _before, _after: True
    before: str = ""
    after: str = ""
    why: str = ""

    @property
    def title(self) -> str:
        return "%s, %s" % (self.module, self.name)

    @property
    def steps(self) -> list[str]:
        return (
            ["real"]
            if not self.lines
            else ["check", "real", "again", "check again"]
            if self.full
            else ["check", "real"]
        )


def pool(
    name: str,
    settings: dict[str, Any],
    *lines: str,
    service: str = "none",
    state: str = "present",
    **more: Any,
) -> Case:
    arguments = {"pool": "www", "settings": settings, "service": service, "state": state, "verify_timeout": 3}
    return Case(name, "fpm_config", arguments, "POOL_FILE", lines, **more)


def site(name: str, args: list[str] | None, *lines: str, **more: Any) -> Case:
    wanted = {"state": "absent"} if args is None else {"args": args}
    return Case(
        name,
        "nginx_config",
        {"context": PHP, "directive": "fastcgi_read_timeout", "reload": True, "verify_timeout": 3, **wanted},
        "SITE_FILE",
        lines,
        **more,
    )


def reads(section: str, name: str, value: str) -> Callable[[Result, Result], bool]:
    return lambda _before, after: after["fpm"][section].get(name) == value and after["http"] == "200"


CASES = [
    pool(
        "one more worker, reload",
        {"pm.max_children": 4},
        "-" + CHILDREN % 3,
        "+" + CHILDREN % 4,
        service="reload",
        full=True,
        then=lambda before, after: (
            (before["workers"], after["workers"]) == (3, 4) and before["master"] == after["master"]
        ),
    ),
    pool(
        "one less, restart",
        {"pm.max_children": 3},
        "-" + CHILDREN % 4,
        "+" + CHILDREN % 3,
        service="restart",
        then=lambda before, after: (
            (before["workers"], after["workers"]) == (4, 3) and before["master"] != after["master"]
        ),
    ),
    pool(
        "a new directive",
        {"request_terminate_timeout": "30s"},
        "+request_terminate_timeout = 30s\r",
        then=reads("www", "request_terminate_timeout", "30s"),
    ),
    pool(
        "without it again",
        {"request_terminate_timeout": ""},
        "-request_terminate_timeout = 30s\r",
        full=True,
        state="absent",
        then=reads("www", "request_terminate_timeout", "0s"),
    ),
    Case(
        "a global one, reload",
        "fpm_config",
        {"settings": {"process_control_timeout": "5s"}, "service": "reload", "verify_timeout": 3},
        "FPM_CONF",
        ("+process_control_timeout = 5s",),
        then=reads("global", "process_control_timeout", "5s"),
    ),
    pool("no worker at all", {"pm.max_children": 0}, service="reload", why="pm.max_children"),
    pool("an unknown directive", {"pm.max_childern": 7}, service="restart", why="pm.max_childern"),
    pool(
        "another socket than nginx dials",
        {"listen": "/run/moved.sock"},
        service="restart",
        why="nobody answers at",
    ),
    site(
        "a moment of patience",
        ["300ms"],
        "+" + TIMEOUT % "300ms",
        full=True,
        then=lambda before, after: (before["slow"], after["slow"]) == ("200", "504"),
    ),
    site(
        "half a minute",
        ["30s"],
        "-" + TIMEOUT % "300ms",
        "+" + TIMEOUT % "30s",
        then=lambda _before, after: after["slow"] == "200" and after["nginx"] == ["fastcgi_read_timeout 30s"],
    ),
    site("no number", ["abc"], why="fastcgi_read_timeout"),
    site("nginx cannot be reloaded with it", ["7s"], why="reload", before=REFUSE, after=RELIEVE),
    site(
        "without it again",
        None,
        "-" + TIMEOUT % "30s",
        full=True,
        then=lambda _before, after: after["nginx"] == [] and after["slow"] == "200",
    ),
    Case("swap in a container", "swap_file", {"path": "/swapfile", "size": "64M"}, why="swap"),
]


def tasks() -> list[dict[str, Any]]:
    """Named CASE/STEP, and CASE/after STEP for the look at the host."""
    found: list[dict[str, Any]] = []

    def look(case: Case, step: str, script: str = "true") -> None:
        command = "%s; %s%s" % (script, LOOK, " slow" if case.module == "nginx_config" else "")
        found.append(
            {
                "name": "%s/after %s" % (case.title, step),
                "ansible.builtin.raw": command,
                "check_mode": False,
                "diff": False,
            }
        )

    for case in CASES:
        if case.before:
            look(case, "before", case.before)
        for step in case.steps:
            found.append(
                {
                    "name": "%s/%s" % (case.title, step),
                    "webmedic.php_fpm." + case.module: case.arguments,
                    "check_mode": step.startswith("check"),
                }
            )
            if step != "again":
                look(case, step)
        if case.after:
            look(case, "after", case.after)
    return found


def play(ground: Ground) -> dict[str, dict[str, Result]]:
    """{host: {task: what it returned}}"""
    work, home = env.WORK / "edits", Path(sys.prefix)
    work.mkdir(parents=True, exist_ok=True)
    kept, book = work / "tasks.jsonl", work / "edits.yml"
    kept.unlink(missing_ok=True)
    # Each host at its own pace.
    book.write_text(
        json.dumps(
            [
                {
                    "hosts": "all",
                    "gather_facts": False,
                    "strategy": "free",
                    "ignore_errors": True,
                    "diff": True,
                    "tasks": tasks(),
                }
            ]
        )
    )
    extra = dict(
        hosts.ENGINE,
        WEBMEDIC_TASKS=str(kept),
        ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
        ANSIBLE_CALLBACKS_ENABLED="webmedic_tasks",
    )
    done = subprocess.run(
        [str(home / "bin" / "ansible-playbook"), "-i", str(ground.fleet.inventory), str(book)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        env=env.environ(home, env.tree("tree-edits"), **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (work / "output.txt").write_text(done.stdout)
    found: dict[str, dict[str, Result]] = {host: {} for host in ground.specs}
    for line in map(json.loads, kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []):
        result = line["result"]
        looked = "/after" in line["task"] and result.get("rc") == 0
        found[line["host"]][line["task"]] = json.loads(result["stdout"]) if looked else result
    return found


def beside(looked: Result, path: str) -> list[str]:
    """Differences but for the text of one file. That file, and the directory in which it was replaced, have
    another time.
    """
    return [
        line
        for line in looked["differences"]
        if not line.startswith((path + ": content", path + ": mtime", os.path.dirname(path) + ": mtime"))
    ]


def judge(host: str, case: Case, found: dict[str, Result], path: str) -> Iterator[Check]:
    got = {step: found["%s/%s" % (case.title, step)] for step in case.steps}
    looked = {step: found["%s/after %s" % (case.title, step)] for step in case.steps if step != "again"}
    real, after = got["real"], looked["real"]

    def check(what: str, fine: bool, *words: object) -> Check:
        return Check(
            host,
            "%s: %s" % (case.title, what),
            None if fine else "; ".join(str(word)[:1200] for word in words),
        )

    if not case.lines:
        yield check(
            "it fails and says why", case.why in real.get("msg", "") and not real.get("changed"), real
        )
        # Where php-fpm was restarted, a file of the same name and content is a new one.
        yield check("nothing is different", not beside(after, path), after["differences"])
        yield check("it is the same text", not after["lines"], after["lines"])
        yield check("it answers", after["http"] == "200", after["http"])
        return
    said = [{key: got[step].get(key) for key in ("files", "diff", "commands")} for step in ("check", "real")]
    yield check(
        "check mode foretells the files, the difference and the commands",
        said[0] == said[1] and len(said[0]["files"] or []) == 1,
        got["check"],
        real,
    )
    yield check(
        "check mode changes nothing", not looked["check"]["differences"], looked["check"]["differences"]
    )
    yield check(
        "the meant line is different, and nothing beside it",
        after["lines"] == {path: list(case.lines)} and not beside(after, path),
        after["lines"],
        beside(after, path),
    )
    yield check(
        "the daemon works with it",
        case.then(looked["check"], after),
        {key: after[key] for key in ("workers", "master", "http", "slow", "nginx")},
        after["fpm"],
        real,
    )
    told = [got[step].get("changed") for step in case.steps]
    yield check(
        "changed is told rightly", told == [True, True, False, False][: len(told)], told, real.get("msg")
    )
    yield check(
        "a backup of it is kept",
        bool(real.get("backup")) and not got["check"].get("backup"),
        real.get("backup"),
        got["check"].get("backup"),
    )
    if case.full:
        yield check(
            "twice is as once", not looked["check again"]["differences"], looked["check again"]["differences"]
        )


def of_modules(ground: Ground) -> Iterator[Check]:
    wanted = [task["name"] for task in tasks()]
    for host, results in sorted(play(ground).items()):
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
            yield from judge(
                host, case, results, str(ground.specs[host].suite.variables.get(case.target, ""))
            )


def of_samples(ground: Ground) -> Iterator[Check]:
    sys.path[:0] = [
        str(env.tree("tree-edits")),
        str(HERE.parent / "unit" / "plugins" / "module_utils" / "edit"),
    ]
    import samples

    def ask(numbered: tuple[int, str]) -> tuple[str, dict[str, list[tuple[bool, str | None]]]]:
        number, host = numbered
        document = {
            "fpm": [one._asdict() for one in samples.fpm_samples(1000 * number, SAMPLES)],
            "nginx": [one._asdict() for one in samples.nginx_samples(1000 * number, SAMPLES)],
        }
        return host, json.loads(
            ground.script(
                host, "python3 /root/edits/accepts.py \"$FPM_BIN\" <<'DATA'\n%s\nDATA" % json.dumps(document)
            )
        )

    with ThreadPoolExecutor(2) as workers:
        for host, answers in workers.map(ask, enumerate(sorted(ground.specs))):
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


def prove(ground: Ground) -> Iterator[Check]:
    names = ("state.py", "since.py", "accepts.py")
    sources = "".join(
        "cat >/root/edits/%s <<'SOURCE'\n%sSOURCE\n"
        % (name, (HERE / "on_host" / name).read_text(encoding="utf-8"))
        for name in names
    )
    with ThreadPoolExecutor(2) as workers:
        list(
            workers.map(
                lambda host: ground.script(host, "mkdir -p /root/edits\n" + sources + PREPARE), ground.specs
            )
        )
    yield from of_samples(ground)
    yield from of_modules(ground)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, "*:plain", prove))
