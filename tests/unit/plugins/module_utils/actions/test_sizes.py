# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sizes of a pool as they are set: workers, process.max and memory_limit."""

from typing import Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import to_bytes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    FILES,
    POOL,
    UNIT,
    Host,
    added_lines,
    commands,
)

ARGUMENTS = {"config": CONFIG, "pool": "www", "unit": UNIT, "drop_backlog": True}
RESTART = ["systemctl restart " + UNIT]


class TestPoolSize:
    def full(self, arrived: int, answered: int) -> Host:
        """As many workers as fit, and a long queue of clients that have gone."""
        host = Host("exhausted_static").crowded(300, 9).pool(max_children=16).measured(16)
        flow = {"seconds": 3.0, "arrived": arrived, "answered": answered}
        return host.place(accepted=16, abandoned=16, flow=flow)

    @pytest.mark.parametrize(
        "arrived, answered",
        [
            (0, 12),
            (7, 12),  # the workers keep up, were it not for the dead
        ],
    )
    def test_the_queue_alone_is_dropped_where_no_more_workers_fit(self, arrived: int, answered: int) -> None:
        step = self.full(arrived, answered).resolve("pool_size_set", ARGUMENTS)
        assert (step.changes, commands(step)) == ([], RESTART)
        assert "may have 16 workers already" in step.notes[0]
        assert "300 requests whose clients have gone" in step.notes[2]

    def test_near_miss_workers_that_do_not_keep_up(self) -> None:
        """The queue would be as long again in a minute."""
        with pytest.raises(Refusal, match="may have 16 workers already"):
            self.full(20, 12).resolve("pool_size_set", ARGUMENTS)

    def test_of_a_crowd_that_has_left_only_its_queue_is_dropped(self) -> None:
        host = Host("exhausted_static").crowded(80, 0).measured(2)
        host.place(flow={"seconds": 3.0, "arrived": 0, "answered": 1})
        step = host.resolve("pool_size_set", ARGUMENTS)
        assert (step.changes, commands(step)) == ([], RESTART)
        why = "nobody waits for pool www any more, and nobody comes: more workers are not needed"
        assert step.notes[0] == why
        host.place(queue=2, waiting={"live": 0, "dead": 2})
        with pytest.raises(Refusal, match="nobody waits for pool www any more"):
            host.resolve("pool_size_set", dict(ARGUMENTS, drop_backlog=False))


class TestProcessMax:
    LIMIT = "[global]\nprocess.max = 2\n"
    INCLUDE = "include=/etc/php/8.2/fpm/pool.d/*.conf\n"
    WWW = FILES[POOL].replace("pm.max_children = 2", "pm.max_children = 16")

    @pytest.mark.parametrize(
        "files", [{CONFIG: LIMIT + INCLUDE, POOL: WWW}, {CONFIG: LIMIT + WWW}], ids=["two files", "one file"]
    )
    def test_the_pool_may_start_enough_workers_at_once(self, files: Dict[str, str]) -> None:
        host = Host("exhausted_dynamic").master(process_max=2).pool(max_children=16).files(files).measured(16)
        step = host.resolve("process_max_set", {"config": CONFIG, "pool": "www", "unit": UNIT})
        assert [change.path for change in step.changes] == list(files)
        assert commands(step) == ["systemctl reload " + UNIT]
        assert [(change.before or b"").decode("utf-8") for change in step.changes] == list(files.values())
        assert added_lines(step) == [
            "process.max = 16",
            "pm.start_servers = 8",
            "pm.min_spare_servers = 4",
            "pm.max_spare_servers = 12",
        ]


class TestMemoryLimit:
    @pytest.mark.parametrize(
        "text, size",
        [
            ("128M", 128 << 20),
            ("1g", 1 << 30),
            ("1048576", 1 << 20),
            ("-1", None),
            (None, None),
            ("lots", None),
        ],
    )
    def test_phps_shorthand_for_sizes(self, text: Optional[str], size: Optional[int]) -> None:
        assert to_bytes(text) == size
