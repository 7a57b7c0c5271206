# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When requests were lost, in few numbers."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.losses.timeline import (
    MOST_SLOTS,
    joined,
    timeline,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import Loss


def made(*times):
    return timeline([Loss(at, "missing", None, None) for at in times])


class TestTimeline:
    def test_each_minute_has_its_number(self):
        assert made(125.5, 121.0, 305.0) == {"begin": 120.0, "step": 60, "counts": [2, 0, 0, 1]}

    def test_no_times_give_none(self):
        assert made() is None

    @pytest.mark.parametrize("span, step", [(3599, 60), (3600, 300), (86399, 3600), (10**6, 21600)])
    def test_a_longer_window_has_longer_steps(self, span, step):
        found = made(0.0, float(span))
        assert found["step"] == step and len(found["counts"]) <= MOST_SLOTS and sum(found["counts"]) == 2

    def test_of_years_the_newest_are_kept(self):
        found = made(0.0, 10.0**9)
        assert len(found["counts"]) == MOST_SLOTS and found["counts"][-1] == 1 and sum(found["counts"]) == 1


class TestJoined:
    def test_all_losses_are_in_it(self):
        assert joined([made(121.0, 305.0), None, made(65.0, 130.0)]) == {
            "begin": 60.0,
            "step": 60,
            "counts": [1, 2, 0, 0, 1],
        }

    def test_it_is_as_coarse_as_the_coarsest(self):
        assert joined([made(121.0), made(0.0, 3600.0)]) == {
            "begin": 0.0,
            "step": 300,
            "counts": [2, *[0] * 11, 1],
        }

    def test_without_any_there_is_none(self):
        assert joined([None, None]) is None
