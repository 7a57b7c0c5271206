# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: the prevention of risks. argv[1]: JSON, [[cause, reason], ...]; argv[2]: check or do."""

import json
import sys

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.prevent.run import Wanted, prevent

POLICY = Policy(
    window=5,
    probe_timeout=3.0,
    max_risk="high",
    only=[],
    skip=[],
    probe_path="/index.php",
    verify_timeout=20.0,
    max_repeats=9,
    repeat_period=1,
    swap_size="",
    max_disruption="reload",
    max_cut=0,
    quiet_wait=10.0,
    managed_files="leave",
)
wanted = [Wanted(*each) for each in json.loads(sys.argv[1])]
print(
    "\nANSWER " + json.dumps(prevent(Host(), Disk(), POLICY, wanted, sys.argv[2] == "check")["remediation"])
)
