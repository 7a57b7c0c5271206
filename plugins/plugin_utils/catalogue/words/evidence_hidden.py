# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis would need the next time is not logged, or will be lost."""

from __future__ import annotations

from ..entry import Entry

_SILENT = "Pages are 502, the error log is empty, and nobody can tell a full pool from a crash or a "
"stopped service."

WORDS: dict[tuple[str, str | None], Entry] = {
    ("evidence_hidden", None): Entry(
        title="the logs will not tell why",
        what="All is well. But what explains the next lost request is not logged, or logrotate will lose it.",
        decides="Levels and targets of the logs, and what logrotate does to them.",
        fix="see the evidence, and let it be logged",
        advice="Let be logged what the evidence names, before it is needed.",
        do_not="Do not wait for the outage: what was not logged cannot be read later.",
        outage=_SILENT,
    ),
    ("evidence_hidden", "log_level"): Entry(
        title="nginx's error log hides lost requests",
        what="The level of the error log is above error. Refused connects, timeouts and broken answers are "
        "logged at error.",
        decides="The error_log that holds in the location of the site.",
        fix="in {file}:{line} write level error, or none; then `{test_nginx} && {reload_nginx}`",
        advice="Set the level at {file}:{line} to `error`. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not silence the whole log for one noisy message: mend what it tells, or use "
        "log_not_found off.",
        outage=_SILENT,
    ),
    ("evidence_hidden", "log_off"): Entry(
        title="nginx's errors go where nobody reads them",
        what="The site's errors go to /dev/null, to memory or to a server elsewhere. No file on this "
        "host has "
        "them.",
        decides="The error_log that holds in the location of the site, and whether its access log tells "
        "instead.",
        fix="add an error_log in a file at {file}:{line}; then `{test_nginx} && {reload_nginx}`",
        advice="Add a second `error_log` in a file beside {file}:{line}: nginx writes to both. Then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not write error_log off: nginx takes that for the name of a file.",
        outage=_SILENT,
    ),
    ("evidence_hidden", "fpm_log_level"): Entry(
        title="php-fpm's log hides why workers end",
        what="php-fpm logs a full pool, a crashed and a terminated worker at warning. Its level is above "
        "that.",
        decides="log_level in the [global] section.",
        fix="set log_level = notice, then `{reload}`",
        advice="Set `log_level = notice` in the [global] section. Then `{reload}` at a quiet time: that "
        "ends running requests.",
        do_not="Do not set it to debug for good: it logs each second of each pool.",
        outage="Requests are lost with recv() failed (104) in nginx's log, and php-fpm's own log is empty.",
    ),
    ("evidence_hidden", "fpm_log_off"): Entry(
        title="php-fpm's log goes to /dev/null",
        what="php-fpm tells of full pools, crashed and terminated workers in its own log alone. It is thrown "
        "away.",
        decides="error_log in the [global] section.",
        fix="set error_log to a file or to syslog, then `{reload}`",
        advice="Set `error_log` in the [global] section to a file. Then `{reload}` at a quiet time: that "
        "ends running requests.",
        do_not="Do not rely on nginx's log: it has the same line for a crash, a timeout and a reload.",
        outage="Requests are lost with recv() failed (104) in nginx's log, and php-fpm has no log at all.",
    ),
    ("evidence_hidden", "worker_output_lost"): Entry(
        title="php-fpm throws away what workers write",
        what="Standard error of the workers goes to /dev/null, and something that a diagnosis needs is "
        "written there.",
        decides="catch_workers_output of the pool, and what its workers write there.",
        fix="set catch_workers_output = yes in the pool, then `{reload}`",
        advice="Set `catch_workers_output = yes` in pool {pool}. Then `{reload}` at a quiet time.",
        do_not="Do not send PHP's errors to the visitor instead (display_errors).",
        outage="Pages are 500 or 502, and neither log has a word from PHP.",
    ),
    ("evidence_hidden", "logrotate_reloads"): Entry(
        title="logrotate reloads instead of reopening",
        what="A script of logrotate reloads or restarts what only has to open its logs anew.",
        decides="The script in logrotate's configuration: to php-fpm and nginx USR1 says open your logs "
        "anew.",
        fix="in {file}:{line} send USR1 to the master, not a reload",
        advice="In {file}:{line} send USR1 instead. nginx: `nginx -s reopen`. php-fpm: `kill -USR1` with "
        "the pid "
        "of its master, or the distribution's own script, such as `php-fpm-reopenlogs`.",
        do_not="Do not send HUP to php-fpm: it does not catch it, and its master ends.",
        outage="Each night at the same minute requests end in 502: recv() failed (104), and php-fpm's "
        "log says "
        "Reloading in progress.",
    ),
    ("evidence_hidden", "logrotate_unwritable"): Entry(
        title="logrotate will leave a log unwritable",
        what="After the next rotation the one who writes the log cannot, or logrotate refuses to rotate it.",
        decides="create and su in logrotate's configuration, the directory of the log, and who writes it.",
        fix="in {file}:{line} set create to the account that writes it, or su where others own the directory",
        advice="In {file}:{line} write create 0640 with the account in the evidence and its group. Where "
        "others than root can write the directory, write su with the directory's owner and group as "
        "well. Then try it with "
        "logrotate -d, which changes nothing.",
        do_not="Do not chmod 777 the directory: logrotate then refuses to rotate in it.",
        outage="From the first night on errors are no longer written: the outage of the next day has no log.",
    ),
    ("evidence_hidden", "logrotate_not_reopened"): Entry(
        title="nobody says that the log was rotated",
        what="logrotate renames the log, and its writer is not told. It writes on in the renamed file, "
        "which "
        "is deleted in the end.",
        decides="The script in logrotate's configuration, or copytruncate.",
        fix="in {file}:{line} add a postrotate script that sends USR1 to the master",
        advice="Add to {file}:{line} a `postrotate` that sends USR1 to the master: `nginx -s reopen`, or "
        "`kill -USR1` with the pid of php-fpm's master.",
        do_not="Do not restart the service instead: that ends running requests each night.",
        outage="The log with the right name stays empty, while the outage is told in a file that is "
        "gone. The "
        "disk stays full after it was deleted.",
    ),
}
