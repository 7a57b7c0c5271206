# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of tests/integration/restraint.py, and the remediation on some of them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.integration import mended
from tests.integration.compare import changes, settled
from tests.integration.few_hosts import FewHosts
from tests.run import env, hosts
from tests.run.checks import Check

FLEET = hosts.PREFIX + "restraint"
HOSTS = "*:wrong_socket,el:stopped,trixie:socket_root,bookworm:log_directory"
CANARIES = ["bookworm-wrong-socket", "bullseye-wrong-socket", "el-wrong-socket", "trixie-wrong-socket"]
SOCKET, UNKNOWN, STORMY = "trixie-socket-root", "bookworm-log-directory", "el-stopped"
STATE = "/var/lib/webmedic-php-fpm"
# The page kills its worker. So it never proves that the site now dials the right pool.
NO_PROOF = {"remediate_probe_path": "/kill.php", "remediate_verify_timeout": 2}
GENERATED = "; DO NOT EDIT"

Report = dict[str, Any]


def remediation_of(result: Report | None) -> Report:
    """The part of a module's reply that says what was done; {} without a reply."""
    return dict((result or {}).get("remediation") or {})


def results(result: Report | None) -> list[tuple[str, str, str]]:
    """(id, result, why) of each action."""
    return [
        (action["id"], action["result"], action["why"])
        for action in remediation_of(result).get("actions", [])
    ]


def unless(fine: bool, *words: object) -> str | None:
    return None if fine else "; ".join(str(word)[:1500] for word in words)


class Plays:
    """One fleet, and the playbook on some of its hosts."""

    def __init__(self, few: FewHosts) -> None:
        self.few, self.tree, self.home = few, env.tree("tree-restraint"), Path(sys.prefix)
        self.reports = env.WORK / "restraint"

    def play(self, names: list[str], options: Report | None = None, name: str = "report") -> mended.Run:
        report = self.reports / name
        (report / "report.json").unlink(missing_ok=True)
        words = json.dumps(dict(options or {}, remediate_hosts=":".join(names)))
        return mended.remediate(self.home, self.tree, self.few.fleet.inventory, report, "-e", words)

    def untouched(self, names: list[str], what: str, work: Callable[[], Iterator[Check]]) -> Iterator[Check]:
        """The checks of `work`, then: these hosts are as they were before it."""
        before = hosts.fingerprint(FLEET)
        yield from work()
        after = hosts.fingerprint(FLEET)
        for host in names:
            yield Check(
                host,
                "%s: not one byte and no service is different" % what,
                "; ".join(changes(settled(before[host]), settled(after[host]))) or None,
            )

    def stop(self, host: str) -> None:
        self.few.script(
            host,
            'systemctl stop "$FPM_UNIT"; curl -s -o /dev/null -H "Host: shop.example" '
            "http://127.0.0.1/index.php",
        )

    def active(self, host: str) -> str:
        return self.few.script(host, 'systemctl is-active "$FPM_UNIT" || true').strip()

    def left(self, host: str, done: mended.Run, reason: str, actions: list[str], result: str) -> Check:
        """Each of these actions has that result for that reason. The table names the reason, and the playbook
        does not fail.
        """
        taken = results(done.results.get(host))
        fine = (
            [action[0] for action in taken] == actions
            and all(action[1] == result and reason in action[2] for action in taken)
            and not done.results[host]["changed"]
        )
        in_table = reason in " ".join(done.output.split())
        return Check(
            host,
            "%s: %s" % (result, reason),
            unless(fine and in_table and done.code == 0, taken, "rc %d" % done.code, done.output[-1500:]),
        )
