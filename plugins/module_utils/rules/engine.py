# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the rules about one endpoint and makes findings of their answers."""

from functools import partial
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Set, Union

from .case import Case
from .missing import FAILED, attempt, first_answer, matches_of, part_of, unseen
from .model import Clear, HostRule, Loss, Match, Rule, Unclear

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, RuledOut
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.snapshot import Snapshot


class Examined(NamedTuple):
    """What the rules say of one endpoint."""

    findings: List["Finding"]
    ruled_out: List["RuledOut"]
    missing: List["Missing"]
    left: Sequence[Loss]  # that none explains
    perhaps: Sequence[Loss]  # of those that may be another endpoint's as well
    counted: Set[int]  # id() of the events that findings count


def not_mended(item: "Finding") -> "Finding":
    return {**item, "remedy": []}


def doubted(item: "Finding") -> "Finding":
    """What stands behind a part that failed may follow from what that would have found."""
    return {**not_mended(item), "confidence": "possible"}


def _findings(
    rule: Union[Rule, HostRule], matches: Sequence[Match], snapshot: "Snapshot", case: Optional[Case] = None
) -> List["Finding"]:
    if not matches:
        return []
    from .findings import finding_of

    return [finding_of(rule, match, snapshot, case) for match in matches]


def examine(case: Case, rules: Sequence[Rule]) -> Examined:
    """Each rule sees only the losses that those before it left unexplained. One that failed may stand for the
    root cause: what the rules after it find is possible at most, and not mended.
    """
    findings: List["Finding"] = []
    ruled_out: List["RuledOut"] = []
    missing: List["Missing"] = []
    counted: Set[int] = set()
    for rule in rules:
        answer = first_answer(missing, rule.name, rule.asks, case)
        matches = matches_of(answer)
        of_rule = attempt(missing, rule.name, partial(_findings, rule, matches, case.snapshot, case))
        if of_rule is None:
            continue
        if isinstance(answer, Clear):
            ruled_out.append({"cause": rule.name, "why": answer.why})
        elif isinstance(answer, Unclear):
            missing.append(unseen(answer.what, case.key, answer.why))
        if any(entry["what"] == FAILED for entry in missing):
            of_rule = [doubted(item) for item in of_rule]
        findings += of_rule
        for match in matches:
            reason = match.reason
            losses = reason.losses or ()
            counted.update(id(loss.event) for loss in losses)
            case = case.without(losses if reason.explains is None else reason.explains)
        # A warning says that requests come through.
        if any(
            match.cause.rules_out_others
            and match.reason.state == "active"
            and match.reason.severity != "warning"
            for match in matches
        ):
            break
    return Examined(findings, ruled_out, missing, case.losses, case.perhaps, counted)


def _ask_of_host(rule: HostRule, snapshot: "Snapshot", missing: List["Missing"]) -> List["Finding"]:
    """A question that fails costs no other its answer. Behind it all is possible at most: some ask what was
    found before.
    """
    found: List[Match] = []
    findings: List["Finding"] = []
    failures: List["Missing"] = []
    for ask in rule.asks:
        questions = attempt(failures, part_of(rule.name, ask), partial(ask, snapshot)) or ()
        if questions:
            from .group import answered
        for question in questions:
            answer = partial(answered, rule.name, question, found, failures)
            matches = attempt(failures, rule.name, answer) or []
            found = found + matches
            made = _findings(rule, matches, snapshot)
            findings += map(doubted, made) if failures else made
    missing += failures
    return findings


def examine_host(
    snapshot: "Snapshot", rules: Sequence[HostRule], missing: List["Missing"]
) -> List["Finding"]:
    """The findings that are not about one endpoint. missing: gets the entries of what failed."""
    findings: List["Finding"] = []
    for rule in rules:
        findings += attempt(missing, rule.name, partial(_ask_of_host, rule, snapshot, missing)) or []
    return findings
