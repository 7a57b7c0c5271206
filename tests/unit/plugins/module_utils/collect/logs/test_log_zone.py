# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that logs in another time zone than the host has."""

import os
import time
from pathlib import Path
from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.log_clock import zone_of_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.where_needed import odd_zone
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.log import FpmLog
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    NOW,
    Watched,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.logs import (
    test_access_logs as of_access,
)

HOUR = 3600.0


class Logs:
    """The error log's newest line was written a minute ago, by nginx's clock; so was the access log's."""

    def __init__(self, folder: Path, error: float, access: float, zone: str) -> None:
        """error, access: seconds by which nginx's clock is ahead of UTC."""
        self.host, self.error, self.access = Watched(), folder / "error.log", folder / "access.log"
        at = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(NOW - 60 + error))
        self.error.write_text("%s [error] 1#1: *1 x\n" % at)
        at = time.strftime("%d/%b/%Y:%H:%M:%S", time.gmtime(NOW - 60 + access))
        self.access.write_text('10.0.0.1 - - [%s %s] "GET / HTTP/1.1" 200 9 "-" "-"\n' % (at, zone))
        for path in (self.error, self.access):
            os.utime(str(path), (NOW - 60, NOW - 60))

    @property
    def nginx(self) -> Any:
        found = of_access.nginx("access_log %s;" % self.access)
        found.update(error_logs=[str(self.error)], config="/etc/nginx/nginx.conf")
        return found

    def zone(self) -> Optional[int]:
        return odd_zone(self.host, self.nginx)


class TestZone:
    @pytest.mark.parametrize("hours, zone", [(-5, "-0500"), (9, "+0900"), (5.5, "+0530")])
    def test_hit(self, tmp_path: Path, hours: float, zone: str) -> None:
        logs = Logs(tmp_path, hours * HOUR, hours * HOUR, zone)
        assert logs.zone() == hours * HOUR
        assert [entry["what"] for entry in logs.host.missing] == ["time_zone"]

    def test_near_miss_lines_that_somebody_moved(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path, -2 * HOUR, 0, "+0000")
        assert logs.zone() is None and logs.host.missing == []

    def test_near_miss_an_access_log_that_somebody_copied(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path, -5 * HOUR, -5 * HOUR, "-0500")
        os.utime(str(logs.access), (NOW - 9000, NOW - 9000))
        assert logs.zone() is None

    def test_near_miss_no_access_log(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path, -5 * HOUR, -5 * HOUR, "-0500")
        logs.access.unlink()
        assert logs.zone() is None

    def test_decoy_a_log_of_the_hosts_zone_costs_one_read(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path, 0, 0, "+0000")
        assert logs.zone() is None and logs.host.reads == 1


class TestPhpFpm:
    """Its log's last line was written a minute ago."""

    @staticmethod
    def zone(folder: Path, ahead: float, last: str = "[%s] NOTICE: reloading: execvp()\n") -> Optional[int]:
        log = folder / "php-fpm.log"
        at = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(NOW - 60 + ahead))
        log.write_text("[%s] NOTICE: ready to handle connections\n" % at + last % at)
        os.utime(str(log), (NOW - 60, NOW - 60))
        return zone_of_fpm(Watched(), str(log), FpmLog.head)

    @pytest.mark.parametrize("hours", [-9.5, -5, 5.75, 9, 14])
    def test_hit(self, tmp_path: Path, hours: float) -> None:
        assert self.zone(tmp_path, hours * HOUR) == hours * HOUR

    def test_near_miss_a_clock_that_was_set(self, tmp_path: Path) -> None:
        assert self.zone(tmp_path, 0.9 * HOUR - 60) is None

    def test_near_miss_a_line_of_php_came_last(self, tmp_path: Path) -> None:
        assert self.zone(tmp_path, -5 * HOUR, "[%s UTC] PHP Warning:  x in /srv/a.php on line 1\n") is None

    def test_near_miss_no_zone_is_that_far(self, tmp_path: Path) -> None:
        assert self.zone(tmp_path, -48 * HOUR) is None

    def test_decoy_the_zone_of_the_host(self, tmp_path: Path) -> None:
        assert self.zone(tmp_path, 0) is None

    def test_decoy_a_log_that_is_no_file(self) -> None:
        assert zone_of_fpm(Watched(), "syslog", FpmLog.head) is None
