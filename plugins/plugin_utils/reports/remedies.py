# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation did to a host, as the report keeps it, and what follows from it for the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.pages import is_failure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import TRIED

from ..shapes.finding import Finding
from ..shapes.gate import Reason
from ..shapes.remediation import Named, Shown
from ..shapes.report import Explained, HostEntry, Tally
from .errors import kind_of

NOT_SERVED = frozenset((502, 503, 504))
WELL = frozenset(("recovered", "healthy"))


def identity(finding: Named) -> tuple[str | None, ...]:
    """Equal for the same finding of two diagnoses."""
    return finding["cause"], finding["reason"], finding["site"], finding["endpoint"], finding["pool"]


def full_name(finding: Named | Reason) -> str:
    """A cause with its reason, as people read it."""
    return "%s/%s" % (finding["cause"], finding["reason"]) if finding["reason"] else finding["cause"]


def sites_of(finding: Finding) -> list[str]:
    """As "shop.example (443)", since two sites may have one name. A report from before 0.4.0 has
    only names.
    """
    return (
        ["%s (%s)" % (site["name"], site["listen"]) for site in finding["servers"]]
        or finding["sites"]
        or [finding["site"] or ""]
    )


def open_findings(host: HostEntry) -> list[Explained]:
    """The findings of a host without those that the remediation has ended.

    Where the block of the remediation says what to do next, the catalogue's fix is left out.
    """
    remediation = host.get("remediation")
    if remediation is None:
        return list(host["findings"])
    results = [finding["result"] for finding in remediation["findings"]]
    has_advice = () if remediation["outcome"] == "busy" else ("would_fix", "rolled_back", "escalated")
    kept: list[Explained] = []
    for number, finding in enumerate(host["findings"]):
        # The results stand in the order of the findings. A long reply leaves out the last of them.
        result = results[number] if number < len(results) else None
        if finding["state"] == "active" and (
            remediation["status_after"] in WELL or result in ("fixed", "not_needed")
        ):
            continue
        # A risk that a prevention has taken away.
        if finding["state"] == "latent" and result == "fixed":
            continue
        kept.append({**finding, "fix": ""} if result in has_advice else finding)
    return kept


def for_a_person(host: HostEntry) -> list[Explained]:
    """The findings that are active and that only a person can end. None while a remediation is at work."""
    remediation = host.get("remediation")
    if remediation is None:
        return [finding for finding in host["findings"] if finding["state"] == "active"]
    if remediation["outcome"] == "busy":
        return []
    results = [finding["result"] for finding in remediation["findings"]]
    return [
        finding
        for finding, result in zip(host["findings"], results, strict=False)
        if finding["state"] == "active" and result == "escalated"
    ]


def tally(hosts: Iterable[HostEntry]) -> Tally | None:
    """How many findings were to be mended, by what became of them. None where no host has a remediation."""
    remedied = [host["remediation"] for host in hosts if "remediation" in host]
    if not remedied:
        return None
    results = [finding["result"] for remediation in remedied for finding in remediation["findings"]]
    fixed, rolled_back, escalated, would_fix = (
        results.count(result) for result in ("fixed", "rolled_back", "escalated", "would_fix")
    )
    return {
        "wanted": fixed + rolled_back + escalated + would_fix,
        "fixed": fixed,
        "rolled_back": rolled_back,
        "escalated": escalated,
        "would_fix": would_fix,
    }


def unfinished(hosts: Mapping[str, Mapping[str, object]]) -> list[str]:
    """The hosts whose remediation did not come to an end."""
    return [name for name, host in hosts.items() if kind_of(host) == "not_finished"]


def _served(seen: Shown | None) -> bool:
    return seen is not None and seen["probe"] == "answered" and seen["http"] not in NOT_SERVED


def service(host: HostEntry) -> str:
    """Whether what the findings name answers: "throughout"; or, of what was silent before, all "again",
    "part" of it, or "silent". "unasked" where nothing was tried, and it is not known to be silent.
    """
    wanted = [item for item in host["remediation"]["findings"] if item["result"] != "not_needed"]
    if host["status"] != "failing" and all(item["before"] is None for item in wanted):
        return "unasked"
    silent = [item for item in wanted if not _served(item["before"])]
    if not silent:
        return "throughout"
    back = sum(_served(item["after"]) for item in silent)
    if not back or host["status"] == "failing":
        return "silent"
    return "again" if back == len(silent) else "part"


def only_predicted(host: HostEntry) -> bool:
    """Whether its remediation ran in check mode alone."""
    return "remediation" in host and bool(host["remediation"]["check_mode"])


def why_unmended(host: HostEntry) -> str:
    """Why the remediation of a host did not end well, empty when it did. No text of it is chosen by the host.

    What was left to a person from the outset does not count: nothing was tried.
    """
    if host.get("error"):
        return "it did not finish, see the report"
    remediation = host.get("remediation")
    if remediation is None or remediation["check_mode"]:
        return ""
    if remediation["outcome"] == "busy":
        return "another remediation is at work on it"
    names = [full_name(finding) for finding in remediation["findings"] if finding["result"] == "rolled_back"]
    results = {action["result"] for action in remediation["actions"]}
    if "failed" in results:
        return "an action failed and what it had changed did not all come back"
    if names:
        return "undone, since it did not help or made something worse: %s" % ", ".join(dict.fromkeys(names))
    explained = any(finding["result"] == "escalated" for finding in remediation["findings"])
    if results & TRIED and remediation["status_after"] == "failing" and not explained:
        ill = ", ".join(dict.fromkeys(map(full_name, remediation["still"])))
        return "still failing after what was done%s; what is left is looked at when this is run again" % (
            ": " + ill if ill else ""
        )
    pages = [item["after"]["http"] for item in remediation["findings"] if item["after"]]
    if results & TRIED and remediation["status_after"] == "degraded" and any(map(is_failure, pages)):
        return "PHP answers, and a page of it fails: the error logs say why"
    return ""
