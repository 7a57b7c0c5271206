# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures of all programs, for who asks by meaning."""

from typing import TYPE_CHECKING, Dict, FrozenSet, TypeVar

from . import nginx, php_fpm
from .table import words

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event

T = TypeVar("T")
_MEANING_OF = dict(nginx.NGINX.meaning_of, **php_fpm.PHP_FPM.meaning_of)
_MEANING_OF.update(nginx.ACCESS)
_MEANING_OF[nginx.UNKNOWN.id] = nginx.UNKNOWN.meaning
# Of php_start.py and systemd.py: few hosts need the tables themselves.
OF_START = words("preload no_shared_memory lock_unwritable php_startup extension not_executable")
OF_UNIT = words(
    "not_executable unit_step timed_out unit_starting unit_started unit_stopping unit_stopped "
    "unit_not_started dependency_failed main_ended control_ended unit_failed start_limited restarted "
    "limit_reached stop_timed_out oom_killed oomd_killed"
)
_MEANINGS = nginx.MEANINGS | php_fpm.MEANINGS | OF_START | OF_UNIT | frozenset(nginx.ACCESS.values())


def meaning_of(event: "Event") -> str:
    """What an event of a snapshot means, "" where another release of the collection has named it."""
    return _MEANING_OF.get(event["signature"], "")


def meanings(*names: str) -> FrozenSet[str]:
    """For who asks by meaning. A name that no table knows would never be found, so it is a ValueError."""
    unknown = sorted(set(names) - _MEANINGS)
    if unknown:
        raise ValueError("no signature means %s" % ", ".join(unknown))
    return frozenset(names)


def by_meaning(table: Dict[str, T]) -> Dict[str, T]:
    """The table, whose keys are all meanings."""
    meanings(*table)
    return table
