# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/causes.md, made of all entries (``make generated``)."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import (
    CAUSES as RISKS,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES

from .catalogue import CATALOGUE
from .entry import When
from .placeholders import FIELDS, named

FEW = 3  # values that stand in a sentence; more are listed below it


def better_fixes(rows: Sequence[When]) -> list[str]:
    """A line for each fix, with the values of the fact that it is for."""
    values: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        values.setdefault((row.fact, row.fix), []).extend(["`%s`" % row.value] if row.value else [])
    lines = ["- A better fix, where the finding says more:"] if rows else []
    for (fact, fix), words in values.items():
        where = "is known"
        if words:
            where = "is " + (" or ".join(words) if len(words) <= FEW else "among the %d below" % len(words))
        lines.append("  - `%s` %s: %s." % (fact, where, named(fix)))
        lines += ["    " + ", ".join(words)] if len(words) > FEW else []
    return lines


def markdown() -> str:
    """The text of docs/causes.md."""
    lines = [
        "<!-- Made from plugins/plugin_utils/catalogue/words; change it there. -->",
        "",
        "# Causes",
        "",
        (
            "Every finding carries a `cause` and mostly a finer `reason`. The number is that of the "
            "classic seven causes of a 502. A better fix that stands under a "
            "cause is also for its reasons."
        ),
        "Words in capitals stand for what the finding names: "
        + ", ".join("`%s`" % field.name for field in FIELDS.values())
        + ".",
    ]
    codes = {cause.id: cause.code for cause in (*CAUSES, *RISKS) if cause.code}
    in_order = sorted(CATALOGUE.items(), key=lambda item: (codes.get(item[0][0], 99), item[0][0]))
    for (cause, reason), entry in in_order:
        code = " (%d)" % codes[cause] if reason is None and cause in codes else ""
        lines += [
            "",
            "%s %s%s" % ("###" if reason else "##", cause, "-" + reason if reason else ""),
            "",
            "**%s%s.** %s" % (entry.title[0].upper() + entry.title[1:], code, named(entry.what)),
            "",
            "- What decides: " + named(entry.decides),
            *(["- When it happens: " + named(entry.outage)] if entry.outage else []),
            "- Fix: " + named(entry.advice),
            *better_fixes(entry.when),
            "- Not this: " + entry.do_not,
        ]
    return "\n".join(lines) + "\n"
