# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx may not write its temporary files."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("temp_dir_unwritable", None): Entry(
        title="nginx cannot buffer responses to its temp directory",
        what="Large responses are cut off: nginx cannot write its fastcgi_temp directory. The access "
        "log says 200.",
        decides="nginx [crit]: open() of a file below fastcgi_temp failed (13, 28 or 30).",
        fix="chown the directory in the evidence to nginx's user, or free the disk; errno 30: "
        "ReadWritePaths= of {unit}",
        advice="Errno 13: give the directory in the evidence to the user of nginx's workers. Errno 28: "
        "free the disk (`df -h`, `df -i`). Errno 30: ReadOnlyPaths= or ProtectSystem= of {unit} makes it "
        "read-only (`systemctl cat {unit}`): add it to ReadWritePaths= and restart nginx. Without such a "
        "setting, the file system itself is read-only (`findmnt -T`, `dmesg`).",
        do_not="Do not chmod 777: responses of all users would lie readable there.",
        returns=True,
    ),
    ("temp_dir_unwritable", "cache"): Entry(
        title="nginx cannot open the files of its cache",
        what="fastcgi_cache finds a page in its directory, and the user of nginx's workers may not open "
        "it: 500.",
        decides="nginx [crit]: open() of a file of the cache failed (13).",
        fix="`{reload_nginx}`: it gives the directory back to nginx's user, but not the files in it",
        advice="`{test_nginx} && {reload_nginx}` lets nginx's master give the cache's directory to the user "
        "of its workers. The files in it keep their owner: delete them, nginx makes them anew.",
        do_not="Do not chmod 777: other users could put pages into the cache.",
    ),
    ("temp_dir_unwritable", "request_body"): Entry(
        title="nginx cannot keep large request bodies",
        what="A body above client_body_buffer_size goes to a file first. nginx cannot write it, and answers "
        "500 to uploads.",
        decides="nginx [crit]: open() or pwritev() of a file below client_body_temp failed (13, 2, 28 or "
        "30).",
        fix="`{reload_nginx}`: it gives the directory back to nginx's user; or free a full disk; errno 30: "
        "ReadWritePaths= of {unit}",
        advice="Errno 13: `{test_nginx} && {reload_nginx}` lets nginx's master give the directory in the "
        "evidence to the user of its workers; one above it needs `chmod o+x`. Errno 28: free the disk (`df "
        "-h`, `df -i`). Errno 2: a cleaner of /tmp took the directory away, say. The reload makes it again; "
        "let client_body_temp_path name a place that nobody cleans. Errno 30: a sandbox makes it read-only "
        "(`systemctl cat {unit}`: ReadOnlyPaths=, ProtectSystem=): add it to ReadWritePaths= and restart "
        "nginx; or the file system itself is (`findmnt -T`, `dmesg`).",
        do_not="Do not chmod 777: uploads of all users would lie readable there. php-fpm has no part in it.",
    ),
}
