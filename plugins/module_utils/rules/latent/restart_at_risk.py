# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""It runs, and what starts, stops or loads it next would end that. Most of it is foreseen by ahead/."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...parse.endpoint import parse
from ...parse.nginx.sites import sites_of
from ..master.whereabouts import directory_of
from ..model import NOWHERE, Cause, Place, Remedy, evidence, ids
from .model import LatentRule, Risk, risk
from .served import served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.restart import RestartProblem
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "restart_at_risk",
    ids(
        "config_differs config_fails oom_stops_unit php_upgraded reload_cuts runtime_dir_not_at_boot "
        "socket_lost start_fails started_by_hand swap_not_in_fstab unit_masked unit_not_enabled"
    ),
    severity="warning",
)
# Kind of a problem (ahead/problems.py) -> reason.
REASONS: Dict[str, str] = {
    "unit_disabled": "unit_not_enabled",
    "unit_masked": "unit_masked",
    "unit_missing": "started_by_hand",
    "socket_directory_lost": "runtime_dir_not_at_boot",
    "config_refused": "config_fails",
    "start_refused": "start_fails",
    "start_fails": "start_fails",
    "address_taken": "start_fails",
    "program_missing": "start_fails",
    "no_listener": "socket_lost",
    "socket_denied": "socket_lost",
    "config_not_loaded": "config_differs",
    "unit_changed": "config_differs",
    "program_replaced": "php_upgraded",
}
_BY_SYSTEMD = ("unit_disabled", "unit_masked", "unit_changed", "start_refused")
# Restart= with which systemd does not start a service again that it stopped for an OOM kill,
# service_shall_restart() in service.c.
_STAYS_DOWN = ("no", "on-success", "on-abort", "on-watchdog")
_STOPPED_WHOLE = ("stop", "kill")  # OOMPolicy=


def _remedy(problem: "RestartProblem") -> Sequence[Remedy]:
    unit, path = problem["unit"], parse(problem["endpoint"] or "").path
    if not unit:
        return ()
    if problem["kind"] == "unit_disabled":
        return [Remedy("unit_enable", {"unit": unit})]
    if problem["kind"] == "socket_directory_lost" and path:
        return [Remedy("runtime_directory_create", {"path": directory_of(path), "unit": unit})]
    return ()


def _foreseen(snapshot: "Snapshot", problem: "RestartProblem") -> Optional[Risk]:
    """What is so already is no risk: other causes tell it. An nginx that runs on beside a newer one serves as
    before, and a reload does not run that.
    """
    kind, program = problem["kind"], problem["program"]
    if kind not in REASONS or problem["already"] or (kind, program) == ("program_replaced", "nginx"):
        return None
    if kind == "start_refused" and problem["at"] == ["restart"]:
        return None  # whom a restart by hand would stop as well, and whether one is allowed, somebody chose
    servers = sites_of(snapshot["nginx"]["routes"])
    return risk(
        REASONS[kind],
        problem["summary"],
        [
            evidence(
                "systemd" if kind in _BY_SYSTEMD else program,
                problem["summary"],
                problem["file"],
                problem["line"],
            )
        ],
        _remedy(problem),
        problem["confidence"],
        "info" if problem["severity"] == "info" else "warning",
        Place(problem["pool"], problem["unit"]),
        [site for site in servers if site["name"] in problem["sites"]],
        problem["endpoint"],
    )


def _oom(snapshot: "Snapshot", master: "Master") -> Optional[Risk]:
    """systemd sees an OOM kill of a unit's process in cgroup v2 alone, unit_check_oom() in unit.c."""
    facts, unit = snapshot.get("risks", {}).get("restart"), master["unit_state"]
    if facts is None or not facts["sees_oom"] or unit is None:
        return None
    policy, restart = unit["oom_policy"], unit["restart"]
    if policy not in _STOPPED_WHOLE or restart not in _STAYS_DOWN:
        return None
    return risk(
        "oom_stops_unit",
        "One OOM kill stops %s with all its pools, and nothing starts it again." % unit["name"],
        [evidence("systemd", "OOMPolicy=%s, Restart=%s" % (policy, restart), unit["fragment"])],
        [Remedy("unit_oom_policy", {"unit": unit["name"]})],
        about=master,
    )


def _cuts(master: "Master") -> Optional[Risk]:
    """By what the master has loaded: where its files are newer, that is not known."""
    if master["process_control_timeout"] or master["config_newer"] is not False:
        return None
    remedy = [Remedy("reload_grace_set", {"config": master["config"], "unit": master["unit"]})]
    words = "A reload of %s cuts every request that runs then."
    text = "process_control_timeout is 0: the workers are ended at once"
    return risk(
        "reload_cuts",
        words % (master["unit"] or "php-fpm with %s" % master["config"]),
        [evidence("php-fpm", text, master["config"])],
        remedy if master["unit"] else (),
        severity="info",
        about=master,
    )


def _swap(snapshot: "Snapshot") -> List[Risk]:
    return [
        risk(
            "swap_not_in_fstab",
            "%s gives %d MiB of swap, and no boot would use it." % (area["path"], area["size_kb"] // 1024),
            [evidence("memory", "in use by /proc/swaps, with no line in fstab and no unit", area["path"])],
            [Remedy("swap_keep", {"path": area["path"]})] if area["kind"] == "file" else (),
            "likely",
            place=NOWHERE,
            facts={"path": area["path"]},
        )
        for area in snapshot.get("risks", {}).get("swap", [])
        if not area["kept"]
    ]


def _relevant(problems: "Sequence[RestartProblem]") -> "List[RestartProblem]":
    """Where files would break a restart, nobody is told that they wait for a reload."""
    breaks = any(
        problem["severity"] != "info" and "restart" in problem["at"] and not problem["already"]
        for problem in problems
    )
    return [problem for problem in problems if not (breaks and problem["kind"] == "config_not_loaded")]


def _starts(snapshot: "Snapshot") -> List[Risk]:
    facts = snapshot.get("risks", {}).get("restart")
    found = [_foreseen(snapshot, problem) for problem in _relevant(facts["problems"])] if facts else []
    return [each for each in found if each]


def _masters(snapshot: "Snapshot") -> List[Risk]:
    found: List[Optional[Risk]] = []
    served = served_pools(snapshot) if snapshot.get("risks", {}).get("restart") else []
    for master in {id(each.master): each.master for each in served}.values():
        found += [_oom(snapshot, master), _cuts(master)]
    return [each for each in found if each]


RULE = LatentRule("restart_at_risk", CAUSE, (_starts, _masters, _swap))
