# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restart php-fpm's unit: the only thing that brings back a socket file that was deleted under it, or a listen address that it has not read."""

from typing import Any, Dict, List

from ..step import Step
from .view import View, fpm_trial, systemctl


def _unloaded(view: View, unit: str) -> List[str]:
    """The files of the pools that nginx dials and the running php-fpm has not read: to load them is what the restart is for."""
    dialled = {target["endpoint"] for route in view.snapshot["nginx"]["routes"] for target in route["endpoints"]}
    found: List[str] = []
    for master in view.snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["unit"] == unit else ():
            place = view.snapshot["endpoints"].get(pool["endpoint"]) or {}
            if pool["endpoint"] in dialled and place.get("listening") is False:
                found += [pool["file"], pool["listen_file"]]
    return list(dict.fromkeys(found))


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    trials = [fpm_trial(master) for master in view.snapshot["fpm"]["masters"] if master["unit"] == arguments["unit"]]
    restart = systemctl("restart", arguments["unit"])
    return Step("unit_restart", arguments["unit"], [], trials, [restart], meant=_unloaded(view, arguments["unit"]))
