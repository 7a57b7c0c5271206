# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs that will not tell the next time: all is well, and who has to find out will be blind."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ...parse.endpoint import dialled_at, is_loopback, parse
from ...parse.nginx.site_logs import shows
from ...parse.php_fpm.zlog import QUIET
from ...signatures.lookup import meaning_of, meanings
from ..losses.silence import read_of, silent_sites, uncovered
from ..model import Cause, Remedy, evidence, ids, sample
from .hidden_by_rotation import rotated
from .model import LatentRule, Risk, risk
from .served import served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence, Site
    from ....plugin_utils.shapes.nginx import ErrorLog, SiteLogs
    from ....plugin_utils.shapes.php_fpm import Pool
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "evidence_hidden",
    ids(
        "fpm_log_level fpm_log_off log_level log_off logrotate_not_reopened logrotate_reloads "
        "logrotate_unwritable worker_output_lost"
    ),
    severity="warning",
)
CRASHED = meanings("crashed")
MOST_NAMED = 3
# What a worker writes there goes to /dev/null where nobody catches it (fpm_stdio_child_use_pipes()).
_OUTPUT = (
    "php://stderr",
    "/dev/stderr",
    "/dev/stdout",
    "/dev/fd/1",
    "/dev/fd/2",
    "/proc/self/fd/1",
    "/proc/self/fd/2",
)


class Hidden(NamedTuple):
    """A site whose errors are not told."""

    logs: "SiteLogs"
    why: Optional[str]  # its access log does not tell either; None: it does


class Lost(NamedTuple):
    """What of a pool's output is lost."""

    words: str
    proof: "List[Evidence]"


def _site(logs: "SiteLogs") -> "Site":
    at = logs["server"]
    return {"name": logs["site"] or "default", "listen": "", "file": at["file"], "line": at["line"]}


def _sites(snapshot: "Snapshot", hidden: List[Hidden]) -> "List[Site]":
    listen = {
        (route["server"]["file"], route["server"]["line"]): (route["listen"] or ["80"])[0].split(" ")[0]
        for route in snapshot["nginx"]["routes"]
        if "server" in route
    }
    sites = [_site(each.logs) for each in hidden]
    return [{**site, "listen": listen.get((site["file"] or "", site["line"] or 0), "")} for site in sites]


def _nginx_log(snapshot: "Snapshot", log: "ErrorLog", hidden: List[Hidden]) -> Risk:
    names = list(dict.fromkeys(each.logs["site"] or "default" for each in hidden))
    shown = ", ".join(names[:MOST_NAMED]) + (" and others" if len(names) > MOST_NAMED else "")
    target, level = str(log["target"]), str(log["level"])
    if target.startswith("/dev/null"):
        reason, words = "log_off", "nginx throws the errors of %s away (error_log %s)" % (shown, target)
    elif not shows(level):
        reason = "log_level"
        words = "nginx logs errors of %s at level %s: refused connects and timeouts are not among them" % (
            shown,
            level,
        )
    else:
        reason = "log_off"
        words = "nginx's errors of %s go to %s alone, which a diagnosis cannot read" % (shown, target[:200])
    blind = [each.why for each in hidden if each.why]
    where = "error_log %s %s" % (target[:200], level)
    proof = [evidence("nginx", where, log["file"], log["line"])]
    if blind:
        proof.append(evidence("nginx", "the access log tells no more: %s" % blind[0]))
    else:
        proof.append(evidence("nginx", "the access log counts lost requests, and does not say why"))
    return risk(
        reason,
        words + ".",
        proof,
        severity="warning" if blind else "info",
        servers=_sites(snapshot, hidden),
    )


def _nginx_logs(snapshot: "Snapshot") -> List[Risk]:
    read = read_of(snapshot)
    logs: Dict[Tuple[object, ...], Tuple[ErrorLog, List[Hidden]]] = {}
    for site in silent_sites(snapshot):
        why = uncovered(read, site)
        for log in site["silent"]:
            known = logs.setdefault((log["target"], log["level"], log["file"], log["line"]), (log, []))
            known[1].append(Hidden(site, why))
    return [_nginx_log(snapshot, log, hidden) for log, hidden in logs.values()]


