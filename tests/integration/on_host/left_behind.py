# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is killed, the host goes on without it, and a later run finds what was left: nobody who is served
then may notice.
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
# killed: of KILLED below, or None for a run that comes to its own end. then: what happens since, of THEN.
# hand: a person's script. fate: what is to become of it. mends: whether that run, or the one after it, is to
# have the site answer.
CASE = {"killed": None, "then": "", "hand": "", "fate": None, "mends": True}
SETTLED = 'for _ in $(seq 150); do [ -n "$(systemctl list-jobs --no-legend)" ] || break; sleep 0.2; done'


def _first(steps, *words):
    return next(number for number, text in enumerate(steps, 1) if all(word in text for word in words))


def _last(steps, *words):
    return max(number for number, text in enumerate(steps, 1) if all(word in text for word in words))


# The step that a run dies at, and how. The second of two files is the last.
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


def found_later(ground, tell, steps, case, old_or_new):
    """steps: of the run that nothing happens to. old_or_new: what is neither of the files before nor of those
    after.
    """
    ground.clean()
    ground.break_it()
    what = "killed %s" % case["killed"] if case["killed"] else ground.job["title"]
    if case["killed"]:
        number, do = KILLED[case["killed"]](steps)
        if ground.run(number, do).signal != signal.SIGKILL:
            tell(what, "it was not")
            return
    else:
        ground.bash(ground.job["obstacle"])
        ground.run()
        ground.bash(ground.job["relief"])
    time.sleep(0.5)
    ground.bash(SETTLED)
    THEN[case["then"]]()
    ground.bash(case["hand"])
    what += "".join(", then %s" % words for words in (case["then"], case["hand"].strip()) if words)
    served = [site for site in neighbours.SITES if not neighbours.page(site)]
    well, pid, before = ground.page() is None, _main_pid(ground.units[1]), ground.everything()
    foretold = ground.run(check_mode=True).remediation.get("undone") or {}
    tell(
        "%s: check mode says what would become of it (%s), and changes nothing" % (what, case["fate"]),
        None if foretold.get("fate") == case["fate"] else "it says %s" % foretold,
        state.differences(before, ground.everything()),
    )
    with neighbours.Visitors() as visitors:
        ran = ground.run()
    told = ran.remediation.get("undone") or {}
    own = next(
        (
            number
            for number, text in enumerate(ran.steps)
            if text.startswith("trial ") or "transaction.new" in text
        ),
        len(ran.steps),
    )
    taken_back = [text for text in ran.steps[:own] if text.startswith("run ")]
    restarted = [
        text
        for text in ran.steps
        if text.startswith(("run systemctl restart", "run systemctl stop", "run systemctl start"))
    ]
    tell(
        "%s: it becomes what was foretold" % what,
        None if told.get("fate") == case["fate"] else "%s: %s" % (told, ran),
        ground.left_over(),
        old_or_new(),
        ground.accepted(),
    )
    tell(
        "%s: nothing that is served is touched for it" % what,
        "it ran %s" % taken_back if taken_back and (well or served or case["then"]) else None,
        None
        if restarted or not (well or served) or _main_pid(ground.units[1]) == pid
        else "php-fpm is another one now",
        visitors.lost[:3] if len(served) == len(neighbours.SITES) and not restarted else [],
        [wrong for wrong in map(neighbours.page, served) if wrong],
        ground.page() if well else None,
    )
    if case["mends"]:
        tell("%s: the site answers in the end" % what, ground.page() and ground.mend() and ground.page())
