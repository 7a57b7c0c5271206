# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's refusals: in auditd's log where it runs, else in the kernel's ring, else in the journal."""

import re
from typing import Iterator, List, Optional

from ...parse.linux.denials import TELLING, Denials, Line, denials, time_of
from ...parse.timestamps import journal_line, ring_lines
from ..host import Host, HostError
from ..logs.log_window import WINDOW_BYTES, File, Source, find_window
from ..trust import named

LOG = "/var/log/audit/audit.log"
_RING = 32 << 20  # bytes
_BEGIN = "audit: type="  # as kernel/audit.c begins; what stands further on may be an account's
_TIMES = re.compile(rb"audit\((\d{9,11})\.", re.A)


def _latest(data: bytes) -> Optional[float]:
    return max((float(at) for at in _TIMES.findall(data)), default=None)


def _window(host: Host, name: str, since: float) -> Optional[bytes]:
    """The part of a log of auditd's that was written since then; None where nothing was."""
    host.reading(name)
    real = named(host, name)
    stat = host.stat(real, follow=False)
    if name in host.hung or stat.type != "file" or stat.mtime < since:
        return None
    source = Source(host, File(name, real, stat))
    start = max(find_window(source, _latest, since), stat.size - WINDOW_BYTES)
    return b"".join(source.chunks(start))


def _of_file(host: Host, since: float) -> Optional[List[Line]]:
    """None where auditd wrote nothing since then. It may have begun a new file meanwhile."""
    found: Optional[List[Line]] = None
    for name in (LOG, LOG + ".1"):
        try:
            data = _window(host, name, since)
        except HostError as error:
            if not error.absent:
                host.miss("audit_log", name, error.why, "root")
            break
        if data is None:
            break
        lines = (line for line in data.decode("utf-8", "replace").split("\n") if TELLING.search(line))
        found = (found or []) + [Line(time_of(line) or 0.0, name, line) for line in lines]
        first = _TIMES.search(data)
        if first and float(first.group(1)) < since:
            break
    return found


def _of_ring(host: Host) -> Optional[List[Line]]:
    ran = host.run(["dmesg", "-r"], most=_RING)
    if ran.rc != 0:
        return None
    rows = [(time_of(text), text) for _at, text in ring_lines(ran.out, TELLING) if text.startswith(_BEGIN)]
    return [Line(at, "kernel", text) for at, text in rows if at is not None]


def _of_kernel(host: Host, since: float) -> Iterator[Line]:
    """The ring begins with the boot. Of what was before it the journal may tell."""
    lines, booted = _of_ring(host), host.now() - host.boottime()
    if lines is not None:
        yield from lines
    if lines is not None and booted < since:
        return
    argv = ["journalctl", "--no-pager", "-q", "-o", "short-unix", "--since", "@%d" % since, "-n", "2000"]
    if lines is not None:
        argv += ["--until", "@%d" % booted]
    ran = host.run(argv + ["_TRANSPORT=kernel", "_TRANSPORT=audit"])
    if ran.rc != 0 and lines is None:
        host.miss("kernel_log", None, "journalctl: " + ran.failure, "root")
    for text in ran.out.split("\n"):
        row = journal_line(text) if TELLING.search(text) else None
        if row and (row.identifier != "kernel" or row.text.startswith(_BEGIN)):
            yield Line(time_of(row.text) or row.at, "journal", row.text)


def read_denials(host: Host, since: float) -> Denials:
    """Of nginx and php-fpm, since then."""
    lines = _of_file(host, since)
    if lines is None:
        lines = list(_of_kernel(host, since))
    return denials(sorted((line for line in lines if line.at >= since), key=lambda line: line.at))
