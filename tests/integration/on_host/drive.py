# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: the real module remediation with real arguments, again and again, each time with something
going wrong.

A job comes as JSON on standard input: {task, breaking, traffic, suite, actions, arguments, ...}. Each check
is one line of JSON on standard output, {"what": ..., "wrong": null or words}.
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
ALWAYS = ("replace ", "link ", "run ")
# What was started comes to its end, however busy the machine is.
SETTLED = """
for _ in $(seq 150); do
    pgrep -x systemctl >/dev/null || [ -n "$(systemctl list-jobs --no-legend)" ] || break
    sleep 0.2
done
"""


def tell(what, *wrong):
    """wrong: texts and lists of texts; empty ones and None say that all is well."""
    words = [text for one in wrong for text in (one if isinstance(one, list) else [one]) if text]
    print(json.dumps({"what": what, "wrong": "; ".join(words[:8])[:2500] or None}), flush=True)
    return not words


def old_or_new(old, new):
    """Each configuration file is the one before or the one after, nothing else lies there but names that no
    pattern takes up.
    """
    wrong, now = [], state.look(*state.TREES)
    for path, entry in now.items():
        name = os.path.basename(path)
        if name.startswith(".") and ".webmedic" in name:
            continue
        allowed = [place[path] for place in (old, new) if path in place]
        if not any(
            (one["kind"], one["content"], one["mode"], one["owner"], one["xattrs"])
            == (entry["kind"], entry["content"], entry["mode"], entry["owner"], entry["xattrs"])
            for one in allowed
        ):
            wrong.append("%s is neither the old nor the new one" % path)
    return wrong + ["%s is gone" % path for path in old if path in new and path not in now]


def contents(files):
    return {
        path: (entry["kind"], entry["content"], entry["mode"], entry["owner"], entry["xattrs"])
        for path, entry in files.items()
    }


def mended(ground, new):
    """What is missing to a host that a run has finished with."""
    now = contents(state.look(*state.TREES))
    return [
        ground.page(),
        ground.accepted(),
        ground.left_over(),
        ["%s is not as mended" % path for path in set(now) | set(new) if now.get(path) != new.get(path)],
    ]


def reference(ground):
    """The run that nothing happens to: its steps, and the files as it leaves them."""
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
    """Whether this one step is that one."""
    return [STAMP.sub("", one) for one in steps] == [STAMP.sub("", text)]


