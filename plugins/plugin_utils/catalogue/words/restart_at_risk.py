# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""It runs, and the next restart, reload or boot would end that."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("restart_at_risk", None): Entry(
        title="the next restart would lose requests",
        what="Every request is served now. What runs would not come up again as it is.",
        decides="The files, the units and the programs on the disk, against what runs.",
        fix="see the evidence, and mend it before anything is restarted",
        advice="Mend what the evidence names. Ask the module restart_info again before anything is "
        "restarted.",
        do_not="Do not try it by a restart at a busy time: that is the outage.",
        outage="After the next restart or boot each page is a 502, and nobody has changed anything that day.",
    ),
    ("restart_at_risk", "unit_not_enabled"): Entry(
        title="no boot would start it",
        what="It runs, and no boot would start it: its unit is disabled.",
        decides="The unit runs, systemd calls it disabled or linked, and no other unit wants it.",
        fix="`systemctl enable {unit}`, if it is to run",
        advice="Run `systemctl enable {unit}`, if this is to run here. If somebody disabled it on purpose, "
        "stop it and take its sites away.",
        do_not="Do not put a start command into cron or rc.local: it hides the unit's own failures.",
        outage="The machine boots, for a kernel or a power cut, and each page is a 502: nothing listens at "
        "the socket. nginx logs connect() failed (2: No such file or directory).",
    ),
    ("restart_at_risk", "unit_masked"): Entry(
        title="its unit is masked",
        what="It runs, and its unit is masked. systemd starts a masked unit neither at boot nor by hand.",
        decides="The unit runs, and systemd calls it masked.",
        fix="`systemctl unmask {unit}`, if it is to run",
        advice="Run `systemctl unmask {unit}`, then `systemctl enable {unit}`, if this is to run here. If "
        "somebody masked it on purpose, stop it and take its sites away.",
        do_not="Do not stop it before: systemd would refuse to start it again.",
        outage="A stop or a boot ends it, and each page is a 502: nothing listens at the socket. "
        "systemctl says that the unit is masked.",
    ),
    ("restart_at_risk", "started_by_hand"): Entry(
        title="somebody started it by hand",
        what="It runs without a unit of systemd, so no boot would start it.",
        decides="No unit of systemd has its process.",
        fix="start it by its unit, and enable that",
        advice="At a quiet time, stop it and start it by its unit with `systemctl enable --now`. Without a "
        "unit, write one.",
        do_not="Do not put a start command into cron or rc.local: it hides the failures of its start.",
        outage="The machine boots, for a kernel or a power cut, and each page is a 502: nothing listens at "
        "the socket. nginx logs connect() failed (2: No such file or directory).",
    ),
    ("restart_at_risk", "runtime_dir_not_at_boot"): Entry(
        title="no boot makes the socket's directory",
        what="The directory of a socket is in memory. A person made it, and a boot would not.",
        decides="The directory is on a tmpfs. No RuntimeDirectory= of the unit and no line of tmpfiles.d "
        "makes it.",
        fix="RuntimeDirectory= in a drop-in (`systemctl edit {unit}`), or a line in /etc/tmpfiles.d",
        advice="Give the unit RuntimeDirectory= in a drop-in (`systemctl edit {unit}`), or write a line of "
        "type d into /etc/tmpfiles.d. Then boot once at a quiet time.",
        do_not="Do not make it in a start script: the unit fails before that runs, or does not wait for it.",
        outage="After a boot php-fpm fails with unable to bind listening socket: No such file or directory. "
        "All pools of that master are down, not this one alone.",
    ),
    ("restart_at_risk", "swap_not_in_fstab"): Entry(
        title="no boot would use this swap",
        what="Swap is in use that neither fstab nor a unit of systemd names. After a boot it is not there.",
        decides="/proc/swaps has it. No line of /etc/fstab and no file of a swap unit does.",
        fix="a line in /etc/fstab: {path} none swap sw 0 0",
        advice="Write a line into /etc/fstab: {path} none swap sw 0 0. Then `swapon --show` after the next "
        "boot. If the swap is no longer needed, run swapoff at a quiet time.",
        do_not="Do not put swapon into a cron job: memory is short before it runs.",
        outage="Some hours or days after a boot the host runs out of memory. The OOM killer takes "
        "workers, and nginx logs recv() failed (104: Connection reset by peer).",
    ),
    ("restart_at_risk", "config_fails"): Entry(
        title="the configuration on disk would fail",
        what="What runs was started with other files. The ones on disk are refused by nginx or php-fpm "
        "itself.",
        decides="nginx -t or php-fpm -t, run in a sandbox on the files as they are.",
        fix="mend {file}, and test it before anything is reloaded",
        advice="Look at {file} and at who changed it. Mend it or put the version before back. Test it: "
        "`{test_nginx}`, or php-fpm -t with the path of its configuration.",
        do_not="Do not restart to see whether it works: a failed start of php-fpm is down, and stays down.",
        outage="A restart, a package upgrade or a boot loads the files. php-fpm does not start, or nginx "
        "does not. Each page is a 502, or the port is closed.",
    ),
    ("restart_at_risk", "start_fails"): Entry(
        title="the next start would fail",
        what="It runs, and systemd, the program or an address would not be there for the next start.",
        decides="What systemd checks before a start, whether the program is there, and who has the address.",
        fix="see the evidence, and mend it before anything is restarted",
        advice="Look at `systemctl cat {unit}` beside the evidence. Mend what it names, and ask the module "
        "restart_info again.",
        do_not="Do not restart in the hope that it goes well: what runs is what keeps the sites up.",
        outage="The next restart or boot ends with a unit that failed, and each page is a 502.",
    ),
    ("restart_at_risk", "socket_lost"): Entry(
        title="nginx would dial where nobody listens",
        what="By their files, nginx and php-fpm do not meet at one endpoint, or nginx's user may not use it. "
        "What runs has older files.",
        decides="fastcgi_pass in nginx's files against listen, owner, group and mode in those of php-fpm.",
        fix="let fastcgi_pass and the pool's listen name one endpoint that nginx's user may use",
        advice="Compare the file of the evidence with the pool that is to answer. Let both name one "
        "endpoint, and let listen.owner or listen.group be nginx's.",
        do_not="Do not set the socket to mode 0666: every account on the host could send it requests.",
        outage="After the next restart of php-fpm the site is a 502. nginx logs connect() failed, (2: No "
        "such file or directory) or (13: Permission denied).",
    ),
    ("restart_at_risk", "config_differs"): Entry(
        title="the files differ from what runs",
        what="Files were changed after they were loaded. The next reload brings them, whoever asks for it.",
        decides="The time of the newest file against that of the last start or reload.",
        fix="see who changed it; reload {unit}, if the change is meant",
        advice="See who changed the file of the evidence. If the change is meant, reload {unit} at a quiet "
        "time. Else put the file back.",
        do_not="Do not reload without a look: a change that waits is one that nobody has tried.",
        outage="logrotate, an upgrade or a colleague reloads at night, and the sites behave as somebody "
        "wanted weeks ago.",
    ),
    ("restart_at_risk", "php_upgraded"): Entry(
        title="an old PHP runs beside a newer one",
        what="The program was replaced on the disk, and the master still runs the old one.",
        decides="/proc/PID/exe of the master is another file than the program at its path.",
        fix="`{restart}` at a quiet time",
        advice="Run `{restart}` at a quiet time. Look at a page of each site after that.",
        do_not="Do not leave it to the next boot: then a new kernel and a new PHP fail on the same night.",
        outage="A reload starts the new program, and an extension of the old one does not load. Pages fail "
        "with a 500, or php-fpm does not start.",
    ),
    ("restart_at_risk", "oom_stops_unit"): Entry(
        title="one OOM kill would stop PHP-FPM",
        what="When the kernel kills one worker for memory, systemd stops the whole unit, and starts nothing.",
        decides="OOMPolicy= is stop or kill, and Restart= does not start the unit after that.",
        fix="OOMPolicy=continue and Restart=on-failure in a drop-in (`systemctl edit {unit}`)",
        advice="Set OOMPolicy=continue and Restart=on-failure under [Service] in a drop-in "
        "(`systemctl edit {unit}`). Then only the request is lost whose worker was killed.",
        do_not="Do not set OOMScoreAdjust=-1000 instead: then the kernel kills the database.",
        outage="One greedy script, and all sites of this php-fpm are down. The unit has failed with "
        "result oom-kill, and nginx logs connect() failed (111: Connection refused).",
    ),
    ("restart_at_risk", "reload_cuts"): Entry(
        title="a reload would cut running requests",
        what="php-fpm's master has no process_control_timeout, so a reload ends its workers at once.",
        decides="process_control_timeout is 0 in the files that the master has loaded.",
        fix="process_control_timeout = 10s under [global]; it counts from the reload after this one",
        advice="Set process_control_timeout = 10s under [global] in php-fpm's main file, and reload {unit} "
        "at a quiet time. The reload that loads it still cuts.",
        do_not="Do not set it longer than visitors wait: new requests stay in the queue until it is over.",
        outage="Each deploy and each nightly reload costs the requests that run: 502, and nginx logs recv() "
        "failed (104: Connection reset by peer).",
    ),
}
