# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page: what it shows, that nothing of a host is more than text there, and that it keeps its size."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time
from typing import Any

import jinja2
import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import html
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    Page,
    hostile,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    evidence,
    finding,
    unreachable,
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def page(results: dict[str, Any], **more: Any) -> Page:
    return Page(html.render(made(results, **more)))


def timeline(*counts: int) -> dict[str, Any]:
    return {"begin": NOW // 60 * 60 - 300, "step": 60, "counts": list(counts)}


class TestShown:
    """What a reader finds."""

    def test_it_begins_with_the_verdict_and_the_run(self) -> None:
        shown = page({"a": answer("failing", finding()), "b": answer()}, limit="web*", check_mode=True).shown
        assert "1 host of 2: no request reaches PHP 2 hosts: 1 failing, 1 healthy." in shown
        assert "made 2026-04-02 14:23:17 UTC looked back 15 min by ops" in shown
        assert "ran webmedic.php_fpm.diagnose in check mode limit web*" in shown

    def test_hosts_that_share_a_cause_are_one_group(self) -> None:
        results = {"web%d" % number: answer("failing", finding(since=NOW - number)) for number in range(14)}
        shown = page(results).shown
        assert "On 14 hosts since 14:23:04 , 13 s before this report; 42 requests lost" in shown
        assert shown.count("Do not delete or link socket files") == 1

    def test_fixes_that_differ_are_told_with_their_hosts(self) -> None:
        results = {name: answer("failing", finding(unit=name + ".service")) for name in "aab"}
        results["c"] = answer("failing", finding(unit="b.service"))
        shown = page(results).shown
        assert "Fix systemctl start b.service on 2 hosts or systemctl start a.service on 1 host" in shown

    def test_each_host_is_on_the_map_and_linked(self) -> None:
        found = page({"web1": answer("failing", finding()), "gone": unreachable(), "c": answer()})
        ids = {attributes["id"] for _tag, attributes in found.tags if "id" in attributes}
        assert {"host-web1", "host-gone", "host-c"} <= ids
        links = {link["href"][1:] for link in found.all("a") if link["href"].startswith("#")}
        assert links <= ids

    def test_two_names_that_look_alike_have_two_places(self) -> None:
        found = page({"a b": answer(), "a/b": answer(), "a-b": answer()})
        ids = [row["id"] for row in found.all("li") if "id" in row]
        assert ids == ["host-a-b", "host-a-b~2", "host-a-b~3"]

    def test_lost_requests_have_a_lane_for_each_cause(self) -> None:
        results = {
            "a": answer("failing", finding(timeline=timeline(3, 0, 9))),
            "b": answer("degraded", finding("worker_oom_killed", "cgroup", timeline=timeline(1))),
        }
        found = page(results)
        labels = [item["aria-label"] for item in found.all("svg") if "aria-label" in item]
        assert labels == ["12 lost: 14:18:00: 3 lost; 14:20:00: 9 lost", "1 lost: 14:18:00: 1 lost"]

    @pytest.mark.parametrize(
        "wrong", [{"step": 0}, {"begin": 0.0}, {"begin": NOW + 10**6}, {"step": 2**40}, {"counts": []}]
    )
    def test_a_clock_that_is_wrong_costs_no_page(self, wrong: dict[str, Any]) -> None:
        line = {**timeline(1, 2), **wrong}
        assert "no request reaches PHP" in page({"a": answer("failing", finding(timeline=line))}).shown

    def test_a_report_without_times_has_no_lanes(self) -> None:
        old = report.build({"a": answer("failing", finding())}, 900, NOW)
        found = Page(html.render(old))
        assert not found.all("section", id="times") and "with webmedic" not in found.shown

    def test_a_host_has_its_proof_and_what_it_is_not(self) -> None:
        results = {
            "a": answer("failing", finding()),
            "b": answer("failing", finding(ruled_out=[{"cause": "nginx_limit", "why": "no limit"}])),
        }
        shown = page(results).shown
        assert "systemd php8.2-fpm.service is inactive (dead), result success, enabled" in shown
        assert "Ruled out nginx_limit no limit" in shown

    def test_a_remediation_shows_before_after_and_difference(self) -> None:
        prepared = "--- before: /a\n+++ after: /a\n@@ -1 +1 @@\n-user = root\n+user = shop\n"
        diff = [{"before_header": "/a", "after_header": "/a", "prepared": prepared}]
        found = page({"a": {**remedied(), "diff": diff}})
        assert (
            "before probe No such file or directory, page 502 after probe answered, page 200" in found.shown
        )
        assert len(found.all("ins")) == len(found.all("del")) == 1 and "+user = shop" in found.shown

    def test_sites_have_the_worst_of_their_hosts(self) -> None:
        found = page({"a": answer("degraded", finding()), "b": answer("failing", finding())}).shown
        assert "shop.example (80) × failing PHP-FPM is not running: stopped a , b 6" in found

    def test_a_risk_says_what_it_would_look_like(self) -> None:
        risk = finding("restart_at_risk", "unit_not_enabled", code=None, state="latent")
        assert "The machine boots, for a kernel" in page({"web1": answer("healthy", risk)}).shown
        assert "Then " not in page({"web1": answer("failing", finding())}).shown


class TestHarmless:
    """Nothing of a host is more than text."""

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_hostile_text_stays_text(self, text: str) -> None:
        harmless, tried = page(hostile("x")), page(hostile(text))
        kinds = {(tag, *sorted(attributes)) for tag, attributes in harmless.tags}
        assert {(tag, *sorted(attributes)) for tag, attributes in tried.tags} <= kinds
        assert tried.inside == harmless.inside and not tried.wrong and not tried.open
        assert not set(tried.shown) & set("\x1b\u202e\u2028\0")

    def test_a_name_from_the_inventory_stays_text(self) -> None:
        found = page({HOSTILE[0]: answer(), HOSTILE[1]: unreachable()})
        assert len(found.all("script")) == 1 and not found.all("img")

    def test_the_policy_allows_its_own_two_and_nothing_else(self) -> None:
        found = page({"a": answer()})
        (policy,) = [meta for meta in found.all("meta") if "http-equiv" in meta]
        assert policy["http-equiv"] == "Content-Security-Policy"
        parts = dict(part.strip().split(" ", 1) for part in policy["content"].split(";"))
        assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
        for kind in ("script", "style"):
            (text,) = found.inside[kind]
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert parts[kind + "-src"] == "'sha256-%s'" % digest

    def test_nothing_is_loaded_and_nothing_runs_from_a_tag(self) -> None:
        found = page({"a": answer("failing", finding()), "m": remedied()})
        for tag, attributes in found.tags:
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "style")], tag
        for link in found.all("a"):
            assert link["href"].startswith(("#", "https://github.com/webmedic/"))

    def test_the_template_marks_nothing_as_safe(self) -> None:
        for name in os.listdir(html.PLACE):
            with open(os.path.join(html.PLACE, name), encoding="utf-8") as stream:
                assert not re.search(r"\|\s*safe|autoescape|innerHTML|document\.write|eval\(", stream.read())

    def test_a_name_that_the_template_lacks_is_an_error(self) -> None:
        with pytest.raises(jinja2.UndefinedError):
            html.environment().from_string("{{ nothing }}").render()


class TestSize:
    """A page that opens."""

    @pytest.mark.long
    def test_hosts_that_say_too_much_are_cut_and_it_says_so(self) -> None:
        loud = finding(evidence=[evidence("nginx_log", "/l", "y" * 900, at=NOW)] * 12)
        results = {"web%d" % number: answer("failing", *[loud] * 30) for number in range(12)}
        text = html.render(made(results))
        assert len(text.encode()) <= html.BYTES and html.TOO_MUCH in text

    def test_a_thousand_healthy_hosts_are_small(self) -> None:
        text = html.render(made({"web%d" % number: answer() for number in range(1000)}))
        assert len(text.encode()) < 600_000 and html.TOO_MUCH not in text
