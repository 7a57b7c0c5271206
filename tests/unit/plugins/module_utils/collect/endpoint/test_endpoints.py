# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at endpoints: the kernel's table from a real host, files and processes described, the dialling
replayed.
"""

import json
import os
from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import identity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import endpoints as sockets
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import probe as dialling
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.endpoints import (
    collect_endpoints,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.socket_files import walk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import HostError, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import sock_diag
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import sock_rows
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FIXTURES = fixtures("sockets")
with open(os.path.join(FIXTURES, "8.2-debian12-saturated.json"), encoding="utf-8") as stream:
    SEEN = json.load(stream)
SAT, KEY = "/run/php/sat.sock", "unix:/run/php/sat.sock"
MAJOR, MINOR, INODE = SEEN["sat_stat"]
IDENTITY = {"user": "www-data", "uid": 33, "gid": 33, "groups": [33], "pid": 41, "account": None}
MASTER = Process(
    35,
    1,
    "php-fpm8.2",
    "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
    "/usr/sbin/php-fpm8.2",
    0,
    0,
    [0],
    1.0,
)
WORKER = Process(36, 35, "php-fpm8.2", "php-fpm: pool sat", "/usr/sbin/php-fpm8.2", 33, 33, [33], 1.0)
LISTENER = next(
    one.inode
    for one in sock_rows.parse_unix_diag(bytes.fromhex(SEEN["unix_diag"]))
    if one.name == SAT and one.state == "listen"
)


class SocketHost(FakeHost):
    """A FakeHost with xattrs, and that counts the directories it was asked to list."""

    def __init__(self, xattrs: Optional[Dict[Any, bytes]] = None, **known: Any) -> None:
        super().__init__(**known)
        self.xattrs = xattrs or {}
        self.listed: List[str] = []

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        return self.xattrs.get((path, name))

    def listdir(self, path: str) -> List[str]:
        self.listed.append(path)
        return super().listdir(path)


def sock(mode: int = 0o660, uid: int = 33, gid: int = 33, inode: int = INODE, kind: str = "socket") -> Stat:
    return Stat(kind, mode, uid, gid, 0, 1.0, inode, os.makedev(MAJOR, MINOR))


def box(
    stats: Optional[Dict[str, Stat]] = None, links: Optional[Dict[str, str]] = None, **more: Any
) -> SocketHost:
    """A host whose /run/php holds the socket, and whose php-fpm master has it open as descriptor 7."""
    held = {"/proc/35/fd/7": "socket:[%d]" % LISTENER, "/proc/35/fd/0": "/dev/null"}
    held.update(links or {})
    return SocketHost(
        stats={SAT: sock()} if stats is None else stats,
        links=held,
        files=dict({"/proc/35/cgroup": "0::/system.slice/php8.2-fpm.service\n"}, **more.pop("files", {})),
        **more,
    )


def dump(*requests: bytes) -> Optional[bytes]:
    answers = {sock_rows.unix_request(): "unix_diag"}
    for port in (9001, 9005):
        answers[sock_rows.tcp_request(2, port)] = "tcp_diag_%d" % port
        answers[sock_rows.tcp_request(10, port)] = "tcp6_diag_%d" % port
    return bytes.fromhex(SEEN[answers[requests[-1]]]) if requests[-1] in answers else b""


class Dialler:
    """Stands in for the probe: one errno for everything, or what the case says per address."""

    def __init__(
        self, number: int = 0, told: str = "answered", by_address: Optional[Dict[str, int]] = None
    ) -> None:
        self.number, self.told, self.by_address = number, told, by_address or {}
        self.calls: List[Any] = []

    def __call__(
        self, targets: Sequence[dialling.Target], rights: Optional[dialling.Rights], seconds: float
    ) -> List[Dict[str, Any]]:
        self.calls.append((list(targets), rights, seconds))
        results = []
        for target in targets:
            one = dialling.outcome(target, self.by_address.get(target.address, self.number))
            if one["connect"]["result"] == "ok":
                one["probe"] = {
                    "result": self.told,
                    "ms": 0.4 if self.told == "answered" else None,
                    "detail": None,
                    "waited": 0.0,
                }
            results.append(one)
        return results


def look(  # pylint: disable=dangerous-default-value
    host: SocketHost,
    key: str = KEY,
    dialler: Optional[Dialler] = None,
    identity: Optional[Dict[str, Any]] = IDENTITY,
    procs: Sequence[Process] = (MASTER, WORKER),
    seconds: float = 3.0,
    table: Any = dump,
) -> Any:
    return collect_endpoints(host, [key], identity, procs, seconds, table, dialler or Dialler())[key]


CONTRACT = {
    "family",
    "path",
    "address",
    "port",
    "exists",
    "type",
    "link_to",
    "real_path",
    "owner",
    "group",
    "uid",
    "gid",
    "mode",
    "acl",
    "selinux",
    "parents",
    "listening",
    "listeners",
    "inode_matches",
    "queue",
    "backlog",
    "accepted",
    "waiting",
    "abandoned",
    "flow",
    "connect",
    "probe",
    "listener_path",
    "addresses",
    "hidden",
}


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "unix:/run/none.sock",
        "127.0.0.1:9001",
        "[::1]:9001",
        "*:9005",
        "localhost:9001",
        "php.example:9000",
        "noport",
    ],
)
def test_every_endpoint_has_every_key_and_is_plain_json(key: str) -> None:
    found = look(box(), key)
    assert set(found) == CONTRACT
    assert set(found["connect"]) == {"tried", "as_user", "result", "errno", "error", "blocked_by"}
    assert set(found["probe"]) == {"result", "ms", "detail", "waited", "queue", "accepted"}
    json.dumps(found)


def test_a_healthy_socket_reads_as_one() -> None:
    host = box()
    found = look(host)
    assert (found["exists"], found["type"], found["mode"], found["owner"], found["group"]) == (
        True,
        "socket",
        "0660",
        "www-data",
        "www-data",
    )
    assert [one["path"] for one in found["parents"]] == ["/", "/run", "/run/php"]
    assert (
        found["listening"],
        found["inode_matches"],
        found["queue"],
        found["backlog"],
        found["accepted"],
    ) == (True, True, 4, 16, 2)
    assert found["listeners"] == [
        {
            "pid": 35,
            "comm": "php-fpm8.2",
            "exe": "/usr/sbin/php-fpm8.2",
            "cmdline": MASTER.cmdline,
            "fpm": True,
            "claims_fpm": False,
            "uid": 0,
            "user": "root",
            "master_config": "/etc/php/8.2/fpm/php-fpm.conf",
            "pool": None,
            "unit": "php8.2-fpm.service",
        }
    ]
    assert found["connect"]["result"] == "ok" and found["probe"]["result"] == "answered"
    assert not host.missing


def test_only_the_master_is_searched_when_it_holds_the_socket() -> None:
    host = box()
    look(host)
    assert host.listed == ["/proc/35/fd"]


def test_workers_that_outlived_their_master_are_found() -> None:
    orphan = WORKER._replace(ppid=1)
    found = look(box(links={"/proc/36/fd/0": "socket:[%d]" % LISTENER}), procs=[orphan])
    assert [(one["pid"], one["pool"]) for one in found["listeners"]] == [(36, "sat")]


def test_a_stranger_on_the_socket_is_named_without_its_arguments() -> None:
    stat = "77 (python3) S 1 77 77 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 500 0 10 0 0"
    host = box(
        files={
            "/proc/77/stat": stat,
            "/proc/77/status": "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
            "/proc/77/cmdline": "python3\0--password=hush\0",
        },
        links={"/proc/77/fd/3": "socket:[%d]" % LISTENER, "/proc/35/fd/7": "/dev/null"},
    )
    found = look(host, procs=[MASTER])
    assert [(one["pid"], one["comm"], one["fpm"], one["cmdline"]) for one in found["listeners"]] == [
        (77, "python3", False, "python3")
    ]


def test_a_deleted_file_under_a_live_listener() -> None:
    found = look(box(stats={"/run/php/other": sock()}), dialler=Dialler(2))
    assert (found["exists"], found["type"], found["listening"], found["inode_matches"]) == (
        False,
        "missing",
        True,
        False,
    )
    assert found["connect"]["result"] == "missing" and found["listener_path"] is None


def test_a_replaced_file_under_a_live_listener() -> None:
    found = look(box(stats={SAT: sock(inode=INODE + 5000)}), dialler=Dialler(111))
    assert (found["exists"], found["listening"], found["inode_matches"], found["connect"]["result"]) == (
        True,
        True,
        False,
        "refused",
    )


def test_a_file_without_a_listener_is_not_a_deleted_one() -> None:
    found = look(box(stats={"/run/php/old.sock": sock()}), "unix:/run/php/old.sock", Dialler(111))
    assert (found["listening"], found["inode_matches"], found["queue"], found["listeners"]) == (
        True,
        True,
        4,
        found["listeners"],
    )
    found = look(box(stats={"/run/php/old.sock": sock(inode=1)}), "unix:/run/php/old.sock", Dialler(111))
    assert (found["exists"], found["listening"], found["inode_matches"], found["queue"]) == (
        True,
        False,
        None,
        None,
    )


def test_a_listener_in_a_file_system_view_of_its_own_is_told_from_a_deleted_file() -> None:
    """PrivateTmp= on php-fpm: the table names the path, and only the process sees the file."""
    found = look(box(stats={"/proc/35/root" + SAT: sock()}), dialler=Dialler(2))
    assert (found["exists"], found["listening"], found["inode_matches"], found["listener_path"]) == (
        False,
        True,
        False,
        "/proc/35/root" + SAT,
    )


def test_nginx_in_a_file_system_view_of_its_own_is_looked_at_from_there() -> None:
    dialler = Dialler(2)
    host = box(links={"/proc/41/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]"})
    found = look(host, dialler=dialler)
    assert found["exists"] is False and dialler.calls[0][1].root == "/proc/41/root"
    same = Dialler()
    assert (
        look(box(links={"/proc/41/ns/mnt": "mnt:[1]", "/proc/self/ns/mnt": "mnt:[1]"}), dialler=same)[
            "exists"
        ]
        is True
    )
    assert same.calls[0][1] == dialling.Rights(33, 33, [33], "")


OTHER_VIEW = {"/proc/41/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]"}
SHOW = "systemctl show -p InaccessiblePaths,TemporaryFileSystem,BindPaths,BindReadOnlyPaths,ProtectHome,PrivateTmp,RootDirectory,RootImage -- nginx.service"


def folder(inode: int, mode: int = 0o755) -> Stat:
    return Stat("directory", mode, 0, 0, 0, 1.0, inode, 1)


def sandboxed(theirs: Dict[str, Stat], shown: str) -> SocketHost:
    """nginx has a view of its own, in which /run and /run/php are as given; shown: its unit's settings."""
    stats = {SAT: sock(), "/": folder(1), "/run": folder(2), "/run/php": folder(3)}
    stats.update({"/proc/41/root" + path: stat for path, stat in dict({"/": folder(1)}, **theirs).items()})
    return box(
        stats=stats,
        links=OTHER_VIEW,
        files={"/proc/41/cgroup": "0::/system.slice/nginx.service\n"},
        commands={SHOW: (0, shown, "")},
    )


