# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A case: one endpoint that nginx dials, with everything the snapshot knows about it."""

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple, Union, cast

from ..parse.endpoint import is_this_host, parse, reached
from ..parse.fastcgi import PROMPT_MS
from ..parse.nginx.sites import place, sites_of
from ..signatures.lookup import meanings
from ..signatures.nginx import QUEUE_FULL
from .missing import attempt
from .model import NOWHERE, Confidence, Loss, Place, evidence, losses_of
from .seen import Owner, Seen, among

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Connect, Endpoint, Hidden, Listener, Probe
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.memory import Worker
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.nginx import Nginx, Route
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.snapshot import Snapshot

# Meanings of messages that several rules ask for.
NOBODY_THERE = meanings("missing", "refused")
DENIED, CONFINED = meanings("denied"), meanings("confined")
CUT_OFF = meanings("cut_off", "bad_gateway")
NOT_IN_TIME = meanings("connect_timed_out")
FULL = meanings("pool_full", "process_max")
KILLED = meanings("killed")


def logged_as(key: str, endpoint: "Endpoint") -> List[str]:
    """nginx logs the address that a name led to, not the name."""
    addresses = [entry["address"] for entry in endpoint.get("addresses") or []]
    hosts = ["[%s]" % address if ":" in address else address for address in addresses]
    return [key] + ["%s:%s" % (host, endpoint.get("port")) for host in hosts]


def hider(hidden: "Hidden") -> Tuple[str, "Evidence"]:
    who, unit, setting, path = hidden["who"], hidden["unit"], hidden["setting"], hidden["path"]
    by = "%s of %s" % (setting or "a mount namespace", unit or "its own")
    text = "%s: %s" % (unit or who, setting or "it has a mount namespace of its own")
    return "%s sees another %s than the host has: %s" % (who, path, by), evidence("systemd", text, path)


