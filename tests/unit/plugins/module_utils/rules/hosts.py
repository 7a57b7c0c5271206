# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of real hosts of the lab, to be changed in steps that chain:

    a_host("stopped").with_unit(result="signal").nginx_said("ng-connect-enoent", 30.0)

Each step changes one thing that a host may have otherwise: so a near miss or a decoy is made of a hit. Times
are seconds before the look, unless a name says at.
"""

import copy
import glob
import json
import os
from functools import lru_cache
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.unit_starts import unit_line
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_entry import parse_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.script_refusals import (
    is_front,
    scripts_of,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.log import note_failure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import failure_of_test
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.starts import note_failures
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import meaning_of
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import REFUSED
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import (
    Snapshot,
    events,
    key,
    kill,
    master,
    now,
    place,
    pool,
    route,
    unit,
)

FOLDER = fixtures("snapshots")
FILES = sorted(glob.glob(os.path.join(FOLDER, "*.json")))


def names_of(paths: List[str]) -> List[str]:
    """For pytest's report."""
    return [os.path.basename(path)[: -len(".json")] for path in paths]


def unix(path: str) -> Dict[str, Any]:
    """The facts of an endpoint at that path."""
    return {"family": "unix", "path": path, "real_path": path, "port": None}


def port(address: str, number: int = 9000, **facts: Any) -> Dict[str, Any]:
    """The facts of an endpoint on TCP."""
    family = "inet6" if ":" in address else "inet"
    return dict(
        {"family": family, "address": address, "port": number, "path": None, "real_path": None}, **facts
    )


# Of another machine nothing is seen but what dialling it gives.
REMOTE = "192.0.2.7:9000"
REMOTE_FACTS = port("192.0.2.7", listening=None, listeners=[], queue=None, accepted=None)


