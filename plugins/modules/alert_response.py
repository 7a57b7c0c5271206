#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: alert_response
short_description: Admit an alert, decide what is done about its host, and close the response
version_added: 0.7.0
description:
  - The three steps of the role P(webmedic.php_fpm.respond#role), which answers an alert of a host.
  - V(admit) says whether an alert is answered. Its host must be one of the play, by its very name or as the
    only one with this C(ansible_host). A group or a pattern is no name. The host is held then, and no other
    response begins on it.
  - V(decide) takes what M(webmedic.php_fpm.diagnosis_info) found on the host. It says by the policy which
    actions a remediation may take, and what a person is asked.
  - V(close) frees the host. It asks a person where something is left, or where the response failed.
  - Each step writes its decision to C(decisions.jsonl) in O(directory), one JSON object a line.
  - Nothing of an alert but names of a strict form is used, and none of it passes the templating engine.
  - Runs on the controller alone. Use it with C(run_once=true) where the play has several hosts.
options:
  step:
    description: The step.
    type: str
    required: true
    choices: [admit, decide, close]
  directory:
    description:
      - Where decisions and requests are kept, on the controller. It is made with mode 0700. One that others
        can write to is refused.
      - All processes that answer for the same hosts must use the same one.
    type: path
    required: true
  policy:
    description:
      - What may be done, see the role P(webmedic.php_fpm.respond#role). Its schema is
        C(docs/alert_policy.schema.json).
      - An empty one lets nothing be done. A person is asked about everything.
      - One that cannot be read lets nothing be done either, with a warning that names the place.
    type: raw
    default: {}
  alert:
    description: Name of the variable with the alert, as the event filter C(alertmanager_hosts) makes it. It
      is read as it is.
    type: str
    default: respond_alert
  admission:
    description: Name of the variable with the result of O(step=admit).
    type: str
    default: __respond_admission
  decision:
    description: Name of the variable with the result of O(step=decide).
    type: str
    default: __respond_decision
  diagnosis:
    description: Name of the variable with the answer of M(webmedic.php_fpm.diagnosis_info).
    type: str
    default: __diagnose_host
  remediation:
    description: Name of the variable with the answer of M(webmedic.php_fpm.remediation).
    type: str
    default: __remediate_host
  report:
    description: Folder of the report, for the log and for a request.
    type: str
  lasts:
    description:
      - After how many seconds the engine ends what comes next, the diagnosis or the remediation. V(0) for
        never.
      - Another machine with the same O(directory) takes the host for free half an hour later. V(0) is a day.
    type: int
    default: 0
  ask_url:
    description:
      - Where a request to a person is sent as well, by HTTP PUT, as JSON. V({host}) and V({id}) stand for the
        host and the response.
      - A redirect is not followed.
    type: str
    default: ""
  ask_headers:
    description: Headers of that request, such as C(Authorization).
    type: dict
    default: {}
  ask_timeout:
    description: How many seconds the server may be silent.
    type: int
    default: 10
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what a normal run would decide.
    support: full
    details:
      - Nothing is written, no host is held and nobody is asked. What other responses did is not considered.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.remediation
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Admit the alert, or refuse it
  webmedic.php_fpm.alert_response:
    step: admit
    directory: /var/lib/webmedic-alerts
    policy:
      rules:
        - decision: mend
          cause: [fpm_not_running, socket_permission_denied]
          max_disruption: reload
  register: __respond_admission
  run_once: true
"""

RETURN = r"""
admitted:
  description: Whether the alert is answered.
  returned: with O(step=admit)
  type: bool
host:
  description: The host of the inventory that the alert is about; none where it is not answered.
  returned: with O(step=admit) and O(step=close)
  type: str
  sample: web01
id:
  description: Which response this is. All of its lines in the log have it.
  returned: with O(step=admit) and O(step=close)
  type: str
  sample: 2026-11-26T231005Z-4f2a1c
event:
  description: The alert, as it passed.
  returned: with O(step=admit)
  type: dict
decision:
  description:
    - With O(step=admit), V(admit), V(refuse), V(resolved), V(throttle) or V(busy).
    - With O(step=decide), V(mend), V(ask) or V(leave).
    - With O(step=close), V(mended), V(ask), V(left) or V(failed).
  returned: success
  type: str
  sample: mend
why:
  description: Why, in one line.
  returned: with O(step=decide)
  type: str
  sample: "failing: mend fpm_not_running/stopped"
status:
  description: Status of the host.
  returned: with O(step=decide)
  type: str
  sample: failing
judged:
  description: Each finding, with what is done about it and why.
  returned: with O(step=decide)
  type: list
  elements: dict
  contains:
    finding:
      description: Its number, from 0, in the order of the diagnosis.
      type: int
    name:
      description: Its cause and reason.
      type: str
      sample: fpm_not_running/stopped
    decision:
      description: V(mend), V(ask) or V(leave).
      type: str
    why:
      description: The rule of the policy, or what forbids it.
      type: str
only:
  description: Ids of the actions that may be taken, and the endpoints that they may be for; empty where
    nothing is done.
  returned: with O(step=decide)
  type: list
  elements: str
  sample: [unit_start, "unix:/run/php/php8.2-fpm.sock"]
skip:
  description: Ids of the causes about which nothing is done, whatever a second look finds.
  returned: with O(step=decide)
  type: list
  elements: str
max_risk:
  description: The highest risk among the actions.
  returned: with O(step=decide)
  type: str
  sample: low
max_disruption:
  description: The most that an action does to running requests.
  returned: with O(step=decide)
  type: str
  sample: none
max_cut:
  description: How many running requests an action may cut.
  returned: with O(step=decide)
  type: int
  sample: 0
request:
  description: Path of the file that asks a person; none where nobody is asked.
  returned: with O(step=admit) and O(step=close)
  type: str
  sample: /var/lib/webmedic-alerts/requests/web01.txt
msg:
  description: The decision in one line.
  returned: success
  type: str
  sample: "mended: recovered"
"""
