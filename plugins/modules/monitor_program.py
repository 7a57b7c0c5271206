#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The monitor's script on the host: the parts of this collection that it is made of, as files."""

DOCUMENTATION = r"""
module: monitor_program
short_description: Install the script that makes metrics of nginx and php-fpm
version_added: 0.7.0
description:
  - Puts the script of the role C(webmedic.php_fpm.monitor) into a directory of its own, or takes it away.
  - The script is made of the same files as the modules of this collection. So it reads configuration, logs
    and the kernel's tables as they do. It needs Python 3.6 or newer, and nothing beside its standard library.
  - It is run as C(python3 -I DIRECTORY SETTINGS). The settings are a JSON file. C(host) is the label of all
    metrics, C(metrics) the directory of the file C(webmedic.prom), and C(state) the directory of its state.
  - The directory holds these files alone. What else lies there is removed.
  - Refuses a directory that lies where others than root can write.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
options:
  path:
    description:
      - The directory, as an absolute path. Its parent must be there.
    type: path
    default: /usr/local/lib/webmedic-monitor
  state:
    description:
      - Whether the script is to be there. V(absent) removes the directory.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - Root on the host.
seealso:
  - module: webmedic.php_fpm.fpm_worker_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Install the script
  webmedic.php_fpm.monitor_program:
  register: program

- name: Show with which Python it can be run
  ansible.builtin.debug:
    var: program.python

- name: Show what taking it away would do
  webmedic.php_fpm.monitor_program:
    state: absent
  check_mode: true
  diff: true
"""

RETURN = r"""
files:
  description: Files that were written or removed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - /usr/local/lib/webmedic-monitor/__main__.py
    - /usr/local/lib/webmedic-monitor/webmedic_monitor/monitor/main.py
python:
  description:
    - The path of the Python that is to run it, which only root can write.
    - V(null) where there is none.
  returned: success
  type: str
  sample: /usr/bin/python3
diff:
  description: One entry with the names of the files before and after.
  returned: success
  type: list
  elements: dict
  sample:
    - after: "__main__.py\n"
      after_header: /usr/local/lib/webmedic-monitor
      before: ""
      before_header: /usr/local/lib/webmedic-monitor
"""

import posixpath

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.directory_of_files import (
    carry_out,
    difference,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.trust import opening
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import main as script
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import program
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

# Enterprise Linux 8 keeps its own where no PATH leads.
PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python", "/usr/local/bin/python3")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/usr/local/lib/webmedic-monitor"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    folder, disk, host = posixpath.normpath(module.params["path"]), Disk(), Host()
    wanted = program.files(script.__name__) if module.params["state"] == "present" else {}
    try:
        todo = difference(disk, folder, wanted)
        if (todo.written or todo.removed) and not module.check_mode:
            carry_out(disk, folder, wanted, todo)
    except (OSError, Refusal) as error:
        module.fail_json(msg="The script was not put into %s, or not all of it: %s" % (folder, error))
    changed = todo.written + todo.removed
    header = {"before_header": folder, "after_header": folder}
    found = (path for path in PYTHONS if host.type_of(path) == "file" and not opening(host, path))
    module.exit_json(
        changed=bool(changed),
        files=[posixpath.join(folder, path) for path in changed],
        python=next(found, None),
        diff=[
            {
                "before": "".join(path + "\n" for path in todo.removed),
                "after": "".join(path + "\n" for path in todo.written),
                **header,
            }
        ],
    )


if __name__ == "__main__":
    main()
