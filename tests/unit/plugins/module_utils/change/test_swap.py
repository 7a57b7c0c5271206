# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file as a step: when it is refused, and what it runs."""

import os
import subprocess
from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap, swap_file
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap import swap_on
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import Facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_file import swap_off
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import Mount
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.swap_files import (
    ACTIVE,
    CGROUP,
    ENTRY,
    GIB,
    MEMORY,
    facts,
    made,
    programs,
)


def refusal(place: Facts, size: int = 8 * MIB) -> str:
    with pytest.raises(Refusal) as caught:
        swap_on(place, size, True)
    return str(caught.value)


class TestSwapOn:
    def test_what_is_so_already_needs_no_step(self) -> None:
        for step in (
            swap_on(made(), 8 * MIB, True),
            swap_on(made(fstab=None), 8 * MIB, False),
            swap_off(facts()),
        ):
            assert (step.changes, step.commands) == ([], [])

    def test_a_new_file_is_made_before_it_is_used(self) -> None:
        step = swap_on(facts(), 8 * MIB, True)
        assert programs(step) == ["sh", "fallocate", "mkswap", "swapon"]
        assert step.commands[1].do == ["/sbin/fallocate", "-l", "8388608", "/swapfile"]
        assert [(change.path, change.before, change.after) for change in step.changes] == [
            ("/etc/fstab", b"proc /proc proc\n", b"proc /proc proc\n/swapfile none swap sw 0 0\n")
        ]

    def test_only_what_is_not_so_yet_is_done(self) -> None:
        assert programs(swap_on(made(active=None), 8 * MIB, True)) == ["swapon"]
        entered = swap_on(made(fstab=None), 8 * MIB, True)
        assert (
            entered.commands == []
            and entered.changes[0].before is None
            and entered.changes[0].after == ENTRY.encode()
        )
        assert swap_on(made(), 8 * MIB, False).changes[0].after == b""

    def test_copy_on_write_ends_while_the_file_is_empty(self) -> None:
        step = swap_on(facts(mount=Mount("/", "btrfs")), 8 * MIB, True)
        assert programs(step) == ["sh", "chattr", "fallocate", "mkswap", "swapon"]
        assert step.commands[1].do == ["/sbin/chattr", "+C", "/swapfile"]

    def test_zeros_are_written_in_pieces_that_a_time_limit_allows(self) -> None:
        step = swap_on(facts(mount=Mount("/", "ext3")), 1100 * MIB, True)
        assert programs(step) == ["sh", "dd", "dd", "dd", "mkswap", "swapon"]
        assert [
            [word for word in command.do if word[:4] in ("seek", "coun")] for command in step.commands[1:4]
        ] == [["seek=0", "count=512"], ["seek=512", "count=512"], ["seek=1024", "count=76"]]

    @pytest.mark.parametrize(
        "more, says",
        [
            (
                {"memory": dict(CGROUP, swap_limit=0)},
                "the control group, /sys/fs/cgroup/system.slice/memory.max (300 MiB), which allows no swap",
            ),
            ({"mount": Mount("/", "overlay")}, "overlay"),
            ({"mount": Mount("/x", "tmpfs")}, "tmpfs (/x)"),
            ({"mount": None}, "mountinfo"),
            ({"free": GIB}, "less than a tenth"),
            ({"privileged": False}, "CAP_SYS_ADMIN"),
            ({"programs": {}}, "not installed (package util-linux)"),
            (
                {"mount": Mount("/", "btrfs"), "programs": {"fallocate": "", "mkswap": ""}},
                "chattr is not installed (package e2fsprogs)",
            ),
            (
                {"kind": "file", "size": 8 * MIB, "is_swap": True, "mode": 0o600, "privileged": False},
                "CAP_SYS_ADMIN",
            ),
            ({"kind": "file", "size": 8 * MIB}, "is not a swap file"),
            ({"kind": "directory"}, "is not a swap file"),
            ({"kind": "link"}, "is not a swap file"),
            ({"kind": "file", "size": 8 * MIB, "is_swap": True, "mode": 0o644}, "mode 0644"),
            ({"kind": "file", "is_swap": True, "uid": 1000}, "chown"),
            ({"kind": "file", "is_swap": True, "mode": 0o600, "size": 16 * MIB}, "of 16 MiB, not of 8 MiB"),
        ],
    )
    def test_hit_where_swap_cannot_help_or_be(self, more: Dict[str, Any], says: str) -> None:
        assert says in refusal(facts(**more))

    @pytest.mark.parametrize(
        "more",
        [
            {"memory": dict(CGROUP, swap_limit=300 * MIB)},
            {"memory": dict(CGROUP, swap_limit=None)},
            {"memory": dict(MEMORY, swap_limit=0)},
            {"memory": dict(MEMORY, limit_from=None, limit_bytes=None)},
            {"free": GIB + 8 * MIB},
            {"fstab": None},
            {"mount": Mount("/", "xfs")},
        ],
    )
    def test_near_miss_where_it_can(self, more: Dict[str, Any]) -> None:
        assert programs(swap_on(facts(**more), 8 * MIB, True))[-1] == "swapon"

    def test_what_is_in_use_stays_so_whatever_forbids_it_now(self) -> None:
        assert (
            swap_on(
                made(memory=dict(CGROUP, swap_limit=0), privileged=False, free=0, programs={}), 8 * MIB, True
            ).commands
            == []
        )


