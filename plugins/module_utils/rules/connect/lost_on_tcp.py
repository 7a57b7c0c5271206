# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a port may refuse, and a unix socket not."""

import errno
from typing import TYPE_CHECKING, List, Optional

from ...signatures.lookup import meanings
from ...signatures.nginx import UNREACHED
from ..case import Case, site_reconfigured
from ..losses.revisits import since_reload
from ..model import Match, Reason, evidence, likely, sample
from ..nginx.nginx_errors import NGINX_LIMIT, OWN

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence

UNBOUND = meanings("unbound")


def not_allowed(case: Case) -> Optional[Reason]:
    """php-fpm closes a connection from an address outside listen.allowed_clients unread (main/fastcgi.c)."""
    owner = next((owner for owner in case.running if owner.pool["allowed_clients"]), None)
    if case.probe["result"] != "closed" or owner is None:
        return None
    pool = owner.pool
    allowed = "listen.allowed_clients = %s" % ",".join(pool["allowed_clients"])
    words = "php-fpm closes connections to %s: pool %s does not allow nginx's address." % (
        case.key,
        pool["name"],
    )
    proof = [
        evidence("probe", "%s: the connection was closed without an answer" % case.key),
        evidence("php-fpm", allowed, pool["file"]),
    ]
    return likely(words, proof, case.losses, place=owner.place)


def no_port(case: Case) -> Optional[Match]:
    """The reason is nginx's own. Where nobody listens the address may be missing."""
    lost = [loss for loss in case.lost(UNREACHED) if loss.event["detail"].get("errno") == errno.EADDRNOTAVAIL]
    if not lost or not case.running or not case.endpoint.get("listening"):
        return None
    now = case.connect.get("errno") == errno.EADDRNOTAVAIL
    words = "nginx found no free local port for a connection to %s."
    last = lost[-1].event
    bound = lost[-1].meaning in UNBOUND
    if bound:
        address = last["detail"].get("address", "an address")
        words = "nginx is to dial %%s from %s (fastcgi_bind), which this host lacks." % address
    over = site_reconfigured(case.snapshot["nginx"], [last["site"]], last["last"] + 1)
    seen: "List[Evidence]" = []
    if over and bound:
        over, seen = since_reload([loss.event for loss in lost], case.snapshot["nginx"])
    reason = likely(
        words % case.key,
        [case.dialled(), sample(last), *seen],
        lost,
        state="recovered" if bound and over else "active",
        severity="critical" if now else None,
    )
    return Match(OWN, "bind_address", reason) if bound else Match(NGINX_LIMIT, "ports", reason)
