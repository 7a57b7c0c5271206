# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state and the journal of systemd units, with one systemctl for all of them."""

import re
from typing import TYPE_CHECKING, Dict, List, Sequence, Set

from ...parse.linux.systemctl import DIRECTORIES, PROPERTIES, parse_show, unit_facts, unit_matches
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit
    from ...parse.linux.unit_starts import UnitLog

MOST_LINES = 30
MOST_OUTPUT = 5  # lines of other programs
MANY_LINES = 400  # where the last start is not among the first
MOST_BYTES = 16384  # bytes, of one unit
MOST_JOURNALS = 4  # each costs 10 ms of CPU or more
MOST_READ = 50  # units of other names
_COMMAND = re.compile(r"^ExecStart\s*=\s*[-@:+!]*/\S*php\S*fpm", re.M)
_NAME = re.compile(r"^[\w@.:\\-]+\.service$")


def booted_with_systemd(host: Host) -> bool:
    """sd_booted(3)"""
    return host.type_of("/run/systemd/system") == "directory"


def _starts_fpm(host: Host, name: str) -> bool:
    """Whether a unit that somebody wrote here starts php-fpm, by whatever name. A link is a package's."""
    path = "%s/%s" % (DIRECTORIES[0], name)
    return host.readlink(path) is None and bool(_COMMAND.search(host.text(path) or ""))


def fpm_unit_names(host: Host) -> List[str]:
    """Units with php-fpm in their name, from the unit directories: systemctl list-unit-files costs more. Of a
    template (php-fpm@.service) the enabled instances, in *.wants.
    """
    own = [name for name in host.names(DIRECTORIES[0]) if _NAME.match(name) and "@." not in name]
    units: Set[str] = set()
    for directory in dict.fromkeys(host.realpath(directory) for directory in DIRECTORIES):
        for name in host.names(directory):
            if name.endswith(".wants") and directory.startswith("/etc/"):
                units.update(wanted for wanted in host.names(directory + "/" + name) if "@" in wanted)
            units.add(name)
    named = {
        name for name in units if "php" in name and "fpm" in name and "@." not in name and _NAME.match(name)
    }
    # One that runs is known by its process.
    return sorted(
        named.union(name for name in own[:MOST_READ] if name not in named and _starts_fpm(host, name))
    )


def unit_states(
    host: Host, names: Sequence[str], window: float = 900, logs: bool = True
) -> Dict[str, "Unit"]:
    """{name: unit}, {} without systemd. A name that systemd does not know has load "not-found".

    log is filled for a loaded unit that is not active, or whose state changed within window seconds.
    """
    wanted = [name for name in dict.fromkeys(names) if _NAME.match(name)]
    if not wanted or not booted_with_systemd(host):
        return {}
    ran = host.run(
        ["systemctl", "show", "--no-pager", "-p", ",".join(PROPERTIES), "--"] + wanted,
        most=MOST_BYTES * (len(wanted) + 100),
    )
    if ran.rc != 0:
        needs = "a running systemd" if ran.rc is not None else "a systemd that answers in time"
        host.miss("units", None, "systemctl show: " + ran.failure, needs)
    boot_at = host.now() - host.boottime()
    blocks = parse_show(ran.out)
    for block in blocks:
        if block.get("EnvironmentFiles") or "FPM_SOCKETS=" in block.get("Environment", ""):
            from .socket_units import recall

            recall(host, block)
    units = {name: unit_facts(block, boot_at) for name, block in zip(wanted, blocks)}
    if logs:
        _read_logs(host, units, window)
        _name_conditions(host, units)
    for unit in units.values():
        if unit["ties"]:
            unit["ties"] = _moved(host, unit)
    return units


def _moved(host: Host, unit: "Unit") -> Dict[str, str]:
    """What a start would stop or start now. A oneshot is inactive when it is done."""
    if unit["active"] not in ("inactive", "failed"):
        return {name: does for name, does in unit["ties"].items() if does == "needs"}
    command = ["systemctl", "show", "-p", "ActiveState,Type", "--"] + list(unit["ties"])
    return {
        name: does
        for (name, does), block in zip(unit["ties"].items(), parse_show(host.run(command).out))
        if does == "needs"
        or (does == "stops") == (block.get("ActiveState") in ("active", "activating"))
        and (does == "stops" or block.get("Type") != "oneshot")
    }


def _name_conditions(host: Host, units: Dict[str, "Unit"]) -> None:
    """Only `systemctl status` prints which condition the last start was skipped for."""
    for name, unit in units.items():
        if unit["unmet"] and unit["active"] in ("inactive", "failed"):
            from ...parse.linux.unit_starts import unmet_conditions

            ran = host.run(["systemctl", "status", "--no-pager", "-l", "-n", "0", "--", name])
            unit["unmet"] = unmet_conditions(ran.out) or unit["unmet"]


def _read_logs(host: Host, units: Dict[str, "Unit"], window: float) -> None:
    since = host.now() - window
    changed = [
        (unit["changed_at"], name)
        for name, unit in units.items()
        if unit["load"] != "not-found"
        and unit["changed_at"]
        and (unit["active"] not in ("active", "reloading") or unit["restarts"] or unit["changed_at"] >= since)
    ]
    if changed:
        from ...parse.linux.unit_starts import refused_to_start
        from ...parse.php_fpm.starts import note_failures
    for _at, name in sorted(changed, key=lambda row: -row[0])[:MOST_JOURNALS]:
        unit = units[name]
        unit["log"], unit["said"] = journal(host, name)
        if unit["active"] == "failed" and len(unit["log"]) + len(unit["said"]) >= MOST_LINES:
            _read_last_start(host, name, unit)
        note_failures(unit["log"])
        unit["said"] = unit["said"][-MOST_OUTPUT:]
        if unit["active"] == "failed" and refused_to_start(unit["log"]):
            unit["start_limit_hit"] = True


def _read_last_start(host: Host, name: str, unit: "Unit") -> None:
    """The journal back to the last start, which refused ones or PHP's complaints may have pushed out."""
    from ...parse.linux.unit_starts import BEGUN, of_meaning, without_small_talk

    if not of_meaning(unit["log"], BEGUN):
        log, unit["said"] = journal(host, name, MANY_LINES)
        unit["log"] = without_small_talk(log, MOST_LINES)


def journal(host: Host, unit: str, lines: int = MOST_LINES) -> "UnitLog":
    from ...parse.linux.unit_starts import parse_journal

    options = ["-o", "json", "--output-fields=MESSAGE,UNIT,_PID,_EXE,_COMM", "-n", str(lines)]
    ran = host.run(["journalctl"] + options + ["--no-pager", "-q"] + unit_matches(unit))
    found = parse_journal(ran.out)
    root = host.is_root()
    if not found.lines and (ran.rc != 0 or not root):
        why = ": " + ran.failure if ran.rc != 0 else " shows nothing to this user"
        host.miss(
            "unit_log",
            unit,
            "journalctl -u " + unit + why,
            None if root else "root or the group systemd-journal",
        )
    return found
