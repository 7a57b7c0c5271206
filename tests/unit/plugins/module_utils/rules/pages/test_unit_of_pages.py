# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of php-fpm's unit that explain an error of PHP."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.pages.test_php_error import (
    fatal,
    logged,
)

FORK = ": exec(): Unable to fork [php -v] in /a.php"
MYSQL = ": Uncaught Exception: SQLSTATE[HY000] [2002] No such file or directory in /a.php"
REDIS = (
    ": stream_socket_client(): Unable to connect to unix:///home/r/redis.sock (No such file or directory) in"
)
UPLOAD = ": File upload error - unable to create a temporary file in /a.php"
OPENED = ": file_put_contents(/tmp/cache/1): Failed to open stream: No such file or directory in /a.php"
PRIVATE = {"PrivateTmp": "yes"}


def first(text: str, sockets: Any = (), mounts: Any = (), **unit: Any) -> str:
    """Where the evidence begins, on a host each page of which ends with this error."""
    host: Host = logged(fatal(text)).with_unit(**unit)
    host.with_master(unseen={"mounts": list(mounts), "sockets": list(sockets)})
    item = hosts.only(host)
    assert item["reason"] == "every_page"
    return str(item["evidence"][0]["text"])


class TestProcesses:
    @pytest.mark.parametrize("text", [FORK, ": shell_exec(): Unable to execute 'php -v' in /a.php"])
    def test_hit_the_unit_has_few(self, text: str) -> None:
        assert " has LimitNPROC=2, beyond which " in first(text, limits={"LimitNPROC": "2"})

    def test_near_miss_the_unit_has_enough(self) -> None:
        assert "FastCGI sent" in first(FORK, limits={"RuntimeMaxSec": "3h"})

    @pytest.mark.parametrize("name", ["TasksMax", "LimitNPROC"])
    def test_near_miss_a_default_that_no_pool_reaches(self, name: str) -> None:
        assert "FastCGI sent" in first(FORK, limits={name: "550"})
        assert " has %s=9, beyond which " % name in first(FORK, limits={name: "9"})

    def test_decoy_the_program_is_not_there(self) -> None:
        text = ": Uncaught Exception: sh: 1: /opt/convert: not found in /a.php"
        assert "FastCGI sent" in first(text, limits={"LimitNPROC": "2"})


class TestJail:
    NAME = ": Uncaught RedisException: php_network_getaddresses: getaddrinfo failed: Name in /a.php"

    def jailed(self, text: str, chroot: Any) -> str:
        host = logged(fatal(text)).with_pool(chroot=chroot)
        return str(hosts.only(host)["evidence"][0]["text"])

    def test_hit_a_name_is_looked_up_in_a_chroot(self) -> None:
        assert "pool www has chroot = /srv/jail, and looks names up" in self.jailed(self.NAME, "/srv/jail")

    def test_hit_the_socket_of_the_database_is_outside(self) -> None:
        text = self.jailed(MYSQL, "/srv/jail")
        assert "pool www has chroot = /srv/jail: the socket of a database is looked for in it" in text

    @pytest.mark.parametrize("text", [NAME, MYSQL])
    def test_near_miss_there_is_no_chroot(self, text: str) -> None:
        assert "FastCGI sent" in self.jailed(text, None)

    def test_decoy_another_error(self) -> None:
        assert "FastCGI sent" in self.jailed(": Uncaught RedisException: READONLY in /a.php", "/srv/jail")


class TestSockets:
    def test_hit_a_database_in_tmp(self) -> None:
        text = first(MYSQL, ["/tmp/mysql.sock"], sandbox=PRIVATE)
        assert " has PrivateTmp=yes, so that php-fpm does not see /tmp/mysql.sock" in text

    def test_hit_a_socket_that_php_names(self) -> None:
        text = first(REDIS, ["/home/r/redis.sock"], sandbox={"ProtectHome": "tmpfs"})
        assert " has ProtectHome=tmpfs, so " in text

    def test_near_miss_nothing_listens_there(self) -> None:
        assert "FastCGI sent" in first(MYSQL, sandbox=PRIVATE)

    def test_decoy_another_program_listens_in_tmp(self) -> None:
        assert "FastCGI sent" in first(MYSQL, ["/tmp/ssh-x/agent.1"], sandbox=PRIVATE)


class TestBrokenIni:
    LINE = "php-fpm[75]: PHP:  syntax error, unexpected '(' in /etc/php/8.2/fpm/php.ini on line 1857"
    SOURCE = (
        ": Uncaught Error: Failed opening required 'shop.php' (include_path='.:/usr/share/php') in /a.php"
    )

    def first(self, line: str, ago: float = 0.0, source: str = SOURCE) -> str:
        host = logged(fatal(source))
        loaded = hosts.master(host)["loaded_at"]
        host.journal_at((loaded - ago, line))
        return str(hosts.only(host)["evidence"][0]["text"])

    def test_hit_at_its_last_start(self) -> None:
        assert self.first(self.LINE, 1.0).endswith("unexpected '(' in /etc/php/8.2/fpm/php.ini on line 1857")

    def test_near_miss_at_a_start_before(self) -> None:
        assert "FastCGI sent" in self.first(self.LINE, 60.0)

    @pytest.mark.parametrize("old", ["PHP:  ", "/etc/php/8.2/fpm/php.ini"])
    def test_decoy_a_fault_of_another_kind(self, old: str) -> None:
        """A script's own, and one in a file of php-fpm's, which it does not start with."""
        assert "FastCGI sent" in self.first(self.LINE.replace(old, "Unknown"))


class TestDeletedMounts:
    @pytest.mark.parametrize("text", [UPLOAD, OPENED])
    def test_hit_its_tmp_was_deleted(self, text: str) -> None:
        words = first(text, mounts=["/tmp"], sandbox=PRIVATE)
        assert "mounted on /tmp was deleted" in words and words.endswith("(PrivateTmp=yes)")

    def test_near_miss_another_mount_was_deleted(self) -> None:
        assert "FastCGI sent" in first(UPLOAD, mounts=["/srv/import"], sandbox=PRIVATE)

    def test_decoy_the_error_is_of_another_kind(self) -> None:
        assert "FastCGI sent" in first(" in /a.php on line 3", mounts=["/tmp"], sandbox=PRIVATE)

    def test_an_old_snapshot_has_no_such_fact(self) -> None:
        host = logged(fatal(UPLOAD)).with_unit(sandbox=PRIVATE)
        assert "FastCGI sent" in hosts.only(host)["evidence"][0]["text"]
