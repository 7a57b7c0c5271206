# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who a program talks to, in words."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.workers.peers import program_at, service


class TestService:
    @pytest.mark.parametrize(
        "peer, named",
        [
            ("10.0.0.5:5432", "PostgreSQL at 10.0.0.5:5432"),
            ("[::1]:6379", "Redis at [::1]:6379"),
            (
                "unix:/var/run/postgresql/.s.PGSQL.5432",
                "PostgreSQL at unix:/var/run/postgresql/.s.PGSQL.5432",
            ),
            ("unix:/run/app.sock", "unix:/run/app.sock"),
            ("10.0.0.5:33060", "10.0.0.5:33060"),
        ],
    )
    def test_it_has_the_name_of_its_port_or_socket(self, peer: str, named: str) -> None:
        assert service(peer) == named

    @pytest.mark.parametrize(
        "peer, program",
        [("unix:/run/redis.sock", "Redis"), ("unix:/srv/x:6379", None), ("Redis at x", None)],
    )
    def test_what_nobody_knows_is_no_program(self, peer: str, program: Optional[str]) -> None:
        assert program_at(peer) == program
