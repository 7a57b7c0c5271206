# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users of the published collection count on: action groups, release notes, workflows."""

import glob
import os
import re
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

yaml = pytest.importorskip("yaml")

FRAGMENT_OF_GROUP = {
    "info": "webmedic.php_fpm.attributes.info",
    "change": "webmedic.php_fpm.attributes.change",
    "controller": "webmedic.php_fpm.attributes.controller",
}


def text(*path: str) -> str:
    with open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


def modules() -> Set[str]:
    return {
        os.path.basename(path)[:-3] for path in glob.glob(os.path.join(ROOT, "plugins", "modules", "*.py"))
    }


def group(name: str) -> List[str]:
    """The modules of an action group, with those of the groups that it takes in."""
    members: List[str] = []
    for entry in yaml.safe_load(text("meta", "runtime.yml"))["action_groups"][name]:
        if isinstance(entry, dict):
            for other in entry["metadata"]["extend_group"]:
                members += group(other)
        else:
            members.append(entry)
    return members


def documentation(module: str) -> Dict[str, Any]:
    found = re.search(
        r'^DOCUMENTATION = r"""\n(.*?)^"""', text("plugins", "modules", module + ".py"), re.M | re.S
    )
    assert found
    loaded: Dict[str, Any] = yaml.safe_load(found.group(1))
    return loaded


def number(version: str) -> Tuple[int, ...]:
    return tuple(map(int, version.split(".")))


class TestActionGroups:
    def test_the_group_all_holds_each_module_once(self) -> None:
        assert sorted(group("all")) == sorted(modules())

    @pytest.mark.parametrize("name", sorted(FRAGMENT_OF_GROUP))
    def test_each_page_names_the_group_of_its_module(self, name: str) -> None:
        fragments = {
            module: documentation(module).get("extends_documentation_fragment", []) for module in modules()
        }
        users = [module for module, used in fragments.items() if FRAGMENT_OF_GROUP[name] in used]
        assert sorted(users) == sorted(group(name))

    def test_the_page_of_each_module_names_the_group_all(self) -> None:
        shared = text("plugins", "doc_fragments", "attributes.py")
        assert shared.count("      - webmedic.php_fpm.all\n") == len(FRAGMENT_OF_GROUP)
        assert modules() == set().union(*(group(name) for name in FRAGMENT_OF_GROUP))


class TestReleaseNotes:
    def test_only_the_next_version_is_unreleased(self) -> None:
        """A fragment is named after the version that it belongs to."""
        version = yaml.safe_load(text("galaxy.yml"))["version"]
        released = set(yaml.safe_load(text("changelogs", "changelog.yaml"))["releases"])
        fragments = os.listdir(os.path.join(ROOT, "changelogs", "fragments"))
        named = {match.group(0) for match in map(re.compile(r"\d+\.\d+\.\d+").match, fragments) if match}
        assert len(named) and [name for name in named - released if number(name) < number(version)] == []

    def test_the_page_has_each_release(self) -> None:
        releases = yaml.safe_load(text("changelogs", "changelog.yaml"))["releases"]
        page = text("CHANGELOG.md").replace("\\", "")
        assert [version for version in releases if "\n## v%s\n" % version not in page] == []


class TestRepository:
    def test_both_copies_of_the_licence_are_the_same(self) -> None:
        assert text("LICENSE") == text("LICENSES", "GPL-3.0-or-later.txt")

    def test_git_ignores_the_tarball(self) -> None:
        assert "/webmedic-php_fpm-*.tar.gz" in text(".gitignore").splitlines()

    def test_the_workflows_run_the_commands_of_the_makefile(self) -> None:
        targets = re.findall(r"^([a-z-]+):", text("Makefile"), re.M)
        paths = glob.glob(os.path.join(ROOT, ".github", "workflows", "*.yml"))
        if not paths:
            pytest.skip("the installed collection has no workflows")
        jobs = [job for path in paths for job in yaml.safe_load(text(path))["jobs"].values()]
        lines = [line for job in jobs for step in job["steps"] for line in step.get("run", "").splitlines()]
        words = [word for line in lines if line.startswith("make ") for word in line.split()[1:]]
        matrices = [job["strategy"]["matrix"]["command"] for job in jobs if "strategy" in job]
        wanted = {word for word in words if word.isalpha()}
        wanted |= {command.split()[0] for commands in matrices for command in commands}
        assert {"lint", "test", "release"} <= wanted <= set(targets)
