#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis of one host in one round trip, with what will be its next outage."""

DOCUMENTATION = r"""
module: risk_info
short_description: Tell why nginx answers 502 or 504, and what will be the next reason
version_added: 0.7.0
description:
  - Does all that M(webmedic.php_fpm.diagnosis_info) does, in the same round trip, and looks for risks as
    well.
  - A risk is a finding of RV(findings[].state=latent). It hurts nobody now, so RV(status) and RV(plan) are
    those of M(webmedic.php_fpm.diagnosis_info).
  - Tells what the next restart, reload or boot would break, by the tests of nginx and php-fpm in a sandbox
    that leaves no trace. No start is tried.
  - Tells pools that others than their site can use, logs that hide what a diagnosis needs, and server blocks
    that no request reaches. It reads the configurations of nginx, php-fpm and logrotate for that.
  - Tells what a rush of visitors or a slow script would turn into an outage, by the limits that are set and
    what was measured. No page is asked.
  - Changes nothing on the host, with or without check mode.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
  - webmedic.php_fpm.look.diagnosis
options:
  deadline:
    description:
      - How many seconds the look may take, from 5 to 600. Choose it larger than O(probe_timeout) by some
        seconds.
      - What has not come to an end by then is listed in RV(missing). The diagnosis comes first, and the risks
        have what time is left.
    type: float
    default: 30.0
  from_variables:
    description: How the names of variables begin that hold the options which are not given, as
      O(webmedic.php_fpm.diagnosis_info#module:from_variables).
    type: str
requirements:
  - Root on the host. Without it less can be seen, and what could not be seen is listed in RV(missing).
notes:
  - A finding is a result and never fails the task.
  - What is missing for a risk alone does not change the status. A host can be healthy though its risks are
    not known.
  - The sandbox needs a host that lets root make namespaces. Some containers do not. RV(missing) says so.
  - The reply is kept under 64 KiB, the snapshot aside; what had to be left out is said in RV(missing).
  - Query strings, cookies, tokens and the values of C(env[]), C(php_value[]) and C(php_admin_value[]) are
    redacted on the host.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.restart_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask what will be the next 502
  webmedic.php_fpm.risk_info:
  register: ahead

- name: Show the risks
  ansible.builtin.debug:
    msg: "{{ ahead.findings | selectattr('state', 'eq', 'latent') | map(attribute='summary') }}"

- name: Stop before a kernel upgrade where no boot would start php-fpm
  ansible.builtin.assert:
    that: ahead.findings | selectattr('cause', 'eq', 'restart_at_risk') | length == 0
    fail_msg: "{{ ahead.findings | map(attribute='summary') | join(' ') }}"
"""

