# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 3: php-fpm runs, but not where nginx dials."""

import re
from typing import Any, Dict, List, Tuple

from ..parse.endpoint import parse
from .case import MISSING, REFUSED, Case, Owner, span
from .model import Clear, Match, Remedy, evidence, finding, sample

CAUSE = "socket_path_mismatch"
# Accounts of web servers, as distributions name them: their pool is for any site whose files are root's.
COMMON_ACCOUNTS = frozenset(("www-data", "apache", "nginx", "http", "wwwrun", "www"))
_VERSION = re.compile(r"php-?(?:fpm)?-?(\d)\.?(\d)(?!\d)")


def _elsewhere(case: Case) -> List[Owner]:
    """Pools of running masters, those first that are spoken to in the same way as the dialled endpoint."""
    found = [Owner(master, pool) for master in case.masters if master["running"] for pool in master["pools"] if pool["endpoint"]]
    there = parse(case.key)
    return sorted(found, key=lambda owner: (owner.pool["endpoint"].startswith("unix:") != (there.family == "unix"),
                                            parse(owner.pool["endpoint"]).port != there.port))


def _fitting(case: Case, others: List[Owner]) -> List[Owner]:
    """Of several pools, those of the PHP version that the dialled name tells and those that run as the owner of the site's files, where there are any."""
    told = _VERSION.search(case.key)
    named = [owner for owner in others if told and owner.master["version"] == "%s.%s" % told.groups()]
    owners = {route.get("root_owner") for route in case.routes}
    own = [owner for owner in named or others if owner.pool["user"] in owners]
    return own or named or others


def _may_serve(case: Case, owner: Owner) -> bool:
    """Whether a pool runs as the account whose files the sites are. Where they are root's, the distribution's own pool may."""
    owners = {route.get("root_owner") or "root" for route in case.routes}
    common = COMMON_ACCOUNTS | {case.snapshot["nginx"]["user"]}
    return owners == {owner.pool["user"]} or (owners == {"root"} and owner.pool["user"] in common)


def _reason(case: Case, others: List[Owner]) -> str:
    if case.endpoint.get("type") == "dangling_link":
        return "dangling_link"
    there = parse(case.key)
    here = parse(others[0].pool["endpoint"])
    if (there.family == "unix") != (here.family == "unix"):
        return "tcp_vs_unix"
    if there.family == "unix":
        return "other_socket"
    return "address_family" if there.port == here.port else "other_port"


def _unloaded(case: Case) -> Tuple[str, str, List[Remedy]]:
    """A pool is configured for the endpoint and its master runs, yet nothing is there: (reason, words, remedy)."""
    owner = case.running[0]
    restart = [Remedy("unit_restart", {"unit": owner.master["unit"]})] if owner.master["unit"] else []
    path = case.endpoint.get("path") or ""
    if case.endpoint.get("listener_path") or (path.startswith(("/tmp/", "/var/tmp/")) and (owner.master["unit_state"] or {}).get("private_tmp")):
        return "private_tmp", "php-fpm has a view of its own on %s, where nginx does not see its socket" % path, []
    if case.endpoint.get("listening") or case.endpoint.get("inode_matches") is False:
        return "socket_deleted", "php-fpm still listens on %s, but its file was deleted" % case.key, restart
    return "config_not_loaded", "pool %s is configured for %s, but the running php-fpm has not loaded that" % (owner.pool["name"], case.key), restart


def _match(case: Case, reason: str, words: str, proof: List[Dict[str, Any]], remedy: List[Remedy], owner: Owner, confidence: str = "certain") -> Match:
    lost = case.lost(MISSING | REFUSED)
    since, count = span(lost)
    return Match(finding(
        CAUSE, reason, words + ".", proof + ([sample(lost[0].event)] if lost else []), confidence=confidence, sites=case.sites, site=case.sites[0],
        endpoint=case.key, pool=owner.pool["name"], unit=owner.master["unit"], since=since, count=count, remedy=remedy), case.losses)


def examine(case: Case) -> Any:
    result = case.connect["result"]
    left_behind = result == "denied" and case.endpoint.get("listening") is False and not case.owners
    if result in ("ok", "full") or (result == "denied" and not left_behind):
        return Clear("something listens on %s" % case.key)
    refused = result in ("missing", "refused") or left_behind or (result == "error" and case.connect.get("errno") is not None)
    if not refused or not case.is_local:
        return None
    seen = evidence("probe", "connecting to %s as %s: %s" % (
        case.key, case.connect.get("as_user") or "ourselves", case.connect.get("error") or case.connect["result"]))
    if case.running:
        reason, words, remedy = _unloaded(case)
        master = case.running[0].master
        words_of = "the master (pid %s) runs since before %s was changed" if master["config_newer"] else "the master (pid %s) does not listen where %s says"
        changed = evidence("process", words_of % (master["pid"], case.running[0].pool["file"]),
                           path=case.running[0].pool["file"], line=case.running[0].pool["listen_line"], at=master["started_at"])
        proof = [changed, seen] if reason == "config_not_loaded" else [seen, evidence("socket", "the kernel lists a listener bound to %s" % case.key)]
        return _match(case, reason, words, proof, remedy, case.running[0], "certain" if reason != "config_not_loaded" or master["config_newer"] else "likely")
    others = _elsewhere(case)
    if case.owners or not others:
        return None
    route = case.routes[0]
    target = next(item for item in route["endpoints"] if item["endpoint"] == case.key)
    fitting = _fitting(case, others)
    near = fitting[0]
    words = "nginx dials %s, where no pool is configured to listen" % case.key
    fits = _may_serve(case, near)
    words += "; pool %s listens on %s" % (near.pool["name"], near.pool["endpoint"]) if fits else "; no pool that does runs as the owner of the site's files"
    proof = [
        evidence("nginx", "%s %s" % ("server" if route["upstream"] else "fastcgi_pass", target["written"]), path=target["file"], line=target["line"]),
        evidence("php-fpm", "listen = %s" % near.pool["listen"], path=near.pool["listen_file"], line=near.pool["listen_line"]), seen]
    # More than one pool would fit, or nothing says that PHP is meant: which program runs this site's code is for a person to say.
    change = {"file": target["file"], "line": target["line"], "from": target["written"], "to": near.pool["endpoint"]}
    remedy = [Remedy("fastcgi_pass_repoint", change)] if fits and len(fitting) == 1 and case.looks_like_php else []
    return _match(case, _reason(case, fitting), words, proof, remedy, near, "certain" if case.looks_like_php else "possible")
