# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role monitor keeps its promises on paper: variables, units without rights, alerts and dashboard that
know each metric.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import metrics as of_hosts
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.catalogue import DOC_PAGE
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.links import PAGES
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import metrics as of_reports
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "monitor")
METRICS = {family.name: family for family in (*of_hosts.FAMILIES, *of_reports.FAMILIES)}
NAME = re.compile(r"\bwebmedic_[a-z_]+")
PROMISED = {
    "webmedic_pool_accept_queue",
    "webmedic_pool_accept_queue_limit",
    "webmedic_pool_workers",
    "webmedic_pool_max_children",
    "webmedic_pool_saturated",
    "webmedic_pool_oldest_request_seconds",
    "webmedic_pool_max_children_reached_total",
    "webmedic_pool_worker_exits_total",
    "webmedic_oom_kills_total",
    "webmedic_site_responses_total",
    "webmedic_last_diagnosis_status",
    "webmedic_last_run_timestamp_seconds",
    "webmedic_latent_risks",
}


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


OPTIONS = yaml.safe_load(read(ROLE, "meta", "argument_specs.yml"))["argument_specs"]["main"]["options"]
DEFAULTS = yaml.safe_load(read(ROLE, "defaults", "main.yml"))
PRESENT = yaml.safe_load(read(ROLE, "tasks", "present.yml"))
ABSENT = yaml.safe_load(read(ROLE, "tasks", "absent.yml"))
RULES = yaml.safe_load(read(ROLE, "files", "webmedic.rules.yml"))["groups"][0]["rules"]
DASHBOARD = json.loads(read(ROLE, "files", "webmedic-dashboard.json"))


def refused(**options: Any) -> bool:
    """Whether the role's first task would stop, as Ansible evaluates it."""
    known = {**DEFAULTS, **PRESENT[0].get("vars", {}), **options}
    environment = jinja2.Environment()
    environment.tests["match"] = lambda value, form: bool(re.match(form, value))
    environment.filters["regex_replace"] = lambda value, form, new: re.sub(form, new, value)
    environment.filters["length"] = lambda value: len(list(value))
    environment.filters["intersect"] = lambda first, other: [item for item in first if item in other]
    words = PRESENT[0]["ansible.builtin.assert"]["that"]
    return not all(environment.compile_expression(each)(**known) for each in words)


class TestSpecification:
    @pytest.mark.parametrize(
        "path",
        ["/srv/logs\n", "/srv/logs\nUser=root", "/", "//", "/.", "/..", "/srv/../root", "/srv/./..", "/etc/",
         "/etc", "/home", "/root", "/proc", "srv", "/srv/a b", "/srv/%h", "/srv:/x", "/srv/$x", ""],
    )  # fmt: skip
    def test_a_path_that_would_show_all_or_break_the_unit_is_refused(self, path: str) -> None:
        assert refused(monitor_read_paths=["/srv/logs", path])

    @pytest.mark.parametrize(
        "path", ["/srv", "/srv/logs/", "/home/shop/.config/nginx", "/etc/my-nginx", "/srv/a..b"]
    )
    def test_near_miss_what_people_have_passes(self, path: str) -> None:
        assert not refused(monitor_read_paths=[path])

    @pytest.mark.parametrize("group", ["www-data\n", "www-data\nUser=root", "a b", "-x", ""])
    def test_a_group_that_would_break_the_unit_is_refused(self, group: str) -> None:
        assert refused(monitor_groups=[group]) and not refused(monitor_groups=["www-data", "_apt", "a.b"])


def unit(name: str, **more: Any) -> str:
    known = {**DEFAULTS, "__monitor_program": {"python": "/usr/bin/python3"}, **more}
    return jinja2.Template(read(ROLE, "templates", name + ".j2"), trim_blocks=True).render(known)


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        assert {name: option["default"] for name, option in OPTIONS.items()} == DEFAULTS

    def test_each_is_used_and_in_the_readme(self) -> None:
        text = "".join(
            read(ROLE, folder, name)
            for folder in ("tasks", "templates")
            for name in os.listdir(os.path.join(ROLE, folder))
        )
        readme = read(ROLE, "README.md")
        assert [name for name in OPTIONS if name not in text] == []
        assert [name for name in OPTIONS if "| `%s` |" % name not in readme] == []


