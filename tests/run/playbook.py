# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook of this checkout on a user's own hosts.

``python3 -m tests.run.playbook diagnose|remediate INVENTORY [options of ansible-playbook]``

The user's own Ansible settings hold; only the collection and the engine are ours. What is not set is as in
examples/ansible.cfg.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.run import env, package

# What examples/ansible.cfg recommends: the engine's settings and their variables.
RECOMMENDED = {
    "DEFAULT_STDOUT_CALLBACK": ("ANSIBLE_STDOUT_CALLBACK", "webmedic.php_fpm.brief"),
    "INTERPRETER_PYTHON": ("ANSIBLE_PYTHON_INTERPRETER", "auto_silent"),
    "DEFAULT_FORKS": ("ANSIBLE_FORKS", "25"),
    "ANSIBLE_PIPELINING": ("ANSIBLE_PIPELINING", "true"),
}


def unset(home: Path) -> dict[str, str]:
    """The recommended settings, without those that the user has chosen, in the environment or in a file."""
    script = (
        "import sys; from ansible import constants as c;"
        "print(*[n for n in sys.argv[1:] if c.config.get_config_value_and_origin(n)[1] == 'default'])"
    )
    argv = [str(home / "bin" / "python"), "-c", script, *RECOMMENDED]
    names = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return dict(RECOMMENDED[name] for name in names)


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
    os.environ.update(unset(home))
    argv = ["ansible-playbook", "-i", words[0], "webmedic.php_fpm." + name, *words[1:]]
    os.execv(str(home / "bin" / "ansible-playbook"), argv)


if __name__ == "__main__":
    main()
