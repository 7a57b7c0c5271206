# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing was lost in the window: when something was shortly before it."""

from typing import TYPE_CHECKING, List, Optional, Tuple

from ..parse.timestamps import LOG_SECOND
from .missing import unseen
from .silence import silent_sites

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Earlier
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.snapshot import Snapshot

SHORTLY = 86400.0  # seconds
WINDOWS = (1800, 3600, 7200, 10800, 21600, 43200, 86400, 90000)


def _last(snapshot: "Snapshot") -> Optional[Tuple[str, "Earlier"]]:
    """(log, loss). An access log is asked where the error log is silent: PHP may answer 502 on purpose."""
    files = list(snapshot["logs"]["files"])
    access = snapshot.get("access")
    if access and silent_sites(snapshot):
        files += access["files"]
    seen = [(entry["path"], entry.get("earlier")) for entry in files]
    losses = [(path, loss) for path, loss in seen if loss]
    return max(losses, key=lambda loss: loss[1]["at"], default=None)


def ago(seconds: float) -> str:
    if seconds < 5400:
        return "%d min" % round(seconds / 60)
    return "%d h" % round(seconds / 3600)


def _is_over(snapshot: "Snapshot", at: float) -> bool:
    """False where the probe cannot tell: it asks what the files name. An nginx that lost a request before
    they were changed may dial another place, and nobody has asked it since.
    """
    nginx, access = snapshot["nginx"], snapshot.get("access")
    loaded = nginx["loaded"]["at"] if "loaded" in nginx else None
    asked = [file.get("newest") or 0.0 for file in access["files"]] if access else []
    return not nginx["config_newer"] or at < (loaded or 0.0) or max(asked, default=0.0) > at + LOG_SECOND


def note(snapshot: "Snapshot") -> List["Missing"]:
    """An entry of missing. Health depends on it where the cause of the loss may be there still."""
    last = _last(snapshot)
    if last is None:
        return []
    path, loss = last
    age = snapshot["taken_at"] - loss["at"]
    window = next((window for window in WINDOWS if window > age), None)
    if not snapshot["window"] < age <= SHORTLY or window is None:
        return []
    minute = int(loss["at"] + snapshot["host"]["utc_offset"]) // 60 % 1440
    what = loss["status"] or "lost request"
    why = "last %s at %02d:%02d, %s ago; diagnose_window=%d looks back to it"
    why %= (what, minute // 60, minute % 60, ago(age), window)
    if not _is_over(snapshot, loss["at"]):
        older = "nginx has not loaded its files since they were changed, and nobody asked since: "
        return [unseen("older_configuration", path, older + why)]
    return [unseen("earlier_losses", path, why)]
