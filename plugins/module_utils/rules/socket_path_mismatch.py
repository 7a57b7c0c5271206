# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 3: php-fpm runs, but not where nginx dials."""

import re
from typing import Any, Dict, FrozenSet, List, Optional, Set, Tuple

from ..parse.endpoint import parse, reached
from ..signatures.lookup import meaning_of
from .case import MISSING, REFUSED, Case, Owner, Seen, among, grouped
from .model import Clear, Loss, Match, Remedy, evidence, sample

CAUSE = "socket_path_mismatch"
LOG_SECOND = 1.0  # nginx's log tells no shorter time: a loss of the second of an edit may have come after it
# Of web servers, as distributions name them: for any site whose files are root's.
COMMON_ACCOUNTS = frozenset(("www-data", "apache", "nginx", "http", "wwwrun", "www"))
# PHP's in a name: php7.4-fpm, php74-php-fpm, php/82, php5; not the number of a port or of a server.
_VERSION = re.compile(r"(?:(?:php|fpm|cgi)[^a-z0-9]?|(?<!\d)(?=\d\.))([5-9])(?:[._-]?(\d{1,2}))?(?!\d)")
_WORD = re.compile("[a-z]+|[0-9]+")
# What says no more than that PHP is there.
_ANY = re.compile(
    "(?:php|fpm|fast|f?cgi|sock|socket|run|var|tmp|unix|www|data|web|default|server|backend|upstream"
    "|pool)+\\Z"
)


def _elsewhere(seen: Seen) -> Dict[Any, List[Tuple[int, Owner]]]:
    """Pools of running masters by (version, user), each None for any; and of each group those by family and
    by port.
    """

    def names(owner: Owner) -> List[Any]:
        here = parse(owner.pool["endpoint"])
        groups = {
            (version, user)
            for version in (None, owner.master["version"])
            for user in (None, owner.pool["user"])
        }
        return [
            group + place
            for group in groups
            for place in ((), (here.family == "unix",), (False, here.port))
            if place[1:] != (None,)
        ]

    return grouped([owner for owner in seen.pools if owner.master["running"]], names)


def _fitting(case: Case) -> Tuple[Optional[Owner], int]:
    """The pool that is nearest, and how many may be meant: of the PHP version that the dialled name tells,
    and of the owner of the site's files; where those are root's, of an account of the distribution's.
    """
    others = case.seen.once(_elsewhere)
    told = {version for version in _versions(case) if (version, None) in others}
    version = min(told) if told else None
    owners = {owner for route in case.routes for owner in route.get("owners") or ()}
    groups = [(version, user) for user in sorted(owners or _common(case)) if (version, user) in others] or [
        (version, None)
    ]
    there = parse(case.key)
    unix = there.family == "unix"
    for place in ((unix, there.port), (unix,), (not unix,)):
        first = min(
            (others[group + place][0] for group in groups if group + place in others),
            default=None,
            key=lambda one: one[0],
        )
        if first is not None:
            return first[1], sum(len(others[group]) for group in groups)
    return None, 0


def _names(case: Case) -> str:
    """What says which php-fpm is meant: a socket's path, an upstream's name."""
    return " ".join([_path(case.key)] + [route["upstream"] or "" for route in case.routes]).lower()


def _versions(case: Case) -> Set[str]:
    """7.4, or 5 alone."""
    return {".".join(filter(None, one)) for one in _VERSION.findall(_names(case))}


def _path(endpoint: str) -> str:
    return parse(endpoint).path or ""


def _words(text: str) -> Set[str]:
    return {word for word in _WORD.findall(_VERSION.sub(" ", text.lower())) if not _ANY.match(word)}


def _dialled(seen: Seen) -> Set[str]:
    targets = [
        target["endpoint"] for route in seen.snapshot["nginx"]["routes"] for target in route["endpoints"]
    ]
    return {one for target in targets for one in reached(target)}


def _common(case: Case) -> FrozenSet[str]:
    return COMMON_ACCOUNTS.union(filter(None, [case.snapshot["nginx"]["user"]]))


def _may_serve(case: Case, owner: Owner) -> bool:
    """Whether a pool runs as the owner of the sites' code; where that is root, the distribution's may."""
    common = _common(case)
    owners = [route.get("owners") for route in case.routes]
    return all(one == [owner.pool["user"]] or (one == [] and owner.pool["user"] in common) for one in owners)


