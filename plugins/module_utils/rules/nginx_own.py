# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that nginx ends itself, whatever php-fpm would answer; and visitors without a PROXY header."""

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import by_meaning, meaning_of, meanings
from ..signatures.nginx import CYCLES, LOST, OWN_ERRORS
from .case import site_reconfigured
from .model import Cause, Loss, Match, Reason, evidence, losses_of, newest_of, sample, within
from .nginx_error_reasons import directory_of, proof_of
from .script_ways import barrier, is_barred, is_open, page_of, ways_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Detail, Event, ScriptWay, TempDir
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

CRASHED = meanings("nginx_crashed")
REASONS = by_meaning(
    {
        "no_location": "named_location",
        "auth_answer": "auth_request",
        "file_denied": "file_denied",
        "sent_denied": "sent_file",
        "static_denied": "written_file",
        "sent_missing": "sent_missing",
        "bad_params": "fastcgi_params",
    }
)
WORDS = {
    "named_location": "nginx answers 500 itself: %s is not among the locations of the server block that "
    "names it.",
    "auth_request": "nginx answers 500 itself: it asks whether a visitor may pass, and gets status %s, which "
    "is no answer to that.",
    "file_denied": "nginx answers 500 itself: it may not read %s, which it reads at each request.",
    "sent_file": "nginx answers 403 itself: the application has it send %s, which it may not read.",
    "written_file": "nginx answers 403 itself: PHP wrote %s, which nginx may not read, and others like it.",
    "sent_missing": "nginx answers 404 itself: the application has it send %s, whose directory is not there.",
    "fastcgi_params": "nginx answers 500 itself: the headers and parameters of a request are too large for a "
    "FastCGI record: %s.",
    "closed_root": "nginx may not search %s, so that each page of the site is missing for it.",
    "hidden_root": "nginx finds no page of the site: %s.",
    "index_missing": "nginx answers 403 to the front page of %s: no index names %s, which is there.",
    "confined_root": "nginx finds no page of the site: a policy refuses it %s.",
}
FEW = 3  # files that are refused
OPENED_WORDS = "nginx could not search %s, so that each page of the site was missing for it; it can by now."
CRASH_WORDS = "Workers of nginx itself ended by signal %s: the visitors of each got no answer."
# The page of an error that error_page names, which may be PHP's own.
_ERROR_PAGE = re.compile(r"/[^/]*(?:[45]\d\d|50x|error)[^/]*\Z")


def _named(reason_id: str, detail: "Detail") -> str:
    """What nginx's message names."""
    if reason_id == "named_location":
        return detail.get("location", "a named location")
    if reason_id == "auth_request":
        return str(detail.get("value") or "another")
    if reason_id == "fastcgi_params":
        size = detail.get("value")  # without one the parameters changed while the record was made
        return "%d bytes" % size if size else "length mismatch"
    return detail.get("path", "a file")


def _ways(snapshot: "Snapshot", site: str) -> List["ScriptWay"]:
    """Those of nginx; [] where a circle of requests is told."""
    if any(event["site"] == site and meaning_of(event) in CYCLES for event in snapshot["logs"]["events"]):
        return []
    return ways_of(snapshot, site, False)


def _explained(snapshot: "Snapshot", site: str, losses: Sequence[Loss]) -> bool:
    """auth_request asked php-fpm in vain: that line is counted, with its reason."""
    marks = sorted(
        at
        for event in snapshot["logs"]["events"]
        if event["site"] == site and event["endpoint"] and meaning_of(event) in LOST
        for at in event["times"]
    )
    return all(within(marks, loss.at, LOG_SECOND) for loss in losses)


def _root_of_site(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]
) -> Optional[Match]:
    """Over where the page that nginx did not get to is open, and its way was changed since."""
    newest = newest_of(events)
    ways, over = _ways(snapshot, newest["site"] or ""), False
    bar = barrier(ways)
    fronts = [event for event in events if event.get("front")]
    if bar:
        reason_id, word, shown = bar
    elif fronts and ways and all(map(is_open, ways)):
        at, word = ways[0]["changed_at"], ways[0].get("changed", "")
        over, newest = True, newest_of(fronts)
        if not ways[0].get("rights") or at <= newest["last"] + LOG_SECOND:
            return None
        shown = evidence("file", "owner, mode or ACL of %s were changed since" % word, word, at=at)
        reason_id, events = "closed_root", fronts
    else:
        return None
    words = OPENED_WORDS if over else WORDS[reason_id]
    reason = Reason(
        words % word,
        [shown, sample(newest)],
        losses_of(events),
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
        facts={"path": shown["path"]},
    )
    return Match(cause, reason_id, reason)


