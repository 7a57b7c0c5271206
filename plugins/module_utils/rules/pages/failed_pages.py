# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests that failed by an access log, where no finding and no error log tells why."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import LIMITED
from ..case import site_reconfigured
from ..losses.silence import mute_sites
from ..missing import unseen
from ..nginx.rate_limited import is_hit, is_one_stranger
from .php_error_reasons import came_elsewhere
from .script_ways import is_open

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.logs import AccessLogs, MissedPage, OwnAnswer, Pages, Refused
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.snapshot import Snapshot

WHAT: "What" = "visitors"
ON_PURPOSE: "What" = "answered_on_purpose"
ELSEWHERE: "What" = "losses_elsewhere"
SHORT: "What" = "short_page"
REFUSED: "What" = "refused_pages"
LOST: "What" = "cause_of_losses"
PASSWORDS, CERTIFICATE = "auth_basic_user_file", "ssl_verify_client"
NOT_LOST = meanings("meant")  # the application answered so
MANY = 10  # requests in the window
WHOLE = 50  # pages: the whole end of a log
PROXY_ERRORS = (502, 504)
REFUSALS, FORBIDDEN, BLANK, BAD = (503, 429, 444), (403,), (200,), (400,)
FEWEST = 3  # pages since
MOST_NOTES = 3
CACHED = (
    "%s: nginx answered 404 itself for the front page, which is there and was before: its cache of files has "
    "that it is not, by open_file_cache_errors (%s)"
)
Names = Tuple[str, ...]  # of sites


class _Failure(NamedTuple):
    names: Names
    statuses: Tuple[int, ...]
    words: str  # what was counted
    path: str  # of the access log
    by_proxy: bool = False  # all come by one address that may be a proxy's
    what: "What" = WHAT


def _names(snapshot: "Snapshot", site: Optional[str], path: str) -> Names:
    """The sites that a line of an access log may be of."""
    logs = snapshot["nginx"].get("site_logs") or []
    sites = [each["site"] for each in logs if any(path in log["paths"] for log in each["access"])]
    return tuple(dict.fromkeys(name for name in sites if site in (None, name)))


def _counts(snapshot: "Snapshot", access: "AccessLogs") -> Dict[Tuple[Names, int, str], int]:
    """By sites, status and path, of the access logs; without those that the application answered so."""
    counts: Dict[Tuple[Names, int, str], int] = {}
    for event in access["events"]:
        path, status = event["sample"]["path"], event["detail"].get("status", 0)
        key = (_names(snapshot, event["site"], path), status, path)
        if status in PROXY_ERRORS and meaning_of(event) not in NOT_LOST:
            counts[key] = counts.get(key, 0) + event["count"]
    return counts


def _logged(snapshot: "Snapshot", names: Optional[Names], status: int) -> int:
    """How many such answers the error log has. names: None: of whatever site."""
    by_limits = status in (snapshot["logs"].get("limit_statuses") or [])
    return sum(
        event["count"]
        for event in snapshot["logs"]["events"]
        if event["source"] == "nginx" and (names is None or event["site"] in names)
        if event["detail"].get("status") == status or (by_limits and meaning_of(event) in LIMITED)
    )


def _is_told(access: "AccessLogs", path: str, pages: int) -> bool:
    """Whether the bytes of nginx's own page tell why it answered most of these with 400."""
    visits = access.get("odd_visits") or []
    known = [
        each["requests"] for each in visits if each["log"] == path and each["kind"] in ("header", "plain")
    ]
    return 2 * sum(known) > pages


def _is_refused(refused: "Refused") -> bool:
    """Still, and not one visitor alone."""
    return refused["since"] < FEWEST and is_hit(refused) and not is_one_stranger(refused, None)


def _blank(pages: "Pages", gzip: bool, names: Names, path: str) -> List[_Failure]:
    """Where nginx compresses, a page of some bytes looks as one of none does."""
    kinds = [(pages.get("blank"), "without a byte", WHAT)]
    if gzip:
        what = WHAT if pages.get("was_larger") else SHORT
        kinds.append((pages.get("zipped"), "as short as gzip makes a blank one", what))
    for blank, size, what in kinds:
        if blank and blank["visitors"] >= FEWEST and not blank["since"]:
            words = "%d front pages with 200, %s, to %d visitors" % (blank["pages"], size, blank["visitors"])
            return [_Failure(names, BLANK, words, path, what=what)]
    return []