class TestSwapOff:
    def test_the_file_goes_once_it_is_out_of_use(self) -> None:
        step = swap_off(made())
        assert programs(step) == ["swapoff", "rm"] and step.changes[0].after == b""
        assert programs(swap_off(made(active=None, privileged=False, programs={}))) == ["rm"]

    @pytest.mark.parametrize(
        "place, says",
        [
            (made(is_swap=False), "is not a swap file"),
            (made(privileged=False), "CAP_SYS_ADMIN"),
            (
                made(active=ACTIVE._replace(used_kb=GIB // 2048)),
                "512 MiB of /swapfile are in use, and only 256 MiB",
            ),
        ],
    )
    def test_what_may_not_go_is_refused(self, place: Facts, says: str) -> None:
        with pytest.raises(Refusal) as caught:
            swap_off(place)
        assert says in str(caught.value)


def undo(script: str, *words: str) -> int:
    return subprocess.run(
        ["sh", "-c", script, "sh"] + list(words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


class TestUndo:
    @pytest.mark.parametrize(
        "used, available, ends", [(10, 11, True), (11, 11, False), (0, 11, True), (None, 11, True)]
    )
    def test_it_ends_the_use_only_when_memory_can_take_it(
        self, tmp_path: Any, used: Any, available: int, ends: bool
    ) -> None:
        path = tmp_path / "swap"
        path.write_text("")
        rows = ["Filename Type Size Used Priority", "/other file 4096 4000 -2"] + (
            ["%s file 4096 %d -3" % (path, used)] if used is not None else []
        )
        (tmp_path / "swaps").write_text("".join(row + "\n" for row in rows))
        (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable: %d kB\nBuffers: 1 kB\n" % available)

        def on_host(script: str) -> str:
            return script.replace("/proc/", "%s/" % tmp_path)

        assert (undo(on_host(swap._OFF), str(path), "true") == 0) == ends
        assert undo(on_host(swap._OFF), str(path), "false") == (0 if used is None else 1)
        assert (undo(on_host(swap._REMOVE), str(path)) == 0) == (used is None) == (not path.exists())

    @pytest.mark.skipif(not os.path.exists("/proc/swaps"), reason="no /proc/swaps here")
    def test_it_takes_so_already_for_success(self, tmp_path: Any) -> None:
        path = str(tmp_path / "swap")
        assert undo(swap._OFF, path, "false") == 0  # it is not in use
        assert undo(swap_file._ON, path, "false") == 0  # there is nothing to use
        (tmp_path / "swap").write_text("")
        assert undo(swap_file._ON, path, "false") != 0
        assert undo(swap_file._ON, path, "true") == 0