@pytest.mark.parametrize(
    "theirs, shown, path, setting",
    [
        (
            {"/run": folder(9, 0)},
            "InaccessiblePaths=-/run +/boot\nProtectHome=no",
            "/run",
            "InaccessiblePaths=-/run",
        ),
        (
            {"/run": folder(2), "/run/php": folder(9)},
            "TemporaryFileSystem=/opt /run/php:ro\n",
            "/run/php",
            "TemporaryFileSystem=/run/php:ro",
        ),
        (
            {"/run": folder(2), "/run/php": folder(9)},
            "BindPaths=/srv/x:/run/php:rbind /run/php:/y\n",
            "/run/php",
            "BindPaths=/srv/x:/run/php:rbind",
        ),
        (
            {"/run": folder(2), "/run/php": folder(9)},
            "PrivateTmp=yes\nProtectHome=yes\nRootDirectory=\n",
            "/run/php",
            None,
        ),
        ({"/": folder(9), "/run": folder(10)}, "RootDirectory=/srv/nginx\n", "/", "RootDirectory=/srv/nginx"),
    ],
)
def test_what_a_sandbox_hides_is_found_and_its_setting_named(
    theirs: Dict[str, Stat], shown: str, path: str, setting: Optional[str]
) -> None:
    found = look(sandboxed(theirs, shown), dialler=Dialler(13))
    assert found["hidden"] == {"path": path, "who": "nginx", "unit": "nginx.service", "setting": setting}


