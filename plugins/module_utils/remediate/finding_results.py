# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each finding, and what is so after all that was done. Pure."""

from typing import TYPE_CHECKING, Callable, Dict, Hashable, List, Mapping, Optional, Sequence, Tuple

from .compare import DEAD, SHUT, Key, key, rank
from .pages import is_failure

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.remediation import FindingOutcome, FindingResult, Named, Shown, Still, Taken


def active(findings: "Sequence[Finding]") -> "List[Finding]":
    return [item for item in findings if item["state"] == "active"]


def _named(item: "Finding") -> "Named":
    return {
        "cause": item["cause"],
        "reason": item["reason"],
        "site": item["site"],
        "endpoint": item["endpoint"],
        "pool": item["pool"],
    }


def _reasons(actions: "Sequence[Taken]") -> str:
    """Each reason once, with its action where there are several."""
    form = "%(id)s: %(why)s" if len(actions) > 1 else "%(why)s"
    return "; ".join(dict.fromkeys(form % action for action in actions if action["why"]))


PAGE_FAILS = "php-fpm answers, and a page of it through nginx fails: HTTP %s"


def failing_page(shown: "Optional[Shown]") -> Optional[int]:
    """The status of a page of the finding's sites that is an error, of the site or of what else it asks."""
    status = shown["http"] if shown else None
    return status if is_failure(status) else None


def _result(
    item: "Finding", actions: "Sequence[Taken]", again: "Optional[Finding]"
) -> "Tuple[FindingOutcome, str]":
    """(result, why) of a finding. actions: those that serve it. again: the same, as it is found now."""
    results = {action["result"] for action in actions}
    why = _reasons(actions)
    if item["state"] != "active":
        return "not_needed", "it is over" if item["state"] == "recovered" else "it hurts nobody now"
    if "would" in results:
        return "would_fix", why
    if results & {"rolled_back", "failed"}:
        return "rolled_back", why
    if "done" not in results:
        return "escalated", why or item["summary"]
    if again:
        return "escalated", "it is so again, or still: %s" % again["summary"]
    return "fixed", why


def finding_results(
    findings: "Sequence[Finding]",
    actions: "Sequence[Taken]",
    last: "Sequence[Finding]",
    before: "Mapping[Key, Shown]",
    after: "Mapping[Key, Shown]",
    name: Callable[["Finding"], Hashable] = key,
) -> "List[FindingResult]":
    """last: findings of the last diagnosis. before, after: what a look at each finding showed. name: equal
    for the same finding of both diagnoses.
    """
    now = {name(item): item for item in reversed(active(last))}
    results: "List[FindingResult]" = []
    for number, item in enumerate(findings):
        serving = [action for action in actions if number in action["findings"]]
        result, why = _result(item, serving, now.get(name(item)))
        status = failing_page(after.get(key(item)))
        if result == "fixed" and status:
            why = "; ".join(filter(None, (why, PAGE_FAILS % status)))
        results.append(
            {
                **_named(item),
                "result": result,
                "before": before.get(key(item)),
                "after": after.get(key(item)),
                "why": why,
            }
        )
    return results


def still_active(
    findings: "Sequence[Finding]", endpoints: "Dict[str, Endpoint]", last: "Sequence[Finding]"
) -> "List[Still]":
    """What the last diagnosis found. findings, endpoints: of the first one.

    It is new if it was not found before, at an endpoint that was not dead.
    """
    known = {key(item) for item in findings}
    return [
        {
            **_named(item),
            "summary": item["summary"],
            "new": key(item) not in known and rank(endpoints.get(item["endpoint"] or "")) not in (DEAD, SHUT),
        }
        for item in active(last)
    ]
