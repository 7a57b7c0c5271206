# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, adds or removes one directive in the text of a nginx configuration file, and not a character
beside it. The lexer reads each new text again before it is handed out.
"""

import re
from typing import List, Optional, Sequence, Tuple

from ..parse.nginx.conf import BOM
from ..parse.nginx.lexer import Span, Statement, statements
from ..work.step import Refusal
from .nginx_places import Place, Source

_BLANK = " \t\r\n"

# A statement that replaces another one, or is added before it; None: that one is removed.
_New = Optional[Tuple[List[str], str]]
# Offsets of what is replaced, and by what.
_Cut = Tuple[int, int, str]


def written(text: str, quote: str = "") -> str:
    """A value as a word of the configuration, in quotes only where nginx needs them. quote: that of the old
    value, which is kept.
    """
    if re.search(r"[\n\r\0]", text):
        raise Refusal("a value with a line break or a NUL is not written")

    def quoted(mark: str) -> List[str]:
        return [mark + text + mark, mark + re.sub(r"([\\%s])" % mark, r"\\\1", text) + mark]

    double, single = quoted('"'), quoted("'")
    spellings = quoted(quote) if quote else [text]
    for word in spellings + [double[0], single[0], double[1], single[1]]:
        if statements("x %s;" % word) == ([(["x", text], ";", 1)], None):
            return word
    raise Refusal("a value of %d characters that nginx cannot read is not written" % len(text))


def _edited(source: Source, cuts: Sequence[_Cut], at: int, new: _New, added: bool = False) -> str:
    """The text after the cuts, if only the statement number `at` differs then."""
    after = source.text
    for start, end, text in sorted(cuts, reverse=True):
        after = after[:start] + text + after[end:]
    result, fault = statements(after)
    before = source.statements
    shift = after.count("\n") - source.text.count("\n")
    expected: List[Statement] = before[:at]
    if new:
        rows = result if added else before
        line = rows[at][2] if at < len(result) else 0
        expected = expected + [new + (line,)]
    expected = expected + [(args, end, line + shift) for args, end, line in before[at if added else at + 1 :]]
    if fault or result != expected or after.startswith(BOM) != source.text.startswith(BOM):
        raise Refusal(
            "the edit would change more than the one directive"
            + (": line %d: %s" % (fault.line, fault.text) if fault else "")
        )
    return after


def _gap(text: str, words: Sequence[Span], number: int) -> Span:
    """The space in front of a word, if no comment stands in it."""
    start, end = words[number - 1][1], words[number][0]
    return (start if not text[start:end].strip(_BLANK) else end), end


def with_arguments(source: Source, at: Place, args: Sequence[str]) -> str:
    """The text with other arguments of the directive. Arguments that stay keep their quotes and comments."""
    text = source.text
    cuts: List[_Cut] = []
    for (start, end), old, new in zip(at.words[1:], at.args, args):
        if old != new:
            mark = text[start]
            cuts.append((start, end, written(new, mark if mark in "\"'" else "")))
    behind = at.words[-1][1]
    cuts.append((behind, behind, "".join(" " + written(word) for word in args[len(at.args) :])))
    for number in range(len(args) + 1, len(at.words)):
        cuts.append((_gap(text, at.words, number)[0], at.words[number][1], ""))
    name = source.statements[at.first][0][0]
    return _edited(source, cuts, at.first, ([name] + list(args), ";"))


def _line(text: str, offset: int) -> Span:
    """The line around an offset: its start, and the offset of its newline or the text's end."""
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _newline(text: str, offset: int) -> str:
    """The end of the line whose "\\n" stands at offset."""
    return "\r\n" if text[max(offset - 1, 0) : offset] == "\r" else "\n"


def _indent(source: Source, at: Place) -> Optional[str]:
    """The indentation of the line, if it begins with this directive or one beside it; else None."""
    text = source.text
    start = _line(text, at.start)[0]
    first = start + len(text[start : at.start]) - len(text[start : at.start].lstrip(" \t"))
    begins = any(other.start == first for other in source.beside(at.around))
    return text[start:first] if begins else None


def _behind(source: Source, at: Place, line: str) -> _Cut:
    """Puts a directive on its own line below another one, or right behind it if more stands there."""
    text = source.text
    indent, end = _indent(source, at), _line(text, at.end)[1]
    rest = text[at.end : end].strip(_BLANK)
    if indent is None or (rest and not rest.startswith("#")):
        return at.end, at.end, " " + line
    if end == len(text):
        return end, end, _newline(text, max(text.rfind("\n"), 0)) + indent + line
    return end + 1, end + 1, indent + line + _newline(text, end)


def _at_end(source: Source, block: Place, line: str) -> _Cut:
    """Puts a directive in front of the block's "}"."""
    text, inside = source.text, source.beside(block)
    close = block.end - 1
    start = _line(text, close)[0]
    if not text[start:close].strip(_BLANK):
        indents = [indent for indent in (_indent(source, at) for at in inside) if indent is not None]
        if not indents:
            unit = re.search(r"\n(\t| {1,8})[^ \t\r\n]", text)
            indents = [text[start:close] + (unit.group(1) if unit else "    ")]
        indent = indents[-1]
        return start, start, indent + line + _newline(text, start - 1)
    if inside:
        return inside[-1].end, inside[-1].end, " " + line
    behind = block.stop + 1
    return behind, behind, " " + line + ("" if text[close - 1] in _BLANK else " ")


def inserted(
    source: Source, block: Optional[Place], name: str, args: Sequence[str], anchor: Optional[Place] = None
) -> str:
    """The text with a new directive in the block; None: outside of any block. It stands behind the anchor,
    else behind the last of its family in the block, else at the end of the block.
    """
    line = " ".join(written(word) for word in [name] + list(args)) + ";"
    simple = [inner for inner in source.beside(block) if inner.inside is None]
    family = [inner for inner in simple if inner.name.split("_")[0] == name.split("_")[0]]
    if not family and block is None:
        family = simple
    near = anchor or next(reversed(family), None)
    if near:
        cut, at = _behind(source, near, line), near.last + 1
    elif block:
        cut, at = _at_end(source, block, line), block.last
    else:
        cut, at = (0, 0, line + "\n"), 0
    return _edited(source, [cut], at, ([name] + list(args), ";"), added=True)


def removed(source: Source, at: Place) -> str:
    """The text without a directive, and without its line if nothing else stands there. A comment between its
    words stays.
    """
    text = source.text
    parts = [
        (_gap(text, at.words, number)[0] if number else start, end)
        for number, (start, end) in enumerate(at.words)
    ]
    behind = parts[-1][1]
    parts.append((behind if not text[behind : at.stop].strip(_BLANK) else at.stop, at.end))
    if all(left[1] == right[0] for left, right in zip(parts, parts[1:])):
        start, end = _line(text, at.start)[0], _line(text, at.end)[1]
        alone = not text[at.end : end].strip(_BLANK)
        if text[start : at.start].strip(_BLANK):
            parts = [(len(text[: at.start].rstrip(" \t")), at.end)]
        elif not alone:
            parts = [(at.start, end - len(text[at.end : end].lstrip(" \t")))]
        elif end < len(text) or not start:
            parts = [(start, min(end + 1, len(text)))]
        else:
            parts = [(start - len(_newline(text, start - 1)), end)]
    return _edited(source, [(start, end, "") for start, end in parts], at.first, None)
