# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The risks of one cause: a host of the lab may have those of another one as well."""

from typing import Any, Callable, Dict, List, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead


def by_cause(cause: str) -> Tuple[Callable[[Any], List[str]], Callable[[Any], Dict[str, Any]]]:
    """(the reasons of a host's findings, the only finding)"""

    def found(snapshot: Any) -> List[Dict[str, Any]]:
        return [dict(item) for item in diagnose_ahead(snapshot)["findings"] if item["cause"] == cause]

    def reasons(snapshot: Any) -> List[str]:
        return [str(item["reason"]) for item in found(snapshot)]

    def only(snapshot: Any) -> Dict[str, Any]:
        (item,) = found(snapshot)
        return item

    return reasons, only
