# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of php-fpm with log_level = debug."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import start_failure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.zlog import without_place

BIND = "unable to bind listening socket for address '/run/x/y.sock': No such file or directory (2)"
READY = "ready to handle connections"


class TestWithoutPlace:
    @pytest.mark.parametrize(
        ("line", "plain"),
        [
            ("ERROR: pid 24, fpm_sockets_new_listening_socket(), line 210: " + BIND, "ERROR: " + BIND),
            ("NOTICE: pid 24, fpm_init(), line 83: " + READY, "NOTICE: " + READY),
            ("ALERT: pid 24, fpm_worker(), line 9: no memory", "ALERT: no memory"),
            ("DEBUG: main(), line 1891: Primary script unknown", "DEBUG: Primary script unknown"),
            (
                "WARNING: pid 202, (null)(), line 0: [pool www] child 9 said",
                "WARNING: [pool www] child 9 said",
            ),
        ],
    )
    def test_hit_the_place_in_the_source_is_taken_away(self, line: str, plain: str) -> None:
        assert without_place(line) == plain

    def test_hit_a_start_at_level_debug_names_its_reason(self) -> None:
        failure = start_failure(["ERROR: pid 24, fpm_sockets_new_listening_socket(), line 210: " + BIND])
        assert failure is not None and failure.meaning == "directory_missing"

    @pytest.mark.parametrize(
        "line",
        [
            "ERROR: " + BIND,
            "NOTICE: PHP message: PHP Fatal error:  Uncaught Error in f(), line 3: no",
            "NOTICE: fpm is running, pid 12",
        ],
    )
    def test_near_miss_a_message_without_a_place_stays(self, line: str) -> None:
        assert without_place(line) == line
