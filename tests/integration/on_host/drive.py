# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: the real module remediation with real arguments, many times.

Something goes wrong in each run. A job comes as JSON on standard input: {task, breaking, traffic, suite,
actions, arguments, ...}. Each check is one line of JSON on standard output: {"what": ..., "wrong": null or
words}.
"""

import json
import os
import pickle
import re
import signal
import sys
import time
import traceback

import exchange
import left_behind
import state
from faulty_python import PLAN, TAKE_SPACE
from ground import STATE, Ground

REFERENCE = "/root/survive/reference"
STAMP = re.compile(r"\d{8}T\d{6}Z")  # in the name of a backup
# Steps that every job takes.
ALWAYS = ("replace ", "link ", "run ")
# Waits for what was started, however busy the machine is.
SETTLED = """
for _ in $(seq 150); do
    pgrep -x systemctl >/dev/null || [ -n "$(systemctl list-jobs --no-legend)" ] || break
    sleep 0.2
done
"""


def tell(what, *wrong):
    """Print one check. wrong: texts and lists of texts; empty ones and None say that all is well."""
    words = [text for part in wrong for text in (part if isinstance(part, list) else [part]) if text]
    print(json.dumps({"what": what, "wrong": "; ".join(words[:8])[:2500] or None}), flush=True)
    return not words


def content(entry):
    """What must be equal in two entries of the same file. Its time of change may differ."""
    return entry["kind"], entry["content"], entry["mode"], entry["owner"], entry["xattrs"]


def contents(files):
    return {path: content(entry) for path, entry in files.items()}


def old_or_new(old, new):
    """Each configuration file must be the one before or the one after. Hidden files of ours may lie beside
    them: no include pattern takes those.
    """
    wrong, now = [], state.look(*state.TREES)
    for path, entry in now.items():
        name = os.path.basename(path)
        if name.startswith(".") and ".webmedic" in name:
            continue
        if content(entry) not in [content(files[path]) for files in (old, new) if path in files]:
            wrong.append("%s is neither the old nor the new one" % path)
    return wrong + ["%s is gone" % path for path in old if path in new and path not in now]


def mended(ground, new):
    """What is still wrong on a host that a run has mended."""
    now = contents(state.look(*state.TREES))
    return [
        ground.page(),
        ground.accepted(),
        ground.left_over(),
        ["%s is not as mended" % path for path in set(now) | set(new) if now.get(path) != new.get(path)],
    ]


def reference(ground):
    """A run that nothing disturbs: its steps, and the files before and after it. None three times when it
    failed.
    """
    ground.clean()
    ground.break_it()
    old = ground.broken
    ran = ground.run()
    new = state.look(*state.TREES)
    done = [action["id"] for action in ran.remediation.get("actions", []) if action["result"] == "done"]
    good = tell(
        "an undisturbed run mends it",
        None if done == ground.job["actions"] else "done %s: %s" % (done, ran),
        *mended(ground, contents(new)),
    )
    return (ran.steps, old, new) if good else (None, None, None)


def same(steps, text):
    """Whether these steps are only this one. The time in the name of a backup may differ."""
    return [STAMP.sub("", step) for step in steps] == [STAMP.sub("", text)]


def chosen(ground, steps):
    """The steps to take, numbered. Steps that only write down are alike for all faults. Of them the job names
    a part: (divisor, remainder).
    """
    divisor, remainder = (1, 0) if ground.job["every"] else ground.job["part"]
    return [
        (number, text)
        for number, text in enumerate(steps, 1)
        if text.startswith(ALWAYS)
        or "/etc/" in text
        and not ground.job.get("few")
        or divisor
        and number % divisor == remainder
    ]


def kill_points(ground, steps, commands):
    """(number, fault) of each kill: before the chosen steps, and while a step runs that begins with one of
    `commands`.

    A kill after a step is the kill before the next. A kill before an fsync shows nothing that a later kill
    could not show.
    """
    before = [
        (number, "kill")
        for number, text in chosen(ground, steps)
        if ground.job["every"] or not text.startswith("fsync")
    ]
    during = [(number, "during") for number, text in enumerate(steps, 1) if text.startswith(commands)]
    return sorted(before + during)


def when(do, number):
    return "%s step %d" % ("before" if do == "kill" else "during", number)


def tell_killed(ground, what, ran, step, old, new):
    """A run was killed at `step`: judge the files as it left them, and what the next run makes of them."""
    if ran.signal != signal.SIGKILL or not same(ran.steps[-1:], step):
        tell(what, "it was not: %s; its last step was %s" % (ran, ran.steps[-1:]))
        return
    tell(
        "%s: every file is the old or the new one, and is accepted" % what,
        old_or_new(old, new),
        ground.accepted(),
    )
    tell("%s: the next run mends it" % what, ground.mend(), *mended(ground, contents(new)))


def kill(ground):
    """A run is killed at each of its steps."""
    steps, old, new = reference(ground)
    if steps is None:
        return
    for number, do in kill_points(ground, steps, ("run ", "trial ")):
        step = steps[number - 1]
        what = "killed %s of %d (%s)" % (when(do, number), len(steps), step)
        ground.break_it()
        tell_killed(ground, what, ground.run(number, do), step, old, new)


def kill_twice(ground):
    """A run is killed while its command runs. The next run finds that nobody is served and takes the change
    back. It is killed at each step of that.
    """
    steps, old, new = reference(ground)
    if steps is None:
        return
    command = next(number for number, text in enumerate(steps, 1) if text.startswith("run "))

    def kill_once():
        ground.break_it()
        ground.run(command, "during")
        ground.bash(SETTLED + 'systemctl stop "$FPM_UNIT"')

    kill_once()
    back = left_behind.steps_of_recovery(ground.run().steps)
    ground.bash('systemctl start "$FPM_UNIT"')
    tell(
        "a run that takes something back does so before it tries anything new",
        None if any(text.startswith("run ") for text in back) else str(back),
    )
    for number, do in kill_points(ground, back, ("run ",)):
        step = back[number - 1]
        what = "killed, and killed again %s of taking it back (%s)" % (when(do, number), step)
        kill_once()
        ran = ground.run(number, do)
        ground.bash('systemctl start "$FPM_UNIT"')
        tell_killed(ground, what, ran, step, old, new)


def looked_at(ground):
    """Check mode finds a change that a killed run left open. It says so and changes nothing."""
    steps, _old, _new = reference(ground)
    if steps is None:
        return
    for number in [number for number, text in enumerate(steps, 1) if text.startswith("run ")]:
        ground.break_it()
        ground.run(number, "during")
        time.sleep(1)
        ground.bash(SETTLED)
        before = ground.everything()
        ran = ground.run(check_mode=True)
        outcome, undone = ran.remediation.get("outcome"), ran.remediation.get("undone")
        predicted = outcome == "would_change" and undone and ran.reply.get("changed")
        tell(
            "check mode after a kill during %s: it says what would become of that" % steps[number - 1],
            None if predicted else "it says %s, %s" % (ran, undone),
            state.differences(before, ground.everything()),
        )


def errors(ground):
    """Each call of the run fails once, or it and all later ones fail. The run puts everything back and says
    so.
    """
    steps, _old, new = reference(ground)
    if steps is None:
        return
    ground.break_it()
    before = ground.everything()
    for number, text in chosen(ground, steps):
        kind = text.split()[0]
        for do in ["refuse"] if kind == "run" else ground.job["errors"]:
            if kind == "trial" or do == "ENOSPC+" and kind not in TAKE_SPACE:
                continue
            what = "%s at step %d of %d (%s)" % (do, number, len(steps), text)
            ground.forget()
            ran = ground.run(number, do)
            if not same(ran.steps[number - 1 : number], text):
                # Its evidence may have become old on a loaded machine: break the host anew, once.
                ground.break_it()
                before, first = ground.everything(), str(ran)
                ran = ground.run(number, do)
                if not same(ran.steps[number - 1 : number], text):
                    tell(what, "it was not, in two runs: %s; %s" % (first, ran))
            if tell_error(ground, what, ran, before, contents(new)):
                ground.break_it()
                before = ground.everything()


def tell_error(ground, what, ran, before, new):
    """A call of a run failed: judge the run. Returns whether the host has to be broken anew."""
    answered = ran.remediation or ran.gave_up
    wordless = None if answered else "it ends without an answer: %s" % ran.printed
    now = {
        path: entry
        for path, entry in contents(state.look(*state.TREES)).items()
        if ".webmedic" not in os.path.basename(path)
    }
    kept = now == new and "rolled_back" not in ran.results and "refused" not in ran.results
    if (
        kept
        or os.path.lexists(os.path.join(STATE, "transaction"))
        or what.startswith("EROFS")
        and ground.left_over()
    ):
        tell(
            "%s: it says what became of it" % what,
            wordless,
            None if wordless or "failed" in ran.results or ran.gave_up or kept else str(ran),
            "what it changed is not in its answer: %s" % ran if kept and not ran.results else None,
        )
        again = ground.mend()
        tell("%s: the next run finishes it" % what, again, *mended(ground, new))
        return True
    as_before = all(result in ("refused", "rolled_back") for result in ran.results)
    good = tell(
        "%s: everything is as before" % what,
        wordless,
        None if wordless or as_before else str(ran),
        state.differences(before, ground.everything()),
        ground.left_over(),
    )
    # A file that was put back is newer than the daemon that loaded it. The ledger tells it from the edit of
    # another person, but the ledger is removed before the next run.
    return not good or "rolled_back" in ran.results or any(text.startswith("run ") for text in ran.steps)


def rollback(ground):
    """One action does not help, for the reason of the job. `obstacle` and `relief` are scripts before and
    after the run.
    """
    ground.clean()
    ground.break_it()
    ground.bash(ground.job.get("obstacle", ""))
    before = ground.everything()
    ran = ground.run(**ground.job.get("extra", {}))
    after = ground.everything()
    left = ground.left_over()
    ground.bash(ground.job.get("relief", ""))
    tried = [
        action["id"]
        for action in ran.remediation.get("actions", [])
        if action["result"] in ground.job["results"]
    ]
    fine = tried == ground.job["actions"] or "refused" in ground.job["results"] and ran.gave_up
    differences = [
        text
        for text in state.differences(before, after)
        if not text.startswith(tuple(ground.job.get("but", ())))
    ]
    tell(ground.job["title"], None if fine else "tried %s: %s" % (tried, ran), differences, left)


def prepare(ground):
    """Break the host, and plan a fault for the next playbook: at the first step that begins with `at`."""
    if not os.path.exists(REFERENCE):
        steps, _old, new = reference(ground)
        if steps is None:
            return
        with open(REFERENCE, "wb") as stream:
            pickle.dump((steps, new), stream)
    with open(REFERENCE, "rb") as stream:
        steps, _new = pickle.load(stream)
    ground.clean()
    ground.break_it()
    number = next(number for number, text in enumerate(steps, 1) if text.startswith(ground.job["at"]))
    with open(PLAN, "w") as stream:
        json.dump({"step": number, "do": ground.job["do"]}, stream)


def finished(ground):
    """The playbooks since `prepare` have mended the host."""
    with open(REFERENCE, "rb") as stream:
        _steps, new = pickle.load(stream)
    tell("%s: it is mended, and nothing is left over" % ground.job["title"], *mended(ground, contents(new)))


def exchanged(_ground):
    """What root writes in a tenant's directory never arrives in a directory of root."""
    exchange.exchanged(tell)


def left(ground):
    """A later run finds what a killed run has left."""
    steps, old, new = reference(ground)
    if steps is None:
        return
    for case in ground.job["cases"]:
        left_behind.find_later(
            ground, tell, steps, dict(left_behind.CASE, **case), lambda: old_or_new(old, new)
        )


TASKS = {
    "exchanged": exchanged,
    "left": left,
    "kill": kill,
    "kill_twice": kill_twice,
    "looked_at": looked_at,
    "errors": errors,
    "rollback": rollback,
    "prepare": prepare,
    "finished": finished,
}


def main():
    job = json.loads(sys.stdin.read())
    ground = Ground(job)
    try:
        TASKS[job["task"]](ground)
    except Exception:
        tell("the job %s runs to its end" % job["title"], traceback.format_exc()[-2000:])


if __name__ == "__main__":
    main()
