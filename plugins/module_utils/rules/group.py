# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a predicate of a host rule judges, and what the engine fills in of its answer."""

from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    FrozenSet,
    Hashable,
    List,
    NamedTuple,
    Sequence,
    Tuple,
    Union,
)

from ..parse.nginx.sites import sites_of
from ..parse.pools_at import pools_behind
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of
from .case import site_reconfigured
from .missing import first_answer, matches_of
from .model import Match, losses_of, newest_of, sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence, Site
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot
    from ..parse.pools_at import Serving


class Group(NamedTuple):
    """Events that are alike, or a thing of nginx's files, and the routes of its sites."""

    snapshot: "Snapshot"
    routes: Sequence["Route"]
    events: Sequence["Event"] = ()
    hit: Sequence["Site"] = ()  # by what the rule found before

    @property
    def site(self) -> str:
        return self.routes[0]["site"] or "default"

    @property
    def pools(self) -> List["Serving"]:
        return pools_behind(self.snapshot, self.routes)

    @property
    def newest(self) -> "Event":
        return newest_of(self.events)

    @property
    def reconfigured(self) -> bool:
        """Whether nginx has loaded a later change that may be meant for the events' sites."""
        sites = [event["site"] for event in self.events if event["site"] is not None]
        sites = sites or [route["site"] for route in self.routes]
        return site_reconfigured(self.snapshot["nginx"], sites, self.newest["last"] + LOG_SECOND)

    @property
    def mended(self) -> Tuple[bool, "List[Evidence]"]:
        """Whether such a change is seen to have helped, with what shows it or the doubt."""
        if not self.reconfigured:
            return False, []
        from .losses.revisits import since_reload

        return since_reload(self.events, self.snapshot["nginx"])


class Question(NamedTuple):
    """The first answer counts: each predicate takes for granted that those before it had none."""

    group: Group
    predicates: Sequence[Callable[[Group], Union[None, Match, List[Match]]]]


def answered(rule: str, question: Question, found: Sequence[Match], missing: List["Missing"]) -> List[Match]:
    """found: by the rule before."""
    hit = [site for match in found for site in match.reason.servers or ()]
    group = question.group._replace(hit=hit)
    answer = first_answer(missing, rule, question.predicates, group)
    return [_filled(match, group) for match in matches_of(answer)]


def _filled(match: Match, group: Group) -> Match:
    """With the losses, the newest log line and the sites of the group, where the reason leaves them to it."""
    reason = match.reason
    if reason.losses is None:
        lines = [sample(group.newest)] if group.events else []
        lines = [line for line in lines if line not in reason.proof]
        reason = reason._replace(losses=losses_of(group.events), proof=[*reason.proof, *lines])
    if reason.servers is None:
        reason = reason._replace(servers=sites_of(group.routes))
    return match._replace(reason=reason)


def routes_by_site(snapshot: "Snapshot") -> Dict[str, List["Route"]]:
    routes: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        routes.setdefault(route["site"], []).append(route)
    return routes


def of_nginx(snapshot: "Snapshot", wanted: FrozenSet[str]) -> List["Event"]:
    """wanted: meanings of nginx's messages."""
    events = snapshot["logs"]["events"]
    return [event for event in events if event["source"] == "nginx" and meaning_of(event) in wanted]


def groups(
    snapshot: "Snapshot",
    events: Sequence["Event"],
    alike: Callable[["Event"], Hashable] = lambda event: event["site"],
) -> List[Group]:
    """The events of sites that have a route, those that are alike together."""
    of_site = routes_by_site(snapshot) if events else {}
    found: Dict[Hashable, List["Event"]] = {}
    for event in events:
        if (event["site"] or "") in of_site:
            found.setdefault(alike(event), []).append(event)
    return [
        Group(
            snapshot,
            [
                route
                for site in dict.fromkeys(event["site"] or "" for event in each)
                for route in of_site[site]
            ],
            each,
        )
        for each in found.values()
    ]
