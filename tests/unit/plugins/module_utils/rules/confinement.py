# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of hosts where a policy or a unit's filter refuses nginx or php-fpm. The kernel's lines are made
by its own formats (security/selinux/avc.c, security/apparmor/audit.c, kernel/auditsc.c).
"""

from typing import Any, Dict, List, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.denials import Line, denials
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import (
    key,
    now,
)

HTTPD = "system_u:system_r:httpd_t:s0"
OURS = "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023"
SOCKET_WRITE = (
    'avc:  denied  { write } for  pid=812 comm="nginx" name="php8.2-fpm.sock" dev="tmpfs" ino=41259 '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:default_t:s0 tclass=sock_file "
    "permissive=0"
)
NAME_CONNECT = (
    'avc:  denied  { name_connect } for  pid=812 comm="nginx" dest=9000 '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:unreserved_port_t:s0 "
    "tclass=tcp_socket permissive=0"
)
NAME_BIND = (
    'avc:  denied  { name_bind } for  pid=2113 comm="php-fpm8.2" src=9123 '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:unreserved_port_t:s0 "
    "tclass=tcp_socket permissive=0"
)
ADD_NAME = (
    'avc:  denied  { add_name } for  pid=2113 comm="php-fpm8.2" name="shop.sock" '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:default_t:s0 tclass=dir permissive=0"
)
AA_CONNECT = (
    'apparmor="DENIED" operation="connect" class="file" profile="nginx" name="/run/php/php8.2-fpm.sock" '
    'pid=812 comm="nginx" requested_mask="wr" denied_mask="wr" fsuid=33 ouid=33'
)
AA_MKNOD = (
    'apparmor="DENIED" operation="mknod" profile="php-fpm" name="/srv/run/shop.sock" pid=2113 '
    'comm="php-fpm8.2" requested_mask="c" denied_mask="c" fsuid=0 ouid=0'
)
SECCOMP = (
    "auid=4294967295 uid=0 gid=0 ses=4294967295 subj=unconfined pid=2113 "
    'comm="php-fpm8.2" exe="/usr/sbin/php-fpm8.2" sig=31 arch=c000003e syscall=49 compat=0 '
    "ip=0x7f code=0x80000000"
)


def access(tclass: str, permission: str, target: str, allowed: Optional[bool], **more: Any) -> Dict[str, Any]:
    facts: Dict[str, Any] = {
        "source": HTTPD,
        "target": "system_u:object_r:%s:s0" % target,
        "tclass": tclass,
        "permission": permission,
        "path": None,
        "port": None,
        "allowed": allowed,
        "label_at": None,
    }
    return dict(facts, **more)


def confined(host: Host, **facts: Any) -> Host:
    """As if looked at with what is known of confinement."""
    empty = {"selinux": None, "apparmor": None, "nginx_unit": None, "denials": []}
    host["confinement"] = dict(host.get("confinement") or empty, **facts)
    return host


def enforcing(host: Host, *accesses: Dict[str, Any], loaded: float = 5000.0, **facts: Any) -> Host:
    """SELinux is, and its policy answers so for the first site's endpoint. loaded: seconds ago."""
    selinux: Dict[str, Any] = {
        "nginx": HTTPD,
        "ours": OURS,
        "loaded_at": now(host) - loaded,
        "booleans": {"httpd_can_network_connect": False},
        "endpoints": {key(host): list(accesses)} if accesses else {},
    }
    return confined(host, selinux=dict(selinux, **facts))


def kernel_said(host: Host, ago: float, text: str, denied_now: Optional[bool] = True) -> Host:
    """A refusal of nginx or php-fpm in the audit log, and what asking again gives."""
    at, record = now(host) - ago, "1326" if "syscall=" in text else "1400"
    line = "type=%s audit(%.3f:61): %s" % (record, at, text)
    found, _changes = denials([Line(at, "/var/log/audit/audit.log", line)])
    assert len(found) == 1, line
    more: List[Dict[str, Any]] = [dict(found[0], denied_now=denied_now)]
    known = confined(host)["confinement"]
    return confined(host, denials=known["denials"] + more)


def label(allowed: Optional[bool], target: str = "default_t") -> List[Dict[str, Any]]:
    """What the policy says of the way to a socket in /run/php."""
    path = "/run/php/php8.2-fpm.sock"
    return [
        access("dir", "search", "var_run_t", True, path="/run"),
        access("sock_file", "write", target, allowed, path=path),
        access("unix_stream_socket", "connectto", "httpd_t", True, path=path),
    ]


def wrong_label() -> Host:
    """The probe is let in, nginx is not, and its log says so."""
    host = a_host().nginx_said("ng-connect-eacces", 60.0, 30.0)
    return kernel_said(enforcing(host, *label(False)), 30.0, SOCKET_WRITE)


