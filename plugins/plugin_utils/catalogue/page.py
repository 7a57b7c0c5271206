# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/causes.md, made of all entries (``make generated``)."""

from __future__ import annotations

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import (
    CAUSES as RISKS,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES

from .catalogue import CATALOGUE
from .placeholders import FIELDS, named


def markdown() -> str:
    """The text of docs/causes.md."""
    lines = [
        "<!-- Made from plugins/plugin_utils/catalogue/words; change it there. -->",
        "",
        "# Causes",
        "",
        (
            "Every finding carries a `cause` and mostly a finer `reason`. The number is that of the "
            "classic seven causes of a 502."
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
            "- Not this: " + entry.do_not,
        ]
    return "\n".join(lines) + "\n"
