# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More of what people and programs write of secrets, for texts that strangers will read. It costs a word now
and then that was none. A diagnosis among colleagues goes without it.
"""

import re
from typing import Match, Pattern, Tuple

from ..parse.redact import GONE, redact
from .commands import without_typed
from .encoded import without_encoded
from .numbers import without_numbers
from .spelled import without_spelled
from .worded import without_worded

_NAMES = r"(?:pass(?:word|wd|wort|phrase|code)|pwd|pw|secret|token|senha|otp|pin|credentials?)"


def _rule(pattern: str, kept: str) -> Tuple[Pattern[str], str]:
    return re.compile(pattern, re.I), kept


# Linear: each begins at a word of its own, and repeats are bounded.
_RULES = (
    _rule(
        r"(\b(?:login|user|account|credentials?)[ \t]+[\w.@-]{1,80}[:/])(?!\[redacted)[^\s,;\"')]{3,200}",
        r"\1",
    ),
    _rule(
        r"(\b(?:login|logon|sign-?in)\b[^\n:]{0,20}:[ \t]+[\w.@-]{1,80}[ \t]?[:/][ \t]?)"
        r"(?!\[redacted)[^\s,;\"')]{3,200}",
        r"\1",
    ),
    _rule(r"(\bdenied\b[^\n]{0,120}?\busing [\"'])[^\"'\n]{1,200}", r"\1"),
    # Parameters that are secret in a URL, a cookie or a connection string.
    _rule(
        r"(\b(?:sig|hmac|pin|otp|salt|pepper|passw?|pwd?|psw|ticket|oauth_\w{1,30}|wordpress_\w{1,64}"
        r"|\w{0,30}_logged_in_?\w{0,64}|remember_\w{1,64}"
        r"|accountkey|sharedaccess\w{1,20}|\w{0,30}sess(?:ion)?_?(?:id|key)?)=)"
        r"(?!\[redacted)[^\s&;,\"']{1,400}",
        r"\1",
    ),
    _rule(r"(\b(?:ssmtp|msmtp|sendmail)\b[^\n]{0,100} -[ax]?p ?)(?!\[redacted)\S{1,200}", r"\1"),
    _rule(r"(\bredis-cli\b[^\n]{0,100}? -a )(?!\[redacted)\S{1,200}", r"\1"),
    _rule(
        r"(\b(?:auth(?:enticate)? )?(?:plain|login|xoauth2|ntlm|negotiate) )(?=[\w+/]{12})[\w+/]{12,400}=*",
        r"\1",
    ),
    # The arguments of a call that logs in.
    _rule(
        r"(\b\w{0,60}(?:connect|construct|login|auth\w{0,20}|passwor\w{0,20}|pdo|mysqli|md5|sha1|crypt|hmac)"
        r"\w{0,20}\(\)?:? ?\(?)"
        r"(?!\)|\[redacted)(?=[^()\n]{0,300}[,'\"])[^()\n]{1,300}",
        r"\1",
    ),
    _rule(r"(://(?:hooks\.slack|discord(?:app)?|[\w.-]{0,60}webhook)[\w.-]{0,60}/)[^\s\"']{1,400}", r"\1"),
    _rule(
        r"\b(?:sk|pk|rk|hf|dop|doo|shp[a-z]{2}|ghp|key|pat|tok|rpa|glsa|lin|figd|dckr|sq0)[-_][\w-]{10,200}",
        "",
    ),
    _rule(r"\b(?:hv[sbr]|ya29|xapp|atlasv1)[.-][\w.-]{5,400}", ""),
    _rule(r"\bGOCSPX-[\w-]{6,200}", ""),
    # A bot of Telegram; a line of .pgpass.
    _rule(r"\d{6,12}:(?=[\w-]{0,40}[a-z])[\w-]{30,60}", ""),
    _rule(
        r"(\b(?:localhost|[\w-]{1,63}\.[\w.-]{1,190}|\*):(?:\d{2,5}|\*):[\w*-]{1,63}:[\w.@-]{1,63}:)[^\s:]{1,200}",
        r"\1",
    ),
)
# Before other rules take the name of its attribute for the secret.
_ELEMENT = re.compile(r"(<[\w:.-]{0,40}" + _NAMES + r"[\w:.-]{0,40}(?:\s[^<>]{0,200})?>)[^<]{1,300}", re.I)
# A request, as logs have it, and the part of its path behind which a secret stands.
_REQUEST = re.compile(
    r"((?:\"|\b)(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|\"[A-Z]{3,8}) |https?://[^\s/\"]{1,255}"
    r"|(?:ur[il]|path|route)\\?[\"']?[ \t]?[:=][ \t]?\\?[\"']?)(/[^\s\"?]{1,2000})",
    re.I,
)
_BEHIND = re.compile(
    r"(?i)(/(?:[\w.-]{0,30}(?:reset|passwor|token|invit|verif|confirm|unsubscri|activat|magic|hook|share|secret"
    r"|callback|oauth|auth|api[-_]?key|one-?time|download|export|preview|signed|sso|private|ical)[\w-]{0,30})/)"
    r"(?![\w-]{1,60}\.php\b|\[redacted)[^\s\"?]{4,2000}"
)
# A statement of SQL, and the texts in it: names of tables and columns stand in other quotes or in none.
_STATEMENT = re.compile(
    r"\b(?:SELECT\b[^\n]{1,2000}?\bFROM|INSERT INTO|REPLACE INTO|UPDATE\b[^\n]{1,200}?\bSET|DELETE FROM)"
    r"\b[^\n]{1,8000}",
    re.I,
)
_LITERAL = re.compile(
    r"([=<>(,][ \t]{0,4}|\b(?:LIKE|VALUES)[ \t])(?:'(?:[^'\\]|\\.|'')*'?|\"(?:[^\"\\]|\\.)*\"?)", re.I
)


def _literals(match: Match[str]) -> str:
    return _LITERAL.sub(r"\1" + GONE, match.group())


def _path(match: Match[str]) -> str:
    return match.group(1) + _BEHIND.sub(r"\1" + GONE, match.group(2))


def _plain(text: str) -> str:
    text = without_typed(without_spelled(without_worded(_ELEMENT.sub(r"\1" + GONE, text))))
    for pattern, kept in _RULES:
        text = pattern.sub(kept + GONE, text)
    return without_numbers(_REQUEST.sub(_path, _STATEMENT.sub(_literals, text)))


def strict(text: str) -> str:
    """A text without what may be secret to a stranger."""
    if len(text) < 8 or text.isalpha():
        return text
    return _plain(without_encoded(text, lambda word: _plain(redact(word, len(word) + 20))))
