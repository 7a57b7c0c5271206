# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites made by the role site on real hosts: ``python3 -m tests.integration.sites``.

Each preset is made, after check mode has said what would be done, and made again, which changes nothing. Its
pages, what it must not show, and the rights of its sockets are looked at. gixy, nginx -t and php-fpm -t have
nothing to say. Then come the triggers of the seven causes, visitors through reloads and a restart, and an
upgrade of PHP. At the end the sites go, and nothing else. First the playbook generate is given what would
break out of a file.

--few: one site on one host, without what takes long. Words: suites and presets. FLEET_KEEP=1 leaves the
hosts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration import site_generate, site_refusals, site_tls, site_upgrade
from tests.integration.few_hosts import FewHosts, run
from tests.integration.site_host import SiteHost
from tests.integration.site_plays import Plays, Result
from tests.integration.site_presets import SHAPES
from tests.integration.site_triggers import triggers
from tests.run import env, hosts
from tests.run.checks import Check, differs

FLEET = hosts.PREFIX + "sites"
SUITES = ("bullseye", "bookworm", "trixie", "el")
FEW = {"el": ("plain",)}
# What nginx.conf says is not the role's; gixy is given a vhost inside of the least one.
FOR_ALL = ("/php-fpm.conf", "/50-webmedic.conf")
NOT_OURS = "worker_rlimit_nofile_vs_connections"
AROUND = "events { worker_connections 512; }\nhttp {\n%s\n}\n"
# Without the files that a run of the role may change for good: logs, accounts, caches, its own state.
FILES = """find /etc /srv -xdev -type f -not -path '/etc/systemd/*' -not -name 'passwd*' \
    -not -name 'group*' -not -name '*shadow*' -not -name 'sub?id*' -not -name php-fpm.conf \
    -not -path '/etc/php/9.1/*' -not -path '/etc/ssl/*' -not -path '/srv/*/r2/*' -not -name broken.php \
    -exec md5sum {} + | sort -k 2"""


def effects_of(result: Result, first: bool) -> dict[str, object]:
    """What is or would be done. What the first site of a host does for all is not told of the others."""
    effects = {key: result.get(key) for key in ("files", "commands", "diff")}
    if first:
        return effects
    return {"files": [path for path in result.get("files", ()) if not path.endswith(FOR_ALL)]}


def made(host: str, name: str, results: Sequence[Result], first: bool) -> Iterator[Check]:
    """Check mode says what is then done; twice is as once."""
    checked, real, again = results
    yield Check(
        host, "%s: it is made" % name, real.get("msg") or (None if real.get("changed") else str(real))
    )
    wrong = unlike(*(effects_of(result, first) for result in (checked, real)))
    yield Check(host, "%s: check mode says exactly that" % name, wrong)
    more = again.get("msg") or "%s %s" % (again.get("files"), again.get("commands"))
    yield Check(host, "%s: a second run changes nothing" % name, more if again.get("changed", True) else None)


def unlike(planned: Mapping[str, object], done: Mapping[str, object]) -> str | None:
    """The first of what was told that is not what was done."""
    return next(
        ("%s: %s, not %s" % (key, done[key], planned[key]) for key in planned if planned[key] != done[key]),
        None,
    )


def gixy(vhosts: Mapping[str, str]) -> Iterator[Check]:
    """vhosts: by what they are."""
    home = env.venv("gixy", env.controller())
    place = env.WORK / "sites" / "gixy"
    place.mkdir(parents=True, exist_ok=True)
    for number, (what, text) in enumerate(vhosts.items()):
        path: Path = place / ("%d.conf" % number)
        path.write_text(AROUND % text.replace("include /etc/nginx/fastcgi_params;", ""))
        argv = [
            str(home / "bin" / "python"),
            "-m",
            "gixy.cli",
            "--format",
            "json",
            "--skips",
            NOT_OURS,
            str(path),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        try:
            issues = json.loads(done.stdout)
        except ValueError:
            issues = done.stdout + done.stderr
        yield Check(what, "gixy has nothing to say", None if issues == [] else str(issues)[:1500])


def of_host(host: SiteHost, presets: Sequence[str], everything: bool) -> list[Check]:
    """What is looked at on each host by itself."""
    checks: list[Check] = []
    for preset in presets:
        checks += host.pages(preset)
        checks += host.release(preset) if everything else []
    checks += host.quiet()
    names = [preset.replace("_", "-") for preset in presets]
    checks += triggers(host, names[0], names[-1]) if everything else []
    return checks


def prove(few: FewHosts, presets: Mapping[str, Sequence[str]], everything: bool) -> Iterator[Check]:
    """presets: by host."""
    yield from site_generate.prove(Path(sys.prefix))
    members = {host: SiteHost(few, host) for host in presets}
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda host: members[host].prepare(presets[host]), members))
        before = {host: member.script(FILES) for host, member in members.items()}
        plays = Plays(few, presets)
        # With the accounts there, check mode can try all of it.
        users = "for name in %s; do useradd --system --shell /usr/sbin/nologin $name; done"
        for host, own in presets.items() if everything else ():
            members[host].script(users % " ".join(preset.replace("_", "-") for preset in own))
        checked = plays.run("--check")
        real = plays.run()
        again = plays.run("--check")
        for host, own in presets.items():
            for number, name in enumerate(preset.replace("_", "-") for preset in own):
                nothing: Result = {"msg": plays.output[-2000:]}
                results = [each[host].get(name, nothing) for each in (checked, real, again)]
                yield from made(host, name, results, number == 0)
        for checks in workers.map(lambda host: of_host(members[host], presets[host], everything), members):
            yield from checks
        yield from gixy(
            {
                "%s on %s" % (preset, host): members[host].vhost(preset.replace("_", "-"))
                for host, own in presets.items()
                for preset in own
            }
        )
        if everything:
            yield from site_upgrade.prove(plays, members)
            yield from site_tls.prove(plays, members)
            yield from site_refusals.prove(plays, members)
        gone = plays.run(site_state="absent")
        for host, member in members.items():
            wrong = [result.get("msg") for result in gone[host].values() if result.get("msg")]
            yield Check(host, "the sites go", str(wrong) if wrong or not gone[host] else None)
            yield Check(host, "nothing else went", differs(member.script(FILES), before[host]))
            yield from member.quiet()


def main() -> int:
    words = sys.argv[1:]
    few = "--few" in words
    suites = [word for word in words if word in SUITES] or SUITES
    presets = tuple(word for word in words if word in SHAPES) or tuple(SHAPES)
    wanted = dict(FEW) if few else dict.fromkeys(suites, presets)
    patterns = ",".join("%s:plain" % suite for suite in wanted)

    def work(hosts_up: FewHosts) -> Iterator[Check]:
        presets = {host: wanted[spec.suite.name] for host, spec in hosts_up.specs.items()}
        return prove(hosts_up, presets, not few)

    return run(FLEET, patterns, work)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
