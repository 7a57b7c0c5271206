# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of /proc, from Debian 11, 12 and 13 in containers on a host with hybrid control groups."""

import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import proc
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("proc")
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


class TestProcess:
    @pytest.mark.parametrize("host", HOSTS)
    def test_stat_of_a_worker_names_its_master(self, host: str) -> None:
        master, worker = (
            proc.parse_stat(fixture("%s-%s.stat" % (host, role))) for role in ("master", "worker")
        )
        assert master is not None and worker is not None
        assert worker.comm == "php-fpm" + host.split("-")[0]
        assert fixture(host + "-master.stat").startswith("%d " % worker.ppid)
        assert worker.start_ticks > master.start_ticks
        assert worker.rss_pages * 4 == pytest.approx(
            proc.parse_kb(fixture(host + "-worker.smaps_rollup"))["Rss"], rel=0.05
        )

    def test_name_with_brackets_does_not_shift_the_fields(self) -> None:
        text = fixture("8.2-debian12-worker.stat").replace("(php-fpm8.2)", "(a) S 1 (b)")
        stat = proc.parse_stat(text)
        assert stat is not None
        assert (stat.comm, stat.state) == ("a) S 1 (b", "S")
        assert proc.parse_stat("") is None

    @pytest.mark.parametrize("host", HOSTS)
    def test_effective_ids_with_groups(self, host: str) -> None:
        worker = proc.parse_status(fixture(host + "-worker.status"))
        assert (worker.uid, worker.gid, worker.groups, worker.namespaces) == (33, 33, [33], 1)
        assert proc.parse_status(fixture(host + "-master.status")).uid == 0
        assert proc.parse_status("Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t900\t7\n")[:4] == (2, 6, [], 2)

    @pytest.mark.parametrize("host", HOSTS)
    def test_title_loses_its_padding(self, host: str) -> None:
        assert proc.parse_cmdline(fixture(host + "-worker.cmdline")) == "php-fpm: pool www"
        assert proc.parse_cmdline("/usr/sbin/nginx\0-g\0daemon off;\0") == "/usr/sbin/nginx -g daemon off;"


class TestUnitOfCgroup:
    @pytest.mark.parametrize("host", HOSTS)
    def test_unit_comes_from_the_cgroup(self, host: str) -> None:
        path = proc.cgroup_path(proc.parse_cgroup(fixture(host + "-worker.cgroup")))
        assert (
            proc.unit_of(proc.below(path, path.partition("/system.slice")[0]))
            == "php%s-fpm.service" % host.split("-")[0]
        )

    @pytest.mark.parametrize(
        "path, unit",
        [
            ("/system.slice/php8.2-fpm.service", "php8.2-fpm.service"),
            ("/system.slice/system-php\\x2dfpm.slice/php-fpm@shop.service", "php-fpm@shop.service"),
            ("/system.slice/php8.2-fpm.service/payload", "php8.2-fpm.service"),
            ("/web.slice/web-php.slice/php-fpm.service/a/b.scope", "php-fpm.service"),
            ("/php-fpm.service", "php-fpm.service"),
            ("/user.slice/user-0.slice/session-3.scope", None),
            ("/docker/0123", None),
            ("/", None),
            ("", None),
            ("/..", None),
            ("/../system.slice/php-fpm.service", None),
        ],
    )
    def test_unit_is_the_service_right_below_the_slices(self, path: str, unit: str) -> None:
        assert proc.unit_of(path) == unit

    @pytest.mark.parametrize(
        "path, unit",
        [
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service", None),
            ("/user.slice/user-0.slice/user@0.service/php8.2-fpm.service", None),
            ("/user.slice/php8.2-fpm.service", None),
            ("/user@1000.service/app.slice/php8.2-fpm.service", None),
            ("/system.slice/user@1000.service/php8.2-fpm.service", None),
            ("/user.slice/user-1000.slice/session-3.scope/php8.2-fpm.service", None),
            ("/machine.slice/libpod-0123.scope/container/system.slice/php8.2-fpm.service", None),
            (
                "/machine.slice/systemd-nspawn@web.service/payload/system.slice/php8.2-fpm.service",
                "systemd-nspawn@web.service",
            ),
            ("/lxc.payload.web/system.slice/php8.2-fpm.service", None),
            (
                "/kubepods.slice/kubepods-pod7.slice/cri-containerd-01.scope/system.slice/php8.2-fpm.service",
                None,
            ),
            ("/system.slice/runner.service/system.slice/php8.2-fpm.service", "runner.service"),
            ("/app/system.slice/php8.2-fpm.service", None),
        ],
    )
    def test_decoy_cgroup_that_a_user_named_like_a_unit(self, path: str, unit: str) -> None:
        assert proc.unit_of(path) == unit

    @pytest.mark.parametrize(
        "path, home, seen",
        [
            ("/system.slice/x.service", "/", "/system.slice/x.service"),
            ("/docker/c1/system.slice/x.service", "/docker/c1", "/system.slice/x.service"),
            ("/docker/c1", "/docker/c1", "/"),
            ("/docker/c12/system.slice/x.service", "/docker/c1", ""),
            ("/system.slice/x.service", "/docker/c1", ""),
            ("", "/", "/"),
        ],
    )
    def test_prefix_of_a_container_is_cut_off(self, path: str, home: str, seen: str) -> None:
        assert proc.below(path, home) == seen


