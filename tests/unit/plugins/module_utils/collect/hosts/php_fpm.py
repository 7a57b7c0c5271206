# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian hosts with php-fpm; files and outputs were captured from Debian 11, 12 and 13."""

import os
import re
from typing import Any, Dict, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.systemctl import PROPERTIES
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

FIXTURES = fixtures()
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]
SYSTEMD = {"7.4-debian11": "247-debian11", "8.2-debian12": "252-debian12", "8.4-debian13": "257-debian13"}
NOW = 1795388420.0
BOOTED = Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1)


# By what journald knows of the writer: PHP may say anything.
JOURNAL = (
    "journalctl -o json --output-fields=MESSAGE,UNIT,_PID,_EXE,_COMM -n 30 --no-pager -q"
    " _PID=1 UNIT=%(unit)s + _SYSTEMD_UNIT=%(unit)s _UID=0 _TRANSPORT=stdout"
    " + UNIT=%(unit)s _UID=0 PRIORITY=3"
)


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def pid_of(host: str, role: str) -> int:
    return int(fixture("proc/%s-%s.stat" % (host, role)).split()[0])


def proc_files(host: str, roles: List[str]) -> Dict[str, Any]:
    files: Dict[str, Any] = {}
    for role in roles:
        base = "/proc/%d/" % pid_of(host, role)
        for name in ("stat", "status", "cmdline", "cgroup", "smaps_rollup", "statm", "syscall"):
            files[base + name] = fixture("proc/%s-%s.%s" % (host, role, name))
        files[base + "comm"] = "php-fpm%s\n" % host.split("-")[0]
        # The captures are of containers without a cgroup namespace of their own.
        files["/proc/1/cgroup"] = re.sub(r"/system\.slice/.*", "/init.scope", files[base + "cgroup"])
    return files


class Debian(Built):
    """A Debian host whose php-fpm, of the distribution, runs. Its monotonic clock is that of the machine of
    the captures.
    """

    def __init__(self, name: str) -> None:
        super().__init__(proc_files(name, ["master", "worker"]), {}, {}, {}, now=NOW)
        self.name, self.version = name, name.split("-")[0]
        self.unit = "php%s-fpm.service" % self.version
        self.config = "/etc/php/%s/fpm/php-fpm.conf" % self.version
        self.pool = "/etc/php/%s/fpm/pool.d/www.conf" % self.version
        self.binary = "/usr/sbin/php-fpm" + self.version
        self.log = "/var/log/php%s-fpm.log" % self.version
        self.unit_file = "/lib/systemd/system/" + self.unit
        self.stated("/run/systemd/system", BOOTED)
        self.file(self.config, fixture("fpm/%s-php-fpm.conf" % name))
        self.file(self.pool, fixture("fpm/%s-www.conf" % name))
        self.file(self.binary, "ELF").file(self.unit_file, "[Service]\n").file(self.log)
        for role in ("master", "worker"):
            self.link(self.proc(role, "exe"), self.binary)
        self.in_state("active")

    def proc(self, role: str, name: str) -> str:
        return "/proc/%d/%s" % (pid_of(self.name, role), name)

    def in_state(self, state: str) -> "Debian":
        """Its unit in another captured state."""
        capture = "units/%s-%s" % (SYSTEMD[self.name], state)
        self.units({self.unit: fixture(capture + ".show").split("\n\n")[0] + "\n"})
        return self.answers(JOURNAL % {"unit": self.unit}, fixture(capture + ".journal"))

    def units(self, shown: Dict[str, str]) -> "Debian":
        """What systemctl shows of these units, when it is asked for them in this order."""
        command = "systemctl show --no-pager -p %s -- %s" % (",".join(PROPERTIES), " ".join(shown))
        return self.answers(command, "\n".join(shown.values()))

    def not_running(self) -> "Debian":
        return self.without(*[path for path in self.files if re.match(r"/proc/(?!1/)\d+/", path)])

    def stopped(self, state: str = "stopped") -> "Debian":
        return self.not_running().in_state(state)

    def changed(self, path: str, at: float) -> "Debian":
        return self.stated(path, Stat("file", 0o644, 0, 0, 1, at, 1, 1))

    def more_workers(self, count: int) -> "Debian":
        """Copies of the worker."""
        base = self.proc("worker", "")
        for path, content in list(self.files.items()):
            if path.startswith(base):
                for number in range(count):
                    self.files[path.replace(base, "/proc/%d/" % (10000 + number))] = content
        return self

    def boottime(self) -> float:
        return 2110.0


def a_host(name: str = "8.2-debian12") -> Debian:
    return Debian(name)


def version2(files: Dict[str, str]) -> Built:
    base = {
        "/proc/self/mountinfo": "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\n",
        "/proc/7/cgroup": "0::/system.slice/php-fpm.service\n",
        "/sys/fs/cgroup/system.slice/php-fpm.service/cgroup.procs": "7\n",
    }
    return Built(dict(base, **{"/sys/fs/cgroup/" + name: text for name, text in files.items()}))
