# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx on a described host. The builds are what nginx -V of Debian 11, 12 and 13 printed."""

import os
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import nginx as collector
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import nginx_files
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.code_owners import owners_of_code
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.real_paths import real_paths
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FIXTURES = fixtures("nginx")
MAIN = "/etc/nginx/nginx.conf"
SITE = "server { server_name a.example; location / { fastcgi_pass unix:/run/php/a.sock; } }"
NOW = 1775139797.0


def build(version: str = "1.22.1-debian12") -> Tuple[int, str, str]:
    with open(os.path.join(FIXTURES, version + "-build.txt"), encoding="utf-8") as stream:
        return 0, "", stream.read()


def host(files: Optional[Dict[str, Any]] = None, **more: Any) -> FakeHost:
    commands = more.pop("commands", {"/usr/sbin/nginx -V": build()})
    every = {
        "/usr/sbin/nginx": "",
        "/etc/nginx/sites-enabled/a": SITE,
        MAIN: "user www-data; error_log /var/log/nginx/error.log; http { include sites-enabled/*; }",
    }
    every.update(files or {})
    return FakeHost(every, commands, **more)


def master(
    arguments: str = "/usr/sbin/nginx -g daemon on; master_process on;", pid: int = 40, **more: Any
) -> Process:
    values: Dict[str, Any] = dict(
        {
            "ppid": 1,
            "exe": "/usr/sbin/nginx",
            "uid": 0,
            "gid": 0,
            "groups": [0],
            "started_at": NOW - 5000,
            "foreign": False,
        },
        **more,
    )
    return Process(pid=pid, comm="nginx", cmdline="nginx: master process " + arguments, **values)


def worker(pid: int = 41, title: str = "nginx: worker process", **more: Any) -> Process:
    values: Dict[str, Any] = dict(
        {
            "ppid": 40,
            "exe": None,
            "uid": 33,
            "gid": 33,
            "groups": [33],
            "started_at": NOW - 4000,
            "foreign": False,
        },
        **more,
    )
    return Process(pid=pid, comm="nginx", cmdline=title, **values)


def paths(missing: List[Dict[str, Any]], what: str) -> List[Any]:
    return [entry["path"] for entry in missing if entry["what"] == what]


def test_a_host_without_nginx_has_none_and_runs_nothing() -> None:
    bare = FakeHost()
    found = collect_nginx(bare, [])
    assert (found["installed"], found["running"], found["routes"], found["config"]) == (
        False,
        False,
        [],
        None,
    )
    assert bare.calls == []


@pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
def test_the_build_tells_version_and_places(version: str) -> None:
    found = collect_nginx(host(commands={"/usr/sbin/nginx -V": build(version)}), [])
    assert (found["version"], found["config"], found["prefix"]) == (
        version.split("-")[0],
        MAIN,
        "/usr/share/nginx",
    )


def test_a_running_nginx_is_described_in_full() -> None:
    unit = "0::/system.slice/nginx.service\n"
    looked = host({"/proc/40/cgroup": unit})
    found = collect_nginx(looked, [master(), worker(41), worker(42)])
    assert (found["installed"], found["running"], found["master"], found["workers"]) == (
        True,
        True,
        {"pid": 40, "started_at": NOW - 5000},
        [41, 42],
    )
    assert (found["user"], found["user_from"], found["uid"], found["gid"], found["groups"]) == (
        "www-data",
        "process",
        33,
        33,
        [33],
    )
    assert (found["unit"], found["config_errors"], [route["site"] for route in found["routes"]]) == (
        "nginx.service",
        [],
        ["a.example"],
    )
    assert looked.calls == [["/usr/sbin/nginx", "-V"]], (
        "nothing else of nginx may run: -t and -T create files"
    )


def test_without_workers_the_user_directive_counts() -> None:
    looked = host({MAIN: "user web;"}, accounts={"web": (1001, 1002, [50, 1002])})
    found = collect_nginx(looked, [])
    assert (found["user"], found["user_from"], found["uid"], found["gid"], found["groups"]) == (
        "web",
        "config",
        1001,
        1002,
        [50, 1002],
    )


