# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole look at described hosts: what is always in a snapshot, and where it ends early."""

import json
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import access_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import line
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.snapshot import (
    ALWAYS,
    SITE,
    a_host,
    ondemand,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

SEEN_NGINX = hosts.seen("plain")["nginx"]


class Inline:
    """The child's part done by ourselves, so that a test sees what it asked for."""

    def __init__(self, work: Any) -> None:
        self.ended, self.messages = True, []  # type: bool, List[Any]
        work(self.messages.append)

    def next(self, seconds: float) -> Any:
        return self.messages.pop(0) if self.messages else None


@pytest.fixture(autouse=True)
def fixture_inline(monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, "Child", Inline)
    monkeypatch.setattr(collect, "end", lambda children: None)


@pytest.fixture(name="dialled")
def fixture_dialled(monkeypatch: Any) -> List[Any]:
    """The endpoints that would have been looked at; nobody is dialled from a unit test."""
    dialled: List[Any] = []

    def survey(
        host: Any, keys: List[str], identity: Any, procs: Any, seconds: float, asleep: Any
    ) -> Dict[str, Any]:
        dialled.append((list(keys), identity, seconds))
        return {}

    monkeypatch.setattr(collect, "collect_endpoints", survey)
    return dialled


class TestShape:
    @pytest.mark.parametrize(
        "host",
        [
            FakeHost(),
            FakeHost(root=False),
            a_host(),
            a_host(SITE % "unix:/run/php/www.sock"),
            a_host(SITE % "unix:/run/php/www.sock", root=False, denied=["/etc/nginx/sites-enabled/shop"]),
        ],
        ids=["nothing", "nothing and no root", "nginx alone", "nginx with a route", "a file kept from us"],
    )
    def test_every_host_gives_the_same_keys(self, host: FakeHost, dialled: List[Any]) -> None:
        snapshot = collect.take(host, 900, 3.0)
        assert set(snapshot) == ALWAYS and json.loads(json.dumps(snapshot)) == snapshot
        assert diagnose(snapshot)["status"] in ("not_applicable", "unknown", "failing", "degraded")

    def test_the_real_snapshots_have_the_same_keys(self) -> None:
        later = {"strangers", "confinement", "access", "waits", "halted", "older", "changed_files"}
        for path in hosts.FILES:
            assert ALWAYS - later <= set(hosts.fixture(path)["snapshot"]) <= ALWAYS

    def test_the_clock_is_the_hosts(self, dialled: List[Any]) -> None:
        snapshot = collect.take(a_host(now=1775139797.0), 3600, 3.0)
        assert (snapshot["taken_at"], snapshot["window"], snapshot["host"]["boot_at"]) == (
            1775139797.0,
            3600,
            1775139797.0 - 5000.0,
        )


class TestEarlyEnd:
    """A host without PHP is left alone early."""

    def test_a_host_without_a_route_is_looked_at_no_further(self, dialled: List[Any]) -> None:
        host = a_host()
        snapshot = collect.take(host, 900, 3.0)
        assert (snapshot["fpm"], snapshot["endpoints"], snapshot["logs"], dialled) == (
            {"installed": False, "masters": []},
            {},
            {"files": [], "events": []},
            [],
        )
        assert [argv[0] for argv in host.calls] == ["/usr/sbin/nginx"] and diagnose(snapshot)[
            "status"
        ] == "not_applicable"

    def test_a_host_without_nginx_is_not_applicable(self, dialled: List[Any]) -> None:
        assert (
            diagnose(collect.take(FakeHost(files={"/proc/1/comm": "systemd\n"}), 900, 3.0))["status"]
            == "not_applicable"
        )


class TestAccessLogs:
    """They are read where a pool was full, and where nobody else would tell of losses."""

    LINE = '203.0.113.9 - - [02/Apr/2026:14:20:17 +0000] "GET / HTTP/1.1" 502 150 "-" "curl"\n'

    def read(self, error_log: str, messages: str = "") -> List[Any]:
        files = {"/var/log/nginx/error.log": messages, "/var/log/nginx/a.log": self.LINE}
        directives = "server {\n  access_log /var/log/nginx/a.log;\n  error_log %s;" % error_log
        host = a_host(SITE.replace("server {", directives, 1) % "unix:/run/php/www.sock", now=1775139797.0)
        host.files.update({path: text.encode() for path, text in files.items()})
        host.stats["/var/log/nginx/a.log"] = Stat("file", 0o644, 0, 0, len(self.LINE), 1775139796.0, 1, 1)
        access = collect.take(host, 900, 3.0)["access"]
        return [entry["path"] for entry in access["files"]] + [each["count"] for each in access["events"]]

    def test_hit_the_error_log_hides_losses(self, dialled: List[Any]) -> None:
        assert self.read("/var/log/nginx/error.log crit") == ["/var/log/nginx/a.log", 1]

    def test_hit_a_pool_was_full(self, monkeypatch: Any) -> None:
        logs: Any = {"files": [{"path": "/a.log"}], "events": []}
        monkeypatch.setattr(access_logs, "collect_access", lambda *_arguments: logs)
        host = hosts.seen("plain").fpm_said("fpm-max-children-dynamic", 30)
        assert collect.access(FakeHost(), host, 0.0) == logs
        assert collect.access(FakeHost(), hosts.seen("segfault"), 0.0) != logs

    @pytest.mark.parametrize("full", [True, False])
    def test_hit_nginx_caches_what_it_did_not_find(self, monkeypatch: Any, full: bool) -> None:
        monkeypatch.setattr(access_logs, "collect_access", lambda *_arguments: {"files": [], "events": []})
        monkeypatch.setattr(access_logs, "missed_pages", lambda *_arguments: ["a page"])
        host = hosts.seen("plain").fpm_said("fpm-max-children-dynamic", 30) if full else hosts.seen("plain")
        assert "missed_pages" not in collect.access(FakeHost(), host, 0.0)
        host["nginx"]["file_cache"] = "/n.conf:3"
        assert collect.access(FakeHost(), host, 0.0)["missed_pages"] == ["a page"]

    def test_decoy_the_error_log_tells_of_losses(self, dialled: List[Any]) -> None:
        assert self.read("/var/log/nginx/error.log", line(1775139700.0)) == []

    def test_hit_the_error_log_cannot_be_read(self, dialled: List[Any]) -> None:
        assert self.read("/var/log/nginx/gone.log") == ["/var/log/nginx/a.log", 1]

    def test_an_error_log_that_was_deleted_is_missing(self, monkeypatch: Any) -> None:
        path = "/var/log/nginx/error.log"
        host = FakeHost(files={path: "", "/proc/7/fd/2": ""}, links={"/proc/7/fd/2": path + " (deleted)"})
        snapshot = dict(hosts.seen("plain"), nginx=dict(SEEN_NGINX, master={"pid": 7}, error_logs=[path]))
        collect._logs(host, snapshot, 0.0)
        assert (host.missing[0]["what"], host.missing[0]["needs"]) == ("nginx_log", "nginx -s reopen")

    @pytest.mark.parametrize("name, missed", [(".1", 1), (" (deleted)", 1), ("", 0)])
    def test_a_log_of_php_fpm_that_it_does_not_write(self, name: str, missed: int) -> None:
        """Enterprise Linux gives its directory to an account, which can put another file there."""
        path, held = "/var/log/php-fpm/error.log", "/proc/35/fd/3"
        master = dict(hosts.seen("plain")["fpm"]["masters"][0], error_log=path, pid=35)
        host = FakeHost(files={path: "", held: ""}, links={held: path + name})
        snapshot = dict(hosts.seen("plain"), fpm={"installed": True, "masters": [master]})
        collect._logs(host, snapshot, 0.0)
        missing = [entry for entry in host.missing if entry["needs"] == "kill -USR1 35"]
        assert [entry["path"] for entry in missing] == [path] * missed

    def test_decoy_nothing_was_lost(self, dialled: List[Any]) -> None:
        assert self.read("/var/log/nginx/error.log") == []


class TestEndpoints:
    """Which endpoints are looked at."""

    def test_what_nginx_dials_is_dialled_as_its_user(self, dialled: List[Any]) -> None:
        collect.take(a_host(SITE % "unix:/var/run/php/www.sock"), 900, 1.5)
        keys, identity, seconds = dialled[0]
        assert (keys, identity["user"], seconds) == (["unix:/run/php/www.sock"], "www-data", 1.5)

    def test_nginxs_endpoints_come_first(self) -> None:
        nginx = {
            "routes": [
                {"endpoints": [{"endpoint": "unix:/run/b.sock"}, {"endpoint": "unix:/run/a.sock"}]},
                {"endpoints": [{"endpoint": "unix:/run/b.sock"}]},
            ]
        }
        fpm = {
            "masters": [
                {
                    "pools": [
                        {"endpoint": "unix:/run/a.sock"},
                        {"endpoint": None},
                        {"endpoint": "127.0.0.1:9000"},
                    ]
                }
            ]
        }
        assert collect._endpoints_of_interest(nginx, fpm) == [
            "unix:/run/b.sock",
            "unix:/run/a.sock",
            "127.0.0.1:9000",
        ]

    def test_too_many_endpoints_are_missing(self, dialled: List[Any], monkeypatch: Any) -> None:
        monkeypatch.setattr(collect, "MOST_ENDPOINTS", 1)
        second = (SITE % "unix:/run/php/b.sock").replace("shop", "blog")
        host = a_host((SITE % "unix:/run/php/a.sock") + second)
        snapshot = collect.take(host, 900, 3.0)
        assert dialled[0][0] == ["unix:/run/php/a.sock"] and "live_probe" in [
            entry["what"] for entry in snapshot["missing"]
        ]
        assert diagnose(snapshot)["status"] != "healthy"

    def test_a_quarter_of_the_free_memory_limits_woken_pools(self) -> None:
        assert ondemand(2000, 32 * 1024) == []
        assert ondemand(100, 1024) == ["unix:/%d" % number for number in range(64, 100)]
        assert ondemand(2, 0) == ["unix:/0", "unix:/1"]
