# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found wrong in a configuration, by ourselves or by php-fpm -t that leaves no trace."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import config_check
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters as fpm
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    NOW,
    Debian,
    a_host,
    pid_of,
)


class TestTest:
    """Where php-fpm -t runs, and with what."""

    def test_the_pid_files_time_shows_an_unloaded_change(self, no_php_fpm: List[List[str]]) -> None:
        for loaded, newer in ((NOW - 60, True), (NOW - 10, False)):
            host = (
                a_host()
                .file("/run/php/php8.2-fpm.pid", str(pid_of("8.2-debian12", "master")))
                .changed("/etc/php/8.2/fpm/php-fpm.conf", NOW - 30)
                .changed("/run/php/php8.2-fpm.pid", loaded)
            )
            master = fpm.collect_fpm(host)["masters"][0]
            assert (master["loaded_at"], master["config_newer"], master["test"]["ran"]) == (
                loaded,
                newer,
                newer,
            )
        assert len(no_php_fpm) == 1

    def test_every_log_of_the_configuration_is_overridden(self, no_php_fpm: List[List[str]]) -> None:
        pool = (
            "[www]\naccess.log = /var/log/a\n[slow]\nslowlog = /var/log/s\nuser = x\n"
            "listen = /run/s.sock\npm = static\npm.max_children = 1\n"
        )
        fpm.collect_fpm(a_host().file("/etc/php/8.2/fpm/pool.d/x.conf", pool), test="always")
        argv = no_php_fpm[0]
        assert argv[:4] == ["/usr/sbin/php-fpm8.2", "-n", "-t", "-y"]
        assert argv[4].endswith(
            "\n[global]\nerror_log = /dev/null\n[www]\naccess.log = /dev/null\n[slow]\nslowlog = /dev/null\n"
        )

    def test_why_it_refuses_is_a_field_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = "ERROR: [pool www] pm.max_children must be a positive value\n" + "NOTICE: more\n" * 20
        monkeypatch.setattr(config_check, "run_on_pipe", lambda *_: Ran(78, text, ""))
        test = fpm.collect_fpm(a_host(), test="always")["masters"][0]["test"]
        assert test["failure"] is not None and test["failure"]["pool"] == "www"
        assert len(test["output"]) == config_check.MOST_LINES and not test["ok"]

    def test_a_command_reads_what_was_put_on_its_pipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        ran = config_check.run_on_pipe(["/bin/cat"], "one\ntwo\n")
        assert (ran.rc, ran.out) == (0, "one\ntwo\n")
        assert config_check.run_on_pipe(["/bin/echo"], "").out == "{config}\n"
        assert config_check.run_on_pipe(["/nonexistent"], "").rc is None
        assert "does not hold" in config_check.run_on_pipe(["/bin/cat"], "x" * 2000000).err

    @pytest.mark.parametrize(
        "host, why",
        [
            (a_host().for_a_user(), "only root"),
            (a_host().not_running().without("/usr/sbin/php-fpm8.2"), "no php-fpm program"),
            (a_host().file("/etc/php/8.2/fpm/php-fpm.conf", "[global]\npid = ${X}\n"), "${...}"),
            (a_host().file("/etc/php/8.2/fpm/php-fpm.conf", ";" * 70000), "larger than"),
        ],
    )
    def test_no_test_where_it_could_not_be_trusted(
        self, host: Debian, why: str, no_php_fpm: List[List[str]]
    ) -> None:
        master = fpm.collect_fpm(host, test="always")["masters"][0]
        assert not master["test"]["ran"] and why in master["test"]["why"]
        assert no_php_fpm == []


class TestProblems:
    """What our own reading finds."""

    def test_a_file_that_may_not_be_read_is_missing(self) -> None:
        path = "/etc/php/8.2/fpm/pool.d/www.conf"
        host = a_host().for_a_user(path)
        master = fpm.collect_fpm(host)["masters"][0]
        assert {
            "what": "fpm_config",
            "path": path,
            "why": "Permission denied",
            "needs": "root",
        } in host.missing
        assert [error["text"] for error in master["config_errors"]] == []

    def test_a_log_directory_that_is_gone_is_a_problem(self) -> None:
        host = a_host().not_running().without("/var/log/php8.2-fpm.log")
        assert (
            fpm.collect_fpm(host)["masters"][0]["config_errors"][0]["text"]
            == "failed to open error_log (/var/log/php8.2-fpm.log): No such file or directory (2)"
        )

    def test_a_pool_of_an_unknown_account_is_a_problem(self) -> None:
        host = a_host("7.4-debian11").not_running().has_accounts(root=(0, 0, [0]))
        assert [error["text"] for error in fpm.collect_fpm(host)["masters"][0]["config_errors"]] == [
            "[pool www] cannot get uid for user 'www-data'"
        ]
        running = a_host("7.4-debian11").has_accounts(root=(0, 0, [0]))
        assert fpm.collect_fpm(running)["masters"][0]["config_errors"] == []

    def test_an_include_from_a_directory_that_is_gone(self) -> None:
        host = a_host().not_running().without("/etc/php/8.2/fpm/pool.d/www.conf")
        texts = [error["text"] for error in fpm.collect_fpm(host)["masters"][0]["config_errors"]]
        assert texts[0] == "Unable to globalize '/etc/php/8.2/fpm/pool.d/*.conf': No such file or directory"
