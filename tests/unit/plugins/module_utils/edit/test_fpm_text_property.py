# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration on thousands of made-up ones: what was asked for changes, and not one
byte beside it.

The maker of a configuration keeps its own books of what stands where, so that nothing here rests on the
editor's or the parser's reading.
"""

import fnmatch
import os
import random
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import (
    parse_fpm_conf,
    scan_value,
)

BATCHES, BATCH = int(os.environ.get("WEBMEDIC_BATCHES", "10")), 300
Directive = Tuple[str, Optional[str]]
# head and tail: what stands before the "=" and after the value; equals: the "=" and its spaces; old: the
# value as it is spelled.
Live = NamedTuple(
    "Live",
    [
        ("path", str),
        ("line", int),
        ("pool", Optional[str]),
        ("directive", Directive),
        ("value", str),
        ("head", str),
        ("equals", str),
        ("old", str),
        ("tail", str),
    ],
)

POOLS = ["www", "api", "shop-1"]
FLAG: Directive = ("catch_workers_output", None)
DIRECTIVES: List[Directive] = [
    ("pm", None),
    ("pm.max_children", None),
    ("pm.max_requests", None),
    ("listen", None),
    ("listen.owner", None),
    ("user", None),
    ("request_terminate_timeout", None),
    FLAG,
    ("php_admin_value", "memory_limit"),
    ("php_admin_value", "error_log"),
    ("php_value", "memory_limit"),
    ("env", "TMP"),
]
SPELLINGS = [
    ("5", ["5", '"5"', "'5'"]),
    ("64M", ["64M", '"64M"']),
    ("/run/$pool.sock", ["/run/$pool.sock", '"/run/$pool.sock"']),
    ("", ["", '""', "off"]),
    ("a; b", ['"a; b"', "'a; b'"]),
    ('say "x"', ['"say \\"x\\""', "'say \"x\"'"]),
    ("on", ['"on"', "'on'"]),
    ("a=(b)", ['"a=(b)"']),
    (".php .phar", [".php .phar", '".php .phar"']),
    ("1", ["yes", "on", "1", "TRUE"]),
]
FLAG_SPELLINGS = [("1", ["yes", "on", "1", "True"]), ("", ["no", "off", "none", ""])]
FLAG_VALUES = {"yes": "1", "no": ""}
NOISE = [
    "; pm.max_children and the like",
    ";[www]",
    "; [api]",
    ";;pm.max_children = 5",
    "; see listen = 5, user = 6",
    "\udcff\udcfe = 1",
    'x = "1',
    "y",
    ";   user = x",
    "\t;",
    "pm.max_children.x = 1",
]


def key_of(directive: Directive) -> str:
    name, subkey = directive
    return name if subkey is None else "%s[%s]" % (name, subkey)


class Made:
    """A configuration, and the books of it. held: {path: [the pool in force below each line, from line 0]};
    defaults: commented ones.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.files: Dict[str, str] = {"/main": ""}
        self.live: List[Live] = []
        self.held: Dict[str, List[Optional[str]]] = {}
        self.defaults: List[Tuple[str, int, Optional[str], Directive]] = []
        self.spelled: Dict[str, str] = {}
        self.pool: Optional[str] = None
        self.write("/main", 1)

    def write(self, path: str, depth: int) -> None:
        chance = self.chance
        end = chance.choice(["\n", "\n", "\r\n"])
        self.held[path] = [self.pool]
        lines: List[str] = []
        for number in range(1, chance.randint(2, 14)):
            kind = chance.choice(
                [
                    "head",
                    "directive",
                    "directive",
                    "directive",
                    "directive",
                    "default",
                    "noise",
                    "blank",
                    "include",
                ]
            )
            if kind == "include" and depth < 4 and len(self.files) < 7:
                lines.append(self.include(depth))
            else:
                lines.append(
                    {"head": self.head, "directive": self.directive, "default": self.default}.get(
                        kind, self.noise
                    )(path, number)
                )
            self.held[path].append(self.pool)
        self.files[path] = end.join(lines) + (end if chance.random() < 0.8 else "")

    def include(self, depth: int) -> str:
        base = "/i%d" % len(self.files)
        names = ["%s/%d.conf" % (base, number) for number in range(self.chance.randint(1, 2))]
        self.files.update((name, "") for name in names)
        for name in names:
            self.write(name, depth + 1)
        return self.chance.choice(["include=%s/*.conf", "  include = '%s/*.conf' ; more"]) % base

    def cased(self, text: str) -> str:
        return self.chance.choice([text, text, text, text.upper(), text.title()])

    def head(self, path: str, number: int) -> str:
        name = self.chance.choice(POOLS + ["global"])
        cased = self.cased(name)
        self.pool = None if name == "global" else name
        if self.pool:
            self.spelled.setdefault(self.pool, cased)
        return self.chance.choice(["[%s]", "[%s]", "\t[%s] ; a pool"]) % cased

    def named(self, directive: Directive) -> str:
        name, subkey = directive
        return self.cased(name) + (
            "" if subkey is None else self.chance.choice(["[%s]", "[%s]", " [ %s ]"]) % subkey
        )

    def directive(self, path: str, number: int) -> str:
        chance = self.chance
        directive = chance.choice(DIRECTIVES)
        value, spellings = chance.choice(FLAG_SPELLINGS if directive == FLAG else SPELLINGS)
        head = chance.choice(["", "", "  ", "\t"]) + self.named(directive)
        equals, old = chance.choice([" = ", " = ", "=", "\t=\t", "  =   "]), chance.choice(spellings)
        tail = chance.choice(["", "", "", " ; 5", ";x = 1", "  "] if old else ["", " ; 5"])
        self.live.append(
            Live(
                path, number, self.pool, directive, self.effective(value, self.pool), head, equals, old, tail
            )
        )
        return head + equals + old + tail

    def default(self, path: str, number: int) -> str:
        directive = self.chance.choice(DIRECTIVES)
        self.defaults.append((path, number, self.pool, directive))
        return (
            self.chance.choice([";", "; ", "\t;"])
            + self.named(directive)
            + self.chance.choice([" = 5", "=5", " ="])
        )

    def noise(self, path: str, number: int) -> str:
        return self.chance.choice(NOISE + [""] * len(NOISE))

    def effective(self, value: str, pool: Optional[str]) -> str:
        return value if pool is None else value.replace("$pool", self.spelled[pool])

    def found(self, pool: Optional[str], directive: Directive) -> List[Live]:
        return [one for one in self.live if (one.pool, one.directive) == (pool, directive)]


