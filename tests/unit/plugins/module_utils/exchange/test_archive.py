# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import subprocess
import sys
import zipfile
import zipimport
from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange import archive
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import Archive
from ansible_collections.webmedic.php_fpm.tests.unit.sources import MODULES, python_files, source

# Prints each file of the zip that was compiled, as often as it was.
IMPORTS = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
namespace = {}
exec(open(sys.argv[2]).read(), namespace)
if sys.argv[3] == "once":
    namespace["compile_once"]()
def tell(event, args):
    if event == "compile" and str(args[1]).startswith(sys.argv[1]):
        print(args[1])
sys.addaudithook(tell)
import site_packages.shop.cart
assert site_packages.shop.cart.TOTAL == 3 and site_packages.shop.cart.__file__ == sys.argv[4]
"""


# Says whether garbage is searched for: at first, while modules load, and then; and how much is left out.
GARBAGE = """
import gc, sys
sys.dont_write_bytecode = True
namespace = {}
exec(open(sys.argv[1]).read(), namespace)
print(gc.isenabled())
namespace["compile_once"]()
print(gc.isenabled())
namespace["loaded"]()
print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""


@pytest.fixture
def sent(tmp_path: object) -> str:
    """A zip file as Ansible sends it."""
    path = os.path.join(str(tmp_path), "payload.zip")
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("site_packages/__init__.py", "")
        stream.writestr("site_packages/shop/__init__.py", "ONE = 1\n")
        stream.writestr("site_packages/shop/cart.py", "from . import ONE\nTOTAL = ONE + 2\n")
    return path


def compiled(sent: str, how: str) -> List[str]:
    place = os.path.join(sent, "site_packages", "shop", "cart.py")
    words = [sys.executable, "-c", IMPORTS, sent, archive.__file__, how, place]
    output = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted(os.path.relpath(line, sent) for line in output.splitlines())


class TestFileName:
    @pytest.mark.parametrize("place, name", [("", "site_packages"), ("site_packages", "shop")])
    def test_a_package_is_named_as_zipimport_names_it(self, sent: str, place: str, name: str) -> None:
        where = os.path.join(sent, place) if place else sent
        assert Archive(where).get_filename(name) == zipimport.zipimporter(where).get_filename(name)

    def test_a_module_is_named_as_zipimport_names_it(self, sent: str) -> None:
        where, name = os.path.join(sent, "site_packages", "shop"), "site_packages.shop.cart"
        assert Archive(where).get_filename(name) == zipimport.zipimporter(where).get_filename(name)

    def test_near_miss_a_module_that_is_not_there(self, sent: str) -> None:
        with pytest.raises(ImportError):
            Archive(sent).get_filename("nobody")

    def test_decoy_a_folder_is_none(self, tmp_path: object) -> None:
        with pytest.raises(ImportError):
            Archive(str(tmp_path))


@pytest.mark.skipif(sys.version_info < (3, 8), reason="audit hooks came with Python 3.8")
class TestCompiling:
    MODULES = ["site_packages/__init__.py", "site_packages/shop/__init__.py", "site_packages/shop/cart.py"]

    def test_each_module_is_compiled_once(self, sent: str) -> None:
        assert compiled(sent, "once") == self.MODULES

    def test_zipimport_alone_compiles_each_twice(self, sent: str) -> None:
        """When a newer Python does not, archive.py can go."""
        assert compiled(sent, "as it is") == sorted(2 * self.MODULES)


class TestGarbage:
    @pytest.mark.skipif(sys.version_info < (3, 7), reason="gc.freeze came with Python 3.7")
    def test_none_is_searched_for_while_modules_load(self) -> None:
        words = [sys.executable, "-c", GARBAGE, archive.__file__]
        output = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode()
        assert output.split() == ["True", "False", "True", "True"]

    @pytest.mark.parametrize("path", python_files(MODULES))
    def test_a_module_that_stops_the_search_starts_it(self, path: str) -> None:
        begins, _imports, rest = source(path).partition("\ncompile_once()")
        assert bool(rest) == ("import compile_once" in begins)
        assert not rest or ("\nloaded()" in rest and "import" not in rest.partition("\nloaded()")[2])
