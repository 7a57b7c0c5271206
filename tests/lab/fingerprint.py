# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis must leave as it is: files of /etc and /run/php*, unit states, process start times, logs
of idle hosts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.lab.data import HOME, Spec
from tests.lab.engine import execute
from tests.lab.fleet import Fleet, Outcome

PROGRAM = HOME / "on_host" / "fingerprint.py"


def take(fleet: Fleet, specs: list[Spec], tell: Callable[[Outcome], None]) -> dict[str, Any]:
    """One document for each host by name; a host that cannot be asked is told of and left out."""
    source = PROGRAM.read_text()

    def fingerprint(spec: Spec) -> str:
        variables = dict(spec.suite.variables, IDLE="yes" if spec.idle else "")
        return execute(
            fleet.container(spec), f"python3 - '{json.dumps(variables)}' <<'PROGRAM'\n{source}PROGRAM\n"
        )

    return {
        outcome.spec.host: json.loads(outcome.words)
        for outcome in fleet.each(specs, fingerprint, tell)
        if outcome.ok
    }
