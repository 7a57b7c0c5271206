# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection ended, or what came is no FastCGI."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("invalid_response", None): Entry(
        title="no valid answer from PHP-FPM",
        what="nginx got no valid FastCGI response: the worker died or something else answered.",
        decides="recv() failed (104), prematurely closed connection or a protocol error, joined with "
        "what FPM and the kernel say of that second.",
        fix="find out what ended the worker: FPM's log and the kernel's at that second",
        advice="Read FPM's log, `journalctl -u {unit}` and the kernel log at the second of the nginx line.",
        do_not="Do not blame the script: a PHP fatal error is a 500, and exit() is a 200.",
        returns=True,
    ),
    ("invalid_response", "segfault"): Entry(
        title="PHP workers crash (SIGSEGV and the like)",
        what="PHP or one of its extensions crashes in the middle of a request.",
        decides="FPM: child exited on signal 11 (or 7, 6, 4); often a kernel line segfault at ... in "
        "LIBRARY.",
        fix="disable what the kernel's segfault line names (extension, JIT) or upgrade it; restart {unit}",
        advice="`dmesg | grep segfault` names the library, `coredumpctl info` the stack. Disable that "
        "extension or the JIT (opcache.jit = off), or go back to the version before the last upgrade; then "
        "`{restart}`. Signal 7 (SIGBUS) has no such line: a file in memory was cut short, or its file "
        "system is full (`df /dev/shm /tmp`).",
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
        fix="set fastcgi_pass of {site} to its pool, then `{test_nginx} && {reload_nginx}`",
        advice="`ss -lxtnp` shows who holds {endpoint}. Put the pool's `listen` into fastcgi_pass of "
        "{site}; an HTTP server wants proxy_pass. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not enlarge fastcgi_buffers: the answer is not too large, it is not FastCGI.",
    ),
    ("invalid_response", "nothing_behind"): Entry(
        title="behind the port nobody answers",
        what="Another program holds the port and passes connections on, as to a container. It closes "
        "them all.",
        decides="The socket table names a program that passes connections on. It closes the FastCGI probe "
        "and nginx's requests unanswered.",
        fix="start the php-fpm to which {endpoint} is passed on, and let it listen on all addresses",
        advice="`ss -ltnp` shows who holds {endpoint}, and that program's settings where it leads. See "
        "whether php-fpm runs there. In a container `listen = 127.0.0.1:9000` is its own localhost: "
        "`listen = 9000` takes what a published port passes on.",
        do_not="Do not start another php-fpm on this port: it is taken, and the start fails.",
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
        advice="Code 1: `zend_mm_heap corrupted` or out of memory, also for LimitAS= of {unit}; 70: the "
        "request could not begin; 255: a fatal error outside of a script. Disable the extensions one by "
        "one, the newest first. `catch_workers_output = yes` in pool {pool} and `{reload}` bring the last "
        "words.",
        do_not="Do not raise memory_limit by reflex, nor add workers: each of them ends in the same way.",
    ),
    ("invalid_response", "http_to_fpm"): Entry(
        title="nginx speaks HTTP to PHP-FPM",
        what="proxy_pass leads to the place where php-fpm listens. That takes FastCGI alone, and closes the "
        "connection.",
        decides="nginx's upstream begins with http://, and a pool of a running php-fpm listens there.",
        fix="write fastcgi_pass, SCRIPT_FILENAME and fastcgi_params in place of proxy_pass; reload nginx",
        advice="Replace `proxy_pass` by `fastcgi_pass` with `include fastcgi_params` and `fastcgi_param "
        "SCRIPT_FILENAME`; then `{test_nginx} && {reload_nginx}`. A proxy that only knows HTTP needs a web "
        "server before PHP-FPM.",
        do_not="Do not restart PHP-FPM or raise timeouts: it will never answer HTTP.",
    ),
    ("invalid_response", "system_call"): Entry(
        title="PHP workers die of SystemCallFilter=",
        what="A filter of system calls in the unit ends a worker as soon as a script makes one that is not "
        "in it.",
        decides="FPM: child exited on signal 31 (SIGSYS).",
        fix="widen SystemCallFilter= (systemctl cat {unit}); daemon-reload, then `{restart}`",
        advice="`journalctl -k` or `ausearch -m seccomp -ts recent` names the call's number, `ausyscall` "
        "makes a name of it. Let SystemCallFilter=@system-service stand in the file that `systemctl cat "
        "{unit}` shows, then `{load_unit_and_restart}`.",
        do_not="Do not blame an extension: it did nothing that it does not do elsewhere.",
    ),
    ("invalid_response", "resource_limit"): Entry(
        title="PHP workers die at a limit of the unit",
        what="The kernel ends a worker that writes a larger file, or uses more processor time, than the "
        "limits of its process let it.",
        decides="FPM: child exited on signal 25 (SIGXFSZ: LimitFSIZE=) or 24 (SIGXCPU: LimitCPU=).",
        fix="raise LimitFSIZE= or LimitCPU= of {unit}; daemon-reload, then `{restart}`",
        advice="`grep -E 'file size|cpu time' /proc/WORKER/limits` shows both. They are LimitFSIZE= "
        "and LimitCPU= of {unit}, or those of the shell that started php-fpm. Raise "
        "the one, or let the script write less; a log that has grown to the limit needs rotation.",
        do_not="Do not raise memory_limit or pm.max_children, nor look for a crash: the limit ends each one.",
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
}
