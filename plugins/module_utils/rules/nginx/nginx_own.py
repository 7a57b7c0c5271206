# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that nginx ends itself, whatever php-fpm would answer; and visitors without a PROXY header."""

import re
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.nginx.sites import place, sites_of
from ...parse.timestamps import LOG_SECOND, SAME_MOMENT
from ...signatures.lookup import by_meaning, meaning_of, meanings
from ...signatures.nginx import BEFORE_SCRIPT, CYCLES, LOST, OWN_ERRORS
from ..group import Group, Question, groups, of_nginx
from ..model import Loss, Match, Reason, evidence, likely, losses_of, near, sample, state_of, within
from ..pages.script_ways import barrier, is_barred, is_open, page_of, ways_of
from .nginx_error_reasons import directory_of, proof_of
from .nginx_errors import OWN

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import ScriptWay, TempDir
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

NGINX_CRASHED = meanings("nginx_crashed")
BAD_GATEWAY = meanings("bad_gateway", "meant")
WORDS = {
    "closed_root": "nginx may not search %s, so that each page of the site is missing for it.",
    "hidden_root": "nginx finds no page of the site: %s.",
    "confined_root": "nginx finds no page of the site: a policy refuses it %s.",
}
SIGKILL = 9
FEW = 3  # files that are refused
OPENED_WORDS = "nginx could not search %s, so that each page of the site was missing for it; it can by now."
INDEX_WORDS = "nginx answers 403 to the front page of %s: no index names %s, which is there."
# A configuration is loaded since, in which one may.
INDEXED_WORDS = "nginx answered 403 to the front page of %s: no index named %s, which is there."
CAUGHT_WORDS = (
    "PHP-FPM answers, and nginx makes a 502 of it: fastcgi_catch_stderr names a text that PHP logs."
)
CRASH_WORDS = "Workers of nginx itself ended by signal %s: the visitors of each got no answer."
# The page of an error that error_page names, which may be PHP's own.
_ERROR_PAGE = re.compile(r"/[^/]*(?:[45]\d\d|50x|error)[^/]*\Z")


def _ways(group: Group) -> List["ScriptWay"]:
    """Those of nginx; [] where a circle of requests is told."""
    snapshot, site = group.snapshot, group.newest["site"] or ""
    if any(event["site"] == site and meaning_of(event) in CYCLES for event in snapshot["logs"]["events"]):
        return []
    return ways_of(snapshot, site, False)


def _explained(group: Group) -> bool:
    """auth_request asked php-fpm in vain: that line is counted, with its reason."""
    marks = sorted(
        at
        for event in of_nginx(group.snapshot, LOST)
        if event["site"] == (group.newest["site"] or "") and event["endpoint"]
        for at in event["times"]
    )
    return all(within(marks, loss.at, LOG_SECOND) for loss in losses_of(group.events))


def _barred(group: Group) -> Optional[Match]:
    bar = barrier(_ways(group))
    if not bar:
        return None
    reason = likely(WORDS[bar.reason_id] % bar.words, [bar.proof], facts={"path": bar.proof["path"]})
    return Match(OWN, bar.reason_id, reason)


def _fronts(group: Group) -> Group:
    return group._replace(events=[event for event in group.events if event.get("front")])


def _opened(group: Group) -> Optional[Match]:
    """The page that nginx did not get to is open, and its way was changed since."""
    group, ways = _fronts(group), _ways(group)
    if not group.events or not ways or not all(map(is_open, ways)):
        return None
    newest, at, word = group.newest, ways[0]["changed_at"], ways[0].get("changed", "")
    if not ways[0].get("rights") or at <= newest["last"] + LOG_SECOND:
        return None
    shown = evidence("file", "owner, mode or ACL of %s were changed since" % word, word, at=at)
    proof, lost = [shown, sample(newest)], losses_of(group.events)
    reason = likely(OPENED_WORDS % word, proof, lost, state="recovered", facts={"path": word})
    return Match(OWN, "closed_root", reason)


