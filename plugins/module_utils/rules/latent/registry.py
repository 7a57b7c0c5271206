# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules about risks.

A rule is a file here, with its CAUSE at the top. Then come its predicates: they give the risks, each made by
model.risk(). Then RULE lists them. A rule that raises costs its own answer alone. What it reads beside the
whole snapshot is in snapshot["risks"], where a key is absent that was not seen.
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

RULES = (
    restart_at_risk.RULE,
    capacity_at_risk.RULE,
    memory_at_risk.RULE,
    headers_at_risk.RULE,
    timeouts_disordered.RULE,
    exposed.RULE,
    evidence_hidden.RULE,
    vhost_shadowed.RULE,
)
CAUSES = tuple(dict.fromkeys(rule.cause for rule in RULES))
