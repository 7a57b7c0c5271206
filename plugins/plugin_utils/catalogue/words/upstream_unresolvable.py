# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx does not know the address of its upstream."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("upstream_unresolvable", None): Entry(
        title="the name in fastcgi_pass does not resolve",
        what="nginx cannot find the address of the upstream, or still uses an old one.",
        decides="nginx: host not found in upstream, no resolver defined, or a connect to an address "
        "that FPM no longer has.",
        fix="correct the name, or give nginx a resolver; `{test_nginx} && {reload_nginx}`",
        advice="Does `getent hosts` find the name on this host? nginx resolves at start: after an address "
        "changed reload it, or use a variable with `resolver`.",
        do_not="Do not restart PHP-FPM again: nginx is the side that holds the old address.",
        returns=True,
    ),
    ("upstream_unresolvable", "no_resolver"): Entry(
        title="a name in a variable, and no resolver",
        what="fastcgi_pass holds a variable, so nginx looks the name up for each request, and has no "
        "resolver to ask. /etc/hosts does not count there.",
        decides="nginx: no resolver defined to resolve NAME.",
        fix="resolver 127.0.0.53; (or your DNS server) beside fastcgi_pass; nginx -t, reload nginx",
        advice="Write `resolver` with the address of your DNS server (in Docker 127.0.0.11) beside the "
        "fastcgi_pass in the evidence. Or write the address, or the name without a variable. Then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not add the name to /etc/hosts: nginx's resolver asks DNS servers alone.",
    ),
    ("upstream_unresolvable", "name_unresolved"): Entry(
        title="nginx's resolver does not know the name",
        what="fastcgi_pass holds a variable, and the DNS server of `resolver` gave no address for the name.",
        decides="nginx: NAME could not be resolved, with the server's answer or a timeout.",
        fix="ask the DNS server of resolver for the name in the evidence; correct one of the two",
        advice="Ask the server of `resolver` for the name in the evidence, with `dig`. No answer: the server "
        "is down, or the address in `resolver` is wrong. Not found: nginx adds no search domain, "
        "so write the whole name.",
        do_not="Do not trust `getent hosts`: it reads /etc/hosts, which nginx's resolver does not.",
    ),
    ("upstream_unresolvable", "bad_address"): Entry(
        title="fastcgi_pass becomes no address",
        what="The variable in fastcgi_pass holds a text that nginx cannot dial: no port, no host, no "
        "upstream of that name.",
        decides="nginx: no port in upstream, invalid host in upstream; status 500.",
        fix="give the variable in the evidence an address with a port; nginx -t, reload nginx",
        advice="The log line quotes the text. Give the variable a socket, an address with a port, or the "
        "name of an upstream block. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not trust nginx -t here: it cannot see what a variable will hold.",
    ),
    ("upstream_unresolvable", "stale_address"): Entry(
        title="nginx keeps an old address of a name",
        what="The name in fastcgi_pass got another address, as after a deploy of php-fpm. nginx looks "
        "names up only when it loads its configuration.",
        decides="nginx failed to connect to an address that the name no longer has, and was not reloaded "
        "since.",
        fix="`{test_nginx} && {reload_nginx}`",
        advice="`{test_nginx} && {reload_nginx}` now. For good: let the deploy reload nginx, or use a "
        "variable with `resolver` (`valid=10s`), or a fixed address or socket.",
        do_not="Do not restart PHP-FPM again: nginx is the side that holds the old address.",
    ),
}