def _index(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]
) -> Optional[Match]:
    """No index names the page that is there. A directory without one is meant not to be shown."""
    fronts = [event for event in events if event.get("front")]
    ways = _ways(snapshot, fronts[0]["site"] or "") if fronts else []
    pages = [way.get("page", way["there"] and page_of(way)) for way in ways]
    if not pages or not all(pages) or any(map(is_barred, ways)):
        return None
    newest, name = newest_of(fronts), (pages[0] or "")[len(ways[0]["script"]) :]
    reason = Reason(
        WORDS["index_missing"] % (newest["site"], name),
        [evidence("file", "%s is there" % pages[0], ways[0]["script"]), sample(newest)],
        losses_of(fronts),
        confidence="likely",
        state="recovered"
        if site_reconfigured(snapshot["nginx"], [newest["site"]], newest["last"] + LOG_SECOND)
        else "active",
        servers=sites_of(routes),
    )
    return Match(cause, "index_missing", reason)


def _of_php(snapshot: "Snapshot", routes: Sequence["Route"], path: str, seen: "TempDir") -> bool:
    """Whether the account of a pool of the site owns the file that refuses nginx."""
    if not seen.get("is_file") or seen["path"] != path:
        return False  # behind a directory that refuses may be no such file
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    return any(
        pool["endpoint"] in dialled and pool["user"] == seen["owner"]
        for master in snapshot["fpm"]["masters"]
        for pool in master["pools"]
    )


def _of_site(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], event: "Event"
) -> Optional[Match]:
    reason_id, losses = REASONS[meaning_of(event)], losses_of([event])
    if _explained(snapshot, event["site"] or "", losses):
        return None
    proof: List[Evidence] = []
    over = site_reconfigured(snapshot["nginx"], [event["site"]], event["last"] + LOG_SECOND)
    if reason_id == "sent_missing":
        files, path = snapshot["logs"].get("sent_files") or [], event["detail"].get("path", "")
        lacks = next((file["lacks"] for file in files if file["path"] == path), "")
        if not lacks or _ERROR_PAGE.search(path):
            return None  # one file that was deleted is everyday
        proof.append(evidence("file", "%s: No such file or directory" % lacks, lacks))
    elif reason_id in ("file_denied", "sent_file", "written_file"):
        # nginx reads it anew each time: a reload mends nothing.
        seen = directory_of(event, snapshot["logs"].get("temp_dirs") or [])
        over = bool(seen and seen["writable"] and seen["changed_at"] + LOG_SECOND > event["last"])
        if reason_id == "written_file" and not (
            seen and _of_php(snapshot, routes, event["detail"].get("path", ""), seen) and len(losses) >= FEW
        ):
            return None  # somebody else's, who may mean it
        if seen:
            proof.append(proof_of(seen, over))
    reason = Reason(
        WORDS[reason_id] % _named(reason_id, event["detail"]),
        proof + [sample(event)],
        losses,
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
    )
    return Match(cause, reason_id, reason)


def _crashes(cause: Cause, snapshot: "Snapshot", events: Sequence["Event"]) -> List[Match]:
    """The log does not tell how many visitors a worker had."""
    nginx = snapshot["nginx"]
    if not events or not nginx["routes"]:
        return []
    newest = newest_of(events)
    master = nginx["master"]
    restarted = master is not None and master["started_at"] > newest["last"] + LOG_SECOND
    reason = Reason(
        CRASH_WORDS % newest["detail"].get("signal", "?"),
        [sample(newest)],
        confidence="likely",
        state="recovered" if restarted else "active",
        since=min(event["first"] for event in events),
        servers=sites_of(nginx["routes"]),
    )
    return [Match(cause, "worker_crashed", reason)]


OF_ROOTS = by_meaning({"root_denied": _root_of_site, "index_forbidden": _index})


def own_errors(
    cause: Cause, snapshot: "Snapshot", of_site: Dict[str, List["Route"]]
) -> List[Optional[Match]]:
    matches: List[Optional[Match]] = []
    crashes: List[Event] = []
    caught: Dict[str, List[Event]] = {}
    roots: Dict[Tuple[str, str], List[Event]] = {}
    for event in snapshot["logs"]["events"]:
        meaning, site = meaning_of(event), event["site"] or ""
        if meaning in CRASHED:
            crashes.append(event)
        elif meaning in OF_ROOTS and site in of_site:
            roots.setdefault((meaning, site), []).append(event)
        elif meaning in OWN_ERRORS and site in of_site:
            matches.append(_of_site(cause, snapshot, of_site[site], event))
        elif event.get("caught") and site in of_site:
            caught.setdefault(site, []).append(event)
    for (meaning, site), events in roots.items():
        matches.append(OF_ROOTS[meaning](cause, snapshot, of_site[site], events))
    if caught:
        from .caught_stderr import caught_match

        matches += [caught_match(cause, snapshot, of_site[site], events) for site, events in caught.items()]
    return matches + list(_crashes(cause, snapshot, crashes))