def mended_label() -> Host:
    """After restorecon the policy lets nginx in."""
    host = a_host().nginx_said("ng-connect-eacces", 60.0, 30.0)
    return kernel_said(enforcing(host, *label(True, "httpd_var_run_t")), 30.0, SOCKET_WRITE, False)


def wrong_domain() -> Host:
    rows = label(True)[:2] + [
        access("unix_stream_socket", "connectto", "initrc_t", False, path="/run/php/php8.2-fpm.sock")
    ]
    return enforcing(a_host().nginx_said("ng-connect-eacces", 30.0), *rows)


def on_tcp() -> Host:
    """php-fpm answers the probe on TCP."""
    host = a_host().dials("127.0.0.1:9000", **hosts.port("127.0.0.1"))
    return host.with_pool(endpoint="127.0.0.1:9000", listen="9000").silent_logs()


def wrong_port(label_ago: float = 30.0, loaded: float = 5000.0, allowed: bool = False) -> Host:
    host = on_tcp().nginx_said("ng-connect-eacces-tcp", 60.0, 30.0)
    row = access(
        "tcp_socket", "name_connect", "unreserved_port_t", allowed, port=9000, label_at=now(host) - label_ago
    )
    return kernel_said(enforcing(host, row, loaded=loaded), label_ago, NAME_CONNECT, not allowed)


def by_apparmor(denied_now: Optional[bool] = True) -> Host:
    host = a_host().nginx_said("ng-connect-eacces", 60.0, 30.0)
    mode = "enforce" if denied_now else "complain"
    profiles = [{"pid": 812, "program": "nginx", "name": "nginx", "mode": mode}]
    return kernel_said(confined(host, apparmor=profiles), 30.0, AA_CONNECT, denied_now)


def no_unix_sockets(families: Optional[str] = "AF_INET AF_INET6", *ago: float) -> Host:
    """nginx.service has RestrictAddressFamilies=, and nginx runs since ten minutes."""
    host = a_host().nginx_runs_since(600.0)
    number = "(97: Address family not supported by protocol)"
    host.nginx_said("ng-socket-family", *(ago or (60.0, 30.0)))
    for event in host["logs"]["events"]:
        event["sample"]["text"] = "socket() failed %s while connecting to upstream" % number
        event["detail"] = {"errno": 97}
    unit = {"unit": "nginx.service", "families": families, "calls": None}
    return confined(host, nginx_unit=unit if families else None)


def no_connect(filtered: bool = True) -> Host:
    """nginx.service has SystemCallFilter=~connect, and SystemCallErrorNumber=EPERM."""
    host = a_host().nginx_runs_since(600.0).nginx_said("ng-connect-eperm", 60.0, 30.0)
    for event in host["logs"]["events"]:
        event["sample"]["text"] = (
            "connect() to unix:/run/php/php8.2-fpm.sock failed (1: Operation not permitted)"
        )
        event["detail"] = {"errno": 1}
    unit = {"unit": "nginx.service", "families": None, "calls": "~connect"}
    return confined(host, nginx_unit=unit if filtered else None)


def failed_start(line: str, **unit: Any) -> Host:
    """The unit's last start, a minute ago, ended with this line of php-fpm."""
    name = "php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager"
    host = a_host("port_taken").with_unit(result="exit-code", changed_at=None)
    host.with_unit(changed_at=now(host) - 59.0, **unit)
    lines = [(60.0, "systemd[1]: Starting %s..." % name), (59.5, line)]
    return confined(host.journal(*lines, (59.0, "systemd[1]: Failed to start %s." % name)))


def cannot_bind(address: str) -> str:
    return (
        "php-fpm[83]: ERROR: unable to bind listening socket for address '%s': Permission denied (13)"
        % address
    )


def refused_port(denied_now: Optional[bool] = True) -> Host:
    host = failed_start(cannot_bind("127.0.0.1:9123"))
    return kernel_said(host, 59.5, NAME_BIND, denied_now)


def refused_directory() -> Host:
    host = failed_start(cannot_bind("/srv/run/shop.sock"))
    return kernel_said(host, 59.5, ADD_NAME)


def refused_by_profile() -> Host:
    host = failed_start(cannot_bind("/srv/run/shop.sock"))
    return kernel_said(host, 59.5, AA_MKNOD)


def without_tcp_sockets() -> Host:
    """Its pool listens on TCP."""
    words = "Address family not supported by protocol (97)"
    line = "php-fpm[83]: ERROR: failed to create new listening socket: socket(): " + words
    return failed_start(line, families="AF_UNIX")


def killed_by_filter() -> Host:
    host = failed_start("php-fpm[83]: NOTICE: ready", exec_main_code=3, exec_main_status=31)
    return kernel_said(host.with_unit(result="core-dump"), 59.5, SECCOMP)
