# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that a reload or a restart would cut."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import cuts as subject
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead.parts import (
    endpoint,
    master,
    pool,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


def cut(
    monkeypatch: Any,
    timeout: float = 0.0,
    newer: Optional[bool] = False,
    ends: Optional[float] = None,
    **place: Any,
) -> Dict[str, Any]:
    seen = dict({"listening": True, "accepted": 2, "queue": 1}, **place)
    monkeypatch.setattr(subject, "places_of", lambda *_arguments: {"unix:/a": seen})
    monkeypatch.setattr(subject, "requests_of", lambda *_arguments: (2, 1, 0))
    made = master(
        pool(terminate_timeout=ends),
        pool("unix:/b", terminate_timeout=10.0),
        process_control_timeout=timeout,
        config_newer=newer,
    )
    return dict(subject.cut_of(FakeHost(), made, {}))


class TestCut:
    def test_a_reload_cuts_what_runs_and_a_restart_who_waits_too(self, monkeypatch: Any) -> None:
        cuts = cut(monkeypatch)
        assert (cuts["reload_cuts"], cuts["restart_cuts"], cuts["grace"]) == (2, 3, 0.0)

    def test_near_miss_a_timeout_that_the_master_has_loaded(self, monkeypatch: Any) -> None:
        cuts = cut(monkeypatch, 30.0)
        assert (cuts["reload_cuts"], cuts["restart_cuts"], cuts["grace"]) == (0, 3, 30.0)

    @pytest.mark.parametrize("ends", [None, 0.0, 31.0])
    def test_what_may_outlast_the_timeout_is_counted(self, monkeypatch: Any, ends: Any) -> None:
        cuts = cut(monkeypatch, 30.0, ends=ends)
        assert (cuts["reload_cuts"], cuts["reload_may_cut"]) == (0, 2)

    def test_near_miss_php_fpm_ends_each_request_in_time(self, monkeypatch: Any) -> None:
        assert cut(monkeypatch, 30.0, ends=30.0)["reload_may_cut"] == 0

    def test_decoy_what_is_cut_at_once_is_not_counted_twice(self, monkeypatch: Any) -> None:
        cuts = cut(monkeypatch, ends=10.0)
        assert (cuts["reload_cuts"], cuts["reload_may_cut"]) == (2, 0)

    @pytest.mark.parametrize("newer", [True, None])
    def test_a_timeout_that_may_not_be_loaded_does_not_count(self, monkeypatch: Any, newer: Any) -> None:
        assert cut(monkeypatch, 30.0, newer)["reload_cuts"] == 2

    @pytest.mark.parametrize("unseen", [{"accepted": None}, {"queue": None}])
    def test_a_pool_that_is_not_seen_makes_it_unknown(self, monkeypatch: Any, unseen: Any) -> None:
        cuts = cut(monkeypatch, **unseen)
        assert (cuts["running"], cuts["reload_cuts"], cuts["restart_cuts"]) == (None, None, None)

    def test_near_miss_a_pool_at_which_nobody_listens(self, monkeypatch: Any) -> None:
        assert cut(monkeypatch, listening=False, accepted=None)["running"] == 2


class TestHeld:
    def test_what_it_listens_at_now_counts_whatever_its_files_say(self) -> None:
        endpoints = {"unix:/old": endpoint(True, 35, 36), "unix:/other": endpoint(True, 99)}
        assert subject.held_by(master(), endpoints) == ["unix:/old"]

    def test_of_a_socket_that_is_in_no_file_nothing_is_known(self) -> None:
        made: Any = master(pool(terminate_timeout=5.0))
        for key, known in (("unix:/run/php/a.sock", True), ("unix:/old", False)):
            places: Any = {key: endpoint(True, 35)}
            assert subject._all_end_within(made, places, 30.0) is known
