# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only risks ask of a host's files, its workers and its older log lines."""

import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent import (
    big_headers,
    capacity,
    locations,
    pool_settings,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts import logs as real
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts import memory
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

SITE = "/etc/nginx/sites-enabled/a"
FPM = "/etc/php/8.2/fpm/php-fpm.conf"
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
INI = "/etc/php/8.2/fpm/php.ini"
SCANNED = "/etc/php/8.2/fpm/conf.d/99-site.ini"
BOTH = "fastcgi_param PHP_ADMIN_VALUE max_execution_time=9; fastcgi_param PHP_VALUE max_execution_time=5;"
BIG = (
    "%s [error] 812#812: *7 upstream sent too big header while reading response header from upstream, "
    'client: 203.0.113.24, server: shop.example, request: "GET /cart HTTP/1.1", upstream: '
    '"fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"\n'
)


def of_nginx(inside: str, files: Any = None) -> Dict[str, Any]:
    """The only location of a host."""
    site = "server { server_name a.example; root /var/www/a; location / { fastcgi_pass unix:/a.sock; %s } }"
    host = a_host(dict({SITE: site % inside}, **(files or {})))
    snapshot: Any = {"nginx": collect_nginx(host, [])}
    each: Any = locations.collect(host, snapshot)
    assert len(each) == len(snapshot["nginx"]["routes"]) == 1
    return dict(each[0])


def a_master(**more: Any) -> Dict[str, Any]:
    facts = {"config": FPM, "running": True, "unit_state": None, "config_newer": False, "loaded_at": 1e12}
    return dict(facts, **more)


def of_fpm(files: Dict[str, str], pool: str = "", **master: Any) -> Dict[str, Any]:
    """The only pool of a host."""
    base = {FPM: "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n", POOL: "[www]\npm = static\n" + pool}
    snapshot: Any = {"fpm": {"masters": [a_master(**master)]}}
    found: Any = pool_settings.collect(FakeHost(dict(base, **files)), snapshot)
    assert len(found) == 1
    return dict(found[0])


def limit(found: Dict[str, Any]) -> Tuple[Any, str, Any]:
    return found["script"]["seconds"], found["script"]["source"], found["script"]["file"]


class TestLocations:
    def test_hit_a_buffer_of_its_own(self) -> None:
        found = of_nginx("fastcgi_buffer_size 1k;")
        assert (found["header_bytes"], found["header"]["line"]) == (1024, 1)

    def test_near_miss_nginx_takes_a_page_of_memory(self) -> None:
        found = of_nginx("")
        assert found["header_bytes"] % 4096 == 0 and found["header"] is None and found["script"] is None

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('fastcgi_param PHP_VALUE "max_execution_time=300";', (300, "PHP_VALUE")),
            (
                'fastcgi_param PHP_ADMIN_VALUE "memory_limit=1G\nmax_execution_time=0";',
                (0, "PHP_ADMIN_VALUE"),
            ),
            (
                BOTH,
                (9, "PHP_ADMIN_VALUE"),
            ),
            ("fastcgi_param PHP_VALUE max_execution_time=$seconds;", (None, "PHP_VALUE")),
        ],
    )
    def test_hit_what_nginx_sends_along(self, text: str, expected: Any) -> None:
        found = of_nginx(text)
        assert limit(found) == expected + (SITE,)

    def test_hit_the_owner_of_the_code_sets_it(self) -> None:
        found = of_nginx("", {"/var/www/a/.user.ini": "max_execution_time = 600\n"})
        assert found["user_ini"]["seconds"] == 600 and found["user_ini"]["file"] == "/var/www/a/.user.ini"

    def test_decoy_a_root_with_a_variable_is_not_looked_at(self) -> None:
        files = {"/var/www/a/.user.ini": "max_execution_time = 600\n"}
        assert of_nginx("root /var/www/$host;", files)["user_ini"] is None

    def test_a_link_to_another_file_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("max_execution_time = 5\n")
        (tmp_path / ".user.ini").symlink_to(tmp_path / "secret")
        found = locations._user_ini(real.Watched(), str(tmp_path))
        assert found and found["seconds"] is None, "there is one, and what it says is not known"
        (tmp_path / ".user.ini").unlink()
        assert locations._user_ini(real.Watched(), str(tmp_path)) is None
        (tmp_path / ".user.ini").write_text("max_execution_time = 5\n")
        found = locations._user_ini(real.Watched(), str(tmp_path))
        assert found is not None and found["seconds"] == 5


