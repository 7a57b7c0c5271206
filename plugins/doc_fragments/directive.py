# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules share that set a directive in a file."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state:
    description:
      - Whether what is set here is to be in the file. V(absent) takes it out.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - Root on the host.
notes:
  - The file is backed up and replaced in one step.
  - A file that a panel generates is refused, and so is one whose head forbids to edit it without saying who
    writes it.
  - A file whose head names a tool of configuration management, such as Ansible, is changed. A warning says
    that the tool's next run may undo it.
"""
