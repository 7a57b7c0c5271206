# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who a program talks to, by the port or the socket of its peer."""

import re
from typing import Optional

# Ports of /etc/services and of the programs' own documentation.
SERVICES = {
    21: "FTP",
    25: "SMTP",
    53: "DNS",
    80: "HTTP",
    143: "IMAP",
    389: "LDAP",
    443: "HTTPS",
    465: "SMTP",
    587: "SMTP",
    636: "LDAP",
    1433: "SQL Server",
    1521: "Oracle",
    3306: "MySQL",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    6379: "Redis",
    8080: "HTTP",
    9200: "Elasticsearch",
    11211: "Memcached",
    27017: "MongoDB",
}
_SOCKETS = (
    (re.compile(r"mysql|mariadb", re.I), "MySQL"),
    (re.compile(r"\.s\.PGSQL\.", re.I), "PostgreSQL"),
    (re.compile(r"redis|valkey", re.I), "Redis"),
    (re.compile(r"memcache", re.I), "Memcached"),
    (re.compile(r"/dev-log$|/dev/log$"), "syslog"),
)


def program_at(peer: str) -> Optional[str]:
    """By a port or the name of a socket, so it is what usually listens there."""
    if peer.startswith("unix:"):
        return next((name for pattern, name in _SOCKETS if pattern.search(peer)), None)
    port = peer.rpartition(":")[2]
    return SERVICES.get(int(port)) if port.isdigit() else None


def service(peer: str) -> str:
    """Who it is, in words."""
    program = program_at(peer)
    return "%s at %s" % (program, peer) if program else peer
