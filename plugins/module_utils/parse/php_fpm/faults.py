# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that are about a version, a setting or a limit, and not about the script that met it."""

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_error import ErrorParts

# Their classes and functions, of which an application asks first.
_EXTENSIONS = (
    ("apcu", "APCUIterator", r"apcu_\w+"),
    ("bcmath", "", r"bc(?:add|sub|mul|div|mod|pow|comp|scale|sqrt)"),
    ("ctype", "", r"ctype_\w+"),
    ("curl", "CURLFile", r"curl_\w+"),
    ("exif", "", r"exif_\w+"),
    ("fileinfo", "finfo", r"finfo_\w+|mime_content_type"),
    ("gd", "GdImage", r"(?:imagecreate|imagettf|getimagesizefrom)\w+|gd_info"),
    ("gmp", "GMP", r"gmp_\w+"),
    ("iconv", "", r"iconv(?:_\w+)?"),
    ("imagick", r"Imagick\w*", ""),
    ("imap", "", r"imap_\w+"),
    ("intl", "NumberFormatter|Collator|IntlDateFormatter|Normalizer|Locale", r"idn_to_\w+|normalizer_\w+"),
    ("json", "", "json_(?:en|de)code"),
    ("ldap", "", r"ldap_\w+"),
    ("mbstring", "", r"mb_\w+"),
    ("memcached", "Memcached", ""),
    ("mongodb", r"MongoDB\\Driver\\\w+", ""),
    ("mysqli", "mysqli", r"mysqli_\w+"),
    ("openssl", "", r"openssl_\w+"),
    ("pdo", "PDO", ""),
    ("pgsql", "", r"pg_\w+"),
    ("posix", "", r"posix_\w+"),
    ("redis", "Redis|RedisCluster", ""),
    ("soap", "SoapClient|SoapServer", ""),
    ("sodium", "", r"sodium_\w+"),
    ("sqlite3", "SQLite3", ""),
    ("tokenizer", "PhpToken", "token_get_all"),
    ("xml", "DOMDocument|XMLReader|XMLWriter|SimpleXMLElement", r"simplexml_\w+|xml_parser_\w+|utf8_\w+"),
    ("xsl", "XSLTProcessor", ""),
    ("zip", "ZipArchive", r"zip_\w+"),
)
# PHP puts the script's namespace before it.
_UNDEFINED = r"undefined function (?:[\w\\]{1,200}\\)?"
_CLASS, _FUNCTION = "Class [\"'](?:%s)[\"'] not found", "Call to " + _UNDEFINED + r"(?:%s)\("


def _lacks(name: str, classes: str, functions: str) -> str:
    forms = ((_CLASS, classes), (_FUNCTION, functions))
    return "(?P<%s>%s)" % (name, "|".join(form % words for form, words in forms if words))


