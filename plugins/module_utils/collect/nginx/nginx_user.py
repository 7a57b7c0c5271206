# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who dials php-fpm: the account of nginx's workers, as they run and as the configuration says."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ...parse.nginx.conf import Conf, user_directive
from ..host import Host
from ..linux.processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx, NginxAccount


def groups(host: Host) -> Dict[str, Tuple[int, List[str]]]:
    """{name: (id, members)} of the local file: a directory service may hang."""
    rows = [row.split(":") for row in (host.text("/etc/group") or "").split("\n")]
    rows.reverse()  # the first of a name counts
    return {row[0]: (int(row[2]), row[3].split(",")) for row in rows if len(row) > 3 and row[2].isdigit()}


def group_id(host: Host, name: str) -> Optional[int]:
    return groups(host).get(name, (None,))[0]


def _runs_as(host: Host, worker: Process) -> "NginxAccount":
    return {
        "user": host.user_name(worker.uid),
        "user_from": "process",
        "uid": worker.uid,
        "gid": worker.gid,
        "groups": worker.groups,
    }


def _worker_user(
    host: Host,
    workers: Sequence[Process],
    written: Optional[Tuple[str, Optional[str]]],
    default: str,
    certain: bool,
    newer: bool,
) -> "NginxAccount":
    """Who connects to php-fpm: as the workers run, else as the user directive says.

    written: the user and group of that directive. certain: no part of the configuration is unknown.
    newer: it was changed since the workers were started.
    """
    name = written[0] if written else default
    unknown: NginxAccount = {
        "user": name,
        "user_from": "config" if written else "default",
        "uid": None,
        "gid": None,
        "groups": [],
    }
    account = host.account(name)
    if workers:
        wrong = [other for other in workers if certain and other.uid != (account.uid if account else None)]
        if wrong:
            if newer and len(wrong) == len(workers) and len({worker.uid for worker in workers}) == 1:
                return _runs_as(host, wrong[0])
            why = "the configuration says that nginx's workers run as %s, and worker %d runs as %s"
            seen = (name, wrong[0].pid, host.user_name(wrong[0].uid))
            host.miss("connect_as_nginx", None, why % seen, "an nginx that has loaded its configuration")
            return unknown
        return _runs_as(host, workers[0])
    if account is None:
        return unknown
    # ngx_set_user(): without a group of its own, the one with the user's name.
    group = group_id(host, written[1] if written and written[1] else name)
    gid = account.gid if group is None else group
    return {**unknown, "uid": account.uid, "gid": gid, "groups": sorted(set(account.groups) | {gid})}


def set_user(
    host: Host, nginx: "Nginx", conf: Conf, workers: Sequence[Process], default: str, certain: bool
) -> None:
    """Of the workers that run, and of the configuration where that is newer and names another."""
    user, newer = user_directive(conf), nginx["loaded"]["newer_files"]
    group = user.args[1] if user and len(user.args) > 1 else None
    written = (user.args[0], group) if user else None
    is_newer = user.file in newer if user else bool(nginx["config_newer"])
    nginx.update(_worker_user(host, workers, written, default, certain, is_newer))
    nginx["group"] = host.group_name(nginx["gid"]) if nginx["gid"] is not None else None
    if not workers or not certain or not is_newer:
        return
    configured = _worker_user(host, (), written, default, certain, False)
    if nginx["uid"] is not None and configured["uid"] not in (None, nginx["uid"]):
        nginx["loaded"]["configured"] = {
            "user": configured["user"] or "",
            "uid": configured["uid"],
            "groups": configured["groups"],
            "file": user.file if user else nginx["config"] or "",
            "line": user.line if user else 0,
        }
