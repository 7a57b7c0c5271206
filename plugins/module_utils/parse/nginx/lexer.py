# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a nginx configuration file, cut into statements as ngx_conf_read_token() does
(src/core/ngx_conf_file.c). Reading and editing both use it: an editor asks for the spans, too.
"""

import re
from typing import List, NamedTuple, Optional, Tuple

# NGX_CONF_BUFFER: a parameter, a quoted text or a comment has to fit.
BUFFER = 4096
# Far above what people write, and within what the host's processor, memory and our stack bear.
MOST_STATEMENTS = 400000
MOST_ARGUMENTS = 50000
DEEPEST_BLOCK = 100
# How the names of blocks end that hold Lua.
LUA_BLOCK = "_by_lua_block"


class SyntaxFault(NamedTuple):
    line: int
    text: str  # nginx's words


# (arguments, end, line of the first one, from 1). end: ";" of a simple directive, "{" opens a block, "}"
# closes one, without arguments.
Statement = Tuple[List[str], str, int]
Cut = Tuple[List[Statement], Optional[SyntaxFault]]
# Where a word stands, with its quotes: the offsets of its first character and behind its last one.
Span = Tuple[int, int]
# Where a statement stands: the spans of its arguments, and the offset of its ";", "{" or "}".
Spans = Tuple[List[Span], int]

# Linear in time and flat in memory on any text, see docs/looking.md.
_TOKEN = re.compile(
    r"""
    [ \t\r\n]*(?:\#[^\n]{0,1000}\n[ \t\r\n]*){0,50}(?:
        (?P<plain>[^\s;{}#"'\\][^\s;{\\]*(?:[ \t\r\n]+[^\s;{}#"'\\][^\s;{\\]*){0,12})[ \t\r\n]*(?P<end>;|(?<!\$)\{)
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
    r"""--\[(?P<comment>={0,99})\[|--[^\n]*|\[(?P<string>={0,99})\[|"(?:[^"\\\n]+|\\[\s\S]){0,9999}"?|'(?:[^'\\\n]+|\\[\s\S]){0,9999}'?|[{}]"""
)


def unescape(raw: str) -> str:
    """As ngx_conf_read_token() stores a parameter: a backslash in front of any other character stays."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group(1)), raw)


def _too_long(raw: str) -> bool:
    return len(raw) * 4 >= BUFFER and len(raw.encode("utf-8", "replace")) >= BUFFER


def lua_end(text: str, start: int) -> int:
    """The offset of the brace that closes the block whose text begins at start, or -1."""
    depth = 1
    position = start
    while True:
        match = _LUA.search(text, position)
        if match is None:
            return -1
        position = match.end()
        found = match.group()
        if found == "{":
            depth += 1
        elif found == "}":
            depth -= 1
            if not depth:
                return match.start()
        elif match.lastgroup:
            position = text.find("]%s]" % match.group(match.lastgroup), position)
            if position < 0:
                return -1


def statements(text: str, spans: Optional[List[Spans]] = None) -> Cut:
    """All statements up to the end or the first fault, and that in nginx's own words with its line. A
    *_by_lua_block gives its "{" and its "}" only.

    spans: gets those of each statement, in the same order.
    """
    found: List[Statement] = []
    args: List[str] = []
    words_at: List[Span] = []
    line, counted, start_line, position, depth = 1, 0, 1, 0, 0

    def fault(offset: int, message: str) -> Cut:
        return found, SyntaxFault(line + text.count("\n", counted, offset), message)

    def too_long(offset: int, word: str) -> Cut:
        start = word.encode("utf-8", "replace")[:10].decode("utf-8", "replace")
        return fault(offset, 'too long parameter "%s..." started' % start)

    def unfinished(offset: int) -> Cut:
        return fault(offset, 'unexpected end of file, expecting ";" or "}"')

    def too_many(number: int, what: str) -> Cut:
        return fault(start, "more than %d %s, the rest of this file was not read" % (number, what))

    while position >= 0:
        begin, position = position, -1
        for match in _TOKEN.finditer(text, begin):
            kind = match.lastgroup
            if kind == "comment":
                if _too_long(match.group("comment")):
                    return too_long(match.start("comment"), match.group("comment"))
                continue
            if kind is None:
                if args:
                    return unfinished(len(text))
                break
            start = match.start("plain" if kind == "end" else kind)
            line += text.count("\n", counted, start)
            counted = start
            if not args:
                start_line = line
            if kind == "end":
                plain, stop = match.group("plain", "end")
                words = plain.split()
                if len(plain) >= BUFFER // 4:
                    long_words = list(filter(_too_long, words))
                    if long_words:
                        return too_long(text.index(long_words[0], start), long_words[0])
                args += words
                if spans is not None:
                    words_at += [
                        word.span() for word in _PLAIN_WORD.finditer(text, start, match.end("plain"))
                    ]
            elif kind == "close":
                depth -= 1
                if args or depth < 0:
                    return fault(start, 'unexpected "}"')
                found.append(([], "}", line))
                if spans is not None:
                    spans.append(([], start))
                continue
            elif kind == "stop":
                stop = match.group("stop")
                if not args:
                    return fault(start, 'unexpected "%s"' % stop)
            else:
                raw, after, quote = match.group(kind), match.end(), ""
                if kind == "quoted":
                    raw, quote = raw[1:-1], raw[0]
                if _too_long(raw):
                    missing = 'too long parameter, probably missing terminating "%s" character' % quote
                    return fault(start, missing) if quote else too_long(start, raw)
                if after == len(text):
                    return unfinished(after)
                if quote and text[after] not in _AFTER_QUOTED:
                    return fault(after, 'unexpected "%s"' % text[after])
                args.append(unescape(raw))
                if spans is not None:
                    words_at.append((start, after))
                if len(args) > MOST_ARGUMENTS:
                    return too_many(MOST_ARGUMENTS, "parameters")
                continue
            found.append((args, stop, start_line))
            if spans is not None:
                spans.append((words_at, match.end() - 1))
                words_at = []
            if len(found) > MOST_STATEMENTS:
                return too_many(MOST_STATEMENTS, "directives")
            if stop == "{":
                depth += 1
                if depth > DEEPEST_BLOCK:
                    return too_many(DEEPEST_BLOCK, "nested blocks")
                if args[0].endswith(LUA_BLOCK):
                    position = lua_end(text, match.end())
                    args = []
                    break
            args = []
    return fault(len(text), 'unexpected end of file, expecting "}"') if depth else (found, None)
