#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives of php-fpm, set where they stand, tested before and put back when they do harm."""

DOCUMENTATION = r"""
module: fpm_config
short_description: Set directives of a php-fpm pool and keep everything else as it is
version_added: 0.2.0
description:
  - Sets or removes directives of one pool, or of the section C([global]), in the file in which they are in
    force, through all includes.
  - Only the value changes. Comments, blanks, order, line endings, owner, mode, ACL, SELinux context and
    symbolic links stay.
  - A new directive is inserted where a person would, below its commented-out default or beside its family.
  - The program's own C(php-fpm -t) tests the result on a copy that nobody else sees, before the live file is
    touched.
  - With O(service) other than V(none), php-fpm is started for a moment where nobody sees it, as its unit
    would start it, before anything is written. When that fails, nothing is done. Nor is it when the unit
    would also load what others changed and did not load yet; the files are named then.
  - If the unit does not come back, or a pool that answered does not answer any more, the state before is
    restored.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
  - webmedic.php_fpm.directive
options:
  config:
    description:
      - The main configuration file of the php-fpm meant. It may be left out where only one has such a pool.
    type: path
  pool:
    description:
      - Name of the pool. Without it the section C([global]) is meant.
    type: str
  settings:
    description:
      - Directives and their values, as in C(pm.max_children) or C(php_admin_value[memory_limit]).
      - With O(state=absent) the values do not count.
      - Values that may be secret, such as those of C(env[]), are not printed, nor logged on the host.
    type: dict
    required: true
  service:
    description:
      - What is done with the unit when a file has changed.
      - A reload takes most directives over. Owner, group, mode and ACL of a socket need a restart.
    type: str
    choices: [none, reload, restart]
    default: none
  verify_timeout:
    description:
      - How many seconds the pools that answered before may take to answer again, with O(service) other than
        V(none).
    type: float
    default: 10.0
seealso:
  - module: webmedic.php_fpm.nginx_config
  - module: webmedic.php_fpm.fpm_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ten workers for the pool www, and load it
  webmedic.php_fpm.fpm_config:
    pool: www
    settings:
      pm.max_children: 10
    service: reload

- name: Let requests that run end when php-fpm is reloaded
  webmedic.php_fpm.fpm_config:
    config: /etc/php/8.2/fpm/php-fpm.conf
    settings:
      process_control_timeout: 10s
    service: reload

- name: Show what giving the socket to nginx's user would change
  webmedic.php_fpm.fpm_config:
    pool: shop
    settings:
      listen.owner: www-data
      listen.group: www-data
    service: restart
  check_mode: true
  diff: true
"""

RETURN = r"""
files:
  description: Files that were changed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - /etc/php/8.2/fpm/pool.d/www.conf
commands:
  description: Commands that were run, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - systemctl reload php8.2-fpm.service
backup:
  description: Directory on the host that holds the files as they were, V(null) when nothing was changed.
  returned: success
  type: str
  sample: /var/lib/webmedic-php-fpm/backups/20261124T101500-fpm_config
diff:
  description:
    - One entry for each changed file, with C(before_header), C(after_header) and C(prepared), the changed
      lines with three around them.
    - Of these, what is not known to be harmless is redacted. Lines that look alike changed in what is not
      shown.
  returned: success
  type: list
  elements: dict
  sample:
    - after_header: /etc/php/8.2/fpm/pool.d/www.conf
      before_header: /etc/php/8.2/fpm/pool.d/www.conf
      prepared: |
        --- before: /etc/php/8.2/fpm/pool.d/www.conf
        +++ after: /etc/php/8.2/fpm/pool.d/www.conf
        @@ -7,3 +7,3 @@
         pm = dynamic
        -pm.max_children = 5
        +pm.max_children = 10
         env[DB_PASSWORD] = [redacted]
"""

from typing import TYPE_CHECKING, List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.steps import (
    changes_of,
    fpm_trial,
    systemctl,
    unit_of,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.texts import Texts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_fpm import value_shown
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.module_end import end_with
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.one_change import (
    answering,
    one_change,
    still_answering,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.secret_option import show_option
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import FPM, Refusal, Step

if TYPE_CHECKING:
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.php_fpm import Master


def master_named(masters: "List[Master]", config: Optional[str], pool: Optional[str]) -> "Master":
    """The one master that the options name. Refusal when there is none, or more than one."""
    found = [
        master
        for master in masters
        if config in (None, master["config"])
        and (pool is None or pool.lower() in [item["name"].lower() for item in master["pools"]])
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(
        "%s (%s)" % (master["config"], ", ".join(item["name"] for item in master["pools"]))
        for master in masters
    )
    raise Refusal(
        "%s php-fpm has %s; on this host: %s"
        % (
            "More than one" if found else "No",
            "the pool %s" % pool if pool else "that configuration",
            known or "no php-fpm at all",
        )
    )


def change(host: Host, module: AnsibleModule, settings: List[Tuple[str, Optional[str]]]) -> Outcome:
    options = module.params
    service = options["service"]
    master = master_named(collect_fpm(host, test="never")["masters"], options["config"], options["pool"])
    endpoints = [pool["endpoint"] for pool in master["pools"] if pool["endpoint"]]
    before = [] if service == "none" else answering(host, endpoints, 1.0)
    texts = Texts(host)

    def step() -> Step:
        edited = set_directives(
            master["config"], texts.read, texts.expand, options["pool"], settings, master["prefix"]
        )
        if not edited:
            return Step("fpm_config", master["config"], [], [], [])
        commands = [] if service == "none" else [systemctl(service, unit_of(master), service)]
        return Step("fpm_config", master["config"], changes_of(edited, FPM), [fpm_trial(master)], commands)

    def proof() -> Optional[str]:
        return still_answering(host, before, options["verify_timeout"])

    return one_change(host, step, proof, module.check_mode, module.warn)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path"},
            "pool": {"type": "str"},
            "settings": {"type": "dict", "required": True, "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "service": {"type": "str", "choices": ["none", "reload", "restart"], "default": "none"},
            "verify_timeout": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    absent = module.params["state"] == "absent"
    settings = [
        (str(key), None if absent else str(value)) for key, value in module.params["settings"].items()
    ]
    shown = {key: None if value is None else value_shown(key, value) for key, value in settings}
    show_option(module, "settings", shown)
    end_with(module, lambda: change(Host(), module, settings))


if __name__ == "__main__":
    main()
