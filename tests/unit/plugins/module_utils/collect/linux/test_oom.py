# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills for memory on described hosts. The ring is a real one, shared by three containers with a limit of 300
MiB.
"""

import os
from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.oom import collect_oom
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.signatures import examples
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FIXTURES = fixtures("logs")
IDS = {
    "php-fpm8.2": "b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959",
    "php-fpm7.4": "dd9b1ce9bd753d131616f2f4f4e069032ee40051c406f6df5385a1fbd852c1b6",
}
NOW = 1795387720.0
BOOT = NOW - 5000.0  # FakeHost.boottime()
MASTER = Process(
    31, 1, "php-fpm8.2", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)", None, 0, 0, [0], 0.0
)
JOURNAL = (
    "journalctl --no-pager -q -o short-unix --since @%d -n 2000"
    " _PID=1 + _SYSTEMD_UNIT=systemd-oomd.service + _SYSTEMD_UNIT=earlyoom.service"
)
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def ring(shift: float = 3500.0) -> str:
    """The captured ring with its times moved, as if it were written on the described host."""
    with open(os.path.join(FIXTURES, "linux6.18-cgroup1-oom"), encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    return "".join(
        "[%12.6f] %s\n" % (float(line[1:].split("]")[0]) + shift, line.split("] ", 1)[1]) for line in lines
    )


def host(
    cgroup: str,
    namespace: str = "cgroup:[4026531835]",
    dmesg: Any = None,
    mounts: str = V2_MOUNT,
    files: Optional[Dict[str, str]] = None,
    commands: Optional[Dict[str, Any]] = None,
) -> FakeHost:
    texts = {"/proc/1/cgroup": cgroup, "/proc/self/mountinfo": mounts}
    texts.update(files or {})
    return FakeHost(
        texts,
        dict({"dmesg": (0, ring(), "") if dmesg is None else dmesg}, **(commands or {})),
        links={"/proc/self/ns/cgroup": namespace},
        now=NOW,
    )


def test_in_a_container_only_kills_below_its_own_cgroup_are_ours() -> None:
    path = "/libpod_parent/libpod-" + IDS["php-fpm8.2"]
    one = host(
        "4:memory:%s\n0::%s/init.scope\n" % (path, path),
        mounts="1089 1085 0:32 %s /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" % path,
        files={"/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"},
        commands={JOURNAL % (NOW - 905): (0, "", "")},
    )
    found = collect_oom(one, [], NOW - 900, NOW)
    assert [
        (kill["comm"], kill["ours"], kill["fpm"], kill["kind"], kill["limit_kb"], kill["source"])
        for kill in found["kills"]
    ] == [("php-fpm8.2", True, True, "cgroup", 307200, "kernel")]
    assert found["kills"][0]["at"] == pytest.approx(BOOT + 1390.373711 + 3500, abs=0.01)
    assert found["elsewhere"] == 2 and found["counter"] == 1 and found["counters"] == {path: 1}


def test_on_a_machine_everything_is_ours() -> None:
    found = collect_oom(host("0::/init.scope\n"), [], NOW - 900, NOW)
    assert (
        len(found["kills"]) == 3 and all(kill["ours"] for kill in found["kills"]) and found["counter"] is None
    )


def test_a_sibling_whose_name_begins_alike_is_not_ours() -> None:
    found = collect_oom(
        host(
            "4:memory:/libpod_parent/libpod-b97a\n",
            mounts="1 1 0:1 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        ),
        [],
        NOW - 900,
        NOW,
    )
    assert found["kills"] == [] and found["elsewhere"] == 3


def test_in_a_private_namespace_the_containers_id_decides() -> None:
    mounts = (
        V2_MOUNT
        + "9 1 0:9 /var/lib/docker/containers/%s/hostname /etc/hostname rw - ext4 /dev/vda rw\n"
        % IDS["php-fpm7.4"]
    )
    found = collect_oom(host("0::/init.scope\n", "cgroup:[4026532500]", mounts=mounts), [], NOW - 900, NOW)
    assert [(kill["comm"], kill["ours"]) for kill in found["kills"]] == [("php-fpm7.4", True)] and found[
        "elsewhere"
    ] == 2


def test_in_a_private_namespace_without_an_id_nobody_knows() -> None:
    found = collect_oom(host("0::/\n", "cgroup:[4026532500]"), [], NOW - 900, NOW)
    assert [kill["ours"] for kill in found["kills"]] == [None, None, None]


def test_in_a_private_namespace_a_counter_of_zero_says_not_ours() -> None:
    one = host(
        "0::/\n",
        "cgroup:[4026532500]",
        files={"/sys/fs/cgroup/memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"},
    )
    assert collect_oom(one, [], NOW - 900, NOW)["kills"] == []


def test_kills_before_the_window_are_left_out() -> None:
    assert collect_oom(host("0::/\n", dmesg=(0, ring(1000.0), "")), [], NOW - 900, NOW)["kills"] == []


def test_the_units_own_counter_is_read_on_version_2_and_systemd_is_asked_for_the_unit() -> None:
    words = "1795387715.1 web1 systemd[1]: php8.2-fpm.service: A process of this unit has been killed by the OOM killer.\n"
    one = host(
        "0::/init.scope\n",
        files={
            "/proc/31/cgroup": "0::/system.slice/php8.2-fpm.service\n",
            "/sys/fs/cgroup/system.slice/php8.2-fpm.service/memory.events": "oom 1\noom_kill 3\n",
        },
        commands={JOURNAL % (NOW - 905): (0, words, "")},
        dmesg=(0, "", ""),
    )
    found = collect_oom(one, [MASTER], NOW - 900, NOW)
    assert found["counter"] == 3
    assert [(kill["unit"], kill["source"], kill["ours"], kill["fpm"]) for kill in found["kills"]] == [
        ("php8.2-fpm.service", "journal", True, True)
    ]


def test_systemds_word_about_a_kill_of_the_ring_names_its_unit_and_is_no_second_kill() -> None:
    """The kernel names the container's cgroup alone, as where version 1 limits memory."""
    words = (
        "%.1f web1 systemd[1]: php8.2-fpm.service: A process of this unit has been killed by the OOM "
        "killer.\n" % (BOOT + 4891)
    )
    path = "/libpod_parent/libpod-" + IDS["php-fpm8.2"]
    one = host(
        "4:memory:%s\n" % path,
        files={"/sys/fs/cgroup/system.slice/systemd-oomd.service/x": ""},
        commands={JOURNAL % (NOW - 905): (0, words, "")},
        mounts="1 1 0:1 %s /sys/fs/cgroup rw - cgroup cgroup rw,memory\n" % path,
    )
    found = collect_oom(one, [], NOW - 900, NOW)["kills"]
    assert [(kill["unit"], kill["vague"], kill["source"]) for kill in found] == [
        ("php8.2-fpm.service", False, "kernel")
    ]