RETURN = r"""
msg:
  description:
    - The answer in one sentence. It has the status, the worst cause with its site, since when and how many
      requests were lost, and how many more findings there are.
    - Made on the controller, with times in its zone. A C(failed_when) on this task shows it.
  returned: success
  type: str
  sample: "failing: PHP-FPM is not running: stopped (fpm_not_running/stopped), shop.example (80), since
    14:13:17, 10 min ago, 3 requests lost"
status:
  description:
    - The verdict on the host.
    - V(failing). No request reaches PHP.
    - V(degraded). Requests were lost in the window, or are lost for part of the sites.
    - V(recovered). Requests were lost in the window, and the cause is gone.
    - V(healthy). V(not_applicable) where no route leads from nginx to php-fpm. V(unknown), see RV(missing).
  returned: success
  type: str
  sample: failing
findings:
  description: Causes, the active ones first, then the risks.
  returned: success
  type: list
  elements: dict
  contains:
    cause:
      description: Stable id of the cause.
      type: str
      returned: success
    code:
      description: Number of the cause in the list of seven, none beyond it.
      type: int
      returned: success
    reason:
      description: What in particular brought the cause about.
      type: str
      returned: success
    severity:
      description: V(critical) while no request passes the endpoint, V(warning) where some are lost.
      type: str
      returned: success
    confidence:
      description: V(certain), V(likely) or V(possible).
      type: str
      returned: success
    state:
      description: V(active), V(recovered) or V(latent).
      type: str
      returned: success
    site:
      description: The first of RV(findings[].sites).
      type: str
      returned: success
    sites:
      description: The names of all.
      type: list
      elements: str
      returned: success
    sites_left:
      description: How many sites there are beside RV(findings[].sites), where a long answer names some alone.
      type: int
      returned: success
      version_added: 0.14.0
    servers:
      description: These sites as what they are, server blocks. Each has C(name), C(listen), and C(file) and
        C(line) where it begins.
      type: list
      elements: dict
      returned: success
    endpoint:
      description: What nginx dials, C(unix:/path) or C(address:port).
      type: str
      returned: success
    pool:
      description: Name of the pool concerned.
      type: str
      returned: success
    unit:
      description: The systemd unit of the pool's master.
      type: str
      returned: success
    since:
      description: When it began, in epoch seconds of the host's clock.
      type: float
      returned: success
    count:
      description: Requests lost in the window to this cause.
      type: int
      returned: success
    timeline:
      description: Lost requests by time, as far as nginx's log gave their times. From C(begin), in epoch
        seconds, C(counts) has one number for each C(step) seconds.
      type: dict
      returned: when times are known
    summary:
      description: The finding in one sentence.
      type: str
      returned: success
    facts:
      description: What the report's words for people name, each only where it is known. C(file) and C(line)
        of the configuration that decides. C(path) of what lacks, is refused or has to be mended. C(account)
        that is missing, C(address) that is taken, C(user) who is to be let in. C(pids) to end or to wake.
        C(start_command) in place of systemd. C(sockets), the units of systemd that make the sockets of the
        finding's unit. C(answering), the server that answers in place of this one.
        C(nginx_unit) that runs nginx, where it is no C(nginx.service), or C(no_nginx_unit). C(nginx_config)
        and C(nginx_prefix) that it was started with, where they are no usual ones. C(no_reload) where the
        unit of the finding takes no reload. C(fault), what an error of PHP's is about, and its C(name).
        C(directive) that php-fpm does not know. C(refused), the file and line that C(php-fpm -t) refuses,
        though a master runs with what stood there before.
      type: dict
      returned: success
      version_added: 0.14.0
    evidence:
      description: What proves it, the deciding piece first; each with C(source), C(path), C(line) or C(at),
        and C(text).
      type: list
      elements: dict
      returned: success
    ruled_out:
      description: Causes that it is not, each with C(cause) and C(why).
      type: list
      elements: dict
      returned: success
    missing:
      description: What could not be seen about this endpoint.
      type: list
      elements: dict
      returned: success
    remedy:
      description: Actions that would mend it, each with C(action) and C(arguments); empty where only a person
        can.
      type: list
      elements: dict
      returned: success
  sample:
    - cause: fpm_not_running
      code: 1
      confidence: certain
      count: 3
      endpoint: unix:/run/php/php8.2-fpm.sock
      evidence:
        - at: 1795388563.0
          path: null
          source: systemd
          text: php8.2-fpm.service is inactive (dead), result success, enabled
      facts: {}
      missing: []
      pool: www
      reason: stopped
      remedy:
        - action: unit_start
          arguments:
            unit: php8.2-fpm.service
      ruled_out: []
      servers:
        - {file: /etc/nginx/sites-enabled/shop, line: 1, listen: "80", name: shop.example}
      severity: critical
      since: 1795388563.0
      site: shop.example
      sites:
        - shop.example
      sites_left: 0
      state: active
      summary: php8.2-fpm.service is stopped.
      timeline:
        begin: 1795388520.0
        step: 60
        counts: [3]
      unit: php8.2-fpm.service
plan:
  description:
    - The actions of all active findings in the order in which they would be taken, each once.
    - Each has C(id), C(host), C(target), C(arguments), C(because), C(findings), C(risk), C(reversible),
      C(disruption), and C(running), how many requests it cuts at most.
    - C(findings) has the numbers of the findings that it is to mend, their places in RV(findings), from 0.
  returned: success
  type: list
  elements: dict
  sample:
    - arguments:
        unit: php8.2-fpm.service
      because:
        - fpm_not_running/stopped
      disruption: none
      findings:
        - 0
      host: localhost
      id: unit_start
      reversible: true
      risk: low
      running: 0
      target: php8.2-fpm.service
missing:
  description:
    - What could not be seen, each with C(what), C(path), C(why) and C(needs).
    - Where C(what) is V(rule_failed) or V(collector_failed), C(path) names a part of this collection that
      failed, and C(why) is what to report. All other answers stand.
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /var/log/nginx/error.log
      what: nginx_log
      why: Permission denied
strangers:
  description:
    - Processes that call themselves a master of nginx or php-fpm and are none of root's, the first 20. They
      are named and never used.
    - Each has C(pid), C(user), C(claims) (V(nginx) or V(php-fpm)), C(title), C(exe) and C(why).
  returned: success
  type: list
  elements: dict
  sample:
    - claims: php-fpm
      exe: /home/alice/bin/fpm
      pid: 4711
      title: "php-fpm: master process (/home/alice/php-fpm.conf)"
      user: alice
      why: it runs as alice
strangers_total:
  description: How many such processes there are.
  returned: success
  type: int
  sample: 1
window:
  description: Seconds of log that were read.
  returned: success
  type: int
  sample: 900
snapshot:
  description: Everything that was seen, in the form that P(webmedic.php_fpm.diagnose#filter) takes.
  returned: when O(snapshot=true)
  type: dict
  sample:
    schema_version: 1
    taken_at: 1795388580.0
    window: 900
"""

import signal

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import compile_once, loaded

compile_once()  # stands before the imports that it is for

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.risks import take_with_risks
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import fit, sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import (
    deadline_problem,
    window_problem,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead

loaded()  # stands behind them

# Beyond the deadline, for the rules. The kernel ends a module that runs longer: its controller has given up.
JUDGE_SECONDS = 20


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "window": {"type": "int", "default": 900},
            "probe_timeout": {"type": "float", "default": 3.0},
            "deadline": {"type": "float", "default": 30.0},
            "snapshot": {"type": "bool", "default": False},
            "from_variables": {"type": "str"},  # for the controller
        },
        supports_check_mode=True,
    )
    deadline = module.params["deadline"]
    why = window_problem(module.params["window"]) or deadline_problem(deadline)
    if why:
        module.fail_json(msg=why)
    signal.alarm(int(deadline) + JUDGE_SECONDS)
    snapshot = take_with_risks(Host(), module.params["window"], module.params["probe_timeout"], deadline)
    verdict = fit(sendable(diagnose_ahead(snapshot)))
    shown = {"snapshot": sendable(snapshot)} if module.params["snapshot"] else {}
    module.exit_json(changed=False, window=module.params["window"], **verdict, **shown)


if __name__ == "__main__":
    main()
