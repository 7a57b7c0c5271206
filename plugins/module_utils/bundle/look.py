# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that a host hands on to somebody else: the diagnosis, its snapshot, the configuration as it may be
shown. Every text of it has lost its secrets before it leaves.
"""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple, cast

from ..collect.configuration import Text, texts, versions
from ..collect.host import Host
from ..collect.snapshot import take
from ..exchange.reply import fit, sendable
from ..parse.redact import clean
from ..rules.diagnose import diagnose
from .strict import strict
from .texts import shown

if TYPE_CHECKING:
    from ...plugin_utils.shapes.bundle import Handed, LeftOut
    from ...plugin_utils.shapes.finding import Verdict
    from ...plugin_utils.shapes.snapshot import Snapshot

CONFIGURATION_SECONDS = 20.0  # beyond the look


class Look(NamedTuple):
    """snapshot: {} where it would be judged otherwise without its secrets."""

    verdict: "Verdict"
    snapshot: "Dict[str, Snapshot]"
    handed: "Handed"


def essence(verdict: "Verdict") -> Tuple[str, List[Tuple[str, Optional[str], str]]]:
    """What must be the same wherever it is judged."""
    return verdict["status"], [(item["cause"], item["reason"], item["state"]) for item in verdict["findings"]]


def _missed(host: Host, before: int) -> "List[LeftOut]":
    """What could not be read since then."""
    return [
        {"what": entry["what"], "path": entry["path"], "why": entry["why"]} for entry in host.missing[before:]
    ]


def look(host: Host, window: int, probe_seconds: float, seconds: float) -> Look:
    snapshot = take(host, window, probe_seconds, seconds)
    verdict = diagnose(snapshot)
    left_out: List[LeftOut] = []
    found: List[Text] = []
    known: Dict[str, List[str]] = {}
    host.deadline = host.monotonic() + CONFIGURATION_SECONDS
    # The snapshot is whole: what is missing from here on is none of its.
    host.missing = list(host.missing)
    before = len(host.missing)
    try:
        found = texts(host, snapshot["nginx"], snapshot["fpm"])
        known = versions(host, snapshot["nginx"], snapshot["fpm"])
    except Exception as error:
        why = "it could not be read (%s), so secrets were known by their looks alone" % type(error).__name__
        left_out.append({"what": "configuration", "path": None, "why": why})
    left_out += _missed(host, before)
    files, unshown, scrubber = shown(found)
    diagnosis = cast("Verdict", scrubber.data(fit(sendable(verdict)), strict))
    kept = cast("Snapshot", scrubber.data(sendable(snapshot), strict))
    kept_as: Dict[str, Snapshot] = {"snapshot": kept}
    if essence(diagnose(kept)) != essence(verdict):
        why = "without its secrets it would be judged otherwise: the verdict is that of the host"
        left_out.append({"what": "snapshot", "path": None, "why": why})
        kept_as = {}
    handed: Handed = {
        "configuration": files,
        "versions": cast("Dict[str, List[str]]", scrubber.data(clean(known), strict)),
        "left_out": cast("List[LeftOut]", scrubber.data(clean(left_out + unshown), strict)),
    }
    return Look(diagnosis, kept_as, handed)
