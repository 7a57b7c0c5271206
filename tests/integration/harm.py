# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation must not do, on real hosts.

``python3 -m tests.integration.harm [NAME,...]``, of harms, of their hosts or of their files.

Each harm of harm/*.yml is brought about on a host. The audit says what is true and touches nothing, check
mode predicts exactly what the remediation then does, that is what it may do there and no more, those who
visit other sites lose no request that was not reported, and a second run changes nothing. ``--tree
DIRECTORY``: of the collection that lies there; ``--parts N``: a part of the hosts at a time. FLEET_KEEP=1
leaves the hosts: ``podman --runtime runc exec -it webmedic-test-harm-SUITE-HOST bash``.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.integration import harm_scripts, mended
from tests.integration.compare import against_schema, changes, settled
from tests.integration.few_hosts import on_fleet
from tests.integration.field import Field, untouched
from tests.integration.harm_scripts import AS_REPORTED, Scene
from tests.lab import scripts, visits
from tests.lab.judge import judge_host, texts
from tests.run.checks import Check

FLEET = "harm"
WORDS = ("--forks", "6")
# What is mended is so in a second or two, and what is not should not keep the others waiting; a harm may say
# else.
OPTIONS = {"remediate_verify_timeout": 8}
END = "--- end of what was asked"


class State(NamedTuple):
    """pages: statuses by place; kept: by harm, what its script printed."""

    pages: dict[str, int]
    kept: dict[str, str]


def look_at(field: Field[Scene], host: str, scene: Scene) -> State:
    wanted = [harm_scripts.asked(scene.pages), *(harm.kept for harm in scene.harms)]
    output = field.script(
        host,
        harm_scripts.helpers()
        + "\n".join(
            '(\n:\n%s\n) 2>&1 || echo "it ended with $?"\necho %s' % (script, END) for script in wanted
        ),
    )
    pages, *kept = output.split(END + "\n")
    return State(
        dict(harm_scripts.answers(pages)),
        {harm.name: words for harm, words in zip(scene.harms, kept, strict=False)},
    )


def states(field: Field[Scene]) -> dict[str, State]:
    found: dict[str, State] = {}
    done = field.fleet.each(
        list(field.specs.values()),
        lambda spec: str(found.setdefault(spec.host, look_at(field, spec.host, field.stories[spec.host]))),
        lambda _outcome: None,
    )
    for outcome in done:
        if not outcome.ok:
            found[outcome.spec.host] = State({}, {"": outcome.words})
    return found


def answered(scene: Scene, host: str, state: State, late: bool) -> Iterator[Check]:
    """Each page is as the harm says: before, or late."""
    for page in scene.pages:
        wanted, got = page.after if late else page.before, state.pages.get(page.where)
        yield Check(
            host,
            "%s: %s answers %s"
            % ("afterwards" if late else "before", page.where, " or ".join(map(str, wanted)) or "anything"),
            None if got in wanted or not wanted else "HTTP %s %s" % (got, state.kept.get("", "")),
        )


def verdicts(field: Field[Scene], done: mended.Run) -> Iterator[Check]:
    for host, scene in field.stories.items():
        entry = done.report.get("hosts", {}).get(host)
        if scene.expected:
            verdict = judge_host(host, scene.expected, entry)
            missing = (
                [item.get("what") for item in (entry or {}).get("missing") or []] if verdict.wrong else ""
            )
            yield Check(
                host,
                "the verdict is right",
                "%s (missing: %s)" % ("; ".join(verdict.wrong), missing) if verdict.wrong else None,
            )


def actions_taken(scene: Scene, host: str, result: dict[str, Any] | None) -> Iterator[Check]:
    """It does what it may do there."""
    actions = ((result or {}).get("remediation") or {}).get("actions", [])
    done = [action["id"] for action in actions if action["result"] == "done"]
    gone = [action["id"] for action in actions if action["result"] in ("rolled_back", "failed")]
    in_words = (
        "; ".join("%s %s: %s" % (action["id"], action["result"], action["why"]) for action in actions)
        or str(result)[:600]
    )
    if scene.actions is not None:
        yield Check(
            host,
            "it does %s" % (", ".join(scene.actions) or "nothing"),
            None if done == scene.actions else "%s: %s" % (done, in_words),
        )
    yield Check(host, "it begins nothing that it takes back", "%s: %s" % (gone, in_words) if gone else None)


def words(scene: Scene, host: str, entry: dict[str, Any] | None) -> Iterator[Check]:
    report = texts(entry)
    for harm in scene.harms:
        for wanted in harm.said:
            yield Check(
                host,
                "%s: the report says %r" % (harm.name, wanted),
                None if wanted in report else "it does not",
            )
        for unwanted in harm.unsaid:
            yield Check(
                host,
                "%s: the report does not say %r" % (harm.name, unwanted),
                "it does" if unwanted in report else None,
            )


def kept(scene: Scene, host: str, before: State, after: State) -> Iterator[Check]:
    for harm in scene.harms:
        if harm.kept:
            earlier, later = before.kept.get(harm.name), after.kept.get(harm.name)
            yield Check(
                host,
                "%s: what must stay is as before" % harm.name,
                None if earlier == later else "was %r, is %r" % (earlier, later),
            )


def truths(field: Field[Scene], host: str, scene: Scene) -> Iterator[Check]:
    for harm in scene.harms:
        for truth in harm.after:
            problem = field.script(
                host, '%s(\n%s\n) 2>&1 || echo "it ended with $?"' % (harm_scripts.helpers(), truth["by"])
            ).strip()
            yield Check(host, "%s: %s" % (harm.name, truth["that"]), problem[:600] or None)


def cost(
    field: Field[Scene], host: str, scene: Scene, result: dict[str, Any] | None, began: float, ended: float
) -> Iterator[Check]:
    """What those lost who visited meanwhile."""
    for number, stream in enumerate(scene.streams):
        seen = visits.parse(field.script(host, "cat %s.%d" % (scripts.VISITORS_LOG, number)))
        lost = visits.lost(seen, began, ended)
        may = visits.requests_cut(result) if stream.lost == AS_REPORTED else int(stream.lost)
        yield Check(
            host,
            "visitors of %s%s lose no more than %s of %s"
            % (stream.visitors.site, stream.visitors.path, stream.lost, "its requests"),
            "%d lost of %d, %d may be: %s" % (len(lost), len(seen), may, visits.some(lost, began))
            if len(lost) > may or not seen
            else None,
        )


def prove(field: Field[Scene]) -> Iterator[Check]:
    for host, scene in field.stories.items():
        field.visited(host, [stream.visitors for stream in scene.streams])
    yield from field.up(
        harm_scripts.begun,
        lambda scene: "it is brought about: %s" % "; ".join(harm.title for harm in scene.harms),
    )
    field.options(
        {
            host: {**OPTIONS, **{key: value for harm in scene.harms for key, value in harm.options.items()}}
            for host, scene in field.stories.items()
        }
    )
    for host, outcome in field.on_each(
        {
            host: scripts.visitors(field.specs[host].visitors)
            + harm_scripts.helpers()
            + "\n".join(harm.later for harm in scene.harms)
            for host, scene in field.stories.items()
            if scene.streams
        }
    ).items():
        yield Check(host, "visitors come", None if outcome.ok else outcome.words)
    before = states(field)
    for host, scene in field.stories.items():
        yield from answered(scene, host, before[host], late=False)
    prints = field.fingerprints()
    audit = field.play("audit")
    yield from verdicts(field, audit)
    looked_at = field.fingerprints()
    yield from untouched(prints, looked_at, "audit")
    checked = field.play("remediate", "--check", "--diff")
    after_check_mode = field.fingerprints()
    yield from untouched(
        {host: settled(looked_at[host]) for host in looked_at},
        {host: settled(fingerprint) for host, fingerprint in after_check_mode.items()},
        "check mode",
    )
    began = time.time()
    real = field.play("remediate")
    ended = time.time()
    yield Check(
        FLEET,
        "the report is what its schema promises",
        against_schema(real.report) if real.report else real.output[-3000:],
    )
    prints, after = field.fingerprints(), states(field)
    again = field.play("remediate")
    later = field.fingerprints()
    for host, scene in field.stories.items():
        result = real.results.get(host)
        yield Check(
            host,
            "check mode predicts exactly what is done",
            mended.prediction_problem(checked.results.get(host), result),
        )
        yield from actions_taken(scene, host, result)
        if scene.actions == []:
            yield Check(
                host,
                "not one byte and no service is different",
                "; ".join(changes(settled(after_check_mode[host]), settled(prints[host]))) or None,
            )
        yield from answered(scene, host, after[host], late=True)
        yield from kept(scene, host, before[host], after[host])
        yield from truths(field, host, scene)
        yield from cost(field, host, scene, result, began, ended)
        yield from words(scene, host, real.report.get("hosts", {}).get(host))
        yield Check(
            host,
            "a second run changes nothing",
            "; ".join(changes(settled(prints[host]), settled(later[host])))
            or (
                "it says that it changed something"
                if again.results.get(host, {}).get("changed", True)
                else None
            ),
        )


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME,...")
    parser.add_argument("--tree", help="where ansible_collections of another version of the collection lies")
    parser.add_argument("--all", action="store_true", help="those of full runs as well")
    parser.add_argument("--parts", type=int, default=1, metavar="N")
    args = parser.parse_args(argv)
    wanted = harm_scripts.scenes(
        harm_scripts.harms(), [name for word in args.names for name in word.split(",")], args.all
    )

    def work() -> Iterator[Check]:
        for number in range(args.parts):
            field = Field[Scene](FLEET, wanted[number :: args.parts], WORDS, args.tree)
            yield from prove(field)
            if number + 1 < args.parts:
                field.fleet.down()

    return on_fleet(Field[Scene](FLEET, wanted).fleet, work)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