class TestUnit:
    @pytest.mark.parametrize(
        "line",
        [
            "User=webmedic-monitor",
            "AmbientCapabilities=CAP_DAC_READ_SEARCH",
            "CapabilityBoundingSet=CAP_DAC_READ_SEARCH",
            "NoNewPrivileges=yes",
            "TemporaryFileSystem=/:ro",
            "RuntimeDirectoryPreserve=yes",
            "IPAddressDeny=any",
            "StartLimitIntervalSec=0",
        ],
    )
    def test_it_has_no_more_rights_than_it_needs(self, line: str) -> None:
        assert line in unit("webmedic-monitor.service").splitlines()

    def test_root_does_nothing_in_a_run(self) -> None:
        """A prefix of + or ! would run a command with root's rights."""
        commands = [line for line in unit("webmedic-monitor.service").splitlines() if line.startswith("Exec")]
        assert len(commands) == 1 and commands[0].startswith("ExecStart=/usr/bin/python3 -I ")

    def test_secrets_are_not_in_its_view(self) -> None:
        shown = re.findall(
            r"[^ =-]*(/\S*)", "\n".join(re.findall("^Bind.*", unit("webmedic-monitor.service"), re.M))
        )
        assert not {"/", "/etc", "/home", "/root", "/var", "/var/lib", "/var/www", "/etc/shadow"} & set(shown)

    def test_groups_and_paths_are_added(self) -> None:
        text = unit("webmedic-monitor.service", monitor_groups=["www-data"], monitor_read_paths=["/srv/logs"])
        assert {"SupplementaryGroups=www-data", "BindReadOnlyPaths=-/srv/logs"} <= set(text.splitlines())
        assert "SupplementaryGroups" not in unit("webmedic-monitor.service")

    def test_the_timer_is_exact(self) -> None:
        assert {"OnUnitActiveSec=15s", "AccuracySec=1s"} <= set(unit("webmedic-monitor.timer").splitlines())


class TestTasks:
    def test_the_link_is_no_way_to_write_elsewhere(self) -> None:
        made = [task["ansible.builtin.file"] for task in PRESENT if "ansible.builtin.file" in task]
        assert [item["state"] for item in made] == ["directory", "link"]
        assert all(item["follow"] is False for item in made)

    def test_only_our_own_link_is_removed(self) -> None:
        task = next(task for task in ABSENT if task["name"] == "Remove the link in node exporter's directory")
        assert "== '/run/webmedic-monitor/webmedic.prom'" in task["when"]


class TestMetrics:
    def test_those_that_are_promised_are_there(self) -> None:
        assert set(METRICS) >= PROMISED

    def test_each_alert_asks_for_metrics_that_are_there(self) -> None:
        for rule in RULES:
            assert set(NAME.findall(rule["expr"])) <= set(METRICS)
            assert rule["alert"].startswith("Webmedic")
            assert rule["annotations"]["runbook_url"].startswith(PAGES)

    def test_each_cause_has_its_page(self) -> None:
        causes = read(ROOT, DOC_PAGE)
        for rule in RULES:
            cause = rule["labels"].get("cause")
            if cause:
                assert rule["annotations"]["runbook_url"] == PAGES + DOC_PAGE + "#" + cause
                assert "\n## %s\n" % cause in causes

    def test_each_panel_asks_for_metrics_that_are_there(self) -> None:
        queries = {target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
        used = set(NAME.findall(" ".join(queries)))
        assert used <= set(METRICS)
        assert PROMISED - used <= {"webmedic_pool_accept_queue_limit"}

    def test_panels_do_not_overlap(self) -> None:
        taken = [
            (x, y)
            for panel in DASHBOARD["panels"]
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        assert len(taken) == len(set(taken)) and max(x for x, _y in taken) < 24

    def test_each_is_in_the_readme(self) -> None:
        readme = read(ROLE, "README.md")
        assert [name for name in METRICS if "`%s" % name not in readme] == []
        assert [rule["alert"] for rule in RULES if "`%s`" % rule["alert"] not in readme] == []
