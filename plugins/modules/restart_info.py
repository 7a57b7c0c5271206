#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next restart, reload or boot would do to nginx and php-fpm, known before it happens."""

DOCUMENTATION = r"""
module: restart_info
short_description: Tell what the next restart of nginx or php-fpm would do
version_added: 0.6.0
description:
  - A host can serve every request now and none after its next restart. This module tells that before the
    restart does.
  - It asks nginx and php-fpm to test their files, and tries the start of php-fpm, in a sandbox that leaves no
    trace. Nothing is restarted, reloaded or written, with or without check mode.
  - It compares what nginx's files dial with what the files of php-fpm listen on. It compares the rights that
    these files give a socket with the user of nginx's files.
  - It reads from systemd whether the units would start, and whether a boot would start them.
  - It counts the requests that a reload or a restart of php-fpm would cut now.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  try_start:
    description:
      - Whether php-fpm is started for a moment in the sandbox, with no network and no worker, as its unit
        would start it.
      - This finds what C(php-fpm -t) does not, such as an address that is taken, or a group or a directory
        that is missing.
      - The script of C(opcache.preload) runs then. It cannot write to a file of the host.
    type: bool
    default: true
  deadline:
    description:
      - How many seconds the look may take, from 5 to 600.
      - What has not come to an end by then is listed in RV(missing). A test that has begun is not broken
        off, and may take half a minute more.
    type: float
    default: 60.0
requirements:
  - Root on the host. Without it no program is tested, and RV(missing) says so.
notes:
  - A problem is a result and never fails the task.
  - A configuration or a program that others than root can write is not tested. It is listed in RV(missing).
  - What was not seen is in RV(missing). An empty RV(problems) means little while RV(missing) is not empty.
  - The sandbox needs a host that lets root make namespaces. Some containers do not. Their programs are not
    tested, and RV(missing) says so.
  - C(php-fpm -t) and the trial start run with no network. A host name that only DNS knows cannot be tested.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.site_page_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask what the next restart would do
  webmedic.php_fpm.restart_info:
  register: ahead

- name: Stop before a restart that would take PHP down
  ansible.builtin.assert:
    that: ahead.verdict in ['fine', 'not_applicable']
    fail_msg: "{{ ahead.msg }}"

- name: Stop before a reload that would cut requests
  ansible.builtin.assert:
    that: ahead.cuts | selectattr('reload_cuts', 'none') | length == 0
      and ahead.cuts | map(attribute='reload_cuts') | sum <= 5
    fail_msg: "A reload would cut requests that run now: {{ ahead.cuts }}"
"""

