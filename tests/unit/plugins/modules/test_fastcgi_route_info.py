# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_route_info: routes joined with pools, and a documentation that names what it returns."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.modules import fastcgi_route_info as module
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONF = """error_log /var/log/nginx/error.log;
http {
    fastcgi_param REQUEST_METHOD $request_method;
    fastcgi_param QUERY_STRING $query_string;
    fastcgi_param CONTENT_LENGTH $content_length;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    server {
        server_name a.example;
        location / { fastcgi_pass unix:/run/php/php-fpm.sock; }
        location /b { fastcgi_pass unix:/run/php/b.sock; }
    }
}"""
MASTERS = [
    {
        "config": "/etc/php/8.2/fpm/php-fpm.conf",
        "version": "8.2",
        "unit": None,
        "running": True,
        "pools": [{"name": "www", "endpoint": "unix:/run/php/php8.2-fpm.sock"}],
    }
]


def fpm_tests(monkeypatch: Any) -> List[str]:
    tests: List[str] = []

    def collect(host: Any, procs: Any, test: str) -> Dict[str, Any]:
        tests.append(test)
        return {"installed": True, "masters": MASTERS}

    monkeypatch.setattr(module, "collect_fpm", collect)
    return tests


def described() -> FakeHost:
    return FakeHost(
        {"/usr/sbin/nginx": "", "/etc/nginx/nginx.conf": CONF, "/proc/none": ""},
        links={"/run/php/php-fpm.sock": "/run/php/php8.2-fpm.sock"},
    )


class TestReply:
    def test_each_route_comes_with_its_pool_or_its_mismatch(self, run_module: Any, monkeypatch: Any) -> None:
        tests = fpm_tests(monkeypatch)
        reply = run_module(module, described())
        assert [
            (route["location"], route["mismatch"], [pool["pool"] for pool in route["pools"]])
            for route in reply["routes"]
        ] == [("/", None, ["www"]), ("/b", "no_pool_listens", [])]
        assert reply["routes"][1]["unmatched"][0]["reason"] == "other_socket"
        assert (reply["changed"], tests) == (False, ["never"])
        assert [entry["what"] for entry in reply["missing"]] == ["nginx_build"]

    def test_without_a_route_php_fpm_is_not_asked(self, run_module: Any, monkeypatch: Any) -> None:
        tests = fpm_tests(monkeypatch)
        reply = run_module(module, FakeHost({"/proc/none": ""}))
        assert (reply["routes"], reply["nginx"]["installed"], tests) == ([], False, [])

    def test_the_documentation_names_all_that_is_returned(self, run_module: Any, monkeypatch: Any) -> None:
        fpm_tests(monkeypatch)
        reply = run_module(module, described())
        documented = pytest.importorskip("yaml").safe_load(module.RETURN)
        assert set(documented) == set(reply) - {"changed", "invocation"}
        assert (
            set(documented["nginx"]["contains"])
            == set(reply["nginx"])
            == set(collect_nginx(described(), [])) - {"routes"}
        )
        assert set(documented["routes"]["sample"][0]) == set(reply["routes"][0])
        assert set(documented["routes"]["sample"][0]["unmatched"][0]) == set(
            reply["routes"][1]["unmatched"][0]
        )
        described_keys = " ".join(documented["routes"]["description"])
        assert [key for key in reply["routes"][0] if "C(%s)" % key not in described_keys] == []
