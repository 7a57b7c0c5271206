# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes findings of what rules answer."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Union, cast

from ..parse.nginx.sites import place as place_of
from .case import Case
from .losses.timeline import joined, timeline
from .model import NOWHERE, SEVERITIES, Cause, HostRule, Match, Place, Reason, Rule, span
from .seen import sockets_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence, Facts, Finding
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_PIDS = 64  # to end a part of them alone would be wrong


def _facts(reason: Reason) -> "Facts":
    """The first line of a configuration among the proof decides, unless the rule names another."""
    known = dict(reason.facts)
    if len(reason.facts.get("pids") or ()) > MOST_PIDS:
        del known["pids"]
    for piece in reason.proof:
        if piece["path"] and piece.get("line"):
            known = {"file": piece["path"], "line": piece["line"], **known}
            break
    return cast("Facts", {name: value for name, value in known.items() if value})


def finding(cause: Cause, reason_id: str, reason: Reason, endpoint: Optional[str] = None) -> "Finding":
    """A finding of the report, whose keys stand in plugin_utils/shapes/finding.py."""
    losses = reason.losses or ()
    first, count = span(losses)
    over = "warning" if reason.state == "recovered" else cause.severity
    place = reason.place or NOWHERE
    servers = list(reason.servers or ())
    sites = list(dict.fromkeys(site["name"] for site in servers))
    return {
        "cause": cause.id,
        "code": cause.code,
        "reason": reason_id,
        "severity": reason.severity or over,
        "confidence": reason.confidence,
        "state": reason.state,
        "site": next(iter(sites), None),
        "sites": sites,
        "sites_left": 0,
        "servers": servers,
        "endpoint": endpoint,
        "pool": place.pool,
        "unit": place.unit,
        "since": first if reason.since is None else reason.since,
        "count": count,
        "timeline": timeline(losses),
        "summary": reason.summary,
        "facts": _facts(reason),
        "evidence": list(reason.proof),
        "ruled_out": [],
        "missing": [],
        "remedy": [{"action": item.action, "arguments": item.arguments} for item in reason.remedy],
    }


def with_commands(item: "Finding", snapshot: "Snapshot") -> "Finding":
    """With what is not as usual in the commands that the catalogue names."""
    nginx, options = snapshot["nginx"], snapshot["nginx"].get("options") or {}
    # Root would load modules by a file that an ordinary account chose.
    options = {} if nginx.get("account") else options
    config = nginx["config"] if {"c", "p"}.intersection(options) else None
    masters = [master for master in snapshot["fpm"]["masters"] if master["unit"] == item["unit"]]
    units = [master["unit_state"] for master in masters]
    refused: "List[Evidence]" = []
    if item["unit"] and item["state"] == "active" and any(each["test"]["ran"] for each in masters):
        from .master.down import not_loadable

        refused = not_loadable(masters)
    facts: Dict[str, object] = {
        "nginx_unit": nginx["unit"] != "nginx.service" and nginx["unit"],
        "no_nginx_unit": nginx["running"] and not nginx["unit"],
        "nginx_config": config != "/etc/nginx/nginx.conf" and config,
        "nginx_prefix": "p" in options and nginx["prefix"],
        "sockets": next(filter(None, map(sockets_of, units)), ""),
        "no_reload": any(unit and unit.get("can_reload") is False for unit in units),
        "refused": ":".join(
            str(piece[key]) for piece in refused for key in ("path", "line") if piece.get(key)
        ),
        **(item["facts"] or {}),
    }
    known = {name: value for name, value in facts.items() if value}
    return {**item, "facts": cast("Facts", known), "evidence": item["evidence"] + refused}


def finding_of(
    rule: Union[Rule, HostRule], match: Match, snapshot: "Snapshot", case: Optional[Case] = None
) -> "Finding":
    """The finding, with what its reason leaves to the rule and to the endpoint."""
    reason = match.reason
    place = case.place if case else NOWHERE
    if rule.of_nginx:
        place = Place(None, snapshot["nginx"]["unit"])
    reason = reason._replace(place=reason.place or place)
    if reason.servers is None and case:
        reason = reason._replace(servers=case.servers)
    return with_commands(finding(match.cause, match.reason_id, reason, case.key if case else None), snapshot)


def union(items: Sequence["Finding"]) -> "Finding":
    """The first of these findings, with the sites, the losses and the severity of all."""
    servers = list({place_of(site): site for item in items for site in item["servers"]}.values())
    return {
        **items[0],
        "servers": servers,
        "sites": list(dict.fromkeys(site["name"] for site in servers)),
        "severity": min([item["severity"] for item in items], key=SEVERITIES.index),
        "count": sum(item["count"] for item in items),
        "timeline": joined([item["timeline"] for item in items]),
        "since": min([item["since"] for item in items if item["since"] is not None], default=None),
    }
