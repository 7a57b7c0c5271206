# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timeouts of which the wrong one ends a request. PHP's own should come first, then php-fpm's, then
nginx's.
"""

from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.nginx.sites import sites_of
from ..model import Cause, Remedy, evidence, ids
from .capacity_at_risk import directive, settings_of
from .locations import locations_of, settings_at
from .model import LatentRule, Risk, risk
from .served import Served, served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.risks_capacity import LocationSettings, PoolSettings, ScriptLimit
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "timeouts_disordered",
    ids("never_ended read_before_script read_before_terminate terminate_before_script"),
    severity="warning",
)
MOST_NAMED = 3
ADMIN = ("php_admin_value", "PHP_ADMIN_VALUE")  # what a .user.ini cannot change


class _Chain(NamedTuple):
    """What ends a request of one location."""

    served: Served
    settings: "PoolSettings"
    route: "Route"
    limit: "ScriptLimit"
    loaded: bool  # both programs run with these files

    @property
    def read(self) -> float:
        return self.route["read_timeout"]["seconds"]

    @property
    def terminate(self) -> float:
        """0: never."""
        return self.served.pool["terminate_timeout"]

    @property
    def script(self) -> Optional[int]:
        """0: never; None: decided at run time."""
        return self.limit["seconds"]

    @property
    def key(self) -> Tuple[object, ...]:
        """One setting that is wrong for twenty sites is one finding."""
        read = self.route["read_timeout"]
        pool = (self.served.master["config"], self.served.pool["name"])
        return pool + (read["seconds"], read["file"], read["line"], self.limit["file"], self.limit["line"])


def _limit(settings: "PoolSettings", location: "Optional[LocationSettings]") -> "ScriptLimit":
    """php-fpm applies what nginx sends over the pool's values, and PHP a .user.ini over both, but for an
    administrator's value (sapi/fpm/fpm/fpm_main.c, fpm_php.c).
    """
    limit, locked = settings["script"], settings["script"]["source"] in ADMIN
    if location and location["script"]:
        limit = location["script"]
        locked = locked or limit["source"] in ADMIN
    user_ini = location["user_ini"] if location else None
    return user_ini if user_ini and not locked else limit


def _read_before_terminate(chain: _Chain) -> Optional[str]:
    if not chain.terminate > chain.read:
        return None
    words = "nginx gives up on %s after %g s, and php-fpm lets the script hold its worker for %g s."
    return words % (_name(chain), chain.read, chain.terminate)


def _terminate_before_script(chain: _Chain) -> Optional[str]:
    """Both may fire at once where they are equal: then PHP's own was meant."""
    if not chain.terminate or chain.script is None or 0 < chain.script <= chain.terminate:
        return None
    own = "%g s" % chain.script if chain.script else "none"
    words = "php-fpm kills a script of %s after %g s, before PHP's own limit (%s) ends it with an error."
    return words % (_name(chain), chain.terminate, own)


def _read_before_script(chain: _Chain) -> Optional[str]:
    if chain.terminate or not chain.script or chain.script <= chain.read:
        return None
    words = "nginx gives up on %s after %g s, and PHP lets the script compute for %g s."
    return words % (_name(chain), chain.read, chain.script)


def _never_ended(chain: _Chain) -> Optional[str]:
    if chain.terminate or chain.script != 0:
        return None
    words = "Nothing ends a script of %s: nginx gives up after %g s, and the worker is held for ever."
    return words % (_name(chain), chain.read)


REASONS: Sequence[Tuple[str, Callable[[_Chain], Optional[str]]]] = (
    ("read_before_terminate", _read_before_terminate),
    ("terminate_before_script", _terminate_before_script),
    ("read_before_script", _read_before_script),
    ("never_ended", _never_ended),
)


def _name(chain: _Chain) -> str:
    return chain.route["site"] or "the default site"


def _proof(chains: Sequence[_Chain]) -> "List[Evidence]":
    """All three, in the order in which they should come."""
    chain = chains[0]
    limit, read = chain.limit, chain.route["read_timeout"]
    own = "max_execution_time = %s (%s)" % (
        "unknown" if limit["seconds"] is None else limit["seconds"],
        "PHP's default" if limit["source"] == "default" else limit["source"],
    )
    terminate = "request_terminate_timeout = %g s" % chain.terminate if chain.terminate else ""
    at = chain.settings["terminate"]
    ends = ["after %g s" % seconds if seconds else "never" for seconds in (chain.script, chain.terminate)]
    php = "at an unknown time" if chain.script is None else ends[0]
    text = "PHP ends a script %s, php-fpm %s, and nginx gives up after %g s" % (php, ends[1], chain.read)
    proof = [
        evidence("timeouts", text, chain.route["file"], chain.route["line"]),
        evidence("php", own, limit["file"], limit["line"]),
        directive(terminate or "request_terminate_timeout is off", at, chain.served),
        evidence("nginx", "fastcgi_read_timeout = %g s" % read["seconds"], read["file"], read["line"]),
    ]
    for each in chains[:MOST_NAMED]:
        text = "location %s of %s" % (each.route["location"], _name(each))
        proof.append(evidence("nginx", text, each.route["file"], each.route["line"]))
    if len(chains) > MOST_NAMED:
        proof.append(evidence("nginx", "and %d locations more" % (len(chains) - MOST_NAMED)))
    return proof


def _remedy(chains: Sequence[_Chain], snapshot: "Snapshot") -> List[Remedy]:
    """Of one location alone: a longer timeout beside its fastcgi_pass, just beyond php-fpm's."""
    route = chains[0].route
    place = (route["file"], route["line"])
    if sum((other["file"], other["line"]) == place for other in snapshot["nginx"]["routes"]) != 1:
        return []
    arguments = {
        "file": route["file"],
        "line": route["line"],
        "location": route["location"],
        "site": route["site"],
        "seconds": chains[0].read,
        "terminate": chains[0].terminate,
    }
    return [Remedy("read_timeout_set", arguments)] if len(chains) == 1 else []


def _chains(snapshot: "Snapshot") -> List[_Chain]:
    pools, locations = settings_of(snapshot), locations_of(snapshot)
    nginx = snapshot["nginx"]
    chains: List[_Chain] = []
    for served in served_pools(snapshot):
        settings = pools.get((served.master["config"], served.pool["name"]))
        for route in served.routes if settings else ():
            location = settings_at(locations, route)
            if settings and location:
                loaded = not (settings["stale"] or nginx["config_newer"])
                chains.append(_Chain(served, settings, route, _limit(settings, location), loaded))
    return chains


def _out_of_order(snapshot: "Snapshot") -> List[Risk]:
    alike: Dict[Tuple[object, ...], List[_Chain]] = {}
    for chain in _chains(snapshot):
        alike.setdefault(chain.key, []).append(chain)
    found: List[Risk] = []
    for chains in alike.values():
        first = chains[0]
        for reason_id, words_of in REASONS:
            summary = words_of(first)
            if summary is None:
                continue
            nginx_first = reason_id == "read_before_terminate"
            certain = first.loaded and (first.script != 0 or nginx_first)
            found.append(
                risk(
                    reason_id,
                    summary,
                    _proof(chains),
                    remedy=_remedy(chains, snapshot) if nginx_first else [],
                    # Code may call set_time_limit() where there is no limit.
                    confidence="certain" if certain else "likely",
                    servers=sites_of([chain.route for chain in chains]),
                    about=first.served,
                )
            )
    return found


RULE = LatentRule("timeouts_disordered", CAUSE, (_out_of_order,))
