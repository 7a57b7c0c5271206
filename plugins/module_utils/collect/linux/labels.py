# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What SELinux and AppArmor call a process, and whether the kernel has them."""

from typing import NamedTuple, Optional

from ..host import Host

SELINUX = "/sys/fs/selinux"
_APPARMOR = "/sys/module/apparmor/parameters/enabled"


def label(host: Host, pid: object, module: str = "") -> Optional[str]:
    """A process's own, as the kernel has it now. module: "apparmor/", where several are stacked."""
    text = host.text("/proc/%s/attr/%scurrent" % (pid, module))
    return (text or "").strip("\0\n ") or None


class Profile(NamedTuple):
    """AppArmor's."""

    name: str
    mode: str


def profile_of(host: Host, pid: int) -> Optional[Profile]:
    """None: the process has none, or ours."""
    module = "apparmor/" if host.text("/proc/self/attr/apparmor/current") is not None else ""
    text = label(host, pid, module)
    if not text or text == label(host, "self", module):
        return None
    name, _blank, mode = text.rpartition(" (")
    return Profile(name or text, mode.rstrip(")"))


def has_apparmor(host: Host) -> bool:
    return (host.text(_APPARMOR) or "").startswith("Y")


def enforces_selinux(host: Host) -> bool:
    return (host.text(SELINUX + "/enforce") or "").strip() == "1"
