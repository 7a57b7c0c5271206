# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools that have chroots of their own, and one opcache."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.opcache import note_jails
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG, POOL = "/etc/php/8.2/fpm/php-fpm.conf", "/etc/php/8.2/fpm/pool.d/a.conf"
LOADED = "; a comment\nzend_extension=opcache.so\n"


def notes(opcache: str = LOADED, ini: str = "", pool: str = "") -> List[Any]:
    texts = {"/etc/php/8.2/fpm/php.ini": ini, "/etc/php/8.2/fpm/conf.d/10-opcache.ini": opcache, POOL: pool}
    host = FakeHost(files=texts)
    pools: Any = [{"name": name, "file": POOL, "chroot": chroot} for name, chroot in JAILS]
    note_jails(host, CONFIG, pools)
    return [entry["what"] for entry in host.missing]


JAILS = [("shop", "/srv/shop"), ("blog", "/srv/blog"), ("www", None)]


class TestJails:
    @pytest.mark.parametrize(
        "ini",
        ["", "opcache.validate_root = 0\n", ";opcache.validate_root=1\n", "opcache.validate_permission=1\n"],
    )
    def test_hit_opcache_takes_two_scripts_for_one(self, ini: str) -> None:
        assert notes(ini=ini) == ["shared_cache"]

    def test_hit_the_pools_are_named(self) -> None:
        host = FakeHost(files={"/etc/php/8.2/fpm/php.ini": LOADED})
        pools: Any = [{"name": name, "file": POOL, "chroot": chroot} for name, chroot in JAILS]
        note_jails(host, CONFIG, pools)
        assert "pools shop, blog have chroots" in host.missing[0]["why"]

    @pytest.mark.parametrize("value", ["1", "On", '"yes"'])
    def test_near_miss_it_tells_them_apart(self, value: str) -> None:
        assert notes(ini="opcache.validate_root = %s\n" % value) == []
        assert notes(pool="php_admin_flag[opcache.validate_root] = %s\n" % value) == []

    @pytest.mark.parametrize("opcache", ["", ";zend_extension=opcache.so\n", LOADED + "opcache.enable=0\n"])
    def test_near_miss_there_is_no_opcache(self, opcache: str) -> None:
        assert notes(opcache) == []
