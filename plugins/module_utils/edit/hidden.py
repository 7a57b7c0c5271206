# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets that a configuration holds, as values. A log may repeat one in words that no pattern knows. So
what is known to be secret here is taken out of all other texts of the same host.
"""

import re
from typing import Callable, Dict, Iterable, Iterator, List, Match, Optional, Set, Tuple

from ..parse.redact import GONE, WORD
from .nginx_places import Source
from .shown import names
from .shown_fpm import VALUE, value_shown
from .shown_ini import shown as ini_shown
from .shown_nginx import words_shown
from .shown_unit import logical, setting

# (what it is called, what stands there)
Named = Tuple[str, str]

MOST_SECRETS = 20000
_SHORTEST, _SHORTEST_WORD, _LONGEST = 6, 8, 4096
_NAME = re.compile(r"[\w.-]{1,100}\Z")
_PAIR = re.compile(r"(?<![\w.-])([\w.-]{1,64})\\?[\"']?\s*(?:=>?|:)\s*\\?[\"']?([^\s\"'&;,|]+)")
_USERINFO = re.compile(r"://[^\s\"'/?#@:]{0,300}:([^\s\"']{1,300})@")
_PIECES = re.compile(r"[$^\s\"'`,;|&?=:/@<>(){}\[\]\\]+")
# A word of an environment, in quotes or not.
_WORDS = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|(\S+)")
_HARMLESS = re.compile(
    r"/(?:etc|var|srv|run|usr|home|opt|tmp|proc|dev|root|sys|data|mnt|lib|bin)(?:/.*)?"
    r"|\$\{?\w+\}?|--?[a-z][\w-]*|[\d.,:]+[a-z%]{0,2}|[\w.-]+\.(?:conf|cnf|ini|php|sock|log|pid|so|html?)"
    r"|(?:utf|iso)[\w-]+|tlsv[\d.]+|http/[\d.]+|.*\[redacted.*",
    re.ASCII | re.I | re.S,
)
# What a name says of its value. "fastcgi_pass" and "bypass" say nothing.
_TELLING = re.compile(r"(?i)(?:(?<![a-z])|(?=[_.-]))" + WORD + r"|\Akey\Z|licen[cs]e|authori[sz]ation")
# Of a name that tells without doubt, short words count as well.
_CERTAIN = re.compile(r"(?i)passwor|passwd|passphrase|secret|token|credential|_pw(?:d)?\Z")
_PASSES = re.compile(r"(?:fastcgi|proxy|uwsgi|scgi|grpc|memcached)_pass\Z")
# As ssmtp, msmtp and mysql take them.
_ATTACHED = re.compile(r"(?<!\S)-(?:a?[pu])(\S{4,300})")
# Between the name of a secret and the secret, as people write it.
_JOINTS = names("is was are be to of the for ist war")
# Of code and stack, as the kernel logs them of a crash.
_ADDRESS = re.compile(r"(?:0000)?(?:5[56]|7f)[0-9a-f]{10}\Z")
_CAPITALS = re.compile(r"[A-Z]")
_ALONE = re.compile(r"[A-Z][a-z][A-Z]")
_RUN = re.compile(r"[A-Za-z0-9]{10,}")
# What a text that was cut for its length ends with: a word of which nobody knows the rest.
_CUT = re.compile(r"\S{0,300}\.\.\.\Z")
_SHORTEST_CUT = 200
_LETTERS = re.compile(r"[A-Za-z]+\Z")
# Where a program goes on with a text that was too long for its line, and the first word of it.
_GOES_ON = re.compile(r"(\b(?:said into|sent in) std\w{3}: \"(?:PHP message: )?)([^\s\"]{6,4096})")
_LAST = re.compile(r"[^\s\"]{6,4096}(?=\"?\Z)")


def names_a_secret(name: str) -> bool:
    """Whether a setting of that name holds a secret: DB_PASSWORD, clientSecret, mysqli.default_pw."""
    return bool(_TELLING.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)))


def _turns(word: str) -> int:
    """How often letters and digits take turns. Nobody names a thing with many."""
    return len(re.sub(r"\d+", "0", re.sub(r"[A-Za-z]+", "a", re.sub(r"[^A-Za-z\d]+", "", word))))


def _random(word: str) -> bool:
    """Of a word that a configuration hides: digits, capitals or consonants as no name has them."""
    if len(word) < 8:
        return False
    turns = _turns(word)
    if len(word) >= 10 and turns >= 4 or len(word) >= 12 and turns == 3:
        return True
    return word.isalnum() and _without_sense(re.sub(r"[^A-Za-z]+", "", word))


def _without_sense(letters: str) -> bool:
    """Capitals in the midst, or hardly a vowel. Names of classes have a capital now and then."""
    capitals = len(re.findall(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])", letters))
    vowels = len(re.findall(r"[aeiouyAEIOUY]", letters))
    return len(letters) >= 5 and (capitals >= 4 and capitals * 3 > len(letters) or vowels * 7 < len(letters))


def _prose(text: str) -> Iterator[Named]:
    """Words of people, each with the one in front of it that may say what it is: "the password is x"."""
    before = ""
    for word in text.split():
        word = word.strip("\"'`,;:()[]{}<>#")
        yield before, word
        if word.lower() not in _JOINTS:
            before = word


def _worth(word: str, name: str = "") -> bool:
    """Whether taking it out of all texts costs less than leaving it in. name: of the setting."""
    least = _SHORTEST_WORD if _LETTERS.match(word) and not _CERTAIN.search(name) else _SHORTEST
    return least <= len(word) <= _LONGEST and not _HARMLESS.fullmatch(word)


def secrets_of(name: str, value: str) -> Iterator[str]:
    """The parts of a value that are secret by themselves."""
    value = value.strip()
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    named = names_a_secret(name)
    if named:
        yield bare
        # As in "Bearer x", "base64:x", "Basic x".
        yield from (word for word in re.split(r"[\s:]+", bare) if len(word) >= 12)
    if "@" in bare:
        yield from _USERINFO.findall(bare)
    if "-" in bare:
        yield from _ATTACHED.findall(bare)
    # In an address the first pair would be its scheme with all the rest.
    parts = [bare] + re.split(r"[?&;,\s]+", bare) if "=" in bare or ":" in bare else []
    for part in parts:
        for key, word in _PAIR.findall(part):
            if names_a_secret(key) or (named and key not in ("http", "https")):
                yield word
                yield from (piece for piece in word.split("/") if len(piece) >= 8)
    yield from (word for word in _PIECES.split(bare) if _random(word))


def of_nginx(text: str) -> Iterator[Named]:
    source = Source("", text)
    for place in source.every():
        for number, shown in enumerate(words_shown(place)):
            if not shown:
                words = [place.name] + place.args
                # The lines of a map are called as what it looks at.
                above = place.around.args if place.around else []
                own = [] if _PASSES.match(place.name) or not number else words[:1]
                yield " ".join(own + (words[1:number] or above)), words[number]
    # What nginx does not read.
    begin = source.statements[-1][2] if source.fault and source.statements else 0
    for line_number, line in enumerate(text.split("\n")):
        if "#" in line or (source.fault and line_number >= begin):
            yield from _prose(line)


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
            yield from _prose(line)
            continue
        name, sub, value = found
        quoted = VALUE.match(value)
        if quoted and quoted.group(2):
            yield from _prose(quoted.group(2))
            value = quoted.group(1).strip()
        if value_shown("%s[%s]" % (name, sub) if sub else name, value) == GONE:
            yield sub or name, value


def of_ini(text: str) -> Iterator[Named]:
    for line in text.split("\n"):
        found = _assigned(line)
        if found is None:
            yield from _prose(line)
        elif GONE in ini_shown(line.lstrip(" \t;")):
            quoted = VALUE.match(found[2])
            yield found[0], quoted.group(1).strip() if quoted else found[2]
            yield from _prose((quoted.group(2) if quoted else None) or "")


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
        else:
            yield from _prose(line)


def of_unit(text: str) -> Iterator[Named]:
    for _count, body in logical(text):
        key, equals, value = (part.strip() for part in body.partition("="))
        if not equals or body[:1] in "#;" or key == "Description":
            yield from _prose(body)
        elif key == "Environment":
            yield from of_environment(value)
        elif key.startswith("Exec"):
            words: List[str] = ["".join(parts) for parts in _WORDS.findall(value)]
            yield from zip([""] + words, words)
        elif GONE in setting(key, value):
            yield key, value


def _escaped(word: str, plain: str, form: str) -> str:
    """Each byte of what is not plain in that form."""
    return re.sub(plain, lambda match: "".join(form % byte for byte in match.group().encode("utf-8")), word)


def _spellings(word: str) -> Iterator[str]:
    """As it stands in a configuration, in a URL, in JSON and in nginx's logs (ngx_http_log_escape)."""
    yield word
    yield _escaped(word, r"[^A-Za-z0-9_.~-]", "%%%02X")
    yield _escaped(word, r"[^ !#-\[\]-~]", "\\x%02X")
    yield word.replace("\\", "\\\\").replace('"', '\\"')
    yield word.replace("/", "\\/")


