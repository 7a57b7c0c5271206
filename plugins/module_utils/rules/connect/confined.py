# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What SELinux, AppArmor or the filter of nginx's unit refuse nginx on the way to php-fpm.

The probe is not confined as nginx is: what it may do proves nothing here. SELinux's policy was asked itself.
"""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...parse.linux.denials import type_of
from ...parse.linux.systemctl import may_not_use
from ...parse.timestamps import LOG_SECOND, SAME_MOMENT
from ...parse.titles import program_of
from ..case import CONFINED, DENIED, Case
from ..model import Confidence, Loss, Reason, State, evidence, first_line, sample

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Access, ConfinedWay, Confinement, Denial, Selinux
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.snapshot import Snapshot

KEPT_OUT = CONFINED | DENIED
FAMILIES = {"unix": "AF_UNIX", "inet": "AF_INET", "inet6": "AF_INET6"}
ANY_PORT = "httpd_can_network_connect"
_WORDS = {
    "name_connect": ("selinux_port", "%s may not connect to port %s, whose type is %s"),
    "connectto": ("selinux_domain", "%s may not connect to the php-fpm behind %s, which runs as %s"),
}
_FILE = ("selinux_label", "%s may not use %s, whose type is %s")


class Refused(NamedTuple):
    """Why nginx is refused, or was."""

    reason: str  # id
    words: str
    proof: List["Evidence"]
    confidence: Confidence
    # None: it cannot be told whether that is so now.
    now: Optional[bool]
    path: Optional[str] = None  # that has a wrong label


def confinement(case: Case) -> Optional["Confinement"]:
    """None in a snapshot that has no word of it."""
    return case.snapshot.get("confinement")


def _selinux(case: Case) -> Optional["Selinux"]:
    """None where it does not matter: nginx has the domain that the probe has."""
    known = confinement(case)
    selinux = known["selinux"] if known else None
    return selinux if selinux and selinux["nginx"] not in (None, selinux["ours"]) else None


def _denials(case: Case, module: str) -> List["Denial"]:
    """Newest first."""
    known = confinement(case)
    return [
        denial
        for denial in reversed(known["denials"] if known else [])
        if denial["module"] == module and program_of(denial["program"]) == "nginx"
    ]


def logged(denial: "Denial") -> "Evidence":
    text = denial["text"] + (" (%d times)" % denial["count"] if denial["count"] > 1 else "")
    return evidence(
        "audit", text, None if denial["log"] in ("kernel", "journal") else denial["log"], at=denial["at"]
    )


def _line_of(case: Case, access: "Access") -> List["Evidence"]:
    """The kernel's own word of such an access."""
    for denial in _denials(case, "selinux"):
        same = denial["target"] == access["target"] and denial["tclass"] == access["tclass"]
        if same and access["permission"] in denial["operation"].split() and denial["port"] == access["port"]:
            return [logged(denial)]
    return []


def _of_access(case: Case, selinux: "Selinux", access: "Access", lost: Sequence[Loss]) -> Optional[Refused]:
    """What the answer of the policy means; None where it allows.

    The label of a port is known from a refusal alone. A policy that was loaded later may have given it
    another one, unless nginx was refused after that.
    """
    if access["allowed"]:
        return None
    reason, words = _WORDS.get(access["permission"], _FILE)
    message = words % (type_of(access["source"]), access["port"] or access["path"], type_of(access["target"]))
    says = "no answer" if access["allowed"] is None else "denied"
    proof = [_answer(access, says)] + _line_of(case, access)
    if access["permission"] == "name_connect" and selinux["booleans"].get(ANY_PORT) is False:
        proof.append(evidence("selinux", "the boolean %s is off" % ANY_PORT))
    loaded, seen = selinux["loaded_at"], access["label_at"]
    now = None if access["allowed"] is None else True
    if now and seen is not None and loaded is not None and seen < loaded:
        now = True if any(loss.at > loaded for loss in lost) else None
    confidence: Confidence = "certain" if seen is None else "likely"
    return Refused(reason, "SELinux: %s" % message, proof, confidence, now, access["path"])


def _answer(access: "Union[Access, ConfinedWay]", says: str) -> "Evidence":
    words = "SELinux's policy, asked now: %(source)s %(tclass)s { %(permission)s } of %(target)s: "
    return evidence("selinux", words % access + says, access["path"])


