# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of real hosts, and small named changes that make a near miss or a decoy of one."""

import glob
import json
import os
from functools import lru_cache
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FOLDER = fixtures("snapshots")
FILES = sorted(glob.glob(os.path.join(FOLDER, "*.json")))

Snapshot = Dict[str, Any]


@lru_cache(maxsize=None)
def _text(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def fixture(path: str) -> Dict[str, Any]:
    """{suite, fault, expected, snapshot}, a copy to change at will. The sites of the lab are root's, whatever
    was looked at back then.
    """
    found: Dict[str, Any] = json.loads(_text(path))
    for route in found["snapshot"]["nginx"]["routes"]:
        route.setdefault("owners", [])
    return found


def seen(fault: str, suite: str = "bookworm") -> Snapshot:
    """The snapshot of a lab host with this fault."""
    found = [
        path
        for path in FILES
        if os.path.basename(path).startswith(suite + "-") and path.endswith("-%s.json" % fault)
    ]
    assert len(found) == 1, "%d fixtures are called %s of %s" % (len(found), fault, suite)
    return dict(fixture(found[0])["snapshot"])


def verdict(snapshot: Snapshot) -> Dict[str, Any]:
    return diagnose(snapshot)


def causes(snapshot: Snapshot) -> List[Tuple[str, str, str]]:
    """[(cause, reason, state)] of the findings."""
    return [(item["cause"], item["reason"], item["state"]) for item in diagnose(snapshot)["findings"]]


def only(snapshot: Snapshot) -> Dict[str, Any]:
    """The one finding."""
    found = diagnose(snapshot)["findings"]
    assert len(found) == 1, [(item["cause"], item["reason"]) for item in found]
    return dict(found[0])


def actions(snapshot: Snapshot) -> List[str]:
    return [action["id"] for action in diagnose(snapshot)["plan"]]


# Where things are in the snapshot of a host with one master and one site.


def key(snapshot: Snapshot) -> str:
    return str(snapshot["nginx"]["routes"][0]["endpoints"][0]["endpoint"])


def place(snapshot: Snapshot) -> Dict[str, Any]:
    """The endpoint that the first site dials."""
    return snapshot["endpoints"][key(snapshot)]


def master(snapshot: Snapshot) -> Dict[str, Any]:
    return snapshot["fpm"]["masters"][0]


def unit(snapshot: Snapshot) -> Dict[str, Any]:
    return master(snapshot)["unit_state"]


def pool(snapshot: Snapshot) -> Dict[str, Any]:
    return master(snapshot)["pools"][0]


def now(snapshot: Snapshot) -> float:
    return float(snapshot["taken_at"])


# Changes. Each gives the snapshot back.


def dialled(
    snapshot: Snapshot,
    result: str,
    errno: Optional[int] = None,
    probe: str = "not_tried",
    ms: Optional[float] = None,
) -> Snapshot:
    """What connecting as nginx and the probe gave."""
    place(snapshot)["connect"].update(result=result, errno=errno, error=result if errno else None)
    place(snapshot)["probe"].update(result=probe, ms=ms, queue=None, accepted=None, detail=None)
    return snapshot


def dials(snapshot: Snapshot, other: str, **facts: Any) -> Snapshot:
    """The first site dials another place, of which facts were seen."""
    old = snapshot["endpoints"].pop(key(snapshot))
    for event in snapshot["logs"]["events"]:
        event["endpoint"] = other if event["endpoint"] == key(snapshot) else event["endpoint"]
    snapshot["nginx"]["routes"][0]["endpoints"][0].update(endpoint=other, written=other)
    snapshot["endpoints"][other] = dict(old, **facts)
    return snapshot


def event(source: str, signature: str, times: List[float], **more: Any) -> Dict[str, Any]:
    made: Dict[str, Any] = {
        "source": source,
        "signature": signature,
        "count": len(times),
        "first": min(times),
        "last": max(times),
        "times": sorted(times),
        "site": None,
        "endpoint": None,
        "pool": None,
        "master": None,
        "pids": [],
        "detail": {},
        "sample": {"path": "/var/log/%s.log" % source, "at": max(times), "text": "a line of %s" % signature},
    }
    made.update(more)
    return made


def nginx_said(snapshot: Snapshot, signature: str, *ago: float, **more: Any) -> Snapshot:
    """Lines of nginx's log about the first site's endpoint, each so many seconds ago."""
    site = snapshot["nginx"]["routes"][0]["site"]
    more.setdefault("endpoint", key(snapshot))
    snapshot["logs"]["events"].append(
        event("nginx", signature, [now(snapshot) - one for one in ago], site=site, **more)
    )
    return snapshot


def fpm_said(snapshot: Snapshot, signature: str, *ago: float, **more: Any) -> Snapshot:
    """Lines of the first master's log about its first pool."""
    more.setdefault("pool", pool(snapshot)["name"])
    snapshot["logs"]["events"].append(
        event(
            "fpm", signature, [now(snapshot) - one for one in ago], master=master(snapshot)["config"], **more
        )
    )
    return snapshot


def journal(snapshot: Snapshot, *lines: Tuple[float, str]) -> Snapshot:
    """The unit's journal: (seconds ago, text)."""
    unit(snapshot)["log"] = [{"at": now(snapshot) - ago, "text": text} for ago, text in lines]
    return snapshot


def silent_logs(snapshot: Snapshot) -> Snapshot:
    snapshot["logs"]["events"] = []
    return snapshot


def unseen(snapshot: Snapshot, *what: str) -> Snapshot:
    """The collectors could not see it."""
    snapshot["missing"] += [
        {"what": one, "path": None, "why": "Permission denied", "needs": "root"} for one in what
    ]
    return snapshot


def ran_since(snapshot: Snapshot, ago: float) -> Snapshot:
    """The first master runs since then."""
    master(snapshot).update(started_at=now(snapshot) - ago, loaded_at=now(snapshot) - ago)
    return snapshot


def killed(snapshot: Snapshot, ago: float, **more: Any) -> Snapshot:
    """An OOM kill of a php-fpm process, as in a real host's ring buffer."""
    kill = dict(seen("worker_oom")["oom"]["kills"][0], at=now(snapshot) - ago)
    kill.update(more)
    snapshot["oom"]["kills"].append(kill)
    return snapshot


def timing_out(snapshot: Snapshot, *ago: float, busy: bool = True) -> Snapshot:
    """Requests of the first site timed out so many seconds ago, five within two minutes unless said; a worker
    serves one now.
    """
    nginx_said(silent_logs(snapshot), "ng-timeout-header", *(ago or (150, 120, 90, 60, 30)))
    snapshot["workers"][0]["busy"] = busy
    return snapshot


def second_server(
    snapshot: Snapshot, other: Dict[str, Any], name: str = "unix:/run/php/second.sock", backup: bool = False
) -> Snapshot:
    """The first site's upstream gets a second server, of which other was seen."""
    route = snapshot["nginx"]["routes"][0]
    route["upstream"] = "php"
    route["endpoints"].append(dict(route["endpoints"][0], endpoint=name, written=name, backup=backup))
    snapshot["endpoints"][name] = json.loads(json.dumps(other))
    return snapshot
