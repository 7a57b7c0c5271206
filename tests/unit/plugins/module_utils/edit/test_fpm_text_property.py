# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration on thousands of made-up ones: what was asked for changes, and not a
byte beside it.
"""

import os
import random
from typing import Dict, List, Optional, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import (
    parse_fpm_conf,
    scan_value,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.fpm_made import (
    DIRECTIVES,
    FLAG,
    FLAG_VALUES,
    SPELLINGS,
    Directive,
    Live,
    Made,
    key_of,
    matching,
)

BATCHES, BATCH = int(os.environ.get("WEBMEDIC_BATCHES", "10")), 300


def directives(files: Dict[str, str]) -> Dict[Optional[str], List[Tuple[Directive, str, str]]]:
    """{pool: [(directive, value, file)]} as the parser reads it."""
    conf = parse_fpm_conf("/main", files.get, lambda pattern: matching(files, pattern))
    read: Dict[Optional[str], List[Tuple[Directive, str, str]]] = {}
    for section in [conf.top] + conf.pools:
        read[None if section is conf.top else section.name] = [
            ((key, None), setting.value, setting.file) for key, setting in section.settings.items()
        ] + [
            ((array, key), setting.value, setting.file)
            for array, pairs in sorted(section.arrays.items())
            for key, setting in pairs
        ]
    return read


def split(text: str) -> List[Tuple[str, str]]:
    """[(line, its end)]"""
    return [
        (line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :])
        for line in text.replace("\n", "\n\0").split("\0")
        if line
    ]


def is_changed_to(line: str, was: Live, value: str) -> bool:
    if not (line.startswith(was.head) and line.endswith(was.tail)):
        return False
    middle = line[len(was.head) : len(line) - len(was.tail)]
    if was.old and not middle.startswith(was.equals):
        return False
    return scan_value(middle.replace("=", "", 1).strip()) == (value, False, None)


def as_read(directive: Directive, value: Optional[str]) -> Optional[str]:
    return FLAG_VALUES[value] if directive == FLAG and value is not None else value


class Expected:
    """What an edit must do to the lines of a configuration."""

    def __init__(self, made: Made, pool: Optional[str], edits: Dict[Directive, Optional[str]]) -> None:
        self.made = made
        self.pool = pool
        self.removed: Set[Tuple[str, int]] = set()
        self.changed: Dict[Tuple[str, int], Tuple[Live, str]] = {}
        self.absent: Set[Directive] = set()
        self.inserted = 0
        for directive, value in edits.items():
            lines = made.lines(pool, directive)
            wanted = as_read(directive, value)
            if wanted is None:
                self.removed |= {(line.path, line.line) for line in lines}
            elif not lines:
                self.absent.add(directive)
            else:
                line = lines[-1 if directive[1] is None else 0]
                if line.value != made.effective(wanted, pool):
                    self.changed[(line.path, line.line)] = (line, wanted)

    def is_line(self, path: str, number: int, before: str, after: str) -> bool:
        if after == before:
            return True
        return (path, number) in self.changed and is_changed_to(after, *self.changed[(path, number)])

    def check_inserted(self, path: str, place: int, line: str) -> None:
        """place: of the line above. Lines that were removed or inserted do not count."""
        directive = next(
            absent
            for absent in self.absent
            if line.strip().startswith(key_of(absent)) and line.strip()[len(key_of(absent))] in " \t="
        )

        def removed_from(first: int) -> bool:
            return all((path, number) in self.removed for number in range(first + 1, place + 1))

        held = self.made.held[path]
        assert self.pool in [held[number] for number in range(place + 1) if removed_from(number)]
        defaults = [
            number
            for file, number, owner, default in self.made.defaults
            if (file, owner, default) == (path, self.pool, directive)
        ]
        assert (
            not defaults
            or place == max(defaults)
            or any((path, number) in self.removed for number in range(max(defaults) + 1, place + 1))
        )
        self.absent.discard(directive)
        self.inserted += 1

    def check_file(self, path: str, before: str, after: str) -> None:
        old, left = split(before), split(after)
        kept = [
            (number, line, end)
            for number, (line, end) in enumerate(old, 1)
            if (path, number) not in self.removed
        ]
        for number, line, end in [*kept, (len(old) + 1, "", "")]:
            while left and not self.is_line(path, number, line, left[0][0]):
                self.check_inserted(path, number - 1, left.pop(0)[0])
            if left:
                assert ((path, number) in self.changed) == (left[0][0] != line)
                assert left[0][1] == end or not end
                left.pop(0)
            else:
                assert number == len(old) + 1
        assert not left
        ends = [end for _line, end in split(after)]
        assert "\n" not in before or set(ends) <= {end for _line, end in old} | {""}
        if self.inserted == 0 and not self.removed:
            assert ends == [end for _line, end in old]


def check_reading(
    made: Made, after: Dict[str, str], pool: Optional[str], edits: Dict[Directive, Optional[str]]
) -> None:
    """The parser reads what was asked for, and all else as before."""
    was, now = directives(made.files), directives(after)
    spelled = None if pool is None else made.spelled[pool]
    for name in set(was) | set(now):
        touched = edits if name == spelled else {}
        assert [row for row in was[name] if row[0] not in touched] == [
            row for row in now[name] if row[0] not in touched
        ]
    for directive, value in edits.items():
        wanted = as_read(directive, value)
        values = [row[1] for row in now[spelled] if row[0] == directive]
        assert values[:1] == ([] if wanted is None else [made.effective(wanted, pool)])


def check(made: Made, pool: Optional[str], edits: Dict[Directive, Optional[str]]) -> Tuple[int, int, int]:
    """The numbers of lines changed, removed and inserted, all of them asked for."""
    settings = [(key_of(directive), value) for directive, value in edits.items()]

    def apply(files: Dict[str, str]) -> Dict[str, str]:
        changes = set_directives(
            "/main",
            files.get,
            lambda pattern: matching(files, pattern),
            None if pool is None else pool.upper(),
            settings,
        )
        assert all(change.before == files[change.path] != change.after for change in changes)
        return dict(files, **{change.path: change.after for change in changes})

    after = apply(made.files)
    assert apply(after) == after
    expected = Expected(made, pool, edits)
    for path, text in made.files.items():
        expected.check_file(path, text, after[path])
    assert not expected.absent
    check_reading(made, after, pool, edits)
    return len(expected.changed), len(expected.removed), expected.inserted


class TestEdit:
    @pytest.mark.parametrize("batch", range(BATCHES))
    def test_it_changes_nothing_but_what_was_asked_for(self, batch: int) -> None:
        totals = [0, 0, 0, 0]
        for seed in range(batch * BATCH, (batch + 1) * BATCH):
            chance = random.Random(seed)
            made = Made(chance)
            pool = chance.choice(sorted(made.spelled) or [None]) if chance.random() < 0.8 else None
            edits: Dict[Directive, Optional[str]] = {}
            present = [directive for directive in DIRECTIVES if made.lines(pool, directive)]
            for _number in range(chance.randint(1, 3)):
                directive = chance.choice(present if present and chance.random() < 0.6 else DIRECTIVES)
                value = (
                    chance.choice(sorted(FLAG_VALUES))
                    if directive == FLAG
                    else chance.choice([value for value, _spellings in SPELLINGS])
                )
                if directive in present and directive != FLAG and chance.random() < 0.2:
                    value = made.lines(pool, directive)[-1].value
                edits[directive] = value if chance.random() < 0.85 else None
            try:
                counts = check(made, pool, edits)
            except BaseException:
                print("seed %d: [%s] %s in %s" % (seed, pool, edits, made.files))
                raise
            totals = [total + count for total, count in zip(totals, counts + (int(not any(counts)),))]
        # Each kind of edit must have come up, or the test has lost what it is for.
        assert min(totals) >= 10, totals
