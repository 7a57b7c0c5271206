# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx asks none of the servers of an upstream."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("no_live_server", None): Entry(
        title="nginx has no server to ask",
        what="nginx asks none of an upstream's servers and answers 502 itself, though PHP-FPM may be well.",
        decides="nginx: no live upstreams, without a server that failed just before.",
        fix="look at the server lines of the upstream: down, max_conns, fail_timeout; reload nginx",
        advice="Look at the `server` lines of the upstream: `down`, `max_conns`, `max_fails` and "
        "`fail_timeout` each keep nginx from asking. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not restart PHP-FPM: nginx does not ask it.",
        returns=True,
    ),
    ("no_live_server", "all_down"): Entry(
        title="Each server of an upstream is marked down",
        what="The upstream's `server` lines all have `down`, so nginx answers 502 to each request.",
        decides="The configuration says so; nginx logs no live upstreams.",
        fix="take down out of {file}:{line}; {test_nginx} && {reload_nginx}",
        advice="Find who marked it and why, for maintenance perhaps. Take `down` out of {file}:{line}, then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not restart PHP-FPM: nginx does not ask it.",
    ),
    ("no_live_server", "max_conns"): Entry(
        title="max_conns of an upstream is reached",
        what="nginx has as many connections to each server as `max_conns` allows, and answers 502 to more.",
        decides="A server line has max_conns; nginx: no live upstreams, and no server had failed.",
        fix="raise max_conns at {file}:{line} to pm.max_children, or take it out; reload nginx",
        advice="A pool queues what its workers cannot take, and max_conns turns that into 502. Raise it to "
        "`pm.max_children` at least, or take it out of {file}:{line}. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not raise pm.max_children alone: nginx would still send no more at a time.",
    ),
    ("no_live_server", "taken_out"): Entry(
        title="nginx still leaves out servers that answer",
        what="Each server failed, so nginx asks none of them for fail_timeout, though they answer by now.",
        decides="fail_timeout of the last failures is not over; nginx: no live upstreams; the probe answers.",
        fix="`{test_nginx} && {reload_nginx}`, which forgets them; a shorter fail_timeout at {file}:{line}",
        advice="`{test_nginx} && {reload_nginx}` forgets the failures. Servers of one PHP-FPM fail "
        "together: give them `max_fails=0`, or a shorter fail_timeout at {file}:{line}.",
        do_not="Do not restart PHP-FPM: each restart takes its servers out again.",
    ),
}
