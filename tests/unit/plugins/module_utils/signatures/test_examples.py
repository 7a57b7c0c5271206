# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each row of the tables by lines of real logs, and beside them lines that only look alike."""

import os
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import unit_starts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_entry import parse_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.log import parse_message
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.starts import read_message
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import NGINX, UNKNOWN
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM, STDERR
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_start import PHP_START
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.systemd import BY_OOMD, SYSTEMD
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.table import Signature, Table
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.signatures import examples


class Reading(NamedTuple):
    """What a line is read as, whatever the program."""

    row: Optional[Signature]
    detail: Dict[str, Any]


def of_nginx(line: str) -> Optional[Reading]:
    entry = parse_entry(line, 0)
    if entry and entry.row is UNKNOWN:  # no row has the text
        return Reading(None, entry.detail)
    return Reading(entry.row, entry.detail) if entry else None


def of_php_fpm(line: str) -> Optional[Reading]:
    message = parse_message(line, 0)
    return Reading(message.signature, message.detail) if message else None


def of_a_start(line: str) -> Optional[Reading]:
    hit = read_message(re.sub(r"\Aphp-fpm\[\d+\]: ", "", line))
    return Reading(hit[0] if hit else None, {})


def of_systemd(line: str) -> Optional[Reading]:
    by_oomd = re.match(r"systemd-oomd\[\d+\]: (.*)", line)
    by_systemd = re.match(r"systemd\[(\d+)\]: (.*)", line)
    if by_systemd:
        hit = unit_starts.read_message(int(by_systemd[1]), by_systemd[2])
    else:
        hit = SYSTEMD.find(by_oomd[1], BY_OOMD) if by_oomd else None
    return Reading(hit[0] if hit else None, {})


PROGRAMS: Dict[str, Tuple[Table, Callable[[str], Optional[Reading]]]] = {
    "nginx": (NGINX, of_nginx),
    "php_fpm": (PHP_FPM, of_php_fpm),
    "php_start": (PHP_START, of_a_start),
    "systemd": (SYSTEMD, of_systemd),
}
NONE = ("none",)


def verdict(reading: Optional[Reading]) -> Tuple[str, ...]:
    row = reading.row if reading else None
    return (row.id, row.phase, str(row.status or "-"), row.meaning) if row else NONE


def lines() -> List[Any]:
    return [
        pytest.param(program, example, id="%s-%s" % (program, example.verdict[0]))
        for program in PROGRAMS
        for example in examples.every(program)
    ]


@pytest.mark.parametrize(("program", "example"), lines())
class TestLine:
    def test_gives_the_verdict_above_it(self, program: str, example: examples.Example) -> None:
        _table, read = PROGRAMS[program]
        assert verdict(read(example.line)) == example.verdict, example.origin

    def test_gives_none_inside_other_text(self, program: str, example: examples.Example) -> None:
        """A visitor may send the whole line as a URL or a User-Agent."""
        _table, read = PROGRAMS[program]
        reading = read("x" + example.line)
        assert reading is None or reading.row is None

    def test_names_its_status_with_its_speaker(self, program: str, example: examples.Example) -> None:
        _table, read = PROGRAMS[program]
        reading = read(example.line)
        if reading is None or reading.row is None:
            return
        if program == "nginx":
            assert reading.detail.get("status") == reading.row.status
        assert ("claimed" in reading.detail) == (reading.row.phase == STDERR)


@pytest.mark.parametrize("program", list(PROGRAMS))
class TestTable:
    def test_every_row_has_an_example(self, program: str) -> None:
        table, read = PROGRAMS[program]
        readings = [read(example.line) for example in examples.every(program)]
        shown = {reading.row for reading in readings if reading}
        assert [row for row in table.rows() if row not in shown] == []

    def test_every_file_has_decoys(self, program: str) -> None:
        for path in examples.files(program):
            decoys = [example for example in examples.read(path) if example.verdict == NONE]
            assert len(decoys) >= 2, os.path.basename(path)
