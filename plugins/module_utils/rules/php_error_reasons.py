# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites of which no page comes, since PHP ends each with an error."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set

from ..parse.nginx.script_refusals import opening
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of
from ..signatures.nginx import BEFORE_SCRIPT, FATAL
from .model import Cause, Confidence, Match, Reason, evidence, losses_of, sample
from .php_refuses import reloaded
from .unit_of_pages import of_unit

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event, Pages
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.php_error import PhpError
    from ...plugin_utils.shapes.snapshot import Snapshot

FEWEST = 3  # pages
BURST = 10.0  # seconds: no job of cron begins again so soon
UNKNOWN = "php.ini, the pool or .user.ini asks for what cannot be had"
WORDS = {
    "before_script": "PHP ends each request to %s before its script begins: %s.",
    "every_page": "PHP answers, and with an error: each of the last %d pages of %s was a 500.",
    "shown_errors": "PHP ended each of the last %d pages of %s with an error, and visitors got status 200: "
    "display_errors is on, or the page had begun.",
}


def log_sites(snapshot: "Snapshot", path: str, pages: "Pages") -> List[str]:
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


def _match(
    cause: Cause,
    reason_id: str,
    words: str,
    routes: Sequence["Route"],
    fatal: Optional["Event"],
    proof: Sequence["Evidence"],
    since: float,
    confidence: Confidence = "likely",
    over: bool = False,
) -> Match:
    first = [each for each in proof if each["source"] == "unit"] + ([sample(fatal)] if fatal else [])
    reason = Reason(
        words,
        first + [each for each in proof if each["source"] != "unit"],
        losses_of([fatal]) if fatal else (),
        confidence=confidence,
        state="recovered" if over else "active",
        since=fatal["first"] if fatal else since,
        servers=sites_of(routes),
    )
    return Match(cause, reason_id, reason)


def _answered(snapshot: "Snapshot", site: str, at: float) -> bool:
    """Whether the site's last pages all came, and later. A log that sites share does not tell whose came."""
    access = snapshot.get("access")
    return any(
        pages["answered"] and not pages["failed"] and pages["last"] > at
        for file in (access["files"] if access else [])
        for pages in file.get("pages", [])
        if log_sites(snapshot, file["path"], pages) == [site]
    )


def _of_own_log(snapshot: "Snapshot", routes: Sequence["Route"]) -> List["PhpError"]:
    """What PHP's own log has of the pools behind the routes."""
    access = snapshot.get("access")
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    pools = {
        (master["config"], pool["name"])
        for master in snapshot["fpm"]["masters"]
        for pool in master["pools"]
        if pool["endpoint"] in dialled
    }
    errors = access.get("php_errors", []) if access else []
    return [error for error in errors if (error["config"], error["pool"]) in pools]


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


def _shown(
    cause: Cause, snapshot: "Snapshot", routes: Dict[str, List["Route"]], found: Set[str]
) -> List[Match]:
    """Pages that came, by an access log, and ended with an error, by another one. found: sites."""
    access, matches = snapshot.get("access"), []
    for file in access["files"] if access else []:
        for pages in file.get("pages", []):
            came = pages.get("came", [])
            names = [name for name in log_sites(snapshot, file["path"], pages) if name in routes]
            if (
                len(came) < FEWEST
                or pages["failed"]  # whose errors may stand beside those that came
                or found.intersection(names)
                or came_elsewhere(snapshot, file["path"], names)
            ):
                continue
            events = [
                event
                for event in snapshot["logs"]["events"]
                if event["source"] == "nginx" and meaning_of(event) in FATAL and event["site"] in names
            ]
            names = [name for name in names if name in {event["site"] for event in events}] or names
            hit = [route for name in names for route in routes[name]]
            text = "%d pages in a row with 200, each at the time of an error of PHP's" % len(came)
            proof = [evidence("nginx_access", text, file["path"], at=came[-1])]
            event = events[-1] if each_has(came, [at for each in events for at in each["times"]]) else None
            if event is None:
                own = [(error, error.get("times", [])) for error in _of_own_log(snapshot, hit)]
                theirs = [error for error, at in own if each_has(came, at) and theirs_alone(came, at)]
                if not theirs:
                    continue
                proof.insert(0, _own(theirs[0]))
            found.update(names)
            words = WORDS["shown_errors"] % (len(came), ", ".join(names[:3]))
            matches.append(_match(cause, "shown_errors", words, hit, event, proof, came[0]))
    return matches


def reasons(cause: Cause, snapshot: "Snapshot") -> List[Match]:
    routes: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        routes.setdefault(route["site"], []).append(route)
    fatal = {
        event["site"]: event
        for event in sorted(snapshot["logs"]["events"], key=lambda each: each["last"])
        if event["source"] == "nginx" and meaning_of(event) in FATAL and event["site"]
    }
    matches = [
        _match(
            cause,
            "before_script",
            WORDS["before_script"] % (site, event["detail"].get("error", UNKNOWN)),
            routes[site],
            event,
            [],
            event["first"],
            # A start mends no setting of a file, but the file may have been mended before.
            "possible" if reloaded(snapshot, routes[site], event["last"], started=True) else "likely",
            _answered(snapshot, site, event["last"]),
        )
        for site, event in fatal.items()
        if site in routes and meaning_of(event) in BEFORE_SCRIPT
        # One that was removed is everyday, and else found_again.py knows more.
        if not opening(event["detail"], [route["root"] or "" for route in routes[site]])
    ]
    found = {site["name"] for match in matches for site in match.reason.servers or ()}
    access = snapshot.get("access")
    for file in access["files"] if access else []:
        for pages in file.get("pages", []):
            few = pages["failed"] < FEWEST or pages["answered"] or pages["paths"] < 2
            names = (
                [] if few else [site for site in log_sites(snapshot, file["path"], pages) if site in routes]
            )
            if (
                not names
                or found.intersection(names)
                or came_elsewhere(snapshot, file["path"], names)
                or any(_nginx_failed(snapshot, name) for name in names)
            ):
                continue
            found.update(names)
            hit = [route for name in names for route in routes[name]]
            event = next((fatal[name] for name in names if name in fatal), None)
            text = "%d pages in a row with 500, none with 200 since" % pages["failed"]
            text += ", though visitors got 200" if "hidden" in pages else ""
            proof = [evidence("nginx_access", text, file["path"], at=pages["last"])]
            words = WORDS["every_page"] % (pages["failed"], ", ".join(names[:3]))
            own = _of_own_log(snapshot, hit) if event is None else []
            proof[:0] = map(_own, own)
            proof += of_unit(snapshot, hit, [event["detail"]] if event else own)
            proof[:0] = _hiding(snapshot, names) if "hidden" in pages else []
            matches.append(_match(cause, "every_page", words, hit, event, proof, pages["last"]))
    return matches + _shown(cause, snapshot, routes, found)
