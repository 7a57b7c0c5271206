# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people and applications say of a secret in words of their own, in several languages. Examples are "the
password is x", "Kennwort falsch: x" and "your code is 4711".
"""

import re
from typing import Iterator, List, Tuple

from ..edit.shown import names
from ..parse.redact import GONE

_SURE = (
    r"\w{0,20}passw(?:or[dt]|d)\w{0,10}|pass(?:phrase|code)|pwd|pw|pswd?|pword|p[@4]ssw?[o0]rd|secret"
    r"|(?:api|access|auth|bearer|refresh|encryption|signing|master|licen[cs]e|activation|product|deploy)"
    r"[ _-]?(?:key|token)|(?<!unexpected )token|credentials?|creds|otp|pin"
    r"|(?:lizenz|zugangs|produkt|sicherheits|api-?)schl\u00fcssel|pass word"
    r"|(?:bind|root|ldap|db|user|admin|auth)_?pw|pre-?shared key|share key|hmac key|pass phrase"
    r"|kennw(?:ort|\u00f6rter)|mot ?de ?passe|contrase(?:\u00f1|nn?\u0303?)a|senha|wachtwoord|has[\u0142l]o"
    r"|l[\u00f6o]senord|passord|adgangskode|salasana|jelsz[\u00f3o]|m\u1eadt kh\u1ea9u|kata sandi"
)
_CODES = (
    r"cv[vc]2?|ssn"
    r"|(?:verification|security|confirmation|login|one-?time|access|auth\w{0,20}|sms|[2m]fa|your) code"
)
# Common words as well, so a sign, a joint or an odd word must follow.
_MAYBE = (
    r"session[ _]key|sess|phpsessid"
    r"|zugangsdaten|geheim(?:zahl)?|schl\u00fcssel|mdp|clave|chiave|parola(?: d'ordine)?|heslo"
    r"|[\u015fs]ifre|parol\u0103"
)
# Of scripts that have no capitals or no blanks: they may stand inside of a word.
_SCRIPTS = (
    r"\u043f\u0430\u0440\u043e\u043b\w{0,3}|\u0442\u043e\u043a\u0435\u043d\w{0,2}"
    r"|\u5bc6[\u7801\u78bc]|\u53e3\u4ee4|\u30d1\u30b9\u30ef\u30fc\u30c9|\ube44\ubc00\ubc88\ud638|\uc554\ud638"
    r"|\u03ba\u03c9\u03b4\u03b9\u03ba\w{0,4}"
    r"|\u0643\u0644\u0645\u0629 \u0627\u0644(?:\u0645\u0631\u0648\u0631|\u0633\u0631)"
    r"|\u05e1\u05d9\u05e1\u05de\u05d4"
)
_NAME = re.compile(
    r"(?<![^\W\d_])(?:(?P<sure>%s)|(?P<codes>%s)|(?P<maybe>%s))(?![^\W\d_])|(?P<script>%s)"
    % (_SURE, _CODES, _MAYBE, _SCRIPTS),
    re.I,
)
# Between a name and its value: quotes, a sign, how PHP says what kind of value it is.
_SIGN = re.compile(
    r"[\"'\])]{0,3}[ \t]{0,8}(?:=>|->|<-|:=|[:=\uff1a\uff1d]|;(?=[sid]:))[ \t]{0,8}"
    r"(?:string\(\d{1,9}\)[ \t]|s:\d{1,9}:|[id]:)?"
)
_WORD = re.compile(r"[ \t]{0,8}(\"[^\"]{0,300}\"?|'[^']{0,300}'?|[^\s,;\"'<>&)\]}]{1,300})[,;)\]}>]{0,3}")
# Where what somebody says ends: nginx's own words follow.
_END = re.compile(r"\n|\"? while |, (?:client|server|request|upstream|host|referrer): |\\+n")
_CLOSES = re.compile(r"[\"'\])]{0,3}")
_EQUALS = names("is was set returned holds contains = => / ist war lautet es est \u00e8 \u00e9 jest")
_JOINTS = names("is was are for the a ist war lautet le la el es est era \u00e8 \u00e9 jest on to of")
# What follows such a name where no secret does: "password authentication failed for user".
_NO_SECRET = re.compile(
    r"(?:yes|no|none|null|true|false|empty|missing|authentication|auth|failed|failure|expired|required|invalid"
    r"|incorrecte?o?|wrong|falsch|mismatch|must|has|have|had|not|and|or|in|on|at|by|with|from|file|files|of|to|hash"
    r"|reset|change|changed|protected|policy|field|errors?|does|did|can|cannot|could|will|would|may)[.:!?]?\Z",
    re.I,
)
_ODD = re.compile(
    r"(?=[^\d\s]*\d)(?=[\d\W]*[^\W\d])[^\s/\\.=]{6,300}\Z|(?=\w*[!@#$%^&*])[^\s/\\.=:]{6,300}\Z"
)
_DIGITS = re.compile(r"\d[\d-]{2,11}\Z", re.ASCII)
_FAR = 200  # characters
_MOST_WORDS = 8
Part = Tuple[int, int]


def _words(text: str, at: int, end: int) -> Iterator[Tuple[int, int, str]]:
    """(where it begins, where it ends, it without its quotes) of the next words."""
    for _number in range(_MOST_WORDS):
        word = _WORD.match(text, at, end)
        if not word:
            return
        yield word.start(1), word.end(1), word.group(1).strip("\"'")
        at = word.end()


def _parts(text: str, kind: str, at: int) -> Iterator[Part]:
    """What to hide behind a name that ends there."""
    stop = _END.search(text, at, at + _FAR)
    end = stop.start() if stop else min(len(text), at + _FAR)
    sign = _SIGN.match(text, at, end)
    joined = expected = bool(sign)
    first = True
    begins = sign or _CLOSES.match(text, at, end)
    for begin, last, word in _words(text, begins.end() if begins else at, end):
        bare = word.rstrip(":=")
        if word.startswith(GONE[:-1]):
            expected = first = False
            continue
        if bare.lower() in _JOINTS and not (sign and first):
            joined, expected = True, expected or bare.lower() in _EQUALS
            continue
        known = bool(_NO_SECRET.match(word))
        odd = bool(_ODD.match(bare) or (kind in ("codes", "sure") and _DIGITS.match(bare)))
        plain = first and (joined or kind in ("sure", "script") or begin < last - len(word))
        if not known and (expected or odd or plain):
            yield begin, last - (word != bare)
            if word.startswith("("):
                yield begin, max(last, text.find(")", begin, end))
        expected, first = word != bare or word in _EQUALS, False


def without_worded(text: str) -> str:
    parts: List[Part] = []
    for name in _NAME.finditer(text):
        parts += _parts(text, name.lastgroup or "", name.end())
    pieces, behind = [], 0
    for begin, end in sorted(parts):
        if begin >= behind:
            pieces += [text[behind:begin], GONE]
        behind = max(behind, end)
    return "".join(pieces) + text[behind:]
