# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of made-up configurations: an edit changes one directive, and not a character beside it."""

import functools
import os
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_places import Source
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    set_address_at,
    set_beside,
    set_directive,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Directive, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import statements
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.nginx_made import (
    MAIN,
    TIMEOUT,
    Place,
    Site,
    Text,
)

BATCHES, BATCH = int(os.environ.get("WEBMEDIC_BATCHES", "10")), 250


SETTINGS: List[Tuple[str, Optional[List[str]]]] = [
    (TIMEOUT, ["77s"]),
    (TIMEOUT, ["77s"]),
    (TIMEOUT, None),
    ("add_header", ["X-A", "a b;"]),
    ("add_header", ["X-B", "c"]),
    ("root", None),
    ("fastcgi_param", None),
    ("root", ["/srv/x y", "#"]),
]


ADDRESSED = ("fastcgi_pass", "server")
lexed = functools.lru_cache(maxsize=64)(statements)


def flat(texts: Dict[str, str], expand: Any) -> List[Tuple[Tuple[str, ...], str, List[str]]]:
    """All directives with the blocks around them, as a diagnosis reads them."""

    def walk(
        directives: List[Directive], around: Tuple[str, ...]
    ) -> Iterator[Tuple[Tuple[str, ...], str, List[str]]]:
        for directive in directives:
            yield around, directive.name, directive.args
            if directive.block is not None:
                name = " ".join(
                    " ".join(inner.args) for inner in directive.block if inner.name == "server_name"
                )
                yield from walk(
                    directive.block, around + (" ".join([directive.name] + directive.args + [name]),)
                )

    conf = parse_conf(MAIN, texts.get, expand)
    assert conf.errors == []
    return list(walk(conf.directives, ()))


def only_inserted(before: str, after: str, line: str) -> None:
    size = len(after) - len(before)
    ends = len(os.path.commonprefix([before, after])) + 1
    assert any(
        after[at : at + size].strip() == line and after[:at] + after[at + size :] == before
        for at in range(max(ends - size, 0), ends)
    )


def only_removed(text: Text, before: str, after: str, directive: Place) -> None:
    """The directive's words are gone; a comment between them stays, and so do all other lines."""
    start, end = directive.whole
    comments = "".join(before[left:right] for left, right in text.comments if start < left < end)
    assert "".join(after.split()) == "".join((before[:start] + comments + before[end:]).split())
    assert after.startswith(before[: before.rfind("\n", 0, start) + 1].rstrip("\r\n"))
    assert after.endswith(before[before.find("\n", end) + 1 :] if "\n" in before[end:] else "")


def only(before: Sequence[Any], after: Sequence[Any]) -> Tuple[Any, int]:
    """The one element that is new in after, and its place there."""
    at = next((number for number, (old, new) in enumerate(zip(before, after)) if old != new), len(before))
    assert list(after[:at]) + list(after[at + 1 :]) == list(before)
    return after[at], at


def plain(text: str) -> List[Any]:
    lexemes, fault = lexed(text)
    assert fault is None
    return [(args, end) for args, end, _line in lexemes]


def try_address(text: str, places: List[Place], directive: Place) -> str:
    new = "unix:/run/php/new.sock"
    address = directive.args[0]
    on_line = [
        place.args[0]
        for place in places
        if place.line == directive.line and place.name in ADDRESSED and place is not directive
    ]
    if address in on_line:
        with pytest.raises(Refusal):
            set_address_at(text, directive.line, ADDRESSED, address, new)
        return "refused"
    after = set_address_at(text, directive.line, ADDRESSED, address, new)
    start, end = directive.first
    assert after == text[:start] + directive.mark + new + directive.mark + text[end:]
    assert set_address_at(after, directive.line, ADDRESSED, address, new) == after
    with pytest.raises(Refusal):
        set_address_at(text, directive.line, ADDRESSED, address + "x", new)
    return "changed"


def try_beside(text: str, places: List[Place], directive: Place) -> str:
    anchors = [place for place in places if place.line == directive.line and place.name == "fastcgi_pass"]
    if not directive.block or len(anchors) > 1:
        with pytest.raises(Refusal):
            set_beside(text, directive.line, "fastcgi_pass", TIMEOUT, ["77s"])
        return "refused"
    after = set_beside(text, directive.line, "fastcgi_pass", TIMEOUT, ["77s"])
    assert set_beside(after, directive.line, "fastcgi_pass", TIMEOUT, ["77s"]) == after
    present = [place for place in places if place.block == directive.block and place.name == TIMEOUT]
    if present:
        start, end = present[0].first
        assert after == text[:start] + present[0].mark + "77s" + present[0].mark + text[end:]
        return "changed"
    only_inserted(text, after, TIMEOUT + " 77s;")
    new, at = only(plain(text), plain(after))
    assert new == ([TIMEOUT, "77s"], ";")
    assert lexed(after)[0][at - 1] == (["fastcgi_pass"] + directive.args, ";", directive.line)
    return "inserted"