def test_near_miss_a_sandbox_that_leaves_the_way_to_the_socket_alone_hides_nothing() -> None:
    """PrivateTmp=, as on Enterprise Linux: the refusal is the socket's own."""
    same = {"/run": folder(2), "/run/php": folder(3), SAT: sock(0o600, 0, 0)}
    host = sandboxed(same, "PrivateTmp=yes\n")
    host.stats[SAT] = sock(0o600, 0, 0)
    found = look(host, dialler=Dialler(13))
    assert found["hidden"] is None and found["connect"]["blocked_by"]["kind"] == "socket" and not host.calls


def test_php_fpms_own_view_is_found_where_nginx_has_none() -> None:
    links = {"/proc/35/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]", "/proc/41/ns/mnt": "mnt:[1]"}
    host = box(
        stats={"/proc/35/root" + SAT: sock(), "/run/php": folder(3), "/proc/35/root/run/php": folder(9)},
        links=links,
    )
    found = look(host, dialler=Dialler(2))
    assert (found["hidden"]["who"], found["hidden"]["unit"]) == ("php-fpm", "php8.2-fpm.service")


def test_a_group_that_the_running_workers_have_not_taken_on_is_told_apart() -> None:
    host = box(stats={SAT: sock(0o660, 0, 1000)})
    host.accounts = {"www-data": (33, 33, [33, 1000])}
    blocked = look(host, dialler=Dialler(13))["connect"]["blocked_by"]
    assert blocked["kind"] == "group_not_in_force" and "after nginx's workers were started" in blocked["why"]


