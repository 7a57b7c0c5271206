# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of a configuration as they may be shown to somebody else, and the secrets that they hold. Pure."""

import re
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ..edit import hidden, shown_fpm, shown_ini, shown_nginx, shown_unit
from ..edit.hidden import Named, Scrubber
from ..parse.redact import GONE, clean

if TYPE_CHECKING:
    from ...plugin_utils.shapes.bundle import LeftOut, ShownFile
    from ..collect.configuration import Text

MOST_BYTES = 2 * 1024 * 1024  # of all texts of one host; to judge that much takes some seconds
# A line of which nothing is left, and what stands for comments.
_EMPTY = re.compile(r"[\s;#]*(?:%s[\s;#]*)?\Z" % re.escape(GONE))


class Grammar(NamedTuple):
    shown: Callable[[str], str]
    secrets: Callable[[str], Iterator[Named]]


_SHOWN: Dict[str, Grammar] = {
    "nginx": Grammar(lambda text: shown_nginx.shown(text, [(0, len(text))])[0], hidden.of_nginx),
    "php-fpm": Grammar(lambda text: shown_fpm.shown(text, [(0, len(text))])[0], hidden.of_fpm),
    "php": Grammar(shown_ini.shown, hidden.of_ini),
    "systemd": Grammar(shown_unit.shown, hidden.of_unit),
}
# Read for their secrets alone.
_UNSHOWN: Dict[str, Callable[[str], Iterator[Named]]] = {
    "environment": hidden.of_variables,
    "process": hidden.of_variables,
}


def numbered(text: str) -> str:
    """The lines that say something, each with its number: what evidence names is found by that."""
    return "".join(
        "%5d  %s\n" % (number, line.rstrip())
        for number, line in enumerate(text.split("\n"), 1)
        if not _EMPTY.match(line) and not line.lstrip().startswith(("#", ";"))
    )


def _grammar_of(program: str) -> Callable[[str], Iterator[Named]]:
    return _SHOWN[program].secrets if program in _SHOWN else _UNSHOWN[program]


def _left_out(path: str, why: str) -> "LeftOut":
    return {"what": "configuration", "path": clean(path), "why": why}


def shown(texts: Sequence["Text"]) -> Tuple[List["ShownFile"], List["LeftOut"], Scrubber]:
    """What may be shown of them, what is left out, and what takes their secrets out of other texts. A text
    whose grammar fails is left out whole.
    """
    views: List[Tuple[Text, str]] = []
    left_out: List[LeftOut] = []
    named: List[Named] = []
    room = MOST_BYTES
    for text in texts:
        room -= len(text.text)
        if room < 0:
            left_out.append(_left_out(text.path, "there is too much configuration"))
            continue
        try:
            named += _grammar_of(text.program)(text.text)
            if text.program in _SHOWN:
                views.append((text, numbered(_SHOWN[text.program].shown(text.text))))
        except Exception as error:
            left_out.append(_left_out(text.path, "it could not be redacted: %s" % type(error).__name__))
    scrubber = Scrubber(named, [view for _text, view in views])
    files: List[ShownFile] = []
    for text, view in views:
        if text.cut:
            left_out.append(_left_out(text.path, "it is too long: only its beginning is here"))
        view = "".join(scrubber.text(line) + "\n" for line in view.splitlines())
        path = scrubber.text(clean(text.path))
        files.append({"program": text.program, "path": path, "text": view, "hidden": view.count(GONE[:-1])})
    return files, left_out, scrubber
