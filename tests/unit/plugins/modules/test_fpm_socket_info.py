# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_socket_info: which endpoints it looks at, and with whose rights."""

import json
from typing import Any, Dict, List

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_socket_info as module

NGINX = {
    "user": "www-data",
    "uid": 33,
    "gid": 33,
    "groups": [33],
    "workers": [41],
    "routes": [{"endpoints": [{"endpoint": "unix:/run/php/a.sock"}, {"endpoint": "127.0.0.1:9000"}]}],
}
FPM = {"masters": [{"pools": [{"endpoint": "unix:/run/php/b.sock"}, {"endpoint": None}]}]}


@pytest.fixture(name="asked")
def fixture_asked(monkeypatch: Any) -> List[Any]:
    """What the module handed to the collector: (keys, identity, seconds)."""
    asked: List[Any] = []

    def collect(host: Any, keys: Any, identity: Any, procs: Any, seconds: float) -> Dict[str, Any]:
        host.miss("endpoint", "/run/php", "Permission denied", "root")
        asked.append((list(keys), identity, seconds))
        return {key: {"exists": True} for key in keys}

    monkeypatch.setattr(module, "processes", lambda host: [])
    monkeypatch.setattr(module, "collect_nginx", lambda host, procs: NGINX)
    monkeypatch.setattr(module, "collect_fpm", lambda host, procs: FPM)
    monkeypatch.setattr(module, "collect_endpoints", collect)
    return asked


def run(capsys: Any, monkeypatch: Any, **arguments: Any) -> Dict[str, Any]:
    given = dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    with pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)


def test_by_default_all_that_nginx_dials_and_all_that_pools_listen_on(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    told = run(capsys, monkeypatch)
    assert asked == [
        (
            ["unix:/run/php/a.sock", "127.0.0.1:9000", "unix:/run/php/b.sock"],
            {"user": "www-data", "uid": 33, "gid": 33, "groups": [33], "pid": 41, "account": None},
            3.0,
        )
    ]
    assert set(told["endpoints"]) == set(asked[0][0]) and told["changed"] is False
    assert told["missing"] == [
        {"what": "endpoint", "path": "/run/php", "why": "Permission denied", "needs": "root"}
    ]


def test_given_endpoints_alone_in_whatever_spelling(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    run(capsys, monkeypatch, endpoints=["/var/run/php/c.sock", "9000"], probe_timeout=0)
    assert (asked[0][0], asked[0][2]) == (["unix:/run/php/c.sock", "*:9000"], 0.0)


def test_a_given_account_replaces_nginxs_and_keeps_its_view(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    run(capsys, monkeypatch, user="root")
    assert (asked[0][1]["user"], asked[0][1]["uid"], asked[0][1]["pid"]) == ("root", 0, 41)


def test_an_account_that_does_not_exist_fails_by_name(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    told = run(capsys, monkeypatch, user="no-such-account")
    assert told["failed"] and "no-such-account" in told["msg"] and not asked
