# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's audit says of refusals, and what SELinux and AppArmor say of processes.

Linux 4.15 to 6.12: security/selinux/avc.c, security/lsm_audit.c, security/apparmor/audit.c and net.c,
kernel/auditsc.c, security/selinux/selinuxfs.c.
"""

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ..number import number
from ..redact import redact
from ..titles import program_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Denial, DenialModule, Profile

MOST_REFUSALS = 40  # of different kinds
# Of a line of the audit log, of the ring or of the journal. The first is the audit's own time.
TIME = re.compile(r"audit\((\d{9,11}\.\d{1,6}):\d+\)", re.A)
TELLING = re.compile(r'avc:  denied|apparmor="|\b(?:type=1326|SECCOMP) |type=1403|MAC_POLICY_LOAD')
_AVC = re.compile(r"avc:  denied  \{ ([\w ]{1,400}) \} for ", re.A)
_PAIR = re.compile(r'(?<!\w)(\w{1,24})=(?:"([^"]*)"|([^\s"]\S*))', re.A)
_LINE = 4096  # characters; the kernel cuts what is longer
_BY_PEOPLE = re.compile(r"type=(?:USER_|11\d\d\b)")  # programs write such records, audit(7)
_REPLACED = ("profile_replace", "profile_remove", "profile_load")
# System calls that a listener or its client needs, by AUDIT_ARCH of linux/audit.h: x86_64, aarch64.
_CALLS = {
    "c000003e": {"41": "socket", "42": "connect", "43": "accept", "49": "bind", "50": "listen"},
    "c00000b7": {"198": "socket", "203": "connect", "202": "accept", "200": "bind", "201": "listen"},
}
_BEGINS = {"selinux": "avc:", "apparmor": "apparmor=", "seccomp": "pid="}
PERMISSIVE = 1  # AVD_FLAGS_PERMISSIVE


class Line(NamedTuple):
    at: float  # epoch seconds
    log: str  # where it stands
    text: str


class Change(NamedTuple):
    """A policy or a profile that was loaded."""

    at: float
    profile: Optional[str]  # AppArmor's; None: SELinux's policy


def time_of(text: str) -> Optional[float]:
    match = TIME.search(text)
    return float(match.group(1)) if match else None


def _plain(value: str) -> str:
    """The audit writes names with odd characters as hexadecimal digits."""
    if len(value) % 2 or not re.match(r"[0-9A-F]{2,}\Z", value):
        return value
    return bytes.fromhex(value).decode("utf-8", "replace")


def _pairs(text: str) -> Dict[str, str]:
    """The last value of each name: what a process can choose stands in quotes, or in digits."""
    return {
        key: quoted or (_plain(bare) if key in ("comm", "name", "path") else bare)
        for key, quoted, bare in _PAIR.findall(text[:_LINE])
    }


def _denial(line: Line, operation: str, module: "DenialModule", words: Dict[str, str]) -> "Denial":
    port = words.get("dest") or words.get("src") or words.get("fport") or words.get("lport")
    name = words.get("path") or words.get("name") or words.get("peer_addr", "none")
    context = words.get("scontext") or words.get("profile") or words.get("subj")
    return {
        "at": line.at,
        "first": line.at,
        "count": 1,
        "module": module,
        "program": words.get("comm", "")[:32],
        "pid": number(words.get("pid")),
        "operation": operation,
        "source": redact(context or "", 200),
        "target": words.get("tcontext"),
        "tclass": words.get("tclass"),
        "name": None if name == "none" else redact(name, 200) or None,
        "family": words.get("family"),
        "port": number(port),
        "refused": words.get("permissive") != "1",
        "denied_now": None,
        "log": line.log,
        "text": redact(line.text[max(0, line.text.find(_BEGINS[module])) :]),
    }


def parse_denial(line: Line) -> Optional["Denial"]:
    """A refusal of nginx or php-fpm; None for any other line."""
    avc = _AVC.search(line.text)
    words = _pairs(line.text)
    if program_of(words.get("comm", "")) is None or _BY_PEOPLE.search(line.text):
        return None
    if avc:
        return _denial(line, avc.group(1).strip(), "selinux", words) if "tclass" in words else None
    if words.get("apparmor") in ("DENIED", "ALLOWED", "KILLED"):
        found = _denial(line, words.get("operation", ""), "apparmor", words)
        found["refused"] = words["apparmor"] != "ALLOWED"
        return found
    if "syscall" in words and "sig" in words and re.search(r"type=1326|SECCOMP", line.text):
        number_of_call = words["syscall"]
        call = _CALLS.get(words.get("arch", ""), {}).get(number_of_call, "number " + number_of_call)
        return _denial(line, "system call " + call, "seccomp", words)
    return None


def parse_change(line: Line) -> Optional[Change]:
    if re.search(r"type=1403 |MAC_POLICY_LOAD", line.text):
        return Change(line.at, None)
    words = _pairs(line.text)
    if words.get("apparmor") == "STATUS" and words.get("operation") in _REPLACED:
        same = words.get("info", "").startswith("same as current")
        return None if same else Change(line.at, words.get("name"))
    return None


class Denials(NamedTuple):
    found: "List[Denial]"  # each kind once, oldest first
    changes: List[Change]  # what was loaded meanwhile


def denials(lines: Iterable[Line]) -> Denials:
    kinds: Dict[Tuple[object, ...], "Denial"] = {}
    changes: List[Change] = []
    for line in lines:
        change = parse_change(line)
        if change:
            changes.append(change)
        found = parse_denial(line)
        if not found:
            continue
        key = tuple(
            found[part]
            for part in ("module", "program", "operation", "source", "target", "tclass", "name", "port")
        )
        before = kinds.pop(key, None)
        if before:
            found["first"], found["count"] = min(before["first"], found["at"]), before["count"] + 1
        kinds[key] = found
    return Denials(sorted(kinds.values(), key=lambda denial: denial["at"])[-MOST_REFUSALS:], changes)


def port_context(found: Sequence["Denial"], port: int) -> Optional[Tuple[str, float]]:
    """(context, when it was seen) of a TCP port: the kernel tells it in its refusals alone."""
    for denial in reversed(found):
        operations = {"name_connect", "name_bind"} & set(denial["operation"].split())
        if operations and denial["tclass"] == "tcp_socket" and denial["port"] == port and denial["target"]:
            return denial["target"], denial["at"]
    return None


def type_of(context: Optional[str]) -> str:
    """The type in an SELinux context, USER:ROLE:TYPE:RANGE."""
    parts = (context or "").split(":")
    return parts[2] if len(parts) > 2 else context or ""


def allows(reply: Optional[str], bit: int) -> Optional[bool]:
    """What /sys/fs/selinux/access replies: allowed, decided, auditallow, auditdeny, seqno, flags."""
    fields = (reply or "").split()
    try:
        permissive = len(fields) > 5 and int(fields[5], 16) & PERMISSIVE
        return bool(permissive or int(fields[0], 16) & (1 << (bit - 1)))
    except (IndexError, ValueError):
        return None


def settle(found: Sequence["Denial"], changes: Sequence[Change], profiles: Sequence["Profile"]) -> None:
    """Whether AppArmor still refuses: the same profile, loaded before, is in force in a process of today."""
    modes = {profile["name"]: profile["mode"] for profile in profiles}
    programs = {profile["program"] for profile in profiles}
    for denial in found:
        if denial["module"] != "apparmor":
            continue
        loaded = any(change.profile == denial["source"] and change.at > denial["at"] for change in changes)
        if loaded:
            continue
        running = program_of(denial["program"]) in programs
        mode = modes.get(denial["source"]) if running else "enforce"
        denial["denied_now"] = denial["refused"] and mode in ("enforce", "kill")
