# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as its reader's browser takes it, and a fleet that wants to break out of each format."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import action, remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    evidence,
    finding,
    missing,
    run,
    stranger,
    unreachable,
)

# Out of an element, an attribute, a script, a style, a comment, XML, Markdown, a template, and a line.
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>*{display:none}</style>",
    "--><b>x</b><!--",
    "]]><x/>",
    "&lt;b&gt;&#x3c;b&#x3e;",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "`[x](javascript:alert(1))` ![y](http://evil.example/z) @here <!channel>",
    "a\u2028b\u2029c\u202ed\u0000e\x1b[31mf\ufffe\ud800",
    "x" * 5000,
)
# Elements without an end.
VOID = {"meta", "input", "link", "br", "img", "line", "rect"}


class Page(HTMLParser):
    """tags: with their attributes, in order. texts: all that is shown. open: what was never closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inside:
            self.inside[self.open[-1]].append(data)
        else:
            self.words.append(data)

    @property
    def shown(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]


def hostile(text: str) -> dict[str, Any]:
    """What hosts return in which every text is this one."""
    ill = finding(
        site=text, sites=[text], servers=[{"name": text, "listen": text, "file": "/" + text, "line": 1}],
        endpoint=text, pool=text, unit=text, summary=text,
        evidence=[evidence(text, "/" + text, text, line=3), evidence("nginx_log", text, text, at=NOW)],
        ruled_out=[{"cause": "worker_oom_killed", "why": text}], missing=[missing(text, text, text, text)],
    )  # fmt: skip
    taken = action(why=text, target=text, commands=[text], backup=text)
    left = missing(text, text, text, text)
    mended = remedied("done", ill, taken=taken, why=text, missing=[left], strangers=[stranger(title=text)])
    lines = "--- before: %s\n+++ after: %s\n@@ -1 +1 @@\n-%s\n+%s\n" % (text, text, text, text)
    return {
        "h" + text: answer("failing", ill, missing=[left], strangers=[stranger(title=text, why=text)]),
        "mended": {**mended, "diff": [{"before_header": text, "after_header": text, "prepared": lines}]},
        "gone" + text: unreachable(text),
    }


def made(results: dict[str, Any], **more: Any) -> Any:
    return json.loads(json.dumps(report.build(results, 900, NOW, run=run(**more))))
