# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 7: something took the connection, but no proper FastCGI response came back."""

from typing import List, Optional

from ...signatures.lookup import meanings
from ...signatures.php_fpm import WORKER_ENDED
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
    evidence,
    first_line,
    ids,
)

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
# Silent, or closing, when the php-fpm behind them is.
FORWARDERS = frozenset(
    ("docker-proxy", "rootlessport", "conmon", "pasta", "slirp4netns")
    + ("haproxy", "envoy", "socat", "ssh", "sshd", "stunnel", "stunnel4", "systemd-socket-", "systemd")
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


def _odd_answers(case: Case) -> Optional[Match]:
    if not case.lost(PROTOCOL_ERRORS):
        return None
    from .odd_answers import broke_the_format, was_held

    return was_held(CAUSE, case) or broke_the_format(CAUSE, case, case.lost(PROTOCOL_ERRORS))


def _deaths(case: Case) -> Optional[List[Match]]:
    if not case.fpm_events(WORKER_ENDED):
        return None
    from .deaths import deaths

    return deaths(case)


def _no_death(case: Case) -> Answer:
    return Clear("no worker of %s died in a request" % case.key)


RULE = Rule("invalid_response", (CAUSE,), (_forwarder, _not_fastcgi, _deaths, _odd_answers, _no_death))