def check_set(
    site: Site, words: List[str], server: str, path: str, present: Optional[Place], after: Any
) -> str:
    """after: name, arguments, and the one change."""
    name, args, change = after
    old = flat(site.texts, site.expand)
    new = flat(dict(site.texts, **{path: change.after}), site.expand)
    at = next(number for number, (left, right) in enumerate(zip(old + [((), "", [])], new)) if left != right)
    around, new_name, new_args = new[at]
    assert (new_name, new_args) == (name, args)
    assert around[-1].strip() == " ".join(["location"] + words) and server in around[-2]
    if present:
        start, end = present.whole
        assert old[at] == (around, name, present.args)
        assert old[:at] + old[at + 1 :] == new[:at] + new[at + 1 :]
        assert change.after.startswith(site.texts[path][:start])
        assert change.after.endswith(site.texts[path][end:])
        return "changed"
    assert new[:at] + new[at + 1 :] == old
    written = ['"%s"' % word if " " in word or "#" in word else word for word in args]
    only_inserted(change.before, change.after, " ".join([name] + written) + ";")
    return "inserted"


def try_directive(site: Site, name: str, args: Optional[List[str]]) -> str:
    """Sets or removes it in a location of the site. The generator knows what stands where."""
    server, words, file, block, included = site.chance.choice(site.locations)
    selector = (("server", server), ("location", " ".join(words)))
    key = args[0] if args and name == "add_header" else None
    places = [
        (path, place)
        for path, number in [(file, block)] + [(snippet, 0) for snippet in included]
        for place in site.files[path].places
        if place.name == name and place.block == number and key in (None, place.args[0])
    ]
    path, present = places[0] if places else (file, None)

    def change(texts: Dict[str, str]) -> List[Any]:
        return set_directive(MAIN, texts.get, site.expand, selector, name, args)

    so_already = present.args == args if present else args is None
    if len(places) > 1 or (site.includes.get(path, 0) > 1 and not so_already):
        with pytest.raises(Refusal):
            change(site.texts)
        return "refused"
    changes = change(site.texts)
    if so_already:
        assert changes == []
        return "nothing"
    assert [edited.path for edited in changes] == [path]
    after = dict(site.texts, **{path: changes[0].after})
    assert change(after) == []
    if args is not None:
        return check_set(site, words, server, path, present, (name, args, changes[0]))
    assert present
    gone, _at = only(flat(after, site.expand), flat(site.texts, site.expand))
    assert gone[1:] == (name, present.args)
    only_removed(site.files[path], changes[0].before, changes[0].after, present)
    return "removed"


def check_places(site: Site, seed: int) -> None:
    for path, text in site.texts.items():
        places = site.files[path].places
        read = {place.start: place for place in Source(path, text).every()}
        for place in places:
            same = read[place.whole[0]]
            assert (same.name, same.args) == (place.name, place.args), (seed, path)
            assert (same.line, same.end) == (place.line, place.whole[1]), (seed, path)
            assert not place.args or same.words[1] == place.first, (seed, path)
        for place in site.chance.sample(places, min(len(places), 3)):
            words = [place.name] + place.args
            assert place.line in [line for args, _end, line in lexed(text)[0] if args == words], (seed, path)


@pytest.mark.long
class TestEdit:
    @pytest.mark.parametrize("batch", range(BATCHES))
    def test_it_changes_one_directive_and_a_second_time_nothing(self, batch: int) -> None:
        seen: List[str] = []
        for seed in range(batch * BATCH, (batch + 1) * BATCH):
            site = Site(seed)
            check_places(site, seed)
            addresses = [
                (path, place)
                for path, text in site.files.items()
                for place in text.places
                if place.name in ADDRESSED
            ]
            path, place = site.chance.choice(addresses or [("", None)])
            if place:
                text, places = site.texts[path], site.files[path].places
                seen.append("address " + try_address(text, places, place))
                if place.name == "fastcgi_pass":
                    seen.append("beside " + try_beside(text, places, place))
            seen.append("directive " + try_directive(site, *site.chance.choice(SETTINGS)))
        assert {
            "address changed",
            "beside changed",
            "beside inserted",
            "beside refused",
            "directive changed",
            "directive inserted",
            "directive refused",
            "directive removed",
            "directive nothing",
        } <= set(seen), seen
