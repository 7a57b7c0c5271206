# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose Python answers what it was told to. A deploy breaks them, a remediation mends them, in no time.

The folder of a host has a file for each module that it is asked for, <module>.json. Before a host is mended,
it is asked what would be done, so its remediation has two answers, one after the other.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.hostile_hosts import action, finding, reply

Json = dict[str, Any]
# The module's name stands in what is sent, in the engine's own wrapper.
SCRIPT = """#!/bin/sh
cd %(place)s || exit 1
asked=$(cat | grep -ao 'webmedic[./]php_fpm[./]plugins[./]modules[./][a-z_]*' | head -n 1)
asked=${asked##*[./]}
[ -e slow ] && sleep 20
if [ "$asked" = remediation ] && [ -e asked ] && [ -e mended.json ]; then
    rm asked
    cp healthy.json diagnosis_info.json
    exec cat mended.json
fi
[ "$asked" = remediation ] && touch asked
exec cat "$asked.json"
"""


def remedied(result: str) -> Json:
    """What became, or would become, of the one finding of ILL."""
    named = {key: finding()[key] for key in ("cause", "reason", "site", "endpoint", "pool")}
    return {**named, "result": result, "before": None, "after": None, "why": ""}


HEALTHY = reply("healthy")
ILL = reply("failing", finding(), change=action())
ILL["remediation"]["findings"] = [remedied("would_fix")]


def mended() -> Json:
    """What the module returns once it has mended ILL."""
    answer = reply("recovered", finding(state="recovered"), change=action(result="done"))
    answer["remediation"].update(
        check_mode=False,
        outcome="done",
        status_before="failing",
        status_after="recovered",
        answered_after=0.5,
        findings=[remedied("fixed")],
    )
    return answer


def answers(place: Path, diagnosis: Json) -> None:
    """What this host answers from now on."""
    written = {"diagnosis_info": diagnosis, "remediation": diagnosis, "healthy": HEALTHY}
    if diagnosis["status"] == "failing":
        written["mended"] = mended()
    for name in ("mended.json", "asked"):
        (place / name).unlink(missing_ok=True)
    for name, answer in written.items():
        (place / (name + ".json")).write_text(json.dumps(answer))


def hosts(home: Path, diagnoses: Mapping[str, Json | None]) -> Json:
    """An inventory's hosts. None: a host that cannot be reached."""
    entries: Json = {}
    for name, diagnosis in diagnoses.items():
        if diagnosis is None:
            entries[name] = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}
            continue
        place = home / name
        place.mkdir(parents=True)
        answers(place, diagnosis)
        (place / "python").write_text(SCRIPT % {"place": place})
        (place / "python").chmod(0o755)
        entries[name] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(place / "python"),
        }
    return entries