class Host(Dict[str, Any]):
    """A snapshot. Each method changes it and gives it back."""

    # What is there in another way.

    def with_endpoint(self, **facts: Any) -> "Host":
        """Of the endpoint that the first site dials, as all below are of the first one."""
        place(self).update(facts)
        return self

    def with_connect(self, **facts: Any) -> "Host":
        place(self)["connect"].update(facts)
        return self

    def blocked_by(self, **facts: Any) -> "Host":
        """What refuses nginx on the way to the socket."""
        place(self)["connect"]["blocked_by"].update(facts)
        return self

    def with_probe(self, **facts: Any) -> "Host":
        place(self)["probe"].update(facts)
        return self

    def with_master(self, **facts: Any) -> "Host":
        master(self).update(facts)
        return self

    def tested(self, rc: int, *output: str) -> "Host":
        """php-fpm -t ended with that."""
        failure = failure_of_test(output)
        test = {"ran": True, "ok": rc == 0, "rc": rc, "output": list(output), "failure": failure}
        return self.with_master(test=test)

    def with_unit(self, **facts: Any) -> "Host":
        unit(self).update(facts)
        return self

    def without_unit(self) -> "Host":
        return self.with_master(unit=None, unit_state=None)

    def without_masters(self) -> "Host":
        self["fpm"]["masters"] = []
        return self

    def with_pool(self, **facts: Any) -> "Host":
        pool(self).update(facts)
        return self

    def with_route(self, **facts: Any) -> "Host":
        route(self).update(facts)
        return self

    def with_nginx(self, **facts: Any) -> "Host":
        self["nginx"].update(facts)
        return self

    def with_workers(self, **facts: Any) -> "Host":
        """All of them."""
        for worker in self["workers"]:
            worker.update(facts)
        return self

    def with_first_worker(self, **facts: Any) -> "Host":
        self["workers"][0].update(facts)
        return self

    def without_workers(self) -> "Host":
        self["workers"] = []
        return self

    def with_listener(self, **facts: Any) -> "Host":
        """One more process that holds the endpoint, and is not php-fpm."""
        stranger = {"pid": 9, "comm": "sh", "exe": None, "cmdline": "sh", "fpm": False}
        place(self)["listeners"].append(dict(stranger, **facts))
        return self

    def without_listeners(self, **facts: Any) -> "Host":
        return self.with_endpoint(listeners=[], **facts)

    def with_oom(self, **facts: Any) -> "Host":
        self["oom"].update(facts)
        return self

    def with_kill(self, **facts: Any) -> "Host":
        kill(self).update(facts)
        return self

    def with_endpoint_of(self, name: str, facts: Dict[str, Any]) -> "Host":
        """Another endpoint, of which the same was seen as of that one."""
        self["endpoints"][name] = copy.deepcopy(facts)
        return self

    def with_probe_of(self, name: str, **facts: Any) -> "Host":
        self["endpoints"][name]["probe"].update(facts)
        return self

    def with_logs_of(self, other: Snapshot) -> "Host":
        """And the moment of that look."""
        self.update(logs=other["logs"], taken_at=other["taken_at"])
        return self

    def marked_down(self, endpoint: str) -> "Host":
        for each in self["nginx"]["routes"]:
            for target in each["endpoints"]:
                target["down"] = target["endpoint"] == endpoint
        return self

    def on_every_route(self, **facts: Any) -> "Host":
        for each in self["nginx"]["routes"]:
            each.update(facts)
        return self

    def site_with_server(self, endpoint: str, other: str, **facts: Any) -> "Host":
        """The sites that dial an endpoint get another server beside it."""
        for each in self["nginx"]["routes"]:
            targets = each["endpoints"]
            if targets[0]["endpoint"] == endpoint:
                targets.append(dict(targets[0], endpoint=other, **facts))
        return self

    def on_every_endpoint(self, **facts: Any) -> "Host":
        for endpoint in self["endpoints"].values():
            endpoint.update(copy.deepcopy(facts))
        return self

    # What is there besides.

    def another_pool(self, first: bool = False, **facts: Any) -> "Host":
        """Of the same master."""
        master(self)["pools"].insert(0 if first else 99, dict(pool(self), **facts))
        return self

    def another_master(self, other: Dict[str, Any], endpoint: str, **facts: Any) -> "Host":
        """As other, with its first pool at that endpoint."""
        other = dict(copy.deepcopy(other), **facts)
        other["pools"][0]["endpoint"] = endpoint
        self["fpm"]["masters"].append(other)
        return self

    def another_route(self, first: bool = False, **facts: Any) -> "Host":
        """A location like the first one."""
        self["nginx"]["routes"].insert(0 if first else 99, dict(copy.deepcopy(route(self)), **facts))
        return self

    def another_site(self, name: Optional[str], first: bool = False, **facts: Any) -> "Host":
        return self.another_route(first, site=name, server_names=[name] if name else [], **facts)

    def another_server(self, endpoint: str, **facts: Any) -> "Host":
        """Of the upstream that the first site passes to."""
        targets = route(self)["endpoints"]
        targets.append(dict(targets[0], **dict({"endpoint": endpoint, "written": endpoint}, **facts)))
        return self

    def second_server(
        self, other: Dict[str, Any], name: str = "unix:/run/php/second.sock", backup: bool = False
    ) -> "Host":
        """The first site's upstream gets a second server, of which other was seen."""
        Host.with_endpoint_of(self, name, other)
        return Host.another_server(Host.with_route(self, upstream="php"), name, backup=backup)

    # What nginx dials, and what came of it.

    def dialled(
        self, result: str, errno: Optional[int] = None, probe: str = "not_tried", ms: Optional[float] = None
    ) -> "Host":
        """What connecting as nginx and the probe gave."""
        place(self)["connect"].update(result=result, errno=errno, error=result if errno else None)
        place(self)["probe"].update(result=probe, ms=ms, queue=None, accepted=None, detail=None)
        return self

    def dials(self, other: str, **facts: Any) -> "Host":
        """The first site dials another place, of which facts were seen."""
        old = key(self)
        seen_there = self["endpoints"].pop(old)
        for event in self["logs"]["events"]:
            event["endpoint"] = other if event["endpoint"] == old else event["endpoint"]
        route(self)["endpoints"][0].update(endpoint=other, written=other)
        self["endpoints"][other] = dict(seen_there, **facts)
        return self

    def site_dials(self, site: str, endpoint: str) -> "Host":
        for each in self["nginx"]["routes"]:
            if each["site"] == site:
                for target in each["endpoints"]:
                    target["endpoint"] = endpoint
        return self

    # What the logs have.

    def nginx_said(self, signature: str, *ago: float, **more: Any) -> "Host":
        """Lines of nginx's log about the first site's endpoint."""
        more.setdefault("endpoint", key(self))
        self["logs"]["events"].append(
            _event("nginx", signature, [now(self) - each for each in ago], site=route(self)["site"], **more)
        )
        return self

    def fpm_said(self, signature: str, *ago: float, **more: Any) -> "Host":
        """Lines of the first master's log about its first pool."""
        facts = dict({"pool": pool(self)["name"], "master": master(self)["config"]}, **more)
        event: Any = _event("fpm", signature, [now(self) - each for each in ago], **facts)
        note_failure(event, event["sample"]["text"])
        self["logs"]["events"].append(event)
        return self

    def logged_as(self, other: Dict[str, Any], **more: Any) -> "Host":
        """An event like another one."""
        self["logs"]["events"].append(dict(other, **more))
        return self

    def silent_logs(self) -> "Host":
        self["logs"]["events"] = []
        return self

    def with_events(self, source: str, begins: str = "", **facts: Any) -> "Host":
        """Those of a source, changed. begins: see events()."""
        for event in events(self, source, begins):
            event.update(facts)
        return self

    def without_events(self, source: str) -> "Host":
        self["logs"]["events"] = [event for event in self["logs"]["events"] if event["source"] != source]
        return self

    # What its logs hide.

    def logging(
        self,
        level: str = "crit",
        target: str = "/var/log/nginx/error.log",
        why: Optional[str] = None,
        **facts: Any,
    ) -> "Host":
        """Each site logs errors there, and each request in an access log that tells all but for why."""
        error = {"target": target, "level": level, "file": "/etc/nginx/nginx.conf", "line": 3}
        shown = level in ("error", "warn") and target.startswith("/var")
        access = {"written": "/a.log", "paths": ["/a.log"], "format": "combined"}
        access.update(dict.fromkeys(("filtered", "gzip", "late"), False))
        for number, each in enumerate(self["nginx"]["routes"]):
            each.setdefault("server", {"file": "/etc/nginx/sites-enabled/%d" % number, "line": 1})
        sites = {
            (each["server"]["file"], each["server"]["line"]): {
                "site": each["site"],
                "names": each["server_names"],
                "server": each["server"],
                "access": [access],
                "errors": [error],
                "silent": [] if shown else [error],
                "unlogged": [],
                "others": False,
            }
            for each in self["nginx"]["routes"]
        }
        self["nginx"]["site_logs"] = [dict(site, **facts) for site in sites.values()]
        entry = dict(self["logs"]["files"][0], path="/a.log", kind="nginx_access", complete=not why, why=why)
        self["access"] = {"files": [entry], "events": []}
        return self

    def answered(self, signature: str, *ago: float, **more: Any) -> "Host":
        """Lines of the access log of the first site."""
        more.setdefault("site", route(self)["site"])
        times = [now(self) - each for each in ago]
        more.setdefault("detail", {"status": int(signature.split("-")[1])})
        self["access"]["events"].append(_event("nginx_access", signature, times, **more))
        return self

    def later_losses(self, seconds: float) -> "Host":
        """What nginx logged happened so much later; with a number below 0 earlier."""
        for event in events(self, "nginx"):
            event.update(
                times=[at + seconds for at in event["times"]],
                first=event["first"] + seconds,
                last=event["last"] + seconds,
            )
        return self

    def journal(self, *lines: Tuple[float, str]) -> "Host":
        """The unit's journal: (seconds ago, line as journalctl has it)."""
        unit(self)["log"] = [journal_line(now(self) - ago, text) for ago, text in lines]
        return self

    def journal_at(self, *lines: Tuple[float, str]) -> "Host":
        """Lines more in the unit's journal: (epoch seconds, text), in the order of their times."""
        log = unit(self)["log"] + [journal_line(at, text) for at, text in lines]
        return self.with_unit(log=sorted(log, key=lambda line: line["at"]))

    def unseen(self, *what: str) -> "Host":
        """The collectors could not see it."""
        self["missing"] += [
            {"what": name, "path": None, "why": "Permission denied", "needs": "root"} for name in what
        ]
        return self

    # Whole histories.

    def nginx_runs_since(self, ago: float) -> "Host":
        self["nginx"]["master"]["started_at"] = now(self) - ago
        return self

    def ran_since(self, ago: float) -> "Host":
        """The first master runs since then."""
        master(self).update(started_at=now(self) - ago, loaded_at=now(self) - ago)
        return self

    def killed(self, ago: float, **more: Any) -> "Host":
        """An OOM kill of a php-fpm process, as in a real host's ring buffer."""
        facts = dict({"at": now(self) - ago}, **more)
        self["oom"]["kills"].append(dict(kill(a_host("worker_oom")), **facts))
        return self

    def timing_out(self, *ago: float, busy: bool = True) -> "Host":
        """Requests of the first site timed out, five within two minutes unless said. A worker serves one
        now.
        """
        Host.nginx_said(Host.silent_logs(self), "ng-timeout-header", *(ago or (150, 120, 90, 60, 30)))
        self["workers"][0]["busy"] = busy
        return self


