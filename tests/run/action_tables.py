# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what is made of the files in actions/: the table of actions in docs/safety.md, and two files that a
diagnosis ships in their place. These are plugins/module_utils/plan/actions.py and preventive.py.

``python3 -m tests.run.action_tables``, after ACTION or the docstring of an action was changed. Unit tests
compare.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.run import env
from tests.unit.safety_table import rows

HEAD = '''\
# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan needs to know of each action, in the order in which the actions are taken.

Made by tests/run/action_tables.py from ACTION of each file in actions/: change it there. A diagnosis ships
this file in place of those.
"""

from ..work.action import Action, GivesWay, Raised

ACTIONS = (
'''
# What follows HEAD's licence in the table of what only a risk asks for, and what ends it.
ONLY_FOR_RISKS = '''\
"""The same of what only a risk asks for. Who may find risks makes it known to the plan.

Made by tests/run/action_tables.py, as actions.py. A diagnosis ships none of it.
"""

from ..work.action import Action
from .plan import BY_ID, ORDER

ACTIONS = (
'''
MADE_KNOWN = '''

def make_known() -> None:
    """Tells the plan of these actions."""
    for action in ACTIONS:
        ORDER.setdefault(action.id, len(ORDER))
        BY_ID[action.id] = action
'''

# The head of the table of actions, and its rows.
TABLE = re.compile(r"(\| action \|[^\n]*\n\|[-|]+\n)(?:\|[^\n]*\n)*")


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


def table_of(files: Sequence[ModuleType]) -> str:
    return "".join("    %s,\n" % written(file.ACTION) for file in files) + ")\n"


def main(argv: Sequence[str]) -> None:
    """argv: the tree of collections to read and to write in; none for the checkout."""
    root = Path(argv[0]) if argv else env.tree()
    home = root / env.COLLECTION if argv else env.CHECKOUT
    sys.path.insert(0, str(root))
    registry = importlib.import_module(
        "ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry"
    )
    licence = HEAD[: HEAD.index('"""')]
    tables = {
        "actions": HEAD + table_of(registry.FILES),
        "preventive": licence + ONLY_FOR_RISKS + table_of(registry.PREVENTIVE) + MADE_KNOWN,
    }
    for name, text in tables.items():
        path = home / "plugins" / "module_utils" / "plan" / (name + ".py")
        path.write_text(text, encoding="utf-8")
        print("wrote %s; lay it out with ruff format" % path)
    page = home / "docs" / "safety.md"
    table = "".join("| %s |\n" % " | ".join(row) for row in rows((*registry.FILES, *registry.PREVENTIVE)))
    page.write_text(
        TABLE.sub(lambda head: head[1] + table, page.read_text(encoding="utf-8")), encoding="utf-8"
    )
    print("wrote the table of actions in %s" % page)


if __name__ == "__main__":
    main(sys.argv[1:])
