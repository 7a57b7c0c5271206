# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands that texts name in braces: what is typed on hosts that start their daemons in other ways."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import finding

# In a text such a command would be the same for every host.
FIXED = re.compile(r"systemctl (?:start|restart|reload) (?:\{unit\}|nginx\b)|`nginx -t\b|nginx -s reload")
LOAD = "{test_nginx} && {reload_nginx}"


def typed(text: str, unit: str | None = "php.service", **facts: Any) -> str:
    return catalogue.fill(text, finding(unit=unit, remedy=[], facts=facts))


class TestTexts:
    @pytest.mark.parametrize("key", sorted(catalogue.CATALOGUE, key=str))
    def test_no_text_has_such_a_command_of_its_own(self, key: tuple[str, str | None]) -> None:
        entry = catalogue.CATALOGUE[key]
        texts = [entry.fix, entry.advice, entry.again, entry.over, *(row.fix for row in entry.when)]
        assert not [text for text in texts if FIXED.search(text)]


class TestFpm:
    def test_most_hosts(self) -> None:
        assert typed("{start}, {restart}, {reload}") == (
            "systemctl start php.service, systemctl restart php.service, systemctl reload php.service"
        )

    def test_hit_a_unit_without_execreload_is_restarted(self) -> None:
        assert typed("{reload}", no_reload=True) == "systemctl restart php.service"
        assert typed("{reload_both}", no_reload=True) == (
            "systemctl restart php.service && systemctl reload nginx"
        )

    def test_near_miss_no_unit_is_known(self) -> None:
        assert typed("`{reload}`. Then `{reload}`", unit=None, no_reload=True) == (
            "Reload php-fpm. Then reload php-fpm"
        )

    def test_what_starts_it_there_stands_in_the_commands(self) -> None:
        """Where no unit of systemd does."""
        item = finding("fpm_not_running", "address_unavailable", unit=None, remedy=[])
        item["facts"] = {"start_command": "/etc/init.d/php-fpm-82 start"}
        words = catalogue.enrich(item)
        assert words["fix"].endswith("; /etc/init.d/php-fpm-82 restart")
        item["reason"] = "stopped"
        assert catalogue.enrich(item)["fix"] == "/etc/init.d/php-fpm-82 start"

    @pytest.mark.parametrize(
        "fact, unit, named",
        [
            ("nginx_unit", "web.service", "web.service"),
            ("nginx_unit", "x; reboot #.service", "nginx"),
            ("path", "web.service", "nginx"),
        ],
    )
    def test_nginxs_unit_stands_in_the_commands(self, fact: str, unit: str, named: str) -> None:
        """Where it has another name than usual."""
        item = finding("socket_permission_denied", "group_not_in_force", remedy=[])
        item["facts"] = {fact: unit}
        assert catalogue.enrich(item)["fix"] == "systemctl reload " + named
        item["reason"] = "address_family"
        assert catalogue.enrich(item)["fix"].endswith("systemctl restart " + named)
        assert "systemctl cat %s still" % named in catalogue.enrich(item)["fix"]

    def test_decoy_a_script_with_odd_words(self) -> None:
        assert typed("{start}", start_command="/etc/init.d/x;id start") == "'/etc/init.d/x;id' start"
        assert typed("{start}", start_command="/etc/x\nid start") == "systemctl start php.service"


class TestNginx:
    def test_most_hosts(self) -> None:
        assert typed(LOAD) == "nginx -t && systemctl reload nginx"
        assert typed("{reload_both}, {restart_nginx}") == (
            "systemctl reload php.service nginx, systemctl restart nginx"
        )

    def test_hit_nginx_runs_without_a_unit(self) -> None:
        """As under supervisord or runit."""
        assert typed(LOAD, no_nginx_unit=True) == "nginx -t && nginx -s reload"
        assert typed("`{restart_nginx}`", no_nginx_unit=True) == "Restart nginx"
        assert typed("{reload_both}", no_nginx_unit=True) == (
            "systemctl reload php.service && nginx -s reload"
        )

    def test_hit_neither_daemon_has_a_unit(self) -> None:
        assert typed(LOAD, unit=None) == "nginx -t && nginx -s reload"

    def test_near_miss_nginx_alone_has_a_unit(self) -> None:
        assert typed(LOAD, unit=None, nginx_unit="web.service") == "nginx -t && systemctl reload web.service"

    def test_hit_another_configuration_is_tested(self) -> None:
        assert typed(LOAD, nginx_config="/srv/a b.conf") == (
            "nginx -c '/srv/a b.conf' -t && systemctl reload nginx"
        )
        assert typed(LOAD, unit=None, nginx_config="/srv/n.conf", nginx_prefix="/srv/") == (
            "nginx -p /srv/ -c /srv/n.conf -t && nginx -p /srv/ -c /srv/n.conf -s reload"
        )

    @pytest.mark.parametrize("config", ["/srv/[redacted]/x", "a\nb", 5.5])
    def test_decoy_a_configuration_that_cannot_be_shown(self, config: Any) -> None:
        assert typed("{test_nginx}", nginx_config=config) == "nginx -t"
