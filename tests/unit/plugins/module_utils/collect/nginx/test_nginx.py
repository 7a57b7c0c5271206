# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nginx of described hosts: its build, its processes, its account."""

from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import UNITS, collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.systemctl import PROPERTIES
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    MAIN,
    NOW,
    a_host,
    build,
    master,
    own,
    paths,
    rootless,
    worker,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestBuild:
    """What nginx -V gives, and who may make us run it."""

    def test_on_a_host_without_nginx_nothing_is_run(self) -> None:
        bare = FakeHost()
        nginx = collect_nginx(bare, [])
        assert (nginx["installed"], nginx["running"], nginx["routes"], nginx["config"]) == (
            False,
            False,
            [],
            None,
        )
        assert bare.calls == []

    @pytest.mark.parametrize(
        "load, enabled, installed",
        [("loaded", "enabled", True), ("loaded", "disabled", False), ("not-found", "", False)],
    )
    def test_a_boot_would_start_a_program_that_is_gone(
        self, load: str, enabled: str, installed: bool
    ) -> None:
        shown = "Id=nginx.service\nLoadState=%s\nActiveState=inactive\nUnitFileState=%s\n" % (load, enabled)
        command = "systemctl show --no-pager -p %s -- " + " ".join(UNITS)
        host = (
            Built({MAIN: "http { server { location / { fastcgi_pass unix:/a; } } }"}, {})
            .answers(command % ",".join(PROPERTIES), shown)
            .stated("/run/systemd/system", Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1))
        )
        nginx = collect_nginx(host, [])
        assert (nginx["installed"], len(nginx["routes"]), nginx["running"]) == (installed, installed, False)

    @pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
    def test_the_build_gives_version_with_places(self, version: str) -> None:
        nginx = collect_nginx(a_host(commands={"/usr/sbin/nginx -V": build(version)}), [])
        assert (nginx["version"], nginx["config"], nginx["prefix"]) == (
            version.split("-")[0],
            MAIN,
            "/usr/share/nginx",
        )

    def test_without_a_build_the_usual_places_are_tried(self) -> None:
        host = a_host(commands={})
        nginx = collect_nginx(host, [])
        assert (nginx["version"], nginx["config"], len(nginx["routes"])) == (None, MAIN, 1)
        assert paths(host.missing, "nginx_build") == ["/usr/sbin/nginx"]

    def test_a_binary_that_was_replaced_is_asked_by_its_path(self) -> None:
        assert collect_nginx(a_host(), [master(exe="/usr/sbin/nginx (deleted)")])["version"] == "1.22.1"

    def test_a_program_that_others_can_write_is_never_run(self) -> None:
        host = a_host().stated("/usr/sbin/nginx", Stat("file", 0o777, 0, 0, 0, 0.0, 1, 1))
        nginx = collect_nginx(host, [master(), worker()])
        assert (
            host.calls == []
            and nginx["version"] is None
            and paths(host.missing, "nginx_build") == ["/usr/sbin/nginx"]
        )
        assert [route["site"] for route in nginx["routes"]] == ["a.example"], "it is diagnosed all the same"


class TestCommandLine:
    @pytest.mark.parametrize(
        "arguments, config, prefix",
        [
            ("nginx", MAIN, "/usr/share/nginx"),
            ("nginx -c /srv/n.conf", "/srv/n.conf", "/usr/share/nginx"),
            ("nginx -c/srv/n.conf -g daemon off;", "/srv/n.conf", "/usr/share/nginx"),
            ("nginx -g daemon off; -c /srv/n.conf", "/srv/n.conf", "/usr/share/nginx"),
            ("nginx -qc conf/n.conf -p /srv/web", "/srv/web/conf/n.conf", "/srv/web"),
            ("/usr/sbin/nginx -p /srv/web/", MAIN, "/srv/web/"),
        ],
    )
    def test_options_name_configuration_or_prefix(self, arguments: str, config: str, prefix: str) -> None:
        nginx = collect_nginx(a_host().file("/srv/n.conf").file("/srv/web/conf/n.conf"), [master(arguments)])
        assert (nginx["config"], nginx["prefix"]) == (config, prefix)

    def test_a_relative_prefix_begins_at_the_masters_directory(self) -> None:
        nginx = collect_nginx(
            a_host().link("/proc/40/cwd", "/srv").file("/srv/web/n.conf"),
            [master("nginx -p web -c n.conf")],
        )
        assert nginx["config"] == "/srv/web/n.conf"

    def test_angies_title_is_read(self) -> None:
        angie = Process(
            40,
            1,
            "angie",
            "angie: master process v1.5.0 #1 [/usr/sbin/nginx -c /srv/n.conf]",
            "/usr/sbin/nginx",
            0,
            0,
            [0],
            NOW,
            False,
        )
        assert collect_nginx(a_host().file("/srv/n.conf"), [angie])["config"] == "/srv/n.conf"

    def test_directives_of_the_command_line_count(self) -> None:
        nginx = collect_nginx(
            a_host().file(MAIN, "events {}"), [master("nginx -g user root; error_log /srv/x.log;")]
        )
        assert (nginx["user"], nginx["error_logs"]) == ("root", ["/srv/x.log"])


