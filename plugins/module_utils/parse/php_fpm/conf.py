# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's configuration as php-fpm itself reads it, see docs/looking.md."""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Set, Tuple

from ...signatures import kinds
from ..files import Expand, NotOpened, Read
from ..number import number as whole

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem

PROBLEMS = 10  # php-fpm stops at the first
DEPTH = 5  # fpm_conf_load_ini_file: the main file and four levels below it
# Of all files together: includes can repeat a file without end.
MOST_ENTRIES = 400000
MOST_CHARACTERS = 64 * 1024 * 1024
BOM = "\ufeff"  # PHP skips it where a file begins with it


class Setting(NamedTuple):
    value: str
    file: str
    line: int


class Section:
    """[global] or one pool."""

    def __init__(self, name: str, file: str, line: int) -> None:
        self.name, self.file, self.line = name, file, line
        self.variables = False  # whether a plain key has a ${...}, so that its value is unknown
        self.settings: Dict[str, Setting] = {}
        # env, php_value and their like: (key, Setting) in file order.
        self.arrays: Dict[str, List[Tuple[str, Setting]]] = {}
        self.replaced: List[Setting] = []  # each listen that a later one of the same pool stands for

    def text(self, key: str) -> Optional[str]:
        """None when empty, too: to php-fpm that is unset."""
        setting = self.settings.get(key)
        return setting.value if setting and setting.value else None

    def problem(self, kind: str, key: str, *values: object) -> "ConfigProblem":
        """At the directive, or at the section's head where it is not set. values: for the kind's words."""
        from .problems import problem

        at = self.settings.get(key) or Setting("", self.file, self.line)
        pool = None if self.name == "global" else self.name
        return problem(kind, at.file, at.line, *values, pool=pool)

    def number(self, key: str) -> Optional[int]:
        return whole(self.text(key))

    def seconds(self, key: str) -> float:
        return to_seconds(self.text(key))

    def flag(self, key: str, default: bool) -> bool:
        setting = self.settings.get(key)
        return default if setting is None else to_bool(setting.value)

    def words(self, key: str) -> List[str]:
        return [word.strip() for word in (self.text(key) or "").split(",") if word.strip()]


class FpmConf:
    def __init__(self, config: str) -> None:
        self.files: List[str] = []  # in reading order
        self.cut = False  # a limit ended the reading
        self.top = Section("global", config, 0)
        self.pools: List[Section] = []
        self.problems: List[ConfigProblem] = []
        self.variables = False  # whether a value has ${...}


# Linear in time: a name ends with no space, a variable's parts where another variable begins.
ENTRY = re.compile(
    r"""^([^=\n\r\t;&|^$~(){}!"\[\]\x00]*[^=\s;&|^$~(){}!"\[\]\x00])\s*"""
    r"(?:\[([^\]]*)\]\s*)?(?:=\s*(.*))?$",
    re.S,
)
_SECTION = re.compile(r"^\[([^\]]*)\]\s*(?:;.*)?$")
_VARIABLE = r"\$\{[^}:$]*(?::-(?P<default>[^}$]*(?:\$(?!\{)[^}$]*)*))?\}"
TOKEN = re.compile(
    r"""
    "(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"
  | '(?P<single>[^']*)'
  | (?P<variable>"""
    + _VARIABLE
    + r""")
  | (?P<comment>\s*;.*)
  | (?P<space>\s+)
  | (?P<plain>(?:[^\s;"'=()$]+|\$(?!\{))+)
""",
    re.X | re.S,
)
_ESCAPE = re.compile(r"""\\(["'\\])""")
TRUE = ("true", "on", "yes")
FALSE = ("false", "off", "no", "none", "null")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def to_bool(value: str) -> bool:
    return value.lower() in ("1",) + TRUE


def to_seconds(value: Optional[str]) -> float:
    """fpm_conf_set_time: the leading integer and the last letter, 1.5m is 60. 0 for unset or refused."""
    match = re.match(r"\s*([-+]?[0-9]{1,12}).*?([smhd]?)\Z", value or "", re.S)
    return float(int(match.group(1)) * _UNIT_SECONDS[match.group(2)]) if match else 0.0


def scan_value(text: str) -> Tuple[str, bool, Optional[str]]:
    """What stands right of "=" -> (value, whether it has a ${variable}, what the scanner does not expect)."""
    out, pending, tokens = "", "", ""
    variable = False
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            # An apostrophe without a partner ends the value, if there is one.
            return out, variable, None if text[at] == "'" and out else text[at]
        at = match.end()
        kind = str(match.lastgroup)
        if kind == "comment":
            break
        if kind == "space":
            pending = match.group(0) if tokens.endswith("p") else ""
            continue
        if tokens == "p" and out.lower() in TRUE + FALSE:
            return out, variable, match.group(0)
        part, hit = match.group(kind), False
        if kind == "double":
            part, hit = _expand(part)
        elif kind == "variable":
            part, hit = match.group("default") or "", True
        out += (pending if kind == "plain" else "") + part
        pending = ""
        variable = variable or hit
        tokens += kind[0]
    word = out.lower()
    if tokens == "p" and word in TRUE + FALSE:
        out = "1" if word in TRUE else ""
    return out, variable, None


