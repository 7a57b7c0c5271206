# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who besides root can write a file, and which process is root's own program."""

import struct
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import HostError, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    processes,
    strangers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.files import Reading
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.trust import (
    folders,
    named,
    not_roots,
    opening,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FPM = "/usr/sbin/php-fpm8.2"
ALICE = {"root": (0, 0, [0]), "alice": (1000, 1000, [1000])}
ROOTS = (0, 0, 0)


def open_to_others(host: FakeHost, path: str) -> Optional[str]:
    found = opening(host, path)
    return found.path if found else None


def stat(kind: str = "file", mode: int = 0o644, uid: int = 0, gid: int = 0, inode: int = 1) -> Stat:
    return Stat(kind, mode, uid, gid, 0, 0.0, inode, 1)


class Ground(FakeHost):
    """A described host with members of the group root, and ACLs."""

    def __init__(self, members: Tuple[str, ...] = (), acls: Tuple[str, ...] = (), **more: Any) -> None:
        super(Ground, self).__init__(accounts=ALICE, **more)
        self.members, self.acls = list(members), acls

    def group_members(self, gid: int) -> List[str]:
        return self.members

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        return struct.pack("<I", 2) if path in self.acls else None


def ground(changed: Optional[Dict[str, Stat]] = None, **more: Any) -> Ground:
    stats = {
        "/etc": stat("directory", 0o755),
        "/etc/php": stat("directory", 0o755),
        "/etc/php/a.conf": stat(),
    }
    return Ground(stats=dict(stats, **(changed or {})), **more)


def test_a_file_of_roots_in_directories_of_roots_is_roots_alone() -> None:
    assert open_to_others(ground(), "/etc/php/a.conf") is None


@pytest.mark.parametrize(
    "path, changed, who",
    [
        ("/etc/php/a.conf", stat(uid=1000), "alice"),
        ("/etc/php/a.conf", stat(mode=0o646), "everybody"),
        ("/etc/php/a.conf", stat(mode=0o664, gid=1000), "group alice"),
        ("/etc/php", stat("directory", 0o1777), "everybody"),
        ("/etc", stat("directory", 0o755, uid=1000), "alice"),
    ],
)
def test_the_first_opening_on_the_way_is_named_with_who_can_use_it(
    path: str, changed: Stat, who: str
) -> None:
    assert opening(ground({path: changed}), "/etc/php/a.conf") == (path, who)


def test_the_group_root_may_write_while_nobody_else_is_in_it() -> None:
    changed = {"/etc/php": stat("directory", 0o775)}
    assert open_to_others(ground(changed), "/etc/php/a.conf") is None
    assert open_to_others(ground(changed, members=("alice",)), "/etc/php/a.conf") == "/etc/php"
    assert open_to_others(ground(changed, acls=("/etc/php",)), "/etc/php/a.conf") == "/etc/php", (
        "the group bits are the mask of some entry"
    )


def test_an_acl_that_lets_nobody_write_is_no_opening() -> None:
    assert open_to_others(ground(acls=("/etc/php", "/etc/php/a.conf")), "/etc/php/a.conf") is None


def test_a_link_of_roots_is_followed_to_what_it_leads_to() -> None:
    home = {
        "/home": stat("directory", 0o755),
        "/home/alice": stat("directory", 0o755, uid=1000),
        "/home/alice/a": stat(),
    }
    assert (
        open_to_others(ground(home, links={"/etc/php/b.conf": "../../home/alice/a"}), "/etc/php/b.conf")
        == "/home/alice"
    )
    assert open_to_others(ground(links={"/etc/php/b.conf": "a.conf"}), "/etc/php/b.conf") is None


def test_a_loop_of_links_and_what_cannot_be_looked_at_are_openings() -> None:
    assert open_to_others(ground(links={"/etc/x": "y", "/etc/y": "x"}), "/etc/x") in ("/etc/x", "/etc/y")
    assert open_to_others(ground(denied=["/etc/php/a.conf"]), "/etc/php/a.conf") is None, (
        "a stat needs no right on the file"
    )


def test_what_is_not_there_is_as_safe_as_where_it_would_be_made() -> None:
    assert open_to_others(ground(), "/etc/php/new/file") is None
    assert open_to_others(ground({"/tmp": stat("directory", 0o1777)}), "/tmp/new") == "/tmp"


def test_a_path_of_thousands_of_parts_is_walked_without_recursion() -> None:
    assert open_to_others(ground(), "/etc" + "/a" * 3000) is None


def test_the_directories_that_a_pattern_can_take_files_from() -> None:
    host = FakeHost({"/home/a/conf/x": "", "/home/b/conf/y": ""})
    assert folders(host, "/etc/nginx/*.conf") == ["/etc/nginx"]
    assert folders(FakeHost(links={"/home/a/c": ".", "/home/b/c": "."}), "/home/*/c/*.conf") == [
        "/home/a/c",
        "/home/b/c",
    ]


def running(exe: str = FPM, inode: int = 5, uid: int = 0, at_path: Optional[Stat] = None) -> FakeHost:
    return FakeHost(
        stats={
            "/proc/7/exe": stat(inode=inode, uid=uid),
            FPM: at_path or stat(inode=5),
            "/usr/bin/su": stat(inode=5),
            "/home/alice/fpm": stat(inode=5, uid=1000),
        },
        accounts=ALICE,
    )


def test_roots_php_fpm_at_its_path_is_roots() -> None:
    assert not_roots(running(), 7, ROOTS, FPM, ("fpm",)) is None


@pytest.mark.parametrize(
    "uids, exe, host, why",
    [
        ((1000, 1000, 1000), FPM, running(), "it runs as alice"),
        ((1000, 0, 0), FPM, running(), "its user ids differ: 1000, 0, 0"),
        ((0, 0, 1000), FPM, running(), "its user ids differ: 0, 0, 1000"),
        (ROOTS, "/usr/bin/su", running(), "its program is /usr/bin/su"),
        (ROOTS, "/home/alice/fpm", running(), "alice can write its program /home/alice/fpm"),
        (ROOTS, FPM, running(inode=6), "its program is not the file at /usr/sbin/php-fpm8.2"),
        (
            ROOTS,
            FPM,
            running(at_path=stat(inode=5, mode=0o666)),
            "everybody can write its program /usr/sbin/php-fpm8.2",
        ),
        (
            ROOTS,
            FPM + " (deleted)",
            running(inode=6, uid=1000),
            "alice can write its program /usr/sbin/php-fpm8.2",
        ),
        (ROOTS, None, running(), "its program cannot be read"),
        (
            ROOTS,
            "/usr/sbin/php-fpm9",
            running(),
            "its program cannot be looked at (No such file or directory)",
        ),
    ],
)
def test_whatever_else_calls_itself_so_is_not(
    uids: Tuple[int, ...], exe: Optional[str], host: FakeHost, why: str
) -> None:
    assert not_roots(host, 7, uids, exe, ("fpm",)) == why


def test_a_program_that_an_upgrade_has_replaced_is_still_roots() -> None:
    assert not_roots(running(inode=6), 7, ROOTS, FPM + " (deleted)", ("fpm",)) is None


def test_without_root_a_program_that_cannot_be_read_is_believed_since_nothing_is_run() -> None:
    assert not_roots(FakeHost(root=False), 7, ROOTS, None, ("fpm",)) is None


def test_a_stranger_is_listed_as_what_he_is_and_root_and_the_own_account_are_not() -> None:
    title = "php-fpm: master process (/home/alice/\x1b[2J\u202ex.conf)"
    host = FakeHost(
        {
            "/proc/7/comm": "fpm\n",
            "/proc/7/cmdline": title + "\0",
            "/proc/7/status": "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n",
            "/proc/7/stat": "7 (fpm) S 1 7 7 0 -1 0 0 0 0 0 0 5 0 0 20 0 1 0 100 1 250",
        },
        links={"/proc/7/exe": "/home/alice/fpm"},
        accounts=ALICE,
    )
    procs = processes(host)
    assert strangers(host, procs) == [
        {
            "pid": 7,
            "user": "alice",
            "claims": "php-fpm",
            "title": "php-fpm: master process (/home/alice/?[2J?x.conf)",
            "exe": "/home/alice/fpm",
            "why": "it runs as alice",
        }
    ]
    assert strangers(host, procs, account=1000) == [], "who runs nginx may run his own php-fpm"


SITE = "/etc/nginx/sites-enabled/shop"
LINKED: Dict[str, Any] = {
    "files": {
        "/etc/nginx/sites-available/shop": "",
        "/home/alice/site/real.conf": "",
        "/dev/zero": "",
        "/proc/7/root/x": "",
    },
    "changed": {"/home/alice": stat("directory", 0o755, uid=1000)},
}


@pytest.mark.parametrize(
    "path, links, real",
    [
        ("/etc/nginx/sites-available/shop", {}, "/etc/nginx/sites-available/shop"),
        (SITE, {SITE: "../sites-available/shop"}, "/etc/nginx/sites-available/shop"),
        (SITE, {SITE: "/home/alice/site/real.conf"}, "/home/alice/site/real.conf"),
        ("/home/alice/site/real.conf", {}, "/home/alice/site/real.conf"),
        ("/home/alice/../../etc/nginx/./sites-available//shop", {}, "/etc/nginx/sites-available/shop"),
    ],
)
def test_real_files_are_read_wherever_they_are_and_links_where_root_alone_makes_them(
    path: str, links: Dict[str, str], real: str
) -> None:
    assert named(ground(links=links, **LINKED), path) == real


@pytest.mark.parametrize(
    "links",
    [
        {"/home/alice/site/a": "real.conf"},
        {"/home/alice/site/a": "/etc/nginx/sites-available/shop"},
        {"/home/alice/site/a": "/dev/zero"},
        {"/home/alice/site/a": "/absent"},
        {SITE: "/home/alice/site/a", "/home/alice/site/a": "real.conf"},
        {"/home/alice/site": "/etc/nginx/sites-available", "/home/alice/site/a": "shop"},
    ],
)
def test_a_link_that_somebody_else_can_make_is_not_followed_and_the_reason_names_both(
    links: Dict[str, str],
) -> None:
    path = SITE if SITE in links else "/home/alice/site/a"
    with pytest.raises(HostError) as refused:
        named(ground(links=links, **LINKED), path)
    assert (
        refused.value.errno == 1
        and "alice can write /home/alice" in refused.value.why
        and " is a link" in refused.value.why
    )


def test_an_account_that_looks_for_itself_follows_its_own_links() -> None:
    assert (
        named(ground(links={"/home/alice/site/a": "real.conf"}, root=False, **LINKED), "/home/alice/site/a")
        == "/home/alice/site/real.conf"
    )


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/7/root/x", "/etc/nginx/../../dev/zero"])
def test_devices_and_files_of_the_kernel_are_refused_by_name_and_by_link(target: str) -> None:
    for path, links in ((target, {}), (SITE, {SITE: target})):  # type: str, Dict[str, str]
        with pytest.raises(HostError) as refused:
            named(ground(links=links, **LINKED), path)
        assert "not a regular file" in refused.value.why


def test_a_loop_of_links_ends() -> None:
    with pytest.raises(HostError) as refused:
        named(ground(links={"/etc/a": "b", "/etc/b": "a"}, files={"/etc/c": ""}), "/etc/a")
    assert "a loop of links" in refused.value.why


def test_a_file_that_is_absent_is_absent() -> None:
    with pytest.raises(HostError) as refused:
        named(ground(**LINKED), "/etc/nginx/nothing.conf")
    assert refused.value.absent


def test_a_process_whose_users_cannot_be_read_is_not_roots() -> None:
    assert not_roots(running(), 7, (), FPM, ("fpm",)) is not None


@pytest.mark.parametrize(
    "path, mode",
    [
        ("/etc/php/8.2/fpm/php.ini", 0o666),
        ("/etc/php/8.2/fpm/conf.d/20-x.ini", 0o666),
        ("/etc/php/8.2/fpm/conf.d", 0o777),
    ],
)
def test_what_php_ini_loads_counts_as_php_fpms_configuration(path: str, mode: int) -> None:
    config = "/etc/php/8.2/fpm/php-fpm.conf"
    files = {config: "[global]\n", "/etc/php/8.2/fpm/php.ini": "", "/etc/php/8.2/fpm/conf.d/20-x.ini": ""}
    stats = {"/etc/php/8.2/fpm/conf.d": stat("directory", 0o755)}
    assert Reading(FakeHost(files, stats=stats), config, "/usr", None).writable is None
    opened = dict(stats, **{path: stat("directory" if path.endswith(".d") else "file", mode)})
    assert Reading(FakeHost(files, stats=opened), config, "/usr", None).writable == (path, "everybody")