@pytest.mark.parametrize("user, gid", [("web staff", 60), ("web", 70), ("web nosuch", 1002)])
def test_the_group_is_the_named_one_or_that_with_the_users_name(user: str, gid: int) -> None:
    looked = host(
        {MAIN: "user %s;" % user, "/etc/group": "root:x:0:\nstaff:x:60:\nweb:x:70:\nwebstaff:x:80:\n"},
        accounts={"web": (1001, 1002, [1002])},
    )
    found = collect_nginx(looked, [])
    assert (found["gid"], found["groups"]) == (gid, sorted({1002, gid}))


def test_without_a_user_directive_the_compiled_default_counts() -> None:
    said = (
        0,
        "",
        (
            "nginx version: nginx/1.24.0\nconfigure arguments: --prefix=/etc/nginx "
            "--conf-path=/etc/nginx/nginx.conf --user=nginx --group=nginx\n"
        ),
    )
    looked = host(
        {MAIN: "events {}"}, commands={"/usr/sbin/nginx -V": said}, accounts={"nginx": (101, 102, [102])}
    )
    found = collect_nginx(looked, [])
    assert (found["user"], found["user_from"], found["uid"]) == ("nginx", "default", 101)
    looked = host({MAIN: "events {}"})
    assert (collect_nginx(looked, [])["user"], collect_nginx(looked, [])["uid"]) == ("nobody", None)


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
def test_the_command_line_names_configuration_and_prefix(arguments: str, config: str, prefix: str) -> None:
    found = collect_nginx(host({"/srv/n.conf": "", "/srv/web/conf/n.conf": ""}), [master(arguments)])
    assert (found["config"], found["prefix"]) == (config, prefix)


def test_a_relative_prefix_is_relative_to_where_the_master_was_started() -> None:
    found = collect_nginx(
        host({"/srv/web/n.conf": ""}, links={"/proc/40/cwd": "/srv"}), [master("nginx -p web -c n.conf")]
    )
    assert found["config"] == "/srv/web/n.conf"


def test_angies_title_is_read() -> None:
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
    assert collect_nginx(host({"/srv/n.conf": ""}), [angie])["config"] == "/srv/n.conf"


def test_directives_of_the_command_line_count() -> None:
    found = collect_nginx(host({MAIN: "events {}"}), [master("nginx -g user root; error_log /srv/x.log;")])
    assert (found["user"], found["error_logs"]) == ("root", ["/srv/x.log"])


def test_a_file_that_changed_after_the_workers_started_is_newer() -> None:
    changed = Stat("file", 0o644, 0, 0, 0, NOW - 100, 1, 1)
    looked = host(stats={"/etc/nginx/sites-enabled/a": changed})
    found = collect_nginx(looked, [master(), worker(started_at=NOW - 200)])
    assert (found["config_newer"], found["config_changed_at"]) == (True, NOW - 100)
    assert collect_nginx(looked, [master(), worker(started_at=NOW - 50)])["config_newer"] is False, (
        "a reload replaced the workers"
    )
    assert collect_nginx(looked, [master(), worker(started_at=NOW - 100.05)])["config_newer"] is False, (
        "the clocks may differ a little"
    )
    assert collect_nginx(looked, [])["config_newer"] is None


def test_a_site_that_was_switched_on_by_a_new_link_to_an_old_file_is_newer() -> None:
    class Linked(FakeHost):
        def stat(self, path: str, follow: bool = True) -> Stat:
            found = super(Linked, self).stat(path, follow)
            return found if follow or path not in self.links else found._replace(mtime=NOW - 10)

    looked = Linked(
        {
            "/usr/sbin/nginx": "",
            MAIN: "http { include sites-enabled/*; }",
            "/etc/nginx/sites-available/a": SITE,
        },
        {"/usr/sbin/nginx -V": build()},
        links={"/etc/nginx/sites-enabled/a": "/etc/nginx/sites-available/a"},
    )
    found = collect_nginx(looked, [master(), worker()])
    assert (found["config_newer"], found["config_changed_at"], len(found["routes"])) == (True, NOW - 10, 1)


