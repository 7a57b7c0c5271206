# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surgical edits of nginx's configuration: one directive changes, and not a character beside it.

Texts are decoded with ("utf-8", "surrogateescape"), newlines untouched. Every function raises Refusal, in
words for a person, when the edit must not or cannot be made; each edit is read again with the lexer before it
is handed out. A second application changes nothing.
"""

import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..parse.nginx.lexer import Statement, statements
from ..verdict.step import Edited, Refusal
from .nginx_spans import BOM, Files, Level, Node, Selector, Tree, every, tree, written

# Several may stand in one block: which one is meant, its first argument says.
KEYED = frozenset(
    (
        "add_header",
        "add_trailer",
        "auth_request_set",
        "env",
        "fastcgi_cache_path",
        "fastcgi_hide_header",
        "fastcgi_param",
        "fastcgi_pass_header",
        "grpc_set_header",
        "limit_conn",
        "limit_conn_zone",
        "limit_req",
        "limit_req_zone",
        "listen",
        "load_module",
        "log_format",
        "proxy_cache_path",
        "proxy_hide_header",
        "proxy_set_header",
        "scgi_param",
        "server",
        "set",
        "set_real_ip_from",
        "sub_filter",
        "uwsgi_param",
    )
)
# Several may stand in one block, and nothing says which one is meant.
UNKEYED = frozenset(("allow", "deny", "error_page", "rewrite"))
_BLANK = " \t\r\n"

# A statement that is changed, put in before (added) or taken out; None: taken out.
_New = Optional[Tuple[List[str], str]]
# Offsets of what is replaced, and by what.
_Cut = Tuple[int, int, str]


def _edited(whole: Tree, cuts: Sequence[_Cut], at: int, new: _New, added: bool = False) -> str:
    """The text after the cuts, if nothing but the statement number `at` is another one now."""
    after = whole.text
    for start, end, text in sorted(cuts, reverse=True):
        after = after[:start] + text + after[end:]
    found, fault = statements(after)
    before = whole.statements
    shift = after.count("\n") - whole.text.count("\n")
    expected: List[Statement] = before[:at]
    if new:
        expected = expected + [new + ((found[at][2] if added else before[at][2]) if at < len(found) else 0,)]
    expected = expected + [(args, end, line + shift) for args, end, line in before[at if added else at + 1 :]]
    if fault or found != expected or after.startswith(BOM) != whole.text.startswith(BOM):
        raise Refusal(
            "the edit would change more than the one directive"
            + (": line %d: %s" % (fault.line, fault.text) if fault else "")
        )
    return after


def _gap(whole: Tree, node: Node, number: int) -> Tuple[int, int]:
    """The space in front of a word, if no comment stands in it."""
    start, end = node.words[number - 1].end, node.words[number].start
    return (start if not whole.text[start:end].strip(_BLANK) else end), end


def _with_arguments(whole: Tree, node: Node, args: Sequence[str]) -> str:
    cuts: List[_Cut] = []
    for word, old, new in zip(node.words[1:], node.args, args):
        if old != new:
            mark = whole.text[word.start]
            cuts.append((word.start, word.end, written(new, mark if mark in "\"'" else "")))
    behind = node.words[-1].end
    cuts += [(behind, behind, "".join(" " + written(one) for one in args[len(node.args) :]))]
    cuts += [
        (_gap(whole, node, number)[0], node.words[number].end, "")
        for number in range(len(args) + 1, len(node.words))
    ]
    return _edited(whole, cuts, node.first, ([whole.statements[node.first][0][0]] + list(args), ";"))


def _line(text: str, offset: int) -> Tuple[int, int]:
    """The line around an offset: its start, and the offset of its newline or the text's end."""
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _newline(text: str, offset: int) -> str:
    """How the line ends whose "\\n" stands at offset."""
    return "\r\n" if text[max(offset - 1, 0) : offset] == "\r" else "\n"


def _indent(text: str, node: Node) -> Optional[str]:
    """The indentation of a line that begins with this directive or one beside it; None for any other line."""
    start = _line(text, node.start)[0]
    first = start + len(text[start : node.start]) - len(text[start : node.start].lstrip(" \t"))
    return (
        text[start:first]
        if node.parent and any(one.start == first for one in node.parent.children or [])
        else None
    )


