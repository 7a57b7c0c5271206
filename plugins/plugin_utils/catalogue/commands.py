# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands that texts name in braces, as ``{restart}``. What is typed depends on the host: on who starts
its daemons, and on how the unit and nginx are called.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    usual: str  # where systemd runs it; docs/causes.md has this one
    words: str = ""  # what stands for it where a field is not known; "": there is always a form without
    # (A field that only some hosts have, what is typed there.) The first one whose fields are known is taken.
    elsewhere: tuple[tuple[str, str], ...] = ()


# php-fpm removes the file of a socket as it stops, and systemd makes none anew for a service that runs.
_SOCKETS = "systemctl restart {sockets} && systemctl start {unit}"
_SCRIPT = (("start_command", "{start_command}"),)

COMMANDS: dict[str, Command] = {
    "start": Command("systemctl start {unit}", "start php-fpm", (*_SCRIPT, ("sockets", _SOCKETS))),
    "restart": Command(
        "systemctl restart {unit}",
        "restart php-fpm",
        (("start_command", "{restart_command}"), ("sockets", "systemctl stop {unit} && " + _SOCKETS)),
    ),
    # Without ExecReload= systemd refuses a reload.
    "reload": Command("systemctl reload {unit}", "reload php-fpm", (("no_reload", "{restart}"),)),
    "reset_and_start": Command(
        "systemctl reset-failed {unit} && systemctl start {unit}",
        "clear its failures and start php-fpm",
        (*_SCRIPT, ("sockets", "systemctl reset-failed {unit} && " + _SOCKETS)),
    ),
    "unmask_and_start": Command(
        "systemctl unmask {unit} && systemctl start {unit}",
        "unmask its unit and start php-fpm",
        (*_SCRIPT, ("sockets", "systemctl unmask {unit} && " + _SOCKETS)),
    ),
    "make_directories_and_start": Command(
        "systemd-tmpfiles --create && systemctl start {unit}",
        "make its runtime directory and start php-fpm",
        (*_SCRIPT, ("sockets", "systemd-tmpfiles --create && " + _SOCKETS)),
    ),
    "load_unit_and_start": Command(
        "systemctl daemon-reload && systemctl start {unit}",
        "load its unit anew and start php-fpm",
        (
            ("start_command", "systemctl daemon-reload && {start_command}"),
            ("sockets", "systemctl daemon-reload && " + _SOCKETS),
        ),
    ),
    "load_unit_and_restart": Command(
        "systemctl daemon-reload && systemctl restart {unit}",
        "load its unit anew and restart php-fpm",
        (
            ("start_command", "systemctl daemon-reload && {restart_command}"),
            ("sockets", "systemctl daemon-reload && {restart}"),
        ),
    ),
    # An nginx that was started with another configuration tests and hears only that one's.
    "test_nginx": Command(
        "nginx -t",
        elsewhere=(
            ("nginx_prefix", "nginx -p {nginx_prefix} -c {nginx_config} -t"),
            ("nginx_config", "nginx -c {nginx_config} -t"),
        ),
    ),
    "signal_nginx": Command(
        "nginx -s reload",
        elsewhere=(
            ("nginx_prefix", "nginx -p {nginx_prefix} -c {nginx_config} -s reload"),
            ("nginx_config", "nginx -c {nginx_config} -s reload"),
        ),
    ),
    "reload_nginx": Command("systemctl reload {nginx}", elsewhere=(("by_signal", "{signal_nginx}"),)),
    "restart_nginx": Command("systemctl restart {nginx}", "restart nginx"),
    "load_nginx_unit_and_restart": Command(
        "systemctl daemon-reload && systemctl restart {nginx}", "load its unit anew and restart nginx"
    ),
    "test_and_restart_nginx": Command(
        "{test_nginx} && systemctl restart {nginx}", "restart nginx once nginx -t passes"
    ),
    "reload_both": Command(
        "systemctl reload {unit} {nginx}",
        "reload php-fpm and nginx",
        (("no_reload", "{reload} && {reload_nginx}"), ("by_signal", "{reload} && {reload_nginx}")),
    ),
}
# What stands for a command, or a turn of words, with a field that is not known. Longer ones come first.
INSTEAD = (
    ("systemctl enable {unit}", "let a boot start it"),
    ("systemctl unmask {unit}", "unmask its unit"),
    ("systemctl enable --now {unit}", "enable and start it"),
    ("systemctl thaw {unit}", "thaw its unit"),
    ("ps -fp {pids}", "look at the processes in the evidence"),
    ("kill {pids}", "end them"),
    ("kill -CONT {pids}", "send SIGCONT to the processes"),
    ("`echo 0 > cgroup.freeze` in {path}, or `echo THAWED > freezer.state` there", "unfreeze its cgroup"),
    ("echo {pids} >{path}", "write the number of nginx's master into its pid file"),
    ("systemctl list-dependencies {unit}", "the list of what its unit needs"),
    ("systemctl status {unit}", "the status of its unit"),
    ("systemctl cat {unit}", "the text of its unit"),
    ("systemctl edit {unit}", "a drop-in of its unit"),
    ("systemctl cat {nginx}", "the text of nginx's unit"),
    ("systemctl edit {nginx}", "a drop-in of nginx's unit"),
    ("journalctl -u {unit} -n 100", "php-fpm's journal"),
    ("journalctl -u {unit} -n 50", "php-fpm's journal"),
    ("journalctl -u {unit}", "php-fpm's journal"),
    ("df -h {directory} and df -i {directory}", "look at its bytes and inodes (df -h, df -i)"),
    ("`df -h {directory}`, `df -i {directory}`", "`df -h`, `df -i`"),
    ("ReadWritePaths={directory}", "ReadWritePaths= with the directory"),
    ("the directory {directory}", "the directory that the evidence names"),
    ("namei -l {socket}", "a look at each directory above the socket"),
    ("getfacl {socket}", "a look at its ACL"),
    ("stat {socket}", "its type and owner"),
    ("setfacl -m m::rw {socket}", "give the ACL's mask rw"),
    ("setfacl -m u:{user}:rw {socket}", "an entry for that user in the socket's ACL"),
    ("setfacl -m u:{user}:x {path}", "give that user x in the directory's ACL"),
    ("{socket} rw,", "the socket's path, with rw,"),
    ("restorecon -Rv {path}", "relabel it with restorecon"),
    ("restorecon -RFv {path}", "relabel it with restorecon"),
    ("restorecon -v {path}", "relabel it with restorecon"),
    ("semanage fcontext -a -t httpd_var_run_t {path}", "give it the type httpd_var_run_t for good"),
    ("semanage port -a -t http_port_t -p tcp {port}", "give the port the type http_port_t (semanage port)"),
    ("useradd --system {account}", "useradd"),
    ("the account {account}", "the account"),
    ("in {file}:{line} dial {to}, then", "bring the site's own pool back, or dial it in {file}:{line}, then"),
    ("pool {pool}", "the pool"),
    ("{file}:{line}", "the file that the evidence names"),
)
