# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the remediation does not do: ``restraint.py``. Ends with "N passed, N failed".

What was not asked for or is forbidden is left byte for byte as it was, with the reason; what is unknown,
generated or another's work is left alone; what does not last is not tried for ever; and a first host that
goes wrong keeps all others from it. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
import mended
from checks import Check, Ground, run
from fleet import changes, settled

FLEET = "restraint"
HOSTS = "*:wrong_socket,el:stopped,trixie:socket_root,bookworm:log_directory"
CANARIES = ["bookworm-wrong-socket", "bullseye-wrong-socket", "el-wrong-socket", "trixie-wrong-socket"]
SOCKET, UNKNOWN, STORMY = "trixie-socket-root", "bookworm-log-directory", "el-stopped"
STATE = "/var/lib/webmedic-php-fpm"
# The page kills its worker, so that it does not prove that a site was led to the right pool.
NO_PROOF = {"remediate_probe_path": "/kill.php", "remediate_verify_timeout": 2}
GENERATED = "; DO NOT EDIT"

Report = dict[str, Any]


def told(result: Report | None) -> Report:
    """The part of a module's reply that says what was done; {} without one."""
    return dict((result or {}).get("remediation") or {})


def results(result: Report | None) -> list[tuple[str, str, str]]:
    return [(action["id"], action["result"], action["why"]) for action in told(result).get("actions", [])]


def unless(fine: bool, *words: object) -> str | None:
    return None if fine else "; ".join(str(word)[:1500] for word in words)