def test_workers_that_are_shutting_down_do_not_count() -> None:
    changed = Stat("file", 0o644, 0, 0, 0, NOW - 100, 1, 1)
    retiring = worker(41, "nginx: worker process is shutting down", started_at=NOW - 3000)
    found = collect_nginx(host(stats={MAIN: changed}), [master(), retiring, worker(50, started_at=NOW - 50)])
    assert (found["workers"], found["config_newer"]) == ([50], False)


def test_helpers_and_other_masters_workers_are_not_our_workers() -> None:
    found = collect_nginx(
        host(), [master(), worker(41, "nginx: cache manager process"), worker(43, ppid=99), worker(44)]
    )
    assert found["workers"] == [44]


def test_a_master_in_a_container_is_left_out_and_reported() -> None:
    looked = FakeHost()
    assert collect_nginx(looked, [master(foreign=True)])["installed"] is False
    assert looked.missing[0]["what"] == "nginx_container"


def test_a_second_nginx_is_reported_and_the_oldest_counts() -> None:
    looked = host({"/srv/n.conf": ""})
    found = collect_nginx(
        looked, [master("nginx -c /srv/n.conf", pid=70, started_at=NOW - 10), master(pid=80)]
    )
    assert (found["config"], found["master"]["pid"]) == (MAIN, 80)
    assert "pid 70" in looked.missing[0]["why"]


def test_two_masters_of_one_upgrade_are_one_nginx() -> None:
    looked = host()
    found = collect_nginx(
        looked, [master(), master(pid=60, ppid=40, started_at=NOW - 10), worker(61, ppid=60)]
    )
    assert (found["workers"], looked.missing) == ([61], [])


def test_a_build_that_does_not_answer_is_reported_and_usual_places_are_tried() -> None:
    looked = host(commands={})
    found = collect_nginx(looked, [])
    assert (found["version"], found["config"], len(found["routes"])) == (None, MAIN, 1)
    assert paths(looked.missing, "nginx_build") == ["/usr/sbin/nginx"]


def test_a_binary_that_was_replaced_is_asked_by_its_path() -> None:
    assert collect_nginx(host(), [master(exe="/usr/sbin/nginx (deleted)")])["version"] == "1.22.1"


def test_a_file_that_we_may_not_read_is_missing_and_no_error_of_the_configuration() -> None:
    looked = host(denied=["/etc/nginx/sites-enabled/a"], root=False)
    found = collect_nginx(looked, [])
    assert (found["config_errors"], found["routes"]) == ([], [])
    assert looked.missing == [
        {
            "what": "nginx_config",
            "path": "/etc/nginx/sites-enabled/a",
            "why": "Permission denied",
            "needs": "root",
        }
    ]


def test_a_missing_include_is_an_error_of_the_configuration() -> None:
    found = collect_nginx(host({MAIN: "http {\ninclude absent.conf; }"}), [])
    assert found["config_errors"] == [
        {
            "kind": "not_opened",
            "file": MAIN,
            "line": 2,
            "text": 'open() "/etc/nginx/absent.conf" failed (2: No such file or directory)',
        }
    ]


def test_a_configuration_that_nginx_refuses_is_missing_for_what_runs_is_another_one() -> None:
    for text in (
        "http {\n include absent.conf; include sites-enabled/*; }",
        "http { include nginx.conf; include sites-enabled/*; }",
        "http { server {",
    ):
        looked = host({MAIN: text})
        collect_nginx(looked, [master(), worker()])
        assert paths(looked.missing, "nginx_config") == [MAIN]
        assert "nginx refuses it" in looked.missing[0]["why"]
    many = host({MAIN: "http { %s }" % "".join("include absent%d.conf;" % number for number in range(50))})
    collect_nginx(many, [])
    assert len(paths(many.missing, "nginx_config")) == collector.MOST_ERRORS


def test_too_many_files_are_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx_files, "MOST_FILES", 3)
    looked = host({"/etc/nginx/sites-enabled/%d" % index: SITE for index in range(5)})
    assert len(collect_nginx(looked, [])["routes"]) == 2
    assert len(paths(looked.missing, "nginx_config")) == 4


