# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx dials where no pool listens."""

from __future__ import annotations

from ..entry import Entry, When
from ..nginx_refusals import RELOAD_FIXES

WORDS: dict[tuple[str, str | None], Entry] = {
    ("socket_path_mismatch", None): Entry(
        title="nginx dials where no pool listens",
        what="FPM runs, but not on the address in fastcgi_pass.",
        decides="Nobody listens on the dialled endpoint while pools listen on others.",
        fix="point fastcgi_pass of {site} at its pool, then `{test_nginx} && {reload_nginx}`",
        advice="Compare fastcgi_pass of {site} with `listen` of its pool, correct the one that is wrong, "
        "then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not bridge it with ln -s: the link is gone after a boot. It may lead to another PHP "
        "version or another user's pool.",
        # Of one of an upstream's servers, while another one answers.
        when=(
            When(
                "answering",
                None,
                "take the dead server out of {file}:{line}, or let something listen there; nginx -t, "
                "reload nginx",
            ),
        ),
    ),
    ("socket_path_mismatch", "other_socket"): Entry(
        title="nginx dials another socket than FPM's",
        what="The path in fastcgi_pass is not a pool's listen, typically after a PHP upgrade or a typing "
        "error.",
        decides="{endpoint} does not exist or has no listener, while a running pool listens on another "
        "socket.",
        fix="in {file}:{line} dial {to}, then `{test_nginx} && {reload_nginx}`",
        advice="Choose the pool that is meant for {site} (right PHP version, right user). Put its `listen` "
        "({to}) into fastcgi_pass at {file}:{line}, then `{test_nginx} && {reload_nginx}`. Where the name "
        "tells a PHP that is gone, install its php-fpm, or try the site with the other one first. Where the "
        "site's own pool is gone, bring it back. Of an upstream whose other servers answer, take the dead "
        "one out.",
        do_not="Do not ln -s the old path to the new socket, nor take any socket that exists: wrong PHP "
        "version or another user's pool.",
    ),
    ("socket_path_mismatch", "other_port"): Entry(
        title="nginx dials another port than FPM's",
        what="fastcgi_pass names a TCP address where no pool listens.",
        decides="Nobody listens on {endpoint}, while a running pool listens on another port.",
        fix="in {file}:{line} dial {to}, then `{test_nginx} && {reload_nginx}`",
        advice="Put the `listen` of the pool meant for {site} ({to}) into fastcgi_pass at {file}:{line}, "
        "then `{test_nginx} && {reload_nginx}`. Of an upstream whose other servers answer, take the dead "
        "one out.",
        do_not="Do not open the firewall or bind FPM to all addresses: FastCGI has no login, who reaches "
        "the port runs code.",
    ),
    ("socket_path_mismatch", "tcp_vs_unix"): Entry(
        title="nginx dials TCP, FPM has a socket, or reverse",
        what="One side is configured for a TCP port, the other for a unix socket.",
        decides="Nobody listens on {endpoint}; the pool meant for it listens with the other transport.",
        fix="in {file}:{line} dial {to}, then `{test_nginx} && {reload_nginx}`",
        advice="On one host prefer the socket. Put the pool's `listen` ({to}), with unix: before a path, "
        "into fastcgi_pass at {file}:{line}, then `{test_nginx} && {reload_nginx}`. Of an upstream whose "
        "other servers answer, take the dead one out.",
        do_not="Do not make FPM listen on 0.0.0.0: FastCGI has no login, who reaches the port runs code.",
    ),
    ("socket_path_mismatch", "address_family"): Entry(
        title="nginx dials IPv6, FPM has IPv4, or reverse",
        what="The port is right, the address family is not: often fastcgi_pass localhost:9000, which "
        "resolves to ::1 first.",
        decides="A pool listens on the same port, but only on the other family's address.",
        fix="write the address out in fastcgi_pass, as in 127.0.0.1:9000; `{test_nginx} && {reload_nginx}`",
        advice="Replace the name in fastcgi_pass by the address on which the pool listens, then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not listen on all addresses to catch both: that exposes FPM to the network.",
    ),
    ("socket_path_mismatch", "socket_deleted"): Entry(
        title="socket file deleted under a running FPM",
        what="FPM still listens, but on a socket whose file is gone or was replaced, so nobody can reach it "
        "any more.",
        decides="The socket table lists a listener for the path, while the file is absent or has another "
        "inode.",
        fix="`{restart}`",
        advice="`{restart}`: it makes the file again. Then find what deleted it: a deploy script, tmp "
        "cleaning, a copied rm -f.",
        do_not="Do not reload: the new master inherits the deleted socket. Do not edit nginx: its path "
        "is right.",
        again="find what deletes {socket}: a deploy script, a cron job, tmp cleaning",
    ),
    ("socket_path_mismatch", "dangling_link"): Entry(
        title="nginx dials a dangling link",
        what="The path in fastcgi_pass is a symbolic link (as /run/php/php-fpm.sock) whose target is gone.",
        decides="The path is a link; its target does not exist; pools listen elsewhere.",
        fix="set fastcgi_pass of {site} to the pool's own socket, then `{test_nginx} && {reload_nginx}`",
        advice="Put the pool's own socket into fastcgi_pass, then `{test_nginx} && {reload_nginx}`. On "
        "Debian the generic link belongs to `update-alternatives --config php-fpm.sock`.",
        do_not="Do not ln -s it by hand: /run is empty after a boot, and the next PHP upgrade breaks "
        "it again.",
    ),
    ("socket_path_mismatch", "nginx_not_loaded"): Entry(
        title="nginx runs an older configuration",
        what="A site was led to another socket or port in nginx's files, and nginx still dials the one "
        "before, where nobody is any more.",
        decides="A file is newer than nginx's workers, and the log tells of an endpoint that no file names.",
        fix="`{test_nginx} && {reload_nginx}`",
        advice="Look at what was changed, then `{test_nginx} && {reload_nginx}`. Where nginx then complains "
        "of its pid file, write the number of its master into that, and reload again.",
        do_not="Do not make php-fpm listen at the old place again: the next reload of nginx leads the "
        "site away from it.",
        again="let each deploy end with {test_nginx} && {reload_nginx}, after its last file",
        when=(
            When(
                "fault",
                "pid_file",
                "`echo {pids} >{path}`, the number of nginx's master, without which no reload reaches it; "
                "then `{test_nginx} && {reload_nginx}`",
            ),
        ),
    ),
    ("socket_path_mismatch", "nginx_reload_refused"): Entry(
        title="nginx refuses its new configuration",
        what="A site was led to another socket or port in nginx's files. nginx refuses the files as they "
        "are, and goes on with the configuration before.",
        decides="Running workers dial an endpoint that no file names. And nginx complained since the last "
        "change, or the files hold what it is known to refuse.",
        fix="mend {path} or take it out, then `{test_nginx} && {reload_nginx}`",
        advice="What nginx complains about may be a file that is left over from a site that is gone. Mend "
        "it or take it out, until `{test_nginx}` passes; then `{reload_nginx}`.",
        do_not="Do not restart nginx before `nginx -t` passes: it would not come back, and every site is "
        "down.",
        when=RELOAD_FIXES,
    ),
    ("socket_path_mismatch", "nginx_replaced"): Entry(
        title="nginx was upgraded, not restarted",
        what="A site was led to another socket or port in nginx's files. The nginx that runs is older than "
        "they are, and older than its own program on the disk.",
        decides="Running workers dial an endpoint that no file names, and the master's program was deleted.",
        fix="`{test_and_restart_nginx}`",
        advice="`{test_and_restart_nginx}`. A reload asks the old program to load the files, and the "
        "modules of the new one.",
        do_not="Do not reload it: the old program refuses modules of another version, and may say so in its "
        "log alone.",
    ),
    ("socket_path_mismatch", "config_not_loaded"): Entry(
        title="configuration edited but not loaded",
        what="The files of nginx and FPM agree, but a running process still works with the older content.",
        decides="A file is newer than the process that read it, and the process listens on (or dials) "
        "what the older content said.",
        fix="php-fpm -t, then `{reload}`",
        advice="Check the files first (`php-fpm -t`, `{test_nginx}`), then load the side which the evidence "
        "names: `{reload}` or `{reload_nginx}`.",
        do_not="Do not change the other side to match the old state: the next restart breaks it again.",
        again="let each deploy end with {reload}, after its last file",
        # nginx still dials the place before: php-fpm alone must not leave that.
        when=(
            When(
                "state",
                "latent",
                "php-fpm -t and nginx -t, then `{reload_both}`: neither has loaded its files",
            ),
        ),
    ),
    ("socket_path_mismatch", "private_tmp"): Entry(
        title="socket in a private /tmp",
        what="FPM or nginx runs with PrivateTmp=yes, so a socket below /tmp or /var/tmp is invisible "
        "to the other.",
        decides="The pool listens below /tmp and the unit has PrivateTmp=yes; the path is absent outside it.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} below /run/php, fastcgi_pass to the same; `{restart}`, "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not switch PrivateTmp off: it guards against attacks over a shared /tmp.",
    ),
    ("socket_path_mismatch", "mount_namespace"): Entry(
        title="the socket is hidden by a unit's sandbox",
        what="The unit of nginx or of FPM sees other directories than the host (ProtectHome=, "
        "TemporaryFileSystem=, RootDirectory=, BindPaths=).",
        decides="One of them has a mount namespace of its own. What lies on the way to the socket is "
        "another file there than on the host.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} to a path that both see, such as one below /run/php. Set "
        "fastcgi_pass to the same. Or loosen, for this one path, the setting that the evidence names "
        "(`BindPaths=` in a drop-in of its unit).",
        do_not="Do not link, copy or chmod anything at the path: what the other program sees there is "
        "another file.",
    ),
    ("socket_path_mismatch", "network_namespace"): Entry(
        title="php-fpm has a network of its own",
        what="php-fpm runs in another network namespace, as by PrivateNetwork= or in a container. Its "
        "127.0.0.1 is not that of nginx.",
        decides="/proc/PID/ns/net of the master is another than the host's, and nobody listens on the port "
        "here.",
        fix="let pool {pool} listen on a unix socket that both see, and set fastcgi_pass to it",
        advice="Let pool {pool} listen on a unix socket in a directory that both see, and set fastcgi_pass "
        "to it. Or take the setting out that gives it a network (`systemctl cat {unit}`), or dial the "
        "address that its network has.",
        do_not="Do not restart PHP-FPM for it: it listens, and goes on listening where nginx is not.",
    ),
    ("socket_path_mismatch", "packet_filter"): Entry(
        title="a packet filter stands before php-fpm",
        what="php-fpm listens on the port that nginx dials, and connections from this host are refused or "
        "get no answer. A rule of the firewall takes them, mostly as one for lo is missing.",
        decides="The kernel lists php-fpm's listener with an empty queue, and connecting as nginx is refused "
        "or times out.",
        fix="find the rule of the firewall that takes the packets, and let lo through before it",
        advice="nft list ruleset, or iptables -S, shows the rules: let what comes in on lo through before "
        "all others. fail2ban, ufw and scripts that block addresses write such rules. Or let pool {pool} "
        "listen on a unix socket, which no filter sees.",
        do_not="Do not restart PHP-FPM or raise a backlog or timeout: no connection comes to it.",
    ),
    ("socket_path_mismatch", "name_used_twice"): Entry(
        title="two pools have one name",
        what="A pool file was copied and kept the name in its brackets. php-fpm takes both for one pool: of "
        "each setting the one that it reads last counts, so that one listen is lost.",
        decides="Two sections of php-fpm's configuration have one name, and nginx dials the listen of the "
        "one that was read first.",
        fix="give the pool in one of the two files a name of its own, then `{reload}`",
        advice="Give the pool in one of the two files a name of its own, in its brackets; see that its user "
        "is the site's. A file with hardly more than a listen is no copy: an image of Docker brings such a "
        "one (zz-docker.conf); correct the listen there. Then `php-fpm -t` and `{reload}`.",
        do_not="Do not point nginx at the socket that is there: the site's code would run as the other "
        "pool's account.",
    ),
}
