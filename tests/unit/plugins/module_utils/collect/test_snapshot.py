# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole look at described hosts: what is always in a snapshot, and that a host without PHP is left alone
early.
"""

import json
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ALWAYS = {
    "schema_version",
    "taken_at",
    "window",
    "host",
    "nginx",
    "fpm",
    "endpoints",
    "workers",
    "memory",
    "oom",
    "logs",
    "missing",
    "strangers",
}
NGINX = {
    "/etc/nginx/nginx.conf": "user www-data;\nhttp {\n  include /etc/nginx/sites-enabled/*;\n}\n",
    "/usr/sbin/nginx": "ELF",
}
BUILT = {
    "/usr/sbin/nginx -V": (
        0,
        "",
        (
            "nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/usr/share/nginx "
            "--conf-path=/etc/nginx/nginx.conf "
            "--error-log-path=/var/log/nginx/error.log --user=www-data\n"
        ),
    )
}
SITE = "server {\n  listen 80;\n  server_name shop.example;\n  location ~ \\.php$ {\n    fastcgi_pass %s;\n  }\n}\n"


def described(site: str = "", **more: Any) -> FakeHost:
    files = dict(NGINX, **{"/proc/1/comm": "systemd\n"})
    if site:
        files["/etc/nginx/sites-enabled/shop"] = site
    return FakeHost(files=files, commands=dict(BUILT), **more)


class Inline:
    """The child's part done by ourselves, so that a test sees what it asked for."""

    def __init__(self, work: Any) -> None:
        self.ended, self.said = True, []  # type: bool, List[Any]
        work(self.said.append)

    def next(self, seconds: float) -> Any:
        return self.said.pop(0) if self.said else None


@pytest.fixture(autouse=True)
def fixture_inline(monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, "Child", Inline)
    monkeypatch.setattr(collect, "end", lambda children: None)


@pytest.fixture(name="dialled")
def fixture_dialled(monkeypatch: Any) -> List[Any]:
    """The endpoints that would have been looked at; nobody is dialled from a unit test."""
    asked: List[Any] = []

    def survey(
        host: Any, keys: List[str], identity: Any, procs: Any, seconds: float, asleep: Any
    ) -> Dict[str, Any]:
        asked.append((list(keys), identity, seconds))
        return {}

    monkeypatch.setattr(collect, "collect_endpoints", survey)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        FakeHost(),
        FakeHost(root=False),
        described(),
        described(SITE % "unix:/run/php/www.sock"),
        described(SITE % "unix:/run/php/www.sock", root=False, denied=["/etc/nginx/sites-enabled/shop"]),
    ],
    ids=["nothing", "nothing and no root", "nginx alone", "nginx with a route", "a file kept from us"],
)
def test_every_host_gives_the_same_keys_and_a_verdict(host: FakeHost, dialled: List[Any]) -> None:
    found = collect.take(host, 900, 3.0)
    assert set(found) == ALWAYS and json.loads(json.dumps(found)) == found
    assert diagnose(found)["status"] in ("not_applicable", "unknown", "failing", "degraded")


def test_a_host_without_a_route_to_php_is_not_looked_at_any_further(dialled: List[Any]) -> None:
    host = described()
    found = collect.take(host, 900, 3.0)
    assert (found["fpm"], found["endpoints"], found["logs"], dialled) == (
        {"installed": False, "masters": []},
        {},
        {"files": [], "events": []},
        [],
    )
    assert [argv[0] for argv in host.calls] == ["/usr/sbin/nginx"] and diagnose(found)[
        "status"
    ] == "not_applicable"


def test_a_host_without_nginx_is_not_applicable(dialled: List[Any]) -> None:
    assert (
        diagnose(collect.take(FakeHost(files={"/proc/1/comm": "systemd\n"}), 900, 3.0))["status"]
        == "not_applicable"
    )


def test_the_clock_is_the_hosts_and_the_window_is_the_one_that_was_asked_for(dialled: List[Any]) -> None:
    found = collect.take(described(now=1775139797.0), 3600, 3.0)
    assert (found["taken_at"], found["window"], found["host"]["boot_at"]) == (
        1775139797.0,
        3600,
        1775139797.0 - 5000.0,
    )


def test_what_nginx_dials_is_dialled_as_its_user_with_the_time_that_was_given(dialled: List[Any]) -> None:
    collect.take(described(SITE % "unix:/var/run/php/www.sock"), 900, 1.5)
    keys, identity, seconds = dialled[0]
    assert (keys, identity["user"], seconds) == (["unix:/run/php/www.sock"], "www-data", 1.5)


def test_each_endpoint_is_looked_at_once_and_nginxs_come_first() -> None:
    nginx = {
        "routes": [
            {"endpoints": [{"endpoint": "unix:/run/b.sock"}, {"endpoint": "unix:/run/a.sock"}]},
            {"endpoints": [{"endpoint": "unix:/run/b.sock"}]},
        ]
    }
    fpm = {
        "masters": [
            {"pools": [{"endpoint": "unix:/run/a.sock"}, {"endpoint": None}, {"endpoint": "127.0.0.1:9000"}]}
        ]
    }
    assert collect._endpoints_of_interest(nginx, fpm) == [
        "unix:/run/b.sock",
        "unix:/run/a.sock",
        "127.0.0.1:9000",
    ]


def test_a_host_with_more_endpoints_than_are_looked_at_says_so(dialled: List[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, "MOST_ENDPOINTS", 1)
    second = (SITE % "unix:/run/php/b.sock").replace("shop", "blog")
    host = described((SITE % "unix:/run/php/a.sock") + second)
    found = collect.take(host, 900, 3.0)
    assert dialled[0][0] == ["unix:/run/php/a.sock"] and "live_probe" in [
        entry["what"] for entry in found["missing"]
    ]
    assert diagnose(found)["status"] != "healthy"


def ondemand(many: int, free: int) -> List[str]:
    """Which of so many sleeping pools, and one that has a worker, are not dialled with so many MiB free."""
    pools = [
        {"name": "p%d" % number, "endpoint": "unix:/%d" % number, "pm": "ondemand"} for number in range(many)
    ]
    pools += [
        {"name": "static", "endpoint": "unix:/s", "pm": "static"},
        {"name": "awake", "endpoint": "unix:/a", "pm": "ondemand"},
    ]
    worker = Process(8, 7, "php-fpm8.2", "php-fpm: pool awake", None, 33, 33, [33], 0.0)
    memory = {"limit_bytes": 64 << 30, "mem_available": free << 20}
    return collect._asleep({"masters": [{"running": True, "pid": 7, "pools": pools}]}, [worker], memory)


def test_no_more_sleeping_pools_are_woken_than_a_quarter_of_the_free_memory_holds() -> None:
    assert ondemand(2000, 32 * 1024) == []
    assert ondemand(100, 1024) == ["unix:/%d" % number for number in range(64, 100)]
    assert ondemand(2, 0) == ["unix:/0", "unix:/1"]


def test_the_real_snapshots_have_the_same_keys() -> None:
    older = ALWAYS - {"strangers"}
    assert {frozenset(hosts.fixture(path)["snapshot"]) for path in hosts.FILES} == {
        frozenset(older),
        frozenset(ALWAYS),
    }
