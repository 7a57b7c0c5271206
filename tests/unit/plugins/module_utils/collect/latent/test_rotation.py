# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What logrotate does to the logs of a host."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.log_writers import outputs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.rotation import collect
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
POOL = "[www]\nuser = www-data\nlisten = /run/php/a.sock\n"
MAIN = "create\ninclude /etc/logrotate.d\n"
REOPEN = "postrotate\n kill -USR1 $(cat /run/nginx.pid)\nendscript\n"
ERROR, PHP = "/var/log/nginx/error.log", "/var/log/php/error.log"


def stat(mode: int, uid: int = 0, gid: int = 0, kind: str = "file") -> Stat:
    return Stat(kind, mode, uid, gid, 10, 0.0, 1, 1)


def machine(pool: str = POOL, stats: Optional[Dict[str, Stat]] = None, **stanzas: str) -> Built:
    """stanzas: texts of files in /etc/logrotate.d."""
    files = {"/etc/logrotate.conf": MAIN, CONFIG: "include=/etc/php/8.2/fpm/pool.d/*.conf\n", ERROR: "x"}
    files.update({"/etc/php/8.2/fpm/pool.d/www.conf": pool, PHP: "x", "/etc/group": "root:x:0:\nadm:x:4:\n"})
    files.update({"/etc/logrotate.d/" + name: text for name, text in stanzas.items()})
    return Built(files, stats=stats or {})


def the_host() -> Host:
    host = a_host().with_master(config=CONFIG, prefix="/", error_log="/var/log/php8.2-fpm.log")
    host.with_pool(user="www-data", chroot=None, access_log=None)
    return host.with_nginx(error_logs=[ERROR], site_logs=[], user="www-data", running=True)


def look(there: Built, host: Optional[Host] = None) -> Any:
    return collect(there, host or the_host())


def row(there: Built, path: str = ERROR, host: Optional[Host] = None) -> Any:
    return next((log for log in look(there, host)["logs"] if log["path"] == path), None)


NGINX = "/var/log/nginx/*.log {\n create 0640 %s\n " + REOPEN + "}\n"
OF_PHP = POOL + "php_admin_value[error_log] = %s\n" % PHP


class TestHooks:
    def test_hit_a_reload_wherever_it_stands(self) -> None:
        text = "/var/log/app.log {\n postrotate\n  systemctl reload php8.2-fpm\n endscript\n}\n"
        (hook,) = look(machine(app=text))["hooks"]
        assert (hook["program"], hook["what"], hook["config"]) == ("php-fpm", "reload", CONFIG)
        assert (hook["file"], hook["line"]) == ("/etc/logrotate.d/app", 3)

    def test_hit_in_a_script_that_is_roots(self) -> None:
        there = machine(app="/a.log {\n postrotate\n /opt/hook\n endscript\n}\n")
        there.file("/opt/hook", "#!/bin/sh\nsystemctl restart php8.2-fpm\n")
        assert [(hook["what"], hook["config"]) for hook in look(there)["hooks"]] == [("restart", None)]
        # Of a script that others can write nothing is believed.
        there.stated("/opt/hook", stat(0o777))
        assert look(there)["hooks"] == []

    def test_near_miss_a_file_that_logrotate_ignores(self) -> None:
        text = "/a.log {\n postrotate\n systemctl reload php8.2-fpm\n endscript\n}\n"
        assert look(machine(**{"app.dpkg-old": text}))["hooks"] == []
        assert look(machine(POOL, {"/etc/logrotate.d/app": stat(0o664)}, app=text))["hooks"] == []

    def test_near_miss_a_file_that_a_duplicate_spoils(self) -> None:
        second = "%s {\n postrotate\n systemctl reload php8.2-fpm\n endscript\n}\n" % ERROR
        assert look(machine(a=NGINX % "www-data adm", b=second))["hooks"] == []