def _doubt(case: Case, owner: Owner) -> Optional[str]:
    """Why a pool that may serve the sites may not be meant. That no other is left proves nothing."""
    told, its_php = _versions(case), owner.master["version"] or "of unknown version"
    if any(not (its_php + ".").startswith(version + ".") for version in told):
        return "the name tells PHP %s, and that pool is PHP %s" % (" and ".join(sorted(told)), its_php)
    if any(len(route["endpoints"]) > 1 or route["variable"] for route in case.routes):
        return "nginx has more than this one address to choose from"
    pool, there = owner.pool, parse(case.key)
    wanted = _words(_names(case))
    its = _words("%s %s %s" % (pool["name"], pool["user"], _path(pool["endpoint"]))) - COMMON_ACCOUNTS
    if wanted:
        known = _words(str(pool["name"])) <= wanted <= its
    elif any(route["owners"] for route in case.routes):
        known = True
    elif its:
        known = any(its <= _words(name) for route in case.routes for name in route["server_names"])
    else:
        # The distribution's own, by a name that it goes by; or it and the site lack nobody but each other.
        known = (
            there.family == "unix"
            or there.port == 9000
            or case.seen.once(_dialled).isdisjoint(reached(pool["endpoint"]))
        )
    return None if known else "nothing tells that it is the one that is meant"


def _reason(case: Case, near: Owner) -> str:
    if case.endpoint.get("type") == "dangling_link":
        return "dangling_link"
    there = parse(case.key)
    here = parse(near.pool["endpoint"])
    if (there.family == "unix") != (here.family == "unix"):
        return "tcp_vs_unix"
    if there.family == "unix":
        return "other_socket"
    return "address_family" if there.port == here.port else "other_port"


def _unloaded(case: Case) -> Tuple[str, str, List[Remedy]]:
    """(reason, words, remedy) where a pool's master runs, yet nothing is there."""
    owner = case.running[0]
    restart = [Remedy("unit_restart", {"unit": owner.master["unit"]})] if owner.master["unit"] else []
    path = case.endpoint.get("path") or ""
    if case.endpoint.get("listener_path") or (
        path.startswith(("/tmp/", "/var/tmp/")) and (owner.master["unit_state"] or {}).get("private_tmp")
    ):
        return (
            "private_tmp",
            "php-fpm has a view of its own on %s, where nginx does not see its socket" % path,
            [],
        )
    if case.endpoint.get("listening") or case.endpoint.get("inode_matches") is False:
        return "socket_deleted", "php-fpm still listens on %s, but its file was deleted" % case.key, restart
    # A reload binds the addresses that are new, and keeps the connections that wait at the others.
    can_reload = (owner.master["unit_state"] or {}).get("can_reload")
    load = [Remedy("unit_reload", one.arguments) for one in restart] if can_reload else restart
    return (
        "config_not_loaded",
        "pool %s is configured for %s, but the running php-fpm has not loaded that"
        % (owner.pool["name"], case.key),
        load,
    )


def _match(
    case: Case,
    reason: str,
    words: str,
    proof: List[dict],
    remedy: List[Remedy],
    owner: Optional[Owner],
    confidence: str = "certain",
) -> Match:
    lost = case.lost(MISSING | REFUSED)
    return case.match(
        CAUSE,
        reason,
        words + ".",
        proof + [sample(loss.event) for loss in lost[:1]],
        lost,
        owner,
        case.losses,
        confidence=confidence,
        remedy=remedy,
    )


def _strays(seen: Seen) -> Dict[Any, List[Tuple[int, dict]]]:
    """By site, what nginx did not reach at endpoints that the site's files do not name."""
    named: Dict[str, Set[str]] = {}
    for route in seen.snapshot["nginx"]["routes"]:
        places = (
            [""]
            if route["variable"]
            else [place for target in route["endpoints"] for place in reached(target["endpoint"])]
        )
        named.setdefault(route["site"] or "default", set()).update(places)
    lost = [
        event
        for event in seen.lost
        if meaning_of(event) in MISSING | REFUSED and "://" not in event["endpoint"]
    ]
    return grouped(
        lost,
        lambda event: [
            name
            for name in [event["site"] or "default"]
            if not {"", event["endpoint"]} & named.get(name, {""})
        ],
    )


