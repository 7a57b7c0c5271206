# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy keeps nginx or PHP-FPM from the files of a site."""

from __future__ import annotations

from ..entry import Entry

_CONFINED = Entry(
    title="a policy keeps PHP-FPM from the site",
    what="SELinux or AppArmor refuses php-fpm's workers a directory or a file of the site. Owner and mode "
    "let them in. PHP finds none of the site's scripts: 404 or 403 for each page.",
    decides="FastCGI sent in stderr: Primary script unknown. SELinux's policy, asked as the worker's "
    "domain, refuses the label of now; or the kernel logged DENIED for the AppArmor profile of the worker.",
    fix="SELinux: `restorecon -Rv {path}`; AppArmor: let the profile in the evidence read it",
    advice="SELinux: `restorecon -Rv {path}` mends files that were moved there, such as a release or a "
    "backup. Where the type stays, the place has no label for the web: `semanage fcontext -a -t "
    "httpd_sys_content_t` for the site's directory and all below it, then restorecon. Homes: `setsebool -P "
    "httpd_enable_homedirs on` and `setsebool -P httpd_read_user_content on`. AppArmor: add the site to the "
    "profile's file below /etc/apparmor.d/local (`aa-logprof` proposes the lines), then `apparmor_parser -r` "
    "the profile. No restart is needed.",
    do_not="Do not setenforce 0, do not stop AppArmor and do not chmod -R 777: owner and mode are right.",
)

WORDS: dict[tuple[str, str | None], Entry] = {
    ("php_error", "confined_root"): _CONFINED,
    ("nginx_own_error", "confined_root"): _CONFINED._replace(
        title="a policy keeps nginx from the site",
        what="SELinux or AppArmor refuses nginx's workers a directory or a file of the site. Owner and mode "
        "let them in. Each page is missing for nginx: 404 or 403, and php-fpm is asked for none.",
        decides="nginx: stat() failed (13: Permission denied). SELinux's policy, asked as the worker's "
        "domain, refuses the label of now; or the kernel logged DENIED for the AppArmor profile of nginx.",
    ),
}
