# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict as a whole: status, shape, order, and what a snapshot with holes does to it."""

import json
import random
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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.status import NEEDED_FOR_HEALTH
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.finding import Finding
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

STATUSES = ("failing", "degraded", "recovered", "healthy", "unknown", "not_applicable")
KEYS = set(Finding.__annotations__)
CODES = {cause.id: cause.code for cause in CAUSES}


# --- status


@pytest.mark.parametrize(
    "fault, status",
    [
        ("stopped", "failing"),
        ("two_path_and_exhausted", "failing"),
        ("one_vhost_wrong", "degraded"),
        ("segfault", "degraded"),
        ("was_down", "recovered"),
        ("plain", "healthy"),
        ("old_502s", "healthy"),
        ("no_php", "not_applicable"),
    ],
)
def test_the_status_of_real_hosts(fault: str, status: str) -> None:
    assert hosts.verdict(seen(fault))["status"] == status


@pytest.mark.parametrize("what", sorted(NEEDED_FOR_HEALTH))
def test_what_health_depends_on_and_was_not_seen_makes_it_unknown(what: str) -> None:
    assert hosts.verdict(hosts.unseen(seen("plain"), what))["status"] == "unknown"


@pytest.mark.parametrize("what", ["kernel_log", "unit_log", "fpm_log", "worker_memory", "socket_backlog"])
def test_what_only_tells_why_does_not_cost_the_health(what: str) -> None:
    assert hosts.verdict(hosts.unseen(seen("plain"), what))["status"] == "healthy"


def test_failing_wins_over_what_could_not_be_seen() -> None:
    assert hosts.verdict(hosts.unseen(seen("stopped"), *sorted(NEEDED_FOR_HEALTH)))["status"] == "failing"


def test_degraded_wins_over_what_could_not_be_seen() -> None:
    assert hosts.verdict(hosts.unseen(seen("segfault"), "fpm_config"))["status"] == "degraded"


def test_recovered_is_not_claimed_when_the_host_could_not_be_seen() -> None:
    assert hosts.verdict(hosts.unseen(seen("was_down"), "connect_as_nginx"))["status"] == "unknown"


def test_nothing_dialled_and_nothing_looked_at_is_unknown_where_nginxs_configuration_could_not_be_read() -> (
    None
):
    assert hosts.verdict(hosts.unseen(seen("no_php"), "nginx_config"))["status"] == "unknown"


def test_an_endpoint_that_was_not_dialled_is_unknown() -> None:
    assert hosts.verdict(hosts.dialled(seen("plain"), "not_tried"))["status"] == "unknown"


@pytest.mark.parametrize("result, errno", [("unreachable", 113), ("timeout", 110), ("error", 91)])
def test_an_endpoint_that_no_rule_explains_is_never_healthy(result: str, errno: int) -> None:
    snapshot = hosts.dials(
        seen("exhausted_tcp"),
        "192.0.2.7:9000",
        address="192.0.2.7",
        listening=None,
        listeners=[],
        queue=None,
        accepted=None,
    )
    found = hosts.verdict(hosts.silent_logs(hosts.dialled(snapshot, result, errno)))
    assert (found["findings"], found["status"]) == ([], "unknown")
    assert [entry["what"] for entry in found["missing"]] == ["live_probe"]


def test_lost_requests_without_a_known_cause_are_degraded_and_say_so() -> None:
    found = hosts.verdict(hosts.nginx_said(seen("plain"), "ng-premature-header", 60.0))
    assert (found["findings"], found["status"]) == ([], "degraded")
    assert (
        found["missing"][0]["what"] == "cause_of_losses"
        and "a line of ng-premature-header" in found["missing"][0]["why"]
    )


def test_a_route_that_is_decided_at_run_time_is_unknown() -> None:
    snapshot = seen("plain")
    snapshot["nginx"]["routes"].append(
        dict(snapshot["nginx"]["routes"][0], endpoints=[], variable=True, **{"pass": "$backend"})
    )
    found = hosts.verdict(snapshot)
    assert found["status"] == "unknown" and "$backend" in found["missing"][0]["why"]


def test_nginx_that_does_not_run_is_not_a_healthy_way_to_php() -> None:
    snapshot = seen("plain")
    snapshot["nginx"].update(running=False, master=None, workers=[])
    assert hosts.verdict(snapshot)["status"] == "unknown"


def test_recovered_and_active_stand_beside_each_other_and_the_active_one_decides() -> None:
    snapshot = hosts.nginx_said(seen("slow_location"), "ng-connect-enoent", 500.0)
    hosts.ran_since(snapshot, 400.0)
    found = hosts.verdict(snapshot)
    assert [(item["cause"], item["state"]) for item in found["findings"]] == [
        ("fastcgi_read_timeout", "active"),
        ("fpm_not_running", "recovered"),
    ]
    assert found["status"] == "degraded"


# --- several servers of one upstream


