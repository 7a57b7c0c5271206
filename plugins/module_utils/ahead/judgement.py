# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on all problems, and the sentence that says it."""

from typing import TYPE_CHECKING, Iterable, List, Sequence

from .problems import CRITICAL, INFO, SEVERITIES, WARNING

if TYPE_CHECKING:
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.restart import RestartProblem, RestartVerdict


def worst_first(problems: "Iterable[RestartProblem]") -> "List[RestartProblem]":
    return sorted(problems, key=lambda each: (SEVERITIES.index(each["severity"]), each["at"] == ["boot"]))


def mended_first(problems: "List[RestartProblem]") -> "List[RestartProblem]":
    """Nobody is told to reload what would fail."""
    if all(each["severity"] == INFO for each in problems):
        return problems
    fix = "Mend the other problems first: to load the files now would bring them."
    return [{**each, "fix": fix} if each["kind"] == "config_not_loaded" else each for each in problems]


def verdict_of(problems: "Sequence[RestartProblem]", missing: "Sequence[Missing]") -> "RestartVerdict":
    severities = {each["severity"] for each in problems}
    if CRITICAL in severities:
        return "fails"
    if WARNING in severities:
        return "risky"
    return "unknown" if missing else "fine"


def message(
    verdict: "RestartVerdict", problems: "Sequence[RestartProblem]", missing: "Sequence[Missing]"
) -> str:
    """One sentence, with the worst of it."""
    if verdict == "not_applicable":
        return "No route leads from nginx to php-fpm here."
    if verdict == "fine":
        return "nginx and php-fpm would come up again as they are."
    if verdict == "unknown":
        return "It is not known whether a restart would go well: %s." % missing[0]["why"].rstrip(".")
    bad = [each for each in problems if each["severity"] != INFO]
    more = " There are %d more problems." % (len(bad) - 1) if len(bad) > 2 else ""
    more = " There is one more problem." if len(bad) == 2 else more
    return bad[0]["summary"] + more
