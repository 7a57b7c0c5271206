# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our tree of a nginx configuration beside that of crossplane, the parser of nginx's own makers.

Where crossplane differs from nginx itself, nginx wins: `as_crossplane` and the cases of DIFFERS say how. What
nginx does was seen by nginx -t, see test_lexer.py. The developer's environment has crossplane, and a run
there fails without it. A host's Python has neither crossplane nor the engine's controller, and passes this
file over.
"""

import glob
import importlib.util
import os
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.files import NotOpened
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import (
    Conf,
    Directive,
    parse_conf,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import LUA_BLOCK
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit import (
    nginx_made as generator,
)

if importlib.util.find_spec("ansible") and importlib.util.find_spec("ansible.constants"):
    import crossplane
else:
    crossplane = pytest.importorskip("crossplane")

FIXTURES = fixtures("nginx")
SITES = 300
# (text, arguments as nginx reads them, those of crossplane: None where it reads nothing but an error)
DIFFERS: List[Tuple[str, List[str], Optional[List[str]]]] = [
    ('x "a\\\\b";', ["a\\b"], ["a\\\\b"]),
    ('x "a\\tb";', ["a\tb"], ["a\\tb"]),
    ("x a}b;", ["a}b"], None),
    ("access_by_lua_block # why\n{ }", [], None),
    ("access_by_lua_block { x = [[ { ]] }", [], None),
]
LUA_WITH_COMMENT = re.compile(LUA_BLOCK + r"[\"']?\s*#")
# (name, arguments, file, line, what stands in its block).
Tree = List[Tuple[str, List[str], str, int, Any]]


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise NotOpened(str(error))


def ours(config: str) -> Conf:
    return parse_conf(config, read, lambda pattern: sorted(glob.glob(pattern)))


def as_crossplane(directives: List[Directive]) -> Tree:
    """Our tree with what crossplane does otherwise than nginx.

    It takes the brackets off the condition of an "if". It gives Lua's text as an argument; we give none of
    it.
    """
    tree: Tree = []
    for directive in directives:
        name, args, block = directive.name, list(directive.args), directive.block
        if name == "if" and args and args[0].startswith("(") and args[-1].endswith(")"):
            args[0] = args[0][1:]
            args[-1] = args[-1][:-1]
            args = args[0 if args[0] else 1 : len(args) if args[-1] else -1]
        if name.endswith(LUA_BLOCK):
            args, block = [], None
        inside = None if block is None else as_crossplane(block)
        tree.append((name, args, directive.file, directive.line, inside))
    return tree


def theirs(config: str) -> Tuple[Tree, List[Any]]:
    """(crossplane's tree with the includes in their places, its errors). Its own option "combine" tells the
    wrong file of what stands behind an include, so each file's statements are put together here.
    """
    answer = crossplane.parse(config, check_ctx=False, check_args=False)

    def tree_of(number: int, statements: List[Dict[str, Any]]) -> Tree:
        tree: Tree = []
        for statement in statements:
            name, args = statement["directive"], statement["args"]
            if name == "#":  # a comment between the words of a statement, though comments were not asked for
                continue
            if "includes" in statement:
                for other in statement["includes"]:
                    tree += tree_of(other, answer["config"][other]["parsed"])
                continue
            inside = tree_of(number, statement["block"]) if "block" in statement else None
            if name.endswith(LUA_BLOCK):
                args = []
            args = [word.replace("\\\\", "\\") for word in args]  # it leaves both, nginx one
            tree.append((name, args, answer["config"][number]["file"], statement["line"], inside))
        return tree

    return tree_of(0, answer["config"][0]["parsed"]), answer["errors"]


def assert_same(config: str) -> None:
    (tree, errors), conf = theirs(config), ours(config)
    assert errors == [] and conf.errors == []
    assert as_crossplane(conf.directives) == tree


def main_file(folder: Path, text: str) -> str:
    path = folder / "nginx.conf"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(path)


class TestSameTree:
    """crossplane is the oracle."""

    @pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
    def test_files_of_debian(self, version: str, tmp_path: Path) -> None:
        top = os.path.join(FIXTURES, version + "-default")
        for directory, _folders, names in os.walk(top):
            for name in names:
                text = read(os.path.join(directory, name))
                there = tmp_path / os.path.relpath(os.path.join(directory, name), top)
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_text(text.replace("/etc/nginx", str(tmp_path)), encoding="utf-8")
        (tmp_path / "sites-enabled").mkdir(exist_ok=True)
        (tmp_path / "sites-enabled" / "default").write_text(
            (tmp_path / "sites-available" / "default").read_text(encoding="utf-8"), encoding="utf-8"
        )
        assert_same(str(tmp_path / "nginx.conf"))

    def test_captured_configuration(self) -> None:
        assert_same(os.path.join(FIXTURES, "1.22.1-debian12-dialled.conf"))

    @pytest.mark.parametrize("batch", range(3))
    def test_generated_configurations(self, batch: int, tmp_path: Path, monkeypatch: Any) -> None:
        # Without what DIFFERS has.
        monkeypatch.setattr(generator, "VALUES", [text for text in generator.VALUES if "}" not in text])
        monkeypatch.setattr(generator, "LUA", ["ngx.say(1)", "local t = {1, {2}}"])
        for seed in range(batch * SITES // 3, (batch + 1) * SITES // 3):
            home, texts = tmp_path / str(seed), generator.Site(seed).texts
            if any(LUA_WITH_COMMENT.search(text) for text in texts.values()):
                continue
            for path, text in texts.items():
                there = home / os.path.relpath(path, os.path.dirname(generator.MAIN))
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_bytes(text.encode("utf-8", "surrogateescape"))
            assert_same(str(home / "nginx.conf"))

    @pytest.mark.parametrize("text, args, other", DIFFERS, ids=repr)
    def test_where_crossplane_differs_nginx_wins(
        self, text: str, args: List[str], other: Optional[List[str]], tmp_path: Path
    ) -> None:
        config = main_file(tmp_path, text + "\n")
        conf = ours(config)
        assert conf.errors == [] and conf.directives[0].args == args
        answer = crossplane.parse(config, check_ctx=False, check_args=False)
        assert bool(answer["errors"]) == (other is None)
        assert other is None or answer["config"][0]["parsed"][0]["args"] == other