def of_way(way: "ConfinedWay") -> Tuple[str, "Evidence"]:
    """What a worker is refused on the way to a script."""
    path, source, may = way["path"], way["source"], way["permission"]
    if way["module"] == "apparmor":
        words = "%s: the profile %s does not let it %s it" % (path, source, may)
        return words, evidence("apparmor", way["text"], path)
    verb, types = "look at" if may == "getattr" else may, (type_of(source), type_of(way["target"]))
    return "%s: %s may not %s it, whose type is %s" % (path, types[0], verb, types[1]), _answer(way, "denied")


def _by_selinux(case: Case, lost: Sequence[Loss]) -> List[Refused]:
    selinux = _selinux(case)
    if selinux is None:
        return []
    rows = selinux["endpoints"].get(case.key, [])
    return [refused for access in rows for refused in [_of_access(case, selinux, access, lost)] if refused]


def _selinux_ended(case: Case) -> Optional[Refused]:
    """A refusal on the way to this endpoint that the kernel logged, where the policy allows it all by now."""
    selinux, endpoint = _selinux(case), case.endpoint
    rows = selinux["endpoints"].get(case.key, []) if selinux else []
    places = [str(endpoint.get("path") or ""), str(endpoint.get("real_path") or "")]
    places += [parent["path"] for parent in endpoint.get("parents") or []]
    names = {name for place in places for name in (place, place.rpartition("/")[2])} - {""}
    for denial in _denials(case, "selinux"):
        here = denial["port"] == endpoint.get("port") if denial["port"] else denial["name"] in names
        if here and denial["refused"] and all(access["allowed"] for access in rows):
            reason, words = _WORDS.get(denial["operation"], _FILE)
            place = denial["port"] or denial["name"]
            message = words.replace(" may not ", " might not ") % (
                type_of(denial["source"]),
                place,
                type_of(denial["target"] or ""),
            )
            now = [_answer(access, "allowed") for access in rows[-1:]]
            path = rows[-1]["path"] if rows else None
            return Refused(
                reason, "SELinux: %s" % message, [logged(denial)] + now, "possible", now=False, path=path
            )
    return None


def _errno(loss: Loss) -> Optional[int]:
    """The errno of a loss that a filter may have caused."""
    return loss.event["detail"].get("errno") if loss.meaning in CONFINED else None


def _concerns(case: Case, denial: "Denial") -> bool:
    """Whether AppArmor refused the way to this endpoint."""
    endpoint = case.endpoint
    if denial["family"] in ("inet", "inet6", "unix") and not denial["name"]:
        there = (denial["family"], denial["port"] or endpoint.get("port"))
        return there == (endpoint.get("family"), endpoint.get("port"))
    return denial["name"] is not None and denial["name"] in (endpoint.get("path"), endpoint.get("real_path"))


def _by_apparmor(case: Case, lost: Sequence[Loss]) -> List[Refused]:
    found: List[Refused] = []
    for denial in _denials(case, "apparmor"):
        if not denial["refused"] or not _concerns(case, denial):
            continue
        words = "AppArmor: the profile %s lets nginx not %s %s"
        what = words % (denial["source"], denial["operation"] or "use", denial["name"] or case.key)
        later = [loss for loss in lost if loss.at > denial["at"] + SAME_MOMENT]
        beside = any(abs(loss.at - denial["at"]) <= SAME_MOMENT for loss in lost)
        now = denial["denied_now"]
        if now is None and later:
            now = True
        found.append(Refused("apparmor", what, [logged(denial)], "certain" if beside else "likely", now))
    return found[:1]


def _families(endpoint: "Endpoint") -> List[str]:
    """Of the sockets that nginx makes to dial the endpoint. It uses all addresses of a name in turn, and a
    socket that it cannot make ends the request (ngx_event_connect.c).
    """
    kinds = [endpoint.get("family") or ""]
    if kinds == ["name"]:
        kinds = ["inet6" if ":" in entry["address"] else "inet" for entry in endpoint.get("addresses") or []]
    return [FAMILIES[kind] for kind in kinds if kind in FAMILIES]


def may_make_none(snapshot: "Snapshot", key: str) -> bool:
    """Whether nginx's unit lets it make no socket to there, so that it answers 500 itself."""
    known, endpoint = snapshot.get("confinement"), snapshot["endpoints"].get(key)
    unit = known["nginx_unit"] if known else None
    return bool(
        unit and endpoint and any(may_not_use(unit["families"], each) for each in _families(endpoint))
    )


