# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx has lost since a change, by its log."""

from pathlib import Path
from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.nginx_errors import lost_since
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    NOW,
    Watched,
    line,
)


class AtNow(Watched):
    def now(self) -> float:
        return NOW


def lost(path: Path, silent: List[Any]) -> Any:
    host = AtNow()
    sites = [{"silent": silent}]
    nginx: Any = {"workers": [812], "master": None, "error_logs": [str(path)], "site_logs": sites}
    return lost_since(host, nginx, NOW - 60)


class TestLostSince:
    def test_a_log_that_speaks_tells_of_each(self, tmp_path: Path) -> None:
        (tmp_path / "e.log").write_text(line(NOW - 90) + line(NOW - 5))
        assert [event["count"] for event in lost(tmp_path / "e.log", [])] == [1]

    def test_nothing_lost_is_told_as_well(self, tmp_path: Path) -> None:
        (tmp_path / "e.log").write_text(line(NOW - 90))
        assert lost(tmp_path / "e.log", []) == []

    def test_a_log_that_hides_losses_tells_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "e.log").write_text("")
        assert lost(tmp_path / "e.log", [{"target": "/e.log", "level": "crit"}]) is None

    def test_a_log_that_cannot_be_read_tells_nothing(self, tmp_path: Path) -> None:
        assert lost(tmp_path / "absent", []) is None