RETURN = r"""
verdict:
  description:
    - V(fails) where a restart, a reload or a boot would lose requests that are served now.
    - V(risky) where it may, or where only a part of the requests would be lost.
    - V(unknown) where nothing of this is known to be wrong, and a test could not be made, see RV(missing).
    - V(fine) where all was tested.
    - V(not_applicable) where no route leads from nginx to php-fpm.
  returned: success
  type: str
  sample: fails
msg:
  description: The verdict in one sentence.
  returned: success
  type: str
  sample: "php8.4-fpm.service refuses its configuration: unknown entry 'pm.max_childen'."
problems:
  description: What would go wrong, or change, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - What it is. New kinds may be added.
        - V(config_refused) nginx or php-fpm refuses its files.
        - V(start_refused) systemd would refuse the start, skip it, or stop another unit for it.
        - V(start_fails) php-fpm was started in the sandbox and failed.
        - V(address_taken) nginx could not listen on an address.
        - V(no_listener) nginx's files dial an endpoint on which nobody would listen.
        - V(socket_denied) nginx's user could not use the socket.
        - V(program_missing) the program that runs is not on the disk any more.
        - V(program_replaced) another program is there by now, as after an upgrade.
        - V(unit_disabled), V(unit_masked) it runs, and a boot would not start it.
        - V(unit_missing) it runs, and no unit or script of the system starts it.
        - V(unit_changed) the unit's files were changed, and systemd has not read them.
        - V(socket_directory_lost) the directory of the socket is on a file system in memory, and nothing
          makes it at boot.
        - V(config_not_loaded) what runs is older than the files.
      type: str
      returned: success
    at:
      description: When it strikes, some of V(restart), V(reload) and V(boot).
      type: list
      elements: str
      returned: success
    severity:
      description:
        - V(critical) where a site would get no answer from PHP any more.
        - V(warning) where that may be, or where a part of the requests would be lost.
        - V(info) where something changes, and nothing is known to be wrong with it.
      type: str
      returned: success
    confidence:
      description: V(certain), V(likely) or V(possible).
      type: str
      returned: success
    already:
      description: Whether it is so now, without a restart; V(null) where that is unknown.
      type: bool
      returned: success
    program:
      description: V(nginx) or V(php-fpm).
      type: str
      returned: success
    unit:
      description: The systemd unit concerned.
      type: str
      returned: success
    config:
      description: Path of the program's main configuration file.
      type: str
      returned: success
    file:
      description: The file that a person has to look at.
      type: str
      returned: success
    line:
      description: The line in it.
      type: int
      returned: success
    pool:
      description: The pool concerned.
      type: str
      returned: success
    endpoint:
      description: What nginx dials, C(unix:/path) or C(address:port).
      type: str
      returned: success
    sites:
      description: The names of the sites that would suffer.
      type: list
      elements: str
      returned: success
    files:
      description: With V(config_not_loaded), V(program_replaced) and V(unit_changed), what was changed.
      type: list
      elements: str
      returned: success
    summary:
      description: The problem in one sentence.
      type: str
      returned: success
    fix:
      description: What a person does, in one sentence.
      type: str
      returned: success
  sample:
    - already: false
      at: [restart, reload, boot]
      confidence: certain
      config: /etc/php/8.4/fpm/php-fpm.conf
      endpoint: null
      file: /etc/php/8.4/fpm/pool.d/www.conf
      files: []
      fix: Mend /etc/php/8.4/fpm/pool.d/www.conf and run this again, before anything is reloaded.
      kind: config_refused
      line: 12
      pool: www
      program: php-fpm
      severity: critical
      sites: [shop.example]
      summary: "php8.4-fpm.service refuses its configuration: unknown entry 'pm.max_childen'."
      unit: php8.4-fpm.service
services:
  description: nginx, and each php-fpm that runs or that a boot would start.
  returned: success
  type: list
  elements: dict
  contains:
    program:
      description: V(nginx) or V(php-fpm).
      type: str
      returned: success
    unit:
      description: Its systemd unit.
      type: str
      returned: success
    config:
      description: Path of its main configuration file.
      type: str
      returned: success
    running:
      description: Whether it runs.
      type: bool
      returned: success
    enabled:
      description: What systemd says of its unit, as V(enabled), V(disabled), V(masked).
      type: str
      returned: success
    config_test:
      description: V(passed), V(refused) or V(not_run).
      type: str
      returned: success
    start_test:
      description: V(passed), V(refused) or V(not_run). Of nginx always V(not_run), its test opens what a
        start opens.
      type: str
      returned: success
    why:
      description: Why a test was refused or not run.
      type: str
      returned: success
  sample:
    - config: /etc/php/8.4/fpm/php-fpm.conf
      config_test: refused
      enabled: enabled
      program: php-fpm
      running: true
      start_test: not_run
      unit: php8.4-fpm.service
      why: "unknown entry 'pm.max_childen'"
cuts:
  description: What a reload or a restart of each running php-fpm would cut now.
  returned: success
  type: list
  elements: dict
  contains:
    unit:
      description: Its systemd unit.
      type: str
      returned: success
    config:
      description: Path of its main configuration file.
      type: str
      returned: success
    running:
      description: Requests that run now; V(null) where they could not be counted.
      type: int
      returned: success
    waiting:
      description: Requests that wait for a worker and whose client is still there.
      type: int
      returned: success
    grace:
      description: Seconds that a running request may go on after a reload, by the
        C(process_control_timeout) that the running master has loaded. It is 0 where that is none, or not
        known to be loaded.
      type: float
      returned: success
    reload_cuts:
      description: Requests that a reload would cut at once. With a RV(cuts[].grace) it is 0.
      type: int
      returned: success
    reload_may_cut:
      description: Requests that a reload would cut once the RV(cuts[].grace) is over, if they take longer.
        How long a running request has taken or will take cannot be seen. It is 0 where php-fpm ends each
        request within the grace, by C(request_terminate_timeout) of all its pools.
      type: int
      returned: success
    restart_cuts:
      description: Requests that a restart would cut, those that wait included.
      type: int
      returned: success
  sample:
    - config: /etc/php/8.4/fpm/php-fpm.conf
      grace: 0.0
      reload_cuts: 3
      reload_may_cut: 0
      restart_cuts: 4
      running: 3
      unit: php8.4-fpm.service
      waiting: 1
missing:
  description: What could not be seen or tested, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /etc/nginx/nginx.conf
      what: nginx_test
      why: only root can test a configuration as nginx will load it
"""

import signal

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.archive import compile_once, loaded

compile_once()  # stands before the imports that it is for

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.look import restart
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import deadline_problem

loaded()  # stands behind them

# Beyond the deadline, for a test that has begun. The kernel ends a module that runs longer.
LAST_TEST_SECONDS = 90


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "try_start": {"type": "bool", "default": True},
            "deadline": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    deadline = module.params["deadline"]
    why = deadline_problem(deadline)
    if why:
        module.fail_json(msg=why)
    signal.alarm(int(deadline) + LAST_TEST_SECONDS)
    module.exit_json(changed=False, **sendable(restart(Host(), module.params["try_start"], deadline)))


if __name__ == "__main__":
    main()
