# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of all configuration that a snapshot speaks of, and what is installed."""

from typing import Any, Dict

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.configuration import (
    FILE_BYTES,
    texts,
    versions,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import processes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.locked import lock
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FPM = "/etc/php/8.2/fpm"
SHOW = (
    "systemctl show --no-pager -p FragmentPath,DropInPaths,EnvironmentFiles"
    " -- nginx.service php8.2-fpm.service"
)
FILES: Dict[str, Any] = {
    "/etc/nginx/nginx.conf": "user www-data;\nhttp { include /etc/nginx/sites-enabled/*; }\n",
    "/etc/nginx/sites-enabled/shop": "server { listen 80; }\n",
    "/etc/nginx/htpasswd": "admin:s3cret",
    "/etc/ssl/private/shop.key": "s3cret",
    FPM + "/php-fpm.conf": "[global]\ninclude=%s/pool.d/*.conf\n" % FPM,
    FPM + "/pool.d/www.conf": "[www]\nuser = www-data\n",
    FPM + "/php.ini": "memory_limit = 128M\n",
    FPM + "/conf.d/10-opcache.ini": "zend_extension=opcache.so\n",
    "/lib/systemd/system/nginx.service": "[Service]\nType=forking\n",
    "/etc/systemd/system/nginx.service.d/x.conf": "[Service]\nEnvironment=A_KEY=s3cret\n",
    "/etc/default/nginx": "A_TOKEN=s3cret\n",
}
BLOCKS = (
    "FragmentPath=/lib/systemd/system/nginx.service\nDropInPaths=/etc/systemd/system/nginx.service.d/x.conf\n"
    "EnvironmentFiles=/etc/default/nginx (ignore_errors=yes)\n\nFragmentPath=\nDropInPaths=\n"
)


def host(**more: Any) -> FakeHost:
    facts: Dict[str, Any] = {"files": FILES, "commands": {SHOW: (0, BLOCKS, "")}, **more}
    return FakeHost(**facts)


def found(a_fake: FakeHost) -> Dict[str, str]:
    """The program of each path."""
    snapshot: Any = a_host("plain")
    return {text.path: text.program for text in texts(a_fake, snapshot["nginx"], snapshot["fpm"])}


class TestTexts:
    def test_each_file_has_its_program(self) -> None:
        programs = found(host())
        assert {path: programs[path] for path in programs if path.startswith("/")} == {
            "/etc/nginx/nginx.conf": "nginx",
            "/etc/nginx/sites-enabled/shop": "nginx",
            FPM + "/php-fpm.conf": "php-fpm",
            FPM + "/pool.d/www.conf": "php-fpm",
            FPM + "/php.ini": "php",
            FPM + "/conf.d/10-opcache.ini": "php",
            "/lib/systemd/system/nginx.service": "systemd",
            "/etc/systemd/system/nginx.service.d/x.conf": "systemd",
            "/etc/default/nginx": "environment",
        }

    def test_keys_and_files_of_passwords_are_not_read(self) -> None:
        assert not {"/etc/nginx/htpasswd", "/etc/ssl/private/shop.key"} & set(found(host()))

    def test_a_file_that_cannot_be_read_is_missing(self) -> None:
        a_fake = host(denied=[FPM + "/php.ini"])
        assert FPM + "/php.ini" not in found(a_fake)
        assert (FPM + "/php.ini", "Permission denied") in [
            (entry["path"], entry["why"]) for entry in a_fake.missing
        ]

    def test_a_long_one_is_cut_and_says_so(self) -> None:
        snapshot: Any = a_host("plain")
        files = {**FILES, FPM + "/php.ini": "x" * (FILE_BYTES + 1)}
        cut = [text for text in texts(host(files=files), snapshot["nginx"], snapshot["fpm"]) if text.cut]
        assert [(text.path, len(text.text)) for text in cut] == [(FPM + "/php.ini", FILE_BYTES)]

    def test_without_systemd_it_goes_on(self) -> None:
        a_fake = host(commands={})
        assert "/etc/nginx/nginx.conf" in found(a_fake)
        assert [entry["needs"] for entry in a_fake.missing if entry["what"] == "configuration"] == [
            "a running systemd"
        ]

    def test_an_environment_that_is_kept_is_missing(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(processes, "KEPT_SECONDS", (0.2,))
        snapshot: Any = a_host("plain")
        path = "/proc/%d/environ" % snapshot["nginx"]["master"]["pid"]
        a_fake = lock(host(files={**FILES, path: "A_TOKEN=s3cret\0"}), [path])
        assert "process" not in found(a_fake).values()
        assert ("configuration", path) in [(entry["what"], entry["path"]) for entry in a_fake.missing]


class TestVersions:
    QUERY = "dpkg-query -W -f ${binary:Package} ${Version} ${db:Status-Abbrev}\n nginx* php* libnginx*"

    def test_what_is_installed_is_named(self) -> None:
        snapshot: Any = a_host("plain")
        listed = "php8.2-fpm 8.2.1 ii \nnginx 1.22.1 ii \nphp-fpm-old  un \n"
        files = {"/etc/os-release": 'NAME=x\nPRETTY_NAME="Debian GNU/Linux 12"\n'}
        named = versions(FakeHost(files, {self.QUERY: (1, listed, "")}), snapshot["nginx"], snapshot["fpm"])
        assert named["packages"] == ["nginx 1.22.1 ii", "php8.2-fpm 8.2.1 ii"]
        assert (named["system"], named["php_fpm"]) == (["Debian GNU/Linux 12"], ["8.2"])

    def test_without_both_programs_that_is_missing(self) -> None:
        snapshot: Any = a_host("plain")
        a_fake = FakeHost()
        assert versions(a_fake, snapshot["nginx"], snapshot["fpm"])["packages"] == []
        assert a_fake.missing[0]["what"] == "packages"
