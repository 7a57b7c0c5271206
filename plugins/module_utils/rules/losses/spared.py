# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a dead server costs where an upstream's next one answers."""

from typing import TYPE_CHECKING, Dict, List

from ..case import Case
from ..model import State, evidence
from ..registry import CAUSES

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Facts, Finding
    from ....plugin_utils.shapes.nginx import Route, Target

LIMITED = ", but not to each request: nginx asks %d servers at most (fastcgi_next_upstream_tries)"


def spared(case: Case, answering: Dict[int, List[str]], findings: List["Finding"]) -> List["Finding"]:
    """answering: servers that answer, by the id() of the route that dials them; each route has one."""
    if any("off" in route.get("next_upstream", ()) for route in case.routes):
        return findings
    others = sorted({key for route in case.routes for key in answering[id(route)]} - {case.key})
    targets = [target for route in case.routes for target in route["endpoints"]]
    dead = [target for target in targets if target["endpoint"] == case.key]
    spare = all(target["backup"] for target in dead)
    state: State = "latent" if spare else "active"
    limits = [route["next_tries"] for route in case.routes if _may_run_out(route, answering[id(route)])]
    words = LIMITED % limits[0] if limits else ""
    return [
        _as_spare(item, state, others[0], words, dead[0])
        if (item["state"], item["severity"]) == ("active", "critical")
        else item
        for item in findings
    ]


def _may_run_out(route: "Route", answering: List[str]) -> bool:
    """Whether a request may be tried on dead servers alone."""
    servers = {target["endpoint"] for target in route["endpoints"] if not target["down"]}
    return 0 < route.get("next_tries", 0) <= len(servers.difference(answering))


def _as_spare(item: "Finding", state: State, other: str, limit: str, dead: "Target") -> "Finding":
    """The finding of a spare server. To dial the other one twice would help nobody."""
    words = "%s; %s answers in its place" + limit + ": take this server out, or mend it."
    remedy = [each for each in item["remedy"] if each["action"] != "fastcgi_pass_repoint"]
    summary = words % (item["summary"].rstrip("."), other)
    facts: Facts = {**(item["facts"] or {}), "answering": other}
    if any(cause.id == item["cause"] and cause.of_address for cause in CAUSES):
        facts.update({"file": dead["file"], "line": dead["line"]})
    changed: "Finding" = {
        **item,
        "severity": "warning",
        "state": state,
        "summary": summary,
        "facts": facts,
        "evidence": item["evidence"] + [evidence("spare", "%s answers in its place" % other)],
    }
    return {**changed, "remedy": remedy}
