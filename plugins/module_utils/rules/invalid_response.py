# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 7: something took the connection, but no proper FastCGI response came back."""

from typing import Any, FrozenSet, List, NamedTuple

from ..signatures.lookup import meanings
from .case import BAD_HEADER, CUT_OFF, NOT_FASTCGI, Case, near
from .model import Clear, Match, Unclear, evidence, sample

CAUSE = "invalid_response"
SAME_MOMENT = 2.0
# Silent, or closing, when the php-fpm behind them is.
FORWARDERS = frozenset(
    (
        "docker-proxy",
        "rootlessport",
        "conmon",
        "pasta",
        "slirp4netns",
        "haproxy",
        "envoy",
        "socat",
        "ssh",
        "sshd",
        "systemd",
    )
)

Death = NamedTuple("Death", [("reason", str), ("meanings", FrozenSet[str]), ("words", str)])
# From php-fpm's own log (fpm_children.c): words, so likely at most.
DEATHS = (
    Death("segfault", meanings("crashed"), "crashed"),
    Death("hard_timeout", meanings("hard_timeout"), "ended itself at PHP's hard_timeout"),
    Death("killed", meanings("killed"), "was killed with SIGKILL, not by the OOM killer,"),
)


def _not_fastcgi(case: Case) -> Match:
    strangers = case.foreign_listeners
    lost = case.losses
    who = (
        "%s (pid %s)" % (strangers[0]["comm"], strangers[0]["pid"])
        if strangers
        else "something that is not php-fpm"
    )
    proof = [
        evidence(
            "probe",
            "%s does not answer in FastCGI: %s"
            % (case.key, case.probe.get("detail") or case.probe["result"]),
        )
    ]
    if strangers:
        proof.insert(0, evidence("socket", "%s is held by %s: %s" % (case.key, who, strangers[0]["cmdline"])))
    proof += [sample(loss.event) for loss in lost[:1]]
    return case.match(
        CAUSE,
        "not_fastcgi",
        "%s is held by %s, and that does not speak FastCGI." % (case.key, who),
        proof,
        lost,
        case.owner,
        confidence="certain" if case.probe["result"] == "not_fastcgi" else "likely",
    )


def _deaths(case: Case) -> List[Match]:
    found = []
    for death in DEATHS:
        events = case.pool_events(death.meanings)
        times = [at for event in events for at in event["times"]]
        lost = near(case.lost(CUT_OFF), times, SAME_MOMENT)
        # A worker that was killed while idle lost nobody's request.
        if not events or not lost:
            continue
        pool = events[0]["pool"]
        crash = _crash(case, times) if death.reason == "segfault" else []
        unseen = death.reason == "killed" and "kernel_log" in case.seen.blind
        words = "was killed with SIGKILL, by whom is not known," if unseen else death.words
        found.append(
            case.match(
                CAUSE,
                death.reason,
                "A worker of pool %s %s in the middle of a request." % (pool, words),
                [sample(events[-1])] + crash + [sample(lost[-1].event)],
                lost,
                case.owner,
                severity="warning",
                confidence="possible" if unseen else "likely",
                since=min(times),
                pool=pool,
            )
        )
    return found


def _crash(case: Case, times: List[float]) -> List[dict]:
    """The kernel's line names the library that crashed. Containers share its ring, so it only adds."""
    faults = case.snapshot["oom"].get("segfaults") or []
    return [
        evidence("kernel", fault["text"], at=fault["at"])
        for fault in faults
        if any(abs(fault["at"] - at) <= 5 for at in times)
    ][:1]


def examine(case: Case) -> Any:
    strangers = case.foreign_listeners
    if case.connect["result"] == "ok" and (
        case.probe["result"] == "not_fastcgi" or (strangers and not case.answers)
    ):
        if case.probe["result"] != "not_fastcgi" and any(
            holder["comm"] in FORWARDERS for holder in strangers
        ):
            return Unclear(
                "live_probe",
                "%s holds %s, and what is behind it did not answer" % (strangers[0]["comm"], case.key),
            )
        return _not_fastcgi(case)
    deaths = _deaths(case)
    if deaths:
        return deaths
    lost = case.lost(NOT_FASTCGI | BAD_HEADER)
    if lost:
        return case.match(
            CAUSE,
            "protocol_error",
            "php-fpm's answer on %s broke the FastCGI or CGI format." % case.key,
            [sample(lost[-1].event)],
            lost,
            case.owner,
            severity="warning",
            confidence="likely",
        )
    return Clear("no worker of %s died in a request" % case.key)