def test_systemds_word_about_another_unit_names_no_kill_whose_cgroup_is_known() -> None:
    words = (
        "%.1f web1 systemd[1]: php8.2-fpm.service: A process of this unit has been killed by the OOM "
        "killer.\n" % (NOW - 40)
    )
    one = host(
        "0::/init.scope\n",
        dmesg=(0, killed("/user.slice/user-1000.slice/session-3.scope"), ""),
        commands={JOURNAL % (NOW - 905): (0, words, "")},
        files={"/sys/fs/cgroup/memory.events": "oom_kill 1\n"},
    )
    found = collect_oom(one, [], NOW - 900, NOW)["kills"]
    assert [(kill["unit"], kill["source"]) for kill in found] == [
        (None, "kernel"),
        ("php8.2-fpm.service", "journal"),
    ]


def killed(memcg: str, constraint: str = "MEMCG", at: float = 4960.0) -> str:
    """What Linux 5.0 to 6.12 says of a process that calls itself php-fpm8.2."""
    says = "Memory cgroup out of memory" if constraint == "MEMCG" else "Out of memory"
    return (
        "[%12.6f] php-fpm8.2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[%12.6f] oom-kill:constraint=CONSTRAINT_%s,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=%s,task_memcg=%s,task=php-fpm8.2,pid=770,uid=33\n"
        "[%12.6f] %s: Killed process 770 (php-fpm8.2) total-vm:9kB, anon-rss:8kB, file-rss:0kB\n"
        % (at, at, constraint, memcg, memcg, at, says)
    )


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
def test_whose_a_victim_was_is_told_by_its_cgroup_and_not_by_its_name(
    memcg: str, unit: Optional[str], masters: Any, vague: bool, constraint: str, home: str
) -> None:
    one = host(
        "0::%s/init.scope\n" % home,
        dmesg=(0, killed(home + memcg.rstrip("/") if home else memcg, constraint), ""),
        files={"/proc/31/cgroup": "0::%s/system.slice/php8.2-fpm.service\n" % home},
    )
    kill = collect_oom(one, [MASTER], NOW - 900, NOW)["kills"][0]
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
def test_a_master_that_somebody_else_started_is_known_by_its_own_cgroup(
    memcg: str, masters: Any, vague: bool
) -> None:
    one = host(
        "0::/init.scope\n",
        dmesg=(0, killed(memcg), ""),
        files={"/proc/31/cgroup": "0::/system.slice/supervisor.service\n"},
    )
    kill = collect_oom(one, [MASTER], NOW - 900, NOW)["kills"][0]
    assert (kill["masters"], kill["vague"]) == (masters, vague)


def test_in_a_container_where_all_live_in_one_cgroup_nobody_knows_whose_the_victim_was() -> None:
    one = host(
        "0::/docker/c1\n", dmesg=(0, killed("/docker/c1"), ""), files={"/proc/31/cgroup": "0::/docker/c1\n"}
    )
    kill = collect_oom(one, [MASTER], NOW - 900, NOW)["kills"][0]
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
def test_in_a_private_namespace_the_unit_stands_behind_the_containers_id(
    memcg: str, unit: Optional[str], vague: bool
) -> None:
    mounts = (
        V2_MOUNT
        + "9 1 0:9 /var/lib/docker/containers/%s/hostname /etc/hostname rw - ext4 /dev/vda rw\n"
        % IDS["php-fpm8.2"]
    )
    one = host(
        "0::/init.scope\n",
        "cgroup:[4026532500]",
        dmesg=(0, killed(memcg % IDS["php-fpm8.2"]), ""),
        mounts=mounts,
    )
    kill = collect_oom(one, [], NOW - 900, NOW)["kills"][0]
    assert (kill["ours"], kill["unit"], kill["vague"]) == (True, unit, vague)


