# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers of nginx that do not run."""

from typing import TYPE_CHECKING, List

from ..missing import unseen

if TYPE_CHECKING:
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.snapshot import Snapshot


def halted_nginx(snapshot: "Snapshot") -> List["Missing"]:
    """nginx's workers are there and do not run."""
    why = {"blocked": "a write to a log waits for its reader"}
    kinds = {
        process["pid"]: why.get(process["kind"], process["kind"]) for process in snapshot.get("halted") or []
    }
    workers = snapshot["nginx"]["workers"] if kinds else []
    held = [kinds[pid] for pid in workers if pid in kinds]
    if not held:
        return []
    text = "%d of %d workers of nginx do not run (%s): they answer no request"
    what: What = "nginx_running" if len(held) == len(workers) else "nginx_workers"
    return [unseen(what, snapshot["nginx"]["config"], text % (len(held), len(workers), held[0]))]
