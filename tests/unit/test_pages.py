# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages for people name is there: files, links, targets of make, programs of the tests."""

import fnmatch
import glob
import os
import re
from typing import List, Set

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

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
