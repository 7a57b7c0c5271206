# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pipelines read is linear in the ill hosts: 4,000 take about twice as long as 2,000."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import junit, sarif
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.growth import MOST, growth
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.test_judged import (
    gated,
    reason,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import answer, finding

HOSTS = 2000
FORMS = {"junit": junit, "sarif": sarif}


@functools.lru_cache(maxsize=4)
def fleet(hosts: int, own_causes: bool) -> Any:
    """Hosts that are all ill, of the same cause or each of its own, and a gate that judged each finding."""
    causes = {"h%d" % number: "cause_%d" % number if own_causes else "x" for number in range(hosts)}
    found = {host: answer("failing", finding(cause)) for host, cause in causes.items()}
    return gated(*(reason(host, "fail", cause=cause) for host, cause in causes.items()), results=found)


@pytest.mark.long
class TestManyIllHosts:
    @pytest.mark.parametrize("own_causes", [True, False], ids=["own causes", "one cause"])
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_twice_the_hosts_take_twice_the_time(self, form: Any, own_causes: bool) -> None:
        assert growth(form.render, lambda hosts: fleet(hosts, own_causes), HOSTS, HOSTS) <= MOST
