# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pages nginx refused by itself."""

from typing import Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.access_pages import LastPages


def refused(status: str, refusals: Sequence[str] = (), **fields: str) -> int:
    pages = LastPages(refusals)
    pages.add("shop.example", 1.0, "/", dict({"status": status, "remote_addr": "10.0.0.9"}, **fields))
    (found,) = pages.as_data()
    return found["refused"]["pages"] if "refused" in found else 0


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


def counted(*answers: str) -> Tuple[int, int, int]:
    """(answered, failed, paths) of answers as "200 /path"."""
    pages = LastPages()
    for at, answer in enumerate(answers):
        status, path = answer.split(" ")
        pages.add("shop.example", float(at), path, {"status": status})
    (found,) = pages.as_data()
    return found["answered"], found["failed"], found["paths"]


class TestPagesThatCameBefore:
    CAME = ("200 /", "200 /cart", "200 /help")

    def test_hit_they_fail_since(self) -> None:
        assert counted(*self.CAME, "500 /cart", "500 /help", "500 /cart") == (0, 3, 2)
        assert counted(*self.CAME, "500 /index.php") == (0, 1, 2)

    def test_hit_beside_a_script_that_always_fails(self) -> None:
        assert counted("500 /old", *self.CAME, "500 /cart", "500 /old", "500 /help") == (0, 2, 2)

    def test_near_miss_one_came_since(self) -> None:
        assert counted(*self.CAME, "500 /cart", "500 /help", "200 /") == (4, 2, 2)

    def test_decoy_other_scripts_fail(self) -> None:
        assert counted(*self.CAME, "500 /old", "500 /new", "500 /old") == (3, 3, 2)

    def test_decoy_nothing_came(self) -> None:
        assert counted("500 /cart", "500 /help") == (0, 2, 2)
