# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""The module alert_response: what it takes of a play, what it returns, and how it hands on a request."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from ansible.errors import AnsibleError
from ansible_collections.webmedic.php_fpm.plugins.action import alert_response
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.alerts.test_policy import (
    ONLY,
    planned,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.alerts.test_response import alert
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import answer, finding

MENDS = {"rules": [{"decision": "mend", "cause": "fpm_not_running"}]}


class Play:
    def __init__(self, path: Path) -> None:
        self.directory = str(path / "alerts")
        self.hosts: dict[str, Any] = {"web01": {}, "web02": {"ansible_host": "10.1.2.3"}}
        self.variables: dict[str, Any] = {"inventory_hostname": "web01", "respond_alert": alert()}
        self.check_mode = False
        self.run_once = True

    def run(self, step: str, **arguments: Any) -> dict[str, Any]:
        task = MagicMock(
            args={"step": step, "directory": self.directory, **arguments},
            async_val=0,
            check_mode=self.check_mode,
            run_once=self.run_once,
            no_log=False,
        )
        task.get_play.return_value.strategy = "linear"
        plugin = alert_response.ActionModule(
            task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock()
        )
        hostvars = MagicMock()
        hostvars.raw_get = self.hosts.__getitem__
        known = {**self.variables, "hostvars": hostvars, "ansible_play_hosts_all": list(self.hosts)}
        outcome: dict[str, Any] = plugin.run(None, known)
        return outcome

    def admit(self, **arguments: Any) -> dict[str, Any]:
        admitted = self.run("admit", **arguments)
        self.variables["__respond_admission"] = admitted
        return admitted


@pytest.fixture(name="play")
def _play(tmp_path: Path) -> Play:
    return Play(tmp_path)


class TestAdmit:
    def test_an_alert_is_admitted_for_the_process_above(self, play: Play) -> None:
        outcome = play.admit()
        assert (outcome["admitted"], outcome["host"], outcome["changed"]) == (True, "web01", False)
        held = json.loads(Path(play.directory, "book.json").read_text())["held"]["web01"]
        assert held["pid"] == os.getppid()

    def test_no_template_is_looked_at(self, play: Play) -> None:
        play.variables["respond_alert"] = alert("{{ lookup('pipe', 'id') }}")
        assert play.admit()["decision"] == "refuse"

    def test_an_address_is_read_raw(self, play: Play) -> None:
        play.hosts["web02"] = {"ansible_host": "{{ lookup('pipe', 'id') }}"}
        play.variables["respond_alert"] = alert("10.1.2.3")
        assert play.admit()["decision"] == "refuse"

    def test_a_wrong_policy_is_told_and_the_host_looked_at(self, play: Play) -> None:
        with patch.object(alert_response, "display") as screen:
            assert play.admit(policy={"rule": []})["admitted"]
        assert "respond_policy.rule: there is no such key" in screen.warning.call_args[0][0]

    def test_it_must_run_once(self, play: Play) -> None:
        play.run_once = False
        with pytest.raises(AnsibleError, match="run_once"):
            play.admit()

    def test_a_directory_of_others_is_refused(self, play: Play) -> None:
        os.mkdir(play.directory)
        os.chmod(play.directory, 0o777)
        with pytest.raises(AnsibleError, match="can be written to by others"):
            play.admit()


class TestDecide:
    def test_it_takes_the_answer_of_the_host(self, play: Play) -> None:
        play.admit()
        play.variables["__diagnose_host"] = answer("failing", finding(), plan=[planned(0)])
        outcome = play.run("decide", policy=MENDS, report="/r")
        assert (outcome["decision"], outcome["only"]) == ("mend", ONLY)

    def test_without_an_alert_nothing_is_decided(self, play: Play) -> None:
        with pytest.raises(AnsibleError, match="no alert was admitted"):
            play.run("decide", policy=MENDS)

    def test_another_host_than_that_of_the_alert_is_refused(self, play: Play) -> None:
        play.admit()
        play.variables["inventory_hostname"] = "web02"
        with pytest.raises(AnsibleError, match="the alert is about web01"):
            play.run("decide", policy=MENDS)

    @pytest.mark.parametrize("raw", [None, 7, {"failed": True, "msg": "x"}, {"status": "{{ x }}"}])
    def test_what_is_no_diagnosis_mends_nothing(self, play: Play, raw: Any) -> None:
        play.admit()
        play.variables["__diagnose_host"] = raw
        outcome = play.run("decide", policy=MENDS)
        assert (outcome["decision"], outcome["only"]) == ("ask", [])


class TestClose:
    def close(self, play: Play, decided: bool = True, **arguments: Any) -> dict[str, Any]:
        play.admit()
        play.variables["__diagnose_host"] = answer("failing", finding(), plan=[planned(0)])
        if decided:
            play.variables["__respond_decision"] = play.run("decide", policy=arguments.pop("policy", {}))
        return play.run("close", **arguments)

    def test_a_mended_host_asks_nobody(self, play: Play) -> None:
        play.variables["__remediate_host"] = remedied("done")
        outcome = self.close(play, policy=MENDS)
        assert (outcome["decision"], outcome["request"]) == ("mended", None)

    def test_an_old_answer_of_a_remediation_is_none(self, play: Play) -> None:
        """It was not decided to mend anything."""
        play.variables["__remediate_host"] = remedied("done")
        assert self.close(play)["decision"] == "ask"

    def test_a_step_that_failed_before_is_told(self, play: Play) -> None:
        outcome = self.close(play, decided=False)
        assert outcome["decision"] == "failed" and "fpm_not_running" not in str(outcome["msg"])
        assert Path(outcome["request"]).read_text().startswith("A person is needed for web01: ")

    def test_a_request_is_put_with_its_headers(self, play: Play) -> None:
        with patch.object(alert_response, "open_url") as sent:
            self.close(play, ask_url="https://x.example/{host}?k=SECRET", ask_headers={"A": "b"})
        (url,), options = sent.call_args
        assert url == "https://x.example/web01?k=SECRET" and options["method"] == "PUT"
        assert options["headers"]["A"] == "b" and options["follow_redirects"] == "none"
        body = json.loads(options["data"])
        assert (body["host"], body["findings"][0]["cause"]) == ("web01", "fpm_not_running")

    def test_one_that_does_not_arrive_is_told_without_secrets(self, play: Play) -> None:
        with patch.object(alert_response, "open_url", side_effect=OSError("[Errno 111] Connection refused")):
            outcome = self.close(play, ask_url="https://u:SECRET@x.example/?k=SECRET")
        log = Path(play.directory, "decisions.jsonl").read_text()
        assert "not_sent" in log and "Connection refused" in log and "SECRET" not in log
        assert outcome["decision"] == "ask"

    def test_in_check_mode_nothing_is_sent_or_written(self, play: Play) -> None:
        play.check_mode = True
        with patch.object(alert_response, "open_url") as sent:
            outcome = self.close(play, ask_url="https://x.example/")
        assert not sent.called and outcome["request"] is None
        assert not os.path.exists(play.directory)
