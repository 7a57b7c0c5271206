# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 3: why nobody listens where nginx dials, though php-fpm runs."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.endpoint import difference, parse
from ...signatures.nginx import HIDDEN, QUEUE_FULL
from ..case import NOBODY_THERE, Case
from ..model import (
    Answer,
    Confidence,
    Match,
    Place,
    Reason,
    Remedy,
    Unclear,
    evidence,
    first_line,
    first_reason,
)
from ..seen import Owner, sockets_of
from .nearest_pool import Nearest, doubt, may_serve, nearest
from .older_pool import not_dialled_yet, replaced_listen
from .socket_path_mismatch import CAUSE, is_filtered

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence


def _reason(
    case: Case,
    words: str,
    proof: List["Evidence"],
    remedy: Sequence[Remedy] = (),
    confidence: Confidence = "certain",
    place: Optional[Place] = None,
) -> Reason:
    lost = case.lost(NOBODY_THERE | HIDDEN)
    proof = proof + first_line(lost)
    return Reason(words + ".", proof, lost, remedy, confidence, place=place, explains=case.losses)


def _mount_namespace(case: Case) -> Optional[Reason]:
    if not case.hidden or (case.owners and not case.running):
        return None
    words, proof = case.hidden
    return _reason(case, words, [proof, case.dialled()])


def _private_tmp_of_nginx(case: Case) -> Optional[Reason]:
    hidden = case.endpoint.get("hidden")
    return _mount_namespace(case) if hidden and (hidden["setting"] or "").startswith("PrivateTmp=") else None


def _restart(owner: Owner) -> List[Remedy]:
    """By a restart the file of a socket that systemd made goes away."""
    unit = owner.master["unit"]
    return [Remedy("unit_restart", {"unit": unit})] if unit and not sockets_of(owner.state) else []


def _bound(case: Case) -> List["Evidence"]:
    listens = "the kernel lists a listener bound to %s" % case.key
    return [case.dialled(), evidence("socket", listens)]


def _private_tmp(case: Case) -> Optional[Reason]:
    if not case.running:
        return None
    owner, path = case.running[0], case.endpoint.get("path") or ""
    private = path.startswith(("/tmp/", "/var/tmp/")) and owner.state.get("private_tmp")
    if not private and not case.endpoint.get("listener_path"):
        return None
    words = "php-fpm has a view of its own on %s, where nginx does not see its socket" % path
    return _reason(case, words, _bound(case))


def _socket_deleted(case: Case) -> Optional[Reason]:
    listens = case.endpoint.get("listening") or case.endpoint.get("inode_matches") is False
    if not case.running or not listens or not case.endpoint.get("path"):
        return None
    words = "php-fpm still listens on %s, but its file was deleted" % case.key
    return _reason(case, words, _bound(case), _restart(case.running[0]))


def _config_not_loaded(case: Case) -> Optional[Reason]:
    if not case.running:
        return None
    owner = case.running[0]
    master, pool, load = owner.master, owner.pool, _restart(owner)
    # A reload binds the addresses that are new, and keeps the connections that wait at the others.
    if owner.state.get("can_reload"):
        load = [Remedy("unit_reload", remedy.arguments) for remedy in load]
    confidence: Confidence = "likely"
    state = "the master (pid %s) does not listen where %s says"
    if master["config_newer"]:
        state, confidence = "the master (pid %s) runs since before %s was changed", "certain"
    state %= (master["pid"], pool["file"])
    changed = evidence("process", state, pool["file"], pool["listen_line"], master["started_at"])
    words = "pool %s is configured for %s, but the running php-fpm has not loaded that"
    return _reason(case, words % (pool["name"], case.key), [changed, case.dialled()], load, confidence)


def _packet_filter(case: Case) -> Optional[Reason]:
    if not is_filtered(case):
        return None
    words = "php-fpm listens on %s, and no connection comes through: a packet filter, it seems" % case.key
    reason = _reason(case, words, _bound(case), confidence="likely")
    lost = case.lost(NOBODY_THERE | HIDDEN | QUEUE_FULL)
    return reason._replace(losses=lost, proof=_bound(case) + first_line(lost))


