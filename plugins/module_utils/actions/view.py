# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action may look at, and the parts that several actions are made of."""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..edit.fpm_text import set_directives
from ..parse.linux.systemctl import command_option
from ..plan.plan import hands_off
from ..verdict.step import FPM, NGINX, Change, Command, Edited, Refusal, Step, Trial

# snapshot: of this host, taken a moment ago. read: a file's text, with the changes of the steps before this
# one; None without it. capacity: what collect.capacity measured. swap: the step that makes a swap file at a
# path, as large as the operator allows. groups_of: the names of an account's groups, its own first; []
# without the account.
View = NamedTuple(
    "View",
    [
        ("snapshot", Dict[str, Any]),
        ("read", Callable[[str], Optional[str]]),
        ("expand", Callable[[str], List[str]]),
        ("capacity", Callable[[], Dict[str, Any]]),
        ("swap", Callable[[str], Step]),
        ("groups_of", Callable[[str], List[str]]),
    ],
)


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def changes_of(edited: Sequence[Any], grammar: str) -> List[Change]:
    return [Change(one.path, encode(one.before), encode(one.after), 0o644, grammar) for one in edited]


def master_of(view: View, config: str) -> Dict[str, Any]:
    for master in view.snapshot["fpm"]["masters"]:
        if master["config"] == config:
            return dict(master)
    raise Refusal("no php-fpm master with the configuration %s is on this host any more" % config)


def pool_of(master: Dict[str, Any], name: str) -> Dict[str, Any]:
    for pool in master["pools"]:
        if pool["name"] == name:
            return dict(pool)
    raise Refusal("%s has no pool %s any more" % (master["config"], name))


def unit_of(master: Mapping[str, Any]) -> str:
    if not master["unit"]:
        raise Refusal(
            "php-fpm with %s was not started by systemd: whoever started it must restart it"
            % master["config"]
        )
    return str(master["unit"])


def systemctl(verb: str, unit: str, *undo: str) -> Command:
    """undo: the verb, or verbs, that bring back the state before."""
    return Command(["systemctl", verb, unit], [["systemctl", word, unit] for word in undo])


def _refuse_if_not_roots(part: Mapping[str, Any]) -> None:
    why = hands_off(part)
    if why:
        raise Refusal("%s: nothing of it is tried, loaded or restarted as root" % why)


def fpm_trial(master: Mapping[str, Any]) -> Trial:
    """php-fpm -t, as its unit would start it, but for what it would preload: that runs right before a start
    alone, see remediate/rehearsal.py.
    """
    _refuse_if_not_roots(master)
    if not master["binary"]:
        raise Refusal(
            "no php-fpm program was found for %s, so no change of it can be tested" % master["config"]
        )
    argv = [master["binary"], "-d", "opcache.preload=", "-t", "-y", master["config"]]
    prefix = command_option((master["unit_state"] or {}).get("command"), "prefix")
    logs = [master["error_log"]] + [
        pool[key] for pool in master["pools"] for key in ("access_log", "slowlog")
    ]
    return Trial(
        argv + (["-p", prefix] if prefix else []),
        [path for path in dict.fromkeys(logs) if path and path.startswith("/")],
        master["unit"] or "",
    )


def unloaded_pools(view: View, unit: str) -> List[str]:
    """The files of the pools that nginx dials and the running php-fpm has not read: to load them is what a
    load of the unit is for.
    """
    dialled = {
        target["endpoint"] for route in view.snapshot["nginx"]["routes"] for target in route["endpoints"]
    }
    found: List[str] = []
    for master in view.snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["unit"] == unit else ():
            place = view.snapshot["endpoints"].get(pool["endpoint"]) or {}
            if pool["endpoint"] in dialled and place.get("listening") is False:
                found += [pool["file"], pool["listen_file"]]
    return list(dict.fromkeys(found))


def nginx_trial(nginx: Mapping[str, Any]) -> Trial:
    """nginx -t of the configuration that runs, which only root can write."""
    _refuse_if_not_roots(nginx)
    if not nginx["binary"]:
        raise Refusal("no nginx program was found, so no change of its configuration can be tested")
    return Trial(
        [nginx["binary"], "-t", "-q", "-p", nginx["prefix"], "-c", nginx["config"]], list(nginx["opens"])
    )


def nginx_unit(nginx: Mapping[str, Any]) -> str:
    unit = nginx["unit"]
    if not unit:
        raise Refusal("nginx was not started by systemd: whoever started it must reload it")
    return str(unit)


def nginx_step(view: View, name: str, path: str, edit: Callable[[str], str]) -> Step:
    """One file of nginx's configuration edited; nginx tests it, and is reloaded."""
    text = view.read(path)
    if text is None:
        raise Refusal("%s cannot be read" % path)
    nginx = view.snapshot["nginx"]
    return Step(
        name,
        path,
        changes_of([Edited(path, text, edit(text))], NGINX),
        [nginx_trial(nginx)],
        [systemctl("reload", nginx_unit(nginx), "reload")],
    )


def pool_step(
    view: View,
    name: str,
    arguments: Dict[str, Any],
    settings: Sequence[Tuple[str, Optional[str]]],
    verb: str,
    in_pool: bool = True,
) -> Step:
    """Directives of one pool, or of [global], set where they stand; php-fpm tests them; then its unit is
    restarted or reloaded.

    A reload takes most directives over, but not the owner, group, mode and ACL of a socket, which the next
    master inherits open.
    """
    master = master_of(view, arguments["config"])
    unit = unit_of(master)
    edited = set_directives(
        master["config"],
        view.read,
        view.expand,
        arguments["pool"] if in_pool else None,
        settings,
        master["prefix"],
    )
    return Step(
        name,
        unit,
        changes_of(edited, FPM),
        [fpm_trial(master)] if edited else [],
        [systemctl(verb, unit, *([verb] if edited else []))],
        cuts=unit,
    )
