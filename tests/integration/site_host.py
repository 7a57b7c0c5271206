# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with sites of the role: their files, their pages, their visitors."""

import base64
import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.few_hosts import FewHosts
from tests.integration.site_presets import asks, tree
from tests.run.checks import Check, differs

PROGRAMS = Path(__file__).resolve().parent / "on_host"
FLAG, SEEN = "/run/webmedic-visitors", "/root/visitors.json"
# A release behind a link, as a deploy leaves it.
CONTENT = """
mkdir -p /srv/{name}/r1
ln -sfn r1 /srv/{name}/current
base64 -d <<'TREE' | python3 -c '
import json, os, sys
for path, text in json.load(sys.stdin).items():
    path = "/srv/{name}/r1/public/" + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").write(text)
'
{tree}
TREE
"""
# Who but nginx may open the socket; the pool's account and a stranger may not.
RIGHTS = """
for socket in $(grep -hoP '^(listen|pm.status_listen) = \\K/.*' "$POOL_DIR/{name}.conf"); do
    for who in "$NGINX_USER" {name} games; do
        python3 - "$socket" "$who" <<'PROGRAM'
import os, pwd, socket, sys
account = pwd.getpwnam(sys.argv[2])
os.setgroups(os.getgrouplist(account.pw_name, account.pw_gid))
os.setgid(account.pw_gid); os.setuid(account.pw_uid)
with socket.socket(socket.AF_UNIX) as door:
    try:
        door.connect(sys.argv[1]); print("may", end=" ")
    except OSError as error:
        print(error.errno, end=" ")
PROGRAM
    done
done
"""
QUIET = """
nginx -t 2>&1 | grep -v 'syntax is ok\\|test is successful' || true
"$FPM_BIN" -t -y "$FPM_CONF" 2>&1 | grep -v 'test is successful' || true
"""


class PageAnswer(NamedTuple):
    status: int
    body: str
    retry_after: str | None


class SiteHost:
    def __init__(self, few: FewHosts, name: str) -> None:
        self.few, self.name = few, name

    def script(self, text: str) -> str:
        return self.few.script(self.name, text)

    def check(self, what: str, wrong: object) -> Check:
        return Check(self.name, what, str(wrong)[:1500] if wrong else None)

    def prepare(self, presets: Sequence[str]) -> None:
        for preset in presets:
            text = base64.encodebytes(json.dumps(tree(preset)).encode()).decode()
            self.script(CONTENT.format(name=preset.replace("_", "-"), tree=text))

    def ask(self, name: str, *paths: str, port: int = 80, seconds: float = 30) -> list[PageAnswer]:
        wanted = json.dumps([[name + ".example", port, path, seconds] for path in paths])
        program = (PROGRAMS / "site_pages.py").read_text(encoding="utf-8")
        output = self.script("python3 - %s <<'PROGRAM'\n%s\nPROGRAM" % (shlex.quote(wanted), program))
        return [PageAnswer(*row) for row in json.loads(output)]

    def pages(self, preset: str) -> Iterator[Check]:
        """What each page must be, and must not be."""
        name = preset.replace("_", "-")
        wanted = asks(preset)
        wrong = []
        answers = self.ask(name, *(path for path, *_rest in wanted))
        for (path, status, begins), got in zip(wanted, answers, strict=True):
            shown = got.body.startswith(begins) and "<?php" not in got.body
            if status is None:
                shown = not got.body.startswith(("pool:", "pong"))
            if not shown or (status is not None and got.status != status):
                wrong.append("%s: %s %r" % (path, got.status, got.body[:60]))
        yield self.check("%s: its pages, and what is hidden" % preset, "; ".join(wrong))
        who, big = self.ask(name, "/index.php?do=who", "/index.php?do=headers")
        yield self.check("%s: it runs as its own account" % preset, differs(who.body.split(" ")[:1], [name]))
        yield self.check("%s: large headers pass" % preset, differs(big.status, 200))
        rights = self.script(RIGHTS.format(name=name)).split()
        allowed = ["may", "13", "13"] * (len(rights) // 3)
        yield self.check("%s: nginx alone may open its sockets" % preset, differs(rights, allowed))

    def release(self, preset: str) -> Iterator[Check]:
        """A deploy moves the link: the next answer comes from the new release, without a reload."""
        name = preset.replace("_", "-")
        self.script("cp -r /srv/{0}/r1 /srv/{0}/r2; ln -sfn r2 /srv/{0}/current".format(name))
        yield self.check(
            "%s: a release behind a link" % preset,
            differs(self.ask(name, "/index.php?do=release")[0].body, "r2"),
        )

    def quiet(self) -> Iterator[Check]:
        yield self.check("nginx -t and php-fpm -t have nothing to say", self.script(QUIET).strip())

    def vhost(self, name: str) -> str:
        return self.script("cat $(grep -ls 'for site %s[.]' /etc/nginx/*/*.conf)" % name)

    def visitors(self, name: str, path: str, number: int = 4) -> None:
        """They come until left() is called."""
        program = (PROGRAMS / "site_load.py").read_text(encoding="utf-8")
        words = " ".join(map(shlex.quote, (name + ".example", path, str(number), FLAG, SEEN)))
        self.script(
            "rm -f %s; touch %s; cat >/root/site_load.py <<'PROGRAM'\n%s\nPROGRAM\n"
            "systemd-run --quiet --collect --unit=webmedic-load python3 /root/site_load.py %s\nsleep 0.5"
            % (SEEN, FLAG, program, words)
        )

    def left(self) -> dict[str, Any]:
        """{status: how many visitors saw it}"""
        wait = "for _ in $(seq 300); do systemctl is-active -q webmedic-load || break; sleep 0.1; done"
        return json.loads(self.script("rm -f %s; %s; cat %s" % (FLAG, wait, SEEN)))
