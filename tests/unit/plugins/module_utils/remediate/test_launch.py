# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How systemd would start a unit, out of what it prints of it, and what the unit would be kept from."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import launch as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal, Untried
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

UNIT = "php8.2-fpm.service"
# systemd 252 on Debian 12.
STOCK = """\
ExecStart={ path=/usr/sbin/php-fpm8.2 ; argv[]=/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config \
/etc/php/8.2/fpm/php-fpm.conf ; ignore_errors=no ; \
start_time=[Thu 2026-11-26 05:46:20 UTC] ; stop_time=[n/a] ; pid=37 ; code=(null) ; status=0/0 }
NeedDaemonReload=no
LoadState=loaded
FragmentPath=/lib/systemd/system/php8.2-fpm.service
ActiveEnterTimestampMonotonic=2500000
ProtectSystem=no
ProtectHome=no
PrivateTmp=no
"""
SHOW = "systemctl show --no-pager -p %s -- %s" % (",".join(subject._PROPERTIES), UNIT)


def started(more: str = "", files: Any = None, text: str = STOCK) -> subject.Launch:
    commands = {
        SHOW: (0, text + more, ""),
        "systemctl show-environment": (0, "LANG=C.UTF-8\nPATH=/usr/bin\n", ""),
    }
    return subject.launch(FakeHost(files, commands), UNIT)


class TestLaunch:
    def test_a_stock_unit_is_told_as_systemd_starts_it(self) -> None:
        found = started()
        assert found.argv == [
            "/usr/sbin/php-fpm8.2",
            "--nodaemonize",
            "--fpm-config",
            "/etc/php/8.2/fpm/php-fpm.conf",
        ]
        assert (found.environment, found.ids, found.folder, found.makes) == (
            {"LANG": "C.UTF-8", "PATH": "/usr/bin"},
            None,
            "/",
            [],
        )
        assert (found.definition, found.needs_reload, found.active_since) == (
            ["/lib/systemd/system/php8.2-fpm.service"],
            False,
            2.5,
        )

    def test_a_unit_that_systemd_does_not_know_is_refused(self) -> None:
        with pytest.raises(Refusal, match="LoadState=not-found"):
            started(text="LoadState=not-found\n")

    def test_an_environment_that_is_not_told_is_no_empty_one(self) -> None:
        late = (None, "", "systemctl did not end within 30 s")
        commands = {SHOW: (0, STOCK, ""), "systemctl show-environment": late}
        with pytest.raises(Untried, match="did not end within 30 s"):
            subject.launch(FakeHost(None, commands), UNIT)

    def test_the_units_environment_stands_over_the_managers(self) -> None:
        found = started(
            'Environment=A=1 "B=two words"\nEnvironmentFiles=/etc/default/fpm '
            "(ignore_errors=no)\nEnvironmentFiles=/none (ignore_errors=yes)\n",
            {"/etc/default/fpm": '# x\n; y\nA = 3\nKIDS="7 \\"k\\""\nRAW=\'\\n\'\n'},
        )
        assert found.environment == {
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin",
            "A": "3",
            "B": "two words",
            "KIDS": '7 "k"',
            "RAW": "\\n",
        }
        assert found.environment_files == ["/etc/default/fpm", "/none"]

    def test_a_start_without_its_environment_file_cannot_begin(self) -> None:
        with pytest.raises(Refusal, match="/etc/default/fpm, which cannot be read"):
            started("EnvironmentFiles=/etc/default/fpm (ignore_errors=no)\n")

    def test_variables_of_the_command_line_are_filled_in(self) -> None:
        text = STOCK.replace("--nodaemonize", "$OPTIONS --x=${NAME} $NONE")
        found = started('Environment="OPTIONS=-d a=b -F" NAME=n\n', text=text)
        assert found.argv[1:6] == ["-d", "a=b", "-F", "--x=n", "--fpm-config"]

    def test_a_user_whom_the_host_does_not_know_is_refused(self) -> None:
        assert started("User=www-data\n").ids == (33, 33, [33])
        with pytest.raises(Refusal, match="the user ghost"):
            started("User=ghost\n")
        with pytest.raises(Refusal, match="the group ghosts-of-nobody"):
            started("User=www-data\nGroup=ghosts-of-nobody\n")

    @pytest.mark.parametrize(
        "value, folder",
        [
            ("", "/"),
            ("/srv/data", "/srv/data"),
            ("/none", "/none"),
            ("!/srv/data", "/srv/data"),
            ("!/none", "/"),
        ],
    )
    def test_a_start_begins_in_its_directory_if_it_is_there(self, value: str, folder: str) -> None:
        assert started("WorkingDirectory=%s\n" % value, {"/srv/data/x": ""}).folder == folder


class TestKeptFrom:
    @pytest.mark.parametrize(
        "settings, path, why",
        [
            ("ProtectSystem=yes", "/etc/x", None),
            ("ProtectSystem=yes", "/usr/x", "ProtectSystem=yes"),
            ("ProtectSystem=full", "/etc/x", "ProtectSystem=full"),
            ("ProtectSystem=full", "/var/log/x", None),
            ("ProtectSystem=strict", "/var/log/x.log", "ProtectSystem=strict"),
            ("ProtectSystem=strict\nLogsDirectory=php", "/var/log/php/x.log", None),
            ("ProtectSystem=strict\nReadWritePaths=-/var/log", "/var/log/x.log", None),
            ("ProtectSystem=strict\nRuntimeDirectory=php", "/run/php/a.sock", None),
            ("ProtectSystem=strict\nRuntimeDirectory=php", "/run/phpx/a.sock", "ProtectSystem=strict"),
            ("ProtectSystem=strict\nPrivateTmp=yes", "/tmp/x", None),
            ("ProtectHome=read-only", "/home/a/run/x.sock", "ProtectHome=read-only"),
            ("ProtectHome=yes", "/homes/x", None),
            ("ReadOnlyPaths=/srv", "/srv/x", "ReadOnlyPaths=/srv"),
            ("ReadOnlyPaths=/srv\nReadWritePaths=/srv/log", "/srv/log/x", None),
            ("InaccessiblePaths=/srv\nReadWritePaths=/srv", "/srv/x", "InaccessiblePaths=/srv"),
        ],
    )
    def test_what_a_unit_hides_or_makes_read_only_is_named(self, settings: str, path: str, why: Any) -> None:
        text = "\n".join(line for line in STOCK.splitlines() if line.partition("=")[0] not in settings) + "\n"
        assert subject.kept_from(started(settings + "\n", text=text), path) == why
