# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools as the files have them now, after an edit that php-fpm has not loaded."""

from typing import Any, Dict, List, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.written import as_written

CONFIG, POOL = "/etc/php-fpm.conf", "/etc/php-fpm.d/www.conf"
MASTER = {
    "config": CONFIG,
    "prefix": "/usr",
    "running": True,
    "process_max": 0,
    "pools": [{"name": "www", "max_children": 2}],
}


def read_of(files: Dict[str, str]) -> List[Dict[str, Any]]:
    def expand(pattern: str) -> List[str]:
        return [name for name in sorted(files) if name.startswith("/etc/php-fpm.d/")]

    def read(path: str) -> Optional[str]:
        return files.get(path)

    return as_written([MASTER], read, expand)


class TestAsWritten:
    def test_raised_pool_has_the_written_values(self) -> None:
        master = read_of(
            {
                CONFIG: "[global]\nprocess.max = 40\ninclude=/etc/php-fpm.d/*.conf\n",
                POOL: "[www]\nlisten = /run/www.sock\npm.max_children = 16\n",
            }
        )[0]
        assert master["pools"][0]["max_children"] == 16 and (master["process_max"], master["running"]) == (
            40,
            True,
        )

    def test_near_miss_unreadable_files_keep_what_was_known(self) -> None:
        assert read_of({})[0] == MASTER

    def test_masters_of_the_snapshot_are_not_changed(self) -> None:
        read_of({CONFIG: "[www]\npm.max_children = 16\n"})
        assert MASTER["pools"] == [{"name": "www", "max_children": 2}]


class TestNameTwice:
    def replaced(self, *texts: str) -> Any:
        files = {CONFIG: "include=/etc/php-fpm.d/*.conf\n"}
        files.update({"/etc/php-fpm.d/%d.conf" % number: text for number, text in enumerate(texts)})
        pools = read_of(files)[0]["pools"]
        return pools[0].get("replaced"), pools[0]["endpoint"]

    def test_hit_the_listen_that_was_read_first_is_kept(self) -> None:
        gone, endpoint = self.replaced("[www]\nlisten = /run/a\n", "[www]\nlisten = /run/b\n")
        assert endpoint == "unix:/run/b"
        assert gone == [{"endpoint": "unix:/run/a", "file": "/etc/php-fpm.d/0.conf", "line": 2}]

    def test_near_miss_both_have_the_same(self) -> None:
        assert self.replaced(*["[www]\nlisten = 9000\n"] * 2)[0] is None

    def test_decoy_pools_with_names_of_their_own(self) -> None:
        assert self.replaced("[a]\nlisten = /run/a\n", "[b]\nlisten = /run/b\n")[0] is None
