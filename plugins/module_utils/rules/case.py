# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A case: one endpoint that nginx dials, with everything the snapshot knows about it."""

from copy import copy
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple, Union, cast

from ..parse.endpoint import is_this_host, parse, reached
from ..parse.fastcgi import PROMPT_MS
from ..parse.nginx.sites import sites_of
from ..signatures.lookup import meaning_of, meanings
from .model import Loss, evidence
from .seen import Owner, Seen, among

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Connect, Endpoint, Listener, Probe
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.memory import Worker
    from ...plugin_utils.shapes.nginx import Nginx, Route
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.snapshot import Snapshot

# What nginx's messages about an endpoint mean: signatures/nginx.py.
MISSING = meanings("missing")
REFUSED = meanings("refused")
DENIED = meanings("denied")
NO_PLACE = meanings("queue_full")
QUEUE_FULL = NO_PLACE | meanings("connect_timed_out")
TIMED_OUT = meanings("timed_out", "send_timed_out")
BROKEN_OFF = meanings("broken_off")
CUT_OFF = meanings("cut_off")
NOT_FASTCGI = meanings("not_fastcgi")
BAD_HEADER = meanings("bad_header")
TOO_BIG = meanings("too_big")
NO_MORE = meanings("no_resource")


class Case:
    """key: the dialled endpoint. endpoint: what was seen of it. routes: the locations that dial it. owners:
    the pools configured for it. losses: requests lost on it in the window that no rule has explained yet,
    oldest first.
    """

    def __init__(self, seen: Seen, key: str, routes: Sequence["Route"]) -> None:
        self.seen = seen
        self.snapshot = seen.snapshot
        self.masters = seen.masters
        self.key = key
        self.routes = routes
        # Of what was not looked at, nothing is there but these two results.
        self.endpoint = cast("Endpoint", self.snapshot["endpoints"].get(key) or {})
        self.connect = cast("Connect", self.endpoint.get("connect") or {"result": "not_tried"})
        self.probe = cast("Probe", self.endpoint.get("probe") or {"result": "not_tried"})
        self.servers = sites_of(routes)
        real = self.endpoint.get("real_path")
        self.owners = (
            among(seen.pools_at, reached(key, "unix:" + real if real else None)) if self.is_local else []
        )
        self.owner: Optional[Owner] = self.owners[0] if self.owners else None
        # nginx logs the address that a name led to, not the name.
        names = [key] + [
            "%s:%s"
            % (
                "[%s]" % one["address"] if ":" in one["address"] else one["address"],
                self.endpoint.get("port"),
            )
            for one in self.endpoint.get("addresses") or []
        ]
        self.losses = sorted(
            (
                Loss(at, meaning_of(event), event["site"], event)
                for event in among(seen.lost_at, names)
                for at in event["times"]
            ),
            key=lambda loss: loss.at,
        )

    @property
    def running(self) -> List[Owner]:
        return [owner for owner in self.owners if owner.master["running"]]

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is this host's: a remote address says nothing about the pools here."""
        return is_this_host(parse(self.key)) or self.endpoint.get("listening") is not None

    @property
    def answers(self) -> bool:
        """A worker took the probe and answered it in FastCGI."""
        return bool(self.probe["result"] == "answered")

    @property
    def answers_late(self) -> bool:
        """It answered only when a worker came free: the probe waited in the queue like any request."""
        return self.answers and (self.probe.get("ms") or 0) > PROMPT_MS

    @property
    def dead(self) -> int:
        """Connections in the queue whose clients have given up. Their requests are run all the same."""
        waiting = self.endpoint.get("waiting")
        return (waiting["dead"] or 0) if waiting else 0

    @property
    def waiting(self) -> int:
        """Connections in the queue, without the unanswered probe's own; of the same look as the dead."""
        later = 0 if self.dead else (self.probe.get("queue") or 0) - (self.probe["result"] == "no_answer")
        return max(self.endpoint.get("queue") or 0, later)

    @property
    def queue_told(self) -> str:
        given_up = ", %d of them have given up" % self.dead if self.dead else ""
        return "%d wait in the queue (backlog %s)%s" % (self.waiting, self.endpoint.get("backlog"), given_up)

    @property
    def foreign_listeners(self) -> List["Listener"]:
        """Who holds the endpoint instead of php-fpm, to which systemd may have passed it."""
        people = self.endpoint.get("listeners") or []
        return [] if any(listener["fpm"] for listener in people) else people

    @property
    def looks_like_php(self) -> bool:
        """Whether a route says so: fcgiwrap and others are dialled with fastcgi_pass too."""
        words = [self.key] + [
            str(part)
            for route in self.routes
            for part in [route["location"], route["upstream"]] + list(route["params"].values())
        ]
        return any("php" in word.lower() or "fpm" in word.lower() for word in words) or self.key.endswith(
            ":9000"
        )

    @property
    def hidden(self) -> Optional[Tuple[str, "Evidence"]]:
        """(in words, evidence) of what a sandbox hides from nginx, or of php-fpm from nginx: never a matter
        of owner and mode.
        """
        seen = self.endpoint.get("hidden")
        if not seen:
            return None
        setting = "%s of %s" % (seen["setting"] or "a mount namespace", seen["unit"] or "its own")
        return (
            "%s sees another %s than the host has: %s" % (seen["who"], seen["path"], setting),
            evidence(
                "systemd",
                "%s: %s"
                % (seen["unit"] or seen["who"], seen["setting"] or "it has a mount namespace of its own"),
                path=seen["path"],
            ),
        )

    def dialled(self, otherwise: Optional[str] = None) -> "Evidence":
        what = self.connect.get("error") or otherwise or self.connect["result"]
        return evidence(
            "probe",
            "connecting to %s as %s: %s" % (self.key, self.connect.get("as_user") or "ourselves", what),
        )

    def without(self, losses: Iterable[Loss]) -> "Case":
        """The same case with the other losses alone."""
        gone = {id(loss) for loss in losses}
        if not gone:
            return self
        rest = copy(self)
        rest.losses = [loss for loss in self.losses if id(loss) not in gone]
        return rest

    def lost(self, wanted: FrozenSet[str]) -> List[Loss]:
        """wanted: meanings of nginx's messages."""
        return [loss for loss in self.losses if loss.meaning in wanted]

    def pool_events(self, wanted: FrozenSet[str]) -> List["Event"]:
        """About the pools of this endpoint. wanted: meanings of php-fpm's messages."""
        names = [(owner.master["config"], owner.pool["name"]) for owner in self.owners]
        return among(self.seen.fpm_events_of, [name + (meaning,) for name in names for meaning in wanted])

    def master_events(self, wanted: FrozenSet[str]) -> List["Event"]:
        """About the masters of these pools."""
        names = [(owner.master["config"], None) for owner in self.owners]
        return among(self.seen.fpm_events_of, [name + (meaning,) for name in names for meaning in wanted])

    def workers(self, owner: Owner) -> List["Worker"]:
        """Of a pool."""
        place = (owner.master["config"], owner.pool["name"])
        return [worker for _number, worker in self.seen.workers_of.get(place, ())]

    def route_of(self, site: Optional[str]) -> "Route":
        return next(
            (
                route
                for route in self.routes
                if site is not None and (site == route["site"] or site in route["server_names"])
            ),
            self.routes[0],
        )


def reconfigured(part: Union["Nginx", "Master"], at: float) -> bool:
    """Whether nginx, or a master, has loaded a change from after that moment: what was lost before may be
    mended.
    """
    changed = part["config_changed_at"]
    return bool(part["config_newer"] is False and changed is not None and changed > at)


def cases(snapshot: "Snapshot") -> List[Case]:
    """One for each endpoint that a route dials and that is not marked down."""
    routes: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            if not target["down"]:
                routes.setdefault(target["endpoint"], []).append(route)
    seen = Seen(snapshot)
    return [Case(seen, key, found) for key, found in routes.items()]
