# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps nginx from loading its files, read where it dials what they do not name."""

import contextlib
import socket
from pathlib import Path
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import older as made
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

NOW = 1775140000.0
MAIN = "/etc/nginx/nginx.conf"
PID_FILE = "/run/nginx.pid"
LOG = "/var/log/nginx/error.log"
GONE = "http {\n  server { ssl_certificate /c/gone.pem; }\n}\n"
WORDS = 'cannot load certificate "/c/gone.pem": BIO_new_file() failed (SSL: No such file or directory)'
STAMP = "2026/04/02 14:2%d:40"  # NOW is 14:26:40


LOADED = dict(made.loaded_at(NOW - 900), default_log=LOG)

FAILED: Any = {"active": "failed", "sub": "failed", "changed_at": NOW, "load": "loaded", "enabled": "enabled"}


def look(log: str = "", conf: str = GONE, files: Optional[Any] = None, **nginx: Any) -> Any:
    texts = {MAIN: conf, LOG: log, **(files or {})}
    host = FakeHost(files=texts, now=NOW)
    snapshot: Any = hosts.a_host()
    snapshot["nginx"].update(config=MAIN, prefix="/etc/nginx", error_logs=[LOG], options={}, opens=[])
    snapshot["nginx"]["loaded"] = dict(LOADED)
    snapshot["nginx"].update(config_changed_at=NOW - 300, config_newer=True)
    snapshot["nginx"].update(nginx)
    return older.collect_older(host, snapshot, [], 0.0)["refusal"]


def line(minute: int, text: str = WORDS, level: str = "emerg", connection: str = "") -> str:
    return "%s [%s] 7#7: %s%s\n" % (STAMP % minute, level, connection, text)


class TestPidFile:
    """By it alone `nginx -s reload` finds the master."""

    @pytest.mark.parametrize("held, found", [("", PID_FILE), ("8\n", PID_FILE), ("7\n", None), (None, None)])
    def test_hit_it_does_not_name_the_master(self, held: Optional[str], found: Optional[str]) -> None:
        """Near miss: who may not read it does not know."""
        host = FakeHost(files={MAIN: "", **({} if held is None else {PID_FILE: held})}, now=NOW)
        snapshot: Any = made.not_loaded()
        snapshot["nginx"].update(config=MAIN, prefix="/etc/nginx", opens=[PID_FILE], options={})
        snapshot["nginx"]["loaded"] = dict(LOADED)
        snapshot["nginx"]["master"] = {"pid": 7, "started_at": NOW - 900}
        assert older.collect_older(host, snapshot, [], 0.0).get("pid_file") == found


