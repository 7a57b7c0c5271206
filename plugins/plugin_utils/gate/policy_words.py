# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that a policy may use, what the gate itself looks for, and the policy for those who have none."""

from __future__ import annotations

from typing import NamedTuple, get_args

from ..answers.bounds import CONFIDENCES, SEVERITIES, STATES
from ..catalogue.catalogue import CATALOGUE
from ..shapes.gate import Phase, Rule

PHASES: tuple[Phase, ...] = get_args(Phase)


class Sign(NamedTuple):
    """Something that the gate itself looks for, beside the findings of the diagnosis."""

    severity: str
    state: str
    title: str


# By cause. restart_fails takes severity and confidence from restart_info.
SIGNS = {
    "host_unreachable": Sign("critical", "active", "The host could not be reached"),
    "host_unknown": Sign("critical", "active", "The host could not be looked at well enough"),
    "host_gone": Sign("critical", "active", "A host of the baseline is missing"),
    "host_unexplained": Sign("critical", "active", "Requests are lost, and no cause was found"),
    "route_gone": Sign("critical", "active", "nginx has no way to PHP-FPM any more"),
    "restart_fails": Sign("critical", "latent", "The next restart would lose requests"),
    "restart_unknown": Sign("critical", "latent", "What a restart would do is not known"),
    "page_fails": Sign("critical", "active", "A page does not answer as it should"),
    "page_unknown": Sign("critical", "active", "A page could not be asked"),
    "saturation_nearer": Sign("warning", "active", "A pool is nearer to its limit than before"),
    "requests_lost": Sign("warning", "recovered", "Requests were lost since the deploy began"),
    "reload_cuts": Sign("warning", "latent", "A reload would cut requests that run now"),
    "waiver_expired": Sign("critical", "active", "A waiver of the policy is over"),
    "nothing_served": Sign("critical", "active", "No host passes anything to php-fpm"),
    "scope_empty": Sign("critical", "active", "The scope of the policy has no site and no pool"),
}
CAUSES = tuple(sorted({cause for cause, _reason in CATALOGUE} | set(SIGNS)))
# Kinds of restart_info, in which new ones may be added, are reasons of restart_fails.
REASONS = tuple(
    sorted(
        {reason for _cause, reason in CATALOGUE if reason}
        | {"no_answer", "no_baseline", "not_tested", "not_asked", "not_counted"}
        | {"wrong_status", "server_error", "full", "nearer"}
        | {
            "config_refused", "start_refused", "start_fails", "address_taken", "no_listener",
            "socket_denied", "program_missing", "program_replaced", "unit_disabled", "unit_masked",
            "unit_missing", "unit_changed", "socket_directory_lost", "config_not_loaded",
        }
    )
)  # fmt: skip
WORDS = {
    "cause": CAUSES,
    "reason": REASONS,
    "severity": SEVERITIES,
    "confidence": CONFIDENCES,
    "state": STATES,
}
PATTERNS = ("site", "pool", "host")

# After the rules of the user.
DEFAULT_RULES: tuple[Rule, ...] = (
    {
        "cause": [
            "host_unreachable",
            "host_unknown",
            "host_gone",
            "host_unexplained",
            "waiver_expired",
            "scope_empty",
        ],
        "decision": "fail",
    },  # fmt: skip
    # It was so before the deploy, which is not to blame for it.
    {"new": False, "decision": "warn"},
    {
        "cause": ["route_gone", "restart_fails", "restart_unknown", "page_fails", "page_unknown"],
        "severity": ["critical"],
        "decision": "fail",
    },
    {"state": ["active"], "severity": ["critical"], "confidence": ["certain", "likely"], "decision": "fail"},
    {"severity": ["info"], "decision": "pass"},
    {"decision": "warn"},
)
