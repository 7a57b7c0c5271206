# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing was lost in the window: when something was shortly before it."""

from typing import TYPE_CHECKING, List, Optional, Tuple

from ...parse.timestamps import LOG_SECOND
from ..missing import unseen
from .silence import silent_sites

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Selinux
    from ....plugin_utils.shapes.logs import Earlier
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.snapshot import Snapshot

SHORTLY = 86400.0  # seconds
MOST_LOGS = 64
WINDOWS = (1800, 3600, 7200, 10800, 21600, 43200, 86400, 90000)


def _losses(snapshot: "Snapshot") -> List[Tuple[str, "Earlier"]]:
    """(log, loss), the newest first. An access log is asked where the error log is silent: PHP may answer 502
    on purpose.
    """
    files = list(snapshot["logs"]["files"])
    access = snapshot.get("access")
    if access and silent_sites(snapshot):
        files += access["files"]
    seen = [(entry["path"], entry.get("earlier")) for entry in files]
    losses = [(path, loss) for path, loss in seen if loss]
    return sorted(losses, key=lambda loss: -loss[1]["at"])


def ago(seconds: float) -> str:
    if seconds < 5400:
        return "%d min" % round(seconds / 60)
    return "%d h" % round(seconds / 3600)


def last_request(snapshot: "Snapshot", site: Optional[str]) -> float:
    """When the site was asked last. A log that sites share does not tell whose lines are the newest."""
    access, times = snapshot.get("access"), [0.0]
    logs = snapshot["nginx"].get("site_logs") or []
    for file in access["files"] if access else []:
        theirs = {
            each["site"] for each in logs if any(file["path"] in log["paths"] for log in each["access"])
        }
        if site is None or theirs <= {site}:
            times.append(file.get("newest") or 0.0)
        times += [pages["last"] for pages in file.get("pages") or [] if pages["site"] == site]
    return max(times)


def _is_loaded(snapshot: "Snapshot", site: Optional[str]) -> bool:
    """Whether the files that lead this site to php-fpm are older than what nginx has loaded."""
    loaded = snapshot["nginx"].get("loaded")
    newer = (loaded.get("newer_files", []) + loaded.get("perhaps_newer", [])) if loaded else []
    routes = [route for route in snapshot["nginx"]["routes"] if route["site"] == site]
    files = {route["file"] for route in routes}
    files.update(target["file"] for route in routes for target in route["endpoints"])
    files.update(file for route in routes for file in route.get("value_files", ()))
    return bool(newer) and bool(files) and not files.intersection(newer)


def _was_asked(snapshot: "Snapshot", loss: "Earlier") -> bool:
    return last_request(snapshot, loss["site"]) > loss["at"] + LOG_SECOND


def _is_loaded_since(snapshot: "Snapshot", loss: "Earlier") -> bool:
    """False where the probe cannot tell: it asks what the files name. An nginx that lost a request before
    they were changed may dial another place, and nobody has asked for the site since.
    """
    nginx, at = snapshot["nginx"], loss["at"]
    loaded = nginx["loaded"]["at"] if "loaded" in nginx else None
    if not nginx["config_newer"] or at < (loaded or 0.0):
        return True
    return _was_asked(snapshot, loss) or _is_loaded(snapshot, loss["site"])


def _confined_by(snapshot: "Snapshot", loss: "Earlier") -> Optional[str]:
    """What may refuse nginx and not the probe, where nobody has asked for the site since."""
    known = snapshot.get("confinement")
    if known is None or loss["status"] not in (None, 502) or _was_asked(snapshot, loss):
        return None
    selinux, unit = known["selinux"], known["nginx_unit"]
    for profile in known["apparmor"] or []:
        if profile["program"] == "nginx" and profile["mode"] in ("enforce", "kill"):
            return "AppArmor's profile %s" % profile["name"]
    if unit and unit["calls"]:
        return "SystemCallFilter= of %s" % unit["unit"]
    if selinux and selinux["nginx"] not in (None, selinux["ours"]) and _by_a_port(snapshot, selinux):
        return "SELinux"
    return None


def _by_a_port(snapshot: "Snapshot", selinux: "Selinux") -> bool:
    """Whether an endpoint is a port whose type SELinux's policy was not asked for."""
    if selinux["booleans"].get("httpd_can_network_connect"):
        return False
    return any(
        facts.get("port") and not selinux["endpoints"].get(key)
        for key, facts in snapshot["endpoints"].items()
    )


def note(snapshot: "Snapshot") -> List["Missing"]:
    """An entry of missing. Health depends on it where the cause of a loss may be there still."""
    now = snapshot["taken_at"]
    losses = [
        (path, loss)
        for path, loss in _losses(snapshot)[:MOST_LOGS]
        if snapshot["window"] < now - loss["at"] <= SHORTLY
    ]
    if not losses:
        return []
    open_ones = [(path, loss) for path, loss in losses if not _is_loaded_since(snapshot, loss)]
    confined = [(path, loss) for path, loss in losses if _confined_by(snapshot, loss)]
    path, loss = (open_ones or confined or losses)[0]
    age = now - loss["at"]
    minute = int(loss["at"] + snapshot["host"]["utc_offset"]) // 60 % 1440
    what = loss["status"] or "lost request"
    window = next(window for window in WINDOWS if window > age)
    why = "last %s at %02d:%02d, %s ago; diagnose_window=%d looks back to it"
    why %= (what, minute // 60, minute % 60, ago(age), window)
    if open_ones:
        older = "nginx has not loaded its files since they were changed, and nobody asked %s since: "
        return [unseen("older_configuration", path, older % (loss["site"] or "a site") + why)]
    if confined:
        words = "%s may refuse nginx what it does not refuse this look, and nobody asked %s since: "
        words %= (_confined_by(snapshot, loss), loss["site"] or "a site")
        return [unseen("connect_as_nginx", path, words + why)]
    return [unseen("earlier_losses", path, why)]
