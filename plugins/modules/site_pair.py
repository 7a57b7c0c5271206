#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's file and the pool's file of one site, made, changed or removed as one pair."""

DOCUMENTATION = r"""
module: site_pair
short_description: Have the files of nginx and php-fpm for one site, as one change that is proven or undone
version_added: 0.7.0
description:
  - Writes the vhost and the pool of a site together. The role P(webmedic.php_fpm.site#role) makes their
    texts.
  - C(nginx -t) and C(php-fpm -t) try them on a copy that nobody else sees. A name that another server has
    already is refused, too, though nginx only warns of it. What else nginx warns of becomes a warning.
  - php-fpm and nginx are reloaded then, in this order. A free worker must answer nginx's account, and a page
    of the site must come, else everything is put back.
  - With a pool of another php-fpm, the new pair serves first, and the old pool goes afterwards. So an upgrade
    of PHP loses no request.
  - Gives php-fpm a C(process_control_timeout) of at least O(grace), and its unit a drop-in with
    C(Restart=on-failure) and C(OOMPolicy=continue), if they have less. Enables and starts the unit.
  - A file that the role did not write is refused, unless O(adopt) is set.
  - With O(state=absent), the files that the role wrote for the site go, and nothing else. What was done for
    the whole php-fpm stays.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
options:
  name:
    description: Name of the site. The texts carry it in their first line.
    type: str
    required: true
  state:
    description: Whether the pair should be there.
    type: str
    choices: [present, absent]
    default: present
  adopt:
    description: Whether files that the role did not write may be overwritten. A backup of them is kept.
    type: bool
    default: false
  config:
    description: Main configuration file of the php-fpm.
    type: path
  vhost:
    description: Path of nginx's file.
    type: path
  vhost_text:
    description: What stands in it.
    type: str
  pool:
    description: Path of the pool's file.
    type: path
  pool_text:
    description: What stands in it. It is not logged on the host.
    type: str
  grace:
    description: How many seconds running requests of this php-fpm may go on after a reload, at least.
    type: int
    default: 35
  page_path:
    description: What is asked of the site as a proof. Empty for no request. A blank in it is C(%20).
    type: str
    default: /
  page_status:
    description: The status codes that are accepted, each a number or a range.
    type: list
    elements: str
    default: ["200-499"]
  verify_timeout:
    description: How many seconds each proof may take.
    type: float
    default: 30.0
requirements:
  - Root on the host, systemd, and an nginx that runs.
notes:
  - A page that was not accepted before, and is the same afterwards, is no reason to put anything back.
seealso:
  - module: webmedic.php_fpm.site_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Have the files of the site shop
  webmedic.php_fpm.site_pair:
    name: shop
    config: /etc/php/8.2/fpm/php-fpm.conf
    vhost: /etc/nginx/sites-enabled/shop.conf
    vhost_text: "{{ lookup('ansible.builtin.template', 'vhost.conf.j2') }}"
    pool: /etc/php/8.2/fpm/pool.d/shop.conf
    pool_text: "{{ lookup('ansible.builtin.template', 'pool.conf.j2') }}"

- name: Show what removing the site would do
  webmedic.php_fpm.site_pair:
    name: shop
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
    - /etc/php/8.2/fpm/pool.d/shop.conf
    - /etc/nginx/sites-enabled/shop.conf
commands:
  description: Commands that were run, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - systemctl reload php8.2-fpm.service
    - systemctl reload nginx.service
backup:
  description: Directory on the host that holds the files as they were, V(null) when nothing was changed.
  returned: success
  type: str
  sample: /var/lib/webmedic-php-fpm/backups/20261124T101500-site_pair
diff:
  description:
    - One entry for each changed file, with C(before_header), C(after_header) and C(prepared).
    - Of these, what is not known to be harmless is redacted.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import (
    BadStatus,
    accepted,
    path_problem,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.site_mark import site_of_text
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.module_end import end_with
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.site_pair import (
    PageCheck,
    Ways,
    absent,
    present,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.site_steps import Pair
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "adopt": {"type": "bool", "default": False},
    "config": {"type": "path"},
    "vhost": {"type": "path"},
    "vhost_text": {"type": "str"},
    "pool": {"type": "path"},
    "pool_text": {"type": "str", "no_log": True},
    "grace": {"type": "int", "default": 35},
    "page_path": {"type": "str", "default": "/"},
    "page_status": {"type": "list", "elements": "str", "default": ["200-499"]},
    "verify_timeout": {"type": "float", "default": 30.0},
}
NEEDED = ("config", "vhost", "vhost_text", "pool", "pool_text")


def change(host: Host, module: AnsibleModule) -> Outcome:
    options = module.params
    ways = Ways(module.check_mode, module.warn, options["verify_timeout"])
    if not host.is_root():
        raise Refusal("only root can change a site and test it: become root")
    if options["state"] == "absent":
        return absent(host, options["name"], ways)
    for text in ("vhost_text", "pool_text"):
        if site_of_text(options[text]) != options["name"]:
            raise Refusal("%s is not marked as the role's for site %s" % (text, options["name"]))
    pair = Pair(
        options["name"],
        options["config"],
        options["vhost"],
        options["vhost_text"],
        options["pool"],
        options["pool_text"],
        options["adopt"],
        options["grace"],
    )
    codes = accepted(options["page_status"])
    return present(host, pair, PageCheck(options["page_path"], codes.has, codes.written), ways)


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", NEEDED)],
        supports_check_mode=True,
    )
    try:
        accepted(module.params["page_status"])
    except BadStatus as wrong:
        module.fail_json(msg="page_status: %s." % wrong)
    odd = path_problem(module.params["page_path"])
    if odd:
        module.fail_json(msg="page_path: %s." % odd)
    end_with(module, lambda: change(Host(), module))


if __name__ == "__main__":
    main()