def _expand(text: str) -> Tuple[str, bool]:
    inner = re.sub(_VARIABLE, lambda match: match.group("default") or "", text)
    return _ESCAPE.sub(r"\1", inner), inner != text


class Reader:
    def __init__(self, conf: FpmConf, read: Read, expand: Expand, prefix: str) -> None:
        self.conf, self.read, self.expand, self.prefix = conf, read, expand, prefix
        self.section = conf.top
        self.by_name: Dict[str, Section] = {}
        self.known: Set[str] = set()
        self.entries = self.characters = 0

    def problem(self, kind: str, file: str, line: int, *values: object) -> None:
        if len(self.conf.problems) < PROBLEMS:
            from .problems import problem

            self.conf.problems.append(problem(kind, file, line, *values))

    def load(self, path: str, depth: int, origin: Tuple[str, int]) -> None:
        if depth > DEPTH:
            self.problem(kinds.INCLUDE_TOO_DEEP, origin[0], origin[1], DEPTH)
            return
        try:
            text = "" if self.conf.cut else self.read(path)
        except NotOpened as why:
            self.problem(kinds.FILE_NOT_OPENED, origin[0], origin[1], path, why)
            return
        if text is None:
            return
        if path not in self.known:
            self.known.add(path)
            self.conf.files.append(path)
        self.characters += len(text)
        for number, line in enumerate(text.split("\n"), 1):
            line = (line.lstrip(BOM) if number == 1 else line).strip()
            if line and not line.startswith(";"):
                self.entries += 1
                if self.entries > MOST_ENTRIES or self.characters > MOST_CHARACTERS:
                    self.conf.cut = True
                    return
                self.entry(path, number, line, depth)

    def entry(self, path: str, number: int, line: str, depth: int) -> None:
        if line.startswith("["):
            match = _SECTION.match(line)
            if match is None:
                self.problem(kinds.SYNTAX, path, number, " in the section's head")
            else:
                self.open_section(match.group(1).strip("\"'"), path, number)
            return
        match = ENTRY.match(line)
        if match is None:
            self.problem(kinds.SYNTAX, path, number, "")
            return
        key, subkey, raw = match.groups()
        if raw is None:
            self.problem(kinds.NO_VALUE, path, number, path, number)
            return
        value, variable, unexpected = scan_value(raw)
        self.conf.variables = self.conf.variables or variable
        if unexpected:
            self.problem(kinds.SYNTAX, path, number, ", unexpected '%s'" % unexpected)
        elif subkey is not None:
            self.section.arrays.setdefault(key.lower(), []).append(
                (subkey.strip(), Setting(self.named(value), path, number))
            )
        elif key == "include":
            self.include(value, variable, path, number, depth)
        else:
            self.section.variables = self.section.variables or variable
            if key.lower() == "listen" and "listen" in self.section.settings:
                self.section.replaced.append(self.section.settings["listen"])
            self.section.settings[key.lower()] = Setting(self.named(value), path, number)

    def open_section(self, name: str, path: str, number: int) -> None:
        folded = name.lower()
        if folded == "global":
            self.section = self.conf.top
            return
        if folded not in self.by_name:
            self.by_name[folded] = Section(name, path, number)
            self.conf.pools.append(self.by_name[folded])
        self.section = self.by_name[folded]

    def named(self, value: str) -> str:
        return value if self.section is self.conf.top else value.replace("$pool", self.section.name)

    def include(self, pattern: str, variable: bool, path: str, number: int, depth: int) -> None:
        if not pattern.startswith("/"):
            pattern = self.prefix.rstrip("/") + "/" + pattern
        try:
            names = self.expand(pattern)
        except NotOpened as why:
            if not variable:
                self.problem(kinds.BAD_PATTERN, path, number, pattern, ": %s" % why)
            return
        for name in names:
            self.load(name, depth + 1, (path, number))


def parse_fpm_conf(config: str, read: Read, expand: Expand, prefix: str = "/usr") -> FpmConf:
    """expand: gives no directories. prefix: of a relative include (php-fpm's -p, else the compiled one)."""
    conf = FpmConf(config)
    Reader(conf, read, expand, prefix).load(config, 1, (config, 0))
    return conf


def full_path(value: Optional[str], pool_prefix: Optional[str], prefix: str) -> Optional[str]:
    """fpm_evaluate_full_path"""
    if not value or value.startswith("/"):
        return value
    return (pool_prefix or prefix).rstrip("/") + "/" + value
