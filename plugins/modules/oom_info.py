#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that were killed for memory, and php-fpm's crashes that the kernel saw."""

DOCUMENTATION = r"""
module: oom_info
short_description: List processes that were killed for memory
version_added: 0.1.0
description:
  - Reads the kernel's ring buffer and the counters of the memory control groups, and the journal where they
    call for it. Lists what the kernel's OOM killer or systemd-oomd killed in the window.
  - Signal 9 in php-fpm's log alone does not prove an OOM kill; this does.
  - The ring buffer is shared by all containers of a machine. Kills in other containers are only counted.
  - Changes nothing on the host, with or without check mode.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
  - webmedic.php_fpm.look
requirements:
  - Root on the host, or C(kernel.dmesg_restrict=0). In a container also the capability C(SYSLOG).
notes:
  - The clock of the ring buffer drifts, so times are right to some seconds only.
  - Process ids in the ring buffer are those of the machine, also when the module runs in a container.
seealso:
  - module: webmedic.php_fpm.fpm_worker_info
  - module: webmedic.php_fpm.upstream_error_info
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: See whether workers were killed for memory in the last hour
  webmedic.php_fpm.oom_info:
    window: 3600
  register: oom

- name: Show the victims of php-fpm
  ansible.builtin.debug:
    msg: "{{ oom.kills | selectattr('fpm') | map(attribute='text') }}"
"""

RETURN = r"""
kills:
  description: The newest 50 kills in the window, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    at:
      description: Time in epoch seconds.
      type: float
      returned: success
    pid:
      description: Process id of the victim on the machine.
      type: int
      returned: success
    comm:
      description: Name of the victim, at most 15 characters. None where only the journal tells of the kill.
      type: str
      returned: success
    cgroup:
      description: Control group of the victim as the machine spells it.
      type: str
      returned: success
    unit:
      description: The systemd unit of the victim's control group, or the one that systemd named.
      type: str
      returned: success
    masters:
      description: Process ids of the masters that run in the victim's control group.
      type: list
      elements: int
      returned: success
    vague:
      description: Whether that control group says nothing of the unit, since much or all of this host lives
        in it. The name alone proves nothing.
      type: bool
      returned: success
    kind:
      description: V(global) the machine ran out of memory, V(cgroup) a control group reached its limit,
        V(systemd_oomd).
      type: str
      returned: success
    ours:
      description: Whether the victim is of this host. None when a private control group namespace hides it.
      type: bool
      returned: success
    fpm:
      description: Whether the victim is a process of php-fpm.
      type: bool
      returned: success
    limit_kb:
      description: The limit that was hit, in KiB, for V(cgroup).
      type: int
      returned: success
    anon_rss_kb:
      description: Anonymous memory of the victim in KiB.
      type: int
      returned: success
    swap_kb:
      description: Swap of the whole host when its memory ran out, in KiB, for V(global).
      type: int
      returned: success
    source:
      description: V(kernel) or V(journal).
      type: str
      returned: success
    text:
      description: The line that says so.
      type: str
      returned: success
  sample:
    - anon_rss_kb: 275828
      at: 1795387712.49
      cgroup: /system.slice/php8.2-fpm.service
      comm: php-fpm8.2
      fpm: true
      kind: cgroup
      limit_kb: 307200
      masters: [8122]
      ours: true
      pid: 8294
      source: kernel
      text: 'Memory cgroup out of memory: Killed process 8294 (php-fpm8.2) total-vm:468700kB,
        anon-rss:275828kB'
      unit: php8.2-fpm.service
      vague: false
elsewhere:
  description: How many kills in the window hit other containers of the machine.
  returned: success
  type: int
  sample: 0
own_pids:
  description: Whether the machine's process ids, which the kernel logs, are those of this host. They are not
    in a container.
  returned: success
  type: bool
  sample: true
counter:
  description: OOM kills that this host's control group has counted since it exists. None when there is no
    such counter.
  returned: success
  type: int
  sample: 1
counters:
  description: The same for each control group that was looked at.
  returned: success
  type: dict
  sample:
    /system.slice/php8.2-fpm.service: 1
limit:
  description: The memory limit that binds this host, in bytes, and what sets it.
  returned: success
  type: dict
  contains:
    bytes:
      description: The limit.
      type: int
      returned: success
    source:
      description: The control group's file, or C(MemTotal).
      type: str
      returned: success
  sample:
    bytes: 314572800
    source: cgroup /sys/fs/cgroup/memory/memory.limit_in_bytes
segfaults:
  description:
    - Crashes of php-fpm that the kernel logged, each with C(at), C(pid), C(comm), C(module) (the file that
      crashed), C(error), C(ours) and C(text).
    - The error is the code of a page fault on x86, else null.
  returned: success
  type: list
  elements: dict
  sample: []
earlyoom:
  description: Processes that earlyoom sent a signal, each with C(at), C(pid), C(comm), C(fpm) and C(text).
  returned: success
  type: list
  elements: dict
  sample: []
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root, or kernel.dmesg_restrict = 0; CAP_SYSLOG in a container
      path: null
      what: kernel_log
      why: 'dmesg: dmesg: read kernel buffer failed: Operation not permitted'
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.memory import collect_memory
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.oom import (
    MOST_KILLS,
    collect_oom,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import window_problem
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.earlyoom import early_kills
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import RING_DRIFT


def main() -> None:
    module = AnsibleModule(
        argument_spec={"window": {"type": "int", "default": 900}}, supports_check_mode=True
    )
    why = window_problem(module.params["window"])
    if why:
        module.fail_json(msg=why)
    host = Host()
    now = host.now()
    since = now - module.params["window"]
    oom, journal = collect_oom(host, processes(host), since, now)
    early = [kill for kill in early_kills(journal) if since - RING_DRIFT <= kill["at"] <= now + RING_DRIFT]
    memory = collect_memory(host)
    limit = {"bytes": memory["limit_bytes"], "source": memory["limit_from"]}
    result = dict(oom, earlyoom=early[-MOST_KILLS:], limit=limit, missing=host.missing)
    module.exit_json(changed=False, **sendable(result))


if __name__ == "__main__":
    main()
