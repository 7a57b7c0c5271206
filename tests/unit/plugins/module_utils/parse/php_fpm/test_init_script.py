# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts of /etc/init.d, by the lines of real ones that say what they start."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.init_script import started_by

# sapi/fpm/init.d.php-fpm.in of php-src, as aaPanel and many guides install it
PHP_SRC = """#! /bin/sh
prefix=%s
exec_prefix=${prefix}

php_fpm_BIN=${exec_prefix}/sbin/php-fpm
php_fpm_CONF=${prefix}/etc/php-fpm.conf
php_fpm_PID=${prefix}/var/run/php-fpm.pid
php_opts="--fpm-config $php_fpm_CONF --pid $php_fpm_PID"

case "$1" in
    start)
        $php_fpm_BIN --daemonize $php_opts
"""
LNMP = """#!/bin/sh
php_fpm_BIN=/usr/local/php/sbin/php-fpm
php_fpm_CONF=/usr/local/php/etc/php-fpm.conf
php_opts="-y $php_fpm_CONF"
"""
DEBIAN = """#!/bin/sh
NAME=php-fpm8.2
CONFFILE=/etc/php/8.2/fpm/php-fpm.conf
DAEMON=/usr/sbin/$NAME
DAEMON_ARGS="--daemonize --fpm-config $CONFFILE"
CONF_PIDFILE=$(sed -n 's/^pid[ =]*//p' $CONFFILE)
"""
OPENRC = """#!/sbin/openrc-run
: ${name:="PHP FastCGI Process Manager"}
command="/usr/sbin/php-fpm83"
pidfile="/run/php-fpm83/php-fpm83.pid"
"""
COPIED = "BINFILE='/opt/php74/sbin/php-fpm' # ours\nCFGFILE='/opt/php74/etc/php-fpm.conf'\n"


class TestScript:
    @pytest.mark.parametrize(
        "text, program, config",
        [
            (
                PHP_SRC % "/www/server/php/82",
                "/www/server/php/82/sbin/php-fpm",
                "/www/server/php/82/etc/php-fpm.conf",
            ),
            (LNMP, "/usr/local/php/sbin/php-fpm", "/usr/local/php/etc/php-fpm.conf"),
            (DEBIAN, "/usr/sbin/php-fpm8.2", "/etc/php/8.2/fpm/php-fpm.conf"),
            (OPENRC, "/usr/sbin/php-fpm83", None),
            (COPIED, "/opt/php74/sbin/php-fpm", "/opt/php74/etc/php-fpm.conf"),
        ],
    )
    def test_what_it_starts(self, text: str, program: str, config: Optional[str]) -> None:
        started = started_by(text)
        assert started is not None and (started.program, started.config) == (program, config)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "command=/usr/sbin/nginx\n",
            "php_fpm_BIN=$(which php-fpm)\n",
            "DAEMON=$SOMEWHERE/sbin/php-fpm\n",
            "echo DAEMON=/usr/sbin/php-fpm\n",
            "DAEMON=/opt/php-fpm_exporter\n",
        ],
    )
    def test_near_miss_what_starts_no_php_fpm_that_is_known(self, text: str) -> None:
        assert started_by(text) is None
