# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook from this checkout on a user's own hosts: ``diagnose.py INVENTORY [options of ansible-playbook]``.

The user's own Ansible settings hold; only the collection and the engine are ours.
"""

import os
import sys
from pathlib import Path

import env
import package


def main() -> None:
    if len(sys.argv) < 2 or not sys.argv[1]:
        sys.exit("which hosts? make diagnose INVENTORY=hosts.ini, or INVENTORY=web1.example, (with the comma) for one host")
    home = Path(sys.prefix)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = ":".join([str(package.install(home)), *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])])
    os.environ["PATH"] = "%s:%s" % (home / "bin", os.environ.get("PATH", env.SYSTEM_PATH))
    os.environ.setdefault("ANSIBLE_PIPELINING", "true")
    os.environ.setdefault("ANSIBLE_FORKS", "25")
    argv = ["ansible-playbook", "-i", sys.argv[1], "webmedic.php_fpm.diagnose", *sys.argv[2:]]
    os.execv(str(home / "bin" / "ansible-playbook"), argv)


if __name__ == "__main__":
    main()
