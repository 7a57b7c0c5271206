# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers do not run on, since somebody or something holds them."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("workers_halted", None): Entry(
        title="PHP workers do not run",
        what="The processes are there and hold the socket, and the kernel does not run them. Connections "
        "wait in the queue.",
        decides="The state of each process in /proc, seen twice, and the freezer of its cgroup.",
        fix="let the processes run that the evidence names, or {restart}",
        advice="The evidence names each process and what holds it. Ask who halted it, then let it run.",
        do_not="Do not raise pm.max_children or fastcgi_read_timeout: the workers are there and do nothing.",
    ),
    ("workers_halted", "stopped"): Entry(
        title="PHP workers are stopped (SIGSTOP)",
        what="Somebody or something sent SIGSTOP. A stopped worker keeps its connection and its place.",
        decides="State T in /proc/PID/stat, seen twice.",
        fix="`kill -CONT {pids}`, or {restart}",
        advice="`kill -CONT {pids}` lets them run on; `{restart}` replaces them. Look for a script, a "
        "debugger or a person that stops processes (`kill -STOP`, Ctrl-Z, cpulimit).",
        do_not="Do not raise pm.max_children: a stopped pool starts no more workers, or they hide the fault.",
    ),
    ("workers_halted", "traced"): Entry(
        title="PHP workers are held by a tracer",
        what="A debugger or tracer has stopped the process and has not let it go.",
        decides="State t in /proc/PID/stat, seen twice; TracerPid names the tracer.",
        fix="end or detach the tracer that the evidence names; then {restart} if need be",
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
        what="The process waits for a disk, a network file system or a frozen one. Most such waits take no "
        "signal.",
        decides="State D in /proc/PID/stat, seen twice without any CPU in between, and its wait channel.",
        fix="repair the storage that the wait names (dmesg, mount, iostat); then `{restart}`",
        advice="The evidence names the kernel's function. nfs and rpc mean a server that does not answer. "
        "io_schedule and folio mean a disk. percpu_rwsem and sb_ mean a file system that `fsfreeze` holds.",
        do_not="Do not kill or restart first: such a process ends only when its wait does.",
    ),
    ("workers_halted", "master_halted"): Entry(
        title="the master of PHP-FPM does not run",
        what="Workers that are there serve on. Nothing starts, ends or replaces one, and no reload comes "
        "through.",
        decides="The state of the master in /proc/PID/stat, seen twice.",
        fix="`kill -CONT {pids}`, or {restart}",
        advice="`kill -CONT {pids}` lets it run on, unless the evidence names a tracer or a wait.",
        do_not="Do not reload php-fpm: a stopped master does not take the signal.",
    ),
}
