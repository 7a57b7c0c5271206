# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that people read about a cause, kept on the controller.

Hosts return bare findings, so that the code sent to each of them stays small.
``enrich`` joins these words to them; ``markdown`` makes docs/causes.md of the same data
(``python3 -m ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue`` in .cache/webmedic/tree).

Texts may name the fields of ``placeholders.FIELDS`` in braces. What stands between backticks is to be typed.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES

from .placeholders import FIELDS, complete, filled, named
from .shapes.finding import Finding
from .shapes.report import Explained, Words

DOC_PAGE = "docs/causes.md"
# Fields that stand in the text of evidence: as php-fpm says it of an address (fpm_sockets.c), and of an
# account that is not there (fpm_unix.c); and as our own probe says who it was.
_IN_EVIDENCE = {
    "address": re.compile(r"(?:listening socket for address '|already listen on )([^' ]+)"),
    "account": re.compile(r"cannot get [ug]id for (?:user|group) '([\w.-]+)'"),
    "user": re.compile(r"^connecting to \S+ as ([\w.-]+): "),
}
# What the packages are called whose sockets have these paths: Debian's, Remi's.
_PACKAGES = (
    ("php%s-fpm", re.compile(r"/php(\d\.\d)-fpm\b")),
    ("php%s-php-fpm", re.compile(r"/remi/php(\d\d)/")),
)


class Entry(NamedTuple):
    """What a person should know about a cause or one of its reasons."""

    title: str  # the heading in the table; with the ids it must fit a line, which a test holds
    what: str  # what happens on the host
    decides: str  # the evidence that tells it from its neighbours
    fix: str  # one line: the shortest correct action; its commands are also shown on their own, to be pasted
    advice: str  # the same with what to look at first and after
    do_not: str  # the usual wrong fix, and why it is wrong here


class Step(NamedTuple):
    """A part of a fix. command: whether it can be pasted into a shell; else it is words."""

    command: bool
    text: str


