# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills for memory, and crashes, on described hosts."""

from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.kernel import (
    BOOT,
    IDS,
    NOW,
    a_machine,
    killed,
    ring,
    unit_killed,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.signatures import examples


class TestContainer:
    """Which kills of a shared ring are ours."""

    def test_only_kills_below_our_own_cgroup_are_ours(self) -> None:
        path = "/libpod_parent/libpod-" + IDS["php-fpm8.2"]
        control = "/sys/fs/cgroup/memory/memory.oom_control"
        machine = (
            a_machine()
            .file("/proc/1/cgroup", "4:memory:%s\n0::%s/init.scope\n" % (path, path))
            .mounted("1089 1085 0:32 %s /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" % path)
            .file(control, "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
            .journal("")
        )
        oom = machine.oom()
        assert [
            (kill["comm"], kill["ours"], kill["fpm"], kill["kind"], kill["limit_kb"], kill["source"])
            for kill in oom["kills"]
        ] == [("php-fpm8.2", True, True, "cgroup", 307200, "kernel")]
        assert oom["kills"][0]["at"] == pytest.approx(BOOT + 1390.373711 + 3500, abs=0.01)
        assert oom["elsewhere"] == 2 and oom["counter"] == 1 and oom["counters"] == {path: 1}

    def test_on_a_machine_everything_is_ours(self) -> None:
        oom = a_machine().oom()
        assert [kill["ours"] for kill in oom["kills"]] == [True] * 3 and oom["counter"] is None

    def test_decoy_a_sibling_whose_name_begins_alike(self) -> None:
        machine = (
            a_machine()
            .init_in_version1("/libpod_parent/libpod-b97a")
            .mounted("1 1 0:1 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
        )
        oom = machine.oom()
        assert oom["kills"] == [] and oom["elsewhere"] == 3

    def test_in_a_private_namespace_the_containers_id_decides(self) -> None:
        oom = a_machine().in_private_namespace(IDS["php-fpm7.4"]).oom()
        assert [(kill["comm"], kill["ours"]) for kill in oom["kills"]] == [("php-fpm7.4", True)]
        assert oom["elsewhere"] == 2

    def test_without_an_id_a_private_namespace_is_unknown(self) -> None:
        machine = a_machine().init_in("/").in_private_namespace()
        assert [kill["ours"] for kill in machine.kills()] == [None, None, None]

    def test_with_a_counter_of_zero_no_kill_is_ours(self) -> None:
        machine = a_machine().init_in("/").in_private_namespace()
        machine.file("/sys/fs/cgroup/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n")
        assert machine.kills() == []

    def test_kills_before_the_window_are_left_out(self) -> None:
        assert a_machine().init_in("/").ring(ring(1000.0)).kills() == []

    def test_a_kill_before_the_last_boot_stands_in_the_journal(self, monkeypatch: Any) -> None:
        lines = [line.split("] ", 1)[1] for line in killed("/system.slice/a.service", "NONE").splitlines()]
        lines.insert(1, "Total swap = 0kB")
        text = "".join("%.1f web1 kernel: %s\n" % (NOW - 600, line) for line in lines)
        machine = a_machine().init_in("/").ring("").journal(text, kernel=True)
        monkeypatch.setattr(machine, "boottime", lambda: 300.0)
        found = [(kill["kind"], kill["swap_kb"], kill["source"]) for kill in machine.kills()]
        assert found == [("global", 0, "journal")]
        monkeypatch.setattr(machine, "boottime", lambda: 5000.0)
        assert machine.kills() == []  # the ring would have it

    @pytest.mark.parametrize(
        "namespace, own", [("pid:[4026531836]", True), ("pid:[4026532501]", False), (None, False)]
    )
    def test_the_rings_pids_are_ours_outside_of_a_container(
        self, namespace: Optional[str], own: bool
    ) -> None:
        machine = a_machine()
        if namespace:
            machine.link("/proc/self/ns/pid", namespace)
        assert machine.oom()["own_pids"] is own


class TestVictim:
    """Whose a victim was."""

    @pytest.mark.parametrize(
        "memcg, unit, masters, vague",
        [
            ("/system.slice/php8.2-fpm.service", "php8.2-fpm.service", [31], False),
            ("/system.slice/php8.2-fpm.service/payload", "php8.2-fpm.service", [31], False),
            ("/system.slice/php8.4-fpm.service", "php8.4-fpm.service", [], False),
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service", None, [], False),
            ("/user.slice/user-1000.slice/session-3.scope", None, [], False),
            ("/user.slice", None, [], False),
            ("/system.slice/docker-01.scope/system.slice/php8.2-fpm.service", None, [], False),
            # Where a unit's memory is not counted apart, its victims are named by what is above it.
            ("/system.slice", None, [], True),
            ("/", None, [], True),
        ],
    )
    @pytest.mark.parametrize("constraint", ["MEMCG", "NONE"])
    @pytest.mark.parametrize("home", ["", "/lxc/c1"])
    def test_the_cgroup_decides_not_the_name(
        self, memcg: str, unit: Optional[str], masters: Any, vague: bool, constraint: str, home: str
    ) -> None:
        victim = home + memcg.rstrip("/") if home else memcg
        machine = (
            a_machine()
            .init_in(home + "/init.scope")
            .master_in(home + "/system.slice/php8.2-fpm.service")
            .ring(killed(victim, constraint))
        )
        kill = machine.kills()[0]
        assert (kill["fpm"], kill["ours"], kill["unit"], kill["masters"], kill["vague"]) == (
            True,
            True,
            unit,
            masters,
            vague,
        )

    @pytest.mark.parametrize(
        "memcg, masters, vague",
        [
            ("/system.slice/supervisor.service", [31], False),
            ("/system.slice/cron.service", [], False),
            ("/user.slice/user-1000.slice/session-3.scope", [], False),
        ],
    )
    def test_another_supervisors_master_has_its_own_cgroup(
        self, memcg: str, masters: Any, vague: bool
    ) -> None:
        kill = a_machine().master_in("/system.slice/supervisor.service").ring(killed(memcg)).kills()[0]
        assert (kill["masters"], kill["vague"]) == (masters, vague)

    def test_where_all_live_in_one_cgroup_it_is_vague(self) -> None:
        machine = a_machine().init_in("/docker/c1").master_in("/docker/c1").ring(killed("/docker/c1"))
        kill = machine.kills()[0]
        assert (kill["ours"], kill["unit"], kill["masters"], kill["vague"]) == (True, None, [], True)

    @pytest.mark.parametrize(
        "memcg, unit, vague",
        [
            (
                "/machine.slice/libpod-%s.scope/container/system.slice/php8.2-fpm.service",
                "php8.2-fpm.service",
                False,
            ),
            ("/system.slice/docker-%s.scope/system.slice/php8.2-fpm.service", "php8.2-fpm.service", False),
            ("/docker/%s/user.slice/user-1.slice/user@1.service/php8.2-fpm.service", None, False),
            ("/docker/%s", None, True),
            ("/system.slice/docker-%s.scope/container", None, True),
        ],
    )
    def test_the_unit_stands_behind_the_containers_id(
        self, memcg: str, unit: Optional[str], vague: bool
    ) -> None:
        container = IDS["php-fpm8.2"]
        machine = a_machine().in_private_namespace(container).ring(killed(memcg % container))
        kill = machine.kills()[0]
        assert (kill["ours"], kill["unit"], kill["vague"]) == (True, unit, vague)

    def test_decoy_a_cgroup_with_a_forged_name(self) -> None:
        """Who may make cgroups may call one "x,task_memcg=": what follows would be read as the victim's
        place.
        """
        forged = "/user.slice/user-1000.slice/user@1000.service/x,task_memcg=/system.slice/php8.2-fpm.service"
        machine = a_machine().master_in("/system.slice/php8.2-fpm.service").ring(killed(forged))
        kill = machine.kills()[0]
        assert (kill["cgroup"], kill["unit"], kill["masters"], kill["vague"]) == (None, None, [], True)


class TestJournal:
    """What systemd and its daemons add."""

    def test_a_units_counter_makes_us_ask_systemd(self) -> None:
        unit = "/system.slice/php8.2-fpm.service"
        machine = (
            a_machine()
            .ring("")
            .master_in(unit)
            .file("/sys/fs/cgroup%s/memory.events" % unit, "oom 1\noom_kill 3\n")
            .journal(unit_killed(NOW - 4.9))
        )
        oom = machine.oom()
        assert oom["counter"] == 3
        assert [(kill["unit"], kill["source"], kill["ours"], kill["fpm"]) for kill in oom["kills"]] == [
            ("php8.2-fpm.service", "journal", True, True)
        ]

    def test_a_kill_in_ring_with_journal_is_one_kill(self) -> None:
        """The kernel names the container's cgroup alone, as where version 1 limits memory."""
        path = "/libpod_parent/libpod-" + IDS["php-fpm8.2"]
        machine = (
            a_machine()
            .init_in_version1(path)
            .mounted("1 1 0:1 %s /sys/fs/cgroup rw - cgroup cgroup rw,memory\n" % path)
            .with_oomd()
            .journal(unit_killed(BOOT + 4891))
        )
        assert [(kill["unit"], kill["vague"], kill["source"]) for kill in machine.kills()] == [
            ("php8.2-fpm.service", False, "kernel")
        ]

    def test_near_miss_systemd_reports_another_unit(self) -> None:
        machine = (
            a_machine()
            .ring(killed("/user.slice/user-1000.slice/session-3.scope"))
            .journal(unit_killed(NOW - 40))
            .file("/sys/fs/cgroup/memory.events", "oom_kill 1\n")
        )
        assert [(kill["unit"], kill["source"]) for kill in machine.kills()] == [
            (None, "kernel"),
            ("php8.2-fpm.service", "journal"),
        ]

    def test_the_journal_is_not_asked_without_a_reason(self) -> None:
        machine = a_machine()
        machine.oom()
        assert [call[0] for call in machine.calls] == ["dmesg"]

    def test_systemd_oomd_is_found_in_the_journal(self) -> None:
        line = next(
            example.line
            for example in examples.every("linux", "journal.log")
            if example.verdict[0] == "sd-oomd-pressure"
        )
        words = "%.1f %s\n" % (NOW - 10, line.split(" ", 3)[3])
        kills = a_machine().ring("").with_oomd().journal(words).kills()
        assert [(kill["kind"], kill["unit"], kill["fpm"], kill["source"]) for kill in kills] == [
            ("systemd_oomd", "php8.2-fpm.service", True, "journal")
        ]

    def test_decoy_a_users_unit_that_systemd_oomd_killed(self) -> None:
        unit = "/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service"
        words = (
            "%.1f web1 systemd-oomd[9]: Killed %s due to memory pressure for /user.slice being "
            "60.00%% > 50.00%% for > 20s with reclaim activity\n" % (NOW - 10, unit)
        )
        kills = a_machine().ring("").with_oomd().journal(words).kills()
        assert [(kill["unit"], kill["fpm"]) for kill in kills] == [(None, False)]

    def test_without_the_ring_the_journal_is_read(self) -> None:
        kernel = "".join(
            "%.6f web1 kernel: %s\n" % (BOOT + float(line[1:].split("]")[0]), line.split("] ", 1)[1])
            for line in ring().splitlines()
        )
        refusal = "dmesg: read kernel buffer failed: Operation not permitted\n"
        machine = a_machine().answers("dmesg -r", err=refusal, rc=1).journal(kernel, kernel=True)
        assert [kill["source"] for kill in machine.kills()] == ["journal"] * 3
        assert [entry["what"] for entry in machine.missing] == ["kernel_log"]


class TestCrash:
    def test_a_crash_of_php_fpm_is_listed_with_its_library(self) -> None:
        line = (
            "[ 4950.000000] php-fpm8.4[2140]: segfault at 0 ip 00007f2b1c0a8e21 sp 00007ffd3c1f2a90 "
            "error 6 in imagick.so[7f2b1c0a0000+52000] likely on CPU 3 (core 1, socket 0)\n"
        )
        oom = a_machine().ring(line).oom()
        assert [(crash["module"], crash["at"], crash["ours"]) for crash in oom["segfaults"]] == [
            ("imagick.so", BOOT + 4950, True)
        ]
