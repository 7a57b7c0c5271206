# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of generated configurations, which know where each of their directives stands: an edit changes
that one, and not a character beside it.
"""

import functools
import os
import random
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_places import Source
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    set_address_at,
    set_beside,
    set_directive,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Directive, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import statements
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal

BATCHES, BATCH = int(os.environ.get("WEBMEDIC_BATCHES", "10")), 250
MAIN = "/etc/nginx/nginx.conf"
ADDRESSES = [
    "unix:/run/php/a.sock",
    "unix:/run/php/a.sock",
    "127.0.0.1:9000",
    "$php",
    "${php}x",
    "unix:/run/a b;.sock",
]
VALUES = ADDRESSES + [
    "",
    "a b",
    "it's",
    'say "x"',
    "\\.php$",
    "^/a{2}",
    "#x",
    "}",
    "a}b",
    "\u00e9",
    "\udcff",
    "a;b",
    "c\\d",
    "x" * 300,
    "fastcgi_read_timeout 5s;",
    "fastcgi_pass unix:/run/php/a.sock;",
]
DECOYS = [
    "fastcgi_pass unix:/run/php/a.sock;",
    "fastcgi_read_timeout 5s; }",
    "} server { location / {",
    "\"'",
    "",
    "${",
    "\udcfe \u00fc",
]
LUA = ["ngx.say('}')", "local t = {1, {2}} -- }", "--[[ } ]] fastcgi_pass = 'x;'", "x = [[ { ]]", ""]
# What needs no quotes anywhere.
BARE = re.compile(r"(?:[\w.:/$~^=*\u0080-\U0010ffff-][\w.:/$~^=*}\u0080-\U0010ffff-]*|\$\{\w+\}\w*)\Z")
TIMEOUT = "fastcgi_read_timeout"
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

# Where a generated directive stands. first: offsets of its first argument; mark: its quote; whole: offsets
# with the ";"; block: a number, 0 outside of any block of its file.
Place = NamedTuple(
    "Place",
    [
        ("name", str),
        ("args", List[str]),
        ("line", int),
        ("first", Tuple[int, int]),
        ("mark", str),
        ("whole", Tuple[int, int]),
        ("block", int),
    ],
)


lexed = functools.lru_cache(maxsize=64)(statements)


class Text:
    """One file while it is written."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.text = ""
        self.newlines = chance.choice([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]])
        self.compact = chance.random() < 0.2
        self.indent = chance.choice(["\t", "  ", "    "])
        self.places: List[Place] = []
        self.comments: List[Tuple[int, int]] = []
        self.blocks = 0
        self.open: List[int] = [0]

    def newline(self) -> str:
        return self.chance.choice(self.newlines)

    def comment(self) -> None:
        start = len(self.text)
        self.text += "#" + self.chance.choice(["", " "]) + self.chance.choice(DECOYS) + self.newline()
        self.comments.append((start, len(self.text)))

    def space(self) -> None:
        kind = self.chance.random()
        self.text += (
            " " if kind < 0.8 else "\t" if kind < 0.87 else "  " if kind < 0.92 else self.newline() + "   "
        )
        if kind > 0.96:
            self.comment()

    def between(self) -> None:
        """What may stand between two statements."""
        kind = self.chance.random()
        if self.compact and kind < 0.9:
            self.text += self.chance.choice(["", " "])
            return
        if kind < 0.1:
            self.text += " "
            self.comment()
        elif kind < 0.9:
            self.text += self.newline() * self.chance.choice([1, 1, 1, 2])
        self.text += self.indent * (len(self.open) - 1)
        if kind > 0.95:
            self.comment()
            self.text += self.indent * (len(self.open) - 1)

    def word(self, text: str) -> Tuple[int, int]:
        start = len(self.text)
        mark = self.chance.choice("\"'")
        if self.chance.random() < 0.8 and BARE.match(text):
            self.text += text
        else:
            self.text += mark + re.sub(r"([\\%s])" % mark, r"\\\1", text) + mark
        return start, len(self.text)

    def words(self, words: Sequence[str]) -> Tuple[int, Tuple[int, int]]:
        """(line, span of the first argument)"""
        line = self.text.count("\n") + 1
        spans = [(0, 0), (0, 0)]
        for number, one in enumerate(words):
            if number:
                self.space()
            spans.append(self.word(one))
        if self.chance.random() < 0.1:
            self.space()
        return line, spans[3] if len(spans) > 3 else (0, 0)

    def simple(self, name: str, *args: str) -> None:
        self.between()
        start = len(self.text)
        line, first = self.words((name,) + args)
        mark = self.text[first[0]] if args and self.text[first[0]] in "\"'" else ""
        self.text += ";"
        self.places.append(Place(name, list(args), line, first, mark, (start, len(self.text)), self.open[-1]))

    def begin(self, *words: str) -> int:
        self.between()
        self.words(words)
        if self.text[-1] != '"' and self.text[-1] != "'" or self.chance.random() < 0.5:
            self.text += " "
        self.text += "{"
        self.blocks += 1
        self.open.append(self.blocks)
        return self.blocks

    def finish(self) -> None:
        self.open.pop()
        self.between()
        self.text += "}"

    def lua(self) -> None:
        self.begin(self.chance.choice(["content_by_lua_block", "access_by_lua_block"]))
        self.text += self.chance.choice(LUA) + "\n"
        self.open.pop()
        self.text += "}"

    def whole(self) -> str:
        return self.text + self.chance.choice(["", "", "\n"]) if self.newlines == ["\n"] else self.text