class TestProcesses:
    """Which masters and workers are the host's."""

    @pytest.mark.parametrize(
        "answer, unit",
        [
            ((0, "MainPID=40\n", ""), "web.service"),
            ((0, "MainPID=7\n", ""), None),  # of a supervisor, or of cron
            ((0, "MainPID=401\n", ""), None),
            ((1, "", "no bus"), None),
        ],
    )
    def test_a_unit_of_another_name_must_run_nginx(self, answer: Any, unit: Optional[str]) -> None:
        host = a_host().file("/proc/40/cgroup", "0::/system.slice/web.service\n")
        host.commands["systemctl show -p MainPID -- web.service"] = answer
        assert collect_nginx(host, [master(), worker(41)])["unit"] == unit

    def test_a_running_nginx_is_described_in_full(self) -> None:
        unit = "0::/system.slice/nginx.service\n"
        host = a_host().file("/proc/40/cgroup", unit)
        nginx = collect_nginx(host, [master(), worker(41), worker(42)])
        assert (nginx["installed"], nginx["running"], nginx["master"], nginx["workers"]) == (
            True,
            True,
            {"pid": 40, "started_at": NOW - 5000},
            [41, 42],
        )
        assert (nginx["user"], nginx["user_from"], nginx["uid"], nginx["gid"], nginx["groups"]) == (
            "www-data",
            "process",
            33,
            33,
            [33],
        )
        assert (nginx["unit"], nginx["config_errors"], [route["site"] for route in nginx["routes"]]) == (
            "nginx.service",
            [],
            ["a.example"],
        )
        assert host.calls == [["/usr/sbin/nginx", "-V"]], (
            "nothing else of nginx may run: -t and -T create files"
        )

    def test_workers_that_are_shutting_down_do_not_count(self) -> None:
        changed = Stat("file", 0o644, 0, 0, 0, NOW - 100, 1, 1)
        retiring = worker(41, "nginx: worker process is shutting down", started_at=NOW - 3000)
        nginx = collect_nginx(
            a_host().stated(MAIN, changed), [master(), retiring, worker(50, started_at=NOW - 50)]
        )
        assert (nginx["workers"], nginx["config_newer"]) == ([50], False)

    def test_it_tells_since_when_and_what_was_changed_since(self) -> None:
        changed = Stat("file", 0o644, 0, 0, 0, NOW - 10, 1, 1)
        nginx = collect_nginx(a_host().stated(MAIN, changed), [master(), worker(started_at=NOW - 50)])
        loaded = nginx["loaded"]
        assert (loaded["at"], loaded["newer_files"], loaded["replaced"]) == (NOW - 50, [MAIN], False)
        assert loaded["configured"] is None and loaded["default_log"].startswith("/")

    @pytest.mark.parametrize(
        "mtime, ctime, newer, perhaps",
        [
            (60.0, 60.0, False, False),
            (50.04, 50.04, False, True),  # while nginx was loading
            (49.95, 49.95, False, True),
            (40.0, 40.0, True, False),
            (9000.0, 40.0, False, True),  # of a backup
            (50.1, 50.1, False, False),  # before it read them
            (9000.0, 9000.0, False, False),
        ],
    )
    def test_times_that_do_not_tell(self, mtime: float, ctime: float, newer: bool, perhaps: bool) -> None:
        """Seconds before NOW; nginx's worker was started 50 before."""
        stat = Stat("file", 0o644, 0, 0, 0, NOW + 0.5 - mtime, 1, 1, NOW + 0.5 - ctime)
        nginx = collect_nginx(a_host().stated(MAIN, stat), [master(), worker(started_at=NOW + 0.5 - 50)])
        loaded = nginx["loaded"]
        assert (MAIN in loaded["newer_files"], MAIN in loaded["perhaps_newer"]) == (newer, perhaps)

    def test_whole_seconds_may_be_any_moment_of_them(self) -> None:
        second = float(int(NOW) - 50)
        stat = Stat("file", 0o644, 0, 0, 0, second, 1, 1, second)
        nginx = collect_nginx(a_host().stated(MAIN, stat), [master(), worker(started_at=second + 0.9)])
        assert nginx["loaded"]["perhaps_newer"] == [MAIN]

    def test_a_program_that_was_upgraded_is_told(self) -> None:
        assert (
            collect_nginx(a_host(), [master(exe="/usr/sbin/nginx (deleted)"), worker()])["loaded"]["replaced"]
            is True
        )

    def test_decoys_that_are_not_our_workers(self) -> None:
        nginx = collect_nginx(
            a_host(), [master(), worker(41, "nginx: cache manager process"), worker(43, ppid=99), worker(44)]
        )
        assert nginx["workers"] == [44]

    def test_a_master_in_a_container_is_missing(self) -> None:
        host = FakeHost()
        assert collect_nginx(host, [master(foreign=True)])["installed"] is False
        assert host.missing[0]["what"] == "nginx_container"

    def test_a_thousand_that_look_so_are_one_gap(self) -> None:
        host = a_host()
        nginx = collect_nginx(
            host, [master(), worker()] + [master(pid=pid, foreign=True) for pid in range(100, 1100)]
        )
        assert nginx["running"] and [entry["what"] for entry in host.missing] == ["nginx_container"]
        assert host.missing[0]["why"].endswith("pid 100, 101, 102, 103, 104")

    def test_of_two_masters_the_oldest_counts(self) -> None:
        host = a_host().file("/srv/n.conf")
        nginx = collect_nginx(
            host, [master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 10), master(pid=80)]
        )
        assert (nginx["config"], nginx["master"]["pid"]) == (MAIN, 80)
        assert "pid 70" in host.missing[0]["why"]

    @pytest.mark.parametrize(
        "text, what",
        [
            ("http { server { location / { fastcgi_pass unix:/run/php.sock; } } }", "nginx_config"),
            ("http { server { location / { proxy_pass http://127.0.0.1:3000; } } }", "nginx"),
        ],
    )
    def test_health_depends_on_a_second_one_with_php(self, text: str, what: str) -> None:
        host = a_host().file("/srv/n.conf", text)
        second = master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 10)
        collect_nginx(host, [second, master(pid=80)])
        assert [(entry["what"], "pid 70" in entry["why"]) for entry in host.missing] == [(what, True)]

    @pytest.mark.parametrize(
        "listen, text, what",
        [
            ("8080", "location / { proxy_pass http://127.0.0.1:8080; }", "nginx_config"),
            ("127.0.0.1:8080", "location / { proxy_pass http://localhost:8080/; }", "nginx_config"),
            ("80", "location / { proxy_pass http://[::1]; }", "nginx_config"),
            ("8080", "location / { proxy_pass http://192.0.2.7:8080; }", "nginx"),
            ("8081", "location / { proxy_pass http://127.0.0.1:8080; }", "nginx"),
        ],
    )
    def test_it_depends_on_one_in_front_of_these_sites(self, listen: str, text: str, what: str) -> None:
        site = "listen %s; location / { fastcgi_pass unix:/run/php.sock; }" % listen
        host = a_host({MAIN: "http { server { %s } }" % site})
        host.file("/srv/n.conf", "http { server { %s } }" % text)
        collect_nginx(host, [master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 10), master(pid=80)])
        assert [entry["what"] for entry in host.missing] == [what]

    def test_one_in_front_names_them_in_an_upstream(self) -> None:
        host = a_host({MAIN: "http { server { location / { fastcgi_pass unix:/run/php.sock; } } }"})
        front = "upstream all { server 127.0.0.1:80; } server { location / { proxy_pass http://all; } }"
        host.file("/srv/n.conf", "http { %s }" % front)
        collect_nginx(host, [master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 10), master(pid=80)])
        assert "/srv/n.conf:1" in host.missing[0]["why"]

    def test_an_older_one_in_front_is_not_looked_at(self) -> None:
        front = "http { server { location / { proxy_pass http://127.0.0.1; } } }"
        host = a_host().file("/srv/n.conf", front)
        older = master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 9000)
        nginx = collect_nginx(host, [older, master(pid=80)])
        assert (nginx["config"], nginx["master"]["pid"]) == (MAIN, 80)
        assert [entry["what"] for entry in host.missing] == ["nginx_config"]

    def in_front(self, line: str = "", more: str = "", log: str = "error_log /f.log;", **facts: Any) -> Any:
        """What is missing of one that began 90 s ago. line: of its log. facts: of its worker."""
        site = "listen 8080; location / { fastcgi_pass unix:/run/php.sock; }"
        host = a_host({MAIN: "error_log /e.log; http { server { %s } }" % site})
        front = "%s http { server { %s location / { proxy_pass http://127.0.0.1:8080; } } }" % (log, more)
        host.file("/srv/n.conf", front).file("/f.log", line)
        host.stated("/f.log", Stat("file", 0o644, 0, 0, len(line), NOW - 9, 1, 1))
        its = worker(71, **{"ppid": 70, "started_at": NOW - 90, **facts})
        both = [master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 90), its, master(pid=80)]
        collect_nginx(host, both, NOW - 900)
        return [entry["what"] for entry in host.missing]

    LINE = "2026/04/02 14:22:%02d [error] 71#71: *1 %s, client: 192.0.2.1, server: a.example\n"

    def test_near_miss_one_in_front_has_lost_nothing(self) -> None:
        assert self.in_front() == ["nginx"]
        assert self.in_front(self.LINE % (50, 'open() "/x.png" failed (2: No such file)')) == ["nginx"]

    def test_hit_one_in_front_has_lost_requests(self) -> None:
        timed_out = (
            "upstream timed out (110: Connection timed out) while reading response header from upstream"
        )
        assert self.in_front(self.LINE % (50, timed_out)) == ["nginx_config"]

    @pytest.mark.parametrize(
        "facts",
        [
            *({"log": ""}, {"log": "error_log /f.log crit;"}, {"log": "error_log syslog:server=unix:/s;"}),
            *({"log": "error_log f.log;"}, {"more": "error_log stderr;"}, {"log": "error_log /none.log;"}),
            {"log": "", "more": "error_log /f.log;"},  # the rest goes to the build's
            {"log": "error_log /dev/null;", "more": "error_log /f.log;"},
            {"log": "error_log /f.log; error_log;", "started_at": NOW - 90000},  # not what it has loaded
            *({"ppid": 99}, {"state": "T"}, {"started_at": NOW - 90000}),
            {"line": LINE % (1, "upstream prematurely closed connection")},  # of another time than its file
        ],
    )
    def test_hit_its_log_would_not_tell(self, facts: Any) -> None:
        assert self.in_front(**facts) == ["nginx_config"]

    def test_two_masters_of_one_upgrade_are_one_nginx(self) -> None:
        host = a_host()
        nginx = collect_nginx(
            host, [master(), master(pid=60, ppid=40, started_at=NOW - 10), worker(61, ppid=60)]
        )
        assert (nginx["workers"], [entry["what"] for entry in host.missing]) == ([61], ["nginx_upgrade"])

    @pytest.mark.parametrize("parents, pid", [((60,), 60), ((40,), 40), ((40, 60), 60), ((), 40)])
    def test_of_an_upgrade_the_newest_that_serves_counts(self, parents: Any, pid: int) -> None:
        """The old master waits without workers, or serves again after the new one gave up."""
        workers = [worker(ppid + 1, ppid=ppid) for ppid in parents]
        old = master(exe="/usr/sbin/nginx (deleted)")
        new = master(pid=60, ppid=40, started_at=NOW - 10)
        nginx = collect_nginx(a_host(), [old, new, *workers])
        assert nginx["master"]["pid"] == pid and nginx["loaded"]["replaced"] == (pid == 40)

    def test_decoy_a_process_that_only_calls_itself_nginx(self) -> None:
        host = a_host()
        false = master(
            "/home/alice/nginx -c /home/alice/x.conf",
            pid=30,
            exe="/home/alice/nginx",
            uid=1000,
            started_at=NOW - 9000,
        )
        false = false._replace(doubt="it runs as alice")
        nginx = collect_nginx(
            host, [false, worker(31, ppid=30, uid=1000, gid=1000, groups=[1000]), master(), worker()]
        )
        assert (nginx["master"]["pid"], nginx["user"], nginx["workers"], nginx["account"]) == (
            40,
            "www-data",
            [41],
            None,
        )
        assert host.calls == [["/usr/sbin/nginx", "-V"]]

    def test_of_roots_masters_a_system_units_counts(self) -> None:
        by_sudo = master("/usr/sbin/nginx -c /home/alice/nginx.conf", pid=30, started_at=NOW - 9000)
        host = (
            a_host()
            .file("/proc/40/cgroup", "0::/system.slice/nginx.service\n")
            .file("/proc/30/cgroup", "0::/user.slice/user-1000.slice/session-1.scope\n")
            .file("/proc/1/cgroup", "0::/init.scope\n")
        )
        assert collect_nginx(host, [by_sudo, master(), worker()])["master"]["pid"] == 40


