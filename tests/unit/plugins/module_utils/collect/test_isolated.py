# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of a stage that raises costs its own answer, and is missing by its name."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import where_needed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import (
    access_logs,
    named_places,
    php_errors,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import nginx_answers
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages import script_ways

# Each part of the look at what nginx's log names: its function, its name, a message that asks for it.
OF_LOG = [
    ("temp_dirs", "temp_dirs", "ng-body-temp-eacces"),
    ("denied_files", "temp_dirs", "ng-file-denied"),
    ("closed_roots", "closed_roots", "ng-redirect-cycle"),
    ("limits", "limits", "ng-limit-req"),
    ("ways", "script_ways", "ng-stderr-primary"),
]


def defect(*_arguments: Any, **_more: Any) -> None:
    raise KeyError("a defect")


def failed(host: Host) -> List[Any]:
    return [(entry["path"], entry["why"]) for entry in host.missing if entry["what"] == "collector_failed"]


def looked(monkeypatch: Any, *broken: str) -> Any:
    """(host, what was seen), where each part has something to say and these raise."""
    for function, part, _message in OF_LOG:
        seen = ([], [429]) if part == "limits" else [function]
        monkeypatch.setattr(named_places, function, lambda *_host, seen=seen: seen)
    for function in broken:
        monkeypatch.setattr(named_places, function, defect)
    host = Host()
    events: Any = [{"signature": message} for _function, _part, message in OF_LOG]
    snapshot: Any = {"nginx": {"routes": [], "config_changed_at": None}, "fpm": {"masters": []}}
    return host, where_needed.named_places(host, snapshot, events, 0.0)


class TestWhatTheLogNames:
    def test_all_parts_are_seen(self, monkeypatch: Any) -> None:
        host, found = looked(monkeypatch)
        assert set(found) == {part for _function, part, _message in OF_LOG} | {"limit_statuses"}
        assert not failed(host)

    @pytest.mark.parametrize(
        ("function", "part"), [each[:2] for each in OF_LOG], ids=[each[0] for each in OF_LOG]
    )
    def test_a_part_that_raises_costs_its_own(self, function: str, part: str, monkeypatch: Any) -> None:
        whole = set(looked(monkeypatch)[1])
        host, found = looked(monkeypatch, function)
        assert failed(host) == [(part, "KeyError: 'a defect'")]
        assert whole - set(found) == ({part, "limit_statuses"} if part == "limits" else {part})

    def test_their_whole_that_raises_is_missing(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(named_places, "meaning_of", defect)
        host, found = looked(monkeypatch)
        assert (failed(host), found) == ([("named_places", "KeyError: 'a defect'")], {})

    def test_gone_roots_that_raise_cost_their_own(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(script_ways, "gone_roots", defect)
        host = Host()
        snapshot: Any = {"nginx": {"routes": [{"root": "/srv/gone.example", "params": {}}]}}
        snapshot["fpm"] = {"masters": []}
        found = where_needed.named_places(host, snapshot, [], 0.0)
        assert (failed(host), found) == ([("gone_roots", "KeyError: 'a defect'")], {"gone_roots": []})


class TestWhatVisitorsGot:
    def access(self, monkeypatch: Any, *broken: Any) -> Any:
        """(host, what was seen) of a host whose every page failed, and whose nginx keeps a cache of files."""
        read = {"files": [{"pages": [{"failed": 99, "answered": 0}]}], "events": []}
        monkeypatch.setattr(access_logs, "collect_access", lambda *_host: dict(read))
        monkeypatch.setattr(access_logs, "missed_pages", lambda *_host: ["a page"])
        monkeypatch.setattr(php_errors, "php_errors", lambda *_host: ["an error"])
        monkeypatch.setattr(php_errors, "dropped_bodies", lambda *_host: [])
        monkeypatch.setattr(nginx_answers, "own_answers", lambda *_host: (["an answer"], ["a log"]))
        for module, function in broken:
            monkeypatch.setattr(module, function, defect)
        nginx = {"routes": [], "file_cache": "on", "config_newer": True, "site_logs": []}
        fpm = {"masters": [{"pools": [{"php_log": "/php.log"}]}]}
        snapshot: Any = {"nginx": nginx, "fpm": fpm, "logs": {"events": [], "files": []}}
        host = Host()
        return host, where_needed.access(host, snapshot, 0.0)

    def test_all_parts_are_seen(self, monkeypatch: Any) -> None:
        host, found = self.access(monkeypatch)
        assert sorted(found) == ["events", "files", "missed_pages", "other_logs", "own_answers", "php_errors"]
        assert not failed(host)

    @pytest.mark.parametrize(
        ("module", "function", "part", "lost"),
        [
            (access_logs, "missed_pages", "missed_pages", {"missed_pages": []}),
            (php_errors, "php_errors", "php_errors", {"php_errors": None}),
            (nginx_answers, "own_answers", "own_answers", {"own_answers": None, "other_logs": None}),
        ],
        ids=["missed_pages", "php_errors", "own_answers"],
    )
    def test_a_part_that_raises_costs_its_own(
        self, module: Any, function: str, part: str, lost: Any, monkeypatch: Any
    ) -> None:
        _host, whole = self.access(monkeypatch)
        host, found = self.access(monkeypatch, (module, function))
        assert failed(host) == [(part, "KeyError: 'a defect'")]
        assert {key: found.get(key) for key in whole} == {**whole, **lost}
