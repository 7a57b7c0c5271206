#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of each php-fpm pool use, and what they may use together."""

DOCUMENTATION = r"""
module: fpm_worker_info
short_description: Measure the workers of each php-fpm pool against the memory they may use
version_added: 0.1.0
description:
  - Counts the workers of each pool, those that are serving and those that wait, and measures their memory.
  - Resident memory counts the pages that workers share, such as the opcache, once for each of them. What one
    more worker costs is its unique memory, C(uss_kb). What the workers use now is the sum of C(pss_kb). Size
    a pool with these and not with C(rss_kb).
  - Finds the memory budget, which is the tightest control group limit above php-fpm, or else the machine's
    memory.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  workers:
    description:
      - Whether to return each worker by itself, too.
    type: bool
    default: false
requirements:
  - Root on the host, for the memory of other users' processes. What could not be seen is listed in
    RV(missing).
  - Linux 4.14 or later, for proportional and unique memory.
notes:
  - At most 64 workers are measured, taken evenly over pools and age, because the kernel walks the whole page
    table of each. C(measured) tells how many of a pool were.
  - A worker that has just started, or has just been recycled, reads small. Measure under load.
  - A pool with C(pm = ondemand) has no workers while nobody asks. None is not the same as idle.
seealso:
  - module: webmedic.php_fpm.fpm_info
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Measure the workers
  webmedic.php_fpm.fpm_worker_info:
  register: workers

- name: Show what one more worker of each pool costs
  ansible.builtin.debug:
    msg: "{{ item.pool }}: {{ item.workers }} of {{ item.max_children }}, {{ item.uss_kb.p95 }} kB each"
  loop: "{{ workers.pools | selectattr('uss_kb') }}"
  loop_control:
    label: "{{ item.pool }}"
"""

RETURN = r"""
pools:
  description: The pools of running masters, each with what its workers use.
  returned: success
  type: list
  elements: dict
  contains:
    config:
      description: Main configuration file of the pool's master; none for workers whose master is gone.
      type: str
      returned: success
    pool:
      description: Name of the pool.
      type: str
      returned: success
    pm:
      description: V(static), V(dynamic) or V(ondemand).
      type: str
      returned: success
    max_children:
      description: The most workers that the pool may have.
      type: int
      returned: success
    workers:
      description: How many it has.
      type: int
      returned: success
    active:
      description: How many do something else than wait for a connection, at this moment. None without the
        right to know.
      type: int
      returned: success
    idle:
      description: How many wait for a connection, at this moment. None without the right to know.
      type: int
      returned: success
    measured:
      description: How many workers C(pss_kb), C(uss_kb) and C(shared_kb) come from.
      type: int
      returned: success
    rss_kb:
      description: Resident memory, C(min), C(median), C(p95) and C(max) in kB.
      type: dict
      returned: success
    pss_kb:
      description: Proportional memory, each shared page divided by the number of its users.
      type: dict
      returned: success
    uss_kb:
      description: Unique memory, which would come back if this worker alone ended.
      type: dict
      returned: success
    shared_kb:
      description: Memory shared with other processes.
      type: dict
      returned: success
    age:
      description: Seconds since the workers started.
      type: dict
      returned: success
  sample:
    - active: 0
      age: {max: 64, median: 64, min: 64, p95: 64}
      config: /etc/php/8.2/fpm/php-fpm.conf
      idle: 2
      max_children: 5
      measured: 2
      pm: dynamic
      pool: www
      pss_kb: {max: 1523, median: 1523, min: 1523, p95: 1523}
      rss_kb: {max: 6128, median: 6128, min: 6128, p95: 6128}
      shared_kb: {max: 5988, median: 5988, min: 5988, p95: 5988}
      uss_kb: {max: 140, median: 140, min: 140, p95: 140}
      workers: 2
memory:
  description:
    - The budget. C(limit_bytes) and C(limit_from), which control group file it comes from, or C(MemTotal).
      C(limit_file) is that file alone, and none for C(MemTotal).
      C(limit_bytes) is none when there may be a limit that could not be read.
    - C(mem_total), C(mem_available) and C(swap_total) of the machine, C(cgroup_usage) and C(swap_limit) of
      the control group, in bytes.
  returned: success
  type: dict
  sample:
    cgroup_usage: 45150208
    limit_bytes: 314572800
    limit_file: /sys/fs/cgroup/memory/memory.limit_in_bytes
    limit_from: cgroup /sys/fs/cgroup/memory/memory.limit_in_bytes
    mem_available: 24269185024
    mem_total: 25276514304
    swap_limit: 314572800
    swap_total: 0
workers:
  description: Each worker with C(config), C(pool), C(pid), C(started_at), C(rss_kb), C(pss_kb), C(uss_kb),
    C(shared_kb), C(cpu_seconds) and C(busy).
  returned: when O(workers=true)
  type: list
  elements: dict
  sample:
    - busy: false
      config: /etc/php/8.2/fpm/php-fpm.conf
      cpu_seconds: 0.0
      pid: 273
      pool: www
      pss_kb: 1523
      rss_kb: 6128
      shared_kb: 5988
      started_at: 1795388032.57
      uss_kb: 140
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /proc/273/smaps_rollup
      what: worker_memory
      why: cannot be read
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.memory import collect_memory
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_memory import (
    measured_workers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pool_use import summarize


def main() -> None:
    module = AnsibleModule(
        argument_spec={"workers": {"type": "bool", "default": False}}, supports_check_mode=True
    )
    host = Host()
    procs = processes(host)
    masters = collect_fpm(host, procs, test="never")["masters"]
    workers = measured_workers(host, procs, masters)
    result = {
        "pools": summarize(workers, masters, host.now()),
        "memory": collect_memory(host, masters),
        "missing": host.missing,
    }
    if module.params["workers"]:
        result["workers"] = workers
    module.exit_json(changed=False, **sendable(result))


if __name__ == "__main__":
    main()
