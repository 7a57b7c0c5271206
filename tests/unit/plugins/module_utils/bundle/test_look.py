# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host hands on is judged as on the host, and holds no secret of its configuration."""

import json
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle import look as module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.look import essence, look
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.configuration import Text
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.hidden import Scrubber
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    FILES,
    a_host,
    fixture,
    names_of,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

POOL = "[www]\nlisten = /run/php/php8.2-fpm.sock\nenv[DB_PASSWORD] = correcthorse\n"


def seen(monkeypatch: Any, snapshot: Dict[str, Any], texts: List[Text]) -> Any:
    """The look at a host with that snapshot and that configuration."""
    monkeypatch.setattr(module, "take", lambda _host, _window, _probe, _seconds: snapshot)
    monkeypatch.setattr(module, "texts", lambda _host, _nginx, _fpm: texts)
    monkeypatch.setattr(module, "versions", lambda _host, _nginx, _fpm: {})
    return look(FakeHost(), 900, 3.0, 30.0)


class TestVerdict:
    @pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
    def test_each_real_host_is_judged_the_same(self, path: str) -> None:
        snapshot: Any = fixture(path)["snapshot"]
        without: Any = Scrubber([("PASSWORD", "correcthorse")], []).data(sendable(snapshot), strict)
        assert essence(diagnose(without)) == essence(diagnose(snapshot))

    def test_the_snapshot_comes_with_it(self, monkeypatch: Any) -> None:
        handed = seen(monkeypatch, a_host("stopped"), [Text("php-fpm", "/etc/x.conf", POOL)])
        assert essence(diagnose(handed.snapshot["snapshot"])) == essence(handed.verdict)
        assert handed.handed["left_out"] == []

    def test_one_that_would_be_judged_otherwise_stays(self, monkeypatch: Any) -> None:
        """A secret that is also the name of the unit."""
        text = "[www]\nenv[DB_PASSWORD] = php8.2-fpm.service\nenv[A_TOKEN] = inactive\n"
        handed = seen(monkeypatch, a_host("stopped"), [Text("php-fpm", "/etc/x.conf", text)])
        assert handed.snapshot == {}
        assert handed.verdict["status"] == "failing"
        assert [entry["what"] for entry in handed.handed["left_out"]] == ["snapshot"]


class TestSecrets:
    def test_one_of_the_configuration_is_nowhere(self, monkeypatch: Any) -> None:
        snapshot = a_host("stopped")
        events = snapshot["logs"]["events"]
        for event in events:
            event["sample"]["text"] += ' request: "GET /correcthorse HTTP/1.1", tried correcthorse'
        handed = seen(monkeypatch, snapshot, [Text("php-fpm", "/etc/x.conf", POOL)])
        assert events
        assert "correcthorse" not in json.dumps(handed)
        assert "[redacted:1]" in json.dumps(handed.verdict["findings"])

    def test_where_the_configuration_cannot_be_read_it_says_so(self, monkeypatch: Any) -> None:
        def fails(_host: Any, _nginx: Any, _fpm: Any) -> Any:
            raise ValueError("password=s3cret")

        monkeypatch.setattr(module, "take", lambda _host, _window, _probe, _seconds: a_host("stopped"))
        monkeypatch.setattr(module, "texts", fails)
        handed = look(FakeHost(), 900, 3.0, 30.0)
        words = "it could not be read (ValueError), so secrets were known by their looks alone"
        assert [entry["why"] for entry in handed.handed["left_out"]] == [words]
        assert handed.verdict["status"] == "failing"
