# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each action: what it would change and run on a host as the lab saw it, and where it must refuse."""

import fnmatch
import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions import registry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.arguments import read as read_arguments
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.backlog import Drop, demand, verb
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.fastcgi_pass_repoint import address
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.memory_limit_set import to_bytes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.read_timeout_set import seconds
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import BY_ID, resolve
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import FILES as ACTION_FILES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.steps import pool_step
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.view import Files, View
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.action import (
    ACCOUNTS,
    ARRIVALS,
    MEMORY,
    SWAP,
    TMPFILES,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal, Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
SITE = "/etc/nginx/sites-enabled/shop"
UNIT = "php8.2-fpm.service"
TMPFILES_CONF = "/usr/lib/tmpfiles.d/php8.2-fpm.conf"
FILES = {
    CONFIG: "[global]\npid = /run/php/php8.2-fpm.pid\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
    POOL: "[www]\nuser = www-data\nlisten = /run/php/php8.2-fpm.sock\nlisten.owner = root\nlisten.group = "
    "root\n;listen.mode = 0660\n"
    "pm = dynamic\npm.max_children = 2\npm.start_servers = 1\npm.min_spare_servers = "
    "1\npm.max_spare_servers = 2\n",
    TMPFILES_CONF: "#Type Path\n    d /run/php 0755 www-data www-data -   -\n",
}


GROUPS = {"www-data": ["www-data"], "backup": ["backup"], "web1": ["client1"], "root": ["root"], "34": []}


class Texts(Dict[str, Optional[str]]):
    """Any other file is not there."""

    def __contains__(self, path: object) -> bool:
        return True

    def __missing__(self, path: str) -> None:
        return None


class Listings(Dict[str, List[str]]):
    """What any pattern matches of these files."""

    def __init__(self, texts: Dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def __contains__(self, pattern: object) -> bool:
        return True

    def __missing__(self, pattern: str) -> List[str]:
        return sorted(
            path
            for path in self.texts
            if path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
        )


def view(
    snapshot: hosts.Snapshot,
    files: Optional[Dict[str, str]] = None,
    memory: Optional[Dict[str, Any]] = None,
) -> View:
    texts = FILES if files is None else files
    snapshot["nginx"].update(
        binary="/usr/sbin/nginx",
        options={},
        group="www-data",
        opens=["/var/log/nginx/access.log", "/run/nginx.pid"],
    )
    for master in snapshot["fpm"]["masters"]:
        master.setdefault("prefix", "/usr")
    seen_by_it: Any = snapshot
    measured_memory: Any = memory
    return View(seen_by_it, Files(Texts(texts), Listings(texts)), GROUPS, measured_memory, None)


def step_of(action: str, fault: str, files: Optional[Dict[str, str]] = None, **more: Any) -> Step:
    """What the action does that the fault's own finding asks for."""
    snapshot = seen(fault)
    arguments = next(entry["arguments"] for entry in diagnose(snapshot)["plan"] if entry["id"] == action)
    return resolve(action, view(snapshot, files), dict(arguments, **more))


def commands(step: Step) -> List[str]:
    return [" ".join(command.do) for command in step.commands]


def undo(step: Step) -> List[List[str]]:
    return [[" ".join(argv) for argv in command.undo] for command in step.commands]


def lines_of(step: Step) -> List[str]:
    """The lines that the step adds, of all files."""
    found: List[str] = []
    for change in step.changes:
        before = (change.before or b"").decode("utf-8").split("\n")
        found += [line for line in (change.after or b"").decode("utf-8").split("\n") if line not in before]
    return found


class TestTheFiles:
    def test_the_plan_goes_by_what_they_declare(self) -> None:
        """python3 -m tests.run.plan_actions writes it anew."""
        assert tuple(file.ACTION for file in ACTION_FILES) == ACTIONS

    def test_each_is_called_as_its_action(self) -> None:
        assert [file.__name__.split(".")[-1] for file in ACTION_FILES] == list(BY_ID)

    def test_no_other_file_declares_an_action(self) -> None:
        folder = os.path.dirname(registry.__file__)
        names = [name for name in os.listdir(folder) if name.endswith(".py")]
        declared = set()
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                if "\nACTION = Action(" in stream.read():
                    declared.add(name[: -len(".py")])
        assert declared == set(BY_ID)

    def test_what_they_need_is_what_can_be_measured(self) -> None:
        known = {MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES}
        assert {need for action in ACTIONS for need in action.needs} == known


class TestArguments:
    def test_an_unknown_one_is_an_error_with_the_actions_name(self) -> None:
        with pytest.raises(ValueError, match="unit_start takes no argument when"):
            resolve("unit_start", view(seen("stopped")), {"unit": UNIT, "when": "now"})

    def test_a_missing_one_is_an_error_with_the_actions_name(self) -> None:
        with pytest.raises(ValueError, match="read_timeout_set lacks the argument line, location"):
            resolve("read_timeout_set", view(seen("stopped")), {"file": SITE, "site": "", "seconds": 1})

    def test_a_word_of_python_may_be_one(self) -> None:
        given = {"file": SITE, "line": 3, "from": "a", "to": "b"}
        assert read_arguments(BY_ID["fastcgi_pass_repoint"].Arguments, "x", given) == (SITE, 3, "a", "b")

    @pytest.mark.parametrize("path", hosts.FILES, ids=os.path.basename)
    def test_the_rules_give_what_the_actions_take(self, path: str) -> None:
        for planned in hosts.verdict(hosts.fixture(path)["snapshot"])["plan"]:
            read_arguments(BY_ID[planned["id"]].Arguments, planned["id"], planned["arguments"])


def test_a_stopped_unit_is_started_and_the_way_back_is_the_state_before() -> None:
    step = step_of("unit_start", "stopped")
    assert (commands(step), step.changes) == (["systemctl start " + UNIT], [])
    stop, clear = step.commands[0].undo
    assert (
        stop == ["systemctl", "stop", UNIT]
        and clear[-1] == UNIT
        and "is-failed" in clear[2]
        and UNIT not in clear[2]
    )


def test_a_unit_that_runs_meanwhile_is_not_started() -> None:
    with pytest.raises(Refusal, match="runs already"):
        resolve("unit_start", view(seen("plain")), {"unit": UNIT})


def test_a_restart_is_tried_on_the_configuration_first() -> None:
    step = step_of("unit_restart", "socket_deleted")
    assert commands(step) == ["systemctl restart " + UNIT] and step.trials[0].argv == [
        "/usr/sbin/php-fpm8.2",
        "-d",
        "opcache.preload=",
        "-t",
        "-y",
        CONFIG,
    ]
    assert step.trials[0].unit == UNIT and "/var/log/php8.2-fpm.log" in step.trials[0].silent


def test_a_reload_for_what_was_not_loaded_means_that_pools_files_and_no_others() -> None:
    assert list(step_of("unit_reload", "config_not_loaded").meant) == [POOL]
    assert list(step_of("unit_restart", "socket_deleted").meant) == []


def accesses(step: Step) -> List[Any]:
    """(how, kept users, kept groups, whether the socket's own group is kept) of the step's live sockets, and
    of its other ways.
    """
    found = [command.access for way in [step, *step.otherwise] for command in way.commands if command.access]
    return [(one.by, list(one.kept_users), list(one.kept_groups), one.kept_own) for one in found]


def test_nginxs_user_gets_one_entry_in_the_file_and_on_the_live_socket_and_nothing_is_restarted() -> None:
    step = step_of("socket_access_set", "socket_root")
    assert lines_of(step) == ["listen.acl_users = www-data"] and "-t" in step.trials[0].argv
    assert (commands(step), undo(step), step.cuts) == (
        ["setfacl -m u:www-data:rw /run/php/php8.2-fpm.sock"],
        [[]],
        None,
    )
    assert accesses(step)[0] == ("entry", [], [], False)


def test_without_acls_it_is_the_users_own_group_and_else_the_owner() -> None:
    group, owner = step_of("socket_access_set", "socket_root").otherwise
    assert (lines_of(group), commands(group)) == (
        ["listen.group = www-data", "listen.mode = 0660"],
        ["chgrp www-data /run/php/php8.2-fpm.sock"],
    )
    assert (lines_of(owner), commands(owner)) == (
        ["listen.owner = www-data", "listen.mode = 0660"],
        ["chown www-data /run/php/php8.2-fpm.sock"],
    )


@pytest.mark.parametrize(
    "pool, added",
    [
        (
            {"listen_owner": "backup", "listen_group": "web"},
            ["listen.acl_users = backup,www-data", "listen.acl_groups = web"],
        ),
        (
            {"listen_owner": "backup", "listen_group": None},
            ["listen.acl_users = backup,www-data", "listen.acl_groups = backup"],
        ),
        (
            {"listen_owner": "backup", "listen_group": "web", "listen_mode": "0600"},
            ["listen.acl_users = backup,www-data"],
        ),
        (
            {"listen_owner": "root", "listen_group": "web", "listen_mode": "0060"},
            ["listen.acl_users = www-data", "listen.acl_groups = web"],
        ),
        ({"listen_owner": "www-data", "listen_group": "web", "listen_mode": "0060"}, ["listen.mode = 0660"]),
    ],
)
def test_whoever_could_connect_before_still_can_once_an_acl_makes_owner_and_group_void(
    pool: Dict[str, Any], added: List[str]
) -> None:
    snapshot = seen("socket_root")
    arguments = diagnose(snapshot)["plan"][0]["arguments"]
    hosts.pool(snapshot).update(pool)
    assert lines_of(resolve("socket_access_set", view(snapshot), arguments)) == added


@pytest.mark.parametrize(
    "pool",
    [
        {"listen_owner": "www-data"},
        {"listen_group": "www-data"},
        {"acl_users": ["www-data"]},
        {"acl_groups": ["www-data"]},
    ],
)
def test_a_socket_that_is_right_in_the_configuration_is_changed_where_it_is_alone(
    pool: Dict[str, Any],
) -> None:
    snapshot = seen("socket_root")
    arguments = diagnose(snapshot)["plan"][0]["arguments"]
    hosts.pool(snapshot).update(pool)
    step = resolve("socket_access_set", view(snapshot), arguments)
    assert (step.changes, step.trials, commands(step)) == (
        [],
        [],
        ["setfacl -m u:www-data:rw /run/php/php8.2-fpm.sock"],
    )


def test_an_owner_by_number_is_no_name_for_an_acl() -> None:
    snapshot = seen("socket_root")
    arguments = diagnose(snapshot)["plan"][0]["arguments"]
    hosts.pool(snapshot).update(listen_owner="34")
    with pytest.raises(Refusal, match="an ACL takes names"):
        resolve("socket_access_set", view(snapshot), arguments)


def test_nginxs_user_is_added_to_the_acl_beside_those_who_are_there() -> None:
    snapshot = seen("socket_root")
    hosts.pool(snapshot)["acl_users"] = ["apache", "backup"]
    files = dict(FILES, **{POOL: FILES[POOL] + "listen.acl_users = apache,backup\n"})
    step = resolve(
        "socket_acl_add",
        view(snapshot, files),
        {"config": CONFIG, "pool": "www", "unit": UNIT, "user": "www-data"},
    )
    assert lines_of(step) == ["listen.acl_users = apache,backup,www-data"]
    assert accesses(step) == [("entry", ["apache", "backup"], [], True)], (
        "with an ACL in the configuration there is no other way"
    )


@pytest.mark.parametrize("path", ["/home/shop/run", "/root/run", "/home", "/tmp"])
def test_a_directory_of_a_person_or_of_everybody_is_not_opened(path: str) -> None:
    snapshot = seen("parent_directory")
    arguments = dict(diagnose(snapshot)["plan"][0]["arguments"], path=path)
    hosts.pool(snapshot).update(endpoint="unix:%s/php.sock" % path, listen=path + "/php.sock")
    with pytest.raises(Refusal, match="is for its owner to say"):
        resolve("directory_search_allow", view(snapshot), arguments)


def test_a_socket_of_a_master_that_is_gone_is_not_touched() -> None:
    snapshot = seen("socket_root")
    arguments = diagnose(snapshot)["plan"][0]["arguments"]
    hosts.master(snapshot)["pid"] = None
    with pytest.raises(Refusal, match="does not run"):
        resolve("socket_access_set", view(snapshot), arguments)


def test_a_pool_that_was_not_read_is_loaded_by_a_reload() -> None:
    snapshot = seen("config_not_loaded")
    hosts.unit(snapshot)["can_reload"] = True
    planned = diagnose(snapshot)["plan"][0]
    step = resolve(planned["id"], view(snapshot), planned["arguments"])
    assert (planned["id"], planned["disruption"], commands(step), step.cuts) == (
        "unit_reload",
        "reload",
        ["systemctl reload " + UNIT],
        UNIT,
    )


def test_a_master_that_systemd_did_not_start_is_for_a_person() -> None:
    snapshot = seen("socket_root")
    hosts.master(snapshot)["unit"] = None
    with pytest.raises(Refusal, match="was not started by systemd"):
        pool_step(view(snapshot), "pool_size_set", CONFIG, "www", [("pm.max_children", "4")], "reload")


def test_near_miss_its_socket_needs_no_systemd() -> None:
    snapshot = seen("socket_root")
    arguments = dict(diagnose(snapshot)["plan"][0]["arguments"], unit=None)
    hosts.master(snapshot)["unit"] = None
    assert resolve("socket_access_set", view(snapshot), arguments).target == "/run/php/php8.2-fpm.sock"


def test_a_directory_of_tmpfiles_d_is_made_by_systemd_tmpfiles() -> None:
    step = step_of("runtime_directory_create", "runtime_dir_missing")
    assert (commands(step), undo(step), step.changes) == (
        ["systemd-tmpfiles --create --prefix=/run/php"],
        [[]],
        [],
    )
    assert step.commands[0].folder == "/run/php"


def test_a_directory_that_nobody_makes_gets_an_entry_of_its_own() -> None:
    step = step_of(
        "runtime_directory_create",
        "runtime_dir_missing",
        {name: text for name, text in FILES.items() if name != TMPFILES_CONF},
    )
    assert [(change.path, change.before) for change in step.changes] == [
        ("/etc/tmpfiles.d/webmedic-php-fpm.conf", None)
    ]
    assert "d /run/php 0755 root root -" in lines_of(step)


def test_near_miss_an_entry_that_is_hidden_by_a_file_of_the_same_name_in_etc_does_not_count() -> None:
    step = step_of(
        "runtime_directory_create",
        "runtime_dir_missing",
        dict(FILES, **{"/etc/tmpfiles.d/php8.2-fpm.conf": "# off\n"}),
    )
    assert len(step.changes) == 1


def test_a_unit_that_makes_the_directory_itself_needs_nothing_but_its_start() -> None:
    snapshot = seen("runtime_dir_missing")
    hosts.unit(snapshot)["runtime_directory"] = "php other"
    step = resolve("runtime_directory_create", view(snapshot), {"unit": UNIT, "path": "/run/php"})
    assert (step.changes, step.commands) == ([], [])


@pytest.mark.parametrize(
    "path",
    [
        "/var/www/shop/tmp",
        "/run",
        "/run/../etc",
        "/run//x",
        "/runtime/php",
        "/run/a b",
        "/run/%h",
        "/run/a\n",
    ],
)
def test_a_directory_outside_of_run_is_for_a_person(path: str) -> None:
    with pytest.raises(Refusal, match="not a plain path below /run"):
        resolve("runtime_directory_create", view(seen("runtime_dir_missing")), {"unit": UNIT, "path": path})


@pytest.mark.parametrize(
    "acl, refused",
    [
        (["user::rwx", "user:www-data:--x", "group::r-x", "group:dev:rwx", "mask::---", "other::---"], True),
        (["user::rwx", "group::r-x", "user:backup:r-x", "mask::--x", "other::---"], True),
        (["user::rwx", "group::r-x", "group:dev:r-x", "mask::r-x", "other::---"], False),
        (["user::rwx", "user:www-data:--x", "group::r-x", "mask::---", "other::---"], False),
        (None, False),
    ],
)
def test_a_directory_whose_mask_keeps_others_out_is_not_opened(
    acl: Optional[List[str]], refused: bool
) -> None:
    snapshot = seen("parent_directory")
    arguments = next(
        entry["arguments"] for entry in diagnose(snapshot)["plan"] if entry["id"] == "directory_search_allow"
    )
    for place in snapshot["endpoints"].values():
        for parent in place["parents"]:
            parent["acl"] = acl if parent["path"] == arguments["path"] else None
    if not refused:
        assert resolve("directory_search_allow", view(snapshot), arguments).commands
        return
    with pytest.raises(Refusal, match="keeps others out as well"):
        resolve("directory_search_allow", view(snapshot), arguments)


def test_a_directory_of_the_system_gets_its_rights_back_from_the_system() -> None:
    step = step_of("directory_search_allow", "parent_directory")
    assert commands(step) == ["systemd-tmpfiles --create --prefix=/run/php"]
    assert (step.commands[0].folder, step.commands[0].search) == ("/run/php", None)


def test_a_directory_that_the_pool_chose_lets_one_user_more_pass() -> None:
    step = step_of(
        "directory_search_allow",
        "parent_directory",
        {name: text for name, text in FILES.items() if name != TMPFILES_CONF},
    )
    assert commands(step) == ["setfacl -m u:www-data:x /run/php"]
    assert (step.commands[0].folder, step.commands[0].search) == ("/run/php", "www-data")


def test_a_directory_further_up_is_its_owners() -> None:
    with pytest.raises(Refusal, match="for its owner to say"):
        step_of("directory_search_allow", "parent_directory", {CONFIG: ""}, path="/run")


SITE_TEXT = "server {\n    location ~ \\.php$ {\n        fastcgi_pass unix:/run/php/php7.3-fpm.sock;  # old\n    }\n}\n"


def repoint(line: int = 3, **more: Any) -> Step:
    arguments = dict(
        {
            "file": SITE,
            "line": line,
            "from": "unix:/run/php/php7.3-fpm.sock",
            "to": "unix:/run/php/php8.2-fpm.sock",
        },
        **more,
    )
    return resolve("fastcgi_pass_repoint", view(seen("old_socket"), {SITE: SITE_TEXT}), arguments)


def test_the_address_alone_is_another_and_nginx_tests_it_first() -> None:
    step = repoint()
    assert lines_of(step) == ["        fastcgi_pass unix:/run/php/php8.2-fpm.sock;  # old"]
    assert step.trials[0].argv == [
        "/usr/sbin/nginx",
        "-t",
        "-q",
        "-p",
        "/usr/share/nginx",
        "-c",
        "/etc/nginx/nginx.conf",
    ]
    assert commands(step) == ["systemctl reload nginx.service"]


def test_a_line_that_says_something_else_by_now_is_left_alone() -> None:
    with pytest.raises(Refusal):
        repoint(line=2)


@pytest.mark.parametrize(
    "endpoint, dialled",
    [
        ("unix:/run/php/a.sock", "unix:/run/php/a.sock"),
        ("*:9000", "127.0.0.1:9000"),
        ("[::]:9000", "[::1]:9000"),
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("10.0.0.7:9000", "10.0.0.7:9000"),
    ],
)
def test_a_pool_that_listens_on_every_address_is_dialled_on_loopback(endpoint: str, dialled: str) -> None:
    assert address(endpoint) == dialled


@pytest.mark.parametrize(
    "now, terminate, wanted", [(2, 0, 60), (60, 0, 120), (120, 0, 240), (30, 90, 95), (10, 20, 25)]
)
def test_the_timeout_goes_just_beyond_php_fpms_own_or_up_by_steps(
    now: float, terminate: float, wanted: int
) -> None:
    assert seconds(now, terminate) == wanted


@pytest.mark.parametrize(
    "now, terminate, why",
    [
        (200, 0, "belongs in a queue"),
        (60, 50, "beyond request_terminate_timeout"),
        (60, 900, "belongs in a queue"),
    ],
)
def test_a_timeout_is_not_raised_without_end(now: float, terminate: float, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        seconds(now, terminate)


def test_the_timeout_is_set_in_the_location_of_the_slow_script() -> None:
    snapshot = hosts.timing_out(seen("slow_http"))
    arguments = dict(diagnose(snapshot)["plan"][0]["arguments"], file=SITE, line=3)
    step = resolve("read_timeout_set", view(snapshot, {SITE: SITE_TEXT}), arguments)
    assert lines_of(step) == ["        fastcgi_read_timeout 60s;"]


def test_one_oom_kill_no_longer_stops_the_unit() -> None:
    step = resolve("unit_oom_policy", view(seen("stopped")), {"unit": UNIT})
    assert step.changes[0].path == "/etc/systemd/system/%s.d/50-webmedic.conf" % UNIT
    assert {"OOMPolicy=continue", "Restart=on-failure"} <= set(lines_of(step)) and commands(step) == [
        "systemctl daemon-reload"
    ]


def test_the_drop_in_is_written_once() -> None:
    first = resolve("unit_oom_policy", view(seen("stopped")), {"unit": UNIT})
    files = {change.path: (change.after or b"").decode("utf-8") for change in first.changes}
    assert resolve("unit_oom_policy", view(seen("stopped"), files), {"unit": UNIT})[2:5] == ([], [], [])


def test_those_who_wait_count_as_demand_and_the_probe_does_not() -> None:
    snapshot = seen("exhausted_static")
    endpoint = hosts.key(snapshot)
    hosts.place(snapshot).update(queue=4, accepted=2)
    hosts.place(snapshot)["probe"].update(result="no_answer", queue=7, accepted=2)
    assert demand(view(snapshot), endpoint) == {"busy": 2, "waiting": 6, "arrived": 0, "answered": 0}
    hosts.place(snapshot).update(
        queue=7, waiting={"live": 3, "dead": 4}, flow={"seconds": 3.0, "arrived": 6, "answered": 1}
    )
    assert demand(view(snapshot), endpoint) == {"busy": 2, "waiting": 3, "arrived": 6, "answered": 1}, (
        "who has given up needs no worker"
    )


def test_a_late_answer_tells_how_long_a_request_takes_and_so_how_many_come() -> None:
    snapshot = hosts.dialled(seen("exhausted_static"), "ok", None, "answered", 2000.0)
    hosts.place(snapshot).update(queue=0, accepted=2, flow=None, waiting={"live": 0, "dead": 0})
    hosts.place(snapshot)["probe"].update(queue=None, accepted=None)
    snapshot["logs"]["events"] = []
    hosts.nginx_said(snapshot, "ng-connect-eagain", *range(30, 0, -1))
    assert demand(view(snapshot), hosts.key(snapshot)) == {
        "busy": 2,
        "waiting": 0,
        "arrived": 6,
        "answered": 2,
    }
    hosts.place(snapshot)["probe"]["ms"] = 2.0
    assert demand(view(snapshot), hosts.key(snapshot))["answered"] == 0, "nothing was waited for"


def test_what_the_queue_refused_of_late_has_arrived_too() -> None:
    """A queue of one place shows nobody who waits; nginx's log has the others."""
    snapshot = hosts.nginx_said(
        hosts.silent_logs(seen("exhausted_static")), "ng-connect-eagain", 25.0, 20.0, 15.0, 10.0, 5.0, 1.0
    )
    hosts.nginx_said(snapshot, "ng-connect-eagain", 400.0, 300.0)
    hosts.nginx_said(snapshot, "ng-timeout-header", 2.0)
    hosts.place(snapshot).update(
        queue=2,
        accepted=2,
        waiting={"live": 1, "dead": 1},
        flow={"seconds": 10.0, "arrived": 1, "answered": 2},
    )
    assert demand(view(snapshot), hosts.key(snapshot)) == {
        "busy": 2,
        "waiting": 1,
        "arrived": 3,
        "answered": 2,
    }


def test_of_a_storm_only_the_newest_lines_are_kept_and_count_for_their_time() -> None:
    snapshot = hosts.nginx_said(
        hosts.silent_logs(seen("exhausted_static")), "ng-connect-eagain", 4.0, 3.0, 2.0, 1.0
    )
    snapshot["logs"]["events"][0]["count"] = 900
    hosts.place(snapshot).update(flow={"seconds": 10.0, "arrived": 0, "answered": 2})
    assert demand(view(snapshot), hosts.key(snapshot))["arrived"] == 10


def measured(workers: int) -> Dict[str, Any]:
    """A gigabyte and two cores, and a pool of so many workers."""
    pool = {
        "config": CONFIG,
        "pool": "www",
        "pm": "dynamic",
        "max_children": workers,
        "start_servers": 1,
        "min_spare": 1,
        "max_spare": 2,
        "process_max": 0,
        "workers": workers,
        "measured": workers,
        "uss_kb": [8192] * workers,
        "rss_kb": [9000] * workers,
        "shared_kb": 0,
        "cpu_share": 0.5,
    }
    return {
        "limit_bytes": 1 << 30,
        "limit_from": "MemTotal",
        "mem_total": 1 << 30,
        "others_bytes": 100 << 20,
        "cores": 2.0,
        "unlisted": [],
        "missing": [],
        "pools": [pool],
    }


def crowded(dead: int, live: int) -> Dict[str, Any]:
    snapshot = seen("exhausted_static")
    hosts.place(snapshot).update(
        queue=dead + live, accepted=2, waiting={"live": live, "dead": dead}, abandoned=1, backlog=511
    )
    return snapshot


@pytest.mark.parametrize(
    "asked, dead, live, how",
    [
        (True, 30, 5, "restart"),
        (False, 30, 5, "reload"),
        (True, 12, 4, "reload"),  # sixteen workers take them all at once
    ],
)
def test_the_queue_is_dropped_where_it_was_asked_for_and_does_not_fit(
    asked: bool, dead: int, live: int, how: str
) -> None:
    snapshot = crowded(dead, live)
    assert verb(view(snapshot), Drop(CONFIG, UNIT, asked), hosts.key(snapshot), 16)[0] == how


def test_a_restart_says_what_it_costs_all_pools_of_the_unit() -> None:
    snapshot = crowded(30, 5)
    other = dict(hosts.pool(snapshot), name="blog", endpoint="unix:/run/php/blog.sock")
    hosts.master(snapshot)["pools"].append(other)
    snapshot["endpoints"]["unix:/run/php/blog.sock"] = {
        "queue": 0,
        "accepted": 3,
        "waiting": {"live": 0, "dead": 0},
        "abandoned": 0,
    }
    notes = "; ".join(verb(view(snapshot), Drop(CONFIG, UNIT, True), hosts.key(snapshot), 16)[1])
    assert (
        "30 requests whose clients have gone" in notes
        and "up to 5 that wait and 4 that are served, in all pools of" in notes
    )


@pytest.mark.parametrize(
    "arrived, answered, done",
    [
        (0, 12, True),
        (7, 12, True),  # the workers keep up, were it not for the dead
        (20, 12, False),  # they do not: the queue would be as long again in a minute
    ],
)
def test_where_no_more_workers_fit_the_queue_alone_is_dropped_if_that_helps(
    arrived: int, answered: int, done: bool
) -> None:
    snapshot = crowded(300, 9)
    hosts.pool(snapshot)["max_children"] = 16
    hosts.place(snapshot).update(
        accepted=16, abandoned=16, flow={"seconds": 3.0, "arrived": arrived, "answered": answered}
    )
    arguments = {"config": CONFIG, "pool": "www", "unit": UNIT, "drop_backlog": True}
    try:
        step = resolve("pool_size_set", view(snapshot, memory=measured(16)), arguments)
    except Refusal as refusal:
        assert not done and "may have 16 workers already" in str(refusal)
        return
    assert done and (step.changes, commands(step)) == ([], ["systemctl restart " + UNIT])
    assert (
        "may have 16 workers already" in step.notes[0]
        and "300 requests whose clients have gone" in step.notes[2]
    )


def test_of_a_crowd_that_has_left_only_its_queue_is_dropped() -> None:
    snapshot = crowded(80, 0)
    hosts.place(snapshot).update(flow={"seconds": 3.0, "arrived": 0, "answered": 1})
    arguments = {"config": CONFIG, "pool": "www", "unit": UNIT, "drop_backlog": True}
    step = resolve("pool_size_set", view(snapshot, memory=measured(2)), arguments)
    assert (step.changes, commands(step)) == ([], ["systemctl restart " + UNIT])
    assert (
        step.notes[0] == "nobody waits for pool www any more, and nobody comes: more workers are not needed"
    )
    hosts.place(snapshot).update(queue=2, waiting={"live": 0, "dead": 2})
    with pytest.raises(Refusal, match="nobody waits for pool www any more"):
        resolve("pool_size_set", view(snapshot, memory=measured(2)), dict(arguments, drop_backlog=False))


@pytest.mark.parametrize("one_file", [False, True])
def test_a_pool_that_process_max_kept_small_may_start_enough_workers_at_once(one_file: bool) -> None:
    limit = "[global]\nprocess.max = 2\n"
    text = FILES[POOL].replace("pm.max_children = 2", "pm.max_children = 16")
    files = (
        {CONFIG: limit + text}
        if one_file
        else {CONFIG: limit + "include=/etc/php/8.2/fpm/pool.d/*.conf\n", POOL: text}
    )
    snapshot = seen("exhausted_dynamic")
    hosts.master(snapshot)["process_max"] = 2
    hosts.pool(snapshot)["max_children"] = 16
    arguments = {"config": CONFIG, "pool": "www", "unit": UNIT}
    step = resolve("process_max_set", view(snapshot, files, measured(16)), arguments)
    assert [change.path for change in step.changes] == list(files) and commands(step) == [
        "systemctl reload " + UNIT
    ]
    assert [(change.before or b"").decode("utf-8") for change in step.changes] == list(files.values())
    assert lines_of(step) == [
        "process.max = 16",
        "pm.start_servers = 8",
        "pm.min_spare_servers = 4",
        "pm.max_spare_servers = 12",
    ]


def test_a_queue_with_hardly_a_place_is_named_and_left() -> None:
    snapshot = crowded(1, 1)
    hosts.place(snapshot)["backlog"] = 1
    assert verb(view(snapshot), Drop(CONFIG, UNIT, False), hosts.key(snapshot), 16) == (
        "reload",
        ["listen.backlog = 1 stays: it still refuses some of a crowd that comes at once"],
    )


@pytest.mark.parametrize(
    "text, size",
    [("128M", 128 << 20), ("1g", 1 << 30), ("1048576", 1 << 20), ("-1", None), (None, None), ("lots", None)],
)
def test_phps_shorthand_for_sizes(text: Optional[str], size: Optional[int]) -> None:
    assert to_bytes(text) == size
