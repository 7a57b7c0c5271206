# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to nginx: where it dials, and how long it waits."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.fastcgi_pass_repoint import address
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.read_timeout_set import seconds
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal, Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    SITE,
    SITE_TEXT,
    Host,
    added_lines,
    commands,
)


class TestRepoint:
    ARGUMENTS = {
        "file": SITE,
        "line": 3,
        "from": "unix:/run/php/php7.3-fpm.sock",
        "to": "unix:/run/php/php8.2-fpm.sock",
    }

    def step(self, **more: Any) -> Step:
        host = Host("old_socket").files({SITE: SITE_TEXT})
        return host.resolve("fastcgi_pass_repoint", dict(self.ARGUMENTS, **more))

    def test_the_address_alone_changes_after_a_test_by_nginx(self) -> None:
        step = self.step()
        assert added_lines(step) == ["        fastcgi_pass unix:/run/php/php8.2-fpm.sock;  # old"]
        nginx_t = "/usr/sbin/nginx -t -q -p /usr/share/nginx -c /etc/nginx/nginx.conf"
        assert step.trials[0].argv == nginx_t.split()
        assert commands(step) == ["systemctl reload nginx.service"]

    def test_near_miss_a_line_that_has_changed_meanwhile(self) -> None:
        with pytest.raises(Refusal):
            self.step(line=2)

    @pytest.mark.parametrize(
        "endpoint, dialled",
        [
            ("unix:/run/php/a.sock", "unix:/run/php/a.sock"),
            ("*:9000", "127.0.0.1:9000"),
            ("[::]:9000", "[::1]:9000"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("10.0.0.7:9000", "10.0.0.7:9000"),
        ],
    )
    def test_a_pool_on_every_address_is_dialled_on_loopback(self, endpoint: str, dialled: str) -> None:
        assert address(endpoint) == dialled


class TestTimeout:
    @pytest.mark.parametrize(
        "now, terminate, wanted", [(2, 0, 60), (60, 0, 120), (120, 0, 240), (30, 90, 95), (10, 20, 25)]
    )
    def test_it_is_just_beyond_php_fpms_own_or_goes_up_by_steps(
        self, now: float, terminate: float, wanted: int
    ) -> None:
        assert seconds(now, terminate) == wanted

    @pytest.mark.parametrize(
        "now, terminate, why",
        [
            (200, 0, "belongs in a queue"),
            (60, 50, "beyond request_terminate_timeout"),
            (60, 900, "belongs in a queue"),
        ],
    )
    def test_it_is_not_raised_without_end(self, now: float, terminate: float, why: str) -> None:
        with pytest.raises(Refusal, match=why):
            seconds(now, terminate)

    def test_it_is_set_in_the_location_of_the_slow_script(self) -> None:
        host = Host("slow_http").timing_out().files({SITE: SITE_TEXT})
        arguments = dict(host.plan()[0]["arguments"], file=SITE, line=3)
        step = host.resolve("read_timeout_set", arguments)
        assert added_lines(step) == ["        fastcgi_read_timeout 60s;"]
