# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers lack that end as they start."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_setup import worker_setup
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FILE = "/etc/php/8.2/fpm/pool.d/www.conf"
ALL, FEW = "000001ffffffffff", "000000000000002b"  # of the second: chown, dac_override, fowner, kill


def lacking(
    text: str = "", chroot: Optional[str] = None, effective: str = ALL, **more: Any
) -> Dict[str, Any]:
    files = {FILE: "[first]\nchdir = /first\n[www]\n" + text, "/srv/here/index.php": "", "/jail/srv/x": ""}
    files["/proc/7/status"] = "Name:\tphp-fpm\nCapEff:\t%s\n" % effective
    master: Any = dict({"config": "/etc/php/8.2/fpm/php-fpm.conf", "pid": 7}, **more)
    pool: Any = {"name": "www", "file": FILE, "line": 3, "chroot": chroot}
    return dict(worker_setup(FakeHost(files), master, pool))


class TestDirectory:
    @pytest.mark.parametrize(
        "text, chroot, gone",
        [
            ("chdir = /srv/gone\n", None, "/srv/gone"),
            (' chdir="/srv/gone" ; of the release\n', None, "/srv/gone"),
            ("chdir = /srv\n", "/jail", None),
            ("chdir = /srv/gone\n", "/jail", "/jail/srv/gone"),
            ("", "/gone", "/gone"),
            ("chdir = /srv/here\n", None, None),
            (";chdir = /srv/gone\n", None, None),
            ("[next]\nchdir = /srv/gone\n", None, None),
            ("chdir = $prefix/gone\n", None, None),
            ("", None, None),
        ],
    )
    def test_the_first_that_is_not_there(self, text: str, chroot: Optional[str], gone: Optional[str]) -> None:
        assert lacking(text, chroot)["directory"] == gone


class TestCapabilities:
    def test_hit_those_that_root_needs(self) -> None:
        assert lacking(effective=FEW)["capabilities"] == ["CAP_SETGID", "CAP_SETUID"]

    def test_hit_a_chroot_needs_another(self) -> None:
        assert lacking(effective="00000000000000c0", chroot="/jail")["capabilities"] == ["CAP_SYS_CHROOT"]

    def test_near_miss_it_has_all(self) -> None:
        assert lacking()["capabilities"] == []

    def test_decoy_a_master_that_is_not_roots(self) -> None:
        assert lacking(effective="0000000000000000", account="web1")["capabilities"] == []
