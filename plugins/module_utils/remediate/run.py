# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation of one host: look, plan, and then action by action: show, try on a copy, do, prove, keep or
put back.

One look decides all: what check mode shows is what is done, and a cause that only shows once another is gone
waits for the next run.
"""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from ..actions.backlog import counted
from ..actions.registry import resolve
from ..change import ledger, managed
from ..change.disk import Disk
from ..change.lock import Busy, lock
from ..change.texts import Texts
from ..change.transaction import STATE, left_open
from ..collect.host import Host
from ..collect.snapshot import take
from ..plan.bundles import bundles
from ..plan.plan import BY_ID
from ..plan.policy import Policy, objection
from ..reply import fit, told
from ..rules.diagnose import diagnose
from ..verdict.action import ARRIVALS
from ..verdict.step import Refusal, Step
from .carry_out import Outcome, carry_out
from .compare import DEAD, rank
from .measure import view_for
from .proof import Key, Proof, Shown, key
from .running import Running

if TYPE_CHECKING:
    from ..facts.snapshot import Snapshot
    from ..verdict.action import Planned
    from ..verdict.finding import Finding

NOTHING = Outcome("skipped", "", [], [], [], None)
NAMED = ("cause", "reason", "site", "endpoint", "pool")  # what names a finding
TRIED = ("done", "rolled_back", "failed")
LOOKS = 4  # that a short queue gets, which is full and has room by turns


def _uncounted(snapshot: "Snapshot", findings: Sequence["Finding"]) -> bool:
    """Whether a pool is to be resized, and the probe was answered too soon to count who comes."""
    return any(
        item["state"] == "active"
        and any(ARRIVALS in BY_ID[remedy["action"]].needs for remedy in item["remedy"])
        and not (
            item["endpoint"] in snapshot["endpoints"] and counted(snapshot["endpoints"][item["endpoint"]])
        )
        for item in findings
    )


def _merged(steps: Sequence[Step]) -> Step:
    """What only helps together is one step: all files, then all commands, each once."""
    last = steps[-1]
    if not steps[1:]:
        return last
    commands: List[Any] = []
    for step in steps:
        commands += [command for command in step.commands if command not in commands]
    return Step(
        last.name,
        last.target,
        [change for step in steps for change in step.changes],
        [trial for step in steps for trial in step.trials],
        commands,
        [note for step in steps for note in step.notes],
        [path for step in steps for path in step.meant],
    )


class _Run:
    """One remediation: snapshot and verdict are its diagnosis."""

    def __init__(self, host: Host, disk: Disk, policy: Policy, check_mode: bool, state: str) -> None:
        self.host, self.disk, self.policy, self.check_mode, self.state = host, disk, policy, check_mode, state
        for _look in range(LOOKS):
            self.snapshot = take(host, policy.window, policy.probe_timeout)
            self.verdict = diagnose(self.snapshot)
            if not _uncounted(self.snapshot, self.verdict["findings"]):
                break
        self.diagnosed_at = host.now()
        self.texts = Texts(host)
        self.running = Running(
            host, self.snapshot["fpm"]["masters"], policy.max_cut, policy.quiet_wait, self.snapshot["nginx"]
        )
        self.actions: List[Dict[str, Any]] = []
        self.diff: List[Dict[str, str]] = []
        self.proof: Optional[Proof] = None
        self.seen: Dict[Key, Shown] = {}  # by finding, once all is done
        self.in_force: List[
            str
        ] = []  # files that are what runs, though they are newer: put back, or of a run that was killed

    def allowed(self) -> bool:
        """Whether anything of the plan would be tried."""
        return self.verdict["status"] != "unknown" and any(
            all(self.objection(action) is None for action in bundle)
            for bundle in bundles(self.verdict["plan"])
        )

    def objection(self, action: "Planned") -> Optional[str]:
        return objection(self.policy, action, self.verdict["findings"])

    def step(self, action: "Planned") -> Step:
        """Raises Refusal."""
        view = view_for(action, self.host, self.texts, self.snapshot, self.policy.swap_size)
        return resolve(action["id"], view, action["arguments"])

    def storm(self, bundle: "Sequence[Planned]") -> Optional[str]:
        """Why what was done once for all, or tried often enough of late, is not tried again."""
        entries = ledger.read(self.state)
        for action in bundle:
            if BY_ID[action["id"]].once and ledger.done(
                entries, action["id"], str(action["target"]), self.diagnosed_at
            ):
                return (
                    "was done in %s before, and is not done twice: find out why it takes longer still"
                    % action["target"]
                )
            times = ledger.attempts(
                entries, action["id"], str(action["target"]), self.host.now() - self.policy.repeat_period
            )
            if times >= self.policy.max_repeats:
                return "was tried %d times within %d s and did not last: find what undoes it" % (
                    times,
                    self.policy.repeat_period,
                )
        return None

    def take_bundle(self, bundle: "Sequence[Planned]") -> Outcome:
        why = next(filter(None, map(self.objection, bundle)), None) or self.storm(bundle)
        if why:
            return NOTHING._replace(why=why)
        try:
            step = _merged([self.step(action) for action in bundle])
            step = step._replace(meant=[*step.meant, *self.in_force])
            why = managed.objection(step, self.disk, self.policy.managed_files)
            step = step._replace(notes=list(step.notes) + managed.warnings(step, self.disk))
        except (Refusal, OSError) as refusal:
            why = str(refusal)
        if why:
            return NOTHING._replace(result="refused", why=why)
        numbers = sorted({number for action in bundle for number in action["findings"]})
        served = [self.verdict["findings"][number] for number in numbers]
        proof = self.proof or Proof(
            self.host,
            self.policy,
            self.snapshot,
            self.verdict["findings"],
            self.verdict["plan"],
            not self.check_mode,
        )
        self.proof = proof
        proof.begin()
        outcome = carry_out(
            step,
            self.host,
            self.disk,
            lambda: proof.complaint(served, bundle),
            self.check_mode,
            self.state,
            self.running,
        )
        if outcome.result == "would":
            self.texts.show(step)
        rest = (
            ["it helped, and this is still so: %s" % proof.rest]
            if outcome.result == "done" and proof.rest
            else []
        )
        return outcome._replace(why=outcome.why or "; ".join(rest + list(step.notes)))

    def recorded(self, bundle: "Sequence[Planned]", outcome: Outcome) -> Outcome:
        """What was done is done, whether or not it can be written down."""
        try:
            for action in bundle:
                ledger.record(
                    self.disk,
                    self.state,
                    self.host.now(),
                    action["id"],
                    str(action["target"]),
                    outcome.result,
                )
        except (OSError, Refusal) as error:
            return outcome._replace(
                why="; ".join(
                    filter(None, (outcome.why, "it could not be entered in the ledger: %s" % error))
                )
            )
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
            for action in bundle:
                self.actions.append(
                    dict(
                        {name: value for name, value in action.items() if name != "host"},
                        result=outcome.result,
                        why=outcome.why,
                        files=outcome.files,
                        commands=outcome.commands,
                        backup=outcome.backup,
                        cut=outcome.cut,
                        seconds=round(self.host.monotonic() - began, 2),
                    )
                )

    def finding(self, number: int, now: Sequence["Finding"]) -> Dict[str, Any]:
        """What became of the finding of that number. now: the findings of a last diagnosis."""
        item = self.verdict["findings"][number]
        mine = [action for action in self.actions if number in action["findings"]]
        results = [action["result"] for action in mine]
        reasons = [
            ("%s: %s" % (action["id"], action["why"]) if len(mine) > 1 else action["why"])
            for action in mine
            if action["why"]
        ]
        why = "; ".join(dict.fromkeys(reasons))
        if item["state"] != "active":
            result, why = (
                "not_needed",
                "it is over" if item["state"] == "recovered" else "it hurts nobody now",
            )
        elif "would" in results:
            result = "would_fix"
        elif "rolled_back" in results or "failed" in results:
            result = "rolled_back"
        elif "done" not in results:
            result, why = "escalated", why or item["summary"]
        else:
            again = next(
                (other for other in now if other["state"] == "active" and key(other) == key(item)), None
            )
            result, why = (
                ("escalated", "it is so again, or still: %s" % again["summary"]) if again else ("fixed", why)
            )
        before = self.proof.past.get(key(item)) if self.proof else None
        return dict(
            {name: item[name] for name in NAMED},
            result=result,
            before=before,
            after=self.seen.get(key(item)),
            why=why,
        )

    def still(self, item: "Finding") -> Dict[str, Any]:
        """A finding of the last diagnosis. It is new if nothing was found at an endpoint that was not dead."""
        known = any(key(other) == key(item) for other in self.verdict["findings"])
        dead = rank(self.snapshot["endpoints"].get(item["endpoint"] or "")) == DEAD
        return {
            "cause": item["cause"],
            "reason": item["reason"],
            "site": item["site"],
            "endpoint": item["endpoint"],
            "pool": item["pool"],
            "summary": item["summary"],
            "new": not known and not dead,
        }

    def result(self, undone: Optional[Dict[str, Any]]) -> Dict[str, Any]:
        tried = any(action["result"] in TRIED for action in self.actions)
        last = (
            diagnose(take(self.host, self.policy.window, self.policy.probe_timeout))
            if tried
            else self.verdict
        )
        would = any(action["result"] == "would" for action in self.actions) or bool(
            undone and self.check_mode
        )
        outcome = (
            "done"
            if tried or (undone and not self.check_mode)
            else "would_change"
            if would
            else "nothing_to_do"
        )
        answered_at = self.proof.answered_at if self.proof else None
        if tried and self.proof:
            self.seen = self.proof.after(
                [item for item in self.verdict["findings"] if item["state"] == "active"]
            )
        findings = [self.finding(number, last["findings"]) for number in range(len(self.verdict["findings"]))]
        still = [self.still(item) for item in last["findings"] if item["state"] == "active"] if tried else []
        return self.reply(
            outcome,
            "",
            findings,
            status=last["status"],
            diff=self.diff,
            still=still,
            changed=bool(undone)
            or any(action["result"] in ("would", "done", "failed") for action in self.actions),
            status_after=None if self.check_mode else last["status"],
            undone=undone,
            answered_after=round(answered_at - self.diagnosed_at, 2) if answered_at else None,
        )

    def left_alone(self, outcome: str, why: str) -> Dict[str, Any]:
        findings = [
            dict(self.finding(number, []), why=why) for number in range(len(self.verdict["findings"]))
        ]
        return self.reply(outcome, why, findings, status=self.verdict["status"], changed=False, diff=[])

    def reply(
        self,
        outcome: str,
        why: str,
        findings: Sequence[Dict[str, Any]],
        status: str,
        changed: bool,
        diff: Sequence[Dict[str, str]],
        **after: Any,
    ) -> Dict[str, Any]:
        """findings, plan and missing are those of the diagnosis before anything was done; status is the
        host's now. after: what is known since.
        """
        remediation = dict(
            {
                "check_mode": self.check_mode,
                "outcome": outcome,
                "why": why,
                "status_before": self.verdict["status"],
                "status_after": None,
                "diagnosed_at": self.diagnosed_at,
                "answered_after": None,
                "undone": None,
                "actions": self.actions,
                "findings": list(findings),
                "still": [],
            },
            **after,
        )
        return dict(
            fit(told(self.verdict)),
            changed=changed,
            window=self.policy.window,
            status=status,
            diff=list(diff),
            snapshot=told(self.snapshot),
            remediation=told(remediation),
        )


def _left_behind(
    host: Host, disk: Disk, check_mode: bool, state: str
) -> Tuple[Optional[Dict[str, Any]], List[str]]:
    """(what a killed run left: closed, or in check mode only judged; None when it left nothing; its files
    that are what runs).
    """
    if not left_open(state):
        return None, []
    from ..change.left_behind import pending, settle  # pylint: disable=import-outside-toplevel  # few hosts need it compiled

    found = pending(host, state) if check_mode else settle(host, disk, state)
    if not found:
        return None, []
    return {
        "name": found.name,
        "target": found.target,
        "at": found.at,
        "files": list(found.files),
        "fate": found.fate,
        "why": found.why,
        "by_hand": list(found.by_hand),
    }, found.in_force


def remediate(host: Host, disk: Disk, policy: Policy, check_mode: bool, state: str = STATE) -> Dict[str, Any]:
    """Mend what is safe to mend on this host, or, in check mode, say exactly what would be done. The module's
    reply, with the snapshot in it.

    A healthy host is only looked at: no lock and no directory is made where there is nothing to do. Raises
    UndoFailed when a file of what a killed run left cannot be put back; nothing else is done then.
    """
    run = _Run(host, disk, policy, check_mode, state)
    half_done = host.is_root() and left_open(state)
    if not half_done and not run.allowed():
        if run.verdict["status"] == "unknown":
            return run.left_alone("left_alone", "it could not be looked at well enough, see missing")
        run.act()
        return run.result(None)
    if not host.is_root():
        return run.left_alone("left_alone", "only root can change a host: become root")
    if check_mode:
        undone, run.in_force = _left_behind(host, disk, True, state)
        run.act()
        return run.result(undone)
    try:
        with lock(state, disk):
            undone, files = _left_behind(host, disk, False, state)
            run = _Run(
                host, disk, policy, check_mode, state
            )  # what another run mended meanwhile is not mended again
            run.in_force = files
            if run.verdict["status"] != "unknown":
                run.act()
            return run.result(undone)
    except Busy as busy:
        return run.left_alone("busy", str(busy))
