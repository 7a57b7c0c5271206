# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of described hosts, and their journals."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import units
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    BOOTED,
    JOURNAL,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestNames:
    def test_units_are_found_in_every_directory(self) -> None:
        host = FakeHost(
            {
                "/lib/systemd/system/php8.2-fpm.service": "",
                "/usr/lib/systemd/system/php8.2-fpm.service": "",
                "/usr/lib/systemd/system/php-fpm@.service": "",
                "/etc/systemd/system/php-fpm-shop.service": "",
                "/etc/systemd/system/multi-user.target.wants/php-fpm@blog.service": "",
                "/lib/systemd/system/fpm-other.service": "",
                "/lib/systemd/system/phpsessionclean.service": "",
                "/lib/systemd/system/php8.2-fpm.service.d/x.conf": "",
            }
        )
        assert units.fpm_unit_names(host) == [
            "php-fpm-shop.service",
            "php-fpm@blog.service",
            "php8.2-fpm.service",
        ]

    def test_a_name_that_is_no_unit_never_reaches_systemctl(self) -> None:
        host = FakeHost(stats={"/run/systemd/system": BOOTED})
        assert units.unit_states(host, ["--help", "x.service; reboot", "../x.service"]) == {}
        assert host.calls == []


class TestJournal:
    def test_the_journal_is_missing_only_where_it_cannot_be_read(self) -> None:
        command = JOURNAL % {"unit": "x.service"}
        quiet = FakeHost(commands={command: (0, "", "")})
        assert units.journal(quiet, "x.service") == [] and quiet.missing == []
        barred = FakeHost(commands={command: (0, "", "")}, root=False)
        assert (
            units.journal(barred, "x.service") == []
            and barred.missing[0]["needs"] == "root or the group systemd-journal"
        )
        painted = FakeHost(commands={command: (1, "", "\x1b[0;1;31mNo journal files\x1b[0m\n")})
        assert (
            units.journal(painted, "x.service") == []
            and painted.missing[0]["why"] == "journalctl -u x.service: No journal files"
        )
        absent = FakeHost()
        assert units.journal(absent, "x.service") == [] and "No such file" in absent.missing[0]["why"]