class TestUser:
    """Who connects to php-fpm."""

    def test_without_workers_the_user_directive_counts(self) -> None:
        host = a_host().has_accounts(web=(1001, 1002, [50, 1002])).file(MAIN, "user web;")
        nginx = collect_nginx(host, [])
        assert (nginx["user"], nginx["user_from"], nginx["uid"], nginx["gid"], nginx["groups"]) == (
            "web",
            "config",
            1001,
            1002,
            [50, 1002],
        )

    @pytest.mark.parametrize("user, gid", [("web staff", 60), ("web", 70), ("web nosuch", 1002)])
    def test_the_group_is_the_named_one_or_the_users_namesake(self, user: str, gid: int) -> None:
        host = (
            a_host()
            .has_accounts(web=(1001, 1002, [1002]))
            .file(MAIN, "user %s;" % user)
            .file("/etc/group", "root:x:0:\nstaff:x:60:\nweb:x:70:\nwebstaff:x:80:\n")
        )
        nginx = collect_nginx(host, [])
        assert (nginx["gid"], nginx["groups"]) == (gid, sorted({1002, gid}))

    def test_without_a_user_directive_the_compiled_default_counts(self) -> None:
        build = (
            0,
            "",
            (
                "nginx version: nginx/1.24.0\nconfigure arguments: --prefix=/etc/nginx "
                "--conf-path=/etc/nginx/nginx.conf --user=nginx --group=nginx\n"
            ),
        )
        host = (
            a_host(commands={"/usr/sbin/nginx -V": build})
            .has_accounts(nginx=(101, 102, [102]))
            .file(MAIN, "events {}")
        )
        nginx = collect_nginx(host, [])
        assert (nginx["user"], nginx["user_from"], nginx["uid"]) == ("nginx", "default", 101)
        host = a_host().file(MAIN, "events {}")
        assert (collect_nginx(host, [])["user"], collect_nginx(host, [])["uid"]) == ("nobody", None)

    @pytest.mark.parametrize(
        "uid, directive", [(1000, "user www-data;"), (33, "user web;"), (33, "user nosuch;")]
    )
    def test_no_user_where_workers_contradict_the_directive(self, uid: int, directive: str) -> None:
        accounts = {"www-data": (33, 33, [33]), "alice": (1000, 1000, [1000]), "web": (34, 34, [34])}
        host = a_host().has_accounts(**accounts).file(MAIN, directive + " http { include sites-enabled/*; }")
        nginx = collect_nginx(host, [master(), worker(uid=uid)])
        assert (nginx["uid"], nginx["gid"], nginx["groups"]) == (None, None, [])
        assert host.missing[0]["what"] == "connect_as_nginx" and "worker 41 runs as" in host.missing[0]["why"]

    def test_workers_of_before_a_change_run_as_they_are(self) -> None:
        """The file that names another user was changed after they were started."""
        accounts = {"www-data": (33, 33, [33]), "web": (34, 34, [34])}
        changed = Stat("file", 0o644, 0, 0, 0, NOW - 10, 1, 1)
        text = "events {}\nuser web; http { include sites-enabled/*; }"
        host = a_host().has_accounts(**accounts).file(MAIN, text).stated(MAIN, changed)
        nginx = collect_nginx(host, [master(), worker(started_at=NOW - 50)])
        assert (nginx["user"], nginx["uid"], nginx["user_from"]) == ("www-data", 33, "process")
        assert nginx["loaded"]["configured"] == {
            "user": "web",
            "uid": 34,
            "groups": [34],
            "file": MAIN,
            "line": 2,
        }
        assert host.missing == []

    def test_one_worker_of_several_that_disagrees_is_enough(self) -> None:
        host = a_host()
        assert collect_nginx(host, [master(), worker(41), worker(42, uid=1000)])["uid"] is None


