#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host hands on to somebody else, in one round trip."""

DOCUMENTATION = r"""
module: bundle_info
short_description: Gather what somebody else needs to understand an outage, without its secrets
version_added: 0.7.0
description:
  - Makes the same diagnosis as M(webmedic.php_fpm.diagnosis_info), and returns its snapshot. Beside it stand
    the versions, and the configuration of nginx, php-fpm, PHP and their units as it may be shown.
  - All is redacted on the host, before it leaves. Of a file only the values of settings that are known to be
    harmless are shown, by the grammar of that file.
  - Values that the configuration keeps secret are then taken out of every other text, such as log lines. The
    environment of the units and of the two masters is read for this alone.
  - The snapshot is judged once more without the secrets. It is only returned where the verdict is the same.
  - Changes nothing on the host, with or without check mode.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  window:
    description: How many seconds of log to read, back from now, 1 or more. Older lines never decide.
    type: int
    default: 900
  probe_timeout:
    description: How many seconds a worker may take to answer the probe before its pool counts as exhausted.
    type: float
    default: 3.0
  deadline:
    description:
      - How many seconds the look may take, from 5 to 600. The configuration may take 20 seconds more.
      - What has not come to an end by then is listed in RV(missing) or in RV(left_out).
    type: float
    default: 30.0
  from_variables:
    description:
      - How the names of variables begin that hold the options which are not given, as
        O(webmedic.php_fpm.diagnosis_info#module:from_variables).
    type: str
requirements:
  - Root on the host. Without it less can be seen, and what could not be seen is listed.
notes:
  - Never read are keys and certificates of TLS, files of passwords, and files of applications.
  - Results are not shown with C(-v), since they are long. They hold no secret.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.report_bundle
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Gather what support needs
  webmedic.php_fpm.bundle_info:
  register: gathered
  ignore_errors: true
  ignore_unreachable: true

- name: Make one encrypted file of it
  webmedic.php_fpm.report_bundle:
    variable: gathered
    recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
  run_once: true
"""

RETURN = r"""
msg:
  description: The answer in one sentence, as RV(webmedic.php_fpm.diagnosis_info#module:msg).
  returned: success
  type: str
  sample: "failing: PHP-FPM is not running: stopped (fpm_not_running/stopped), shop.example (80)"
status:
  description: The verdict on the host, as RV(webmedic.php_fpm.diagnosis_info#module:status).
  returned: success
  type: str
  sample: failing
findings:
  description: Causes, as RV(webmedic.php_fpm.diagnosis_info#module:findings).
  returned: success
  type: list
  elements: dict
  sample: []
plan:
  description: Actions, as RV(webmedic.php_fpm.diagnosis_info#module:plan).
  returned: success
  type: list
  elements: dict
  sample: []
missing:
  description: What could not be seen, as RV(webmedic.php_fpm.diagnosis_info#module:missing).
  returned: success
  type: list
  elements: dict
  sample: []
strangers:
  description: Processes that are named and never used, as
    RV(webmedic.php_fpm.diagnosis_info#module:strangers).
  returned: success
  type: list
  elements: dict
  sample: []
strangers_total:
  description: How many such processes there are.
  returned: success
  type: int
  sample: 0
window:
  description: Seconds of log that were read.
  returned: success
  type: int
  sample: 900
snapshot:
  description: Everything that was seen, in the form that P(webmedic.php_fpm.diagnose#filter) takes.
  returned: where it is judged as on the host
  type: dict
  sample:
    schema_version: 1
    taken_at: 1795388580.0
    window: 900
configuration:
  description: The files of nginx, php-fpm, PHP and their units, as they may be shown.
  returned: success
  type: list
  elements: dict
  contains:
    program:
      description: V(nginx), V(php-fpm), V(php) or V(systemd).
      type: str
      returned: success
    path:
      description: Path of the file.
      type: str
      returned: success
    text:
      description: Its lines that say something, each with its number. C([redacted]) stands for a value.
      type: str
      returned: success
    hidden:
      description: How many values were replaced.
      type: int
      returned: success
  sample:
    - program: php-fpm
      path: /etc/php/8.2/fpm/pool.d/www.conf
      text: "    4  [www]\n   38  listen = /run/php/php8.2-fpm.sock\n  440  env[DB_PASSWORD] = [redacted]\n"
      hidden: 1
versions:
  description: What is installed, by subject, such as C(system), C(kernel), C(nginx), C(php_fpm) and
    C(packages).
  returned: success
  type: dict
  sample:
    nginx: [1.22.1]
    php_fpm: ["8.2"]
    system: [Debian GNU/Linux 12 (bookworm)]
left_out:
  description: What is not in the answer, each with C(what), C(path) and C(why).
  returned: success
  type: list
  elements: dict
  sample:
    - what: configuration
      path: /etc/nginx/sites-enabled/shop
      why: Permission denied
"""

import signal

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import compile_once, loaded

compile_once()  # stands before the imports that it is for

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.look import CONFIGURATION_SECONDS, look
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import (
    deadline_problem,
    window_problem,
)

loaded()  # stands behind them

# Beyond the deadline, for the rules and the redaction. The kernel ends a module that runs longer.
JUDGE_SECONDS = 40


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "window": {"type": "int", "default": 900},
            "probe_timeout": {"type": "float", "default": 3.0},
            "deadline": {"type": "float", "default": 30.0},
            "from_variables": {"type": "str"},  # for the controller
        },
        supports_check_mode=True,
    )
    deadline = module.params["deadline"]
    why = window_problem(module.params["window"]) or deadline_problem(deadline)
    if why:
        module.fail_json(msg=why)
    signal.alarm(int(deadline + CONFIGURATION_SECONDS) + JUDGE_SECONDS)
    seen = look(Host(), module.params["window"], module.params["probe_timeout"], deadline)
    module.exit_json(
        changed=False, window=module.params["window"], **seen.verdict, **seen.snapshot, **seen.handed
    )


if __name__ == "__main__":
    main()
