# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 7: something took the connection, but no proper FastCGI response came back."""

from typing import TYPE_CHECKING, FrozenSet, List, NamedTuple, Optional, Sequence

from ...parse.php_fpm.pools import ZONEINFO
from ...parse.timestamps import RING_DRIFT, SAME_MOMENT
from ...signatures.lookup import meanings
from ..case import CUT_OFF, Case
from ..model import (
    Answer,
    Cause,
    Clear,
    Confidence,
    Match,
    Reason,
    Rule,
    Unclear,
    but_nearest,
    evidence,
    first_line,
    ids,
    near,
    sample,
)

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event

CAUSE = Cause(
    "invalid_response",
    ids(
        "exit_code hard_timeout http_to_fpm killed not_fastcgi nothing_behind protocol_error resource_limit "
        "segfault system_call"
    ),
    code=7,
    consequence_of=("worker_oom_killed", "request_terminated", "reload_interrupted"),
)
PROTOCOL_ERRORS = meanings("not_fastcgi", "bad_header")
# What ran lay in opcache's shared memory, which is code of its JIT alone.
JIT_CODE = "dev/zero"
# Silent, or closing, when the php-fpm behind them is.
FORWARDERS = frozenset(
    ("docker-proxy", "rootlessport", "conmon", "pasta", "slirp4netns")
    + ("haproxy", "envoy", "socat", "ssh", "sshd", "stunnel", "stunnel4", "systemd-socket-", "systemd")
)


class Death(NamedTuple):
    """How a worker ended in a request, by php-fpm's own log (fpm_children.c): words, so likely at most."""

    reason: str
    meanings: FrozenSet[str]
    words: str


DEATHS = (
    Death("segfault", meanings("crashed"), "crashed"),
    Death("system_call", meanings("filtered"), "was ended by a filter of system calls (SIGSYS)"),
    Death("resource_limit", meanings("limited"), "was ended at a limit of its processes (see setrlimit(2))"),
    Death("hard_timeout", meanings("hard_timeout"), "ended itself at PHP's hard_timeout"),
    # exit(1) is a heap that is broken or out of memory, 70 a request that could not begin, 255 a bailout. An
    # extension exits with whatever code.
    Death("exit_code", meanings("gave_up"), "ended itself with an error code"),
    Death("killed", meanings("killed"), "was killed with SIGKILL, not by the OOM killer,"),
)


def _refuses_fastcgi(case: Case) -> bool:
    return case.probe["result"] == "not_fastcgi"


def _is_held(case: Case) -> bool:
    """By something that is not php-fpm."""
    silent = case.foreign_listeners and not case.answers
    return case.connect["result"] == "ok" and bool(silent or _refuses_fastcgi(case))


def _forwarder(case: Case) -> Answer:
    names = [holder["comm"] for holder in case.foreign_listeners]
    if not _is_held(case) or _refuses_fastcgi(case) or FORWARDERS.isdisjoint(names):
        return None
    holder = next((name for name in names if name != "systemd" and name in FORWARDERS), names[0])
    lost = case.lost(CUT_OFF)
    if case.probe["result"] == "closed" and lost:
        words = "%s holds %s and passes it on, and closes each connection: what is behind it does not answer."
        held = ["%(comm)s (pid %(pid)s: %(cmdline)s)" % each for each in case.foreign_listeners[:3]]
        proof = [
            evidence("socket", "%s is held by %s" % (case.key, ", ".join(held))),
            evidence("probe", "%s: the connection was closed without an answer" % case.key),
        ]
        reason = Reason(words % (holder, case.key), proof + first_line(lost), lost, confidence="likely")
        return Match(CAUSE, "nothing_behind", reason)
    words = "%s holds %s, and what is behind it did not answer: does php-fpm run there, and listen to all?"
    return Unclear("live_probe", words % (holder, case.key))


