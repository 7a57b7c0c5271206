# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a change of ours had touched and that are as before again: newer than what runs, and yet what runs."""

import json
import os
from typing import Dict

from .disk import Disk
from .lock import STATE

PUT_BACK = "put_back.json"


def put_back(state: str = STATE) -> Dict[str, str]:
    """{path: digest of the content} of files that a change of ours had touched and that are as before again."""
    try:
        found = json.loads((Disk().read(os.path.join(state, PUT_BACK)) or b"{}").decode("ascii"))
        return {str(path): str(value) for path, value in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def note_put_back(disk: Disk, state: str, files: Dict[str, str]) -> None:
    path = os.path.join(state, PUT_BACK)
    disk.remove(path + ".new")
    disk.write_file(path + ".new", json.dumps(dict(put_back(state), **files), indent=1).encode("ascii"))
    disk.replace(path + ".new", path)
