# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx has no address for the name in fastcgi_pass, or one that the name no longer has."""

from typing import TYPE_CHECKING, Iterable, List, Optional

from ...signatures.lookup import meaning_of, meanings
from ..case import Case
from ..model import Cause, Match, Rule, ids
from ..seen import Groups, Seen, grouped

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..group import Group, Question

CAUSE = Cause("upstream_unresolvable", ids("bad_address name_unresolved no_resolver stale_address"))
UNRESOLVED = meanings("no_resolver", "unresolved", "bad_upstream")


def _by_site(events: Iterable["Event"]) -> Groups["Event"]:
    return grouped(
        [event for event in events if event["source"] == "nginx" and meaning_of(event) in UNRESOLVED],
        lambda event: [event["site"] or ""],
    )


def _of_seen(seen: Seen) -> Groups["Event"]:
    return _by_site(seen.snapshot["logs"]["events"])


def _by_variable(case: Case) -> Optional[Match]:
    routes = [route for route in case.routes if route["variable"]]
    by_site = case.seen.once(_of_seen) if routes else {}
    if not by_site:
        return None
    from .looked_up import unresolved

    return unresolved(case.snapshot, by_site, routes, len(routes) == len(case.routes))


def _stale(case: Case) -> Optional[Match]:
    if case.endpoint.get("family") != "name":
        return None
    from .looked_up import stale

    return stale(case)


RULE = Rule("upstream_unresolvable", (CAUSE,), (_by_variable, _stale), of_nginx=True)


def _nowhere(group: "Group") -> Optional[Match]:
    by_site = _by_site(group.snapshot["logs"]["events"])
    if not by_site:
        return None
    from .looked_up import unresolved

    return unresolved(group.snapshot, by_site, group.routes, True)


def of_no_endpoint(snapshot: "Snapshot") -> List["Question"]:
    """Of routes whose endpoint only nginx knows."""
    routes = [route for route in snapshot["nginx"]["routes"] if route["variable"] and not route["endpoints"]]
    if not routes:
        return []
    from ..group import Group, Question

    return [Question(Group(snapshot, routes), (_nowhere,))]
