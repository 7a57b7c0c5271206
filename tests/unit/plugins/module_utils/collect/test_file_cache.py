# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that nginx's cache of files has as missing."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import file_cache
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.file_cache import note_cached
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

NOW = 1775139797.0  # 2026-04-02 14:23:17 UTC
LOG = "/var/log/nginx/shop.log"
LINE = '203.0.113.5 - - [02/Apr/2026:14:%s +0000] "GET %s HTTP/1.1" %s "-" "curl"\n'
CAME = LINE % ("20:00", "/", "200 13")
MISSED = LINE % ("23:00", "/index.php", "404 153")
WAY = {"there": True, "blocked": None, "changed_at": NOW - 60}


def look(
    monkeypatch: pytest.MonkeyPatch, *lines: str, sites: int = 1, loaded: float = NOW - 900, **way: Any
) -> List[str]:
    host = FakeHost(files={LOG: "".join(lines)}, now=NOW)
    monkeypatch.setattr(file_cache, "tail", lambda *_more: "".join(lines).encode())
    monkeypatch.setattr(file_cache, "ways_of_nginx", lambda *_more: [dict(WAY, **way)])
    logs = [{"site": "site%d" % number, "access": [{"paths": [LOG]}]} for number in range(sites)]
    nginx = {"site_logs": logs, "loaded": {"at": loaded}, "version": "1.22.1", "file_cache": "/n.conf:3"}
    snapshot: Any = {"nginx": nginx}
    note_cached(host, snapshot, NOW - 900)
    return [entry["why"] for entry in host.missing]


class TestCached:
    @pytest.mark.parametrize("size", ["153", "146"])
    def test_hit_nginx_itself_does_not_find_what_is_there(
        self, monkeypatch: pytest.MonkeyPatch, size: str
    ) -> None:
        (why,) = look(monkeypatch, CAME, MISSED.replace("153", size))
        assert why.startswith("site0: ") and "open_file_cache_errors (/n.conf:3)" in why

    @pytest.mark.parametrize(
        "lines",
        [
            (MISSED,),  # it never came
            (MISSED, CAME),  # it comes again
            (CAME, MISSED.replace("153", "27")),  # PHP's own answer
            (CAME, MISSED.replace("/index.php", "/wp-login.php")),
        ],
    )
    def test_near_miss_other_answers(self, monkeypatch: pytest.MonkeyPatch, lines: Any) -> None:
        assert look(monkeypatch, *lines) == []

    @pytest.mark.parametrize("way", [{"there": False}, {"blocked": {"path": "/srv"}}, {"changed_at": NOW}])
    def test_near_miss_the_page_was_not_there(self, monkeypatch: pytest.MonkeyPatch, way: Any) -> None:
        assert look(monkeypatch, CAME, MISSED, **way) == []

    def test_near_miss_nginx_was_reloaded_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert look(monkeypatch, CAME, MISSED, loaded=NOW - 100) == []

    def test_decoy_sites_share_the_log(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert look(monkeypatch, CAME, MISSED, sites=2) == []