def _older(case: Case) -> Optional[Match]:
    """nginx still dials what its files named before they were edited."""
    nginx, strays = case.snapshot["nginx"], case.seen.once(_strays)
    servers = [site for site in case.servers if site["name"] in strays] if nginx["config_newer"] else []
    names = {site["name"] for site in servers}
    events = [
        event for event in among(strays, names) if event["last"] + LOG_SECOND > nginx["config_changed_at"]
    ]
    if not events:
        return None
    words = "nginx dials %s, and its files name %s: it has not loaded them" % (
        events[-1]["endpoint"],
        case.key,
    )
    targets = [
        target
        for route in case.routes
        if (route["site"] or "default") in names
        for target in route["endpoints"]
        if target["endpoint"] == case.key
    ]
    proof = [
        evidence(
            "nginx",
            targets[0]["written"],
            path=targets[0]["file"],
            line=targets[0]["line"],
            at=nginx["config_changed_at"],
        ),
        sample(events[-1]),
    ]
    files = list(dict.fromkeys(target["file"] for target in targets))
    remedy = [Remedy("nginx_reload", {"unit": nginx["unit"], "files": files})] if nginx["unit"] else []
    lost = [Loss(at, meaning_of(event), event["site"], event) for event in events for at in event["times"]]
    return case.match(
        CAUSE,
        "nginx_not_loaded",
        words + ".",
        proof,
        lost,
        case.owner,
        [],
        confidence="likely",
        remedy=remedy,
        unit=nginx["unit"],
        servers=servers,
    )


def examine(case: Case) -> Any:
    older = _older(case)
    if older:
        return older
    result = case.connect["result"]
    left_behind = result == "denied" and case.endpoint.get("listening") is False and not case.owners
    if result in ("ok", "full") or (result == "denied" and not left_behind):
        return Clear("something listens on %s" % case.key)
    refused = (
        result in ("missing", "refused")
        or left_behind
        or (result == "error" and case.connect.get("errno") is not None)
    )
    if not refused or not case.is_local:
        return None
    seen = case.dialled()
    hidden = case.hidden
    if hidden and (case.running or not case.owners):
        reason = "private_tmp" if "PrivateTmp" in hidden[0] else "mount_namespace"
        return _match(case, reason, hidden[0], [hidden[1], seen], [], next(iter(case.running), None))
    if case.running:
        reason, words, remedy = _unloaded(case)
        master = case.running[0].master
        words_of = (
            "the master (pid %s) runs since before %s was changed"
            if master["config_newer"]
            else "the master (pid %s) does not listen where %s says"
        )
        changed = evidence(
            "process",
            words_of % (master["pid"], case.running[0].pool["file"]),
            path=case.running[0].pool["file"],
            line=case.running[0].pool["listen_line"],
            at=master["started_at"],
        )
        proof = (
            [changed, seen]
            if reason == "config_not_loaded"
            else [seen, evidence("socket", "the kernel lists a listener bound to %s" % case.key)]
        )
        return _match(
            case,
            reason,
            words,
            proof,
            remedy,
            case.running[0],
            "certain" if reason != "config_not_loaded" or master["config_newer"] else "likely",
        )
    near, fitting = _fitting(case)
    if case.owners or near is None:
        return None
    route = case.routes[0]
    target = next(item for item in route["endpoints"] if item["endpoint"] == case.key)
    words = "nginx dials %s, where no pool is configured to listen" % case.key
    fits = _may_serve(case, near)
    doubt = (_doubt(case, near) if fitting == 1 else "other pools may be meant as well") if fits else None
    if fits:
        words += "; pool %s listens on %s" % (near.pool["name"], near.pool["endpoint"])
        words += ", but %s" % doubt if doubt else ""
    else:
        words += "; no pool that does is known to run as the owner of the site's files"
    dials = evidence(
        "nginx",
        "%s %s" % ("server" if route["upstream"] else "fastcgi_pass", target["written"]),
        path=target["file"],
        line=target["line"],
    )
    listens = evidence(
        "php-fpm",
        "listen = %s" % near.pool["listen"],
        path=near.pool["listen_file"],
        line=near.pool["listen_line"],
    )
    proof = [dials, listens, seen] if fits else [dials, seen]
    remedy = []
    if fits and not doubt and case.looks_like_php:
        places = {
            (one["file"], one["line"], one["written"]) for route in case.routes for one in route["endpoints"]
        }
        remedy = [
            Remedy(
                "fastcgi_pass_repoint",
                {"file": file, "line": line, "from": written, "to": near.pool["endpoint"]},
            )
            for file, line, written in sorted(places)
        ]
    return _match(
        case,
        _reason(case, near),
        words,
        proof,
        remedy,
        near if fits else None,
        "certain" if case.looks_like_php else "possible",
    )
