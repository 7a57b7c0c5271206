# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is killed, and the host goes on without it. A later run finds what was left, and no visitor may
notice.
"""

import json
import os
import signal
import subprocess
import time

import neighbours
import state
from ground import STATE

JOURNAL = os.path.join(STATE, "transaction", "journal.json")
DAY = 86400
# killed: a key of KILLED below, or None for a run that comes to its own end.
# then: what happens since, a key of THEN. hand: a person's script.
# fate: what must become of the change. mends: whether the site must answer after that run, or after one more.
CASE = {"killed": None, "then": "", "hand": "", "fate": None, "mends": True}
SETTLED = 'for _ in $(seq 150); do [ -n "$(systemctl list-jobs --no-legend)" ] || break; sleep 0.2; done'


def _first(steps, *words):
    return next(number for number, text in enumerate(steps, 1) if all(word in text for word in words))


def _last(steps, *words):
    return max(number for number, text in enumerate(steps, 1) if all(word in text for word in words))


# The step at which a run dies, and how. The second of two files is the last.
KILLED = {
    "between two renames": lambda steps: (_last(steps, "replace ", ".webmedic /etc"), "kill"),
    "before its first command is noted": lambda steps: (_first(steps, "open ", "started-0"), "kill"),
    "before its first command": lambda steps: (_first(steps, "run "), "kill"),
    "during its last command": lambda steps: (_last(steps, "run "), "during"),
    "after its last command": lambda steps: (_last(steps, "replace ", "/done-"), "kill"),
    "before its books are closed": lambda steps: (_first(steps, "replace ", "transaction.kept"), "kill"),
}


def _aged(**more):
    with open(JOURNAL) as stream:
        journal = json.load(stream)
    journal.update(
        (name, value(journal.get(name)) if callable(value) else value) for name, value in more.items()
    )
    with open(JOURNAL, "w") as stream:
        json.dump(journal, stream)
    os.utime(JOURNAL, (journal["at"], journal["at"]))


def _cut_short():
    with open(JOURNAL, "r+") as stream:
        stream.truncate(40)


THEN = {
    "": lambda: None,
    "five days pass": lambda: _aged(at=lambda at: at - 5 * DAY),
    "the clock is set back": lambda: _aged(at=lambda at: at + DAY),
    "the host is booted": lambda: _aged(boot="another boot", at=lambda at: at - 60),
    "power cuts off the journal": _cut_short,
}


def _main_pid(unit):
    shown = subprocess.run(
        ["systemctl", "show", "-p", "MainPID", unit], stdout=subprocess.PIPE, check=True
    ).stdout
    return shown.decode().strip()


def steps_of_recovery(steps):
    """The first steps of a run, which take an older change back. The run's own change begins with a trial or
    a new transaction.
    """
    own = (
        number for number, text in enumerate(steps) if text.startswith("trial ") or "transaction.new" in text
    )
    return steps[: next(own, len(steps))]


class _Served:
    """Who is served before the later run. sites: the neighbours that answer; well: whether the broken site
    answers; pid: of php-fpm's master.
    """

    def __init__(self, ground):
        self.sites = [site for site in neighbours.SITES if not neighbours.page(site)]
        self.well = ground.page() is None
        self.pid = _main_pid(ground.units[1])

    @property
    def anybody(self):
        return bool(self.well or self.sites)


def _leave(ground, steps, case):
    """Break the host and have a run leave something behind. Returns whether that came about."""
    ground.clean()
    ground.break_it()
    if case["killed"]:
        number, do = KILLED[case["killed"]](steps)
        return ground.run(number, do).signal == signal.SIGKILL
    ground.bash(ground.job["obstacle"])
    ground.run()
    ground.bash(ground.job["relief"])
    return True


def _tell_prediction(ground, tell, what, fate):
    before = ground.everything()
    predicted = ground.run(check_mode=True).remediation.get("undone") or {}
    tell(
        "%s: check mode says what would become of it (%s), and changes nothing" % (what, fate),
        None if predicted.get("fate") == fate else "it says %s" % predicted,
        state.differences(before, ground.everything()),
    )


def _tell_untouched(ground, tell, what, case, ran, served, visitors):
    """The later run touches nothing that is served only to take the change back."""
    taken_back = [text for text in steps_of_recovery(ran.steps) if text.startswith("run ")]
    restarts = ("run systemctl restart", "run systemctl stop", "run systemctl start")
    restarted = any(text.startswith(restarts) for text in ran.steps)
    other_master = served.anybody and not restarted and _main_pid(ground.units[1]) != served.pid
    all_served = len(served.sites) == len(neighbours.SITES)
    tell(
        "%s: nothing that is served is touched for it" % what,
        "it ran %s" % taken_back if taken_back and (served.anybody or case["then"]) else None,
        "php-fpm is another one now" if other_master else None,
        visitors.lost[:3] if all_served and not restarted else [],
        [wrong for wrong in map(neighbours.page, served.sites) if wrong],
        ground.page() if served.well else None,
    )


def find_later(ground, tell, steps, case, old_or_new):
    """One case. steps: of a run that nothing disturbs. old_or_new: gives the files that are neither as before
    nor as after that run.
    """
    what = "killed %s" % case["killed"] if case["killed"] else ground.job["title"]
    if not _leave(ground, steps, case):
        tell(what, "it was not")
        return
    time.sleep(0.5)
    ground.bash(SETTLED)
    THEN[case["then"]]()
    ground.bash(case["hand"])
    what += "".join(", then %s" % words for words in (case["then"], case["hand"].strip()) if words)
    served = _Served(ground)
    _tell_prediction(ground, tell, what, case["fate"])
    with neighbours.Visitors() as visitors:
        ran = ground.run()
    undone = ran.remediation.get("undone") or {}
    tell(
        "%s: it becomes what check mode said" % what,
        None if undone.get("fate") == case["fate"] else "%s: %s" % (undone, ran),
        ground.left_over(),
        old_or_new(),
        ground.accepted(),
    )
    _tell_untouched(ground, tell, what, case, ran, served, visitors)
    if case["mends"]:
        tell("%s: the site answers in the end" % what, ground.page() and ground.mend() and ground.page())
