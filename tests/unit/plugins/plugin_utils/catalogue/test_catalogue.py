# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue: words for everything the rules can say, in the length the table has room for, safe to paste
into a shell.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections import Counter

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES as DECLARED
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue, page, placeholders
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.commands import COMMANDS
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import layout, text
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT, finding
from ansible_collections.webmedic.php_fpm.tests.unit.sources import PLUGINS, parsed, python_files

EVERY = sorted(catalogue.CATALOGUE, key=str)
CAUSES = {
    "fpm_not_running": "stopped masked config_invalid unknown_user bind_failed address_in_use "
    "runtime_dir_missing start_limit_hit crashed oomd_killed oom_stopped "
    "not_installed condition_failed dependency_failed unit_setup_failed start_command_failed start_timeout "
    "log_unwritable pid_file_unwritable read_only disk_full address_unavailable shared_memory preload_failed "
    "extension_failed php_ini_invalid not_executable start_failed program_crashes account_late reload_failed "
    "too_many_children",
    "socket_permission_denied": "socket_mode acl parent_directory not_a_socket mandatory_access "
    "mount_namespace group_not_in_force",
    "socket_path_mismatch": "other_socket other_port tcp_vs_unix address_family socket_deleted "
    "dangling_link config_not_loaded private_tmp mount_namespace "
    "nginx_not_loaded",
    "max_children_exhausted": "max_children process_max slow_dependency keepalive_pinned",
    "fastcgi_read_timeout": "slow_script",
    "workers_halted": "stopped frozen traced disk_wait master_halted",
    "worker_oom_killed": "global cgroup systemd_oomd",
    "impostor": "not_php_fpm untrusted_php_fpm",
    "writable_config": "fpm nginx",
    "invalid_response": "segfault killed not_fastcgi protocol_error hard_timeout",
}
BEYOND = [
    "request_terminated",
    "reload_interrupted",
    "response_header_too_big",
    "listen_backlog_full",
    "client_not_allowed",
    "upstream_unresolvable",
    "nginx_limit",
    "temp_dir_unwritable",
    "php_fatal",
    "script_not_found",
    "client_abort",
]


class TestEntries:
    """What is written of each cause."""

    def test_every_cause_and_reason_of_the_contract_has_an_entry(self) -> None:
        """Ids are only ever added."""
        expected = {
            (cause, reason) for cause, reasons in CAUSES.items() for reason in [None, *reasons.split()]
        } | {(cause, None) for cause in BEYOND}
        assert expected <= set(catalogue.CATALOGUE)

    def test_every_cause_that_a_rule_names_has_an_entry(self) -> None:
        assert {cause.id for cause in DECLARED if (cause.id, None) not in catalogue.CATALOGUE} == set()

    @pytest.mark.parametrize("key", EVERY)
    def test_an_entry_fits_the_table(self, key: tuple[str, str | None]) -> None:
        entry = catalogue.CATALOGUE[key]
        name = "%s/%s" % key if key[1] else key[0]
        heading = "DEGRADED  %s  %s  400 hosts" % (entry.title, name)
        assert len(heading) <= layout.WIDTH
        assert len(text.wrap(entry.fix.replace("`", ""), layout.PAGE.room, 9)) <= 2
        assert all(words.strip() == words and words for words in entry[:6])
        assert all(len(text.wrap(row.fix.replace("`", ""), layout.PAGE.room, 9)) <= 2 for row in entry.when)
        assert entry.do_not.startswith("Do not ")

    @pytest.mark.parametrize("key", EVERY)
    def test_an_entry_uses_only_known_fields(self, key: tuple[str, str | None]) -> None:
        entry, known = catalogue.CATALOGUE[key], {*placeholders.FIELDS, *placeholders.OTHERS, *COMMANDS}
        for words in [
            *(value for value in entry if isinstance(value, str)),
            *(row.fix for row in entry.when),
        ]:
            assert set(re.findall(r"\{(\w*)\}", words)) <= known
            assert "{" not in catalogue.fill(words, {})

    def test_an_advice_is_written_once(self) -> None:
        """An entry with another's advice is made of that entry."""
        written = Counter(
            node.value.value
            for path in python_files(os.path.join(PLUGINS, "plugin_utils", "catalogue", "words"))
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.keyword) and node.arg == "advice" and isinstance(node.value, ast.Constant)
        )
        assert written
        assert not [advice for advice, times in written.items() if times > 1]

    def test_without_own_words_the_next_wider_entry_is_used(self) -> None:
        assert catalogue.lookup("fpm_not_running", "brand_new") is catalogue.lookup("fpm_not_running", None)
        assert catalogue.anchor("fpm_not_running", "brand_new") == "docs/causes.md#fpm_not_running"
        assert catalogue.lookup("brand_new", "x") is catalogue.UNKNOWN
        assert catalogue.anchor("brand_new", "x") == "docs/causes.md"


