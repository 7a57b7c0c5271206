# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before against after: what improved, what got worse, what is still so. Pure."""

from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..parse.nginx.sites import Place
from .drain import REACHED
from .pages import OWN, SILENT, SLOW, Page

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.finding import Finding

# Ranks of an endpoint, worst first: nobody is there, nginx is kept out, somebody takes the connection, a
# worker answers.
DEAD, SHUT, TAKEN, ANSWERS = 0, 1, 2, 3
_WAS = {SHUT: "was there", TAKEN: "took connections", ANSWERS: "answered"}
_NOT_PHP = ("closed", "not_fastcgi")

# What names a finding in two diagnoses of a host: cause, endpoint, site.
Key = Tuple[str, Optional[str], Optional[str]]


def key(item: "Finding") -> Key:
    return item["cause"], item["endpoint"], item["site"]


class Sight(NamedTuple):
    """One look."""

    endpoints: "Dict[str, Endpoint]"  # by key
    pages: Dict[Place, Page]  # by the place of the site


def probe_words(facts: "Optional[Endpoint]") -> str:
    """What became of dialling an endpoint, in one word or the system's own."""
    if facts is None:
        return "not tried"
    if facts["probe"]["result"] != "not_tried":
        return facts["probe"]["result"]
    return facts["connect"]["error"] or facts["connect"]["result"] or "not tried"


def rank(facts: "Optional[Endpoint]") -> Optional[int]:
    """None for an endpoint that was not dialled."""
    if facts is None or not facts["connect"]["tried"]:
        return None
    answer = facts["probe"]["result"]
    if answer == "answered":
        return ANSWERS
    if facts["connect"]["result"] in REACHED and answer not in _NOT_PHP:
        return TAKEN
    return SHUT if facts["connect"]["result"] == "denied" and facts["listening"] else DEAD


def best(sight: Sight, keys: Iterable[str]) -> Optional[int]:
    ranks = [rank(sight.endpoints.get(key)) for key in keys]
    return max((place for place in ranks if place is not None), default=None)


def worse(before: Sight, now: Sight, edited: Iterable[Place]) -> Optional[str]:
    """What was alive and is not. A full pool and a slow page do not count. edited: places of the sites whose
    configuration was changed. There a page that fails, and did not, counts too.
    """
    for key, facts in now.endpoints.items():
        was = rank(before.endpoints.get(key))
        if was and rank(facts) == DEAD:
            return "%s: %s, and it %s before" % (key, probe_words(facts), _WAS[was])
    for where, page in now.pages.items():
        past = before.pages.get(where)
        if past is None or past.kind != OWN:
            continue
        silent = page.kind == SILENT and any(
            (rank(before.endpoints.get(key)) or DEAD) > SHUT for key in page.blamed
        )
        if silent or where in set(edited) and page.fails and not past.fails:
            return "a site that answered HTTP %s before: HTTP %s" % (past.status, page.status)
    return None


def improved(
    before: Sight, now: Sight, was: Iterable[str], keys: Iterable[str], places: List[Place], repointed: bool
) -> bool:
    """Whether a finding's endpoints or pages are better off. was, keys: what its sites dialled before, and
    dial now. A php-fpm that runs again is, even where nginx is kept out: that is another finding. A place
    that keeps nginx out is no better one to dial.
    """
    past, present = best(before, was), best(now, keys)
    up = past is not None and present is not None and present > max(past, SHUT if repointed else DEAD)
    pages = [(before.pages.get(where), now.pages[where]) for where in places if where in now.pages]
    came = any(
        page.kind == OWN and not page.fails and (past_page is None or past_page.kind != OWN)
        for past_page, page in pages
    )
    if repointed and any(page.kind != SLOW for _past, page in pages):
        return came
    return up or came


def silent_endpoint(now: Sight, keys: List[str]) -> Optional[str]:
    """The first of a finding's endpoints at which no worker answers."""
    for key in keys:
        facts = now.endpoints.get(key)
        if rank(facts) not in (None, ANSWERS):
            return "%s: %s" % (key, probe_words(facts))
    return None


def bad_page(now: Sight, keys: List[str], places: List[Place], repointed: bool) -> Optional[str]:
    """The first page of a finding's sites that one of its endpoints keeps from coming. After a repoint, the
    first that does not come or fails: an old worker of nginx may have answered it.
    """
    for where in places:
        page = now.pages.get(where)
        if page is None:
            continue
        if page.kind == SILENT and (repointed or not page.blamed or page.blamed & set(keys)):
            return "a page of it through nginx: HTTP %s" % page.status
        if repointed and page.fails:
            return (
                "a page of it through nginx: HTTP %s, which is no proof that this is the site's PHP"
                % page.status
            )
    return None
