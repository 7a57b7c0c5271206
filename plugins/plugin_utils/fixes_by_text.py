# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes that the words of a program tell, in the evidence of a finding whose own fix is to read them.

They speak of a version, a setting or a limit: not of the script that met it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

LOGS = ("nginx_log", "php_log")  # sources of evidence in which PHP speaks
LEAST = 2 * 1024 * 1024  # bytes: zend_alloc.c has no smaller memory_limit


class Row(NamedTuple):
    pattern: re.Pattern[str]
    fix: str  # {}: the first group
    also: Callable[[re.Match[str]], bool] = bool


PHP = (
    Row(
        re.compile(r'require a PHP version "([\w .,|^~<>=*@-]{1,60})"'),
        "pass the site to a pool of PHP {}, which its code needs, or deploy a release for this PHP",
    ),
    Row(
        re.compile(r"PHP (Parse) error: "),
        "compare the PHP of the site's pool with the one its code needs; else restore the file of the error",
    ),
    # Taken away by PHP 7.0 and 8.0.
    Row(
        re.compile(
            r"undefined function (each|create_function|(?:mysql|ereg|mcrypt)_\w+|eregi?|split|money_format|"
            r"get_magic_quotes_\w+)\("
        ),
        "update the code, or pass the site to a pool of an older PHP: this one has no {}() any more",
    ),
    Row(
        re.compile(r"annot find (?:session )?save handler (?:&quot;|[\"'])(\w{1,40})"),
        "install and enable the extension {} for this PHP, which session.save_handler names; "
        "`systemctl restart {{unit}}`",
    ),
    Row(
        re.compile(r"[Ee]nvironment variable (?:not found: )?[\"'](\w{1,64})[\"']"),
        "give the pool env[{}], or clear_env = no if php-fpm's unit has it; `systemctl reload {{unit}}`",
    ),
    Row(
        re.compile(
            r"([Tt]oo many connections|too many clients already|max_user_connections|"
            r"max number of clients reached|connection slots are reserved)"
        ),
        "give the database more connections (max_connections) than all pools have workers, or pools fewer",
    ),
    Row(
        re.compile(r"Allowed memory size of (\d{1,18}) bytes exhausted"),
        "write memory_limit with a unit that PHP knows, as 256M: 256Mb is 256 bytes; `systemctl reload "
        "{{unit}}`",
        lambda found: int(found.group(1)) <= LEAST,
    ),
    Row(
        re.compile(r"(?:failed loading cafile stream: `|CAfile: |certificate file: )(/[\w./@+-]{1,255})"),
        "let openssl.cafile and curl.cainfo name a file of authorities that is there, in place of {}",
    ),
)
# What stands in a fix is pasted: no text of a host may end a comment, or name a field.
MAIN_FILE = re.compile(r"failed to open configuration file '(/[\w./@+-]{1,255})'")
MAIN_FILE_FIX = (
    "put back {file}, from a backup or by a new installation of its package (Debian: --force-confmiss); "
    "`systemctl restart {{unit}}`"
)
# Of a newer PHP, or of one that was built with more (fpm_conf.c).
LATER = (
    ("access.suppress_path[]", "apparmor_hat", "clear_env", "decorate_workers_output", "listen.acl_groups")
    + ("listen.acl_users", "listen.setfib", "log_buffering", "log_limit", "pm.max_spawn_rate")
    + ("process.dumpable", "process.priority", "request_terminate_timeout_track_finished", "systemd_interval")
)
UNKNOWN = re.compile(r"unknown entry '([\w.\[\]]{1,64})'")
LATER_FIX = (
    "take {{file}}:{{line}} out: this php-fpm has no {}, as a newer PHP or another build has; then "
    "`systemctl restart {{unit}}`"
)


def _of_php(finding: Mapping[str, Any]) -> str | None:
    texts = [str(piece["text"]) for piece in finding.get("evidence") or [] if piece.get("source") in LOGS]
    # A visitor chooses what stands behind: the request.
    text = "\n".join(text.partition(", client: ")[0] for text in texts)
    for row in PHP:
        found = row.pattern.search(text)
        if found and row.also(found):
            return row.fix.format(found.group(1))
    return None


def _of_files(finding: Mapping[str, Any]) -> str | None:
    """A file that the main one includes is named by that one."""
    for piece in finding.get("evidence") or []:
        unknown = UNKNOWN.search(str(piece.get("text")))
        if unknown and unknown.group(1) in LATER:
            return LATER_FIX.format(unknown.group(1))
        found = MAIN_FILE.search(str(piece.get("text")))
        if found and found.group(1) == piece.get("path"):
            return MAIN_FILE_FIX.format(file=found.group(1))
    return None


OF_REASON: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], str | None]] = {
    ("php_error", "every_page"): _of_php,
    ("php_error", "shown_errors"): _of_php,
    ("php_error", "before_script"): _of_php,
    ("fpm_not_running", "config_invalid"): _of_files,
}


def fix_by_text(finding: Mapping[str, Any]) -> str | None:
    """The text of a fix, with its marks. None: what is said of the reason."""
    look = OF_REASON.get((finding["cause"], str(finding.get("reason"))))
    return look(finding) if look else None
