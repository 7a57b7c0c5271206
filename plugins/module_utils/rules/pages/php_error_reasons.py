# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites of which no page comes, since PHP ends each with an error."""

from functools import partial
from typing import TYPE_CHECKING, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from ...parse.nginx.script_refusals import opening
from ...parse.nginx.sites import sites_of
from ...parse.pools_at import places_of, pools_behind, targets_of
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of
from ...signatures.nginx import BEFORE_SCRIPT, FATAL
from ..connect.confined import may_make_none
from ..group import Group, Question, groups, of_nginx, routes_by_site
from ..model import Match, Place, Reason, evidence, likely, losses_of, sample, state_of
from .php_error import CAUSE
from .php_refuses import reloaded
from .unit_of_pages import of_unit

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence, Facts
    from ....plugin_utils.shapes.logs import Pages
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.php_error import ErrorParts, PhpError
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.visits import OddVisits

FEWEST = 3  # pages
BURST = 10.0  # seconds: no job of cron begins again so soon
UNKNOWN = "php.ini, the pool or .user.ini asks for what cannot be had"
WORDS = {
    "before_script": "PHP ends each request to %s before its script begins: %s.",
    "every_page": "PHP answers, and with an error: each of the last %d pages of %s was a 500.",
    "shown_errors": "PHP ended each of the last %d pages of %s with an error, and visitors got status 200: "
    "display_errors is on, or the page had begun.",
}


def log_sites(snapshot: "Snapshot", path: str, pages: "Union[Pages, OddVisits]") -> List[str]:
    """Whose pages they may be."""
    if pages["site"] is not None:
        return [pages["site"]]
    logs = snapshot["nginx"].get("site_logs") or []
    return [site["site"] for site in logs if any(path in log["paths"] for log in site["access"])]


def came_elsewhere(snapshot: "Snapshot", path: str, names: Sequence[str]) -> int:
    """Pages of these sites that came, by other logs of theirs where most did: a location may have one."""
    access, found = snapshot.get("access"), 0
    live = {
        each
        for site in snapshot["nginx"].get("site_logs") or []
        if site["site"] in names
        for log in site["access"]
        for each in log["paths"]
    }
    for file in access["files"] if access else []:
        for pages in file.get("pages", []) if file["path"] in live - {path} else []:
            ill = pages["failed"] + (pages["refused"]["pages"] if "refused" in pages else 0)
            if pages["answered"] > ill and set(names).issuperset(log_sites(snapshot, file["path"], pages)):
                found += pages["answered"]
    return found


def _nginx_failed(snapshot: "Snapshot", site: str) -> bool:
    """nginx says itself why it answered 500."""
    return any(
        event["source"] == "nginx" and event["site"] == site and event["detail"].get("status") == 500
        for event in snapshot["logs"]["events"]
        if meaning_of(event) not in FATAL
    )


def _nginx_fails(snapshot: "Snapshot", routes: Sequence["Route"]) -> bool:
    """By its unit it reaches no PHP that could answer, whatever its log keeps."""
    keys = [target["endpoint"] for route in routes for target in route["endpoints"] if not target["down"]]
    return bool(keys) and all(may_make_none(snapshot, key) for key in keys)


def _facts(errors: Sequence["ErrorParts"]) -> "Facts":
    for each in errors:
        if "fault" in each:
            return {"fault": each["fault"], "name": each.get("name")}
    return {}


def _match(
    reason_id: str, words: str, group: Group, proof: Sequence["Evidence"], since: float, facts: "Facts"
) -> Match:
    """What a unit's setting explains stands before the log line, and that before the rest."""
    first = [each for each in proof if each["source"] == "unit"]
    first += [sample(group.newest)] if group.events else []
    reason = likely(
        words,
        first + [each for each in proof if each["source"] != "unit"],
        since=group.newest["first"] if group.events else since,
        facts=facts,
    )
    units = {master["unit"] for master, _pool in pools_behind(group.snapshot, group.routes)}
    place = Place(None, units.pop()) if len(units) == 1 else None
    return Match(CAUSE, reason_id, reason._replace(place=place))