def _index(group: Group) -> Optional[Match]:
    """No index names the page that is there. A directory without one is meant not to be shown."""
    group = _fronts(group)
    ways = _ways(group) if group.events else []
    pages = [way.get("page", way["there"] and page_of(way)) for way in ways]
    if not pages or not all(pages) or any(map(is_barred, ways)):
        return None
    newest, name = group.newest, (pages[0] or "")[len(ways[0]["script"]) :]
    over, seen = group.mended
    words = INDEXED_WORDS if group.reconfigured else INDEX_WORDS
    reason = likely(
        words % (newest["site"], name),
        [evidence("file", "%s is there" % pages[0], ways[0]["script"]), sample(newest), *seen],
        losses_of(group.events),
        state=state_of(over),
    )
    return Match(OWN, "index_missing", reason)


class Fault(NamedTuple):
    """What nginx's message names, in words, and whether that is mended by now."""

    name: str
    over: bool
    proof: Sequence["Evidence"] = ()


def _path(group: Group) -> str:
    return group.newest["detail"].get("path", "a file")


def _status(group: Group) -> Fault:
    return Fault(str(group.newest["detail"].get("value") or "another"), *group.mended)


def _size(group: Group) -> Fault:
    size = group.newest["detail"].get("value")  # without one the parameters changed while the record was made
    return Fault("%d bytes" % size if size else "length mismatch", *group.mended)


def _named_location(group: Group) -> Fault:
    name = group.newest["detail"].get("location", "")
    lacking = {"site": group.newest["site"] or "", "location": name}
    over = group.reconfigured and lacking not in (group.snapshot["logs"].get("lacking_locations") or [])
    return Fault(name or "a named location", over)


def _sent_missing(group: Group) -> Optional[Fault]:
    path, files = _path(group), group.snapshot["logs"].get("sent_files") or []
    lacks = next((file["lacks"] for file in files if file["path"] == path), "")
    if not lacks or _ERROR_PAGE.search(path):
        return None  # one file that was deleted is everyday
    # Whatever was loaded since.
    return Fault(path, False, [evidence("file", "%s: No such file or directory" % lacks, lacks)])


def _refuses(group: Group) -> Tuple[Optional["TempDir"], bool]:
    """What refuses nginx, and whether it lets nginx in since. Each request reads it, so no reload helps."""
    event = group.newest
    seen = directory_of(event, group.snapshot["logs"].get("temp_dirs") or [])
    return seen, bool(seen and seen["writable"] and seen["changed_at"] + LOG_SECOND > event["last"])


def _denied(group: Group) -> Fault:
    seen, over = _refuses(group)
    return Fault(_path(group), over, [proof_of(seen, over)] if seen else [])


def _written(group: Group) -> Optional[Fault]:
    """A file that the account of a pool of the site owns. Another's may be meant so."""
    seen, _over = _refuses(group)
    if not seen or not seen.get("is_file") or seen["path"] != _path(group) or _are_few(group):
        return None  # behind a directory that refuses may be no such file
    owns = any(pool["user"] == seen["owner"] for _master, pool in group.pools)
    return _denied(group) if owns else None


def _are_few(group: Group) -> bool:
    return len(losses_of(group.events)) < FEW


def _passwords(group: Group) -> Optional[Fault]:
    if "path" in group.newest["detail"]:
        seen, over = _refuses(group)
        return Fault("%s is a directory" % _path(group), bool(over and seen and seen.get("is_file")))
    # A visitor chooses by which name it is read.
    return None if _are_few(group) else Fault("the hash of one is of no known kind", *group.mended)


class End(NamedTuple):
    """How nginx ends a request itself. judge: None where that is no fault."""

    reason_id: str
    status: int
    judge: Callable[[Group], Optional[Fault]]
    words: str


ENDS = by_meaning(
    {
        "no_location": End(
            "named_location",
            500,
            _named_location,
            "%s is not among the locations of the server block that names it",
        ),
        "auth_answer": End(
            "auth_request",
            500,
            _status,
            "it asks whether a visitor may pass, and gets status %s, which is no answer to that",
        ),
        "bad_params": End(
            "fastcgi_params",
            500,
            _size,
            "the headers and parameters of a request are too large for a FastCGI record: %s",
        ),
        "file_denied": End("file_denied", 500, _denied, "it may not read %s, which it reads at each request"),
        "password_unusable": End(
            "password_file", 500, _passwords, "it cannot use the passwords of the site: %s"
        ),
        "sent_denied": End(
            "sent_file", 403, _denied, "the application has it send %s, which it may not read"
        ),
        "static_denied": End(
            "written_file", 403, _written, "PHP wrote %s, which nginx may not read, and others like it"
        ),
        "sent_missing": End(
            "sent_missing", 404, _sent_missing, "the application has it send %s, whose directory is not there"
        ),
    }
)