@pytest.mark.parametrize(
    "gid, groups, identity",
    [
        (1000, [33], IDENTITY),
        (33, [33], dict(IDENTITY, gid=100, groups=[100])),
        (1000, [33, 1000], dict(IDENTITY, pid=None)),
    ],
)
def test_near_miss_a_group_that_a_new_worker_would_not_have_either(
    gid: int, groups: List[int], identity: Dict[str, Any]
) -> None:
    """Not in it; nginx's configuration gives another group of its own; no worker runs."""
    host = box(stats={SAT: sock(0o660, 0, gid)})
    host.accounts = {"www-data": (33, 33, groups)}
    assert look(host, dialler=Dialler(13), identity=identity)["connect"]["blocked_by"]["kind"] == "socket"


def test_a_closed_directory_is_named() -> None:
    host = box(stats={SAT: sock(), "/run/php": Stat("directory", 0o700, 0, 0, 0, 1.0, 2, 1)})
    found = look(host, dialler=Dialler(13))
    assert found["connect"]["blocked_by"]["path"] == "/run/php"
    assert found["connect"]["blocked_by"]["kind"] == "directory"
    assert found["parents"][-1] == {
        "path": "/run/php",
        "owner": "root",
        "group": "root",
        "mode": "0700",
        "acl": None,
    }