# What PHP says itself. The message of an exception may be a visitor's, and imitate it.
_FATAL = r"\A(?:(?:(?!PHP (?:message: |Fatal error)).){0,150}PHP message: )?PHP Fatal error: {1,2}Uncaught "
# libpq has a line of each address of a name.
_PG = r"xception: SQLSTATE\[08006\] \[7\] (?:co[^#]{1,500}?(?:failed|server): )?(?:FATAL: {1,2})?"
_MYSQL = r"xception: (?:SQLSTATE\[\w{5}\] \[\d{4}\] |\S+\(\): \(HY000/\d{4}\): |(?<=_sql_exception: ))"
_REDIS = r"(?:RedisException|Predis\S+ConnectionException): "
_DATABASE = "(?:%s|%s)" % (_PG, _MYSQL)
_SERVICE = "(?:%s|%s)" % (_DATABASE, _REDIS)
# The group "name" has the name of what it is about: of letters that no shell and no comment takes for more.
# Of an extension the groups are called as it is: nothing of the text is its name.
FAULTS = {
    "other_version": r'require a PHP version "(?P<name>[\dx .,|^~<>=*-]{1,60})"',
    "extensions": r"require the following PHP extensions to be installed: "
    r"(?P<name>[a-z\d_]{1,30}(?:, [a-z\d_]{1,30}){0,9})",
    "parse_error": r"PHP Parse error: ",
    # Taken away by PHP 7.0 and 8.0.
    "removed_function": _UNDEFINED + r"(?P<name>each|create_function|(?:mysql|ereg|mcrypt)_\w+|eregi?|"
    r"split|money_format|get_magic_quotes_\w+)\(",
    # Laravel had an array_first() of its own.
    "newer_function": _UNDEFINED + r"(?P<name>str_(?:contains|(?:starts|ends)_with)|"
    r"array_(?:is_list|key_(?:fir|la)st|find(?:_key)?|any|all)|json_validate|"
    r"mb_(?:str_(?:pad|split)|[lr]?trim|[ul]cfirst))\(",
    # Each PHP has these: without them, disable_functions has taken them away.
    "disabled_function": _FATAL + r"(?:Error: Call to " + _UNDEFINED + r"|"
    r"\S{1,99}xception: The Process class relies on )(?P<name>exec|shell_exec|system|"
    r"passthru|p(?:open|close)|proc_(?:open|close|get_status|terminate)|putenv|getenv|symlink|readlink|mail|"
    r"ini_(?:set|get)|set_time_limit|php_uname|phpversion|fsockopen|stream_socket_(?:client|server)|"
    r"disk_(?:free|total)_space|chown|chmod|error_log|parse_ini_file|getmypid|sleep)(?:\(|, which is not)",
    # What PHP 7 let pass with a warning at most (UPGRADING of 8.0).
    "older_code": r"Array and string offset access syntax with curly braces is no longer|Unparenthesized `|"
    r"Error: Non-static method [\w\\:()]+ cannot be called statically|__autoload\(\) is no longer supported|"
    r"Cannot use [\"']\w+[\"'] as (?:a )?class name as it is reserved|The \((?:unset|real)\) cast ",
    "save_handler": r"annot find (?:session )?save handler (?:&quot;|[\"'])(?P<name>\w{1,40})[&\"']",
    "environment_variable": r"[Ee]nvironment variable (?:not found: )?[\"'](?P<name>\w{1,64})[\"']",
    "environment_file": r"Exception: Unable to read (?:the \"[^\"\n]{1,255}\" |any of the )environment file",
    # In the error itself: a warning before it need not be why.
    "unresolved_name": r"xception: (?:[\w:]+\(\): |SQLSTATE\[HY000\] \[2002\] )?php_network_getaddresses: "
    r"getaddrinfo|\[08006\] \[7\] could not translate host name|"
    r"xception: (?:cURL error 6: |Could not resolve host)",
    "certificate_refused": r"(?:rror|xception): [^;]{0,200}:certificate verify failed|"
    r"Exception: cURL error 60: |" + _PG + "(?:SSL error: |server |root )certificate ",
    "timezone_database": r"rror: {1,2}(?:[\w:]+\(\): )?Timezone database is corrupt",
    "database_connections": _DATABASE
    + r"(?:User .{1,80} 'max_|(?:[Tt]|sorry, t)oo many c|remaining connection "
    r"slots|no more connections )|xception: ERR max number of clients|/1040\): Too many connections",
    # zend_alloc.c has no smaller memory_limit than 2 MB.
    "memory_unit": r"Allowed memory size of (?:\d{1,6}|2097152) bytes exhausted",
    # Of a name with other letters a part would be another file.
    "certificate_file": r"(?:failed loading cafile stream: `|CAfile: |certificate file: )(?=/)"
    r"(?:(?P<name>[\w ./@+-]{2,255}?)(?='|\n| CApath: | in /))?",
    # Of require alone, which ends the script: an application asks for much else that it may do without.
    "open_basedir": r"(?:require(?:_once)?|xception: [\w:]{1,60})\(\): open_basedir restriction in effect\. "
    r"File\((?P<name>/[\w./@+-]{1,255})\)",
    "encoded": r"was encoded by the ionCube Encoder for PHP (?P<name>\d[\d.]{0,5}) and cannot run",
    "unreadable": r"require(?:_once)?\((?P<name>/[\w./@+-]{1,255})\): "
    r"[Ff]ailed to open stream: Permission denied",
    "open_files": r"\): [Ff]ailed to open stream: Too many open files|%sToo many open files" % _SERVICE,
    # A release that a deploy took away had its libraries.
    "vendor": r"Failed opening required '(?:(?!/releases/)[^'\n]){0,255}vendor/autoload\.php'",
    "redis_files": r"Exception: MISCONF (?:Redis|Errors writing to the AOF)",
    "database_driver": r"(?m)(?:Exception|in the driver): could not find driver(?: in | \(|$)|"
    r"Error: Undefined (?:class )?constant '?(?:PDO::)?MYSQL_ATTR_",
    "database_file": r"[:8\])] (?:attempt to write a readonly database|unable to open database file)",
    # MySQL 8 and a client before PHP 7.4, PostgreSQL 14 and a libpq before 10.
    "database_method": r"xception: SQLSTATE\[HY000\] \[2054\] |\(HY000/2054\): The server requested|"
    r"(?:_sql_exception|xception: \S+\(\)|_connect\(\)): The server requested authentication method unknown|"
    + _PG
    + r"(?:SCRAM authentication requires|authentication method \d+ not)",
    "database_login": r"xception: (?:(?:SQLSTATE|\S+\(\): ).{0,80})?"
    r"(?:Access denied for user|Unknown database) '|password authentication failed for user|%s"
    r"(?:(?:role|database) \"[^\"\n]{1,63}\" does not|no such |permission denied for|fe_send|Peer |Ident )"
    % _PG,
    "database_host": _PG + r"(?:no )?pg_hba\.conf |%sHost '\S{1,255}' is not allowed" % _MYSQL,
    "database_blocked": _MYSQL + r"Host '\S{1,255}' is blocked",
    "database_starting": _PG + "the database system is ",
    "database_tls": _DATABASE + r"(?:server does not support SSL|Connections using insecure)",
    # By SQLSTATE, or by the numbers of MySQL's and SQLite's own errors.
    "database_schema": r"xception: (?:An exception occurred while executing a query: )?"
    r"SQLSTATE\[(?:42(?:S02|S22|P01|703)|HY000\]: General error: 1 no such )|"
    r"_sql_exception: (?:Table '[^'\n]{1,130}' doesn't exist|Unknown column)",
    "database_full": r"xception: (?:SQLSTATE\[53100|Got error 28 |The table '[^'\n]{1,130}' is full)|"
    r"error: (?:1114 The table '|1021 |1030 Got error 28 |13 database or disk is)",
    "database_read_only": r"Exception: SQLSTATE\[(?:25006\]|HY000\]: General error: (?:1290|1836) )|"
    r"_exception: The MySQL server is running with the --read-only",
    "database_gone": r"xception: SQLSTATE\[(?:57P01|HY000\]: General error: (?:2006 MySQL server has gone|"
    r"2013 Lost |7 server closed |7 no connection ))|%s(?:MySQL server has gone|Lost connection to )|"
    r"%sserver closed the connection" % (_MYSQL, _PG),
    "database_table": r"(?:error: \d{3,4}|xception:) (?:Table '[^'\n]{1,200}' is marked as crashed|"
    r"Incorrect key file for table)",
    # The word behind a password's name is redacted in PHP's own log.
    "database_plugin": r"xception: (?:SQLSTATE\[HY000\] \[1524\] )?Plugin '\w{1,40}' \S+ not loaded",
    "database_locked": r"Exception: SQLSTATE\[(?:HY000|40001|40P01)\]: [\w ]{1,40}: (?:5 database |1205 "
    r"|1213 |7 ERROR: {1,2}deadlock)",
    "service_denied": _SERVICE + r"(?:Permission denied|Operation not permitted|Address family not)",
    "service_silent": _SERVICE + r"(?:(?:Connec|Opera)tion timed out|timeout expired|No route to host|"
    "Network (?:is )?unreachable|Host is )",
    "database_unreached": _DATABASE + r"(?:Connection refused|No such file)",
    "redis_unreached": _REDIS + "(?:Connection refused|No such file)",
    "redis_full": r"xception: OOM command not allowed",
    "redis_login": r"xception: (?:NO(?:AUTH|PERM)|WRONGPASS|"
    r"ERR (?:invalid password|(?:Client sent )?AUTH))\b",
    "redis_protected": "xception: DENIED Redis ",
    "redis_read_only": r"Exception: READONLY ",
    "redis_loading": r"Exception: LOADING Redis ",
    "search_unreached": r"xception: No alive nodes found",
    "trusted_hosts": r"xception: (?:The current host header value does not match the configured trusted|"
    r"Untrusted Host|The provided host name is not valid)",
    "session_cleanup": r"xception: (?:\w+: )?[\w:]+\(\): ps_files_cleanup_dir: opendir\(",
    "session_owner": r"xception: (?:\w+: )?[\w:]+\(\): Session data file is not created by your uid",
    "headers_sent": _FATAL + r"\S{0,99}xception: Cannot modify header information - headers already sent by "
    r"\(output started at (?P<name>/[\w./@+-]{1,255}):\d+\)",
    "assets": r"(?:Vite|Mix) manifest (?:not found|does not exist)",
    "cache_directories": r"Exception: (?:Please provide a valid cache path|"
    r"The (?:/[\w./+-]{0,255}/)?bootstrap/cache directory must be present)",
    "cache_unwritable": r"Exception: Unable to (?:write in|create) the \"?[\w ]{1,30}\"? directory \(",
    "log_file": r"Exception: The stream or file \"[^\"\n]{1,255}\" could not be opened",
    "application_key": r"Exception: (?:\S+ application encryption key has been specified|Unsupported cipher "
    r"or incorrect key length)",
    "host_header": r"Undefined (?:array key|index:) \"?HTTP_HOST\b",
    "quota": r"Disk quota exceeded|(?:stream: |errno=122 )\"?Quota exceeded",  # musl has the shorter words
    "disk_full": r"xception: (?:\w+: )?[\w:]+\([^)\n]{0,255}\): [^\n]{0,255}No space left on device",
    "memory_limit": r"Allowed memory size of \d{7,} bytes exhausted",
    "memory_of_system": r"rror: {1,2}Out of memory \(allocated \d+",
    "execution_time": r"rror: {1,2}Maximum execution time of \d+ seconds? exceeded",
    "debugger": r"rror: {1,2}(?:Maximum function nesting level of '|Xdebug has detected a possible infinite)",
    # Of the system's own directories, where everybody may make files.
    "temporary_directory": r"\(\): open\((?P<name>/(?:var/)?tmp)/[^/\n]{1,80}\) failed: Permission denied",
    "read_only": r"xception: .{0,300}Read-only file system",
    "memcache": r"HintException: \[0\]: Memcache \\?OC\\Memcache\\(?P<name>APCu|Redis|Memcached) not",
    "generated": r"(?:xception|rror): (?:Class \"?(?:Magento\\[\w\\]+\\Proxy|[\w\\]+\\Interceptor)\"? |"
    r"Can't create directory /\S{0,255}/generated/)",
    "development": r"rror: (?:Class |Attempted .{1,60} from namespace )[\"']"
    r"(?:Symfony\\Bundle\\(?:Debug|WebProfiler|Maker)Bundle|Laravel\\Telescope|Barryvdh\\Debugbar)\b",
    "extension": "Error: (?:%s)" % "|".join(_lacks(*each) for each in _EXTENSIONS),
    "plugin": r" in /[^\s:]{0,200}/wp-content/(?:mu-plugins|plugins|themes)/[^\s:]{1,200}(?: on line |:)\d+",
}


def fault_of(text: str) -> "ErrorParts":
    text = text.partition(", client: ")[0]  # a visitor chooses what stands behind: the request
    # Of a message, too. Its own class comes first.
    head, mark, message = text.partition("Uncaught ")
    kind, blank, message = message.partition(" ")
    text = head + mark + kind + blank + re.sub("(?:xception|Error): ", "", message)
    for fault, pattern in FAULTS.items():
        found = re.search(pattern, text, re.A)
        if found:
            named = {"name": found.lastgroup} if fault == "extension" else found.groupdict()
            return cast("ErrorParts", dict(named, fault=fault))
    return {}