class Site:
    """A configuration of several files. locations: (server's name, location's words, file, number of the
    block there, what it includes).
    """

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.files: Dict[str, Text] = {
            name: Text(chance) for name in (MAIN, "/etc/nginx/sites/a", "/etc/nginx/sites/b")
        }
        self.locations: List[Tuple[str, List[str], str, int, List[str]]] = []
        self.includes: Dict[str, int] = {}
        for number in range(chance.randint(0, 2)):
            snippet = self.files["/etc/nginx/snip%d" % number] = Text(chance)
            self.body(
                snippet,
                chance.choice(
                    [["fastcgi_pass"], [TIMEOUT], [TIMEOUT, "fastcgi_param"], ["fastcgi_pass", "add_header"]]
                ),
            )
        self.snippets = [name for name in self.files if "snip" in name]
        main = self.files[MAIN]
        main.simple("user", "www-data")
        main.begin("events")
        main.finish()
        main.begin("http")
        for number in range(chance.randint(0, 2)):
            main.begin("upstream", "php%d" % number)
            for _server in range(chance.randint(1, 3)):
                main.simple(
                    "server",
                    chance.choice(ADDRESSES[:3]),
                    *chance.sample(["down", "backup", "weight=5"], chance.randint(0, 2)),
                )
            main.finish()
        self.servers(main, "m")
        main.simple("include", "sites/*")
        main.finish()
        self.servers(self.files["/etc/nginx/sites/a"], "a")
        self.servers(self.files["/etc/nginx/sites/b"], "b")
        self.texts = {name: text.whole() for name, text in self.files.items()}

    def servers(self, text: Text, prefix: str) -> None:
        for number in range(self.chance.randint(0, 2) if prefix == "m" else 1):
            name = "%s%d.example" % (prefix, number)
            text.begin("server")
            text.simple("listen", "80")
            text.simple("server_name", *self.chance.sample([name, "www." + name], 2))
            self.body(text, [])
            for words in self.chance.sample(
                [["/"], ["~", "\\.php$"], ["=", "/x"], ["^~", "/a b"]], self.chance.randint(1, 2)
            ):
                block = text.begin("location", *words)
                included = self.chance.sample(self.snippets, self.chance.randint(0, len(self.snippets)))
                self.body(
                    text,
                    [self.chance.choice(["fastcgi_pass", "fastcgi_pass", "root"])]
                    + self.chance.choice([[], [], [TIMEOUT], ["fastcgi_param"]]),
                )
                for snippet in included:
                    text.simple("include", snippet[len("/etc/nginx/") :])
                    self.includes[snippet] = self.includes.get(snippet, 0) + 1
                text.finish()
                self.locations.append(
                    (name, words, {"m": MAIN}.get(prefix, "/etc/nginx/sites/" + prefix), block, included)
                )
            text.finish()

    def body(self, text: Text, names: List[str]) -> None:
        """Statements in any order, and what only looks like the directives that are edited."""
        chance = self.chance
        names = names + chance.sample(["set", "set", "lua", "if", "index", "rest"], chance.randint(0, 3))
        chance.shuffle(names)
        for name in names:
            if name == "lua":
                text.lua()
            elif name == "if":
                text.begin("if", "($a", "=", chance.choice(VALUES[:6]), ")")
                text.simple(TIMEOUT, "3s")
                text.finish()
            elif name == "fastcgi_pass":
                text.simple(name, chance.choice(ADDRESSES))
            elif name == TIMEOUT:
                text.simple(name, chance.choice(["5s", "60", "1m 30s"]))
            elif name in ("set", "fastcgi_param", "add_header"):
                text.simple(
                    name,
                    {"set": "$a", "fastcgi_param": "A", "add_header": "X-A"}[name],
                    chance.choice(VALUES),
                )
            else:
                text.simple(name, *[chance.choice(VALUES) for _word in range(chance.randint(1, 3))])

    def expand(self, _pattern: str) -> List[str]:
        return ["/etc/nginx/sites/a", "/etc/nginx/sites/b"]


