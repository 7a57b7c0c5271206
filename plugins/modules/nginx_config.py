#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directive of nginx, set where it stands, tested before and put back when it does harm."""

DOCUMENTATION = r"""
module: nginx_config
short_description: Set a directive in a block of nginx's configuration and keep everything else as it is
version_added: 0.2.0
description:
  - Sets or removes a simple directive in one block, such as a location of a virtual host, through all
    includes.
  - Only the arguments change. Comments, blanks, order, line endings, owner, mode, ACL, SELinux context and
    symbolic links stay.
  - A new directive is inserted where a person would, beside its family or at the end of the block.
  - The program's own C(nginx -t) tests the result on a copy that nobody else sees, before the live file is
    touched.
  - With O(reload=true), nothing is done while there are files that others changed and did not load yet. The
    reload would load them, too. They are named.
  - If nginx refuses to load the file, or nobody answers where it dials now, the state before is restored.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
  - webmedic.php_fpm.directive
options:
  context:
    description:
      - The block, from the outside in, as a list of one kind and one name each. Levels in between may be left
        out.
      - A C(server) is named by any of its server names, an C(upstream) by its name, a C(location) by its
        arguments. An empty name means any block of that kind.
    type: list
    elements: dict
    required: true
  directive:
    description:
      - Name of the directive.
    type: str
    required: true
  args:
    description:
      - Its arguments. Quotes are added where nginx needs them.
      - Of a directive that may stand several times in a block, such as C(fastcgi_param), the one with the
        same first argument is meant.
      - The first C(fastcgi_param) or C(add_header) of a block drops all that nginx would have inherited from
        outside of it.
      - Arguments that may be secret are not printed, nor logged on the host.
    type: list
    elements: str
    default: []
  file:
    description:
      - Which file the block is in, where more than one block matches.
    type: path
  reload:
    description:
      - Whether nginx is reloaded when a file has changed.
    type: bool
    default: false
  verify_timeout:
    description:
      - How many seconds the endpoints that answered before, and those that are new, may take to answer, with
        O(reload=true).
    type: float
    default: 10.0
seealso:
  - module: webmedic.php_fpm.fpm_config
  - module: webmedic.php_fpm.fastcgi_route_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Wait up to two minutes for the scripts of one location
  webmedic.php_fpm.nginx_config:
    context:
      - server: shop.example
      - location: ~ \.php$
    directive: fastcgi_read_timeout
    args: [120s]
    reload: true

- name: Send the site to another pool
  webmedic.php_fpm.nginx_config:
    context:
      - server: blog.example
      - location: ~ \.php$
    directive: fastcgi_pass
    args: [unix:/run/php/blog.sock]
    reload: true

- name: Show what the end of a setting would change
  webmedic.php_fpm.nginx_config:
    context:
      - http: ""
    directive: fastcgi_keep_conn
    state: absent
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
    - /etc/nginx/sites-available/shop
commands:
  description: Commands that were run, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - systemctl reload nginx.service
backup:
  description: Directory on the host that holds the files as they were, V(null) when nothing was changed.
  returned: success
  type: str
  sample: /var/lib/webmedic-php-fpm/backups/20261124T101500-nginx_config
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
    - after_header: /etc/nginx/sites-available/shop
      before_header: /etc/nginx/sites-available/shop
      prepared: |
        --- before: /etc/nginx/sites-available/shop
        +++ after: /etc/nginx/sites-available/shop
        @@ -9,3 +9,3 @@
             location ~ \.php$ {
        -        fastcgi_read_timeout 60s;
        +        fastcgi_read_timeout 120s;
             }
"""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.steps import (
    changes_of,
    nginx_trial,
    nginx_unit,
    systemctl,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.texts import Texts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import set_directive
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_nginx import shows
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import GONE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.module_end import end_with
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.one_change import (
    answering,
    one_change,
    still_answering,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.secret_option import show_option
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import NGINX, Refusal, Step

if TYPE_CHECKING:
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.nginx import Nginx


def selector(context: List[Dict[str, Any]]) -> List[Tuple[str, str]]:
    """The option as pairs. Refusal unless each level has one kind and one name."""
    if not context or any(len(level) != 1 for level in context):
        raise Refusal(
            "context is a list of one kind and one name each, as in [{server: shop.example}, {location: /}]"
        )
    return [(str(kind), str(name or "")) for level in context for kind, name in level.items()]


def dialled(nginx: "Nginx") -> List[str]:
    """Each endpoint once, without servers that are marked down."""
    targets = [target for route in nginx["routes"] for target in route["endpoints"]]
    return list(dict.fromkeys(target["endpoint"] for target in targets if not target["down"]))


def change(host: Host, module: AnsibleModule, args: List[str]) -> Outcome:
    options = module.params
    nginx = collect_nginx(host)
    config = nginx["config"]
    if not config:
        raise Refusal("there is no nginx on this host")
    old = dialled(nginx)
    before = answering(host, old, 1.0) if options["reload"] else []
    texts = Texts(host)
    place = selector(options["context"])
    wanted = None if options["state"] == "absent" else args

    def step() -> Step:
        edited = set_directive(
            config, texts.read, texts.expand, place, options["directive"], wanted, options["file"]
        )
        if not edited:
            return Step("nginx_config", config, [], [], [])
        commands = [systemctl("reload", nginx_unit(nginx), "reload")] if options["reload"] else []
        return Step("nginx_config", config, changes_of(edited, NGINX), [nginx_trial(nginx)], commands)

    def proof() -> Optional[str]:
        # Where nginx was not sent before, somebody has to answer as well.
        must_answer = [name for name in dialled(collect_nginx(host)) if name in before or name not in old]
        return still_answering(host, must_answer, options["verify_timeout"]) if options["reload"] else None

    return one_change(host, step, proof, module.check_mode, module.warn)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "context": {"type": "list", "elements": "dict", "required": True},
            "directive": {"type": "str", "required": True},
            "args": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "file": {"type": "path"},
            "reload": {"type": "bool", "default": False},
            "verify_timeout": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    args = module.params["args"]
    harmless = shows(module.params["directive"], args)
    show_option(module, "args", [word if known else GONE for word, known in zip(args, harmless)])
    end_with(module, lambda: change(Host(), module, args))


if __name__ == "__main__":
    main()
