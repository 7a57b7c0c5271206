# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Swap as text: sizes, what the kernel lists, which mount a file lies in, what takes a swap file, and one
line of fstab.
"""

from typing import Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import (
    ALLOCATED,
    MIB,
    NOCOW,
    WRITTEN,
    Mount,
    Swap,
    file_system_refusal,
    fill_of,
    has_entry,
    human,
    kernel_version,
    mount_of,
    parse_swaps,
    plain,
    size_bytes,
    with_entry,
    without_entry,
)

NEW = (6, 1)
# Linux 6.12, Debian 13
SWAPS = """Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
/dev/vda2                               partition\t1048572\t\t512\t\t-2
/swapfile                               file\t\t8188\t\t12\t\t-3
/a/very/long/path/that/is/longer/than/forty/characters.swap file\t\t100\t\t0\t\t-4
/old\\040(deleted)                       file\t\t8188\t\t0\t\t-5
"""
MOUNTINFO = """21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
22 21 0:20 / /proc rw - proc proc rw
30 21 0:40 / /srv/data rw,relatime shared:9 master:2 - xfs /dev/vdb rw
31 21 0:41 / /var rw - tmpfs tmpfs rw
32 21 0:42 /@var /var rw - btrfs /dev/vdc rw
broken line
"""


class TestSizes:
    @pytest.mark.parametrize(
        "text, size",
        [
            ("512M", 512 * MIB),
            ("2G", 2048 * MIB),
            ("2 GiB", 2048 * MIB),
            ("1g", 1024 * MIB),
            ("64mb", 64 * MIB),
            ("1T", 1 << 40),
            ("1048576", MIB),
            ("1048577", 2 * MIB),
            ("100K", MIB),
            (" 8M ", 8 * MIB),
        ],
    )
    def test_size_is_whole_mebibytes(self, text: str, size: int) -> None:
        assert size_bytes(text) == size

    @pytest.mark.parametrize("text", ["", "M", "0", "0G", "-1", "1.5G", "2X", "2GM", "all", "1G extra", "٣M"])
    def test_anything_else_is_no_size(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no size"):
            size_bytes(text)

    def test_sizes_for_people(self) -> None:
        assert (human(512 * MIB), human(1024 * MIB), human(1536 * MIB), human(MIB // 2)) == (
            "512 MiB",
            "1 GiB",
            "1.5 GiB",
            "0.5 MiB",
        )


class TestSwapsAndMounts:
    def test_list_of_the_kernel(self) -> None:
        swaps = parse_swaps(SWAPS)
        assert swaps[:2] == [
            Swap("/dev/vda2", "partition", 1048572, 512),
            Swap("/swapfile", "file", 8188, 12),
        ]
        assert [swap.path for swap in swaps[2:]] == [
            "/a/very/long/path/that/is/longer/than/forty/characters.swap",
            "/old\\040(deleted)",
        ]
        assert parse_swaps("") == parse_swaps("Filename Type Size Used Priority\n") == []

    @pytest.mark.parametrize(
        "path, mount",
        [
            ("/swapfile", Mount("/", "ext4")),
            ("/srv/data/swap", Mount("/srv/data", "xfs")),
            ("/srv/data2/swap", Mount("/", "ext4")),
            ("/var/swap", Mount("/var", "btrfs")),
            ("/various/swap", Mount("/", "ext4")),
        ],
    )
    def test_deepest_last_mount_holds_a_file(self, path: str, mount: Mount) -> None:
        assert mount_of(MOUNTINFO, path) == mount

    def test_file_in_no_known_mount(self) -> None:
        assert mount_of("", "/swapfile") is None
        assert mount_of("30 21 0:40 / /srv rw - xfs /dev/vdb rw\n", "/swapfile") is None


class TestFileSystems:
    @pytest.mark.parametrize(
        "release, version",
        [
            ("4.18.0-553.el8_10.x86_64\n", (4, 18)),
            ("6.1.0-18-amd64", (6, 1)),
            ("10.0", (10, 0)),
            ("odd", (0, 0)),
        ],
    )
    def test_version_of_the_kernel(self, release: str, version: Tuple[int, int]) -> None:
        assert kernel_version(release) == version

    @pytest.mark.parametrize(
        "filesystem, kernel, says",
        [
            ("overlay", NEW, "container"),
            ("tmpfs", NEW, "memory itself"),
            ("nfs4", NEW, "network"),
            ("zfs", NEW, "locks up"),
            ("fuse.sshfs", NEW, "swapon refuses"),
            ("vfat", NEW, "others"),
            ("marsfs", NEW, "not known"),
            ("fuse", NEW, "not known"),
            ("btrfs", (4, 18), "Linux 5.0, and this is 4.18"),
            ("ext4", (3, 10), None),
            ("xfs", (3, 10), None),
            ("btrfs", (5, 0), None),
            ("ext2", NEW, None),
            ("ext3", NEW, None),
        ],
    )
    def test_which_take_a_swap_file(
        self, filesystem: str, kernel: Tuple[int, int], says: Optional[str]
    ) -> None:
        why = file_system_refusal(filesystem, kernel)
        assert (why is None) is (says is None) and (says or "") in (why or "")

    @pytest.mark.parametrize(
        "filesystem, kernel, fill",
        [
            ("ext4", (3, 10), ALLOCATED),
            ("xfs", (4, 18), ALLOCATED),
            ("xfs", (4, 17), WRITTEN),
            ("xfs", (3, 10), WRITTEN),
            ("btrfs", NEW, NOCOW),
            ("ext3", NEW, WRITTEN),
            ("ext2", NEW, WRITTEN),
        ],
    )
    def test_how_the_file_is_filled(self, filesystem: str, kernel: Tuple[int, int], fill: str) -> None:
        assert fill_of(filesystem, kernel) == fill


class TestFstab:
    @pytest.mark.parametrize(
        "path, expected",
        [
            ("/swapfile", True),
            ("/var/lib/x-1.swap", True),
            ("/a b", False),
            ("swapfile", False),
            ("/", False),
            ("//a", False),
            ("/a/", False),
            ("/a/../b", False),
            ("/a\nb", False),
            ("/a\\040", False),
            ("/a#b", False),
            ("/\u00e4", False),
            ("/a..b/.c", True),
        ],
    )
    def test_plain_path_is_written_alike_everywhere(self, path: str, expected: bool) -> None:
        assert plain(path) is expected

    def test_adding_then_removing_a_line_keeps_every_byte(self) -> None:
        added = with_entry(ODD, "/swapfile")
        assert added == ODD + "/swapfile none swap sw 0 0\n"
        assert with_entry(added, "/swapfile") == added
        assert without_entry(added, "/swapfile") == ODD

    def test_last_line_without_an_end_gets_one(self) -> None:
        assert with_entry("proc /proc proc", "/swapfile") == "proc /proc proc\n/swapfile none swap sw 0 0\n"
        assert with_entry("", "/swapfile") == "/swapfile none swap sw 0 0\n"

    @pytest.mark.parametrize(
        "line",
        [
            "/swapfile none swap sw 0 0",
            "/swapfile\tswap\tswap\tdefaults,pri=5",
            "  /swapfile   none swap defaults 0 0",
        ],
    )
    def test_entry_is_known_however_it_is_written(self, line: str) -> None:
        text = "a b c\n%s\nd e f" % line
        assert has_entry(text, "/swapfile") and with_entry(text, "/swapfile") == text
        assert without_entry(text, "/swapfile") == "a b c\nd e f"

    @pytest.mark.parametrize(
        "line",
        [
            "#/swapfile none swap sw 0 0",
            "# /swapfile none swap",
            "# note\x0b/swapfile none swap sw 0 0",
            "/swapfile2 none swap sw 0 0",
            "/mnt/swapfile none swap sw 0 0",
            "/swapfile /mnt ext4 loop 0 0",
            "/dev/vda2 /swapfile swap sw 0 0",
            "/swapfile none",
        ],
    )
    def test_near_miss_stays(self, line: str) -> None:
        assert not has_entry(line + "\n", "/swapfile")
        assert without_entry(line + "\n", "/swapfile") == line + "\n"


ODD = (
    "# a comment\r\nUUID=1\t/  ext4 defaults 0 1\n\n\x0b#/swapfile none swap sw 0 0\n"
    "/dev/vda2 none swap sw 0 0\n\udcff odd byte\n"
)
