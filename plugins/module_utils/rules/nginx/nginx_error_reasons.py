# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why nginx answers 500 by itself, or cuts off."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.nginx.script_refusals import folder_of
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import CYCLES, LIMITED, NO_CONNECTION, OWN_ERRORS, UNWRITABLE
from ..group import Group, Question, groups, of_nginx, routes_by_site
from ..model import NOWHERE, Match, evidence, likely, losses_of, sample, state_of
from .nginx_errors import CYCLE, NGINX_LIMIT, OWN, TEMP

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence, Facts
    from ....plugin_utils.shapes.logs import Event, GoneRoot, TempDir
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

ENDED_ITSELF = OWN_ERRORS | meanings("nginx_crashed")
# Such a visitor's connection is closed unread. One that finds no file descriptor waits in nginx's queue.
TURNED_AWAY = meanings("turned_away")
# An error_page of an answer would be logged while sending to the client.
BY_ACCEL = meanings("accel_cycle")
OF_ANSWER = meanings("answer_unwritable")
ZONE_FULL = meanings("zone_full")
ENOENT, ENOSPC = 2, 28
LINK_CIRCLE = ("Too many levels of symbolic links", "Symbolic link loop")  # by glibc, by musl
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


def _by_application(group: Group) -> Match:
    return Match(CYCLE, "by_application", likely(BY_APPLICATION % _to(group), []))


def _closed_root(group: Group) -> Optional[Match]:
    """A directory on the way to the site's files that nginx may not search."""
    roots = [(route["root"] or "") + "/" for route in group.routes]
    for entry in group.snapshot["logs"].get("closed_roots") or []:
        if any(root.startswith(entry["path"].rstrip("/") + "/") for root in roots):
            reason = likely(CLOSED_ROOT % entry["path"], [proof_of(entry, False)])
            return Match(CYCLE, "closed_root", reason)
    return None


def _circle(group: Group) -> Match:
    over, proof = group.mended
    return Match(CYCLE, "internal_redirect", likely(CIRCLE % _to(group), proof, state=state_of(over)))


def _to(group: Group) -> str:
    target = group.newest["detail"].get("target")
    return " to %s" % target if target else ""


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
        words = "%s: its file system has no room left (less than 1 MiB)" % directory["path"]
    return evidence("file", words, directory["path"])


def _temp(group: Group) -> Optional[Match]:
    newest = group.newest
    reason_id = "response" if meaning_of(newest) in OF_ANSWER else "request_body"
    if newest["detail"].get("cached"):
        reason_id = "cache"
    directory = directory_of(newest, group.snapshot["logs"].get("temp_dirs") or [])
    if directory is None:
        return None
    errno = newest["detail"].get("errno")
    lacks = directory.get("lacks") if errno == ENOENT else None
    over = directory["writable"] and not directory["full"] and not lacks
    if errno != ENOSPC:
        # What is seen now holds for nginx, too, only if it was mended since.
        over = over and directory["changed_at"] + LOG_SECOND > newest["last"]
    words = TEMP_WORDS[reason_id] % (lacks or directory["path"])
    proof = evidence("file", "%s does not exist" % lacks, lacks) if lacks else proof_of(directory, over)
    return Match(TEMP, reason_id, likely(words, [proof], state=state_of(over)))


def _no_visitors(group: Group) -> Match:
    """nginx accepts nobody: it has not read which site is asked for, so these are losses of none."""
    from ..losses.cured import connections_raised
    from ..losses.unscathed import own_upstream

    itself = own_upstream(group.snapshot)
    words, proof = "nginx asks itself at %s, and has lost such requests", [sample(group.newest)]
    reason = likely(
        "nginx has no connection left for new visitors: it turns them away before it reads a request.",
        [evidence("nginx", words % itself), *proof] if itself else proof,
        losses_of([event for event in group.events if meaning_of(event) in TURNED_AWAY]),
        state=state_of(connections_raised(group.snapshot, group.events)),
        facts={"fault": "itself"} if itself else {},
    )
    return Match(NGINX_LIMIT, "visitors", reason)


def _users_of_zones(snapshot: "Snapshot", events: Sequence["Event"]) -> List["Route"]:
    zones = {event["detail"].get("zone") for event in events}
    users = [user["server"] for user in snapshot["logs"].get("zone_users") or [] if user["zone"] in zones]
    return [route for route in snapshot["nginx"]["routes"] if route.get("server") in users]


