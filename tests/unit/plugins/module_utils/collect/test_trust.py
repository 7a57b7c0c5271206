# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who besides root can write a file, and which process is root's own program."""

from typing import Dict, Optional, Tuple

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
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.trust import (
    ALICE,
    FPM,
    LINKED,
    ROOTS,
    SITE,
    a_host,
    open_to_others,
    running,
    stat,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestOpening:
    def test_a_file_of_roots_in_roots_directories_has_none(self) -> None:
        assert open_to_others(a_host(), "/etc/php/a.conf") is None

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
    def test_the_first_on_the_way_is_named(self, path: str, changed: Stat, who: str) -> None:
        assert opening(a_host().stated(path, changed), "/etc/php/a.conf") == (path, who)

    def test_the_group_root_may_write_while_nobody_else_is_in_it(self) -> None:
        changed = {"/etc/php": stat("directory", 0o775)}
        assert open_to_others(a_host(changed), "/etc/php/a.conf") is None
        assert open_to_others(a_host(changed, members=("alice",)), "/etc/php/a.conf") == "/etc/php"
        assert open_to_others(a_host(changed, acls=("/etc/php",)), "/etc/php/a.conf") == "/etc/php", (
            "the group bits are the mask of some entry"
        )

    def test_an_acl_that_lets_nobody_write_is_none(self) -> None:
        assert open_to_others(a_host(acls=("/etc/php", "/etc/php/a.conf")), "/etc/php/a.conf") is None

    def test_a_link_of_roots_is_followed(self) -> None:
        home = {
            "/home": stat("directory", 0o755),
            "/home/alice": stat("directory", 0o755, uid=1000),
            "/home/alice/a": stat(),
        }
        assert (
            open_to_others(a_host(home).link("/etc/php/b.conf", "../../home/alice/a"), "/etc/php/b.conf")
            == "/home/alice"
        )
        assert open_to_others(a_host().link("/etc/php/b.conf", "a.conf"), "/etc/php/b.conf") is None

    def test_a_loop_of_links_is_one(self) -> None:
        assert open_to_others(a_host().link("/etc/x", "y").link("/etc/y", "x"), "/etc/x") in (
            "/etc/x",
            "/etc/y",
        )
        assert open_to_others(a_host().denying("/etc/php/a.conf"), "/etc/php/a.conf") is None, (
            "a stat needs no right on the file"
        )

    def test_an_absent_file_is_as_safe_as_its_directory(self) -> None:
        assert open_to_others(a_host(), "/etc/php/new/file") is None
        assert open_to_others(a_host().stated("/tmp", stat("directory", 0o1777)), "/tmp/new") == "/tmp"

    def test_a_path_of_thousands_of_parts_is_walked(self) -> None:
        assert open_to_others(a_host(), "/etc" + "/a" * 3000) is None

    def test_the_directories_of_a_pattern(self) -> None:
        host = FakeHost({"/home/a/conf/x": "", "/home/b/conf/y": ""})
        assert folders(host, "/etc/nginx/*.conf") == ["/etc/nginx"]
        links = {"/home/a": ".", "/home/a/c": ".", "/home/b": "."}
        assert folders(FakeHost(links=links), "/home/*/c/*.conf") == [
            "/home",
            "/home/a",
            "/home/b",
            "/home/a/c",
        ]
        assert folders(host, "/*/x.conf")[0] == "/"

    @pytest.mark.parametrize(
        "path, mode",
        [
            ("/etc/php/8.2/fpm/php.ini", 0o666),
            ("/etc/php/8.2/fpm/conf.d/20-x.ini", 0o666),
            ("/etc/php/8.2/fpm/conf.d", 0o777),
        ],
    )
    def test_what_php_ini_loads_counts_as_configuration(self, path: str, mode: int) -> None:
        config = "/etc/php/8.2/fpm/php-fpm.conf"
        files = {config: "[global]\n", "/etc/php/8.2/fpm/php.ini": "", "/etc/php/8.2/fpm/conf.d/20-x.ini": ""}
        stats = {"/etc/php/8.2/fpm/conf.d": stat("directory", 0o755)}
        assert Reading(FakeHost(files, stats=stats), config, "/usr", None).writable is None
        opened = dict(stats, **{path: stat("directory" if path.endswith(".d") else "file", mode)})
        assert Reading(FakeHost(files, stats=opened), config, "/usr", None).writable == (path, "everybody")


class TestProcess:
    """Whether a process is root's own program."""

    def test_roots_php_fpm_at_its_path_is_roots(self) -> None:
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
    def test_decoys_that_call_themselves_php_fpm(
        self, uids: Tuple[int, ...], exe: Optional[str], host: FakeHost, why: str
    ) -> None:
        assert not_roots(host, 7, uids, exe, ("fpm",)) == why

    def test_a_program_that_an_upgrade_has_replaced_is_still_roots(self) -> None:
        assert not_roots(running(inode=6), 7, ROOTS, FPM + " (deleted)", ("fpm",)) is None

    def test_without_root_an_unreadable_program_is_believed(self) -> None:
        assert not_roots(FakeHost(root=False), 7, ROOTS, None, ("fpm",)) is None

    def test_a_process_whose_users_cannot_be_read_is_not_roots(self) -> None:
        assert not_roots(running(), 7, (), FPM, ("fpm",)) is not None

    def test_only_a_stranger_is_listed(self) -> None:
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


class TestNamed:
    """The real path of a file that a configuration names."""

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
    def test_links_are_followed_where_root_alone_makes_them(
        self, path: str, links: Dict[str, str], real: str
    ) -> None:
        assert named(a_host(links=links, **LINKED), path) == real

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
    def test_a_link_that_somebody_else_can_make_is_refused(
        self,
        links: Dict[str, str],
    ) -> None:
        path = SITE if SITE in links else "/home/alice/site/a"
        with pytest.raises(HostError) as refused:
            named(a_host(links=links, **LINKED), path)
        assert (
            refused.value.errno == 1
            and "alice can write /home/alice" in refused.value.why
            and " is a link" in refused.value.why
        )

    def test_an_account_that_reads_all_follows_no_more_than_root(self) -> None:
        """As the monitor's, with CAP_DAC_READ_SEARCH alone."""
        for rights, follows in (("0000000000000004", False), ("0000000000000000", True)):
            host = a_host(links={"/home/alice/site/a": "real.conf"}, root=False, **LINKED)
            status = "Name:\tx\nCapPrm:\t%s\nCapEff:\t%s\n" % (rights, rights)
            host.files["/proc/self/status"] = status.encode("ascii")
            try:
                assert named(host, "/home/alice/site/a") and follows
            except HostError as refused:
                assert "not followed" in refused.why and not follows

    def test_an_account_that_looks_for_itself_follows_its_own_links(self) -> None:
        assert (
            named(
                a_host(links={"/home/alice/site/a": "real.conf"}, root=False, **LINKED), "/home/alice/site/a"
            )
            == "/home/alice/site/real.conf"
        )

    @pytest.mark.parametrize("target", ["/dev/zero", "/proc/7/root/x", "/etc/nginx/../../dev/zero"])
    def test_devices_or_files_of_the_kernel_are_refused(self, target: str) -> None:
        for path, links in ((target, {}), (SITE, {SITE: target})):  # type: str, Dict[str, str]
            with pytest.raises(HostError) as refused:
                named(a_host(links=links, **LINKED), path)
            assert "not a regular file" in refused.value.why

    def test_a_loop_of_links_ends(self) -> None:
        with pytest.raises(HostError) as refused:
            named(a_host().link("/etc/a", "b").link("/etc/b", "a").file("/etc/c"), "/etc/a")
        assert "a loop of links" in refused.value.why

    def test_a_file_that_is_absent_is_absent(self) -> None:
        with pytest.raises(HostError) as refused:
            named(a_host(**LINKED), "/etc/nginx/nothing.conf")
        assert refused.value.absent