class Case:
    def __init__(self, seen: Seen, key: str, routes: Sequence["Route"]) -> None:
        self.seen = seen
        self.snapshot = seen.snapshot
        self.masters = seen.masters
        self.key = key  # of the endpoint
        self.routes = routes  # the locations that dial it
        # What was seen of it. Where nobody looked, nothing is there but these two results.
        self.endpoint = cast("Endpoint", self.snapshot["endpoints"].get(key) or {})
        self.connect = cast("Connect", self.endpoint.get("connect") or {"result": "not_tried"})
        self.probe = cast("Probe", self.endpoint.get("probe") or {"result": "not_tried"})
        self.servers = sites_of(routes)
        real = self.endpoint.get("real_path")
        there = reached(key, "unix:" + real if real else None)
        there += [place for name in logged_as(key, self.endpoint)[1:] for place in reached(name)]
        # The pools configured for it.
        self.owners = among(seen.pools_at, there) if self.is_local else []
        # Of them one whose master runs, where there is one.
        self.owner: Optional[Owner] = next(iter(self.running or self.owners), None)
        events = among(seen.lost_at, logged_as(key, self.endpoint))
        # Requests lost on it that no rule has explained yet, oldest first.
        self.losses = losses_of(events)
        self.passed: List[Loss] = []  # failed tries that cost no request here
        if seen.has_spares:
            self._sort_tries()
        self.perhaps: List[Loss] = []  # that may as well have been lost on another endpoint
        self.gone: List[Loss] = []  # clients who gave up on it
        self.early: List[Loss] = []  # see losses/access_losses.py
        self.unheard: Optional[str] = None  # why no log would tell of a loss on it; None: one does
        if seen.has_access or seen.is_silent:
            self._ask_access_logs()

    def _sort_tries(self) -> None:
        from .losses.tries import sorted_out

        self.losses, self.passed = sorted_out(self.seen, self.key, self.losses)

    def _ask_access_logs(self) -> None:
        from .losses.access_losses import of_access_logs
        from .losses.silence import unheard_sites

        access = self.seen.once(of_access_logs).on(logged_as(self.key, self.endpoint), self.losses)
        self.losses = sorted(self.losses + access.losses, key=lambda loss: loss.at)
        self.perhaps, self.gone, self.early = access.perhaps, access.gone, access.early
        unheard = self.seen.once(unheard_sites)
        self.unheard = next((unheard[place(site)] for site in self.servers if place(site) in unheard), None)

    @property
    def named(self) -> str:
        """Who answers there, for a sentence: the pools of another machine are not known."""
        return "pool %s" % self.owner.pool["name"] if self.owner else self.key

    @property
    def place(self) -> Place:
        return self.owner.place if self.owner else NOWHERE

    @property
    def running(self) -> List[Owner]:
        return [owner for owner in self.owners if owner.master["running"]]

    def sure_of_log(self, confidence: Confidence) -> Confidence:
        """The confidence; possible where workers may write into php-fpm's log as the master does."""
        return "possible" if any(owner.master.get("undecorated") for owner in self.owners) else confidence

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is this host's: a remote address says nothing about the pools here."""
        return is_this_host(parse(self.key)) or self.endpoint.get("listening") is not None

    @property
    def answers(self) -> bool:
        """A worker took the probe and answered it in FastCGI."""
        return bool(self.probe["result"] == "answered")

    @property
    def is_let_in(self) -> bool:
        """Nothing but a full queue kept the probe out."""
        return self.connect["result"] in ("ok", "full")

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
        """Connections in the queue, without the unanswered probe's own. Counted at one look with the dead."""
        later = 0 if self.dead else (self.probe.get("queue") or 0) - (self.probe["result"] == "no_answer")
        return max(self.endpoint.get("queue") or 0, later)

    @property
    def queue_words(self) -> str:
        given_up = ", %d of them have given up" % self.dead if self.dead else ""
        return "%d wait in the queue (backlog %s)%s" % (self.waiting, self.endpoint.get("backlog"), given_up)

    @property
    def foreign_listeners(self) -> List["Listener"]:
        """Who holds the endpoint instead of php-fpm. systemd may hold what it has passed to php-fpm."""
        listeners = self.endpoint.get("listeners") or []
        return [] if any(listener["fpm"] for listener in listeners) else listeners

    @property
    def orphans(self) -> List["Listener"]:
        """Workers of the pool that answer, without any master: each holds the listening socket itself, which
        its master made.
        """
        owner, listeners = self.owner, self.foreign_listeners
        if owner is None or self.running or not self.answers:
            return []
        pool, binary = owner.pool["name"], owner.master["binary"]
        account = owner.master.get("account")
        ours = [
            listener
            for listener in listeners
            if listener["pool"] == pool and listener["exe"] and listener["exe"] == binary
            if listener.get("maker", 0) == 0 or (account and listener.get("user") == account)
        ]
        return listeners if len(ours) == len(listeners) else []

    @property
    def looks_like_php(self) -> bool:
        """Whether a route says so: fcgiwrap and others are dialled with fastcgi_pass too."""
        words: List[object] = [self.key]
        for route in self.routes:
            words += [route["location"], route["upstream"]] + list(route["params"].values())
        text = " ".join(map(str, words)).lower()
        return "php" in text or "fpm" in text or self.key.endswith(":9000")

    @property
    def half_dead(self) -> List[str]:
        """Of a name, of which one address answers: those that nobody listens on, as nginx logs them."""
        rows = self.endpoint.get("addresses") or []
        if not any(row["probe"] == "answered" for row in rows):
            return []
        dead = [row for row in rows if row["result"] == "refused"]
        return logged_as("", cast("Endpoint", {**self.endpoint, "addresses": dead}))[1:]

    @property
    def hidden(self) -> Optional[Tuple[str, "Evidence"]]:
        """(words, evidence) of what a sandbox hides from nginx. It is never a matter of owner and mode."""
        hidden = self.endpoint.get("hidden")
        return hider(hidden) if hidden else None

    @property
    def unloaded(self) -> bool:
        """Whether nginx may run with older files than those that were read."""
        loaded = self.snapshot["nginx"].get("loaded")
        return bool(loaded and (loaded["newer_files"] or loaded.get("perhaps_newer")))

    def dialled(self, otherwise: Optional[str] = None) -> "Evidence":
        what = self.connect.get("error") or otherwise or self.connect["result"]
        user = self.connect.get("as_user") or "ourselves"
        return evidence("probe", "connecting to %s as %s: %s" % (self.key, user, what))

    def without(self, losses: Iterable[Loss]) -> "Case":
        """The same case with the other losses alone."""
        gone = {id(loss) for loss in losses}
        if not gone:
            return self
        rest = copy(self)
        rest.losses = [loss for loss in self.losses if id(loss) not in gone]
        rest.perhaps = [loss for loss in self.perhaps if id(loss) not in gone]
        rest.early = [loss for loss in self.early if id(loss) not in gone]
        return rest

    def lost(self, wanted: FrozenSet[str], perhaps: bool = False) -> List[Loss]:
        """wanted: meanings of nginx's messages. perhaps: with those that may be other endpoints' as well, for
        who has other evidence of the moment.
        """
        losses = self.losses + self.perhaps if perhaps and self.perhaps else self.losses
        return [loss for loss in losses if loss.meaning in wanted]

    def lost_to_queue(self) -> List[Loss]:
        """Without connections to a port that were dropped nobody knows where: a firewall logs the same."""
        lost = self.lost(QUEUE_FULL)
        unix, full = self.endpoint.get("family") == "unix", self.connect["result"] == "full"
        if unix or full or self.waiting or self.fpm_events(FULL) or self.fpm_events(FULL, of_pools=False):
            return lost
        return [loss for loss in lost if loss.meaning not in NOT_IN_TIME]

    def fpm_events(self, wanted: FrozenSet[str], of_pools: bool = True) -> List["Event"]:
        """About the pools of this endpoint, or their masters. wanted: meanings of php-fpm's messages."""
        pools = [(owner.master["config"], owner.pool["name"] if of_pools else None) for owner in self.owners]
        return among(self.seen.fpm_events_of, [pool + (meaning,) for pool in pools for meaning in wanted])

    def workers(self, owner: Owner) -> List["Worker"]:
        """The workers of a pool."""
        place = (owner.master["config"], owner.pool["name"])
        return [worker for _number, worker in self.seen.workers_of.get(place, ())]


