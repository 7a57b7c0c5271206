# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages for people name is there: files, links, targets of make, programs of the tests. And no
sentence of a module's own page is long.
"""

import ast
import fnmatch
import glob
import os
import re
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Set

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.sources import MODULES, parsed, python_files

PAGES = [
    *(
        "README.md",
        "CONTRIBUTING.md",
        "CODE_OF_CONDUCT.md",
        "SECURITY.md",
        "molecule/README.md",
        "tests/lab/README.md",
    ),
    *("plugins/module_utils/README.md", "roles/diagnose/README.md", "roles/remediate/README.md"),
    *(
        "docs/awx.md",
        "docs/causes.md",
        "docs/looking.md",
        "docs/safety.md",
        "docs/security.md",
        "docs/sizing.md",
    ),
]
# docs/causes.md is made from the catalogue, and lists settings.
WRITTEN = ["CONTRIBUTING.md", *(page for page in PAGES if page.startswith("docs/") and "causes" not in page)]
# What a path may be relative to, beside the folder of its page.
PLACES = ("", "examples/awx", "plugins", "plugins/module_utils", "plugins/plugin_utils", "tests/lab")
# Files that are written on a host or by a run, and one that stands for several.
MADE = {
    *("report.json", "ledger.json", "journal.json", "inventory.yml", "hosts.ini", "static.txt"),
    *("webmedic-report/report.json", "backups/TIME-ACTION/journal.json", "faults/FAMILY.yml", "transaction/"),
    *("0.6.0-NAME.yml", "report.md", "webmedic-report/2026-11-26T001502Z/"),
    *("backups/TIME-ACTION/", "put-back/TIME-ACTION/", "transaction.damaged-TIME/"),
}
NOT_OURS = {".git", ".cache", "__pycache__"}
BARE = re.compile(r"(?<![\w/.*<>-])[\w-]+\.(?:py|yml)\b(?![/*])")
NAMES_FILE = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*(?:\.(?:py|yml|json|md|txt|sh|ini|toml)|/)\Z")

LONGEST_SENTENCE = 25  # words; what is written aims at 20
LONGEST_PROSE = 30  # of a page in Markdown, where a colon may join two
WORDS_OF = {"short_description", "description", "notes", "requirements", "details"}


def sentences(page: Any) -> Iterator[str]:
    """All that DOCUMENTATION or RETURN says to a person."""
    for key, value in page.items() if isinstance(page, dict) else enumerate(page):
        if key in WORDS_OF and not isinstance(value, dict):
            for words in [value] if isinstance(value, str) else value:
                yield from re.split(r"(?<=[.!?])\s+", words.strip())
        elif isinstance(value, (dict, list)):
            yield from sentences(value)


def long_sentences(page: str) -> List[str]:
    return [words for words in sentences(yaml.safe_load(page)) if len(words.split()) > LONGEST_SENTENCE]


def prose_of(page: str) -> Iterator[str]:
    """The sentences of a page in Markdown. What a table, a heading or a block of code has is none."""
    for block in re.split(r"\n\s*(?:\n|[-*] )", re.sub(r"```.*?```", "", page, flags=re.S)):
        lines = [line for line in block.split("\n") if not re.match(r"\s*[|#<]", line)]
        yield from re.split(r"(?<=[.!?])\s+", " ".join(" ".join(lines).split()))


def text(page: str) -> str:
    with open(os.path.join(ROOT, page), encoding="utf-8") as stream:
        return stream.read()


@lru_cache(maxsize=None)
def homes() -> Dict[str, Set[str]]:
    """The folders of the collection's own files, by a file's name."""
    found: Dict[str, Set[str]] = {}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in files:
            found.setdefault(name, set()).add(os.path.relpath(folder, ROOT))
    return found


def named_files(page: str) -> List[str]:
    """Words in backquotes that look like a path of the repository."""
    words = re.findall(r"`([^`\n]+)`", text(page))
    return [word for word in words if NAMES_FILE.match(word) and word not in MADE]


def places_of(page: str) -> List[str]:
    return [os.path.join(ROOT, place) for place in (os.path.dirname(page), *PLACES)]


def exists(page: str, path: str) -> bool:
    if any(glob.glob(os.path.join(place, path)) for place in places_of(page)):
        return True
    return "/" not in path and bool(fnmatch.filter(homes(), path))


def folders_in(page: str, paragraph: str) -> Set[str]:
    """Those that it names, by themselves or before a file."""
    paths = re.findall(r"`([\w./-]+)/[\w.*-]*`", paragraph)
    found = [os.path.join(place, path) for place in places_of(page) for path in paths]
    return {os.path.relpath(path, ROOT) for path in found if os.path.isdir(path)}


def lost_names(page: str, words: str) -> Iterator[str]:
    """Names without a folder that are of no file. Where several files have one, the paragraph has to say of
    which folder, or the page has to lie in it or above it.
    """
    own = os.path.join(os.path.dirname(page), "")
    for paragraph in re.split(r"\n\s*\n", words):
        near = folders_in(page, paragraph)
        for name in BARE.findall(paragraph):
            known = homes().get(name, set())
            here = own != "" and any(os.path.join(folder, "").startswith(own) for folder in known)
            if name not in MADE and len(known) != 1 and not here and not known & near:
                yield name


@pytest.mark.parametrize("page", PAGES)
class TestPage:
    def test_each_file_that_it_names_is_there(self, page: str) -> None:
        assert [path for path in named_files(page) if not exists(page, path)] == []

    def test_each_bare_name_is_of_a_file_that_is_there(self, page: str) -> None:
        assert list(lost_names(page, text(page))) == []

    def test_each_link_leads_somewhere(self, page: str) -> None:
        links = re.findall(r"\]\(((?!https?:)[^)#]+)", text(page))
        folder = os.path.join(ROOT, os.path.dirname(page))
        assert [link for link in links if not os.path.exists(os.path.join(folder, link))] == []

    def test_each_command_is_there(self, page: str) -> None:
        targets = re.findall(r"^([a-z-]+):", text("Makefile"), re.M)
        wanted = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+)", text(page), re.M)
        assert [word for words in wanted for word in words.split() if word not in targets] == []
        programs = [name.replace(".", "/") for name in re.findall(r"-m (tests(?:\.\w+)+)", text(page))]
        places = [[name + ".py", name + "/__main__.py"] for name in programs]
        assert [p for p in places if not any(os.path.exists(os.path.join(ROOT, path)) for path in p)] == []


class TestLookUp:
    """The look-ups themselves: they would prove nothing if they found nothing."""

    def test_they_find_files(self) -> None:
        assert "tests/unit/test_architecture.py" in named_files("CONTRIBUTING.md")

    def test_a_file_that_is_gone_is_missed(self) -> None:
        assert not exists("CONTRIBUTING.md", "plugins/module_utils/gone.py")
        assert not exists("docs/looking.md", "gone.py")

    @pytest.mark.parametrize(
        "words",
        [
            "`gone.py` does it",
            "gone.yml does it",
            "`plan.py` does it: there are several",
            "`plan/plan.py` is here.\n\n`model.py` is elsewhere.",
            "`plan/` has no `engine.py`",
        ],
    )
    def test_hit_a_bare_name_that_is_of_no_file_or_of_several(self, words: str) -> None:
        assert len(list(lost_names("docs/looking.md", words))) == 1

    @pytest.mark.parametrize(
        "page, words",
        [
            ("docs/looking.md", "`lost_on_tcp.py` is alone"),
            ("docs/looking.md", "`rules/` has `engine.py` and `rules/group.py`"),
            ("docs/looking.md", "`rules/engine.py` asks them, `model.py` says what it asks"),
            ("molecule/README.md", "each has a `converge.yml`"),
            ("docs/looking.md", "`inventory.yml` and some/where/gone.py, *.py, x.pyc"),
        ],
    )
    def test_near_miss_a_name_that_says_which_file(self, page: str, words: str) -> None:
        assert list(lost_names(page, words)) == []


class TestLines:
    def test_of_the_page_of_reasons_they_fit_an_editor(self) -> None:
        assert [line for line in text("docs/looking.md").split("\n") if len(line) > 110] == []


class TestSentences:
    """Readers whose first language is another read them."""

    @pytest.mark.parametrize("path", python_files(MODULES))
    def test_a_modules_page_has_no_long_one(self, path: str) -> None:
        pages = {
            node.targets[0].id: node.value.value
            for node in parsed(path).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        assert long_sentences(pages["DOCUMENTATION"]) + long_sentences(pages["RETURN"]) == []

    @pytest.mark.parametrize("page", WRITTEN)
    def test_a_page_in_markdown_has_no_long_one(self, page: str) -> None:
        assert [line for line in prose_of(text(page)) if len(line.split()) > LONGEST_PROSE] == []

    def test_hit_and_decoy_in_markdown(self) -> None:
        long = " ".join(31 * ["word"])
        page = "# %s\n\n%s. End.\n- %s.\n```\n%s\n```\n| %s |\n" % ((long,) * 5)
        assert len([line for line in prose_of(page) if len(line.split()) == 31]) == 2

    @pytest.mark.parametrize(
        "page",
        ["description: %s", "options: {x: {description: [A., %s]}}", "x: {contains: {y: {notes: [%s]}}}"],
    )
    def test_hit_wherever_it_stands(self, page: str) -> None:
        assert len(long_sentences(page % (26 * "word "))) == 1

    def test_near_miss_two_that_are_short(self) -> None:
        assert long_sentences("description: " + 24 * "word " + "end. " + 25 * "word ") == []

    def test_decoy_a_value_is_no_sentence(self) -> None:
        assert long_sentences("x: {sample: %s}" % (26 * "word ")) == []
