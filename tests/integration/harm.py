# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation must not do, on real hosts.

``python3 -m tests.integration.harm [NAME,...]``, with names of harms, of their hosts or of their files.

Each harm of harm/*.yml is brought about on a host. The audit says what is true and touches nothing. Check
mode predicts exactly what the remediation then does. The remediation does what it may do there, and no more.
Visitors of other sites lose only the requests that it reports. Where it changed something, a second run
changes nothing.

``--tree DIRECTORY`` takes the collection that lies there. ``--parts N`` takes a part of the hosts at a time.
FLEET_KEEP=1 leaves the hosts: ``podman --runtime runc exec -it webmedic-test-harm-SUITE-HOST bash``.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.integration import harm_scripts, mended
from tests.integration.compare import against_schema, changes, settled
from tests.integration.few_hosts import on_fleet
from tests.integration.field import Field, untouched, without_risks
from tests.integration.harm_scripts import AS_REPORTED, Scene
from tests.lab import scripts, visits
from tests.lab.judge import judge_host, texts
from tests.run.checks import Check

FLEET = "harm"
WORDS = ("--forks", "6")
# A site that is mended answers in a second or two. One that is not should not keep the others waiting. A harm
# may set another time.
OPTIONS = {"remediate_verify_timeout": 8}
END = "--- end of what was asked"


class State(NamedTuple):
    """What a host is like at one time. pages: statuses by place; kept: by harm, what its script printed."""

    pages: dict[str, int]
    kept: dict[str, str]


def look_at(field: Field[Scene], host: str, scene: Scene) -> State:
    wanted = [harm_scripts.pages_script(scene.pages), *(harm.kept for harm in scene.harms)]
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
    """Of all hosts. One that cannot be looked at has no pages, and the error under the name ""."""
    by_host: dict[str, State] = {}
    done = field.fleet.each(
        list(field.specs.values()),
        lambda spec: str(by_host.setdefault(spec.host, look_at(field, spec.host, field.stories[spec.host]))),
        lambda _outcome: None,
    )
    for outcome in done:
        if not outcome.ok:
            by_host[outcome.spec.host] = State({}, {"": outcome.words})
    return by_host


def answered(scene: Scene, host: str, state: State, late: bool) -> Iterator[Check]:
    """Each page answers as the harm says. late: after the remediation."""
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
        entry = without_risks(done.report.get("hosts", {}).get(host))
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
    """The remediation does what it may do there."""
    actions = ((result or {}).get("remediation") or {}).get("actions", [])
    done = [action["id"] for action in actions if action["result"] == "done"]
    undone = [action["id"] for action in actions if action["result"] in ("rolled_back", "failed")]
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
    problem = "%s: %s" % (undone, in_words) if undone else None
    yield Check(host, "it begins nothing that it takes back", problem)


def report_words(scene: Scene, host: str, entry: dict[str, Any] | None) -> Iterator[Check]:
    report = texts(entry)
    for harm in scene.harms:
        for wanted in harm.words:
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


class Remedy(NamedTuple):
    """The remediation of all hosts, for real. began, ended: seconds since 1970."""

    run: mended.Run
    began: float
    ended: float


def cost(field: Field[Scene], host: str, scene: Scene, remedy: Remedy) -> Iterator[Check]:
    """What the visitors lost while the remediation ran."""
    for number, stream in enumerate(scene.streams):
        seen = visits.parse(field.script(host, "cat %s.%d" % (scripts.VISITORS_LOG, number)))
        lost = visits.lost(seen, remedy.began, remedy.ended)
        cut = visits.requests_cut(remedy.run.results.get(host))
        most = cut if stream.lost == AS_REPORTED else int(stream.lost)
        yield Check(
            host,
            "visitors of %s%s lose no more than %s of %s"
            % (stream.visitors.site, stream.visitors.path, stream.lost, "its requests"),
            "%d lost of %d, %d may be: %s" % (len(lost), len(seen), most, visits.some(lost, remedy.began))
            if len(lost) > most or not seen
            else None,
        )


def bring_about(field: Field[Scene]) -> Iterator[Check]:
    """The hosts come up, their harms are brought about, and the visitors come."""
    for host, scene in field.stories.items():
        field.visited(host, [stream.visitors for stream in scene.streams])
    yield from field.up(
        harm_scripts.setup_script,
        lambda scene: "it is brought about: %s" % "; ".join(harm.title for harm in scene.harms),
    )
    field.options(
        {
            host: {**OPTIONS, **{key: value for harm in scene.harms for key, value in harm.options.items()}}
            for host, scene in field.stories.items()
        }
    )
    visitors = {
        host: scripts.visitors(field.specs[host].visitors)
        + harm_scripts.helpers()
        + "\n".join(harm.later for harm in scene.harms)
        for host, scene in field.stories.items()
        if scene.streams
    }
    for host, outcome in field.on_each(visitors).items():
        yield Check(host, "visitors come", None if outcome.ok else outcome.words)


def all_settled(fingerprints: Mapping[str, Any]) -> dict[str, Any]:
    return {host: settled(fingerprint) for host, fingerprint in fingerprints.items()}


def second_run_problem(before: Any, after: Any, again: mended.Run, host: str) -> str | None:
    """before, after: the host's fingerprints around the second run."""
    differences = "; ".join(changes(settled(before), settled(after)))
    if differences:
        return differences
    changed = again.results.get(host, {}).get("changed", True)
    return "it says that it changed something" if changed else None


def prove(field: Field[Scene]) -> Iterator[Check]:
    yield from bring_about(field)
    before = states(field)
    for host, scene in field.stories.items():
        yield from answered(scene, host, before[host], late=False)
    at_first = field.fingerprints()
    audit = field.play("audit")
    yield from verdicts(field, audit)
    audited = field.fingerprints()
    yield from untouched(at_first, audited, "audit")
    checked = field.play("remediate", "--check", "--diff")
    after_check_mode = field.fingerprints()
    yield from untouched(all_settled(audited), all_settled(after_check_mode), "check mode")
    began = time.time()
    remedy = Remedy(field.play("remediate"), began, time.time())
    report, output = remedy.run.report, remedy.run.output
    yield Check(
        FLEET,
        "the report is what its schema promises",
        against_schema(report) if report else output[-3000:],
    )
    mended_hosts, after = field.fingerprints(), states(field)
    repeated = sorted(host for host in field.stories if remedy.run.results.get(host, {}).get("changed", True))
    again = field.play("remediate", "--limit", ",".join(repeated)) if repeated else remedy.run
    at_last = field.fingerprints(repeated)
    for host, scene in field.stories.items():
        result = remedy.run.results.get(host)
        yield Check(
            host,
            "check mode predicts exactly what is done",
            mended.prediction_problem(checked.results.get(host), result),
        )
        yield from actions_taken(scene, host, result)
        if scene.actions == []:
            differences = changes(settled(after_check_mode[host]), settled(mended_hosts[host]))
            yield Check(host, "not one byte and no service is different", "; ".join(differences) or None)
        yield from answered(scene, host, after[host], late=True)
        yield from kept(scene, host, before[host], after[host])
        yield from truths(field, host, scene)
        yield from cost(field, host, scene, remedy)
        yield from report_words(scene, host, report.get("hosts", {}).get(host))
        if host in repeated:
            problem = second_run_problem(mended_hosts[host], at_last[host], again, host)
            yield Check(host, "a second run changes nothing", problem)


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
