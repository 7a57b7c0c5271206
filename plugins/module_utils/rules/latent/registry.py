# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules about risks.

A rule is a file here: its CAUSE at the top, then examine(snapshot), which gives the risks, each made by
model.risk(). A rule that raises costs its own answer alone. What it reads beside the whole snapshot is in
snapshot["risks"], where a key is absent that was not seen.
"""

from . import (
    capacity_at_risk,
    evidence_hidden,
    exposed,
    headers_at_risk,
    memory_at_risk,
    restart_at_risk,
    timeouts_disordered,
    vhost_shadowed,
)
from .model import LatentRule

RULES = (
    LatentRule("restart_at_risk", restart_at_risk.CAUSE, restart_at_risk.examine),
    LatentRule("capacity_at_risk", capacity_at_risk.CAUSE, capacity_at_risk.examine),
    LatentRule("memory_at_risk", capacity_at_risk.CAUSE, memory_at_risk.examine),
    LatentRule("headers_at_risk", capacity_at_risk.CAUSE, headers_at_risk.examine),
    LatentRule("timeouts_disordered", timeouts_disordered.CAUSE, timeouts_disordered.examine),
    LatentRule("exposed", exposed.CAUSE, exposed.examine),
    LatentRule("evidence_hidden", evidence_hidden.CAUSE, evidence_hidden.examine),
    LatentRule("vhost_shadowed", vhost_shadowed.CAUSE, vhost_shadowed.examine),
)
CAUSES = tuple(dict.fromkeys(rule.cause for rule in RULES))