CATALOGUE: dict[tuple[str, str | None], Entry] = {
    # ------------------------------------------------------------------------------------------ 1
    ("fpm_not_running", None): Entry(
        title="PHP-FPM is not running",
        what="No FPM master listens on the endpoint that nginx dials.",
        decides="The unit is not active, no master process runs its configuration, nobody listens on the "
        "endpoint.",
        fix="read `journalctl -u {unit} -n 50`, remove the cause, then `systemctl start {unit}`",
        advice="Read `systemctl status {unit}` and `journalctl -u {unit} -n 50`, remove what they name, "
        "then `systemctl start {unit}`.",
        do_not="Do not delete the socket file first: FPM tests a stale one, unlinks it and binds again by "
        "itself.",
    ),
    ("fpm_not_running", "stopped"): Entry(
        title="PHP-FPM is not running: stopped",
        what="Somebody or something stopped the unit cleanly. A clean stop removes the socket, so nginx "
        "sees errno 2.",
        decides="The unit is inactive with Result=success, no master runs, nobody listens on the endpoint.",
        fix="`systemctl start {unit}`",
        advice="Look who stopped it (`journalctl -u {unit} -n 50`), then `systemctl start {unit}`. "
        "If it is disabled as well, somebody meant it: ask first, then `systemctl enable --now {unit}`.",
        do_not="Do not delete or link socket files: the clean stop has removed its own, the start creates "
        "it again.",
    ),
    ("fpm_not_running", "masked"): Entry(
        title="PHP-FPM is not running: unit masked",
        what="The unit is masked, so nothing can start it: neither a boot, nor a dependency, nor a person.",
        decides="LoadState=masked (or UnitFileState=masked) and no master runs.",
        fix="`systemctl unmask {unit} && systemctl start {unit}`",
        advice="Masking is deliberate: ask first whether the sites were meant to move to another PHP "
        "version. "
        "If not: `systemctl unmask {unit} && systemctl start {unit}`.",
        do_not="Do not start the binary by hand: it escapes systemd's limits and logs, and is gone after "
        "the next boot.",
    ),
    ("fpm_not_running", "other_config"): Entry(
        title="PHP-FPM runs with another configuration",
        what="The pool that nginx dials is in a configuration that no master runs; the same program runs "
        "with another one.",
        decides="No master runs the configuration of the pool; a running one has another --fpm-config.",
        fix="let {unit} start with that configuration, move the pool into {path}, or dial a pool there",
        advice="See what starts it (`systemctl cat {unit}`), a drop-in perhaps. Either it starts with the "
        "pool's configuration again, or the pool moves into {path}, or nginx dials a pool of that.",
        do_not="Do not start a second master by hand: it is gone after the next boot.",
    ),
    ("fpm_not_running", "orphaned"): Entry(
        title="PHP-FPM's master is gone, its workers serve on",
        what="The master was killed and its workers were not. They answer, but nothing starts new ones, and "
        "a reload reaches nobody.",
        decides="Processes with the pool's title hold its socket and answer; no master runs.",
        fix="see that these are php-fpm's: ps -fp {pids}; then kill {pids}; systemctl start {unit}",
        advice="See who they are (`ps -fp {pids}`) and what killed the master (`journalctl -k`, `journalctl "
        "-u {unit}`). Then `kill {pids}` and `systemctl start {unit}` in one go: as long as they listen, a "
        "new master refuses to start.",
        do_not="Do not start the unit beside them: php-fpm ends where another one listens.",
    ),
    ("fpm_not_running", "config_invalid"): Entry(
        title="PHP-FPM is not running: bad configuration",
        what="The master refuses its configuration (php-fpm -t ends with 78) and exits before it binds "
        "anything. One bad pool file stops all pools.",
        decides="php-fpm -t fails and names file and line; the unit failed with exit status 78.",
        fix="correct {file}:{line}, which php-fpm -t refuses, then `systemctl restart {unit}`",
        advice="Correct or restore the file and line in the evidence, repeat `php-fpm -t` with the unit's "
        "own binary until it passes, "
        "then `systemctl restart {unit}`. After a change of pm.max_children check the spare keys too: "
        "min_spare <= start <= max_spare <= max_children.",
        do_not="Do not restart in a loop: it fails the same way each time and ends in the start limit.",
    ),
    ("fpm_not_running", "unknown_user"): Entry(
        title="PHP-FPM is not running: unknown user or group",
        what="A pool's user, group or listen.owner does not exist on this host, so the master exits at "
        "start.",
        decides="php-fpm -t or the log: cannot get uid (or gid) for user; the account database has no such "
        "name.",
        fix="create the account {account} or correct the name in the pool file, then `systemctl restart "
        "{unit}`",
        advice="Decide which is right, the account or the pool file. Create the account (`useradd --system "
        "{account}`) or correct `user`, `group`, "
        "`listen.owner`, `listen.group`; then `php-fpm -t` and `systemctl restart {unit}`. With LDAP: is "
        "sssd or nslcd up?",
        do_not="Do not set user = root or the web server's user to get past it: the site's code would run "
        "with that account's rights.",
    ),
    ("fpm_not_running", "bind_failed"): Entry(
        title="PHP-FPM is not running: cannot bind",
        what="The master cannot create its listening socket: permission, a read-only or full filesystem, an "
        "address this host does not have.",
        decides="The log says unable to bind listening socket, with the system's error.",
        fix="remove what the bind error in the evidence names, then `systemctl start {unit}`",
        advice="Read the error after `unable to bind listening socket`: an address the host lacks (`ip "
        "addr`), a directory the master may not "
        "write, a full or read-only filesystem. Remove it, then `systemctl start {unit}`.",
        do_not="Do not delete the socket by reflex: this text rarely means a stale socket, FPM replaces "
        "those itself.",
    ),
    ("fpm_not_running", "address_in_use"): Entry(
        title="PHP-FPM is not running: its address is taken",
        what="Another program, another master or a second pool already listens where this pool wants to.",
        decides="The log says Address already in use (or already used in another pool); the socket table "
        "shows the other listener.",
        fix="`ss -lxtnp` shows who holds {address}; move one of the two, then `systemctl start {unit}`",
        advice="`ss -lxtnp` shows who holds {address}. Stop that program if it should not be there, or give "
        "the pool another `listen` and nginx the same `fastcgi_pass`. A pool that an update moved to another "
        "PHP must leave the old one's directory. Then `systemctl start {unit}`.",
        do_not="Do not delete the socket file: the other listener keeps serving its deleted socket, and "
        "nginx then finds nobody.",
    ),
    ("fpm_not_running", "runtime_dir_missing"): Entry(
        title="PHP-FPM is not running: runtime directory",
        what="The directory of the socket or the pid file (/run/php, /run/php-fpm) does not exist: /run is "
        "empty after each boot.",
        decides="The log says unable to bind ... No such file or directory (2), or cannot open the pid "
        "file; the directory is absent.",
        fix="`systemd-tmpfiles --create && systemctl start {unit}`",
        advice="`systemd-tmpfiles --create && systemctl start {unit}`. To keep it: RuntimeDirectory= in a "
        "drop-in of the unit, "
        "or a line in /etc/tmpfiles.d/.",
        do_not="Do not mkdir it by hand: wrong owner, and gone after the next boot. It is not a stale "
        "socket either.",
    ),
    ("fpm_not_running", "selinux_port"): Entry(
        title="PHP-FPM is not running: SELinux, port",
        what="SELinux's policy does not let php-fpm listen on this port: the port has a type that web "
        "programs may not bind.",
        decides="php-fpm says Permission denied (13) at its start, the kernel logged name_bind, and the "
        "policy, asked again, still denies it.",
        fix="`semanage port -a -t http_port_t -p tcp {port}` (-m if it has one), `systemctl start {unit}`",
        advice="`semanage port -a -t http_port_t -p tcp {port}`; `-m` in place of `-a` where the port has a "
        "type of its own. Or let the pool listen on a unix socket. Then `systemctl start {unit}`.",
        do_not="Do not setenforce 0, and do not chmod anything: the modes are not what refuses.",
    ),
    ("fpm_not_running", "selinux_label"): Entry(
        title="PHP-FPM is not running: SELinux, label",
        what="A file or directory that php-fpm needs at its start has a label that its domain may not use.",
        decides="php-fpm says Permission denied (13) at its start, the kernel logged a denial, and the "
        "policy, asked again, still denies it.",
        fix="`restorecon -RFv {path}`, then `systemctl start {unit}`",
        advice="`restorecon -RFv {path}`. Where the label stays, name the right one: `semanage fcontext "
        "-a -t httpd_var_run_t '/srv/run(/.*)?'` for sockets, httpd_log_t for logs. Then `systemctl start "
        "{unit}`.",
        do_not="Do not setenforce 0. chcon alone is undone by the next relabelling.",
    ),
    ("fpm_not_running", "apparmor"): Entry(
        title="PHP-FPM is not running: AppArmor",
        what="php-fpm's AppArmor profile refuses something that it needs at its start.",
        decides="php-fpm says Permission denied (13) at its start, and the kernel logged DENIED for its "
        "profile at that moment.",
        fix="allow what the evidence names in the profile (aa-logprof), then `systemctl start {unit}`",
        advice="The evidence names profile, operation and path. Add the path to the profile below "
        "/etc/apparmor.d/local (`aa-logprof` proposes the line), load it with `apparmor_parser -r`, then "
        "`systemctl start {unit}`.",
        do_not="Do not stop AppArmor: a profile that is unloaded leaves all its programs unconfined.",
    ),
    ("fpm_not_running", "address_family"): Entry(
        title="PHP-FPM is not running: address families",
        what="RestrictAddressFamilies= of the unit lets php-fpm make no socket of the kind its pool listens "
        "on.",
        decides="The journal says Address family not supported (97), and systemctl show lists the families.",
        fix="allow it in RestrictAddressFamilies= (systemctl cat {unit}), daemon-reload, start {unit}",
        advice="`systemctl cat {unit}` shows the file that sets it. Let RestrictAddressFamilies= have "
        "AF_UNIX AF_INET AF_INET6 there, or take the line out. Then `systemctl daemon-reload && systemctl "
        "start {unit}`.",
        do_not="Do not change the pool's listen to get past it: nginx would dial in vain.",
    ),
    ("fpm_not_running", "system_call"): Entry(
        title="PHP-FPM is not running: SystemCallFilter=",
        what="A filter of system calls in the unit ends php-fpm as soon as it makes one that is not in it.",
        decides="The main process ended with signal SIGSYS (31).",
        fix="widen SystemCallFilter= (systemctl cat {unit}); daemon-reload, then `systemctl start {unit}`",
        advice="`ausearch -m seccomp -ts recent` or `journalctl -k` names the call's number, `ausyscall` "
        "its name. `systemctl cat {unit}` shows the file that sets the filter: let "
        "SystemCallFilter=@system-service stand there, then `systemctl daemon-reload && systemctl start "
        "{unit}`.",
        do_not="Do not look for a fault in php-fpm: it did nothing that it does not do on any start.",
    ),
    ("fpm_not_running", "condition_failed"): Entry(
        title="PHP-FPM is not running: a condition",
        what="systemd skipped the start, since a Condition or Assert of the unit was not met. A skipped "
        "start counts as a success and leaves no error behind.",
        decides="ConditionResult=no or AssertResult=no after a start was tried; systemctl status names the "
        "condition.",
        fix="make the named condition true, or take it out (systemctl edit {unit}); `systemctl start {unit}`",
        advice="`systemctl status {unit}` names the condition. Make it true, such as by the file or path "
        "that it names, or take it out of the unit (`systemctl edit {unit}`); then `systemctl start {unit}`.",
        do_not="Do not start the unit again and again: each start is skipped the same way, without an error.",
    ),
    ("fpm_not_running", "dependency_failed"): Entry(
        title="PHP-FPM is not running: a needed unit failed",
        what="A unit that this one requires did not start, so systemd did not start this one either.",
        decides="The journal says Dependency failed, and no start was tried after it.",
        fix="`systemctl list-dependencies {unit}`: start the one that failed, then `systemctl start {unit}`",
        advice="`systemctl list-dependencies {unit}` shows which one failed: a mount, a network target, a "
        "database. Mend that one, then `systemctl start {unit}`.",
        do_not="Do not take Requires= out by reflex: a mount that is missing may hold the sites.",
    ),
    ("fpm_not_running", "unit_setup_failed"): Entry(
        title="PHP-FPM is not running: its unit",
        what="systemd could not prepare the process: a path of ReadWritePaths=, an account, a credential or "
        "a namespace that its unit asks for.",
        decides="Main process exited with a status of systemd's own (200 to 245), or the unit file does not "
        "load.",
        fix="make {path}, or take it out of the unit (systemctl cat {unit}); `systemctl daemon-reload && "
        "systemctl start {unit}`",
        advice="The word behind the status names the step: NAMESPACE a path of the unit's sandbox, USER or "
        "GROUP an account, CHDIR WorkingDirectory=. `systemctl cat {unit}` shows the setting. Correct it, "
        "`systemctl daemon-reload`, `systemctl start {unit}`.",
        do_not="Do not look for it in the pool files: php-fpm was never run.",
    ),
    ("fpm_not_running", "start_command_failed"): Entry(
        title="PHP-FPM is not running: a start command",
        what="A command that the unit runs before or after php-fpm failed (ExecStartPre=, ExecStartPost=), "
        "so systemd gave the start up.",
        decides="The journal says Control process exited with a failure, and php-fpm has no complaint.",
        fix="`systemctl status {unit}` names the command that failed: mend it, then `systemctl start {unit}`",
        advice="`systemctl status {unit}` shows each command with its status. Run the one that failed by "
        "hand, mend it, then `systemctl start {unit}`.",
        do_not="Do not put a - in front of the command by reflex: php-fpm may need what it makes.",
    ),
    ("fpm_not_running", "start_timeout"): Entry(
        title="PHP-FPM is not running: never ready",
        what="systemd waited for the unit to be up until TimeoutStartSec=, then stopped it. php-fpm may "
        "have answered meanwhile.",
        decides="The journal says start operation timed out; Result=timeout.",
        fix="systemctl cat {unit}: its Type= must fit how php-fpm starts; then `systemctl start {unit}`",
        advice="Type=notify needs a php-fpm that was built with systemd (`php-fpm -i` names "
        "--with-fpm-systemd) and is run directly, with --nodaemonize; without it take Type=simple. "
        "Type=forking needs daemonize = yes, and PIDFile= equal to `pid`. If only the start is slow, as "
        "with a large opcache.preload, raise TimeoutStartSec=. Then `systemctl daemon-reload` and "
        "`systemctl start {unit}`.",
        do_not="Do not just start it again: it ends the same way, with an outage after each try.",
    ),
    ("fpm_not_running", "log_unwritable"): Entry(
        title="PHP-FPM is not running: cannot open a log",
        what="php-fpm opens error_log, access.log and slowlog at its start, and gives up when it cannot. "
        "php-fpm -t may make them, and does not always see it.",
        decides="The last start, or the configuration, names a log whose directory is missing or refuses it.",
        fix="let php-fpm open {path} (its directory, owner, label), or correct its line; `systemctl start "
        "{unit}`",
        advice="Make the directory {directory}, owned by root, or correct the path of `error_log`, "
        "`access.log` or `slowlog`. If it is there, its owner, mode or SELinux label refuses. Then "
        "`systemctl start {unit}`.",
        do_not="Do not chmod 0777 a log's directory: others could put links where root writes.",
    ),
    ("fpm_not_running", "pid_file_unwritable"): Entry(
        title="PHP-FPM is not running: its pid file",
        what="php-fpm cannot create the file that `pid` names, and gives up. Its sockets were already made.",
        decides="The last start says Unable to create the PID file, with the system's error.",
        fix="make {directory}, or correct pid in the main file; then `systemctl start {unit}`",
        advice="Below /run let systemd make {directory} at each boot: RuntimeDirectory= in the unit, or a "
        "line in /etc/tmpfiles.d. Else correct `pid` in the main file; then `systemctl start {unit}`.",
        do_not="Do not mkdir below /run by hand alone: it is gone after the next boot.",
    ),
    ("fpm_not_running", "read_only"): Entry(
        title="PHP-FPM is not running: read-only place",
        what="A log, pid file or socket lies where php-fpm cannot write: its unit makes the place "
        "read-only, or the file system is mounted so (EROFS, errno 30).",
        decides="The last start failed with Read-only file system (30); the evidence names the setting, or "
        "the mount.",
        fix="ReadWritePaths={directory} in systemctl edit {unit}, or move the file; `systemctl restart "
        "{unit}`",
        advice="If its unit does it: `systemctl edit {unit}`, [Service], ReadWritePaths={directory}; or "
        "move the file to where the unit may write. If the file system is mounted read-only, `dmesg` tells "
        "whether the kernel did that after an error: repair it first.",
        do_not="Do not remove ProtectSystem= as a whole, and do not remount a damaged file system for "
        "writing.",
    ),
    ("fpm_not_running", "disk_full"): Entry(
        title="PHP-FPM is not running: no space",
        what="A log, pid file or socket cannot be made: no bytes, no inodes or no quota are left there "
        "(errno 28 or 122).",
        decides="The last start failed with No space left on device; the evidence says what is left now.",
        fix="df -h {directory} and df -i {directory}; free some, then `systemctl start {unit}`",
        advice="`df -h {directory}`, `df -i {directory}`: with no inodes left many small files are to go, "
        "such as PHP's sessions. `du --inodes -x` finds them. Then `systemctl start {unit}`.",
        do_not="Do not delete a log that is open: its space comes back only when its writer ends. Truncate "
        "it.",
    ),
    ("fpm_not_running", "address_unavailable"): Entry(
        title="PHP-FPM is not running: its address",
        what="`listen` names an address that this host does not have, cannot resolve, or whose family is "
        "off (IPv6) or forbidden to the unit.",
        decides="The last start says Cannot assign requested address (99), Address family not supported "
        "(97), or getaddrinfo.",
        fix="set listen ({file}:{line}) to an address that this host has (ip addr); `systemctl restart "
        "{unit}`",
        advice="`ip addr` shows what there is. Correct `listen`, or give the host the address. If it comes "
        "late at boot: After=network-online.target and Wants=network-online.target in `systemctl edit "
        "{unit}`. For errno 97 see RestrictAddressFamilies= of the unit, and whether IPv6 is off. Then "
        "`systemctl restart {unit}`.",
        do_not="Do not let it listen on all addresses: anybody who reaches the port runs PHP there.",
    ),
    ("fpm_not_running", "shared_memory"): Entry(
        title="PHP-FPM is not running: shared memory",
        what="opcache or php-fpm asks for one piece of shared memory, and the kernel or the memory limit "
        "refuses it.",
        decides="The last start says Unable to allocate shared memory, with its size.",
        fix="lower opcache.memory_consumption ({file}:{line}), or raise the memory limit; `systemctl start "
        "{unit}`",
        advice="Compare the size in the evidence with MemoryMax= of the unit, vm.overcommit_memory and "
        "`free -m`. Lower opcache.memory_consumption (php.ini) or opcache.interned_strings_buffer, or raise "
        "the limit; then `systemctl start {unit}`.",
        do_not="Do not switch opcache off to get past it: each request then compiles all its files again.",
    ),
    ("fpm_not_running", "preload_failed"): Entry(
        title="PHP-FPM is not running: opcache.preload",
        what="PHP runs the script of opcache.preload before php-fpm starts. Any error in it, or no "
        "opcache.preload_user as root, ends the start.",
        decides="The journal has opcache's or PHP's fatal error of the last start; php-fpm -t does not see "
        "it.",
        fix="correct opcache.preload and opcache.preload_user ({file}:{line}), then `systemctl start {unit}`",
        advice="Set opcache.preload_user to the pool's user, or correct the script that opcache.preload "
        "names; to get the sites back at once, comment opcache.preload out. Then `systemctl start {unit}`.",
        do_not="Do not set opcache.preload_user = root: the application's code would run as root.",
    ),
    ("fpm_not_running", "extension_failed"): Entry(
        title="PHP-FPM is not running: an extension",
        what="An extension that php.ini loads ends PHP's start: it was built for another PHP, or misses a "
        "library.",
        decides="The last start has the loader's or PHP's fatal error, which names the extension.",
        fix="install the extension for this PHP, or take its extension= line out; then `systemctl start "
        "{unit}`",
        advice="Reinstall the extension's package for this version of PHP, or comment its `extension=` or "
        "`zend_extension=` out (below conf.d or php.d); then `systemctl start {unit}`.",
        do_not="Do not copy the .so of another PHP version: it crashes at its first call.",
    ),
    ("fpm_not_running", "php_ini_invalid"): Entry(
        title="PHP-FPM is not running: php.ini",
        what="PHP itself ended before php-fpm read its own configuration: by something in php.ini, an "
        "extension or opcache. php-fpm -t -n does not see it.",
        decides="A fatal error of PHP or opcache in the last start, or exit status 70, 254 or 255.",
        fix="correct in php.ini what the evidence names, then `systemctl start {unit}`",
        advice="Read the evidence; without a line of PHP see the file of `error_log` in php.ini and of "
        "`opcache.error_log`. Correct php.ini or the file below conf.d, then `systemctl start {unit}`.",
        do_not="Do not reinstall php-fpm: its package does not touch your php.ini.",
    ),
    ("fpm_not_running", "not_executable"): Entry(
        title="PHP-FPM is not running: its program",
        what="systemd cannot run the program of ExecStart=: it is missing, not executable, for another "
        "machine, or a library of it is gone.",
        decides="Status 203/EXEC or 127, or the loader's words about a library.",
        fix="reinstall the package that brings {path}, then `systemctl start {unit}`",
        advice="`systemctl cat {unit}` shows ExecStart=. Is the file there, with x, on a file system "
        "without noexec? `ldd` of it names the missing library. Reinstall its package, or that of the "
        "library.",
        do_not="Do not link another version's php-fpm to that path: the sites' PHP would change.",
    ),
    ("fpm_not_running", "start_failed"): Entry(
        title="PHP-FPM is not running: its start failed",
        what="php-fpm gave its last start up with an error that this collection has no reason for.",
        decides="The last ERROR or ALERT line of the last start, whole in the evidence.",
        fix="remove what the line in the evidence names, then `systemctl start {unit}`",
        advice="Read the line in the evidence and those around it (`journalctl -u {unit} -n 50`), remove "
        "what it names, then `systemctl start {unit}`.",
        do_not="Do not restart in a loop: it fails the same way each time and ends in the start limit.",
    ),
    ("fpm_not_running", "start_limit_hit"): Entry(
        title="PHP-FPM is not running: start limit hit",
        what="It failed so often in a row that systemd refuses to start it again.",
        decides="Result=start-limit-hit; the first failure before it is the real reason.",
        fix="fix the first error in the journal, then `systemctl reset-failed {unit} && systemctl start "
        "{unit}`",
        advice="Find the first failure (`journalctl -u {unit} -n 100`) and remove it, prove it with "
        "`php-fpm -t`, "
        "then `systemctl reset-failed {unit} && systemctl start {unit}`.",
        do_not="Do not raise StartLimitBurst or restart from cron: that repeats the failure, it does not "
        "remove it.",
    ),
    ("fpm_not_running", "crashed"): Entry(
        title="PHP-FPM is not running: the master died",
        what="The master was killed or crashed. Its socket file stays behind without a listener, so nginx "
        "sees errno 111.",
        decides="Result=signal, core-dump or exit-code; the socket file exists and nobody listens on it.",
        fix="`systemctl start {unit}`, then find what killed it: `journalctl -u {unit} -n 50`",
        advice="`systemctl start {unit}`. Then find who killed it: `journalctl -u {unit} -n 50`, "
        "`coredumpctl list`, the kernel log at that minute. "
        "Restart=on-failure in a drop-in brings it back by itself.",
        do_not="Do not delete the stale socket: FPM tests it, unlinks it and binds again by itself.",
    ),
    ("fpm_not_running", "oomd_killed"): Entry(
        title="PHP-FPM is not running: killed by systemd-oomd",
        what="systemd-oomd killed all processes of the unit for their memory pressure or the swap that they "
        "used, and nothing started it again.",
        decides="The unit's journal says that systemd-oomd killed its processes; the kernel logged no kill.",
        fix="`systemctl start {unit}`, then fewer workers or a higher MemoryHigh= (systemctl cat {unit})",
        advice="`systemctl start {unit}`. `journalctl -u systemd-oomd` tells which limit was passed, and "
        "`systemctl cat {unit}` which unit file sets ManagedOOMMemoryPressure= and MemoryHigh=. Lower "
        "pm.max_children or raise MemoryHigh=. Restart=on-failure starts it again after the next kill.",
        do_not="Do not set OOMPolicy=continue for it: systemd-oomd kills the master, too. Do not disable "
        "systemd-oomd: the kernel's killer comes next, and it chooses worse.",
    ),
    ("fpm_not_running", "oom_stopped"): Entry(
        title="PHP-FPM is not running: stopped by an OOM kill",
        what="The kernel killed one worker for memory, and systemd then stopped the whole unit "
        "(OOMPolicy=stop, the default).",
        decides="Result=oom-kill; the journal says a process of this unit has been killed by the OOM killer.",
        fix="`systemctl start {unit}`, then OOMPolicy=continue and a pool size that fits the memory",
        advice="`systemctl start {unit}`. In a drop-in (`systemctl edit {unit}`): [Service] "
        "OOMPolicy=continue, Restart=on-failure. "
        "Then lower pm.max_children or raise the memory limit, so that workers x USS plus the shared part "
        "fits.",
        do_not="Do not stop at starting it: the next OOM kill takes all pools down again. Swap does not "
        "lift a cgroup limit.",
    ),
    ("fpm_not_running", "not_installed"): Entry(
        title="PHP-FPM is not running: not installed",
        what="nginx dials a local endpoint, and this host has no php-fpm at all: removed with an old PHP "
        "version, or never installed.",
        decides="No php-fpm process, unit or program was found in any known layout, and nobody listens on "
        "the endpoint.",
        fix="install {package}, or point fastcgi_pass at where it runs",
        advice="Find out which PHP the site was meant to use: the package history (`/var/log/dpkg.log`, "
        "`dnf history`) tells what was removed. "
        "Install that version's php-fpm package and restore its pool file, or point `fastcgi_pass` at the "
        "endpoint that serves the site now.",
        do_not="Do not install the distribution's default version by reflex: the site's code may need "
        "another one, and its socket has another name.",
    ),
    # ------------------------------------------------------------------------------------------ 2
    ("socket_permission_denied", None): Entry(
        title="nginx may not connect",
        what="FPM listens, but the user of nginx's workers is refused (errno 13).",
        decides="connect() as nginx's worker user fails with Permission denied; the evidence names the "
        "component that refuses.",
        fix="give nginx's user access in the pool file, then `systemctl restart {unit}`",
        advice="Change what the evidence names: the pool's listen.owner, listen.group, listen.mode or "
        "listen.acl_users, or the directory. "
        "Then `systemctl restart {unit}`.",
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
        advice="Name {user}, the user of nginx's workers, in `listen.acl_users` of pool {pool}, and with it "
        "the owner, and in "
        "`listen.acl_groups` the group, who have access now: an ACL makes listen.owner and listen.group "
        "void. `setfacl -m u:{user}:rw {socket}` "
        "does the same at once, without a restart. A reload changes no socket that is open.",
        do_not="Do not chmod 0666 the socket: every local account could run PHP as the pool's user, and the "
        "next restart undoes it.",
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
        "tmpfiles.d or RuntimeDirectoryMode=.",
        do_not="Do not chmod the socket: it is not what refuses. Not 0777 on the directory either.",
    ),
    ("socket_permission_denied", "not_a_socket"): Entry(
        title="nginx may not connect: not a socket",
        what="Something else lies at the path: a regular file, a directory or a pipe. nginx logs it as "
        "errno 13 or 111.",
        decides="stat shows the type; nobody listens there.",
        fix="move what lies at {socket} away, then `systemctl restart {unit}`",
        advice="See what it is and who made it (`stat {socket}`), move it away, then `systemctl restart "
        "{unit}`, which creates the socket.",
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
        what="php-fpm runs in an SELinux domain to which nginx's may not connect, as when its program lies "
        "below /opt or /usr/local, or a person started it.",
        decides="SELinux's policy, asked for connectto from nginx's domain to that of the running master, "
        "denies it.",
        fix="label php-fpm's program httpd_exec_t (semanage fcontext, restorecon), restart {unit}",
        advice="`ps -eZ | grep php-fpm` shows the domain. Give its program the type httpd_exec_t "
        "(`semanage fcontext -a -t httpd_exec_t`, then `restorecon -v`), then `systemctl restart {unit}`: a "
        "domain is taken on at the start. One that a person started by hand is to be started by its unit.",
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
        fix="allow it in RestrictAddressFamilies=, if systemctl cat nginx still has it; then `systemctl "
        "restart nginx`",
        advice="`systemctl cat nginx` shows the file that sets it. Let RestrictAddressFamilies= have AF_UNIX "
        "AF_INET AF_INET6 there, or take the line out. Then `systemctl daemon-reload && systemctl restart "
        "nginx`: a running process keeps its filter, and a reload as well.",
        do_not="Do not change php-fpm or the socket's mode: nginx fails before it dials.",
    ),
    ("socket_permission_denied", "system_call"): Entry(
        title="nginx may not connect: SystemCallFilter=",
        what="A filter of system calls in nginx's unit refuses what nginx needs to connect.",
        decides="nginx logs connect() or socket() failed (1: Operation not permitted), nginx's worker runs "
        "with a filter, and systemctl show has SystemCallFilter=.",
        fix="widen SystemCallFilter= (systemctl cat nginx), daemon-reload, then `systemctl restart nginx`",
        advice="`systemctl cat nginx` shows the file that sets it. Let SystemCallFilter=@system-service "
        "stand there, or take the line out. Then `systemctl daemon-reload && systemctl restart nginx`: a "
        "running process keeps its filter.",
        do_not="Do not change php-fpm or the socket's mode: nginx never reaches them.",
    ),
    ("socket_permission_denied", "mount_namespace"): Entry(
        title="hidden from nginx by its unit",
        what="The sandbox of nginx's unit shows nginx another directory than the host has: ProtectHome=, "
        "InaccessiblePaths= and the like.",
        decides="nginx has a mount namespace of its own, and what lies on the way to the socket is another "
        "file there than on the host.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} below /run/php and fastcgi_pass to the same. If the sites must "
        "stay there: `systemctl edit nginx`, "
        "and loosen the setting that the evidence names for this one path (`BindPaths=`).",
        do_not="Do not chmod or chown what `namei -l` shows: on the host it is right, and nginx would not "
        "see the change.",
    ),
    ("socket_permission_denied", "group_not_in_force"): Entry(
        title="nginx lacks a new group",
        what="nginx's user was put into a group that may connect, after nginx's workers were started. A "
        "process keeps the groups it began with.",
        decides="The account database has the group, /proc/PID/status of the workers has not; with it, "
        "owner, mode and ACL would let nginx in.",
        fix="`systemctl reload nginx`",
        advice="`systemctl reload nginx`: new workers take on the groups that the user has by then. If the "
        "user is in the group by mistake, "
        "take it out (`gpasswd -d`).",
        do_not="Do not open the socket or its directory any further: the group that is there lets nginx in.",
    ),
    ("socket_permission_denied", "group_needs_restart"): Entry(
        title="nginx lacks a new group",
        what="nginx's user was put into a group that may connect, after nginx was started. Its master is not "
        "root's, so its workers keep the groups that the master began with.",
        decides="The account database has the group, /proc/PID/status of the workers has not; the master "
        "runs as the same user.",
        fix="restart nginx: a reload is not enough",
        advice="Restart nginx, which takes on the groups that the user has by then: a reload is not enough, "
        "since only root's master can give its workers other groups.",
        do_not="Do not open the socket or its directory any further: the group that is there lets nginx in.",
    ),
    ("socket_permission_denied", "group_of_the_master"): Entry(
        title="nginx's workers lack a group",
        what="nginx's master is in a group that may connect, by SupplementaryGroups= of its unit perhaps. "
        "Its workers are not: each takes the groups that its user has in /etc/group.",
        decides="/proc/PID/status of the master has the group, that of the workers has not, and the account "
        "database neither.",
        fix="put nginx's user into that group with usermod -aG, then `systemctl reload nginx`",
        advice="Put nginx's user into the group that the evidence names (`usermod -aG`), then `systemctl "
        "reload nginx`. "
        "SupplementaryGroups= reaches the workers only where the unit has User=, too.",
        do_not="Do not restart nginx again for it: its workers drop the master's groups each time.",
    ),
    ("socket_permission_denied", "user_not_in_force"): Entry(
        title="nginx runs as its former user",
        what="`user` in nginx's configuration was changed to one who may connect. The workers that run are "
        "the former one's.",
        decides="The file with `user` is newer than the workers, who run as somebody else; owner, mode and "
        "ACL would let the new one in.",
        fix="`nginx -t && systemctl reload nginx`",
        advice="`nginx -t && systemctl reload nginx`: new workers run as the user that the configuration "
        "names.",
        do_not="Do not open the socket to the former user: the next reload of nginx makes that needless.",
    ),
    # ------------------------------------------------------------------------------------------ 3
    ("socket_path_mismatch", None): Entry(
        title="nginx dials where no pool listens",
        what="FPM runs, but not on the address in fastcgi_pass.",
        decides="Nobody listens on the dialled endpoint while pools listen on others.",
        fix="point fastcgi_pass of {site} at its pool, then `nginx -t && systemctl reload nginx`",
        advice="Compare fastcgi_pass of {site} with `listen` of its pool, correct the one that is wrong, "
        "then `nginx -t && systemctl reload nginx`.",
        do_not="Do not bridge it with ln -s: the link is gone after a boot and may lead to another PHP "
        "version or another user's pool.",
    ),
    ("socket_path_mismatch", "other_socket"): Entry(
        title="nginx dials another socket than FPM's",
        what="The path in fastcgi_pass is not a pool's listen, typically after a PHP upgrade or a typing "
        "error.",
        decides="{endpoint} does not exist or has no listener, while a running pool listens on another "
        "socket.",
        fix="in {file}:{line} dial {to}, then `nginx -t && systemctl reload nginx`",
        advice="Choose the pool that is meant for {site} (right PHP version, right user), put its `listen` "
        "({to}) into fastcgi_pass at {file}:{line}, "
        "then `nginx -t && systemctl reload nginx`. Where the name tells a PHP that is gone, install its "
        "php-fpm, or try the site with the other "
        "one first. Where the site's own pool is gone, bring it back. Of an upstream whose other servers "
        "answer, take the dead one out.",
        do_not="Do not ln -s the old path to the new socket, nor take any socket that exists: wrong PHP "
        "version or another user's pool.",
    ),
    ("socket_path_mismatch", "other_port"): Entry(
        title="nginx dials another port than FPM's",
        what="fastcgi_pass names a TCP address where no pool listens.",
        decides="Nobody listens on {endpoint}, while a running pool listens on another port.",
        fix="in {file}:{line} dial {to}, then `nginx -t && systemctl reload nginx`",
        advice="Put the `listen` of the pool meant for {site} ({to}) into fastcgi_pass at {file}:{line}, "
        "then `nginx -t && systemctl reload nginx`. Of an upstream whose other servers answer, take the "
        "dead one out.",
        do_not="Do not open the firewall or bind FPM to all addresses: FastCGI has no login, who reaches "
        "the port runs code.",
    ),
    ("socket_path_mismatch", "tcp_vs_unix"): Entry(
        title="nginx dials TCP, FPM has a socket, or reverse",
        what="One side is configured for a TCP port, the other for a unix socket.",
        decides="Nobody listens on {endpoint}; the pool meant for it listens with the other transport.",
        fix="in {file}:{line} dial {to}, then `nginx -t && systemctl reload nginx`",
        advice="On one host prefer the socket: put the pool's `listen` ({to}), with unix: before a path, "
        "into fastcgi_pass at {file}:{line}, "
        "then `nginx -t && systemctl reload nginx`. Of an upstream whose other servers answer, take the "
        "dead one out.",
        do_not="Do not make FPM listen on 0.0.0.0: FastCGI has no login, who reaches the port runs code.",
    ),
    ("socket_path_mismatch", "address_family"): Entry(
        title="nginx dials IPv6, FPM has IPv4, or reverse",
        what="The port is right, the address family is not: often fastcgi_pass localhost:9000, which "
        "resolves to ::1 first.",
        decides="A pool listens on the same port, but only on the other family's address.",
        fix="write the address out in fastcgi_pass, as in 127.0.0.1:9000; `nginx -t && systemctl reload "
        "nginx`",
        advice="Replace the name in fastcgi_pass by the address on which the pool listens, then `nginx -t "
        "&& systemctl reload nginx`.",
        do_not="Do not listen on all addresses to catch both: that exposes FPM to the network.",
    ),
    ("socket_path_mismatch", "socket_deleted"): Entry(
        title="socket file deleted under a running FPM",
        what="FPM still listens, but on a socket whose file is gone or was replaced, so nobody can reach it "
        "any more.",
        decides="The socket table lists a listener for the path, while the file is absent or has another "
        "inode.",
        fix="`systemctl restart {unit}`",
        advice="`systemctl restart {unit}`: it makes the file again. Then find what deleted it: a deploy "
        "script, tmp cleaning, a copied rm -f.",
        do_not="Do not reload: the new master inherits the deleted socket. Do not edit nginx: its path "
        "is right.",
    ),
    ("socket_path_mismatch", "dangling_link"): Entry(
        title="nginx dials a dangling link",
        what="The path in fastcgi_pass is a symbolic link (as /run/php/php-fpm.sock) whose target is gone.",
        decides="The path is a link; its target does not exist; pools listen elsewhere.",
        fix="set fastcgi_pass of {site} to the pool's own socket, then `nginx -t && systemctl reload nginx`",
        advice="Put the pool's own socket into fastcgi_pass, then `nginx -t && systemctl reload nginx`. "
        "On Debian the generic link belongs to `update-alternatives --config php-fpm.sock`.",
        do_not="Do not ln -s it by hand: /run is empty after a boot, and the next PHP upgrade breaks "
        "it again.",
    ),
    ("socket_path_mismatch", "nginx_not_loaded"): Entry(
        title="nginx runs an older configuration",
        what="A site was led to another socket or port in nginx's files, and nginx still dials the one "
        "before, where nobody is any more.",
        decides="A file is newer than nginx's workers, and the log tells of an endpoint that no file names.",
        fix="`nginx -t && systemctl reload {unit}`",
        advice="Look at what was changed, then `nginx -t && systemctl reload {unit}`.",
        do_not="Do not make php-fpm listen at the old place again: the next reload of nginx leads the "
        "site away from it.",
    ),
    ("socket_path_mismatch", "nginx_reload_refused"): Entry(
        title="nginx refuses its new configuration",
        what="A site was led to another socket or port in nginx's files. nginx refuses the files as they "
        "are, and goes on with the configuration before.",
        decides="Running workers dial an endpoint that no file names, and nginx complained since the last "
        "change, or the files hold what it is known to refuse.",
        fix="mend {path} or take it out, then `nginx -t && systemctl reload {unit}`",
        advice="What nginx complains about may be a file that is left over from a site that is gone. Mend "
        "it or take it out, until `nginx -t` passes; then `systemctl reload {unit}`.",
        do_not="Do not restart nginx before `nginx -t` passes: it would not come back, and every site is "
        "down.",
    ),
    ("socket_path_mismatch", "nginx_replaced"): Entry(
        title="nginx was upgraded, not restarted",
        what="A site was led to another socket or port in nginx's files. The nginx that runs is older than "
        "they are, and older than its own program on the disk.",
        decides="Running workers dial an endpoint that no file names, and the master's program was deleted.",
        fix="`nginx -t && systemctl restart {unit}`",
        advice="`nginx -t && systemctl restart {unit}`. A reload asks the old program to load the files, "
        "and the modules of the new one.",
        do_not="Do not reload it: the old program refuses modules of another version, and may say so in its "
        "log alone.",
    ),
    ("socket_path_mismatch", "config_not_loaded"): Entry(
        title="configuration edited but not loaded",
        what="The files of nginx and FPM agree, but a running process still works with the older content.",
        decides="A file is newer than the process that read it, and the process listens on (or dials) "
        "what the older content said.",
        fix="php-fpm -t, then `systemctl reload {unit}`",
        advice="Check the files first (`php-fpm -t`, `nginx -t`), then load the side which the "
        "evidence names: "
        "`systemctl reload {unit}` or `systemctl reload nginx`.",
        do_not="Do not change the other side to match the old state: the next restart breaks it again.",
    ),
    ("socket_path_mismatch", "private_tmp"): Entry(
        title="socket in a private /tmp",
        what="FPM or nginx runs with PrivateTmp=yes, so a socket below /tmp or /var/tmp is invisible "
        "to the other.",
        decides="The pool listens below /tmp and the unit has PrivateTmp=yes; the path is absent outside it.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} below /run/php, fastcgi_pass to the same; `systemctl "
        "restart {unit}`, `nginx -t && systemctl reload nginx`.",
        do_not="Do not switch PrivateTmp off: it guards against attacks over a shared /tmp.",
    ),
    ("socket_path_mismatch", "mount_namespace"): Entry(
        title="the socket is hidden by a unit's sandbox",
        what="The unit of nginx or of FPM sees other directories than the host (ProtectHome=, "
        "TemporaryFileSystem=, RootDirectory=, BindPaths=).",
        decides="One of them has a mount namespace of its own, and what lies on the way to the socket "
        "is another file there than on the host.",
        fix="let pool {pool} listen where both see it, below /run, and set fastcgi_pass to it; restart "
        "{unit}, reload nginx",
        advice="Set `listen` of pool {pool} to a path that both see, such as one below /run/php, and "
        "fastcgi_pass to the same; or loosen, "
        "for this one path, the setting that the evidence names (`BindPaths=` in a drop-in of its unit).",
        do_not="Do not link, copy or chmod anything at the path: what the other program sees there is "
        "another file.",
    ),
    # ------------------------------------------------------------------------------------------ 4
    ("max_children_exhausted", None): Entry(
        title="no free PHP worker",
        what="All workers of the pool are busy; requests wait in the socket's queue until nginx gives up.",
        decides="The FastCGI probe got no answer while the socket's real queue (Recv-Q) was not empty, "
        "or FPM logged its limit.",
        fix="find what holds the workers of pool {pool}; then raise pm.max_children within the memory",
        advice="See what the workers do (slowlog, the full status page, `ss -xl` for the queue) before "
        "sizing pool {pool}.",
        do_not="Do not raise fastcgi_read_timeout: queue time counts against it, so it only makes the "
        "queue longer.",
    ),
    ("max_children_exhausted", "max_children"): Entry(
        title="no free PHP worker: pm.max_children",
        what="The pool has pm.max_children workers and all are busy. pm = static logs nothing when "
        "that happens.",
        decides="As many workers as pm.max_children, a waiting queue (Recv-Q), no answer to the "
        "FastCGI probe; or FPM's own line.",
        fix="find what holds the workers; then raise pm.max_children of {pool} within memory, reload {unit}",
        advice="First ask why requests are slow: request_slowlog_timeout = 5s in pool {pool} shows the "
        "stacks. If they are merely many: raise "
        "pm.max_children (with the spare keys) by the free memory divided by one worker's USS, then "
        "`systemctl reload {unit}`. "
        "Where most who wait have given up, `systemctl restart {unit}`: it drops their requests, "
        "which a reload keeps.",
        do_not="Do not raise fastcgi_read_timeout: it only lengthens the queue. Do not size by RSS: "
        "opcache is counted once per worker.",
    ),
    ("max_children_exhausted", "process_max"): Entry(
        title="no free PHP worker: process.max",
        what="The global process.max of the master is lower than what its pools need together.",
        decides="FPM logs that the maximum number of processes has been reached, with process.max.",
        fix="raise process.max in the [global] section within memory, then `systemctl reload {unit}`",
        advice="Raise `process.max` in the [global] section to the sum that the memory allows, then "
        "`systemctl reload {unit}`.",
        do_not="Do not raise a pool's pm.max_children: the global limit binds first.",
    ),
    ("max_children_exhausted", "slow_dependency"): Entry(
        title="no free PHP worker: slow dependency",
        what="The workers sit in a database, an API, a lock or a session file; more of them would wait "
        "there too.",
        decides="At most samples of most workers the kernel holds them at the same peer, lock or file "
        "system, and they use no CPU.",
        fix="repair what the workers wait for, which the finding names; give each call a timeout of its own",
        advice="The finding names the service or the lock. Repair it; give each such call a timeout "
        "shorter than fastcgi_read_timeout (request_slowlog_timeout = 5s in pool {pool} shows the call). "
        "For a session's lock: session_write_close() as soon as the session is read.",
        do_not="Do not raise pm.max_children: it moves the pile to the database (too many connections).",
    ),
    ("max_children_exhausted", "keepalive_pinned"): Entry(
        title="no free PHP worker: kept connections",
        what="With keepalive in the upstream and fastcgi_keep_conn on, each kept connection owns a "
        "worker, busy or not.",
        decides="Workers read an open connection on which no request comes, while others wait; or "
        "keepalive x nginx's workers reaches pm.max_children.",
        fix="lower or remove keepalive where the finding says, then `nginx -t && systemctl reload nginx`",
        advice="Remove `keepalive` (or `fastcgi_keep_conn on`) for {endpoint}, or set it so that nginx's "
        "workers x keepalive stays below pm.max_children; then `nginx -t && systemctl reload nginx`.",
        do_not="Do not raise pm.max_children: nginx's workers x keepalive takes the new ones as well.",
    ),
    ("max_children_exhausted", "cpu_starved"): Entry(
        title="no free PHP worker: no CPU time",
        what="The workers want a CPU and mostly have none: a quota, the hypervisor or other programs "
        "take it.",
        decides="Most workers are runnable and run less than half of the time, and cpu.stat, the steal time "
        "or the run queue says why.",
        fix="give CPU time: raise the quota that the finding names, or move away what else runs",
        advice="CPUQuota= of the unit and `systemd-cgtop` for a quota; the host's provider "
        "for steal time; `top` for what else runs.",
        do_not="Do not raise pm.max_children: more workers share the same CPU time, and each is slower.",
    ),
    ("workers_halted", None): Entry(
        title="PHP workers do not run",
        what="The processes are there and hold the socket, and the kernel does not run them. Connections "
        "wait in the queue.",
        decides="The state of each process in /proc, seen twice, and the freezer of its cgroup.",
        fix="let the processes run that the evidence names, or systemctl restart {unit}",
        advice="The evidence names each process and what holds it. Ask who halted it, then let it run.",
        do_not="Do not raise pm.max_children or fastcgi_read_timeout: the workers are there and do nothing.",
    ),
    ("workers_halted", "stopped"): Entry(
        title="PHP workers are stopped (SIGSTOP)",
        what="Somebody or something sent SIGSTOP. A stopped worker keeps its connection and its place.",
        decides="State T in /proc/PID/stat, seen twice.",
        fix="`kill -CONT {pids}`, or systemctl restart {unit}",
        advice="`kill -CONT {pids}` lets them run on; `systemctl restart {unit}` replaces them. Look for "
        "a script, a debugger or a person that stops processes (`kill -STOP`, Ctrl-Z, cpulimit).",
        do_not="Do not raise pm.max_children: a stopped pool starts no more workers, or they hide the fault.",
    ),
    ("workers_halted", "traced"): Entry(
        title="PHP workers are held by a tracer",
        what="A debugger or tracer has stopped the process and has not let it go.",
        decides="State t in /proc/PID/stat, seen twice; TracerPid names the tracer.",
        fix="end or detach the tracer that the evidence names; then systemctl restart {unit} if need be",
        advice="Detach the tracer (`detach` in gdb, Ctrl-C in strace), or end it.",
        do_not="Do not send SIGCONT: a traced process stays stopped.",
    ),
    ("workers_halted", "frozen"): Entry(
        title="PHP-FPM is frozen with its cgroup",
        what="The cgroup freezer holds all processes of the unit: systemctl freeze, a container's pause, a "
        "snapshot tool.",
        decides="cgroup.events says frozen 1 (version 2), or freezer.state says FROZEN (version 1).",
        fix="`systemctl thaw {unit}`, or unfreeze the cgroup that the evidence names",
        advice="`systemctl thaw {unit}`; where that is refused, `echo 0 > cgroup.freeze` in {path}, or "
        "`echo THAWED > freezer.state` there. Ask which tool froze it: it may do so again.",
        do_not="Do not restart php-fpm first: frozen processes take no signal, and the stop waits for them.",
    ),
    ("workers_halted", "disk_wait"): Entry(
        title="PHP workers wait in the kernel (state D)",
        what="The process waits for a disk, a network file system or a frozen one. No signal ends that.",
        decides="State D in /proc/PID/stat, seen twice without any CPU in between, and its wait channel.",
        fix="repair the storage that the wait names (dmesg, mount, iostat); then `systemctl restart {unit}`",
        advice="The evidence names the kernel's function: nfs and rpc mean a server that does not answer, "
        "io_schedule and folio a disk, percpu_rwsem and sb_ a file system that `fsfreeze` holds.",
        do_not="Do not kill or restart first: such a process ends only when its wait does.",
    ),
    ("workers_halted", "master_halted"): Entry(
        title="the master of PHP-FPM does not run",
        what="Workers that are there serve on. Nothing starts, ends or replaces one, and no reload comes "
        "through.",
        decides="The state of the master in /proc/PID/stat, seen twice.",
        fix="`kill -CONT {pids}`, or systemctl restart {unit}",
        advice="`kill -CONT {pids}` lets it run on, unless the evidence names a tracer or a wait.",
        do_not="Do not reload php-fpm: a stopped master does not take the signal.",
    ),
    # ------------------------------------------------------------------------------------------ 5
    ("fastcgi_read_timeout", None): Entry(
        title="a script is slower than fastcgi_read_timeout",
        what="nginx gives up waiting (504) while the script still runs and keeps its worker.",
        decides="upstream timed out while reading response header, and neither a queue nor a limit "
        "explains the wait.",
        fix="make the script faster, or set fastcgi_read_timeout higher in its own location only",
        advice="Find the script (slowlog, nginx's access log). Move long work to a queue, or give its "
        "own location a longer fastcgi_read_timeout.",
        do_not="Do not raise fastcgi_read_timeout for the whole server: every hang then holds a worker "
        "that much longer.",
    ),
    ("fastcgi_read_timeout", "slow_script"): Entry(
        title="a script is slower than fastcgi_read_timeout",
        what="nginx gives up waiting (504) while the script still runs and keeps its worker. Workers "
        "are free, so it is not the queue.",
        decides="upstream timed out while reading response header; the FastCGI probe answers at once, "
        "the queue is empty, no worker limit was logged.",
        fix="make the script faster, or set fastcgi_read_timeout higher in its own location only",
        advice="request_slowlog_timeout in pool {pool} names the call that waits. Move long work to a "
        "queue; else give that URL a location of its own "
        "with a longer fastcgi_read_timeout, above max_execution_time and request_terminate_timeout: "
        "`fastcgi_read_timeout 60s;` beside its "
        "fastcgi_pass (the evidence names the one that was used), then `nginx -t && systemctl reload nginx`.",
        do_not="Do not set fastcgi_read_timeout 300s everywhere: every hang then holds a worker. More "
        "workers do not help either.",
    ),
    ("fastcgi_read_timeout", "slow_dependency"): Entry(
        title="a script waits for a slow dependency",
        what="nginx gives up (504) while the script waits for a database, an API or a lock. Workers are "
        "free, so it is not the queue.",
        decides="The workers that serve a request are held at the same peer, lock or file system at most "
        "samples, and use no CPU.",
        fix="repair what the script waits for, which the finding names; give each call a timeout of its own",
        advice="The finding names the service or the lock. Repair it; give each such call a timeout "
        "shorter than fastcgi_read_timeout.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: both let more requests wait there.",
    ),
    ("fastcgi_read_timeout", "cpu_starved"): Entry(
        title="a script gets too little CPU time",
        what="nginx gives up (504) while the script waits for a CPU: a quota, the hypervisor or other "
        "programs take it.",
        decides="The workers that serve a request are runnable and run less than half of the time, and "
        "cpu.stat, the steal time or the run queue says why.",
        fix="give CPU time: raise the quota that the finding names, or move away what else runs",
        advice="CPUQuota= of the unit and `systemd-cgtop` for a quota; the host's provider "
        "for steal time; `top` for what else runs.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: the CPU time stays the same.",
    ),
    # ------------------------------------------------------------------------------------------ 6
    ("worker_oom_killed", None): Entry(
        title="PHP worker killed for lack of memory",
        what="The OOM killer took a worker in the middle of a request; nginx saw the connection reset "
        "or closed.",
        decides="A kernel or journal record of an OOM kill names a worker of this host; its exit on "
        "signal 9 is in FPM's log.",
        fix="fewer workers in pool {pool} or more memory: workers x USS + the shared part must fit",
        advice="Lower pm.max_children of pool {pool} until workers x USS plus the shared part fits, or "
        "give more memory. Look for the script that grows.",
        do_not="Do not lower pm.max_requests or add swap and call it done: the sum of the workers "
        "still does not fit.",
    ),
    ("worker_oom_killed", "global"): Entry(
        title="PHP worker OOM-killed: the host ran out",
        what="The whole host ran out of memory, and the kernel chose a PHP worker.",
        decides="Kernel: Out of memory: Killed process, constraint none, the process a worker of this host.",
        fix="fewer workers in pool {pool} or more memory: workers x USS + the shared part must fit",
        advice="Sum up what runs on the host (database, cache, FPM). Lower pm.max_children of pool "
        "{pool} until workers x USS plus the shared part fits "
        "beside it, or add memory.",
        do_not="Do not take swap for a fix: it turns the kill into minutes of stalling. memory_limit "
        "bounds a script, not the number of workers.",
    ),
    ("worker_oom_killed", "cgroup"): Entry(
        title="PHP worker OOM-killed: cgroup limit",
        what="The unit or container reached its memory limit; the host itself may have memory to spare.",
        decides="Kernel: Memory cgroup out of memory, in a cgroup of this host; its oom_kill counter rose.",
        fix="raise the limit (MemoryMax= of {unit} or the container's) or lower pm.max_children of {pool}",
        advice="Either raise the limit (`systemctl edit {unit}`: MemoryMax=, or the container's) or "
        "lower pm.max_children of pool {pool} until "
        "workers x USS plus the shared part fits inside. Set OOMPolicy=continue, or one kill stops the unit.",
        do_not="Do not size by the host's RAM and do not add swap: the cgroup's limit binds, swap does "
        "not lift it.",
    ),
    ("worker_oom_killed", "systemd_oomd"): Entry(
        title="PHP worker killed by systemd-oomd",
        what="systemd-oomd killed the cgroup because of memory pressure, before the kernel had to.",
        decides="The journal of systemd-oomd says it killed this cgroup; the kernel has no OOM record.",
        fix="`journalctl -u systemd-oomd`; relieve the memory, or ManagedOOMPreference=avoid for {unit}",
        advice="`journalctl -u systemd-oomd`: pressure or swap? Lower pm.max_children of pool {pool} "
        "or add memory; "
        "ManagedOOMPreference=avoid for {unit} when another unit should go first.",
        do_not="Do not disable systemd-oomd: the kernel's killer comes next, and it chooses worse.",
    ),
    # ------------------------------------------------------------------------------------------ 7
    ("invalid_response", None): Entry(
        title="no valid answer from PHP-FPM",
        what="nginx got no valid FastCGI response: the worker died or something else answered.",
        decides="recv() failed (104), prematurely closed connection or a protocol error, joined with "
        "what FPM and the kernel say of that second.",
        fix="find out what ended the worker: FPM's log and the kernel's at that second",
        advice="Read FPM's log, `journalctl -u {unit}` and the kernel log at the second of the nginx line.",
        do_not="Do not blame the script: a PHP fatal error is a 500, and exit() is a 200.",
    ),
    ("invalid_response", "segfault"): Entry(
        title="PHP workers crash (SIGSEGV and the like)",
        what="PHP or one of its extensions crashes in the middle of a request.",
        decides="FPM: child exited on signal 11 (or 7, 6, 4); often a kernel line segfault at ... in "
        "LIBRARY.",
        fix="disable what the kernel's segfault line names (extension, JIT) or upgrade it; restart {unit}",
        advice="`dmesg | grep segfault` names the library, `coredumpctl info` the stack. Disable that "
        "extension or the JIT (opcache.jit = off), or go back to "
        "the version before the last upgrade; then `systemctl restart {unit}`.",
        do_not="Do not add workers, memory or a restart timer, nor rely on "
        "emergency_restart_threshold: they only hide it.",
    ),
    ("invalid_response", "killed"): Entry(
        title="PHP workers are killed, not for memory",
        what="Somebody sent SIGKILL or SIGTERM to a worker: a script, a watchdog, a stop timeout.",
        decides="FPM: child exited on signal 9 (or 15), and neither the kernel nor systemd-oomd has an "
        "OOM record of that time.",
        fix="find who sends the signal: cron, watchdog, deploy script, TimeoutStopSec of {unit}",
        advice="Compare the times with cron, deploys and watchdogs; `journalctl -u {unit}` shows a "
        "stop timeout. To catch the sender: "
        "`auditctl -a always,exit -F arch=b64 -S kill -k who_kills`.",
        do_not="Do not add memory or swap: signal 9 alone is not an OOM kill.",
    ),
    ("invalid_response", "not_fastcgi"): Entry(
        title="what listens there is not FastCGI",
        what="fastcgi_pass leads to another program: an HTTP server, a database, FPM's neighbour.",
        decides="The FastCGI probe connects and gets something else back; the socket table names the "
        "program.",
        fix="set fastcgi_pass of {site} to its pool, then `nginx -t && systemctl reload nginx`",
        advice="`ss -lxtnp` shows who holds {endpoint}. Put the pool's `listen` into fastcgi_pass of "
        "{site}; an HTTP server wants proxy_pass. "
        "Then `nginx -t && systemctl reload nginx`.",
        do_not="Do not enlarge fastcgi_buffers: the answer is not too large, it is not FastCGI.",
    ),
    ("invalid_response", "protocol_error"): Entry(
        title="the answer breaks the FastCGI protocol",
        what="The connection works, but records or headers in it are broken.",
        decides="nginx: upstream sent unsupported FastCGI protocol version, invalid header or "
        "unexpected record.",
        fix="find what writes into the connection: the program on {endpoint}, or the header in the evidence",
        advice="See who listens on {endpoint} (`ss -lxtnp`). If it is FPM: look for the header that "
        "the nginx line quotes; "
        "an extension or a child process may write to descriptor 1.",
        do_not="Do not enlarge buffers: the size is not the problem.",
    ),
    ("invalid_response", "exit_code"): Entry(
        title="PHP workers end themselves with an error code",
        what="A worker gave up in the middle of a request: its heap was broken or full, or an extension "
        "called exit().",
        decides="FPM: child exited with code 1, 70 or 255 in the second of the loss, and not on a signal.",
        fix="catch_workers_output = yes in pool {pool}, reload {unit}: FPM's log then has its last words",
        advice="Code 1: `zend_mm_heap corrupted` or out of memory; 70: the request could not begin; 255: a "
        "fatal error outside of a script. Disable the extensions one by one, the newest first. "
        "`catch_workers_output = yes` in pool {pool} and `systemctl reload {unit}` bring the last words.",
        do_not="Do not raise memory_limit by reflex, nor add workers: each of them ends in the same way.",
    ),
    ("invalid_response", "system_call"): Entry(
        title="PHP workers die of SystemCallFilter=",
        what="A filter of system calls in the unit ends a worker as soon as a script makes one that is not "
        "in it.",
        decides="FPM: child exited on signal 31 (SIGSYS).",
        fix="widen SystemCallFilter= (systemctl cat {unit}); daemon-reload, then `systemctl restart {unit}`",
        advice="`journalctl -k` or `ausearch -m seccomp -ts recent` names the call's number, `ausyscall` "
        "makes a name of it. Let SystemCallFilter=@system-service stand in the file that `systemctl cat "
        "{unit}` shows, then `systemctl daemon-reload && systemctl restart {unit}`.",
        do_not="Do not blame an extension: it did nothing that it does not do elsewhere.",
    ),
    ("invalid_response", "hard_timeout"): Entry(
        title="PHP ended a worker at its hard timeout",
        what="A script ran past max_execution_time, did not stop within hard_timeout, and PHP ended "
        "the worker.",
        decides="Maximum execution time of N+M seconds exceeded (terminated); the child exited with "
        "code 124.",
        fix="make the script named in the evidence stop in time; check max_execution_time",
        advice="The line names the script. Something in it (a library call, a huge regular expression) "
        "could not be interrupted; bound it.",
        do_not="Do not raise fastcgi_read_timeout: it is not nginx that ends the request.",
    ),
    # ------------------------------------------------------------------------------------------ beyond the
    # seven
    ("request_terminated", None): Entry(
        title="requests ended by FPM's limit",
        what="The pool's own limit killed the worker; nginx saw a reset connection (502), not a timeout.",
        decides="FPM, same second: execution timed out, terminating, then exited on signal 15.",
        fix="make the script faster; max_execution_time < request_terminate_timeout < fastcgi_read_timeout",
        advice="FPM's line names the script. Repair it, or raise request_terminate_timeout of pool "
        "{pool}; keep the order "
        "max_execution_time < request_terminate_timeout < fastcgi_read_timeout. Then `systemctl reload "
        "{unit}`.",
        do_not="Do not raise fastcgi_read_timeout or pm.max_children: neither is what ended the request.",
    ),
    ("reload_interrupted", None): Entry(
        title="a reload of FPM cut running requests",
        what="With process_control_timeout = 0, the default, a reload ends the workers at once.",
        decides="FPM logs Reloading in progress (or a stop) in the same second, and no child exits by "
        "a signal of its own.",
        fix="set process_control_timeout in [global] above the longest request; `systemctl restart {unit}`",
        advice="Set `process_control_timeout = 30s` (above the longest request) in the [global] "
        "section, `systemctl restart {unit}` once. "
        "Drain the host during a deploy. Look at logrotate: USR1 reopens logs, USR2 reloads.",
        do_not="Do not call reload graceful: by default it is not. It is no crash either: memory and "
        "workers are not the matter.",
    ),
    ("response_header_too_big", None): Entry(
        title="response header too big",
        what="The header block of a response (cookies, debug headers) does not fit into one buffer; "
        "nginx answers 502.",
        decides="nginx: upstream sent too big header while reading response header.",
        fix="shrink cookies or debug headers, or raise fastcgi_buffer_size in that location; reload nginx",
        advice="Find which header grows (cookies, X-Debug). Else `fastcgi_buffer_size 16k` in that "
        "location, `nginx -t && systemctl reload nginx`.",
        do_not="Do not raise only fastcgi_buffers or proxy_*: the header must fit into "
        "fastcgi_buffer_size. Megabytes of it cost memory per request.",
    ),
    ("listen_backlog_full", None): Entry(
        title="the queue of the socket is full",
        what="More connections wait than the socket's backlog admits. On a unix socket that is an "
        "immediate 502 (errno 11), on TCP a 504.",
        decides="connect() gives EAGAIN, or Recv-Q stands above Send-Q in the socket table.",
        fix="free workers of pool {pool} first; listen.backlog and net.core.somaxconn only for short bursts",
        advice="Treat it as exhausted workers: what holds them? For short bursts: `listen.backlog` of "
        "pool {pool} up to net.core.somaxconn, "
        "`systemctl restart {unit}`.",
        do_not="Do not set a backlog of 65535: a quick 502 becomes a slow 504, and workers run "
        "requests whose clients are gone.",
    ),
    ("client_not_allowed", None): Entry(
        title="listen.allowed_clients drops nginx",
        what="The worker accepts the connection and closes it, because nginx's address is not in the "
        "list. FPM logs nothing by default.",
        decides="The pool listens on TCP with listen.allowed_clients, and the address nginx comes from "
        "is not in it.",
        fix="add nginx's address to listen.allowed_clients of pool {pool}, then `systemctl restart {unit}`",
        advice="Add the source address that nginx uses to `listen.allowed_clients` of pool {pool}, "
        "then `systemctl restart {unit}`.",
        do_not="Do not empty the list: then everybody who reaches the port runs code. It is no crash "
        "of a worker either.",
    ),
    ("upstream_unresolvable", None): Entry(
        title="the name in fastcgi_pass does not resolve",
        what="nginx cannot find the address of the upstream, or still uses an old one.",
        decides="nginx: host not found in upstream, no resolver defined, or a connect to an address "
        "that FPM no longer has.",
        fix="correct the name, or give nginx a resolver; `nginx -t && systemctl reload nginx`",
        advice="Does `getent hosts` find the name on this host? nginx resolves at start: after an address "
        "changed reload it, or use a variable with `resolver`.",
        do_not="Do not restart PHP-FPM again: nginx is the side that holds the old address.",
    ),
    ("upstream_unresolvable", "no_resolver"): Entry(
        title="a name in a variable, and no resolver",
        what="fastcgi_pass holds a variable, so nginx looks the name up for each request, and has no "
        "resolver to ask. /etc/hosts does not count there.",
        decides="nginx: no resolver defined to resolve NAME.",
        fix="resolver 127.0.0.53; (or your DNS server) beside fastcgi_pass; nginx -t, reload nginx",
        advice="Write `resolver` with the address of your DNS server (in Docker 127.0.0.11) beside the "
        "fastcgi_pass in the evidence. Or write the address, or the name without a variable. Then `nginx -t "
        "&& systemctl reload nginx`.",
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
        "name of an upstream block. Then `nginx -t && systemctl reload nginx`.",
        do_not="Do not trust nginx -t here: it cannot see what a variable will hold.",
    ),
    ("upstream_unresolvable", "stale_address"): Entry(
        title="nginx keeps an old address of a name",
        what="The name in fastcgi_pass got another address, as after a deploy of php-fpm. nginx looks "
        "names up only when it loads its configuration.",
        decides="nginx failed to connect to an address that the name no longer has, and was not reloaded "
        "since.",
        fix="`nginx -t && systemctl reload {unit}`",
        advice="`nginx -t && systemctl reload {unit}` now. For good: let the deploy reload nginx, or use "
        "a variable with `resolver` (`valid=10s`), or a fixed address or socket.",
        do_not="Do not restart PHP-FPM again: nginx is the side that holds the old address.",
    ),
    ("nginx_limit", None): Entry(
        title="nginx has reached a limit of its own",
        what="nginx has no connections or no file descriptors left; FPM is idle meanwhile.",
        decides="nginx: worker_connections are not enough, or Too many open files (24).",
        fix="raise worker_connections and worker_rlimit_nofile; `nginx -t && systemctl reload nginx`",
        advice="Each request to FPM takes two connections. Raise `worker_connections`, with "
        "`worker_rlimit_nofile` above twice that; "
        "`nginx -t && systemctl reload nginx`.",
        do_not="Do not change FPM: it never saw these requests.",
    ),
    ("no_live_server", None): Entry(
        title="nginx has no server to ask",
        what="nginx asks none of an upstream's servers and answers 502 itself, though PHP-FPM may be well.",
        decides="nginx: no live upstreams, without a server that failed just before.",
        fix="look at the server lines of the upstream: down, max_conns, fail_timeout; reload nginx",
        advice="Look at the `server` lines of the upstream: `down`, `max_conns`, `max_fails` and "
        "`fail_timeout` each keep nginx from asking. Then `nginx -t && systemctl reload nginx`.",
        do_not="Do not restart PHP-FPM: nginx does not ask it.",
    ),
    ("no_live_server", "all_down"): Entry(
        title="Each server of an upstream is marked down",
        what="The upstream's `server` lines all have `down`, so nginx answers 502 to each request.",
        decides="The configuration says so; nginx logs no live upstreams.",
        fix="take down out of {file}:{line}; nginx -t && systemctl reload nginx",
        advice="Find who marked it and why, for maintenance perhaps. Take `down` out of {file}:{line}, then "
        "`nginx -t && systemctl reload nginx`.",
        do_not="Do not restart PHP-FPM: nginx does not ask it.",
    ),
    ("no_live_server", "max_conns"): Entry(
        title="max_conns of an upstream is reached",
        what="nginx has as many connections to each server as `max_conns` allows, and answers 502 to more.",
        decides="A server line has max_conns; nginx: no live upstreams, and no server had failed.",
        fix="raise max_conns at {file}:{line} to pm.max_children, or take it out; reload nginx",
        advice="A pool queues what its workers cannot take, and max_conns turns that into 502. Raise it to "
        "`pm.max_children` at least, or take it out of {file}:{line}. Then `nginx -t && systemctl reload "
        "nginx`.",
        do_not="Do not raise pm.max_children alone: nginx would still send no more at a time.",
    ),
    ("no_live_server", "taken_out"): Entry(
        title="nginx still leaves out servers that answer",
        what="Each server failed, so nginx asks none of them for fail_timeout, though they answer by now.",
        decides="fail_timeout of the last failures is not over; nginx: no live upstreams; the probe answers.",
        fix="`systemctl reload nginx`: it forgets the failures; then a shorter fail_timeout at {file}:{line}",
        advice="`nginx -t && systemctl reload nginx` forgets the failures. Servers of one PHP-FPM fail "
        "together: give them `max_fails=0`, or a shorter fail_timeout at {file}:{line}.",
        do_not="Do not restart PHP-FPM: each restart takes its servers out again.",
    ),
    ("temp_dir_unwritable", None): Entry(
        title="nginx cannot buffer responses to its temp directory",
        what="Large responses are cut off: nginx cannot write its fastcgi_temp directory. The access "
        "log says 200.",
        decides="nginx [crit]: open() of a file below fastcgi_temp failed (13 or 28).",
        fix="chown the directory in the evidence to nginx's user, or free the disk",
        advice="Errno 13: give the directory in the evidence to the user of nginx's workers. Errno 28: "
        "free the disk (`df -h`, `df -i`).",
        do_not="Do not chmod 777: responses of all users would lie readable there.",
    ),
    ("temp_dir_unwritable", "request_body"): Entry(
        title="nginx cannot keep large request bodies",
        what="A body above client_body_buffer_size goes to a file first. nginx cannot write it, and answers "
        "500 to uploads.",
        decides="nginx [crit]: open() or pwritev() of a file below client_body_temp failed (13, 2 or 28).",
        fix="`systemctl reload {unit}` gives the directory back to nginx's user; or free a full disk",
        advice="Errno 13: `nginx -t && systemctl reload {unit}` lets nginx's master give the directory "
        "in the evidence to the user of its workers; one above it needs `chmod o+x`. Errno 28: free the disk "
        "(`df -h`, `df -i`).",
        do_not="Do not chmod 777: uploads of all users would lie readable there. php-fpm has no part in it.",
    ),
    ("redirect_cycle", None): Entry(
        title="nginx's locations lead in a circle",
        what="try_files, index, error_page or rewrite send a request to a path that comes back to the same "
        "place. After ten rounds nginx answers 500.",
        decides="nginx: rewrite or internal redirection cycle. php-fpm was never asked.",
        fix="let the target in the evidence reach the PHP location or an existing file; reload nginx",
        advice="See which location takes the path in the evidence (`nginx -T`). A nested location needs its "
        "own `location ~ \\.php$`; `root` must hold the fallback of try_files. Then `nginx -t && systemctl "
        "reload nginx`.",
        do_not="Do not restart PHP-FPM or look into its log: it got none of these requests.",
    ),
    ("cached_error", None): Entry(
        title="nginx serves a cached 502",
        what="fastcgi_cache_valid names `any` or 502, so nginx keeps its own error for a page. It goes on "
        "answering it while php-fpm is well again.",
        decides="A 502 or 504 of nginx's own was logged within the time of fastcgi_cache_valid, and a worker "
        "answers now.",
        fix="fastcgi_cache_valid 200 301 302 404 in place of any; `nginx -t && systemctl restart {unit}`",
        advice="Name the statuses worth keeping: `fastcgi_cache_valid 200 301 302 404 10m;`. Then `nginx -t "
        "&& systemctl restart {unit}`: the error is in the memory of the cache's zone, which a reload keeps.",
        do_not="Do not only delete the cache's files: the error is not in them. A reload does not help "
        "either.",
    ),
    ("php_fatal", None): Entry(
        title="PHP fatal errors (500)",
        what="The script ends with a fatal error. That is an answer of PHP, a 500: FPM and nginx work.",
        decides="FastCGI sent in stderr: PHP Fatal error, status 500.",
        fix="repair the application: the line in the evidence names file and line",
        advice="The line names file and line in the application. After a deploy also reload FPM: "
        "opcache may mix old and new code.",
        do_not="Do not raise memory_limit or restart by reflex, nor run php -r opcache_reset(): it "
        "clears the command line's cache only.",
    ),
    ("script_not_found", None): Entry(
        title="FPM does not find the script (404)",
        what="SCRIPT_FILENAME names a file that FPM does not see: wrong root, a missing volume, a "
        "stale link after a deploy.",
        decides="FastCGI sent in stderr: Primary script unknown, status 404.",
        fix="correct root or SCRIPT_FILENAME of {site}; FPM must see the same path",
        advice="Compare `root` and SCRIPT_FILENAME of {site} with what FPM's user sees (chroot, other "
        "container). "
        "With releases behind a link use $realpath_root.",
        do_not="Do not chmod the tree: the path is wrong, not the permission.",
    ),
    ("client_abort", None): Entry(
        title="clients hang up before the answer (499)",
        what="The browser or the load balancer gave up first.",
        decides="Status 499 in the access log, at times close to the load balancer's timeout.",
        fix="make the answer faster, or order the timeouts with the load balancer's",
        advice="Compare the request times with the timeout of what stands before nginx; the innermost "
        "timeout must be the shortest.",
        do_not="Do not raise nginx's timeouts: it is not nginx that gives up.",
    ),
    # ------------------------------------------------------------------------------------------ who may be
    # believed
    ("impostor", None): Entry(
        title="something else answers in place of PHP-FPM",
        what="A process that is no trusted php-fpm listens where a pool of this host should. "
        "It gets the visitors' requests, with their cookies and passwords.",
        decides="A pool of this host claims the endpoint; the socket table shows another process "
        "there, by pid, account and program.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. Find out who started it (`systemctl "
        "status` with its pid, and the exe below its /proc) and keep "
        "what you need of it, stop it, then `systemctl start {unit}`. Treat the secrets that passed it "
        "as stolen: passwords, sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is: "
        "it comes back, and its traces are gone.",
    ),
    ("impostor", "not_php_fpm"): Entry(
        title="another program answers in place of PHP-FPM",
        what="A program that is not php-fpm listens on an endpoint that a pool of this host claims. It "
        "gets the visitors' requests.",
        decides="The listener's executable is no php-fpm; no trusted php-fpm listens there.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. If it is yours, give it another "
        "address. If not, keep what you need of it, stop it, "
        "then `systemctl start {unit}`. Treat the secrets that passed it as stolen: passwords, "
        "sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is: "
        "it comes back, and its traces are gone.",
    ),
    ("impostor", "untrusted_php_fpm"): Entry(
        title="a stranger's php-fpm answers",
        what="A php-fpm that root did not start, or whose program or configuration others can write, "
        "listens on an endpoint that a pool claims.",
        decides="The listener calls itself php-fpm, but its account, its program or its configuration "
        "is not root's alone.",
        fix="`ss -lxtnp` shows who holds {endpoint}: find out who it is, stop it, start {unit}",
        advice="The evidence names the process and its account. If that account is meant to run PHP "
        "here, give it an endpoint of its own. If not, "
        "stop it, then `systemctl start {unit}`. Treat the secrets that passed it as stolen: "
        "passwords, sessions, API keys.",
        do_not="Do not start php-fpm again, restart nginx or dial elsewhere before you know who it is: "
        "it comes back, and its traces are gone.",
    ),
    ("writable_config", None): Entry(
        title="others can write root's configuration",
        what="A program that root runs reads a configuration that another account can write. That "
        "account becomes root at the next reload.",
        decides="Owner, mode and ACL of the file, of one that it includes, or of a directory above it.",
        fix="read what the evidence names, then chown root:root and chmod go-w it",
        advice="Read the file that the evidence names before anything loads it. Then `chown root:root` "
        "and `chmod go-w` it, the directories above it too; "
        "`getfacl` shows whether an ACL still lets others in.",
        do_not="Do not test or reload it before it was read: as root, php-fpm and nginx do what it "
        "says, such as writing to any file.",
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
        do_not="Do not run nginx -t or reload nginx before it was read: as root it opens the log files "
        "and loads the modules that it names.",
    ),
}

