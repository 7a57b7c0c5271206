# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows by what is wrong. Some find that without php-fpm's words. Others ask for more than the meaning: the
kind of a problem and of a failed start.
"""

from .php_fpm import PHP_FPM

# Of its files.
INCLUDE_TOO_DEEP, BAD_PATTERN = PHP_FPM.ids("fpm-include-depth fpm-include-glob")
FILE_NOT_OPENED, SYNTAX, NO_VALUE = PHP_FPM.ids("fpm-conf-open fpm-syntax fpm-null-value")
(UNKNOWN_ENTRY,) = PHP_FPM.ids("fpm-unknown-entry")
# Of a pool.
NO_POOL, NO_USER, SAME_LISTEN = PHP_FPM.ids("fpm-no-pool fpm-no-user fpm-dup-listen")
NO_LISTEN, NO_PM, NO_WORKERS = PHP_FPM.ids("fpm-no-listen fpm-no-pm fpm-max-children-conf")
MIN_SPARE, MAX_SPARE, SPARE_OVER_MOST = PHP_FPM.ids("fpm-min-spare fpm-max-spare fpm-spare-gt-max")
SPARE_ORDER, START_OUTSIDE, NO_SLOWLOG = PHP_FPM.ids("fpm-spare-order fpm-start-servers fpm-slowlog-missing")
# Of what it names on the host.
UNKNOWN_USER, NO_CHROOT = PHP_FPM.ids("fpm-uid fpm-chroot")
ERROR_LOG, ACCESS_LOG, SLOWLOG = PHP_FPM.ids("fpm-errorlog-open fpm-accesslog-open fpm-slowlog-open")
# Of a start.
ADDRESS_NOT_HERE, FAMILY_REFUSED = PHP_FPM.ids("fpm-bind-eaddrnotavail fpm-socket-family")
NAME_UNKNOWN, BAD_PORT, SCOREBOARD = PHP_FPM.ids("fpm-getaddrinfo fpm-invalid-port fpm-shm")
# What php-fpm says behind the message that matters: fpm_conf.c, fpm.c.
FOLLOWS = PHP_FPM.ids("fpm-include-fail fpm-conf-load fpm-conf-post")
INCLUDE_FAILED, NOT_LOADED = FOLLOWS[:2]
# What php-fpm -t does not see, though it is about the configuration.
UNTESTED = [*PHP_FPM.ids("fpm-error fpm-root-user"), BAD_PORT]
# The first place of these is an address.
_BOUND = ("fpm-bind", "fpm-listen", "fpm-another")
OF_ADDRESS = [name for name in PHP_FPM.meaning_of if name.startswith(_BOUND)] + [BAD_PORT]
