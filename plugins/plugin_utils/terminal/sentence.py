# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's answer comes to, in one sentence: the ``msg`` of the modules that diagnose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..answers.bounds import LABELS, SEVERITIES, STATES
from ..catalogue.catalogue import lookup
from ..reports.remedies import WELL as REMEDIED
from ..reports.remedies import full_name, sites_of, tally
from ..shapes.finding import Finding
from ..shapes.report import Diagnosis, HostEntry
from .layout import STAMPS
from .remedy_headline import headline
from .text import clean, cut, moment, names, plural

MAX_SITES, MAX_WHY = 60, 300
WELL = {
    "healthy": "every route from nginx leads to a PHP worker that answers",
    "not_applicable": "no route leads from nginx to PHP-FPM here",
}
# A part of this collection that raised, by its name in missing.
DEFECTS = {
    "rule_failed": "the rule %s failed, please report it",
    "collector_failed": "the look at %s failed, please report it",
}


def why_not_known(entry: Mapping[str, Any]) -> str:
    """What is said of a host when there is no finding to show."""
    if entry.get("error"):
        return str(entry["error"])
    if entry["status"] == "recovered" or (entry["findings"] and entry["status"] != "unknown"):
        return ""
    first = next(iter(entry["missing"]), None)
    if first is None:
        return ""
    why = STAMPS.sub("", first["why"])
    if first["what"] in ("cause_of_losses", "earlier_losses", "older_configuration"):
        return why
    if first["what"] in DEFECTS:
        return "%s: %s" % (DEFECTS[first["what"]] % first["path"], why)
    return "missing %s%s: %s%s" % (
        first["what"],
        " " + first["path"] if first["path"] else "",
        why,
        " (needs %s)" % first["needs"] if first["needs"] else "",
    )


def _worst(findings: list[Finding]) -> Finding | None:
    """The first of the worst; what is over only where nothing else is."""
    return min(
        findings,
        key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])),
        default=None,
    )


def _cause(finding: Finding, now: float) -> str:
    """As "PHP-FPM is not running: stopped (fpm_not_running/stopped), shop.example (80), since ..."."""
    over = finding["state"] == "recovered"
    risk = "at risk: " if finding["state"] == "latent" else ""
    parts = ["%s%s (%s)" % (risk, lookup(finding["cause"], finding["reason"]).title, full_name(finding))]
    sites = [site for site in sites_of(finding) if site]
    parts += [names(sites, MAX_SITES)[0]] if sites else []
    if finding["since"] is not None:
        parts.append("%s %s" % ("from" if over else "since", moment(finding["since"], now)))
    parts += ["%s lost" % plural(finding["count"], "request")] if finding["count"] else []
    return ", ".join(parts) + (", is over" if over else "")


def of(answer: Diagnosis, now: float) -> str:
    """now: epoch seconds. The answer has passed its reader."""
    entry = cast(HostEntry, answer)  # without the catalogue's words, which nothing here reads
    counts = tally([entry])
    mended = headline({"": entry}, counts) if counts else ""
    cured = counts is not None and counts["wanted"] and answer["status"] in REMEDIED
    worst = None if cured else _worst(answer["findings"])
    parts = [_cause(worst, now)] if worst else []
    more = len(answer["findings"]) - 1
    parts += ["and %s" % plural(more, "more finding")] if worst and more else []
    parts += [cut(why_not_known(answer), MAX_WHY)] if why_not_known(answer) else []
    parts += [WELL[answer["status"]]] if not parts and not mended and answer["status"] in WELL else []
    parts += [mended] if mended else []
    status = LABELS.get(answer["status"], answer["status"])
    return clean("%s: %s" % (status, "; ".join(parts)) if parts else status)
