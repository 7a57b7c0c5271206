# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings in, ordered actions out, with what they would cost."""

from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence, Tuple

from ..work.action import NGINX, Action, GivesWay
from .actions import ACTIONS
from .load_refusal import load_refusal

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Remedy
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.plan import Draft
    from ...plugin_utils.shapes.snapshot import Snapshot

BY_ID: Dict[str, Action] = {action.id: action for action in ACTIONS}
ORDER = {action.id: number for number, action in enumerate(ACTIONS)}
Values = Tuple[object, ...]


def reloads_nginx(action: str) -> bool:
    return BY_ID[action].reloads == NGINX


def values(arguments: Mapping[str, object], names: Sequence[str]) -> Values:
    return tuple(arguments.get(name) for name in names)


def _is_about(arguments: Mapping[str, object], master: "Master") -> bool:
    """Whether it is the target; proof.touches() finds all that it may disturb."""
    if arguments.get("unit"):
        return arguments["unit"] == master["unit"]
    return arguments.get("config") == master["config"]


def running(snapshot: "Snapshot", entry: "Draft") -> Optional[int]:
    """How many of the requests that run now the action would cut: those of all pools of its unit. None:
    unknown. nginx's reload cuts none.
    """
    if entry["disruption"] == "none" or reloads_nginx(entry["id"]):
        return 0
    endpoints = {
        pool["endpoint"]
        for master in snapshot["fpm"]["masters"]
        if _is_about(entry["arguments"], master)
        for pool in master["pools"]
    }
    served = 0
    for key in endpoints:
        endpoint = snapshot["endpoints"].get(key or "")
        if endpoint is None or (endpoint["listening"] is not False and endpoint["accepted"] is None):
            return None
        served += 0 if endpoint["listening"] is False else endpoint["accepted"] or 0
    return served


def remedy_refusal(snapshot: "Snapshot", remedy: "Remedy") -> Optional[str]:
    """Why the action must be left to a person, else None: files that root must not load."""
    nginx, arguments = snapshot["nginx"], remedy["arguments"]
    if nginx.get("account") or reloads_nginx(remedy["action"]):
        refusal = load_refusal(nginx)
        if refusal:
            return refusal
    for master in snapshot["fpm"]["masters"]:
        leads_there = arguments.get("to") in [pool["endpoint"] for pool in master["pools"]]
        if _is_about(arguments, master) or leads_there:
            refusal = load_refusal(master)
            if refusal:
                return refusal
    return None


def _target(arguments: Mapping[str, object]) -> Optional[str]:
    for name in ("unit", "file", "config", "path"):
        if arguments.get(name):
            return str(arguments[name])
    return None


def _entry(action: Action, arguments: Dict[str, object], host: str) -> "Draft":
    """The action as the plan asks for it, with the most that it may cost."""
    risk, disruption = action.risk, action.disruption
    for raised in action.raised:
        if arguments.get(raised.argument):
            risk, disruption = raised.risk or risk, raised.disruption or disruption
    return {
        "id": action.id,
        "host": host,
        "target": _target(arguments),
        "arguments": arguments,
        "because": [],
        "findings": [],
        "risk": risk,
        "reversible": action.reversible,
        "disruption": disruption,
    }


def _add_findings(entry: "Draft", numbers: Sequence[int], names: Sequence[str]) -> None:
    entry["findings"] = sorted({*entry["findings"], *numbers})
    entry["because"] = list(dict.fromkeys([*entry["because"], *names]))


def _settled(planned: Sequence["Draft"]) -> List["Draft"]:
    """An action gives way to one that does the same. Of two that contradict each other neither is taken."""
    stronger: Dict[Tuple[GivesWay, Values], "Draft"] = {}
    for rule in {action.gives_way for action in ACTIONS if action.gives_way}:
        for entry in planned:
            if entry["id"] == rule.to:
                stronger.setdefault((rule, values(entry["arguments"], rule.sharing)), entry)
    kept: List["Draft"] = []
    rivals: Dict[Tuple[str, Values], int] = {}
    for entry in planned:
        action = BY_ID[entry["id"]]
        way = action.gives_way
        other = stronger.get((way, values(entry["arguments"], way.sharing))) if way else None
        if other is None:
            kept.append(entry)
            if action.one_place:
                place = (action.id, values(entry["arguments"], action.one_place))
                rivals[place] = rivals.get(place, 0) + 1
        elif way and way.mends:
            _add_findings(other, entry["findings"], entry["because"])
    return [
        entry
        for entry in kept
        if rivals.get((entry["id"], values(entry["arguments"], BY_ID[entry["id"]].one_place)), 0) < 2
    ]


def plan(findings: Sequence["Finding"], host: str) -> List["Draft"]:
    """The actions of all active findings, in order, each once. Raises ValueError for an unknown action.

    findings: of one host, in the order of its verdict. An action names them by their place in it.
    """
    planned: List["Draft"] = []
    at_target: Dict[Tuple[str, Optional[str]], List["Draft"]] = {}
    for number, finding in enumerate(findings):
        for remedy in finding["remedy"] if finding["state"] == "active" else ():
            action, arguments = BY_ID.get(remedy["action"]), remedy["arguments"]
            if action is None:
                raise ValueError(
                    "no action is called %s; known are %s" % (remedy["action"], ", ".join(sorted(BY_ID)))
                )
            alike = at_target.setdefault((action.id, _target(arguments)), [])
            entry = next((other for other in alike if other["arguments"] == arguments), None)
            if entry is None:
                entry = _entry(action, arguments, host)
                alike.append(entry)
                planned.append(entry)
            _add_findings(entry, [number], ["%s/%s" % (finding["cause"], finding["reason"])])
    return sorted(_settled(planned), key=lambda entry: ORDER[entry["id"]])
