#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One page of each PHP site, asked for through nginx, as a visitor would."""

DOCUMENTATION = r"""
module: site_page_info
short_description: Ask nginx for one page of each PHP site
version_added: 0.6.0
description:
  - Asks for one page of each site whose requests nginx passes to php-fpm, on the host itself, and compares
    the status of the answer.
  - A site is asked at its own listener, plain or TLS, TCP or unix socket, with its own name in C(Host) and in
    TLS. Redirects are not followed, and any certificate is accepted.
  - This is a real request. PHP runs, the site counts a visit, and nginx writes a line to the access log.
    P(webmedic.php_fpm.diagnose#role) never does that.
  - Changes nothing else on the host. In check mode it asks, too.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  sites:
    description:
      - Names of the sites to ask, as C(server_name) has them. An empty list means all.
      - A name that no PHP site of the host has is answered as a page that could not be asked.
    type: list
    elements: str
    default: []
  path:
    description: What is asked for, with or without a query. A blank in it is written as C(%20).
    type: str
    default: /
  status:
    description: The status codes that are accepted, each a number or a range.
    type: list
    elements: str
    default: ["200-399"]
  timeout:
    description: How many seconds each page may take, from 0.1 to 120.
    type: float
    default: 10.0
  deadline:
    description:
      - How many seconds all pages together may take, from 1 to 600.
      - A site whose turn has not come by then is answered as one that could not be asked.
    type: float
    default: 60.0
notes:
  - Up to 8 pages are asked for at the same time.
  - At most 64 KiB of an answer's headers are read, and none of its body.
  - Two server blocks with one name at one listener are one site for a visitor. nginx serves the first, and so
    the second could not be asked.
  - Root reads more of nginx's configuration and of its error log. Without it RV(missing) says what is not
    known.
seealso:
  - module: webmedic.php_fpm.restart_info
  - module: webmedic.php_fpm.fpm_ping
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask each PHP site for its front page
  webmedic.php_fpm.site_page_info:
  register: pages

- name: Stop where a site does not answer as it should
  ansible.builtin.assert:
    that: pages.bad == 0 and pages.not_asked == 0
    fail_msg: "{{ pages.msg }}"

- name: Ask one site for its health page
  webmedic.php_fpm.site_page_info:
    sites: [shop.example]
    path: /health.php
    status: ["200"]
    timeout: 3
"""

RETURN = r"""
ok:
  description: Whether each site was asked and answered with an accepted status. Also V(false) where there is
    none to ask.
  returned: success
  type: bool
  sample: false
msg:
  description: The result in one sentence.
  returned: success
  type: str
  sample: "1 of 2 sites did not answer as expected. shop.example: It answered 502, and 200-399 is accepted."
asked:
  description: How many sites were asked.
  returned: success
  type: int
  sample: 2
bad:
  description: How many of these did not answer with an accepted status.
  returned: success
  type: int
  sample: 1
not_asked:
  description: How many sites could not be asked.
  returned: success
  type: int
  sample: 0
pages:
  description: One entry a site, in the order of nginx's configuration.
  returned: success
  type: list
  elements: dict
  contains:
    site:
      description: Its first C(server_name), V(default) for a server without one.
      type: str
      returned: success
    file:
      description: Where its server block begins.
      type: str
      returned: success
    line:
      description: The line there.
      type: int
      returned: success
    asked:
      description: Whether it was asked.
      type: bool
      returned: success
    ok:
      description: Whether it answered with an accepted status; V(null) where it was not asked.
      type: bool
      returned: success
    why:
      description: Why it is not RV(pages[].ok), in one sentence. Empty where it is.
      type: str
      returned: success
    url:
      description: What was asked for, as a visitor would write it.
      type: str
      returned: success
    listener:
      description: Where it was asked, C(address:port) or C(unix:/path).
      type: str
      returned: success
    tls:
      description: Whether it was asked over TLS.
      type: bool
      returned: success
    status:
      description: The status of the answer; V(null) where no HTTP came.
      type: int
      returned: success
    error:
      description: Why no HTTP came.
      type: str
      returned: success
    by:
      description:
        - Who answered.
        - V(site) the site itself, V(nginx) nginx in the place of a backend that did not answer, V(nobody).
      type: str
      returned: success
    endpoints:
      description: The endpoints that nginx's error log blames for this site since the request.
      type: list
      elements: str
      returned: success
    ms:
      description: Milliseconds until the headers had come.
      type: float
      returned: success
  sample:
    - asked: true
      by: nginx
      endpoints: ["unix:/run/php/php8.2-fpm.sock"]
      error: null
      file: /etc/nginx/sites-enabled/shop
      line: 1
      listener: "127.0.0.1:80"
      ms: 1.4
      ok: false
      site: shop.example
      status: 502
      tls: false
      url: http://shop.example/
      why: It answered 502, and 200-399 is accepted.
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import compile_once, loaded

compile_once()  # stands before the imports that it is for

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.pages_in_time import NotAsked, in_time
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import (
    BadStatus,
    Wish,
    accepted,
    path_problem,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable

loaded()  # stands behind them

BOUNDS = {"timeout": (0.1, 120.0), "deadline": (1.0, 600.0)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "sites": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "str", "default": "/"},
            "status": {"type": "list", "elements": "str", "default": ["200-399"]},
            "timeout": {"type": "float", "default": 10.0},
            "deadline": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    options = module.params
    for name, (least, most) in BOUNDS.items():
        if not least <= options[name] <= most:
            why = "%s is %g: it must be a number of seconds from %g to %g"
            module.fail_json(msg=why % (name, options[name], least, most))
    wrong = path_problem(options["path"])
    if wrong:
        module.fail_json(msg="path: %s." % wrong)
    try:
        status = accepted(options["status"])
    except BadStatus as error:
        module.fail_json(msg="status: %s" % error)
    wish = Wish(options["sites"], options["path"], status, options["timeout"], options["deadline"])
    try:
        pages = in_time(Host(), wish)
    except NotAsked as why:
        module.fail_json(msg="No page was asked for: %s." % why)
    module.exit_json(changed=False, **sendable(pages))


if __name__ == "__main__":
    main()