def test_an_acl_is_read_and_judged() -> None:
    masked = {
        (SAT, "system.posix_acl_access"): bytes.fromhex(SEEN["acl_xattr_masked"]),
        (SAT, "security.selinux"): b"system_u:object_r:httpd_var_run_t:s0\0",
    }
    found = look(box(stats={SAT: sock(0o640, 0, 0)}, xattrs=masked), dialler=Dialler(13))
    assert found["connect"]["blocked_by"]["acl"] is True and "mask" in found["connect"]["blocked_by"]["why"]
    assert "user:www-data:rw-" in found["acl"] and "mask::r--" in found["acl"]
    assert found["selinux"] == "system_u:object_r:httpd_var_run_t:s0"


def test_a_refusal_that_owner_mode_and_acl_do_not_explain_is_mandatory_access() -> None:
    assert look(box(), dialler=Dialler(13))["connect"]["blocked_by"]["kind"] == "mandatory_access"


def test_what_connects_is_not_blocked() -> None:
    assert look(box(stats={SAT: sock(0o600, 0, 0)}))["connect"]["blocked_by"] is None


def test_a_dangling_link_says_where_it_leads() -> None:
    links = {SAT: "/etc/alternatives/a", "/etc/alternatives/a": "gone.sock"}
    found = look(
        box(stats={"/run/php/x": sock()}, links=links, files={"/etc/alternatives/README": ""}),
        dialler=Dialler(2),
    )
    assert (found["exists"], found["type"], found["link_to"], found["real_path"]) == (
        False,
        "dangling_link",
        "/etc/alternatives/a",
        "/etc/alternatives/gone.sock",
    )


def test_a_link_to_a_live_socket_is_its_listeners() -> None:
    found = look(box(links={"/run/php/php-fpm.sock": "/run/php/sat.sock"}), "unix:/run/php/php-fpm.sock")
    assert (found["link_to"], found["real_path"], found["listening"], found["inode_matches"]) == (
        SAT,
        SAT,
        True,
        True,
    )


def test_a_walk_searches_the_directories_of_both_ends_of_a_link() -> None:
    host = SocketHost(stats={"/srv/b/sock": sock(), "/run/x": sock()}, links={"/run/a": "../srv/b/sock"})
    assert walk(host, "/run/a").searched == ["/", "/run", "/srv", "/srv/b"]


def test_a_circle_of_links_ends() -> None:
    host = SocketHost(links={"/a": "/b", "/b": "/a"})
    found = walk(host, "/a")
    assert found.stat is None and isinstance(found.error, HostError) and found.error.errno == 40


def test_what_may_not_be_seen_is_unknown_and_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    host = box(denied=[SAT], root=False)

    def refuse(path: str, follow: bool = True) -> Stat:
        if path == SAT:
            raise HostError(path, 13, "Permission denied")
        return SocketHost.stat(host, path, follow)

    monkeypatch.setattr(host, "stat", refuse)
    found = look(host, dialler=Dialler(13))
    assert (found["exists"], found["type"], found["inode_matches"], found["listening"]) == (
        None,
        "unknown",
        None,
        True,
    )
    assert {"what": "endpoint", "path": SAT, "why": "Permission denied", "needs": "root"} in host.missing


def test_after_no_answer_the_queue_is_read_again() -> None:
    found = look(box(), dialler=Dialler(told="no_answer"))
    assert (found["probe"]["queue"], found["probe"]["accepted"]) == (4, 2)
    assert look(box())["probe"]["queue"] is None


with open(os.path.join(FIXTURES, "8.2-debian12-given-up.json"), encoding="utf-8") as given_up:
    CROWD = json.load(given_up)


class Crowd:
    """The kernel's answers about a listener at which 10 that have given up and 3 others wait. left: nobody
    waits any more.
    """

    def __init__(self, left: bool = False) -> None:
        self.left = left
        self.asked: List[int] = []

    def __call__(self, *requests: bytes) -> Optional[bytes]:
        self.asked.append(len(requests))
        if requests[-1] == sock_rows.unix_request(True):
            return bytes.fromhex(CROWD["unix_diag_clients"])
        if requests[-1] == sock_rows.unix_request():
            return bytes.fromhex(SEEN["unix_diag"] if self.left else CROWD["unix_diag"])
        return (
            bytes.fromhex(CROWD["tcp_diag_9007"]) if requests[-1] == sock_rows.tcp_request(2, 9007) else b""
        )


