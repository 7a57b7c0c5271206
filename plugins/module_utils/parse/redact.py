# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets out of a text before it leaves the host. For configuration: edit/shown_*.py."""

import re
from functools import lru_cache
from typing import Any, Pattern, Tuple

LIMIT = 500
GONE = "[redacted]"
_READ = 2048  # nothing behind it can survive the cut at LIMIT
# A secret with any ending (password_hash, tokens), or as a whole part of a name.
WORD = (
    r"(?:(?:passwor[dt]|passwd|passphrase|pgpass|secret|token|credential|signature"
    r"|(?:api|access|private|auth|app)[_-]?key|sessid|cookie|x?[cs]rf|jwt)"
    r"[\w-]{0,40}|(?:pass|pwd?|auth|session(?:[_-]?id)?|sid|otp|salt|nonce|dsn|[_.-]sk|[_.-]key)(?![a-z0-9]))"
)
_WORDS = "pass pw secret token cred sign key sess cook csrf xsrf xcrf jwt auth sid otp salt nonce dsn sk"
_VALUE = (
    r"(?:\\+\"(?:[^\"\\]|\\+[^\"\\])*(?:\\+\")?|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?"
    r"|[{[][^{[\]}]*|[^\s,;&\"')\]}]+)"
)
_DIRECTIVE = (
    r"(?:(?:fastcgi|uwsgi|scgi)_param|(?:proxy|grpc)_set_header|add_(?:header|trailer)|map|set(?=[ \t]+\$))"
    r"[ \t]+[^\s;]+|auth_[a-z_]+|secure_link\w*"
)
_TYPED = r"string\(\d{1,9}\)\s*|s:\d{1,9}:|![\w!]{1,20}[ \t]+|\\?\"\w{0,12}value\\?\"\s*:\s*\\?\"?"
_PLAIN = r"(?![\w./+=-])"
# What went wrong, and no value: libc, OpenSSL, PHP, MySQL, PostgreSQL, Redis.
_FAULT = (
    r"(?!\s*(?:(?:no (?:such (?:file|process)|space left|password supplied)|invalid argument|bad message"
    r"|(?:permission|connection|operation) (?:denied|refused|not (?:permitted|supported))|pair or user is"
    r"|(?:protocol|input/output) error|cannot allocate memory)\b|in /|(?:pem|bio|ssl)_\w{1,40}\(\) failed"
    r"|(?<=using password: )(?:yes|no)\)))"
)


def _rule(hints: str, pattern: str, kept: str = r"\1") -> Tuple[Tuple[str, ...], str, str]:
    """hints: texts of which one must be there. kept: what of the match stays."""
    return tuple(hints.split()), pattern, kept + GONE


@lru_cache(maxsize=None)
def _compiled(pattern: str) -> Pattern[str]:
    """Once it is needed: to compile all of them takes milliseconds."""
    return re.compile(pattern)