def _untold(snapshot: "Snapshot", access: "AccessLogs") -> List[_Failure]:
    own = [event for event in access["events"] if event.get("own_page")]
    if not own:
        return []
    from ..losses.access_losses import untold

    counts: Dict[Tuple[Names, str], int] = {}
    for event in untold(snapshot, own):
        path = event["sample"]["path"]
        key = (_names(snapshot, event["site"], path), path)
        counts[key] = counts.get(key, 0) + event["count"]
    words = "%d requests with 502 and nginx's own page, from before the first entry of the error log"
    return [
        _Failure(names, (502,), words % count, path, what=LOST) for (names, path), count in counts.items()
    ]


def _failures(snapshot: "Snapshot", access: "AccessLogs") -> List[_Failure]:
    found = _untold(snapshot, access)
    for (names, status, path), count in _counts(snapshot, access).items():
        shared = len(names) > 1 or path in access.get("other_logs", [])
        left = count - _logged(snapshot, None if shared else names, status)
        if left >= MANY and not any(status in each.statuses and names == each.names for each in found):
            words = "%d requests with %d, of which the error log does not tell" % (left, status)
            found.append(_Failure(names, (status,), words, path))
    limited = {event["site"] for event in snapshot["logs"]["events"] if meaning_of(event) in LIMITED}
    for file in access["files"]:
        for pages in file.get("pages") or []:
            names = _names(snapshot, pages["site"], file["path"])
            other = came_elsewhere(snapshot, file["path"], names)
            came, refused = pages["answered"] + other, pages.get("refused")
            every = pages["failed"] + came
            for uri, front in pages.get("fronts", {}).items():
                if (
                    len(names) == 1
                    and front["lost"] >= FEWEST
                    and not site_reconfigured(snapshot["nginx"], names, front["last"] + LOG_SECOND)
                ):
                    words = "%d requests for %s with 403 or 404 since it came" % (front["lost"], uri)
                    found.append(_Failure(names, (403, 404), words, file["path"]))
            if pages["failed"] >= MANY and pages["paths"] > 1 and pages["failed"] > came:
                words = "%d of its last %d pages with 500" % (pages["failed"], every)
                found.append(_Failure(names, (500,), words, file["path"]))
            if refused and other < FEWEST and _is_refused(refused) and not limited.intersection(names):
                words = "%(pages)d of the last pages with 503, 429 or 444, to %(visitors)d visitors" % refused
                found.append(_Failure(names, REFUSALS, words, file["path"]))
            forbidden = pages.get("forbidden")
            if forbidden and other < FEWEST and _is_refused(forbidden):
                words = "%(pages)d of the last pages with 403, to %(visitors)d visitors" % forbidden
                by_proxy = forbidden["addresses"] == 1 and forbidden["internal"]
                found.append(_Failure(names, FORBIDDEN, words, file["path"], by_proxy))
            bad = pages.get("bad")
            if (
                bad
                and other < FEWEST
                and _is_refused(bad)
                and not _is_told(access, file["path"], bad["pages"])
            ):
                words = "%(pages)d of the last pages with 400, to %(visitors)d visitors" % bad
                # A few strangers by the host's address may be all who ask a site that nobody knows yet.
                lost = not bad["others"] if bad["answered"] else bad["pages"] >= WHOLE
                what = WHAT if lost else REFUSED
                found.append(_Failure(names, BAD, words, file["path"], what=what))
            found += _blank(pages, bool(snapshot["nginx"].get("gzip")), names, file["path"])
    return found


