# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can write what root loads becomes root with the next reload."""

from typing import TYPE_CHECKING, List, Tuple, Union

from ..parse.nginx.sites import sites_of
from .model import Cause, HostRule, Match, Place, Reason, evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause("writable_config", ("fpm", "nginx"), severity="warning")


def _writable(snapshot: "Snapshot", _found: List[Match]) -> List[Match]:
    sites = sites_of(snapshot["nginx"]["routes"])
    parts: List[Tuple[str, Union["Nginx", "Master"]]] = [("nginx", snapshot["nginx"])]
    parts += [("fpm", master) for master in snapshot["fpm"]["masters"]]
    matches = []
    for reason_id, part in parts:
        writable = part.get("writable")
        if not writable or not sites:
            continue
        text = "%s can write %s" % (writable["who"], writable["path"])
        words = "%s, which %s loads as root." % (text, part["config"])
        proof = evidence("file", text, writable["path"])
        place = Place(None, part["unit"])
        reason = Reason(words, [proof], state="latent", place=place, servers=sites)
        matches.append(Match(CAUSE, reason_id, reason))
    return matches


RULE = HostRule("writable_config", (CAUSE,), (_writable,))
