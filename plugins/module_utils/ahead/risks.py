# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a host with what its risks are told by."""

from copy import deepcopy
from typing import TYPE_CHECKING

from ..collect.host import Host
from ..collect.latent.look import look
from ..collect.latent.registry import SUBJECTS
from ..collect.snapshot import take
from .look import MOST_PROBLEMS, foreseen

if TYPE_CHECKING:
    from ...plugin_utils.shapes.risks import RestartFacts
    from ...plugin_utils.shapes.snapshot import Snapshot


def restart_facts(host: Host, snapshot: "Snapshot") -> "RestartFacts":
    """No start is tried: the script of opcache.preload would run, and a diagnosis runs no PHP."""
    ahead = foreseen(host, deepcopy(snapshot), False)
    unified = host.type_of("/sys/fs/cgroup/cgroup.controllers") is not None
    return {"problems": ahead.problems[:MOST_PROBLEMS], "cuts": ahead.cuts, "sees_oom": unified}


def take_with_risks(host: Host, window: int, probe_seconds: float, seconds: float) -> "Snapshot":
    """The same as take() within the same time, with "risks" in it. Risks have what time is left."""
    until = host.monotonic() + seconds
    snapshot = take(host, window, probe_seconds, seconds)
    if snapshot["nginx"]["routes"]:
        host.deadline = until
        snapshot["risks"] = look(host, snapshot, {"restart": restart_facts, **SUBJECTS})
        host.deadline = float("inf")
    return snapshot
