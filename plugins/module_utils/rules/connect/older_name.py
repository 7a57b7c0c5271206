# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that nginx looked up when it loaded its files (ngx_parse_url), and that may lead elsewhere now.

Whoever looks now dials what the name leads to now. What nginx dials its own log alone tells.
"""

from typing import TYPE_CHECKING, List, Sequence, Tuple

from ...parse.endpoint import is_loopback
from ...parse.timestamps import LOG_SECOND
from ..case import Case
from ..engine import doubted
from ..losses.earlier import last_request
from ..missing import unseen
from ..model import evidence
from .impostor import CAUSE as IMPOSTOR
from .socket_path_mismatch import CAUSE as MISMATCH

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.missing import Missing

OF_ADDRESS = (IMPOSTOR.id, MISMATCH.id)
LATER = "%s was changed since nginx looked %s up: it may dial another address until it is reloaded"


def _with_doubt(case: Case, item: "Finding", words: str) -> "Finding":
    if item["state"] != "active":
        return item
    proof = item["evidence"] + [evidence("file", words, case.endpoint["name_source"]["path"])]
    found: Finding = {**item, "evidence": proof}
    if item["cause"] not in OF_ADDRESS:
        return {**found, "confidence": "likely"} if item["confidence"] == "certain" else found
    found = doubted(found)
    # A request that fails is in the log, but not one that a stranger answers.
    is_active = case.losses or case.unheard or case.foreign_listeners
    return found if is_active else {**found, "state": "latent", "severity": "warning"}


def by_older_name(case: Case, findings: Sequence["Finding"]) -> "Tuple[List[Finding], List[Missing]]":
    """The findings as far as they hold whatever nginx dials, and what is not known of that."""
    source, loaded = case.endpoint["name_source"], case.snapshot["nginx"].get("loaded")
    loaded_at, changed_at = loaded["at"] if loaded else None, source["changed_at"]
    is_newer = loaded_at is not None and changed_at > loaded_at
    if not is_newer or all(route["variable"] for route in case.routes):
        return list(findings), []
    name = str(case.endpoint["address"])
    words = LATER % (source["path"], name)
    found = [_with_doubt(case, item, words) for item in findings]
    is_known = case.losses or any(item["state"] == "active" for item in found)
    visits = [last_request(case.snapshot, route["site"]) for route in case.routes]
    was_visited = min(visits) > changed_at + LOG_SECOND
    if is_known or (case.answers and (was_visited or is_loopback(name))):
        return found, []
    return found, [unseen("live_probe", case.key, words)]
