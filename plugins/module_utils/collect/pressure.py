# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pools are worth a closer look: somebody waits for them, or did in the window."""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..parse.endpoint import reached
from ..parse.fastcgi import PROMPT_MS, keeps_waiting
from ..signatures.lookup import meaning_of, meanings

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

LATE = meanings("timed_out", "broken_off", "send_timed_out", "queue_full", "connect_timed_out")


def _endpoints(snapshot: "Snapshot") -> List[str]:
    late = [event["endpoint"] for event in snapshot["logs"]["events"] if meaning_of(event) in LATE]
    logged = {key for endpoint in late if endpoint for key in reached(endpoint)}
    return [
        key
        for key, facts in snapshot["endpoints"].items()
        if facts["listening"]
        and (
            keeps_waiting(facts) or (facts["probe"]["ms"] or 0) > PROMPT_MS or facts["queue"] or key in logged
        )
    ]


def pools_under_pressure(snapshot: "Snapshot") -> Dict[Tuple[Optional[str], str], str]:
    """{(configuration of the master, pool): its endpoint}."""
    wanted = set()
    for key in _endpoints(snapshot):
        real = snapshot["endpoints"][key]["real_path"]
        wanted.update(reached(key, "unix:" + real if real else None))
    if not wanted:
        return {}
    return {
        (master["config"], pool["name"]): pool["endpoint"]
        for master in snapshot["fpm"]["masters"]
        if master["running"]
        for pool in master["pools"]
        if pool["endpoint"] in wanted and pool["endpoint"]
    }