def _behind(text: str, node: Node, line: str) -> _Cut:
    """Puts a directive on its own line below another one, or right behind it when that line has something
    else to say.
    """
    indent, end = _indent(text, node), _line(text, node.end)[1]
    rest = text[node.end : end].strip(_BLANK)
    if indent is None or (rest and not rest.startswith("#")):
        return node.end, node.end, " " + line
    if end == len(text):
        return end, end, _newline(text, max(text.rfind("\n"), 0)) + indent + line
    return end + 1, end + 1, indent + line + _newline(text, end)


def _at_end(text: str, block: Node, line: str) -> _Cut:
    """Puts a directive in front of the block's "}"."""
    close, children = block.end - 1, block.children or []
    start = _line(text, close)[0]
    if not text[start:close].strip(_BLANK):
        indents = [indent for indent in (_indent(text, one) for one in children) if indent is not None]
        unit = re.search(r"\n(\t| {1,8})[^ \t\r\n]", text)
        indent = indents[-1] if indents else text[start:close] + (unit.group(1) if unit else "    ")
        return start, start, indent + line + _newline(text, start - 1)
    if children:
        return children[-1].end, children[-1].end, " " + line
    return block.stop + 1, block.stop + 1, " " + line + ("" if text[close - 1] in _BLANK else " ")


def _inserted(whole: Tree, block: Node, name: str, args: Sequence[str], anchor: Optional[Node] = None) -> str:
    """anchor: what to put it behind; else the last of its family in the block, else where the block ends."""
    text, line = whole.text, " ".join(written(word) for word in [name] + list(args)) + ";"
    simple = [one for one in block.children or [] if one.children is None]
    family = [one for one in simple if one.name.split("_")[0] == name.split("_")[0]]
    near = [anchor] if anchor else family or ([] if block.parent else simple)
    if near:
        cut, at = _behind(text, near[-1], line), near[-1].last + 1
    elif block.parent:
        cut, at = _at_end(text, block, line), block.last
    else:
        cut, at = (0, 0, line + "\n"), 0
    return _edited(whole, [cut], at, ([name] + list(args), ";"), added=True)


def _removed(whole: Tree, node: Node) -> str:
    """Takes a directive out, and its line if nothing else stands on it. A comment between its words stays."""
    text = whole.text
    parts = [
        (_gap(whole, node, number)[0] if number else word.start, word.end)
        for number, word in enumerate(node.words)
    ]
    parts.append((parts[-1][1] if not text[parts[-1][1] : node.stop].strip(_BLANK) else node.stop, node.end))
    if all(left[1] == right[0] for left, right in zip(parts, parts[1:])):
        start, end = _line(text, node.start)[0], _line(text, node.end)[1]
        alone = not text[node.end : end].strip(_BLANK)
        if text[start : node.start].strip(_BLANK):
            parts = [(len(text[: node.start].rstrip(" \t")), node.end)]
        elif not alone:
            parts = [(node.start, end - len(text[node.end : end].lstrip(" \t")))]
        elif end < len(text) or not start:
            parts = [(start, min(end + 1, len(text)))]
        else:
            parts = [(start - len(_newline(text, start - 1)), end)]
    return _edited(whole, [(start, end, "") for start, end in parts], node.first, None)


def _meant(nodes: Sequence[Node], name: str, args: Optional[Sequence[str]], key: str = "") -> Optional[Node]:
    """The directive of a block that is to be changed, None when there is none yet. Refusal when it could be
    one of several.
    """
    present = [one for one in nodes if one.name == name]
    if any(one.children is not None for one in present):
        raise Refusal("%s is a block here, not a simple directive" % name)
    if name in KEYED and (args or key):
        present = [one for one in present if one.args[:1] == (list(args)[:1] if args else [key])]
    elif name in UNKEYED and args is not None:
        same = [one for one in present if one.args == list(args)]
        if present and not same:
            raise Refusal(
                "line %d has %s already, and several may stand in a block: which one is meant is not certain"
                % (present[0].line, name)
            )
        present = same[:1]
    if len(present) > 1:
        raise Refusal(
            "the block has %s several times: lines %s" % (name, ", ".join(str(one.line) for one in present))
        )
    return present[0] if present else None


