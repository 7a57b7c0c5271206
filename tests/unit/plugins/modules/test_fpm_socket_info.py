# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_socket_info: which endpoints it looks at, and with whose rights."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_socket_info as module

Run = Callable[..., Dict[str, Any]]

NGINX = {
    "user": "www-data",
    "uid": 33,
    "gid": 33,
    "groups": [33],
    "workers": [41],
    "routes": [{"endpoints": [{"endpoint": "unix:/run/php/a.sock"}, {"endpoint": "127.0.0.1:9000"}]}],
}
FPM = {"masters": [{"pools": [{"endpoint": "unix:/run/php/b.sock"}, {"endpoint": None}]}]}


@pytest.fixture(name="looks")
def fixture_looks(monkeypatch: Any) -> List[Any]:
    """What the module handed to the collector: (keys, identity, seconds)."""
    looks: List[Any] = []

    def collect(host: Any, keys: Any, identity: Any, procs: Any, seconds: float) -> Dict[str, Any]:
        host.miss("endpoint", "/run/php", "Permission denied", "root")
        looks.append((list(keys), identity, seconds))
        return {key: {"exists": True, "connect": {"blocked_by": None}} for key in keys}

    monkeypatch.setattr(module, "processes", lambda host: [])
    monkeypatch.setattr(module, "collect_nginx", lambda host, procs: NGINX)
    monkeypatch.setattr(module, "collect_fpm", lambda host, procs: FPM)
    monkeypatch.setattr(module, "collect_endpoints", collect)
    return looks


@pytest.fixture(name="run")
def fixture_run(run_module: Run) -> Run:
    return lambda **arguments: run_module(module, None, **arguments)


class TestEndpoints:
    """Which it looks at."""

    def test_by_default_those_of_nginx_and_of_the_pools(self, run: Any, looks: List[Any]) -> None:
        reply = run()
        assert looks == [
            (
                ["unix:/run/php/a.sock", "127.0.0.1:9000", "unix:/run/php/b.sock"],
                {"user": "www-data", "uid": 33, "gid": 33, "groups": [33], "pid": 41, "account": None},
                3.0,
            )
        ]
        assert set(reply["endpoints"]) == set(looks[0][0]) and reply["changed"] is False
        assert reply["missing"] == [
            {"what": "endpoint", "path": "/run/php", "why": "Permission denied", "needs": "root"}
        ]

    def test_given_endpoints_alone_in_whatever_spelling(self, run: Any, looks: List[Any]) -> None:
        run(endpoints=["/var/run/php/c.sock", "9000"], probe_timeout=0)
        assert (looks[0][0], looks[0][2]) == (["unix:/run/php/c.sock", "*:9000"], 0.0)


class TestBlocked:
    """What refuses is told in facts, and in a sentence."""

    def test_the_sentence_stands_beside_the_facts(self, run: Any, looks: List[Any], monkeypatch: Any) -> None:
        blocked = {"path": "/run", "kind": "mandatory_access", "acl": False, "user": "www-data"}
        seen = {"a": {"connect": {"blocked_by": blocked}}, "b": {"connect": {"blocked_by": None}}}
        monkeypatch.setattr(module, "collect_endpoints", lambda *_arguments: seen)
        reply = run()["endpoints"]
        assert reply["a"]["connect"]["blocked_by"]["kind"] == "mandatory_access"
        assert "SELinux" in reply["a"]["connect"]["blocked_by"]["why"]
        assert reply["b"]["connect"]["blocked_by"] is None


class TestAccount:
    """With whose rights."""

    def test_a_given_account_keeps_the_view_of_nginx(self, run: Any, looks: List[Any]) -> None:
        run(user="root")
        assert (looks[0][1]["user"], looks[0][1]["uid"], looks[0][1]["pid"]) == ("root", 0, 41)

    def test_an_account_that_does_not_exist_fails_by_name(self, run: Any, looks: List[Any]) -> None:
        reply = run(user="no-such-account")
        assert reply["failed"] and "no-such-account" in reply["msg"] and not looks
