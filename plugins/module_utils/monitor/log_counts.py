# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts what was logged since the last run: answers by site, and what php-fpm's masters say of workers."""

import signal
from itertools import product
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..collect.host import Host, HostError
from ..parse.nginx.access_log import AccessLog, Parsed
from ..parse.nginx.log_format import LineFormat
from ..parse.php_fpm.log import FULL, FpmLog, Message
from .counters import Counters
from .tail import Tail

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import WatchedLog, WatchedMaster
    from ...plugin_utils.shapes.nginx import SiteLogs

RESPONSES = "webmedic_site_responses_total"
REACHED = "webmedic_pool_max_children_reached_total"
EXITS = "webmedic_pool_worker_exits_total"
LATE = 60.0  # seconds that a line may be ahead of our clock
STATUSES = ("499", "500", "502", "503", "504")
CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGKILL")  # of which there is a series from the beginning
OTHER = "other"  # the status of all answers beside those
MOST_ENDINGS = 24  # series of a pool: where workers can write to the log, they may forge any number


class _Answers(AccessLog):
    """Counts, where a diagnosis keeps the newest."""

    def __init__(self, log: "WatchedLog", forms: Sequence[LineFormat], until: float) -> None:
        sites = [_writer(site["site"], site["names"]) for site in log["sites"]]
        super(_Answers, self).__init__(log["path"], forms, sites, 0.0, until)
        self.lines = 0
        self.count: Dict[Tuple[str, str], int] = {}  # by site and status

    def take(self, data: bytes) -> None:
        self.lines += data.count(b"\n")
        self.feed_lines(data)

    def _add(self, line: str, parsed: Parsed) -> None:
        key = (self._site(parsed.fields) or "", parsed.status)
        self.count[key] = self.count.get(key, 0) + 1


def _begin(log: "WatchedLog", counters: Counters) -> str:
    """Each series is there before it counts. The site of all lines whose status is not read; "": several."""
    names = {site["site"] for site in log["sites"]}
    for site in sorted(names):
        for status in STATUSES + ((OTHER,) if len(names) == 1 else ()):
            counters.add(RESPONSES, {"site": site, "status": status}, 0)
    return names.pop() if len(names) == 1 else ""


def count_answers(host: Host, tail: Tail, logs: Sequence["WatchedLog"], counters: Counters) -> None:
    """A status that is none of STATUSES is not read, so that a line costs next to nothing."""
    known: Dict[Tuple[str, str], LineFormat] = {}
    for log in logs:
        only = _begin(log, counters)
        keys = [(form["text"], form["escape"]) for form in log["formats"]]
        for key in keys:
            if key not in known:
                known[key] = LineFormat(*key)
        forms = [known[key] for key in keys]
        why = next((form.problem for form in forms if form.problem), None)
        if why:
            host.miss("access_log", log["path"], why)
            continue
        reader = _Answers(log, forms, host.now() + LATE)
        try:
            for piece in tail.pieces(log["path"]):
                reader.take(piece.data)
        except HostError as error:
            if not (error.absent and log["late"]):
                host.miss("access_log", log["path"], error.why, "the right to read it")
        for (site, status), count in reader.count.items():
            counters.add(RESPONSES, {"site": site, "status": status}, count)
        counters.add(RESPONSES, {"site": only, "status": OTHER}, reader.lines - sum(reader.count.values()))


class _Deaths(FpmLog):
    """Counts, where a diagnosis keeps the newest."""

    def __init__(self, path: str, until: float, utc_offset: int) -> None:
        super(_Deaths, self).__init__(path, None, 0.0, until, utc_offset)
        self.count: Dict[Tuple[str, str], int] = {}  # by pool and what: a signal, a code, REACHED

    def _accept(self, message: Message, line: str) -> None:
        if message.signature is None or message.pool is None or "claimed" in message.detail:
            return
        what: Optional[str] = None
        if message.signature.meaning in FULL:
            what = REACHED
        elif "signal" in message.detail:
            what = signal_name(message.detail["signal"])
        elif "code" in message.detail:
            what = "exit-%d" % message.detail["code"]
        if what:
            key = (message.pool, what)
            self.count[key] = self.count.get(key, 0) + 1


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal-%d" % number


def _ending(counters: Counters, labels: Dict[str, str], what: str) -> str:
    """How it ended, or "other" where the pool has many such series already."""
    own = set(labels.items())
    known = [dict(pairs)["signal"] for name, pairs in counters.values if name == EXITS and own <= set(pairs)]
    return what if what in known or len(known) < MOST_ENDINGS else OTHER


def count_deaths(host: Host, tail: Tail, masters: Sequence["WatchedMaster"], counters: Counters) -> List[str]:
    """The configurations whose log was read."""
    read: List[str] = []
    now = host.now()
    for master in masters:
        path = master["error_log"]
        if not path:
            if master["pid"]:
                host.miss("fpm_log", None, "the log of %s is no file" % master["config"], "a file")
            continue
        log = _Deaths(path, now + LATE, host.utc_offset(now))
        pools = {pool["name"] for pool in master["pools"]}
        for pool, name in product(sorted(pools), CRASHES):
            counters.add(EXITS, {"config": master["config"], "pool": pool, "signal": name}, 0)
        try:
            for piece in tail.pieces(path):
                position = piece.start
                if position:
                    log.begin_inside(position)
                for line in piece.data.split(b"\n")[:-1]:
                    log.feed(line, position)
                    position += len(line) + 1
        except HostError as error:
            host.miss("fpm_log", path, error.why, "the right to read it")
            continue
        log.finish()
        read.append(master["config"])
        for (pool, what), count in log.count.items():
            if pool in pools:
                labels = {"config": master["config"], "pool": pool}
                if what == REACHED:
                    counters.add(REACHED, labels, count)
                else:
                    counters.add(EXITS, dict(labels, signal=_ending(counters, labels, what)), count)
    return read


def _writer(site: str, names: List[str]) -> "SiteLogs":
    return {
        "site": site,
        "names": names,
        "server": {"file": "", "line": 0},
        "access": [],
        "errors": [],
        "silent": [],
        "unlogged": [],
        "others": False,
    }
