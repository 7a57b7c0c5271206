# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a full queue drains: by its trend, with looks of one second each."""

from typing import Any, Dict, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.drain import Drain
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

PLACE = "unix:/run/php/php8.2-fpm.sock"


def facts(
    queue: Optional[int],
    answered: Optional[int] = None,
    probe: str = "no_answer",
    connect: str = "ok",
    seconds: float = 1.0,
) -> Dict[str, Any]:
    return {
        "queue": queue,
        "connect": {"result": connect, "error": None if connect in ("ok", "full") else connect},
        "probe": {"result": probe, "ms": None},
        "flow": None if answered is None else {"seconds": seconds, "arrived": 3, "answered": answered},
    }


class Watch:
    """Two workers answered 0.7 requests a second before 60 that waited, unless given. Four seconds pass
    between two looks.
    """

    def __init__(self, before: Optional[Dict[str, Any]] = None) -> None:
        self.host = FakeHost()
        snapshot = {"endpoints": {PLACE: facts(60, 2, seconds=3.0) if before is None else before}}
        self.drain = Drain(self.host, snapshot, {"endpoint": PLACE})

    def problem(self, *looks: Dict[str, Any]) -> Optional[str]:
        """What the last look gives."""
        answer: Optional[str] = "never asked"
        for look in looks:
            answer = self.drain.problem(look)
            self.host.clock += 4.0
        return answer


class TestDrains:
    def test_an_empty_queue_is_proof_if_it_stays_empty(self) -> None:
        """After a restart it is empty, whatever comes."""
        empty = facts(0, probe="answered")
        assert Watch().problem(empty) == "nobody waits, but not for long"
        assert Watch().problem(empty, facts(9), empty) is not None
        assert Watch().problem(empty, empty) is None

    def test_a_request_that_gets_through_is_proof_after_a_while(self) -> None:
        looks = [facts(5, probe="answered")] * 6
        assert Watch().problem(*looks[:5]) is not None
        assert Watch().problem(*looks) is None

    def test_a_shorter_wait_is_proof_while_the_crowd_stays(self) -> None:
        assert Watch().problem(facts(58, 0), *[facts(50, 4)] * 5) is None

    def test_a_longer_queue_that_moves_faster_is_proof(self) -> None:
        assert Watch(facts(60, 1, seconds=3.0)).problem(*[facts(78, 2)] * 6) is None

    def test_a_queue_that_refuses_is_reached(self) -> None:
        assert Watch().problem(*[facts(2, 4, connect="full")] * 6) is None
        assert Watch().problem(facts(None, None, "not_tried", "refused")) == "refused"


class TestDoesNotDrain:
    def test_the_first_moments_prove_nothing(self) -> None:
        """New workers have their first requests and have answered none."""
        assert (
            Watch().problem(facts(40, 4), facts(38, 4))
            == "38 requests wait, and nobody comes through at once"
        )

    def test_no_more_answers_than_before_are_no_proof(self) -> None:
        assert Watch().problem(*[facts(60, 1), facts(61, 0)] * 2, facts(62, 1), facts(63, 0)) == (
            "0.5 requests a second are answered, 0.7 before, and 63 wait in the queue, 60 before"
        )

    def test_a_queue_that_outgrows_the_pace_is_no_proof(self) -> None:
        assert Watch().problem(*[facts(200, 1)] * 5, facts(260, 1)) is not None

    def test_where_nothing_can_be_counted_only_an_answer_proves_it(self) -> None:
        blind = Watch({"queue": 9})
        assert blind.problem(*[facts(8)] * 5, facts(1)) == "1 requests wait, and nobody comes through at once"
        assert blind.problem(*[facts(0, probe="answered")] * 2) is None
