# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers each page with an error."""

from __future__ import annotations

from .entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("php_error", None): Entry(
        title="PHP answers each page with an error",
        what="nginx and PHP-FPM work. PHP ends each page of the site with a fatal error, which is a 500.",
        decides="The access log has 500 for each of the last pages, and nginx's log tells of no reason "
        "of its own.",
        fix="read the PHP error in the evidence, or in error_log of php.ini, and mend what it names",
        advice="Read the first PHP error of a page, in the evidence or in the log that `error_log` of "
        "php.ini names. What a release or an upgrade of PHP took away is the usual reason: an extension, "
        "vendor/, a file.",
        do_not="Do not restart nginx or PHP-FPM for it: the next page ends with the same error.",
    ),
    ("php_error", "before_script"): Entry(
        title="PHP fails before a script begins",
        what="PHP ends each request before the first line of its script. It is told to by php.ini, a "
        "pool file or .user.ini: a file to prepend that is gone, open_basedir, a memory_limit that is "
        "too low.",
        decides="FastCGI sent in stderr: PHP Fatal error ... in Unknown on line 0.",
        fix="mend the setting that the error is about, such as auto_prepend_file; then `systemctl "
        "reload {unit}`",
        advice="Look for the path of the error in php.ini, its conf.d, the pool file and .user.ini of "
        "the site. Mend or take out that setting, then reload PHP-FPM. A .user.ini is read anew within "
        "five minutes.",
        do_not="Do not change the application: its code has not run.",
        returns=True,
    ),
}