UNKNOWN = Entry(
    title="a cause this version has no words for",
    what="The host reports a cause that the controller's catalogue does not know: the two come from "
    "different versions.",
    decides="See the evidence.",
    fix="read the evidence in the report; update the collection on the controller",
    advice="Read the evidence in the report, and update the collection on the controller.",
    do_not="Do not act on the name alone.",
)


# What keeps a cause away that is over, where that is not its fix.
AGAIN: dict[tuple[str, str | None], str] = {
    ("fpm_not_running", "crashed"): "find what killed it: journalctl -u {unit} -n 50",
    ("fpm_not_running", "oomd_killed"): "fewer workers or a higher MemoryHigh= (systemctl cat {unit})",
    ("fpm_not_running", "start_limit_hit"): "find the first failure: journalctl -u {unit} -n 100",
    (
        "fpm_not_running",
        "oom_stopped",
    ): "OOMPolicy=continue in systemctl edit {unit}, and a pool size that fits the memory",
    (
        "fpm_not_running",
        "runtime_dir_missing",
    ): "let RuntimeDirectory= in systemctl edit {unit}, or a line in "
    "/etc/tmpfiles.d, make the directory at each boot",
    (
        "socket_path_mismatch",
        "config_not_loaded",
    ): "let each deploy end with systemctl reload {unit}, after its last file",
    (
        "socket_path_mismatch",
        "nginx_not_loaded",
    ): "let each deploy end with nginx -t && systemctl reload nginx, after its last file",
    ("socket_path_mismatch", "socket_deleted"): "find what deletes {socket}: a deploy script, a cron job, "
    "tmp cleaning",
}
# What comes back by itself, as with the next deploy or the next rush, until its fix is done.
RETURNS = frozenset(
    ("reload_interrupted", "request_terminated", "max_children_exhausted", "fastcgi_read_timeout")
    + ("worker_oom_killed", "invalid_response", "response_header_too_big", "listen_backlog_full")
    + ("nginx_limit", "upstream_unresolvable", "temp_dir_unwritable", "no_live_server")
)


