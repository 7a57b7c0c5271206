# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP-FPM does not run, since it cannot start: what its start met."""

from __future__ import annotations

from ..entry import Entry, When
from ..unit_steps import UNIT_FIXES

# Of a newer PHP, or of one that was built with more (fpm_conf.c).
_LATER = (
    ("access.suppress_path[]", "apparmor_hat", "clear_env", "decorate_workers_output", "listen.acl_groups")
    + ("listen.acl_users", "listen.setfib", "log_buffering", "log_limit", "pm.max_spawn_rate")
    + ("process.dumpable", "process.priority", "request_terminate_timeout_track_finished", "systemd_interval")
)
_LATER_FIX = (
    "take {file}:{line} out: this php-fpm has no {directive}, as a newer PHP or another build has; then "
    "`{restart}`"
)
# Settings of php.ini that people write into a pool file as they stand there.
_OF_INI = (
    "allow_url_fopen allow_url_include auto_append_file auto_prepend_file cgi.fix_pathinfo curl.cainfo "
    "date.timezone default_charset default_mimetype default_socket_timeout disable_classes "
    "disable_functions display_errors display_startup_errors error_reporting expose_php file_uploads "
    "html_errors include_path log_errors mail.log max_execution_time max_file_uploads max_input_time "
    "max_input_vars memory_limit open_basedir openssl.cafile output_buffering post_max_size "
    "realpath_cache_size realpath_cache_ttl sendmail_path session.auto_start session.cookie_httponly "
    "session.cookie_lifetime session.cookie_secure session.gc_maxlifetime session.name "
    "session.save_handler session.save_path short_open_tag sys_temp_dir upload_max_filesize "
    "upload_tmp_dir user_ini.cache_ttl user_ini.filename variables_order"
)
_INI_FIX = (
    "write {file}:{line} as php_admin_value[{directive}] of a pool: it is a setting of php.ini, and none of "
    "php-fpm's own; then `{restart}`"
)
# They are a part of opcache's memory (ZendAccelerator.c).
_STRINGS_FIX = (
    "let opcache.memory_consumption be larger than opcache.interned_strings_buffer, which is a part of it; "
    "`{start}`"
)
_DIRECTORY_FIX = "move the directory {path} away (a volume or a script may make it again), then `{start}`"
_MAIN_FILE_FIX = (
    "put back {path}, from a backup or by a new installation of its package (Debian: --force-confmiss); "
    "`{restart}`"
)

