# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can write what root loads becomes root with the next reload."""

from functools import partial
from typing import TYPE_CHECKING, List, Optional, Tuple, Union

from .model import Cause, HostRule, Match, Place, Reason, evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.snapshot import Snapshot
    from .group import Group, Question

Part = Union["Nginx", "Master"]
CAUSE = Cause("writable_config", ("fpm", "nginx"), severity="warning")


def _writable(reason_id: str, part: Part, _group: "Group") -> Optional[Match]:
    writable = part.get("writable")
    if not writable:
        return None
    text = "%s can write %s" % (writable["who"], writable["path"])
    words = "%s, which %s loads as root." % (text, part["config"])
    proof = evidence("file", text, writable["path"])
    return Match(CAUSE, reason_id, Reason(words, [proof], state="latent", place=Place(None, part["unit"])))


def _loaded_as_root(snapshot: "Snapshot") -> List["Question"]:
    nginx = snapshot["nginx"]
    parts: List[Tuple[str, Part]] = [("nginx", nginx)]
    parts += [("fpm", master) for master in snapshot["fpm"]["masters"]]
    if not nginx["routes"] or not any(part.get("writable") for _reason, part in parts):
        return []
    from .group import Group, Question

    return [Question(Group(snapshot, nginx["routes"]), (partial(_writable, *each),)) for each in parts]


RULE = HostRule("writable_config", (CAUSE,), (_loaded_as_root,))
