# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a bundle, what its manifest says, and that it comes back as the same report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Mismatch
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import archive, contents
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import replay, report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer, finding

SHOWN = {"program": "nginx", "path": "/etc/nginx/nginx.conf", "text": "    1  user www-data;\n", "hidden": 0}


def handed(**more: Any) -> dict[str, Any]:
    parts = {"configuration": [SHOWN], "versions": {"nginx": ["1.22.1"]}, "left_out": [], **more}
    return {**answer("failing", finding()), **parts}


def made(**results: Any) -> contents.Contents:
    built = report.build(results, 900, NOW, keep_snapshot=True)
    return contents.contents(results, built, {"report.md": lambda _report: "x"}, "0.7.0")


class TestMembers:
    def test_each_host_has_its_own(self) -> None:
        members = made(web01=handed()).members
        assert sorted(members) == [
            "README.txt",
            "hosts/web01/configuration/etc/nginx/nginx.conf.txt",
            "hosts/web01/log_lines.txt",
            "hosts/web01/versions.txt",
            "manifest.json",
            "report/report.json",
            "report/report.md",
        ]
        assert b"php8.2-fpm.service is inactive (dead)" in members["hosts/web01/log_lines.txt"]
        assert b"nginx: 1.22.1\n" in members["hosts/web01/versions.txt"]

    @pytest.mark.parametrize(
        "path",
        [
            "/../../etc/cron.d/x",
            "relative",
            "",
            "/",
            "/a\nb",
            "/" + "x/" * 60,
            "/" + "y" * 900,
            "/.ssh/-rf",
            "//a//",
        ],
    )
    def test_no_path_of_a_host_leads_elsewhere(self, path: str) -> None:
        packed = archive.pack(made(web=handed(configuration=[{**SHOWN, "path": path}])).members)
        assert len(archive.unpack(packed)) == 7

    def test_paths_that_meet_are_told_apart(self) -> None:
        same = [{**SHOWN, "path": path} for path in ("/a b", "/a_b", "/A_B", "/a_b")]
        packed = archive.pack(made(web=handed(configuration=same)).members)
        names = [path.lower() for path in archive.unpack(packed) if "/configuration/" in path]
        assert len(set(names)) == 4

    def test_a_file_that_is_also_a_folder_is_told_apart(self) -> None:
        both = [{**SHOWN, "path": path} for path in ("/a", "/a.txt/b")]
        assert len(archive.unpack(archive.pack(made(web=handed(configuration=both)).members))) == 8

    def test_names_of_hosts_that_meet_are_told_apart(self) -> None:
        result = made(**{"we b": handed(), "we_b": handed(), "WE_B": handed(), "../..": handed()})
        directories = {str(host["directory"]).lower() for host in result.manifest["hosts"]}
        assert len(directories) == 4
        assert archive.unpack(archive.pack(result.members))

    def test_words_of_a_host_that_failed_are_as_strict(self) -> None:
        motd = "motd: the PIN 4711s3cret, https://hooks.slack.com/services/T0/B0/s3cret"
        members = made(web01={"failed": True, "msg": motd}).members
        assert b"s3cret" not in b"".join(members.values())

    def test_a_host_without_an_answer_is_named(self) -> None:
        result = made(gone={"unreachable": True, "msg": "password=s3cret"}, out=None)
        assert [host["status"] for host in result.manifest["hosts"]] == ["unreachable", "unknown"]
        assert result.manifest["hosts"][0]["left_out"][0]["why"] == "the host gave no answer"
        assert not any(b"s3cret" in content for content in result.members.values())

    @pytest.mark.parametrize(
        "wrong",
        [
            {"configuration": "x"},
            {"configuration": [{"program": "x"}]},
            {"configuration": [{**SHOWN, "text": 3}]},
            {"versions": ["x"]},
            {"left_out": [{"what": None}]},
        ],
    )
    def test_what_a_host_may_not_say_costs_its_own_part(self, wrong: Any) -> None:
        result = made(web=handed(**wrong), well=handed())
        assert "the host answered something else" in str(result.manifest["hosts"][0]["left_out"])
        assert "hosts/well/versions.txt" in result.members


class TestManifest:
    def test_it_names_each_file_with_its_sum(self) -> None:
        result = made(web01=handed())
        assert {entry["path"] for entry in result.manifest["files"]} == result.members.keys() - {
            "manifest.json"
        }
        assert json.loads(result.members["manifest.json"]) == result.manifest

    def test_it_says_what_is_left_out(self) -> None:
        left_out = [{"what": "configuration", "path": "/x", "why": "Permission denied"}]
        result = made(web01=handed(left_out=left_out))
        assert left_out[0] in result.manifest["hosts"][0]["left_out"]
        assert {"tls", "passwords", "environment"} <= {entry["what"] for entry in result.manifest["left_out"]}

    def test_snapshots_that_are_too_large_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(contents, "MAX_BYTES", 20_000)
        result = made(a=handed(snapshot={"x": ["y"] * 2000}), b=handed(snapshot={"x": 1}))
        saved = json.loads(result.members["report/report.json"])
        assert ["snapshot" in saved["hosts"][name] for name in "ab"] == [False, True]
        why = {"what": "snapshot", "path": None, "why": "all snapshots together are too large"}
        assert why in result.manifest["hosts"][0]["left_out"]


class TestVerified:
    def test_it_comes_back_as_the_same_report(self) -> None:
        members = archive.unpack(archive.pack(made(web01=handed()).members))
        shown = replay.as_saved(replay.parse(contents.verified(members)))
        assert shown["hosts"]["web01"]["status"] == "failing"

    @pytest.mark.parametrize(
        "change",
        [
            {"report/report.json": b"{}"},
            {"more": b"x"},
            {"manifest.json": b"[]"},
            {"manifest.json": b"\xff"},
            {"manifest.json": b"[" * 100000},
            {"manifest.json": b'{"schema_version": 2, "files": []}'},
            {"README.txt": None},
            {"manifest.json": None},
            {"report/report.json": None},
        ],
    )
    def test_what_is_not_as_the_manifest_says_is_refused(self, change: dict[str, bytes | None]) -> None:
        members: dict[str, bytes | None] = {**made(web01=handed()).members, **change}
        with pytest.raises(Mismatch):
            contents.verified({path: content for path, content in members.items() if content is not None})