def reconfigured(part: Union["Nginx", "Master"], at: float) -> bool:
    """Whether nginx, or a master, has loaded a later change: what was lost before may be mended."""
    changed = part["config_changed_at"]
    return bool(part["config_newer"] is False and changed is not None and changed > at)


def site_reconfigured(nginx: "Nginx", sites: Iterable[Optional[str]], at: float) -> bool:
    """Whether nginx has loaded a later change that may be meant for these sites: of a file of theirs, or of
    one for all. What another customer's site was given mends nothing here.
    """
    if not reconfigured(nginx, at):
        return False
    changes = nginx.get("changes")
    if not changes:
        return True
    ours = {site or "" for site in sites}
    later = [change["sites"] for change in changes if change["at"] > at]
    return any(not theirs or not ours.isdisjoint(theirs) for theirs in later)


def touched(snapshot: "Snapshot", paths: Iterable[Optional[str]], at: float) -> bool:
    """Whether one of these files was changed later; a change of another one ends no loss here."""
    known = snapshot.get("changed_files")
    return not known or any(known.get(path, at) > at for path in paths if path)


def routes_by_endpoint(snapshot: "Snapshot") -> Dict[str, List["Route"]]:
    """The routes that dial each endpoint, but for servers marked down."""
    routes: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            if not target["down"]:
                routes.setdefault(target["endpoint"], []).append(route)
    return routes


def cases(snapshot: "Snapshot", missing: List["Missing"]) -> List[Case]:
    """One for each endpoint that is dialled. missing: gets the entries of those that could not be made."""
    routes = attempt(missing, "cases", partial(routes_by_endpoint, snapshot)) or {}
    seen = attempt(missing, "cases", partial(Seen, snapshot))
    if seen is None:
        return []
    made = [attempt(missing, "cases", partial(Case, seen, key, dialling)) for key, dialling in routes.items()]
    return [case for case in made if case is not None]
