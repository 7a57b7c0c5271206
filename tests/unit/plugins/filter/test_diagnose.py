# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The replay of a snapshot: the same verdict as on the host, and no trust in what the snapshot holds."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import FilterModule, diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose as examine


def snapshot(**nginx: Any) -> dict[str, Any]:
    """A host with nginx and no route to php-fpm."""
    return {
        "schema_version": 1,
        "taken_at": 1775139797.0,
        "window": 900,
        "missing": [],
        "host": {
            "is_root": True,
            "utc_offset": 0,
            "boot_at": None,
            "systemd": True,
            "python": "3.11.2",
            "cgroup": None,
        },
        "nginx": {
            "installed": True,
            "running": True,
            "routes": [],
            "config_errors": [],
            "error_logs": [],
            "user": "www-data",
            **nginx,
        },
        "fpm": {"installed": False, "masters": []},
        "endpoints": {},
        "workers": [],
        "memory": {},
        "oom": {"kills": [], "counter": None},
        "logs": {"files": [], "events": []},
    }


class TestDiagnose:
    def test_it_gives_what_the_host_gave(self) -> None:
        assert diagnose(snapshot(), advice=False) == examine(snapshot())
        assert diagnose(snapshot())["status"] == "not_applicable"

    def test_the_snapshot_is_left_as_it_was(self) -> None:
        taken = snapshot()
        diagnose(taken)
        assert taken == snapshot()

    @pytest.mark.parametrize(
        "value, says",
        [
            (None, "it is missing"),
            ("text", "it is a text"),
            ({}, "schema_version is not 1"),
            ({"schema_version": 2}, "schema_version is not 1"),
            ([], "it is a list"),
        ],
    )
    def test_what_is_no_snapshot_is_refused_with_what_to_pass(self, value: Any, says: str) -> None:
        with pytest.raises(AnsibleFilterError, match="diagnose_snapshot=true") as error:
            diagnose(value)
        assert says in str(error.value)

    def test_an_incomplete_snapshot_is_refused_without_a_traceback(self) -> None:
        broken = snapshot()
        del broken["nginx"]
        with pytest.raises(AnsibleFilterError, match="this snapshot, nginx is missing;"):
            diagnose(broken)

    def test_it_is_found_under_its_name(self) -> None:
        assert FilterModule().filters() == {"diagnose": diagnose}
