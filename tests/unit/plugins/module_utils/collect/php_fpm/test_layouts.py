# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each packaging keeps its files."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.layouts import (
    layout_of,
    version_in,
)


class TestLayouts:
    @pytest.mark.parametrize(
        "config, layout, binary, unit, prefix, version",
        [
            (
                "/etc/php/8.3/fpm/php-fpm.conf",
                "debian",
                "/usr/sbin/php-fpm8.3",
                "php8.3-fpm.service",
                "/usr",
                "8.3",
            ),
            ("/etc/php-fpm.conf", "el", "/usr/sbin/php-fpm", "php-fpm.service", "/usr", None),
            (
                "/etc/opt/remi/php82/php-fpm.conf",
                "remi",
                "/opt/remi/php82/root/usr/sbin/php-fpm",
                "php82-php-fpm.service",
                "/opt/remi/php82/root/usr",
                "8.2",
            ),
            (
                "/opt/cpanel/ea-php81/root/etc/php-fpm.conf",
                "cpanel",
                "/opt/cpanel/ea-php81/root/usr/sbin/php-fpm",
                "ea-php81-php-fpm.service",
                "/opt/cpanel/ea-php81/root/usr",
                "8.1",
            ),
            (
                "/opt/plesk/php/8.2/etc/php-fpm.conf",
                "plesk",
                "/opt/plesk/php/8.2/sbin/php-fpm",
                "plesk-php82-fpm.service",
                "/opt/plesk/php/8.2",
                "8.2",
            ),
            ("/etc/php83/php-fpm.conf", "alpine", "/usr/sbin/php-fpm83", None, "/usr", "8.3"),
            ("/usr/local/etc/php-fpm.conf", "docker", "/usr/local/sbin/php-fpm", None, "/usr/local", None),
            (
                "/opt/bitnami/php/etc/php-fpm.conf",
                "bitnami",
                "/opt/bitnami/php/sbin/php-fpm",
                None,
                "/opt/bitnami/php",
                None,
            ),
            (
                "/www/server/php/82/etc/php-fpm.conf",
                "aapanel",
                "/www/server/php/82/sbin/php-fpm",
                "php-fpm-82.service",
                "/www/server/php/82",
                "8.2",
            ),
            (
                "/usr/local/php/etc/php-fpm.conf",
                "lnmp",
                "/usr/local/php/sbin/php-fpm",
                "php-fpm.service",
                "/usr/local/php",
                None,
            ),
            (
                "/usr/local/php7.4/etc/php-fpm.conf",
                "local",
                "/usr/local/php7.4/sbin/php-fpm",
                "php-fpm7.4.service",
                "/usr/local/php7.4",
                "7.4",
            ),
            (
                "/usr/local/php82/etc/php-fpm.conf",
                "local",
                "/usr/local/php82/sbin/php-fpm",
                "php-fpm82.service",
                "/usr/local/php82",
                "8.2",
            ),
            (
                "/etc/opt/rh/rh-php73/php-fpm.conf",
                "scl",
                "/opt/rh/rh-php73/root/usr/sbin/php-fpm",
                "rh-php73-php-fpm.service",
                "/opt/rh/rh-php73/root/usr",
                "7.3",
            ),
            # deploy scripts for Webuzo: they test this program, and restart this unit
            (
                "/usr/local/apps/php84/etc/php-fpm.conf",
                "webuzo",
                "/usr/local/apps/php84/sbin/php-fpm",
                "php-fpm84.service",
                "/usr/local/apps/php84",
                "8.4",
            ),
            # CentOS Web Panel's build script of each version, which copies php-src's php-fpm.service
            (
                "/opt/alt/php-fpm83/usr/etc/php-fpm.conf",
                "cwp",
                "/opt/alt/php-fpm83/usr/sbin/php-fpm",
                "php-fpm83.service",
                "/opt/alt/php-fpm83/usr",
                "8.3",
            ),
            # gentoo/gentoo: dev-lang/php/files/php-fpm_at.service, its ebuilds' --prefix, and
            # app-eselect/eselect-php/files/php-fpm-launcher-r3
            (
                "/etc/php/fpm-php8.2/php-fpm.conf",
                "gentoo",
                "/usr/lib64/php8.2/bin/php-fpm",
                "php-fpm@8.2.service",
                "/usr/lib64/php8.2",
                "8.2",
            ),
            ("/srv/fpm.conf", "unknown", "", None, "/usr", None),
        ],
    )
    def test_a_configuration_has_the_places_of_its_packaging(
        self, config: str, layout: str, binary: str, unit: str, prefix: str, version: str
    ) -> None:
        row = layout_of(config)
        assert (row.name, row.binary, row.unit, row.prefix) == (layout, binary, unit, prefix)
        assert version_in(row.binary, config, row.unit) == version

    @pytest.mark.parametrize(
        "config, start",
        [
            ("/www/server/php/82/etc/php-fpm.conf", "/etc/init.d/php-fpm-82 start"),
            ("/usr/local/php7.4/etc/php-fpm.conf", "/etc/init.d/php-fpm7.4 start"),
            ("/etc/php83/php-fpm.conf", "/etc/init.d/php-fpm83 start"),
            # app-eselect/eselect-php/files/php-fpm.init-r4: the name of the service says the slot
            ("/etc/php/fpm-php8.2/php-fpm.conf", "/etc/init.d/php-fpm-php8.2 start"),
            ("/opt/bitnami/php/etc/php-fpm.conf", "/opt/bitnami/ctlscript.sh start php-fpm"),
            ("/etc/php-fpm.conf", None),
        ],
    )
    def test_a_packaging_has_its_own_way_to_start_it(self, config: str, start: str) -> None:
        assert layout_of(config).start == start

    def test_an_unknown_configuration_goes_by_its_program(self) -> None:
        assert (
            layout_of("/srv/fpm.conf", "/opt/remi/php81/root/usr/sbin/php-fpm").prefix
            == "/opt/remi/php81/root/usr"
        )
        assert layout_of("/srv/fpm.conf", "/usr/sbin/php-fpm").name == "el"
        assert layout_of("/srv/fpm.conf", "/usr/sbin/php-fpm8.2")[0:5:4] == ("debian", None)