def test_a_dead_server_of_an_upstream_costs_no_site_while_another_answers() -> None:
    """nginx goes on to the next server."""
    snapshot = hosts.second_server(seen("plain"), hosts.place(seen("old_socket")))
    found = hosts.verdict(snapshot)
    assert [(item["cause"], item["severity"], item["state"]) for item in found["findings"]] == [
        ("socket_path_mismatch", "warning", "active")
    ]
    assert found["status"] == "degraded"


def test_a_dead_backup_is_latent_and_plans_nothing() -> None:
    snapshot = hosts.second_server(seen("plain"), hosts.place(seen("old_socket")), backup=True)
    found = hosts.verdict(snapshot)
    assert ([item["state"] for item in found["findings"]], found["status"], found["plan"]) == (
        ["latent"],
        "healthy",
        [],
    )


def test_a_server_marked_down_saves_nobody_though_it_answers_another_site() -> None:
    snapshot = seen("one_vhost_wrong")
    for route in snapshot["nginx"]["routes"]:
        if route["endpoints"][0]["endpoint"] == "unix:/run/php/php.sock":
            route["endpoints"].append(
                dict(route["endpoints"][0], endpoint="unix:/run/php/php8.2-fpm.sock", down=True)
            )
    assert [item["severity"] for item in hosts.verdict(snapshot)["findings"]] == ["critical"]


def test_an_endpoint_that_says_nothing_does_not_make_the_host_failing_for_another_ones_fault() -> None:
    snapshot = hosts.silent_logs(seen("one_vhost_wrong"))
    snapshot["endpoints"]["unix:/run/php/php8.2-fpm.sock"]["probe"].update(result="closed", ms=None)
    assert hosts.verdict(snapshot)["status"] == "degraded"


def test_an_upstream_whose_servers_are_all_dead_is_failing() -> None:
    snapshot = hosts.second_server(seen("old_socket"), hosts.place(seen("old_socket")))
    assert hosts.verdict(snapshot)["status"] == "failing"
    assert {item["severity"] for item in hosts.verdict(snapshot)["findings"]} == {"critical"}


def test_the_same_site_on_a_dead_and_a_living_endpoint_is_degraded() -> None:
    """Two locations, not an upstream: what the dead one serves is lost."""
    snapshot = seen("one_vhost_wrong")
    for route in snapshot["nginx"]["routes"]:
        route.update(site="shop.example", server_names=["shop.example"])
    found = hosts.verdict(snapshot)
    assert [(item["cause"], item["severity"]) for item in found["findings"]] == [
        ("socket_path_mismatch", "critical")
    ]
    assert found["status"] == "degraded"


# --- findings

ALL = pytest.mark.parametrize(
    "path", hosts.FILES, ids=[path.rsplit("/", 1)[1][: -len(".json")] for path in hosts.FILES]
)


@ALL
def test_a_verdict_has_the_agreed_shape(path: str) -> None:
    found = diagnose(hosts.fixture(path)["snapshot"], "web01")
    assert (
        set(found) == {"status", "findings", "plan", "missing", "strangers", "strangers_total"}
        and found["status"] in STATUSES
    )
    assert json.loads(json.dumps(found)) == found
    for item in found["findings"]:
        assert set(item) == KEYS
        assert item["code"] == CODES[item["cause"]]
        assert (
            item["severity"] in SEVERITIES
            and item["state"] in STATES
            and item["confidence"] in ("certain", "likely", "possible")
        )
        assert (
            isinstance(item["count"], int) and item["summary"].endswith(".") and "\n" not in item["summary"]
        )
        assert all(
            {"source", "path", "text"} <= set(piece) <= {"source", "path", "text", "line", "at"}
            for piece in item["evidence"]
        )
        assert all(len(piece["text"]) <= 500 for piece in item["evidence"])
        assert all(set(remedy) == {"action", "arguments"} for remedy in item["remedy"])
    assert all(
        action["id"] in {known.id for known in ACTIONS} and action["host"] == "web01"
        for action in found["plan"]
    )


def test_active_findings_come_first_and_graver_ones_before_others() -> None:
    snapshot = seen("two_path_and_exhausted")
    hosts.fpm_said(hosts.nginx_said(snapshot, "ng-too-big-header", 5.0), "fpm-slow", 5.0)
    order = [
        (STATES.index(item["state"]), SEVERITIES.index(item["severity"]))
        for item in hosts.verdict(snapshot)["findings"]
    ]
    assert len(order) > 1 and order == sorted(order)


