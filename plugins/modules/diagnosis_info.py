#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything about one host in one round trip: findings, plan and, if asked for, their snapshot."""

DOCUMENTATION = r"""
module: diagnosis_info
short_description: Tell why nginx answers 502 or 504 instead of PHP
version_added: 0.1.0
description:
  - Looks at nginx, php-fpm, their sockets, units, workers, logs and the kernel's log, and says which cause
    keeps requests from PHP.
  - One run of this module is the whole diagnosis of a host; the role P(webmedic.php_fpm.diagnose#role) runs
    it over a fleet and reports.
  - What is true now is decided by live state and by a probe that runs no PHP, made as nginx's worker user.
    The logs tell since when, how often and why.
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
      - What has not come to an end by then, because a command, a name service or a file server hangs, is
        listed in RV(missing). The answer is made from the rest, and no process is left on the host.
      - Each command has a sixth of it, from 5 to 30 s. A host that answers slowly needs a longer one.
    type: float
    default: 30.0
    version_added: 0.3.0
  from_variables:
    description:
      - How the names of variables begin that hold the options which are not given. With V(diagnose_),
        O(window) is what C(diagnose_window) says for this host.
      - Two more stand for keywords of the task. C(diagnose_become) says whether to become root at all, and
        C(diagnose_host_timeout) after how many seconds the host is given up.
      - It does the same as an expression for each of them, and costs the controller less. Expressions are
        compiled anew for each host.
    type: str
    version_added: 0.6.0
requirements:
  - Root on the host. Without it less can be seen, and what could not be seen is listed in RV(missing).
notes:
  - A finding is a result and never fails the task.
  - The reply is kept under 64 KiB, the snapshot aside; what had to be left out is said in RV(missing).
  - Query strings, cookies, tokens and the values of C(env[]), C(php_value[]) and C(php_admin_value[]) are
    redacted on the host.
seealso:
  - module: webmedic.php_fpm.fastcgi_route_info
  - module: webmedic.php_fpm.fpm_info
  - module: webmedic.php_fpm.fpm_ping
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask why this host answers 502
  webmedic.php_fpm.diagnosis_info:
  register: diagnosis

- name: Stop the play where no request reaches PHP
  ansible.builtin.assert:
    that: diagnosis.status != 'failing'
    fail_msg: "{{ diagnosis.findings | map(attribute='summary') | join(' ') }}"

- name: Look back over an hour and keep what was seen
  webmedic.php_fpm.diagnosis_info:
    window: 3600
    snapshot: true
  register: diagnosis
"""

RETURN = r"""
msg:
  description:
    - The answer in one sentence. It has the status, the worst cause with its site, since when and how many
      requests were lost, and how many more findings there are.
    - Made on the controller, with times in its zone. A C(failed_when) on this task shows it.
  returned: success
  type: str
  version_added: 0.6.0
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
  description: Causes, the active ones first.
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
        C(directive) that php-fpm does not know. C(refusal), the kind of what keeps nginx from its files.
        C(refused), the file and line that C(php-fpm -t) refuses, though a master runs with what stood there
        before.
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
    - What could not be seen, each with C(what), C(path), C(why), C(needs) and C(refusal).
    - C(refusal) is there where nginx does not load its files. It is the kind of its complaint, for which the
      report has words.
    - Where C(what) is V(rule_failed) or V(collector_failed), C(path) names a part of this collection that
      failed, and C(why) is what to report. All other answers stand.
  returned: success
  type: list
  elements: dict
  sample:
    - needs: null
      path: /etc/nginx/nginx.conf
      refusal: no_host
      what: nginx_loaded
      why: 'line 7: host not found in upstream "php" in /etc/nginx/nginx.conf:7: nginx refuses to load its
        files: it does not start'
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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.snapshot import take
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import fit, sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import (
    deadline_problem,
    window_problem,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose

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
    snapshot = take(Host(), module.params["window"], module.params["probe_timeout"], deadline)
    verdict = fit(sendable(diagnose(snapshot)))
    shown = {"snapshot": sendable(snapshot)} if module.params["snapshot"] else {}
    module.exit_json(changed=False, window=module.params["window"], **verdict, **shown)


if __name__ == "__main__":
    main()
