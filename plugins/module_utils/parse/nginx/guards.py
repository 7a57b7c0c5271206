# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a stranger on the net and a location: the access phase, and what ends a request before
it.

Inheritance is that of the modules. A level with an allow or deny has its own list alone
(ngx_http_access_merge_loc_conf). auth_basic, auth_request and satisfy come from the nearest level with one.
"""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ..endpoint import is_loopback
from .conf import Directive, named
from .listen import bound_at

_ANYBODY = ("all", "0.0.0.0/0", "::/0")
_WIDE = 4  # bits of an IPv4 prefix: so few are a part of the world, and no network of anybody's own
_PREFIX = re.compile(r"[\d.]+/(\d{1,2})\Z", re.ASCII)
# Conditions on these say nothing of who asks.
_OF_ANYBODY = re.compile(
    r"\$(?:request_method|request_uri|uri|document_uri|is_args|scheme|https|host|http_(?:host|upgrade|accept\w*)"
    r"|server_\w+|request_filename|document_root)\b",
    re.ASCII | re.IGNORECASE,
)
# What a visitor chooses: a pattern shuts some out, and who is not as asked for is shut out by "!=".
_CHOSEN = re.compile(r"\$(?:args|query_string|arg_\w+|http_(?:user_agent|referer))\b[^!]*\Z", re.ASCII)
_SECRET = (
    ("auth_basic", "a password is asked for"),
    ("auth_request", "another program is asked"),
    ("auth_jwt", "a token is asked for"),
    ("access_by_lua_block", "a program of the access phase decides"),
    ("access_by_lua_file", "a program of the access phase decides"),
    ("access_by_lua", "a program of the access phase decides"),
    ("js_access", "a program of the access phase decides"),
    ("secure_link", "a signed link is asked for"),
)


class Guard(NamedTuple):
    why: str
    at: Directive


def _nearest(levels: Sequence[Sequence[Directive]], name: str) -> Optional[Directive]:
    """levels: outermost first."""
    for block in reversed(levels):
        found = named(block, name)
        if found:
            return found[-1]
    return None


def _covers(address: str) -> bool:
    """Whether a rule is about everybody, or so large a part that no list of one's own networks has it."""
    prefix = _PREFIX.match(address)
    return address.lower() in _ANYBODY or bool(prefix and int(prefix.group(1)) <= _WIDE)


def _access(levels: Sequence[Sequence[Directive]]) -> Tuple[bool, Optional[Directive]]:
    """(strangers are let in by a rule, the rule that keeps them out)"""
    for block in reversed(levels):
        rules = named(block, "allow", "deny")
        for rule in rules:
            if _covers(rule.args[0]):
                return (True, None) if rule.name == "allow" else (False, rule)
        if rules:
            return False, None  # the list ends, and who is not on it comes in
    return False, None


def _ends(block: Sequence[Directive]) -> Optional[Guard]:
    """A return that ends each request, or those that a condition on the client picks."""
    for directive in block:
        if directive.name == "return" and directive.args:
            return Guard("return %s ends it" % directive.args[0], directive)
        if directive.name != "if" or not directive.block:
            continue
        condition = " ".join(directive.args)
        ends = any(each.name in ("return", "deny", "rewrite", "break") for each in directive.block)
        if ends and not _OF_ANYBODY.search(condition) and not _CHOSEN.search(condition):
            return Guard("if %s decides" % condition[:200], directive)
    return None


def _secret(levels: Sequence[Sequence[Directive]]) -> Optional[Guard]:
    for name, why in _SECRET:
        found = _nearest(levels, name)
        if found and found.args[0] != "off":
            return Guard(why, found)
        if not found and name.endswith("_block"):
            inside = [each for block in levels for each in block if each.name == name]
            if inside:
                return Guard(why, inside[-1])
    verify = _nearest(levels, "ssl_verify_client")
    if verify and verify.args[0] == "on":
        return Guard("a client's certificate is asked for", verify)
    return None


def local_only(listen: Sequence[str]) -> bool:
    """Whether a server can be asked from this host alone. listen: arguments of each directive."""
    places = [place for written in listen or ["80"] for place in bound_at(written) or [""]]
    return all(
        place.startswith("unix:")
        or (not place.startswith(("*", "[::]")) and is_loopback(place.rpartition(":")[0].strip("[]") or "?"))
        for place in places
    )


def guard(around: Sequence[Directive], blocks: Sequence[Directive]) -> Optional[Guard]:
    """What keeps strangers out of the innermost of blocks; None: nothing.

    around: the directives of http. blocks: the server and its locations, outermost first.
    """
    inner: List[List[Directive]] = [block.block or [] for block in blocks]
    levels: List[Sequence[Directive]] = [around, *inner]
    for block in (inner[0], inner[-1]):
        ended = _ends(block)
        if ended:
            return ended
    for directive in inner[-1]:
        if directive.name == "internal":
            return Guard("it is internal", directive)
    let_in, rule = _access(levels)
    secret = _secret(levels)
    closed = Guard("deny %s" % rule.args[0], rule) if rule else None
    satisfy = _nearest(levels, "satisfy")
    if satisfy and satisfy.args[0] == "any" and let_in:
        return None
    return closed or secret
