# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: what restart_info says, and what an audit does. argv: those of "restart", "risks" that are
asked. Prints one line of JSON with an answer to each.
"""

import json
import sys

from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.look import restart
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.risks import take_with_risks
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead

WINDOW = 900
SECONDS = 120.0
LOOKS = {
    "restart": lambda: restart(Host(), True, SECONDS),
    "risks": lambda: diagnose_ahead(take_with_risks(Host(), WINDOW, 3.0, SECONDS)),
}
print("\nANSWER " + json.dumps(sendable({name: LOOKS[name]() for name in sys.argv[1:]})))