def flat(texts: Dict[str, str], expand: Any) -> List[Tuple[Tuple[str, ...], str, List[str]]]:
    """All directives with the blocks around them, as a diagnosis reads them."""

    def walk(
        directives: List[Directive], around: Tuple[str, ...]
    ) -> Iterator[Tuple[Tuple[str, ...], str, List[str]]]:
        for one in directives:
            yield around, one.name, one.args
            if one.block is not None:
                name = " ".join(" ".join(inner.args) for inner in one.block if inner.name == "server_name")
                yield from walk(one.block, around + (" ".join([one.name] + one.args + [name]),))

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


def only_removed(text: Text, before: str, after: str, one: Place) -> None:
    """The directive's words are gone; a comment between them stays, and so do all other lines."""
    start, end = one.whole
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
    found, fault = lexed(text)
    assert fault is None
    return [(args, end) for args, end, _line in found]


def try_address(text: str, places: List[Place], one: Place) -> str:
    new = "unix:/run/php/new.sock"
    wanted = text[: one.first[0]] + one.mark + new + one.mark + text[one.first[1] :]
    if (
        len(
            [
                other
                for other in places
                if other.line == one.line
                and other.name in ("fastcgi_pass", "server")
                and other.args[0] == one.args[0]
            ]
        )
        > 1
    ):
        with pytest.raises(Refusal):
            set_address_at(text, one.line, ("fastcgi_pass", "server"), one.args[0], new)
        return "refused"
    after = set_address_at(text, one.line, ("fastcgi_pass", "server"), one.args[0], new)
    assert after == wanted
    assert set_address_at(after, one.line, ("fastcgi_pass", "server"), one.args[0], new) == after or one.args[
        0
    ] in (other.args[0] for other in places if other.line == one.line and other is not one)
    with pytest.raises(Refusal):
        set_address_at(text, one.line, ("fastcgi_pass", "server"), one.args[0] + "x", new)
    return "changed"


def try_beside(text: str, places: List[Place], one: Place) -> str:
    if (
        not one.block
        or len([other for other in places if other.line == one.line and other.name == "fastcgi_pass"]) > 1
    ):
        with pytest.raises(Refusal):
            set_beside(text, one.line, "fastcgi_pass", TIMEOUT, ["77s"])
        return "refused"
    after = set_beside(text, one.line, "fastcgi_pass", TIMEOUT, ["77s"])
    assert set_beside(after, one.line, "fastcgi_pass", TIMEOUT, ["77s"]) == after
    there = [other for other in places if other.block == one.block and other.name == TIMEOUT]
    if there:
        start, end = there[0].first
        assert after == text[:start] + there[0].mark + "77s" + there[0].mark + text[end:]
        return "changed"
    only_inserted(text, after, TIMEOUT + " 77s;")
    new, at = only(plain(text), plain(after))
    assert new == ([TIMEOUT, "77s"], ";")
    assert lexed(after)[0][at - 1] == (["fastcgi_pass"] + one.args, ";", one.line)
    return "inserted"


