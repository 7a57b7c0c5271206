# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why nginx answers 500 by itself, or cuts off."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..parse.nginx.script_refusals import folder_of
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import CYCLES, LIMITED, OWN_ERRORS, UNWRITABLE
from .case import site_reconfigured
from .lost_requests import NGINX_LIMIT, OWN
from .model import NOWHERE, Match, Reason, evidence, losses_of, newest_of, sample
from .nginx_errors import CYCLE, TEMP

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event, GoneRoot, TempDir
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

ENDED_ITSELF = OWN_ERRORS | meanings("nginx_crashed")
# Such a visitor's connection is closed unread. One that finds no file descriptor waits in nginx's queue.
TURNED_AWAY = meanings("turned_away")
NO_RESOURCE = TURNED_AWAY | meanings("no_resource")
# An error_page of an answer would be logged while sending to the client.
BY_ACCEL = meanings("accel_cycle")
OF_ANSWER = meanings("answer_unwritable")
ZONE_FULL = meanings("zone_full")
ENOENT, ENOSPC = 2, 28
CIRCLE = "nginx answers 500 itself: its locations lead a request%s again and again."
BY_APPLICATION = (
    "nginx answers 500 itself: by X-Accel-Redirect the application sends a request%s, and is asked again by "
    "that."
)
CLOSED_ROOT = "nginx may not search %s, so that each file of the site is missing for it, and answers 500."
TEMP_WORDS = {
    "cache": "nginx cannot open the files of its cache in %s, and answers 500.",
    "request_body": "nginx cannot write the bodies of large requests to %s, and answers 500.",
    "response": "nginx cannot write large answers to %s: visitors get them cut off.",
}


def _closed_root(snapshot: "Snapshot", routes: Sequence["Route"]) -> Optional["TempDir"]:
    """The directory on the way to the site's files that nginx may not search."""
    roots = [(route["root"] or "") + "/" for route in routes]
    return next(
        (
            entry
            for entry in snapshot["logs"].get("closed_roots") or []
            if any(root.startswith(entry["path"].rstrip("/") + "/") for root in roots)
        ),
        None,
    )


def _cycle(snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]) -> Match:
    newest = newest_of(events)
    target = newest["detail"].get("target")
    to = " to %s" % target if target else ""
    accel = meaning_of(newest) in BY_ACCEL
    closed = None if accel else _closed_root(snapshot, routes)
    if accel:
        reason_id, words, over = "by_application", BY_APPLICATION % to, False
    elif closed:
        reason_id, words, over = "closed_root", CLOSED_ROOT % closed["path"], False
    else:
        reason_id, words = "internal_redirect", CIRCLE % to
        over = site_reconfigured(snapshot["nginx"], [newest["site"]], newest["last"] + LOG_SECOND)
    reason = Reason(
        words,
        ([proof_of(closed, False)] if closed else []) + [sample(newest)],
        losses_of(events),
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
    )
    return Match(CYCLE, reason_id, reason)


def directory_of(event: "Event", known: Sequence["TempDir"]) -> Optional["TempDir"]:
    """Of the directories that were looked at, the one that the event's file is in, or is."""
    path = event["detail"].get("path", "")
    above = [entry for entry in known if path.startswith(entry["path"])]
    return max(above, key=lambda entry: len(entry["path"]), default=None)


def proof_of(directory: "TempDir", over: bool) -> "Evidence":
    words = "%s is owned by %s, mode %s" % (directory["path"], directory["owner"], directory["mode"])
    if directory["writable"] and not over:
        words += ": these let nginx in, so a sandbox or a security module refuses"
    if directory["full"]:
        words = "%s: its file system has no room left" % directory["path"]
    return evidence("file", words, directory["path"])


