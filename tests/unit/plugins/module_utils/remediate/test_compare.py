# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before against after: what is kept, what is put back, and what is nobody's fault."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.compare import (
    ANSWERS,
    DEAD,
    SHUT,
    TAKEN,
    Sight,
    bad_page,
    improved,
    rank,
    silent_endpoint,
    worse,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.pages import OWN, SILENT, SLOW, Page

SHOP, BLOG = ("/etc/nginx/shop", 1), ("/etc/nginx/blog", 1)
A, B = "unix:/run/a.sock", "unix:/run/b.sock"


def endpoint(connect: str, probe: str = "not_tried", listening: bool = False) -> Dict[str, Any]:
    return {
        "listening": listening or connect == "ok",
        "connect": {"tried": connect != "not_tried", "result": connect, "error": None},
        "probe": {"result": probe, "ms": None},
        "queue": None,
    }


UP, BUSY, GONE, CLOSES, CLOSED_DOOR = (
    endpoint("ok", "answered"),
    endpoint("ok", "no_answer"),
    endpoint("missing"),
    endpoint("ok", "closed"),
    endpoint("denied", listening=True),
)


def page(status: Optional[int], kind: str = OWN, *blamed: str) -> Page:
    return Page(status, kind, frozenset(blamed))


def sight(a: Dict[str, Any], b: Optional[Dict[str, Any]] = None, **pages: Page) -> Sight:
    return Sight(
        {A: a, B: UP if b is None else b},
        {{"shop": SHOP, "blog": BLOG}[name]: shown for name, shown in pages.items()},
    )


class TestRank:
    @pytest.mark.parametrize(
        "facts, expected",
        [
            (UP, ANSWERS),
            (BUSY, TAKEN),
            (endpoint("full"), TAKEN),
            (endpoint("timeout"), TAKEN),
            (GONE, DEAD),
            (CLOSED_DOOR, SHUT),
            (endpoint("denied"), DEAD),
            (endpoint("refused"), DEAD),
            (CLOSES, DEAD),
            (endpoint("ok", "not_fastcgi"), DEAD),
            (endpoint("not_tried"), None),
            (None, None),
        ],
    )
    def test_it_answers_takes_connections_lets_nobody_in_or_is_dead(self, facts: Any, expected: Any) -> None:
        assert rank(facts) == expected


class TestWorse:
    def test_hit_an_endpoint_that_answered_is_gone(self) -> None:
        assert "missing" in str(worse(sight(GONE, UP), sight(UP, GONE), []))

    def test_hit_nobody_is_where_nginx_was_kept_out(self) -> None:
        assert worse(sight(CLOSED_DOOR), sight(GONE), []) == "%s: missing, and it was there before" % A

    def test_hit_the_backend_of_a_site_went_silent(self) -> None:
        assert "HTTP 200 before: HTTP 502" in str(
            worse(sight(GONE, blog=page(200)), sight(UP, blog=page(502, SILENT, B)), [])
        )

    def test_hit_a_page_fails_whose_configuration_was_edited(self) -> None:
        before, now = sight(UP, shop=page(200)), sight(UP, shop=page(500))
        assert worse(before, now, [SHOP]) and worse(before, now, [BLOG]) is None

    @pytest.mark.parametrize(
        "before, now",
        [
            (GONE, GONE),
            (GONE, UP),
            (UP, BUSY),
            (BUSY, BUSY),
            (endpoint("not_tried"), GONE),
            (UP, endpoint("not_tried")),
        ],
    )
    def test_near_miss_an_endpoint_dead_before_or_full_now(self, before: Any, now: Any) -> None:
        assert worse(sight(UP, before), sight(UP, now), []) is None

    @pytest.mark.parametrize(
        "before, now",
        [
            (page(200), page(503)),  # maintenance, said by the site itself
            (page(200), page(None, SLOW)),  # a page of 90 s
            (page(200), page(500)),  # the site's own code fails: nothing of it was edited
            (page(502, SILENT, B), page(502, SILENT, B)),
            (page(None, SLOW), page(502, SILENT, B)),
        ],
    )
    def test_near_miss_a_page_that_its_own_site_spoils(self, before: Page, now: Page) -> None:
        assert worse(sight(GONE, blog=before), sight(UP, blog=now), []) is None

    def test_near_miss_a_silent_endpoint_that_was_dead_before(self) -> None:
        assert worse(sight(UP, GONE, blog=page(200)), sight(UP, GONE, blog=page(502, SILENT, B)), []) is None


class TestImproved:
    @pytest.mark.parametrize(
        "before, now, better",
        [
            (GONE, UP, True),
            (GONE, BUSY, True),
            (GONE, CLOSED_DOOR, True),
            (endpoint("denied"), CLOSED_DOOR, True),
            (CLOSED_DOOR, UP, True),
            (CLOSED_DOOR, CLOSED_DOOR, False),
            (BUSY, UP, True),
            (UP, UP, False),
            (GONE, GONE, False),
            (GONE, CLOSES, False),
        ],
    )
    def test_an_endpoint_that_is_better_off_counts(self, before: Any, now: Any, better: bool) -> None:
        assert improved(sight(before), sight(now), [A], [A], [SHOP], False) is better

    def test_a_repoint_is_proven_by_a_page_that_does_not_fail(self) -> None:
        before = sight(GONE, shop=page(502, SILENT, A))
        for now, proven in (
            (page(200), True),
            (page(404), True),
            (page(503), True),
            (page(500), False),
            (page(502, SILENT, B), False),
        ):
            assert improved(before, sight(GONE, shop=now), [A], [B], [SHOP], True) is proven
            assert (bad_page(sight(GONE, shop=now), [B], [SHOP], True) is None) is proven

    def test_a_place_that_keeps_nginx_out_is_none_to_repoint_to(self) -> None:
        assert not improved(sight(GONE), sight(GONE, CLOSED_DOOR), [A], [B], [], True)

    def test_the_probe_proves_a_repoint_without_pages(self) -> None:
        assert improved(sight(GONE), sight(GONE), [A], [B], [SHOP], True)
        assert improved(
            sight(GONE, shop=page(None, SLOW)), sight(GONE, shop=page(None, SLOW)), [A], [B], [SHOP], True
        )

    def test_502_that_becomes_500_is_enough_after_a_start(self) -> None:
        now = sight(UP, shop=page(500))
        assert bad_page(now, [A], [SHOP], False) is silent_endpoint(now, [A]) is None
        assert improved(sight(GONE, shop=page(502, SILENT, A)), now, [A], [A], [SHOP], False)


class TestBadPage:
    def test_one_of_an_old_worker_of_nginx_proves_no_repoint(self) -> None:
        assert "HTTP 502" in str(bad_page(sight(GONE, shop=page(502, SILENT, A)), [B], [SHOP], True))

    def test_one_that_another_endpoint_holds_up_is_not_awaited(self) -> None:
        assert bad_page(sight(UP, shop=page(502, SILENT, B)), [A], [SHOP], False) is None
        assert "HTTP 502" in str(bad_page(sight(UP, shop=page(502, SILENT, A)), [A], [SHOP], False))
        assert "HTTP 504" in str(bad_page(sight(UP, shop=page(504, SILENT)), [A], [SHOP], False))
