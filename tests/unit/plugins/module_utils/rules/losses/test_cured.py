# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A loss is over where the setting that it ran into is seen to be another one, and not by any change."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.losses.cured import CURES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.lost_requests import ROWS
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

AT = 60.0  # seconds before the look
SITE = "/etc/nginx/sites-enabled/shop"
DOUBT = "nothing shows that"


def state(host: Host) -> str:
    return str(hosts.only(host)["state"])


def terminated(limit: float, changed: float = 30.0, newer: bool = False) -> Host:
    """php-fpm ended a request after 2.4 s. limit: by now."""
    host = a_host().nginx_said("ng-reset-header", AT).with_pool(terminate_timeout=limit)
    host.fpm_said("fpm-terminate", AT, detail={"seconds": 2.4})
    return host.with_master(config_newer=newer, config_changed_at=hosts.now(host) - changed)


def too_big(size: int = 0, changed: float = 30.0, file: str = SITE) -> Host:
    """A header was. size: bytes of the buffer by now, where it is set."""
    host = a_host().nginx_said("ng-too-big-header", AT)
    at = hosts.now(host) - changed
    changes: Dict[str, Any] = {"path": SITE, "at": at, "sites": []}
    host.with_nginx(config_newer=False, config_changed_at=at, changes=[changes])
    routes = [each for each in host["nginx"]["routes"] if each["site"] == hosts.route(host)["site"]]
    host["logs"]["header_buffers"] = [
        {"at": {"file": each["file"], "line": each["line"]}, "bytes": size, "file": file}
        for each in routes
        if size
    ]
    return host


def at_once(host: Host) -> Host:
    row = hosts.events(host, "nginx")[0]["revisits"][0]
    row["came"] = [hosts.now(host) - 5] * 30
    return host


def another(host: Host) -> Host:
    """A request failed as well, and did not come again."""
    rows = hosts.events(host, "nginx")[0]["revisits"]
    rows.append({"failed": 1, "before": 0, "came": [], "each": 1})
    return host


def no_queue(backlog: int, changed: float = 30.0) -> Host:
    host = a_host().nginx_said("ng-connect-eagain", AT).with_endpoint(backlog=backlog)
    at = hosts.now(host) - changed
    host["changed_files"] = {hosts.pool(host)["file"]: at}
    return host.with_master(config_newer=False, config_changed_at=at)


def no_connection(has: int, changed: float = 30.0, signature: str = "ng-worker-connections") -> Host:
    host = a_host().nginx_said(signature, AT, detail={"value": 512, "status": 500})
    host["logs"]["connections"] = has
    return host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - changed)


class TestTerminated:
    @pytest.mark.parametrize("limit", [0.0, 300.0])
    def test_hit_requests_may_run_longer(self, limit: float) -> None:
        assert hosts.status(terminated(limit)) == "recovered"

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param(terminated(2.0), id="another setting was changed"),
            pytest.param(terminated(300.0, changed=90.0), id="before the loss"),
            pytest.param(terminated(300.0, newer=True), id="changed, and not loaded"),
        ],
    )
    def test_near_miss(self, host: Host) -> None:
        assert state(host) == "active"


class TestHeaders:
    """nginx does not name the size of the buffer."""

    def test_near_miss_the_buffer_may_have_been_as_large(self) -> None:
        """And the file was changed for another reason, as by certbot."""
        item = hosts.only(too_big(32768))
        assert item["state"] == "active" and DOUBT in str(item["evidence"])

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param(too_big(), id="nginx's default"),
            pytest.param(too_big(8192), id="no larger than a default"),
            pytest.param(too_big(32768, changed=90.0), id="changed before"),
            pytest.param(too_big(32768, file="/etc/nginx/nginx.conf"), id="another file was changed"),
        ],
    )
    def test_near_miss_nothing_that_may_have_mended_it(self, host: Host) -> None:
        assert state(host) == "active" and DOUBT not in str(hosts.only(host)["evidence"])

    def test_hit_the_same_requests_come_since(self) -> None:
        item = hosts.only(hosts.came_since(too_big(32768)))
        assert (item["state"], item["confidence"]) == ("recovered", "likely")
        assert "came 6 times since" in str(item["evidence"]) and DOUBT not in str(item["evidence"])

    def test_hit_others_of_that_kind_come_since(self) -> None:
        host = hosts.came_since(too_big(32768))
        hosts.events(host, "nginx")[0]["revisits"][0]["alike"] = True
        item = hosts.only(host)
        assert item["state"] == "recovered" and "where each request was lost" in str(item["evidence"])

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param(hosts.came_since(too_big(32768), 4), id="few"),
            pytest.param(hosts.came_since(too_big(32768), 6, 12), id="it failed at times alone"),
            pytest.param(hosts.came_since(too_big(32768), failed=1), id="it failed once"),
            pytest.param(at_once(hosts.came_since(too_big(32768))), id="in a second"),
            pytest.param(hosts.came_since(too_big()), id="the buffer is nginx's default"),
            pytest.param(hosts.came_since(too_big(32768, changed=90.0)), id="no change since"),
            pytest.param(another(hosts.came_since(too_big(32768))), id="another request did not"),
        ],
    )
    def test_near_miss_what_came_since_proves_nothing(self, host: Host) -> None:
        assert state(host) == "active"

    def test_near_miss_answers_before_the_change(self) -> None:
        host = hosts.came_since(too_big(32768))
        host["nginx"]["loaded"]["at"] = hosts.now(host)
        assert state(host) == "active"

    def test_decoy_a_snapshot_of_an_older_version(self) -> None:
        host = too_big(32768)
        del host["logs"]["header_buffers"]
        assert state(host) == "active"


class TestQueue:
    """How many places the socket had the kernel does not tell."""

    @pytest.mark.parametrize(
        "host, doubt",
        [(no_queue(4096), True), (no_queue(511), False), (no_queue(4096, changed=90.0), False)],
    )
    def test_near_miss(self, host: Host, doubt: bool) -> None:
        assert state(host) == "active" and (DOUBT in str(hosts.only(host)["evidence"])) == doubt

    def test_near_miss_the_same_requests_come_since(self) -> None:
        """A queue is full at times alone."""
        assert state(hosts.came_since(no_queue(4096))) == "active"


class TestFiles:
    """nginx does not say how many it had."""

    @pytest.mark.parametrize("changed", [30, 90])
    def test_near_miss_it_may_have_had_as_many(self, changed: int) -> None:
        host = a_host().nginx_said("ng-socket-emfile", AT, detail={"errno": 24})
        at = hosts.now(host) - changed
        host["logs"].update(connections=512)
        changes: Dict[str, Any] = {"path": SITE, "at": at, "sites": []}
        host.with_nginx(config_newer=False, config_changed_at=at, changes=[changes])
        assert state(host) == "active"


class TestConnections:
    def test_hit_nginx_names_how_many_it_had(self) -> None:
        assert hosts.status(no_connection(4096)) == "recovered"

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param(no_connection(512), id="another setting"),
            pytest.param(no_connection(4096, changed=90.0), id="before"),
            pytest.param(no_connection(4096).nginx_said("ng-socket-emfile", 50.0), id="files, too"),
        ],
    )
    def test_near_miss(self, host: Host) -> None:
        assert state(host) == "active"


class TestTable:
    def test_a_cure_is_of_a_cause_that_is_asked_for_it(self) -> None:
        # How often stops cut requests off decides of itself whether that is over.
        assert set(CURES) <= {row.cause.id for row in ROWS} - {"reload_interrupted"}
