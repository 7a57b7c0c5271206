# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator allows, and how often one action may be tried."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ..exchange.window import window_problem
from ..parse.linux.swap import size_bytes
from ..work.action import SWAP
from ..work.step import REMEDIATE, Refused
from .plan import BY_ID

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.shape import Disruption, Risk

RISKS = ("low", "medium", "high")
DISRUPTIONS = ("none", "reload", "restart")


class Policy(NamedTuple):
    window: int  # seconds
    probe_timeout: float  # seconds
    max_risk: "Risk"
    only: List[str]  # ids of actions or of causes, and endpoints
    skip: List[str]  # ids of actions or of causes
    probe_path: str  # "": no HTTP request
    verify_timeout: float  # seconds
    max_repeats: int
    repeat_period: int  # seconds
    swap_size: str  # bytes, or as "1G"; "": no swap may be made
    max_disruption: "Disruption"
    max_cut: int  # running requests that an action may cut
    quiet_wait: float  # seconds that it waits for a moment in which it cuts none
    managed_files: str  # leave or edit


def options_problem(policy: Policy, causes: Sequence[str]) -> Optional[str]:
    """What is wrong with the options, else None. A misspelt only must not look like "nothing to do"."""
    known = set(BY_ID) | set(causes)
    ids, _endpoints = _only(policy)
    unknown = [word for word in ids + policy.skip if word not in known]
    if unknown:
        return (
            "The options only and skip take ids of actions and of causes, and there is none called %s."
            % ", ".join(unknown)
        )
    why = window_problem(policy.window)
    if why:
        return "The option %s." % why
    if policy.probe_path and not policy.probe_path.startswith("/"):
        return (
            "The option probe_path is %s: it starts with /, or is empty for no request." % policy.probe_path
        )
    if policy.max_cut < 0 or policy.quiet_wait < 0:
        return "The options max_cut and quiet_wait are not below 0."
    try:
        size_bytes(policy.swap_size or "1M")
    except ValueError as error:
        return "The option swap_size: %s." % error
    return None


def _only(policy: Policy) -> Tuple[List[str], List[str]]:
    """The ids and the endpoints of the option only. No id has a colon, and each endpoint has one."""
    return [word for word in policy.only if ":" not in word], [word for word in policy.only if ":" in word]


def policy_refusal(
    policy: Policy, action: "Planned", findings: Sequence["Finding"], prefix: str = REMEDIATE
) -> Optional[Refused]:
    """Why the options forbid this action. findings: of the verdict that it is planned from."""
    names = {action["id"]} | {findings[number]["cause"] for number in action["findings"]}
    skipped = names & set(policy.skip)
    if skipped:
        return Refused("skip", "left out by remediate_skip (%s)" % ", ".join(sorted(skipped)))
    ids, endpoints = _only(policy)
    if ids and not names & set(ids):
        return Refused("only", "not among remediate_only")
    if endpoints and not all(findings[number]["endpoint"] in endpoints for number in action["findings"]):
        return Refused("only", "not among remediate_only: it is for another endpoint")
    if RISKS.index(action["risk"]) > RISKS.index(policy.max_risk):
        why = "its risk is %s; %smax_risk=%s would allow it" % (action["risk"], prefix, action["risk"])
        return Refused("max_risk", why)
    if DISRUPTIONS.index(action["disruption"]) > DISRUPTIONS.index(policy.max_disruption):
        why = "it needs a %s; %smax_disruption=%s would allow it"
        return Refused("max_disruption", why % (action["disruption"], prefix, action["disruption"]))
    if SWAP in BY_ID[action["id"]].needs and not policy.swap_size:
        return Refused("swap_size", "swap is made only when %sswap_size says how much" % prefix)
    return None
