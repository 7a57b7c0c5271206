# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of a socket: made, or opened to nginx's user alone."""

from typing import List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    TMPFILES_CONF,
    UNIT,
    Host,
    added_lines,
    commands,
    undo,
)


class TestCreate:
    def test_that_of_tmpfiles_d_is_made_by_systemd_tmpfiles(self) -> None:
        step = Host("runtime_dir_missing").step("runtime_directory_create")
        assert (commands(step), undo(step)) == (["systemd-tmpfiles --create --prefix=/run/php"], [[]])
        assert (step.changes, step.commands[0].folder) == ([], "/run/php")

    def test_one_that_nobody_makes_gets_an_entry_of_its_own(self) -> None:
        step = Host("runtime_dir_missing").without(TMPFILES_CONF).step("runtime_directory_create")
        assert [(change.path, change.before) for change in step.changes] == [
            ("/etc/tmpfiles.d/webmedic-php-fpm.conf", None)
        ]
        assert "d /run/php 0755 root root -" in added_lines(step)

    def test_near_miss_an_entry_that_a_file_in_etc_hides(self) -> None:
        host = Host("runtime_dir_missing").with_file("/etc/tmpfiles.d/php8.2-fpm.conf", "# off\n")
        assert len(host.step("runtime_directory_create").changes) == 1

    def test_one_that_the_unit_makes_itself_needs_only_its_start(self) -> None:
        host = Host("runtime_dir_missing").unit(runtime_directory="php other")
        step = host.resolve("runtime_directory_create", {"unit": UNIT, "path": "/run/php"})
        assert (step.changes, step.commands) == ([], [])

    @pytest.mark.parametrize(
        "path",
        [
            "/var/www/shop/tmp",
            "/run",
            "/run/../etc",
            "/run//x",
            "/runtime/php",
            "/run/a b",
            "/run/%h",
            "/run/a\n",
        ],
    )
    def test_one_outside_of_run_is_for_a_person(self, path: str) -> None:
        with pytest.raises(Refusal, match="not a plain path below /run"):
            Host("runtime_dir_missing").resolve("runtime_directory_create", {"unit": UNIT, "path": path})


class TestSearch:
    def test_one_of_the_system_gets_its_rights_from_the_system(self) -> None:
        step = Host("parent_directory").step("directory_search_allow")
        assert commands(step) == ["systemd-tmpfiles --create --prefix=/run/php"]
        assert (step.commands[0].folder, step.commands[0].search) == ("/run/php", None)

    def test_one_that_the_pool_chose_lets_one_user_more_pass(self) -> None:
        step = Host("parent_directory").without(TMPFILES_CONF).step("directory_search_allow")
        assert commands(step) == ["setfacl -m u:www-data:x /run/php"]
        assert (step.commands[0].folder, step.commands[0].search) == ("/run/php", "www-data")

    def test_one_further_up_is_its_owners(self) -> None:
        with pytest.raises(Refusal, match="for its owner to say"):
            Host("parent_directory").files({CONFIG: ""}).step("directory_search_allow", path="/run")

    @pytest.mark.parametrize("path", ["/home/shop/run", "/root/run", "/home", "/tmp"])
    def test_one_of_a_person_or_of_everybody_is_not_opened(self, path: str) -> None:
        host = Host("parent_directory")
        host.pool(endpoint="unix:%s/php.sock" % path, listen=path + "/php.sock")
        with pytest.raises(Refusal, match="is for its owner to say"):
            host.step("directory_search_allow", path=path)

    @pytest.mark.parametrize(
        "acl",
        [
            ["user::rwx", "user:www-data:--x", "group::r-x", "group:dev:rwx", "mask::---", "other::---"],
            ["user::rwx", "group::r-x", "user:backup:r-x", "mask::--x", "other::---"],
        ],
    )
    def test_one_whose_mask_keeps_others_out_is_not_opened(self, acl: List[str]) -> None:
        with pytest.raises(Refusal, match="keeps others out as well"):
            Host("parent_directory").acl_of("/run/php", acl).step("directory_search_allow")

    @pytest.mark.parametrize(
        "acl",
        [
            ["user::rwx", "group::r-x", "group:dev:r-x", "mask::r-x", "other::---"],
            ["user::rwx", "user:www-data:--x", "group::r-x", "mask::---", "other::---"],
            None,
        ],
    )
    def test_near_miss_a_mask_that_keeps_nobody_else_out(self, acl: Optional[List[str]]) -> None:
        assert Host("parent_directory").acl_of("/run/php", acl).step("directory_search_allow").commands
