# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP-FPM does not run: who or what ended it."""

from __future__ import annotations

from ..entry import Entry, When

_MASKED_FIX = "bring back the file of {unit} if it was moved; `{unmask_and_start}`"

WORDS: dict[tuple[str, str | None], Entry] = {
    ("fpm_not_running", None): Entry(
        title="PHP-FPM is not running",
        what="No FPM master listens on the endpoint that nginx dials.",
        decides="The unit is not active, no master process runs its configuration, nobody listens on the "
        "endpoint.",
        fix="read `journalctl -u {unit} -n 50`, remove the cause, then `{start}`",
        advice="Read `systemctl status {unit}` and `journalctl -u {unit} -n 50`, remove what they name, "
        "then `{start}`.",
        do_not="Do not delete the socket file first: FPM tests a stale one, unlinks it and binds again by "
        "itself.",
        over="it runs again; journalctl -u {unit} -n 50 tells why it was down",
    ),
    ("fpm_not_running", "stopped"): Entry(
        title="PHP-FPM is not running: stopped",
        what="Somebody or something stopped the unit cleanly. A clean stop removes the socket, so nginx "
        "sees errno 2.",
        decides="The unit is inactive with Result=success, no master runs, nobody listens on the endpoint.",
        fix="`{start}`",
        advice="Look who stopped it (`journalctl -u {unit} -n 50`), then `{start}`. If it is disabled as "
        "well, somebody meant it: ask first, then `systemctl enable --now {unit}`. Where a start also stops "
        "or starts another unit, settle first which of them is to run: Conflicts= and Requires= in "
        "`systemctl cat {unit}`.",
        do_not="Do not delete or link socket files: the clean stop has removed its own, the start creates "
        "it again.",
    ),
    ("fpm_not_running", "stopped_often"): Entry(
        title="PHP-FPM is stopped and started again and again",
        what="Something stops the unit and starts it again, and did so several times in the window. Each "
        "time requests are lost.",
        decides="The unit's journal has three stops or more beside which requests were lost, and the last is "
        "not longer ago than twice the time between two of them.",
        fix="find what stops it, a timer or a monitor: `journalctl -u {unit} -n 50`; let it reload instead",
        advice="`journalctl -u {unit} -n 50` has the times. Look what runs then: `systemctl list-timers`, "
        "crontabs, a monitor that restarts what it takes for hung, a deploy. Let it reload php-fpm, with "
        "process_control_timeout, or not touch it.",
        do_not="Do not start it by hand: it runs between two stops.",
    ),
    ("fpm_not_running", "stopping"): Entry(
        title="PHP-FPM is not running: being stopped",
        what="The unit is in the middle of a stop or restart, which something holds up. No start comes "
        "through before that ends.",
        decides="The unit is deactivating, and nobody listens on the endpoint.",
        fix="look in `systemctl status {unit}` at what the stop waits for, and end that",
        advice="`systemctl status {unit}` shows the step and the processes that it waits for: a command of "
        "ExecStop= or ExecStopPost=, or workers that do not end. End that one. `systemctl list-jobs` shows "
        "whether a start waits behind it; if not, `{start}`.",
        do_not="Do not start the unit beside it: the job waits until the stop has ended or timed out.",
    ),
    ("fpm_not_running", "masked"): Entry(
        title="PHP-FPM is not running: unit masked",
        what="The unit is masked, so nothing can start it: neither a boot, nor a dependency, nor a person.",
        decides="LoadState=masked (or UnitFileState=masked) and no master runs.",
        fix="`{unmask_and_start}`",
        advice="Masking is deliberate: ask first whether the sites were meant to move to another PHP "
        "version. If not: `{unmask_and_start}`.",
        when=(When("sockets", None, _MASKED_FIX),),
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
        fix="see that these are php-fpm's: `ps -fp {pids}`; then kill {pids}; `{start}`",
        advice="See who they are (`ps -fp {pids}`) and what killed the master (`journalctl -k`, `journalctl "
        "-u {unit}`). Then `kill {pids}` and `{start}` in one go: as long as they listen, a new master "
        "refuses to start.",
        do_not="Do not start the unit beside them: php-fpm ends where another one listens.",
    ),
    ("fpm_not_running", "start_limit_hit"): Entry(
        title="PHP-FPM is not running: start limit hit",
        what="It failed so often in a row that systemd refuses to start it again.",
        decides="Result=start-limit-hit; the first failure before it is the real reason.",
        fix="fix the first error in the journal, then `{reset_and_start}`",
        advice="Find the first failure (`journalctl -u {unit} -n 100`) and remove it, prove it with "
        "`php-fpm -t`, then `{reset_and_start}`.",
        do_not="Do not raise StartLimitBurst or restart from cron: that repeats the failure, it does not "
        "remove it.",
        again="find the first failure: journalctl -u {unit} -n 100",
    ),
    ("fpm_not_running", "crashed"): Entry(
        title="PHP-FPM is not running: the master died",
        what="The master was killed or crashed. Its socket file stays behind without a listener, so nginx "
        "sees errno 111.",
        decides="Result=signal, core-dump or exit-code; the socket file exists and nobody listens on it.",
        fix="`{start}`, then find what killed it: `journalctl -u {unit} -n 50`",
        advice="`{start}`. Then find who killed it: `journalctl -u {unit} -n 50`, `coredumpctl list`, the "
        "kernel log at that minute. Signal 4: the package, or a library of it, was built for another "
        "processor (`lscpu`, the VM's CPU type). Restart=on-failure in a drop-in brings it back by itself.",
        do_not="Do not delete the stale socket: FPM tests it, unlinks it and binds again by itself.",
        again="find what killed it: journalctl -u {unit} -n 50",
    ),
    ("fpm_not_running", "limit_reached"): Entry(
        title="A limit of its unit ends PHP-FPM",
        what="systemd ended php-fpm, as its unit asks for: it ran for longer than RuntimeMaxSec=, or gave no "
        "sign of life within WatchdogSec=. With Restart= it comes back, and each time requests are lost.",
        decides="Result=timeout or Result=watchdog, and the unit has that limit.",
        fix="take the limit in the finding out of the unit: `systemctl edit {unit}`; then `{start}`",
        advice="`systemctl cat {unit}` shows the file that has the limit. A server has no RuntimeMaxSec=; "
        "where somebody wants fresh workers now and then, pm.max_requests makes them without a loss. With "
        "WatchdogSec= of 2 seconds or less php-fpm gives no sign; with more, look what held the master up.",
        do_not="Do not start it and go: it ends after the same time again.",
        again="take the limit out of the unit",
    ),
    ("fpm_not_running", "oomd_killed"): Entry(
        title="PHP-FPM is not running: killed by systemd-oomd",
        what="systemd-oomd killed all processes of the unit for their memory pressure or the swap that "
        "they used. Nothing started it again.",
        decides="The unit's journal says that systemd-oomd killed its processes; the kernel logged no kill.",
        fix="`{start}`, then fewer workers or a higher MemoryHigh= (systemctl cat {unit})",
        advice="`{start}`. `journalctl -u systemd-oomd` tells which limit was passed, and `systemctl cat "
        "{unit}` which unit file sets ManagedOOMMemoryPressure= and MemoryHigh=. Lower pm.max_children or "
        "raise MemoryHigh=. Restart=on-failure starts it again after the next kill.",
        do_not="Do not set OOMPolicy=continue for it: systemd-oomd kills the master, too. Do not disable "
        "systemd-oomd: the kernel's killer comes next, and it chooses worse.",
        again="fewer workers or a higher MemoryHigh= (systemctl cat {unit})",
    ),
    ("fpm_not_running", "oom_stopped"): Entry(
        title="PHP-FPM is not running: stopped by an OOM kill",
        what="The kernel killed one worker for memory, and systemd then stopped the whole unit "
        "(OOMPolicy=stop, the default).",
        decides="Result=oom-kill; the journal says a process of this unit has been killed by the OOM killer.",
        fix="`{start}`, then OOMPolicy=continue and a pool size that fits the memory",
        advice="`{start}`. In a drop-in (`systemctl edit {unit}`): [Service] OOMPolicy=continue, "
        "Restart=on-failure. Then lower pm.max_children or raise the memory limit, so that workers x USS "
        "plus the shared part fits.",
        do_not="Do not stop at starting it: the next OOM kill takes all pools down again. Swap does not "
        "lift a cgroup limit.",
        again="OOMPolicy=continue in systemctl edit {unit}, and a pool size that fits the memory",
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
}
