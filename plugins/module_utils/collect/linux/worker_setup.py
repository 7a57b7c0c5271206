# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a worker lacks that could not be set up. php-fpm logs it nowhere (fpm_unix_init_child)."""

import posixpath
import re
from typing import TYPE_CHECKING, List, Optional

from ...parse.linux.proc import parse_status
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.waits import WorkerSetup

_CHDIR = re.compile(r'^[ \t]*chdir[ \t]*=[ \t]*"?(/[^"\s;$]*)', re.M)
_SECTION = re.compile(r"^[ \t]*\[", re.M)
# include/uapi/linux/capability.h
_CAPABILITIES = {"CAP_SETGID": 6, "CAP_SETUID": 7}
_CHROOT = {"CAP_SYS_CHROOT": 18}


def _chdir(host: Host, pool: "Pool") -> Optional[str]:
    rows = (host.text(pool["file"]) or "").splitlines(True)[pool["line"] :]
    written = _CHDIR.findall(_SECTION.split("".join(rows))[0])
    return written[-1] if written else None


def _directory(host: Host, pool: "Pool") -> Optional[str]:
    """The first that is not there."""
    root, inside = pool["chroot"], _chdir(host, pool)
    wanted = [root] if root else []
    if inside:
        wanted.append(posixpath.join(root, inside.lstrip("/")) if root else inside)
    return next((path for path in wanted if host.lacks(path)), None)


def _lacking(host: Host, master: "Master", pool: "Pool") -> List[str]:
    """Capabilities that root's master is without. Another's master keeps its workers its own."""
    rights = parse_status(host.text("/proc/%d/status" % (master["pid"] or 0)) or "").capabilities
    if rights is None or master.get("account"):
        return []
    wanted = dict(_CAPABILITIES, **(_CHROOT if pool["chroot"] else {}))
    return [name for name, bit in wanted.items() if not rights >> bit & 1]


def worker_setup(host: Host, master: "Master", pool: "Pool") -> "WorkerSetup":
    return {
        "config": master["config"],
        "pool": pool["name"],
        "directory": _directory(host, pool),
        "capabilities": _lacking(host, master, pool),
    }