def _answered(snapshot: "Snapshot", site: str, at: float) -> bool:
    """Whether the site's last pages all came, and later. A log that sites share does not tell whose came."""
    access = snapshot.get("access")
    return any(
        pages["answered"] and not pages["failed"] and pages["last"] > at
        for file in (access["files"] if access else [])
        for pages in file.get("pages", [])
        if log_sites(snapshot, file["path"], pages) == [site]
    )


def _folders(routes: Iterable["Route"]) -> List[str]:
    return [route["root"].rstrip("/") + "/" for route in routes if route["root"]]


def _of_own_log(snapshot: "Snapshot", routes: Sequence["Route"]) -> List["PhpError"]:
    """What PHP's own log has of the pools behind the routes. In a pool of several sites any visitor may
    bring about errors of another one. They must name a script of these, or of a release beside it.
    """
    access, names = snapshot.get("access"), {route["site"] for route in routes}
    ends = {
        (master["config"], pool["name"]): pool["endpoint"] for master, pool in pools_behind(snapshot, routes)
    }
    errors = [
        error
        for error in (access.get("php_errors", []) if access else [])
        if (error["config"], error["pool"]) in ends
    ]
    wanted = {ends[(error["config"], error["pool"])] for error in errors}
    others = [
        route
        for route in (snapshot["nginx"]["routes"] if errors else [])
        if route["site"] not in names
        and any(wanted.intersection(places_of(snapshot, to["endpoint"])) for to in targets_of(route))
    ]
    here = set(_folders(routes))
    above = {place[: place.rfind("/", 0, -1) + 1] for place in here} - {"/"}
    here |= {place for place in above if not any(each.startswith(place) for each in _folders(others))}
    if not others:
        return errors
    # Snapshots from before 0.14.0 do not name the scripts.
    begins = tuple(here)
    return [
        error
        for error in errors
        if "scripts" not in error or any(script.startswith(begins) for script in error["scripts"])
    ]


def _own(error: "PhpError") -> "Evidence":
    return evidence("php_log", error["text"], error["path"])


def _hiding(snapshot: "Snapshot", names: Sequence[str]) -> List["Evidence"]:
    """The error_page by which visitors see a success."""
    sites = [site for site in snapshot["nginx"].get("site_logs") or [] if site["site"] in names]
    pages = [site["hiding"] for site in sites if "hiding" in site]
    return [evidence("nginx", page["written"], page["file"], page["line"]) for page in pages[:1]]


def each_has(pages: Sequence[float], errors: Sequence[float]) -> bool:
    """Whether each page has an error of its own."""
    left = sorted(errors)
    for page in pages:
        hit = next((at for at in left if abs(at - page) <= LOG_SECOND), None)
        if hit is None:
            return False
        left.remove(hit)
    return True


def theirs_alone(pages: Sequence[float], errors: Sequence[float]) -> bool:
    """Nothing names the site of an error in PHP's own log. Jobs of cron begin at one second of minutes."""
    meanwhile = [at for at in errors if pages[0] - LOG_SECOND <= at <= pages[-1] + LOG_SECOND]
    apart = len({int(at) % 60 for at in pages}) >= FEWEST or pages[-1] - pages[0] < BURST
    return len(meanwhile) <= len(pages) + 1 and apart


def _is_known(group: Group) -> bool:
    names = {route["site"] or "default" for route in group.routes}
    return any(site["name"] in names for site in group.hit)


def _before_script(group: Group) -> Match:
    event = group.newest
    # A start mends no setting of a file, but the file may have been mended before.
    started = reloaded(group.snapshot, group.routes, event["last"], started=True)
    reason = Reason(
        WORDS["before_script"] % (event["site"], event["detail"].get("error", UNKNOWN)),
        [],
        confidence="possible" if started else "likely",
        state=state_of(_answered(group.snapshot, event["site"] or "", event["last"])),
        since=event["first"],
        facts=_facts([event["detail"]]),
    )
    return Match(CAUSE, "before_script", reason)


