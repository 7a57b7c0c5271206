# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers that wait for nginx here to pass a request of theirs to the same pool."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...parse.endpoint import parse, reached
from ...parse.nginx.listen import takes
from ..case import Case
from ..model import Loss, evidence, sample, span
from .held import Held, main_wait
from .peers import service

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.waits import WorkerWait

REASON = "self_request"
FEWEST_REQUESTS = 3
BY_PORT = (
    "connections that its pages make to the pool's own address %s, as to a debugger or a service that should "
    "be there"
)
BY_SITE = "requests that its pages make to their own site (%s); more workers make it rarer, and do not end it"


def by_log(lost: Sequence[Loss]) -> Optional[Held]:
    """The pages that ask may have given up, and the workers run what they asked for. A proxy of this host
    would ask for all others as well.
    """
    own = [loss for loss in lost if loss.event.get("own")]
    count, of_all = span(own).number, span(lost).number
    if count < FEWEST_REQUESTS or 4 * count < of_all or count == of_all:
        return None
    return Held(REASON, BY_SITE % "as nginx's log tells", own_part(lost), certain=False)


def own_part(lost: Sequence[Loss]) -> "List[Evidence]":
    """Of the lost requests: how many came from this host. Its own checks come, too."""
    own = [loss for loss in lost if loss.event.get("own")]
    text = "%d of %d requests that were lost came from an address of this host"
    return [evidence("nginx_log", text % (span(own).number, span(lost).number)), sample(own[-1].event)]


def _routes_to(case: Case, where: str) -> "List[Route]":
    """The routes to which a request there may come: its name decides, and is not seen."""
    there = parse(where)
    routes = case.snapshot["nginx"]["routes"]
    return [route for route in routes if takes(route["listen"], there.address or "", there.port or 0)]


def _is_own(case: Case, where: str) -> bool:
    """Whether of all pools that may be asked there only this one gives no answer."""
    keys = {target["endpoint"] for route in _routes_to(case, where) for target in route["endpoints"]}
    seen = [case.snapshot["endpoints"].get(key) for key in keys - {case.key}]
    return case.key in keys and all(facts and facts["probe"]["result"] == "answered" for facts in seen)


def self_request(case: Case, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    """Each of them wants another worker, which has the request or will get it."""
    mains = [wait for wait in map(main_wait, rows) if wait]
    by_place: Dict[str, int] = {}
    for wait in mains:
        where = wait["on"] or ""
        if wait["kind"] == "site" and (where in by_place or _is_own(case, where)):
            by_place[where] = by_place.get(where, 0) + 1
    count = sum(by_place.values())
    # What the other workers wait for may be why the answers are late.
    elsewhere = len(mains) - count
    if not count or 4 * count <= len(rows) or elsewhere >= count:
        return None
    places = ", ".join(map(service, sorted(by_place)))
    text = "%d of %d workers wait for %s, where nginx passes requests to this pool (/proc)"
    # A site without PHP may be asked there as well.
    return Held(
        REASON, BY_SITE % places, [evidence("proc", text % (count, len(rows), places))], certain=False
    )


def own_address(case: Case, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    """Workers that have connected to the pool itself: one that takes it waits for a request of FastCGI."""
    asking = [wait["on"] for wait in map(main_wait, rows) if wait and wait["kind"] == "peer" and wait["on"]]
    own = [on for on in asking if on in reached(case.key)]
    if not own or 3 * len(own) < len(rows) or 2 * len(own) < len(asking):
        return None
    text = "%d of %d workers wait for %s, where this pool listens (/proc)" % (len(own), len(rows), own[0])
    return Held(REASON, BY_PORT % own[0], [evidence("proc", text)], certain=False)
