# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with kills for memory. The ring is a real one, shared by three containers with a limit of 300 MiB."""

import os
from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.oom import collect_oom
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

FIXTURES = fixtures("logs")
IDS = {
    "php-fpm8.2": "b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959",
    "php-fpm7.4": "dd9b1ce9bd753d131616f2f4f4e069032ee40051c406f6df5385a1fbd852c1b6",
}
NOW = 1795387720.0
BOOT = NOW - 5000.0  # FakeHost.boottime()
MASTER = Process(
    31, 1, "php-fpm8.2", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)", None, 0, 0, [0], 0.0
)
JOURNAL = (
    "journalctl --no-pager -q -o short-unix --since @%d -n 2000"
    " _PID=1 + _SYSTEMD_UNIT=systemd-oomd.service + _SYSTEMD_UNIT=earlyoom.service"
)
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def ring(shift: float = 3500.0) -> str:
    """The captured ring with its times moved, as if it were written on the described host."""
    with open(os.path.join(FIXTURES, "linux6.18-cgroup1-oom"), encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    return "".join(
        "[%12.6f] %s\n" % (float(line[1:].split("]")[0]) + shift, line.split("] ", 1)[1]) for line in lines
    )


class Machine(Built):
    """A host with a ring buffer. It is a whole machine, until a step makes it a container."""

    def __init__(self) -> None:
        super().__init__(now=NOW)
        self.masters: List[Process] = []
        self.init_in("/init.scope").mounted(V2_MOUNT).ring(ring())
        self.link("/proc/self/ns/cgroup", "cgroup:[4026531835]")

    def init_in(self, path: str) -> "Machine":
        return self.file("/proc/1/cgroup", "0::%s\n" % path)

    def init_in_version1(self, path: str) -> "Machine":
        return self.file("/proc/1/cgroup", "4:memory:%s\n" % path)

    def mounted(self, mountinfo: str) -> "Machine":
        return self.file("/proc/self/mountinfo", mountinfo)

    def in_private_namespace(self, container: str = "") -> "Machine":
        """container: its id, where a mount shows it."""
        if container:
            root = "/var/lib/docker/containers/" + container
            self.mounted(V2_MOUNT + "9 1 0:9 %s/hostname /etc/hostname rw - ext4 /dev/vda rw\n" % root)
        return self.link("/proc/self/ns/cgroup", "cgroup:[4026532500]")

    def ring(self, text: str) -> "Machine":
        return self.answers("dmesg -r", "".join("<4>" + line for line in text.splitlines(True)))

    def journal(self, text: str, kernel: bool = False) -> "Machine":
        command = JOURNAL + (" + _TRANSPORT=kernel" if kernel else "")
        return self.answers(command % (NOW - 905), text)

    def with_oomd(self) -> "Machine":
        return self.file("/sys/fs/cgroup/system.slice/systemd-oomd.service/x")

    def master_in(self, path: str) -> "Machine":
        self.masters.append(MASTER)
        return self.file("/proc/31/cgroup", "0::%s\n" % path)

    def oom(self) -> Any:
        return collect_oom(self, self.masters, NOW - 900, NOW).oom

    def kills(self) -> Any:
        return self.oom()["kills"]


def a_machine() -> Machine:
    return Machine()


def unit_killed(at: float) -> str:
    """What systemd says of a kill in php-fpm's unit."""
    words = "php8.2-fpm.service: A process of this unit has been killed by the OOM killer."
    return "%.1f web1 systemd[1]: %s\n" % (at, words)


def killed(memcg: str, constraint: str = "MEMCG", at: float = 4960.0) -> str:
    """What Linux 5.0 to 6.12 says of a process that calls itself php-fpm8.2."""
    says = "Memory cgroup out of memory" if constraint == "MEMCG" else "Out of memory"
    return (
        "[%.6f] php-fpm8.2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[%.6f] oom-kill:constraint=CONSTRAINT_%s,nodemask=(null),cpuset=/,mems_allowed=0,"
        "oom_memcg=%s,task_memcg=%s,task=php-fpm8.2,pid=770,uid=33\n"
        "[%.6f] %s: Killed process 770 (php-fpm8.2) total-vm:9kB, anon-rss:8kB, file-rss:0kB\n"
        % (at, at + 0.0001, constraint, memcg, memcg, at + 0.0002, says)
    )
