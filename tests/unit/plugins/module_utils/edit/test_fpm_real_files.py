# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration, on Debian's own files and on a tricky configuration."""

import glob
import os
from typing import Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.fpm_files import (
    CHILDREN,
    FIXTURES,
    LIMIT,
    edited,
    fixture,
    parse,
)


class TestDebian:
    @pytest.mark.parametrize("host", ["7.4-debian11", "8.2-debian12", "8.4-debian13"])
    def test_its_file_changes_as_a_person_would_change_it(self, host: str) -> None:
        name = "/etc/php/%s/fpm/" % host.split("-")[0]
        files = {
            name + "php-fpm.conf": fixture(host + "-php-fpm.conf"),
            name + "pool.d/www.conf": fixture(host + "-www.conf"),
        }
        text = files[name + "pool.d/www.conf"]
        expected = text
        for old, new in [
            ("\npm.max_children = 5\n", "\npm.max_children = 12\n"),
            ("\nlisten.owner = www-data\n", "\nlisten.owner = nginx\n"),
            ("\n;listen.mode = 0660\n", "\n;listen.mode = 0660\nlisten.mode = 0600\n"),
            ("\n;pm.max_requests = 500\n", "\n;pm.max_requests = 500\npm.max_requests = 250\n"),
            (
                "\n;php_admin_value[memory_limit] = 32M\n",
                "\n;php_admin_value[memory_limit] = 32M\nphp_admin_value[memory_limit] = 96M\n",
            ),
        ]:
            assert expected.count(old) == 1
            expected = expected.replace(old, new)
        settings = [
            (CHILDREN, "12"),
            ("listen.owner", "nginx"),
            ("listen.mode", "0600"),
            ("pm.max_requests", "250"),
            (LIMIT, "96M"),
        ]
        assert edited(files, "www", settings) == {name + "pool.d/www.conf": expected}
        main = files[name + "php-fpm.conf"]
        default = "\n; process.max = 128\n"
        assert edited(files, None, [("process.max", "64")]) == {
            name + "php-fpm.conf": main.replace(default, default + "process.max = 64\n")
        }


def tricky() -> Dict[str, str]:
    base = os.path.join(FIXTURES, "tricky")
    names = ["php-fpm.conf"] + sorted(os.path.relpath(path, base) for path in glob.glob(base + "/*/*.conf"))
    files = {"/srv/fpm/" + name: fixture("tricky/" + name) for name in names}
    files["/srv/fpm/pool.d/10-alpha.conf"] = files["/srv/fpm/pool.d/10-alpha.conf"].replace("\n", "\r\n")
    return files


class TestTricky:
    def test_each_directive_can_be_changed_alone(self) -> None:
        files = tricky()
        conf = parse(files)
        tried = 0
        for section in [conf.top] + conf.pools:
            pool = None if section is conf.top else section.name
            for key, setting in section.settings.items():
                value = "/other"
                if section.flag(key, False):
                    value = "no"
                elif key in ("daemonize", "clear_env"):
                    value = "yes"
                after = dict(files, **edited(files, pool, [(key, value)]))
                changed = [
                    (path, number)
                    for path in files
                    for number, (old, new) in enumerate(
                        zip(files[path].split("\n"), after[path].split("\n")), 1
                    )
                    if old != new
                ]
                assert changed == [(setting.file, setting.line)]
                assert [text.count("\n") for text in after.values()] == [
                    text.count("\n") for text in files.values()
                ]
                tried += 1
        assert tried == 44

    def test_a_section_that_goes_on_is_changed_there(self) -> None:
        files = tricky()
        main, alpha, more = "/srv/fpm/php-fpm.conf", "/srv/fpm/pool.d/10-alpha.conf", "/srv/fpm/more/10.conf"
        assert edited(files, "gamma", [("pm.max_requests", "5")]) == {
            main: files[main].replace("= 77", "= 5")
        }
        assert edited(files, "ALPHA", [("request_terminate_timeout", "30s")]) == {
            more: files[more].replace("= 90\n", "= 30s\n")
        }
        assert edited(files, "alpha", [(LIMIT, "80M")]) == {alpha: files[alpha].replace("64M", "80M")}
        assert edited(files, "alpha", [("pm.max_requests", "5")]) == {
            alpha: files[alpha].replace(
                "; the last one wins\r\n", "; the last one wins\r\npm.max_requests = 5\r\n"
            )
        }
