# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that dials php-fpm."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import identity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import endpoints as sockets
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    a_host,
)


class TestIdentity:
    def test_the_running_workers_account_is_taken(self) -> None:
        procs = [
            Process(40, 1, "nginx", "nginx: master process nginx", None, 0, 0, [0], 1.0),
            Process(41, 40, "nginx", "nginx: cache manager process", None, 33, 33, [33], 1.0),
            Process(42, 40, "nginx", "nginx: worker process", None, 33, 33, [33, 44], 1.0),
        ]
        assert identity.running_identity(a_host(), procs) == {
            "user": "www-data",
            "uid": 33,
            "gid": 33,
            "groups": [33, 44],
            "pid": 42,
            "account": None,
        }
        assert identity.running_identity(a_host(), procs[:1]) is None

    def test_the_account_of_a_snapshot_or_a_name(self) -> None:
        nginx = {"user": "www-data", "uid": 33, "gid": 33, "groups": [33, 4], "workers": [41, 42]}
        assert sockets.identity_of(nginx) == {
            "user": "www-data",
            "uid": 33,
            "gid": 33,
            "groups": [33, 4],
            "pid": 41,
            "account": None,
        }
        assert (
            sockets.identity_of({"user": None, "uid": None, "gid": None, "groups": [], "workers": []}) is None
        )
        assert identity.named_identity(a_host(), "www-data", {"pid": 41}) == {
            "user": "www-data",
            "uid": 33,
            "gid": 33,
            "groups": [33],
            "pid": 41,
            "account": None,
        }
        assert identity.named_identity(a_host(), "nobody-here", None) is None
