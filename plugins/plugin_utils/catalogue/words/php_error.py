# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers each page with an error."""

from __future__ import annotations

from ..entry import Entry, When
from ..php_faults import FIXES
from .nginx_own_error import HIDDEN_ROOT

WORDS: dict[tuple[str, str | None], Entry] = {
    ("php_error", None): Entry(
        title="PHP answers each page with an error",
        what="nginx and PHP-FPM work. PHP ends each page of the site with a fatal error, which is a 500.",
        decides="The access log has 500 for each of the last pages, and nginx's log tells of no reason "
        "of its own.",
        fix="read the PHP error in the evidence, or in error_log of php.ini, and mend what it names",
        advice="Read the first PHP error of a page, in the evidence or in the log that `error_log` of "
        "php.ini names. What a release or an upgrade of PHP took away is the usual reason: an extension, "
        "vendor/, a file. Where it names a file of a release that a deploy took away, opcache or the cache "
        "of links still leads there: reload PHP-FPM after each deploy, or hand $realpath_root to PHP. No "
        "error in any log: the application answers 500 itself, mostly as its database or cache is down. A "
        "file that may not be written: a job of root made it; give it to the pool's account. A database or "
        "Redis by TCP, and Permission denied: SELinux's httpd_can_network_connect_db is off, mostly.",
        do_not="Do not restart nginx or PHP-FPM before you have read it: mostly the next page ends with "
        "the same error. No chmod 777 either.",
        when=tuple(When("fault", kind, fix) for kind, fix in FIXES.items()),
    ),
    ("php_error", "before_script"): Entry(
        title="PHP fails before a script begins",
        what="PHP ends each request before the first line of its script. It is told to by php.ini, a "
        "pool file or .user.ini: a file to prepend that is gone, open_basedir, a memory_limit that is "
        "too low.",
        decides="FastCGI sent in stderr: PHP Fatal error ... in Unknown on line 0.",
        fix="mend the setting that the error is about, such as auto_prepend_file; then `{reload}`",
        advice="Look for the path of the error in php.ini, its conf.d, the pool file, .user.ini of the "
        "site, and PHP_VALUE and PHP_ADMIN_VALUE in `nginx -T`. Mend or take out that setting, then reload "
        "PHP-FPM. A .user.ini is read anew within five minutes.",
        do_not="Do not change the application: its code has not run.",
        returns=True,
    ),
    ("php_error", "shown_errors"): Entry(
        title="each page is an error of PHP's, with status 200",
        what="nginx and PHP-FPM work. PHP ends each page of the site with an error, and visitors get it "
        "with status 200: display_errors is on, or a part of the page was sent before. Checks that look at "
        "the status alone see nothing of it.",
        decides="Each of the last pages in the access log has status 200, and at that time an error of PHP: "
        "in nginx's error log, or in the one that `error_log` of PHP names.",
        fix="read the PHP error in the evidence, and mend what it names; then set display_errors to Off",
        advice="Mend what the error names, as for pages that are a 500. Then set `display_errors = Off` and "
        "`log_errors = On` in php.ini or the pool file: visitors then get a 500, and no paths of yours.",
        do_not="Do not turn display_errors off and leave it at that: each page is an error still.",
    ),
    ("php_error", "source_shown"): Entry(
        title="PHP shows the source of a site's pages",
        what="The scripts begin with <? alone, which PHP takes for text as long as short_open_tag is off. "
        "Each page is the script's source, with the passwords in it and status 200.",
        decides="The first bytes of the front page, and short_open_tag in php.ini. No pool file, .user.ini "
        "or fastcgi_param of the site sets it.",
        fix="set php_flag[short_open_tag] = on in the site's pool; then `{reload}`",
        advice="Set it for the pool of that site alone, or write <?php in all of its scripts. Then change "
        "the passwords that the source has.",
        do_not="Do not look into the application or the web server: PHP has run nothing.",
    ),
    ("php_error", "no_query"): Entry(
        title="PHP gets no parameters of a URL",
        what="nginx hands php-fpm no QUERY_STRING. Pages come, and none knows what stands behind the ? of "
        "its URL: searches, lists and links with a number all show the same.",
        decides="The location has fastcgi_pass to a pool of php-fpm, and no fastcgi_param QUERY_STRING holds "
        "there.",
        fix="include fastcgi_params in the location of the evidence; `{test_nginx} && {reload_nginx}`",
        advice="Include fastcgi_params in the location of the evidence. A location with an own fastcgi_param "
        "inherits none.",
        do_not="Do not look into the application: it is asked without parameters.",
    ),
    ("php_error", "no_path_info"): Entry(
        title="PHP does not get the path behind a script's name",
        what="Pages such as /index.php/about stand behind the name of a script. nginx does not lead them to "
        "PHP, or hands PHP no PATH_INFO. The page of the script alone comes, the others are a 404 or the "
        "front page.",
        decides="The files of nginx: no location takes such a path, try_files looks for it or empties "
        "$fastcgi_path_info, or no PATH_INFO is handed on. Visitors get 404 or 403 for these pages.",
        fix="let PHP's location match .php(/|$), and keep the path in a variable; reload nginx",
        advice="Let PHP's location match a path behind .php as well, as Debian's snippets/fastcgi-php.conf "
        "needs it, and split it off with fastcgi_split_path_info. try_files empties $fastcgi_path_info: set "
        "a variable to it in the same location, and hand that one on as PATH_INFO. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not look into the application's routes: the path does not come to it.",
    ),
    ("php_error", "no_body"): Entry(
        title="PHP gets no forms and no uploads",
        what="nginx hands php-fpm no CONTENT_LENGTH. PHP then reads no body of a request: logins, forms and "
        "uploads arrive empty, and pages come.",
        decides="The location has fastcgi_pass to a pool of php-fpm, and no fastcgi_param CONTENT_LENGTH "
        "holds there. fastcgi_pass_request_body is not off.",
        fix="include fastcgi_params in the location of the evidence; `{test_nginx} && {reload_nginx}`",
        advice="Add `fastcgi_param CONTENT_LENGTH $content_length;` there, or include fastcgi_params.",
        do_not="Do not raise post_max_size: PHP reads no body at all.",
    ),
    ("php_error", "wrong_length"): Entry(
        title="PHP waits for bodies that are never sent",
        what="nginx hands php-fpm a fixed CONTENT_LENGTH. Of a shorter body PHP awaits the rest until nginx "
        "gives up with 504, and the worker is held meanwhile. Of a longer one it reads a part.",
        decides="A fastcgi_param CONTENT_LENGTH with a fixed text holds in the location.",
        fix="set CONTENT_LENGTH to $content_length in the location of the evidence; `{test_nginx} && "
        "{reload_nginx}`",
        advice="Take the line out, and include fastcgi_params. The last fastcgi_param of a name wins.",
        do_not="Do not raise fastcgi_read_timeout: what PHP waits for never comes.",
    ),
    ("php_error", "script_refused"): Entry(
        title="PHP refuses the scripts of a site",
        what="nginx and PHP-FPM work, and PHP may not open what nginx names. One of these keeps it from "
        "that: open_basedir, the rights of the pool's account, or a chroot. Or SCRIPT_FILENAME lacks the "
        "script, a worker has too many files open, or a file system is gone. Visitors get 403 or 404.",
        decides="FastCGI sent in stderr: Unable to open primary script (Permission denied, Operation not "
        "permitted). Or it is Access to the script denied, where the name is that of the configuration.",
        fix="mend the setting, or owner and mode of the file, in the evidence; then `{restart}`",
        advice="An open_basedir that nginx gives to one site (fastcgi_param PHP_ADMIN_VALUE) stays in the "
        "workers for all sites of the pool. So write it into a pool of that site's own. A chroot is taken "
        "off the names that nginx gives. SCRIPT_FILENAME is $document_root$fastcgi_script_name, and below "
        "an alias $request_filename. Too many open files: see rlimit_files of the pool and LimitNOFILE= "
        "of the unit, and which page leaves files open. A stale file handle: mount the file system again. "
        "Where owner and mode let the account in, SELinux, AppArmor or a sandbox of the unit refuses.",
        do_not="Do not chmod -R 777 the site, and do not empty security.limit_extensions: each upload "
        "could run.",
    ),
    ("php_error", "closed_root"): Entry(
        title="PHP may not search the directory of a site's scripts",
        what="nginx and PHP-FPM work. A directory on the way to the site's scripts refuses the pool's "
        "account, so that each script is missing for it. Visitors get 404 or 403 for each page.",
        decides="FastCGI sent in stderr: Primary script unknown. And owner, mode or ACL of a directory on "
        "the way refuse the account of the pool now.",
        fix="give the account in the finding the search permission (x) on the directory in the finding",
        advice="A directory needs x for the account, and so does each one above it. An ACL entry for that "
        "account alone opens it to nobody else. A new release or a restored backup often brings the fault "
        "back.",
        do_not="Do not chmod -R 777 the site: the other accounts could exchange its code.",
    ),
    ("php_error", "cached_path"): Entry(
        title="PHP's cache leads to a release that was removed",
        what="A link on the way to the site was switched to a new release, and the old one was removed. The "
        "workers keep for some time where the path led, and open what is gone. Visitors get 404, or one 500.",
        decides="FastCGI sent in stderr: Unable to open primary script (No such file or directory), and the "
        "script is there by its name.",
        fix="`{reload}` empties the cache; by itself it is over after realpath_cache_ttl",
        advice="Let the deploy reload PHP-FPM after it has switched the link, and keep the old release until "
        "then. Or give PHP the real path, which is new for each release: in nginx SCRIPT_FILENAME "
        "$realpath_root$fastcgi_script_name and DOCUMENT_ROOT $realpath_root.",
        do_not="Do not turn the cache of paths off (realpath_cache_ttl=0): each request then asks the disk "
        "for each file.",
        returns=True,
    ),
    ("php_error", "hidden_root"): HIDDEN_ROOT._replace(
        title="the unit of PHP-FPM hides the site",
        what="The sandbox of php-fpm's unit shows its workers another directory than the host has. nginx "
        "sees the site, and PHP finds none of its scripts: 404 for each page.",
        decides="FastCGI sent in stderr: Primary script unknown, and a worker sees another file on the way "
        "than the host has.",
    ),
    ("php_error", "blank_pages"): Entry(
        title="each page is blank, with status 200",
        what="nginx hands php-fpm no REQUEST_METHOD. PHP takes that for no request of a visitor and ends it "
        "at once: a blank page, and no log has a line about it.",
        decides="The location has fastcgi_pass, and no fastcgi_param REQUEST_METHOD holds there.",
        fix="include fastcgi_params in the location of the evidence; `{test_nginx} && {reload_nginx}`",
        advice="Include fastcgi_params, and set SCRIPT_FILENAME, in the location of the evidence. A "
        "location with an own fastcgi_param inherits none. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not look into the application: its code has not run.",
    ),
    ("php_error", "no_root"): Entry(
        title="PHP looks for the scripts in another directory",
        what="nginx and PHP-FPM work. The location of PHP has another root than the rest of the site, or its "
        "SCRIPT_FILENAME names another path. So each page is a 404, and the scripts lie where they should.",
        decides="The files of nginx lead to a path without a file, and another root of the same server block "
        "has that page. Visitors get 404 or 403 for the front page.",
        fix="write the root once, into the server block, and SCRIPT_FILENAME as "
        "$document_root$fastcgi_script_name; `{test_nginx} && {reload_nginx}`",
        advice="Write `root` into the server block, and take it out of the locations: a root in `location "
        "/` does not hold in the one of PHP. SCRIPT_FILENAME is `$document_root$fastcgi_script_name`, and "
        "below an alias `$request_filename`. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not copy or chmod the scripts: they are where the site has them.",
    ),
    ("php_error", "no_script_name"): Entry(
        title="each page is a 404, since nginx names no script",
        what="nginx hands php-fpm no SCRIPT_FILENAME. PHP then knows no script to run, and answers each "
        "request with 404, File not found. No log has a line about it.",
        decides="The location has fastcgi_pass to a pool of php-fpm, and no fastcgi_param SCRIPT_FILENAME "
        "holds there. nginx's fastcgi_params has none, its fastcgi.conf has one.",
        fix="set SCRIPT_FILENAME in the location of the evidence; `{test_nginx} && {reload_nginx}`",
        advice="Add `fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;` beside `include "
        "fastcgi_params;` in the location of the evidence. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not move or copy the application's files: PHP is never asked for one.",
    ),
}
