# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a report has no diagnosis of a host: the kind, and the words that lead its sentence."""

from __future__ import annotations

from collections.abc import Mapping

from ..shapes.report import ErrorKind

LEADS: dict[ErrorKind, str] = {
    "not_finished": "the remediation did not finish: ",
    "not_run": "the diagnosis did not run: ",
    "no_diagnosis": "reported something that is not a diagnosis: ",
    "unreachable": "",
    "left_play": "",
    "not_asked": "",
}
LED: tuple[ErrorKind, ...] = ("not_run", "not_finished")  # the lead of another one is a part of its reason
NOT_FINISHED, NOT_RUN, NO_DIAGNOSIS = list(LEADS.values())[:3]


def kind_of(entry: Mapping[str, object]) -> ErrorKind | None:
    """None: it has no error. A report from before 0.14.0 has the sentence alone."""
    error, kind = entry.get("error"), entry.get("error_kind")
    if not isinstance(error, str):
        return None
    named = next((known for known in LEADS if known == kind), None)
    led = (known for known, lead in LEADS.items() if lead and error.startswith(lead))
    return named or next(led, "unreachable" if entry.get("status") == "unreachable" else "left_play")


def reason_of(entry: Mapping[str, object]) -> str:
    """The error without the words that lead it, as the host or the engine gave it."""
    kind = kind_of(entry)
    return str(entry.get("error") or "").removeprefix(LEADS[kind] if kind in LED else "")
