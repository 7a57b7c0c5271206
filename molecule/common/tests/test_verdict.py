# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold on each host of a scenario once it was mended and a second run had nothing left to do."""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "tests" / "lab"))

from judge import judge_host


def entry(name: str) -> dict[str, Any]:
    """A host's part of the report that converge wrote."""
    report = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "report" / "report.json"
    return json.loads(report.read_text(encoding="utf-8"))["hosts"][name]


def test_what_is_safe_to_mend_answers_as_it_should(host: Any) -> None:
    variables = host.ansible.get_variables()
    probe = variables["lab_probe"]
    if variables["lab_safe_fix"]:
        got = host.check_output(
            "curl -s -o /dev/null -m 30 -w '%%{http_code}' -H 'Host: %s' 'http://127.0.0.1%s'"
            % (probe["site"], probe["path"])
        )
        assert got == str(probe["status"])


def test_what_is_for_a_person_is_still_told_apart_rightly(host: Any) -> None:
    variables = host.ansible.get_variables()
    name = variables["inventory_hostname"]
    if not variables["lab_safe_fix"]:
        assert not judge_host(name, variables["lab_expected"], entry(name)).wrong


def test_every_finding_brings_evidence_from_the_host(host: Any) -> None:
    findings = entry(host.ansible.get_variables()["inventory_hostname"])["findings"]
    assert all(
        finding["evidence"] and all(item["text"] for item in finding["evidence"]) for finding in findings
    )


def test_the_web_server_was_left_running(host: Any) -> None:
    assert host.service("nginx").is_running
