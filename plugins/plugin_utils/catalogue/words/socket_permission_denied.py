# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx may not connect: modes, ACLs, SELinux, AppArmor, limits of the unit, groups not in force."""

from __future__ import annotations

from ..entry import Entry, When

WORDS: dict[tuple[str, str | None], Entry] = {
    ("socket_permission_denied", None): Entry(
        title="nginx may not connect",
        what="FPM listens, but the user of nginx's workers is refused (errno 13).",
        decides="connect() as nginx's worker user fails with Permission denied; the evidence names the "
        "component that refuses.",
        fix="give nginx's user access in the pool file, then `{restart}`",
        advice="Change what the evidence names: the pool's listen.owner, listen.group, listen.mode or "
        "listen.acl_users, or the directory. Then `{restart}`.",
        do_not="Do not chmod the socket to 0666: every local account could run PHP as the pool's user, and "
        "the next restart undoes it.",
    ),
    ("socket_permission_denied", "socket_mode"): Entry(
        title="nginx may not connect: owner or mode",
        what="Owner, group and mode of the socket give the user of nginx's workers no write permission.",
        decides="connect() as nginx's user is refused by the socket itself; all directories above it let "
        "the user through.",
        fix="add {user} to listen.acl_users of pool {pool}, and `setfacl -m u:{user}:rw {socket}`: no "
        "restart",
        advice="Name {user}, the user of nginx's workers, in `listen.acl_users` of pool {pool}. Name "
        "there the owner too, who has access now, and in `listen.acl_groups` the group. An ACL makes "
        "listen.owner and listen.group void. `setfacl -m u:{user}:rw {socket}` does the same at once, "
        "without a restart. A reload changes no socket that is open.",
        do_not="Do not chmod 0666 the socket: every local account could run PHP as the pool's user, and the "
        "next restart undoes it.",
    ),
    ("socket_permission_denied", "socket_unit"): Entry(
        title="nginx may not connect: a socket unit",
        what="systemd listens and hands its socket to PHP-FPM. Owner and mode are those of the .socket unit. "
        "listen.owner, listen.group and listen.mode of the pool say nothing then.",
        decides="connect() as nginx's user is refused by the socket itself, which systemd (pid 1) holds.",
        fix="set SocketUser= and SocketMode=0660 in the .socket unit; stop FPM, restart that, start FPM",
        advice="`systemctl list-sockets` names the unit of {socket}. Give it SocketUser={user} and "
        "SocketMode=0660 by `systemctl edit`. Stop PHP-FPM, restart the .socket unit, start PHP-FPM.",
        do_not="Do not change listen.mode of the pool or restart PHP-FPM alone: systemd keeps the "
        "socket as it is.",
        when=(
            When(
                "sockets", None, "`systemctl edit {sockets}`: SocketUser={user}, SocketMode=0660; `{restart}`"
            ),
        ),
    ),
    ("socket_permission_denied", "acl"): Entry(
        title="nginx may not connect: not in the ACL",
        what="The pool sets an ACL on its socket, and nginx's user is not in it. With an ACL, listen.owner "
        "and listen.group are ignored.",
        decides="The pool has listen.acl_users or listen.acl_groups; the socket's ACL lacks nginx's user; "
        "connect() as that user is refused.",
        fix="name {user} in listen.acl_users of pool {pool}, if it is not; `setfacl -m u:{user}:rw "
        "{socket}`: no restart",
        advice="Add {user}, the user of nginx's workers, to `listen.acl_users` of pool {pool}, and `setfacl "
        "-m u:{user}:rw {socket}`, which needs "
        "no restart; check with `getfacl {socket}`. Where it is named already, its mask was changed by "
        "hand: `setfacl -m m::rw {socket}`.",
        do_not="Do not edit listen.owner: it is ignored while an ACL is set. setfacl alone is lost at the "
        "next restart.",
    ),
    ("socket_permission_denied", "parent_directory"): Entry(
        title="nginx may not connect: directory",
        what="The socket would allow nginx, but a directory on the way to it gives nginx's user no x.",
        decides="connect() as nginx's user is refused by a directory: namei -l shows which.",
        fix="where its owner agrees, `setfacl -m u:{user}:x {path}`; or move the socket below /run",
        advice="`namei -l {socket}` shows the directory. Put {user} into its group or `setfacl -m "
        "u:{user}:x {path}`; "
        "better, let pool {pool} listen below /run. If the directory is below /run, set it in "
        "tmpfiles.d or RuntimeDirectoryMode=. If it is / itself, each account needs it: `chmod 755 /`.",
        do_not="Do not chmod the socket: it is not what refuses. Not 0777 on the directory either.",
    ),
    ("socket_permission_denied", "not_a_socket"): Entry(
        title="nginx may not connect: not a socket",
        what="Something else lies at the path: a regular file, a directory or a pipe. nginx logs it as "
        "errno 13 or 111.",
        decides="stat shows the type; nobody listens there.",
        fix="move what lies at {socket} away, then `{restart}`",
        advice="See what it is and who made it (`stat {socket}`), move it away, then `{restart}`, which "
        "creates the socket.",
        do_not="Do not chmod or chown it: with any mode, nobody listens on a file.",
    ),
    ("socket_permission_denied", "mandatory_access"): Entry(
        title="nginx may not connect: SELinux",
        what="Owner, mode and ACL allow nginx's user, the mandatory access policy does not.",
        decides="connect() as nginx's user is refused though every mode allows it; the audit log has a "
        "denial for nginx.",
        fix="`ausearch -m avc -c nginx -ts recent`; then restorecon or semanage for what it names",
        advice="`ausearch -m avc -c nginx -ts recent`. Socket: use the distribution's path and `restorecon "
        "-Rv` its directory. "
        "TCP port: `semanage port -a -t http_port_t -p tcp {port}`.",
        do_not="Do not setenforce 0. httpd_can_network_connect is about TCP and does nothing for a unix "
        "socket.",
    ),
    ("socket_permission_denied", "selinux_label"): Entry(
        title="nginx may not connect: SELinux label",
        what="The socket, or a directory on the way to it, has a label that nginx's domain may not use. "
        "Owner and mode let nginx in.",
        decides="SELinux's policy, asked as nginx's domain about the label of now, denies it; the kernel's "
        "AVC lines say since when.",
        fix="`restorecon -v {path}`; let pool {pool} listen below /run/php-fpm or /run/php",
        advice="`restorecon -v {path}`. Where the label stays, the path has none of its own: let pool {pool} "
        "listen at the distribution's path, or `semanage fcontext -a -t httpd_var_run_t {path}` and "
        "`restorecon -v {path}`. No restart is needed.",
        do_not="Do not setenforce 0 or chmod the socket. httpd_can_network_connect is about TCP and does "
        "nothing for a unix socket.",
    ),
    ("socket_permission_denied", "selinux_domain"): Entry(
        title="nginx may not connect: SELinux domain",
        what="php-fpm runs in an SELinux domain to which nginx's may not connect. For example, its "
        "program lies below /opt or /usr/local, or a person started it.",
        decides="SELinux's policy, asked for connectto from nginx's domain to that of the running master, "
        "denies it.",
        fix="label php-fpm's program httpd_exec_t (semanage fcontext, restorecon), restart {unit}",
        advice="`ps -eZ | grep php-fpm` shows the domain. Give its program the type httpd_exec_t (`semanage "
        "fcontext -a -t httpd_exec_t`, then `restorecon -v`), then `{restart}`: a domain is taken on at the "
        "start. One that a person started by hand is to be started by its unit.",
        do_not="Do not setenforce 0, and do not relabel the socket: its label is not what refuses.",
    ),
    ("socket_permission_denied", "selinux_port"): Entry(
        title="nginx may not connect: SELinux, port",
        what="nginx's domain may not connect to ports of this type. The ports of a firewall or of php-fpm "
        "have nothing to do with it.",
        decides="The kernel's AVC line names the port's type; SELinux's policy, asked again as nginx's "
        "domain, denies name_connect to it.",
        fix="`setsebool -P httpd_can_network_connect on`",
        advice="`setsebool -P httpd_can_network_connect on` lets the web server connect to any port, at once "
        "and for good. Narrower: a unix socket, or a type that it may dial (`sesearch -A -s httpd_t -c "
        "tcp_socket -p name_connect`) for port {port} (`semanage port -m`).",
        do_not="Do not setenforce 0, and do not open the port in the firewall: the connection never leaves "
        "nginx.",
    ),
    ("socket_permission_denied", "apparmor"): Entry(
        title="nginx may not connect: AppArmor",
        what="nginx's AppArmor profile is enforced and does not allow the way to php-fpm.",
        decides="The kernel logged DENIED for nginx's profile and this socket, and the profile has not been "
        "loaded anew since.",
        fix="allow {socket} rw in nginx's profile (aa-logprof), then apparmor_parser -r the profile",
        advice="The evidence names the profile. Add `{socket} rw,` to its file below /etc/apparmor.d/local "
        "(`aa-logprof` proposes the line; for TCP `network inet stream,`), then `apparmor_parser -r` the "
        "profile. No restart is needed.",
        do_not="Do not stop AppArmor or chmod the socket: owner and mode are right.",
    ),
    ("socket_permission_denied", "address_family"): Entry(
        title="nginx may make no such socket",
        what="RestrictAddressFamilies= of nginx's unit lets nginx make no socket of the kind that php-fpm "
        "listens on. Visitors get 500.",
        decides="nginx logs socket() failed (97), nginx's worker runs with a seccomp filter, and "
        "systemctl show has the setting.",
        fix="allow it in RestrictAddressFamilies=, if systemctl cat {nginx} still has it; then "
        "`{restart_nginx}`",
        advice="`systemctl cat {nginx}` shows the file that sets it. Let RestrictAddressFamilies= have "
        "AF_UNIX AF_INET AF_INET6 there, or take the line out. Then `{load_nginx_unit_and_restart}`: a "
        "running process keeps its filter, and a reload as well.",
        do_not="Do not change php-fpm or the socket's mode: nginx fails before it dials.",
    ),
    ("socket_permission_denied", "system_call"): Entry(
        title="nginx may not connect: SystemCallFilter=",
        what="A filter of system calls in nginx's unit refuses what nginx needs to connect.",
        decides="nginx logs connect() or socket() failed (1: Operation not permitted), nginx's worker runs "
        "with a filter, and systemctl show has SystemCallFilter=.",
        fix="widen SystemCallFilter= (systemctl cat {nginx}), daemon-reload, then `{restart_nginx}`",
        advice="`systemctl cat {nginx}` shows the file that sets it. Let SystemCallFilter=@system-service "
        "stand there, or take the line out. Then `{load_nginx_unit_and_restart}`: a running process keeps "
        "its filter.",
        do_not="Do not change php-fpm or the socket's mode: nginx never reaches them.",
    ),
    ("socket_permission_denied", "mount_namespace"): Entry(
        title="hidden from nginx by its unit",
        what="The sandbox of nginx's unit shows nginx another directory than the host has: ProtectHome=, "
        "InaccessiblePaths= and the like.",
        decides="nginx has a mount namespace of its own. What lies on the way to the socket is another "
        "file there than on the host.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} below /run/php and fastcgi_pass to the same. If the sites must "
        "stay there: `systemctl edit {nginx}`, and loosen the setting that the evidence names for this one "
        "path (`BindPaths=`).",
        do_not="Do not chmod or chown what `namei -l` shows: on the host it is right, and nginx would not "
        "see the change.",
    ),
    ("socket_permission_denied", "group_not_in_force"): Entry(
        title="nginx lacks a new group",
        what="nginx's user was put into a group that may connect, after nginx's workers were started. A "
        "process keeps the groups it began with.",
        decides="The account database has the group, /proc/PID/status of the workers has not; with it, "
        "owner, mode and ACL would let nginx in.",
        fix="`{reload_nginx}`",
        advice="`{reload_nginx}`: new workers take on the groups that the user has by then. If the user is "
        "in the group by mistake, take it out (`gpasswd -d`).",
        do_not="Do not open the socket or its directory any further: the group that is there lets nginx in.",
    ),
    ("socket_permission_denied", "group_needs_restart"): Entry(
        title="nginx lacks a new group",
        what="nginx's user was put into a group that may connect, after nginx was started. Its master is not "
        "root's, so its workers keep the groups that the master began with.",
        decides="The account database has the group, /proc/PID/status of the workers has not; the master "
        "runs as the same user.",
        fix="restart nginx: a reload is not enough",
        advice="Restart nginx, which takes on the groups that the user has by then. A reload is not "
        "enough, since only root's master can give its workers other groups.",
        do_not="Do not open the socket or its directory any further: the group that is there lets nginx in.",
    ),
    ("socket_permission_denied", "group_of_the_master"): Entry(
        title="nginx's workers lack a group",
        what="nginx's master is in a group that may connect, by SupplementaryGroups= of its unit perhaps. "
        "Its workers are not: each takes the groups that its user has in /etc/group.",
        decides="/proc/PID/status of the master has the group, that of the workers has not, and the account "
        "database neither.",
        fix="put nginx's user into that group with usermod -aG, then `{reload_nginx}`",
        advice="Put nginx's user into the group that the evidence names (`usermod -aG`), then "
        "`{reload_nginx}`. SupplementaryGroups= reaches the workers only where the unit has User=, too.",
        do_not="Do not restart nginx again for it: its workers drop the master's groups each time.",
    ),
    ("socket_permission_denied", "user_not_in_force"): Entry(
        title="nginx runs as its former user",
        what="`user` in nginx's configuration was changed to one who may connect. The workers that run are "
        "the former one's.",
        decides="The file with `user` is newer than the workers, who run as somebody else. Owner, mode "
        "and ACL would let the new one in.",
        fix="`{test_nginx} && {reload_nginx}`",
        advice="`{test_nginx} && {reload_nginx}`: new workers run as the user that the configuration names.",
        do_not="Do not open the socket to the former user: the next reload of nginx makes that needless.",
    ),
}