def test_a_cgroup_whose_name_says_where_it_is_not_is_nowhere() -> None:
    """Who may make cgroups may call one "x,task_memcg=": what follows would be read as the victim's place."""
    forged = "/user.slice/user-1000.slice/user@1000.service/x,task_memcg=/system.slice/php8.2-fpm.service"
    one = host(
        "0::/init.scope\n",
        dmesg=(0, killed(forged), ""),
        files={"/proc/31/cgroup": "0::/system.slice/php8.2-fpm.service\n"},
    )
    kill = collect_oom(one, [MASTER], NOW - 900, NOW)["kills"][0]
    assert (kill["cgroup"], kill["unit"], kill["masters"], kill["vague"]) == (None, None, [], True)


@pytest.mark.parametrize(
    "namespace, own", [("pid:[4026531836]", True), ("pid:[4026532501]", False), (None, False)]
)
def test_the_machines_pids_are_this_hosts_only_outside_of_a_container(
    namespace: Optional[str], own: bool
) -> None:
    one = host("0::/init.scope\n")
    one.links.update({"/proc/self/ns/pid": namespace} if namespace else {})
    assert collect_oom(one, [], NOW - 900, NOW)["own_pids"] is own


def test_the_journal_is_not_asked_without_a_reason() -> None:
    one = host("0::/init.scope\n")
    collect_oom(one, [], NOW - 900, NOW)
    assert [call[0] for call in one.calls] == ["dmesg"]


def test_systemd_oomd_leaves_no_line_in_the_ring_and_is_found_in_the_journal() -> None:
    line = next(
        example.line
        for example in examples.every("linux", "journal.log")
        if example.verdict[0] == "sd-oomd-pressure"
    )
    one = host(
        "0::/init.scope\n",
        dmesg=(0, "", ""),
        files={"/sys/fs/cgroup/system.slice/systemd-oomd.service/x": ""},
        commands={JOURNAL % (NOW - 905): (0, "%.1f %s\n" % (NOW - 10, line.split(" ", 3)[3]), "")},
    )
    found = collect_oom(one, [], NOW - 900, NOW)
    assert [(kill["kind"], kill["unit"], kill["fpm"], kill["source"]) for kill in found["kills"]] == [
        ("systemd_oomd", "php8.2-fpm.service", True, "journal")
    ]


def test_a_users_own_unit_that_systemd_oomd_killed_is_not_the_systems() -> None:
    words = (
        "%.1f web1 systemd-oomd[9]: Killed "
        "/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service due to memory pressure "
        "for"
        " /user.slice being 60.00%% > 50.00%% for > 20s with reclaim activity\n" % (NOW - 10)
    )
    one = host(
        "0::/init.scope\n",
        dmesg=(0, "", ""),
        files={"/sys/fs/cgroup/system.slice/systemd-oomd.service/x": ""},
        commands={JOURNAL % (NOW - 905): (0, words, "")},
    )
    assert [(kill["unit"], kill["fpm"]) for kill in collect_oom(one, [], NOW - 900, NOW)["kills"]] == [
        (None, False)
    ]


def test_without_the_right_to_read_the_ring_the_journal_is_read_and_the_lack_is_said() -> None:
    kernel = "".join(
        "%.6f web1 kernel: %s\n" % (BOOT + float(line[1:].split("]")[0]), line.split("] ", 1)[1])
        for line in ring().splitlines()
    )
    one = host(
        "0::/init.scope\n",
        dmesg=(1, "", "dmesg: read kernel buffer failed: Operation not permitted\n"),
        commands={(JOURNAL + " + _TRANSPORT=kernel") % (NOW - 905): (0, kernel, "")},
    )
    found = collect_oom(one, [], NOW - 900, NOW)
    assert [kill["source"] for kill in found["kills"]] == ["journal"] * 3
    assert [entry["what"] for entry in one.missing] == ["kernel_log"]


def test_a_crash_of_php_fpm_is_listed_with_its_library() -> None:
    line = (
        "[ 4950.000000] php-fpm8.4[2140]: segfault at 0 ip 00007f2b1c0a8e21 sp 00007ffd3c1f2a90 error 6 in "
        "imagick.so[7f2b1c0a0000+52000]"
        " likely on CPU 3 (core 1, socket 0)\n"
    )
    found = collect_oom(host("0::/init.scope\n", dmesg=(0, line, "")), [], NOW - 900, NOW)
    assert [(one["module"], one["at"], one["ours"]) for one in found["segfaults"]] == [
        ("imagick.so", BOOT + 4950, True)
    ]
