# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of missing about a host as a whole. What says them is loaded where there is something to say."""

from typing import TYPE_CHECKING, Callable, Dict, List, Sequence

from ..parse.php_fpm.zlog import QUIET
from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import LIMITED, UNOPENED
from .case import Case
from .missing import unseen

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.missing import Missing, MissingKind
    from ...plugin_utils.shapes.nginx import Target
    from ...plugin_utils.shapes.snapshot import Snapshot

NOTED = UNOPENED | meanings(
    "body_too_large", "too_large_for_php", "too_many_for_php", "upload_unkept", "sent_missing", "file_cut"
)


def _all_answer(snapshot: "Snapshot", targets: Sequence["Target"]) -> bool:
    seen = [snapshot["endpoints"].get(target["endpoint"]) for target in targets]
    return bool(seen) and all(facts and facts["probe"]["result"] == "answered" for facts in seen)


def _nginx(snapshot: "Snapshot") -> List["Missing"]:
    """Entries of missing about nginx as a whole."""
    nginx = snapshot["nginx"]
    why = "line %s: where fastcgi_pass %s leads is decided at run time"
    gaps = [
        unseen("nginx_route", route["file"], why % (route["line"], route["pass"]))
        for route in nginx["routes"]
        if not route["endpoints"] and not _all_answer(snapshot, route.get("candidates", []))
    ]
    why = (
        "line %(line)d: %(written)s is internal, %(looked_for)s is not there, and log_not_found off hides it"
    )
    gaps += [
        unseen("sent_file", front["file"], why % front)
        for front in nginx.get("fronts") or []
        if front["kind"] == "sent_place"
    ]
    older = snapshot.get("older")
    refusal, down = older["refusal"] if older else None, "nginx does not run: no request comes to php-fpm"
    kept = any(entry["what"] == "nginx_workers" for entry in snapshot["missing"])  # workers without a title
    if nginx["running"]:
        down = "nginx's master runs, and no worker of it: nobody is answered"
    kind: "MissingKind" = {}
    if refusal:
        from .connect.older_nginx import refused

        why = refused(refusal, nginx["running"])
        kind = {"refusal": refusal["kind"]} if "kind" in refusal else {}
        if "worker" not in refusal and "changed" not in refusal:
            gaps.append({**unseen("nginx_loaded", refusal["file"], why), **kind})
        down += "; " + why
    if nginx["routes"] and not (nginx["running"] and (nginx["workers"] or kept)):
        gaps.append({**unseen("nginx_running", nginx["config"], down), **kind})
    return gaps


def _halted(snapshot: "Snapshot") -> List["Missing"]:
    if not snapshot.get("halted"):
        return []
    from .nginx.halted import halted_nginx

    return halted_nginx(snapshot)


def _silence(snapshot: "Snapshot") -> List["Missing"]:
    quiet = any(master["log_level"] in QUIET for master in snapshot["fpm"]["masters"])
    sites = snapshot["nginx"].get("site_logs") or []
    if not quiet and not any(site["silent"] or "hiding" in site for site in sites):
        return []
    from .losses.silence import gaps, hidden_errors, quiet_masters

    return gaps(snapshot) + quiet_masters(snapshot) + hidden_errors(snapshot)


def _visitors(snapshot: "Snapshot") -> List["Missing"]:
    listens = [listen for route in snapshot["nginx"]["routes"] for listen in route["listen"]]
    limited = any(meaning_of(event) in LIMITED for event in snapshot["logs"]["events"])
    if not limited and not any("proxy_protocol" in listen or "http2" in listen for listen in listens):
        return []
    from .nginx.visitors import unanswered

    return unanswered(snapshot)


NOTES: Dict[str, Callable[["Snapshot"], "List[Missing]"]] = {
    "nginx_gaps": _nginx,
    "halted": _halted,
    "silence": _silence,
    "visitors": _visitors,
}


def unscathed(
    snapshot: "Snapshot", examined: Sequence[Case], findings: Sequence["Finding"]
) -> List["Missing"]:
    """What failed and cost php-fpm's visitors nothing."""
    elsewhere = any("://" in (event["endpoint"] or "") for event in snapshot["logs"]["events"])
    if not elsewhere and not any(case.passed for case in examined):
        return []
    from .losses.unscathed import addresses, other_upstreams

    return addresses(examined) + other_upstreams(snapshot, findings)


def earlier(snapshot: "Snapshot") -> List["Missing"]:
    access = snapshot.get("access")
    if not any(
        entry.get("earlier") for entry in snapshot["logs"]["files"] + (access["files"] if access else [])
    ):
        return []
    from .losses.earlier import note

    return note(snapshot)


def unexplained_pages(snapshot: "Snapshot", findings: Sequence["Finding"]) -> List["Missing"]:
    """What an access log has, and nothing explains."""
    access = snapshot.get("access")
    notes: List["Missing"] = []
    if (
        access
        and ("odd_visits" in access or "dropped_bodies" in access)
        or any(meaning_of(event) in NOTED for event in snapshot["logs"]["events"])
    ):
        from .nginx.odd_visits import notes_on_visits

        notes = notes_on_visits(snapshot, findings)
    if not access or not (
        access["events"] or access.get("missed_pages") or any(file.get("pages") for file in access["files"])
    ):
        return notes
    from .pages.failed_pages import failed_pages

    return notes + failed_pages(snapshot, access, findings)
