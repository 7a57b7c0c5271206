# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What closes the table: commands that can be pasted as they stand, and addresses."""

from __future__ import annotations

import os
import shlex
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import links
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.placeholders import FIELDS
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import (
    COPIED,
    HOSTILE,
    READ,
    rendered,
)

EVERY = list(catalogue.CATALOGUE)
# Every field, as a host would say it.
ENDPOINT = "unix:/run/php/php8.2-fpm.sock"
ARGUMENTS = {"user": "www-data", "path": "/p", "file": "/f", "line": 3, "to": "unix:/x.sock"}
REMEDY = [{"action": "x", "arguments": ARGUMENTS}]
# What a fix may be typed with.
PROGRAMS = ("systemctl", "nginx", "setfacl", "restorecon", "semanage", "systemd-tmpfiles", "setsebool")
LOOKS = ("ss", "ps", "journalctl", "ausearch")


def pasted(results: dict[str, Any]) -> list[str]:
    lines = rendered(results, cut=False)
    if COPIED not in lines:
        return []
    start = lines.index(COPIED)
    return lines[start + 1 : lines.index("", start)]


class TestCommands:
    """The commands of the fixes, by host."""

    def test_each_host_has_its_commands(self) -> None:
        wrong = finding(
            "socket_path_mismatch",
            "other_socket",
            remedy=[{"action": "x", "arguments": {"file": "/etc/nginx/a", "line": 13, "to": "unix:/x.sock"}}],
        )
        assert pasted(
            {
                "web1": answer("failing", finding()),
                "web2": answer("failing", wrong),
                "web3": answer("failing", finding()),
                "web4": answer(),
            }
        ) == [
            "  web1, web3",
            "    systemctl start php8.2-fpm.service",
            "  web2",
            "    # in /etc/nginx/a:13 dial unix:/x.sock",
            "    nginx -t && systemctl reload nginx",
        ]

    def test_words_alone_are_no_commands(self) -> None:
        slow = finding("fastcgi_read_timeout", "slow_script")
        assert pasted({"web1": answer("degraded", slow)}) == []

    def test_what_is_over_has_none(self) -> None:
        assert pasted({"web1": answer("recovered", finding(state="recovered"))}) == []

    def test_a_command_of_two_findings_stands_once(self) -> None:
        both = answer("failing", finding(site="a"), finding(site="b", endpoint="unix:/y"))
        assert pasted({"web1": both})[1:] == ["    systemctl start php8.2-fpm.service"]

    @pytest.mark.parametrize("key", EVERY)
    def test_without_its_fields_no_fix_is_a_command(self, key: tuple[str, str | None]) -> None:
        bare = finding(*key, unit=None, pool=None, site=None, endpoint=None, evidence=[], remedy=[])
        for step in catalogue.steps_for(bare):
            words = [name for field in FIELDS.values() for name in field[:2] if name and name in step.text]
            assert not (step.command and words), step
            assert "systemctl" not in step.text or not step.command or "nginx" in step.text, step

    @pytest.mark.parametrize("key", EVERY)
    def test_a_command_begins_with_a_program(self, key: tuple[str, str | None]) -> None:
        known = finding(
            *key,
            endpoint=ENDPOINT,
            remedy=REMEDY,
            facts={"path": "/srv/x/y", "pids": [12, 13]},
        )
        for step in catalogue.steps_for(known):
            assert "`" not in step.text and "{" not in step.text
            if step.command:
                assert step.text.split(" ")[0] in (*PROGRAMS, *LOOKS) or step.text.startswith(
                    "kill -CONT "
                ), step
                assert shlex.split(step.text)

    @pytest.mark.parametrize("evil", [*HOSTILE, "x`y`; rm -rf /", "a, then reboot", "$(reboot)", "x\nreboot"])
    def test_a_field_of_a_host_is_one_word(self, evil: str) -> None:
        lines = pasted({"web1": answer("failing", finding(unit=evil, pool=evil, endpoint="unix:" + evil))})
        for line in lines[1:]:
            words = shlex.split(line.strip(), comments=True)
            assert words[:2] in ([], ["systemctl", "start"]) and len(words) in (0, 3), line

    def test_what_starts_it_there_takes_systemctls_place(self) -> None:
        """Where systemd does not run, the command is the one that is right there."""
        for reason in ("stopped", "runtime_dir_missing"):
            item = finding(reason=reason, unit=None, facts={"start_command": "service php8.2-fpm start"})
            assert pasted({"web1": answer("failing", item)})[1:] == ["    service php8.2-fpm start"]

    def test_without_a_unit_nginx_is_told_itself(self) -> None:
        item = finding("socket_path_mismatch", "other_socket", unit=None, remedy=REMEDY)
        lines = pasted({"web1": answer("failing", item)})
        assert lines[-1] == "    nginx -t && nginx -s reload"
        assert "systemctl" not in catalogue.enrich(item)["fix"]

    def test_a_remediation_leaves_those_for_a_person(self) -> None:
        left = {"web1": remedied("would"), "web2": remedied("escalated")}
        assert [line for line in pasted(left) if not line.startswith("    ")] == ["  web2"]

    def test_many_hosts_take_few_lines(self) -> None:
        many = [answer("failing", finding(unit="u%d.service" % number)) for number in range(300)]
        lines = pasted({"web%03d" % number: result for number, result in enumerate(many)})
        assert len(lines) < 26
        assert "hosts more have commands of their own, in the report: web" in lines[-1]


