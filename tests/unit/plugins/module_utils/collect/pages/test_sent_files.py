# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that the application has nginx send: whether the place of all of them is there."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.named_places import sent_files
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"
ALIAS = "location /files/ { internal; alias /srv/files/; }"
ROOT = "location /kept/ { internal; root /srv/files; }"


def lacks(location: str, path: str, *there: str, signature: str = "ng-sent-missing") -> Any:
    files = {MAIN: "http { server { root /srv/shop; %s } }" % location}
    host = FakeHost(files=dict(files, **dict.fromkeys(there or ("/srv/shop/index.php",), "")))
    text = '*1 open() "%s" failed (2: No such file or directory), client: 10.0.0.9' % path
    nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}, "workers": []}
    event: Any = {
        "source": "nginx",
        "signature": signature,
        "detail": {"path": path},
        "sample": {"text": text},
    }
    return [each["lacks"] for each in sent_files(host, nginx, [event])]


class TestSentFiles:
    def test_hit_the_alias_is_not_there(self) -> None:
        assert lacks(ALIAS, "/srv/files/a.pdf") == ["/srv/files"]

    def test_hit_a_root_stands_before_the_path(self) -> None:
        assert lacks(ROOT, "/srv/files/kept/a.pdf", "/srv/files/a.pdf") == ["/srv/files/kept"]

    def test_hit_the_disk_above_is_not_there(self) -> None:
        assert lacks("location /d/ { alias /mnt/disk/d/; }", "/mnt/disk/d/a.pdf") == ["/mnt"]

    def test_near_miss_one_file_was_deleted(self) -> None:
        assert lacks(ALIAS, "/srv/files/a.pdf", "/srv/files/b.pdf") == [""]

    @pytest.mark.parametrize("location", [ALIAS, "location /files { alias $base; }"])
    def test_near_miss_a_directory_below_was_deleted(self, location: str) -> None:
        assert lacks(location, "/srv/files/2024/a.pdf", "/srv/files/b.pdf") == [""]

    def test_decoy_another_message(self) -> None:
        assert lacks(ALIAS, "/srv/files/a.pdf", signature="ng-sent-denied") == []