@pytest.mark.parametrize("key", ["unix:/run/php/crowd.sock", "127.0.0.1:9007"])
def test_who_has_given_up_is_told_from_who_still_waits(key: str) -> None:
    found = look(box(), key, table=Crowd())
    assert (found["queue"], found["accepted"]) == (13, 3)
    assert (found["waiting"], found["abandoned"], found["flow"]) == ({"live": 3, "dead": 10}, 2, None)


def test_where_the_kernel_does_not_tell_nobody_guesses() -> None:
    host = box(files={"/proc/net/unix": CROWD["proc_net_unix"], "/proc/net/tcp": CROWD["proc_net_tcp"]})
    found = look(host, "unix:/run/php/crowd.sock", Dialler(told="no_answer"), table=lambda *requests: None)
    assert (found["queue"], found["waiting"], found["abandoned"], found["flow"]) == (
        13,
        {"live": None, "dead": None},
        None,
        None,
    )


def test_the_names_of_those_who_wait_are_asked_for_only_where_somebody_does() -> None:
    crowd, empty = Crowd(), Crowd(left=True)
    look(box(), "unix:/run/php/crowd.sock", table=crowd)
    assert crowd.asked.count(2) == 1
    rows = [row._replace(queue=0) for row in sock_rows.parse_unix_diag(bytes.fromhex(CROWD["unix_diag"]))]
    assert sock_diag._with_clients(rows, empty) == rows and not empty.asked


@pytest.mark.parametrize("dialler, seconds", [(Dialler(told="no_answer"), 3.0), (Dialler(11), 3.0)])
def test_the_pace_is_measured_as_long_as_the_probe_may_wait_even_where_it_is_refused(
    dialler: Dialler, seconds: float
) -> None:
    """The same look twice: nothing moved, and the probe's own connection does not count."""
    found = look(box(), "unix:/run/php/crowd.sock", dialler, table=Crowd())
    assert found["flow"] == {"seconds": seconds, "arrived": 0, "answered": 0}


def test_without_root_it_is_said_that_nobody_dialled_as_nginx() -> None:
    host, dialler = box(root=False), Dialler(13)
    found = look(host, dialler=dialler, identity=dict(IDENTITY, uid=os.geteuid() + 1))
    assert dialler.calls[0][1] is None
    assert found["connect"]["as_user"] is None
    assert [one["what"] for one in host.missing] == ["connect_as_nginx"]


def test_as_ourselves_the_refusal_is_not_taken_for_nginxs() -> None:
    """We were refused; owner and mode let nginx in."""
    host = box(root=False)
    assert (
        look(host, dialler=Dialler(13), identity=dict(IDENTITY, uid=33 if os.geteuid() != 33 else 34))[
            "connect"
        ]["blocked_by"]
        is None
    )


def test_an_unknown_account_of_nginx_is_said() -> None:
    host = box()
    assert look(host, identity=None)["connect"]["as_user"] is None
    assert host.missing[0]["what"] == "connect_as_nginx"


def test_no_budget_dials_nothing() -> None:
    dialler = Dialler()
    found = look(box(), dialler=dialler, seconds=0)
    assert not dialler.calls
    assert (found["connect"]["tried"], found["connect"]["result"], found["probe"]["result"]) == (
        False,
        "not_tried",
        "not_tried",
    )
    assert found["queue"] == 4


def test_without_netlink_proc_is_read_and_the_loss_is_said() -> None:
    host = box(files={"/proc/net/unix": SEEN["proc_net_unix"], "/proc/net/tcp": SEEN["proc_net_tcp"]})
    found = look(host, table=lambda request: None)
    assert (
        found["listening"],
        found["queue"],
        found["backlog"],
        found["accepted"],
        found["inode_matches"],
    ) == (True, 4, None, 2, None)
    assert [one["what"] for one in host.missing] == ["socket_backlog"]


