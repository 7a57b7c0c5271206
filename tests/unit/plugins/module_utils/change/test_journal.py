# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no sound journal of a change is put aside, whatever is in it."""

import json
import os
import random
from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.journal import Unreadable, read_journal
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import Transaction
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.left_changes import (
    RESTART,
    SOCKET,
)


def _places(value: Any, at: Tuple[Any, ...] = ()) -> List[Tuple[Any, ...]]:
    inner: Any = ()
    if isinstance(value, (dict, list)):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [at] * bool(at) + [place for key, item in inner for place in _places(item, at + (key,))]


STRANGE = (
    None,
    True,
    -1,
    1 << 70,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    "/etc/passwd/x",
    "relative",
    "a\0b",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    [{"a": []}],
)


class TestDamaged:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"7",
            b"\xff\xfe",
            b"\0" * 4096,
            b"[" * 100000,
            b'{"version": 2}',
            b'{"version": 1}',
            b'{"version": NaN}',
        ],
        ids=lambda data: repr(data[:12]),
    )
    def test_a_record_that_is_none_is_put_aside(self, left, data):
        change = left(RESTART, ran=1).journaled(data)
        closed = change.settle()
        assert (
            closed.fate == "damaged"
            and "cannot be read" in closed.why
            and change.commands == []
            and change.as_written is not change.as_before
        )
        place = closed.by_hand[0].split()[-1]
        assert os.path.exists(os.path.join(place, "0")) and change.close() is None
        assert Transaction.begin(
            change.world.step._replace(changes=[]), change.host, Disk(), change.world.state
        )

    @pytest.mark.long
    def test_a_strange_value_neither_breaks_it_nor_runs(self, left):
        chance = random.Random(7)
        for round_ in range(200):
            change = left(RESTART, ran=chance.choice((0, 1)))
            change.answers = chance.choice(([], [SOCKET]))
            journal = change.journal()
            place = chance.choice(_places(journal))
            inner = journal
            for key in place[:-1]:
                inner = inner[key]
            if chance.random() < 0.2 and isinstance(inner, dict):
                inner[str(chance.choice(STRANGE))] = inner.pop(place[-1])
            elif chance.random() < 0.2:
                del inner[place[-1]]
            else:
                inner[place[-1]] = chance.choice(STRANGE)
            change.journaled(json.dumps(journal).encode())
            try:
                closed = change.close()
            except UndoFailed:
                continue  # a path that is none, for as long as it is fresh
            assert closed and closed.fate in ("put_back", "kept", "left", "damaged"), (round_, place)

    def test_a_record_cut_off_anywhere_is_put_aside(self, left):
        change = left(RESTART, ran=1)
        whole = change.raw_journal()
        for length in range(0, len(whole) - 2, 97):
            change.journaled(whole[:length])
            with pytest.raises(Unreadable):
                read_journal(Disk(), change.opened)
        change.journaled(whole)
        assert read_journal(Disk(), change.opened)["name"] == "pool_limit"

    def test_a_record_of_the_version_before_is_read(self, left):
        change = left(RESTART, ran=1)
        journal = change.journal()
        del journal["boot"], journal["uptime"]
        for command in journal["commands"]:
            del command["folders"]
        change.journaled(json.dumps(journal).encode())
        assert change.settle().fate == "kept"
