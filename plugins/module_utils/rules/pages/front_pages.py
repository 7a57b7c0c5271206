# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that nginx's files lead past, where visitors miss them; and scripts whose source is sent."""

from functools import partial
from typing import TYPE_CHECKING, List, Optional

from ...parse.nginx.sites import sites_of
from ...signatures.lookup import meaning_of
from ...signatures.nginx import NOT_FOUND
from ..group import Group, Question, routes_by_site
from ..model import Match, evidence, likely, sample
from ..nginx.nginx_error_reasons import is_misnamed
from ..nginx.nginx_errors import OWN
from .php_error import CAUSE
from .php_error_reasons import FEWEST, log_sites

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Front, ShortTag
    from ....plugin_utils.shapes.snapshot import Snapshot

SOURCE = OWN, "source_sent", "nginx sends visitors of %s the source of %s, which PHP should run.%s"
# By what the files lead to.
KINDS = {
    "no_root": (
        CAUSE,
        "no_root",
        "PHP finds no front page of %s: it is asked for as %s, which is no file; %s is there.",
    ),
    "map_root": (
        CAUSE,
        "no_root",
        "PHP finds no front page of %s: it is asked for as %s, which is no file; the root is %s, by a map.",
    ),
    "symlinks": (
        OWN,
        "symlinks_off",
        "nginx refuses the front page of %s: disable_symlinks keeps it from %s, since %s is a link.",
    ),
    "source": SOURCE,
    "source_front": SOURCE,
}


def _missed(snapshot: "Snapshot", site: str) -> "List[Evidence]":
    """That visitors do not get the front page. A log of several sites may not tell whose it is."""
    access = snapshot.get("access")
    for event in snapshot["logs"]["events"]:
        if event["site"] == site and event.get("front") and meaning_of(event) in NOT_FOUND:
            return [sample(event)]
    for file in access["files"] if access else []:
        for pages in file.get("pages", []):
            names = log_sites(snapshot, file["path"], pages)
            for uri, seen in pages.get("fronts", {}).items():
                count = seen["since"] if len(names) == 1 else seen["failed"]
                if site in names and count >= FEWEST:
                    text = "%d requests for %s with 403 or 404" % (count, uri)
                    return [evidence("nginx_access", text, file["path"], at=seen["last"])]
    return []


def _sent(front: "Front", _group: Group) -> Match:
    """Of a server block without a way to php-fpm."""
    site = front["site"]
    reason = likely(
        SOURCE[2] % (site["name"], front["looked_for"], " Nothing in its server block passes it on."),
        [evidence("nginx", front["written"], front["file"], front["line"])],
        state="latent" if front["kind"] == "source" else "active",
        servers=[site],
    )
    return Match(OWN, "source_sent", reason)


def _led_past(front: "Front", group: Group) -> Optional[Match]:
    if sites_of(group.routes)[0] in group.hit:
        return None  # why php-fpm refuses its scripts is known
    cause, reason_id, words = KINDS[front["kind"]]
    snapshot, site = group.snapshot, group.routes[0]["site"]
    proof = [evidence("nginx", front["written"], front["file"], front["line"])]
    # Elsewhere the names of files are others.
    here = any(master["running"] and not pool["chroot"] for master, pool in group.pools)
    sent = reason_id == "source_sent"
    missed = [] if sent else _missed(snapshot, site)
    roots = [each for each in snapshot["logs"].get("gone_roots") or [] if each["site"] == site]
    gone = not all(is_misnamed(snapshot, each, group.routes) for each in roots)
    if not (sent or missed) or (cause == CAUSE and (gone or not here)):
        return None
    reason = likely(
        words % (group.site, front["looked_for"], front["found"]),
        proof + missed,
        state="latent" if front["kind"] == "source" else "active",
    )
    return Match(cause, reason_id, reason)


def _shown(tag: "ShortTag", group: Group) -> Match:
    """By PHP, which takes <? for text."""
    words = "PHP shows visitors of %s the source of %s: it begins with <? alone, and short_open_tag is off."
    proof = [evidence("file", "short_open_tag is off", tag["file"], tag["line"])]
    return Match(CAUSE, "source_shown", likely(words % (tag["site"], tag["script"]), proof))


def short_tags(snapshot: "Snapshot") -> List[Question]:
    of_site = routes_by_site(snapshot)
    tags = snapshot["logs"].get("short_tags") or []
    return [Question(Group(snapshot, of_site.get(tag["site"], [])), (partial(_shown, tag),)) for tag in tags]


def questions(snapshot: "Snapshot") -> List[Question]:
    found: List[Question] = []
    for front in snapshot["nginx"].get("fronts") or []:
        routes = [route for route in snapshot["nginx"]["routes"] if route.get("server") == front["server"]]
        if "site" in front:
            found.append(Question(Group(snapshot, ()), (partial(_sent, front),)))
        elif front["kind"] in KINDS and routes:
            found.append(Question(Group(snapshot, routes), (partial(_led_past, front),)))
    return found
