# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings in, ordered actions out, with what they would cost."""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

# reversible: whether carry_out can bring back the state before. disruption: what the running requests of the
# unit suffer. none < reload < restart.
Action = NamedTuple("Action", [("id", str), ("risk", str), ("reversible", bool), ("disruption", str)])

# In the order in which they are taken. What each does to a host stands in the file of its name in actions/.
ACTIONS = (
    Action("runtime_directory_create", "low", True, "none"),
    Action("unit_oom_policy", "medium", True, "none"),
    Action("socket_access_set", "medium", True, "none"),
    Action("socket_acl_add", "medium", True, "none"),
    Action("directory_search_allow", "medium", True, "none"),
    Action("memory_fit", "medium", True, "reload"),
    Action("memory_limit_set", "high", True, "reload"),
    Action("swap_add", "medium", True, "none"),
    Action("pool_size_set", "medium", True, "reload"),
    Action("process_max_set", "medium", True, "reload"),
    Action("unit_reset_failed", "low", False, "none"),  # the failures counted so far are gone
    Action("unit_start", "low", True, "none"),
    Action("unit_enable", "high", True, "none"),
    Action("unit_restart", "medium", False, "restart"),
    Action("unit_reload", "medium", False, "reload"),
    Action("nginx_reload", "medium", False, "reload"),
    Action("fastcgi_pass_repoint", "medium", True, "reload"),
    Action(
        "read_timeout_set", "high", True, "reload"
    ),  # what calls for it is words in logs, beside one look at the workers
)
# What an argument makes of an action's disruption: the queue of a socket goes with the socket.
RAISED = {"drop_backlog": "restart"}
LOADS_NGINX = ("nginx_reload", "fastcgi_pass_repoint", "read_timeout_set")
_ORDER = {action.id: number for number, action in enumerate(ACTIONS)}
# (loser, winner, what they share): the winner's step does the loser's work, or forbids it.
GIVES_WAY = (("pool_size_set", "memory_fit", ("config", "pool")), ("unit_reload", "unit_restart", ("unit",)))
# Two of these that want different things at one place cannot both be right.
_ONE_PLACE = (("fastcgi_pass_repoint", ("file", "line")), ("read_timeout_set", ("file", "line")))


def hands_off(part: Mapping[str, Any]) -> Optional[str]:
    """Why nothing of the snapshot's nginx, or of a master, is tried, loaded or restarted from here, if so."""
    if part.get("account"):
        return "%s is %s's own" % (part["config"], part["account"])
    writable = part.get("writable")
    return "%s can write %s" % (writable["who"], writable["path"]) if writable else None


def _loads(master: dict, arguments: dict) -> bool:
    """Whether an action with these arguments is about this master."""
    return bool(
        arguments.get("unit") == master["unit"]
        if arguments.get("unit")
        else arguments.get("config") == master["config"]
    )


def running(snapshot: dict, action: dict) -> Optional[int]:
    """How many requests an action would cut, of those that run now: all of its unit's pools. nginx's reload
    cuts none. None: unknown.
    """
    if action["disruption"] == "none" or action["id"] in LOADS_NGINX:
        return 0
    keys = [
        pool["endpoint"]
        for master in snapshot["fpm"]["masters"]
        if _loads(master, action["arguments"])
        for pool in master["pools"]
    ]
    places = [snapshot["endpoints"].get(key) or {} for key in dict.fromkeys(keys)]
    served: List[Any] = [0 if place.get("listening") is False else place.get("accepted") for place in places]
    return None if None in served else sum(served)


def left_to_a_person(snapshot: dict, remedy: dict) -> Optional[str]:
    """Why an action must not be taken, by whose files it would load."""
    arguments, nginx = remedy["arguments"], snapshot["nginx"]
    if nginx.get("account") or remedy["action"] in LOADS_NGINX and hands_off(nginx):
        return hands_off(nginx)
    for master in snapshot["fpm"]["masters"]:
        if _loads(master, arguments) or arguments.get("to") in [pool["endpoint"] for pool in master["pools"]]:
            why = hands_off(master)
            if why:
                return why
    return None


def _target(arguments: dict) -> Optional[str]:
    return next(
        (str(arguments[name]) for name in ("unit", "file", "config", "path") if arguments.get(name)), None
    )


def shared(action: dict, names: Sequence[str]) -> str:
    return repr([action["arguments"].get(name) for name in names])


def disruption(action: Action, arguments: dict) -> str:
    """The most that it may be."""
    return next((RAISED[name] for name in RAISED if arguments.get(name)), action.disruption)


def _settle(actions: List[dict]) -> List[dict]:
    """What another action does as well is left to it; where two contradict each other neither is taken."""
    kept = list(actions)
    for loser, winner, names in GIVES_WAY:
        winners = {shared(one, names): one for one in reversed(kept) if one["id"] == winner}
        given = [one for one in kept if one["id"] == loser and shared(one, names) in winners]
        for action in given if loser == "unit_reload" else ():
            stronger = winners[shared(action, names)]
            stronger["because"] += [why for why in action["because"] if why not in stronger["because"]]
        kept = _without(kept, given)
    for name, places in _ONE_PLACE:
        found: Dict[str, List[dict]] = {}
        for one in kept:
            if one["id"] == name:
                found.setdefault(shared(one, places), []).append(one)
        kept = _without(kept, [one for rivals in found.values() if len(rivals) > 1 for one in rivals])
    return kept


def _without(actions: Sequence[dict], gone: Sequence[dict]) -> List[dict]:
    left_out = {id(one) for one in gone}
    return [one for one in actions if id(one) not in left_out]


def plan(findings: Sequence[dict], host: str) -> List[dict]:
    """Actions of all active findings, in order, each once: [{id, host, target, arguments, because, risk,
    reversible, disruption}]. because: the findings as "cause/reason". Raises ValueError for an unknown
    action.
    """
    actions: Dict[str, dict] = {}
    for item in findings:
        if item["state"] != "active":
            continue
        why = "%s/%s" % (item["cause"], item["reason"])
        for remedy in item["remedy"]:
            if remedy["action"] not in _ORDER:
                raise ValueError(
                    "no action is called %s; known are %s" % (remedy["action"], ", ".join(sorted(_ORDER)))
                )
            one = repr((remedy["action"], sorted(remedy["arguments"].items())))
            known = actions.get(one)
            if known is not None:
                known["because"] += [why] if why not in known["because"] else []
                continue
            action = ACTIONS[_ORDER[remedy["action"]]]
            arguments = remedy["arguments"]
            risk = "high" if arguments.get("disabled") else action.risk  # it is somebody's word
            actions[one] = {
                "id": action.id,
                "host": host,
                "target": _target(arguments),
                "arguments": arguments,
                "because": [why],
                "risk": risk,
                "reversible": action.reversible,
                "disruption": disruption(action, arguments),
            }
    return sorted(_settle(list(actions.values())), key=lambda entry: _ORDER[entry["id"]])
