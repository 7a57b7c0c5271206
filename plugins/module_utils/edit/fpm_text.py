# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes directives in php-fpm's configuration and nothing else: every other byte of every file stays as it
is.

The text is read by php-fpm's own rules (parse.fpm_conf), and so is the result: an edit that does not read
back as wanted is refused.
"""

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..parse.php_fpm.conf import DEPTH, ENTRY, FALSE, TOKEN, TRUE, FpmConf, Reader, scan_value
from ..verdict.step import Edited, Refusal

# A line that php-fpm acts on, an include after what it brought in; line 0 is a file's beginning. section:
# where it stands; below: what is in force after it, which an include may have changed. name: "" where no
# directive is set. value: as php-fpm reads it. variable: it holds a ${variable}.
_Row = NamedTuple(
    "_Row",
    [
        ("path", str),
        ("line", int),
        ("section", str),
        ("below", str),
        ("name", str),
        ("subkey", Optional[str]),
        ("value", str),
        ("variable", bool),
    ],
)
_Directive = Tuple[str, Optional[str]]

_KEY = re.compile(r"([a-z_][a-z0-9_.]*)(?:\[([a-z0-9_.:-]+)\])?\Z", re.I)
_NO_FAMILY = re.compile(r"[^a-z0-9]")
# fpm_conf_set_boolean takes what the scanner makes of a bare word ("1" or ""), and refuses the same word in
# quotes.
_FLAGS = (
    "catch_workers_output",
    "clear_env",
    "daemonize",
    "decorate_workers_output",
    "log_buffering",
    "php_admin_flag",
    "php_flag",
    "process.dumpable",
    "request_terminate_timeout_track_finished",
)
# What needs no quotes, and those bare words that may be the name of one of PHP's constants, which the scanner
# would put its value for.
_BARE = re.compile(r"(?:[a-z0-9_./:,%@+*-]|\$[a-z])+(?: (?:[a-z0-9_./:,%@+*-]|\$[a-z])+)*\Z", re.I)
_CONSTANT = re.compile(r"(?:^| )[A-Z_][A-Za-z0-9_]*(?: |\Z)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
# php-fpm's scanner ends a line at a lone carriage return too, and at a NUL.
_OTHER_ENDS = re.compile(r"\r[^\r\n]|\0")


class _Trace(Reader):
    """The reader, which also keeps each line that it acted on."""

    def __init__(
        self,
        config: str,
        read: Callable[[str], Tuple[Optional[str], str]],
        expand: Callable[[str], Tuple[List[str], str]],
        prefix: str,
    ) -> None:
        super(_Trace, self).__init__(FpmConf(config), read, expand, prefix)
        self.rows: List[_Row] = []
        self.broken: Set[Tuple[str, int]] = set()
        self.load(config, 1, (config, 0))

    def problem(self, kind: str, file: str, line: int, *values: object) -> None:
        self.broken.add((file, line))
        super(_Trace, self).problem(kind, file, line, *values)

    def load(self, path: str, depth: int, origin: Tuple[str, int]) -> None:
        if depth <= DEPTH:
            here = self.section.name.lower()
            self.rows.append(_Row(path, 0, here, here, "", None, "", False))
        super(_Trace, self).load(path, depth, origin)

    def entry(self, path: str, number: int, line: str, depth: int) -> None:
        section = self.section
        super(_Trace, self).entry(path, number, line, depth)
        match = None if line.startswith("[") else ENTRY.match(line)
        if (path, number) in self.broken and not (match and match.group(1) == "include" and match.group(3)):
            match = None
        name, subkey, value, variable = "", None, "", False
        if match:
            # The scanner takes a subkey in quotes as well.
            name, subkey = (
                match.group(1).lower(),
                None if match.group(2) is None else match.group(2).strip(" \t\"'"),
            )
            value, variable, _why = scan_value(match.group(3))
            value = self.named(value)
        self.rows.append(
            _Row(path, number, section.name.lower(), self.section.name.lower(), name, subkey, value, variable)
        )

    def of(self, section: str, directive: _Directive) -> List[_Row]:
        return [row for row in self.rows if row.section == section and (row.name, row.subkey) == directive]

    def in_force(self, section: str, directive: _Directive) -> Optional[_Row]:
        """The last of equal plain keys, the first of equal array keys."""
        rows = self.of(section, directive)
        return None if not rows else rows[-1] if directive[1] is None else rows[0]

    def rest(self, section: str, directives: Dict[_Directive, Optional[str]]) -> List[Tuple[object, ...]]:
        """All that must be the same before and after, in reading order, whatever the numbers of the lines."""
        kept: List[Tuple[object, ...]] = [
            (problem.file, problem.text.replace("[%s:%d] " % (problem.file, problem.line), ""))
            for problem in self.conf.problems
        ]
        return kept + [
            row[:1] + row[2:]
            for row in self.rows
            if row.section != section or (row.name, row.subkey) not in directives
        ]


def _lines(text: str) -> List[str]:
    """As php-fpm counts them, each with its end."""
    return _LINE.findall(text)


def _written(directive: _Directive, value: str, style: str) -> str:
    """The value in the spelling that the scanner reads back as that value. style: the quote that is there
    already, or "".
    """
    double = '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')
    spellings = {'"': double, "'": "'%s'" % value}
    bare = [value] if _BARE.match(value) and not _CONSTANT.search(value) else []
    for text in ([spellings[style]] if style else bare) + [double, spellings["'"]]:
        if scan_value(text) == (value, False, None):
            return text
    raise Refusal("php-fpm has no spelling for the value of %s" % _shown(directive))


def _shown(directive: _Directive) -> str:
    name, subkey = directive
    return name if subkey is None else "%s[%s]" % (name, subkey)


def _wanted(directive: _Directive, value: str) -> str:
    """The value as it shall read back."""
    if directive[0] not in _FLAGS:
        return value
    if value.lower() not in ("1",) + TRUE + FALSE:
        raise Refusal("%s is yes or no, and not what is asked for" % _shown(directive))
    return scan_value(value)[0]


def _extent(raw: str) -> int:
    """The characters of what stands right of "=" that make the value, without white space and a comment
    behind it.
    """
    at = 0
    match = TOKEN.match(raw)
    while match and match.lastgroup != "comment":
        at = match.end()
        match = TOKEN.match(raw, at)
    return at


def _parted(line: str) -> Tuple[str, str, str, str]:
    """A directive's line -> (up to the end of its name, the "=" with its spaces, the value, what follows)."""
    lead = len(line) - len(line.lstrip())
    match = ENTRY.match(line.strip())
    if match is None:
        raise Refusal("a line that should hold a directive does not")
    name = lead + (match.end(1) if match.group(2) is None else match.end(2) + 1)
    start = lead + match.start(3)
    end = start + _extent(match.group(3))
    return line[:name], line[name:start], line[start:end], line[end:]


