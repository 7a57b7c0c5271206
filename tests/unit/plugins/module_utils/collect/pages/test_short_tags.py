# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that begin with a tag which PHP is told to take for text."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.where_needed import named_places
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ROOT, SCRIPT = "/srv/shop", "/srv/shop/index.php"
INI, POOL = "/etc/php/8.2/fpm/php.ini", "/etc/php/8.2/fpm/pool.d/www.conf"
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
OFF = "[PHP]\nshort_open_tag = Off\n"


def tags(
    files: Optional[Dict[str, str]] = None, route: Any = (), pool: Any = (), command: str = "php-fpm"
) -> Any:
    every = {SCRIPT: '<? echo "page";', INI: OFF, POOL: "[www]\n", CONFIG: "", **(files or {})}
    host = FakeHost({path: text for path, text in every.items() if text is not None})
    way = {
        "site": "shop.example",
        "root": ROOT,
        "location": "~ \\.php$",
        "params": {"SCRIPT_FILENAME": "$document_root$fastcgi_script_name"},
        "endpoints": [{"endpoint": "unix:/run/a.sock"}],
        **dict(route),
    }
    pools = [{"endpoint": "unix:/run/a.sock", "chroot": None, **dict(pool)}]
    master = {
        "config": CONFIG,
        "files": [CONFIG, POOL],
        "pools": pools,
        "running": True,
        "unit_state": {"command": command},
    }
    snapshot: Any = {"nginx": {"routes": [way]}, "fpm": {"masters": [master]}, "endpoints": {}}
    return named_places(host, snapshot, [], 0.0).get("short_tags", [])


class TestShortTags:
    def test_hit_php_takes_it_for_text(self) -> None:
        assert tags() == [{"site": "shop.example", "script": SCRIPT, "file": INI, "line": 2}]

    def test_hit_a_later_file_turns_it_off(self) -> None:
        later = {INI: OFF.replace("Off", "On"), "/etc/php/8.2/fpm/conf.d/90-own.ini": "short_open_tag=0\n"}
        assert tags(later)[0]["file"] == "/etc/php/8.2/fpm/conf.d/90-own.ini"

    @pytest.mark.parametrize("text", ["<?php echo 1;", "<?= $page ?>", '<?xml version="1.0"?>', "<h1>", ""])
    def test_near_miss_another_tag(self, text: str) -> None:
        assert tags({SCRIPT: text}) == []

    @pytest.mark.parametrize(
        "files",
        [
            {INI: OFF.replace("Off", "On")},
            {INI: "[PHP]\n"},
            {INI: OFF.replace("Off", "${SHORT}")},
            {"/etc/php/8.2/fpm/conf.d/90-own.ini": "short_open_tag = On\n"},
            {POOL: "[www]\nphp_flag[short_open_tag] = on\n"},
            {ROOT + "/.user.ini": "short_open_tag = 1\n"},
        ],
    )
    def test_near_miss_it_is_on_or_may_be(self, files: Any) -> None:
        assert tags(files) == []

    @pytest.mark.parametrize(
        "more",
        [
            {"route": {"params": {"PHP_VALUE": "short_open_tag=1"}}},
            {"route": {"root": "$base"}},
            {"route": {"location": "= /api"}},
            {"pool": {"chroot": "/jail"}},
            {"pool": {"endpoint": "unix:/run/b.sock"}},
            {"command": "/usr/sbin/php-fpm -c /etc/own.ini"},
            {"files": {ROOT + "/index.html": "<h1>"}},
        ],
    )
    def test_decoy_visitors_may_get_another_page(self, more: Any) -> None:
        assert tags(**more) == []