def try_directive(site: Site, name: str, args: Optional[List[str]]) -> str:
    """Sets or removes it in a location of the site; what stands where, the generator knows."""
    server, words, file, block, included = site.chance.choice(site.locations)
    selector = (("server", server), ("location", " ".join(words)))
    keyed = args is not None and name == "add_header"
    there = [
        (path, one)
        for path, number in [(file, block)] + [(snippet, 0) for snippet in included]
        for one in site.files[path].places
        if one.name == name
        and one.block == number
        and (not keyed or args is not None and one.args[0] == args[0])
    ]

    def change(texts: Dict[str, str]) -> List[Any]:
        return set_directive(MAIN, texts.get, site.expand, selector, name, args)

    if len(there) > 1 or there and site.includes.get(there[0][0], 0) > 1 and there[0][1].args != args:
        with pytest.raises(Refusal):
            change(site.texts)
        return "refused"
    found = change(site.texts)
    if not there and args is None or there and there[0][1].args == args:
        assert found == []
        return "nothing"
    after = dict(site.texts, **{one.path: one.after for one in found})
    assert [one.path for one in found] == [there[0][0] if there else file]
    assert change(after) == []
    old, new = flat(site.texts, site.expand), flat(after, site.expand)
    if args is None:
        gone, _at = only(new, old)
        assert gone[1:] == (name, there[0][1].args)
        only_removed(site.files[there[0][0]], found[0].before, found[0].after, there[0][1])
        return "removed"
    at = next(number for number, (left, right) in enumerate(zip(old + [((), "", [])], new)) if left != right)
    around, new_name, new_args = new[at]
    assert (new_name, new_args) == (name, args)
    assert around[-1].strip() == " ".join(["location"] + words) and server in around[-2]
    if there:
        path, one = there[0]
        start, end = one.whole
        assert old[at] == (around, name, one.args) and old[:at] + old[at + 1 :] == new[:at] + new[at + 1 :]
        assert found[0].after.startswith(site.texts[path][:start]) and found[0].after.endswith(
            site.texts[path][end:]
        )
        return "changed"
    assert new[:at] + new[at + 1 :] == old
    only_inserted(
        found[0].before,
        found[0].after,
        " ".join([name] + ['"%s"' % one if " " in one or "#" in one else one for one in args]) + ";",
    )
    return "inserted"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_an_edit_changes_one_directive_and_a_second_one_nothing(batch: int) -> None:
    seen: Dict[str, int] = {}
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        site = Site(seed)
        for path, text in site.texts.items():
            places = site.files[path].places
            there = {place.start: place for place in Source(path, text).every()}
            for one in places:
                place = there[one.whole[0]]
                assert (place.name, place.args) == (one.name, one.args), (seed, path)
                assert (place.line, place.end) == (one.line, one.whole[1]), (seed, path)
                assert not one.args or place.words[1] == one.first, (seed, path)
            for one in site.chance.sample(places, min(len(places), 3)):
                assert one.line in [
                    line for args, _end, line in lexed(text)[0] if args == [one.name] + one.args
                ], (seed, path)
        path, one = site.chance.choice(
            [
                (path, one)
                for path, text in site.files.items()
                for one in text.places
                if one.name in ("fastcgi_pass", "server")
            ]
            or [("", None)]
        )
        if one:
            result = "address " + try_address(site.texts[path], site.files[path].places, one)
            seen[result] = seen.get(result, 0) + 1
            if one.name == "fastcgi_pass":
                result = "beside " + try_beside(site.texts[path], site.files[path].places, one)
                seen[result] = seen.get(result, 0) + 1
        result = "directive " + try_directive(site, *site.chance.choice(SETTINGS))
        seen[result] = seen.get(result, 0) + 1
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
