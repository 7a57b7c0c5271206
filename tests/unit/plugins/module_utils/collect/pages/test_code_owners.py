# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose code a site runs."""

from typing import Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    folder,
    owners,
)


class TestOwners:
    def test_code_of_root_is_nobodys_else(self) -> None:
        assert (
            owners({})
            == owners({}, script="")
            == owners({}, script="$realpath_root$fastcgi_script_name")
            == []
        )

    @pytest.mark.parametrize(
        "stats, expected",
        [
            ({"/srv/app": folder(1000)}, ["bob"]),
            ({"/srv/app": folder(0, 1000)}, ["bob"]),
            ({"/srv": folder(1000)}, ["bob"]),
            ({"/srv": folder(1001), "/srv/app": folder(1000)}, ["bob"]),
            ({"/srv/app/index.php": folder(1000, kind="file")}, ["bob"]),
            ({"/srv/app": folder(1001), "/srv/app/index.php": folder(1000, kind="file")}, ["ann", "bob"]),
        ],
    )
    def test_hit_the_owner_of_the_directory_or_its_index(
        self, stats: Dict[str, Stat], expected: List[str]
    ) -> None:
        assert owners(stats) == expected

    def test_hit_the_owner_of_a_link_on_the_way(self) -> None:
        links = {"/srv/app/current": "releases/1", "/srv/app/releases/1/public": "/srv/web"}
        stats = {"/srv/app/releases": folder(0), "/srv/app/releases/1": folder(0), "/srv/web": folder(0)}
        assert owners(stats, "/srv/app/current/public", links=links) == []
        assert owners(stats, "/srv/app/current/public", links=links, keepers={"/srv/app/current": 1000}) == [
            "bob"
        ]
        assert owners(
            stats, "/srv/app/current/public", links=links, keepers={"/srv/app/releases/1/public": 1001}
        ) == ["ann"]
        assert owners(dict(stats, **{"/srv/app": folder(1000)}), "/srv/app/current/public", links=links) == [
            "bob"
        ], "a link in a directory of bob's"

    def test_hit_a_script_that_is_named_outright_is_what_runs(self) -> None:
        stats = {"/home/bob": folder(1000), "/home/bob/run.php": folder(0, kind="file")}
        assert (
            owners(stats, script="/home/bob/run.php")
            == owners(stats, script="/home/bob$fastcgi_script_name")
            == ["bob"]
        )
        assert owners(stats, root="$base/x", script="/home/bob/run.php") == ["bob"]

    @pytest.mark.parametrize(
        "root, script, links",
        [
            ("/srv/gone", "", {}),
            ("$base/app", "", {}),
            ("/srv/$host", "", {}),
            ("/srv/app", "$base$fastcgi_script_name", {}),
            ("/srv/app", "/srv/ap$x", {}),
            ("/srv/loop", "", {"/srv/loop": "loop"}),
            ("", "", {}),
        ],
    )
    def test_unknown_where_it_cannot_be_seen(self, root: str, script: str, links: Dict[str, str]) -> None:
        assert owners({}, root, script, links) is None
