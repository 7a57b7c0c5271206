# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows by what is wrong, for who finds that without php-fpm's words, or asks for more than the meaning: the
kind of a problem and of a failed start.
"""

from .php_fpm import PHP_FPM

# Of its files.
INCLUDE_TOO_DEEP, FILE_NOT_OPENED, BAD_PATTERN = "fpm-include-depth", "fpm-conf-open", "fpm-include-glob"
SYNTAX, NO_VALUE = "fpm-syntax", "fpm-null-value"
# Of a pool.
NO_POOL, NO_USER, SAME_LISTEN = "fpm-no-pool", "fpm-no-user", "fpm-dup-listen"
NO_LISTEN, NO_PM, NO_WORKERS = "fpm-no-listen", "fpm-no-pm", "fpm-max-children-conf"
MIN_SPARE, MAX_SPARE, SPARE_OVER_MOST = "fpm-min-spare", "fpm-max-spare", "fpm-spare-gt-max"
SPARE_ORDER, START_OUTSIDE, NO_SLOWLOG = "fpm-spare-order", "fpm-start-servers", "fpm-slowlog-missing"
# Of what it names on the host.
UNKNOWN_USER, NO_CHROOT = "fpm-uid", "fpm-chroot"
ERROR_LOG, ACCESS_LOG, SLOWLOG = "fpm-errorlog-open", "fpm-accesslog-open", "fpm-slowlog-open"
# Of a start.
ADDRESS_NOT_HERE, FAMILY_REFUSED = "fpm-bind-eaddrnotavail", "fpm-socket-family"
NAME_UNKNOWN, BAD_PORT = "fpm-getaddrinfo", "fpm-invalid-port"
NO_PRELOAD_USER = "opcache-preload-user"
# What php-fpm says behind the message that matters: fpm_conf.c, fpm.c.
INCLUDE_FAILED, NOT_LOADED = "fpm-include-fail", "fpm-conf-load"
FOLLOWS = (INCLUDE_FAILED, NOT_LOADED, "fpm-conf-post")
# What php-fpm -t does not see, though it is about the configuration.
UNTESTED = ("fpm-error", "fpm-root-user", BAD_PORT)
# The first place of these is an address.
OF_ADDRESS = [name for name in PHP_FPM.meaning_of if name.startswith(("fpm-bind", "fpm-listen"))] + [BAD_PORT]
