# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd shows of a start that it skipped, or that failed, and of what a unit may not write."""

import re
from typing import TYPE_CHECKING, List, Optional

from .systemctl import HIDDEN_AT, READ_ONLY

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit, UnitLine

_STARTS = re.compile(r"systemd\[1\]: Start(?:ing|ed) ")
_SMALL_TALK = re.compile(r"PHP (?:Warning|Notice|Deprecated): |^php-fpm\S* \[[^\]]*\] NOTICE: (?!ready to )")


def unmet_conditions(status: str) -> List[str]:
    """Of a start that systemd skipped, as `systemctl status` has them: ConditionPathExists=/etc/x."""
    return re.findall(r"((?:Condition|Assert)\w+=.*) was not met$", status, re.M)


def makes_read_only(unit: "Unit", path: str) -> Optional[str]:
    """The setting, as NAME=VALUE, with which a unit's processes cannot write there."""
    settings = unit.get("writing") or {}
    rules = [("", word.lstrip("-+")) for word in settings.get("ReadWritePaths", "").split()]
    rules += [("", "/run/" + name) for name in unit["runtime_directory"].split()]
    for word in settings.get("ReadOnlyPaths", "").split():
        rules.append(("ReadOnlyPaths=" + word, word.lstrip("-+")))
    level = settings.get("ProtectSystem", "")
    rules += [("ProtectSystem=" + level, point) for point in READ_ONLY.get(level, ())]
    if (unit.get("sandbox") or {}).get("ProtectHome") == "read-only":
        rules += [("ProtectHome=read-only", point) for point in HIDDEN_AT["ProtectHome"]]
    fitting = [rule for rule in rules if (path + "/").startswith(rule[1].rstrip("/") + "/")]
    # The nearest one wins; of two at one place the one that lets write.
    return max(fitting, key=lambda rule: (len(rule[1].rstrip("/")), not rule[0]), default=("", ""))[0] or None


def without_small_talk(log: List["UnitLine"], most: int) -> List["UnitLine"]:
    """The lines from the last start on, at most so many, without notices and PHP's lesser complaints."""
    starts = [number for number, entry in enumerate(log) if _STARTS.match(entry["text"])]
    lines = log[starts[-1] :] if starts else log
    lines = [entry for entry in lines if not _SMALL_TALK.search(entry["text"])]
    return lines if len(lines) <= most else lines[: most - 2] + lines[-2:]


def has_start(log: List["UnitLine"]) -> bool:
    return any(_STARTS.match(entry["text"]) for entry in log)
