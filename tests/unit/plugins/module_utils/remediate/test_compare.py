# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before against after: what is kept, what is put back, and what is nobody's fault."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.compare import (
    ANSWERS,
    DEAD,
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


def endpoint(connect: str, probe: str = "not_tried") -> Dict[str, Any]:
    return {
        "connect": {"tried": connect != "not_tried", "result": connect, "error": None},
        "probe": {"result": probe, "ms": None},
        "queue": None,
    }


UP, BUSY, GONE, CLOSES = (
    endpoint("ok", "answered"),
    endpoint("ok", "no_answer"),
    endpoint("missing"),
    endpoint("ok", "closed"),
)


def page(status: Optional[int], told: str = OWN, *blamed: str) -> Page:
    return Page(status, told, frozenset(blamed))


def sight(a: Dict[str, Any], b: Optional[Dict[str, Any]] = None, **pages: Page) -> Sight:
    return Sight(
        {A: a, B: UP if b is None else b},
        {{"shop": SHOP, "blog": BLOG}[name]: one for name, one in pages.items()},
    )


@pytest.mark.parametrize(
    "facts, expected",
    [
        (UP, ANSWERS),
        (BUSY, TAKEN),
        (endpoint("full"), TAKEN),
        (endpoint("timeout"), TAKEN),
        (GONE, DEAD),
        (endpoint("denied"), DEAD),
        (endpoint("refused"), DEAD),
        (CLOSES, DEAD),
        (endpoint("ok", "not_fastcgi"), DEAD),
        (endpoint("not_tried"), None),
        (None, None),
    ],
)
def test_an_endpoint_answers_takes_connections_or_is_dead(facts: Any, expected: Any) -> None:
    assert rank(facts) == expected


def test_an_endpoint_that_answered_and_is_gone_is_worse() -> None:
    assert "missing" in str(worse(sight(GONE, UP), sight(UP, GONE), []))


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
def test_what_was_dead_may_stay_dead_and_a_full_pool_is_its_own_matter(before: Any, now: Any) -> None:
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
def test_a_tenants_own_trouble_vetoes_nothing(before: Page, now: Page) -> None:
    assert worse(sight(GONE, blog=before), sight(UP, blog=now), []) is None


def test_a_site_whose_backend_went_silent_is_worse() -> None:
    assert "HTTP 200 before: HTTP 502" in str(
        worse(sight(GONE, blog=page(200)), sight(UP, blog=page(502, SILENT, B)), [])
    )


def test_a_silence_of_an_endpoint_that_was_dead_before_is_not_ours() -> None:
    assert worse(sight(UP, GONE, blog=page(200)), sight(UP, GONE, blog=page(502, SILENT, B)), []) is None


def test_a_page_that_fails_counts_where_the_sites_own_configuration_was_edited() -> None:
    before, now = sight(UP, shop=page(200)), sight(UP, shop=page(500))
    assert worse(before, now, [SHOP]) and worse(before, now, [BLOG]) is None


@pytest.mark.parametrize(
    "before, now, better",
    [
        (GONE, UP, True),
        (GONE, BUSY, True),
        (BUSY, UP, True),
        (UP, UP, False),
        (GONE, GONE, False),
        (GONE, CLOSES, False),
    ],
)
def test_an_endpoint_that_is_better_off_is_an_improvement(before: Any, now: Any, better: bool) -> None:
    assert improved(sight(before), sight(now), [A], [A], [SHOP], False) is better


def test_a_repoint_is_proven_by_a_page_and_not_by_a_page_that_fails() -> None:
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


def test_a_repoint_of_a_site_that_cannot_be_asked_is_proven_by_the_probe() -> None:
    assert improved(sight(GONE), sight(GONE), [A], [B], [SHOP], True)
    assert improved(
        sight(GONE, shop=page(None, SLOW)), sight(GONE, shop=page(None, SLOW)), [A], [B], [SHOP], True
    )


def test_502_that_becomes_500_is_enough_where_a_unit_was_started() -> None:
    now = sight(UP, shop=page(500))
    assert bad_page(now, [A], [SHOP], False) is silent_endpoint(now, [A]) is None
    assert improved(sight(GONE, shop=page(502, SILENT, A)), now, [A], [A], [SHOP], False)


def test_a_page_that_an_old_worker_of_nginx_still_asked_the_old_endpoint_for_proves_no_repoint() -> None:
    assert "HTTP 502" in str(bad_page(sight(GONE, shop=page(502, SILENT, A)), [B], [SHOP], True))


def test_a_page_that_another_endpoint_keeps_from_coming_is_not_waited_for() -> None:
    assert bad_page(sight(UP, shop=page(502, SILENT, B)), [A], [SHOP], False) is None
    assert "HTTP 502" in str(bad_page(sight(UP, shop=page(502, SILENT, A)), [A], [SHOP], False))
    assert "HTTP 504" in str(bad_page(sight(UP, shop=page(504, SILENT)), [A], [SHOP], False))
