# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pages nginx refused by itself."""

from typing import Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.access_pages import LastPages


def refused(status: str, refusals: Sequence[str] = (), **fields: str) -> int:
    pages = LastPages(refusals)
    pages.add("shop.example", 1.0, "/", dict({"status": status, "remote_addr": "10.0.0.9"}, **fields))
    (told,) = pages.told()
    return told["refused"]["pages"] if "refused" in told else 0


class TestRefused:
    @pytest.mark.parametrize("status", ["503", "429", "444"])
    def test_hit_a_status_of_limits(self, status: str) -> None:
        assert refused(status) == refused(status, upstream_status="-") == 1

    @pytest.mark.parametrize("status", ["500", "502"])
    def test_hit_the_status_of_this_hosts_limits(self, status: str) -> None:
        assert refused(status, [status]) == 1

    @pytest.mark.parametrize("status", ["500", "502", "200"])
    def test_near_miss_another_status(self, status: str) -> None:
        assert refused(status) == 0

    def test_decoy_the_application_answers_so(self) -> None:
        assert refused("503", upstream_status="503") == refused("502", ["502"], upstream_status="502") == 0
