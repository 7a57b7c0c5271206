# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two server blocks for one name."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.by_cause import (
    by_cause,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    a_risky_host,
)

risks, the_risk = by_cause("vhost_shadowed")
FOLDER = "/etc/nginx/sites-enabled/"


def vhost(name: str, aside: Optional[bool] = False, php: bool = True) -> Dict[str, Any]:
    return {"file": FOLDER + name, "line": 1, "listen": "80", "php": php, "aside": aside}


def host(*pairs: Dict[str, Any], **web: Any) -> Host:
    made = a_risky_host(web=dict({"pages": [], "shadowed": list(pairs), "aside": []}, **web))
    return made.with_route(server={"file": FOLDER + "shop", "line": 1})


def pair(winner: Dict[str, Any], loser: Dict[str, Any], **facts: Any) -> Dict[str, Any]:
    both = {"names": ["shop.example"], "addresses": ["*:80"], "winner": winner, "loser": loser}
    return dict({"alone": True, "same": False}, **dict(both, **facts))


def aside(**facts: Any) -> Dict[str, Any]:
    file = {"path": FOLDER + "shop.bak", "line": 1, "names": ["old.example"], "php": True, "original": None}
    return dict(file, **facts)


# Reason -> a host that has it.
HITS: Dict[str, Callable[[], Host]] = {
    "backup_file": lambda: host(pair(vhost("shop"), vhost("shop.bak", True))),
    "duplicate_server_name": lambda: host(pair(vhost("shop"), vhost("z"))),
}


class TestShadowed:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason(self, reason: str) -> None:
        assert risks(HITS[reason]()) == [reason]

    def test_hit_the_backup_is_only_loaded(self) -> None:
        found = the_risk(HITS["backup_file"]())
        assert found["summary"] == (
            "nginx loads the backup %sshop.bak as well: it takes over shop.example when %sshop goes."
            % (FOLDER, FOLDER)
        )
        assert (found["severity"], found["confidence"]) == ("info", "certain")

    def test_hit_the_backup_wins_already(self) -> None:
        found = the_risk(host(pair(vhost("shop.bak", True), vhost("shop.conf"))))
        assert found["summary"].startswith("The backup %sshop.bak answers for shop.example:" % FOLDER)
        assert found["severity"] == "warning"

    def test_hit_a_name_that_may_be_a_backups(self) -> None:
        found = the_risk(host(pair(vhost("shop-old.conf", None), vhost("shop.conf"))))
        assert (found["reason"], found["confidence"]) == ("backup_file", "likely")

    def test_hit_what_nginx_itself_warns_of(self) -> None:
        found = the_risk(HITS["duplicate_server_name"]())
        texts = [piece["text"] for piece in found["evidence"]]
        assert 'nginx -t says: conflicting server name "shop.example" on 0.0.0.0:80, ignored' in texts
        assert (found["severity"], found["sites"]) == ("warning", ["shop.example"])

    def test_hit_the_same_text_twice_does_no_harm_yet(self) -> None:
        assert the_risk(host(pair(vhost("shop"), vhost("z"), same=True)))["severity"] == "info"

    def test_hit_two_without_a_name(self) -> None:
        found = the_risk(host(pair(vhost("shop"), vhost("z"), names=[""])))
        assert "the default server" in found["summary"]

    def test_hit_a_backup_that_is_alone(self) -> None:
        found = the_risk(host(aside=[aside()]))
        assert found["reason"] == "backup_file" and "old.example" in found["summary"]

    def test_near_miss_sites_without_php(self) -> None:
        static = vhost("shop", php=False), vhost("z", php=False)
        assert risks(host(pair(*static), aside=[aside(php=False)])) == []

    def test_decoy_nothing_is_shared(self) -> None:
        assert risks(host()) == []

    @pytest.mark.parametrize("make", [a_host, a_risky_host])
    def test_decoy_nobody_looked(self, make: Any) -> None:
        assert risks(make()) == []