WORDS: dict[tuple[str, str | None], Entry] = {
    ("fpm_not_running", "config_invalid"): Entry(
        title="PHP-FPM is not running: bad configuration",
        what="The master refuses its configuration (php-fpm -t ends with 78) and exits before it binds "
        "anything. One bad pool file stops all pools.",
        decides="php-fpm -t fails and names file and line; the unit failed with exit status 78.",
        fix="correct {file}:{line}, which php-fpm -t refuses, then `{restart}`",
        advice="Correct or restore the file and line in the evidence, repeat `php-fpm -t` with the unit's "
        "own binary until it passes, then `{restart}`. After a change of pm.max_children check the spare "
        "keys too: min_spare <= start <= max_spare <= max_children.",
        do_not="Do not restart in a loop: it fails the same way each time and ends in the start limit.",
        when=(
            When("fault", "main_file", _MAIN_FILE_FIX),
            *(When("directive", name, _LATER_FIX) for name in _LATER),
            *(When("directive", name, _INI_FIX) for name in _OF_INI.split()),
        ),
    ),
    ("fpm_not_running", "unknown_user"): Entry(
        title="PHP-FPM is not running: unknown user or group",
        what="A pool's user, group or listen.owner does not exist on this host, so the master exits at "
        "start.",
        decides="php-fpm -t or the log: cannot get uid (or gid) for user; the account database has no such "
        "name.",
        fix="create the account {account} or correct the name in the pool file, then `{restart}`",
        advice="Decide which is right, the account or the pool file. Create the account (`useradd --system "
        "{account}`) or correct `user`, `group`, `listen.owner`, `listen.group`; then `php-fpm -t` and "
        "`{restart}`. With LDAP: is sssd or nslcd up?",
        do_not="Do not set user = root or the web server's user to get past it: the site's code would run "
        "with that account's rights.",
    ),
    ("fpm_not_running", "bind_failed"): Entry(
        title="PHP-FPM is not running: cannot bind",
        what="The master cannot create its listening socket: permission, a read-only or full filesystem, an "
        "address this host does not have.",
        decides="The log says unable to bind listening socket, with the system's error.",
        fix="remove what the bind error in the evidence names, then `{start}`",
        advice="Read the error after `unable to bind listening socket`: an address the host lacks (`ip "
        "addr`), a directory the master may not write, a full or read-only filesystem. Operation not "
        "permitted (1) or not supported (95): that file system, such as a shared folder, takes no sockets "
        "or knows no ACL. Then let the pool listen below /run. Remove it, then `{start}`.",
        do_not="Do not delete the socket by reflex: this text rarely means a stale socket, FPM replaces "
        "those itself.",
        when=(When("fault", "directory", _DIRECTORY_FIX),),
    ),
    ("fpm_not_running", "address_in_use"): Entry(
        title="PHP-FPM is not running: its address is taken",
        what="Another program, another master or a second pool already listens where this pool wants to.",
        decides="The log says Address already in use (or already used in another pool); the socket table "
        "shows the other listener.",
        fix="`ss -lxtnp` shows who holds {address}; move one of the two, then `{start}`",
        advice="`ss -lxtnp` shows who holds {address}. Stop that program if it should not be there, or give "
        "the pool another `listen` and nginx the same `fastcgi_pass`. A pool that an update moved to "
        "another PHP must leave the old one's directory. Then `{start}`.",
        do_not="Do not delete the socket file: the other listener keeps serving its deleted socket, and "
        "nginx then finds nobody.",
    ),
    ("fpm_not_running", "runtime_dir_missing"): Entry(
        title="PHP-FPM is not running: runtime directory",
        what="The directory of the socket or the pid file (/run/php, /run/php-fpm) does not exist: /run is "
        "empty after each boot.",
        decides="The log says unable to bind ... No such file or directory (2), or cannot open the pid "
        "file; the directory is absent.",
        fix="`{make_directories_and_start}`",
        advice="`{make_directories_and_start}`. To keep it: RuntimeDirectory= in a drop-in of the unit, or "
        "a line in /etc/tmpfiles.d/.",
        do_not="Do not mkdir it by hand: wrong owner, and gone after the next boot. It is not a stale "
        "socket either.",
        again="let RuntimeDirectory= in systemctl edit {unit}, or a line in "
        "/etc/tmpfiles.d, make the directory at each boot",
    ),
    ("fpm_not_running", "selinux_port"): Entry(
        title="PHP-FPM is not running: SELinux, port",
        what="SELinux's policy does not let php-fpm listen on this port: the port has a type that web "
        "programs may not bind.",
        decides="php-fpm says Permission denied (13) at its start, the kernel logged name_bind, and the "
        "policy, asked again, still denies it.",
        fix="`semanage port -a -t http_port_t -p tcp {port}` (-m if it has one), `{start}`",
        advice="`semanage port -a -t http_port_t -p tcp {port}`; `-m` in place of `-a` where the port has a "
        "type of its own. Or let the pool listen on a unix socket. Then `{start}`.",
        do_not="Do not setenforce 0, and do not chmod anything: the modes are not what refuses.",
    ),
    ("fpm_not_running", "selinux_label"): Entry(
        title="PHP-FPM is not running: SELinux, label",
        what="A file or directory that php-fpm needs at its start has a label that its domain may not use.",
        decides="php-fpm says Permission denied (13) at its start, the kernel logged a denial, and the "
        "policy, asked again, still denies it.",
        fix="`restorecon -RFv {path}`, then `{start}`",
        advice="`restorecon -RFv {path}`. Where the label stays, name the right one: `semanage fcontext -a "
        "-t httpd_var_run_t '/srv/run(/.*)?'` for sockets, httpd_log_t for logs. Then `{start}`.",
        do_not="Do not setenforce 0. chcon alone is undone by the next relabelling.",
    ),
    ("fpm_not_running", "apparmor"): Entry(
        title="PHP-FPM is not running: AppArmor",
        what="php-fpm's AppArmor profile refuses something that it needs at its start.",
        decides="php-fpm says Permission denied (13) at its start, and the kernel logged DENIED for its "
        "profile at that moment.",
        fix="allow what the evidence names in the profile (aa-logprof), then `{start}`",
        advice="The evidence names profile, operation and path. Add the path to the profile below "
        "/etc/apparmor.d/local (`aa-logprof` proposes the line), load it with `apparmor_parser -r`, then "
        "`{start}`.",
        do_not="Do not stop AppArmor: a profile that is unloaded leaves all its programs unconfined.",
    ),
    ("fpm_not_running", "address_family"): Entry(
        title="PHP-FPM is not running: address families",
        what="RestrictAddressFamilies= of the unit lets php-fpm make no socket of the kind its pool listens "
        "on, or by which it tells systemd that it is ready (AF_UNIX).",
        decides="The journal says Address family not supported (97), or the start timed out, and systemctl "
        "show lists the families.",
        fix="allow it in RestrictAddressFamilies= (systemctl cat {unit}), daemon-reload, start {unit}",
        advice="`systemctl cat {unit}` shows the file that sets it. Let RestrictAddressFamilies= have "
        "AF_UNIX AF_INET AF_INET6 there, or take the line out. Then `{load_unit_and_start}`.",
        do_not="Do not change the pool's listen to get past it: nginx would dial in vain.",
    ),
    ("fpm_not_running", "system_call"): Entry(
        title="PHP-FPM is not running: SystemCallFilter=",
        what="A filter of system calls in the unit ends php-fpm as soon as it makes one that is not in it.",
        decides="The main process ended with signal SIGSYS (31).",
        fix="widen SystemCallFilter= (systemctl cat {unit}); daemon-reload, then `{start}`",
        advice="`ausearch -m seccomp -ts recent` or `journalctl -k` names the call's number, `ausyscall` "
        "its name. `systemctl cat {unit}` shows the file that sets the filter: let "
        "SystemCallFilter=@system-service stand there, then `{load_unit_and_start}`.",
        do_not="Do not look for a fault in php-fpm: it did nothing that it does not do on any start.",
    ),
    ("fpm_not_running", "condition_failed"): Entry(
        title="PHP-FPM is not running: a condition",
        what="systemd skipped the start, since a Condition or Assert of the unit was not met. A skipped "
        "start counts as a success and leaves no error behind.",
        decides="ConditionResult=no or AssertResult=no after a start was tried; systemctl status names the "
        "condition.",
        fix="make the named condition true, or take it out (systemctl edit {unit}); `{start}`",
        advice="`systemctl status {unit}` names the condition. Make it true, such as by the file or path "
        "that it names. Or take it out of the unit (`systemctl edit {unit}`). Then `{start}`.",
        do_not="Do not start the unit again and again: each start is skipped the same way, without an error.",
    ),
    ("fpm_not_running", "dependency_failed"): Entry(
        title="PHP-FPM is not running: a needed unit failed",
        what="A unit that this one requires did not start, so systemd did not start this one either.",
        decides="The journal says Dependency failed, and no start was tried after it.",
        fix="`systemctl list-dependencies {unit}`: start the one that failed, then `{start}`",
        advice="`systemctl list-dependencies {unit}` shows which one failed: a mount, a network target, a "
        "database. Mend that one, then `{start}`.",
        do_not="Do not take Requires= out by reflex: a mount that is missing may hold the sites.",
    ),
    ("fpm_not_running", "unit_setup_failed"): Entry(
        title="PHP-FPM is not running: its unit",
        what="systemd could not prepare the process: a directory, an output, an account, a credential or a "
        "namespace that its unit asks for.",
        decides="Main process exited with a status of systemd's own (200 to 245), or the unit file does not "
        "load.",
        fix="make {path}, or take it out of the unit (systemctl cat {unit}); `{load_unit_and_start}`",
        advice="The word behind the status names the step: NAMESPACE a path of the unit's sandbox, USER or "
        "GROUP an account, CHDIR WorkingDirectory=, STDOUT StandardOutput=. `systemctl cat {unit}` shows "
        "the setting. Correct it, `systemctl daemon-reload`, `{start}`.",
        do_not="Do not look for it in the pool files: php-fpm was never run.",
        when=UNIT_FIXES,
    ),
    ("fpm_not_running", "start_command_failed"): Entry(
        title="PHP-FPM is not running: a start command",
        what="What the unit runs ended with a failure, or not in time: a command before or after php-fpm "
        "(ExecStartPre=, ExecStartPost=), or a program of ExecStart= that is to start php-fpm. So systemd "
        "gave the start up.",
        decides="The journal says Control process or Main process exited with a failure, or start-pre or "
        "start-post operation timed out, and php-fpm has no complaint.",
        fix="`systemctl status {unit}` names the command that failed: mend it, then `{start}`",
        advice="`systemctl status {unit}` shows each command with its status. Run the one that failed by "
        "hand, mend it, then `{start}`.",
        do_not="Do not put a - in front of the command by reflex: php-fpm may need what it makes.",
    ),
    ("fpm_not_running", "start_timeout"): Entry(
        title="PHP-FPM is not running: never ready",
        what="systemd waited for the unit to be up until TimeoutStartSec=, then stopped it. php-fpm may "
        "have answered meanwhile.",
        decides="The journal says start operation timed out; Result=timeout.",
        fix="systemctl cat {unit}: its Type= must fit how php-fpm starts; then `{start}`",
        advice="Type=notify needs a php-fpm that was built with systemd (`php-fpm -i` names "
        "--with-fpm-systemd) and is run directly, or by a script's `exec`, with --nodaemonize; without it "
        "take Type=simple. Type=forking needs daemonize = yes, and PIDFile= equal to `pid`. If only the "
        "start is slow, as with a large opcache.preload, raise TimeoutStartSec=. Then `systemctl "
        "daemon-reload` and `{start}`.",
        do_not="Do not just start it again: it ends the same way, with an outage after each try.",
    ),
    ("fpm_not_running", "log_unwritable"): Entry(
        title="PHP-FPM is not running: cannot open a log",
        what="php-fpm opens error_log, access.log and slowlog at its start, and gives up when it cannot. "
        "php-fpm -t may make them, and does not always see it.",
        decides="The last start, or the configuration, names a log whose directory is missing or refuses it.",
        fix="let php-fpm open {path} (its directory, owner, label), or correct its line; `{start}`",
        advice="Make the directory {directory}, owned by root, or correct the path of `error_log`, "
        "`access.log` or `slowlog`. If it is there, its owner, mode or SELinux label refuses. Under systemd "
        "/dev/stderr is a socket, which no program opens (6): name a file, or syslog. Then `{start}`.",
        do_not="Do not chmod 0777 a log's directory: others could put links where root writes.",
    ),
    ("fpm_not_running", "pid_file_unwritable"): Entry(
        title="PHP-FPM is not running: its pid file",
        what="php-fpm cannot create the file that `pid` names, and gives up. Its sockets were already made.",
        decides="The last start says Unable to create the PID file, with the system's error.",
        fix="make {directory}, or correct pid in the main file; then `{start}`",
        advice="Below /run let systemd make {directory} at each boot: RuntimeDirectory= in the unit, or a "
        "line in /etc/tmpfiles.d. Else correct `pid` in the main file; then `{start}`.",
        do_not="Do not mkdir below /run by hand alone: it is gone after the next boot.",
    ),
    ("fpm_not_running", "read_only"): Entry(
        title="PHP-FPM is not running: read-only place",
        what="A log, pid file or socket lies where php-fpm cannot write (EROFS, errno 30). Its unit makes "
        "the place read-only, or the file system is mounted so.",
        decides="The last start failed with Read-only file system (30); the evidence names the setting, or "
        "the mount.",
        fix="ReadWritePaths={directory} in systemctl edit {unit}, or move the file; `{restart}`",
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
        fix="df -h {directory} and df -i {directory}; free some, then `{start}`",
        advice="`df -h {directory}`, `df -i {directory}`: with no inodes left many small files are to go, "
        "such as PHP's sessions. `du --inodes -x` finds them. Then `{start}`.",
        do_not="Do not delete a log that is open: its space comes back only when its writer ends. Truncate "
        "it.",
    ),
    ("fpm_not_running", "address_unavailable"): Entry(
        title="PHP-FPM is not running: its address",
        what="`listen` names an address that this host does not have, cannot resolve, or whose family is "
        "off (IPv6) or forbidden to the unit.",
        decides="The last start says Cannot assign requested address (99), Address family not supported "
        "(97), or getaddrinfo.",
        fix="set listen ({file}:{line}) to an address that this host has (ip addr); `{restart}`",
        advice="`ip addr` shows what there is. Correct `listen`, or give the host the address. If it comes "
        "late at boot: After=network-online.target and Wants=network-online.target in `systemctl edit "
        "{unit}`. For errno 97 see RestrictAddressFamilies= of the unit, and whether IPv6 is off. Then "
        "`{restart}`.",
        do_not="Do not let it listen on all addresses: anybody who reaches the port runs PHP there.",
    ),
    ("fpm_not_running", "shared_memory"): Entry(
        title="PHP-FPM is not running: shared memory",
        what="opcache or php-fpm asks for one piece of shared memory, and the kernel or the memory limit "
        "refuses it.",
        decides="The last start says Unable to allocate shared memory, with its size.",
        fix="lower opcache.memory_consumption ({file}:{line}), or raise the memory limit; `{start}`",
        advice="Compare the size in the evidence with MemoryMax= of the unit, vm.overcommit_memory and "
        "`free -m`. Lower opcache.memory_consumption (php.ini) or opcache.interned_strings_buffer, or raise "
        "the limit; then `{start}`.",
        do_not="Do not switch opcache off to get past it: each request then compiles all its files again.",
        when=(When("fault", "interned_strings", _STRINGS_FIX),),
    ),
    ("fpm_not_running", "preload_failed"): Entry(
        title="PHP-FPM is not running: opcache.preload",
        what="PHP runs the script of opcache.preload before php-fpm starts. Any error in it, or no "
        "opcache.preload_user as root, ends the start.",
        decides="The journal has opcache's or PHP's fatal error of the last start; php-fpm -t does not see "
        "it.",
        fix="correct opcache.preload and opcache.preload_user ({file}:{line}), then `{start}`",
        advice="Set opcache.preload_user to the pool's user, or correct the script that opcache.preload "
        "names; to get the sites back at once, comment opcache.preload out. Then `{start}`.",
        do_not="Do not set opcache.preload_user = root: the application's code would run as root.",
    ),
    ("fpm_not_running", "extension_failed"): Entry(
        title="PHP-FPM is not running: an extension",
        what="An extension that php.ini loads ends PHP's start: it was built for another PHP, or misses a "
        "library.",
        decides="The last start has the loader's or PHP's fatal error, which names the extension.",
        fix="install the extension for this PHP, or take its extension= line out; then `{start}`",
        advice="Reinstall the extension's package for this version of PHP, or comment its `extension=` or "
        "`zend_extension=` out (below conf.d or php.d); then `{start}`.",
        do_not="Do not copy the .so of another PHP version: it crashes at its first call.",
    ),
    ("fpm_not_running", "php_ini_invalid"): Entry(
        title="PHP-FPM is not running: php.ini",
        what="PHP itself ended before php-fpm read its own configuration: by something in php.ini, an "
        "extension or opcache. php-fpm -t -n does not see it.",
        decides="A fatal error of PHP or opcache in the last start, or exit status 70, 254 or 255.",
        fix="correct in php.ini what the evidence names, then `{start}`",
        advice="Read the evidence; without a line of PHP see the file of `error_log` in php.ini and of "
        "`opcache.error_log`. Correct php.ini or the file below conf.d, then `{start}`.",
        do_not="Do not reinstall php-fpm: its package does not touch your php.ini.",
    ),
    ("fpm_not_running", "not_executable"): Entry(
        title="PHP-FPM is not running: its program",
        what="systemd cannot run the program of ExecStart=: it is missing, not executable, for another "
        "machine, or a library of it is gone.",
        decides="Status 203/EXEC or 127, or the loader's words about a library.",
        fix="reinstall the package that brings {path}, then `{start}`",
        advice="`systemctl cat {unit}` shows ExecStart=. Is the file there, with x, on a file system "
        "without noexec? `ldd` of it names the missing library. Reinstall its package, or that of the "
        "library.",
        do_not="Do not link another version's php-fpm to that path: the sites' PHP would change.",
    ),
    ("fpm_not_running", "start_failed"): Entry(
        title="PHP-FPM is not running: its start failed",
        what="php-fpm gave its last start up with an error that this collection has no reason for.",
        decides="The last ERROR or ALERT line of the last start, whole in the evidence.",
        fix="remove what the line in the evidence names, then `{start}`",
        advice="Read the line in the evidence and those around it (`journalctl -u {unit} -n 50`), remove "
        "what it names, then `{start}`.",
        do_not="Do not restart in a loop: it fails the same way each time and ends in the start limit.",
    ),
}
