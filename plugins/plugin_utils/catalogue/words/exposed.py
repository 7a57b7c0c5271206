# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others than the site can use its pool."""

from __future__ import annotations

from ..entry import Entry, When

_MODE_OF_UNIT = "`systemctl edit {sockets}`: SocketUser= nginx's user, SocketMode=0660; `{restart}`"

WORDS: dict[tuple[str, str | None], Entry] = {
    ("exposed", None): Entry(
        title="others can use a pool",
        what="Others than nginx and the site can use a pool. Who talks FastCGI to it runs any PHP file "
        "as its "
        "account.",
        decides="Owner, mode and ACL of the socket, the address of the pool, and who owns the sites on it.",
        fix="see the evidence, and shut what it names",
        advice="Shut what the evidence names, so that nginx's user alone gets to the pool.",
        do_not="Do not wait for a sign in the logs: php-fpm does not log who asks.",
        outage="A stranger fills the pool and each page is a 502 or 504, or he reads the site's passwords.",
    ),
    ("exposed", "socket_open_to_all"): Entry(
        title="everybody on the host may use the socket",
        what="Accounts of this host that have nothing to do with the site can connect to its socket.",
        decides="Mode and ACL of the socket, and of each directory above it.",
        fix="set listen.owner to nginx's user and listen.mode = 0660 in the pool, then `{restart}`",
        advice="In pool {pool} set `listen.owner` to nginx's user and `listen.mode = 0660`. Enterprise "
        "Linux: `listen.acl_users`. Then `{restart}`: a reload keeps the old mode. Look at `namei -l "
        "{socket}` afterwards.",
        when=(When("sockets", None, _MODE_OF_UNIT),),
        do_not="Do not only chmod the live socket: the next restart of php-fpm makes it anew with the "
        "old mode.",
        outage="A job of another account holds all workers. Each page is a 502 or 504, and nginx's log "
        "has no request that explains it.",
    ),
    ("exposed", "tcp_reachable"): Entry(
        title="other hosts can reach the pool",
        what="The pool listens where other hosts reach it, and php-fpm takes every client.",
        decides="The address of the pool, listen.allowed_clients, and the addresses of the host. A "
        "firewall "
        "is not seen.",
        fix="in {file}:{line} listen on 127.0.0.1 or on a socket, or set listen.allowed_clients; restart "
        "{unit}",
        advice="If nginx is on this host, let pool {pool} listen on a socket, and pass to that. If it is on "
        "another, set `listen.allowed_clients` to its addresses, and let the firewall take them alone. Then "
        "`{restart}`.",
        do_not="Do not trust in a private network: a container or a hosted neighbour is in it too.",
        outage="A scanner finds port {port}. It runs PHP code of its own as the pool's account, or holds "
        "all workers: each page is a 504.",
    ),
    ("exposed", "shared_pool"): Entry(
        title="sites of different owners share a pool",
        what="One pool serves the code of several accounts. All of it runs as the account of the pool.",
        decides="Who can exchange the code of each site, and which pool it is passed to.",
        fix="give each owner a pool of his own: user, socket and limits",
        advice="Make a pool for each owner, with his own `user`, socket and `pm.max_children`. Pass each "
        "site to its own, then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not rely on open_basedir: it does not hold back programs that PHP starts.",
        outage="A slow page of one site fills the pool: the other one, which is well, answers 502 and "
        "504. A "
        "hole in one of them opens both.",
    ),
    ("exposed", "status_page_open"): Entry(
        title="everybody may read php-fpm's status page",
        what="nginx hands the status or ping page of the pool to whoever asks for it. With ?full the "
        "status "
        "page shows the address of each request that runs.",
        decides="The location that takes pm.status_path or ping.path, and the rules on access that hold "
        "in it.",
        fix="in {file}:{line} write allow 127.0.0.1; deny all; then `{test_nginx} && {reload_nginx}`",
        advice="Write `allow 127.0.0.1; allow ::1; deny all;` into the location at {file}:{line}. Then "
        "`{test_nginx} && {reload_nginx}`. Better: `pm.status_listen`, which answers while the pool is full.",
        do_not="Do not choose a secret path instead: it stands in logs, and in the page itself.",
        outage="Strangers see addresses with tokens in them, and how many requests make the pool full. "
        "Each "
        "look takes a worker.",
    ),
}
