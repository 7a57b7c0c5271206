# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_info and fpm_worker_info: what they hand to the collectors, that they say what they could not see, and
that they change nothing.
"""

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_info, fpm_worker_info
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
FILES = {
    CONFIG: "[global]\nerror_log = /var/log/fpm.log\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n",
    "/etc/php/8.2/fpm/pool.d/www.conf": "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = "
    "static\npm.max_children = 3\nenv[KEY] = hunter2\n"
    "access.format = hunter2 %R\n",
    "/usr/sbin/php-fpm8.2": "",
    "/var/log/fpm.log": "",
    "/proc/1/comm": "init\n",
    "/proc/1/cgroup": "0::/init.scope\n",
    "/proc/meminfo": "MemTotal: 1000 kB\n",
    "/proc/self/mountinfo": "",
    "/proc/7/comm": "php-fpm8.2\n",
    "/proc/7/cmdline": "php-fpm: master process (%s)\0\0" % CONFIG,
    "/proc/7/cgroup": "0::/system.slice/docker.service\n",
    "/proc/8/comm": "php-fpm8.2\n",
    "/proc/7/stat": "7 (php-fpm8.2) S 1 7 7 0 -1 0 0 0 0 0 0 5 0 0 20 0 1 0 100 1 250",
    "/proc/7/status": "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    "/proc/8/cmdline": "php-fpm: pool www\0",
    "/proc/8/stat": "8 (php-fpm8.2) S 7 7 7 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 200 1 250",
    "/proc/8/status": "Uid:\t33\t33\t33\t33\nGid:\t33\t33\t33\t33\n",
    "/proc/8/syscall": "43 0x9\n",
}


LINKS = {"/proc/7/exe": "/usr/sbin/php-fpm8.2"}


class TestFpmInfo:
    def test_it_names_the_place_of_a_directive_and_no_secret(self, run_module: Any) -> None:
        reply = run_module(
            fpm_info,
            FakeHost(FILES, root=False),
            _ansible_check_mode=True,
            config_test="always",
        )
        pool = reply["masters"][0]["pools"][0]
        assert reply["changed"] is False and reply["installed"] is True
        assert pool["directives"]["pm.max_children"] == {
            "value": "3",
            "file": "/etc/php/8.2/fpm/pool.d/www.conf",
            "line": 5,
        }
        assert pool["directives"]["access.format"]["value"] == "[redacted]"
        assert pool["php_keys"] == ["env[KEY]"] and "hunter2" not in json.dumps(reply)
        assert reply["masters"][0]["test"] == {
            "ran": False,
            "why": "only root can test a configuration as php-fpm will load it",
        }

    def test_it_refuses_an_unknown_way_of_testing(self, run_module: Any) -> None:
        assert "config_test must be one of" in run_module(fpm_info, FakeHost(), config_test="maybe")["msg"]


class TestFpmWorkerInfo:
    def test_it_returns_each_pools_use_and_the_budget(self, run_module: Any) -> None:
        host = FakeHost(FILES, links=LINKS)
        reply = run_module(fpm_worker_info, host, workers=True)
        pool = reply["pools"][0]
        assert (
            pool["pool"],
            pool["workers"],
            pool["active"],
            pool["idle"],
            pool["max_children"],
            pool["measured"],
        ) == ("www", 1, 0, 1, 3, 0)
        assert pool["uss_kb"] is None and pool["rss_kb"]["max"] == reply["workers"][0]["rss_kb"] > 0
        assert reply["workers"][0]["cpu_seconds"] == 2.0
        assert reply["memory"]["limit_from"] == "MemTotal"
        assert [entry["what"] for entry in reply["missing"]] == ["worker_memory"]
        assert host.calls == [], "nothing was run"

    def test_it_returns_single_workers_only_when_asked(self, run_module: Any) -> None:
        assert "workers" not in run_module(fpm_worker_info, FakeHost(FILES))


class TestDocumentation:
    @pytest.mark.parametrize("module", [fpm_info, fpm_worker_info])
    def test_everything_that_is_returned_is_documented(self, module: Any, run_module: Any) -> None:
        documented = pytest.importorskip("yaml").safe_load(module.RETURN)
        arguments = {"workers": True} if module is fpm_worker_info else {}
        reply = run_module(module, FakeHost(FILES, root=False), **arguments)
        for key in set(reply) - {"changed", "invocation"}:
            assert key in documented, key
            if "contains" in documented[key]:
                fields = documented[key]["contains"].items()
                always = {name for name, field in fields if not field["returned"].startswith("where ")}
                assert set(reply[key][0]) == always, key