class Scrubber:
    """Takes known secrets out of texts, and words that look like one. shown: texts that may be shown; no word
    of theirs is known.

    The same secret has the same number wherever it stood. So what was different stays different.
    """

    def __init__(self, named: Iterable[Named], shown: Iterable[str]) -> None:
        public = {word for text in shown for word in re.split(r"[\s\"';{}=,]+", text)}
        self.known: Set[str] = set()
        self._spelled: Dict[str, str] = {}
        for name, value in dict.fromkeys(named):
            for word in secrets_of(name, value):
                if _worth(word, name) and word not in public and word not in self.known:
                    self.known.add(word)
                    self._spelled.update((spelling, word) for spelling in _spellings(word))
            if len(self.known) > MOST_SECRETS:
                break
        # By their beginnings: an expression of thousands of words would be tried word by word.
        self._heads: Dict[str, List[str]] = {}
        for word in sorted(self._spelled, key=lambda word: (-len(word), word)):
            self._heads.setdefault(word[:_SHORTEST], []).append(word)
        self._ends: Dict[str, List[str]] = {}
        for word in self._spelled:
            self._ends.setdefault(word[-_SHORTEST:], []).append(word)
        self._numbers: Dict[str, int] = {}
        self._clean: Dict[str, str] = {}

    def _mark(self, word: str) -> str:
        word = self._spelled.get(word, word)
        return "%s:%d]" % (GONE[:-1], self._numbers.setdefault(word, len(self._numbers) + 1))

    def _mark_random(self, match: Match[str]) -> str:
        """The mark of a random word, in texts of all kinds: there are more names than secrets."""
        word = match.group()
        if _ADDRESS.match(word):
            return word
        if _turns(word) >= 4:
            return self._mark(word)
        # Words in one, as UnitFileState, have no small letter alone.
        odd = len(word) >= 12 and _LETTERS.match(word) and _without_sense(word)
        return self._mark(word) if odd and (not _CAPITALS.search(word) or _ALONE.search(word)) else word

    def _without_known(self, text: str) -> str:
        pieces: List[str] = []
        heads, behind = self._heads, 0
        for at in range(len(text) - _SHORTEST + 1):
            words = heads.get(text[at : at + _SHORTEST])
            if words and at >= behind:
                word = next((word for word in words if text.startswith(word, at)), "")
                if word:
                    pieces += [text[behind:at], self._mark(word)]
                    behind = at + len(word)
        return "".join(pieces) + text[behind:]

    def _without_halves(self, text: str) -> str:
        """A line that was too long is cut in the midst of a word: its rest begins the next one."""

        def rest(match: Match[str]) -> str:
            begin, word = match.groups()
            for end in range(len(word), _SHORTEST - 1, -1):
                for known in self._ends.get(word[end - _SHORTEST : end], ()):
                    if known.endswith(word[:end]):
                        return begin + self._mark(known) + word[end:]
            return match.group()

        def beginning(match: Match[str]) -> str:
            word = match.group()
            for begin in range(len(word) - _SHORTEST + 1):
                for known in self._heads.get(word[begin : begin + _SHORTEST], ()):
                    if known.startswith(word[begin:]):
                        return word[:begin] + self._mark(known)
            return word

        text = _GOES_ON.sub(rest, text)
        return _LAST.sub(beginning, text) if len(text) >= _SHORTEST_CUT else text

    def text(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        if text not in self._clean:
            whole = self._without_halves(self._without_known(text))
            if len(text) >= _SHORTEST_CUT:
                whole = _CUT.sub("...", whole)
            self._clean[text] = _RUN.sub(self._mark_random, whole)
        return self._clean[text]

    def data(self, value: object, before: Callable[[str], str] = str) -> object:
        """The same plain data. A key may be what a value elsewhere names, so keys change as values do.

        before: what is done to each text first.
        """
        if isinstance(value, str):
            return self.text(before(value))
        if isinstance(value, dict):
            return {self.text(before(key)): self.data(item, before) for key, item in value.items()}
        return [self.data(item, before) for item in value] if isinstance(value, (list, tuple)) else value
