# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/report.schema.json and docs/artifact.schema.json, from the shapes of the report, and
docs/policy.schema.json and docs/alert_policy.schema.json.

``python3 -m tests.run.report_schema``, after a field was declared or taken away. A unit test compares.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.run import env

# The schemas, and the modules of the unit tests that make them.
WRITTEN = {
    "report": "report_schema",
    "artifact": "report_schema",
    "policy": "policy_schema",
    "alert_policy": "alert_policy_schema",
}


def main(argv: Sequence[str]) -> None:
    """argv: the tree of collections to read and to write in; none for the checkout."""
    root = Path(argv[0]) if argv else env.tree()
    home = root / env.COLLECTION if argv else env.CHECKOUT
    sys.path.insert(0, str(root))
    for name, place in WRITTEN.items():
        maker = importlib.import_module(
            "ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils." + place
        )
        path = home / "docs" / ("%s.schema.json" % name)
        path.write_text(getattr(maker, name + "_schema")(), encoding="utf-8")
        print("wrote %s" % path)


if __name__ == "__main__":
    main(sys.argv[1:])