def test_too_much_text_is_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx_files, "MOST_BYTES", 1000)
    looked = host({"/etc/nginx/sites-enabled/b": "# " + "x" * 2000})
    found = collect_nginx(looked, [])
    assert (len(found["routes"]), found["config_errors"]) == (1, [])
    assert paths(looked.missing, "nginx_config") == ["/etc/nginx/sites-enabled/b"]


def test_what_is_logged_elsewhere_is_missing() -> None:
    looked = host({MAIN: "error_log syslog:server=unix:/dev/log; error_log /var/log/nginx/error.log;"})
    assert collect_nginx(looked, [])["error_logs"] == ["/var/log/nginx/error.log"]
    assert paths(looked.missing, "nginx_log") == ["syslog:server=unix:/dev/log"]


def test_binary_garbage_as_configuration_is_errors() -> None:
    found = collect_nginx(host({MAIN: bytes(bytearray(range(256))) * 64}), [])
    assert found["config_errors"] and found["routes"] == []


def test_real_paths_name_the_sockets_behind_links_only() -> None:
    looked = host(
        {
            MAIN: "http { server { location /a { fastcgi_pass unix:/run/php/php-fpm.sock; } location /b { "
            "fastcgi_pass unix:/run/php/b.sock; } "
            "location /c { fastcgi_pass 127.0.0.1:9000; } } }"
        },
        links={"/run/php/php-fpm.sock": "/run/php/php8.2-fpm.sock"},
    )
    assert real_paths(looked, collect_nginx(looked, [])["routes"]) == {
        "unix:/run/php/php-fpm.sock": "unix:/run/php/php8.2-fpm.sock"
    }


def test_a_process_that_only_calls_itself_nginx_is_not_looked_at_and_not_run() -> None:
    looked = host()
    false = master(
        "/home/alice/nginx -c /home/alice/x.conf",
        pid=30,
        exe="/home/alice/nginx",
        uid=1000,
        started_at=NOW - 9000,
    )
    false = false._replace(doubt="it runs as alice")
    found = collect_nginx(
        looked, [false, worker(31, ppid=30, uid=1000, gid=1000, groups=[1000]), master(), worker()]
    )
    assert (found["master"]["pid"], found["user"], found["workers"], found["account"]) == (
        40,
        "www-data",
        [41],
        None,
    )
    assert looked.calls == [["/usr/sbin/nginx", "-V"]]


@pytest.mark.parametrize(
    "uid, directive", [(1000, "user www-data;"), (33, "user web;"), (33, "user nosuch;")]
)
def test_where_workers_and_the_user_directive_disagree_nobody_is_dialled_as_nginx(
    uid: int, directive: str
) -> None:
    accounts = {"www-data": (33, 33, [33]), "alice": (1000, 1000, [1000]), "web": (34, 34, [34])}
    looked = host({MAIN: directive + " http { include sites-enabled/*; }"}, accounts=accounts)
    found = collect_nginx(looked, [master(), worker(uid=uid)])
    assert (found["uid"], found["gid"], found["groups"]) == (None, None, [])
    assert looked.missing[0]["what"] == "connect_as_nginx" and "worker 41 runs as" in looked.missing[0]["why"]


def test_one_worker_of_several_that_disagrees_is_enough() -> None:
    looked = host()
    assert collect_nginx(looked, [master(), worker(41), worker(42, uid=1000)])["uid"] is None


def test_a_program_that_others_can_write_is_never_run() -> None:
    looked = host(stats={"/usr/sbin/nginx": Stat("file", 0o777, 0, 0, 0, 0.0, 1, 1)})
    found = collect_nginx(looked, [master(), worker()])
    assert (
        looked.calls == []
        and found["version"] is None
        and paths(looked.missing, "nginx_build") == ["/usr/sbin/nginx"]
    )
    assert [route["site"] for route in found["routes"]] == ["a.example"], "it is diagnosed all the same"


