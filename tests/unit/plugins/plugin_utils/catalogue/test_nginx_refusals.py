# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of what keeps nginx from its files comes from the host, and the words for it stand here."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.refused import KINDS
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.catalogue import enrich
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.nginx_refusals import REFUSALS
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.report import read
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts, older

TEXT = 'no port in upstream "php74" in /etc/nginx/conf.d/gone.conf:4'
WORDS = "no upstream that nginx reads has this name"
DOWN = "line 4: %s: nginx refuses to load its files: it does not start" % TEXT


def refused(kind: str | None, **facts: Any) -> Any:
    host = older.refused(text=TEXT)
    host["older"]["refusal"].update({"kind": kind} if kind else {}, **facts)
    return host


def down(kind: str | None) -> Any:
    return refused(kind).silent_logs().with_nginx(running=False, master=None)


def notes(missing: Any) -> list[Any]:
    return [entry for entry in missing if entry["what"] in ("nginx_loaded", "nginx_running")]


class TestNote:
    def test_each_kind_has_its_words(self) -> None:
        assert list(KINDS) == list(REFUSALS)

    def test_hit_the_words_of_its_kind_are_put_behind_it(self) -> None:
        verdict = hosts.verdict(down("upstream"))
        assert [entry["refusal"] for entry in notes(verdict["missing"])] == ["upstream", "upstream"]
        made = notes(read(verdict)["missing"])
        assert [entry["why"].endswith("%s; %s" % (DOWN, WORDS)) for entry in made] == [True, True]
        assert not any("refusal" in entry for entry in made)
        assert notes(diagnose(down("upstream"))["missing"]) == made

    def test_near_miss_a_kind_of_a_later_version(self) -> None:
        made = notes(read(hosts.verdict(down("later_kind")))["missing"])
        assert [entry["why"].endswith(DOWN) for entry in made] == [True, True]

    def test_decoy_a_snapshot_without_kinds(self) -> None:
        found = notes(hosts.verdict(down(None))["missing"])
        assert read(hosts.verdict(down(None)))["missing"] == hosts.verdict(down(None))["missing"]
        assert not any("refusal" in entry for entry in found)


class TestFix:
    def test_hit_a_refused_reload_says_what_is_wrong(self) -> None:
        finding = hosts.only(refused("upstream"))
        assert (finding["reason"], finding["facts"]["refusal"]) == ("nginx_reload_refused", "upstream")
        assert "(%s)" % WORDS in enrich(finding)["fix"]

    def test_near_miss_its_kind_is_not_known(self) -> None:
        finding = hosts.only(refused(None))
        assert "refusal" not in finding["facts"]
        assert enrich(finding)["fix"].startswith("mend ") and "(" not in enrich(finding)["fix"]
