# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes directives in php-fpm's configuration. Every other byte of every file stays as it is.

The text before and after is read by php-fpm's own rules (fpm_trace.py). An edit that does not read back as
wanted is refused.
"""

import re
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..parse.files import Expand, Read
from ..parse.php_fpm.conf import TOKEN
from ..work.step import Edited, Refusal
from .fpm_spelling import FLAGS, as_read, parted, shown, spaced, written
from .fpm_trace import Directive, Row, Trace, lines_of

_KEY = re.compile(r"([a-z_][a-z0-9_.]*)(?:\[([a-z0-9_.:-]+)\])?\Z", re.I)
_NO_FAMILY = re.compile(r"[^a-z0-9]")
# php-fpm's scanner ends a line at a lone carriage return too, and at a NUL.
_OTHER_ENDS = re.compile(r"\r[^\r\n]|\0")


def _replace(texts: Dict[str, str], row: Row, directive: Directive, value: str) -> None:
    lines = lines_of(texts[row.path])
    head, equals, old, tail = parted(lines[row.line - 1])
    token = TOKEN.match(old)
    style = old[0] if token and token.lastgroup in ("double", "single") and token.end() == len(old) else ""
    new = value if directive[0] in FLAGS else written(directive, value, style)
    if not old:
        blank = tail[: len(tail) - len(tail.lstrip(" \t"))]
        equals, tail = equals + blank, tail[len(blank) :]
        equals, tail = spaced(equals), " " + tail if tail.startswith(";") else tail
    lines[row.line - 1] = head + equals + new + tail
    texts[row.path] = "".join(lines)


def _remove(texts: Dict[str, str], rows: Sequence[Row]) -> None:
    for path in {row.path for row in rows}:
        gone = {row.line for row in rows if row.path == path}
        texts[path] = "".join(
            line for number, line in enumerate(lines_of(texts[path]), 1) if number not in gone
        )


def _held(rows: Sequence[Row], path: str, total: int) -> List[Set[str]]:
    """By line, from 0: the sections in force right below it; several where a file is included twice."""
    held: List[Set[str]] = [set() for _number in range(total + 1)]
    marks = [row for row in rows if row.path == path]
    for row, following in zip(marks, marks[1:] + marks[:1]):
        for number in range(row.line, following.line if following.line > row.line else total + 1):
            held[number].add(row.below)
    return held


def _home(own: Sequence[Row]) -> str:
    """The file that defines the section: for a pool the one with most of its pm and listen keys."""
    paths = sorted({row.path for row in own}, key=[row.path for row in own].index)
    names = {path: [row.name for row in own if row.path == path and row.name] for path in paths}
    return max(
        paths,
        key=lambda path: (sum(_family(name) in ("pm", "listen") for name in names[path]), len(names[path])),
    )


def _family(name: str) -> str:
    return _NO_FAMILY.split(name, 1)[0]


def _insert(
    texts: Dict[str, str], trace: Trace, section: str, directive: Directive, key: str, value: str
) -> None:
    """Puts it where a person would: below its commented default, else below its family, else below the
    section's last directive.
    """
    held = {path: _held(trace.rows, path, len(lines_of(text))) for path, text in texts.items()}
    own = [row for row in trace.rows if held[row.path][row.line] == {section} and row.name != "include"]
    if not own:
        raise Refusal(
            "[%s] has no line of its own for %s: what it is made of belongs to others too" % (section, key)
        )
    home = _home(own)
    lines = lines_of(texts[home])
    name, subkey = directive
    default = re.compile(
        r"[ \t]*;[ \t]?(?i:%s)%s(?P<equals>[ \t]*=[ \t]*)"
        % (re.escape(name), "" if subkey is None else r"[ \t]*\[[ \t]*%s[ \t]*\]" % re.escape(subkey))
    )
    comments = {
        number: match.group("equals")
        for number, match in enumerate(map(default.match, lines), 1)
        if match and held[home][number] == {section}
    }
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
        equals = comments[at]
    elif near:
        equals = parted(line).equals
    if comments or near:
        indent = line[: len(line) - len(line.lstrip(" \t"))]
    text = indent + key + spaced(equals) + (value if name in FLAGS else written(directive, value, ""))
    sample = line if line.endswith("\n") else "".join(lines[:1])
    end = "\r\n" if sample.endswith("\r\n") else "\n"
    lines.insert(at, end + text if line and not line.endswith("\n") else text + end)
    texts[home] = "".join(lines)


def _by_key(settings: Sequence[Tuple[str, Optional[str]]]) -> Dict[str, Directive]:
    """{key as it is to be written: directive}"""
    by_key: Dict[str, Directive] = {}
    for key, value in settings:
        match = _KEY.match(key)
        if match is None or match.group(1).lower() == "include":
            raise Refusal("%r is no directive that can be set" % key)
        if value is not None and re.search("[\r\n\0]", value):
            raise Refusal("the value of %s does not fit on one line" % key)
        directive = (match.group(1).lower(), match.group(2))
        if directive in by_key.values():
            raise Refusal("%s is asked for twice" % key)
        by_key[key] = directive
    return by_key


class _Files:
    """The files of a configuration, each read once; the edits go to texts."""

    def __init__(self, config: str, read: Read, expand: Expand) -> None:
        self.config, self.read, self.expand = config, read, expand
        self.texts: Dict[str, str] = {}
        self.included: Dict[str, List[str]] = {}

    def text(self, path: str) -> str:
        if path not in self.texts:
            text = self.read(path)
            if text is None:
                raise Refusal("%s cannot be read, so what is in force is not known" % path)
            if _OTHER_ENDS.search(text):
                raise Refusal(
                    "%s has a lone carriage return or a NUL, which php-fpm takes for the end of a line" % path
                )
            self.texts[path] = text
        return self.texts[path]

    def listed(self, pattern: str) -> List[str]:
        if pattern not in self.included:
            self.included[pattern] = self.expand(pattern)
        return self.included[pattern]

    def traced(self, prefix: str) -> Trace:
        return Trace(self.config, self.text, self.listed, prefix)


def _edit_refusal(trace: Trace, config: str, pool: Optional[str]) -> Optional[str]:
    if pool is not None and pool.lower() not in trace.by_name:
        return "no pool [%s] in %s and what it includes" % (pool, config)
    if trace.conf.cut:
        return "%s is too long with all its includes to be edited" % config
    if any(row.name == "include" and row.variable for row in trace.rows):
        return "an include of %s depends on the environment, so what is in force is not known" % config
    return None


def _set(
    texts: Dict[str, str], trace: Trace, section: str, directive: Directive, key: str, value: str, wanted: str
) -> None:
    """wanted: the value as it must read back."""
    row = trace.in_force(section, directive)
    if row is None:
        _insert(texts, trace, section, directive, key, value)
    elif row.variable:
        raise Refusal("%s is set from the environment in %s, line %d" % (key, row.path, row.line))
    elif row.value != wanted:
        _replace(texts, row, directive, value)


def _require_read_back(
    first: Trace, last: Trace, section: str, wanted: Dict[Directive, Optional[str]], keys: Sequence[str]
) -> None:
    for directive, value in wanted.items():
        row = last.in_force(section, directive)
        if (row.value if row else None) != value:
            raise Refusal("%s would not read back as asked in [%s]" % (shown(directive), section))
    if last.rest(section, wanted) != first.rest(section, wanted):
        raise Refusal(
            "%s cannot be set in [%s] alone: another section reads the same lines"
            % (", ".join(keys), section)
        )


def set_directives(
    config: str,
    read: Read,
    expand: Expand,
    pool: Optional[str],
    settings: Sequence[Tuple[str, Optional[str]]],
    prefix: str = "/usr",
) -> List[Edited]:
    """The files whose text changes, in reading order; none when all is as asked.

    config: the main file. read: gives texts of as_text(). pool: None is [global]. settings: keys such as
    pm.max_children or php_admin_value[memory_limit], and their values. None removes each occurrence in that
    section. Refusal when the pool or a file cannot be read, or when the edit would touch more. More is a
    value from the environment, or a file that several pools include.
    """
    files = _Files(config, read, expand)
    by_key = _by_key(settings)
    first = trace = files.traced(prefix)
    before = dict(files.texts)
    refusal = _edit_refusal(first, config, pool)
    if refusal:
        raise Refusal(refusal)
    section = "global" if pool is None else pool.lower()
    wanted: Dict[Directive, Optional[str]] = {}
    for key, value in settings:
        directive = by_key[key]
        if value is None:
            wanted[directive] = None
            _remove(files.texts, trace.of(section, directive))
        else:
            reading = as_read(directive, value)
            if pool is not None:
                reading = reading.replace("$pool", trace.by_name[section].name)
            wanted[directive] = reading
            _set(files.texts, trace, section, directive, key, value, reading)
        trace = files.traced(prefix)
    _require_read_back(first, trace, section, wanted, list(by_key))
    return [
        Edited(path, before[path], files.texts[path])
        for path in trace.conf.files
        if files.texts[path] != before[path]
    ]
