# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: the php-fpm master that should serve the endpoint does not run, or did not for a while."""

from typing import TYPE_CHECKING, List, Optional

from ...signatures.nginx import HIDDEN
from ..case import NOBODY_THERE, Case
from ..model import NOTHING, Answer, Cause, Clear, Match, Reason, Rule, Unclear, first_line, ids
from .whereabouts import name_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master

CAUSE = Cause(
    "fpm_not_running",
    ids(
        "account_late address_family address_in_use address_unavailable apparmor bind_failed "
        "condition_failed config_invalid crashed dependency_failed disk_full extension_failed "
        "limit_reached log_unwritable masked not_executable not_installed oom_stopped oomd_killed "
        "orphaned other_config php_ini_invalid pid_file_unwritable preload_failed program_crashes "
        "read_only reload_failed runtime_dir_missing selinux_label selinux_port shared_memory "
        "start_command_failed start_failed start_limit_hit start_timeout stopped stopped_often stopping "
        "system_call too_many_children unit_setup_failed unknown_user"
    ),
    code=1,
    rules_out_others=True,
    of_unit=True,
)


def _masters(case: Case) -> "List[Master]":
    """Those that should serve the endpoint, as far as that is known."""
    return [owner.master for owner in case.owners] or case.masters


def _is_elsewhere(case: Case) -> Answer:
    return None if case.is_local else NOTHING


def _not_installed(case: Case) -> Answer:
    """Nobody is there, and no php-fpm exists that could be."""
    if case.masters:
        return None
    is_there = case.connect["result"] not in ("missing", "refused") or case.endpoint.get("listening")
    blind = case.seen.blind & {"processes", "fpm_container", "units"}
    if is_there or blind or not case.looks_like_php:
        return NOTHING
    lost = case.lost(NOBODY_THERE | HIDDEN)
    reason = Reason(
        "no php-fpm was found on this host: no process, no unit, no program.",
        [case.dialled()] + first_line(lost),
        lost,
        confidence="likely",
        explains=case.losses,
    )
    return Match(CAUSE, "not_installed", reason)


def _odd(case: Case) -> Optional[Match]:
    if not case.orphans and "made_by" not in case.endpoint:
        return None
    from .odd_masters import of_masked_service, orphaned

    return orphaned(CAUSE, case) if case.orphans else of_masked_service(CAUSE, case)


def _not_running(case: Case) -> Optional[Match]:
    from .not_running import not_running

    return not_running(CAUSE, case)


def _stopping(case: Case) -> Optional[Match]:
    """Its workers still end what they do."""
    units = [master["unit_state"] for master in _masters(case) if master["running"]]
    ending = any(unit["active"] == "deactivating" for unit in units if unit)
    return _not_running(case) if ending and not case.answers else None


def _runs(case: Case) -> Answer:
    up = sorted({name_of(master) for master in _masters(case) if master["running"]})
    if not up and not case.answers and not any(each["fpm"] for each in case.endpoint.get("listeners") or ()):
        return None
    if case.losses or case.early:
        from .fpm_was_down import was_down

        match = was_down(case, CAUSE)
        if match:
            return match
    return Clear("%s runs" % ", ".join(up) if up else "php-fpm listens on %s" % case.key)


def _unseen(case: Case) -> Answer:
    """Without root the processes may be hidden: systemd's word, or a listener without a known holder, says
    that it runs.
    """
    units = [master["unit_state"] for master in _masters(case) if master["unit_state"]]
    # A unit that was made of a script stays active (exited) when its process is gone.
    states = [unit["active"] for unit in units if unit["sub"] != "exited"]
    held = case.endpoint.get("listening") and not case.endpoint.get("listeners") and not any(states)
    if not held and "active" not in states and "reloading" not in states:
        return None
    why = "something listens on " + case.key if held else "its unit is active"
    return Unclear("live_probe", "no php-fpm master was seen, though %s" % why)


RULE = Rule(
    "fpm_not_running",
    (CAUSE,),
    (_is_elsewhere, _odd, _not_installed, _stopping, _runs, _unseen, _not_running),
)
