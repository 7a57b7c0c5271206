# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A terminal for a command, and hosts that only look like some: for the tests of the screen."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.hostile_hosts import action, finding, reply
from tests.run import env

HERE = env.WORK / "screen"
# Colours and links, which take no column.
CODES = re.compile(r"\x1b\[[0-9;]*[mK]|\x1b\]8;;[^\x1b]*\x1b\\")
# Of each fifteen hosts the second is out of reach: nobody listens on that port.
CLOSED = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}


class Shown(NamedTuple):
    """What a command left on the screen. errors: what went elsewhere, where that was kept apart."""

    rc: int
    raw: str
    errors: str = ""

    @property
    def lines(self) -> list[str]:
        return CODES.sub("", self.raw).rstrip("\n").split("\n")


def in_terminal(argv: list[str], environment: dict[str, str], columns: int) -> Shown:
    """The command in a pseudo terminal of so many columns."""
    child, terminal = pty.fork()
    if not child:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.chdir(HERE)
        os.execve(argv[0], argv, environment)
    output = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Shown(status, output.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))


def in_pipe(argv: list[str], environment: dict[str, str]) -> Shown:
    done = subprocess.run(
        argv, env=environment, cwd=HERE, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return Shown(done.returncode, done.stdout.decode(), done.stderr.decode())


def command(home: Path, tool: str, *words: str) -> list[str]:
    return [str(home / "bin" / "python"), str(home / "bin" / tool), *words]


def _host(name: str, answer: dict[str, Any], seconds: int = 0) -> dict[str, str]:
    """A host whose Python prints this answer, whatever it is asked."""
    place = HERE / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "stdout").write_text(json.dumps(answer))
    (place / "python").write_text(
        "#!/bin/sh\ncat >/dev/null\nsleep %d\nexec cat %s/stdout\n" % (seconds, place)
    )
    (place / "python").chmod(0o755)
    return {"ansible_connection": "local", "ansible_python_interpreter": str(place / "python")}


def _diagnosis(status: str, *findings: dict[str, Any]) -> dict[str, Any]:
    answer = reply(status, *findings)
    del answer["remediation"], answer["diff"]
    return answer


def _written(name: str, hosts: dict[str, dict[str, Any]]) -> Path:
    path = HERE / (name + ".json")
    path.write_text(json.dumps({"all": {"hosts": hosts}}))
    return path


class Fleets(NamedTuple):
    """Inventories. few: a dozen hosts, two of them out of reach. many: 300, of which 20 are. slow: one that
    takes its time. change: two that can be mended.
    """

    few: Path
    many: Path
    slow: Path
    change: Path


def fleets() -> Fleets:
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    since = time.time() - 480
    wrong = finding(
        cause="socket_path_mismatch",
        code=3,
        reason="other_socket",
        since=since,
        site="bücher.example",
        sites=["bücher.example"],
        remedy=[
            {
                "action": "fastcgi_pass_repoint",
                "arguments": {"file": "/etc/nginx/sites-enabled/shop", "line": 13, "to": "unix:/run/x.sock"},
            }
        ],
    )
    healthy = _host("healthy", _diagnosis("healthy"))
    kinds = [
        _host("stopped", _diagnosis("failing", finding(since=since))),
        healthy,
        _host("wrong", _diagnosis("failing", wrong)),
        *[healthy] * 9,
    ]
    names = ["web%03d.example" % number for number in range(1, 301)]
    hosts = {
        name: CLOSED if number % 15 == 1 else kinds[number % len(kinds)] for number, name in enumerate(names)
    }
    slow = _host("slow", _diagnosis("healthy"), 13)
    difference = "@@ -1 +1 @@\n-pm.max_children = 2\n+pm.max_children = 16\n"
    change = reply(
        "failing",
        finding(since=since),
        change=action(running=0, cut=0),
        diff=[{"before_header": "/x.conf", "after_header": "/x.conf", "prepared": difference}],
    )
    change["remediation"]["still"] = []
    change["remediation"]["findings"] = [
        {
            **{name: finding()[name] for name in ("cause", "reason", "site", "endpoint", "pool")},
            "result": "would_fix",
            "before": None,
            "after": None,
            "why": "",
        }
    ]
    return Fleets(
        _written("few", {name: hosts[name] for name in [*names[:11], names[16]]}),
        _written("many", hosts),
        _written("slow", {"web1.example": healthy, "slow.example": slow}),
        _written("change", {"one.example": _host("change", change), "two.example": _host("change", change)}),
    )


def environment(home: Path, collections: Path, **more: str) -> dict[str, str]:
    """A user's terminal: colours, links, and nothing of the machine's own."""
    named = env.environ(
        home,
        collections,
        ANSIBLE_FORKS="25",
        ANSIBLE_HOST_KEY_CHECKING="false",
        ANSIBLE_PIPELINING="true",
        LC_ALL="C.UTF-8",
        TERM="xterm-256color",
    )
    for name in ("NO_COLOR", "CI", "COLUMNS", "FORCE_HYPERLINK", "JOB_ID"):
        named.pop(name, None)
    return {**named, **more}
