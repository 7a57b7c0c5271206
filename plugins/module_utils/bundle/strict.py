# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More of what people and programs write of secrets, for texts that strangers will read. It costs a word now
and then that was none. A diagnosis among colleagues goes without it.
"""

import re
from typing import Match, Pattern, Tuple

from ..parse.redact import GONE

# Of several languages, as applications log them.
_NAMES = (
    r"(?:pass(?:word|wd|wort|phrase|code)|pwd|pw|secret|(?:api|access|auth|bearer|refresh)[ _-]?(?:key|token)"
    r"|token|mot de passe|contrase(?:\u00f1|n)a|senha|wachtwoord|has\u0142o|otp|pin|credentials?)"
)
# What follows such a name where no secret does: "password authentication failed for user".
_NO_SECRET = (
    r"(?:yes|no|none|null|true|false|empty|missing|authentication|auth|failed|failure|expired|required|invalid"
    r"|incorrect|wrong|mismatch|must|has|have|had|not|and|or|in|on|at|by|with|from|file|files|of|to|hash|reset"
    r"|change|changed|protected|policy|field|errors?|does|did|can|cannot|could|will|would|may)"
)
# It is such a word only where it is a whole one: a secret may begin with one.
_WHOLE = r"(?=[.:!?]?(?:[\s,;\"'<>&)\]}]|\Z))"
_VALUE = r"(?:\"[^\"]{0,300}\"?|'[^']{0,300}'?|[^\s,;\"'<>&)\]}]{1,300})"


def _rule(pattern: str, kept: str) -> Tuple[Pattern[str], str]:
    return re.compile(pattern, re.I), kept


# Linear: each begins at a word of its own, and repeats are bounded.
_RULES = (
    # password is x, the token for y, PIN: 4711
    _rule(
        r"(?<!unexpected )(\b"
        + _NAMES
        + r"\b[\"']?(?:[ \t]*(?:[:=]|=>)[ \t]*|[ \t]+)(?:(?:is|was|for|=|:)[ \t]+){0,2})"
        r"(?!\[redacted|" + _NO_SECRET + _WHOLE + r")" + _VALUE,
        r"\1",
    ),
    _rule(r"(<[\w:.-]{0,40}" + _NAMES + r"[\w:.-]{0,40}>)[^<]{1,300}", r"\1"),
    _rule(
        r"(\b(?:login|user|account|credentials?)[ \t]+[\w.@-]{1,80}[:/])(?!\[redacted)[^\s,;\"')]{3,200}",
        r"\1",
    ),
    # Parameters that are secret in a URL, a cookie or a connection string.
    _rule(
        r"(\b(?:sig|hmac|pin|otp|ticket|oauth_\w{1,30}|\w{0,30}_logged_in_?\w{0,64}"
        r"|remember_\w{1,64}|accountkey|sharedaccess\w{1,20}|\w{0,30}sess(?:ion)?_?(?:id|key)?)=)"
        r"(?!\[redacted)[^\s&;,\"']{1,400}",
        r"\1",
    ),
    _rule(r"(\bredis-cli\b[^\n]{0,100}? -a )(?!\[redacted)\S{1,200}", r"\1"),
    _rule(
        r"(\b(?:auth(?:enticate)? )?(?:plain|login|xoauth2|ntlm|negotiate) )(?=[\w+/]{12})[\w+/]{12,400}=*",
        r"\1",
    ),
    # The arguments of a call that logs in.
    _rule(
        r"(\b\w{0,60}(?:connect|construct|login|auth\w{0,20}|passwor\w{0,20})\w{0,20}\(\)?:? ?\(?)"
        r"(?!\)|\[redacted)(?=[^()\n]{0,300}[,'\"])[^()\n]{1,300}",
        r"\1",
    ),
    _rule(r"(://(?:hooks\.slack|discord(?:app)?|[\w.-]{0,60}webhook)[\w.-]{0,60}/)[^\s\"']{1,400}", r"\1"),
    _rule(
        r"\b(?:sk|pk|rk|hf|dop|doo|shp[a-z]{2}|ghp|key|pat|tok|rpa|glsa|lin|figd|dckr|sq0)[-_][\w-]{10,200}",
        "",
    ),
    _rule(r"\b(?:hv[sbr]|ya29|xapp|atlasv1)[.-][\w.-]{5,400}", ""),
    # Numbers of cards and of accounts.
    _rule(r"\b\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}\b", ""),
    _rule(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b(?<=\d)", ""),
)
# A request, as logs have it, and the part of its path behind which a secret stands.
_REQUEST = re.compile(r"(\"[A-Z]{3,8} |https?://[^\s/\"]{1,255})(/[^\s\"?]{1,2000})")
_BEHIND = re.compile(
    r"(?i)(/(?:[\w.-]{0,30}(?:reset|passwor|token|invit|verif|confirm|unsubscri|activat|magic|hook|share|secret"
    r"|callback|oauth|auth|api[-_]?key|one-?time|download|export|preview|signed|sso)[\w-]{0,30})/)"
    r"(?![\w-]{1,60}\.php\b|\[redacted)[^\s\"?]{4,2000}"
)


def _path(match: Match[str]) -> str:
    return match.group(1) + _BEHIND.sub(r"\1" + GONE, match.group(2))


def strict(text: str) -> str:
    """A text without what may be secret to a stranger."""
    if len(text) < 8 or not any(mark in text for mark in " =:<_-"):
        return text
    for pattern, kept in _RULES:
        text = pattern.sub(kept + GONE, text)
    return _REQUEST.sub(_path, text)
