# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx of the host beside the one that is looked at."""

from typing import TYPE_CHECKING, Iterator, Optional, Sequence, Tuple

from ...parse.endpoint import is_loopback, parse
from ...parse.nginx.conf import every
from ...parse.nginx.listen import DEFAULT_PORT, takes
from ...parse.nginx.routes import routes
from ..host import Host
from ..linux.processes import Process
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

_HTTP = "http://"


def _targets(reading: Reading) -> Iterator[Tuple[str, str]]:
    """(address, FILE:LINE) of each server that it asks by HTTP, by proxy_pass or in an upstream."""
    for directive in every(reading.conf.directives):
        written = directive.args[0] if directive.args else ""
        place = "%s:%s" % (directive.file, directive.line)
        if directive.name == "proxy_pass" and written.startswith(_HTTP):
            yield written[len(_HTTP) :].partition("/")[0], place
        elif directive.name == "server" and directive.block is None:
            yield written, place


def _in_front(reading: Reading, ours: Sequence["Route"]) -> Optional[str]:
    """Where it passes requests on to these sites, by this host's own addresses."""
    for written, place in _targets(reading):
        there = parse(written)
        address = there.address or ""
        if is_loopback(address) and any(
            takes(route["listen"], address, there.port or DEFAULT_PORT) for route in ours
        ):
            return place
    return None


def miss_other(host: Host, other: Process, reading: Reading, ours: Sequence["Route"]) -> None:
    """Health depends on it where it passes requests to php-fpm, or to the sites that do."""
    passes = routes(reading.conf, "")
    front = None if passes else _in_front(reading, ours)
    why = "a second nginx (pid %d: %s) was not looked at" % (other.pid, other.cmdline[:200])
    if passes:
        why += ", and passes requests to php-fpm: %(file)s:%(line)s" % passes[0]
    elif front:
        why += ", and passes requests on to these sites: %s; it may lose some of them" % front
    if passes or front:
        host.miss("nginx_config", next(iter(reading.changes), None), why)
    else:
        host.miss("nginx", None, why)
