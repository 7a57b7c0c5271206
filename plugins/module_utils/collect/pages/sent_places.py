# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories of internal locations that are not there, where nginx logs nothing of what it does not find."""

import posixpath
from typing import TYPE_CHECKING, Iterator, Sequence

from ...parse.nginx.conf import Directive, named
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front

KIND = "sent_place"


def _last(levels: Sequence[Sequence[Directive]], *names: str) -> Sequence[Directive]:
    """Of the nearest level that has any."""
    return next(filter(None, (named(level, *names) for level in reversed(levels))), [])[-1:]


def _in_location(
    host: Host, prefix: str, server: Directive, levels: Sequence[Sequence[Directive]], each: Directive
) -> "Iterator[Front]":
    inner = [*levels, each.block or []]
    quiet, at = _last(inner, "log_not_found"), _last(inner, "root", "alias")
    uri = each.args[-1] if each.args[0][:1] not in "=~@" or each.args[0] == "^~" else ""
    internal = any(directive.name == "internal" for directive in each.block or [])
    if internal and uri.endswith("/") and at and quiet and quiet[0].args[0] == "off":
        text = at[0].args[0] + ("" if at[0].name == "alias" else uri)
        place = posixpath.normpath(posixpath.join(prefix, text))
        if "$" not in text and host.lacks(place):
            yield {
                "server": {"file": server.file, "line": server.line},
                "kind": KIND,
                "looked_for": place,
                "found": "",
                "written": "location %s" % " ".join(each.args),
                "file": each.file,
                "line": each.line,
            }
    for below in named(each.block or [], "location"):
        yield from _in_location(host, prefix, server, inner, below)


def sent_places(host: Host, prefix: str, http: Directive, server: Directive) -> "Iterator[Front]":
    levels = [http.block or [], server.block or []]
    for each in named(server.block or [], "location"):
        yield from _in_location(host, prefix, server, levels, each)
