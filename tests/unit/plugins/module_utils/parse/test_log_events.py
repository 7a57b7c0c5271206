# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counting messages."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import log_events
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.log_events import Events


def add(events: Events, at: float, **more: Any) -> None:
    events.add(
        "nginx", "ng-reset-header", at, "/a.log", "line at %d" % at, str.upper, pid=int(at) % 40, **more
    )


class TestEvent:
    def test_keeps_its_newest_lines_with_its_true_count(self) -> None:
        events = Events()
        for at in list(range(500, 1000)) + list(range(500)):
            add(events, float(at), site="a", endpoint="unix:/a", detail={"errno": at})
        listed = events.list()
        assert (
            len(listed) == 1
            and listed[0]["count"] == 1000
            and (listed[0]["first"], listed[0]["last"]) == (0.0, 999.0)
        )
        assert listed[0]["times"] == [float(at) for at in range(984, 1000)] and len(listed[0]["pids"]) == 16
        assert listed[0]["detail"] == {"errno": 999} and listed[0]["sample"] == {
            "path": "/a.log",
            "at": 999.0,
            "text": "LINE AT 999",
        }

    def test_each_place_has_its_event_ordered_by_the_first(self) -> None:
        events = Events()
        for at, place in (
            (3.0, {"site": "b"}),
            (1.0, {"site": "a"}),
            (2.0, {"pool": "www"}),
            (4.0, {"site": "a", "endpoint": "unix:/a"}),
        ):
            add(events, at, **place)
        assert [event["first"] for event in events.list()] == [1.0, 2.0, 3.0, 4.0]

    def test_merged_logs_share_their_events(self) -> None:
        first, second = Events(), Events()
        add(first, 5.0, site="a")
        add(second, 9.0, site="a")
        add(second, 2.0, site="a")
        add(second, 1.0, site="b")
        first.merge(second)
        assert [
            (event["site"], event["count"], event["first"], event["last"], event["times"])
            for event in first.list()
        ] == [
            ("b", 1, 1.0, 1.0, [1.0]),
            ("a", 3, 2.0, 9.0, [2.0, 5.0, 9.0]),
        ]
        assert first.list()[1]["sample"]["text"] == "LINE AT 9"


class TestBounds:
    """Visitors choose names."""

    def test_visitors_cannot_make_the_table_grow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_events, "MOST_EVENTS", 3)
        events, other = Events(), Events()
        for number in range(5):
            add(events, 1.0, site="host-%d" % number)
            add(other, 1.0, site="other-%d" % number)
        events.merge(other)
        assert len(events.list()) == 3 and events.dropped == 2 + 2 + 3 and events.full

    def test_site_with_many_endpoints_leaves_room_for_the_others(self) -> None:
        events = Events()
        for number in range(log_events.MOST_OF_SITE + 5):
            add(events, 1.0, site="variable", endpoint="unix:/%d" % number)
        for number in range(500):
            add(events, 2.0, site="site-%d" % number, endpoint="unix:/run/a.sock")
        assert len(events.list()) == log_events.MOST_OF_SITE + 500
        assert events.dropped == 5 and not events.full

    def test_each_of_many_pools_keeps_its_messages(self) -> None:
        events = Events()
        for number in range(500):
            add(events, 2.0, pool="pool-%d" % number)
        assert len(events.list()) == 500 and not events.dropped
