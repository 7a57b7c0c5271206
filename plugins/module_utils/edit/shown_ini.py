# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of php.ini may be shown: values of settings that are known to take no secret, names of the others."""

import re

from ..parse.redact import GONE
from .shown import harmless, names
from .shown_fpm import PHP, VALUE

# Beside those that a pool may set. session.save_path, sendmail_path, mysqli.default_pw and all unknown ones
# may hold a password.
_SHOWN = PHP | names("""
    engine precision serialize_precision implicit_flush zend.enable_gc zend.assertions
    zend.exception_ignore_args disable_functions disable_classes ignore_user_abort hard_timeout
    max_input_nesting_level enable_post_data_reading register_argc_argv auto_globals_jit variables_order
    request_order enable_dl allow_url_fopen allow_url_include cgi.fix_pathinfo cgi.force_redirect
    fastcgi.logging fastcgi.impersonate ignore_repeated_errors ignore_repeated_source report_memleaks
    log_errors_max_len xmlrpc_errors docref_root extension zend_extension extension_dir doc_root user_dir
    sys_temp_dir upload_tmp_dir open_basedir include_path realpath_cache_size user_ini.filename
    user_ini.cache_ttl auto_detect_line_endings session.save_handler session.use_strict_mode
    session.use_cookies session.use_only_cookies session.auto_start session.lazy_write session.gc_divisor
    pcre.jit pcre.backtrack_limit pcre.recursion_limit mysqli.max_persistent mysqli.max_links
    mysqli.allow_persistent mysqlnd.collect_statistics pgsql.max_persistent pgsql.max_links
    opcache.enable_cli opcache.interned_strings_buffer opcache.max_wasted_percentage
    opcache.validate_permission opcache.validate_root opcache.file_update_protection opcache.max_file_size
    opcache.preload opcache.preload_user opcache.jit opcache.jit_buffer_size opcache.use_cwd
    opcache.revalidate_path opcache.save_comments opcache.error_log opcache.log_verbosity_level
    opcache.restrict_api opcache.huge_code_pages opcache.file_cache opcache.file_cache_only apc.enabled
    apc.shm_size apc.shm_segments apc.ttl apc.gc_ttl xdebug.mode xdebug.start_with_request
    """)
_SECTION = re.compile(r"\[(?:PHP|[A-Za-z][A-Za-z _0-9]{0,40})\]\Z", re.ASCII)
# php.ini knows no brackets in names but those of arrays, which nobody needs to see.
_NAME = re.compile(r"[A-Za-z_][\w.]{0,80}\Z", re.ASCII)


def _line(body: str) -> str:
    if _SECTION.match(body):
        return body
    name, equals, value = (part.strip() for part in body.partition("="))
    if not _NAME.match(name):
        return GONE
    if not equals or not value:
        return body
    match = VALUE.match(value)
    if match and name.lower() in _SHOWN and harmless(match.group(1).strip()):
        return "%s = %s" % (name, match.group(1).strip())
    return "%s = %s" % (name, GONE)


def shown(text: str) -> str:
    """The whole file, line by line. Comments become empty lines, so each line keeps its number."""
    lines = []
    open_quote = ""
    for line in text.split("\n"):
        body = line.strip()
        if open_quote:
            # A quoted value may go on over lines.
            lines.append(GONE if body else "")
            open_quote = "" if body.count(open_quote) % 2 else open_quote
        elif not body or body[0] in ";#":
            lines.append("")
        else:
            lines.append(_line(body))
            open_quote = _opened(body.partition("=")[2].strip())
    return "\n".join(lines)


def _opened(value: str) -> str:
    """The quote that a value opens and does not close on its line."""
    quote = value[:1]
    return quote if quote in ('"', "'") and value.replace("\\" + quote, "").count(quote) % 2 else ""
