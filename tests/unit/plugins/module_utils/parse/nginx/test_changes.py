# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a changed file of nginx's is."""

from typing import Dict, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.changes import MOST_FILES, changes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf

MAIN = "/etc/nginx/nginx.conf"
SERVER = "server { server_name %s; include %s; }"
FILES = {
    MAIN: "http { include shop; include blog; include pools; server { server_name own.example; } }",
    "/etc/nginx/shop": SERVER % ("shop.example www.shop.example", "php"),
    "/etc/nginx/blog": SERVER % ("blog.example", "php") + "server { listen 81; }",
    "/etc/nginx/php": "location / { return 204; }",
    "/etc/nginx/pools": "upstream php { server 127.0.0.1:9000; }",
}


def sites(times: Dict[str, float]) -> Dict[str, List[str]]:
    """Of each file that was changed."""
    conf = parse_conf(MAIN, FILES.get, lambda pattern: [pattern])
    return {change["path"]: change["sites"] for change in changes(conf, MAIN, times)}


class TestChanges:
    def test_a_file_is_of_the_sites_that_have_something_of_it(self) -> None:
        found = sites(dict.fromkeys(FILES, 1.0))
        assert found["/etc/nginx/shop"] == ["shop.example"]
        assert found["/etc/nginx/blog"] == ["", "blog.example"]
        assert found["/etc/nginx/php"] == ["blog.example", "shop.example"]

    def test_a_file_of_no_site_and_the_main_file_are_for_all(self) -> None:
        found = sites(dict.fromkeys(FILES, 1.0))
        assert found["/etc/nginx/pools"] == found[MAIN] == []

    def test_the_newest_come_first_and_the_last_stands_for_the_rest(self) -> None:
        times = {"/etc/nginx/more%d" % number: float(number) for number in range(MOST_FILES + 5)}
        found = changes(
            parse_conf(MAIN, FILES.get, lambda pattern: [pattern]), MAIN, {**times, "/etc/nginx/shop": 3.0}
        )
        assert [change["at"] for change in found] == sorted(times.values(), reverse=True)[: MOST_FILES + 1]
        assert found[-1]["sites"] == []
