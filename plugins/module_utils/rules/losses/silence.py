# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites of whose lost requests no error log tells, and whether their access logs do instead.

A snapshot from before 0.5.0 tells nothing of it: there no site is silent.
"""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ...parse.nginx.site_logs import goes_to_journal, shows, writes
from ...parse.nginx.sites import Place
from ...parse.php_fpm.zlog import QUIET
from ..missing import unseen

if TYPE_CHECKING:
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.nginx import ErrorLog, SiteLogs
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..seen import Seen

MOST_NAMED = 3  # sites in an entry
_JOURNAL = "journal:"  # how the path of a log in a journal begins
_UNLOGGED = {
    "off": "access_log is off",
    "error_page": "an error_page answers with another status than was lost",
    "too_many": "it has too many access logs",
}


def silent_sites(snapshot: "Snapshot") -> List["SiteLogs"]:
    """With locations of whose lost requests neither a file nor a journal that was read tells; only these logs
    are left in "silent".
    """
    sites = snapshot["nginx"].get("site_logs") or []
    hidden = [site for site in sites if site["silent"]]
    if not hidden:
        return []
    files = snapshot["logs"]["files"]
    journal = any(entry["complete"] and str(entry["path"]).startswith(_JOURNAL) for entry in files)
    found: List[SiteLogs] = []
    for site in hidden:
        logs = [log for log in site["silent"] if not (journal and goes_to_journal(log))]
        found += [{**site, "silent": logs}] if logs else []
    return found


def mute_sites(snapshot: "Snapshot") -> List["SiteLogs"]:
    """The same, and those whose error log could not be read."""
    broken = {entry["path"] for entry in snapshot["missing"] if entry["what"] == "nginx_log"}
    silent = silent_sites(snapshot)
    known = [(site["server"]["file"], site["server"]["line"]) for site in silent]
    return silent + [
        site
        for site in (snapshot["nginx"].get("site_logs") or [] if broken else [])
        if (site["server"]["file"], site["server"]["line"]) not in known
        and any(log["target"] in broken for log in site["errors"])
    ]


def read_of(snapshot: "Snapshot") -> Dict[str, Optional[str]]:
    """Why an access log does not tell all of the window, by its path."""
    access = snapshot.get("access")
    return {entry["path"]: entry["why"] for entry in access["files"]} if access else {}


def uncovered(read: Dict[str, Optional[str]], site: "SiteLogs") -> Optional[str]:
    """Why the access logs of a site do not tell of each lost request; None: they do. read: see read_of()."""
    if site["unlogged"]:
        return _UNLOGGED[site["unlogged"][0]]
    for log in site["access"]:
        name = str(log["written"])[:200]
        if log["filtered"] or log["late"] or log["gzip"]:
            what = "if= leaves requests out" if log["filtered"] else "lines wait in nginx's buffer"
            return "of access_log %s %s" % (name, what)
        if not log["paths"]:
            return "where access_log %s leads is decided at run time" % name
        for path in log["paths"]:
            why = read.get(path, "it goes to no file that was read")
            if why:
                return "access log %s: %s" % (path[:200], why)
    return None


def unheard_sites(seen: "Seen") -> Dict[Place, str]:
    """Sites of whose lost requests no log tells: why not the access log."""
    read = read_of(seen.snapshot)
    sites = [(site, uncovered(read, site)) for site in mute_sites(seen.snapshot)]
    return {(site["server"]["file"], site["server"]["line"]): why for site, why in sites if why}


def _words(log: "ErrorLog") -> str:
    target, level = str(log["target"]), str(log["level"])
    if target.startswith("/dev/null"):
        words = "errors are thrown away"
    elif not shows(level):
        words = "level %s hides most lost requests" % level
    else:
        words = "errors go to %s, which was not read" % target.partition(":")[0]
    return words + (" (%s:%s)" % (log["file"], log["line"]) if log["file"] else "")


def hidden_errors(snapshot: "Snapshot") -> List["Missing"]:
    """Sites whose access log, as visitors do, sees errors of PHP as successes."""
    words = "line %s: %s: visitors of %s, and its access log, see what PHP answers with 500 as a success"
    formats = (snapshot["nginx"].get("log_formats") or {}).items()
    blind = [name for name, form in formats if not writes(form, "upstream_status")]
    return [
        {
            **unseen("hidden_errors", page["file"], words % (page["line"], page["written"], site["site"])),
            "needs": "$upstream_status in its log_format",
        }
        for site in snapshot["nginx"].get("site_logs") or []
        for page in ([site["hiding"]] if "hiding" in site else [])
        if any(log["format"] in blind for log in site["access"])
    ]


def quiet_masters(snapshot: "Snapshot") -> List["Missing"]:
    """Masters whose level hides what fpm_children.c and fpm_process_ctl.c log of workers, at warning."""
    why = "log_level = %s: php-fpm logs neither crashed and terminated workers nor that a pool was full"
    return [
        {**unseen("fpm_log", master["config"], why % master["log_level"]), "needs": "log_level = notice"}
        for master in snapshot["fpm"]["masters"]
        if master["running"] and master["log_level"] in QUIET
    ]


def gaps(snapshot: "Snapshot") -> List["Missing"]:
    """An entry of missing for each error log that hides losses. Where access logs tell their number, it is
    none that health depends on.
    """
    read = read_of(snapshot)
    sites: Dict[Tuple[str, str, bool], List[Tuple[SiteLogs, ErrorLog, Optional[str]]]] = {}
    for site in silent_sites(snapshot):
        why = uncovered(read, site)
        for log in site["silent"]:
            sites.setdefault((log["target"], log["level"], why is None), []).append((site, log, why))
    found: List[Missing] = []
    for (target, _level, covered), hidden in sites.items():
        names = [site["site"] or "default" for site, _log, _why in hidden]
        shown = ", ".join(names[:MOST_NAMED]) + (" and others" if len(names) > MOST_NAMED else "")
        instead = "the access log counts them" if covered else "%s: %s" % (shown, hidden[0][2])
        words = "%s; %s" % (_words(hidden[0][1]), instead)
        entry = unseen("nginx_error_log" if covered else "nginx_log", target, words)
        is_file = target.startswith("/") and not target.startswith("/dev/")
        needs = "error_log %s error;" % target if is_file else "an error_log of level error in a file"
        found.append({**entry, "needs": needs})
    return found
