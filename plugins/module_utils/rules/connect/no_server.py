# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upstreams of which nginx asks no server, though one would answer: whether there are any."""

from typing import TYPE_CHECKING, Sequence

from ...signatures.lookup import meaning_of
from ...signatures.nginx import NO_SERVER
from ..model import Cause, HostRule, ids

if TYPE_CHECKING:
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..group import Question

CAUSE = Cause("no_live_server", ids("all_down max_conns none_left taken_out"))


def _all_out(snapshot: "Snapshot") -> Sequence["Question"]:
    found = [event for event in snapshot["logs"]["events"] if meaning_of(event) in NO_SERVER]
    shut = any(
        route["upstream"] and all(target["down"] for target in route["endpoints"])
        for route in snapshot["nginx"]["routes"]
    )
    if not found and not shut:
        return []
    from .no_server_reasons import questions

    return questions(snapshot, found)


RULE = HostRule("no_server", (CAUSE,), (_all_out,), of_nginx=True)
