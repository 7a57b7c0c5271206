# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else answers in the pool's place."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("impostor", None): Entry(
        title="something else answers in place of PHP-FPM",
        what="A process that is no trusted php-fpm listens where a pool of this host should. "
        "It gets the visitors' requests, with their cookies and passwords.",
        decides="A pool of this host claims the endpoint; the socket table shows another process "
        "there, by pid, account and program.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. Find out who started it (`systemctl status` "
        "with its pid, and the exe below its /proc). Keep what you need of it and stop it. Then `{start}`. "
        "Treat the secrets that passed it as stolen: passwords, sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is. "
        "Else it comes back, and its traces are gone.",
    ),
    ("impostor", "not_php_fpm"): Entry(
        title="another program answers in place of PHP-FPM",
        what="A program that is not php-fpm listens on an endpoint that a pool of this host claims. It "
        "gets the visitors' requests.",
        decides="The listener's executable is no php-fpm; no trusted php-fpm listens there.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. If it is yours, give it another address. If "
        "not, keep what you need of it, stop it, then `{start}`. Treat the secrets that passed it as "
        "stolen: passwords, sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is. "
        "Else it comes back, and its traces are gone.",
    ),
    ("impostor", "untrusted_php_fpm"): Entry(
        title="a stranger's php-fpm answers",
        what="A php-fpm that root did not start, or whose program or configuration others can write, "
        "listens on an endpoint that a pool claims.",
        decides="The listener calls itself php-fpm, but its account, its program or its configuration "
        "is not root's alone.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. If that account is meant to run PHP here, "
        "give it an endpoint of its own. If not, stop it, then `{start}`. Treat the secrets that passed it "
        "as stolen: passwords, sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is. "
        "Else it comes back, and its traces are gone.",
    ),
}