def test_a_stopped_unit_is_mended_though_another_site_dials_what_no_pool_has() -> None:
    snapshot = seen("stopped")
    routes, dead = snapshot["nginx"]["routes"], "unix:/run/php/never.sock"
    target = dict(routes[0]["endpoints"][0], endpoint=dead, written=dead)
    routes.insert(0, dict(routes[0], site="ill.example", server_names=["ill.example"], endpoints=[target]))
    snapshot["endpoints"][dead] = dict(
        snapshot["endpoints"][routes[1]["endpoints"][0]["endpoint"]], path="/run/php/never.sock"
    )
    found = hosts.verdict(snapshot)
    assert [(item["cause"], item["reason"]) for item in found["findings"]] == [("fpm_not_running", "stopped")]
    assert [action["id"] for action in found["plan"]] == ["unit_start"] and "ill.example" in found[
        "findings"
    ][0]["sites"]


def test_a_finding_says_which_causes_it_is_not() -> None:
    assert {entry["cause"] for entry in hosts.only(seen("slow_location"))["ruled_out"]} >= {
        "fpm_not_running",
        "socket_permission_denied",
        "socket_path_mismatch",
        "max_children_exhausted",
    }


def test_a_long_text_of_a_host_is_cut() -> None:
    assert len(evidence("journal", "x" * 5000)["text"]) == 500


def test_losses_before_the_window_never_decide() -> None:
    """They are not in a snapshot at all: a host with last week's 502s in its log has no events of them."""
    assert not [one for one in seen("old_502s")["logs"]["events"] if one["source"] == "nginx"]


# --- snapshots with holes

# Where a name stands, the thing itself is there: an event has its times, a line its text.
NEVER_NONE = {"why", "text", "at", "count", "seconds", "kind", "endpoint", "what", "signature", "source"}


def places(node: Any, path: Tuple[str, ...] = ()) -> Iterator[Tuple[Any, str]]:
    """(container, key) of every value below a snapshot."""
    for name in list(node) if isinstance(node, dict) else []:
        yield node, name
        yield from places(node[name], path + (name,))
    for entry in node if isinstance(node, list) else []:
        yield from places(entry, path)


def with_hole(container: Dict[str, Any], name: str, hole: Any, look: Callable[[], Any]) -> None:
    kept = container[name]
    container[name] = hole
    try:
        look()
    finally:
        container[name] = kept


def none_able(snapshot: hosts.Snapshot) -> List[Tuple[Dict[str, Any], str]]:
    return [
        (container, name)
        for container, name in places(snapshot)
        if not isinstance(container[name], (dict, list)) and name not in NEVER_NONE
    ]


SOME = [path for number, path in enumerate(hosts.FILES) if number % 12 == 0 or path.endswith("-plain.json")]
HEALTHY = [
    path for path in hosts.FILES if path.endswith(("-plain.json", "-busy_at_limit.json", "-other_oom.json"))
]


@pytest.mark.parametrize("path", SOME, ids=[path.rsplit("/", 1)[1][: -len(".json")] for path in SOME])
def test_no_value_that_could_not_be_seen_breaks_the_diagnosis(path: str) -> None:
    snapshot = hosts.fixture(path)["snapshot"]
    for container, name in none_able(snapshot):
        with_hole(container, name, None, lambda: json.dumps(diagnose(snapshot)))


@pytest.mark.parametrize("path", SOME, ids=[path.rsplit("/", 1)[1][: -len(".json")] for path in SOME])
def test_no_empty_list_breaks_the_diagnosis(path: str) -> None:
    snapshot = hosts.fixture(path)["snapshot"]
    for container, name in list(places(snapshot)):
        if isinstance(container[name], list):
            with_hole(container, name, [], lambda: json.dumps(diagnose(snapshot)))


@pytest.mark.parametrize("path", HEALTHY, ids=[path.rsplit("/", 1)[1][: -len(".json")] for path in HEALTHY])
def test_holes_never_invent_an_active_finding_on_a_healthy_host(path: str) -> None:
    snapshot = hosts.fixture(path)["snapshot"]

    def look() -> None:
        assert [item for item in diagnose(snapshot)["findings"] if item["state"] == "active"] == [], (
            "invented"
        )

    for container, name in list(places(snapshot)):
        if isinstance(container[name], list):
            with_hole(container, name, [], look)
        elif not isinstance(container[name], dict) and name not in NEVER_NONE:
            with_hole(container, name, None, look)


@pytest.mark.parametrize("seed", range(60))
def test_many_holes_at_once_never_break_it_and_never_invent_an_active_finding(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = hosts.fixture(chance.choice(HEALTHY))["snapshot"]
    for container, name in chance.sample(none_able(snapshot), 12):
        container[name] = None
    assert [item["cause"] for item in diagnose(snapshot)["findings"] if item["state"] == "active"] == []


def test_a_key_that_is_gone_is_named_and_nothing_else_goes_wrong() -> None:
    """A snapshot of another make: the replay reports the key, diagnose() itself may only say which."""
    snapshot = seen("worker_oom")
    for container, name in list(places(snapshot)):
        order = dict(container)
        del container[name]
        try:
            diagnose(snapshot)
        except KeyError as error:
            assert error.args == (name,)
        container.clear()
        container.update(order)