def _every_page(path: str, pages: "Pages", group: Group) -> Optional[Match]:
    """group: the newest error of one of the sites."""
    snapshot, routes = group.snapshot, group.routes
    names = list(dict.fromkeys(route["site"] for route in routes))
    if (
        _is_known(group)
        or came_elsewhere(snapshot, path, names)
        or any(_nginx_failed(snapshot, name) for name in names)
        or any(_nginx_fails(snapshot, [each for each in routes if each["site"] == name]) for name in names)
    ):
        return None
    text = "%d pages in a row with 500, none with 200 since" % pages["failed"]
    text += ", though visitors got 200" if "hidden" in pages else ""
    proof = [evidence("nginx_access", text, path, at=pages["last"])]
    words = WORDS["every_page"] % (pages["failed"], ", ".join(names[:3]))
    own = [] if group.events else _of_own_log(snapshot, routes)
    proof[:0] = map(_own, own)
    errors = [event["detail"] for event in group.events] or own
    proof += of_unit(snapshot, routes, errors)
    proof[:0] = _hiding(snapshot, names) if "hidden" in pages else []
    return _match("every_page", words, group, proof, pages["last"], _facts(errors))


def _shown_errors(path: str, pages: "Pages", group: Group) -> Optional[Match]:
    """Pages that came, by an access log, and ended with an error, by another one. group: all errors."""
    came, names = pages["came"], list(dict.fromkeys(route["site"] for route in group.routes))
    if _is_known(group) or came_elsewhere(group.snapshot, path, names):
        return None
    ill = {event["site"] for event in group.events}
    names = [name for name in names if name in ill] or names
    routes = [route for route in group.routes if route["site"] in names]
    text = "%d pages in a row with 200, each at the time of an error of PHP's" % len(came)
    proof = [evidence("nginx_access", text, path, at=came[-1])]
    events = (
        group.events[-1:] if each_has(came, [at for each in group.events for at in each["times"]]) else []
    )
    errors: Sequence[ErrorParts] = [event["detail"] for event in events]
    if not events:
        own = [(error, error.get("times", [])) for error in _of_own_log(group.snapshot, routes)]
        theirs = [error for error, at in own if each_has(came, at) and theirs_alone(came, at)]
        if not theirs:
            return None
        proof.insert(0, _own(theirs[0]))
        errors = theirs[:1]
    words = WORDS["shown_errors"] % (len(came), ", ".join(names[:3]))
    group = group._replace(events=events)
    match = _match("shown_errors", words, group, proof, came[0], _facts(errors))
    reason = match.reason._replace(losses=losses_of(events), servers=sites_of(routes))
    return match._replace(reason=reason)


def _of_pages(snapshot: "Snapshot") -> Iterator[Tuple[str, "Pages", List["Route"]]]:
    """Each access log, what its end tells of pages, and the routes of the sites that it may be of."""
    access, of_site = snapshot.get("access"), routes_by_site(snapshot)
    for file in access["files"] if access else []:
        for pages in file.get("pages", []):
            names = log_sites(snapshot, file["path"], pages)
            routes = [route for name in names for route in of_site.get(name, ())]
            if routes:
                yield file["path"], pages, routes


def questions(snapshot: "Snapshot") -> List[Question]:
    fatal = sorted(of_nginx(snapshot, FATAL), key=lambda event: event["last"])
    newest = {event["site"]: event for event in fatal if event["site"]}
    found = [
        Question(group, (_before_script,))
        for group in groups(snapshot, list(newest.values()))
        if meaning_of(group.newest) in BEFORE_SCRIPT
        # One that was removed is everyday, and else found_again.py knows more. An encoded one has begun.
        and group.newest["detail"].get("fault") != "encoded"
        and not opening(group.newest["detail"], [route["root"] or "" for route in group.routes])
    ]
    for path, pages, routes in _of_pages(snapshot):
        if pages["failed"] >= FEWEST and not pages["answered"] and pages["paths"] > 1:
            events = [newest[route["site"]] for route in routes if route["site"] in newest][:1]
            group = Group(snapshot, routes, events)
            found.append(Question(group, (partial(_every_page, path, pages),)))
    for path, pages, routes in _of_pages(snapshot):
        # Errors of pages that failed may stand beside those that came.
        if len(pages.get("came", [])) >= FEWEST and not pages["failed"]:
            names = {route["site"] for route in routes}
            events = [event for event in of_nginx(snapshot, FATAL) if event["site"] in names]
            group = Group(snapshot, routes, events)
            found.append(Question(group, (partial(_shown_errors, path, pages),)))
    return found
