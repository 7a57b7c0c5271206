# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a bundle may lie on the disk of the one who opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import archive, contents, reader
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.replay import NoReport
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer, finding


def made(**more: Any) -> dict[str, bytes]:
    parts = {"configuration": [], "versions": {}, "left_out": []}
    results = {"web01": {**answer("failing", finding()), **parts}}
    built = report.build(results, 900, NOW)
    pages = {"report.html": lambda _report: "<script>alert(1)</script>", **more}
    return contents.contents(results, built, pages, "0.7.0").members


def read(place: Path, members: dict[str, bytes]) -> Any:
    (place / "x.tar.gz").write_bytes(archive.pack(members))
    return reader.read(str(place / "x.tar.gz"), None, MagicMock(_vault=None))


class TestReadable:
    def test_the_report_comes_with_its_texts(self, tmp_path: Path) -> None:
        saved, members = read(tmp_path, made())
        assert saved["hosts"]["web01"]["status"] == "failing"
        assert "hosts/web01/log_lines.txt" in members

    def test_no_page_of_somebody_else_is_written(self, tmp_path: Path) -> None:
        _saved, members = read(tmp_path, made())
        assert not [path for path in members if path.endswith((".html", ".md"))]

    @pytest.mark.parametrize(
        "path", ["hosts/web01/x.html", "hosts/x.sh", "x.txt", "report/x.json", "report/x.svg"]
    )
    def test_a_file_of_another_kind_is_refused(self, path: str) -> None:
        with pytest.raises(archive.Refused, match="of a kind that no bundle has"):
            reader.readable({path: b""})

    def test_nothing_in_a_text_moves_a_terminal(self) -> None:
        shown = reader.readable({"hosts/web01/log_lines.txt": b"a\x1b[2J\xe2\x80\xaeb\xff\n"})
        assert shown["hosts/web01/log_lines.txt"].isascii() is False
        assert b"\x1b" not in shown["hosts/web01/log_lines.txt"]
        assert "\u202e".encode() not in shown["hosts/web01/log_lines.txt"]

    def test_another_kind_of_file_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(NoReport, match="its manifest"):
            read(tmp_path, {**made(), "hosts/x.sh": b"x"})

    def test_a_manifest_of_very_many_values_is_not_parsed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """60 KiB of archive would take gigabytes and a minute."""
        parsed: list[bytes] = []
        monkeypatch.setattr(contents.json, "loads", parsed.append)
        bomb = b'{"files":[' + b"[]," * (contents.MAX_VALUES // 2) + b"[]]}"
        with pytest.raises(NoReport, match="its manifest"):
            read(tmp_path, {"manifest.json": bomb, "report/report.json": b"{}"})
        assert parsed == []
