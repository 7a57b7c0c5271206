# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook of this checkout on a user's own hosts.

``python3 -m tests.run.playbook diagnose|remediate INVENTORY [options of ansible-playbook]``

The user's own Ansible settings hold; only the collection and the engine are ours.
"""

import os
import sys
from pathlib import Path

from tests.run import env, package


def main() -> None:
    name, *words = sys.argv[1:]
    if not words or not words[0]:
        sys.exit(
            "which hosts? make %s INVENTORY=hosts.ini, or INVENTORY=web1.example, (with the comma) for one "
            "host" % name
        )
    home = Path(sys.prefix)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = ":".join(
        [str(package.install(home)), *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])]
    )
    os.environ["PATH"] = "%s:%s" % (home / "bin", os.environ.get("PATH", env.SYSTEM_PATH))
    os.environ.setdefault("ANSIBLE_PIPELINING", "true")
    os.environ.setdefault("ANSIBLE_FORKS", "25")
    argv = ["ansible-playbook", "-i", words[0], "webmedic.php_fpm." + name, *words[1:]]
    os.execv(str(home / "bin" / "ansible-playbook"), argv)


if __name__ == "__main__":
    main()
