# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of systemctl and journalctl, from systemd 247, 252 and 257."""

import os
from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.systemctl import (
    command_option,
    exec_start,
    parse_journal,
    parse_show,
    refused_to_start,
    unit_facts,
)

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "fixtures", "units")
HOSTS = ["247-debian11", "252-debian12", "257-debian13"]


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def fpm(host: str, case: str) -> Dict[str, Any]:
    return unit_facts(parse_show(fixture("%s-%s.show" % (host, case)))[0], 1795386310.0)


@pytest.mark.parametrize("host", HOSTS)
def test_each_state_is_told_apart(host: str) -> None:
    seen = {case: fpm(host, case) for case in ("active", "stopped", "failed", "masked", "start-limit-hit")}
    assert [seen[case]["active"] for case in ("active", "stopped", "start-limit-hit")] == ["active", "inactive", "failed"]
    assert (seen["masked"]["load"], seen["masked"]["enabled"]) == ("masked", "masked")
    assert (seen["failed"]["result"], seen["failed"]["exec_main_code"], seen["failed"]["exec_main_status"]) == ("exit-code", 1, 78)
    assert seen["active"]["main_pid"] > 1 and seen["stopped"]["main_pid"] == 0
    assert seen["active"]["restart"] == ("on-failure" if host.startswith("257") else "no")
    assert seen["failed"]["active"] == ("activating" if host.startswith("257") else "failed")


def test_a_killed_master_is_told_by_its_signal() -> None:
    killed = fpm("252-debian12", "killed")
    assert (killed["result"], killed["exec_main_code"], killed["exec_main_status"]) == ("signal", 2, 9)


@pytest.mark.parametrize("host", HOSTS)
def test_times_come_from_the_monotonic_clock_and_never_set_ones_are_none(host: str) -> None:
    active, stopped = fpm(host, "active"), fpm(host, "stopped")
    assert active["inactive_since"] is None
    assert active["active_since"] == pytest.approx(1795387247.0, abs=5)
    assert stopped["inactive_since"] == stopped["changed_at"] > active["changed_at"]


@pytest.mark.parametrize("host", HOSTS)
def test_one_call_answers_for_several_units_in_order(host: str) -> None:
    blocks = parse_show(fixture(host + "-active.show"))
    assert [block["Id"] for block in blocks][1:] == ["nginx.service", "nosuch-fpm.service"]
    assert unit_facts(blocks[2], 0.0)["load"] == "not-found"


@pytest.mark.parametrize("host", HOSTS)
def test_the_start_limit_shows_in_the_journal_and_not_in_result(host: str) -> None:
    assert fpm(host, "start-limit-hit")["result"] == "exit-code"
    assert refused_to_start(parse_journal(fixture(host + "-start-limit-hit.journal")))
    assert not refused_to_start(parse_journal(fixture(host + "-failed.journal")))
    assert not refused_to_start(parse_journal(fixture(host + "-killed.journal"))), "a later start went through"


def test_a_journal_line_has_its_time_and_its_text_without_the_host() -> None:
    lines = parse_journal(fixture("252-debian12-failed.journal"))
    assert lines[-1]["text"].startswith("systemd[1]: Failed to start php8.2-fpm.service")
    assert lines[-1]["at"] == pytest.approx(1795388410.874, abs=0.01)
    assert parse_journal("-- Boot 1 --\nno time\n") == []


def test_secrets_leave_the_journal_redacted() -> None:
    assert "hunter2" not in parse_journal('1.5 host php-fpm[1]: NOTICE: env[PASS] = "hunter2"')[0]["text"]


@pytest.mark.parametrize("command, config, prefix", [
    ("/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf", "/etc/php/8.2/fpm/php-fpm.conf", None),
    ("/usr/sbin/php-fpm -F -y /srv/fpm.conf -p /srv", "/srv/fpm.conf", "/srv"),
    ("/usr/sbin/php-fpm --fpm-config=/srv/fpm.conf --prefix=/srv", "/srv/fpm.conf", "/srv"),
    ("/opt/php-y/sbin/php-fpm --nodaemonize", None, None),
    (None, None, None),
])
def test_php_fpms_own_options_are_read_from_a_command(command: str, config: str, prefix: str) -> None:
    assert command_option(command, "config") == config
    assert command_option(command, "prefix") == prefix


@pytest.mark.parametrize("argv, told", [
    ("/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/a.conf", "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/a.conf"),
    ("/usr/sbin/php-fpm -d mysqli.default_pw=hunter2 -F -y /etc/a.conf", "/usr/sbin/php-fpm -F -y /etc/a.conf"),
    ("/usr/sbin/php-fpm -dx=hunter2 -p/srv --define y=hunter2 hunter2", "/usr/sbin/php-fpm -p/srv"),
    ("/bin/sh -c SECRET=hunter2 exec php-fpm -phunter2", "/bin/sh"),
])
def test_of_a_command_only_what_tells_the_configuration_is_kept(argv: str, told: str) -> None:
    assert exec_start({"ExecStart": "{ path=/x ; argv[]=%s ; ignore_errors=no ; }" % argv}) == told
