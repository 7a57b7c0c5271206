# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts of the jobs answer: a healthy one, an ill one, and one that was mended."""

from tests.integration.hostile_hosts import action
from tests.integration.prepared_hosts import Answer, finding, reply


def remedied(result: str) -> Answer:
    """What became, or would become, of the one finding."""
    named = {key: finding()[key] for key in ("cause", "reason", "site", "endpoint", "pool")}
    return {**named, "result": result, "before": None, "after": None, "why": ""}


def ill() -> Answer:
    answer = reply("failing", finding(), change=action())
    answer["remediation"]["findings"] = [remedied("would_fix")]
    return answer


def mended() -> Answer:
    """What the module returns once it has mended the ill one."""
    answer = reply("recovered", finding(state="recovered"), change=action(result="done"))
    answer["remediation"].update(
        check_mode=False,
        outcome="done",
        status_before="failing",
        status_after="recovered",
        answered_after=0.5,
        findings=[remedied("fixed")],
    )
    return answer


HEALTHY, ILL, MENDED = reply("healthy"), ill(), mended()
