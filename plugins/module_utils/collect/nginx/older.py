# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows that nginx runs with an older configuration than its files, and what keeps it from loading them.

Looked at where it dials what they do not name, where they were changed since, or nginx does not run.
"""

import posixpath
import re
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ...parse.endpoint import parse
from ...parse.linux.systemctl import MASKED, unit_matches
from ...parse.nginx.captured import captured
from ...parse.nginx.conf import Conf, every
from ...parse.nginx.refused import kind_of, path_in, place_of, problems
from ...parse.nginx.strays import strays
from ...parse.redact import redact
from ...parse.timestamps import LOG_SECOND, nginx_time
from ..endpoint.endpoints import collect_endpoints, identity_of
from ..endpoint.probe import Target, probe
from ..host import Host, HostError
from ..linux.processes import Process
from ..linux.units import unit_states
from ..logs.log_window import tail
from .nginx import UNITS
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.older import LaterRefusal, Older, Refusal
    from ....plugin_utils.shapes.snapshot import Snapshot

TAIL = 256 * 1024  # bytes of a log
MOST_LOGS = 8
MOST_ENDPOINTS = 16
MOST_TEXT = 500
DIAL = 0.5  # seconds
# Of a process that loads a configuration, and of no request: these have a number after the pid. Where its log
# is a file, nginx says the same to its own standard error, and after five tries that it "still could not".
_EMERG = re.compile(r"(?:^nginx: \[emerg\]|\[emerg\] \d+#\d+:) (?!\*|still could not bind)(.+)$", re.M)
# Of workers, listening sockets and the pid file, word for word: a line of the log may be forged.
_AT_START = re.compile(
    r"(?:(?:set[gu]id|initgroups)\([\w, -]{1,60}\)|bind\(\) to [\w.:*[\]]{1,60}|"
    r"open\(\) \"/[\w./-]{1,99}\.pid\")"
    r" failed \(\d+: [\w ]{1,60}\)\Z"
)
_TAKEN = re.compile(r"^bind\(\) to (\S{1,255}) failed \(98:")
# Of systemd and of the loader, with the name in front.
_OF_UNIT = re.compile(
    r"^\S{1,99}(?:: | - .{1,150}? )((?:Failed (?:at step|to (?:set up|locate)) |A process of |Service has "
    r"|Main process exited, code=(?:killed|dumped)|error while loading |(?:was )?skipped\b).{1,300})$",
    re.M,
)
# What a child of systemd says may stand before "Starting": parse/linux/unit_starts.py.
_TURN = re.compile(r"^(?:(?:\S{1,99}: Failed (?:at|to) .*\n)*Starting|Stopping|Stopped) ", re.M)
_COMPLAINT = re.compile(rb"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[emerg\] \d+#\d+: (?!\*)(.+)$", re.M)


def collect_older(host: Host, snapshot: "Snapshot", procs: Sequence[Process], seconds: float) -> "Older":
    nginx = snapshot["nginx"]
    found = strays(nginx, snapshot["logs"]["events"], snapshot["endpoints"])
    dialled = [stray.event["endpoint"] or "" for stray in found if stray.runs]
    if nginx["master"] is None:
        return {"endpoints": {}, "refusal": _failed_start(host, nginx, procs) or _refusal(host, nginx)}
    if not nginx["workers"] and not any(entry["what"] == "nginx_workers" for entry in host.missing):
        return {"endpoints": {}, "refusal": _ended_workers(host, nginx)}
    by_request = captured(nginx, snapshot["logs"]["events"])
    wanted = dict.fromkeys(dialled + [key for _route, key in by_request if key not in snapshot["endpoints"]])
    keys = list(wanted)[:MOST_ENDPOINTS]
    places = collect_endpoints(host, keys, identity_of(nginx), procs, seconds)
    is_older = dialled or nginx["config_newer"]
    found_older: Older = {"endpoints": places, "refusal": _refusal(host, nginx) if is_older else None}
    pid_file = next((path for path in nginx["opens"] if path.endswith(".pid")), None)
    held = host.text(pid_file) if pid_file and dialled else None
    # By this number alone `nginx -s reload` finds the master.
    if pid_file and held is not None and held.strip() != str(nginx["master"]["pid"]):
        found_older["pid_file"] = pid_file
    return found_older


def _failed_start(host: Host, nginx: "Nginx", procs: Sequence[Process]) -> "Optional[Refusal]":
    """By the unit's journal, which has what `nginx -t` says before the start. Nobody else writes there."""
    masked: List[str] = []
    for name, unit in unit_states(host, UNITS, logs=False).items():
        if {unit["load"], unit["enabled"]}.intersection(MASKED):
            masked.append(name)
            continue
        # With Restart= it is about to be tried again.
        failed = unit["active"] == "failed" or unit["sub"] == "auto-restart"
        if not failed and (unit["active"] != "inactive" or unit["load"] == "not-found"):
            continue
        log, config = "journal:" + name, (nginx["config"] or "", 0)
        ran = host.run(["journalctl", "-o", "cat", "-n", "50", "--no-pager", "-q"] + unit_matches(name))
        texts = _EMERG.findall(ran.out) if failed else []
        if failed and not texts:  # with User= its lines are not root's
            ran_as = ["journalctl", "-o", "cat", "-n", "50", "--no-pager", "-q", "_TRANSPORT=stdout"]
            theirs = host.run(ran_as + ["_SYSTEMD_UNIT=" + name])
            texts = [text for text in _EMERG.findall(theirs.out) if _AT_START.match(text)]
        taken = [address for text in texts for address in _TAKEN.findall(text)]
        if texts:
            own = place_of(texts[-1], Conf(), nginx["prefix"] or "") or config
            refusal = _as_refusal(texts[-1], own, unit["changed_at"], log)
            if taken:
                return {**refusal, **_holders(host, procs, taken, nginx)}
            if not _over(host, nginx, refusal):
                return refusal
            return _refusal(host, nginx) or {**refusal, "changed": True}
        awaited = unit.get("pid_file")
        if unit["result"] == "timeout" and awaited:
            others = [path for path in nginx["opens"] if path.endswith(".pid") and path != awaited]
            refusal = _as_refusal("", config, unit["changed_at"], log)
            written = next(iter(others), None)
            return {**refusal, "pid_file": {"unit": name, "awaited": awaited, "written": written}}
        start = max((turn.start() for turn in _TURN.finditer(ran.out)), default=0)
        lines = _OF_UNIT.findall(ran.out[start:])
        if not failed:  # what somebody stopped may have ended badly before
            lines = [line for line in lines if line.startswith(("Service has ", "was skipped", "skipped"))]
        if lines:
            text = "; ".join(dict.fromkeys(lines[-2:]))
            return {**_as_refusal(text, config, unit["changed_at"], log), "unit": name}
    return {**_as_refusal("", (nginx["config"] or "", 0)), "masked": masked[0]} if masked else None


