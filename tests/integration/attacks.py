# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What accounts without any right do on real hosts.

``python3 -m tests.integration.attacks [SUITE] [NAME,...] [--all]``, with names of attacks or of grounds.

Each attack of attacks/*.yml really runs on a host, as that account. Then come the audit, the diagnosis and
the remediation. Root must run nothing of the account's. The verdict must be the true one of the host. Only
what the host needs may be different afterwards. attacks/grounds.yml says which attacks share a host. Only
with --all the diagnosis comes as well as the audit, and the grounds that are `full`.
FLEET_KEEP=1 leaves the hosts: ``podman --runtime runc exec -it webmedic-test-attacks-SUITE-GROUND bash``.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tests.integration import mended
from tests.integration.attack_scripts import PLACE, Ground, load, setup_script
from tests.integration.compare import against_schema, settled
from tests.integration.few_hosts import on_fleet
from tests.integration.field import Field, untouched, without_risks
from tests.lab.data import load_suites
from tests.lab.judge import judge_host, texts
from tests.run.checks import Check

FLEET = "attacks"
# What a look at a host may take, whatever lies there. The engine ends one that hangs, so it has no verdict.
CPU = 8.0  # seconds of the processor; 1 to 2 are usual, more or less whatever else the machine does
PEAK = 100  # MB of memory; 30 are usual
# Few hosts at a time, so that they do not wait for each other.
WORDS = (
    "-e",
    "ansible_python_interpreter=%s/python" % PLACE,
    "--forks",
    "6",
    "-e",
    "diagnose_host_timeout=120",
    "-e",
    "remediate_host_timeout=180",
    "-e",
    "remediate_verify_timeout=8",
)
END = "--- end of what was asked"
LEFT = "pgrep -u root -a -f 'look.py|AnsiballZ' || true"


class Attacked(Field[Ground]):
    """The grounds of one run, by the names of their hosts."""

    def expanded(self, host: str, wanted: Sequence[str]) -> list[str]:
        """Texts with the suite's variables, and what commands print on the host, filled in."""
        return (
            self.script(host, "cat <<TEXTS\n%s\nTEXTS\n" % "\n".join(wanted)).splitlines() if wanted else []
        )


def named(entry: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Whether the report names a stranger that has all these words, each in its key."""
    return any(
        all(words in str(stranger.get(key)) for key, words in wanted.items())
        for stranger in entry.get("strangers") or []
    )


def expected_verdict(ground: Ground, entry: dict[str, Any] | None) -> dict[str, Any]:
    """Of a doubtful ground, findings that are not certain are right as they are."""
    if (
        ground.doubtful
        and entry
        and entry["status"] == "degraded"
        and not any(finding["confidence"] == "certain" for finding in entry["findings"])
    ):
        return {"status": "degraded", "findings": entry["findings"]}
    return ground.expected


def verdicts(field: Attacked, name: str, done: mended.Run) -> Iterator[Check]:
    """The report says of each host what is true."""
    yield Check(
        FLEET,
        "%s: the report is what its schema promises" % name,
        against_schema(done.report) if done.report else done.output[-3000:],
    )
    for host, ground in field.stories.items():
        entry = without_risks(done.report.get("hosts", {}).get(host))
        verdict = judge_host(host, expected_verdict(ground, entry), entry)
        missing = [item.get("what") for item in (entry or {}).get("missing") or []] if verdict.wrong else ""
        yield Check(
            host,
            "%s: the verdict is %s, whatever strangers do" % (name, ground.expected["status"]),
            "%s (missing: %s)" % ("; ".join(verdict.wrong), missing) if verdict.wrong else None,
        )


def strangers(field: Attacked, done: mended.Run) -> Iterator[Check]:
    for host, ground in field.stories.items():
        entry = done.report.get("hosts", {}).get(host, {})
        evidence = texts([finding.get("evidence") for finding in entry.get("findings") or []])
        if any(attack.named for attack in ground.attacks):
            total, listed = entry.get("strangers_total"), entry.get("strangers") or []
            yield Check(
                host,
                "strangers_total counts all strangers",
                None if isinstance(total, int) and total >= len(listed) > 0 else str(total),
            )
        for attack in ground.attacks:
            for wanted in attack.named:
                keys = dict(zip(wanted, field.expanded(host, list(wanted.values())), strict=True))
                yield Check(
                    host,
                    "%s: it is named as a stranger: %s" % (attack.name, keys),
                    None if named(entry, keys) else str(entry.get("strangers"))[:600],
                )
            for wanted in attack.unnamed:
                yield Check(
                    host,
                    "%s: it is no stranger: %s" % (attack.name, wanted),
                    str(entry.get("strangers"))[:600] if named(entry, wanted) else None,
                )
            for words in field.expanded(host, attack.proof):
                yield Check(
                    host,
                    "%s: the evidence says %s" % (attack.name, words),
                    None if words in evidence else evidence[:600],
                )


def outcome(field: Attacked, done: mended.Run) -> Iterator[Check]:
    """The remediation did what it may do, and no more."""
    for host, ground in field.stories.items():
        actions = (done.results.get(host) or {}).get("remediation", {}).get("actions", [])
        tried = [action["id"] for action in actions if action["result"] in ("done", "rolled_back", "failed")]
        yield Check(
            host,
            "remediate: it does %s" % (", ".join(ground.mends) or "nothing"),
            None
            if tried == list(ground.mends)
            else "%s: %s" % (tried, [(action["id"], action["result"], action["why"]) for action in actions]),
        )


def traces(field: Attacked) -> Iterator[Check]:
    """Root ran nothing of an account's, and no attack got what it wants."""
    for host, ground in field.stories.items():
        wanted: list[tuple[str, str]] = []
        for attack in ground.attacks:
            canary = "/canary." + attack.name
            if attack.account:
                wanted.append(
                    (
                        "%s: %s, and root runs none of it" % (attack.name, attack.title),
                        "[ ! -e %s ] || { echo %s is there; cat %s; }" % (canary, canary, canary),
                    )
                )
            wanted += [("%s: %s" % (attack.name, truth["that"]), truth["by"]) for truth in attack.after]
        wanted.append(("no process of ours is left", LEFT))
        script = "\n".join("(\n%s\n)\necho %s" % (script, END) for _what, script in wanted)
        outputs = field.script(host, script).split(END + "\n")
        for (what, _script), output in zip(wanted, outputs, strict=False):
            yield Check(host, what, output.strip()[:600] or None)


def looks(field: Attacked) -> Iterator[Check]:
    """The looks at each host ended by themselves, and took little of its processor and memory."""
    for host in field.stories:
        looks = field.script(host, "cat %s/looks" % PLACE)
        notes = [json.loads(line) for line in looks.splitlines()]
        ended = {note["pid"]: note for note in notes if "ended" in note}
        busy = ["pid %d never ended" % note["pid"] for note in notes if note["pid"] not in ended]
        busy += ["%s s" % note["cpu"] for note in ended.values() if note["cpu"] > CPU]
        yield Check(
            host,
            "each look ends, and takes at most %d s of the processor" % CPU,
            "; ".join(busy) or (None if notes else "nobody looked"),
        )
        large = ["%d MB" % note["peak_mb"] for note in ended.values() if note["peak_mb"] > PEAK]
        yield Check(host, "no look takes more than %d MB" % PEAK, "; ".join(large) or None)


def prove(field: Attacked, names: Sequence[str]) -> Iterator[Check]:
    """names: of the playbooks that look at the hosts, before the remediation."""
    yield from field.up(
        setup_script,
        lambda ground: "the attacks are under way: %s" % ", ".join(attack.name for attack in ground.attacks),
    )
    before = field.fingerprints()
    for name in names:
        done = field.play(name)
        yield from verdicts(field, name, done)
    yield from strangers(field, done)
    looked_at = field.fingerprints()
    yield from untouched(before, looked_at, " and ".join(names))
    yield from looks(field)
    done = field.play("remediate")
    yield from outcome(field, done)
    repeated = {
        host: script
        for host, ground in field.stories.items()
        for script in ["\n".join(attack.again for attack in ground.attacks)]
        if script.strip()
    }
    for _time in range(2 if repeated else 0):
        for host, script in repeated.items():
            field.script(host, script)
        field.play("remediate", "--limit", ",".join(repeated))
    mended_hosts = {host for host, ground in field.stories.items() if ground.mends}
    after = field.fingerprints()
    yield from untouched(
        {host: settled(looked_at[host]) for host in looked_at if host not in mended_hosts},
        {host: settled(after[host]) for host in after},
        "remediate",
    )
    yield from traces(field)


def main(argv: Sequence[str]) -> int:
    suites, in_full = set(load_suites()), "--all" in argv
    suite = next((word for word in argv if word in suites), None)
    names = [name for word in argv if word not in {*suites, "--all"} for name in word.split(",")]
    field = Attacked(FLEET, load(suite, names, in_full), WORDS)
    return on_fleet(field.fleet, lambda: prove(field, ("audit", "diagnose") if in_full else ("audit",)))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
