# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault once: on which suite each is proven when not all can be.

The suites of a fault fall into ways: those where the same thing is done and the same is expected. Each way is
proven on one suite. Each family gives its ways to the suites in turn, and begins at the suite of its own
number. A way that only one suite has goes first, so that the others make up for it. A fault that is added at
the end of its family moves no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tests.lab.data import Fault, Spec, Suite


def ways(fault: Fault, suites: Mapping[str, Suite]) -> list[list[str]]:
    """The fault's suites, in groups of those that would prove the same."""
    groups: dict[str, list[str]] = {}
    for name in fault.suites:
        layout = suites[name].variables["LAYOUT"] if "$LAYOUT" in fault.script else ""
        groups.setdefault(f"{layout} {fault.truth(name)}", []).append(name)
    return list(groups.values())


def spread(faults: Iterable[Fault], suites: Mapping[str, Suite]) -> list[Spec]:
    """One host for each way of each fault, in the order of the faults."""
    families: dict[str, list[Fault]] = {}
    for fault in faults:
        families.setdefault(fault.family, []).append(fault)
    return [spec for family, members in families.items() for spec in _of_family(family, members, suites)]


def _of_family(family: str, members: list[Fault], suites: Mapping[str, Suite]) -> list[Spec]:
    number, names = int(family.partition("_")[0]), list(suites)
    turn = [names[(number + place) % len(names)] for place in range(len(names))]
    cases = [(fault, way) for fault in members for way in ways(fault, suites)]
    used: Counter[str] = Counter()
    chosen: dict[tuple[str, str], Spec] = {}
    for fault, way in sorted(cases, key=lambda case: len(case[1]) > 1):
        name = min((name for name in turn if name in way), key=lambda name: used[name])
        used[name] += 1
        chosen[fault.name, way[0]] = Spec(suites[name], fault)
    return [chosen[fault.name, way[0]] for fault, way in cases]
