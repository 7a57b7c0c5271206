# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as metrics, for the textfile collector of a node exporter on the controller. A diagnosis leaves
nothing on the hosts, so nobody there could tell of it.
"""

from __future__ import annotations

from collections import Counter

from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.exposition import (
    Family,
    Sample,
    text,
)

from ..reports.compare import epoch
from ..shapes.report import Report

STATUS = "webmedic_last_diagnosis_status"
AT = "webmedic_last_diagnosis_timestamp_seconds"
RISKS = "webmedic_latent_risks"
FAMILIES = (
    Family(STATUS, "gauge", "1 for the status that a host had at its last diagnosis."),
    Family(AT, "gauge", "When the report of that diagnosis was made."),
    Family(RISKS, "gauge", "Findings of what would be an outage, by cause."),
)


def render(report: Report) -> str:
    samples = [Sample(AT, {}, epoch(report["generated_at"]))]
    for host, entry in report["hosts"].items():
        samples.append(Sample(STATUS, {"host": host, "status": entry["status"]}, 1.0))
        risks = Counter(finding["cause"] for finding in entry["findings"] if finding["state"] == "latent")
        samples += [
            Sample(RISKS, {"host": host, "cause": cause}, float(count)) for cause, count in risks.items()
        ]
    return text(FAMILIES, samples)
