# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that are about a version, a setting or a limit, and not about the script that met it."""

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_error import ErrorParts

# Their classes and functions, of which an application asks first.
_EXTENSIONS = (
    ("curl", "CURLFile", r"curl_\w+"),
    ("gd", "GdImage", r"(?:imagecreate|imagettf|getimagesizefrom)\w+|gd_info"),
    ("imagick", r"Imagick\w*", ""),
    ("intl", "NumberFormatter|Collator|IntlDateFormatter|Normalizer|Locale", r"idn_to_\w+|normalizer_\w+"),
    ("mbstring", "", r"mb_\w+"),
    ("memcached", "Memcached", ""),
    ("mongodb", r"MongoDB\\Driver\\\w+", ""),
    ("mysqli", "mysqli", r"mysqli_\w+"),
    ("redis", "Redis|RedisCluster", ""),
    ("soap", "SoapClient|SoapServer", ""),
    ("xml", "DOMDocument|XMLReader|XMLWriter|SimpleXMLElement", r"simplexml_\w+|xml_parser_\w+|utf8_\w+"),
    ("zip", "ZipArchive", r"zip_\w+"),
)
_CLASS, _FUNCTION = "Class [\"'](?:%s)[\"'] not found", r"Call to undefined function (?:%s)\("


def _lacks(name: str, classes: str, functions: str) -> str:
    forms = ((_CLASS, classes), (_FUNCTION, functions))
    return "(?P<%s>%s)" % (name, "|".join(form % words for form, words in forms if words))


# The group "name" has the name of what it is about: of letters that no shell and no comment takes for more.
# Of an extension the groups are called as it is: nothing of the text is its name.
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
    # Of a name with other letters a part would be another file.
    "certificate_file": r"(?:failed loading cafile stream: `|CAfile: |certificate file: )(?=/)"
    r"(?:(?P<name>[\w ./@+-]{2,255}?)(?='|\n| CApath: | in /))?",
    # Of require alone, which ends the script: an application asks for much else that it may do without.
    "open_basedir": r"require(?:_once)?\(\): open_basedir restriction in effect\. "
    r"File\((?P<name>/[\w./@+-]{1,255})\)",
    "encoded": r"was encoded by the ionCube Encoder for PHP (?P<name>\d[\d.]{0,5}) and cannot run",
    # A release that a deploy took away had its libraries.
    "vendor": r"Failed opening required '(?:(?!/releases/)[^'\n]){0,255}vendor/autoload\.php'",
    "redis_files": r"Exception: MISCONF (?:Redis|Errors writing to the AOF)",
    "database_driver": r"(?m)(?:Exception|in the driver): could not find driver(?: in | \(|$)",
    "database_file": r"[:8\])] (?:attempt to write a readonly database|unable to open database file)",
    "database_login": r"xception: .{0,90}(?:Access denied for user|Unknown database) '|"
    r"password authentication failed for user",
    "database_unreached": r"Exception: SQLSTATE\[(?:HY000\] \[200[2-6]|08006)\]|"
    r"_sql_exception: (?:No such file|Connection refused)",
    "redis_unreached": r"RedisException: (?:Connection (?:refused|timed out)|No such file)|"
    r"Predis\S+ConnectionException: ",
    "assets": r"(?:Vite|Mix) manifest (?:not found|does not exist)",
    "cache_directories": r"Exception: Please provide a valid cache path",
    "application_key": r"Exception: No application encryption key has been specified",
    "host_header": r"Undefined (?:array key|index:) \"?HTTP_HOST\b",
    "quota": r"Disk quota exceeded|(?:stream: |errno=122 )\"?Quota exceeded",  # musl has the shorter words
    "memory_limit": r"Allowed memory size of \d{7,} bytes exhausted",
    # Of the system's own directories, where everybody may make files.
    "temporary_directory": r"\(\): open\((?P<name>/(?:var/)?tmp)/[^/\n]{1,80}\) failed: Permission denied",
    "extension": "Error: (?:%s)" % "|".join(_lacks(*each) for each in _EXTENSIONS),
}


def fault_of(text: str) -> "ErrorParts":
    text = text.partition(", client: ")[0]  # a visitor chooses what stands behind: the request
    for fault, pattern in FAULTS.items():
        found = re.search(pattern, text, re.A)
        if found:
            named = {"name": found.lastgroup} if fault == "extension" else found.groupdict()
            return cast("ErrorParts", dict(named, fault=fault))
    return {}
