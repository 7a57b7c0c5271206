# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx refuses in its configuration, and what is left out of it here: each kind with its words."""

# In nginx's own words, where it refuses it too. "%s" alone: the caller gives the words.
WORDS = {
    "syntax": "%s",
    "not_opened": "%s",
    "unknown_directive": 'unknown directive "%s"',
    "argument_count": 'invalid number of arguments in "%s" directive',
    "not_allowed": '"%s" directive is not allowed here',
    "duplicate_directive": '"%s" directive is duplicate',
    "invalid_value": '"%s" directive invalid value',
    "bad_address": '%s in upstream "%s"',
    "upstream_with_port": 'upstream "%s" may not have port %s',
    "empty_upstream": "no servers are inside upstream",
    "duplicate_upstream": 'duplicate upstream "%s"',
    "include_loop": 'include "%s" comes back to itself, nginx would open files without end',
    "too_many_directives": "more than %d directives, %s was left out",
    "too_deep_blocks": "more than %d nested blocks, %s was left out",
    "too_deep_includes": "more than %d files include each other, %s was left out",
    "too_many_problems": "more errors are left out",
}
