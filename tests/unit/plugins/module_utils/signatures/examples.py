# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of logs under the verdicts that they must give: tests/unit/fixtures/signatures/README.md."""

import os
from typing import List, NamedTuple, Tuple

from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FOLDER = fixtures("signatures")


class Example(NamedTuple):
    verdict: Tuple[str, ...]  # its words
    origin: str
    line: str


def files(program: str) -> List[str]:
    """The paths of a program's files."""
    names = sorted(os.listdir(os.path.join(FOLDER, program)))
    assert names, "no examples of " + program
    return [os.path.join(FOLDER, program, name) for name in names]


def read(path: str) -> List[Example]:
    with open(path, encoding="utf-8") as stream:
        lines = [line for line in stream.read().split("\n") if line]
    assert len(lines) % 2 == 0, "%s: a verdict without a line, or a line without a verdict" % path
    examples = []
    for comment, line in zip(lines[::2], lines[1::2]):
        verdict, separator, origin = comment.partition(" | ")
        assert comment.startswith("# ") and separator and not line.startswith("# "), comment
        examples.append(Example(tuple(verdict[2:].split()), origin, line))
    return examples


def every(program: str, name: str = "") -> List[Example]:
    """All of a program, or those of one file."""
    paths = [path for path in files(program) if os.path.basename(path) == name or not name]
    assert paths, "no %s of %s" % (name, program)
    return [example for path in paths for example in read(path)]
