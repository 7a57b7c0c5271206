# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a bundle of any origin: decrypted, unpacked in memory, compared with its manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answers.untrusted import Mismatch, clean
from ..reports.replay import NoReport, parse
from . import archive, contents, seal
from .vault import Vault, secrets_of

# The page of the report is made anew: a browser would run what an enemy wrote there.
_READABLE = re.compile(r"README\.txt|manifest\.json|report/report\.json|hosts/.+\.txt")
_MADE_ANEW = ("report/report.html", "report/report.md")


def readable(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """What may lie on a disk: texts, without characters that act on a terminal. Raises Refused."""
    if not all(_READABLE.fullmatch(path) or path in _MADE_ANEW for path in members):
        raise archive.Refused("it holds a file of a kind that no bundle has")
    return {
        path: clean(content.decode("utf-8", "replace")).encode("utf-8")
        for path, content in members.items()
        if path not in _MADE_ANEW
    }


def read(path: str, key: str | None, loader: Any) -> tuple[Any, Mapping[str, bytes]]:
    """(the JSON of its report, the files to be looked at by path). key: path of age's identity. loader: the
    engine's, which has the passwords. Raises NoReport, or OSError.
    """
    try:
        members = archive.unpack(seal.opened(path, key, Vault(secrets_of(loader)).decrypt))
        return parse(contents.verified(members)), readable(members)
    except (seal.Unsealed, archive.Refused, Mismatch) as error:
        raise NoReport(str(error)) from None