def _other_network(case: Case) -> Optional[Reason]:
    owner = next((each for each in case.running if each.master.get("own_network")), None)
    if owner is None or case.endpoint.get("path"):
        return None
    words = "pool %s listens on %s of a network namespace of its own, where nginx is not"
    text = "the master (pid %s) runs in another network namespace than the host's" % owner.master["pid"]
    proof = [evidence("process", text), owner.listens(), case.dialled()]
    return _reason(case, words % (owner.pool["name"], case.key), proof, (), "likely", owner.place)


# Where a pool is configured for the endpoint and its master runs, or a sandbox hides the endpoint. The first
# that applies is the reason.
REASONS = (
    ("private_tmp", _private_tmp_of_nginx),
    ("mount_namespace", _mount_namespace),
    ("private_tmp", _private_tmp),
    ("packet_filter", _packet_filter),
    ("network_namespace", _other_network),
    ("socket_deleted", _socket_deleted),
    ("config_not_loaded", _config_not_loaded),
)


def _missed_by(case: Case, owner: Owner) -> str:
    """The reason, by what the dialled endpoint and the pool's have not in common."""
    if case.endpoint.get("type") == "dangling_link":
        return "dangling_link"
    reason = difference(parse(case.key), parse(owner.endpoint))
    # The report has no reason of its own for another address of the same family.
    return "address_family" if reason == "other_address" else reason


def _repoint(case: Case, to: str) -> List[Remedy]:
    """Each place that names the endpoint is to name another, unless an upstream has that one already."""
    targets = [target for route in case.routes for target in route["endpoints"]]
    if any(target["endpoint"] == to and not target["down"] for target in targets):
        return []
    if any("candidates" in route for route in case.routes):
        return []  # a line of a map is another directive
    places = {(target["file"], target["line"], target["written"]) for target in targets}
    return [
        Remedy("fastcgi_pass_repoint", {"file": file, "line": line, "from": written, "to": to})
        for file, line, written in sorted(places)
    ]


def _elsewhere(case: Case, near: Nearest) -> Reason:
    """No pool is configured for the endpoint, and one that runs may be meant."""
    route, owner = case.routes[0], near.owner
    target = next(item for item in route["endpoints"] if item["endpoint"] == case.key)
    directive = "%s %s" % ("server" if route["upstream"] else "fastcgi_pass", target["written"])
    dials = evidence("nginx", directive, target["file"], target["line"])
    confidence: Confidence = "certain" if case.looks_like_php else "possible"
    words = "nginx dials %s, where no pool is configured to listen" % case.key
    if not may_serve(case, owner):
        owners = sorted({user for route in case.routes for user in route.get("owners") or ()})
        whose = "%s's" % ", ".join(owners[:3]) if owners else "an account's that is not known"
        words += "; the site's files are %s, and no pool is known to run as that account" % whose
        return _reason(case, words, [dials, case.dialled()], confidence=confidence)
    objection = doubt(case, near)
    words += "; pool %s listens on %s" % (owner.pool["name"], owner.endpoint)
    if objection:
        words += ", but %s" % objection
    remedy = _repoint(case, owner.endpoint) if case.looks_like_php and not objection else []
    return _reason(case, words, [dials, owner.listens(), case.dialled()], remedy, confidence, owner.place)


def _replaced_listen(case: Case) -> Optional[Match]:
    if case.owners or not any("replaced" in owner.pool for owner in case.seen.pools):
        return None
    return replaced_listen(CAUSE, case)


def _another_pool(case: Case) -> Optional[Match]:
    near = None if case.owners else nearest(case)
    return Match(CAUSE, _missed_by(case, near.owner), _elsewhere(case, near)) if near else None


def missed(case: Case) -> Answer:
    maker = case.endpoint.get("made_by")
    if maker and not any(master["unit"] == maker["service"] for master in case.masters):
        words = "%s makes the socket at %s for %s, which is %s"
        return Unclear("units", words % (maker["name"], case.key, maker["service"], maker["load"]))
    match = first_reason(CAUSE, REASONS, case) or _replaced_listen(case) or _another_pool(case)
    if match and case.unloaded:
        match = not_dialled_yet(case, match)
    return match
