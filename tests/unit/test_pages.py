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
from typing import Any, Iterator, List, Set

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
# What a path may be relative to, beside the folder of its page.
PLACES = ("", "examples/awx", "plugins", "plugins/module_utils", "plugins/plugin_utils", "tests/lab")
# Files that are written on a host or by a run, and one that stands for several.
MADE = {
    *("report.json", "ledger.json", "journal.json", "inventory.yml", "hosts.ini", "static.txt"),
    *("webmedic-report/report.json", "backups/TIME-ACTION/journal.json", "faults/FAMILY.yml", "transaction/"),
    *("0.6.0-NAME.yml", "report.md", "webmedic-report/2026-11-26T001502Z/"),
    *("backups/TIME-ACTION/", "put-back/TIME-ACTION/", "transaction.damaged-TIME/"),
}
NAMES_FILE = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*(?:\.(?:py|yml|json|md|txt|sh|ini|toml)|/)\Z")

LONGEST_SENTENCE = 25  # words; what is written aims at 20
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


def text(page: str) -> str:
    with open(os.path.join(ROOT, page), encoding="utf-8") as stream:
        return stream.read()


def all_names() -> Set[str]:
    """Names of the collection's own files."""
    names: Set[str] = set()
    for top in ("plugins", "roles", "playbooks", "tests", "docs", "molecule"):
        for _folder, _folders, files in os.walk(os.path.join(ROOT, top)):
            names |= set(files)
    return names


def named_files(page: str) -> List[str]:
    """Words in backquotes that look like a path of the repository."""
    words = re.findall(r"`([^`\n]+)`", text(page))
    return [word for word in words if NAMES_FILE.match(word) and word not in MADE]


def exists(page: str, path: str) -> bool:
    places = [os.path.join(ROOT, os.path.dirname(page)), *(os.path.join(ROOT, place) for place in PLACES)]
    if any(glob.glob(os.path.join(place, path)) for place in places):
        return True
    return "/" not in path and bool(fnmatch.filter(all_names(), path))


@pytest.mark.parametrize("page", PAGES)
class TestPage:
    def test_each_file_that_it_names_is_there(self, page: str) -> None:
        assert [path for path in named_files(page) if not exists(page, path)] == []

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
