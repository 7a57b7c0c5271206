# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which access logs are asked whether lost requests came since, and what a remediation's ledger says."""

import itertools
import json
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import lock
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import where_needed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages import revisits
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import ledger
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_log_format import (
    COMBINED,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_revisits import (
    LOST,
    NOW,
    lost,
    visit,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FORMATS = {"combined": {"text": COMBINED, "escape": "default"}}


def looked(changed: float = 150.0, by_end: bool = False, pad: int = 0, **facts: Any) -> Any:
    """What is added to an event. changed: seconds ago, nginx's files. pad: bytes before its lines."""
    log: Dict[str, Any] = {"paths": ["/l"], "gzip": False, "written": "/l", "format": "combined"}
    site = {"site": "shop.example", "names": [], "access": [dict(log, by_end=by_end)]}
    text = pad * "x" + "\n" + "".join([*LOST, visit(100)])
    stat = Stat("file", 0o640, 0, 0, len(text), NOW, 1, 1)
    host = FakeHost(files={"/l": text}, stats={"/l": stat}, now=NOW)
    event = {"source": "nginx", "signature": "ng-too-big-header", **lost(300, 200), **facts}
    nginx = {"config_changed_at": NOW - changed, "routes": [], "site_logs": [site], "log_formats": FORMATS}
    snapshot: Any = {"nginx": nginx, "fpm": {"masters": []}}
    events: List[Any] = [event]
    found = where_needed.named_places(host, snapshot, events, NOW - 900)
    assert "resized" not in found or found["resized"] == {}
    return event.get("revisits")


class TestLogs:
    def test_hit_the_log_of_the_site(self) -> None:
        assert looked() == [{"failed": 2, "before": 1, "came": [NOW - 100], "each": 1}]

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"changed": 1000.0}, id="no change in the window"),
            pytest.param({"by_end": True}, id="the log has a part of the requests"),
            pytest.param({"site": "blog.example"}, id="another site"),
            pytest.param({"signature": "ng-connect-eagain"}, id="a full queue"),
        ],
    )
    def test_near_miss(self, facts: Any) -> None:
        assert looked(**facts) is None

    def test_near_miss_many_events_took_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticks = itertools.count(0, 6)
        monkeypatch.setattr(FakeHost, "monotonic", lambda _host: float(next(ticks)))
        assert looked() is None

    def test_hit_the_end_of_a_large_log(self) -> None:
        assert looked(pad=revisits.END)[0]["failed"] == 2


class TestLedger:
    def test_hit_the_ledger_of_a_remediation(self) -> None:
        entries = [
            {"at": 5.0, "action": "pool_size_set", "target": "a.service", "result": "done"},
            {"at": 6.0, "action": "pool_size_set", "target": "b.service", "result": "rolled_back"},
            {"at": 7.0, "action": "unit_reload", "target": "c.service", "result": "done"},
        ]
        text = json.dumps({"version": ledger.VERSION, "entries": entries})
        assert revisits.resized(FakeHost(files={revisits.LEDGER: text})) == {"a.service": 5.0}

    def test_the_ledger_has_its_place(self) -> None:
        assert revisits.LEDGER == lock.STATE + "/ledger.json"

    def test_near_miss_the_ledger_of_another_version(self) -> None:
        entry = {"at": 5.0, "action": "pool_size_set", "target": "a.service", "result": "done"}
        text = json.dumps({"version": ledger.VERSION + 1, "entries": [entry]})
        assert revisits.resized(FakeHost(files={revisits.LEDGER: text})) == {}

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", '{"entries": 1}', '{"entries": [{}]}', '{"entries": [1]}']
    )
    def test_decoy_a_damaged_ledger(self, text: str) -> None:
        assert revisits.resized(FakeHost(files={revisits.LEDGER: text})) == {}
