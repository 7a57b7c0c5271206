# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool may be meant, where nginx dials an address that no pool has."""

import re
from typing import FrozenSet, List, NamedTuple, Optional, Set, Tuple

from ...parse.endpoint import parse, reached
from ..case import Case
from ..seen import Groups, Owner, Seen, grouped

# Of web servers, as distributions name them: for any site whose files are root's.
COMMON_ACCOUNTS = frozenset(("www-data", "apache", "nginx", "http", "wwwrun", "www"))
# PHP's in a name: php7.4-fpm, php74-php-fpm, php/82, php5; not the number of a port or of a server.
_VERSION = re.compile(r"(?:(?:php|fpm|cgi)[^a-z0-9]?|(?<!\d)(?=\d\.))([5-9])(?:[._-]?(\d{1,2}))?(?!\d)")
_WORD = re.compile("[a-z]+|[0-9]+")
# Words that say no more than that PHP is there.
_ANY = re.compile(
    r"(?:php|fpm|fast|f?cgi|sock|socket|run|var|tmp|unix|www|data|web|default|server|backend|upstream"
    r"|pool)+\Z"
)


class Nearest(NamedTuple):
    owner: Owner
    alternatives: int  # how many pools may be meant, this one among them


def _elsewhere(seen: Seen) -> Groups[Owner]:
    """Pools of running masters by (version, user), with (is unix,), and with (is unix, port). None is any
    version or user.
    """

    def names(owner: Owner) -> List[Tuple[object, ...]]:
        there = parse(owner.endpoint)
        places: List[Tuple[object, ...]] = [(), (there.family == "unix",)]
        if there.port is not None:
            places.append((False, there.port))
        versions, users = {None, owner.master["version"]}, {None, owner.pool["user"]}
        return [(version, user) + place for version in versions for user in users for place in places]

    return grouped([owner for owner in seen.pools if owner.master["running"]], names)


def nearest(case: Case) -> Optional[Nearest]:
    """Of the PHP version that the dialled name tells, and run by the owner of the site's files. Where root
    owns them: by an account of the distribution.
    """
    others = case.seen.once(_elsewhere)
    named = {version for version in _versions(case) if (version, None) in others}
    version = min(named) if named else None
    users = {user for route in case.routes for user in route.get("owners") or ()} or _common(case)
    groups: List[Tuple[object, ...]] = [
        (version, user) for user in sorted(users) if (version, user) in others
    ] or [(version, None)]
    there = parse(case.key)
    is_unix = there.family == "unix"
    for place in ((is_unix, there.port), (is_unix,), (not is_unix,)):
        firsts = [others[group + place][0] for group in groups if group + place in others]
        if firsts:
            _number, owner = min(firsts, key=lambda numbered: numbered[0])
            return Nearest(owner, sum(len(others[group]) for group in groups))
    return None


def _names(case: Case) -> str:
    """What says which php-fpm is meant: a socket's path, an upstream's name."""
    return " ".join([_path(case.key)] + [route["upstream"] or "" for route in case.routes]).lower()


def _versions(case: Case) -> Set[str]:
    """7.4, or 5 alone."""
    return {".".join(filter(None, parts)) for parts in _VERSION.findall(_names(case))}


def _path(endpoint: str) -> str:
    return parse(endpoint).path or ""


def _words(names: str) -> Set[str]:
    return {word for word in _WORD.findall(_VERSION.sub(" ", names.lower())) if not _ANY.match(word)}


def _dialled(seen: Seen) -> Set[str]:
    targets = [
        target["endpoint"] for route in seen.snapshot["nginx"]["routes"] for target in route["endpoints"]
    ]
    return {endpoint for target in targets for endpoint in reached(target)}


def _common(case: Case) -> FrozenSet[str]:
    return COMMON_ACCOUNTS.union(filter(None, [case.snapshot["nginx"]["user"]]))


def may_serve(case: Case, owner: Owner) -> bool:
    """Whether a pool runs as the owner of the sites' code. Where root owns it, the distribution's may."""
    user, common = owner.pool["user"], _common(case)
    owners = [route.get("owners") for route in case.routes]
    return all(users == [user] or (users == [] and user in common) for users in owners)


def doubt(case: Case, near: Nearest) -> Optional[str]:
    """Why a pool that may serve the sites may not be meant. That no other is left proves nothing."""
    if near.alternatives != 1:
        return "other pools may be meant as well"
    named, version = _versions(case), near.owner.master["version"] or "of unknown version"
    if any(not (version + ".").startswith(part + ".") for part in named):
        return "the name tells PHP %s, and that pool is PHP %s" % (" and ".join(sorted(named)), version)
    if any(len(route["endpoints"]) > 1 or route["variable"] for route in case.routes):
        return "nginx has more than this one address to choose from"
    return None if _is_known(case, near.owner) else "nothing tells that it is the one that is meant"


def _is_known(case: Case, owner: Owner) -> bool:
    """Whether a name or the files' owner tells that the pool is meant, or that nobody else dials it."""
    pool, there = owner.pool, parse(case.key)
    wanted = _words(_names(case))
    words = _words("%s %s %s" % (pool["name"], pool["user"], _path(owner.endpoint))) - COMMON_ACCOUNTS
    if wanted:
        return _words(str(pool["name"])) <= wanted <= words
    if any(route["owners"] for route in case.routes):
        return True
    if words:
        return any(words <= _words(name) for route in case.routes for name in route["server_names"])
    # The distribution's own pool: the address is one of its usual ones, or nobody else dials the pool.
    by_default = there.family == "unix" or there.port == 9000
    return by_default or case.seen.once(_dialled).isdisjoint(reached(owner.endpoint))
