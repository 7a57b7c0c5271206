# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes plugins/module_utils/plan/actions.py: what a diagnosis ships of the files in actions/.

``python3 -m tests.run.plan_actions``, after the metadata of an action was changed. A unit test compares.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.run import env

HEAD = '''\
# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan goes by of each action, in the order in which they are taken.

Written by tests/run/plan_actions.py, from ACTION of each file in actions/: change it there. A diagnosis ships
this file instead of those, which hold what changes a host.
"""

from ..verdict.action import Action, GivesWay, Raised

ACTIONS = (
'''


def written(value: object) -> str:
    """A value as source: of a NamedTuple only what is not its default."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        defaults = getattr(value, "_field_defaults", {})
        words = [
            ("%s=%s" % (name, written(field)) if name in defaults else written(field))
            for name, field in zip(value._fields, value, strict=True)
            if name not in defaults or field != defaults[name]
        ]
        return "%s(%s)" % (type(value).__name__, ", ".join(words))
    if isinstance(value, tuple):
        return "(%s%s)" % (", ".join(map(written, value)), "," if len(value) == 1 else "")
    return '"%s"' % value if isinstance(value, str) else repr(value)


def main(argv: Sequence[str]) -> None:
    """argv: the tree of collections to read and to write in; none for the checkout."""
    root = Path(argv[0]) if argv else env.tree()
    home = root / env.COLLECTION if argv else env.CHECKOUT
    sys.path.insert(0, str(root))
    registry = importlib.import_module(
        "ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry"
    )
    rows = "".join("    %s,\n" % written(file.ACTION) for file in registry.FILES)
    path = home / "plugins" / "module_utils" / "plan" / "actions.py"
    path.write_text(HEAD + rows + ")\n", encoding="utf-8")
    print("wrote %s; lay it out with ruff format" % path)


if __name__ == "__main__":
    main(sys.argv[1:])