def test_tcp_counts_and_dials_loopback_for_every_address() -> None:
    found = look(box(), "127.0.0.1:9001")
    assert (found["listening"], found["queue"], found["backlog"], found["accepted"]) == (True, 3, 8, 2)
    dialler = Dialler()
    found = look(box(), "*:9005", dialler)
    assert (found["listening"], found["accepted"]) == (True, 1)
    assert [(one.family, one.address, one.port) for one in dialler.calls[0][0]] == [
        ("inet", "127.0.0.1", 9005)
    ]


def test_nothing_on_a_local_port_is_not_listening_and_on_another_host_unknown() -> None:
    assert look(box(), "127.0.0.1:9003", Dialler(111))["listening"] is False
    found = look(box(), "192.0.2.7:9001", Dialler(111))
    assert (found["listening"], found["queue"]) == (None, None)


def test_a_name_is_dialled_at_each_address_of_the_hosts_file_and_the_best_counts() -> None:
    host = box(files={"/etc/hosts": "127.0.0.1 localhost # us\n::1 LOCALHOST ip6-localhost\n"})
    dialler = Dialler(by_address={"::1": 111})
    found = look(host, "localhost:9001", dialler)
    assert found["connect"]["result"] == "ok" and found["queue"] == 3
    assert found["addresses"] == [
        {"address": "127.0.0.1", "result": "ok", "errno": None, "probe": "answered"},
        {"address": "::1", "result": "refused", "errno": 111, "probe": "not_tried"},
    ]


def test_a_name_that_the_hosts_file_lacks_is_left_to_the_child() -> None:
    dialler = Dialler()
    look(box(), "php.example:9000", dialler)
    assert [(one.family, one.address) for one in dialler.calls[0][0]] == [("name", "php.example")]


def test_a_listener_of_another_network_namespace_counts_when_it_accepts() -> None:
    found = look(box(), "127.0.0.1:9003", Dialler(0))
    assert found["listening"] is True and found["listeners"] == []


def test_the_running_workers_account_is_taken_and_not_the_masters() -> None:
    procs = [
        Process(40, 1, "nginx", "nginx: master process nginx", None, 0, 0, [0], 1.0),
        Process(41, 40, "nginx", "nginx: cache manager process", None, 33, 33, [33], 1.0),
        Process(42, 40, "nginx", "nginx: worker process", None, 33, 33, [33, 44], 1.0),
    ]
    assert identity.running_identity(box(), procs) == {
        "user": "www-data",
        "uid": 33,
        "gid": 33,
        "groups": [33, 44],
        "pid": 42,
        "account": None,
    }
    assert identity.running_identity(box(), procs[:1]) is None


def test_the_account_of_a_snapshot_and_of_a_name() -> None:
    nginx = {"user": "www-data", "uid": 33, "gid": 33, "groups": [33, 4], "workers": [41, 42]}
    assert sockets.identity_of(nginx) == {
        "user": "www-data",
        "uid": 33,
        "gid": 33,
        "groups": [33, 4],
        "pid": 41,
        "account": None,
    }
    assert sockets.identity_of({"user": None, "uid": None, "gid": None, "groups": [], "workers": []}) is None
    assert identity.named_identity(box(), "www-data", {"pid": 41}) == {
        "user": "www-data",
        "uid": 33,
        "gid": 33,
        "groups": [33],
        "pid": 41,
        "account": None,
    }
    assert identity.named_identity(box(), "nobody-here", None) is None


def test_no_endpoint_costs_nothing() -> None:
    host = box()
    assert collect_endpoints(host, [], IDENTITY, None) == {}
    assert not host.listed


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="no Linux kernel to ask")
def test_the_kernel_here_answers_the_request() -> None:
    answer = sock_diag.netlink(sock_rows.unix_request())
    assert answer is None or isinstance(sock_rows.parse_unix_diag(answer), list)
