# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of sites with PHP that have expired, and those that were renewed since nginx loaded them."""

import binascii
import calendar
import posixpath
import re
import time
from typing import TYPE_CHECKING, Dict, List, Optional

from ...parse.nginx.conf import Conf, Directive, every, named
from ...parse.nginx.served import servers
from ..host import Host, HostError

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

MOST = 32  # files
SOON = 10.0  # seconds: a hook reloads nginx in that time
_PEM = re.compile(r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END")
# Two times in a sequence (RFC 5280, 4.1.2.5): UTCTime, or GeneralizedTime from 2050 on.
_TIME = rb"(?:\x17\x0d\d{12}|\x18\x0f\d{14})Z"
_VALIDITY = re.compile(rb"\x30[\x1e\x20\x22]" + _TIME + rb"(" + _TIME + rb")")
_EXPIRED = "%s:%s: the certificate %s expired on %s: browsers warn all who come there by TLS. Renew it"
_NEWER = (
    "%s:%s: the certificate %s was written after nginx loaded its files: until a reload visitors get the one "
    "before it, which may have expired. Let what renews it end with nginx -t && nginx -s reload"
)


def ends_at(pem: str) -> Optional[float]:
    """When the first certificate ends."""
    found = _PEM.search(pem)
    try:
        der = binascii.a2b_base64(found.group(1)) if found else b""
    except ValueError:
        return None
    validity = _VALIDITY.search(der)
    if validity is None:
        return None
    digits = validity.group(1)[2:-1].decode("ascii")
    if len(digits) == 12:
        digits = ("20" if digits < "50" else "19") + digits
    parts = [int(digits[:4])] + [int(digits[at : at + 2]) for at in range(4, 14, 2)]
    return float(calendar.timegm((*parts, 0, 0, 0)))


def _used(conf: Conf) -> List[Directive]:
    """Of server blocks that ask php-fpm: strangers alone may meet another one's."""
    found: List[Directive] = []
    for http, server in servers(conf):
        inside = list(every(server.block or []))
        tls = any("ssl" in each.args for each in named(inside, "listen"))
        if tls and named(inside, "fastcgi_pass"):
            found += named(inside, "ssl_certificate") or named(http.block or [], "ssl_certificate")
    return found


def note_certificates(host: Host, nginx: "Nginx", conf: Conf) -> None:
    home, loaded = posixpath.dirname(nginx["config"] or ""), nginx["loaded"]["at"]
    files: Dict[str, Directive] = {}
    for each in _used(conf):
        if "$" not in each.args[0] and not each.args[0].startswith("data:"):
            files.setdefault(posixpath.join(home, each.args[0]), each)
    for path, each in list(files.items())[:MOST]:
        try:
            written = host.stat(path).mtime
        except HostError:
            continue
        end, now = ends_at(host.text(path) or ""), host.now()
        if loaded and nginx["running"] and loaded + SOON < written < now - SOON:
            host.miss("certificate", path, _NEWER % (each.file, each.line, path))
        elif end is not None and end < now:
            day = time.strftime("%Y-%m-%d", time.gmtime(end))
            host.miss("certificate", path, _EXPIRED % (each.file, each.line, path, day))
