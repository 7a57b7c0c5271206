# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts that were changed since php-fpm began, whose opcache is told never to look."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import where_needed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

NOW = 1775140000.0
SCRIPT = "/srv/shop/index.php"
INI = "/etc/php/8.2/fpm/php.ini"
LOADED, NEVER = "zend_extension=opcache.so\n", "opcache.validate_timestamps = 0\n"


def notes(
    ini: str = LOADED + NEVER, pool: str = "", age: float = 60.0, loaded: float = NOW - 900
) -> List[str]:
    snapshot: Any = hosts.a_host().on_every_route(root="/srv/shop")
    (master,) = snapshot["fpm"]["masters"]
    master.update(config="/etc/php/8.2/fpm/php-fpm.conf", loaded_at=loaded)
    path = master["pools"][0]["file"]
    stat = Stat("file", 0o644, 0, 0, 9, NOW - age, 1, 1)
    host = FakeHost(files={INI: ini, path: pool, SCRIPT: "<?php"}, stats={SCRIPT: stat}, now=NOW)
    where_needed.named_places(host, snapshot, [], 0.0)
    return [note["what"] for note in host.missing]


class TestOldCode:
    @pytest.mark.parametrize("off", ["0", "Off", '"no"'])
    def test_hit_it_never_looks(self, off: str) -> None:
        assert notes(LOADED + "opcache.validate_timestamps=%s\n" % off) == ["old_code"]
        assert notes(LOADED, "php_admin_flag[opcache.validate_timestamps] = %s\n" % off) == ["old_code"]

    @pytest.mark.parametrize(
        "ini", ["", LOADED, NEVER, LOADED + ";" + NEVER, LOADED + NEVER + "opcache.enable=0\n"]
    )
    def test_near_miss_it_looks_or_there_is_none(self, ini: str) -> None:
        assert notes(ini) == []

    def test_near_miss_the_pool_has_it_look(self) -> None:
        assert notes(pool="php_value[opcache.validate_timestamps] = 1\n") == []

    @pytest.mark.parametrize("age, loaded", [(1000.0, NOW - 900), (60.0, NOW - 30), (5.0, NOW - 900)])
    def test_decoy_loaded_since_or_changed_this_moment(self, age: float, loaded: float) -> None:
        assert notes(age=age, loaded=loaded) == []

    def test_decoy_a_link_to_a_new_release(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its scripts have other names for opcache."""
        monkeypatch.setattr(FakeHost, "realpath", lambda _host, _path: "/srv/releases/2/index.php")
        assert notes() == []