@pytest.mark.parametrize(
    "opened, path",
    [
        (("/etc/nginx/sites-enabled/a", "file", 0o666), "/etc/nginx/sites-enabled/a"),
        (("/etc/nginx/sites-enabled", "directory", 0o777), "/etc/nginx/sites-enabled"),
    ],
)
def test_a_configuration_that_others_can_write_is_named(opened: Tuple[str, str, int], path: str) -> None:
    name, kind, mode = opened
    looked = host(stats={name: Stat(kind, mode, 0, 0, 0, 0.0, 1, 1)})
    assert collect_nginx(looked, [master(), worker()])["writable"] == {"path": path, "who": "everybody"}
    assert collect_nginx(host(), [master(), worker()])["writable"] is None


ROOTLESS = {
    "/home/alice/nginx.conf": "user www-data; error_log /home/alice/e.log; http { include "
    "/etc/nginx/sites-enabled/*; include /etc/secret; }",
    "/etc/secret": "secret words;",
}


def rootless(**more: Any) -> FakeHost:
    return host(
        ROOTLESS,
        accounts={"alice": (1000, 1000, [1000]), "www-data": (33, 33, [33])},
        stats={"/etc/secret": Stat("file", 0o600, 0, 0, 0, 0.0, 1, 1)},
        **more,
    )


def own(pid: int = 30, uid: int = 1000) -> Process:
    return master("/usr/sbin/nginx -c /home/alice/nginx.conf", pid=pid, uid=uid)._replace(
        doubt="it runs as alice"
    )


def test_an_accounts_own_nginx_is_that_accounts_and_reads_what_the_account_may() -> None:
    looked = rootless()
    found = collect_nginx(looked, [own(), worker(31, ppid=30, uid=1000, gid=1000, groups=[1000])])
    assert (found["account"], found["running"], found["config"], found["uid"], found["writable"]) == (
        "alice",
        True,
        "/home/alice/nginx.conf",
        1000,
        None,
    )
    assert [route["site"] for route in found["routes"]] == ["a.example"]
    assert paths(looked.missing, "nginx_config") == ["/etc/secret"] and "secret" not in str(
        found["config_errors"]
    )


def test_roots_nginx_that_a_boot_would_start_is_down_whoever_runs_in_its_place() -> None:
    shown = "Id=nginx.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n"
    asked = "systemctl show --no-pager -p %s -- nginx.service openresty.service angie.service" % ",".join(
        collector.unit_states.__globals__["PROPERTIES"]
    )
    looked = rootless(commands={"/usr/sbin/nginx -V": build(), asked: (0, shown, "")})
    looked.stats["/run/systemd/system"] = Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1)
    found = collect_nginx(looked, [own()])
    assert (found["account"], found["running"], found["config"]) == (None, False, MAIN)


def test_of_two_accounts_that_run_nginx_none_is_the_hosts() -> None:
    assert collect_nginx(rootless(), [own(), own(50, 1001)])["account"] is None


@pytest.mark.parametrize("directive", ["load_module", "init_by_lua_file", "perl_require"])
def test_code_that_nginxs_own_test_runs_counts_as_its_configuration(directive: str) -> None:
    looked = host(
        {MAIN: "%s /home/alice/x.so; user www-data;" % directive, "/home/alice/x.so": ""},
        stats={"/home/alice": Stat("directory", 0o755, 1000, 1000, 0, 0.0, 1, 1)},
    )
    assert collect_nginx(looked, [master(), worker()])["writable"] == {"path": "/home/alice", "who": "1000"}


def test_of_roots_masters_that_of_a_system_unit_counts_whichever_is_older() -> None:
    by_sudo = master("/usr/sbin/nginx -c /home/alice/nginx.conf", pid=30, started_at=NOW - 9000)
    looked = host(
        {
            "/proc/40/cgroup": "0::/system.slice/nginx.service\n",
            "/proc/30/cgroup": "0::/user.slice/user-1000.slice/session-1.scope\n",
            "/proc/1/cgroup": "0::/init.scope\n",
        }
    )
    assert collect_nginx(looked, [by_sudo, master(), worker()])["master"]["pid"] == 40


# --- whose code a site runs


def folder(uid: int, gid: int = 0, kind: str = "directory") -> Stat:
    return Stat(kind, 0o755, uid, gid, 0, 0.0, 1, 1)


