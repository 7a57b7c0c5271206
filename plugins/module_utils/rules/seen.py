# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all cases of a host share, sorted out once for thousands of endpoints."""

from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Hashable,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Tuple,
    TypeVar,
    cast,
)

from ..parse.endpoint import reached
from ..signatures.lookup import meaning_of
from ..signatures.nginx import LOST, NO_SERVER
from .model import Place, evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot
    from ...plugin_utils.shapes.unit import Unit

Item = TypeVar("Item")
Groups = Dict[Hashable, List[Tuple[int, Item]]]


class Owner(NamedTuple):
    """A pool, which has an endpoint, and its master."""

    master: "Master"
    pool: "Pool"

    @property
    def endpoint(self) -> str:
        return self.pool["endpoint"] or ""

    @property
    def state(self) -> "Unit":
        """What systemd says of the master's unit. It is empty where none is known."""
        return cast("Unit", self.master["unit_state"] or {})

    @property
    def place(self) -> Place:
        return Place(self.pool["name"], self.master["unit"])

    @property
    def arguments(self) -> Dict[str, object]:
        """The arguments of an action on this pool."""
        return {"config": self.master["config"], "pool": self.pool["name"], "unit": self.master["unit"]}

    def listens(self, words: str = "") -> "Evidence":
        """The line that sets the pool's address. words: behind it."""
        pool = self.pool
        return evidence(
            "php-fpm", "listen = %s%s" % (pool["listen"], words), pool["listen_file"], pool["listen_line"]
        )


def sockets_of(unit: "Optional[Unit]") -> str:
    """Units that make its sockets."""
    ties = unit and unit.get("ties") or {}
    return " ".join(name for name, does in ties.items() if does == "needs")


def _has_unit(master: "Master") -> bool:
    """Whether a unit is to start it that looks for its program in vain."""
    unit = master["unit_state"]
    return unit is not None and unit["load"] == "loaded" and unit["active"] == "failed"


def _has_spares(snapshot: "Snapshot") -> bool:
    routes = snapshot["nginx"]["routes"]
    return any(len(route["endpoints"]) > 1 for route in routes) or any(
        len(facts.get("addresses") or ()) > 1 for facts in snapshot["endpoints"].values()
    )


def _has_no_server(event: "Event") -> bool:
    return meaning_of(event) in NO_SERVER


def _endpoint(snapshot: "Snapshot", event: "Event") -> str:
    if event["endpoint"] is not None:
        return event["endpoint"]
    from .losses.unplaced import home_of

    return home_of(snapshot["nginx"], event)


class Seen:
    def __init__(self, snapshot: "Snapshot") -> None:
        self.snapshot = snapshot
        # A removed package leaves its configuration behind.
        self.masters = [
            master
            for master in snapshot["fpm"]["masters"]
            if master["running"] or master["binary"] or _has_unit(master)
        ]
        self.pools = [
            Owner(master, pool) for master in self.masters for pool in master["pools"] if pool["endpoint"]
        ]
        events = snapshot["logs"]["events"]
        self.lost = [event for event in events if event["source"] == "nginx" and meaning_of(event) in LOST]
        # Where nginx may go on to another server or address, not each failed try is a lost request.
        self.has_spares = bool(self.lost or any(map(_has_no_server, events))) and _has_spares(snapshot)
        self.fpm_events = [event for event in events if event["source"] == "fpm"]
        access = snapshot.get("access")
        self.has_access = bool(access and access["events"])  # an access log tells of some
        # What could not be seen, by its names in missing.
        self.blind = frozenset(entry["what"] for entry in snapshot["missing"])
        sites = snapshot["nginx"].get("site_logs") or []
        self.is_silent = any(site["silent"] for site in sites) or bool(sites) and "nginx_log" in self.blind
        self.pools_at = grouped(self.pools, lambda owner: [owner.endpoint])
        self.lost_at = grouped(self.lost, lambda event: reached(_endpoint(snapshot, event)))
        self.fpm_events_of = grouped(
            self.fpm_events, lambda event: [(event["master"], event["pool"], meaning_of(event))]
        )
        self.workers_of = grouped(
            snapshot["workers"], lambda worker: [worker["config"], (worker["config"], worker["pool"])]
        )
        self._made: Dict[Hashable, object] = {}

    def once(self, make: Callable[["Seen"], Item]) -> Item:
        """What a rule sorts out for itself, for all cases."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(Item, self._made[make])


def grouped(items: Iterable[Item], names: Callable[[Item], Iterable[Hashable]]) -> Groups[Item]:
    """(number, item) by each of an item's names."""
    groups: Groups[Item] = {}
    for number, item in enumerate(items):
        for name in names(item):
            groups.setdefault(name, []).append((number, item))
    return groups


def among(groups: Groups[Item], names: Iterable[Hashable]) -> List[Item]:
    """The items of several groups, each once, in their order."""
    items = {number: item for name in names for number, item in groups.get(name, ())}
    return [items[number] for number in sorted(items)]
