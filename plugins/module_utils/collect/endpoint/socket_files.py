# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a unix socket: links, directories, owners, modes, ACLs and labels, as the client sees them."""

import errno
import os
import posixpath
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from ...parse.linux import permission, sock_rows
from ..host import Host, HostError, Stat

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import SocketFile

_LINKS = 40  # the kernel's own limit, path_resolution(7)


class Walk(NamedTuple):
    searched: List[str]  # directories, in the kernel's order
    path: str  # where the last link leads
    stat: Optional[Stat]
    link_to: Optional[str]  # of the last component
    error: Optional[HostError]  # why the walk stopped


def walk(host: Host, path: str, root: str = "") -> Walk:
    """Follows path as the kernel does for a process that sees root as its "/"."""
    searched: List[str] = []
    left = list(reversed(path.split("/")))
    here, links = "/", 0
    stat: Optional[Stat] = None
    link_to: Optional[str] = None
    while left:
        name = left.pop()
        if name in ("", "."):
            continue
        if here not in searched:
            searched.append(here)
        step = posixpath.dirname(here) if name == ".." else posixpath.join(here, name)
        try:
            stat = host.stat(root + step, follow=False)
        except HostError as error:
            return Walk(searched, posixpath.join(step, *reversed(left)), None, link_to, error)
        target = host.readlink(root + step) if stat.type == "link" else None
        if target is None:
            here = step
            continue
        links += 1
        if links > _LINKS:
            loop = HostError(step, errno.ELOOP, "Too many levels of symbolic links")
            return Walk(searched, step, None, link_to, loop)
        link_to = target if step == path else link_to
        left.extend(reversed(target.split("/")))
        here = "/" if target.startswith("/") else here
    return Walk(searched, here, stat, link_to, None)


def component_of(host: Host, path: str, root: str, stat: Stat) -> permission.Component:
    acl = permission.parse_acl(host.xattr(root + path, "system.posix_acl_access"))
    owner, group = host.user_name(stat.uid), host.group_name(stat.gid)
    directory = stat.type == "directory"
    return permission.Component(path, directory, stat.uid, stat.gid, stat.mode, acl, owner, group)


def _acl(host: Host, component: permission.Component) -> Optional[List[str]]:
    return permission.acl_text(component.acl, host.user_name, host.group_name)


def no_file() -> "SocketFile":
    """The file's part of an endpoint that is no unix socket."""
    return {
        "exists": None,
        "type": None,
        "link_to": None,
        "real_path": None,
        "owner": None,
        "group": None,
        "uid": None,
        "gid": None,
        "mode": None,
        "acl": None,
        "selinux": None,
        "parents": [],
    }


def unix_facts(
    host: Host, path: str, root: str
) -> Tuple["SocketFile", List[permission.Component], Optional[Tuple[int, int]]]:
    """(the file's part of an endpoint, what a client has to pass, the file's identity)."""
    way = walk(host, path, root)
    components: List[permission.Component] = []
    for directory in way.searched:
        try:
            components.append(component_of(host, directory, root, host.stat(root + directory)))
        except HostError as error:
            host.miss("endpoint", directory, error.why, "root")
    facts = no_file()
    facts["exists"], facts["type"] = way.stat is not None, "missing"
    facts["link_to"], facts["real_path"] = way.link_to, way.path
    facts["parents"] = [
        {**permission.rights_of(component), "acl": _acl(host, component)} for component in components
    ]
    if way.error is not None and not way.error.absent:  # not seen, which is not the same as absent
        facts["exists"], facts["type"] = None, "unknown"
        host.miss("endpoint", path, way.error.why, "root")
    elif way.link_to is not None and way.stat is None:
        facts["type"] = "dangling_link"
    if way.stat is None:
        return facts, components, None
    last = component_of(host, way.path, root, way.stat)
    label = host.xattr(root + way.path, "security.selinux")
    facts["type"], facts["mode"] = way.stat.type, "%04o" % last.mode
    facts["owner"], facts["group"] = last.owner, last.group
    facts["uid"], facts["gid"] = last.uid, last.gid
    facts["acl"] = _acl(host, last)
    facts["selinux"] = label.rstrip(b"\0").decode("utf-8", "replace") if label else None
    device = way.stat.device
    return facts, components + [last], sock_rows.file_id(os.major(device), os.minor(device), way.stat.inode)
