# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's files nearly prove to be wrong by themselves, and no log tells: notes."""

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Optional

from ...parse.nginx.conf import Conf, every
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

MOST = 4
_ADDRESS = re.compile(r"(?!127\.)\d+\.\d|\[(?!::[1\]])")
_OF_BRIDGE = re.compile(r"172\.(?:1[7-9]|2\d|3[01])\.0\.1\Z|.*:")  # of containers; IPv6


def note_mistakes(host: Host, nginx: "Nginx", conf: Conf, default_log: str, since: Optional[float]) -> None:
    """A look is compiled where the files have what it is about. default_log: of requests."""
    everything = list(every(conf.directives))
    count = Counter(each.name for each in everything)
    if count["ssl_certificate"]:
        from .certificates import note_certificates

        note_certificates(host, nginx, conf)
    if count["types"] > 1:
        from .untyped import note_untyped

        note_untyped(host, nginx, conf)
    if any(each.name == "listen" and _ADDRESS.match(each.args[0]) for each in everything):
        from ...parse.nginx.outdone import outdone
        from ..linux.addresses import addresses

        own = [each for each in addresses(host) if not _OF_BRIDGE.match(each)]
        for file, words in islice(outdone(conf, own), MOST):
            host.miss("site_left_out", file, words)
    leads = any(each.name in ("return", "rewrite") and "://" in "".join(each.args) for each in everything)
    astray = leads or count["fastcgi_cache"] or count["proxy_cache"]
    if astray and since is not None and not nginx["config_newer"]:
        from .astray import redirects, shared_keys

        redirects(host, conf, nginx, default_log, since)
        shared_keys(host, conf)