def quote(host: "Host", text: str, number: int = 0) -> "Host":
    """The newest line of an event of nginx's, with what the parser makes of it."""
    event: Any = events(host, "nginx")[number]
    entry = parse_entry("2026/04/02 14:23:17 [error] 9#9: %s" % text, 0)
    if entry and entry.row:
        if event["signature"].startswith("ng-stderr"):
            event["signature"] = entry.row.id
        event["detail"] = dict(entry.detail, **event["detail"])
    event["sample"]["text"] = text
    event["detail"].update(shown_parts(meaning_of(event), text))
    routes = [each for each in host["nginx"]["routes"] if each["site"] == event["site"]]
    if meaning_of(event) in REFUSED and is_front(meaning_of(event), text, scripts_of(routes, str)):
        event["front"] = True
    return host


def journal_line(at: float, shown: str) -> Any:
    """A line of a unit's journal, as journalctl has it: "systemd[1]: Starting x..."."""
    head, text = shown.split("]: ", 1)
    by, pid = head.split("[")
    line = unit_line(at, by, int(pid), text)
    note_failures([line])
    return line


def _event(source: str, signature: str, times: List[float], **more: Any) -> Dict[str, Any]:
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


@lru_cache(maxsize=None)
def _text(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def fixture(path: str) -> Dict[str, Any]:
    """{suite, fault, expected, snapshot}, a copy to change at will. The sites of the lab are root's, whatever
    was looked at back then.
    """
    saved: Dict[str, Any] = json.loads(_text(path))
    for each in saved["snapshot"]["nginx"]["routes"]:
        each.setdefault("owners", [])
    return dict(saved, snapshot=Host(saved["snapshot"]))


def a_host(fault: str = "plain", suite: str = "bookworm") -> Host:
    """A host of the lab with this fault."""
    paths = [
        path
        for path in FILES
        if os.path.basename(path).startswith(suite + "-") and path.endswith("-%s.json" % fault)
    ]
    assert len(paths) == 1, "%d fixtures are called %s of %s" % (len(paths), fault, suite)
    host: Host = fixture(paths[0])["snapshot"]
    return host


# What is found on a host.


DECLARED = {(cause.id, reason) for cause in CAUSES for reason in cause.reasons}


def verdict(snapshot: Snapshot) -> Dict[str, Any]:
    """Each reason must be declared by its cause. A host does not ask: a verdict is worth more there."""
    made = diagnose(snapshot)
    undeclared = {(item["cause"], item["reason"]) for item in made["findings"]} - DECLARED
    assert not undeclared, undeclared
    return dict(made)


def causes(snapshot: Snapshot) -> List[Tuple[str, str, str]]:
    """[(cause, reason, state)] of the findings."""
    return [(item["cause"], item["reason"], item["state"]) for item in verdict(snapshot)["findings"]]


def cause_ids(snapshot: Snapshot) -> List[str]:
    return [cause for cause, _reason, _state in causes(snapshot)]


def only(snapshot: Snapshot) -> Dict[str, Any]:
    """The one finding."""
    findings = verdict(snapshot)["findings"]
    assert len(findings) == 1, [(item["cause"], item["reason"]) for item in findings]
    return dict(findings[0])


def came_since(host: Host, number: int = 6, before: int = 0, failed: int = 3) -> Host:
    """nginx loaded a change 25 s ago. number: how often each request that failed was answered since. before:
    and how often it was until it failed last.
    """
    known = host["nginx"].get("loaded") or {"newer_files": [], "replaced": False, "configured": None}
    host["nginx"]["loaded"] = dict(known, at=now(host) - 25)
    for event in events(host, "nginx"):
        came = [now(host) - 20 + 3 * n for n in range(number)]
        event["revisits"] = [{"failed": failed, "before": before, "came": came, "each": 1}]
    return host


def actions(snapshot: Snapshot) -> List[str]:
    return [action["id"] for action in verdict(snapshot)["plan"]]


def status(snapshot: Snapshot) -> str:
    return str(verdict(snapshot)["status"])


def found(snapshot: Snapshot) -> Tuple[List[Tuple[str, str, str]], str]:
    """(causes, status)"""
    return causes(snapshot), status(snapshot)


NOTHING: List[Tuple[str, str, str]] = []
HEALTHY, DEGRADED, UNKNOWN = (NOTHING, "healthy"), (NOTHING, "degraded"), (NOTHING, "unknown")

# For tests of other stations, which call the steps as functions.
seen = a_host
dialled = Host.dialled
nginx_said = Host.nginx_said
silent_logs = Host.silent_logs
timing_out = Host.timing_out
second_server = Host.second_server
dials, fpm_said, journal, unseen, ran_since, killed = (
    Host.dials,
    Host.fpm_said,
    Host.journal,
    Host.unseen,
    Host.ran_since,
    Host.killed,
)
