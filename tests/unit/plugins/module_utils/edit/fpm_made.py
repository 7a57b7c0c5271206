# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up configurations of php-fpm. The maker keeps what stands where: no test rests on how the editor or
the parser reads it.
"""

import fnmatch
import random
from typing import Dict, List, NamedTuple, Optional, Tuple

Directive = Tuple[str, Optional[str]]


class Live(NamedTuple):
    """A directive that php-fpm reads."""

    path: str
    line: int
    pool: Optional[str]
    directive: Directive
    value: str
    head: str  # what stands before the "="
    equals: str  # the "=" and its spaces
    old: str  # the value as it is spelled
    tail: str  # what stands after the value


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
    """A configuration, and what stands where. held: the pool in force below each line of a file, from line 0.
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

    def lines(self, pool: Optional[str], directive: Directive) -> List[Live]:
        return [line for line in self.live if (line.pool, line.directive) == (pool, directive)]


def matching(files: Dict[str, str], pattern: str) -> List[str]:
    return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))
