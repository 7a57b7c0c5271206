# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests that failed by an access log, where no finding and no error log tells why."""

from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

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
ON_PURPOSE_WORDS = "nginx is told to answer so: "
# By the kind of nginx's own answer. None: what the failure is of.
DIRECTIVES: Dict[str, Tuple[Optional["What"], str]] = {
    "auth_basic_user_file": (
        WHAT,
        "the file that it names is not there, so that whoever gives a password is refused: ",
    ),
    "ssl_verify_client": (
        None,
        "nginx asks each client for a certificate, and a network in front may send none: ",
    ),
    "return": (ON_PURPOSE, ON_PURPOSE_WORDS),
    "deny": (ON_PURPOSE, ON_PURPOSE_WORDS),
}
BY_PROXY = "all come by one address, as through a proxy (set_real_ip_from), and that meets "
NOTHING_IN_IT = "the application, or a page that nginx or it keeps in a cache, has nothing in it"
HOST_REFUSED = "the application refuses the Host, as by a list of its own names, or nginx what comes with it"
OTHER_PROGRAM = "of php-fpm or another program that nginx asks"
NO_REASON = "neither a finding nor a return of nginx's tells why"
Names = Tuple[str, ...]  # of sites


class _Failure(NamedTuple):
    names: Names
    statuses: Tuple[int, ...]
    words: str  # what was counted
    path: str  # of the access log
    by_proxy: bool = False  # all come by one address that may be a proxy's
    what: "What" = WHAT


class _Log(NamedTuple):
    """The last pages of an access log."""

    snapshot: "Snapshot"
    access: "AccessLogs"
    path: str
    names: Names
    pages: "Pages"
    other: int  # pages that came by other logs


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


def _fronts(log: _Log) -> Iterator[_Failure]:
    nginx = log.snapshot["nginx"]
    for uri, front in log.pages.get("fronts", {}).items() if len(log.names) == 1 else ():
        lost, last = front["lost"], front["last"] + LOG_SECOND
        if lost >= FEWEST and not site_reconfigured(nginx, log.names, last):
            words = "%d requests for %s with 403 or 404 since it came" % (lost, uri)
            yield _Failure(log.names, (403, 404), words, log.path)


def _errors(log: _Log) -> Iterator[_Failure]:
    failed, came = log.pages["failed"], log.pages["answered"] + log.other
    if failed >= MANY and log.pages["paths"] > 1 and failed > came:
        words = "%d of its last %d pages with 500" % (failed, failed + came)
        yield _Failure(log.names, (500,), words, log.path)


def _refused(log: _Log, refused: "Optional[Refused]") -> "List[Refused]":
    """What is refused still, and not to one visitor alone."""
    if not refused or log.other >= FEWEST or refused["since"] >= FEWEST:
        return []
    return [refused] if is_hit(refused) and not is_one_stranger(refused, None) else []


def _by_limits(log: _Log) -> Iterator[_Failure]:
    events = log.snapshot["logs"]["events"]
    limited = any(meaning_of(event) in LIMITED and event["site"] in log.names for event in events)
    for refused in _refused(log, log.pages.get("refused")) if not limited else ():
        words = "%(pages)d of the last pages with 503, 429 or 444, to %(visitors)d visitors" % refused
        yield _Failure(log.names, REFUSALS, words, log.path)


def _forbidden(log: _Log) -> Iterator[_Failure]:
    for forbidden in _refused(log, log.pages.get("forbidden")):
        words = "%(pages)d of the last pages with 403, to %(visitors)d visitors" % forbidden
        by_proxy = forbidden["addresses"] == 1 and forbidden["internal"]
        yield _Failure(log.names, FORBIDDEN, words, log.path, by_proxy)


def _bad(log: _Log) -> Iterator[_Failure]:
    for bad in _refused(log, log.pages.get("bad")):
        if not _is_told(log.access, log.path, bad["pages"]):
            words = "%(pages)d of the last pages with 400, to %(visitors)d visitors" % bad
            # A few strangers by the host's address may be all who ask a site that nobody knows yet.
            lost = not bad["others"] if bad["answered"] else bad["pages"] >= WHOLE
            yield _Failure(log.names, BAD, words, log.path, what=WHAT if lost else REFUSED)


def _blank(log: _Log) -> Iterator[_Failure]:
    """Where nginx compresses, a page of some bytes looks as one of none does."""
    kinds = [(log.pages.get("blank"), "without a byte", WHAT)]
    if log.snapshot["nginx"].get("gzip"):
        what = WHAT if log.pages.get("was_larger") else SHORT
        kinds.append((log.pages.get("zipped"), "as short as gzip makes a blank one", what))
    for blank, size, what in kinds:
        if blank and blank["visitors"] >= FEWEST and not blank["since"]:
            words = "%d front pages with 200, %s, to %d visitors" % (blank["pages"], size, blank["visitors"])
            yield _Failure(log.names, BLANK, words, log.path, what=what)
            return


OF_PAGES = (_fronts, _errors, _by_limits, _forbidden, _bad, _blank)


def _failures(snapshot: "Snapshot", access: "AccessLogs") -> List[_Failure]:
    found = _untold(snapshot, access)
    for (names, status, path), count in _counts(snapshot, access).items():
        shared = len(names) > 1 or path in access.get("other_logs", [])
        left = count - _logged(snapshot, None if shared else names, status)
        if left >= MANY and not any(status in each.statuses and names == each.names for each in found):
            words = "%d requests with %d, of which the error log does not tell" % (left, status)
            found.append(_Failure(names, (status,), words, path))
    for file in access["files"]:
        for pages in file.get("pages") or []:
            names = _names(snapshot, pages["site"], file["path"])
            other = came_elsewhere(snapshot, file["path"], names)
            log = _Log(snapshot, access, file["path"], names, pages, other)
            found += [failure for ask in OF_PAGES for failure in ask(log)]
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


def _answered(by: "OwnAnswer", failure: _Failure) -> Tuple["What", str]:
    """(what the note is, why nginx answers so)."""
    if failure.by_proxy and by["kind"] == "deny":
        return WHAT, BY_PROXY
    what, why = DIRECTIVES.get(by["kind"], (WHAT, "a limit may be it (log level %s): " % by["level"]))
    return what or failure.what, why


def _behind(failure: _Failure, others: bool) -> Optional[Tuple["What", str]]:
    """The same, where no directive does. others: nginx asks other programs, too."""
    if failure.statuses == BLANK and not others:
        return failure.what, "the page may be so short" if failure.what == SHORT else NOTHING_IN_IT
    if others:
        return None if failure.statuses == BLANK else (ELSEWHERE, OTHER_PROGRAM)
    return failure.what, HOST_REFUSED if failure.statuses == BAD else NO_REASON


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
        if by:
            what, why = _answered(by, failure)
            place = "%s:%s: %s" % (by["file"], by["line"], by["written"])
            notes.append(unseen(what, by["file"], words + why + place))
            continue
        judged = _behind(failure, _may_be_others(snapshot, access, failure))
        if judged:
            notes.append(unseen(judged[0], None, words + judged[1]))
    notes.sort(key=lambda note: note["what"] not in (LOST, WHAT))
    return cached + notes[:MOST_NOTES]
