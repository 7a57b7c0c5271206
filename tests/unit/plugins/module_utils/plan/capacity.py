# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts as the capacity collector measures them, for tests of sizes."""

from typing import Any, Dict, Optional, Sequence

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import parse_fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pools import (
    pool_facts,
    start_problems,
)

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
WWW = (CONFIG, "www")


def a_pool(
    name: str = "www",
    max_children: int = 2,
    mib: float = 30,
    shared: int = 0,
    measured: Optional[int] = None,
    **more: Any,
) -> Dict[str, Any]:
    """measured: the number of workers; None: all."""
    seen = max_children if measured is None else measured
    facts = {
        "config": CONFIG,
        "pool": name,
        "pm": "static",
        "max_children": max_children,
        "start_servers": None,
        "min_spare": None,
        "max_spare": None,
        "process_max": 0,
        "workers": seen,
        "measured": seen,
        "uss_kb": [int(mib * 1024)] * seen,
        "rss_kb": [int((mib + shared) * 1024)] * seen,
        "shared_kb": shared * 1024,
        "cpu_share": 0.5,
    }
    return dict(facts, **more)


def a_host(
    limit: int = 1024,
    others: int = 100,
    cores: Optional[float] = 4,
    pools: Sequence[Dict[str, Any]] = (),
    **more: Any,
) -> Dict[str, Any]:
    """Sizes in MiB."""
    facts = {
        "limit_bytes": limit * MIB,
        "limit_from": "MemTotal",
        "mem_total": limit * MIB,
        "others_bytes": others * MIB,
        "cores": cores,
        "pools": list(pools) or [a_pool()],
        "unlisted": [],
        "missing": [],
    }
    return dict(facts, **more)


def a_master(process_max: int, *counts: int) -> Dict[str, Any]:
    return {
        "config": CONFIG,
        "process_max": process_max,
        "pools": [{"name": "p%d" % number, "max_children": count} for number, count in enumerate(counts)],
    }


def busy(waiting: int = 10, served: int = 2, arrived: int = 0, answered: int = 0) -> Dict[str, int]:
    return {"busy": served, "waiting": waiting, "arrived": arrived, "answered": answered}


def loaded(settings: Dict[str, str], pm: str) -> Dict[str, Any]:
    """The pool as php-fpm's own rules read it; fails where php-fpm would refuse it."""
    text = "[www]\nlisten = /run/php/php.sock\nuser = www-data\npm = %s\n%s" % (
        pm,
        "".join("%s = %s\n" % pair for pair in sorted(settings.items())),
    )
    conf = parse_fpm_conf(CONFIG, lambda path: text, lambda pattern: [], "/usr")
    pools = [pool_facts(section, "/usr") for section in conf.pools]
    assert start_problems(conf, pools) == []
    return pools[0]