def _zone_full(group: Group) -> Match:
    """nginx's line names no request, so no site either: it explains nothing else of a site."""
    zone = group.newest["detail"].get("zone", "in shared memory")
    words = "nginx ends requests itself: its zone %s has no room for another key." % zone
    over, proof = group.mended
    return Match(NGINX_LIMIT, "zone_full", likely(words, proof, state=state_of(over)))


def is_misnamed(snapshot: "Snapshot", gone: "GoneRoot", routes: Sequence["Route"]) -> bool:
    """Whether it is the directory of SCRIPT_FILENAME alone, and the pages are below the site's root."""
    fronts = [each for each in snapshot["nginx"].get("fronts") or [] if each["kind"] == "no_root"]
    servers = [route["server"] for route in routes if "server" in route]
    roots = [(route["root"] or "").rstrip("/") for route in routes]
    return (
        gone.get("error") == "No such file or directory"
        and gone["root"] not in roots
        and any(front["server"] in servers for front in fronts)
    )


def _why_gone(root: "GoneRoot") -> str:
    if "device" in root:
        return "%(device)s belongs at %(place)s, and is not mounted" % root
    return root.get("error") or root.get("why") or "it is not there"  # before 0.13.0: why


def _gone_root(group: Group) -> Optional[Match]:
    gone = group.snapshot["logs"].get("gone_roots") or []
    lost = set(map(folder_of, group.routes))
    if not lost.issubset(each["root"] for each in gone):
        return None
    why = [_why_gone(each) for each in gone if each["site"] == group.routes[0]["site"]][-1]
    words = "Each page of %s is missing: %s: %s." % (group.site, min(lost), why)
    proof = [evidence("file", why, min(lost))]
    facts: Facts = {"fault": "link_circle"} if why in LINK_CIRCLE else {}
    return Match(OWN, "gone_root", likely(words, proof, place=NOWHERE, facts=facts))


def _of_gone_roots(snapshot: "Snapshot") -> List[Question]:
    nginx, gone = snapshot["nginx"], snapshot["logs"].get("gone_roots") or []
    if not gone or nginx["config_errors"] or nginx["config_newer"]:  # what runs may have another root
        return []
    of_site = routes_by_site(snapshot)
    sites = dict.fromkeys(
        each["site"]
        for each in gone
        if each["site"] in of_site and not is_misnamed(snapshot, each, of_site[each["site"]])
    )
    return [Question(Group(snapshot, of_site[site]), (_gone_root,)) for site in sites]


def _is_by_accel(event: "Event") -> bool:
    return meaning_of(event) in BY_ACCEL


def _of_cycles(snapshot: "Snapshot") -> List[Question]:
    events = of_nginx(snapshot, CYCLES)
    return [
        Question(group, (_by_application,) if _is_by_accel(group.newest) else (_closed_root, _circle))
        for group in groups(snapshot, events, lambda event: (event["site"], _is_by_accel(event)))
    ]


def questions(snapshot: "Snapshot") -> List[Question]:
    events, routes = snapshot["logs"]["events"], snapshot["nginx"]["routes"]
    unwritable = of_nginx(snapshot, UNWRITABLE)
    found = _of_cycles(snapshot)
    for kind in (UNWRITABLE - OF_ANSWER, OF_ANSWER):
        alike = [event for event in unwritable if meaning_of(event) in kind]
        found += [Question(group, (_temp,)) for group in groups(snapshot, alike, lambda event: None)]
    if any(meaning_of(event) in ENDED_ITSELF or event.get("caught") for event in events):
        from .nginx_own import questions as of_own

        found += of_own(snapshot)
    if any(meaning_of(event) in LIMITED for event in events):
        from .rate_limited import refused_visitors

        limited = groups(snapshot, of_nginx(snapshot, LIMITED))
        found += [Question(group, (refused_visitors,)) for group in limited]
    full = of_nginx(snapshot, ZONE_FULL)
    if full and routes:
        found.append(Question(Group(snapshot, _users_of_zones(snapshot, full), full), (_zone_full,)))
    found += _of_gone_roots(snapshot)
    away = [event for event in of_nginx(snapshot, NO_CONNECTION) if not event["site"]]
    return found + ([Question(Group(snapshot, routes, away), (_no_visitors,))] if away and routes else [])