def matching(files: Dict[str, str], pattern: str) -> List[str]:
    return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))


def directives(files: Dict[str, str]) -> Dict[Optional[str], List[Tuple[Directive, str, str]]]:
    """{pool: [(directive, value, file)]} as the parser reads it."""
    conf = parse_fpm_conf("/main", files.get, lambda pattern: matching(files, pattern))
    read: Dict[Optional[str], List[Tuple[Directive, str, str]]] = {}
    for section in [conf.top] + conf.pools:
        read[None if section is conf.top else section.name] = [
            ((key, None), one.value, one.file) for key, one in section.settings.items()
        ] + [
            ((array, key), one.value, one.file)
            for array, pairs in sorted(section.arrays.items())
            for key, one in pairs
        ]
    return read


def split(text: str) -> List[Tuple[str, str]]:
    """[(line, its end)]"""
    return [
        (line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :])
        for line in text.replace("\n", "\n\0").split("\0")
        if line
    ]


def is_changed_as_asked(line: str, was: Live, value: str) -> bool:
    if not (line.startswith(was.head) and line.endswith(was.tail)):
        return False
    middle = line[len(was.head) : len(line) - len(was.tail)]
    if was.old and not middle.startswith(was.equals):
        return False
    return scan_value(middle.replace("=", "", 1).strip()) == (value, False, None)


