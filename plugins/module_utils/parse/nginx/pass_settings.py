# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of each fastcgi_pass that only risks ask for: the buffer of a response's headers, and what nginx
tells PHP to change in its configuration.
"""

import re
from typing import Dict, List, NamedTuple, Optional

from .conf import Conf, Directive
from .served import servers

# In the order in which php-fpm applies them: the last one wins (sapi/fpm/fpm/fpm_main.c).
PHP_PARAMS = ("PHP_VALUE", "PHP_ADMIN_VALUE")
HEADER = "fastcgi_buffer_size"
_SIZE = re.compile(r"([0-9]{1,15})([kKmM]?)\Z")
_SCALE = {"": 1, "k": 1 << 10, "m": 1 << 20}


class Pass(NamedTuple):
    """A fastcgi_pass, with what holds on it."""

    server: Directive
    location: str  # arguments
    at: Directive  # itself
    header: Optional[Directive]
    php: Dict[str, Directive]  # fastcgi_param of PHP_PARAMS, by name


class _Level(NamedTuple):
    header: Optional[Directive] = None
    php: Dict[str, Directive] = {}


def size(text: str) -> Optional[int]:
    """Bytes, as ngx_parse_size() reads it; None for what nginx refuses."""
    match = _SIZE.match(text)
    return int(match.group(1)) * _SCALE[match.group(2).lower()] if match else None


def _enter(level: _Level, block: List[Directive]) -> _Level:
    header = next((each for each in block if each.name == HEADER and each.args), level.header)
    params = [each for each in block if each.name == "fastcgi_param" and len(each.args) > 1]
    # A level with a fastcgi_param inherits none.
    php = {each.args[0]: each for each in params if each.args[0] in PHP_PARAMS} if params else level.php
    return _Level(header, php)


def _walk(server: Directive, block: List[Directive], level: _Level, location: str, found: List[Pass]) -> None:
    for directive in block:
        if directive.name == "fastcgi_pass" and directive.args:
            found.append(Pass(server, location, directive, level.header, level.php))
        elif directive.block and directive.name == "location":
            inner = " ".join(directive.args)
            _walk(server, directive.block, _enter(level, directive.block), inner, found)
        elif directive.block and directive.name in ("if", "limit_except"):
            # nginx allows none of these settings there.
            _walk(server, directive.block, level, location, found)


def passes(conf: Conf) -> List[Pass]:
    """All passes, in the configuration's order."""
    found: List[Pass] = []
    for http, server in servers(conf):
        block = server.block or []
        _walk(server, block, _enter(_enter(_Level(), http.block or []), block), "", found)
    return found