class Shared(FakeHost):
    """bob and ann have accounts; keepers: who owns which link."""

    keepers: Dict[str, int] = {}

    def stat(self, path: str, follow: bool = True) -> Stat:
        if not follow and path in self.links:
            return folder(self.keepers.get(path, 0), kind="link")
        return super(Shared, self).stat(path, follow)


def owners(
    stats: Dict[str, Stat],
    root: str = "/srv/app",
    script: str = "$document_root$fastcgi_script_name",
    links: Optional[Dict[str, str]] = None,
    keepers: Optional[Dict[str, int]] = None,
) -> Any:
    there = dict({"/srv": folder(0), "/home": folder(0), "/srv/app": folder(0)}, **stats)
    looked = Shared(
        stats=there,
        links=links or {},
        accounts={"root": (0, 0, [0]), "bob": (1000, 1000, [1000]), "ann": (1001, 1001, [1001])},
    )
    looked.keepers = keepers or {}
    looked.group_name = lambda gid: {0: "root", 1000: "bob"}.get(gid, str(gid))  # type: ignore[method-assign]
    route: Dict[str, Any] = {"root": root, "params": {"SCRIPT_FILENAME": script} if script else {}}
    owners_of_code(looked, [route])
    return route["owners"]


def test_code_of_root_is_nobodys_else() -> None:
    assert (
        owners({}) == owners({}, script="") == owners({}, script="$realpath_root$fastcgi_script_name") == []
    )


@pytest.mark.parametrize(
    "stats, expected",
    [
        ({"/srv/app": folder(1000)}, ["bob"]),
        ({"/srv/app": folder(0, 1000)}, ["bob"]),
        ({"/srv": folder(1000)}, ["bob"]),
        ({"/srv": folder(1001), "/srv/app": folder(1000)}, ["bob"]),
        ({"/srv/app/index.php": folder(1000, kind="file")}, ["bob"]),
        ({"/srv/app": folder(1001), "/srv/app/index.php": folder(1000, kind="file")}, ["ann", "bob"]),
    ],
)
def test_hit_the_directory_one_above_it_its_group_and_its_index_tell(
    stats: Dict[str, Stat], expected: List[str]
) -> None:
    assert owners(stats) == expected


def test_hit_who_owns_a_link_on_the_way_may_lead_it_elsewhere() -> None:
    links = {"/srv/app/current": "releases/1", "/srv/app/releases/1/public": "/srv/web"}
    stats = {"/srv/app/releases": folder(0), "/srv/app/releases/1": folder(0), "/srv/web": folder(0)}
    assert owners(stats, "/srv/app/current/public", links=links) == []
    assert owners(stats, "/srv/app/current/public", links=links, keepers={"/srv/app/current": 1000}) == [
        "bob"
    ]
    assert owners(
        stats, "/srv/app/current/public", links=links, keepers={"/srv/app/releases/1/public": 1001}
    ) == ["ann"]
    assert owners(dict(stats, **{"/srv/app": folder(1000)}), "/srv/app/current/public", links=links) == [
        "bob"
    ], "a link in a directory of bob's"


def test_hit_a_script_that_is_named_outright_is_what_runs() -> None:
    stats = {"/home/bob": folder(1000), "/home/bob/run.php": folder(0, kind="file")}
    assert (
        owners(stats, script="/home/bob/run.php")
        == owners(stats, script="/home/bob$fastcgi_script_name")
        == ["bob"]
    )
    assert owners(stats, root="$base/x", script="/home/bob/run.php") == ["bob"]


@pytest.mark.parametrize(
    "root, script, links",
    [
        ("/srv/gone", "", {}),
        ("$base/app", "", {}),
        ("/srv/$host", "", {}),
        ("/srv/app", "$base$fastcgi_script_name", {}),
        ("/srv/app", "/srv/ap$x", {}),
        ("/srv/loop", "", {"/srv/loop": "loop"}),
        ("", "", {}),
    ],
)
def test_unknown_where_it_cannot_be_seen(root: str, script: str, links: Dict[str, str]) -> None:
    assert owners({}, root, script, links) is None
