# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules about risks.

A rule is a file here: its CAUSE at the top, then examine(snapshot), which gives the risks, each made by
model.risk(). A rule that raises costs its own answer alone. What it reads beside the whole snapshot is in
snapshot["risks"], where a key is absent that was not seen.
"""

from . import restart_at_risk
from .model import LatentRule

RULES = (LatentRule("restart_at_risk", restart_at_risk.CAUSE, restart_at_risk.examine),)
CAUSES = tuple(rule.cause for rule in RULES)
