#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The php-fpm masters of a host, running or not: configuration, pools, unit."""

DOCUMENTATION = r"""
module: fpm_info
short_description: Tell which php-fpm masters and pools a host has, and how they are configured
version_added: 0.1.0
description:
  - Finds php-fpm masters by the titles of running processes, by systemd units, and by the places where
    packagings keep their configuration. So one that does not run is found, too.
  - Known are the packagings of Debian, Ubuntu, sury, Enterprise Linux, Fedora, Remi, SUSE, Arch and Alpine.
    So are those of cPanel EasyApache, Plesk, Bitnami and the official container image.
  - Reads each configuration as php-fpm does, with its includes and the sections that appear again, and names
    file and line of each directive.
  - Says what would keep php-fpm from starting with the files as they are now, and whether a running master
    has loaded them.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  config_test:
    description:
      - Whether to ask php-fpm itself about the configuration, with the C(-t) of the master's own program.
      - V(auto) asks when the master does not run, or the files changed since it loaded them.
      - A plain C(php-fpm -t) creates missing log files and writes its verdict to the error log. This module
        hands the main file over through a pipe, with the logs overridden, and leaves no trace.
    type: str
    choices: [auto, always, never]
    default: auto
  window:
    description:
      - The last lines of a unit's journal are returned when the unit is not active, or changed its state
        within that many seconds.
    type: int
    default: 900
requirements:
  - Root on the host, for the configuration test and for files that only root may read. What could not be seen
    is listed in RV(missing).
notes:
  - Values of C(env[]), C(php_value[]) and C(php_admin_value[]) stay on the host, except
    C(memory_limit) and C(error_log).
  - A C(${VARIABLE}) counts as empty or as its default. A configuration that uses one is not tested.
  - A php-fpm in a container that this host runs is not looked at, and listed in RV(missing). Run the module
    inside that container.
seealso:
  - module: webmedic.php_fpm.fpm_worker_info
  - module: webmedic.php_fpm.fpm_socket_info
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Look at the host's php-fpm and try its configuration
  webmedic.php_fpm.fpm_info:
    config_test: always
  register: fpm

- name: Stop before a reload that would take PHP down
  ansible.builtin.assert:
    that: item.config_errors | length == 0 and item.test.ok
    fail_msg: "{{ item.config }}: {{ (item.config_errors | map(attribute='text') | list) + item.test.output
      }}"
  loop: "{{ fpm.masters | selectattr('test.ran') }}"
  loop_control:
    label: "{{ item.config }}"

- name: Show where each pool's pm.max_children is set
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.directives['pm.max_children'] }}"
  loop: "{{ fpm.masters | map(attribute='pools') | flatten }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
installed:
  description: Whether there is a php-fpm program, or a running master, on the host.
  returned: success
  type: bool
  sample: true
masters:
  description: The masters, running ones first.
  returned: success
  type: list
  elements: dict
  contains:
    config:
      description: Path of the main configuration file.
      type: str
      returned: success
    layout:
      description: The packaging that the place belongs to, or V(unknown).
      type: str
      returned: success
    account:
      description: The ordinary account whose own master it is; V(null) for root's.
      type: str
      returned: success
    writable:
      description:
        - A file or directory of the configuration that others than root can write, with C(path) and C(who).
        - Nothing of such a master is tried, loaded or restarted as root.
      type: dict
      returned: success
    prefix:
      description: What a relative path in the configuration is relative to.
      type: str
      returned: success
    version:
      description: PHP version as the paths tell it, none where they do not.
      type: str
      returned: success
    binary:
      description: Path of the program; none when the configuration was left behind by a package that is gone.
      type: str
      returned: success
    unit:
      description: The systemd unit that runs it, or would; none where another supervisor or a shell started
        it.
      type: str
      returned: success
    running:
      description: Whether it runs.
      type: bool
      returned: success
    pid:
      description: Process id of the running master.
      type: int
      returned: success
    started_at:
      description: When the process started, in epoch seconds.
      type: float
      returned: success
    loaded_at:
      description: When it last read its configuration, at its start or at a reload, in epoch seconds.
      type: float
      returned: success
    files:
      description: The configuration files in the order in which they are read.
      type: list
      elements: str
      returned: success
    config_changed_at:
      description: Time of the last change to any of RV(masters[].files), in epoch seconds.
      type: float
      returned: success
    config_newer:
      description: Whether that was after RV(masters[].loaded_at), so that a restart would bring something
        else up than what runs.
      type: bool
      returned: success
    config_errors:
      description: What keeps php-fpm from starting, as far as the files tell, each with C(kind), C(file),
        C(line), C(text) and C(path). The path is the one that is missing or cannot be used. C(account) is the
        user that is missing; it is not there before 0.14.0.
      type: list
      elements: dict
      returned: success
    test:
      description: C(ran); then C(ok), C(rc) and the last lines of C(output) of php-fpm's own test, or C(why)
        it did not run. C(failure) is the line that says why it fails, with what it names.
      type: dict
      returned: success
    error_log:
      description: Path of the error log, or V(syslog); none when the configuration cannot be read.
      type: str
      returned: success
    pid_file:
      description: Path of the pid file.
      type: str
      returned: success
    log_level:
      description: The lowest level that is logged.
      type: str
      returned: success
    process_max:
      description: The most workers of all pools together, V(0) for no limit.
      type: int
      returned: success
    process_control_timeout:
      description: Seconds that a reload leaves to running requests; V(0) kills them.
      type: float
      returned: success
    emergency_restart_threshold:
      description: After how many crashed workers the master restarts, V(0) for never.
      type: int
      returned: success
    emergency_restart_interval:
      description: Seconds within which they are counted.
      type: float
      returned: success
    daemonize:
      description: Whether the configuration asks to run in the background. Units override it on the command
        line.
      type: bool
      returned: success
    unit_state:
      description:
        - State of RV(masters[].unit), none without one.
        - C(load), C(active), C(sub), C(enabled), C(result), C(restarts), C(main_pid), C(exec_main_code) and
          C(exec_main_status).
        - C(oom_policy), C(restart), C(fragment), C(need_reload), C(can_reload), C(runtime_directory),
          C(private_tmp), C(sandbox), C(families) and C(command).
        - C(changed_at), C(active_since), C(inactive_since) and C(start_limit_hit). C(log) has its last lines
          with C(at) and C(text).
        - C(type); C(writing), what the unit may not write; C(unmet), why systemd skipped the last start.
        - C(ties), other services that a start of a unit which is down C(starts) or C(stops), and sockets that
          it C(needs).
        - C(said), the last lines of other programs that it runs as root. C(limits), its C(RuntimeMaxSec=),
          C(WatchdogSec=), and tight C(LimitNPROC=) and C(TasksMax=). C(pid_file), its C(PIDFile=). These are
          not there before 0.11.0.
      type: dict
      returned: success
    last_start:
      description:
        - Of a start that failed, the place that it failed at, as it is now; none where it runs.
        - C(path), and whether its C(directory) is there. C(read_only), C(free_bytes) and C(free_inodes) of
          its file system. Whether this host has the C(address) that could not be bound.
        - Whether it knows the C(account) that php-fpm missed; not before 0.13.0.
        - C(ini_file) and C(ini_line), where php.ini has the setting; C(changed_at), the last change of
          php.ini or of the program, in epoch seconds.
      type: dict
      returned: success
    unseen:
      description:
        - What it does not see of its host, since its unit has a sandbox; not before 0.13.0.
        - C(mounts), the points at which what is mounted was deleted since. C(sockets) of others that listen.
      type: dict
      returned: where its unit has a sandbox
    own_network:
      description: Whether it runs in another network namespace than the host's.
      type: bool
      returned: where it does
    undecorated:
      description: >-
        Whether workers of a pool write lines to its log that nothing tells from its own: their output is
        caught, and C(decorate_workers_output) is off.
      type: bool
      returned: where they do
    start_command:
      description: What starts it where systemd does not, such as an init script; none where nothing is known.
      type: str
      returned: success
    pools:
      description:
        - The pools in the order of the files, with the effective values.
        - C(name), and C(file) and C(line) of its section.
        - C(listen), C(endpoint), C(listen_file), C(listen_line), C(listen_owner), C(listen_group),
          C(listen_mode), C(acl_users), C(acl_groups), C(allowed_clients) and C(backlog).
        - C(user), C(group), C(prefix), C(chroot), C(pm), C(max_children), C(start_servers), C(min_spare),
          C(max_spare), C(max_requests) and C(idle_timeout).
        - C(terminate_timeout) and C(slowlog_timeout) in seconds, C(slowlog), C(access_log), C(status_path),
          C(ping_path), C(catch_workers_output) and C(memory_limit).
        - C(directives), each directive that is set with its C(value), C(file) and C(line).
        - C(replaced), each listen that a later section of the same name stands for, with its C(endpoint),
          C(file) and C(line). Not returned where there is none.
        - C(php_log), the C(error_log) of PHP that the pool sets, if it is a path.
        - C(zoneless). Only where C(chroot) has no C(/usr/share/zoneinfo).
        - C(php_keys), names of what C(env[]) and the C(php_) directives set.
      type: list
      elements: dict
      returned: success
  sample:
    - account: null
      binary: /usr/sbin/php-fpm8.2
      config: /etc/php/8.2/fpm/php-fpm.conf
      config_changed_at: 1795032124.0
      config_errors: []
      config_newer: false
      error_log: /var/log/php8.2-fpm.log
      layout: debian
      loaded_at: 1795387247.57
      pid: 35
      prefix: /usr
      running: true
      started_at: 1795387247.38
      test:
        ran: false
        why: the running master has loaded this configuration
      unit: php8.2-fpm.service
      version: "8.2"
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
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /etc/php/8.2/fpm/pool.d/shop.conf
      what: fpm_config
      why: Permission denied
"""

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    processes,
    strangers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_fpm import value_shown
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import window_problem
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import Section
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pool_detail import pool_detail

if TYPE_CHECKING:
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.php_fpm import PoolDetail

MOST_STRANGERS = 20


def shown(pool: Section, prefix: str) -> "PoolDetail":
    """A pool without the values that may hold a secret."""
    detail = pool_detail(pool, prefix)
    for name, directive in detail["directives"].items():
        directive["value"] = value_shown(name, directive["value"])
    return detail


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config_test": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
            "window": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    why = window_problem(module.params["window"])
    if why:
        module.fail_json(msg=why)
    host = Host()
    procs = processes(host)
    fpm = collect_fpm(host, procs, module.params["config_test"], module.params["window"], facts=shown)
    result = dict(fpm, missing=host.missing, strangers=strangers(host, procs)[:MOST_STRANGERS])
    module.exit_json(changed=False, **sendable(result))


if __name__ == "__main__":
    main()