def chosen(ground, steps):
    """The steps to take, numbered. What only writes down goes the same way for each fault: of that the job
    names a part, (divisor, remainder).
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


def kill(ground):
    """A kill after a step is one before the next; one before an fsync shows nothing that a later one could
    not.
    """
    steps, old, new = reference(ground)
    if steps is None:
        return
    plan = [
        (number, "kill")
        for number, text in chosen(ground, steps)
        if ground.job["every"] or not text.startswith("fsync")
    ]
    plan += [
        (number, "during") for number, text in enumerate(steps, 1) if text.startswith(("run ", "trial "))
    ]
    for number, do in sorted(plan):
        what = "killed %s step %d of %d (%s)" % (
            "before" if do == "kill" else "during",
            number,
            len(steps),
            steps[number - 1],
        )
        ground.break_it()
        ran = ground.run(number, do)
        if ran.signal != signal.SIGKILL or not same(ran.steps[-1:], steps[number - 1]):
            tell(what, "it was not: %s; its last step was %s" % (ran, ran.steps[-1:]))
            continue
        tell(
            "%s: every file is the old or the new one, and is accepted" % what,
            old_or_new(old, new),
            ground.accepted(),
        )
        tell("%s: the next run mends it" % what, ground.mend(), *mended(ground, contents(new)))


def kill_twice(ground):
    """A run is killed while its command runs, and the next one, which finds that nobody is served, at each
    step of taking that back.
    """
    steps, old, new = reference(ground)
    if steps is None:
        return
    first = next(number for number, text in enumerate(steps, 1) if text.startswith("run "))

    def killed_once():
        ground.break_it()
        ground.run(first, "during")
        ground.bash(SETTLED + 'systemctl stop "$FPM_UNIT"')

    killed_once()
    back = ground.run().steps
    back = back[
        : next(
            (
                number
                for number, text in enumerate(back)
                if text.startswith("trial ") or "transaction.new" in text
            ),
            len(back),
        )
    ]
    ground.bash('systemctl start "$FPM_UNIT"')
    tell(
        "a run that takes something back does so before it tries anything new",
        None if any(text.startswith("run ") for text in back) else str(back),
    )
    plan = [
        (number, "kill")
        for number, text in chosen(ground, back)
        if ground.job["every"] or not text.startswith("fsync")
    ]
    plan += [(number, "during") for number, text in enumerate(back, 1) if text.startswith("run ")]
    for number, do in sorted(plan):
        what = "killed, and killed again %s step %d of taking it back (%s)" % (
            "before" if do == "kill" else "during",
            number,
            back[number - 1],
        )
        killed_once()
        ran = ground.run(number, do)
        ground.bash('systemctl start "$FPM_UNIT"')
        if ran.signal != signal.SIGKILL or not same(ran.steps[-1:], back[number - 1]):
            tell(what, "it was not: %s; its last step was %s" % (ran, ran.steps[-1:]))
            continue
        tell(
            "%s: every file is the old or the new one, and is accepted" % what,
            old_or_new(old, new),
            ground.accepted(),
        )
        tell("%s: the next run mends it" % what, ground.mend(), *mended(ground, contents(new)))


def looked_at(ground):
    """Check mode beside a change left open: it says so and changes nothing."""
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
        told = ran.remediation
        foretold = told.get("outcome") == "would_change" and told.get("undone") and ran.reply.get("changed")
        tell(
            "check mode after a kill during %s: it says what would become of that" % steps[number - 1],
            None if foretold else "it says %s, %s" % (ran, told.get("undone")),
            state.differences(before, ground.everything()),
        )


def errors(ground):
    """Each call of the run fails once, or from there on: it puts everything back, and says so."""
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
            ground.forget()
            ran, what = ground.run(number, do), "%s at step %d of %d (%s)" % (do, number, len(steps), text)
            if not same(ran.steps[number - 1 : number], text):
                tell(what, "it was not: the step was %s" % ran.steps[number - 1 : number])
            if one_error(ground, what, ran, before, contents(new)):
                ground.break_it()
                before = ground.everything()


def one_error(ground, what, ran, before, new):
    """Judge it. Returns whether the host has to be broken anew."""
    wordless = "it ends without an answer: %s" % ran.told if not ran.remediation and not ran.gave_up else None
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
    as_before = all(one in ("refused", "rolled_back") for one in ran.results)
    good = tell(
        "%s: everything is as before" % what,
        wordless,
        None if wordless or as_before else str(ran),
        state.differences(before, ground.everything()),
        ground.left_over(),
    )
    # What was put back is newer than what has loaded it, and the record that tells it from another's edit is
    # forgotten here.
    return not good or "rolled_back" in ran.results or any(text.startswith("run ") for text in ran.steps)


def rollback(ground):
    """One action that does not help, for the reason of the job: obstacle and relief are the host's own
    scripts around the run.
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
    """Broken, and with a fault at the first step that begins with `at`, for the interpreter of the next run
    to do.
    """
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
    """What the engine's runs have made of it since."""
    with open(REFERENCE, "rb") as stream:
        _steps, new = pickle.load(stream)
    tell("%s: it is mended, and nothing is left over" % ground.job["title"], *mended(ground, contents(new)))


def exchanged(_ground):
    """Nothing of what root writes in a tenant's directory arrives in one of root's."""
    exchange.exchanged(tell)


def left(ground):
    """What a killed run has left, found by a later one."""
    steps, old, new = reference(ground)
    if steps is None:
        return
    for case in ground.job["cases"]:
        left_behind.found_later(
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
