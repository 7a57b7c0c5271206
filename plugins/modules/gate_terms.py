#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: gate_terms
short_description: Read what a gate is to be judged by
version_added: 0.6.0
description:
  - Checks the policy, the time and the baseline of a gate before any host is asked, and says how far back the
    look must reach.
  - The role P(webmedic.php_fpm.gate#role) begins with it. What is wrong fails the task, and so the gate stays
    closed.
  - Runs on the controller alone and once for all hosts; use it with C(run_once=true).
options:
  phase:
    description: V(before) or V(after) the deploy.
    type: str
    required: true
    choices: [before, after]
  policy:
    description:
      - The policy, see the role P(webmedic.php_fpm.gate#role). Its schema is C(docs/policy.schema.json).
    type: raw
    default: {}
  baseline:
    description:
      - With O(phase=before), the file that is to keep the baseline. With O(phase=after), the baseline.
      - It must belong to root or to the account that runs Ansible, and no other may be able to change it. A
        link is refused.
      - Empty after a deploy without a baseline; O(since) is needed then.
    type: path
    default: ""
  since:
    description:
      - When the deploy began, as epoch seconds or as a time with its zone, such as
        V(2026-01-31T08:30:00Z). By default the time of the baseline.
    type: raw
  max_age:
    description: How many seconds old O(baseline) may be. That of an earlier deploy would excuse what this one
      broke again.
    type: float
    default: 86400
  window:
    description: How many seconds the look is to reach back at least.
    type: int
    default: 900
  wait:
    description: How many seconds a closed gate may look again.
    type: float
    default: 0
    version_added: 0.9.0
  delay:
    description: How many seconds lie between two looks.
    type: float
    default: 10
    version_added: 0.9.0
  restart:
    description: Whether to ask what the next restart would do.
    type: bool
    default: true
    version_added: 0.9.0
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: full
seealso:
  - module: webmedic.php_fpm.fleet_report
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Read the policy before the deploy
  webmedic.php_fpm.gate_terms:
    phase: before
    baseline: /var/lib/webmedic/baseline.json
    policy:
      scope:
        sites: ["shop.*"]
  run_once: true
"""

RETURN = r"""
began:
  description: When this gate began, in epoch seconds of the controller. What hosts answered before it is no
    look.
  returned: success
  type: float
  sample: 1795388640.0
phase:
  description: V(before) or V(after).
  returned: success
  type: str
  sample: after
play:
  description: Which play this gate is a part of. All batches of a play have the same word.
  returned: success
  type: str
  sample: 0242ac11-0002-5f3c-9d1e-000000000009
since:
  description: When the deploy began, in epoch seconds; none with O(phase=before).
  returned: success
  type: float
  sample: 1795388580.0
window:
  description: How many seconds the look must reach back, O(wait) among them.
  returned: success
  type: int
  sample: 900
restart:
  description: As in O(restart).
  returned: success
  type: bool
  sample: true
baseline:
  description: Path of the baseline that was read; none where there is none.
  returned: success
  type: str
  sample: /var/lib/webmedic/baseline.json
"""
