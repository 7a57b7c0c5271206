# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation of one host: look, plan, and then action by action: show, try on a copy, do, prove, keep or
put back.

One look decides all: what check mode shows is what is done. A cause that shows only once another is gone
waits for the next run.
"""

from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple

from ..actions.backlog import shows_arrivals
from ..actions.registry import resolve
from ..change import ledger, managed
from ..change.disk import Disk
from ..change.left_behind import settle
from ..change.lock import STATE, Busy, lock
from ..change.record import left_open
from ..change.texts import Texts
from ..collect.host import Host
from ..collect.snapshot import take
from ..plan.bundles import bundles
from ..plan.plan import BY_ID
from ..plan.policy import Policy, policy_refusal
from ..rules.diagnose import diagnose
from ..work.action import ARRIVALS
from ..work.step import REMEDIATE, Command, Refusal, Refused, Step
from .carry_out import Outcome, carry_out, untouched
from .finding_results import active
from .measure import view_for
from .proof import Proof
from .reply import TRIED, Diagnosis, Done, left_alone, reply, tried
from .running import Running

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.remediation import Reply, Taken, Undone
    from ...plugin_utils.shapes.snapshot import Snapshot

LOOKS = 5  # that a short queue gets, which is full and has room by turns
PAUSE = 1.0  # seconds between them


def _arrivals_unknown(snapshot: "Snapshot", findings: Sequence["Finding"]) -> bool:
    """Whether a pool is to be resized, and the probe was answered too soon to count who comes."""
    return any(
        any(ARRIVALS in BY_ID[remedy["action"]].needs for remedy in item["remedy"])
        and not (
            item["endpoint"] in snapshot["endpoints"]
            and shows_arrivals(snapshot["endpoints"][item["endpoint"]])
        )
        for item in active(findings)
    )


def _merged(steps: Sequence[Step]) -> Step:
    """What only helps together is one step: all files, then all commands, each once."""
    last = steps[-1]
    if not steps[1:]:
        return last
    commands: List[Command] = []
    for step in steps:
        commands += [command for command in step.commands if command not in commands]
    return Step(
        last.name,
        last.target,
        [change for step in steps for change in step.changes],
        [trial for step in steps for trial in step.trials],
        commands,
        [note for step in steps for note in step.notes],
        [path for step in steps for path in step.to_load],
    )


def _taken(action: "Planned", outcome: Outcome, seconds: float) -> "Taken":
    return {
        "id": action["id"],
        "target": action["target"],
        "arguments": action["arguments"],
        "because": action["because"],
        "findings": action["findings"],
        "risk": action["risk"],
        "reversible": action["reversible"],
        "disruption": action["disruption"],
        "running": action["running"],
        "result": outcome.result,
        "refusal_kind": outcome.refusal_kind,
        "why": outcome.why,
        "files": outcome.files,
        "commands": outcome.commands,
        "backup": outcome.backup,
        "cut": outcome.cut,
        "seconds": round(seconds, 2),
    }


class Run:
    prefix = REMEDIATE

    def __init__(self, host: Host, disk: Disk, policy: Policy, check_mode: bool, state: str) -> None:
        self.host, self.disk, self.policy, self.check_mode, self.state = host, disk, policy, check_mode, state
        for number in range(LOOKS):
            if number:
                host.sleep(PAUSE)
            self.snapshot, self.verdict = self.look()
            if not _arrivals_unknown(self.snapshot, self.verdict["findings"]):
                break
        self.diagnosis = Diagnosis(self.snapshot, self.verdict, host.now(), policy.window, check_mode)
        self.texts = Texts(host)
        self.running = Running(
            host,
            self.snapshot["fpm"]["masters"],
            policy.max_cut,
            policy.quiet_wait,
            self.snapshot["nginx"],
            self.prefix,
        )
        self.actions: List["Taken"] = []
        self.diff: List[Dict[str, str]] = []
        self.proof: Optional[Proof] = None
        self.in_force: List[str] = []  # files that run, though they are newer: put back, or a killed run's

    def look(self) -> "Tuple[Snapshot, Verdict]":
        snapshot = take(self.host, self.policy.window, self.policy.probe_timeout)
        return snapshot, diagnose(snapshot)

    def reserve(self) -> Optional[Refused]:
        """Why nothing is to be done on this host, whatever is found there."""
        if self.verdict["status"] == "unknown":
            return Refused("unknown", "it could not be looked at well enough, see missing")
        return None

    def make_proof(self) -> Proof:
        findings, plan = self.verdict["findings"], self.verdict["plan"]
        return Proof(self.host, self.policy, self.snapshot, findings, plan, not self.check_mode)

    def allowed(self) -> bool:
        """Whether anything of the plan would be tried."""
        return self.reserve() is None and any(
            not any(map(self.refusal, bundle)) for bundle in bundles(self.verdict["plan"])
        )

    def refusal(self, action: "Planned") -> Optional[Refused]:
        return policy_refusal(self.policy, action, self.verdict["findings"], self.prefix)

    def step(self, action: "Planned") -> Step:
        """Raises Refusal."""
        view = view_for(action, self.host, self.texts, self.snapshot, self.policy.swap_size)
        return resolve(action["id"], view, action["arguments"])

    def repeat_refusal(self, bundle: "Sequence[Planned]") -> Optional[Refused]:
        """Why what is done once only, or was tried often enough of late, is not tried again."""
        entries = ledger.read(self.disk, self.state)
        since = self.host.now() - self.policy.repeat_period
        for action in bundle:
            name, target = action["id"], str(action["target"])
            if BY_ID[name].once and ledger.done(entries, name, target, self.diagnosis.at):
                why = "was done in %s before, and is not done twice: find out why it takes longer still"
                return Refused("repeated", why % target)
            times = ledger.attempts(entries, name, target, since)
            if times >= self.policy.max_repeats:
                why = "was tried %d times within %d s and did not last: find what undoes it"
                return Refused("repeated", why % (times, self.policy.repeat_period))
        return None

    def take_bundle(self, bundle: "Sequence[Planned]") -> Outcome:
        refused = next(filter(None, map(self.refusal, bundle)), None) or self.repeat_refusal(bundle)
        if refused:
            return untouched("skipped", refused)
        try:
            step = _merged([self.step(action) for action in bundle])
            step = step._replace(to_load=[*step.to_load, *self.in_force])
            why = managed.refusal(step, self.disk, self.policy.managed_files)
            refused = Refused("managed", why) if why else None
            notes = list(step.notes) + managed.warnings(step, self.disk)
        except (Refusal, OSError) as refusal:
            refused = Refused("action", str(refusal))
        if refused:
            return untouched("refused", refused)
        numbers = sorted({number for action in bundle for number in action["findings"]})
        served = [self.verdict["findings"][number] for number in numbers]
        proof = self.proof = self.proof or self.make_proof()
        proof.begin()
        outcome = carry_out(
            step,
            self.host,
            self.disk,
            lambda: proof.problem(served, bundle),
            self.check_mode,
            self.state,
            self.running,
        )
        if outcome.result == "would":
            self.texts.show(step)
        if outcome.result == "done" and proof.rest:
            notes.insert(0, "it helped, and this is still so: %s" % proof.rest)
        return outcome._replace(why=outcome.why or "; ".join(notes))

    def recorded(self, bundle: "Sequence[Planned]", outcome: Outcome) -> Outcome:
        """Its result stands, whether or not it can be written down."""
        try:
            for action in bundle:
                target = str(action["target"])
                ledger.record(self.disk, self.state, self.host.now(), action["id"], target, outcome.result)
        except (OSError, Refusal) as error:
            why = "it could not be entered in the ledger: %s" % error
            return outcome._replace(why="; ".join(filter(None, (outcome.why, why))))
        return outcome

    def act(self) -> None:
        for bundle in bundles(self.verdict["plan"]):
            began = self.host.monotonic()
            outcome = self.take_bundle(bundle)
            if outcome.result in TRIED:
                outcome = self.recorded(bundle, outcome)
            if outcome.result == "rolled_back":
                self.in_force = self.in_force + outcome.files
            self.diff += outcome.diff
            seconds = self.host.monotonic() - began
            self.actions += [_taken(action, outcome, seconds) for action in bundle]

    def look_again(self, undone: "Optional[Undone]") -> Done:
        """What was done, and how it is now, where anything was tried."""
        proof, last, after = self.proof, self.verdict, {}
        if tried(self.actions):
            _snapshot, last = self.look()
            if proof:
                after = proof.after(active(self.verdict["findings"]))
        before, answered_at = (proof.past, proof.answered_at) if proof else ({}, None)
        return Done(self.actions, self.diff, undone, last, before, after, answered_at)

    def reply(self, undone: "Optional[Undone]") -> "Reply":
        return reply(self.diagnosis, self.look_again(undone))


# What makes a run: Run, or one of another kind.
Make = Callable[[Host, Disk, Policy, bool, str], Run]


def _left_behind(
    host: Host, disk: Disk, check_mode: bool, state: str
) -> Tuple["Optional[Undone]", List[str]]:
    """(what became of what a killed run left; its files that are what runs)."""
    closed = settle(host, disk, state, not check_mode)
    if not closed:
        return None, []
    return {
        "name": closed.name,
        "target": closed.target,
        "at": closed.at,
        "files": list(closed.files),
        "fate": closed.fate,
        "why": closed.why,
        "by_hand": list(closed.by_hand),
    }, closed.in_force


def remediate(
    host: Host, disk: Disk, policy: Policy, check_mode: bool, state: str = STATE, make: Make = Run
) -> "Reply":
    """Mends what is safe to mend, or in check mode says exactly what would be done. The module's reply, with
    the snapshot in it. make: what is to be mended, and how that is proven.

    A healthy host is only looked at: no lock and no directory is made where there is nothing to do. Raises
    UndoFailed when a file of what a killed run left cannot be put back; nothing else is done then.
    """
    run = make(host, disk, policy, check_mode, state)
    half_done = host.is_root() and left_open(disk, state)
    if not half_done and not run.allowed():
        why = run.reserve()
        if why:
            return left_alone(run.diagnosis, why)
        run.act()
        return run.reply(None)
    if not host.is_root():
        return left_alone(run.diagnosis, Refused("not_root", "only root can change a host: become root"))
    if check_mode:
        undone, run.in_force = _left_behind(host, disk, True, state)
        run.act()
        return run.reply(undone)
    try:
        with lock(state, disk):
            undone, files = _left_behind(host, disk, False, state)
            # What another run mended meanwhile is not mended again.
            run = make(host, disk, policy, check_mode, state)
            run.in_force = files
            if run.reserve() is None:
                run.act()
            return run.reply(undone)
    except Busy as busy:
        return left_alone(run.diagnosis, Refused("busy", str(busy)))
