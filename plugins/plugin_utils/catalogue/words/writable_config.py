# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another account than root may write what root's programs load."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("writable_config", None): Entry(
        title="others can write root's configuration",
        what="A program that root runs reads a configuration that another account can write. That "
        "account becomes root at the next reload.",
        decides="Owner, mode and ACL of the file, of one that it includes, or of a directory above it.",
        fix="read what the evidence names, then chown root:root and chmod go-w it",
        advice="Read the file that the evidence names before anything loads it. Then `chown root:root` "
        "and `chmod go-w` it, the directories above it too; "
        "`getfacl` shows whether an ACL still lets others in.",
        do_not="Do not test or reload it before it was read. As root, php-fpm and nginx do what it says, "
        "such as writing to any file.",
    ),
    ("writable_config", "fpm"): Entry(
        title="others can write php-fpm's configuration",
        what="php-fpm's master runs as root with a configuration that another account can write. That "
        "account becomes root at the next reload.",
        decides="Owner, mode and ACL of the file, of one that it includes, or of a directory above it.",
        fix="read what the evidence names, then chown root:root and chmod go-w it",
        advice="Read the file that the evidence names before anything loads it: log paths, `user =`, "
        "`include`. Then `chown root:root` and `chmod go-w` it, "
        "the directories above it too; `getfacl` shows whether an ACL still lets others in.",
        do_not="Do not run php-fpm -t or reload the unit before it was read: as root it opens the log "
        "files that it names.",
    ),
    ("writable_config", "nginx"): Entry(
        title="others can write nginx's configuration",
        what="nginx's master runs as root with a configuration that another account can write. That "
        "account becomes root at the next reload.",
        decides="Owner, mode and ACL of the file, of one that it includes, or of a directory above it.",
        fix="read what the evidence names, then chown root:root and chmod go-w it",
        advice="Read the file that the evidence names before anything loads it: log paths, `user`, "
        "`load_module`, `include`. Then `chown root:root` and "
        "`chmod go-w` it, the directories above it too; `getfacl` shows whether an ACL still lets others in.",
        do_not="Do not run nginx -t or reload nginx before it was read. As root, nginx opens the log "
        "files and loads the modules that it names.",
    ),
}