def _check(name: str) -> None:
    if written(name) != name or name == "include" or name.endswith("_by_lua_block"):
        raise Refusal("%r is no simple directive that could be set" % name[:80])


def _one_at(whole: Tree, line: int, names: Sequence[str]) -> List[Node]:
    return [
        one for one in every(whole.root) if one.line == line and one.name in names and one.children is None
    ]


def set_address_at(text: str, line: int, names: Sequence[str], old: str, new: str) -> str:
    """The text with new instead of old as the first argument of the directive on that line that is called one
    of names.
    """
    whole = tree(text)
    found = _one_at(whole, line, names)
    wanted = [one for one in found if one.args[:1] == [old]]
    if len(wanted) == 1:
        return _with_arguments(whole, wanted[0], [new] + wanted[0].args[1:])
    if wanted:
        raise Refusal("line %d has several directives with %s" % (line, old))
    if any(one.args[:1] == [new] for one in found):
        return text
    raise Refusal("line %d has no %s with %s" % (line, " or ".join(names), old))


def set_beside(text: str, line: int, anchor: str, name: str, args: Sequence[str]) -> str:
    """The text with a directive set in the block around the directive `anchor` of that line: where it stands,
    else right behind the anchor.
    """
    _check(name)
    whole = tree(text)
    found = _one_at(whole, line, [anchor])
    if len(found) != 1:
        raise Refusal("line %d has %s %s" % (line, "several directives" if found else "no directive", anchor))
    block = found[0].parent
    if block is None or block.parent is None:
        raise Refusal(
            "line %d: %s stands outside of any block of this file, which other places may include too"
            % (line, anchor)
        )
    present = _meant(block.children or [], name, args)
    return _with_arguments(whole, present, args) if present else _inserted(whole, block, name, args, found[0])


def _levels(files: Files, selector: Selector, file: Optional[str]) -> List[Level]:
    """The levels of the one block that is meant; several when nginx comes to it by several includes."""
    called = ", ".join(("%s %s" % one).strip() for one in selector) or "the main level"
    found = [one for one in files.levels if one.matches(selector) and file in (None, one.file)]
    places: Dict[Tuple[str, int], str] = {(one.file, one.block.start): one.place for one in found}
    if len(places) > 1:
        raise Refusal("%s: %d blocks match: %s" % (called, len(places), ", ".join(places.values())))
    if not found:
        raise Refusal("%s: no such block in %s" % (called, file or "what %s reads" % files.config))
    return found


def set_directive(
    config: str,
    read: Callable[[str], Optional[str]],
    expand: Callable[[str], List[str]],
    selector: Selector,
    name: str,
    args: Optional[Sequence[str]],
    file: Optional[str] = None,
) -> List[Edited]:
    """Sets a simple directive in the one block that the selector and file (the path of the file the block
    stands in) name, or removes it.

    config: absolute path of the main file. read: a path -> its text, None when it cannot be read; expand: a
    pattern -> its paths in order. args: None removes it; name may then be "add_header X-Name" to say which
    one. An empty selector is the main level. [] when all is so already. A directive that stands in an include
    inside the block is changed there, if no other block includes it.
    """
    key = ""
    if args is None:
        name, _space, key = name.partition(" ")
    _check(name)
    if key and name not in KEYED:
        raise Refusal("%s is not told apart by its first argument" % name)
    files = Files(config, read, expand)
    wanted = _levels(files, selector, file)
    holders = {(path, node.start): (path, node) for path, node in wanted[0].content}
    present = _meant([node for _path, node in holders.values()], name, args, key)
    if (present.args if present else None) == (None if args is None else list(args)):
        return []
    path, node = next(
        (one for one in holders.values() if one[1] is present), (wanted[0].file, wanted[0].block)
    )
    others = [
        one for one in files.levels if one not in wanted and (one.has(node) if present else one.block is node)
    ]
    if others:
        raise Refusal(
            "%s: line %d is included elsewhere too: %s"
            % (path, node.line, ", ".join(dict.fromkeys(one.around for one in others)))
        )
    whole = files.trees[path]
    if present is None:
        after = _inserted(whole, node, name, list(args or ()))
    else:
        after = _removed(whole, present) if args is None else _with_arguments(whole, present, args)
    return [Edited(path, whole.text, after)]
