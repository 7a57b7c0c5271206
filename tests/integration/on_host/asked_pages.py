# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: what site_page_info says of its sites, as one line of JSON."""

import json

from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import (
    Wish,
    accepted,
    site_pages,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host

print("\nANSWER " + json.dumps(site_pages(Host(), Wish([], "/index.php", accepted(["200-399"]), 5.0, 30.0))))
