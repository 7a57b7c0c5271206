# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joins the words that people read about a cause, in ``words/``, to findings.

Hosts return bare findings, so that the code sent to each of them stays small.
``enrich`` adds the words; ``markdown`` makes docs/causes.md of the same data
(``python3 -m ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue`` in .cache/webmedic/tree).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import (
    CAUSES as RISKS,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES

from . import words
from .fixes_by_text import fix_by_text
from .placeholders import FIELDS, complete, filled, named
from .shapes.finding import Finding
from .shapes.report import Explained, Words
from .words.entry import Entry

DOC_PAGE = "docs/causes.md"
# What the packages are called whose sockets have these paths: Debian's, Remi's.
_PACKAGES = (
    ("php%s-fpm", re.compile(r"/php(\d\.\d)-fpm\b")),
    ("php%s-php-fpm", re.compile(r"/remi/php(\d\d)/")),
)


class Step(NamedTuple):
    """A part of a fix. command: whether it can be pasted into a shell; else it is words."""

    command: bool
    text: str


# Of each file in words/: (cause, reason or None) -> what is said of it.
CATALOGUE: dict[tuple[str, str | None], Entry] = {
    key: entry
    for module in iter_modules(words.__path__)
    if module.name != "entry"
    for key, entry in import_module("%s.%s" % (words.__name__, module.name)).WORDS.items()
}
UNKNOWN = Entry(
    title="a cause this version has no words for",
    what="The host reports a cause that the controller's catalogue does not know: the two come from "
    "different versions.",
    decides="See the evidence.",
    fix="read the evidence in the report; update the collection on the controller",
    advice="Read the evidence in the report, and update the collection on the controller.",
    do_not="Do not act on the name alone.",
)


RUNS_AGAIN = "it runs again; journalctl -u {unit} -n 50 tells why it was down"


def cure_of_the_past(finding: Mapping[str, Any]) -> str | None:
    """What keeps a cause from coming back that is over. None where nothing is known to bring it back."""
    entry, cause = lookup(finding["cause"], finding.get("reason")), lookup(finding["cause"], None)
    if entry.again:
        return fill(entry.again, finding)
    return fill(entry.fix.replace("`", ""), finding) if cause.returns else None


def lookup(cause: str, reason: str | None) -> Entry:
    """The entry of a reason, else of its cause, else ``UNKNOWN``."""
    return CATALOGUE.get((cause, reason)) or CATALOGUE.get((cause, None)) or UNKNOWN


def anchor(cause: str, reason: str | None) -> str:
    """Where docs/causes.md explains it, with the fallback of ``lookup``; the page itself for the unknown."""
    if reason and (cause, reason) in CATALOGUE:
        return "%s#%s-%s" % (DOC_PAGE, cause, reason)
    return "%s#%s" % (DOC_PAGE, cause) if (cause, None) in CATALOGUE else DOC_PAGE


def _fields(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What ``fill`` may use: the finding's own fields, its facts, the arguments of its remedies."""
    known: dict[str, Any] = {name: finding.get(name) for name in ("unit", "pool", "site", "endpoint")}
    endpoint = finding.get("endpoint")
    if isinstance(endpoint, str) and endpoint.startswith("unix:"):
        known["socket"] = endpoint[len("unix:") :]
    elif isinstance(endpoint, str) and endpoint.rpartition(":")[2].isdigit():
        known["port"] = endpoint.rpartition(":")[2]
    facts = finding.get("facts") or {}
    known.update({"address": endpoint, **facts})
    if facts.get("path"):
        known["directory"] = posixpath.dirname(facts["path"])
    for form, pattern in _PACKAGES:
        version = pattern.search(str(endpoint))
        if version:
            known["package"] = form % version.group(1)
    for remedy in finding.get("remedy") or []:
        arguments = remedy.get("arguments") or {}
        known.update(
            {name: arguments[name] for name in ("user", "path", "file", "line", "to") if arguments.get(name)}
        )
    return known


def fill(text: str, finding: Mapping[str, Any]) -> str:
    """Put a finding's fields into a text. Plain words stand where a command would lack one of them."""
    return filled(text, _fields(finding))


# What stands before a start and is systemd's alone.
_OF_SYSTEMD = (
    "systemd-tmpfiles --create && ",
    "systemctl reset-failed {unit} && ",
    "systemctl unmask {unit} && ",
)

# systemctl with nginx's usual name, and a unit's name that is safe in a shell.
_OF_NGINX = re.compile(r"(systemctl (?:[a-z-]+)(?: \{unit\})?) nginx\b(?![.-])")
_UNIT = re.compile(r"\w[\w@.:-]*\.service\Z", re.ASCII)


def _as_there(text: str, finding: Mapping[str, Any]) -> str:
    """With what starts it there in place of systemctl, and without systemctl where no unit is known."""
    facts = finding.get("facts") or {}
    started, nginx = facts.get("start_command"), facts.get("nginx_unit")
    if started and started.isprintable():
        command = " ".join(shlex.quote(word) for word in started.split(" "))
        for before in _OF_SYSTEMD:
            text = text.replace(before, "")
        text = text.replace("systemctl start {unit}", command)
        text = text.replace("systemctl restart {unit}", command.replace(" start", " restart"))
    if nginx and _UNIT.match(nginx):
        text = _OF_NGINX.sub(lambda found: "%s %s" % (found.group(1), nginx), text)
    return text if finding.get("unit") else text.replace("systemctl reload nginx", "nginx -s reload")


# Where neither program has loaded its files.
BOTH_FIX = "php-fpm -t and nginx -t, then `systemctl reload {unit} nginx`: neither has loaded its files"
# Of one of an upstream's servers, while another one answers.
SPARE_FIX = "take the dead server out of {file}:{line}, or let something listen there; nginx -t, reload nginx"


def _fix(finding: Mapping[str, Any]) -> str:
    """The text of a fix, with its marks."""
    spare = finding["cause"] == "socket_path_mismatch" and (finding.get("facts") or {}).get("answering")
    # nginx still dials the place before: php-fpm alone must not leave that.
    both = finding.get("reason") == "config_not_loaded" and finding.get("state") == "latent"
    if spare:
        return SPARE_FIX
    if both:
        return BOTH_FIX
    return fix_by_text(finding) or lookup(finding["cause"], finding.get("reason")).fix


def steps_for(finding: Mapping[str, Any]) -> list[Step]:
    """The fix of an active finding: its commands, and the words between them, in their order.

    The text is divided before the fields of the host are put into it.
    """
    known = _fields(finding)
    parts = [_as_there(part, finding) for part in _fix(finding).split("`")]
    return [
        Step(bool(number % 2) and complete(part, known), filled(part, known))
        for number, part in enumerate(parts)
        if part
    ]


def words_for(finding: Mapping[str, Any]) -> Words:
    """What is said of a finding. One of which only the name is known will do."""
    entry = lookup(finding["cause"], finding.get("reason"))
    fix = fill(_as_there(_fix(finding).replace("`", ""), finding), finding)
    if finding.get("state") == "recovered":
        runs_again = fill(RUNS_AGAIN, finding) if finding["cause"] == "fpm_not_running" else fix
        fix = cure_of_the_past(finding) or runs_again
    words: Words = {
        "title": entry.title,
        "fix": fix,
        "advice": fill(_as_there(entry.advice, finding), finding),
        "do_not": entry.do_not,
        "doc": anchor(finding["cause"], finding.get("reason")),
    }
    if entry.outage:
        words["outage"] = fill(entry.outage, finding)
    return words


def enrich(finding: Finding) -> Explained:
    """A copy of ``finding`` with title, fix, advice, do_not and doc."""
    return {**finding, **words_for(finding)}


def markdown() -> str:
    """The text of docs/causes.md."""
    lines = [
        "<!-- Made from plugins/plugin_utils/words; change it there. -->",
        "",
        "# Causes",
        "",
        (
            "Every finding carries a `cause` and mostly a finer `reason`. The number is that of the "
            "classic seven causes of a 502."
        ),
        "Words in capitals stand for what the finding names: "
        + ", ".join("`%s`" % name for name in FIELDS.values())
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


if __name__ == "__main__":
    print(markdown(), end="")
