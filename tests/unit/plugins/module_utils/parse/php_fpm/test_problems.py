# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of php-fpm's lines says why it does not start, and of which file."""

from typing import List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import (
    failure_of_test,
    start_failure,
)

MAIN, POOL = "/etc/php/8.2/fpm/php-fpm.conf", "/etc/php/8.2/fpm/pool.d/www.conf"
SYNTAX = "PHP:  syntax error, unexpected '(' in Unknown on line 1"
# php-fpm 8.2.36, Debian 12
INCLUDE = "[22-Nov-2026 23:27:17] ERROR: Unable to include %s from %s at line 491" % (POOL, MAIN)
LOAD = "[22-Nov-2026 23:27:17] ERROR: failed to load configuration file '%s'" % MAIN
POST = "[22-Nov-2026 23:27:17] ERROR: failed to post process the configuration"
INIT = "[22-Nov-2026 23:27:17] ERROR: FPM initialization failed"
LIMIT = "[22-Nov-2026 23:27:17] ERROR: log_limit must be greater than 512"


class TestPlace:
    @pytest.mark.parametrize(
        "lines, place",
        [
            ([SYNTAX, INCLUDE, LOAD, INIT], (POOL, 491)),
            ([SYNTAX, LOAD, INIT], (MAIN, None)),
            ([SYNTAX, INIT], (None, None)),
            (["ERROR: [%s:3] unknown entry 'nonsense'" % POOL, INCLUDE, LOAD], (POOL, 3)),
        ],
    )
    def test_the_line_behind_names_the_pool_file(
        self, lines: List[str], place: Tuple[Optional[str], Optional[int]]
    ) -> None:
        failure = start_failure(lines)
        assert failure is not None and (failure.file, failure.line) == place
        assert failure.text == lines[0] and failure.meaning == "bad_config"

    def test_a_pool_is_named_where_no_file_is(self) -> None:
        failure = start_failure(["ALERT: [pool shop] pm.max_children must be a positive value", POST])
        assert failure is not None and (failure.pool, failure.file) == ("shop", None)


class TestOfTest:
    def test_hit_the_account_that_is_missing(self) -> None:
        text = "ERROR: [pool shop] cannot get gid for group 'ghosts'"
        failure = failure_of_test(["NOTICE: something", text, INIT])
        assert failure is not None and failure["account"] == "ghosts"
        assert (failure["pool"], failure["text"], failure["file"]) == ("shop", text, None)

    def test_near_miss_a_fault_of_the_files(self) -> None:
        failure = failure_of_test([SYNTAX, INCLUDE, LOAD, INIT])
        assert failure is not None and (failure["file"], failure["line"]) == (POOL, 491)
        alone = start_failure([SYNTAX])
        assert alone is not None and (failure["kind"], failure["account"]) == (alone.kind, None)

    def test_decoy_all_is_well(self) -> None:
        assert failure_of_test(["NOTICE: configuration file %s test is successful" % MAIN]) is None


class TestChoice:
    def test_what_follows_from_it_is_not_the_cause(self) -> None:
        failure = start_failure([LIMIT, POST, INIT])
        assert failure is not None and (failure.text, failure.meaning) == (LIMIT, "bad_config")

    def test_of_unknown_errors_the_last_counts(self) -> None:
        failure = start_failure(["ERROR: one thing", "ERROR: another thing", INIT])
        assert failure is not None and (failure.text, failure.meaning) == (
            "ERROR: another thing",
            "other_error",
        )

    def test_near_miss_php_goes_on_after_a_fault_in_php_ini(self) -> None:
        assert (
            start_failure([SYNTAX.replace("Unknown on line 1", "/etc/php/8.2/fpm/php.ini on line 7")]) is None
        )

    def test_its_errno_and_its_path(self) -> None:
        line = "ERROR: failed to open error_log (/var/log/php8.2-fpm.log): Read-only file system (30)"
        failure = start_failure([line])
        assert failure is not None
        assert (failure.errno, failure.path) == (30, "/var/log/php8.2-fpm.log")