def _spaced(equals: str) -> str:
    """An "=" that had nothing right of it gets the space that it has left of it."""
    return equals + " " if equals.endswith("=") and equals[0] in " \t" else equals


def _replace(texts: Dict[str, str], row: _Row, directive: _Directive, value: str) -> None:
    lines = _lines(texts[row.path])
    head, equals, old, tail = _parted(lines[row.line - 1])
    token = TOKEN.match(old)
    style = old[0] if token and token.lastgroup in ("double", "single") and token.end() == len(old) else ""
    new = value if directive[0] in _FLAGS else _written(directive, value, style)
    if not old:
        blank = tail[: len(tail) - len(tail.lstrip(" \t"))]
        equals, tail = equals + blank, tail[len(blank) :]
        equals, tail = _spaced(equals), " " + tail if tail.startswith(";") else tail
    lines[row.line - 1] = head + equals + new + tail
    texts[row.path] = "".join(lines)


def _remove(texts: Dict[str, str], rows: Sequence[_Row]) -> None:
    for path in {row.path for row in rows}:
        gone = {row.line for row in rows if row.path == path}
        texts[path] = "".join(
            line for number, line in enumerate(_lines(texts[path]), 1) if number not in gone
        )


def _held(rows: Sequence[_Row], path: str, total: int) -> List[Set[str]]:
    """By line, from 0: the sections that are in force right below it; more than one where a file is included
    twice.
    """
    held: List[Set[str]] = [set() for _number in range(total + 1)]
    marks = [row for row in rows if row.path == path]
    for row, following in zip(marks, marks[1:] + marks[:1]):
        for number in range(row.line, following.line if following.line > row.line else total + 1):
            held[number].add(row.below)
    return held


def _home(own: Sequence[_Row]) -> str:
    """The file that says what the section is, which for a pool are its pm and listen keys."""
    paths = sorted({row.path for row in own}, key=[row.path for row in own].index)
    names = {path: [row.name for row in own if row.path == path and row.name] for path in paths}
    return max(
        paths,
        key=lambda path: (sum(_family(name) in ("pm", "listen") for name in names[path]), len(names[path])),
    )


def _family(name: str) -> str:
    return _NO_FAMILY.split(name, 1)[0]


