# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of php-fpm's configuration may be shown: values of directives that are known to take no secret, names
of the others. Each line is judged by itself, as php-fpm reads it.
"""

import re
from typing import List, Optional, Sequence

from ..parse.redact import GONE
from .shown import Part, drawn, harmless, names

_SHOWN = names("""
    pid error_log syslog.facility syslog.ident log_limit log_buffering log_level emergency_restart_threshold
    emergency_restart_interval process_control_timeout process.max process.priority process.dumpable daemonize
    rlimit_files rlimit_core events.mechanism systemd_interval include prefix user group listen listen.backlog
    listen.owner listen.group listen.mode listen.acl_users listen.acl_groups listen.allowed_clients
    listen.setfib pm pm.max_children pm.start_servers pm.min_spare_servers pm.max_spare_servers
    pm.max_spawn_rate pm.process_idle_timeout pm.max_requests pm.status_path pm.status_listen ping.path
    access.log slowlog request_slowlog_timeout request_slowlog_trace_depth request_terminate_timeout
    request_terminate_timeout_track_finished chroot chdir catch_workers_output decorate_workers_output
    clear_env security.limit_extensions apparmor_hat
    """)
_NAMED = names("access.format access.suppress_path ping.response")
_ARRAYS = names("env php_value php_flag php_admin_value php_admin_flag")
# Settings of PHP; all others may hold a password, as mysqli.default_pw and session.save_path do.
PHP = names("""
    memory_limit max_execution_time max_input_time max_input_vars post_max_size upload_max_filesize
    max_file_uploads file_uploads error_log log_errors display_errors display_startup_errors error_reporting
    html_errors date.timezone default_charset default_socket_timeout short_open_tag expose_php opcache.enable
    opcache.memory_consumption opcache.max_accelerated_files opcache.validate_timestamps
    opcache.revalidate_freq realpath_cache_size realpath_cache_ttl zlib.output_compression output_buffering
    session.gc_maxlifetime session.gc_probability
    """)
_SECTION = re.compile(r"\[[\w.@-]{1,128}\]\Z")
_KEY = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?:[ \t]*\[[ \t]*(?P<sub>[\w.:-]{0,64})[ \t]*\])?\Z", re.ASCII)
# Without an escape and without a second string, so that a comment behind it is seen.
VALUE = re.compile(r"(\"[^\"\\]*\"|'[^'\\]*'|[^\"';\\]*)(;.*)?\Z")


def _shows(name: str, subkey: Optional[str], value: str) -> bool:
    known = name.lower() in _SHOWN if subkey is None else name.lower() in _ARRAYS - {"env"} and subkey in PHP
    return known and harmless(value)


def value_shown(key: str, value: str) -> str:
    """The value of a key as pm.max_children or php_value[memory_limit], as it may be shown."""
    match = _KEY.match(key)
    return value if match and _shows(match.group("name"), match.group("sub"), value) else GONE


def _directive(text: str, in_comment: bool) -> Optional[str]:
    """A directive as it may be shown; None: not known to be one. A comment with blanks in the value may be a
    sentence.
    """
    left, equals, raw = text.partition("=")
    key = _KEY.match(left.rstrip())
    if not key or not equals:
        return None
    name, subkey = key.group("name").lower(), key.group("sub")
    if name not in (_SHOWN | _NAMED if subkey is None else _ARRAYS):
        return None
    if not raw.strip():
        return text
    blank = raw[: len(raw) - len(raw.lstrip())]
    value = VALUE.match(raw.strip())
    if (
        value
        and _shows(name, subkey, value.group(1).strip())
        and not (in_comment and re.search(r"\s", raw.strip()))
    ):
        return left + equals + blank + value.group(1) + ("; " + GONE if value.group(2) else "")
    return left + equals + (blank or " ") + GONE


def _line(line: str) -> str:
    body = line.strip()
    if drawn(body) or (_SECTION.match(body) and harmless(body)):
        return line
    comment = body[: len(body) - len(body.lstrip("; \t"))] if body.startswith(";") else ""
    return line[: line.index(body)] + comment + (_directive(body[len(comment) :], bool(comment)) or GONE)


def shown(text: str, parts: Sequence[Part]) -> List[str]:
    """The parts, which begin and end with a line, as they may be shown."""
    return ["\n".join(_line(line) for line in text[first:last].split("\n")) for first, last in parts]
