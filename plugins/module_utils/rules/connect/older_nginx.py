# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 3: nginx runs, or ran, with an older configuration than its files."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

from ...parse.endpoint import difference, parse
from ...parse.nginx.strays import Stray
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of
from ..case import NOBODY_THERE, Case
from ..model import Cause, Match, Reason, Remedy, evidence, losses_of, sample

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence, Facts
    from ....plugin_utils.shapes.nginx import Nginx, Target
    from ....plugin_utils.shapes.older import Older, Refusal

NO_OLDER: "Older" = {"endpoints": {}, "refusal": None}  # nobody looked


def _start(refusal: "Refusal") -> str:
    """What keeps nginx from its start, where its files are in order."""
    if "masked" in refusal:
        return "%s is masked, so that nothing starts it (systemctl unmask)" % refusal["masked"]
    if "unit" in refusal:
        return "%s: %s" % (refusal["unit"], refusal["text"])
    pid_file, holders = refusal.get("pid_file"), refusal.get("holders", {})
    if pid_file:
        words = "%(unit)s gave up its start, as no pid file came to %(awaited)s (PIDFile=)"
        return (words + (": nginx writes it to %(written)s" if pid_file["written"] else "")) % pid_file
    if refusal.get("left_over"):
        words = "nobody listens there, the file is left over of a killed process: remove it, then start nginx"
        return "%s: %s" % (refusal["text"], words)
    held = [
        key + " is held by %(comm)s (pid %(pid)s)" % each + (" of %(unit)s" % each if each["unit"] else "")
        for key, listeners in holders.items()
        for each in listeners
    ]
    return "%s: %s" % (refusal["text"], "; ".join(dict.fromkeys(held)) or "nobody holds it by now")


def refused(refusal: "Refusal", runs: bool) -> str:
    """Why nginx does not load its files, or does not start at all."""
    if "changed" in refusal:
        return (
            "its last start failed, and files were changed since: `nginx -t`, then start it: "
            + refusal["text"]
        )
    if {"holders", "pid_file", "masked", "unit"}.intersection(refusal):
        return "nginx does not start: " + _start(refusal)
    if "worker" in refusal:
        return "each worker ended at its start: " + refusal["text"]
    at = "line %s: " % refusal["line"] if refusal["line"] else ""
    goes_on = "it goes on with those before, and would not start" if runs else "it does not start"
    return "%s%s: nginx refuses to load its files: %s" % (at, refusal["text"], goes_on)


def _first_places(case: Case) -> Dict[str, str]:
    """The first endpoint of each site: what concerns the site is told with that one."""
    first: Dict[str, str] = {}
    for route in case.snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            if not target["down"]:
                first.setdefault(route["site"] or "default", target["endpoint"])
    return first


def _is_whole(case: Case) -> bool:
    """Whether all files of nginx were read. Which of them it refuses, the parser tells."""
    gaps = [entry for entry in case.snapshot["missing"] if entry["what"] == "nginx_config"]
    return len(gaps) <= len(case.snapshot["nginx"]["config_errors"])


def _targets(case: Case, name: Optional[str] = None) -> "List[Target]":
    """name: of the only site that counts."""
    return [
        target
        for route in case.routes
        if name in (None, route["site"] or "default")
        for target in route["endpoints"]
        if target["endpoint"] == case.key
    ]


def _reason(case: Case, strays: Sequence[Stray], words: str, proof: "List[Evidence]") -> Reason:
    nginx = case.snapshot["nginx"]
    names = {stray.site for stray in strays}
    servers = [site for site in case.servers if (site["name"] or "default") in names]
    losses = losses_of(list({id(stray.event): stray.event for stray in strays}.values()))
    proof = proof + [sample(losses[-1].event)] if losses else proof
    place = case.place._replace(unit=nginx["unit"])
    return Reason(words, proof, losses, place=place, explains=[], servers=servers)


def _changed(case: Case, strays: Sequence[Stray]) -> "Evidence":
    """The line that leads elsewhere by now, with what is known of its age."""
    target = _targets(case, strays[0].site)[0]
    changed_at = case.snapshot["nginx"]["config_changed_at"]
    return evidence("nginx", target["written"], target["file"], target["line"], changed_at)


def _workers(nginx: "Nginx") -> "Evidence":
    text = "nginx's workers (pid %s) run since then" % ", ".join(map(str, nginx["workers"][:4]))
    return evidence("process", text, at=nginx["loaded"]["at"])


def _still_dead(case: Case, key: str) -> Optional[bool]:
    """None: nobody looked."""
    older = case.snapshot.get("older")
    there = older["endpoints"].get(key) if older else None
    if there is None or there["connect"]["result"] == "not_tried":
        return None
    return there["probe"]["result"] != "answered"


class _Kept(NamedTuple):
    """What keeps nginx from loading its files, where it is known."""

    reason_id: str
    words: str
    first: "Sequence[Evidence]" = ()
    last: "Sequence[Evidence]" = ()
    facts: "Facts" = {}


