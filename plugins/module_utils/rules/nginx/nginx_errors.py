# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx answers 500 to by itself, or cuts off, without a fault of php-fpm: its own log alone tells."""

from typing import TYPE_CHECKING, Sequence

from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import CYCLES, LIMITED, OWN_ERRORS, UNWRITABLE
from ..connect.upstream_unresolvable import CAUSE as UNRESOLVABLE
from ..connect.upstream_unresolvable import of_no_endpoint
from ..model import Cause, HostRule, ids
from ..workers.invalid_response import CAUSE as INVALID

if TYPE_CHECKING:
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..group import Question

CYCLE = Cause("redirect_cycle", ("by_application", "closed_root", "internal_redirect"), severity="warning")
TEMP = Cause("temp_dir_unwritable", ("cache", "request_body", "response"), severity="warning")
NGINX_LIMIT = Cause(
    "nginx_limit", ids("connections limit_conn limit_req ports visitors zone_full"), severity="warning"
)
OWN = Cause(
    "nginx_own_error",
    ids(
        "auth_request bind_address catch_stderr closed_root confined_root "
        "fastcgi_params file_denied gone_root hidden_root password_file "
        "index_missing named_location sent_file sent_missing server_ignored source_sent symlinks_off "
        "worker_crashed written_file"
    ),
    severity="warning",
)
CAUSES = (CYCLE, TEMP, NGINX_LIMIT, UNRESOLVABLE, OWN, INVALID)
HANDLED = (CYCLES | UNWRITABLE | OWN_ERRORS | LIMITED).union(
    meanings("no_resource", "turned_away", "nginx_crashed", "zone_full")
)


def _by_log(snapshot: "Snapshot") -> Sequence["Question"]:
    logs = snapshot["logs"]
    if not logs.get("gone_roots") and not any(
        meaning_of(event) in HANDLED or event.get("caught") for event in logs["events"]
    ):
        return []
    from .nginx_error_reasons import questions

    return questions(snapshot)


def _http_to_fpm(snapshot: "Snapshot") -> Sequence["Question"]:
    if not any("://" in (event["endpoint"] or "") for event in snapshot["logs"]["events"]):
        return []
    from ..connect.http_to_fpm import questions

    return questions(snapshot)


def _ignored_servers(snapshot: "Snapshot") -> Sequence["Question"]:
    if not snapshot["nginx"].get("ignored") or snapshot["nginx"]["config_newer"]:
        return []
    from .ignored_servers import questions

    return questions(snapshot)


RULE = HostRule(
    "nginx_errors", CAUSES, (_by_log, _http_to_fpm, _ignored_servers, of_no_endpoint), of_nginx=True
)
