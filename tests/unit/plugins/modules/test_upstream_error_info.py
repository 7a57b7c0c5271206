# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""upstream_error_info and oom_info: which logs they read, what they return, that they say what they could not
see and change nothing.
"""

import json
import os
from typing import Any, Dict, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import RING_DRIFT
from ansible_collections.webmedic.php_fpm.plugins.modules import oom_info, upstream_error_info
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FIXTURES = fixtures("logs")
NOW = 1775139797.0
NGINX = (
    "2026/04/02 14:2{}:17 [error] 812#812: *4021 recv() failed (104: Connection reset by peer) while "
    "reading response header from upstream, "
    'client: 203.0.113.24, server: shop.example, request: "GET /cart?token=s3cret HTTP/1.1", upstream: '
    '"fastcgi://unix:/run/php/a.sock:"\n'
)
FPM = (
    "[02-Apr-2026 14:2{}:17] WARNING: [pool www] child 7 exited on signal 11 (SIGSEGV) "
    "after 3.1 seconds from start\n"
)


def host(files: Optional[Dict[str, str]] = None, **more: Any) -> FakeHost:
    return FakeHost(
        dict(
            {
                "/proc/1/comm": "init\n",
                "/var/log/a.log": NGINX.format(0) + NGINX.format(3),
                "/var/log/f.log": FPM.format(1),
            },
            **(files or {}),
        ),
        now=NOW,
        **more,
    )


class TestUpstreamErrorInfo:
    def test_given_logs_are_counted_without_secrets(self, run_module: Any) -> None:
        reply = run_module(
            upstream_error_info,
            host(),
            error_logs=["/var/log/a.log"],
            fpm_logs=["/var/log/f.log"],
            _ansible_check_mode=True,
        )
        assert reply["changed"] is False and reply["missing"] == []
        assert [
            (entry["signature"], entry["count"], entry["endpoint"], entry["pool"])
            for entry in reply["events"]
        ] == [
            ("ng-reset-header", 2, "unix:/run/php/a.sock", None),
            ("fpm-exit-sigsegv", 1, None, "www"),
        ]
        assert [entry["path"] for entry in reply["files"]] == ["/var/log/a.log", "/var/log/f.log"]
        assert "s3cret" not in json.dumps(reply)

    def test_the_window_bounds_what_counts(self, run_module: Any) -> None:
        reply = run_module(
            upstream_error_info,
            host(),
            error_logs=["/var/log/a.log"],
            fpm_logs=[],
            window=60,
        )
        assert [entry["count"] for entry in reply["events"]] == [1]

    def test_without_paths_the_configured_logs_are_read(self, run_module: Any) -> None:
        files = {
            "/etc/nginx/nginx.conf": "error_log /var/log/a.log;\nevents {}\nhttp { server { location / { "
            "fastcgi_pass unix:/run/php/a.sock; } } }\n",
            "/usr/sbin/nginx": "",
            "/proc/1/comm": "init\n",
            "/usr/sbin/php-fpm8.2": "",
            "/etc/php/8.2/fpm/php-fpm.conf": "[global]\nerror_log = /var/log/f.log\n[www]\nuser = "
            "www-data\nlisten = /run/php/a.sock\n"
            "pm = static\npm.max_children = 3\n",
        }
        commands = {
            "/usr/sbin/nginx -V": (
                0,
                "",
                (
                    "nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/usr/share/nginx "
                    "--conf-path=/etc/nginx/nginx.conf\n"
                ),
            )
        }
        reply = run_module(upstream_error_info, host(files, commands=commands))
        assert [(entry["signature"], entry["master"]) for entry in reply["events"]] == [
            ("ng-reset-header", None),
            ("fpm-exit-sigsegv", "/etc/php/8.2/fpm/php-fpm.conf"),
        ]

    def test_an_unreadable_log_is_missing_and_no_failure(self, run_module: Any) -> None:
        reply = run_module(
            upstream_error_info,
            host(denied=["/var/log/a.log"]),
            error_logs=["/var/log/a.log"],
            fpm_logs=[],
        )
        assert "failed" not in reply and reply["events"] == []
        assert reply["missing"] == [
            {"what": "nginx_log", "path": "/var/log/a.log", "why": "Permission denied", "needs": "root"}
        ]


class TestOomInfo:
    def test_kills_are_listed_with_the_limit(self, run_module: Any) -> None:
        with open(os.path.join(FIXTURES, "linux6.18-cgroup1-oom"), encoding="utf-8") as stream:
            ring = stream.read()
        files = {
            "/proc/1/cgroup": "0::/init.scope\n",
            "/proc/self/mountinfo": "",
            "/proc/meminfo": "MemTotal: 1000 kB\n",
        }
        reply = run_module(
            oom_info,
            host(
                files, commands={"dmesg -r": (0, "".join("<4>" + line for line in ring.splitlines(True)), "")}
            ),
            window=7200,
            _ansible_check_mode=True,
        )
        assert reply["changed"] is False and [entry["comm"] for entry in reply["kills"]] == [
            "php-fpm8.2",
            "php-fpm8.4",
            "php-fpm7.4",
        ]
        assert reply["limit"]["bytes"] == 1024000 and reply["counter"] is None

    def test_an_unreadable_ring_is_missing_and_no_failure(self, run_module: Any) -> None:
        denied = {"dmesg -r": (1, "", "dmesg: read kernel buffer failed: Operation not permitted")}
        reply = run_module(oom_info, host({"/proc/1/cgroup": "0::/\n"}, commands=denied))
        assert "failed" not in reply and reply["kills"] == [] and reply["missing"][0]["what"] == "kernel_log"

    def test_what_earlyoom_ended_is_listed(self, run_module: Any) -> None:
        since = NOW - 900 - RING_DRIFT
        journal = (
            "journalctl --no-pager -q -o short-unix --since @%d -n 2000 _PID=1 + "
            "_SYSTEMD_UNIT=systemd-oomd.service + _SYSTEMD_UNIT=earlyoom.service + _TRANSPORT=kernel" % since
        )
        text = '%.6f web1 earlyoom[2]: sending SIGTERM to process %d uid 33 "php-fpm8.2": badness 1\n'
        lines = text % (since - 1, 70) + text % (NOW - 60, 71) + text % (NOW + RING_DRIFT + 1, 72)
        reply = run_module(
            oom_info, host({"/proc/1/cgroup": "0::/\n"}, commands={journal: (0, lines, "")}), window=900
        )
        assert [(kill["pid"], kill["fpm"]) for kill in reply["earlyoom"]] == [(71, True)]
        assert reply["kills"] == []
