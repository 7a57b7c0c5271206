# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be restarted, and where its pools listen."""

from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import services as subject
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead import parts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

TEXT = "[a]\nuser = www-data\nlisten = ${DIR}/a.sock\n"


class TestVariables:
    """php-fpm's own environment fills them in."""

    def pools(self, monkeypatch: Any, unit: Any) -> Any:
        host = FakeHost({parts.CONFIG: TEXT})
        real = subject.config_after
        monkeypatch.setattr(subject, "config_after", lambda _host, *more: real(host, *more))
        made = subject.filled_pools(host, parts.master(prefix="/usr"), unit)
        return made, host.missing

    def test_the_units_environment_tells_where_a_pool_listens(self, monkeypatch: Any) -> None:
        unit = parts.launch()._replace(environment={"DIR": "/run/php"})
        (pool,), missing = self.pools(monkeypatch, unit)
        assert (pool["endpoint"], missing) == (parts.SOCKET, [])

    @pytest.mark.parametrize("unit", [None, parts.launch()])
    def test_one_that_nobody_fills_in_is_unknown(self, monkeypatch: Any, unit: Optional[Any]) -> None:
        pools, missing = self.pools(monkeypatch, unit)
        assert pools is None and missing[0]["what"] == "fpm_config"


class TestServices:
    def services(self, monkeypatch: Any, *masters: Any) -> List[Any]:
        monkeypatch.setattr(subject, "unit_states", lambda *_arguments, **_more: {})
        server = dict(parts.nginx(parts.route(parts.SOCKET)), unit="nginx.service", running=True)
        server.update(master={"pid": 9}, binary="/usr/sbin/nginx", config="/etc/nginx/nginx.conf")
        found = {"nginx": server, "fpm": {"masters": list(masters)}}
        return subject.services_of(FakeHost(), found)

    def test_what_runs_and_what_nginx_dials(self, monkeypatch: Any) -> None:
        facts = {"binary": None, "unit_state": None, "version": None}
        runs = parts.master(parts.pool("unix:/other"), running=True, **facts)
        dialled = dict(parts.master(running=False, **facts), config="/etc/b.conf", pid=None)
        idle = dict(parts.master(parts.pool("unix:/idle"), running=False, **facts), config="/etc/c.conf")
        found = self.services(monkeypatch, runs, dialled, idle)
        assert [service.config for service in found] == ["/etc/nginx/nginx.conf", parts.CONFIG, "/etc/b.conf"]
        assert [service.sites for service in found] == [["a.example"], [], ["a.example"]]
