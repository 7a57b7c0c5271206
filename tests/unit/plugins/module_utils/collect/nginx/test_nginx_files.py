# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of nginx's configuration on described hosts: when they changed, what they lack, who can write
them.
"""

from typing import Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import nginx as collector
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import nginx_files
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.silent_logs import miss_silent
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    MAIN,
    NOW,
    SITE,
    a_host,
    build,
    master,
    paths,
    worker,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestChanged:
    """Whether the workers have loaded the configuration."""

    def test_a_file_changed_after_the_workers_start_is_newer(self) -> None:
        changed = Stat("file", 0o644, 0, 0, 0, NOW - 100, 1, 1)
        host = a_host().stated("/etc/nginx/sites-enabled/a", changed)
        nginx = collect_nginx(host, [master(), worker(started_at=NOW - 200)])
        assert (nginx["config_newer"], nginx["config_changed_at"]) == (True, NOW - 100)
        assert collect_nginx(host, [master(), worker(started_at=NOW - 50)])["config_newer"] is False, (
            "a reload replaced the workers"
        )
        assert collect_nginx(host, [master(), worker(started_at=NOW - 100.05)])["config_newer"] is False, (
            "the clocks may differ a little"
        )
        assert collect_nginx(host, [])["config_newer"] is None

    def test_a_new_link_to_an_old_file_is_newer(self) -> None:
        class Linked(FakeHost):
            def stat(self, path: str, follow: bool = True) -> Stat:
                nginx = super(Linked, self).stat(path, follow)
                return nginx if follow or path not in self.links else nginx._replace(mtime=NOW - 10)

        host = Linked(
            {
                "/usr/sbin/nginx": "",
                MAIN: "http { include sites-enabled/*; }",
                "/etc/nginx/sites-available/a": SITE,
            },
            {"/usr/sbin/nginx -V": build()},
            links={"/etc/nginx/sites-enabled/a": "/etc/nginx/sites-available/a"},
        )
        nginx = collect_nginx(host, [master(), worker()])
        assert (nginx["config_newer"], nginx["config_changed_at"], len(nginx["routes"])) == (
            True,
            NOW - 10,
            1,
        )


class TestLeftOut:
    def test_a_file_that_we_may_not_read_is_missing(self) -> None:
        host = a_host().for_a_user("/etc/nginx/sites-enabled/a")
        nginx = collect_nginx(host, [])
        assert (nginx["config_errors"], nginx["routes"]) == ([], [])
        assert host.missing == [
            {
                "what": "nginx_config",
                "path": "/etc/nginx/sites-enabled/a",
                "why": "Permission denied",
                "needs": "root",
            }
        ]

    def test_too_many_files_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nginx_files, "MOST_FILES", 3)
        host = a_host().having({"/etc/nginx/sites-enabled/%d" % index: SITE for index in range(5)})
        assert len(collect_nginx(host, [])["routes"]) == 2
        assert len(paths(host.missing, "nginx_config")) == 4

    def test_too_much_text_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nginx_files, "MOST_BYTES", 1000)
        host = a_host().file("/etc/nginx/sites-enabled/b", "# " + "x" * 2000)
        nginx = collect_nginx(host, [])
        assert (len(nginx["routes"]), nginx["config_errors"]) == (1, [])
        assert paths(host.missing, "nginx_config") == ["/etc/nginx/sites-enabled/b"]

    @pytest.mark.parametrize("written", ["syslog:server=unix:/dev/log", "stderr", "/e.log crit"])
    def test_logs_that_hide_losses_are_missing(self, written: str) -> None:
        main = "error_log %s; http { include /etc/nginx/sites-enabled/*; }" % written
        host = a_host().file(MAIN, main)
        nginx = collect_nginx(host, [])
        assert nginx["error_logs"] == [path for path in [written.split()[0]] if path[0] == "/"]
        assert paths(host.missing, "nginx_log") == []
        miss_silent(host, nginx)
        assert paths(host.missing, "nginx_log") == [written.split()[0]]

    def test_decoy_a_log_in_a_file(self) -> None:
        host = a_host()
        miss_silent(host, collect_nginx(host, []))
        assert paths(host.missing, "nginx_log") == []


class TestErrors:
    def test_a_missing_include_is_an_error_of_the_configuration(self) -> None:
        nginx = collect_nginx(a_host().file(MAIN, "http {\ninclude absent.conf; }"), [])
        assert nginx["config_errors"] == [
            {
                "kind": "not_opened",
                "file": MAIN,
                "line": 2,
                "text": 'open() "/etc/nginx/absent.conf" failed (2: No such file or directory)',
            }
        ]

    def test_a_configuration_that_nginx_refuses_is_missing(self) -> None:
        for text in (
            "http {\n include absent.conf; include sites-enabled/*; }",
            "http { include nginx.conf; include sites-enabled/*; }",
            "http { server {",
        ):
            host = a_host().file(MAIN, text)
            collect_nginx(host, [master(), worker()])
            assert paths(host.missing, "nginx_config") == [MAIN]
            assert "nginx refuses it" in host.missing[0]["why"]
        many = a_host().file(
            MAIN, "http { %s }" % "".join("include absent%d.conf;" % number for number in range(50))
        )
        collect_nginx(many, [])
        assert len(paths(many.missing, "nginx_config")) == collector.MOST_ERRORS

    def test_binary_garbage_as_configuration_is_errors(self) -> None:
        nginx = collect_nginx(a_host().file(MAIN, bytes(bytearray(range(256))) * 64), [])
        assert nginx["config_errors"] and nginx["routes"] == []


class TestWritable:
    @pytest.mark.parametrize(
        "opened, path",
        [
            (("/etc/nginx/sites-enabled/a", "file", 0o666), "/etc/nginx/sites-enabled/a"),
            (("/etc/nginx/sites-enabled", "directory", 0o777), "/etc/nginx/sites-enabled"),
        ],
    )
    def test_a_configuration_that_others_can_write_is_named(
        self, opened: Tuple[str, str, int], path: str
    ) -> None:
        name, kind, mode = opened
        host = a_host().stated(name, Stat(kind, mode, 0, 0, 0, 0.0, 1, 1))
        assert collect_nginx(host, [master(), worker()])["writable"] == {"path": path, "who": "everybody"}
        assert collect_nginx(a_host(), [master(), worker()])["writable"] is None

    @pytest.mark.parametrize(
        "directive", ["load_module", "init_by_lua_file", "perl_require", "perl_modules", "js_import a from"]
    )
    def test_code_that_nginxs_test_runs_is_configuration(self, directive: str) -> None:
        host = (
            a_host()
            .stated("/home/alice", Stat("directory", 0o755, 1000, 1000, 0, 0.0, 1, 1))
            .file(MAIN, "%s /home/alice/x.so; user www-data;" % directive)
            .file("/home/alice/x.so")
        )
        assert collect_nginx(host, [master(), worker()])["writable"] == {
            "path": "/home/alice",
            "who": "1000",
        }

    @pytest.mark.parametrize(
        "words",
        [
            "lua_package_path '/usr/share/lua/?.lua;/srv/lua/?.lua;;'",
            "perl_modules /srv/lua",
            "perl_modules /srv/lua; perl_require sub/own.lua",
        ],
    )
    def test_code_in_a_directory_where_it_is_looked_for(self, words: str) -> None:
        host = a_host().file(MAIN, words + "; user www-data;").file("/srv/lua/sub/own.lua")
        assert collect_nginx(host, [master(), worker()])["writable"] is None, "near miss: all of it is root's"
        host.stated("/srv/lua/sub/own.lua", Stat("file", 0o644, 1000, 1000, 0, 0.0, 1, 1))
        assert collect_nginx(host, [master(), worker()])["writable"] == {
            "path": "/srv/lua/sub/own.lua",
            "who": "1000",
        }

    def test_a_directory_where_a_pattern_finds_nothing_yet(self) -> None:
        host = (
            a_host()
            .stated("/srv/sites", Stat("directory", 0o755, 1000, 1000, 0, 0.0, 1, 1))
            .file(MAIN, "include /srv/sites/*/nginx.conf; user www-data;")
        )
        assert collect_nginx(host, [master(), worker()])["writable"] == {"path": "/srv/sites", "who": "1000"}