def _temp(
    snapshot: "Snapshot", routes: Sequence["Route"], reason_id: str, events: Sequence["Event"]
) -> Optional[Match]:
    newest = newest_of(events)
    if newest["detail"].get("cached"):
        reason_id = "cache"
    directory = directory_of(newest, snapshot["logs"].get("temp_dirs") or [])
    if directory is None:
        return None
    errno = newest["detail"].get("errno")
    lacks = directory.get("lacks") if errno == ENOENT else None
    over = directory["writable"] and not directory["full"] and not lacks
    if errno != ENOSPC:
        # What is seen now holds for nginx, too, only if it was mended since.
        over = over and directory["changed_at"] + LOG_SECOND > newest["last"]
    reason = Reason(
        TEMP_WORDS[reason_id] % (lacks or directory["path"]),
        [
            evidence("file", "%s does not exist" % lacks, lacks) if lacks else proof_of(directory, over),
            sample(newest),
        ],
        losses_of(events),
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
    )
    return Match(TEMP, reason_id, reason)


def _no_visitors(snapshot: "Snapshot") -> List[Match]:
    """nginx accepts nobody: it has not read which site is asked for, so these are losses of none."""
    events = [
        event
        for event in snapshot["logs"]["events"]
        if event["source"] == "nginx" and not event["site"] and meaning_of(event) in NO_RESOURCE
    ]
    routes = snapshot["nginx"]["routes"]
    if not events or not routes:
        return []
    newest = newest_of(events)
    over = site_reconfigured(snapshot["nginx"], [], newest["last"] + LOG_SECOND)
    reason = Reason(
        "nginx has no connection left for new visitors: it turns them away before it reads a request.",
        [sample(newest)],
        losses_of([event for event in events if meaning_of(event) in TURNED_AWAY]),
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
    )
    return [Match(NGINX_LIMIT, "visitors", reason)]


def _why_gone(root: "GoneRoot") -> str:
    if "device" in root:
        return "%(device)s belongs at %(place)s, and is not mounted" % root
    return root.get("error") or root.get("why") or "it is not there"  # before 0.13.0: why


def _gone_roots(snapshot: "Snapshot", of_site: Dict[str, List["Route"]]) -> List[Match]:
    nginx, gone, matches = snapshot["nginx"], snapshot["logs"].get("gone_roots") or [], []
    if nginx["config_errors"] or nginx["config_newer"]:  # what runs may have another root
        return []
    for site, why in {each["site"]: _why_gone(each) for each in gone}.items():
        lost = set(map(folder_of, of_site[site]))
        if lost.issubset(each["root"] for each in gone):
            words = "Each page of %s is missing: %s: %s." % (site or "default", min(lost), why)
            proof, servers = [evidence("file", why, min(lost))], sites_of(of_site[site])
            reason = Reason(words, proof, confidence="likely", place=NOWHERE, servers=servers)
            matches.append(Match(OWN, "gone_root", reason))
    return matches


def reasons(snapshot: "Snapshot") -> List[Match]:
    of_site: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        of_site.setdefault(route["site"], []).append(route)
    matches: List[Optional[Match]] = []
    cycles: Dict[Tuple[str, bool], List["Event"]] = {}
    unwritable: Dict[str, List["Event"]] = {"request_body": [], "response": []}
    for event in snapshot["logs"]["events"]:
        meaning, site = meaning_of(event), event["site"] or ""
        if event["source"] != "nginx" or site not in of_site:
            continue
        if meaning in CYCLES:
            cycles.setdefault((site, meaning in BY_ACCEL), []).append(event)
        elif meaning in UNWRITABLE:
            unwritable["response" if meaning in OF_ANSWER else "request_body"].append(event)
    matches += [_cycle(snapshot, of_site[site], events) for (site, _accel), events in cycles.items()]
    for reason_id, events in unwritable.items():
        if events:
            routes = [route for event in events for route in of_site[event["site"] or ""]]
            matches.append(_temp(snapshot, routes, reason_id, events))
    if any(meaning_of(event) in ENDED_ITSELF or event.get("caught") for event in snapshot["logs"]["events"]):
        from .nginx_own import own_errors

        matches += own_errors(OWN, snapshot, of_site)
    if any(meaning_of(event) in LIMITED for event in snapshot["logs"]["events"]):
        from .rate_limited import limited

        matches += limited(NGINX_LIMIT, snapshot, of_site)
    full = [event for event in snapshot["logs"]["events"] if meaning_of(event) in ZONE_FULL]
    if full:
        from .zone_memory import zone_full

        matches += zone_full(NGINX_LIMIT, snapshot, full)
    matches += _gone_roots(snapshot, of_site)
    return [match for match in matches if match] + _no_visitors(snapshot)
