#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The risks of one host taken away in one round trip."""

DOCUMENTATION = r"""
module: prevention
short_description: Take away what will be the next 502, prove it, or put everything back
version_added: 0.7.0
description:
  - Looks for risks as M(webmedic.php_fpm.risk_info) does, and takes away those that O(policy) names, one
    after the other.
  - It does so as M(webmedic.php_fpm.remediation) mends. Each change is tested on a copy that nobody else
    sees. It is kept when nothing got worse and a new look does not find the risk any more. Else it is undone.
  - A host that is failing or degraded is left alone. What is wrong now comes first.
  - In check mode it says exactly what it would do, with the same tests and the same differences, and changes
    nothing.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
  - webmedic.php_fpm.look.diagnosis
options:
  policy:
    description:
      - The risks that are to be taken away. Without any, nothing is done, and all of them are told.
      - A risk that no action takes away safely is left to a person, also where it is named.
    type: list
    elements: dict
    default: []
    suboptions:
      cause:
        description: Id of a cause, as V(restart_at_risk).
        type: str
        required: true
      reason:
        description: Id of one of its reasons. Each of them where it is not given.
        type: str
  max_risk:
    description: Actions of a higher risk than this are left to a person, also where O(policy) asks for them.
    type: str
    choices: [low, medium, high]
    default: high
  max_disruption:
    description: What a running request may suffer at most. An action that would do more is left to a person.
    type: str
    choices: [none, reload, restart]
    default: reload
  max_cut:
    description: How many running requests an action may cut. While more of them run, it is left to a person.
    type: int
    default: 0
  quiet_wait:
    description: How many seconds an action waits for a moment in which it cuts no request.
    type: float
    default: 30.0
  managed_files:
    description: Files that configuration management writes. V(leave) leaves them to a person, with the change
      to make; V(edit) edits them, and the next run of that tool may undo it.
    type: str
    choices: [leave, edit]
    default: leave
  probe_path:
    description: What is requested of each site through nginx, before and after. An empty string turns this
      request off; the probe remains.
    type: str
    default: /
  verify_timeout:
    description: How many seconds an action may take until everything answers as before. It waits no longer
      than needed.
    type: float
    default: 30.0
  max_repeats:
    description: How often the same action may be tried on the same unit or file within O(repeat_period).
    type: int
    default: 2
  repeat_period:
    description: How many seconds an action is remembered for O(max_repeats).
    type: int
    default: 3600
  swap_size:
    description: How large a swap file may be made where a risk asks for one, as in V(1G). An empty string
      allows none.
    type: str
    default: ""
requirements:
  - Root on the host, and systemd.
notes:
  - At no risk is a socket opened to everybody, a file changed that a panel generates, or a change of others
    loaded. What waits on the disk is left to a person.
  - Leaves a ledger and the backups of what was kept in C(/var/lib/webmedic-php-fpm), as
    M(webmedic.php_fpm.remediation) does. Of both only one works on a host at a time.
seealso:
  - module: webmedic.php_fpm.risk_info
  - module: webmedic.php_fpm.remediation
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Show what could be done about each risk
  webmedic.php_fpm.prevention:
    policy:
      - cause: restart_at_risk
  check_mode: true
  diff: true

- name: Let one OOM kill not stop php-fpm, and a boot start it
  webmedic.php_fpm.prevention:
    policy:
      - cause: restart_at_risk
        reason: oom_stops_unit
      - cause: restart_at_risk
        reason: unit_not_enabled
"""