class TestPages:
    """Where a cause is explained."""

    def test_each_cause_has_its_address_once(self) -> None:
        lines = rendered(
            {"web1": answer("failing", finding()), "web2": answer("failing", finding())}, cut=False
        )
        assert lines[lines.index(READ) + 1 :][:2] == [
            "  https://github.com/webmedic/webmedic.php_fpm/blob/main/docs/causes.md#fpm_not_running-stopped",
            "",
        ]

    def test_the_address_is_that_of_galaxy_yml(self) -> None:
        with open(os.path.join(ROOT, "galaxy.yml"), encoding="utf-8") as stream:
            galaxy = yaml.safe_load(stream)
        assert galaxy["documentation"] == links.url("README.md")
        assert links.PAGES.startswith(galaxy["repository"] + "/")

    def test_only_our_addresses_become_links(self) -> None:
        ours = links.url(catalogue.anchor("fpm_not_running", "stopped"))
        assert links.clickable("  " + ours) == "  \x1b]8;;%s\x1b\\%s\x1b]8;;\x1b\\" % (ours, ours)
        for other in ("https://example.org/", ours.replace("webmedic/", "evil/"), ours.replace("s:", ":")):
            assert links.clickable(other) == other
        assert links.clickable(ours + "\x07;x").endswith("\x1b]8;;\x1b\\\x07;x")


class TestSize:
    """A large fleet with every cause there is."""

    @pytest.mark.parametrize("hosts", [51, 300, 1000])
    def test_it_is_a_screen_or_two(self, hosts: int) -> None:
        causes = EVERY * 10
        results = {"web%04d" % number: answer("failing", finding(*causes[number])) for number in range(hosts)}
        lines = rendered(results, cut=False)
        assert len(lines) <= 56
        assert lines[0].startswith("%d hosts: " % hosts)

    def test_each_cause_is_named_while_there_is_room(self) -> None:
        kinds = [key for key in EVERY if key[1]][:14]
        results = {
            "web%03d" % number: answer("failing", finding(*kinds[number % 14])) for number in range(300)
        }
        shown = "\n".join(rendered(results))
        assert all("%s/%s  " % kind in shown for kind in kinds)

    def test_a_small_fleet_is_shown_in_full(self) -> None:
        results = {"web%03d" % number: answer("failing", finding(*EVERY[number])) for number in range(20)}
        assert sum(line.startswith("    not ") for line in rendered(results)) == 20
