# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site, as docs.ansible.com would, and fails on every warning.

``python3 -m tests.run.docsite`` ends with "N passed, N failed". The pages lie in <WORK>/docsite afterwards.
No network is needed. Links into the engine's own documentation are looked up in a list that is made here.
"""

import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.run import env
from tests.run.checks import Check, complaint, print_checks

NAME = "webmedic.php_fpm"
SITE = env.WORK / "docsite"
GUIDES = env.CHECKOUT / "docs" / "docsite"
# What the pages refer to elsewhere: other collections, the engine's variables, parts of its guides.
FOREIGN_LABEL = re.compile(r"\bansible_collections\.(?!webmedic\.php_fpm\.)\w+\.\w+\.\w+")
FOREIGN_VARIABLE = re.compile(r":envvar:`(ANSIBLE_\w+)`")
ENGINE_LABELS = (
    "action_plugins",
    "ansible_configuration_settings",
    "callback_plugins",
    "common_return_values",
)
# What the site is built with: no network, and only what we name.
SETTINGS = """
project = copyright = title = html_short_title = "webmedic.php_fpm"
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/devel/", "../ansible.inv")}
"""
# antsibull-docs writes the random name of its working directory into a page. One that ends with _ is a link.
UNLUCKY_NAME = 'Unknown target name: "antsibull-docs-'
REPOSITORY = re.compile(r"^repository: (\S+)$", re.M)


def inventory(pages: Path) -> bytes:
    """What the pages refer to outside this collection, in the format of Sphinx. antsibull-docs checks those
    references against the collections themselves.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted(pages.rglob("*.rst"))]
    text = "".join(texts).replace("\\_", "_")
    rows = ["%s std:label -1 x.html %s\n" % (label, label) for label in ENGINE_LABELS]
    rows += ["%s std:label -1 x.html %s\n" % (label, label) for label in set(FOREIGN_LABEL.findall(text))]
    rows += ["%s std:envvar -1 x.html -\n" % name for name in set(FOREIGN_VARIABLE.findall(text))]
    head = (
        "# Sphinx inventory version 2\n# Project: ansible\n# Version: devel\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    return head.encode() + zlib.compress("".join(rows).encode())


def built(home: Path, variables: dict[str, str]) -> str | None:
    """Builds the site; what was wrong with it."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    tool = [home / "bin" / "antsibull-docs"]
    config = ["--config-file", "antsibull-docs.cfg"]
    pages = ["--cleanup", "everything", "--use-current", "--dest-dir", "rst", "--fail-on-error", NAME]
    failed = complaint([*tool, "sphinx-init", "--use-current", "--dest-dir", SITE, NAME], SITE, variables)
    if failed:
        return failed
    with (SITE / "conf.py").open("a", encoding="utf-8") as stream:
        stream.write(SETTINGS)
    failed = complaint([*tool, *config, "collection", *pages], SITE, variables)
    if failed:
        return failed
    (SITE / "ansible.inv").write_bytes(inventory(SITE / "rst"))
    return complaint(
        [home / "bin" / "sphinx-build", "-q", "-W", "--keep-going", "-c", ".", "rst", "html"],
        SITE,
        variables,
    )


def dead_links() -> str | None:
    """Links of the guides to files of the repository that are not there."""
    repository = REPOSITORY.findall((env.CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))[0]
    link = re.compile(re.escape(repository) + r"/(?:blob|tree)/main/([^\s>#`)]+)")
    texts = {path: path.read_text(encoding="utf-8") for path in GUIDES.rglob("*") if path.is_file()}
    dead = [
        "%s: %s" % (path.name, target)
        for path, text in texts.items()
        for target in link.findall(text)
        if not (env.CHECKOUT / target).exists()
    ]
    return ", ".join(dead) or None


def prove() -> Iterator[Check]:
    home, root = env.venv("docs", env.controller()), env.tree()
    variables = env.environ(home, root)
    lint = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."]
    for _try in range(3):
        wrong = complaint([home / "bin" / "antsibull-docs", *lint], root / env.COLLECTION, variables)
        if not wrong or UNLUCKY_NAME not in wrong:
            break
    yield Check(NAME, "antsibull-docs accepts plugins, roles and guides, with every reference", wrong)
    yield Check(NAME, "the site is built without a warning", built(home, variables))
    listed = set(re.findall(r"^ +- (guide_\w+)$", (GUIDES / "extra-docs.yml").read_text(), re.M))
    there = {path.stem for path in (GUIDES / "rst").glob("*.rst")}
    wrong = ", ".join(sorted(listed ^ there)) or None
    yield Check(NAME, "the site lists each guide, and no other", wrong)
    yield Check(NAME, "each file of the repository that a guide names is there", dead_links())


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove()))
