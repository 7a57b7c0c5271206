# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose php-fpm did not start, each for a reason that php-fpm -t does not see."""

from typing import Any, Callable, Dict

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "fpm_not_running"
START_ONLY = ["unit_start"]
UNIT = "php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager"
STARTING = "systemd[1]: Starting %s..." % UNIT
FAILED = "systemd[1]: Failed to start %s." % UNIT
TOO_QUICKLY = "systemd[1]: php8.2-fpm.service: Start request repeated too quickly."
INIT_FAILED = "php-fpm[767]: [26-Nov-2026 02:46:49] ERROR: FPM initialization failed"
READY = "php-fpm[767]: [26-Nov-2026 02:46:49] NOTICE: ready to handle connections"
NOT_OURS = (
    "php-fpm[83]: ERROR: unable to bind listening socket for address '/run/x/fpm.sock': "
    "Permission denied (13)"
)


FACTS = (
    "path",
    "directory",
    "read_only",
    "free_bytes",
    "free_inodes",
    "address",
    "ini_file",
    "ini_line",
    "changed_at",
)


def error(words: str, level: str = "ERROR") -> str:
    return "php-fpm[767]: [26-Nov-2026 02:46:49] %s: %s" % (level, words)


def opcache(words: str) -> str:
    return "php-fpm[767]: Thu Nov 26 02:46:49 2026 (767): Fatal Error " + words


def exited(status: str, who: str = "Main") -> str:
    return "systemd[1]: php8.2-fpm.service: %s process exited, code=exited, status=%s" % (who, status)


def unit_says(words: str) -> str:
    return "systemd[1]: php8.2-fpm.service: " + words


def facts(**known: Any) -> Dict[str, Any]:
    """What the collector saw of the place at which the last start failed."""
    return dict(dict.fromkeys(FACTS), **known)


def failed_start(*lines: str) -> Host:
    """The unit's last start ended with these lines, and php-fpm -t has nothing to say."""
    log = [(60.0, line) for line in (STARTING,) + lines + (FAILED,)]
    return a_host("port_taken").with_unit(result="exit-code").journal(*log)


def ended(result: str) -> Host:
    return a_host("killed_master").with_unit(result=result)


def did_not_start(*lines: str, **known: Any) -> Host:
    """The last start ended with these lines; php-fpm -t has nothing to say. known: facts() of the place."""
    log = [(60.0, line) for line in (STARTING,) + lines + (FAILED,)]
    host = a_host("stopped").with_unit(result="exit-code", active="failed", exec_main_code=1)
    host.with_unit(exec_main_status=78, type="notify", writing={}, unmet=[]).journal(*log)
    return host.with_master(last_start=facts(**known))


NO_SLOWLOG = error("Unable to create or open slowlog(/var/log/php-fpm/x.log): No such file or directory (2)")
READ_ONLY = error("failed to open error_log (/var/log/php8.2-fpm.log): Read-only file system (30)")
FULL = error("Unable to create the PID file (/run/php/php8.2-fpm.pid).: No space left on device (28)")
NO_PID = error("Unable to create the PID file (/srv/gone/fpm.pid).: No such file or directory (2)")
NO_ADDRESS = error(
    "unable to bind listening socket for address '10.9.9.9:9000': Cannot assign requested address (99)"
)
NO_MEMORY = opcache(
    "Unable to allocate shared memory segment of 536870912 bytes: mmap: Cannot allocate memory (12)"
)
NO_STRINGS = [
    opcache("Insufficient shared memory for interned strings buffer! (tried to allocate 9 bytes)"),
    opcache("Insufficient shared memory!"),
]
PRELOAD = opcache('"opcache.preload_user" has not been defined')
NO_SYMBOL = (
    "php-fpm[767]: /usr/sbin/php-fpm8.2: symbol lookup error: /usr/lib/php/20220829/redis.so: "
    "undefined symbol: zend_new_interned_string"
)
NO_PROGRAM = (
    "systemd[901]: php8.2-fpm.service: Failed at step EXEC spawning /usr/sbin/php-fpm8.2: "
    "No such file or directory"
)
NO_NAMESPACE = NO_PROGRAM.replace("EXEC", "NAMESPACE")
NO_PATH = unit_says("Failed to set up mount namespacing: /srv/gone: No such file or directory")
TIMED_OUT = unit_says("start operation timed out. Terminating.")
UNKNOWN_WORDS = error("failed to create the event base: Function not implemented (38)")


def skipped(*unmet: str) -> Host:
    return a_host("stopped").with_unit(unmet=list(unmet))


def without_its_dependency() -> Host:
    log = (60.0, "systemd[1]: Dependency failed for %s." % UNIT)
    return a_host("stopped").journal(log)


def timed_out(*lines: str, **unit: Any) -> Host:
    return did_not_start(*lines + (TIMED_OUT,)).with_unit(result="timeout", **unit)


def command_failed() -> Host:
    return did_not_start(exited("1/FAILURE", "Control")).with_unit(exec_main_status=0)


NOT_TESTED = {"ran": False, "why": "php-fpm: No such file or directory"}
# By reason.
HITS: Dict[str, Callable[[], Host]] = {
    "condition_failed": lambda: skipped("ConditionPathExists=/etc/shop/enabled"),
    "dependency_failed": without_its_dependency,
    "unit_setup_failed": lambda: did_not_start(NO_PATH, NO_NAMESPACE, exited("226/NAMESPACE")),
    "start_command_failed": command_failed,
    "start_timeout": lambda: timed_out(READY),
    "log_unwritable": lambda: did_not_start(NO_SLOWLOG, INIT_FAILED, directory=False),
    "pid_file_unwritable": lambda: did_not_start(NO_PID, INIT_FAILED, directory=False),
    "read_only": lambda: did_not_start(READ_ONLY, INIT_FAILED, read_only=True),
    "disk_full": lambda: did_not_start(FULL, INIT_FAILED, free_bytes=0, free_inodes=900),
    "address_unavailable": lambda: did_not_start(NO_ADDRESS, INIT_FAILED, address=False),
    "shared_memory": lambda: did_not_start(NO_MEMORY, exited("254/n/a")),
    "preload_failed": lambda: did_not_start(PRELOAD, exited("254/n/a")),
    "extension_failed": lambda: did_not_start(NO_SYMBOL, exited("127/n/a")),
    "php_ini_invalid": lambda: did_not_start(exited("254/n/a")).with_unit(exec_main_status=254),
    "not_executable": lambda: did_not_start(NO_PROGRAM, exited("203/EXEC")).with_master(test=NOT_TESTED),
    "start_failed": lambda: did_not_start(UNKNOWN_WORDS, INIT_FAILED),
}


def in_the_start_limit(host: Host) -> Host:
    """And systemd refuses to start it since."""
    log = hosts.unit(host)["log"]
    later = hosts.journal_line(log[-1]["at"] + 1, TOO_QUICKLY)
    return host.with_unit(start_limit_hit=True, log=log + [later])
