# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of nginx's configuration: one directive changes, and not a character beside it.

Texts are as as_text() makes them, and keep each byte. Every function raises Refusal when the edit must not or
cannot be made. The same edit once more changes nothing.
"""

from typing import Dict, List, Optional, Sequence, Tuple

from ..parse.files import Expand, Read
from ..parse.nginx.lexer import LUA_BLOCK
from ..work.step import Edited, Refusal
from .nginx_blocks import Configuration, Selector
from .nginx_cuts import inserted, removed, with_arguments, written
from .nginx_places import Place, Source
from .shown import names

# Several may stand in one block. The first argument says which one is meant.
KEYED = names("""
    add_header add_trailer auth_request_set env fastcgi_cache_path fastcgi_hide_header fastcgi_param
    fastcgi_pass_header grpc_set_header limit_conn limit_conn_zone limit_req limit_req_zone listen load_module
    log_format proxy_cache_path proxy_hide_header proxy_set_header scgi_param server set set_real_ip_from
    sub_filter uwsgi_param
    """)
# Several may stand in one block, and nothing says which one is meant.
UNKEYED = names("allow deny error_page rewrite")


def _present(
    places: Sequence[Place], name: str, args: Optional[Sequence[str]], key: str = ""
) -> Optional[Place]:
    """The directive of a block that is to be changed; None: there is none yet. Refusal when several could be
    meant.
    """
    present = [place for place in places if place.name == name]
    if any(place.inside is not None for place in present):
        raise Refusal("%s is a block here, not a simple directive" % name)
    if name in KEYED and (args or key):
        first = [args[0] if args else key]
        present = [place for place in present if place.args[:1] == first]
    elif name in UNKEYED and args is not None:
        same = [place for place in present if place.args == list(args)]
        if present and not same:
            raise Refusal(
                "line %d has %s already, and several may stand in a block: which one is meant is not certain"
                % (present[0].line, name)
            )
        present = same[:1]
    if len(present) > 1:
        lines = ", ".join(str(place.line) for place in present)
        raise Refusal("the block has %s several times: lines %s" % (name, lines))
    return present[0] if present else None


def _check(name: str) -> None:
    if written(name) != name or name == "include" or name.endswith(LUA_BLOCK):
        raise Refusal("%r is no simple directive that could be set" % name[:80])


def _source(text: str) -> Source:
    """One file alone. Refusal when nginx would not read it."""
    source = Source("", text)
    if source.fault:
        raise Refusal("line %d: %s" % (source.fault.line, source.fault.text))
    return source


def _on_line(source: Source, line: int, called: Sequence[str]) -> List[Place]:
    return [
        place
        for place in source.every()
        if place.line == line and place.name in called and place.inside is None
    ]


def set_address_at(text: str, line: int, called: Sequence[str], old: str, new: str) -> str:
    """The text with another first argument of the directive on that line with one of these names."""
    source = _source(text)
    present = _on_line(source, line, called)
    wanted = [place for place in present if place.args[:1] == [old]]
    if len(wanted) == 1:
        return with_arguments(source, wanted[0], [new] + wanted[0].args[1:])
    if wanted:
        raise Refusal("line %d has several directives with %s" % (line, old))
    if any(place.args[:1] == [new] for place in present):
        return text
    raise Refusal("line %d has no %s with %s" % (line, " or ".join(called), old))


def set_beside(text: str, line: int, anchor: str, name: str, args: Sequence[str]) -> str:
    """The text with a directive set in the block around the directive `anchor` of that line. It is changed
    where it stands, else it stands right behind the anchor.
    """
    _check(name)
    source = _source(text)
    anchors = _on_line(source, line, [anchor])
    if len(anchors) != 1:
        raise Refusal(
            "line %d has %s %s" % (line, "several directives" if anchors else "no directive", anchor)
        )
    block = anchors[0].around
    if block is None:
        raise Refusal(
            "line %d: %s stands outside of any block of this file, which other places may include too"
            % (line, anchor)
        )
    present = _present(source.beside(block), name, args)
    if present:
        return with_arguments(source, present, args)
    return inserted(source, block, name, args, anchors[0])


def set_directive(
    config: str,
    read: Read,
    expand: Expand,
    selector: Selector,
    name: str,
    args: Optional[Sequence[str]],
    file: Optional[str] = None,
) -> List[Edited]:
    """Sets a simple directive in one block, or removes it. []: all is so already.

    config: absolute path of the main file. selector, file: the block, and the path of the file in which it
    stands; an empty selector is the main level. args: None removes; name may then be "add_header X-Name", to
    say which one. A directive in an include inside the block is changed there, if no other block includes it.
    """
    key = ""
    if args is None:
        name, _space, key = name.partition(" ")
    _check(name)
    if key and name not in KEYED:
        raise Refusal("%s is not told apart by its first argument" % name)
    configuration = Configuration(config, read, expand)
    wanted = configuration.selected(selector, file)
    level = wanted[0]
    # A file that the block includes twice gives its directives twice.
    content: Dict[Tuple[str, int], Place] = {(inner.file, inner.start): inner for inner in level.content}
    present = _present(list(content.values()), name, args, key)
    if (present.args if present else None) == (None if args is None else list(args)):
        return []
    others = [
        other
        for other in configuration.levels
        if other not in wanted and (other.has(present) if present else other.block is level.block)
    ]
    path = present.file if present else level.file
    changed = present or level.block
    if changed and others:
        around = ", ".join(dict.fromkeys(other.around for other in others))
        raise Refusal("%s: line %d is included elsewhere too: %s" % (path, changed.line, around))
    source = configuration.sources[path]
    if present is None:
        after = inserted(source, level.block, name, list(args or ()))
    elif args is None:
        after = removed(source, present)
    else:
        after = with_arguments(source, present, args)
    return [Edited(path, source.text, after)]
