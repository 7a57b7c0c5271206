# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How nginx's user gets access to a socket, and nobody else."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    FILES,
    POOL,
    UNIT,
    Host,
    accesses,
    added_lines,
    commands,
    undo,
)

SETFACL = ["setfacl -m u:www-data:rw /run/php/php8.2-fpm.sock"]


class TestEntry:
    """the first choice: one ACL entry"""

    def test_it_is_set_in_the_file_and_on_the_live_socket(self) -> None:
        step = Host("socket_root").step("socket_access_set")
        assert added_lines(step) == ["listen.acl_users = www-data"] and "-t" in step.trials[0].argv
        assert (commands(step), undo(step)) == (SETFACL, [[]])
        assert step.cuts is None, "nothing is restarted"
        assert accesses(step)[0] == ("entry", [], [], False)

    @pytest.mark.parametrize(
        "pool, added",
        [
            (
                {"listen_owner": "backup", "listen_group": "web"},
                ["listen.acl_users = backup,www-data", "listen.acl_groups = web"],
            ),
            (
                {"listen_owner": "backup", "listen_group": None},
                ["listen.acl_users = backup,www-data", "listen.acl_groups = backup"],
            ),
            (
                {"listen_owner": "backup", "listen_group": "web", "listen_mode": "0600"},
                ["listen.acl_users = backup,www-data"],
            ),
            (
                {"listen_owner": "root", "listen_group": "web", "listen_mode": "0060"},
                ["listen.acl_users = www-data", "listen.acl_groups = web"],
            ),
            (
                {"listen_owner": "www-data", "listen_group": "web", "listen_mode": "0060"},
                ["listen.mode = 0660"],
            ),
        ],
    )
    def test_whoever_could_connect_by_owner_or_group_still_can(
        self, pool: Dict[str, Any], added: List[str]
    ) -> None:
        assert added_lines(Host("socket_root").pool(**pool).step("socket_access_set")) == added

    def test_an_owner_by_number_is_no_name_for_an_acl(self) -> None:
        with pytest.raises(Refusal, match="an ACL takes names"):
            Host("socket_root").pool(listen_owner="34").step("socket_access_set")

    def test_it_is_added_to_the_acl_that_is_there(self) -> None:
        host = Host("socket_root").pool(acl_users=["apache", "backup"])
        host.with_file(POOL, FILES[POOL] + "listen.acl_users = apache,backup\n")
        arguments = {"config": CONFIG, "pool": "www", "unit": UNIT, "user": "www-data"}
        step = host.resolve("socket_acl_add", arguments)
        assert added_lines(step) == ["listen.acl_users = apache,backup,www-data"]
        assert accesses(step) == [("entry", ["apache", "backup"], [], True)], (
            "with an ACL in the configuration there is no other way"
        )


class TestOtherWays:
    def test_without_acls_it_is_the_users_own_group_or_the_owner(self) -> None:
        group, owner = Host("socket_root").step("socket_access_set").otherwise
        assert added_lines(group) == ["listen.group = www-data", "listen.mode = 0660"]
        assert commands(group) == ["chgrp www-data /run/php/php8.2-fpm.sock"]
        assert added_lines(owner) == ["listen.owner = www-data", "listen.mode = 0660"]
        assert commands(owner) == ["chown www-data /run/php/php8.2-fpm.sock"]


class TestLiveSocket:
    @pytest.mark.parametrize(
        "pool",
        [
            {"listen_owner": "www-data"},
            {"listen_group": "www-data"},
            {"acl_users": ["www-data"]},
            {"acl_groups": ["www-data"]},
        ],
    )
    def test_it_alone_changes_where_the_configuration_is_right(self, pool: Dict[str, Any]) -> None:
        step = Host("socket_root").pool(**pool).step("socket_access_set")
        assert (step.changes, step.trials, commands(step)) == ([], [], SETFACL)

    def test_that_of_a_master_that_is_gone_is_not_touched(self) -> None:
        with pytest.raises(Refusal, match="does not run"):
            Host("socket_root").master(pid=None).step("socket_access_set")

    def test_near_miss_it_needs_no_systemd(self) -> None:
        step = Host("socket_root").master(unit=None).step("socket_access_set", unit=None)
        assert step.target == "/run/php/php8.2-fpm.sock"
