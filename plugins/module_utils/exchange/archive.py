# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zip file in which Ansible sends a module and what it imports."""

import gc
import os
import sys
import zipimport


class Archive(zipimport.zipimporter):
    """importlib asks each loader for the file name, and zipimport compiles the module to tell it."""

    def get_filename(self, fullname: str) -> str:
        """Its __file__. ZipImportError: it is not here."""
        name = fullname.rpartition(".")[2]
        file = os.path.join(name, "__init__.py") if self.is_package(fullname) else name + ".py"
        return os.path.join(self.archive, self.prefix + file)


def compile_once() -> None:
    """Let what is imported from now on be found so, and searched for no garbage: nothing of it is."""
    if Archive not in sys.path_hooks:
        sys.path_hooks.insert(0, Archive)
        sys.path_importer_cache.clear()
    if hasattr(gc, "freeze"):  # Python 3.7
        gc.disable()


def loaded() -> None:
    """All is imported: what is made from now on is searched again."""
    if hasattr(gc, "freeze"):
        gc.freeze()
        gc.enable()