class TestRefusal:
    def test_hit_nginxs_words_with_the_line_that_they_are_about(self) -> None:
        found = look(line(5))
        assert (found["file"], found["line"], found["log"], found["text"]) == (MAIN, 2, LOG, WORDS)
        assert found["at"] == NOW - 60

    def test_hit_the_last_complaint_counts(self) -> None:
        other = 'host not found in upstream "db" in %s:1' % MAIN
        assert look(line(4) + line(5, other))["kind"] == "no_host"

    def test_hit_what_the_files_show_where_nobody_tried(self) -> None:
        found = look()
        assert (found["at"], found["log"], found["line"]) == (None, None, 2)

    @pytest.mark.parametrize(
        "log",
        [
            line(1),  # before the last change
            line(5, level="alert"),
            line(5, connection="*3 "),
            line(5, "no place is named"),
            line(5, 'unknown directive "x" in /etc/nginx/other.conf:1'),  # none of nginx's files
        ],
    )
    def test_decoy_lines_that_are_no_complaint_about_these_files(self, log: str) -> None:
        assert look(log, files={"/c/gone.pem": ""}) is None

    def test_near_miss_what_was_missing_is_there_again(self) -> None:
        assert look(line(5), files={"/c/gone.pem": ""}) is None

    def test_near_miss_files_that_were_not_changed_are_not_looked_at(self) -> None:
        assert look(line(5), config_newer=False) is None

    def test_hit_its_workers_end_at_their_start(self) -> None:
        end = "setgid(33) failed (1: Operation not permitted)"
        log = line(5, end) + line(
            5, "worker process 8 exited with fatal code 2 and cannot be respawned", "alert"
        )
        found = look(log, config_newer=False, workers=[])
        assert (found["worker"], found["text"], found["kind"], found["log"]) == (
            True,
            end,
            "capabilities",
            LOG,
        )

    @pytest.mark.parametrize(
        "log",
        [
            "",
            line(5),
            line(5, "setgid(33) failed (1: Operation not permitted)", connection="*3 "),
            line(5, "setgid(33) failed (1: `reboot`)"),
            line(5, "bind() to 0.0.0.0:80 failed (98: Address already in use)"),  # of another start
            line(5, "setgid(33) failed (1: Operation not permitted) in /srv/a"),
        ],
    )
    def test_decoy_lines_that_end_no_worker(self, log: str) -> None:
        assert look(log, config_newer=False, workers=[]) is None

    def test_hit_nginx_does_not_run_and_says_why(self) -> None:
        assert look(line(5), config_newer=False, master=None)["text"] == WORDS

    def test_hit_its_unit_failed_and_the_journal_says_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refusal = 'host not found in upstream "php" in %s:2' % MAIN
        output = "2026/04/02 14:26:30 [emerg] 9#9: %s\nnginx: configuration file test failed\n" % refusal
        unit = dict(FAILED)
        monkeypatch.setattr(FakeHost, "run", lambda *_host, **_more: Ran(1, output, ""))
        monkeypatch.setattr(older, "unit_states", lambda *_host, **_more: {"nginx.service": unit})
        found = look(config_newer=False, master=None)
        assert (found["text"], found["line"], found["log"]) == (
            refusal,
            2,
            "journal:nginx.service",
        )
        unit.update(active="activating", sub="auto-restart")
        assert look(config_newer=False, master=None)["text"] == refusal
        unit.update(active="activating", sub="start-pre")
        assert look("", "user x;\n", config_newer=False, master=None) is None

    def test_hit_what_a_start_failed_at_may_be_mended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refusal = 'unknown directive "x" in %s:2' % MAIN
        self.failed(monkeypatch, "nginx: [emerg] %s\n" % refusal, changed_at=NOW - 400)
        found = look("", "user x;\n", config_newer=False, master=None)
        assert found["changed"] and found["text"].startswith(refusal)

    def test_hit_the_file_that_a_start_failed_at_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, 'nginx: [emerg] unknown directive "x" in /etc/nginx/conf.d/x.conf:1\n')
        assert look("", "user x;\n", config_newer=False, master=None)["changed"]

    def test_hit_the_certificate_that_lacked_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "nginx: [emerg] %s\n" % WORDS)
        found = look(files={"/c/gone.pem": ""}, config_newer=False, master=None)
        assert found["changed"]

    def test_near_miss_changed_since_and_refused_by_now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the files show now comes first."""
        self.failed(
            monkeypatch, 'nginx: [emerg] unknown directive "x" in %s:7\n' % MAIN, changed_at=NOW - 400
        )
        found = look(config_newer=False, master=None)
        assert found["line"] == 2 and "gone.pem" in found["text"] and "changed" not in found

    def test_near_miss_what_it_names_lacks_still(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other files were changed since then."""
        module = 'dlopen() "/m/a.so" failed (/m/a.so: No such file or directory) in %s:1' % MAIN
        self.failed(monkeypatch, "nginx: [emerg] %s\n" % module, changed_at=NOW - 400)
        found = look("", "load_module /m/a.so;\n", config_newer=False, master=None)
        assert found["line"] == 1 and "changed" not in found

    def test_near_miss_nobody_changed_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, 'nginx: [emerg] unknown directive "x" in %s:2\n' % MAIN)
        assert "changed" not in look("", "user x;\n", config_newer=False, master=None)

    def test_hit_another_server_has_its_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its test in ExecStartPre= binds nothing: only the start itself says so, and names no file."""
        refusal = "bind() to 0.0.0.0:80 failed (98: Address already in use)"
        output = (
            "Starting nginx...\n"
            + 5 * ("nginx: [emerg] %s\n" % refusal)
            + "nginx: [emerg] still could not bind()\n"
        )
        self.failed(monkeypatch, output)
        found = look(config_newer=False, master=None)
        assert (found["text"], found["holders"]) == (refusal, {"*:80": []})

    def test_hit_who_has_its_port_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        output = "".join(
            "nginx: [emerg] bind() to %s:80 failed (98: Address already in use)\n" % address
            for address in ("0.0.0.0", "[::]", "0.0.0.0")
        )
        holder = {"comm": "httpd", "pid": 7, "unit": "httpd.service"}
        looked_up: List[str] = []

        def endpoints(_host: Any, keys: List[str], *_more: Any) -> Any:
            looked_up.extend(keys)
            return {keys[0]: {"listeners": [holder]}, keys[1]: {"listeners": [dict(holder, unit=None)]}}

        self.failed(monkeypatch, output)
        monkeypatch.setattr(older, "collect_endpoints", endpoints)
        found = look(config_newer=False, master=None)
        assert looked_up == ["*:80", "[::]:80"]
        assert found["holders"] == {"*:80": [holder], "[::]:80": [dict(holder, unit=None)]}

    def left(self, monkeypatch: pytest.MonkeyPatch, path: str, taken: bool = False, **listener: Any) -> Any:
        """Where nginx cannot bind a unix socket."""
        listeners = [dict({"comm": "other", "pid": 7}, **listener)] if listener else []
        monkeypatch.setattr(
            older, "collect_endpoints", lambda _host, keys, *_more: {keys[0]: {"listeners": listeners}}
        )
        self.failed(
            monkeypatch, "nginx: [emerg] bind() to unix:%s failed (98: Address already in use)\n" % path
        )
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
            if listener or taken or path.endswith(".sock"):
                server.bind(path)
            if taken:
                server.listen(1)
            kind = Stat("socket" if path.endswith(".sock") else "file", 0o666, 0, 0, 0, 0.0, 1, 1)
            monkeypatch.setattr(FakeHost, "type_of", lambda _host, _path: kind.type)
            return look(config_newer=False, master=None)

    def test_hit_a_file_that_is_left_over(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.left(monkeypatch, str(tmp_path / "a.sock"))
        assert found["left_over"] == ["unix:%s/a.sock" % tmp_path]

    def test_near_miss_who_listens_is_seen(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.left(monkeypatch, str(tmp_path / "a.sock"), unit=None)
        assert (found["left_over"], [each["pid"] for each in found["holders"].popitem()[1]]) == ([], [7])

    def test_near_miss_another_network_has_it(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """No table of this one lists its listener, who takes a connection."""
        assert not self.left(monkeypatch, str(tmp_path / "a.sock"), taken=True)["left_over"]

    def test_decoy_a_file_that_is_no_socket(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("")
        assert not self.left(monkeypatch, str(tmp_path / "a.txt"))["left_over"]

    def failed(self, monkeypatch: pytest.MonkeyPatch, output: str, **facts: Any) -> None:
        unit = dict(FAILED, **dict({"result": "exit-code"}, **facts))
        monkeypatch.setattr(FakeHost, "run", lambda *_host, **_more: Ran(1, output, ""))
        monkeypatch.setattr(older, "unit_states", lambda *_host, **_more: {"nginx.service": unit})

    def test_hit_its_unit_is_masked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "", active="inactive", load="masked", enabled="masked")
        found = look(config_newer=False, master=None)
        assert (found["masked"], found["text"]) == ("nginx.service", "")

    def test_hit_it_is_masked_until_the_next_boot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "", active="inactive", load="loaded", enabled="masked-runtime")
        assert look(config_newer=False, master=None)["masked"] == "nginx.service"

    def test_near_miss_another_unit_is_masked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refusal = 'host not found in upstream "php" in %s:2' % MAIN
        self.failed(monkeypatch, "nginx: [emerg] %s\n" % refusal)
        units = {"a.service": dict(FAILED, load="masked"), "nginx.service": dict(FAILED, result="exit-code")}
        monkeypatch.setattr(older, "unit_states", lambda *_host, **_more: units)
        found = look(config_newer=False, master=None)
        assert found["text"] == refusal and "masked" not in found

    @pytest.mark.parametrize("enabled", ["disabled", None])
    def test_near_miss_its_unit_was_stopped(self, monkeypatch: pytest.MonkeyPatch, enabled: Any) -> None:
        self.failed(monkeypatch, "", active="inactive", sub="dead", enabled=enabled)
        assert look("", "user x;\n", config_newer=False, master=None) is None

    @pytest.mark.parametrize(
        "line, active",
        [
            ("nginx.service: Main process exited, code=killed, status=9/KILL", "failed"),
            ("nginx.service: A process of this unit has been killed by the OOM killer.", "failed"),
            (
                "nginx.service: Failed to set up mount namespacing: /srv/cache: No such file or directory",
                "failed",
            ),
            (
                "nginx.service: Failed at step EXEC spawning /usr/sbin/nginx: No such file or directory",
                "failed",
            ),
            (
                "nginx.service: Service has more than one ExecStart= setting, which is only allowed",
                "inactive",
            ),
            (
                "/usr/sbin/nginx: error while loading shared libraries: libluajit-5.1.so.2: cannot open",
                "failed",
            ),
            (
                "nginx.service - A web server skipped, unmet condition check ConditionPathExists=/a",
                "inactive",
            ),
        ],
    )
    def test_hit_systemd_tells_why(self, monkeypatch: pytest.MonkeyPatch, line: str, active: str) -> None:
        self.failed(monkeypatch, "Starting nginx...\n%s\nFailed to start nginx.\n" % line, active=active)
        found = look(config_newer=False, master=None)
        words = line.partition(": ")[2] or line.partition("server ")[2]
        assert found["text"].startswith(words) and found["unit"] == "nginx.service"

    def test_hit_its_child_speaks_before_the_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        why = "Failed at step CHDIR spawning /usr/sbin/nginx: No such file or directory"
        before = "nginx.service: Failed with result 'exit-code'.\nFailed to start nginx.\n"
        self.failed(monkeypatch, "%snginx.service: %s\nStarting nginx...\n" % (before, why))
        assert look(config_newer=False, master=None)["text"].startswith(why)

    def test_decoy_the_child_of_the_start_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        why = "nginx.service: Failed at step CHDIR spawning /usr/sbin/nginx: No such file or directory\n"
        ended = "nginx.service: Control process exited, code=exited, status=200/CHDIR\n"
        self.failed(monkeypatch, "Starting nginx...\n%s%sStarting nginx...\n" % (why, ended))
        assert look("", "user x;\n", config_newer=False, master=None) is None

    @pytest.mark.parametrize(
        "lines", ["Stopping nginx...\n%s\n", "Starting nginx...\n%s\nStopping nginx...\n"]
    )
    def test_near_miss_somebody_stopped_it_since(self, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
        ended = "nginx.service: Main process exited, code=killed, status=9/KILL"
        self.failed(monkeypatch, "Started nginx.\n" + lines % ended, active="inactive", sub="dead")
        assert look("", "user x;\n", config_newer=False, master=None) is None

    @pytest.mark.parametrize(
        "text, known",
        [
            ("bind() to 0.0.0.0:80 failed (13: Permission denied)", True),
            ('open() "/run/nginx.pid" failed (13: Permission denied)', True),
            ('open() "/run/`reboot`.pid" failed (13: Permission denied)', False),
            ("no page of this kind", False),
        ],
    )
    def test_hit_an_accounts_nginx_tells_why(
        self, monkeypatch: pytest.MonkeyPatch, text: str, known: bool
    ) -> None:
        """Whose lines in the journal are not root's."""
        self.failed(monkeypatch, "")
        out = "2026/04/02 14:26:30 [emerg] 9#9: %s\n" % text
        monkeypatch.setattr(
            FakeHost, "run", lambda _host, argv, **_more: Ran(0, "" if "_UID=0" in argv else out, "")
        )
        found = look("", "user x;\n", config_newer=False, master=None)
        assert (found is not None and found["text"].startswith(text)) == known

    @pytest.mark.parametrize(
        "output, facts",
        [
            # Stopped by hand since a start that failed, and one that did not.
            ("\nStarting a\nnginx.service: Main process exited, code=killed, x\nStarting a\nStopped a\n", {}),
            ("Starting a\nnginx: [emerg] unknown directive in %s:2\nStarting a\nStopped a\n" % MAIN, {}),
            ("Starting a\nnginx.service: Main process exited, code=exited, status=1/FAILURE\n", {}),
            ("\nStarting a\nnginx.service: Failed at step EXEC spawning /a: x\n", {"load": "not-found"}),
        ],
    )
    def test_decoy_what_is_over_or_says_nothing(
        self, monkeypatch: pytest.MonkeyPatch, output: str, facts: Any
    ) -> None:
        self.failed(monkeypatch, output, **{"active": "inactive", "sub": "dead", **facts})
        assert look("", "user x;\n", config_newer=False, master=None) is None

    def test_hit_its_unit_waits_for_another_pid_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "Starting nginx...\n", result="timeout", pid_file="/run/nginx.pid")
        found = look(config_newer=False, master=None, opens=["/l.log", "/run/nginx/nginx.pid"])
        seen = {"unit": "nginx.service", "awaited": "/run/nginx.pid", "written": "/run/nginx/nginx.pid"}
        assert (found["text"], found["pid_file"]) == ("", seen)
        same = look(config_newer=False, master=None, opens=["/run/nginx.pid"])
        assert same["pid_file"] == dict(seen, written=None)

    def test_near_miss_a_unit_that_needs_no_pid_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "Starting nginx...\n", result="timeout", pid_file=None)
        assert "pid_file" not in look(config_newer=False, master=None)

    def test_decoy_a_complaint_about_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed(monkeypatch, "nginx: [emerg] unknown directive in %s:2\n" % MAIN)
        assert "holders" not in look(config_newer=False, master=None)

    def test_near_miss_a_healthy_host_is_not_looked_at(self) -> None:
        snapshot: Any = hosts.a_host()
        seen: Any = FakeHost(now=NOW)
        assert collect.older(seen, snapshot, [], 0.0) == {"endpoints": {}, "refusal": None}
