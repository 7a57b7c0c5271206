#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file, made whole and in use or not at all."""

DOCUMENTATION = r"""
module: swap_file
short_description: Make a swap file and use it, or take it away
version_added: 0.2.0
description:
  - Makes a file without holes that only root can ever open, formats it, enters it in C(/etc/fstab) and
    switches it on.
  - When a step fails, all is as it was. There is no file, no entry and no swap.
  - Of a run that was killed, the next one keeps what was finished. The rest it takes back, or leaves to a
    person once it is older than an hour.
  - Of C(/etc/fstab) only the one line changes, and it is backed up and replaced in one step.
  - Refuses, in check mode as well, where swap cannot help. That is where a control group's memory limit binds
    and allows no swap.
  - Refuses where swap cannot be. That is in a container without C(CAP_SYS_ADMIN), on a file system that
    takes no swap file, or where less than a tenth would stay free.
  - What lies at O(path) and is not a swap file is left alone.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
options:
  path:
    description:
      - The swap file, as an absolute path without links on the way.
    type: path
    required: true
  size:
    description:
      - How large it is, as in V(512M), V(2G) or a number of bytes. Rounded up to a whole MiB. Required with
        O(state=present).
      - A swap file of another size is not changed but refused. Remove it first.
    type: str
  state:
    description:
      - Whether the file is to be there and in use.
      - V(absent) ends its use, takes it out of C(/etc/fstab) and removes it. It is refused while more of it
        is in use than there is memory available.
    type: str
    choices: [present, absent]
    default: present
  persist:
    description:
      - Whether C(/etc/fstab) has an entry for it, so that it is in use after a boot as well. With V(false) an
        entry that is there is removed.
    type: bool
    default: true
requirements:
  - Root on the host.
  - C(mkswap), C(swapon), C(swapoff) and C(fallocate) of util-linux, C(chattr) of e2fsprogs on btrfs.
notes:
  - Swap gives an overcommitted host time. It does not make the workers of a pool fit into its memory.
seealso:
  - module: webmedic.php_fpm.oom_info
  - module: webmedic.php_fpm.fpm_config
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: One gigabyte of swap, now and after each boot
  webmedic.php_fpm.swap_file:
    path: /swapfile
    size: 1G

- name: Swap for the time of a migration only
  webmedic.php_fpm.swap_file:
    path: /var/lib/migration.swap
    size: 512M
    persist: false

- name: Show what taking it away would do
  webmedic.php_fpm.swap_file:
    path: /swapfile
    state: absent
  check_mode: true
  diff: true
"""

RETURN = r"""
size:
  description: Size of the swap file in bytes, V(null) with O(state=absent).
  returned: success
  type: int
  sample: 1073741824
files:
  description: Configuration files that were changed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - /etc/fstab
commands:
  description: Commands that were run, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - sh -c 'umask 077; exec dd if=/dev/zero of="$1" count=0 conv=excl status=none' sh /swapfile
    - /usr/bin/fallocate -l 1073741824 /swapfile
    - /usr/sbin/mkswap /swapfile
    - /usr/sbin/swapon /swapfile
backup:
  description: Directory on the host that holds the files as they were, V(null) when nothing was changed.
  returned: success
  type: str
  sample: /var/lib/webmedic-php-fpm/backups/20261124T101500Z-swap_on
diff:
  description:
    - One entry for C(/etc/fstab), with C(before_header), C(after_header) and C(prepared), the changed lines
      with three around them.
    - One entry for the swap file, with C(before), C(after) and their headers.
    - What is not known to be harmless is redacted. Lines that look alike changed in what is not shown.
  returned: success
  type: list
  elements: dict
  sample:
    - after_header: /etc/fstab
      before_header: /etc/fstab
      prepared: |
        --- before: /etc/fstab
        +++ after: /etc/fstab
        @@ -1 +1,2 @@
         UUID=5c7c8a5f-5a3d-4b8e-9d5e-0f6f2b1f6a11 / ext4 errors=remount-ro 0 1
        +/swapfile none swap sw 0 0
    - after: "swap file of 1 GiB, in use\n"
      after_header: /swapfile
      before: "absent\n"
      before_header: /swapfile
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap import swap_on
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import look
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_file import (
    described,
    description,
    problem,
    swap_off,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import size_bytes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.module_end import end_with
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.one_change import one_change
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Step


def change(host: Host, module: AnsibleModule, size: int) -> Outcome:
    path, persist = module.params["path"], module.params["persist"]
    present = module.params["state"] == "present"
    masters = collect_fpm(host, test="never")["masters"]
    before = described(look(host, path, masters))

    def step() -> Step:
        facts = look(host, path, masters)
        return swap_on(facts, size, persist) if present else swap_off(facts)

    outcome = one_change(
        host, step, lambda: problem(host, path, present, persist), module.check_mode, module.warn
    )
    after = description(size, True) if present else "absent\n"
    if outcome.result in ("would", "done") and before != after:
        outcome.diff.append({"before": before, "after": after, "before_header": path, "after_header": path})
    return outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "size": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "persist": {"type": "bool", "default": True},
        },
        required_if=[("state", "present", ["size"])],
        supports_check_mode=True,
    )
    present = module.params["state"] == "present"
    try:
        size = size_bytes(module.params["size"]) if present else 0
    except ValueError as error:
        module.fail_json(msg="The option size: %s." % error)
    end_with(module, lambda: change(Host(), module, size), size=size if present else None)


if __name__ == "__main__":
    main()