class TestOddNames:
    """Accounts choose names of cgroups and mount points, and a form feed may stand in them."""

    ODD = ["\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028"]

    @pytest.mark.parametrize("end", ODD)
    def test_decoy_a_cgroup_brings_no_line_of_its_own(self, end: str) -> None:
        path = "/user.slice/x%s0::/system.slice/php8.2-fpm.service" % end
        text = "1:name=systemd:%s\n0::/user.slice\n" % path
        assert proc.cgroup_path(proc.parse_cgroup(text)) == "/user.slice"
        assert (
            proc.limiting_cgroup("1:name=systemd:/x%s9:memory:/y\n0::/z\n" % end, "", "memory").path == "/z"
        )

    @pytest.mark.parametrize("end", ODD)
    def test_hit_a_mount_point_is_seen_whole(self, end: str) -> None:
        row = "9 8 0:7 / /home/stranger/a%sb rw - fuse.sshfs me rw\n" % end
        assert proc.far_mounts(row) == ["/home/stranger/a%sb" % end]


class TestLimitingCgroup:
    def test_version_2(self) -> None:
        assert (
            proc.cgroup_path(proc.parse_cgroup("0::/system.slice/php-fpm.service\n"))
            == "/system.slice/php-fpm.service"
        )
        assert (
            proc.cgroup_path(proc.parse_cgroup("5:memory:/a\n1:name=systemd:/system.slice/x.service\n"))
            == "/system.slice/x.service"
        )
        assert proc.cgroup_path([]) == ""

    def test_memory_of_a_hybrid_host_through_a_container_mount(self) -> None:
        mounts = fixture("8.2-debian12-master.mountinfo")
        cgroup = proc.limiting_cgroup(fixture("8.2-debian12-master.cgroup"), mounts, "memory")
        assert (cgroup.version, cgroup.point, cgroup.inside) == (1, "/sys/fs/cgroup/memory", "")
        assert cgroup.directories == ["/sys/fs/cgroup/memory"]

    @pytest.mark.parametrize("controller, version", [("memory", 2), ("cpu", 1)])
    def test_version_1_limits_where_a_hybrid_host_has_it(self, controller: str, version: int) -> None:
        mounts = (
            "30 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
            "31 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        )
        cgroup = proc.limiting_cgroup("4:cpu,cpuacct:/a\n0::/b/c\n", mounts, controller)
        assert cgroup.version == version
        assert cgroup.directories == (
            ["/sys/fs/cgroup/cpu,cpuacct/a", "/sys/fs/cgroup/cpu,cpuacct"]
            if version == 1
            else ["/sys/fs/cgroup/unified/b/c", "/sys/fs/cgroup/unified/b", "/sys/fs/cgroup/unified"]
        )

    @pytest.mark.parametrize(
        "root, point, path, below",
        [
            ("/", "/sys/fs/cgroup", "/system.slice/php-fpm.service", "system.slice/php-fpm.service"),
            ("/pod/c1", "/sys/fs/cgroup", "/pod/c1/system.slice/x.service", "system.slice/x.service"),
            ("/pod/c1", "/sys/fs/cgroup", "/pod/c12/x.service", ""),
        ],
    )
    def test_root_of_the_mount_is_cut_off_a_version_2_path(
        self, root: str, point: str, path: str, below: str
    ) -> None:
        mounts = "29 23 0:26 %s %s rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n" % (root, point)
        assert proc.limiting_cgroup("0::%s\n" % path, mounts, "memory") == (2, path, point, below)

    def test_unmounted_cgroup_has_a_path_without_directories(self) -> None:
        cgroup = proc.limiting_cgroup("0::/a\n", "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "memory")
        assert (cgroup.path, cgroup.point, cgroup.directories) == ("/a", None, [])


class TestFarMounts:
    @pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse", "fuse.sshfs", "autofs", "9p"])
    def test_a_place_of_a_server_or_a_program_is_far(self, kind: str) -> None:
        row = "36 35 0:41 / /srv/web\\040site rw,relatime shared:1 - %s server:/web rw\n" % kind
        assert proc.far_mounts(row) == ["/srv/web site"]

    @pytest.mark.parametrize(
        "place, kind",
        [
            ("/", "ext4"),
            ("/srv", "nfsd"),
            ("/srv", "fuseblk"),
            ("/proc/stat", "fuse.lxcfs"),
            ("/dev/x", "autofs"),
        ],
    )
    def test_a_disk_and_the_kernels_own_files_are_not(self, place: str, kind: str) -> None:
        assert proc.far_mounts("36 35 0:41 / %s rw - %s none rw\n" % (place, kind)) == []
