# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules about risks are written in. A risk hurts nobody now: its finding is latent, and the host keeps
its status.
"""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Union

from ..model import Cause, Confidence, Place, Reason, Remedy, Severity

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence, Facts, Site
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.snapshot import Snapshot
    from .served import Served


class Risk(NamedTuple):
    """One risk of one unit, pool or site."""

    reason_id: str
    reason: Reason  # place and servers None: those of what it is about
    endpoint: Optional[str]  # None: of the pool that it is about
    about: "Union[None, Served, Master]"  # None: nginx


class LatentRule(NamedTuple):
    name: str  # of its file
    cause: Cause
    asks: Sequence[Callable[["Snapshot"], List[Risk]]]  # each adds what it finds


def risk(
    reason_id: str,
    summary: str,
    proof: "Sequence[Evidence]",
    remedy: Sequence[Remedy] = (),
    confidence: Confidence = "certain",
    severity: Severity = "warning",
    place: Optional[Place] = None,
    servers: "Optional[Sequence[Site]]" = None,
    endpoint: Optional[str] = None,
    facts: "Optional[Facts]" = None,
    about: "Union[None, Served, Master]" = None,
) -> Risk:
    """summary: one sentence that says what is set up so. severity: "info" where only a part of the requests
    would be lost. servers: the sites that would suffer. diagnose.py fills in what is None.
    """
    reason = Reason(
        summary,
        proof,
        remedy=remedy,
        confidence=confidence,
        state="latent",
        severity=severity,
        place=place,
        servers=servers,
        facts=facts or {},
    )
    return Risk(reason_id, reason, endpoint, about)