# Linear: repeats are bounded or cannot overlap.
_RULES = (
    _rule(
        "[",
        r"(?i)\b((?:env|php_(?:admin_)?(?:value|flag))[ \t]*\[[^\]]{0,100}\]\s*=)(?!\s*\[redacted).*",
        r"\1 ",
    ),
    _rule("-----begin", r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY.*", ""),
    # A password in an address may hold any character but a blank and a quote.
    _rule("@", r"(://)(?:[^\s\"'/?#:\[]{0,300}:[^\s\"']{0,300}|[^\s\"'/?#@:\[]{0,300})(?=@)"),
    _rule("@", r"(?<![\w./@:+-])()[\w.+-]{1,64}:(?!//)[^\s:@\"'/]{1,200}(?=@[\w(\[])"),
    _rule("?", r"(\?)(?=[^\s\"'<>?]*[=&%])(?!\[redacted)[^\"]*?(?= HTTP/\d|[\"']|$)"),
    _rule("?", r"(\?)[^\s\"'<>?=:,)\[]{8,}"),
    _rule(
        "cookie authori",
        r"(?i)\b((?:set-)?cookie2?|(?:proxy-)?authorization)(\\?[\"']?\s*[:=]|[ \t]+(?=\"))"
        r"(?!\s*\[redacted)\s*\\?\"?[^\"\r\n]*",
        r"\1\2 ",
    ),
    _rule(
        "param _set_header add_ map set auth_ secure_link",
        r"(?i)\b((?:" + _DIRECTIVE + r")[ \t]+)(?!\[redacted)[^;]+",
    ),
    _rule(
        "bearer basic digest",
        r"(?i)\b(bearer[ \t]+|(?:basic|digest)[ \t]+(?=[\w+/=.~-]{8}))"
        r"(?!\[redacted|authentication,)[^\s\"',;]+",
    ),
    _rule(
        _WORDS,
        r"(?i)(" + WORD + r"(?:\[[\w -]{0,40}\])?\\?[\"']?(?::\S{0,99}pr\w{5,7}(?=\] ?=>))?\]?\s*"
        r"(?:=>|[=:](?!>|//|\S{0,99}pr\w{5,7}\] ?=>)|,(?=[ \t]*[\"'])|;(?=[sid]:\d))"
        # As PHP, YAML and JSON write it.
        r"(?!\s*(?:" + _TYPED + r")?\[redacted)" + _FAULT + r"\s*(?:" + _TYPED + r"|[id]:)?)" + _VALUE,
    ),
    # DB_PASSWORD x, $api_key x, X-Api-Key x, --password x
    _rule(
        _WORDS,
        r"(?i)((?<!fastcgi)(?<!proxy)(?<!uwsgi)(?<!scgi)(?<!grpc)[_$.-]"
        + WORD
        + r"[\"']?(?![ \t]+\[redacted)[ \t]+)(?![=:>])"
        + _FAULT
        + _VALUE,
    ),
    _rule("mysql mariadb sshpass", r"((?:mysql|mariadb)[^\n]{0,200}? -p|sshpass -p )(?!\[redacted)[^\s\"']+"),
    _rule(" -p identified", r"(?i)( -p|identified by )(?:'[^']*'?|\"[^\"]*\"?)"),
    _rule(" -u -user", r"( (?:-u|-(?:-proxy)?-user)[ =]?)[^\s:]{1,100}:\S+"),
    # PHP's stack traces: the arguments of a call.
    _rule(
        "# -> ::",
        r"((?:#\d+ |->|::)[^\s(]{0,200}(?:\(\d+\): [^\s(]{1,200})?\()"
        r"(?!\)|\[redacted)[^']{0,300}'.*?(?= #\d|$)",
    ),
    # What nginx quotes of a file that it does not understand.
    _rule(
        "invalid conflicting too unexpected",
        r"(\b(?:invalid (?:parameter|value|condition|number)|conflicting parameter|too long parameter"
        r"|unexpected) [\"'])(?!\[redacted)[^\"']{2,}",
    ),
    _rule("unknown", r"(\bunknown directive \")(?![a-z_]{1,40}\")[^\"]+"),
    _rule("sess_", r"(\bsess_)[\w,-]{10,}"),
    _rule("eyj", r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{8,}(?:(?:\.|%2[Ee])[\w.%-]*)?", ""),
    _rule(
        "akia asia aroa aida _live _test whsec_ gh glpat xox aiza sg. npm_ $",
        r"\b(?:A(?:KIA|SIA|ROA|IDA)[0-9A-Z]{12,}|[prs]k_(?:live|test)_\w+|whsec_\w+"
        r"|gh[opsru]_\w{16,}|github_pat_\w+|glpat-[\w-]+|xox[a-z]-[\w-]+|AIza[\w-]{20,}"
        r"|SG\.[\w-]{8,}[\w.-]*|npm_\w{20,})"
        r"|\$(?:2[abxy]|argon2\w{1,2}|[156y]|apr1)\$[\w./$+=,-]+",
        "",
    ),
    _rule("", r"(?<![\w./+-])(?=[\w+-]*\d)[0-9A-Za-z+_-]{32,}=*" + _PLAIN, ""),
    _rule("", r"(?<![\w./+=-])[0-9A-Za-z+][0-9A-Za-z+/]{59,}={0,2}" + _PLAIN, ""),
)
# A short word, or a host with its port.
_HARMLESS = re.compile(r"[\w./-]{0,7}\Z|[\w.-]{1,255}:\d{1,5}\Z", re.ASCII)


# They hide a word from its rule.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064]")


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in "\t\n\r" else "?"


def redact(text: str, limit: int = LIMIT) -> str:
    """One line, secrets replaced, control characters as "?", at most limit characters."""
    if _HARMLESS.match(text):
        return text
    read = max(_READ, limit)
    if len(text) > read:
        # A secret that is cut is not known.
        text = text[:read].rpartition(" ")[0] or text[:read]
    if max(text) > "\x7f":
        text = _UNSEEN.sub("", text)
    lower = text.lower()
    for hints, pattern, instead in _RULES:
        if not hints or any(hint in lower for hint in hints):
            text = _compiled(pattern).sub(instead, text)
    text = "".join(map(_printable, text))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def clean(value: Any, limit: int = 4096) -> Any:
    """The same plain data, each text in it redacted, but for keys."""
    if isinstance(value, str):
        return redact(value, limit)
    if isinstance(value, dict):
        return {key: clean(item, limit) for key, item in value.items()}
    return [clean(item, limit) for item in value] if isinstance(value, (list, tuple)) else value