def check(made: Made, pool: Optional[str], asked: Dict[Directive, Optional[str]]) -> Tuple[int, int, int]:
    """-> lines (changed, removed, inserted), all of them asked for."""
    settings = [(key_of(directive), value) for directive, value in asked.items()]

    def apply(files: Dict[str, str]) -> Dict[str, str]:
        edited = set_directives(
            "/main",
            files.get,
            lambda pattern: matching(files, pattern),
            None if pool is None else pool.upper(),
            settings,
        )
        assert all(one.before == files[one.path] != one.after for one in edited)
        return dict(files, **{one.path: one.after for one in edited})

    after = apply(made.files)
    assert apply(after) == after
    removed: Set[Tuple[str, int]] = set()
    changed: Dict[Tuple[str, int], Tuple[Live, str]] = {}
    absent: Set[Directive] = set()
    for directive, value in asked.items():
        occurrences = made.found(pool, directive)
        wanted = FLAG_VALUES[str(value)] if directive == FLAG and value is not None else value
        if wanted is None:
            removed |= {(one.path, one.line) for one in occurrences}
        elif not occurrences:
            absent.add(directive)
        else:
            one = occurrences[-1 if directive[1] is None else 0]
            if one.value != made.effective(wanted, pool):
                changed[(one.path, one.line)] = (one, wanted)

    inserted = 0
    for path, text in made.files.items():
        left = split(after[path])
        kept = [
            (number, line, end)
            for number, (line, end) in enumerate(split(text), 1)
            if (path, number) not in removed
        ]
        for number, line, end in kept + [(len(split(text)) + 1, "", "")]:
            while (
                left
                and left[0][0] != line
                and not (
                    (path, number) in changed and is_changed_as_asked(left[0][0], *changed[(path, number)])
                )
            ):
                added = left.pop(0)[0]
                directive = next(
                    one
                    for one in absent
                    if added.strip().startswith(key_of(one)) and added.strip()[len(key_of(one))] in " \t="
                )
                below = [
                    at
                    for file, at, owner, default in made.defaults
                    if (file, owner, default) == (path, pool, directive)
                ]
                # Lines that were removed or inserted do not count.
                place = number - 1
                assert pool in [
                    made.held[path][at]
                    for at in range(place + 1)
                    if all((path, gone) in removed for gone in range(at + 1, place + 1))
                ]
                assert (
                    not below
                    or place == max(below)
                    or any((path, gone) in removed for gone in range(max(below) + 1, place + 1))
                )
                absent.discard(directive)
                inserted += 1
            if left:
                assert ((path, number) in changed) == (left[0][0] != line)
                assert left[0][1] == end or not end
                left.pop(0)
            else:
                assert number == len(split(text)) + 1
        assert not left
        assert "\n" not in text or {end for _line, end in split(after[path])} <= {
            end for _line, end in split(text)
        } | {""}
        if inserted == 0 and not removed:
            assert [end for _line, end in split(after[path])] == [end for _line, end in split(text)]
    assert not absent

    was, now = directives(made.files), directives(after)
    spelled = None if pool is None else made.spelled[pool]
    for name in set(was) | set(now):
        touched = asked if name == spelled else {}
        assert [one for one in was[name] if one[0] not in touched] == [
            one for one in now[name] if one[0] not in touched
        ]
    for directive, value in asked.items():
        values = [one[1] for one in now[spelled] if one[0] == directive]
        wanted = FLAG_VALUES[str(value)] if directive == FLAG and value is not None else value
        assert values[:1] == ([] if wanted is None else [made.effective(wanted, pool)])
    return len(changed), len(removed), inserted


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nothing_but_what_was_asked_for_changes(batch: int) -> None:
    totals = [0, 0, 0, 0]
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        chance = random.Random(seed)
        made = Made(chance)
        pool = chance.choice(sorted(made.spelled) or [None]) if chance.random() < 0.8 else None
        asked: Dict[Directive, Optional[str]] = {}
        present = [directive for directive in DIRECTIVES if made.found(pool, directive)]
        for _number in range(chance.randint(1, 3)):
            directive = chance.choice(present if present and chance.random() < 0.6 else DIRECTIVES)
            value = (
                chance.choice(sorted(FLAG_VALUES))
                if directive == FLAG
                else chance.choice([value for value, _spellings in SPELLINGS])
            )
            if directive in present and directive != FLAG and chance.random() < 0.2:
                value = made.found(pool, directive)[-1].value
            asked[directive] = value if chance.random() < 0.85 else None
        try:
            counts = check(made, pool, asked)
        except BaseException:
            print("seed %d: [%s] %s in %s" % (seed, pool, asked, made.files))
            raise
        totals = [total + count for total, count in zip(totals, counts + (int(not any(counts)),))]
    # Each kind of edit must have come up, or the test has lost what it is for.
    assert min(totals) >= 10, totals
