# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PHP could not have, by its last words. Each function of PHP names it in its own way."""

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_error import ErrorParts

_PATHS = {
    # The file stands before it, as of file_put_contents(FILE) and of "FILE".
    "read_only": r"[(\"](/[^)\"\s]{1,255})[)\"][^()]{0,99}Read-only file system",
    # In an application's own words, which PHP ends with the place of the error.
    "unwritable": r"(?i)\b(?:writ(?:e|ea|a)?ble|write (?:in|into|to)|permission is denied for)\b"
    r"[^/\n]{0,99}(?<! in )(/[^\s\"'`<>,:;)]{1,255})",
    "missing": r"(?:[(\"]|unix://)(/[^)\":\s]{1,255})\)?[^()]{0,99}\(?No such file or directory",
}
_LACKS = {
    "process": r"Unable to fork|[Ff]ork failed|posix_spawn\(\) failed|\(\): Unable to execute '|"
    r"popen\(.{0,200}\): Resource temporarily unavailable",
    # mysqlnd and libpq name no path where the default one was asked for.
    "database": r"\[2002\] No such file or directory|/tmp/(?:mysql|\.s\.PGSQL)\S*",
    "temporary_file": r"(?i)temporary (?:file|director)|File upload error|tempnam\(\)|tmpfile\(\)",
}


def error_parts(text: str) -> "ErrorParts":
    from .faults import fault_of

    parts = {name: re.findall(pattern, text) for name, pattern in _PATHS.items()}
    parts["lacks"] = [what for what, pattern in _LACKS.items() if re.search(pattern, text)]
    known = {name: values for name, values in parts.items() if values}
    return cast("ErrorParts", {**known, **fault_of(text)})
