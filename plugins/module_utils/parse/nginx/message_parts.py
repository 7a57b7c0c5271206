# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths, names and numbers of a line of nginx's error log that a rule or a collector asks for."""

import re
from typing import TYPE_CHECKING, Dict, List, Pattern, cast

from ...signatures.lookup import meanings
from ...signatures.nginx import CYCLES, FATAL, LIMITED, NOT_FOUND, OWN_ERRORS, TIMED_OUT, UNOPENED, UNWRITABLE
from ..php_fpm.error_parts import error_parts
from ..redact import clean

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Detail

_BEFORE, _FATAL = meanings("fatal_before_script"), "PHP Fatal error:  (?:Unknown: |Uncaught Error: )?"
_ERRORS = (
    "Operation not permitted|Permission denied|Too many open files[a-z ]*|Input/output error|"
    "Stale file handle|Transport endpoint is not connected|No such file or directory"
)
# By meaning; a group is a field of Detail.
_PATTERNS = (
    (LIMITED, r' by zone "(?P<zone>[^"]{1,100})"'),
    (meanings("zone_full"), r'could not allocate node in [a-z_ ]+ zone "(?P<zone>[^"]{1,100})"'),
    (CYCLES, r' (?:redirecting to|processing) "(?P<target>[^"]{1,200})'),
    (OWN_ERRORS, r'named location "(?P<location>@[^"]{1,100})"'),
    (
        OWN_ERRORS | UNWRITABLE,
        r'\b(?:(?:open|mkdir|pread|pwritev?|stat)\(\)|index of) "(?P<path>/[^"]{1,255})" (?:failed|has|is) ',
    ),
    (meanings("file_cut"), r'\b(?:reported that|from) "(?P<path>/[^"]{1,255})"'),
    (meanings("nginx_crashed"), r"exited on signal (?P<signal>[0-9]{1,2})"),
    (meanings("unbound"), r"\bbind\((?P<address>[^ )]{1,64})\) failed"),
    # An application may say the words, too, but not behind nginx's quote or PHP's own words.
    (
        NOT_FOUND,
        r"(?:\"|; |line 0)Unable to open primary script: (?P<script>/.{1,200}?) \((?P<error>%s)\)" % _ERRORS,
    ),
    (NOT_FOUND, r"not within the allowed path\(s\): \((?P<allowed>.{1,200}?)\)"),
    (meanings("script_denied"), r"Access to the script '(?P<script>/.{1,200}?)' has been denied"),
    (_BEFORE, _FATAL + r"(?P<error>.{1,200}?)(?: \(include_path=.*?\))? in Unknown on"),
    (_BEFORE, _FATAL + r"Failed opening required '(?P<script>/[^']{1,255})'.* in Unknown on"),
)
_OF_MEANING: Dict[str, List[Pattern[str]]] = {}
for _meanings, _pattern in _PATTERNS:
    for _meaning in _meanings:
        _OF_MEANING.setdefault(_meaning, []).append(re.compile(_pattern))
_HAVE_URI = _BEFORE | UNOPENED | TIMED_OUT
_URI = re.compile(r'request: "[A-Z]+ (/[^ ?"]*)')
# ngx_http_file_cache_name(): the key's MD5; all other names of such files are numbers.
_CACHED = re.compile(r"/[0-9a-f]{32}(?:\.[0-9]+)?\Z")


def parts_of(meaning: str, line: str) -> "Detail":
    """Not redacted."""
    message, _client, rest = line.partition(", client: ")
    found: Dict[str, object] = {}
    for pattern in _OF_MEANING.get(meaning, ()):
        match = pattern.search(message)
        found.update(match.groupdict() if match else {})
    parts = cast("Detail", found)
    if "signal" in found:
        parts["signal"] = int(parts["signal"])
    if meaning in UNWRITABLE and _CACHED.search(parts.get("path", "")):
        parts["cached"] = True
    uri = _URI.search(rest) if meaning in _HAVE_URI else None
    if uri:
        parts["uri"] = uri.group(1)
    if meaning in FATAL:
        parts.update(error_parts(message))
    return parts


def shown_parts(meaning: str, line: str) -> "Detail":
    return cast("Detail", clean(parts_of(meaning, line), 256))