def _over(host: Host, nginx: "Nginx", refusal: "Refusal") -> bool:
    """Whether what a start failed at may be mended: what it names, or files, came, went or were changed."""
    at, path = refusal["at"], path_in(refusal["text"])
    lacks = bool(path) and "No such file" in refusal["text"] and host.lacks(path or "")
    if host.lacks(refusal["file"]) or path and "No such file" in refusal["text"] and not lacks:
        return True
    places = {refusal["file"]}
    times = [0.0]
    if not (lacks and refusal["line"]):  # else the line alone may have been taken out
        times.append(nginx["config_changed_at"] or 0.0)
        places = {posixpath.dirname(name) for name in (refusal["file"], nginx["config"]) if name}
    for place in places:
        try:
            times.append(host.stat(place).mtime)
        except HostError:
            continue
    return at is not None and max(times) > at


def _ended_workers(host: Host, nginx: "Nginx") -> "Optional[Refusal]":
    for at, text, log in _complaints(host, nginx):
        if _AT_START.match(text) and not text.startswith(("bind", "open")):
            return {**_as_refusal(text, (nginx["config"] or "", 0), at, log), "worker": True}
    return None


def _holders(
    host: Host, procs: Sequence[Process], addresses: Sequence[str], nginx: "Nginx"
) -> "LaterRefusal":
    """Who has the addresses that nginx could not bind."""
    keys = list(dict.fromkeys(parse(address).key for address in addresses))
    found = collect_endpoints(host, keys, identity_of(nginx), procs, 0.0)
    left: List[str] = []
    for key, facts in found.items():
        path = key[len("unix:") :] if key.startswith("unix:") and not facts["listeners"] else ""
        if path and host.type_of(path) == "socket":
            # Who listens in another network namespace takes the connection.
            dialled = probe([Target(key, "unix", path, 0)], None, DIAL)
            left += [key for each in dialled if each["connect"]["result"] == "refused"]
    return {"holders": {key: facts["listeners"] for key, facts in found.items()}, "left_over": left}


def _refusal(host: Host, nginx: "Nginx") -> "Optional[Refusal]":
    """Why nginx refuses the files as they are now."""
    config, prefix = nginx["config"] or "", nginx["prefix"] or ""
    reading = Reading.of(host, nginx)
    files = {directive.file for directive in every(reading.conf.directives)}
    files |= {error["file"] for error in reading.conf.errors}
    known = problems(reading.conf, config, prefix, host.lacks) if reading.whole else []
    words = {(problem["file"], problem["line"]): problem["text"] for problem in known}
    for at, text, log in _complaints(host, nginx):
        place = place_of(text, reading.conf, prefix)
        path = path_in(text)
        # Gone, or there again, since then.
        if place is None or place[0] not in files or "No such file" in text and not host.lacks(path or ""):
            continue  # a line may be forged, too: it names no file of nginx's then
        plain = words.get(place) if "duplicate" in text else None
        return _as_refusal(plain or text, place, at, log)
    return _as_refusal(known[0]["text"], (known[0]["file"], known[0]["line"])) if known else None


def _as_refusal(
    text: str, place: Tuple[str, int], at: Optional[float] = None, log: Optional[str] = None
) -> "Refusal":
    refusal: "Refusal" = {
        "at": at,
        "text": redact(text, MOST_TEXT),
        "log": log,
        "file": place[0],
        "line": place[1],
    }
    kind = kind_of(text)
    return {**refusal, "kind": kind} if kind else refusal


def _complaints(host: Host, nginx: "Nginx") -> List[Tuple[float, str, str]]:
    """(when, what, log), the newest first: since nginx loaded its files, and since they were changed last."""
    loaded = nginx["loaded"]
    since = max(loaded["at"] or 0.0, nginx["config_changed_at"] or 0.0) - LOG_SECOND
    logs = nginx["error_logs"][:MOST_LOGS] + [loaded["default_log"]]
    found: List[Tuple[float, str, str]] = []
    for path in dict.fromkeys(filter(None, logs)):
        for head, text in _COMPLAINT.findall(tail(host, path, TAIL)):
            zone = nginx.get("log_zone", host.utc_offset(host.now()))
            at = nginx_time(head.decode("ascii"), zone)
            if at is not None and since <= at <= host.now() + LOG_SECOND:
                found.append((at, text.decode("utf-8", "replace").strip(), path))
    return sorted(found, reverse=True)
