# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets that a configuration holds, as values. A log may repeat one in words that no pattern knows: so
what is known to be secret here is taken out of all other texts of the same host.
"""

import re
from typing import Dict, Iterable, Iterator, List, Optional, Pattern, Set, Tuple

from ..parse.redact import GONE, WORD
from .nginx_places import Source
from .shown_fpm import value_shown
from .shown_ini import shown as ini_shown
from .shown_nginx import words_shown
from .shown_unit import logical

# (what it is called, what stands there)
Named = Tuple[str, str]

MOST = 2000
_SHORTEST, _SHORTEST_WORD, _LONGEST = 6, 8, 512
_NAME = re.compile(r"[\w.-]{1,100}\Z")
_PAIR = re.compile(r"([\w.-]{1,64})\\?[\"']?\s*(?:=>?|:)\s*\\?[\"']?([^\s\"'&;,|]+)")
_USERINFO = re.compile(r"://[^\s\"'/?#@:]{0,300}:([^\s\"']{1,300})@")
_PIECES = re.compile(r"[\s\"'`,;|&?=:/@<>(){}\[\]\\]+")
# A word of an environment, in quotes or not.
_WORDS = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|(\S+)")
_HARMLESS = re.compile(
    r"/(?:etc|var|srv|run|usr|home|opt|tmp|proc|dev|root|sys|data|mnt|lib|bin)(?:/.*)?"
    r"|\$\{?\w+\}?|--?[a-z][\w-]*|[\d.,:]+[a-z%]{0,2}|[\w.-]+\.(?:conf|cnf|ini|php|sock|log|pid|so|html?)"
    r"|(?:utf|iso)[\w-]+|tlsv[\d.]+|http/[\d.]+|.*\[redacted.*",
    re.ASCII | re.I | re.S,
)
# What a name says of its value. "fastcgi_pass" and "bypass" say nothing.
_TELLING = re.compile(r"(?i)(?:(?<![a-z])|(?=[_.-]))" + WORD + r"|\Akey\Z")
_LETTERS = re.compile(r"[A-Za-z]+\Z")


def names_a_secret(name: str) -> bool:
    """Whether a setting of that name holds a secret: DB_PASSWORD, clientSecret, mysqli.default_pw."""
    return bool(_TELLING.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)))


def _random(word: str) -> bool:
    """Letters and digits in turn, as nobody names a thing."""
    turns = re.sub(r"\d+", "0", re.sub(r"[A-Za-z]+", "a", re.sub(r"[^A-Za-z\d]+", "", word)))
    return len(word) >= 10 and len(turns) >= 4 or len(word) >= 12 and len(turns) == 3


def _worth(word: str) -> bool:
    """Whether taking it out of all texts costs less than leaving it in."""
    least = _SHORTEST_WORD if _LETTERS.match(word) else _SHORTEST
    return least <= len(word) <= _LONGEST and not _HARMLESS.fullmatch(word)


def secrets_of(name: str, value: str) -> Iterator[str]:
    """The parts of a value that are secret by themselves."""
    value = value.strip()
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    if names_a_secret(name):
        yield bare
        # As in "Bearer x", "base64:x", "Basic x".
        yield from (word for word in re.split(r"[\s:]+", bare) if len(word) >= 12)
    yield from _USERINFO.findall(bare)
    for key, word in _PAIR.findall(bare):
        if names_a_secret(key):
            yield word
    yield from (word for word in _PIECES.split(bare) if _random(word))


def of_nginx(text: str) -> Iterator[Named]:
    source = Source("", text)
    for place in source.every():
        for number, shown in enumerate(words_shown(place)):
            if not shown:
                words = [place.name] + place.args
                yield " ".join(words[1:number]), words[number]
    # What nginx does not read.
    begin = source.statements[-1][2] if source.fault and source.statements else 0
    for line_number, line in enumerate(text.split("\n")):
        if "#" in line or (source.fault and line_number >= begin):
            words = line.strip(" \t#;{}").split()
            yield from zip([""] + words, words)


def _assigned(line: str) -> Optional[Tuple[str, str, str]]:
    """(name, what stands in its brackets, value) of a line, in a comment or not."""
    left, equals, value = line.partition("=")
    name, _bracket, sub = left.strip(" \t;#").partition("[")
    name = name.strip()
    return (name, sub.strip(" \t]"), value.strip()) if equals and _NAME.match(name) else None


def of_fpm(text: str) -> Iterator[Named]:
    for line in text.split("\n"):
        found = _assigned(line)
        if found is None:
            yield "", line
            continue
        name, sub, value = found
        if value_shown("%s[%s]" % (name, sub) if sub else name, value) == GONE:
            yield sub or name, value


def of_ini(text: str) -> Iterator[Named]:
    for line in text.split("\n"):
        found = _assigned(line)
        if found and GONE in ini_shown(line.lstrip(" \t;")):
            yield found[0], found[2]


def of_environment(text: str) -> Iterator[Named]:
    """Assignments, each a word or a line of its own."""
    for words in _WORDS.findall(text):
        name, equals, value = "".join(words).partition("=")
        if equals:
            yield name, value


def of_variables(text: str) -> Iterator[Named]:
    """A file of an environment, a line each; or that of a process, where NUL separates them."""
    for line in re.split(r"[\n\0]", text):
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(" \t#;"), value


def of_unit(text: str) -> Iterator[Named]:
    for _count, body in logical(text):
        key, equals, value = (part.strip() for part in body.partition("="))
        if not equals or body[:1] in "#;":
            yield "", body
        elif key == "Environment":
            yield from of_environment(value)
        elif key.startswith("Exec"):
            words: List[str] = ["".join(parts) for parts in _WORDS.findall(value)]
            yield from zip([""] + words, words)


def _encoded(word: str) -> str:
    """As it stands in a URL."""
    return re.sub(
        r"[^\w.~-]", lambda match: "".join("%%%02X" % byte for byte in match.group().encode()), word
    )


class Scrubber:
    """Takes known secrets out of texts. shown: texts that may be shown; a word of theirs is no secret."""

    def __init__(self, named: Iterable[Named], shown: Iterable[str]) -> None:
        public = {word for text in shown for word in re.split(r"[\s\"';{}=,]+", text)}
        known: Set[str] = set()
        for name, value in named:
            found = [word for word in secrets_of(name, value) if _worth(word) and word not in public]
            known.update(found, map(_encoded, found))
            if len(known) > MOST:
                break
        self.known = known
        words = sorted(known, key=lambda word: (-len(word), word))
        self._pattern: Pattern[str] = re.compile("|".join(map(re.escape, words)) or r"(?!)")
        self._clean: Dict[str, str] = {}

    def text(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        if text not in self._clean:
            self._clean[text] = self._pattern.sub(GONE, text)
        return self._clean[text]

    def data(self, value: object) -> object:
        """The same plain data. A key may be what a value elsewhere names, so keys change as values do."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.data(item) for key, item in value.items()}
        return [self.data(item) for item in value] if isinstance(value, (list, tuple)) else value
