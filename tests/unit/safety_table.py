# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of docs/safety.md: what each action does and can cost, as the head of its file says it."""

from types import ModuleType
from typing import List, Sequence

WORST = "At worst: "


def cells(file: ModuleType) -> List[str]:
    """The row of one action: its docstring says first what it does, then what it can cost."""
    does, worst = [" ".join(part.split()) for part in (file.__doc__ or "").strip().split("\n\n")[:2]]
    if not worst.startswith(WORST):
        raise ValueError("%s does not say what the action can cost: %s..." % (file.__file__, WORST))
    action = file.ACTION
    return [
        "`%s`" % action.id,
        action.risk,
        "yes" if action.reversible else "no",
        action.disruption,
        does[0].lower() + does[1:].rstrip("."),
        worst[len(WORST) :].rstrip("."),
    ]


def rows(files: Sequence[ModuleType]) -> List[List[str]]:
    return [cells(file) for file in files]
