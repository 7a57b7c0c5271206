# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP-FPM does not run: a start helps by now, or ends again by a signal or for want of memory."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("fpm_not_running", "too_many_children"): Entry(
        title="PHP-FPM is not running: pm.max_children",
        what="php-fpm makes a place for each worker that a pool may have, in one piece of shared memory. "
        "The kernel refuses one of that size.",
        decides="The last start says: unable to allocate N bytes in shared memory. opcache has other words.",
        fix="lower pm.max_children ({file}), then `{start}`",
        advice="Set `pm.max_children` of the pool in the evidence to what the memory holds, mostly below "
        "some hundred; then `{start}`.",
        do_not="Do not lower opcache's memory or raise the host's: the number of workers is wrong.",
    ),
    ("fpm_not_running", "account_late"): Entry(
        title="PHP-FPM is not running: started too early",
        what="A pool's account comes from a directory service (LDAP, SSSD), or was made later. php-fpm "
        "started before this host knew it, and gave up. It is there by now.",
        decides="The last start could not get the uid of the user, and the host knows the user now.",
        fix="`{start}`, and let it start after what brings the account",
        advice="`{start}`. Else the next boot brings it again: a drop-in with "
        "`After=nss-user-lookup.target` and the directory's service (sssd, nslcd, slapd) in `Wants=` and "
        "`After=`, and `Restart=on-failure`.",
        do_not="Do not create the account by hand: it is there, and a second one has another uid.",
    ),
    ("fpm_not_running", "program_crashes"): Entry(
        title="PHP-FPM is not running: its program crashes",
        what="php-fpm ends by a signal of its own as soon as it runs, before it reads a configuration.",
        decides="php-fpm -t ended by the signal, without any extension of php.ini.",
        fix="install a build of the package that runs on this processor, or the one before",
        advice="Signal 4 (SIGILL): the package, or a library of it, was built for another processor. Or a VM "
        "has a lesser CPU type than before. Signals 7 and 11: a file of it is damaged. `debsums` or `rpm -V` "
        "names it. Go back to the package before: `journalctl -u {unit}`.",
        do_not="Do not edit the configuration, nor start it in a loop: it was never read.",
    ),
    ("fpm_not_running", "reload_failed"): Entry(
        title="PHP-FPM is not running: a reload ended it",
        what="At a reload the master replaces itself by its own program (execvp). The program was not there "
        "then, as in the middle of an upgrade. Or the sockets of all pools were too many to hand on (E2BIG). "
        "So php-fpm ended.",
        decides="php-fpm's log ends with: failed to reload: execvp() failed.",
        fix="`{start}`",
        advice="`{start}`. (2): something reloads php-fpm while its package is exchanged; reload after it. "
        "(7): too many pools for a reload of this version; restart instead.",
        do_not="Do not look for somebody who stopped it: the reload did.",
    ),
}
