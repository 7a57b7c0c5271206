# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors who are sent to the same page again, and checks of a balancer, by the lines of an access log."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.redirects import sent_on

ELB = "ELB-HealthChecker/2.0"


def seen(*lines: str, agent: str = "x", each: float = 0.2, size: str = "0") -> List[Any]:
    """lines: "ADDRESS STATUS PATH"; each: seconds from one to the next."""
    pages: List[Tuple[Any, ...]] = []
    for number, line in enumerate(lines):
        address, status, path = line.split(" ")
        fields = {"remote_addr": address, "status": status, "http_user_agent": agent}
        fields["request"] = "GET %s HTTP/1.1" % path
        fields["body_bytes_sent"] = size
        pages.append(("shop.example", number * each, path, fields))
    return list(sent_on(pages, "/a.log"))


def counts(*lines: str, **more: Any) -> List[Tuple[Any, ...]]:
    return [(of["kind"], of["requests"], of["visitors"], of["others"]) for of in seen(*lines, **more)]


class TestCircle:
    @pytest.mark.parametrize("status", ["301", "302", "307"])
    def test_hit_one_page_again_and_again(self, status: str) -> None:
        lines = ["192.0.2.%d %s /" % (number, status) for _ in range(4) for number in (1, 2)]
        assert counts(*lines) == [("circle", 8, 2, 0)]

    def test_hit_another_page_comes(self) -> None:
        assert counts(*["192.0.2.1 302 /login"] * 4, "192.0.2.2 200 /") == [("circle", 4, 1, 1)]

    def test_hit_another_page_comes_within_the_same_second(self) -> None:
        assert counts(*["192.0.2.1 302 /login"] * 4, "192.0.2.2 200 /", each=0) == [("circle", 4, 1, 1)]

    @pytest.mark.parametrize("size, kind", [("169", "own_"), ("0", ""), ("1690", ""), ("-", "")])
    def test_hit_nginx_itself_sends_on(self, size: str, kind: str) -> None:
        assert counts(*["192.0.2.1 301 /"] * 4, size=size) == [(kind + "circle", 4, 1, 0)]

    def test_near_miss_three_times(self) -> None:
        assert counts(*["192.0.2.1 301 /"] * 3) == []

    def test_near_miss_a_check_some_seconds_apart(self) -> None:
        assert counts(*["192.0.2.1 301 /"] * 9, each=2.0) == []

    def test_near_miss_the_page_comes_in_the_end(self) -> None:
        assert counts(*["192.0.2.1 301 /"] * 4, "192.0.2.1 200 /") == []

    def test_decoy_other_pages_each_once(self) -> None:
        assert counts(*["192.0.2.1 301 /%d" % number for number in range(9)]) == []


class TestCheck:
    @pytest.mark.parametrize("agent", [ELB, "GoogleHC/1.0", "Load Balancer Agent"])
    @pytest.mark.parametrize("status", ["301", "404"])
    def test_hit_no_page_for_a_balancer(self, agent: str, status: str) -> None:
        lines = ["10.0.0.%d %s /" % (number, status) for number in range(4)]
        assert counts(*lines, agent=agent, each=9.0) == [("check", 4, 1, 0)]

    def test_near_miss_it_asks_for_another_page_by_now(self) -> None:
        lines = ["10.0.0.1 301 /"] * 4 + ["10.0.0.1 200 /check"] * 2
        assert counts(*lines, agent=ELB) == [] and counts(*lines[:-1], agent=ELB) != []

    def test_near_miss_the_page_comes(self) -> None:
        assert counts(*["10.0.0.1 301 /"] * 4, "10.0.0.1 200 /", agent=ELB) == []

    @pytest.mark.parametrize("agent", ["kube-probe/1.29", "curl/8"])
    def test_decoy_who_is_content_with_a_redirect(self, agent: str) -> None:
        assert counts(*["10.0.0.1 301 /"] * 9, agent=agent, each=9.0) == []

    def test_decoy_php_fpm_is_down(self) -> None:
        assert counts(*["10.0.0.1 502 /"] * 9, agent=ELB) == []
