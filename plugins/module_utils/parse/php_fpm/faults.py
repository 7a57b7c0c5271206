# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that are about a version, a setting or a limit, and not about the script that met it."""

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_error import ErrorParts

# A group is the name of what it is about: of letters that no shell and no comment takes for more.
FAULTS = {
    "other_version": r'require a PHP version "(?P<name>[\dx .,|^~<>=*-]{1,60})"',
    "parse_error": r"PHP Parse error: ",
    # Taken away by PHP 7.0 and 8.0.
    "removed_function": r"undefined function (?P<name>each|create_function|(?:mysql|ereg|mcrypt)_\w+|eregi?|"
    r"split|money_format|get_magic_quotes_\w+)\(",
    "save_handler": r"annot find (?:session )?save handler (?:&quot;|[\"'])(?P<name>\w{1,40})[&\"']",
    "environment_variable": r"[Ee]nvironment variable (?:not found: )?[\"'](?P<name>\w{1,64})[\"']",
    "database_connections": r"[Tt]oo many connections|too many clients already|max_user_connections|"
    r"max number of clients reached|connection slots are reserved",
    # zend_alloc.c has no smaller memory_limit than 2 MB.
    "memory_unit": r"Allowed memory size of (?:\d{1,6}|2097152) bytes exhausted",
    "certificate_file": r"(?:failed loading cafile stream: `|CAfile: |certificate file: )"
    r"(?P<name>/[\w./@+-]{1,255})",
}


def fault_of(text: str) -> "ErrorParts":
    text = text.partition(", client: ")[0]  # a visitor chooses what stands behind: the request
    for fault, pattern in FAULTS.items():
        found = re.search(pattern, text, re.A)
        if found:
            return cast("ErrorParts", dict(found.groupdict(), fault=fault))
    return {}
