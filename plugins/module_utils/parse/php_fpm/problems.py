# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why php-fpm refuses to start: each kind with its reason and php-fpm's own words, for finding and reading."""

import re
from functools import lru_cache
from typing import Dict, NamedTuple, Optional, Pattern, Sequence, Tuple

from ..problem import Problem


class Kind(NamedTuple):
    """reason: of the cause fpm_not_running. tested: php-fpm -t sees it, as it is run here. format: php-fpm's
    message behind time, level and pool.
    """

    id: str
    reason: str
    tested: bool
    format: str


# "kind reason tested format", from fpm_conf.c, fpm_unix.c, fpm_sockets.c, fpm_stdio.c and fpm_log.c. Of several
# lines that php-fpm writes, the one whose kind stands first says why it does not start.
_TABLE = r"""
unknown_user unknown_user no cannot get uid for user '%s'
unknown_group unknown_user no cannot get gid for group '%s'
address_in_use address_in_use no unable to bind listening socket for address '%s': %s (98)
other_instance address_in_use no Another FPM instance seems to already listen on %s
no_directory runtime_dir_missing no unable to bind listening socket for address '%s': %s (2)
bind bind_failed no unable to bind listening socket for address '%s'
listen bind_failed no failed to listen to address '%s'
chown bind_failed no failed to chown() the socket '%s'
error_log_open config_invalid no failed to open error_log (%s): %s
access_log_open config_invalid no failed to open access log (%s): %s
slowlog_open config_invalid no Unable to create or open slowlog(%s): %s
null_value config_invalid yes value is NULL for a ZEND_INI_PARSER_ENTRY
syntax config_invalid yes syntax error%s
conf_open config_invalid yes failed to open configuration file '%s': %s
include_depth config_invalid yes failed to include more than %d files recursively
include_glob config_invalid yes Unable to globalize '%s'%s
no_pool config_invalid yes No pool defined. at least one pool section must be specified in config file
no_user config_invalid yes user has not been defined
no_listen config_invalid yes no listen address have been defined!
no_pm config_invalid yes the process manager is missing (static, dynamic or ondemand)
max_children config_invalid yes pm.max_children must be a positive value
no_slowlog config_invalid yes 'slowlog' must be specified for use with 'request_slowlog_timeout'
min_spare config_invalid yes pm.min_spare_servers(%d) must be a positive value
max_spare config_invalid yes pm.max_spare_servers(%d) must be a positive value
spare_above_max config_invalid yes pm.min_spare_servers(%d) and pm.max_spare_servers(%d) cannot be greater than pm.max_children(%d)
spare_order config_invalid yes pm.max_spare_servers(%d) must not be less than pm.min_spare_servers(%d)
start_servers config_invalid yes pm.start_servers(%d) must not be less than pm.min_spare_servers(%d) and not greater than pm.max_spare_servers(%d)
shared_listen config_invalid yes unable to set listen address as it's already used in another pool '%s'
directive config_invalid yes [%s:%d] %s
pool config_invalid yes [pool %s] %s
include config_invalid yes Unable to include %s
load config_invalid yes failed to load configuration file '%s'
post_process config_invalid yes failed to post process the configuration
"""
# Before the message (zlog.c), anchored: a worker's words stand behind "[pool www] child 12 said into stderr: ".
_HEAD = r"(?:[\w.-]+\[\d+\]: )?(?:\[\d[\w .:-]+\] )?(?:PHP:\s+|(?:ERROR|ALERT): )"
_PLACE = r"(?:\[[^\]]*\] )?"
_FILE = re.compile(r"(?:ERROR|ALERT): \[([^\]:]+):(\d{1,9})\]")
_VALUE = re.compile("(%[sd])")


class StartFailure(NamedTuple):
    """A line in which php-fpm says why it does not start. values: what stands in the places of the format. file
    and line: of the configuration, None where php-fpm names none.
    """

    kind: Kind
    values: Tuple[str, ...]
    text: str
    file: Optional[str]
    line: Optional[int]


@lru_cache(maxsize=None)
def kinds() -> Dict[str, Kind]:
    """All kinds by their id, in the order of the table."""
    rows = [line.split(" ", 3) for line in _TABLE.strip().splitlines()]
    return {row[0]: Kind(row[0], row[1], row[2] == "yes", row[3]) for row in rows}


def problem(kind: str, file: str, line: int, *values: object, pool: Optional[str] = None) -> Problem:
    """In php-fpm's words. values: for the places of its format. pool: whose section it is in."""
    text = kinds()[kind].format % values
    return Problem(kind, file, line, text if pool is None else "[pool %s] %s" % (pool, text))


@lru_cache(maxsize=None)
def _pattern(kind: Kind) -> Pattern[str]:
    """A value ends before the format's next mark, so that no line takes long."""
    parts = _VALUE.split(kind.format)
    for number, part in enumerate(parts):
        after = parts[number + 1].lstrip()[:1] if number + 1 < len(parts) else ""
        if part == "%d":
            parts[number] = r"(\d{1,18})"
        elif part == "%s":
            parts[number] = "([^%s]*)" % re.escape(after) if after else "(.*)"
        else:
            parts[number] = re.escape(part)
    place = "" if kind.format.startswith("[") else _PLACE
    return re.compile(_HEAD + place + "".join(parts), re.S)


def start_failure(lines: Sequence[str]) -> Optional[StartFailure]:
    """Why php-fpm did not start, as it says itself. lines: of php-fpm -t, or of the unit's journal."""
    for kind in kinds().values():
        for text in lines:
            match = _pattern(kind).match(text)
            if match:
                at = _FILE.search(text)
                return StartFailure(
                    kind, match.groups(), text, at.group(1) if at else None, int(at.group(2)) if at else None
                )
    return None
