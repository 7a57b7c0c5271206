# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a nginx configuration file, cut into statements as ngx_conf_read_token() does
(src/core/ngx_conf_file.c). Reading and editing both use it: an editor asks for the spans, too.
"""

import re
from typing import List, Match, NamedTuple, Optional, Tuple

# NGX_CONF_BUFFER: a parameter, a quoted text or a comment has to fit.
BUFFER = 4096
# Far above what people write, within what a host's processor, memory and our stack bear.
MOST_STATEMENTS = 400000
MOST_ARGUMENTS = 50000
DEEPEST_BLOCK = 100
# ${name} or $name.
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
# How the name of a block with Lua ends.
LUA_BLOCK = "_by_lua_block"


class SyntaxFault(NamedTuple):
    line: int
    text: str  # nginx's words


# (arguments, end, line of the first one, from 1). end: ";" of a simple directive, "{" opens a block, "}"
# closes one, without arguments.
Statement = Tuple[List[str], str, int]
# Where a word stands, with its quotes: the offsets of its first character and behind its last one.
Span = Tuple[int, int]
# Where a statement stands: the spans of its arguments, and the offset of its ";", "{" or "}".
Spans = Tuple[List[Span], int]

# Linear in time and flat in memory on any text, see docs/looking.md.
_TOKEN = re.compile(
    r"""
    [ \t\r\n]*(?:\#[^\n]{0,1000}\n[ \t\r\n]*){0,50}(?:
        (?P<plain>[^\s;{}#"'\\][^\s;{\\]*(?:[ \t\r\n]+[^\s;{}#"'\\][^\s;{\\]*){0,12})
        [ \t\r\n]*(?P<end>;|(?<!\$)\{)
      | (?P<comment>\#[^\n]*)
      | (?P<close>\})
      | (?P<quoted>"(?:[^"\\]+|\\(?:[\s\S]|\Z)){0,4200}"?|'(?:[^'\\]+|\\(?:[\s\S]|\Z)){0,4200}'?)
      | (?P<stop>[;{])
      | (?P<word>(?:[^ \t\r\n;{\\$]+|\\(?:[\s\S]|\Z)|\$\{*){1,4200})
      | \Z
    )""",
    re.VERBOSE,
)
_PLAIN_WORD = re.compile(r"[^ \t\r\n]+")
_ESCAPE = re.compile(r"""\\(["'\\trn])""")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}
_AFTER_QUOTED = " \t\r\n;{)"

# ngx_http_lua_lex.c: braces in Lua's strings and comments do not count.
_LUA = re.compile(
    r"""--\[(?P<comment>={0,99})\[|--[^\n]*|\[(?P<string>={0,99})\[|[{}]"""
    r"""|"(?:[^"\\\n]+|\\[\s\S]){0,9999}"?|'(?:[^'\\\n]+|\\[\s\S]){0,9999}'?"""
)


class _Fault(Exception):
    """Its arguments: the offset where the text cannot be read on, and nginx's words."""


def unescape(raw: str) -> str:
    """As ngx_conf_read_token() stores a parameter: a backslash in front of any other character stays."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group(1)), raw)


def _check_length(word: str, start: int, quote: str = "") -> None:
    if len(word) * 4 < BUFFER or len(word.encode("utf-8", "replace")) < BUFFER:
        return
    if quote:
        raise _Fault(start, 'too long parameter, probably missing terminating "%s" character' % quote)
    beginning = word.encode("utf-8", "replace")[:10].decode("utf-8", "replace")
    raise _Fault(start, 'too long parameter "%s..." started' % beginning)


def _unfinished(text: str, expected: str) -> _Fault:
    return _Fault(len(text), "unexpected end of file, expecting " + expected)


def _too_many(start: int, number: int, what: str) -> _Fault:
    return _Fault(start, "more than %d %s, the rest of this file was not read" % (number, what))


def _lua_end(text: str, start: int) -> int:
    """The offset of the brace that closes the block whose text begins at start."""
    depth, position = 1, start
    while position >= 0:
        match = _LUA.search(text, position)
        if match is None:
            break
        position = match.end()
        if match.group() == "{":
            depth += 1
        elif match.group() == "}":
            depth -= 1
            if not depth:
                return match.start()
        elif match.lastgroup:
            position = text.find("]%s]" % match.group(match.lastgroup), position)
    raise _unfinished(text, '"}"')


def _word(text: str, match: Match[str], start: int) -> str:
    """A parameter that is quoted, or has an escape or a variable."""
    raw, after, quote = text[start : match.end()], match.end(), ""
    if match.lastgroup == "quoted":
        raw, quote = raw[1:-1], raw[0]
    _check_length(raw, start, quote)
    if after == len(text):
        raise _unfinished(text, '";" or "}"')
    if quote and text[after] not in _AFTER_QUOTED:
        raise _Fault(after, 'unexpected "%s"' % text[after])
    return unescape(raw)


def _cut(text: str, cut: List[Statement], spans: Optional[List[Spans]]) -> None:
    args: List[str] = []
    words_at: List[Span] = []
    line, counted, start_line, position, depth = 1, 0, 1, 0, 0
    while position >= 0:
        begin, position = position, -1
        for match in _TOKEN.finditer(text, begin):
            kind = match.lastgroup
            if kind == "comment":
                _check_length(match.group("comment"), match.start("comment"))
                continue
            if kind is None:
                break
            start = match.start("plain" if kind == "end" else kind)
            line += text.count("\n", counted, start)
            counted = start
            if not args:
                start_line = line
            if kind == "end":
                plain, end = match.group("plain", "end")
                args += plain.split()
                if spans is not None or len(plain) >= BUFFER // 4:
                    for word in _PLAIN_WORD.finditer(text, start, match.end("plain")):
                        _check_length(word.group(), word.start())
                        words_at.append(word.span())
            elif kind == "quoted" or kind == "word":
                args.append(_word(text, match, start))
                words_at.append((start, match.end()))
                if len(args) > MOST_ARGUMENTS:
                    raise _too_many(start, MOST_ARGUMENTS, "parameters")
                continue
            else:
                end = match.group(kind)
                if end == "}":
                    depth -= 1
                if depth < 0 or (not args) != (end == "}"):
                    raise _Fault(start, 'unexpected "%s"' % end)
            cut.append((args, end, start_line))
            if spans is not None:
                spans.append((words_at, match.end() - 1))
            if len(cut) > MOST_STATEMENTS:
                raise _too_many(start, MOST_STATEMENTS, "directives")
            if end == "{":
                depth += 1
                if depth > DEEPEST_BLOCK:
                    raise _too_many(start, DEEPEST_BLOCK, "nested blocks")
                if args[0].endswith(LUA_BLOCK):
                    position = _lua_end(text, match.end())
            args, words_at = [], []
            if position >= 0:
                break
    if args or depth:
        raise _unfinished(text, '";" or "}"' if args else '"}"')


def statements(
    text: str, spans: Optional[List[Spans]] = None
) -> Tuple[List[Statement], Optional[SyntaxFault]]:
    """All statements up to the end or the first fault, and that in nginx's own words with its line. A
    *_by_lua_block gives its "{" and its "}" only.

    spans: gets those of each statement, in the same order.
    """
    cut: List[Statement] = []
    try:
        _cut(text, cut, spans)
    except _Fault as fault:
        offset, words = fault.args
        return cut, SyntaxFault(1 + text.count("\n", 0, offset), words)
    return cut, None
