# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets out of a text before it leaves the host.

Log lines carry visitors' URLs, cookies and whatever an application prints. What is kept: paths, names, numbers.
What goes: query strings, header values that authenticate, values behind names that promise a secret, env[] and php_*_value[]
values, user and password of a URL, arguments in PHP stack traces, and long random-looking words.
"""

import re

LIMIT = 500
_READ = 2048  # nothing behind it can survive the cut at LIMIT
_GONE = "[redacted]"
_WORD = r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth|session(?:id)?|sid|sessid|credentials?|signature|otp"
_RULES = (
    (re.compile(r"(?i)\b((?:env|php_(?:admin_)?(?:value|flag))\[[^\]]{0,100}\]\s*=\s*).*"), r"\1" + _GONE),
    (re.compile(r"\?(?=[^\s\"'<>?]*[=&%])[^\"]*?(?= HTTP/\d|[\"']|$)"), "?" + _GONE),
    (re.compile(r"\?[^\s\"'<>?=:,)]{8,}"), "?" + _GONE),
    (re.compile(r"(?i)\b((?:set-)?cookie|(?:proxy-)?authorization|x-api-key|x-auth-token)(\s*[:=]\s*)[^\"\r\n]*"), r"\1\2" + _GONE),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~-]{8,}"), r"\1 " + _GONE),
    (re.compile(r"(?i)((?<![a-z])[\w-]{0,40}(?:" + _WORD + r")(?:\[\w*\])?[\"']?\s*(?:=>|[=:])\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"')\]]+)"), r"\1" + _GONE),
    (re.compile(r"://[^\s/@:\"']{0,200}:[^\s/@\"']{1,200}@"), "://" + _GONE + "@"),
    (re.compile(r"((?:#\d+ |->|::)[^\s(]{0,200}(?:\(\d+\): [^\s(]{1,200})?\()[^()]*'[^()]*"), r"\1" + _GONE),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w.-]{8,}"), _GONE),
    (re.compile(r"(?<![\w./-])(?=[\w+-]*\d)[0-9A-Za-z+_-]{32,}(?![\w./-])"), _GONE),
)


def redact(text: str, limit: int = LIMIT) -> str:
    """One line, secrets replaced, control characters as "?" (a terminal would obey them), at most limit characters."""
    text = text[:_READ]
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    text = "".join(character if character.isprintable() else " " if character in "\t\n\r" else "?" for character in text)
    return text if len(text) <= limit else text[:limit - 3] + "..."
