# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of directives that hold for a route."""

import re
from typing import TYPE_CHECKING, Dict, List, Optional

from .conf import Directive

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import CatchStderr, ErrorCache, Route

SCRIPT, METHOD, TRANSLATED = "SCRIPT_FILENAME", "REQUEST_METHOD", "PATH_TRANSLATED"
QUERY, LENGTH = "QUERY_STRING", "CONTENT_LENGTH"
KNOWN = (SCRIPT, METHOD, TRANSLATED, QUERY, LENGTH)

# ngx_parse_time() for milliseconds: each unit once, in this order; a bare number at the end is seconds.
_TIME = re.compile(
    "".join(r"(?:(\d*)%s *)?" % unit for unit in ("w", "d", "h", "m(?!s)", "s", "ms")) + r"(\d*) *\Z",
    re.ASCII,
)
_SCALE = (604800000, 86400000, 3600000, 60000, 1000, 1, 1000)
_OWN_ERRORS = ("502", "504")  # that ngx_http_upstream_finalize_request() keeps in a cache


def parse_time(text: str) -> Optional[float]:
    """Seconds of "90", "1m30s" or "500ms"; None for what nginx refuses."""
    match = _TIME.match(text)
    if not match or not re.search(r"[0-9]", text):
        return None
    if any(len(number or "") > 18 for number in match.groups()):
        return None
    total = sum(int(number) * scale for number, scale in zip(match.groups(), _SCALE) if number)
    return total / 1000.0 if total < 2**63 else None


def error_cache(valid: List[Directive], outer: Optional["ErrorCache"]) -> Optional["ErrorCache"]:
    """valid: the fastcgi_cache_valid of a block. With one of its own it inherits none. The first that names a
    status holds for it, "any" for all (ngx_http_file_cache_valid).
    """
    if not valid:
        return outer
    kept: Optional["ErrorCache"] = None
    for directive in valid:
        codes, seconds = directive.args[:-1], parse_time(directive.args[-1])
        for status in _OWN_ERRORS:
            if not seconds or not {status, "any"} & set(codes):
                continue
            if kept is None:
                written = "fastcgi_cache_valid %s" % " ".join(directive.args)
                kept = {"seconds": {}, "written": written, "file": directive.file, "line": directive.line}
            kept["seconds"].setdefault(status, seconds)
    return kept


def catch_stderr(settings: List[Directive], outer: Optional["CatchStderr"]) -> Optional["CatchStderr"]:
    """The texts of a block, which inherits none where it has one of its own."""
    own = [directive for directive in settings if directive.name == "fastcgi_catch_stderr"]
    if not own:
        return outer
    texts = [directive.args[0] for directive in own]
    return {"texts": texts, "file": own[0].file, "line": own[0].line}


def params(settings: List[Directive], inherited: Dict[str, str]) -> Dict[str, str]:
    """A level with a fastcgi_param inherits none."""
    own = [directive.args for directive in settings if directive.name == "fastcgi_param"]
    named = {args[0]: args[1] for args in own if args[0] in KNOWN and len(args) > 1}
    return named if own else inherited


def note_lacks(route: "Route", passed: Dict[str, str], bodiless: bool) -> None:
    """bodiless: no body is handed on either."""
    if METHOD not in passed:
        route["methodless"] = True
    elif SCRIPT not in passed and TRANSLATED not in passed:
        route["nameless"] = True
    location = route["location"]
    if location.startswith(("=", "~")) and ".php" not in location:
        return  # of a check by php-fpm's own ping or status, which needs neither
    if QUERY not in passed:
        route["queryless"] = True
    length = passed.get(LENGTH, "")
    if "$" not in length and not bodiless:
        route["length"] = length
