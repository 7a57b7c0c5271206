# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose code nginx sends to php-fpm: the account a site's pool should run as."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..host import Host, HostError
from ..trust import walk

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

_FROM_ROOT = re.compile(r"\$\{?(?:document_root|realpath_root|request_filename)\b")


def owners_of_code(host: Host, routes: Sequence["Route"]) -> None:
    """Sets root_owner and owners of each route, which are None where they are unknown."""
    known: Dict[str, Tuple[Optional[str], Optional[List[str]]]] = {}
    for route in routes:
        script, code = route["params"].get("SCRIPT_FILENAME", ""), route["root"] or ""
        if script and not _FROM_ROOT.match(script):
            code = script.partition("$")[0]
        if code not in known:
            known[code] = _owners(host, code) if code.startswith("/") and "$" not in code else (None, None)
        route["root_owner"], route["owners"] = known[code]


def _owners(host: Host, path: str) -> Tuple[Optional[str], Optional[List[str]]]:
    """(its owner, who besides root can exchange it or a link to it or owns its index.php; else its group)."""
    real, ruler, rulers = "/", 0, set()
    try:
        for place, component in walk(host, path):
            seen, target = component.stat, component.target
            ruler = seen.uid or ruler
            if target is None:
                real = place
                continue
            rulers.add(ruler)
            if target.startswith("/"):
                real, ruler = "/", 0
        index = posixpath.join(real, "index.php")
        rulers |= {ruler} | {host.stat(index, follow).uid for follow in (False, True) if host.type_of(index)}
    except HostError:
        return None, None
    names = {host.user_name(uid) for uid in rulers if uid} or {host.group_name(seen.gid)} - {"root"}
    return host.user_name(seen.uid), sorted(names)