class TestAccount:
    """An nginx of an ordinary account."""

    def test_an_accounts_own_nginx_reads_what_the_account_may(self) -> None:
        host = rootless()
        nginx = collect_nginx(host, [own(), worker(31, ppid=30, uid=1000, gid=1000, groups=[1000])])
        assert (nginx["account"], nginx["running"], nginx["config"], nginx["uid"], nginx["writable"]) == (
            "alice",
            True,
            "/home/alice/nginx.conf",
            1000,
            None,
        )
        assert [route["site"] for route in nginx["routes"]] == ["a.example"]
        assert paths(host.missing, "nginx_config") == ["/etc/secret"] and "secret" not in str(
            nginx["config_errors"]
        )

    def test_roots_nginx_that_a_boot_would_start_is_down(self) -> None:
        shown = "Id=nginx.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n"
        command = "systemctl show --no-pager -p %s -- " + " ".join(UNITS)
        host = (
            rootless()
            .answers(command % ",".join(PROPERTIES), shown)
            .stated("/run/systemd/system", Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1))
        )
        nginx = collect_nginx(host, [own()])
        assert (nginx["account"], nginx["running"], nginx["config"]) == (None, False, MAIN)

    def test_of_two_accounts_that_run_nginx_none_is_the_hosts(self) -> None:
        assert collect_nginx(rootless(), [own(), own(50, 1001)])["account"] is None

    def test_thousands_of_one_account_are_not_all_read(self) -> None:
        host = rootless()
        assert collect_nginx(host, [own(100 + number) for number in range(2000)])["account"] is None
        assert len(host.calls) < 10
        assert collect_nginx(rootless(), [own(100 + number) for number in range(3)])["account"] == "alice"


