# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict as a whole: its shape, its order, and what a snapshot with holes does to it."""

import json
import os
import random
import sys
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import (
    SEVERITIES,
    STATES,
    diagnose,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import evidence
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host

STATUSES = ("failing", "degraded", "recovered", "healthy", "unknown", "not_applicable")
# Python 3.6 has no Literal, of which the controller's shapes are made.
if sys.version_info >= (3, 8):
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.finding import Finding

    KEYS = set(Finding.__annotations__)
else:
    KEYS = set(hosts.only(a_host("stopped")))
CODES = {cause.id: cause.code for cause in CAUSES}
PARTS = {"status", "findings", "plan", "missing", "strangers", "strangers_total"}
PIECE = {"source", "path", "text"}


def check_finding(item: Dict[str, Any]) -> None:
    assert set(item) == KEYS
    assert item["code"] == CODES[item["cause"]]
    assert item["severity"] in SEVERITIES and item["state"] in STATES
    assert item["confidence"] in ("certain", "likely", "possible")
    assert isinstance(item["count"], int)
    assert item["summary"].endswith(".") and "\n" not in item["summary"]
    for piece in item["evidence"]:
        assert PIECE <= set(piece) <= PIECE | {"line", "at"} and len(piece["text"]) <= 500
    assert all(set(remedy) == {"action", "arguments"} for remedy in item["remedy"])


class TestVerdict:
    @pytest.mark.parametrize("path", hosts.FILES, ids=hosts.names_of(hosts.FILES))
    def test_it_has_the_agreed_shape(self, path: str) -> None:
        verdict = diagnose(hosts.fixture(path)["snapshot"], "web01")
        assert set(verdict) == PARTS and verdict["status"] in STATUSES
        assert json.loads(json.dumps(verdict)) == verdict
        for item in verdict["findings"]:
            check_finding(item)
        assert {action["id"] for action in verdict["plan"]} <= {action.id for action in ACTIONS}
        assert all(action["host"] == "web01" for action in verdict["plan"])

    def test_active_findings_come_first_then_graver_ones(self) -> None:
        host = a_host("two_path_and_exhausted").nginx_said("ng-too-big-header", 5.0)
        order = [
            (STATES.index(item["state"]), SEVERITIES.index(item["severity"]))
            for item in hosts.verdict(host.fpm_said("fpm-slow", 5.0))["findings"]
        ]
        assert len(order) > 1 and order == sorted(order)

    def test_a_finding_says_which_causes_it_is_not(self) -> None:
        ruled_out = {entry["cause"] for entry in hosts.only(a_host("slow_location"))["ruled_out"]}
        assert ruled_out >= {
            "fpm_not_running",
            "socket_permission_denied",
            "socket_path_mismatch",
            "max_children_exhausted",
        }

    @pytest.mark.parametrize("unit, shown", [("web.service", True), ("nginx.service", False), (None, False)])
    def test_an_odd_name_of_nginxs_unit_is_told(self, unit: Any, shown: bool) -> None:
        host = a_host("nginx_other_user")
        host["nginx"]["unit"] = unit
        assert hosts.only(host)["facts"].get("nginx_unit") == (unit if shown else None)

    @pytest.mark.parametrize(
        "nginx, facts",
        [
            ({"unit": None}, {"no_nginx_unit": True}),
            ({"unit": None, "running": False}, {}),
            ({"unit": "nginx.service"}, {}),
            ({"options": {"c": "/srv/a.conf"}, "config": "/srv/a.conf"}, {"nginx_config": "/srv/a.conf"}),
            (
                {"options": {"p": "/srv/"}, "config": "/srv/conf/nginx.conf", "prefix": "/srv/"},
                {"nginx_config": "/srv/conf/nginx.conf", "nginx_prefix": "/srv/"},
            ),
            ({"options": {"c": "/etc/nginx/nginx.conf"}}, {}),
            ({"options": {"g": "daemon off;"}, "config": "/opt/nginx.conf"}, {}),
            # Its modules would be root's programs, where root types it.
            ({"account": "mallory", "options": {"c": "/srv/a.conf"}, "config": "/srv/a.conf"}, {}),
            ({"account": "mallory", "options": {"p": "/srv/"}, "prefix": "/srv/"}, {}),
        ],
    )
    def test_how_nginx_is_called_is_told_where_it_is_odd(self, nginx: Any, facts: Any) -> None:
        known = hosts.only(a_host("nginx_other_user").with_nginx(**nginx))["facts"]
        assert {name: value for name, value in known.items() if "nginx" in name} == facts

    @pytest.mark.parametrize("can_reload, fact", [(False, True), (True, None), (None, None)])
    def test_a_unit_that_takes_no_reload_is_told(self, can_reload: Any, fact: Any) -> None:
        host = a_host("exhausted_static").with_unit(can_reload=can_reload)
        assert hosts.only(host)["facts"].get("no_reload") == fact

    def test_near_miss_another_unit_that_takes_no_reload(self) -> None:
        host = a_host("name_loaded_since").with_unit(can_reload=False)
        item = hosts.only(host)
        assert item["unit"] == "nginx.service" and "no_reload" not in item["facts"]

    def test_that_nginx_does_not_run_is_missing_first(self) -> None:
        """What else is not known of such a host is mostly so since nobody answers."""
        host = a_host("plain").with_nginx(running=False, workers=[]).unseen("connect_as_nginx")
        assert hosts.verdict(host)["missing"][0]["what"] == "nginx_running"

    def test_hit_a_master_of_nginx_without_workers(self) -> None:
        refusal = {
            "at": 1.0,
            "text": "setgid(33) failed",
            "log": "/l",
            "file": "/f",
            "line": 0,
            "worker": True,
        }
        host = a_host("plain").with_nginx(workers=[])
        host["older"] = {"endpoints": {}, "refusal": refusal}
        found = hosts.verdict(host)
        assert found["status"] == "unknown" and found["findings"] == []
        assert [entry["what"] for entry in found["missing"]] == ["nginx_running"]
        why = "nginx's master runs, and no worker of it: nobody is answered; each worker ended at its start: "
        assert found["missing"][0]["why"] == why + "setgid(33) failed"
        host["older"] = None
        assert [entry["what"] for entry in hosts.verdict(host)["missing"]] == ["nginx_running"]
        # The kernel keeps who reads their titles: they may be there.
        host["missing"] = [{"what": "nginx_workers", "path": None, "why": "kept", "needs": None}]
        assert [entry["what"] for entry in hosts.verdict(host)["missing"]] == ["nginx_workers"]

    def test_near_miss_nginx_is_one_process(self) -> None:
        host = a_host("plain")
        pid = host["nginx"]["master"]["pid"]
        assert hosts.verdict(host.with_nginx(workers=[pid]))["status"] == "healthy"

    def test_a_long_text_of_a_host_is_cut(self) -> None:
        assert len(evidence("journal", "x" * 5000)["text"]) == 500

    def test_losses_before_the_window_never_decide(self) -> None:
        """A snapshot has no event of them: this host has last week's 502s in its log."""
        assert not hosts.events(a_host("old_502s"), "nginx")


with open(os.path.join(ROOT, "docs", "snapshot.schema.json"), encoding="utf-8") as stream:
    SCHEMA = json.load(stream)
SOME = [path for number, path in enumerate(hosts.FILES) if number % 12 == 0 or path.endswith("-plain.json")]
HEALTHY = [
    path for path in hosts.FILES if path.endswith(("-plain.json", "-busy_at_limit.json", "-other_oom.json"))
]


def places(node: Any) -> Iterator[Tuple[Any, str]]:
    """(container, key) of every value below a snapshot."""
    for name in list(node) if isinstance(node, dict) else []:
        yield node, name
        yield from places(node[name])
    for entry in node if isinstance(node, list) else []:
        yield from places(entry)


def with_hole(container: Dict[str, Any], name: str, hole: Any, look: Callable[[], Any]) -> None:
    kept = container[name]
    container[name] = hole
    try:
        look()
    finally:
        container[name] = kept


def forms(schema: Dict[str, Any]) -> List[Dict[str, Any]]:
    """What a value may be, each without a reference."""
    if "$ref" in schema:
        return forms(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    return [form for part in schema["anyOf"] for form in forms(part)] if "anyOf" in schema else [schema]


def may_be_none(node: Any, schema: Dict[str, Any] = SCHEMA) -> List[Tuple[Dict[str, Any], str]]:
    """(container, key) of each value below a snapshot that its shape lets be None; of no container."""
    found: List[Tuple[Dict[str, Any], str]] = []
    for form in forms(schema):
        for name in node if isinstance(node, dict) else []:
            field = form.get("properties", {}).get(name) or form.get("additionalProperties")
            if not isinstance(field, dict):
                continue
            is_nullable = any("null" in kind.get("type", "") for kind in forms(field))
            if is_nullable and not isinstance(node[name], (dict, list)):
                found.append((node, name))
            found += may_be_none(node[name], field)
        for entry in node if isinstance(node, list) and "items" in form else []:
            found += may_be_none(entry, form["items"])
    return found


def lists(snapshot: hosts.Snapshot) -> List[Tuple[Dict[str, Any], str]]:
    return [(container, name) for container, name in places(snapshot) if isinstance(container[name], list)]


def active(snapshot: hosts.Snapshot) -> List[str]:
    return [item["cause"] for item in diagnose(snapshot)["findings"] if item["state"] == "active"]


def check(snapshot: hosts.Snapshot) -> None:
    """No part of the diagnosis fails, and the verdict is JSON."""
    verdict = diagnose(snapshot)
    assert not [entry for entry in verdict["missing"] if entry["what"] == "rule_failed"], verdict["missing"]
    json.dumps(verdict)


class TestHoles:
    @pytest.mark.parametrize("path", SOME, ids=hosts.names_of(SOME))
    def test_no_value_that_is_none_breaks_the_diagnosis(self, path: str) -> None:
        snapshot = hosts.fixture(path)["snapshot"]
        for container, name in may_be_none(snapshot):
            with_hole(container, name, None, lambda: check(snapshot))

    @pytest.mark.parametrize("path", SOME, ids=hosts.names_of(SOME))
    def test_no_empty_list_breaks_the_diagnosis(self, path: str) -> None:
        snapshot = hosts.fixture(path)["snapshot"]
        for container, name in lists(snapshot):
            with_hole(container, name, [], lambda: check(snapshot))

    @pytest.mark.parametrize("path", HEALTHY, ids=hosts.names_of(HEALTHY))
    def test_a_healthy_host_never_gets_an_active_finding(self, path: str) -> None:
        snapshot = hosts.fixture(path)["snapshot"]

        def look() -> None:
            assert active(snapshot) == [], "invented"

        for container, name in lists(snapshot):
            with_hole(container, name, [], look)
        for container, name in may_be_none(snapshot):
            with_hole(container, name, None, look)

    @pytest.mark.parametrize("seed", range(60))
    def test_many_at_once_never_invent_an_active_finding(self, seed: int) -> None:
        chance = random.Random(seed)
        snapshot = hosts.fixture(chance.choice(HEALTHY))["snapshot"]
        for container, name in chance.sample(may_be_none(snapshot), 12):
            container[name] = None
        assert active(snapshot) == []

    def test_a_key_that_is_gone_is_the_only_error(self) -> None:
        """A snapshot of another make: the replay reports the key, diagnose() itself may only say which."""
        snapshot = a_host("worker_oom")
        for container, name in list(places(snapshot)):
            order = dict(container)
            del container[name]
            try:
                diagnose(snapshot)
            except KeyError as error:
                assert error.args == (name,)
            container.clear()
            container.update(order)
