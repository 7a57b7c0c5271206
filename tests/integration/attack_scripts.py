# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attacks as data (attacks/*.yml), and the bash scripts that bring them about on a host."""

import base64
import io
import shlex
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.integration.field import on_host
from tests.lab.data import SITE, Suite

HERE = Path(__file__).resolve().parent / "attacks"
ACCOUNTS = ("stranger", "tenant1", "tenant2")
PLACE = "/opt/attacks"  # of lib.sh and programs/ on a host
TOGETHER = "at_once"  # its attacks have a ground of their own, too
HEALTHY: dict[str, Any] = {"status": "healthy", "findings": []}
PHP = "php"  # in place of an account: the PHP of the lab's site, in a request


class Attack(NamedTuple):
    """What an account without rights does. Texts may hold the suite's variables.

    title: one sentence. admin: what root has set up before. do: what the account does.
    later: what root does afterwards. again: what happens before each of two more remediations.
    named: strangers that the report must name, by words in some of their keys.
    unnamed: strangers that it must not name.
    proof: texts of the evidence of the findings.
    after: {that, by}: what must be true at the end; the script `by` prints nothing when it is true.
    """

    name: str
    title: str
    account: str | None
    admin: str
    do: str
    later: str
    again: str
    named: Sequence[dict[str, str]]
    unnamed: Sequence[dict[str, str]]
    proof: Sequence[str]
    after: Sequence[dict[str, str]]


class Ground(NamedTuple):
    """A host. expected: the verdict; doubtful: findings that are not certain are right, too. mends: the
    actions of a remediation, no more and no less.
    """

    name: str
    suite: str
    attacks: Sequence[Attack]
    expected: dict[str, Any]
    doubtful: bool
    mends: Sequence[str]


def _attack(entry: dict[str, Any]) -> Attack:
    known = {"name", "title", "as", "admin", "do", "later", "again", "named", "unnamed", "proof", "after"}
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError("attack %s: unknown keys %s" % (entry.get("name"), unknown))
    return Attack(
        entry["name"],
        entry["title"],
        entry.get("as"),
        entry.get("admin", ""),
        entry.get("do", ""),
        entry.get("later", ""),
        entry.get("again", ""),
        entry.get("named", ()),
        entry.get("unnamed", ()),
        entry.get("proof", ()),
        entry.get("after", ()),
    )


def load(suite: str | None, names: Sequence[str], in_full: bool = False) -> list[Ground]:
    """The grounds to attack. Without names: all of a suite; those that are `full` only in full.

    With names: the grounds with these names, and the grounds of the attacks with these names. The latter hold
    only these attacks. All of them are put on the suite that is given.
    """
    files = [path for path in sorted(HERE.glob("*.yml")) if path.stem != "grounds"]
    attacks = {entry["name"]: _attack(entry) for path in files for entry in yaml.safe_load(path.read_text())}
    grounds = yaml.safe_load((HERE / "grounds.yml").read_text())
    known = {*attacks, *(entry["name"] for entry in grounds)}
    if set(names) - known:
        raise ValueError(
            "no such attack or ground: %s; there are %s"
            % (", ".join(sorted(set(names) - known)), ", ".join(sorted(known)))
        )
    wanted: list[Ground] = []
    for entry in grounds:
        chosen = [
            attacks[name]
            for name in entry["attacks"]
            if not names or entry["name"] in names or (name in names and entry["name"] != TOGETHER)
        ]
        ground = Ground(
            entry["name"],
            suite if suite and names else entry["suite"],
            chosen,
            entry.get("expected", HEALTHY),
            entry.get("doubtful", False),
            entry.get("mends", ()),
        )
        left_out = entry.get("full", False) and not names and not in_full
        if chosen and not left_out and suite in (None, ground.suite):
            wanted.append(ground)
    return wanted


def packed() -> str:
    """lib.sh and programs/, as base64 of a tar file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("lib.sh", "programs"):
            archive.add(HERE / name, name)
    return base64.b64encode(buffer.getvalue()).decode()


PREPARED = r"""
mkdir -p %(place)s && base64 -d <<<%(packed)s | tar -xzC %(place)s --no-same-owner
chmod -R a+rX %(place)s; : >%(place)s/looks
printf '%%s\n' '#!/bin/sh' 'exec /usr/bin/python3 %(place)s/programs/look.py "$@"' >%(place)s/python
chmod 0755 %(place)s/python
for account in %(accounts)s; do useradd --create-home --shell /bin/bash "$account"; done
cat >/var/www/shop/run.php <<'PAGE'
<?php
// The hole of this site: it runs what it is sent.
$pipes = [];
$files = [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', '/dev/null', 'w']];
$process = proc_open(['bash', '-c', $_POST['script']], $files, $pipes);
echo stream_get_contents($pipes[1]), "rc ", proc_close($process), "\n";
PAGE
install -d -o "$FPM_USER" /var/www/shop/uploads
"""

# The processes of a login are in a scope below user.slice, in no unit of the system. No scope is begun in a
# slice while systemd stops it, after the account's processes before.
AS_ACCOUNT = """
slice="user-$(id -u %(account)s).slice"
for _ in $(seq 100); do systemctl list-jobs --no-legend | grep -q "$slice" || break; sleep 0.1; done
systemd-run --quiet --scope --slice="$slice" \\
    runuser -u %(account)s -- bash -c %(script)s </dev/null
"""
AS_PHP = """
answer=$(curl -sS -m 60 -H 'Host: %(site)s' --data-urlencode script=%(script)s http://127.0.0.1/run.php)
[ "$answer" = "rc 0" ] || { echo "%(name)s: $answer" >&2; exit 1; }
"""


def _done(suite: Suite, attack: Attack) -> str:
    if not attack.account:
        return ""
    account = suite.variables["FPM_USER"] if attack.account == "$FPM_USER" else attack.account
    home = "/home/" + account if account in ACCOUNTS else "/var/www/shop/uploads"
    script = "\n".join(
        [
            "exec 2>&1" if account == PHP else "",
            "set -eu",
            suite.exports(),
            "export NAME=%s CANARY=/canary.%s" % (attack.name, attack.name),
            "mkdir -p %s/%s; cd %s/%s" % (home, attack.name, home, attack.name),
            ". %s/lib.sh" % PLACE,
            attack.do,
        ]
    )
    return (AS_PHP if account == PHP else AS_ACCOUNT) % {
        "account": shlex.quote(account),
        "script": shlex.quote(script),
        "site": SITE,
        "name": attack.name,
    }


def setup_script(suite: Suite, ground: Ground) -> str:
    """The script of a host: what root has set up for all attacks, then what the accounts do, then what root
    does afterwards.
    """
    parts = [on_host(suite), PREPARED % {"place": PLACE, "packed": packed(), "accounts": " ".join(ACCOUNTS)}]
    parts += [attack.admin for attack in ground.attacks]
    parts += [_done(suite, attack) for attack in ground.attacks]
    parts += [attack.later for attack in ground.attacks]
    return "\n".join(parts)
