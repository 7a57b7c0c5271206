# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a script of logrotate's does. The scripts are those of packages and guides."""

from typing import List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.logrotate import Line
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.rotate_script import (
    FPM,
    NGINX,
    effects,
    paths_in,
)

DEBIAN = """if [ -x /usr/lib/php/php8.2-fpm-reopenlogs ]; then
    /usr/lib/php/php8.2-fpm-reopenlogs;
fi"""


def found(text: str, **texts: str) -> List[Tuple[Optional[str], str]]:
    """texts: of /scripts, by name."""
    script = [Line(number, row.strip()) for number, row in enumerate(text.split("\n"), 5)]
    known = {"/scripts/" + name: body for name, body in texts.items()}
    return [(effect.program, effect.what) for effect in effects(script, known)]


class TestEffects:
    @pytest.mark.parametrize(
        "text, expected",
        [
            (DEBIAN, (FPM, "reopen")),
            ("invoke-rc.d nginx rotate >/dev/null 2>&1", (NGINX, "reopen")),
            ("/bin/kill -USR1 `cat /run/nginx.pid 2>/dev/null` 2>/dev/null || true", (NGINX, "reopen")),
            ("/bin/kill -SIGUSR1 `cat /run/php-fpm/php-fpm.pid 2>/dev/null` || true", (FPM, "reopen")),
            ("[ ! -f /run/nginx.pid ] || kill -USR1 $(cat /run/nginx.pid)", (NGINX, "reopen")),
            ("nginx -s reopen", (NGINX, "reopen")),
            ("docker exec web nginx -s reload", (NGINX, "reload")),
            ("systemctl kill -s USR1 php8.2-fpm.service", (FPM, "reopen")),
            ("systemctl kill --signal=USR2 php8.2-fpm", (FPM, "reload")),
            ("systemctl reload php8.2-fpm > /dev/null 2>/dev/null || true", (FPM, "reload")),
            ("sudo systemctl --quiet try-reload-or-restart php8.2-fpm.service", (FPM, "reload")),
            ("systemctl reload 'php*-fpm.service'", (FPM, "reload")),
            ("kill -USR2 $(systemctl show -p MainPID php8.2-fpm | cut -d= -f2)", (FPM, "reload")),
            ("service php8.2-fpm restart", (FPM, "restart")),
            ("/etc/init.d/php8.2-fpm reload", (FPM, "reload")),
            ("invoke-rc.d php7.4-fpm force-reload", (FPM, "reload")),
            ("test -s /run/php/php8.2-fpm.pid && kill -12 $(cat /run/php/php8.2-fpm.pid)", (FPM, "reload")),
            ("kill -HUP $(cat /run/php/php8.2-fpm.pid)", (FPM, "stop")),
            ("kill -HUP $(cat /run/nginx.pid)", (NGINX, "reload")),
            ("pkill -USR2 -o php-fpm", (FPM, "reload")),
            ("killall -s USR2 php-fpm8.2", (FPM, "reload")),
            (
                'pid=$(cat /run/php/php8.2-fpm.pid)\nif [ -n "$pid" ]; then kill -USR2 $pid; fi',
                (FPM, "reload"),
            ),
            ("cat /run/php-fpm.pid | xargs -r kill -USR2", (FPM, "reload")),
            ("sh -c 'systemctl reload php8.2-fpm'", (FPM, "reload")),
            ("for v in 7.4 8.2; do systemctl reload php$v-fpm; done", (FPM, "reload")),
            ("systemctl restart nginx", (NGINX, "restart")),
            ("start-stop-daemon --stop --signal USR1 --quiet --pidfile /run/nginx.pid", (NGINX, "reopen")),
        ],
    )
    def test_of_one_program(self, text: str, expected: Tuple[str, str]) -> None:
        assert found(text) == [expected]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "# systemctl reload php8.2-fpm",
            "echo systemctl reload php8.2-fpm",
            "systemctl is-active php8.2-fpm",
            "kill -0 $(cat /run/php/php8.2-fpm.pid)",
            "systemctl reload apache2",
            "chown www-data /var/log/php8.2-fpm.log",
        ],
    )
    def test_decoy_nothing_is_done(self, text: str) -> None:
        assert found(text) == []

    def test_two_at_once(self) -> None:
        assert found("systemctl reload php8.2-fpm nginx") == [(NGINX, "reload"), (FPM, "reload")]

    def test_a_script_of_its_own_is_read(self) -> None:
        assert found("/scripts/hook", hook="#!/bin/sh\nkill -USR2 $(cat /run/php-fpm.pid)\n") == [
            (FPM, "reload")
        ]
        assert found("sh /scripts/hook now", hook="systemctl reload php8.2-fpm") == [(FPM, "reload")]
        assert found("/scripts/hook", hook="#!/bin/sh\n# nothing\n") == []

    def test_a_program_that_nobody_knows(self) -> None:
        assert found("/usr/local/bin/hook") == [(None, "unknown")]
        assert found("kill -USR2 $pid\n# nginx and php-fpm") == [(None, "unknown")]

    def test_scripts_that_call_each_other_end(self) -> None:
        assert (None, "unknown") in found("/scripts/a", a="/scripts/a")

    def test_the_line_is_that_of_the_command(self) -> None:
        script = [Line(7, "true"), Line(8, "systemctl reload php8.2-fpm")]
        assert [(each.line, each.text) for each in effects(script, {})] == [
            (8, "systemctl reload php8.2-fpm")
        ]


class TestPaths:
    def test_what_it_may_run(self) -> None:
        script = [Line(1, "[ -x /opt/a ] && /opt/a >/dev/null; sh '/opt/b c'")]
        assert paths_in(script) == ["/opt/a", "/opt/b"]