def _named_off(snapshot: "Snapshot") -> List[Risk]:
    """access_log knows "off", error_log takes it for a path (ngx_log_set_log())."""
    logs: Dict[Tuple[object, ...], Tuple[ErrorLog, List[Hidden]]] = {}
    for site in snapshot["nginx"].get("site_logs") or []:
        for log in site["errors"]:
            if log["target"].rpartition("/")[2] == "off":
                known = logs.setdefault((log["target"], log["file"], log["line"]), (log, []))
                known[1].append(Hidden(site, None))
    return [
        risk(
            "log_off",
            "error_log off is no switch: nginx writes errors to a file with that name, %s." % log["target"],
            [evidence("nginx", "error_log off", log["file"], log["line"])],
            severity="info",
            servers=_sites(snapshot, hidden),
        )
        for log, hidden in logs.values()
    ]


def _fpm_logs(snapshot: "Snapshot") -> List[Risk]:
    found = []
    for master in snapshot["fpm"]["masters"]:
        if master["running"] and (master["error_log"] or "").startswith("/dev/null"):
            found.append(
                risk(
                    "fpm_log_off",
                    "php-fpm throws its log away: no full pool and no crashed worker is told.",
                    [evidence("php-fpm", "error_log = %s" % master["error_log"], master["config"])],
                    about=master,
                )
            )
        if not master["running"] or master["log_level"] not in QUIET:
            continue
        words = "php-fpm logs at level %s: no full pool, no crashed and no terminated worker is among that."
        found.append(
            risk(
                "fpm_log_level",
                words % master["log_level"],
                [evidence("php-fpm", "log_level = %s" % master["log_level"], master["config"])],
                [Remedy("fpm_log_level_set", {"config": master["config"], "unit": master["unit"]})]
                if master["unit"]
                else (),
                about=master,
            )
        )
    return found


def _refuses(pool: "Pool") -> bool:
    """Who dials a loopback address comes from the same one, as a rule: where that is allowed, nobody is
    refused.
    """
    there = parse(pool["endpoint"] or "")
    if not pool["allowed_clients"] or there.family == "unix":
        return False
    address = there.address or ""
    return not (is_loopback(address) and dialled_at(address) in pool["allowed_clients"])


def _lost_output(snapshot: "Snapshot", config: str, pool: "Pool") -> Optional[Lost]:
    """As a rule none: PHP's errors go to nginx's log."""
    outputs = snapshot.get("risks", {}).get("outputs", [])
    for output in outputs:
        if (output["config"], output["pool"]) == (config, pool["name"]) and output["error_log"] in _OUTPUT:
            text = "error_log = %s" % output["error_log"]
            return Lost("all errors of PHP", [evidence("php-fpm", text, output["file"], output["line"])])
    if _refuses(pool):
        text = "listen.allowed_clients = %s" % ",".join(pool["allowed_clients"])
        proof = [evidence("php-fpm", text, pool["file"], pool["line"])]
        return Lost("the word that a client was refused", proof)
    for event in snapshot["logs"]["events"]:
        own = (event["source"], event["master"], event["pool"]) == ("fpm", config, pool["name"])
        if own and meaning_of(event) in CRASHED:
            return Lost("what a worker said when it crashed", [sample(event)])
    return None


def _outputs(snapshot: "Snapshot") -> List[Risk]:
    found = []
    for each in served_pools(snapshot):
        lost = (
            None
            if each.pool["catch_workers_output"]
            else _lost_output(snapshot, each.master["config"], each.pool)
        )
        if lost is None:
            continue
        proof = [
            evidence("php-fpm", "catch_workers_output is not on", each.pool["file"], each.pool["line"]),
            *lost.proof,
        ]
        words = "php-fpm throws away what workers of pool %s write, also %s." % (
            each.pool["name"],
            lost.words,
        )
        found.append(
            risk(
                "worker_output_lost",
                words,
                proof,
                [Remedy("worker_output_catch", each.arguments)] if each.master["unit"] else (),
                severity="info",
                about=each,
            )
        )
    return found


RULE = LatentRule("evidence_hidden", CAUSE, (_nginx_logs, _named_off, _fpm_logs, _outputs, rotated))
