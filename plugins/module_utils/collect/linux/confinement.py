# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether SELinux, AppArmor or a unit's filter keeps nginx from php-fpm, or php-fpm from its start.

The probe takes nginx's user and keeps our own domain, so its success proves nothing where the two differ.
"""

from typing import TYPE_CHECKING, List, Optional, Tuple

from ...parse.linux.systemctl import SIGSYS
from ..host import Host
from .labels import enforces_selinux, has_apparmor, profile_of
from .processes import unit_around

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Confinement, Profile, Selinux, UnitFilter
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.unit import Unit
    from .selinux import Policy

_UNIT = ("RestrictAddressFamilies", "SystemCallFilter")
_SHOWN = 64 * 1024  # bytes: a filter is shown with every system call in it
_CALLS = 200  # characters of that


def no_confinement() -> "Confinement":
    return {"selinux": None, "apparmor": None, "nginx_unit": None, "denials": []}


def _profiles(host: Host, snapshot: "Snapshot") -> Optional[List["Profile"]]:
    """AppArmor's, of one worker of nginx and of each master of php-fpm, where ours is another one."""
    if not has_apparmor(host):
        return None
    pids = [("nginx", pid) for pid in snapshot["nginx"]["workers"][:1]]
    pids += [("php-fpm", master["pid"]) for master in snapshot["fpm"]["masters"] if master["pid"]]
    known = [(program, pid, profile_of(host, pid)) for program, pid in pids]
    return [
        {"pid": pid, "program": program, "name": profile.name, "mode": profile.mode}
        for program, pid, profile in known
        if profile
    ]


def _filters(host: Host, pid: object) -> Tuple[int, int]:
    """(mode, number of filters) of seccomp; the number is told since Linux 5.9."""
    rows = dict(
        line.split(":", 1) for line in (host.text("/proc/%s/status" % pid) or "").split("\n") if ":" in line
    )
    mode, count = rows.get("Seccomp", "0").strip(), rows.get("Seccomp_filters", "0").strip()
    return int(mode) if mode.isdigit() else 0, int(count) if count.isdigit() else 0


def _nginx_unit(host: Host, snapshot: "Snapshot") -> Optional["UnitFilter"]:
    """systemctl is asked only where nginx has a filter that we have not."""
    nginx = snapshot["nginx"]
    worker = next(iter(nginx["workers"]), None)
    unit = nginx["unit"] or (unit_around(host, worker) if worker else None)
    if worker is None or unit is None:
        return None
    theirs = _filters(host, worker)
    if theirs[0] != 2 or theirs == (2, 0) == _filters(host, "self") or theirs <= _filters(host, "self"):
        return None
    from ...parse.linux.systemctl import address_families, parse_show

    ran = host.run(["systemctl", "show", "-p", ",".join(_UNIT), "--", unit], most=_SHOWN)
    block = next(iter(parse_show(ran.out)), {})
    calls = block.get("SystemCallFilter", "").strip()
    return {
        "unit": unit,
        "families": address_families(block),
        "calls": calls[:_CALLS] if calls.strip("~") else None,
    }


def _refused(snapshot: "Snapshot") -> bool:
    """Whether nginx says so in its log."""
    from ...signatures.lookup import meaning_of, meanings

    refused = meanings("denied", "confined")
    return any(meaning_of(event) in refused for event in snapshot["logs"]["events"])


def _units(snapshot: "Snapshot") -> List["Unit"]:
    """Those of masters that do not run."""
    units = [master["unit_state"] for master in snapshot["fpm"]["masters"] if not master["running"]]
    return [unit for unit in units if unit]


def _failed(snapshot: "Snapshot") -> bool:
    return any(unit["active"] == "failed" or unit["result"] != "success" for unit in _units(snapshot))


def _since(snapshot: "Snapshot") -> float:
    """The window, and back to the last start of each master that failed."""
    since = snapshot["taken_at"] - snapshot["window"]
    for unit in _units(snapshot):
        if unit["changed_at"]:
            since = min(since, unit["changed_at"] - 60)
    return since


def collect_confinement(host: Host, snapshot: "Snapshot") -> "Confinement":
    """A host without SELinux, AppArmor and filters pays for three small files."""
    found = no_confinement()
    policy: Optional["Policy"] = None
    facts: Optional["Selinux"] = None
    if enforces_selinux(host):
        from . import selinux

        policy = selinux.Policy(host, snapshot)
        facts = policy.facts
    found["apparmor"] = profiles = _profiles(host, snapshot)
    found["nginx_unit"] = _nginx_unit(host, snapshot)
    unit = found["nginx_unit"]
    reasons = [
        policy is not None and policy.wants_denials,
        any(profile["mode"] in ("enforce", "kill") for profile in profiles or ()),
        any(unit_state["exec_main_status"] == SIGSYS for unit_state in _units(snapshot)),
        any(part is not None for part in (policy, profiles, unit))
        and (_failed(snapshot) or _refused(snapshot)),
    ]
    if any(reasons):
        from .audit import read_denials

        found["denials"], changes = read_denials(host, _since(snapshot))
        if profiles is not None:
            from ...parse.linux.denials import settle

            settle(found["denials"], changes, profiles)
    if policy is not None:
        policy.ask(found["denials"])
    found["selinux"] = facts
    return found