class Restraint:
    """One fleet, and the playbook on some of its hosts."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.tree, self.home = ground, env.tree("tree-restraint"), Path(sys.prefix)
        self.reports = env.WORK / "restraint"

    def play(self, names: list[str], options: Report | None = None, name: str = "report") -> mended.Run:
        report = self.reports / name
        (report / "report.json").unlink(missing_ok=True)
        words = json.dumps(dict(options or {}, remediate_hosts=":".join(names)))
        return mended.remediate(self.home, self.tree, self.ground.fleet.inventory, report, "-e", words)

    def untouched(self, names: list[str], what: str, work: Callable[[], Iterator[Check]]) -> Iterator[Check]:
        """What work yields, and that the hosts are as before it."""
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
        self.ground.script(
            host,
            'systemctl stop "$FPM_UNIT"; curl -s -o /dev/null -H "Host: shop.example" '
            "http://127.0.0.1/index.php",
        )

    def active(self, host: str) -> str:
        return self.ground.script(host, 'systemctl is-active "$FPM_UNIT" || true').strip()

    def left(self, host: str, done: mended.Run, reason: str, actions: list[str], result: str) -> Check:
        """Each action of the plan was left for that reason, which the table names as well, and nobody is
        alarmed.
        """
        found = results(done.results.get(host))
        fine = (
            [one[0] for one in found] == actions
            and all(one[1] == result and reason in one[2] for one in found)
            and not done.results[host]["changed"]
        )
        told_in_table = reason in " ".join(done.output.split())
        return Check(
            host,
            "%s: %s" % (result, reason),
            unless(
                fine and told_in_table and done.code == 0, found, "rc %d" % done.code, done.output[-1500:]
            ),
        )

    def forbidden(self) -> Iterator[Check]:
        cases: list[tuple[str, Report]] = [
            ("left out by remediate_skip", {"remediate_skip": ["unit_start", "socket_permission_denied"]}),
            ("not among remediate_only", {"remediate_only": ["fastcgi_pass_repoint"]}),
        ]
        for word, options in cases:
            done = self.play([SOCKET, STORMY], options)
            yield self.left(SOCKET, done, word, ["socket_access_set"], "skipped")
            yield self.left(STORMY, done, word, ["unit_start"], "skipped")
        done = self.play([SOCKET], {"remediate_max_risk": "low"})
        yield self.left(
            SOCKET, done, "remediate_max_risk=medium would allow it", ["socket_access_set"], "skipped"
        )
        done = self.play(
            [SOCKET], {"remediate_skip": ["unit_strat"], "remediate_only": ["socket_permision_denied"]}
        )
        result = done.results.get(SOCKET, {})
        words = result.get("msg", "")
        yield Check(
            SOCKET,
            "misspelt words fail the task, and are named",
            unless(
                "there is none called" in words
                and "unit_strat" in words
                and "socket_permision_denied" in words
                and "remediation" not in result,
                result,
            ),
        )
        yield Check(SOCKET, "misspelt words fail the playbook", unless(done.code != 0, "rc 0"))

    def unknown_and_generated(self) -> Iterator[Check]:
        done = self.play([UNKNOWN, SOCKET])
        entry = told(done.results.get(UNKNOWN))
        yield Check(
            UNKNOWN,
            "unknown is left alone",
            unless(
                entry.get("outcome") in ("left_alone", "nothing_to_do")
                and entry["status_before"] == "unknown"
                and not entry["actions"],
                entry,
            ),
        )
        found = results(done.results.get(SOCKET))
        fine = [one[:2] for one in found] == [
            ("socket_access_set", "refused")
        ] and "generated by another program" in found[0][2]
        yield Check(SOCKET, "a generated file is refused", unless(fine, found))
        yield Check(
            SOCKET,
            "the table names why",
            unless("generated by another program" in " ".join(done.output.split()), done.output[-1500:]),
        )
        yield Check(
            SOCKET,
            "the head is still there",
            unless(self.ground.script(SOCKET, 'head -n 1 "$POOL_FILE"').strip() == GENERATED, "it is not"),
        )

    def canary(self) -> Iterator[Check]:
        before = hosts.fingerprint(FLEET)
        done = self.play(CANARIES, NO_PROOF)
        after = hosts.fingerprint(FLEET)
        tried = [
            host for host in CANARIES if any(one[1] != "would" for one in results(done.results.get(host)))
        ]
        yield Check(
            FLEET, "one host alone is tried first", unless(len(tried) == 1, tried, done.output[-1500:])
        )
        yield Check(FLEET, "the playbook fails", unless(done.code != 0, "rc 0"))
        have = sorted(done.report.get("hosts", {}))
        yield Check(FLEET, "report.json has all of them", unless(have == CANARIES, have, done.output[-1500:]))
        for host in CANARIES:
            if host not in tried:
                yield Check(
                    host,
                    "the canary keeps it from its turn",
                    "; ".join(changes(settled(before[host]), settled(after[host]))) or None,
                )
                continue
            yield Check(
                host,
                "the canary is rolled back",
                unless(
                    [one[:2] for one in results(done.results[host])]
                    == [("fastcgi_pass_repoint", "rolled_back")],
                    results(done.results[host]),
                ),
            )
            differences = changes(before[host]["files"], after[host]["files"])
            yield Check(
                host,
                "its configuration is as before",
                "; ".join(line for line in differences if not line.startswith("//run/")) or None,
            )

    def all_at_last(self) -> Iterator[Check]:
        done = self.play(CANARIES)
        yield Check(
            FLEET, "the playbook ends well", unless(done.code == 0, "rc %d" % done.code, done.output[-1500:])
        )
        began = {host: told(done.results.get(host)).get("diagnosed_at", 0.0) for host in CANARIES}
        first, *rest = sorted(CANARIES, key=lambda host: began[host])
        ended = began[first] + sum(
            action["seconds"] for action in told(done.results.get(first)).get("actions", [])
        )
        yield Check(
            first,
            "it is mended alone, and only then the others",
            unless(all(began[host] >= ended for host in rest), began, ended),
        )
        answer = mended.answers(FLEET)
        for host in CANARIES:
            yield Check(
                host,
                "it is mended",
                mended.wrong_with_mended(
                    done.results.get(host), ["fastcgi_pass_repoint"], answer.get(host, "was not asked")
                ),
            )

    def storm(self) -> Iterator[Check]:
        self.ground.script(STORMY, "rm -rf " + STATE)
        for number, options, wanted, state in (
            (1, {}, "done", "active"),
            (2, {}, "done", "active"),
            (3, {}, "skipped", "inactive"),
            (4, {"remediate_max_repeats": 5}, "done", "active"),
        ):
            self.stop(STORMY)
            done = self.play([STORMY], options)
            found = results(done.results.get(STORMY))
            fine = [one[:2] for one in found] == [("unit_start", wanted)] and (
                "was tried 2 times" in found[0][2]
            ) == (wanted == "skipped")
            yield Check(
                STORMY,
                "stopped for the %d. time %s: %s" % (number, json.dumps(options), wanted),
                unless(
                    fine and self.active(STORMY) == state and done.code == 0,
                    found,
                    self.active(STORMY),
                    "rc %d" % done.code,
                ),
            )
            if wanted == "skipped":
                yield Check(
                    STORMY,
                    "the table says that it was tried",
                    unless("was tried 2 times" in " ".join(done.output.split()), done.output[-1500:]),
                )

    def tries(self) -> list[str]:
        text = self.ground.script(
            SOCKET, "cat %s/ledger.json 2>/dev/null || echo '{\"entries\": []}'" % STATE
        )
        return [entry["result"] for entry in json.loads(text)["entries"]]

    def held(self) -> Iterator[Check]:
        """Another process holds the lock all the time."""
        self.ground.script(
            SOCKET,
            "install -d -m 0700 %s; systemd-run --quiet --collect --unit=hold flock %s/lock sleep 300; "
            "until ! flock -n %s/lock true; do sleep 0.1; done" % (STATE, STATE, STATE),
        )
        done = self.play([SOCKET])
        self.ground.script(SOCKET, "systemctl stop hold")
        entry = told(done.results.get(SOCKET))
        yield Check(
            SOCKET,
            "while another is at work it is busy, and the playbook fails",
            unless(entry.get("outcome") == "busy" and done.code != 0, entry, "rc %d" % done.code),
        )

    def at_once(self) -> Iterator[Check]:
        before = self.tries()
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda name: self.play([SOCKET], name=name), ("one", "other")))
        entries = [told(done.results.get(SOCKET)) for done in runs]
        done_by = [
            entry
            for entry in entries
            if any(action["result"] == "done" for action in entry.get("actions", []))
        ]
        yield Check(SOCKET, "of two at the same time one does it", unless(len(done_by) == 1, entries))
        others = [entry for entry in entries if entry not in done_by]
        yield Check(
            SOCKET,
            "the other is busy or finds nothing to do",
            unless([entry.get("outcome") in ("busy", "nothing_to_do") for entry in others] == [True], others),
        )
        yield Check(
            SOCKET, "it was tried once", unless(self.tries() == [*before, "done"], before, self.tries())
        )
        answer = mended.answers(FLEET)
        yield Check(SOCKET, "it answers", answer.get(SOCKET, "was not asked"))


def prove(ground: Ground) -> Iterator[Check]:
    restraint = Restraint(ground)
    yield from restraint.untouched([SOCKET, STORMY], "what is forbidden", restraint.forbidden)
    ground.script(SOCKET, 'cp -a "$POOL_FILE" /root/pool; sed -i "1i %s" "$POOL_FILE"' % GENERATED)
    yield from restraint.untouched(
        [SOCKET, UNKNOWN], "unknown and generated", restraint.unknown_and_generated
    )
    ground.script(SOCKET, 'cp -a /root/pool "$POOL_FILE"; systemctl restart "$FPM_UNIT"')
    yield from restraint.canary()
    yield from restraint.all_at_last()
    yield from restraint.storm()
    yield from restraint.untouched([SOCKET], "busy", restraint.held)
    yield from restraint.at_once()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, HOSTS, prove, symptoms=True))
