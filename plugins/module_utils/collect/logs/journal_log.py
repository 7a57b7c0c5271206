# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Error logs where journald has them: what a program of a unit wrote to stderr or syslog."""

import re
from typing import TYPE_CHECKING, Iterable, List, Optional, Tuple, Union

from ...parse.nginx.log import NginxLog
from ...parse.nginx.site_logs import goes_to_journal
from ...parse.php_fpm.log import FpmLog
from ...parse.timestamps import fpm_stamp, journal_line
from ..host import Host
from ..linux.processes import unit_around
from .log_window import WINDOW_BYTES, log_file

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import LogFile, LogKind
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.php_fpm import Master

NAME = "journal:"  # begins the path of such a log
MOST_LINES = 20000
READ_SECONDS = 3.0
_JOURNALD = "/run/systemd/journal/"
_STDERR = ("/proc/self/fd/2", "/dev/stderr", "/dev/fd/2")
# ngx_syslog_add_header() writes the host's name, which journald leaves there.
_TAG = re.compile(rb"^(?:[\w.-]{1,255} )?\w{1,32}: (?=\d{4}/\d\d/\d\d )", re.ASCII)
_SYSLOG = re.compile(r"\[(DEBUG|NOTICE|WARNING|ERROR|ALERT)\] (?:\w+\(\), line \d+: )?", re.A)


def unit_with_log(host: Host, nginx: "Nginx") -> Optional[str]:
    """The unit in whose journal an error log of nginx is; None where there is none."""
    master = nginx.get("master")
    unit = nginx["unit"] or (unit_around(host, master["pid"]) if master else None)
    silent = [log for site in nginx.get("site_logs") or [] for log in site["silent"]]
    wanted = {log["target"] for log in silent if goes_to_journal(log)}
    if not unit or not wanted:
        return None
    if wanted - {"stderr"} and not host.realpath("/dev/log").startswith(_JOURNALD):
        return None
    # ngx_log_redirect_stderr(): after a reload it may still be the file of an earlier error_log.
    stderr = host.readlink("/proc/%d/fd/2" % master["pid"]) if master else None
    if "stderr" in wanted and not (stderr or "").startswith("socket:"):
        return None
    return unit


def fpm_journal(host: Host, master: "Master") -> bool:
    """Whether a running master logs to the journal: by syslog, or by the stderr that systemd gave it."""
    target, pid = master["error_log"], master["pid"]
    if not master["unit"] or pid is None:
        return False
    if target == "syslog":
        return host.realpath("/dev/log").startswith(_JOURNALD)
    return target in _STDERR and (host.readlink("/proc/%d/fd/2" % pid) or "").startswith("socket:")


def read_journal(host: Host, unit: str, log: NginxLog, since: float) -> "LogFile":
    """Feeds a log the unit's messages. One entry of a file may be several here: their order is the same."""
    lines, entry = _read(host, "nginx_error", unit, "cat", since, ["_SYSTEMD_UNIT=" + unit])
    _feed(log, [_TAG.sub(b"", line) for line in lines])
    return entry


def read_fpm(host: Host, unit: str, pid: int, log: FpmLog, since: float) -> "LogFile":
    """The same of a master's. An application may use syslog, too: only its pid tells. php_syslog.c cuts a
    message at a line feed, so the log gets its lines as in a file.
    """
    matches = ["_SYSTEMD_UNIT=" + unit, "_PID=%d" % pid]
    lines, entry = _read(host, "fpm_error", unit, "short-unix", since, matches)
    _feed(log, [_as_in_a_file(line, log.utc_offset) for line in lines])
    return entry


def _as_in_a_file(line: bytes, utc_offset: int) -> bytes:
    parsed = journal_line(line.decode("utf-8", "replace"))
    if parsed is None:
        return line
    text = parsed.text
    by_syslog = _SYSLOG.match(text)  # zlog_buf_prefix()
    if by_syslog:
        text = "[%s] %s: %s" % (fpm_stamp(parsed.at, utc_offset), by_syslog.group(1), text[by_syslog.end() :])
    return text.encode("utf-8", "replace")


def _read(
    host: Host, kind: "LogKind", unit: str, form: str, since: float, matches: List[str]
) -> Tuple[List[bytes], "LogFile"]:
    options = ["-o", form, "--no-pager", "-q", "--since=@%d" % since, "-n", str(MOST_LINES)]
    ran = host.run(["journalctl"] + options + matches, READ_SECONDS, WINDOW_BYTES)
    lines = ran.out.encode("utf-8", "replace").split(b"\n")[:-1]
    why = None
    if ran.rc != 0:
        why = "journalctl: " + (ran.failure if ran.rc is not None else ran.err[:200])
    elif len(lines) >= MOST_LINES:
        why = "only the newest %d lines of the window were read" % MOST_LINES
    file = log_file(kind, NAME + unit, why)
    file["bytes_read"] = len(ran.out)
    return lines, file


def _feed(log: Union[NginxLog, FpmLog], lines: Iterable[bytes]) -> None:
    position = 0
    for line in lines:
        log.feed(line, position)
        position += len(line) + 1