class TestNginx:
    def test_decoy_stock(self) -> None:
        log = row(machine(a=NGINX % "www-data adm"))
        assert (log["barred"], log["created"]) == (None, "0640 www-data adm")
        assert [hook["what"] for hook in log["hooks"]] == ["reopen"]

    def test_near_miss_its_master_is_root_and_gives_the_file_on(self) -> None:
        assert row(machine(a=NGINX % "root root"))["barred"] is None

    def test_hit_its_workers_cannot_search_the_directory(self) -> None:
        shut = {"/var/log/nginx": stat(0o700, kind="directory")}
        barred = row(machine(a=NGINX % "root root", stats=shut))["barred"]
        names = ("kind", "user", "path", "mode")
        wanted = ["closed_directory", "www-data", "/var/log/nginx", "0700"]
        assert [barred[name] for name in names] == wanted

    @pytest.mark.parametrize(
        "mode, gid, kind", [(0o775, 4, "open_to_group"), (0o777, 0, "open_to_all"), (0o775, 0, None)]
    )
    def test_a_directory_that_others_can_write(self, mode: int, gid: int, kind: Optional[str]) -> None:
        folder = {"/var/log/nginx": stat(mode, 33, gid, "directory")}
        barred = row(machine(a=NGINX % "www-data adm", stats=folder))["barred"]
        assert (barred and barred["kind"]) == kind
        there = machine(
            a=(NGINX % "www-data adm").replace("create", "su www-data adm\n create"), stats=folder
        )
        assert row(there)["barred"] is None

    def test_hit_su_as_one_who_cannot(self) -> None:
        there = machine(a=(NGINX % "www-data adm").replace("create", "su www-data adm\n create"))
        barred = row(there)["barred"]
        assert (barred["kind"], barred["user"]) == ("su_denied", "www-data")

    def test_hit_an_ordinary_accounts_own(self) -> None:
        host = the_host().with_nginx(account="www-data")
        barred = row(machine(a=NGINX % "root root"), host=host)["barred"]
        assert (barred["kind"], barred["mode"], barred["owner"]) == ("closed_file", "0640", "root")

    def test_a_log_that_nobody_rotates(self) -> None:
        assert row(machine()) is None


class TestPhp:
    STANZA = "/var/log/php/*.log {\n%s\n}\n"

    @pytest.mark.parametrize(
        "create, unwritable",
        [
            ("create 0640 root adm", True),
            ("create 0600 root root", True),
            ("nocreate", True),
            ("create 0640 www-data adm", False),
            ("create 0666 root root", False),
            ("create", False),  # as it is
            ("copytruncate", False),
        ],
    )
    def test_of(self, create: str, unwritable: bool) -> None:
        there = machine(OF_PHP, {PHP: stat(0o640, 33, 4)}, a=self.STANZA % create)
        assert bool(row(there, PHP)["barred"]) is unwritable

    def test_near_miss_its_directory_is_its_own(self) -> None:
        stats = {PHP: stat(0o640, 33, 4), "/var/log/php": stat(0o755, 33, 0, "directory")}
        assert row(machine(OF_PHP, stats, a=self.STANZA % "nocreate"), PHP)["barred"] is None

    def test_hit_by_php_ini(self) -> None:
        there = machine(POOL, {PHP: stat(0o640, 33, 4)}, a=self.STANZA % "create 0640 root adm")
        there.file("/etc/php/8.2/fpm/php.ini", "; error_log = x\n error_log = %s\n" % PHP)
        log = row(there, PHP)
        assert log["barred"] == {
            "kind": "closed_file",
            "path": PHP,
            "mode": "0640",
            "user": "www-data",
            "owner": "root",
            "group": "adm",
        }
        assert (log["writer"], log["pool"], log["by"]) == ("PHP", "www", "www-data")


class TestOutputs:
    def test_the_pools_own_comes_before_php_ini(self) -> None:
        there = machine(POOL + "php_admin_value[error_log] = /dev/stderr\n")
        there.file("/etc/php/8.2/fpm/php.ini", "error_log = /b\n")
        (output,) = outputs(there, the_host()["fpm"]["masters"][0])
        assert (output["error_log"], output["line"]) == ("/dev/stderr", 4)

    def test_an_application_that_logs_there(self) -> None:
        there = machine(POOL + "env[SECRET] = stderr\nenv[LOG_CHANNEL] = stderr\n")
        (output,) = outputs(there, the_host()["fpm"]["masters"][0])
        assert (output["error_log"], output["line"]) == ("php://stderr", 5)
        (output,) = outputs(machine(POOL + "env[SECRET] = stderr\n"), the_host()["fpm"]["masters"][0])
        assert output["error_log"] is None

    def test_nothing_is_set(self) -> None:
        (output,) = outputs(machine(), the_host()["fpm"]["masters"][0])
        assert output["error_log"] is None
