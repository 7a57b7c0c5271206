# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a bundle of any origin: decrypted, unpacked in memory, compared with its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..replay import NoReport, parse
from ..untrusted import Mismatch
from . import archive, contents, seal
from .vault import Vault, secrets_of


def read(path: str, key: str | None, loader: Any) -> tuple[Any, Mapping[str, bytes]]:
    """(the JSON of its report, all of its files by path). key: path of age's identity. loader: the engine's,
    which has the passwords. Raises NoReport, or OSError.
    """
    try:
        members = archive.unpack(seal.opened(path, key, Vault(secrets_of(loader)).decrypt))
        return parse(contents.verified(members)), members
    except (seal.Unsealed, archive.Refused, Mismatch) as error:
        raise NoReport(str(error)) from None
