# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""limit_req and limit_conn that refuse nearly all pages of a site, to more than one visitor.

To refuse one visitor who asks too often, or one page, is what they are for.
"""

from typing import TYPE_CHECKING, Optional

from ...signatures.lookup import by_meaning, meaning_of
from ...signatures.nginx import LIMITED
from ..group import Group
from ..model import Match, evidence, likely, sample, state_of
from ..pages.php_error_reasons import came_elsewhere, log_sites
from .nginx_errors import NGINX_LIMIT

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, Limit, Refused
    from ....plugin_utils.shapes.snapshot import Snapshot

REASONS = by_meaning({"request_limited": "limit_req", "connection_limited": "limit_conn"})
MOST_VISITORS = "nginx refuses nearly all pages of %s by %s, to %s."
FEWEST = 3  # visitors who were refused, and pages that came since
MOSTLY = 4  # refused pages for each one that came


def is_one_stranger(refused: "Refused", limit: Optional["Limit"]) -> bool:
    """Whether one address may be a proxy's, or of one who comes with many names and asks too often."""
    return (
        refused["addresses"] == 1
        and not refused["internal"]
        and "addr" in (limit["key"] if limit else "addr")
    )


def is_hit(refused: "Refused") -> bool:
    """Where visitors have addresses of their own, some of many may well ask too often."""
    if refused["visitors"] < FEWEST or refused["paths"] < 2:
        return False
    if MOSTLY * refused["others"] > refused["addresses"]:
        return False
    each = 1 if refused["addresses"] == 1 else MOSTLY
    return refused["pages"] > each * refused["answered"]


def refused_at(snapshot: "Snapshot", site: str) -> Optional["Refused"]:
    """What the end of the access log tells of it. A log that sites share may not tell whose page it was."""
    access = snapshot.get("access")
    for file in access["files"] if access else []:
        for pages in file.get("pages", []):
            ours = "refused" in pages and site in log_sites(snapshot, file["path"], pages)
            if ours and is_hit(pages["refused"]) and came_elsewhere(snapshot, file["path"], [site]) < FEWEST:
                return pages["refused"]
    return None


def limit_of(snapshot: "Snapshot", event: "Event") -> Optional["Limit"]:
    known, zone = snapshot["logs"].get("limits") or [], event["detail"].get("zone")
    return next((limit for limit in known if limit["zone"] == zone), None)


def _whom(refused: "Refused") -> str:
    if refused["addresses"] > 1:
        return "visitors of %d addresses" % refused["addresses"]
    return "%d visitors who come by one address, as from a proxy" % refused["visitors"]


def _lost_as_well(snapshot: "Snapshot", site: str) -> bool:
    """Whether php-fpm lost requests with a status that limits have here, too: the access log mixes them."""
    statuses = snapshot["logs"].get("limit_statuses") or []
    return any(
        event["source"] == "nginx" and event["site"] == site and event["detail"].get("status") in statuses
        for event in snapshot["logs"]["events"]
        if meaning_of(event) not in LIMITED
    )


def refused_visitors(group: Group) -> Optional[Match]:
    snapshot, newest = group.snapshot, group.newest
    site = newest["site"] or ""
    refused, limit = refused_at(snapshot, site), limit_of(snapshot, newest)
    if refused is None or is_one_stranger(refused, limit) or _lost_as_well(snapshot, site):
        return None
    reason_id = REASONS[meaning_of(newest)]
    text = "%(pages)d pages refused, %(answered)d before the last of them with 200" % refused
    proof = [evidence("nginx", limit["written"], limit["file"], limit["line"])] if limit else []
    by = "%s, which counts by %s" % (reason_id, limit["key"]) if limit else reason_id
    reason = likely(
        MOST_VISITORS % (group.site, by, _whom(refused)),
        [*proof, sample(newest), evidence("nginx_access", text)],
        state=state_of(refused["since"] >= FEWEST),
    )
    return Match(NGINX_LIMIT, reason_id, reason)
