# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last start failed at, as it is now."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Room, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.last_start import last_start
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    a_host,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import journal_line
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG, BINARY = "/etc/php/8.2/fpm/php-fpm.conf", "/usr/sbin/php-fpm8.2"
INI = "/etc/php/8.2/fpm/conf.d/10-opcache.ini"


def seen(line: str, host: Optional[FakeHost] = None) -> Dict[str, Any]:
    unit = {
        "result": "exit-code",
        "active": "failed",
        "log": [journal_line(1.0, "systemd[1]: Starting x..."), journal_line(2.0, line)],
    }
    found = last_start(host or FakeHost({"/etc/hosts": ""}), unit, CONFIG, BINARY, "/run/php/fpm.pid")
    assert found is not None
    return dict(found)


class TestPlace:
    def test_the_directory_and_the_room_in_it(self) -> None:
        host = FakeHost({"/var/log/syslog": ""})
        host.rooms = {"/var/log": Room(False, 0, 12)}
        line = "php-fpm[7]: ERROR: Unable to create or open slowlog(/var/log/gone/x.log): No space left (28)"
        found = seen(line, host)
        assert (found["path"], found["directory"]) == ("/var/log/gone/x.log", False)
        assert (found["read_only"], found["free_bytes"], found["free_inodes"]) == (False, 0, 12)

    def test_a_pid_file_that_no_line_names(self) -> None:
        line = "php-fpm[7]: ERROR: Unable to write to the PID file.: No space left on device (28)"
        assert seen(line)["path"] == "/run/php/fpm.pid"

    def test_the_program_and_when_it_was_changed(self) -> None:
        host = FakeHost(stats={BINARY: Stat("file", 0o755, 0, 0, 1, 77.0, 1, 1)})
        line = "systemd[9]: x.service: Failed at step EXEC spawning /usr/sbin/php-fpm8.2: No such file"
        found = seen(line, host)
        assert (found["path"], found["changed_at"]) == (BINARY, 77.0)

    def test_an_address_that_this_host_has_by_now(self) -> None:
        host = FakeHost({"/etc/hosts": ""})
        line = "php-fpm[7]: ERROR: unable to bind listening socket for address '%s': Cannot assign (99)"
        host.addresses = ["10.0.4.7", "fe80::1"]
        found = [
            seen(line % at, host)["address"] for at in ("10.0.4.7:9000", "[fe80::1]:9000", "10.9.9.9:9000")
        ]
        assert found == [True, True, False]
        assert seen(line % "php.example:9000", host)["address"] is None

    def test_an_account_that_this_host_knows_by_now(self) -> None:
        host = FakeHost({"/etc/hosts": ""})
        host.accounts = {"shop": (801, 801, [801])}
        line = "php-fpm[7]: ERROR: [pool www] cannot get uid for user '%s'"
        assert [seen(line % name, host)["account"] for name in ("shop", "ghost")] == [True, False]
        assert seen("php-fpm[7]: ERROR: FPM initialization failed", host)["account"] is None


class TestIni:
    def test_the_last_file_that_has_the_setting(self) -> None:
        host = FakeHost(
            {
                "/etc/php/8.2/fpm/php.ini": "[opcache]\nopcache.preload=/srv/a.php\n",
                INI: ";opcache.preload = x\nopcache.preload_user = y\nopcache.preload = /srv/b.php\n",
            }
        )
        words = 'Fatal Error "opcache.preload_user" has not been defined'
        found = seen("php-fpm[7]: Thu Nov 26 02:46:49 2026 (7): " + words, host)
        assert (found["ini_file"], found["ini_line"]) == (INI, 3)
        assert found["path"] == "/srv/b.php"

    @pytest.mark.parametrize("value, path", [('"/srv/c.php" ; ours', "/srv/c.php"), ("", None), ("no", None)])
    def test_the_script_to_preload_is_named(self, value: str, path: Optional[str]) -> None:
        host = FakeHost({INI: "opcache.preload = %s\n" % value})
        words = 'php-fpm[7]: Thu Nov 26 02:46:49 2026 (7): Fatal Error "opcache.preload" requires'
        assert seen(words + ' "opcache.preload_user" when running under uid 0', host)["path"] == path

    def test_a_script_that_was_changed_counts(self) -> None:
        host = FakeHost(stats={"/srv/shop/preload.php": Stat("file", 0o644, 33, 33, 1, 88.0, 1, 1)})
        line = "php-fpm[7]: PHP Fatal error:  Uncaught Error: no in /srv/shop/preload.php:12"
        assert seen(line, host)["changed_at"] == 88.0


class TestCost:
    def test_a_master_that_runs_is_not_looked_at(self) -> None:
        assert masters.collect_fpm(a_host())["masters"][0]["last_start"] is None
