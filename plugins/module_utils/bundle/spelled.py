# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More spellings of a secret. Its name and its value may be two entries, or the value stands in front of the
name. Some secrets are known by their shape.
"""

import re
from typing import Iterable, Pattern, Tuple

from ..parse.redact import GONE

Rule = Tuple[Tuple[str, ...], Pattern[str], str]
# A name of an environment variable, or of a setting, as the value of "name".
_SETTING = (
    r"[\w.-]{0,60}(?:passw(?:or)?d|passphrase|_pass|secret|token|credentials?|_pwd|[_.-]key|api_?key)"
    r"[\w.-]{0,40}"
)
_NAMES = r"(?:pass(?:word|wd|wort|phrase|code)|pwd|pw|secret|token|otp|pin|credentials?)"
_SIGN = r"\\?[\"']?[ \t]?[:=]{1,2}[ \t]?(?:![\w!]{1,20} )?\\?[\"']?"
_WORD = r"(?!\[redacted)[^\s\"'<>\\]{1,400}"
# No name of anything has digits among its letters: 4 of 5 passwords and all keys do.
_ODD = r"(?!\[redacted)(?=[^\s\"']{0,80}\d)(?=[^\s\"']{0,80}[a-zA-Z])[\w!#$%^&*+.~-]{8,300}"


def rule(hints: str, pattern: str, kept: str = r"\1", flags: int = re.I) -> Rule:
    """hints: texts of which one must be there, in small letters."""
    return tuple(hints.split()), re.compile(pattern, flags), kept + GONE


def without(text: str, rules: Iterable[Rule]) -> str:
    lower = text.lower()
    for hints, pattern, instead in rules:
        if any(hint in lower for hint in hints):
            text = pattern.sub(instead, text)
    return text


# Linear: each begins at a word of its own, and repeats are bounded.
_RULES = (
    # Of Kubernetes, of a form, of XML.
    rule(
        "value",
        r"(\b\w{0,12}(?:name|key|variable|param|property)" + _SIGN + _SETTING + r"\\?[\"']?"
        r"(?:\\n|[,\s]){1,20}\\?[\"']?\w{0,12}value" + _SIGN + ")" + _WORD,
    ),
    rule(
        "name=",
        r"(\bname=\\?\"" + _SETTING + r"\\?\"(?: ?\[redacted\])?(?:\\{1,4}[rn]|\s){1,12})" + _WORD,
    ),
    rule("<", r"(<[\w:.-]{1,40}[^<>\n]{1,100}[\"']" + _SETTING + r"[\"'][^<>\n]{0,100}>)[^<]{1,300}"),
    rule(
        "<",
        r"(<[\w:.-]{1,40}[^<>\n]{0,100}=[\"'](?:secret|token|pass|key|pwd)[\"'][^<>\n]{0,100}>)[^<]{1,300}",
    ),
    rule("key", r"(\\?[\"']key\\?[\"'][ \t]?(?::|=>)[ \t]?\\?[\"'])[^\"'\\\s]{6,400}"),
    rule("key=", r"(?-i:(\bkey=)(?=[^\s&]*\d)(?=[^\s&]*[a-z])(?=[^\s&]*[A-Z]))[\w+/=-]{10,400}"),
    # An address without its scheme.
    rule("@", r"(//[^\s/@:\"']{1,64}:)(?!\[redacted)[^\s/@\"']{1,200}(?=@[\w\[])"),
    # The rest of a digest, which stands in quotes.
    rule("response= opaque= nonce=", r"(\b(?:response|opaque|cnonce|nextnonce)=\\?\")[^\"\n]{1,300}"),
    rule("bearer", r"(\bbearer\\?[\"']?[,:][ \t]{0,4}\\?[\"']?)(?!\[redacted)[^\s\"',;]{4,400}"),
    # The value stands before its name.
    rule(
        "as for",
        r"(\b(?:entered|typed|used|tried|sent|gave|with|using|set) [\"']?)(?!\[redacted|the\b|it\b|this\b)"
        r"[^\s\"']{4,200}(?=[\"']? (?:as|for) (?:a |the |his |her |their |its )?(?:new )?" + _NAMES + ")",
    ),
    rule(
        "seed recovery mnemonic backup",
        r"(\b(?:seed|recovery|mnemonic|backup)(?: phrase| words?| seed)s?:? )"
        r"(?:[a-z]{3,8}[ ,]{1,2}){4,24}[a-z]{3,8}",
    ),
    rule(
        "recovery backup scratch rescue",
        r"(\b(?:recovery|backup|scratch|rescue) (?:codes?|keys?):? )(?!\[redacted)(?=[\w-]*\d)[\w-]{4,80}",
    ),
    # What a form was sent, or shows again.
    rule("<input", r"(<input\b[^<>\n]{0,200}?\bvalue=\\?[\"'])[^\"'<>\\]{1,300}"),
    # What a visitor typed as his name: nginx of a file of passwords.
    rule("user ", r"(\buser \")[^\"\n]{1,300}(?=\"(?:: password mismatch| was not found))"),
    # A line that Dotenv does not understand.
    rule("dotenv", r"(\bdotenv file\b[^\n\[]{0,160}\[)[^\n]{1,300}(?=\])"),
    # A value that a database refuses.
    rule(
        "duplicate incorrect", r"(\b(?:duplicate entry|incorrect \w{1,20} value:) ')[^\n]{1,300}?(?=' for )"
    ),
    rule("key (", r"(\bkey \([^()\n]{1,200}\)=\()[^()\n]{1,300}(?=\))"),
    rule(
        "session csrf salt hmac mfa sig expected got mismatch wifi",
        r"(\b(?:session(?:[ _-]?id)?|csrf|salt|hmac|mfa|sig|expected|got|mismatch|wi-?fi key):?[ \t]+[\"']?)"
        + _ODD,
    ),
    rule("passw", r"(\bpassw\w{2,10} (?:changed )?from [\"']?)" + _WORD),
    rule("passw", r"(\bpassw\w{2,10} (?:changed )?from [^\n]{1,100}? to [\"']?)" + _WORD),
    rule("login logged", r"(\b(?:login|logged[ -]in)\b[^\n:;]{0,60}? (?:with|using) [\"']?)" + _ODD),
    rule("login", r"(\bLOGIN [\"']?[\w.@-]{1,100}[\"']? [\"']?)" + _WORD, flags=0),
    rule(
        "sqlplus connect expdp impdp",
        r"(\b(?:sqlplus|connect|expdp|impdp) (?:-\w{1,10} ){0,3}[\w.$-]{1,60}/)[^\s@/]{1,200}(?=@)",
    ),
    # DB_PASSWORD is x
    rule(
        "_pass _pwd _key _token _secret _dsn _salt",
        r"((?-i:\b[A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){0,4}"
        r"_(?:PASS|PASSWORD|PASSWD|PWD|KEY|TOKEN|SECRET|DSN|SALT))\b"
        r"[\"'\])]{0,3}[ \t]+(?:is|was|to|are|has|set to|of)[ \t]+[\"']?)"
        r"(?!\[redacted|no\b|not\b|missing|empty|unset|unknown|required|undefined|set\b|invalid|too\b|an?\b"
        r"|the\b)[^\s\"',;]{4,300}",
    ),
    rule(
        "psk presharedkey",
        r"(\b(?:wpa[_-]?)?(?:psk|presharedkey)[\"']?[ \t]{0,4}(?:[=:]|(?<=[ \t])(?=[\"']))[ \t]?[\"']?)"
        r"(?!\[redacted)[^\s\"']{4,200}",
    ),
    # Passwords as LDAP, Django, phpass and Drupal keep them.
    rule(
        "sha} sha1} sha2 sha5 md5} crypt} plain cleartext pbkdf2 argon2",
        r"\{(?:s?sha\d{0,3}|s?md5|\w{0,12}crypt|plain\w{0,12}|cleartext|pbkdf2[\w-]{0,12}|argon2\w{0,2})\}"
        r"[\w+/=$.,-]{6,400}",
        "",
    ),
    rule(
        "$",
        r"\b(?:pbkdf2\w{0,20}|sha1|sha256|sha512|md5|argon2\w{0,3}|bcrypt\w{0,10}|s?crypt)\$[\w./$+=,:-]{6,400}",
        "",
    ),
    rule("$p$ $h$ $s$", r"\$[phs]\$[\w./]{20,100}", ""),
    rule("private-", r"(\bprivate-(?:lines|mac): ?)(?:\d{1,3} )?\S{6,4000}"),
    # Keys of services.
    rule("eaa", r"\b(?-i:EAA)[A-Za-z0-9]{20,400}", ""),
    rule(
        "pypi- nfp_ sbp_ ntn_ xkeysib- sntrys_ sntryu_ atatt rdme_ nvapi- pcsk_ lsv2_ tvly- fo1_ sq0 dapi",
        r"\b(?:pypi|nfp|sbp|ntn|xkeysib|sntry[su]|atatt\w{0,4}|rdme|nvapi|pcsk|lsv2|tvly|fo1|sq0\w{0,3}|dapi\w{20,40})"
        r"[-_]?[\w-]{10,400}",
        "",
    ),
)


def without_spelled(text: str) -> str:
    return without(text, _RULES)