class TestPoolSettings:
    def test_where_nothing_is_written(self) -> None:
        found = of_fpm({})
        assert limit(found) == (30, "default", None)
        assert found["terminate"] is None and found["mode"] == {"file": POOL, "line": 2}

    def test_hit_the_last_file_of_php_counts(self) -> None:
        found = of_fpm({INI: "max_execution_time = 60\n", SCANNED: "max_execution_time = 0\n"})
        assert limit(found) == (0, "php.ini", SCANNED)

    def test_hit_a_pool_says_else(self) -> None:
        pool = "php_value[max_execution_time] = 90\n"
        assert limit(of_fpm({INI: "max_execution_time = 60\n"}, pool)) == (90, "php_value", POOL)
        pool += "php_admin_value[max_execution_time] = 20\n"
        assert limit(of_fpm({}, pool)) == (20, "php_admin_value", POOL)

    def test_near_miss_a_file_that_cannot_be_read(self) -> None:
        files = {FPM: "[www]\npm = static\n", INI: "", SCANNED: "max_execution_time = 5\n"}
        snapshot: Any = {"fpm": {"masters": [a_master()]}}
        host = FakeHost(files, denied=[SCANNED])
        found: Any = pool_settings.collect(host, snapshot)
        assert found[0]["script"]["seconds"] is None and host.missing[0]["path"] == SCANNED

    def test_near_miss_the_first_of_two_wins(self) -> None:
        pool = "php_value[max_execution_time] = 90\nphp_value[max_execution_time] = 10\n"
        assert limit(of_fpm({}, pool))[0] == 90

    @pytest.mark.parametrize("command", ["-d max_execution_time=5", "-dmax_execution_time=5"])
    def test_hit_the_command_line(self, command: str) -> None:
        unit = {"command": "/usr/sbin/php-fpm8.2 --nodaemonize " + command}
        assert limit(of_fpm({INI: "max_execution_time = 60\n"}, unit_state=unit))[:2] == (5, "command")

    def test_hit_the_command_line_names_another_php_ini(self) -> None:
        unit = {"command": "/usr/sbin/php-fpm8.2 -c /srv/php.ini"}
        files = {INI: "max_execution_time = 60\n", "/srv/php.ini": "max_execution_time = 7\n"}
        assert limit(of_fpm(files, unit_state=unit)) == (7, "php.ini", "/srv/php.ini")

    def test_near_miss_a_file_that_is_not_loaded_yet(self) -> None:
        assert of_fpm({INI: "max_execution_time = 60\n"}, loaded_at=5.0)["stale"]
        assert not of_fpm({INI: "max_execution_time = 60\n"})["stale"]
        assert of_fpm({}, config_newer=True)["stale"]

    def test_decoy_a_master_that_does_not_run(self) -> None:
        snapshot: Any = {"fpm": {"masters": [a_master(running=False)]}}
        assert pool_settings.collect(FakeHost({FPM: "[www]\npm = static\n"}), snapshot) == []

    def test_near_miss_a_variable_of_the_environment(self) -> None:
        host = FakeHost({FPM: "[www]\npm = static\nrequest_terminate_timeout = ${SECONDS}\n"})
        snapshot: Any = {"fpm": {"masters": [a_master()]}}
        assert pool_settings.collect(host, snapshot) == []
        assert [entry["what"] for entry in host.missing] == ["risk_unseen"]

    def test_secrets_stay(self) -> None:
        found = of_fpm({}, "env[TOKEN] = geheim\nphp_admin_value[mysqli.default_pw] = geheim\n")
        assert "geheim" not in str(found)


class TestCapacity:
    def look(self, host: Any, monkeypatch: pytest.MonkeyPatch) -> Dict[str, Any]:
        monkeypatch.setattr(capacity, "processes", lambda _host: memory.procs(*memory.TWO))
        snapshot: Any = {"fpm": {"masters": [memory.a_master()]}}
        return dict(capacity.collect(host, snapshot))

    def test_hit_each_worker_is_measured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = memory.v2().limited(memory.UNIT, 512).holding(memory.UNIT, 60)
        host = host.file("/proc/sys/net/core/somaxconn", "4096\n")
        host = host.file("/proc/101/status", "VmHWM:\t99000 kB\nCpus_allowed_list:\t0\n")
        found = self.look(host, monkeypatch)
        assert found["somaxconn"] == 4096 and found["memory"]["limit_bytes"] == 512 << 20
        first = found["workers"][0]
        assert (first["own_kb"], first["rss_kb"], first["peak_kb"]) == (21 * 1024, 44 * 1024, 99000)

    def test_near_miss_what_cannot_be_read_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        denied = ["/proc/101/smaps_rollup", "/proc/102/smaps_rollup"]
        host = memory.bare(denied=denied)
        found = self.look(host, monkeypatch)
        assert found["workers"] == [] and found["somaxconn"] is None
        assert "worker_memory" in [entry["what"] for entry in host.missing]


class TestBigHeaders:
    def look(self, tmp_path: Path, lines: List[str], name: str = "error.log") -> List[Any]:
        log = tmp_path / "error.log"
        log.touch()
        (tmp_path / name).write_text("".join(lines))
        nginx = {"error_logs": [str(log), str(tmp_path / "absent")], "workers": [812]}
        snapshot: Any = {"nginx": nginx, "host": {"utc_offset": 0}}
        return [dict(each) for each in big_headers.collect(real.Watched(), snapshot)["too_big"]]

    def line(self, days: float) -> str:
        return BIG % time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(time.time() - days * 86400))

    @pytest.mark.parametrize("name", ["error.log", "error.log.1"])
    def test_hit_days_ago(self, tmp_path: Path, name: str) -> None:
        found = self.look(tmp_path, [self.line(3.0), self.line(2.0)], name)
        assert [(each["site"], each["count"]) for each in found] == [("shop.example", 2)]
        assert found[0]["endpoint"] == "unix:/run/php/php8.2-fpm.sock"

    def test_near_miss_longer_ago_than_anybody_remembers(self, tmp_path: Path) -> None:
        assert self.look(tmp_path, [self.line(9.0)]) == []

    def test_decoy_other_lines(self, tmp_path: Path) -> None:
        words = "recv() failed (104: Connection reset by peer)"
        assert self.look(tmp_path, [self.line(2.0).replace("upstream sent too big header", words)]) == []

    def test_a_long_log_is_not_read_whole(self, tmp_path: Path) -> None:
        old = [self.line(20.0)] * 20000
        log = tmp_path / "error.log"
        log.write_text("".join(old) + self.line(1.0))
        nginx = {"error_logs": [str(log)], "workers": []}
        snapshot: Any = {"nginx": nginx, "host": {"utc_offset": 0}}
        host = real.Watched()
        assert [each["count"] for each in big_headers.collect(host, snapshot)["too_big"]] == [1]
        assert host.reads < 20
