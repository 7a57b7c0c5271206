# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of extensions."""

from __future__ import annotations

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.extension_packages import package_of
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import finding


class TestPackages:
    @pytest.mark.parametrize(
        "extension,unit,package",
        [
            ("mbstring", "php8.2-fpm.service", "php8.2-mbstring"),
            ("mysqli", "php8.4-fpm.service", "php8.4-mysql"),
            ("tokenizer", "php7.4-fpm.service", "php7.4-common"),
            ("Redis", "php8.4-fpm.service", "php8.4-redis"),
            ("apcu", "php7.4-fpm.service", "php7.4-apcu or php-apcu"),
            ("mysqli", "php-fpm.service", "php-mysqlnd"),
            ("xsl", "php82-php-fpm.service", "php82-php-xml"),
            ("posix", "php-fpm.service", "php-process"),
        ],
    )
    def test_hit_the_package_of_this_php(self, extension: str, unit: str, package: str) -> None:
        assert package_of(extension, unit) == package

    @pytest.mark.parametrize(
        "extension,unit",
        [
            ("openssl", "php8.2-fpm.service"),  # is built in
            ("redis", "php-fpm.service"),  # of another repository
            ("xml", "panel.service"),
            ("xml", "myphp8.2-fpm.service"),
            ("xml", None),
            ("xml`reboot`", "php8.2-fpm.service"),
            (5, "php8.2-fpm.service"),
        ],
    )
    def test_near_miss_none_is_known(self, extension: object, unit: object) -> None:
        assert package_of(extension, unit) is None

    def test_the_fix_names_it(self) -> None:
        facts = {"fault": "extension", "name": "xml"}
        item = finding("php_error", "every_page", unit="php8.2-fpm.service", remedy=[], facts=facts)
        assert "for this PHP (php8.2-xml); where" in str(catalogue.words_for(item)["fix"])
