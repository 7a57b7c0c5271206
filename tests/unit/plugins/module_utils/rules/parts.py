# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are in the snapshot of a host with one master and one site."""

from typing import Any, Dict, List

Snapshot = Dict[str, Any]


def key(snapshot: Snapshot) -> str:
    """The endpoint that the first site dials."""
    return str(snapshot["nginx"]["routes"][0]["endpoints"][0]["endpoint"])


def place(snapshot: Snapshot) -> Dict[str, Any]:
    """What was seen of it."""
    return snapshot["endpoints"][key(snapshot)]


def master(snapshot: Snapshot) -> Dict[str, Any]:
    return snapshot["fpm"]["masters"][0]


def unit(snapshot: Snapshot) -> Dict[str, Any]:
    return master(snapshot)["unit_state"]


def pool(snapshot: Snapshot) -> Dict[str, Any]:
    return master(snapshot)["pools"][0]


def route(snapshot: Snapshot) -> Dict[str, Any]:
    return snapshot["nginx"]["routes"][0]


def kill(snapshot: Snapshot) -> Dict[str, Any]:
    """The first one of the OOM killer."""
    return snapshot["oom"]["kills"][0]


def now(snapshot: Snapshot) -> float:
    return float(snapshot["taken_at"])


def events(snapshot: Snapshot, source: str, begins: str = "") -> List[Dict[str, Any]]:
    """Those of a source, nginx or fpm. begins: so does their signature."""
    return [
        event
        for event in snapshot["logs"]["events"]
        if event["source"] == source and event["signature"].startswith(begins)
    ]