def _insert(
    texts: Dict[str, str], trace: _Trace, section: str, directive: _Directive, key: str, value: str
) -> None:
    """Where a person would: below its commented default, else below its family, else below the section's last
    directive.
    """
    held = {path: _held(trace.rows, path, len(_lines(text))) for path, text in texts.items()}
    own = [row for row in trace.rows if held[row.path][row.line] == {section} and row.name != "include"]
    if not own:
        raise Refusal(
            "[%s] has no line of its own for %s: what it is made of belongs to others too" % (section, key)
        )
    home = _home(own)
    lines = _lines(texts[home])
    name, subkey = directive
    default = re.compile(
        r"[ \t]*;[ \t]?(?i:%s)%s(?P<equals>[ \t]*=[ \t]*)"
        % (re.escape(name), "" if subkey is None else r"[ \t]*\[[ \t]*%s[ \t]*\]" % re.escape(subkey))
    )
    comments = [
        number
        for number, line in enumerate(lines, 1)
        if held[home][number] == {section} and default.match(line)
    ]
    directives = [row for row in own if row.path == home and row.name]
    near = (
        [row.line for row in directives if row.name == name]
        or [row.line for row in directives if _family(row.name) == _family(name)]
        or [row.line for row in directives]
    )
    heads = [row.line for row in own if row.path == home and row.line]
    at = max(comments or near or heads or [0])
    line = lines[at - 1] if at else ""
    indent, equals = "", " = "
    if comments:
        equals = default.match(line).group("equals")  # type: ignore[union-attr]  # the line was found by this pattern
    elif near:
        equals = _parted(line)[1]
    if comments or near:
        indent = line[: len(line) - len(line.lstrip(" \t"))]
    text = indent + key + _spaced(equals) + (value if name in _FLAGS else _written(directive, value, ""))
    sample = line if line.endswith("\n") else "".join(lines[:1])
    end = "\r\n" if sample.endswith("\r\n") else "\n"
    lines.insert(at, end + text if line and not line.endswith("\n") else text + end)
    texts[home] = "".join(lines)


def _asked(settings: Sequence[Tuple[str, Optional[str]]]) -> Dict[str, _Directive]:
    """{key as it is to be written: directive}"""
    asked: Dict[str, _Directive] = {}
    for key, value in settings:
        match = _KEY.match(key)
        if match is None or match.group(1).lower() == "include":
            raise Refusal("%r is no directive that can be set" % key)
        if value is not None and re.search("[\r\n\0]", value):
            raise Refusal("the value of %s does not fit on one line" % key)
        directive = (match.group(1).lower(), match.group(2))
        if directive in asked.values():
            raise Refusal("%s is asked for twice" % key)
        asked[key] = directive
    return asked


def set_directives(
    config: str,
    read: Callable[[str], Optional[str]],
    expand: Callable[[str], List[str]],
    pool: Optional[str],
    settings: Sequence[Tuple[str, Optional[str]]],
    prefix: str = "/usr",
) -> List[Edited]:
    """config: the main file. read: path -> text (surrogateescape, newlines untouched) or None. expand: glob
    -> sorted files. pool: None is [global]. settings: (pm.max_children or php_admin_value[memory_limit],
    value, None to remove every occurrence in that section).

    -> the files whose text changes, in reading order; none when all is as asked. Raises Refusal when the pool
    or a file cannot be read, or when the edit would touch what was not asked for: a value out of the
    environment, a file that several pools include.
    """
    texts: Dict[str, str] = {}
    found: Dict[str, List[str]] = {}

    def kept(path: str) -> Tuple[Optional[str], str]:
        if path not in texts:
            text = read(path)
            if text is None:
                raise Refusal("%s cannot be read, so what is in force is not known" % path)
            if _OTHER_ENDS.search(text):
                raise Refusal(
                    "%s has a lone carriage return or a NUL, which php-fpm takes for the end of a line" % path
                )
            texts[path] = text
        return texts[path], ""

    def listed(pattern: str) -> Tuple[List[str], str]:
        if pattern not in found:
            found[pattern] = expand(pattern)
        return found[pattern], ""

    def traced() -> _Trace:
        return _Trace(config, kept, listed, prefix)

    asked = _asked(settings)
    first = trace = traced()
    before = dict(texts)
    section = "global" if pool is None else pool.lower()
    if pool is not None and section not in trace.by_name:
        raise Refusal("no pool [%s] in %s and what it includes" % (pool, config))
    if trace.conf.cut:
        raise Refusal("%s is too long with all its includes to be edited" % config)
    if any(row.name == "include" and row.variable for row in trace.rows):
        raise Refusal(
            "an include of %s depends on the environment, so what is in force is not known" % config
        )
    wanted: Dict[_Directive, Optional[str]] = {}
    for key, value in settings:
        directive = asked[key]
        row = trace.in_force(section, directive)
        if value is None:
            wanted[directive] = None
            _remove(texts, trace.of(section, directive))
        else:
            read_back = _wanted(directive, value)
            wanted[directive] = (
                read_back if pool is None else read_back.replace("$pool", trace.by_name[section].name)
            )
            if row is None:
                _insert(texts, trace, section, directive, key, value)
            elif row.variable:
                raise Refusal("%s is set from the environment in %s, line %d" % (key, row.path, row.line))
            elif row.value != wanted[directive]:
                _replace(texts, row, directive, value)
        trace = traced()
    for directive, read_back_as in wanted.items():
        row = trace.in_force(section, directive)
        if (row.value if row else None) != read_back_as:
            raise Refusal("%s would not read back as asked in [%s]" % (_shown(directive), section))
    if trace.rest(section, wanted) != first.rest(section, wanted):
        raise Refusal(
            "%s cannot be set in [%s] alone: another section reads the same lines"
            % (", ".join(asked), section)
        )
    return [
        Edited(path, before[path], texts[path]) for path in trace.conf.files if texts[path] != before[path]
    ]