RETURN = r"""
msg:
  description:
    - The answer in one sentence. It has the status now, what is still wrong, and how many findings were
      fixed, or would be.
    - Made on the controller, with times in its zone. A C(failed_when) on this task shows it.
  returned: success
  type: str
  sample: "healthy: 1 of 1 finding fixed; 1 host answered throughout"
status:
  description: The status of the host now, as M(webmedic.php_fpm.diagnosis_info) has it.
  returned: success
  type: str
  sample: healthy
findings:
  description: What was found before anything was done, as M(webmedic.php_fpm.risk_info) returns it.
  returned: success
  type: list
  elements: dict
  sample: []
plan:
  description: The actions for the risks that O(policy) names, as M(webmedic.php_fpm.remediation) returns
    a plan.
  returned: success
  type: list
  elements: dict
  sample: []
strangers:
  description: Processes that only call themselves a master, as M(webmedic.php_fpm.diagnosis_info) returns
    them.
  returned: success
  type: list
  elements: dict
  sample: []
strangers_total:
  description: How many such processes there are.
  returned: success
  type: int
  sample: 0
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample: []
window:
  description: Seconds of log that were read.
  returned: success
  type: int
  sample: 900
snapshot:
  description: Everything that was seen before, in the form that P(webmedic.php_fpm.diagnose#filter) takes.
  returned: when O(snapshot=true)
  type: dict
  sample:
    schema_version: 1
    taken_at: 1795388580.0
    window: 900
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
      prepared: "--- before: ...\n+++ after: ...\n@@ -4 +4 @@\n-listen.owner = root\n+listen.owner =
        www-data\n"
remediation:
  description: What was done, or in check mode what would be.
  returned: success
  type: dict
  contains:
    check_mode:
      description: Whether it was only shown.
      type: bool
      returned: success
    outcome:
      description: V(nothing_to_do), V(would_change), V(done), V(left_alone) for a host that could not be
        judged or changed, or V(busy) while another remediation runs there.
      type: str
      returned: success
    refusal_kind:
      description: Why the host was left alone, in a word. V(unknown), V(failing) or V(degraded) is its
        status. With V(not_root) we are not root, and V(busy) is another remediation. V(null) otherwise. Not
        before 0.14.0.
      type: str
      returned: success
    why:
      description: Why the host was left alone, empty otherwise.
      type: str
      returned: success
    status_before:
      description: The status of the host before.
      type: str
      returned: success
    status_after:
      description: The status of the host after, V(null) in check mode.
      type: str
      returned: success
    diagnosed_at:
      description: When the diagnosis was made, in epoch seconds of the host's clock.
      type: float
      returned: success
    answered_after:
      description: Seconds from the diagnosis to the first good answer, V(null) where none had to be waited
        for.
      type: float
      returned: success
    undone:
      description:
        - A change that a killed run had left open, with C(name), C(target), C(at), C(files), C(fate), C(why)
          and C(by_hand). V(null) when there was none.
        - C(fate) is V(put_back), or V(kept) where that run had done its work and the host is served. It is
          V(left) to a person where the record is old, or V(damaged) where it could not be read and was put
          aside. It is V(tidied) where only files of its own lay about. In check mode it would be so.
        - C(by_hand) has the commands that would take back what was left.
      type: dict
      returned: success
    actions:
      description:
        - The actions of the plan as there, each with C(result), C(why), C(files), C(commands), C(backup),
          C(seconds) and C(cut), how many running requests it cut. C(findings) has places in
          RV(remediation.findings), from 0.
        - C(result) is V(done), V(would), V(unchanged), V(rolled_back), V(refused), V(skipped), or V(failed)
          where not even the state before came back.
        - C(refusal_kind) says in a word why it was skipped or refused, V(null) otherwise. V(max_risk),
          V(max_disruption), V(max_cut) and V(swap_size) are options. V(repeated) was done once, or too often
          of late. Of V(managed) a tool writes the file. For V(action) the host is not as it has to be. At
          V(trial) a program objects. Not before 0.14.0.
      type: list
      elements: dict
      returned: success
    findings:
      description:
        - What became of each finding, in the order of RV(findings), with C(cause), C(reason), C(site),
          C(endpoint), C(pool), C(before), C(after) and C(why).
        - C(result) is V(fixed), V(would_fix), V(rolled_back), V(escalated) for a person, or V(not_needed).
        - C(before) and C(after) have C(probe), C(http) and C(queue), V(null) where nobody looked.
      type: list
      elements: dict
      returned: success
    still:
      description: What is active on the host after all that was done. Each has C(cause), C(reason), C(site),
        C(endpoint), C(pool), C(summary), and C(new) where it was not so before.
      type: list
      elements: dict
      returned: success
  sample:
    actions:
      - arguments:
          unit: php8.2-fpm.service
        backup: /var/lib/webmedic-php-fpm/backups/1795388580-unit_oom_policy
        because:
          - restart_at_risk/oom_stops_unit
        commands:
          - systemctl daemon-reload
        cut: 0
        disruption: none
        files:
          - /etc/systemd/system/php8.2-fpm.service.d/50-webmedic.conf
        findings:
          - 0
        id: unit_oom_policy
        refusal_kind: null
        result: done
        reversible: true
        risk: medium
        running: 0
        seconds: 2.71
        target: php8.2-fpm.service
        why: ""
    answered_after: null
    check_mode: false
    diagnosed_at: 1795388580.2
    findings:
      - after: null
        before: null
        cause: restart_at_risk
        endpoint: null
        pool: null
        reason: oom_stops_unit
        result: fixed
        site: shop.example
        why: ""
    outcome: done
    refusal_kind: null
    status_after: healthy
    status_before: healthy
    still: []
    undone: null
    why: ""
"""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import compile_once, loaded

compile_once()  # stands before the imports that it is for

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, HostError
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import redact
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy, options_problem
from ansible_collections.webmedic.php_fpm.plugins.module_utils.prevent.run import Wanted, prevent
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.secret_option import show_option
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import CAUSES as RISKS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

loaded()  # stands behind them

POLICY = {"cause": {"type": "str", "required": True}, "reason": {"type": "str"}}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "window": {"type": "int", "default": 900},
            "probe_timeout": {"type": "float", "default": 3.0},
            "policy": {"type": "list", "elements": "dict", "default": [], "options": POLICY},
            "max_risk": {"type": "str", "choices": ["low", "medium", "high"], "default": "high"},
            "max_disruption": {"type": "str", "choices": ["none", "reload", "restart"], "default": "reload"},
            "max_cut": {"type": "int", "default": 0},
            "quiet_wait": {"type": "float", "default": 30.0},
            "managed_files": {"type": "str", "choices": ["leave", "edit"], "default": "leave"},
            "probe_path": {"type": "str", "default": "/", "no_log": True},
            "verify_timeout": {"type": "float", "default": 30.0},
            "max_repeats": {"type": "int", "default": 2},
            "repeat_period": {"type": "int", "default": 3600},
            "swap_size": {"type": "str", "default": ""},
            "snapshot": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options = {**module.params, "only": [], "skip": []}
    policy = Policy(**{name: options[name] for name in Policy._fields})
    wanted = [Wanted(entry["cause"], entry["reason"]) for entry in module.params["policy"]]
    show_option(module, "probe_path", redact(policy.probe_path))
    known = [cause.id for cause in (*RISKS, *CAUSES)]
    unknown = [entry.cause for entry in wanted if entry.cause not in known]
    if unknown:
        module.fail_json(msg="The option policy names a cause %s, and there is none." % ", ".join(unknown))
    why = options_problem(policy, known)
    if why:
        module.fail_json(msg=why)
    try:
        result = prevent(Host(), Disk(), policy, wanted, module.check_mode)
    except (Refusal, UndoFailed, HostError, OSError) as error:
        module.fail_json(msg="The prevention could not go on: %s" % error)
    kept = {name: value for name, value in result.items() if name != "snapshot" or module.params["snapshot"]}
    module.exit_json(**kept)


if __name__ == "__main__":
    main()