RUNS_AGAIN = "it runs again; journalctl -u {unit} -n 50 tells why it was down"


def cure_of_the_past(finding: Mapping[str, Any]) -> str | None:
    """What keeps a cause from coming back that is over. None where nothing is known to bring it back."""
    cause, reason = finding["cause"], finding.get("reason")
    again = AGAIN.get((cause, reason))
    if again is not None:
        return fill(again, finding)
    return fill(lookup(cause, reason).fix.replace("`", ""), finding) if cause in RETURNS else None


def lookup(cause: str, reason: str | None) -> Entry:
    """The entry of a reason, else of its cause, else ``UNKNOWN``."""
    return CATALOGUE.get((cause, reason)) or CATALOGUE.get((cause, None)) or UNKNOWN


def anchor(cause: str, reason: str | None) -> str:
    """Where docs/causes.md explains it, with the fallback of ``lookup``; the page itself for the unknown."""
    if reason and (cause, reason) in CATALOGUE:
        return "%s#%s-%s" % (DOC_PAGE, cause, reason)
    return "%s#%s" % (DOC_PAGE, cause) if (cause, None) in CATALOGUE else DOC_PAGE


def _fields(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What ``fill`` may use: the finding's own fields, the arguments of its remedies, else the place its
    evidence names.
    """
    known: dict[str, Any] = {name: finding.get(name) for name in ("unit", "pool", "site", "endpoint")}
    endpoint = finding.get("endpoint")
    if isinstance(endpoint, str) and endpoint.startswith("unix:"):
        known["socket"] = endpoint[len("unix:") :]
    elif isinstance(endpoint, str) and endpoint.rpartition(":")[2].isdigit():
        known["port"] = endpoint.rpartition(":")[2]
    for piece in finding.get("evidence") or []:
        if piece.get("path") and piece.get("line") and "file" not in known:
            known.update(file=piece["path"], line=piece["line"])
        is_log = str(piece.get("source")).endswith("_log")  # it is where the line was read
        if str(piece.get("path")).startswith("/") and not (is_log or piece.get("line") or "path" in known):
            known["path"] = piece["path"]
        if piece["source"] == "pids":
            known["pids"] = piece["text"]
        if piece.get("path") and piece["source"] == "place":
            known.update(path=piece["path"], directory=posixpath.dirname(piece["path"]))
        for name, words in _IN_EVIDENCE.items():
            found = words.search(str(piece.get("text")))
            # Of an account that is to be let in, our own word counts alone.
            if found and (name != "user" or piece.get("source") == "probe"):
                known.setdefault(name, found.group(1))
    known.setdefault("address", endpoint)
    for form, pattern in _PACKAGES:
        version = pattern.search(str(endpoint))
        if version:
            known["package"] = form % version.group(1)
    for remedy in finding.get("remedy") or []:
        arguments = remedy.get("arguments") or {}
        known.update(
            {name: arguments[name] for name in ("user", "path", "file", "line", "to") if arguments.get(name)}
        )
    return known


def fill(text: str, finding: Mapping[str, Any]) -> str:
    """Put a finding's fields into a text. Plain words stand where a command would lack one of them."""
    return filled(text, _fields(finding))


def _as_there(text: str, finding: Mapping[str, Any]) -> str:
    """With what starts it there in place of systemctl, and without systemctl where no unit is known."""
    for piece in finding.get("evidence") or []:
        if piece.get("source") == "service" and str(piece.get("text")).isprintable():
            command = " ".join(shlex.quote(word) for word in piece["text"].split(" "))
            text = text.replace("systemd-tmpfiles --create && ", "")
            text = text.replace("systemctl start {unit}", command)
            text = text.replace("systemctl restart {unit}", command.replace(" start", " restart"))
    return text if finding.get("unit") else text.replace("systemctl reload nginx", "nginx -s reload")


# Where neither program has loaded its files.
BOTH_FIX = "php-fpm -t and nginx -t, then `systemctl reload {unit} nginx`: neither has loaded its files"
# Of one of an upstream's servers, while another one answers.
SPARE_FIX = "take the dead server out of {file}:{line}, or let something listen there; nginx -t, reload nginx"


def _fix(finding: Mapping[str, Any]) -> str:
    """The text of a fix, with its marks."""
    spare = finding["cause"] == "socket_path_mismatch" and any(
        piece.get("source") == "spare" for piece in finding.get("evidence") or []
    )
    # nginx still dials the place before: php-fpm alone must not leave that.
    both = finding.get("reason") == "config_not_loaded" and finding.get("state") == "latent"
    return SPARE_FIX if spare else BOTH_FIX if both else lookup(finding["cause"], finding.get("reason")).fix


def steps_for(finding: Mapping[str, Any]) -> list[Step]:
    """The fix of an active finding: its commands, and the words between them, in their order.

    The text is divided before the fields of the host are put into it.
    """
    known = _fields(finding)
    parts = [_as_there(part, finding) for part in _fix(finding).split("`")]
    return [
        Step(bool(number % 2) and complete(part, known), filled(part, known))
        for number, part in enumerate(parts)
        if part
    ]


def words_for(finding: Mapping[str, Any]) -> Words:
    """What is said of a finding. One of which only the name is known will do."""
    entry = lookup(finding["cause"], finding.get("reason"))
    fix = fill(_as_there(_fix(finding).replace("`", ""), finding), finding)
    if finding.get("state") == "recovered":
        runs_again = fill(RUNS_AGAIN, finding) if finding["cause"] == "fpm_not_running" else fix
        fix = cure_of_the_past(finding) or runs_again
    return {
        "title": entry.title,
        "fix": fix,
        "advice": fill(_as_there(entry.advice, finding), finding),
        "do_not": entry.do_not,
        "doc": anchor(finding["cause"], finding.get("reason")),
    }


def enrich(finding: Finding) -> Explained:
    """A copy of ``finding`` with title, fix, advice, do_not and doc."""
    return {**finding, **words_for(finding)}


def markdown() -> str:
    """The text of docs/causes.md."""
    lines = [
        "<!-- Made from plugins/plugin_utils/catalogue.py; change it there. -->",
        "",
        "# Causes",
        "",
        (
            "Every finding carries a `cause` and mostly a finer `reason`. The number is that of the "
            "classic seven causes of a 502."
        ),
        "Words in capitals stand for what the finding names: "
        + ", ".join("`%s`" % name for name in FIELDS.values())
        + ".",
    ]
    codes = {cause.id: " (%d)" % cause.code for cause in CAUSES if cause.code}
    for (cause, reason), entry in CATALOGUE.items():
        code = codes.get(cause, "") if reason is None else ""
        lines += [
            "",
            "%s %s%s" % ("###" if reason else "##", cause, "-" + reason if reason else ""),
            "",
            "**%s%s.** %s" % (entry.title[0].upper() + entry.title[1:], code, named(entry.what)),
            "",
            "- What decides: " + named(entry.decides),
            "- Fix: " + named(entry.advice),
            "- Not this: " + entry.do_not,
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