def _by(access: "AccessLogs", failure: _Failure) -> Optional["OwnAnswer"]:
    """The directive that answers so: a limit that hides it, a return, another limit."""
    answers = [
        answer
        for answer in access.get("own_answers") or []
        if (answer["site"] in failure.names or failure.path in answer["logs"])
        if answer["status"] in failure.statuses and not answer["off"]
    ]
    return min(
        answers,
        key=lambda answer: (answer["level"] in (None, "error"), answer["kind"] != "return"),
        default=None,
    )


def _may_be_others(snapshot: "Snapshot", access: "AccessLogs", failure: _Failure) -> bool:
    sites = snapshot["nginx"].get("site_logs") or []
    return failure.path in access.get("other_logs", []) or any(
        site["others"] for site in sites if site["site"] in failure.names
    )


def _cached(snapshot: "Snapshot", page: "MissedPage") -> bool:
    """Whether it came and was missed by the same workers, and its way was open and left alone before that."""
    at, loaded = page["missed"], snapshot["nginx"]["loaded"]["at"]
    if (
        loaded is None
        or page["came"] <= loaded + LOG_SECOND
        or at < snapshot["taken_at"] - snapshot["window"]
    ):
        return False
    ways = [is_open(way) and way["changed_at"] + LOG_SECOND < at for way in page["ways"]]
    return bool(ways) and all(ways)


def failed_pages(
    snapshot: "Snapshot", access: "AccessLogs", findings: Sequence["Finding"]
) -> List["Missing"]:
    explained = {site for item in findings if item["state"] != "latent" for site in item["sites"]}
    explained.update(site["site"] or "default" for site in mute_sites(snapshot))
    cached: List[Missing] = []
    for page in access.get("missed_pages") or []:
        if _cached(snapshot, page):
            why = CACHED % (page["site"] or "default", snapshot["nginx"].get("file_cache"))
            cached.append({**unseen(WHAT, page["path"], why), "needs": "nginx -s reload"})
    notes: List[Missing] = []
    for failure in _failures(snapshot, access):
        names = [name or "default" for name in failure.names]
        by = _by(access, failure)
        # An application may well answer 403 to strangers.
        if not names or explained.intersection(names) or failure.statuses == FORBIDDEN and not by:
            continue
        words = "%s: the access log has %s; " % (", ".join(names[:3]), failure.words)
        place = "%s:%s: %s" % (by["file"], by["line"], by["written"]) if by else ""
        if by and failure.by_proxy and by["kind"] == "deny":
            why = "all come by one address, as through a proxy (set_real_ip_from), and that meets "
            notes.append(unseen(WHAT, by["file"], words + why + place))
        elif by and by["kind"] == PASSWORDS:
            why = "the file that it names is not there, so that whoever gives a password is refused: "
            notes.append(unseen(WHAT, by["file"], words + why + place))
        elif by and by["kind"] == CERTIFICATE:
            why = "nginx asks each client for a certificate, and a network in front may send none: "
            notes.append(unseen(failure.what, by["file"], words + why + place))
        elif by and by["kind"] in ("return", "deny"):
            notes.append(unseen(ON_PURPOSE, by["file"], words + "nginx is told to answer so: " + place))
        elif by:
            notes.append(
                unseen(
                    WHAT, by["file"], "%sa limit may be it (log level %s): %s" % (words, by["level"], place)
                )
            )
        elif failure.statuses == BAD and not _may_be_others(snapshot, access, failure):
            why = (
                "the application refuses the Host, as by a list of its own names, or nginx what comes with it"
            )
            notes.append(unseen(failure.what, None, words + why))
        elif failure.statuses == BLANK:
            if not _may_be_others(snapshot, access, failure):
                why = "the application, or a page that nginx or it keeps in a cache, has nothing in it"
                if failure.what == SHORT:
                    why = "the page may be so short"
                notes.append(unseen(failure.what, None, words + why))
        elif _may_be_others(snapshot, access, failure):
            notes.append(unseen(ELSEWHERE, None, words + "of php-fpm or another program that nginx asks"))
        else:
            notes.append(
                unseen(failure.what, None, words + "neither a finding nor a return of nginx's tells why")
            )
    notes.sort(key=lambda note: note["what"] not in (LOST, WHAT))
    return cached + notes[:MOST_NOTES]
