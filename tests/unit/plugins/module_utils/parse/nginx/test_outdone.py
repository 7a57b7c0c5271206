# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that another one's listen keeps visitors from."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.outdone import outdone


class TestOutdone:
    OWN = ["192.0.2.7"]

    def look(self, first: str, other: str, names: str = "new.example", own: Any = OWN) -> List[str]:
        text = (
            "http { server { listen %s; server_name shop.example; } server { listen %s; server_name %s; } }"
        )
        text %= first, other, names
        conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
        return [words for _file, words in outdone(conf, own)]

    @pytest.mark.parametrize("first, other", [("80", "192.0.2.7:80"), ("*:80 default_server", "192.0.2.7")])
    def test_hit_the_only_address_has_another_site(self, first: str, other: str) -> None:
        (words,) = self.look(first, other)
        assert "nobody but this host gets to shop.example" in words and "192.0.2.7:80" in words

    @pytest.mark.parametrize("own", [[], ["192.0.2.7", "192.0.2.8"]])
    def test_near_miss_another_address_leads_there(self, own: List[str]) -> None:
        assert self.look("80", "192.0.2.7:80", own=own) == []

    @pytest.mark.parametrize("names", ["shop.example new.example", "*.example", "~^shop", ".example"])
    def test_near_miss_the_name_is_there_as_well(self, names: str) -> None:
        assert self.look("80", "192.0.2.7:80", names) == []

    def test_near_miss_a_front_goes_on_to_the_others(self) -> None:
        front = "location / { proxy_pass http://127.0.0.1:80; }"
        assert self.look("80", "192.0.2.7:80; %s" % front) == []

    @pytest.mark.parametrize(
        "first, other",
        [("80", "127.0.0.1:80"), ("80", "192.0.2.7:81"), ("80", "80"), ("192.0.2.7", "192.0.2.7")],
    )
    def test_decoy_they_listen_alike_or_elsewhere(self, first: str, other: str) -> None:
        assert self.look(first, other) == []
