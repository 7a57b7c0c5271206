# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is looked at for risks alone, by subject: the key of it in the snapshot's "risks".

A subject is a file here with collect(host, snapshot), which gives what plugin_utils/shapes/risks.py declares
under its name. The subject "restart" is in ahead/risks.py: it takes what later stations know.
"""

from typing import Dict

from . import big_headers, capacity, doors, locations, log_writers, pool_settings, rotation, swap, web
from .look import Collect

SUBJECTS: Dict[str, Collect] = {
    "web": web.collect,
    "doors": doors.collect,
    "rotation": rotation.collect,
    "outputs": log_writers.collect,
    "swap": swap.collect,
    "capacity": capacity.collect,
    "pool_settings": pool_settings.collect,
    "locations": locations.collect,
    "big_headers": big_headers.collect,
}
