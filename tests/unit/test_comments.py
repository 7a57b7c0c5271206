# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No sentence of a docstring or a comment is long, in what ships and in the tests of it."""

import ast
import io
import os
import re
import tokenize
from typing import Iterator, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.sources import PLUGINS, python_files, source
from ansible_collections.webmedic.php_fpm.tests.unit.test_pages import LONGEST_SENTENCE

WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# An item of a list, or a row of a table, is a sentence of its own.
ITEM = re.compile(r"^[*-] |\S {2,}\S")


def docstrings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, WITH_DOCSTRING):
            yield ast.get_docstring(node) or ""


def comments(text: str) -> Iterator[str]:
    """Lines of one comment are one text. A comment behind code stands alone."""
    lines: List[str] = []
    below = None  # where a next line of the same comment begins
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start != below:
                yield "\n".join(lines)
                lines = []
            lines.append(token.string.lstrip("#").strip())
            behind_code = token.line[: token.start[1]].strip()
            below = None if behind_code else (token.start[0] + 1, token.start[1])
    yield "\n".join(lines)


def sentences(text: str) -> Iterator[str]:
    lines: List[str] = []
    for line in [*text.splitlines(), ""]:
        if not line.strip() or ITEM.search(line):
            yield from re.split(r"(?<=[.!?])\s+", " ".join(lines))
            lines = []
        lines.append(re.sub(r"^[*-] ", "", line))


def long_sentences(text: str) -> List[str]:
    written = [*docstrings(text), *comments(text)]
    found = [words for part in written for words in sentences(part)]
    return [" ".join(words.split()) for words in found if len(words.split()) > LONGEST_SENTENCE]


class TestComments:
    """Readers whose first language is another read them."""

    @pytest.mark.parametrize("path", python_files(PLUGINS) + python_files(os.path.join(ROOT, "tests")))
    def test_none_has_a_long_sentence(self, path: str) -> None:
        assert long_sentences(source(path)) == []

    @pytest.mark.parametrize(
        "code",
        [
            *('"""%s"""', 'def f():\n    """A.\n\n    %s\n    """', 'class X:\n    """%s"""'),
            *("# %s", "# A.\n# %s", "x = 1  # %s", "x = (\n    # A. %s\n    1,\n)"),
            '"""A:\n\n* b\n* %s\n"""',
        ],
    )
    def test_hit_wherever_it_stands(self, code: str) -> None:
        assert len(long_sentences(code % " ".join(26 * ["word"]))) == 1
        assert len(long_sentences(code % " ".join(25 * ["word"]))) == 0

    def test_hit_over_several_lines(self) -> None:
        assert len(long_sentences("# " + 13 * "word " + "\n# " + 13 * "word ")) == 1

    @pytest.mark.parametrize(
        "code",
        [
            '"""%s. %s."""',
            '"""%s\n\n%s\n"""',
            '"""A:\n\n* %s\n* %s\n"""',
            '"""A:\n\n  a   %s\n  b   %s\n"""',
            "# %s\n\n# %s",
            "x = 1  # %s\ny = 2  # %s",
            "x = 1  # %s\n# %s",
        ],
    )
    def test_near_miss_two_that_are_short(self, code: str) -> None:
        assert long_sentences(code % (" ".join(20 * ["word"]), " ".join(20 * ["word"]))) == []

    def test_decoy_a_value_is_no_sentence(self) -> None:
        assert long_sentences("x = '%s'" % (26 * "word ")) == []
