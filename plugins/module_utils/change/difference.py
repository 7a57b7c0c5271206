# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a change leaves the host: the changed lines and three around them, as far as their grammar knows
them to be harmless.
"""

import re
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Dict, Iterable, List, Sequence, Tuple

from ..edit import shown_fpm, shown_nginx
from ..edit.shown import Part
from ..parse.redact import GONE
from ..work.step import FPM, NGINX, Change

CONTEXT = 3
LONGEST = 2000
_NO_END = "\n\\ No newline at end of file"
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_FIELD = r"(?:[\w./-]+|(?:PART)?(?:UUID|LABEL)=[\w-]+)[ \t]+"
_OPTIONS = r"(?:sw|defaults|ro|rw|nofail|noatime|errors=remount-ro|pri=\d+|,)+"
# Lines of systemd's drop-ins, tmpfiles.d and fstab that are ours or hold no password.
_OF_SYSTEM = re.compile(
    r"\s*|# Written by webmedic\.php_fpm[\w .,:'/-]*|\[\w+\]|(?:OOMPolicy|Restart)=[\w-]+|d "
    r"/run/[\w.@:+/-]+ [0-7]{4} \w+ \w+ -"
    r"|%s%s\w+[ \t]+%s(?:[ \t]+\d){0,2}\s*" % (_FIELD, _FIELD, _OPTIONS),
    re.ASCII,
)


def _of_system(text: str, parts: Sequence[Part]) -> List[str]:
    return [
        "\n".join(line if _OF_SYSTEM.fullmatch(line) else GONE for line in text[first:last].split("\n"))
        for first, last in parts
    ]


def _range(first: int, last: int) -> str:
    """Lines as `diff -u` counts them."""
    count = last - first
    if count == 1:
        return "%d" % (first + 1)
    return "%d,%d" % (first + 1 if count else first, count)


def _lines(grammar: str, lines: Sequence[str], parts: Sequence[Tuple[int, int]]) -> List[List[str]]:
    """The lines of each part (first, last + 1) as they may be shown, without their ends."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    shown_of = {NGINX: shown_nginx.shown, FPM: shown_fpm.shown}.get(grammar, _of_system)
    texts = shown_of("".join(lines), [(starts[first], starts[last]) for first, last in parts])
    shown = [[_printable(line) for line in text.split("\n")] for text in texts]
    for part in shown:
        part[-1] += _NO_END if part[-1] else ""
    return shown


def _printable(line: str) -> str:
    """A terminal prints it and obeys nothing in it."""
    plain = "".join(
        character if character.isprintable() or character == "\t" else "?" for character in line.rstrip("\r")
    )
    return plain if len(plain) <= LONGEST else plain[:LONGEST] + "..."


def _same(pairs: Iterable[Tuple[str, str]]) -> int:
    """How many pairs are equal before the first that is not."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _hunks(old: Sequence[str], new: Sequence[str]) -> List[List[Tuple[str, int, int, int, int]]]:
    """Groups of (kind, first and last line in old, in new). What is equal at both ends is not compared: files
    are long, and edits small.
    """
    above = _same(zip(old, new))
    below = min(_same(zip(reversed(old), reversed(new))), len(old) - above, len(new) - above)
    start, end = max(0, above - CONTEXT), max(0, below - CONTEXT)
    matcher = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end])
    return [
        [
            (kind, old_first + start, old_last + start, new_first + start, new_last + start)
            for kind, old_first, old_last, new_first, new_last in group
        ]
        for group in matcher.get_grouped_opcodes(CONTEXT)
    ]


def unified(grammar: str, before: str, after: str) -> str:
    """The hunks of `diff -u`. Lines that look alike differ in what is not shown of them."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    hunks = _hunks(old, new)
    spans = [(hunk[0][1], hunk[-1][2], hunk[0][3], hunk[-1][4]) for hunk in hunks]
    olds = _lines(grammar, old, [span[:2] for span in spans])
    news = _lines(grammar, new, [span[2:] for span in spans])
    lines = []
    for hunk, (first, last, begin, end), was, becomes in zip(hunks, spans, olds, news):
        lines.append("@@ -%s +%s @@" % (_range(first, last), _range(begin, end)))
        for kind, old_first, old_last, new_first, new_last in hunk:
            mark = " " if kind == "equal" else "-"
            lines += [mark + line for line in was[old_first - first : old_last - first]]
            if kind != "equal":
                lines += ["+" + line for line in becomes[new_first - begin : new_last - begin]]
    return "".join(line + "\n" for line in lines)


def difference(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """The changes as Ansible prints them with --diff."""
    entries = []
    for change in changes:
        before, after = ((data or b"").decode("utf-8", "replace") for data in (change.before, change.after))
        old, new = (
            "/dev/null" if data is None else _printable(change.path) for data in (change.before, change.after)
        )
        entries.append(
            {
                "before_header": old,
                "after_header": new,
                "prepared": "--- before: %s\n+++ after: %s\n%s"
                % (old, new, unified(change.grammar, before, after)),
            }
        )
    return entries