class TestAlone:
    """master_process off: one process, with the command line that it was started by."""

    COMMAND = "/usr/sbin/nginx -c /etc/nginx/nginx.conf -g daemon off;"

    def look(self, file: str = "anon_inode:[eventpoll]", title: str = COMMAND, uids: str = "0") -> Any:
        process = worker(40, title, exe="/usr/sbin/nginx", uid=0, gid=0, groups=[0], ppid=1)
        status = "Uid:\t%s\nGid:\t0\t0\t0\t0\nGroups:\t0\n" % "\t".join([uids] * 4)
        host = a_host({"/proc/40/status": status}, links={"/proc/40/fd/5": file})
        for path in ("/usr/sbin/nginx", "/proc/40/exe"):
            host.stated(path, Stat("file", 0o755, 0, 0, 0, 0.0, 1, 7))
        return collect_nginx(host, [process])

    def test_hit_it_serves_as_whom_it_runs(self) -> None:
        nginx = self.look()
        assert (nginx["running"], nginx["workers"], nginx["uid"]) == (True, [40], 0)
        assert (nginx["config"], nginx["options"]["g"]) == (MAIN, "daemon off;")

    def test_hit_nobody_sees_whether_it_was_reloaded(self) -> None:
        nginx = self.look()
        assert (nginx["loaded"]["at"], nginx["config_newer"]) == (None, None)

    def test_near_miss_a_start_that_does_not_come_to_serve(self) -> None:
        assert not self.look(file="socket:[77]")["running"]

    def test_near_miss_a_worker_whose_master_is_gone(self) -> None:
        assert not self.look(title="nginx: worker process")["running"]

    def test_decoy_another_accounts_is_none_of_the_hosts(self) -> None:
        assert self.look(uids="1000")["master"] is None
