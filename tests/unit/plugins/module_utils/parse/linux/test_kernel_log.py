# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's ring buffer and the journal: lines of a real cgroup OOM kill (Linux 6.18) and of the
catalogue.
"""

import os
import re

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.earlyoom import early_kills
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.kernel_log import (
    crashes,
    kills,
    unit_kills,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import (
    journal_line,
    ring_lines,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.signatures import examples

FIXTURES = fixtures("logs")
# Each line has a name, behind which its verdict stands.
KERNEL = {example.verdict[0]: example for example in examples.every("linux", "kernel.log")}


def text_of(line: str) -> str:
    """Without what the ring buffer or the journal puts before it."""
    return line.split("] ", 1)[1] if line.startswith("[") else line.split(": ", 1)[1]


class TestRing:
    @pytest.mark.parametrize(
        "example", examples.every("linux", "kernel.log"), ids=lambda victim: victim.verdict[0]
    )
    def test_line_has_the_verdict_above_it(self, example: examples.Example) -> None:
        line = [(1.0, text_of(example.line))]
        verdicts = [("kill", kill["kind"]) for kill in kills(line) if kill["fpm"]]
        verdicts += [("crash", crash["module"] or "-") for crash in crashes(line)]
        assert (verdicts or [("none",)]) == [example.verdict[1:]], example.origin

    def test_the_error_of_a_page_fault_is_its_bits(self) -> None:
        texts = [text_of(KERNEL[name].line) for name in ("k-segfault", "k-gpf")]
        assert [crash["error"] for text in texts for crash in crashes([(1.0, text)])] == [4, None]
        nx = texts[0].replace(" error 4 ", " error 15 ")
        assert crashes([(1.0, nx)])[0]["error"] == 0x15

    @pytest.mark.parametrize(
        ("kind", "cgroup"),
        [("global", "/system.slice/php8.2-fpm.service"), ("memcg", "/system.slice/docker-4f1c.scope")],
    )
    def test_constraint_line_names_the_cgroup_of_the_victim(self, kind: str, cgroup: str) -> None:
        constraint = text_of(KERNEL["k-oom-constraint-" + kind].line)
        pid = constraint.split("pid=")[1].split(",")[0]
        killed = "Killed process %s (php-fpm) total-vm:421344kB, anon-rss:254012kB" % pid
        assert [kill["cgroup"] for kill in kills([(1.0, constraint), (1.0, killed)])] == [cgroup]

    def test_kill_in_a_cgroup_has_victim_cgroup_limit(self) -> None:
        with open(os.path.join(FIXTURES, "linux6.18-cgroup1-oom"), encoding="utf-8") as stream:
            ring = "".join("<4>" + line for line in stream)
        lines = [(1795386310.0 + at, text) for at, text in ring_lines(ring, re.compile(""))]
        victims = kills(lines)
        assert [
            (victim["comm"], victim["pid"], victim["kind"], victim["limit_kb"], victim["fpm"])
            for victim in victims
        ] == [
            ("php-fpm8.2", 7765, "cgroup", 307200, True),
            ("php-fpm8.4", 7792, "cgroup", 307200, True),
            ("php-fpm7.4", 8294, "cgroup", 307200, True),
        ]
        assert (
            victims[0]["cgroup"]
            == "/libpod_parent/libpod-b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959"
        )
        assert (
            victims[0]["at"] == pytest.approx(1795387700.37, abs=0.01) and victims[0]["anon_rss_kb"] == 274644
        )

    def test_old_kernel_names_the_cgroup_in_a_line_of_its_own(self) -> None:
        victims = kills(
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
                    (
                        "Memory cgroup out of memory: Kill process 2140 (php-fpm7.2) score 1024 or "
                        "sacrifice child"
                    ),
                ),
                (
                    1.0,
                    (
                        "Killed process 2141 (php-fpm7.2) total-vm:412420kB, anon-rss:301220kB, "
                        "file-rss:0kB, "
                        "shmem-rss:1024kB"
                    ),
                ),
            ]
        )
        assert [
            (victim["pid"], victim["kind"], victim["cgroup"], victim["limit_kb"]) for victim in victims
        ] == [(2141, "cgroup", "/docker/4f1c", 524288)]

    @pytest.mark.parametrize(
        "first, swap",
        [
            ("Out of memory: ", 0),
            ("Memory cgroup out of memory: ", None),
        ],
    )
    def test_kill_has_the_swap_of_the_whole_host(self, first: str, swap: object) -> None:
        """Lines of Linux 6.1.0 (Debian 12) without swap."""
        lines = [
            "php-fpm8.2 invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO)",
            "Free swap  = 0kB",
            "Total swap = 0kB",
            first + "Killed process 317 (php-fpm8.2) total-vm:889760kB, anon-rss:640196kB, file-rss:4kB, "
            "shmem-rss:624kB, UID:33 pgtables:1468kB oom_score_adj:500",
        ]
        assert [kill["swap_kb"] for kill in kills([(1.0, line) for line in lines])] == [swap]

    def test_global_kill_has_no_limit(self) -> None:
        victims = kills(
            [
                (1.0, "mariadbd invoked oom-killer: gfp_mask=0x140cca, order=0, oom_score_adj=0"),
                (
                    1.0,
                    (
                        "Out of memory: Killed process 2140 (mariadbd) total-vm:1284520kB, "
                        "anon-rss:912344kB, "
                        "file-rss:0kB, shmem-rss:20480kB, UID:33"
                    ),
                ),
            ]
        )
        assert [
            (victim["kind"], victim["cgroup"], victim["limit_kb"], victim["fpm"]) for victim in victims
        ] == [("global", None, None, False)]


class TestJournal:
    @pytest.mark.parametrize(
        "example", examples.every("linux", "journal.log"), ids=lambda victim: victim.verdict[0]
    )
    def test_line_has_the_verdict_above_it(self, example: examples.Example) -> None:
        line = journal_line("1775139796.500000 " + example.line.split(" ", 3)[3])
        assert line is not None
        verdicts = [("kill", kill["kind"]) for kill in unit_kills([line], "-") if kill["fpm"]]
        verdicts += [("kill", "earlyoom") for kill in early_kills([line]) if kill["fpm"]]
        assert (verdicts or [("none",)]) == [example.verdict[1:]], example.origin

    @pytest.mark.parametrize("name", ["kernel.log", "journal.log"])
    def test_examples_have_decoys(self, name: str) -> None:
        assert sum(example.verdict[1:] == ("none",) for example in examples.every("linux", name)) >= 2

    @pytest.mark.parametrize("unit, fpm", [("plesk-php82-fpm.service", True), ("phpsessionclean", False)])
    def test_kill_in_a_unit_of_php_fpm(self, unit: str, fpm: bool) -> None:
        text = "1775139796.5 web1 systemd[1]: %s: systemd-oomd killed 14 process(es) in this unit."
        line = journal_line(text % unit)
        assert line is not None and [kill["fpm"] for kill in unit_kills([line], "global")] == [fpm]

    def test_kill_names_its_unit(self) -> None:
        line = journal_line(
            "1775139796.5 web1 systemd[1]: php8.2-fpm.service: systemd-oomd killed 14 process(es) in "
            "this unit."
        )
        assert line is not None and [kill["unit"] for kill in unit_kills([line], "global")] == [
            "php8.2-fpm.service"
        ]
