# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's ring buffer and the journal: lines of a real cgroup OOM kill (Linux 6.18) and of the
catalogue.
"""

import json
import os
from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.kernel_log import (
    crashes,
    kills,
    unit_kills,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import journal_line, ring_line
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("logs")
# What a message is read as; the others stand beside a kill and say nothing by themselves.
KILLS = {
    "k-oom-killed-global": "global",
    "k-oom-killed-memcg": "cgroup",
    "k-oom-allocating": "global",
    "k-oom-killed-old": "global",
}
with open(os.path.join(FIXTURES, "examples.json"), encoding="utf-8") as catalogue:
    EXAMPLES = [one for one in json.load(catalogue) if one["id"][:2] in ("k-", "sd", "eo")]


def text_of(line: str) -> str:
    return line.split(": ", 1)[1]


@pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one["id"].startswith("k-")], ids=lambda one: one["id"]
)
def test_every_message_of_the_kernel_is_read_as_what_it_is(example: Dict[str, Any]) -> None:
    line = [(1.0, text_of(example["line"]))]
    assert [one["kind"] for one in kills(line)] == ([KILLS[example["id"]]] if example["id"] in KILLS else [])
    assert len(crashes(line)) == (0 if example["id"].startswith("k-oom") else 1)
    assert not kills(line) or (kills(line)[0]["fpm"] and kills(line)[0]["comm"].startswith("php-fpm"))


@pytest.mark.parametrize("constraint", ["k-oom-constraint-global", "k-oom-constraint-memcg"])
def test_the_constraint_line_names_the_victims_cgroup(constraint: str) -> None:
    lines = {one["id"]: text_of(one["line"]) for one in EXAMPLES}
    killed = lines["k-oom-killed-global" if constraint.endswith("global") else "k-oom-killed-memcg"]
    found = kills([(1.0, lines[constraint]), (1.0, killed)])
    assert found[0]["cgroup"] == (
        "/system.slice/php8.2-fpm.service"
        if constraint.endswith("global")
        else "/system.slice/docker-4f1c.scope"
    )


def test_a_real_kill_in_a_cgroup_names_victim_cgroup_and_limit() -> None:
    with open(os.path.join(FIXTURES, "linux6.18-cgroup1-oom"), encoding="utf-8") as stream:
        lines = [
            line for line in (ring_line(text, 1795386310.0) for text in stream.read().split("\n")) if line
        ]
    found = kills(lines)
    assert [(one["comm"], one["pid"], one["kind"], one["limit_kb"], one["fpm"]) for one in found] == [
        ("php-fpm8.2", 7765, "cgroup", 307200, True),
        ("php-fpm8.4", 7792, "cgroup", 307200, True),
        ("php-fpm7.4", 8294, "cgroup", 307200, True),
    ]
    assert (
        found[0]["cgroup"]
        == "/libpod_parent/libpod-b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959"
    )
    assert found[0]["at"] == pytest.approx(1795387700.37, abs=0.01) and found[0]["anon_rss_kb"] == 274644


def test_old_kernels_name_the_cgroup_in_a_line_of_its_own_and_the_victim_in_the_last() -> None:
    found = kills(
        [
            (
                1.0,
                (
                    "php-fpm7.2 invoked oom-killer: gfp_mask=0x14000c0(GFP_KERNEL), nodemask=(null), "
                    "order=0, "
                    "oom_score_adj=0"
                ),
            ),
            (1.0, "Task in /docker/4f1c killed as a result of limit of /docker/4f1c"),
            (1.0, "memory: usage 524288kB, limit 524288kB, failcnt 4127"),
            (
                1.0,
                "Memory cgroup out of memory: Kill process 2140 (php-fpm7.2) score 1024 or sacrifice child",
            ),
            (
                1.0,
                (
                    "Killed process 2141 (php-fpm7.2) total-vm:412420kB, anon-rss:301220kB, file-rss:0kB, "
                    "shmem-rss:1024kB"
                ),
            ),
        ]
    )
    assert [(one["pid"], one["kind"], one["cgroup"], one["limit_kb"]) for one in found] == [
        (2141, "cgroup", "/docker/4f1c", 524288)
    ]


def test_a_global_kill_has_no_limit_and_may_have_no_cgroup() -> None:
    found = kills(
        [
            (1.0, "mariadbd invoked oom-killer: gfp_mask=0x140cca, order=0, oom_score_adj=0"),
            (
                1.0,
                (
                    "Out of memory: Killed process 2140 (mariadbd) total-vm:1284520kB, anon-rss:912344kB, "
                    "file-rss:0kB, shmem-rss:20480kB, UID:33"
                ),
            ),
        ]
    )
    assert [(one["kind"], one["cgroup"], one["limit_kb"], one["fpm"]) for one in found] == [
        ("global", None, None, False)
    ]


def test_a_name_that_imitates_a_kill_is_no_kill() -> None:
    assert (
        kills([(1.0, "systemd[1]: Out of memory: Killed process 1 (php-fpm) total-vm:1kB, anon-rss:1kB")])
        == []
    )


def test_crashes_name_the_library_and_only_php_fpm_counts() -> None:
    lines = [
        (1.0, text_of(one["line"]))
        for one in EXAMPLES
        if one["id"]
        in ("k-segfault", "k-segfault-cpu", "k-gpf", "k-gpf-old", "k-arm64-fault", "k-invalid-opcode")
    ]
    found = crashes(
        lines + [(1.0, "mariadbd[7]: segfault at 0 ip 0000 sp 0000 error 4 in mariadbd[1000+1000]")]
    )
    assert [one["module"] for one in found] == [
        "php-fpm8.2",
        "imagick.so",
        "php-fpm8.2",
        None,
        "opcache.so",
        "php-fpm8.2",
    ]


def test_only_the_speaker_itself_is_believed() -> None:
    words = "php8.2-fpm.service: A process of this unit has been killed by the OOM killer."
    lines = [journal_line("1775139796.5 web1 %s[1]: %s" % (speaker, words)) for speaker in ("systemd", "php")]
    found = unit_kills([line for line in lines if line])
    assert [(one["unit"], one["fpm"], one["kind"]) for one in found] == [("php8.2-fpm.service", True, None)]


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("sd-oomd-pressure", "systemd_oomd"),
        ("sd-oomd-killed-n", "systemd_oomd"),
        ("sd-oomd-swap", "systemd_oomd"),
        ("sd-oomd-killed-some", "systemd_oomd"),
        ("sd-oom-killed", None),
        ("eo-sigterm", "earlyoom"),
        ("eo-sigterm-old", "earlyoom"),
    ],
)
def test_daemons_that_kill_without_the_kernel_are_heard(identifier: str, kind: Optional[str]) -> None:
    line = next(one["line"] for one in EXAMPLES if one["id"] == identifier)
    found = journal_line("1775139796.500000 " + line.split(" ", 3)[3])
    assert found is not None
    assert [(one["kind"], one["fpm"]) for one in unit_kills([found])] == [(kind, True)]
