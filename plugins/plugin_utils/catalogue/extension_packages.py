# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package that has an extension of PHP's, by the unit of the php-fpm that lacks it."""

from __future__ import annotations

import re

# Extension -> (how the package's name ends on Debian, and on Enterprise Linux). What is built in has none.
# Nor has what other repositories alone have.
_ENDS: dict[str, tuple[str, str | None]] = {
    "apcu": ("apcu", "pecl-apcu"),
    "bcmath": ("bcmath", "bcmath"),
    "ctype": ("common", "common"),
    "curl": ("curl", "common"),
    "exif": ("common", "common"),
    "fileinfo": ("common", "common"),
    "gd": ("gd", "gd"),
    "gmp": ("gmp", "gmp"),
    "iconv": ("common", "common"),
    "imagick": ("imagick", None),
    "imap": ("imap", None),
    "intl": ("intl", "intl"),
    "ldap": ("ldap", "ldap"),
    "mbstring": ("mbstring", "mbstring"),
    "memcached": ("memcached", None),
    "mongodb": ("mongodb", None),
    "mysqli": ("mysql", "mysqlnd"),
    "pdo": ("common", "pdo"),
    "pgsql": ("pgsql", "pgsql"),
    "posix": ("common", "process"),
    "redis": ("redis", None),
    "soap": ("soap", "soap"),
    "sqlite3": ("sqlite3", "pdo"),
    "tokenizer": ("common", "common"),
    "xml": ("xml", "xml"),
    "xsl": ("xml", "xml"),
    "zip": ("zip", "pecl-zip"),
}
# Before Debian 12 these had one package for all versions of PHP.
_ONE_FOR_ALL = frozenset({"apcu", "imagick", "memcached", "mongodb", "redis"})
_DEBIAN = re.compile(r"php(\d)\.(\d)-fpm\.service\Z", re.ASCII)
# Remi's parallel versions have a prefix.
_ENTERPRISE = re.compile(r"(php|php\d\d-php)-fpm\.service\Z", re.ASCII)


def package_of(extension: object, unit: object) -> str | None:
    if not isinstance(extension, str) or not isinstance(unit, str) or extension.lower() not in _ENDS:
        return None
    extension = extension.lower()
    on_debian, on_enterprise = _ENDS[extension]
    debian, enterprise = _DEBIAN.match(unit), _ENTERPRISE.match(unit)
    if debian:
        named = "php%s.%s-%s" % (*debian.groups(), on_debian)
        old = extension in _ONE_FOR_ALL and debian.groups() < ("8", "2")
        return named + " or php-" + on_debian if old else named
    if enterprise and on_enterprise:
        return "%s-%s" % (enterprise.group(1), on_enterprise)
    return None