def _not_fastcgi(case: Case) -> Optional[Match]:
    if not _is_held(case):
        return None
    who, proof = "something that is not php-fpm", []
    for holder in case.foreign_listeners[:1]:
        who = "%s (pid %s)" % (holder["comm"], holder["pid"])
        proof = [evidence("socket", "%s is held by %s: %s" % (case.key, who, holder["cmdline"]))]
    answer = case.probe.get("detail") or case.probe["result"]
    proof.append(evidence("probe", "%s does not answer in FastCGI: %s" % (case.key, answer)))
    confidence: Confidence = "certain" if _refuses_fastcgi(case) else "likely"
    words = "%s is held by %s, and that does not speak FastCGI." % (case.key, who)
    reason = Reason(words, proof + first_line(case.losses), case.losses, confidence=confidence)
    return Match(CAUSE, "not_fastcgi", reason)


def _segfault(case: Case, events: Sequence["Event"]) -> List["Evidence"]:
    """The kernel's line names the library that crashed. Containers share its ring, so it only adds. A
    stranger's program may be called so, too.
    """
    oom, times = case.snapshot["oom"], [at for event in events for at in event["times"]]
    pids = {pid for event in events for pid in event["pids"]} if oom.get("own_pids") else set()
    for fault in oom.get("segfaults") or []:
        if pids and fault["pid"] not in pids:
            continue
        if any(abs(fault["at"] - at) <= RING_DRIFT for at in times):
            proof = [evidence("kernel", fault["text"], at=fault["at"])]
            if fault["module"] == JIT_CODE:
                from .jit_code import jit_code

                proof.append(jit_code(fault))
            return proof
    return []


def _times(case: Case, death: Death) -> List[float]:
    times = sorted(at for event in case.fpm_events(death.meanings) for at in event["times"])
    if death.reason == "killed" and times:
        from .ends import killed_by_others

        return killed_by_others(case)
    return times


def _death(case: Case, death: Death) -> Optional[Match]:
    events, times = case.fpm_events(death.meanings), _times(case, death)
    others = [at for other in DEATHS if times and other is not death for at in _times(case, other)]
    lost = near(case.lost(CUT_OFF, perhaps=True) + case.early, times, SAME_MOMENT)
    lost = but_nearest(lost, sorted(others))
    # A worker that was killed while idle lost nobody's request. PHP's own faults strike while it runs.
    if not times or not lost and (case.unheard is None or death.reason in ("killed", "exit_code")):
        return None
    pool, words = events[0]["pool"], death.words
    confidence: Confidence = "likely"
    if death.reason == "killed" and "kernel_log" in case.seen.blind:
        words, confidence = "was killed with SIGKILL, by whom is not known,", "possible"
    confidence = case.sure_of_log(confidence)
    crash = _segfault(case, events) if death.reason == "segfault" else []
    when = "in the middle of a request" if lost else "and no log tells of requests that were lost"
    if death.reason == "segfault" and case.owner and case.owner.pool.get("zoneless"):
        when += "; its chroot has no " + ZONEINFO
        crash.append(evidence("file", "PHP of Debian or Fedora crashes without it, at a date", ZONEINFO))
    reason = Reason(
        "A worker of pool %s %s %s." % (pool, words, when),
        [sample(events[-1])] + crash + [sample(loss.event) for loss in lost[-1:]],
        lost,
        confidence=confidence,
        severity="warning",
        place=case.place._replace(pool=pool),
        since=min(times),
    )
    return Match(CAUSE, death.reason, reason)


def _protocol_error(case: Case) -> Optional[Match]:
    lost = case.lost(PROTOCOL_ERRORS)
    if not lost:
        return None
    words = "php-fpm's answer on %s broke the FastCGI or CGI format." % case.key
    reason = Reason(words, [sample(lost[-1].event)], lost, confidence="likely", severity="warning")
    return Match(CAUSE, "protocol_error", reason)


def _deaths(case: Case) -> Optional[List[Match]]:
    return [match for match in (_death(case, death) for death in DEATHS) if match] or None


def _no_death(case: Case) -> Answer:
    return Clear("no worker of %s died in a request" % case.key)


RULE = Rule("invalid_response", (CAUSE,), (_forwarder, _not_fastcgi, _deaths, _protocol_error, _no_death))
