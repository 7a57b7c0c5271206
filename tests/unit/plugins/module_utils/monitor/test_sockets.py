# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who waits at an endpoint, by a real table of sockets."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.sockets import loads
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    KEY,
    SAT,
    a_host,
    dump,
    folder,
    sock,
)


class TestName:
    """Anybody can bind the name of a socket that is not there, in a mount namespace of his own."""

    @pytest.mark.parametrize(
        "stats, queue",
        [({SAT: sock()}, 4), ({"/run/php": folder(1)}, None), ({}, 4)],
        ids=["the file is there", "the file is gone", "the directory is not in the view"],
    )
    def test_it_counts_where_its_file_may_be(self, stats: Dict[str, Any], queue: Any) -> None:
        assert loads(a_host(stats=stats), [KEY], dump)[KEY].queue == queue