def _by_filter(case: Case, lost: Sequence[Loss]) -> List[Refused]:
    """RestrictAddressFamilies= answers with errno 97, SystemCallFilter= with that of SystemCallErrorNumber=.
    Without one nginx would end at its start, at which it connects to nscd. A process keeps the filters that
    it began with (seccomp(2)).
    """
    known, families = confinement(case), _families(case.endpoint)
    if known is None or not families:
        return []
    unit, nginx = known["nginx_unit"], case.snapshot["nginx"]["master"]
    refused = [name for name in families if unit and may_not_use(unit["families"], name)]
    name = (refused or families)[0]
    began = nginx["started_at"] if nginx else 0.0
    of_family = [loss for loss in lost if _errno(loss) == 97]
    of_call = [loss for loss in lost if _errno(loss) == 1]
    since = [loss for loss in of_family + of_call if loss.at > began + LOG_SECOND]
    if unit and refused:
        setting = "RestrictAddressFamilies=%s" % unit["families"]
        words = "nginx may make no socket of %s: %s has %s" % (name, unit["unit"], setting)
        proof = [evidence("systemd", "%s: %s" % (unit["unit"], setting))]
        return [Refused("address_family", words, proof, "certain" if since else "likely", now=True)]
    if unit and since:
        setting = (
            "SystemCallFilter=%s" % unit["calls"] if unit["calls"] else "a filter that it does not show now"
        )
        text = "nginx runs with a filter: %s has %s" % (unit["unit"], setting)
        reason = "address_family" if _errno(since[0]) == 97 else "system_call"
        words = "nginx may not make or use a socket of %s: %s" % (name, text)
        return [Refused(reason, words, [evidence("systemd", text)], "likely", now=True)]
    if not of_family and not of_call:
        return []
    runs = evidence("process", "nginx runs since then without such a filter", at=began)
    words = "nginx might not make or use a socket of %s" % name
    reason = "address_family" if of_family else "system_call"
    return [Refused(reason, words, [runs], "possible", now=None if since else False)]


def refusals(case: Case) -> List[Refused]:
    """What is so now before what may be, and that before what was."""
    if confinement(case) is None:
        return []
    lost = case.lost(KEPT_OUT)
    found = _by_filter(case, lost) + _by_selinux(case, lost) + _by_apparmor(case, lost)
    return sorted(found, key=lambda refused: (True, None, False).index(refused.now))


def ended(case: Case) -> Optional[Refused]:
    """What refused nginx, where losses are left and that is over."""
    if not case.lost(KEPT_OUT):
        return None
    over = [refused for refused in refusals(case) if refused.now is False]
    was = _selinux_ended(case)
    return next(iter(over + ([was] if was else [])), None)


def doubt(case: Case) -> Optional[str]:
    """Why what the probe may do does not show what nginx may do; None where it does."""
    known, lost = confinement(case), case.lost(KEPT_OUT)
    if known is None:
        return None
    doubted = [refused for refused in refusals(case) if refused.now is None]
    if doubted:
        return "%s; whether that is so now cannot be told" % doubted[0].words
    selinux = _selinux(case)
    if selinux and not selinux["endpoints"].get(case.key):
        any_port = case.endpoint.get("family") != "unix" and selinux["booleans"].get(ANY_PORT)
        if not any_port and (lost or case.endpoint.get("family") == "unix"):
            return "SELinux's policy could not be asked for %s" % type_of(selinux["nginx"] or "")
    modes = [profile["mode"] for profile in known["apparmor"] or [] if profile["program"] == "nginx"]
    if lost and "enforce" in modes and not _by_apparmor(case, lost):
        return (
            "nginx has an AppArmor profile that is enforced, and no line of the kernel says what it refused"
        )
    return None


def unasked(case: Case) -> Optional[str]:
    """What SELinux's policy could not be asked, where nothing tells of a refusal."""
    selinux, port = _selinux(case), case.endpoint.get("port")
    if selinux is None or not port or selinux["endpoints"].get(case.key) or selinux["booleans"].get(ANY_PORT):
        return None
    return "the type of port %d stands in SELinux's refusals alone, and there was none of late" % port


def reason_of(case: Case, refused: Refused) -> Reason:
    lost = case.lost(KEPT_OUT)
    over = refused.now is False
    words = "nginx's worker %s connect to %s. %s." % (
        "could not" if over else "may not",
        case.key,
        refused.words,
    )
    proof = refused.proof + ([sample(lost[-1].event)] if over and lost else first_line(lost))
    explains = lost if over else case.losses
    state: State = "recovered" if over else "active"
    return Reason(
        words,
        proof,
        lost,
        confidence="possible" if over else refused.confidence,
        state=state,
        explains=explains,
        facts={"path": refused.path},
    )
