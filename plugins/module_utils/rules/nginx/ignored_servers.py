# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks whose names another one has: visitors get the site of that one."""

from functools import partial
from typing import TYPE_CHECKING, List

from ..group import Group, Question
from ..model import Match, evidence, likely
from .nginx_errors import OWN

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Ignored, NamedBlock
    from ....plugin_utils.shapes.snapshot import Snapshot

WORDS = "nginx ignores the server block at %s for %s%s: the one at %s is read first, and answers.%s"


def _at(block: "NamedBlock") -> str:
    return "%s:%s" % (block["file"], block["line"])


def _ignored(pair: "Ignored", _group: Group) -> Match:
    block, by, name = pair["block"], pair["by"], pair["names"][0] or "the default server"
    where = "server %s at %s" % (name, pair["address"])
    more = " and others" if len(pair["names"]) > 1 else ""
    alone = " No request reaches it." if pair["alone"] else ""
    reason = likely(
        WORDS % (_at(block), name, more, _at(by), alone),
        [
            evidence("nginx", where + ": ignored", block["file"], block["line"]),
            evidence("nginx", where + ": it is read first, and answers", by["file"], by["line"]),
        ],
        state="latent",
        servers=[by, block],
    )
    return Match(OWN, "server_ignored", reason)


def questions(snapshot: "Snapshot") -> List[Question]:
    """Where somebody looked at risks, vhost_shadowed tells them."""
    risks = snapshot.get("risks")
    if risks and "web" in risks:
        return []
    pairs = snapshot["nginx"].get("ignored") or []
    return [Question(Group(snapshot, ()), (partial(_ignored, pair),)) for pair in pairs]