def _by_refusal(_nginx: "Nginx", older: "Older") -> Optional[_Kept]:
    refusal = older["refusal"]
    if not refusal or "worker" in refusal:
        return None
    source = "nginx" if refusal["at"] is None else "nginx_log"
    words = ", and refuses to: %s (%s:%s)" % (refusal["text"], refusal["file"], refusal["line"])
    piece = evidence(source, refusal["text"], refusal["file"], refusal["line"], refusal["at"])
    return _Kept("nginx_reload_refused", words, [piece], facts={"refusal": refusal.get("kind")})


def _by_program(nginx: "Nginx", _older: "Older") -> Optional[_Kept]:
    if "loaded" not in nginx or not nginx["loaded"]["replaced"]:
        return None
    words = "; its program was replaced since it was started, so it cannot be trusted to load them"
    text = "another program is where nginx's master (pid %s) was started from" % _pid(nginx)
    return _Kept("nginx_replaced", words, last=[evidence("process", text, nginx.get("binary"))])


def _by_pid_file(nginx: "Nginx", older: "Older") -> Optional[_Kept]:
    if "pid_file" not in older:
        return None
    path, pid = older["pid_file"], _pid(nginx) or 0
    words = "; no reload reaches it, since its pid file does not name its master"
    piece = evidence("file", "%s does not hold %s, nginx's master" % (path, pid), path)
    facts: "Facts" = {"fault": "pid_file", "path": path, "pids": [pid]}
    return _Kept("nginx_not_loaded", words, last=[piece], facts=facts)


def _pid(nginx: "Nginx") -> Optional[int]:
    return nginx["master"]["pid"] if nginx["master"] else None


def _reload(case: Case) -> List[Remedy]:
    """Other sites that were led to the same place at the same time are loaded with it."""
    unit = case.snapshot["nginx"]["unit"]
    files = [target["file"] for target in _targets(case)] + [route["file"] for route in case.routes]
    arguments: Dict[str, object] = {"unit": unit, "files": list(dict.fromkeys(files))}
    return [Remedy("nginx_reload", arguments)] if unit else []


def _active(cause: Cause, case: Case, strays: Sequence[Stray]) -> Match:
    nginx, older = case.snapshot["nginx"], case.snapshot.get("older") or NO_OLDER
    last = max(strays, key=lambda stray: stray.event["last"]).event
    dialled = last["endpoint"] or ""
    dead = _still_dead(case, dialled)
    kept = _by_refusal(nginx, older) or _by_program(nginx, older) or _by_pid_file(nginx, older)
    reason_id, words, first, behind, facts = kept or _Kept("nginx_not_loaded", "")
    workers = [_workers(nginx)] if "loaded" in nginx else []
    # An account that runs PHP may write nginx's log (Debian: www-data): the time of the files is beyond it.
    by_variable = any(route["variable"] for route in case.routes)  # which another location may set
    is_newer = (
        dead
        and not by_variable
        and any(target["file"] in nginx["loaded"]["newer_files"] for target in _targets(case))
    )
    words = "nginx dials %s, and its files name %s: it has not loaded them%s." % (dialled, case.key, words)
    reason = _reason(case, strays, words, [*first, _changed(case, strays), *behind, *workers])._replace(
        remedy=[] if kept else _reload(case), confidence="certain" if is_newer else "likely", facts=facts
    )
    if dead is False:
        words = "nginx dials %s, which its files no longer name; it answers again." % dialled
        reason = reason._replace(summary=words, state="recovered", remedy=[], confidence="possible")
    return Match(cause, reason_id, reason)


def _over(cause: Cause, case: Case, strays: Sequence[Stray]) -> Optional[Match]:
    """nginx has loaded since then what leads to a pool that answers."""
    nginx = case.snapshot["nginx"]
    if "loaded" not in nginx:
        return None
    loaded_at, changed_at = nginx["loaded"]["at"], nginx["config_changed_at"]
    old = [stray for stray in strays if meaning_of(stray.event) in NOBODY_THERE]
    if not old or not case.answers or loaded_at is None or changed_at is None:
        return None
    last = max(old, key=lambda stray: stray.event["last"]).event
    if last["last"] > loaded_at + LOG_SECOND:
        return None
    dialled = last["endpoint"] or ""
    if changed_at <= last["last"] + LOG_SECOND:
        words = "nginx dialled %s, which its files no longer named, until it loaded them." % dialled
        reason_id = "nginx_not_loaded"
    else:
        words = "nginx dialled %s until its files were changed and loaded." % dialled
        missed = difference(parse(dialled), parse(case.key))
        reason_id = "address_family" if missed == "other_address" else missed
    reason = _reason(case, old, words, [_workers(nginx)])
    return Match(cause, reason_id, reason._replace(state="recovered", confidence="likely"))


def older_nginx(cause: Cause, case: Case, all_strays: Sequence[Stray]) -> Optional[Match]:
    first = _first_places(case)
    strays = [stray for stray in all_strays if first.get(stray.site) == case.key]
    if not strays or not _is_whole(case):
        return None
    runs = [stray for stray in strays if stray.runs]
    if not runs:
        return _over(cause, case, strays)
    # Where nobody serves what the files name, a reload mends nothing: that comes first.
    return _active(cause, case, runs) if case.is_let_in else None
