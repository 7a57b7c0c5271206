#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation of one host in one round trip."""

DOCUMENTATION = r"""
module: remediation
short_description: Mend what keeps requests from PHP, prove it, or put everything back
version_added: 0.2.0
description:
  - Diagnoses the host as M(webmedic.php_fpm.diagnosis_info) does, and takes the safe actions of the plan, one
    after the other.
  - Each change is tested by the host's own C(nginx -t) or C(php-fpm -t) first, on a copy that nobody else
    sees.
  - Each action has to prove itself. The probe as nginx's worker user is answered, and a page comes through
    nginx. Nobody waits in the queue, and the cause is not found any more. What does not help is undone.
  - A host that was not seen well enough is left alone, and so is a healthy one.
  - In check mode it says exactly what it would do, with the same tests and the same differences, and changes
    nothing.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.change
  - webmedic.php_fpm.look.diagnosis
  - webmedic.php_fpm.policy
requirements:
  - Root on the host, and systemd.
notes:
  - At no risk is a socket opened to everybody or deleted, SELinux switched off, or a file changed that a
    panel generates. A pool gets no more workers than memory allows. A timeout is not raised where
    the queue is the wait, nor twice.
  - A site is not given to another account's PHP, nor to another version than the dialled name tells. Nor is
    it given to a pool for which nothing speaks but that it is there. One of several servers of an upstream
    is not rewritten, and a masked unit is not started.
  - A unit that somebody disabled is started at O(max_risk=high) alone.
  - Leaves a ledger and the backups of what was kept in C(/var/lib/webmedic-php-fpm). It is not made on a host
    where nothing is to be done.
  - A run may be killed, or its host may lose power. The next run compares what was begun with the host as it
    is then. It is kept where the host is served, and taken back where it is not. Once older than an hour, it
    is left to a person. At every moment each file is the old one or the new one.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.fpm_config
  - module: webmedic.php_fpm.nginx_config
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Mend what is safe to mend
  webmedic.php_fpm.remediation:
  register: mended

- name: Say what would be done, and show the differences
  webmedic.php_fpm.remediation:
  check_mode: true
  diff: true

- name: Start what is stopped and nothing else, and ask the health page instead of the front page
  webmedic.php_fpm.remediation:
    only: [fpm_not_running]
    probe_path: /health
"""

RETURN = r"""
msg:
  description:
    - The answer in one sentence. It has the status now, what is still wrong, and how many findings were
      fixed, or would be.
    - Made on the controller, with times in its zone. A C(failed_when) on this task shows it.
  returned: success
  type: str
  version_added: 0.6.0
  sample: "recovered: 1 of 1 finding fixed; 1 of 1 host answers again, 1.2 s after the diagnosis"
status:
  description: The status of the host now, as M(webmedic.php_fpm.diagnosis_info) has it.
  returned: success
  type: str
  sample: recovered
findings:
  description: What the diagnosis found before anything was done, as M(webmedic.php_fpm.diagnosis_info)
    returns it.
  returned: success
  type: list
  elements: dict
  sample: []
plan:
  description: What the diagnosis planned, as M(webmedic.php_fpm.diagnosis_info) returns it.
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
        - C(refusal_kind) says in a word why it was skipped or refused, V(null) otherwise. V(skip), V(only),
          V(max_risk), V(max_disruption), V(max_cut) and V(swap_size) are options. V(repeated) was done once,
          or too often of late. Of V(managed) a tool writes the file. For V(action) the host is not as it has
          to be. At V(trial) a program objects. Not before 0.14.0.
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
        backup: null
        because:
          - fpm_not_running/stopped
        commands:
          - systemctl start php8.2-fpm.service
        cut: 0
        disruption: none
        files: []
        findings:
          - 0
        id: unit_start
        refusal_kind: null
        result: done
        reversible: true
        risk: low
        running: 0
        seconds: 1.92
        target: php8.2-fpm.service
        why: ""
    answered_after: 0.41
    check_mode: false
    diagnosed_at: 1795388580.2
    findings:
      - after:
          http: 200
          probe: answered
          queue: 0
        before:
          http: 502
          probe: No such file or directory
          queue: null
        cause: fpm_not_running
        endpoint: unix:/run/php/php8.2-fpm.sock
        pool: www
        reason: stopped
        result: fixed
        site: shop.example
        why: ""
    outcome: done
    refusal_kind: null
    status_after: recovered
    status_before: failing
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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.run import remediate
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.secret_option import show_option
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

loaded()  # stands behind them


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "window": {"type": "int", "default": 900},
            "probe_timeout": {"type": "float", "default": 3.0},
            "max_risk": {"type": "str", "choices": ["low", "medium", "high"], "default": "medium"},
            "max_disruption": {"type": "str", "choices": ["none", "reload", "restart"], "default": "restart"},
            "max_cut": {"type": "int", "default": 10},
            "quiet_wait": {"type": "float", "default": 10.0},
            "managed_files": {"type": "str", "choices": ["leave", "edit"], "default": "leave"},
            "only": {"type": "list", "elements": "str", "default": []},
            "skip": {"type": "list", "elements": "str", "default": []},
            "probe_path": {"type": "str", "default": "/", "no_log": True},
            "verify_timeout": {"type": "float", "default": 30.0},
            "max_repeats": {"type": "int", "default": 2},
            "repeat_period": {"type": "int", "default": 3600},
            "swap_size": {"type": "str", "default": ""},
            "snapshot": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    policy = Policy(**{name: module.params[name] for name in Policy._fields})
    show_option(module, "probe_path", redact(policy.probe_path))
    why = options_problem(policy, [cause.id for cause in CAUSES])
    if why:
        module.fail_json(msg=why)
    try:
        result = remediate(Host(), Disk(), policy, module.check_mode)
    except (Refusal, UndoFailed, HostError, OSError) as error:
        module.fail_json(msg="The remediation could not go on: %s" % error)
    wanted = {
        name: value for name, value in result.items() if name != "snapshot" or module.params["snapshot"]
    }
    module.exit_json(**wanted)


if __name__ == "__main__":
    main()