def _ended(group: Group) -> Optional[Match]:
    end = ENDS[meaning_of(group.newest)]
    fault = None if _explained(group) else end.judge(group)
    if fault is None:
        return None
    summary = "nginx answers %d itself: %s." % (end.status, end.words % fault.name)
    return Match(OWN, end.reason_id, likely(summary, fault.proof, state=state_of(fault.over)))


def _crashed(group: Group) -> Match:
    """The log does not tell how many visitors a worker had."""
    newest, master = group.newest, group.snapshot["nginx"]["master"]
    restarted = master is not None and master["started_at"] > newest["last"] + LOG_SECOND
    reason = likely(
        CRASH_WORDS % newest["detail"].get("signal", "?"),
        [sample(newest)],
        [],
        state=state_of(restarted),
        facts={"fault": "killed"} if newest["detail"].get("signal") == SIGKILL else {},
        since=min(event["first"] for event in group.events),
    )
    return Match(OWN, "worker_crashed", reason)


OF_ROOTS = by_meaning({"root_denied": (_barred, _opened), "index_forbidden": (_index,)})


def _proven(snapshot: "Snapshot", routes: Sequence["Route"], lost: List[Loss]) -> Optional[List[Loss]]:
    """Those of which the access log has the 502 as well; None: it does not tell of all. Another location of
    the site may have no such directive, and nginx may go on to another server (fastcgi_next_upstream).
    """
    from ..losses.silence import read_of, uncovered

    read, access = read_of(snapshot), snapshot.get("access")
    blocks = {place(site) for site in sites_of(routes)}
    known = [
        site
        for site in snapshot["nginx"].get("site_logs") or []
        if (site["server"]["file"], site["server"]["line"]) in blocks
    ]
    if access is None or not known or any(uncovered(read, site) for site in known):
        return None
    failed = [event for event in access["events"] if meaning_of(event) in BAD_GATEWAY]
    return near(lost, [at for event in failed for at in event["times"]], SAME_MOMENT)


def _catch_stderr(group: Group) -> Optional[Match]:
    """nginx throws php-fpm's answer away, because PHP logged a text beside it. group: of scripts' errors.
    What fails before the script begins has no page to throw away.
    """
    hit = [route for route in group.routes if "catch_stderr" in route]
    lost = losses_of(group.events)
    proven = _proven(group.snapshot, group.routes, lost) if hit else []
    if not lost or proven == []:
        return None
    directive = hit[0]["catch_stderr"]
    text = "fastcgi_catch_stderr %s" % ", ".join(directive["texts"])
    reason = Reason(
        CAUGHT_WORDS,
        [evidence("nginx", text, directive["file"], directive["line"]), sample(group.newest)],
        lost if proven is None else proven,
        confidence="possible" if proven is None else "likely",
        servers=sites_of(hit),
    )
    return Match(OWN, "catch_stderr", reason)


def questions(snapshot: "Snapshot") -> List[Question]:
    events, routes = snapshot["logs"]["events"], snapshot["nginx"]["routes"]
    own = of_nginx(snapshot, OWN_ERRORS)
    ended = [event for event in own if meaning_of(event) in ENDS]
    of_roots = [event for event in own if meaning_of(event) in OF_ROOTS]
    found = [Question(group, (_ended,)) for group in groups(snapshot, ended, id)]
    for group in groups(snapshot, of_roots, lambda event: (meaning_of(event), event["site"])):
        found.append(Question(group, OF_ROOTS[meaning_of(group.newest)]))
    caught = [event for event in events if event.get("caught") and meaning_of(event) not in BEFORE_SCRIPT]
    if caught:
        found += [Question(group, (_catch_stderr,)) for group in groups(snapshot, caught)]
    crashes = of_nginx(snapshot, NGINX_CRASHED)
    return found + ([Question(Group(snapshot, routes, crashes), (_crashed,))] if crashes and routes else [])