class TestFields:
    """What a finding puts into the words."""

    def test_remedies_and_facts_fill_the_fields(self) -> None:
        place = {"file": "/etc/nginx/sites-enabled/shop", "line": 14}
        item = finding("socket_path_mismatch", "other_socket", remedy=[], facts=place)
        assert catalogue.enrich(item)["fix"].startswith(
            "bring the site's own pool back, or dial it in /etc/nginx/sites-enabled/shop:14,"
        )
        item["remedy"] = [
            {
                "action": "fastcgi_pass_repoint",
                "arguments": {"file": "/etc/nginx/a", "line": 2, "to": "unix:/run/php/new.sock"},
            }
        ]
        assert catalogue.enrich(item)["fix"].startswith("in /etc/nginx/a:2 dial unix:/run/php/new.sock,")

    def test_words_stand_for_a_command_without_its_field(self) -> None:
        item = finding(unit=None, endpoint="127.0.0.1:9000")
        assert catalogue.fill("Then `{start}`.", item) == "Then start php-fpm."
        assert catalogue.fill("`{start}`. Done.", item) == "Start php-fpm. Done."
        assert catalogue.fill("move {socket}, {restart}", item) == ("move the socket, restart php-fpm")

    def test_the_account_that_is_not_there_is_named(self) -> None:
        item = finding("fpm_not_running", "unknown_user", remedy=[], facts={"account": "deploy"})
        assert catalogue.enrich(item)["fix"].startswith("create the account deploy or correct")
        assert "`useradd --system deploy`" in catalogue.enrich(item)["advice"]

    def test_the_address_that_is_taken_is_named(self) -> None:
        """It may be another pool's than the one that nginx dials."""
        item = finding("fpm_not_running", "address_in_use", remedy=[])
        assert catalogue.enrich(item)["fix"].startswith("ss -lxtnp shows who holds unix:/run/php/")
        item["facts"] = {"address": "127.0.0.1:9000"}
        assert catalogue.enrich(item)["fix"].startswith("ss -lxtnp shows who holds 127.0.0.1:9000;")

    @pytest.mark.parametrize(
        "endpoint, fix",
        [
            ("unix:/run/php/php7.4-fpm.sock", "install php7.4-fpm, or"),
            ("unix:/var/opt/remi/php73/run/php-fpm/www.sock", "install php73-php-fpm, or"),
            ("127.0.0.1:9000", "install the php-fpm that the site needs, or"),
        ],
    )
    def test_the_package_that_brings_such_a_socket_is_named(self, endpoint: str, fix: str) -> None:
        item = finding("fpm_not_running", "not_installed", endpoint=endpoint, remedy=[])
        assert catalogue.enrich(item)["fix"].startswith(fix)

    def test_the_account_that_was_refused_is_named(self) -> None:
        item = finding("socket_permission_denied", "socket_mode", endpoint="unix:/run/x.sock", remedy=[])
        item["facts"] = {"user": "caddy"}
        assert "setfacl -m u:caddy:rw /run/x.sock" in catalogue.enrich(item)["fix"]

    @pytest.mark.parametrize("pid", [True, 1, 0, -1, "7", 7.5, None])
    def test_decoy_a_pid_that_would_hit_others(self, pid: object) -> None:
        item = finding("workers_halted", "stopped", remedy=[], facts={"pids": [pid, 77]})
        assert "kill -CONT 77" in catalogue.enrich(item)["fix"]

    def test_near_miss_the_texts_of_evidence_fill_nothing(self) -> None:
        """What a log says is not searched for accounts, places and commands."""
        texts = [
            {"source": "probe", "path": None, "text": "connecting to unix:/run/x.sock as evil: denied"},
            {"source": "journal", "path": None, "text": "cannot get uid for user 'evil'"},
            {"source": "place", "path": "/evil/x.log", "text": "/evil/x.log"},
            {"source": "pids", "path": None, "text": "666 667"},
            {"source": "service", "path": None, "text": "evil start"},
            {"source": "spare", "path": None, "text": "evil answers in its place"},
        ]
        for key in EVERY:
            item = finding(*key, remedy=[], unit=None, evidence=texts)
            words = catalogue.enrich(item)
            shown = " ".join(
                [words["fix"], words["advice"], *(step.text for step in catalogue.steps_for(item))]
            )
            assert "evil" not in shown and "666" not in shown

    @pytest.mark.parametrize("path", ["/srv/[redacted]/x", "/" + "x" * 1000], ids=["redacted", "cut"])
    def test_a_place_that_is_not_whole_is_not_typed(self, path: str) -> None:
        item = finding("fpm_not_running", "selinux_label", remedy=[], facts={"path": path})
        assert catalogue.enrich(item)["fix"].startswith("relabel it with restorecon, ")
        item["facts"] = {"path": "/srv/run"}
        assert catalogue.enrich(item)["fix"].startswith("restorecon -RFv /srv/run, ")

    def test_what_is_over_has_the_cure_that_keeps_it_away(self) -> None:
        over = finding("reload_interrupted", None, state="recovered", remedy=[])
        assert catalogue.enrich(over)["fix"].startswith("set process_control_timeout in [global]")
        loaded = finding("socket_path_mismatch", "config_not_loaded", state="recovered", remedy=[])
        assert catalogue.enrich(loaded)["fix"].startswith(
            "let each deploy end with systemctl reload php8.2-fpm.service"
        )
        stopped = finding(state="recovered")
        assert catalogue.enrich(stopped)["fix"].startswith("it runs again; journalctl -u php8.2-fpm.service")
        assert catalogue.cure_of_the_past({"cause": "socket_permission_denied", "reason": "acl"}) is None

    @pytest.mark.parametrize(
        "unit", ["x; rm -rf / #", "$(id)", "`id`", "a b", "a'b", '"', "{{ 7 * 7 }}", "{pool}", "x|y"]
    )
    def test_a_hostile_field_is_one_word_of_the_shell(self, unit: str) -> None:
        filled = catalogue.fill("{start}", finding(unit=unit))
        assert shlex.split(filled) == ["systemctl", "start", unit]

    @pytest.mark.parametrize("unit", ["a\nb", "\x1b[2J", "a\u202eb", "", "-Hx", 5.5, ["x"]])
    def test_a_field_that_cannot_be_shown_is_left_out(self, unit: object) -> None:
        assert catalogue.fill("{start}", finding(unit=unit)) == "start php-fpm"

    def test_a_place_fills_in_its_directory(self) -> None:
        item = finding("fpm_not_running", "log_unwritable", remedy=[])
        item["facts"] = {"path": "/var/log/gone/x.log"}
        assert catalogue.enrich(item)["fix"].startswith("let php-fpm open /var/log/gone/x.log (")
        assert "directory /var/log/gone, owned by root" in catalogue.enrich(item)["advice"]


class TestPage:
    """docs/causes.md."""

    def test_it_is_made_from_the_catalogue(self) -> None:
        with open(os.path.join(ROOT, "docs", "causes.md"), encoding="utf-8") as stream:
            assert stream.read() == page.markdown(), (
                "run: cd .cache/webmedic/tree; python3 -m "
                "ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue > causes.md"
            )

    @pytest.mark.parametrize("key", EVERY)
    def test_every_link_leads_to_a_heading(self, key: tuple[str, str | None]) -> None:
        path, heading = catalogue.anchor(*key).split("#")
        assert path == catalogue.DOC_PAGE
        assert re.search(r"^#{2,3} %s$" % heading, page.markdown(), re.M)
