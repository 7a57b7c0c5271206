# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_route_info: routes joined with pools, and a documentation that names what it returns."""

import json
from typing import Any, Dict, List

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.modules import fastcgi_route_info as module
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONF = """error_log /var/log/nginx/error.log;
http { server { server_name a.example; location / { fastcgi_pass unix:/run/php/php-fpm.sock; } location /b { fastcgi_pass unix:/run/php/b.sock; } } }"""
MASTERS = [
    {
        "config": "/etc/php/8.2/fpm/php-fpm.conf",
        "version": "8.2",
        "unit": None,
        "running": True,
        "pools": [{"name": "www", "endpoint": "unix:/run/php/php8.2-fpm.sock"}],
    }
]


def run(capsys: Any, monkeypatch: Any, host: FakeHost) -> Dict[str, Any]:
    given = {"_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    monkeypatch.setattr(module, "Host", lambda: host)
    with pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)


def asked_fpm(monkeypatch: Any) -> List[str]:
    asked: List[str] = []

    def collect(host: Any, procs: Any, test: str) -> Dict[str, Any]:
        asked.append(test)
        return {"installed": True, "masters": MASTERS}

    monkeypatch.setattr(module, "collect_fpm", collect)
    return asked


def described() -> FakeHost:
    return FakeHost(
        {"/usr/sbin/nginx": "", "/etc/nginx/nginx.conf": CONF, "/proc/none": ""},
        links={"/run/php/php-fpm.sock": "/run/php/php8.2-fpm.sock"},
    )


def test_each_route_comes_with_its_pool_or_its_mismatch(capsys: Any, monkeypatch: Any) -> None:
    asked = asked_fpm(monkeypatch)
    told = run(capsys, monkeypatch, described())
    assert [
        (route["location"], route["mismatch"], [pool["pool"] for pool in route["pools"]])
        for route in told["routes"]
    ] == [("/", None, ["www"]), ("/b", "no_pool_listens", [])]
    assert told["routes"][1]["unmatched"][0]["reason"] == "other_socket"
    assert (told["changed"], asked) == (False, ["never"])
    assert [entry["what"] for entry in told["missing"]] == ["nginx_build"]


def test_without_a_route_php_fpm_is_not_asked(capsys: Any, monkeypatch: Any) -> None:
    asked = asked_fpm(monkeypatch)
    told = run(capsys, monkeypatch, FakeHost({"/proc/none": ""}))
    assert (told["routes"], told["nginx"]["installed"], asked) == ([], False, [])


def test_the_documentation_names_all_that_is_returned(capsys: Any, monkeypatch: Any) -> None:
    asked_fpm(monkeypatch)
    told = run(capsys, monkeypatch, described())
    documented = pytest.importorskip("yaml").safe_load(module.RETURN)
    assert set(documented) == set(told) - {"changed", "invocation"}
    assert (
        set(documented["nginx"]["contains"])
        == set(told["nginx"])
        == set(collect_nginx(described(), [])) - {"routes"}
    )
    assert set(documented["routes"]["sample"][0]) == set(told["routes"][0])
    assert set(documented["routes"]["sample"][0]["unmatched"][0]) == set(told["routes"][1]["unmatched"][0])
    described_keys = " ".join(documented["routes"]["description"])
    assert [key for key in told["routes"][0] if "C(%s)" % key not in described_keys] == []
