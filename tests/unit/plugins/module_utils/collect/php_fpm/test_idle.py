# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masters that no unit of their own starts: of panels, of init scripts, of hosts without systemd."""

from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import units
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters as fpm
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    BOOTED,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.php_fpm import (
    test_init_script as scripts,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

POOL = "[www]\nlisten = /tmp/php-cgi-82.sock\nuser = www-data\npm = static\npm.max_children = 2\n"
AAPANEL = {
    "/www/server/php/82/etc/php-fpm.conf": POOL,
    "/www/server/php/82/sbin/php-fpm": "ELF",
    "/etc/init.d/php-fpm-82": scripts.PHP_SRC % "/www/server/php/82",
}
DEBIANS = {
    "/etc/php/8.2/fpm/php-fpm.conf": POOL,
    "/usr/sbin/php-fpm8.2": "ELF",
    "/etc/init.d/php8.2-fpm": scripts.DEBIAN,
}
SHOWN = "Id=%s\nLoadState=%s\nActiveState=inactive\nUnitFileState=%s\nFragmentPath=%s\n"
UNIT_FILE = "/lib/systemd/system/php8.2-fpm.service"
GENERATED = "/run/systemd/generator.late/php-fpm-82.service"


def a_host(files: Dict[str, Any], *shown: Tuple[str, str, str, str]) -> FakeHost:
    """shown: what systemctl says of its units (name, load, enabled, fragment); without any, there is none."""
    host = FakeHost(files)
    if shown:
        host.stats["/run/systemd/system"] = BOOTED
        argv = "systemctl show --no-pager -p %s -- %s"
        command = argv % (",".join(units.PROPERTIES), " ".join(row[0] for row in shown))
        host.commands = {command: (0, "\n".join(SHOWN % row for row in shown), "")}
    return host


def seen(host: FakeHost) -> List[Tuple[str, Optional[str], Optional[str]]]:
    masters = fpm.collect_fpm(host, [], test="never")["masters"]
    return [(master["config"], master["unit"], master["start_command"]) for master in masters]


class TestSilence:
    def test_no_script_is_named_where_systemd_does_not_answer(self) -> None:
        host = a_host(DEBIANS, ("php8.2-fpm.service", "loaded", "enabled", UNIT_FILE))
        assert [row[1] for row in seen(host)] == ["php8.2-fpm.service"]
        late = (None, "", "systemctl did not end within 5 s")
        host.commands = dict.fromkeys(host.commands, late)
        assert [row[1:] for row in seen(host)] == [(None, None)]
        assert host.missing[0]["needs"] == "a systemd that answers in time"


class TestMainFileGone:
    PATH = "/usr/lib/systemd/system/php-fpm.service"
    FILES = {"/usr/sbin/php-fpm": "ELF", PATH: ""}

    def seen(self, files: Dict[str, Any], program: str = "/usr/sbin/php-fpm") -> Any:
        host = a_host(files, ("php-fpm.service", "loaded", "enabled", self.PATH))
        command = next(iter(host.commands))
        of_unit = "ExecStart={ path=/x ; argv[]=%s --nodaemonize ; ignore_errors=no ; }\n" % program
        host.commands[command] = (0, host.commands[command][1] + of_unit, "")
        return seen(host)

    def test_hit_the_unit_says_which_php_fpm_it_was(self) -> None:
        assert self.seen(self.FILES) == [("/etc/php-fpm.conf", "php-fpm.service", None)]

    def test_near_miss_a_packaging_with_that_program_is_there(self) -> None:
        files = {**self.FILES, "/etc/php8/fpm/php-fpm.conf": POOL}
        assert self.seen(files) == [("/etc/php8/fpm/php-fpm.conf", "php-fpm.service", None)]

    def test_decoy_a_program_of_no_packaging(self) -> None:
        assert self.seen({**self.FILES, "/opt/php/sbin/php-fpm": "ELF"}, "/opt/php/sbin/php-fpm") == []


class TestPanel:
    def test_its_script_starts_it(self) -> None:
        """Without a unit: systemd was not reloaded since the panel put the script there."""
        host = a_host(AAPANEL, ("php-fpm-82.service", "not-found", "", ""))
        config = "/www/server/php/82/etc/php-fpm.conf"
        assert seen(host) == [(config, None, "/etc/init.d/php-fpm-82 start")]

    def test_systemd_made_a_unit_of_the_script(self) -> None:
        host = a_host(
            dict(AAPANEL, **{GENERATED: ""}), ("php-fpm-82.service", "loaded", "generated", GENERATED)
        )
        config = "/www/server/php/82/etc/php-fpm.conf"
        assert seen(host) == [(config, "php-fpm-82.service", "/etc/init.d/php-fpm-82 start")]

    def test_a_disabled_one_beside_it_comes_last(self) -> None:
        files = dict(AAPANEL, **dict(DEBIANS, **{UNIT_FILE: "", GENERATED: ""}))
        host = a_host(
            files,
            ("php-fpm-82.service", "loaded", "generated", GENERATED),
            ("php8.2-fpm.service", "loaded", "disabled", UNIT_FILE),
        )
        assert [master[1] for master in seen(host)] == ["php-fpm-82.service", "php8.2-fpm.service"]

    def test_near_miss_a_unit_of_that_name_starts_another(self) -> None:
        """As php-fpm.service of Enterprise Linux, beside a php-fpm below /usr/local/php."""
        files = {
            "/usr/local/php/etc/php-fpm.conf": POOL,
            "/usr/local/php/sbin/php-fpm": "ELF",
            "/etc/init.d/php-fpm": scripts.LNMP,
            "/etc/php-fpm.conf": POOL,
            "/usr/sbin/php-fpm": "ELF",
            "/usr/lib/systemd/system/php-fpm.service": "",
        }
        unit = ("php-fpm.service", "loaded", "enabled", "/usr/lib/systemd/system/php-fpm.service")
        host = a_host(files, unit)
        command = next(iter(host.commands))
        of_unit = "ExecStart={ path=/x ; argv[]=/usr/sbin/php-fpm --nodaemonize ; ignore_errors=no ; }\n"
        host.commands[command] = (0, host.commands[command][1] + of_unit, "")
        assert seen(host) == [
            ("/etc/php-fpm.conf", "php-fpm.service", None),
            ("/usr/local/php/etc/php-fpm.conf", None, "/etc/init.d/php-fpm start"),
        ]

    def test_nor_is_it_where_the_unit_has_another_configuration(self) -> None:
        unit = ("php8.2-fpm.service", "loaded", "enabled", UNIT_FILE)
        host = a_host(dict(DEBIANS, **{UNIT_FILE: "", "/etc/other.conf": POOL}), unit)
        command = next(iter(host.commands))
        argv = "argv[]=/usr/sbin/php-fpm8.2 --fpm-config /etc/other.conf"
        argv = "ExecStart={ path=/x ; %s ; ignore_errors=no ; }\n" % argv
        host.commands[command] = (0, host.commands[command][1] + argv, "")
        assert ("/etc/php/8.2/fpm/php-fpm.conf", None, None) in seen(host)

    def test_debians_own_script_is_not_what_starts_it(self) -> None:
        host = a_host(
            dict(DEBIANS, **{UNIT_FILE: ""}), ("php8.2-fpm.service", "loaded", "enabled", UNIT_FILE)
        )
        assert seen(host) == [("/etc/php/8.2/fpm/php-fpm.conf", "php8.2-fpm.service", None)]


class TestOpenrc:
    def test_its_own_command_is_told(self) -> None:
        files = {"/etc/php83/php-fpm.conf": POOL, "/usr/sbin/php-fpm83": "ELF"}
        host = a_host(dict(files, **{"/etc/init.d/php-fpm83": scripts.OPENRC}))
        host.stats["/run/openrc"] = Stat("directory", 0o755, 0, 0, 0, 0.0, 7, 1)
        assert seen(host) == [("/etc/php83/php-fpm.conf", None, "rc-service php-fpm83 start")]


class TestWithoutSystemd:
    @pytest.mark.parametrize(
        "files, config, command",
        [
            (DEBIANS, "/etc/php/8.2/fpm/php-fpm.conf", "/etc/init.d/php8.2-fpm start"),
            (
                {
                    "/etc/php83/php-fpm.conf": POOL,
                    "/usr/sbin/php-fpm83": "ELF",
                    "/etc/init.d/php-fpm83": scripts.OPENRC,
                },
                "/etc/php83/php-fpm.conf",
                "/etc/init.d/php-fpm83 start",
            ),
            (
                {
                    "/opt/bitnami/php/etc/php-fpm.conf": POOL,
                    "/opt/bitnami/php/sbin/php-fpm": "ELF",
                    "/opt/bitnami/ctlscript.sh": "",
                },
                "/opt/bitnami/php/etc/php-fpm.conf",
                "/opt/bitnami/ctlscript.sh start php-fpm",
            ),
            (
                {
                    "/opt/php74/etc/php-fpm.conf": POOL,
                    "/opt/php74/sbin/php-fpm": "ELF",
                    "/etc/init.d/php-fpm": scripts.PHP_SRC % "/opt/php74",
                },
                "/opt/php74/etc/php-fpm.conf",
                "/etc/init.d/php-fpm start",
            ),
        ],
    )
    def test_each_is_found_with_what_starts_it(
        self, files: Dict[str, Any], config: str, command: str
    ) -> None:
        assert seen(a_host(files)) == [(config, None, command)]

    def test_near_miss_a_script_that_is_not_there(self) -> None:
        files = {"/opt/bitnami/php/etc/php-fpm.conf": POOL}
        assert seen(a_host(files)) == [("/opt/bitnami/php/etc/php-fpm.conf", None, None)]
