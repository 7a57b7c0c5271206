# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up configurations of nginx, which know where each of their directives stands."""

import random
import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

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


class Place(NamedTuple):
    """Where a made-up directive stands."""

    name: str
    args: List[str]
    line: int
    first: Tuple[int, int]  # offsets of its first argument
    mark: str  # its quote
    whole: Tuple[int, int]  # offsets with the ";"
    block: int  # a number, 0 outside of any block of its file


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
        if kind < 0.8:
            self.text += " "
        elif kind < 0.87:
            self.text += "\t"
        elif kind < 0.92:
            self.text += "  "
        else:
            self.text += self.newline() + "   "
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
        for number, word in enumerate(words):
            if number:
                self.space()
            spans.append(self.word(word))
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
