# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root loads, and others can write."""

from typing import Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "writable_config"
WRITABLE = {"path": "/srv/sites/shop.conf", "who": "deploy"}
HITS: Dict[str, Callable[[], Host]] = {
    "nginx": lambda: a_host().with_nginx(writable=WRITABLE),
    "fpm": lambda: a_host().with_master(writable=WRITABLE),
}


class TestWritable:
    @pytest.mark.parametrize("reason, unit", [("nginx", "nginx.service"), ("fpm", "php8.2-fpm.service")])
    def test_hit_who_can_write_it_is_named(self, reason: str, unit: str) -> None:
        host = HITS[reason]()
        assert hosts.found(host) == ([(CAUSE, reason, "latent")], "healthy")
        item = hosts.only(host)
        assert item["summary"].startswith("deploy can write /srv/sites/shop.conf, which ")
        assert (item["unit"], item["endpoint"], item["severity"]) == (unit, None, "warning")
        assert "shop.example" in item["sites"]

    def test_near_miss_root_alone_can_write_it(self) -> None:
        assert hosts.found(a_host().with_nginx(writable=None).with_master(writable=None)) == hosts.HEALTHY

    def test_decoy_a_host_without_a_site_of_php(self) -> None:
        host = HITS["nginx"]().with_nginx(routes=[])
        assert CAUSE not in hosts.cause_ids(host)
