# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx has two server blocks for one name."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("vhost_shadowed", None): Entry(
        title="two server blocks for one name",
        what="nginx has loaded two server blocks for one name at one address. The first one read answers.",
        decides="The names and addresses of all server blocks, in the order in which nginx reads them.",
        fix="take one of the two out, then `{test_nginx} && {reload_nginx}`",
        advice="Take the block out that is not meant. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not ignore the warning conflicting server name: it is all that nginx says of it.",
        outage="Somebody changes the site's file, reloads, and nothing changes. Or another file answers "
        "all at once, with an old socket, and each page is a 502.",
    ),
    ("vhost_shadowed", "backup_file"): Entry(
        title="nginx loads a backup file",
        what="A backup lies in a directory of which nginx loads every file. It is a second site of that "
        "name.",
        decides="The pattern of the include, the name of the file, and the names in its server blocks.",
        fix="move the backup out of the directory, then `{test_nginx} && {reload_nginx}`",
        advice="Compare the two files first: the backup may be the one that answers. Move it out of the "
        "directory, then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not rename it in the same directory: a pattern such as sites-enabled/* takes every name.",
        outage="The real file is renamed or comes later in the alphabet. The backup answers with its old "
        "socket, and each page is a 502.",
    ),
    ("vhost_shadowed", "duplicate_server_name"): Entry(
        title="two server blocks have one name",
        what="Two server blocks have the same name at the same address. nginx ignores the second one.",
        decides="server_name and listen of all blocks, in the order in which nginx reads the files.",
        fix="take the name out of one of the two, then `{test_nginx} && {reload_nginx}`",
        advice="Decide which block is meant, and take the name out of the other one. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not rely on the order of files: the next one that is added may come first.",
        outage="A change to the ignored block has no effect. A new file with an earlier name takes the "
        "site "
        "over, and its pages come from another pool or are a 502.",
    ),
}
