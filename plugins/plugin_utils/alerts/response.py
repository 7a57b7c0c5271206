# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three steps of a response to an alert: admit it, decide, close. Each writes what it decided to the log.

In check mode nothing is written, and no host is held.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from ..answers.bounds import UNSEEN
from ..answers.complaints import harmless
from ..answers.untrusted import Mismatch
from ..reports.remedies import WELL, for_a_person, full_name, identity, why_unmended
from ..reports.run import folder_name
from ..shapes.alerts import AlertDecision, AlertEvent, AlertPolicy, Book, LogLine
from ..shapes.report import Explained, HostEntry
from . import book, event
from .decision import decide as by_policy
from .request import Request, clock, headline, text
from .store import Store, alive, this_process

NOT_MENDED = "it was to be mended, and was not"


class Caller(NamedTuple):
    """Who responds. pid: of the process that lives as long as the response. writes: not in check mode."""

    store: Store
    who: str
    pid: int
    now: float
    writes: bool
    lasts: float = 0  # seconds after which the engine ends what comes next, 0: never

    def log(
        self, step: str, response: str, host: str, decision: str, why: str, more: LogLine | None = None
    ) -> None:
        if not self.writes:
            return
        line: LogLine = {
            "at": clock(self.now),
            "id": response,
            "who": self.who,
            "host": host,
            "step": step,
            "decision": decision,
            "why": harmless(why),
            **(more or {}),
        }
        self.store.log(line)

    def book(self) -> AbstractContextManager[Book]:
        return self.store.opened() if self.writes else nullcontext(book.empty())


class Admitted(NamedTuple):
    """host: None where the alert is not answered."""

    host: str | None
    id: str
    decision: str
    why: str
    event: AlertEvent | None
    request: Request | None


def admit(
    caller: Caller, rules: AlertPolicy, raw: Any, hosts: Mapping[str, Any], inventory: Mapping[str, Any]
) -> Admitted:
    """raw: what came in. hosts: those that may be answered for, with their addresses. inventory: all."""
    response = "%s-%s" % (folder_name(caller.now), secrets.token_hex(3))
    try:
        found = event.read(raw)
    except Mismatch as error:
        caller.log("admit", response, event.NO_HOST, "refuse", "%s: nothing is done" % error)
        return Admitted(None, response, "refuse", str(error), None, None)
    host = event.host_in(found["host"], hosts)
    found, strange = _its_own(found, host, inventory)
    alerts = event.names(found)
    decision, why = _outside(found, host)
    if strange and not found["alerts"]:
        decision, why = "refuse", "%s said it, which is another host: nothing is done" % strange
    request = None
    if not decision and host is not None:
        with caller.book() as kept:
            holder = this_process(response, caller.pid, caller.now, caller.lasts)
            decision, why = book.admit(kept, host, rules["throttle"], holder, alive)
            asks = decision == "throttle" and book.may_ask(kept, host, decision, caller.now)
        if asks:
            request = Request(host, response, caller.now, alerts, why, "", [], None)
    caller.log("admit", response, host or found["host"], decision, why, {"alerts": alerts})
    admitted = host if decision == "admit" else None
    return Admitted(admitted, response, decision, why, found, request)


def _its_own(
    found: AlertEvent, host: str | None, inventory: Mapping[str, Any]
) -> tuple[AlertEvent, str | None]:
    """(the event without the alerts that another host wrote, such a host)"""
    if host is None:
        return found, None
    instances = dict.fromkeys(alert["instance"] for alert in found["alerts"])
    strange = [instance for instance in instances if event.is_of_another(instance, host, inventory)]
    if not strange:
        return found, None
    own = [alert for alert in found["alerts"] if alert["instance"] not in strange]
    return {**found, "alerts": own}, strange[0]


def _outside(found: AlertEvent, host: str | None) -> tuple[str, str]:
    """Why an alert is not even counted."""
    if found["status"] == "refused":
        shown = "; ".join(
            item["why"] + (" (%s)" % item["shown"] if item["shown"] else "") for item in found["refused"]
        )
        return "refuse", "%s: nothing is done" % (shown or "it names no host")
    if host is None:
        return "refuse", "no host within respond_hosts is called %s: nothing is done" % found["host"]
    if found["status"] == "resolved":
        return "resolved", "the alert is over: nothing is done"
    return "", ""


def decide(
    caller: Caller, rules: AlertPolicy, admitted: Admitted, entry: HostEntry, report: str | None
) -> AlertDecision:
    """What is done about the host that was looked at."""
    host, found = _of(admitted)
    made = by_policy(rules, entry, host, found)
    if made["only"]:
        with caller.book() as kept:
            why = book.renew(kept, host, admitted.id, caller.now, caller.lasts) if caller.writes else ""
            why = why or book.mends(kept, host, rules["throttle"], caller.now)
        if why:
            made = _left_to_person(made, why)
    caller.log(
        "decide",
        admitted.id,
        host,
        made["decision"],
        made["why"],
        {
            "findings": made["judged"],
            "actions": [name for name in made["only"] if ":" not in name],
            "report": report,
        },
    )
    return made


def _of(admitted: Admitted) -> tuple[str, AlertEvent]:
    if admitted.host is None or admitted.event is None:
        raise Mismatch("no alert was admitted")
    return admitted.host, admitted.event


def _left_to_person(made: AlertDecision, why: str) -> AlertDecision:
    for item in made["judged"]:
        if item["decision"] == "mend":
            item["decision"], item["why"] = "ask", why
    return {**made, "decision": "ask", "why": why, "only": [], "skip": []}


def close(
    caller: Caller,
    admitted: Admitted,
    made: AlertDecision | None,
    before: HostEntry,
    after: HostEntry | None,
    report: str | None,
) -> tuple[str, Request | None]:
    """(what came of it, whom to ask). made: None where nothing was decided. after: None where nothing was
    to be mended.
    """
    host, found = _of(admitted)
    now = after or before
    left = _left(made, before, after)
    outcome, why = _outcome(made, before, after, left)
    request = None
    with caller.book() as kept:
        book.release(kept, host, admitted.id)
        if left or outcome in ("failed", "ask"):
            what = " ".join(sorted({full_name(finding) for finding, _why in left})) or outcome
            again = not book.may_ask(kept, host, what, caller.now)
            names = event.names(found)
            request = Request(host, admitted.id, caller.now, names, why, now["status"], left, report, again)
        elif now["status"] in WELL:
            book.answered(kept, host)
    caller.log("close", admitted.id, host, outcome, why, {"report": report, "alerts": event.names(found)})
    return outcome, request


def _left(
    made: AlertDecision | None, before: HostEntry, after: HostEntry | None
) -> list[tuple[Explained, str]]:
    """The findings that a person is asked about, and why."""
    judged = made["judged"] if made else []
    left = [
        (before["findings"][item["finding"]], item["why"]) for item in judged if item["decision"] == "ask"
    ]
    if after is None:
        return left
    if after["status"] in WELL:
        left = [pair for pair in left if pair[0]["state"] != "active"]
    known = {identity(finding) for finding, _why in left}
    left_alone = {
        identity(before["findings"][item["finding"]]) for item in judged if item["decision"] == "leave"
    }
    return left + [
        (finding, _why_not(after, number))
        for number, finding in enumerate(after["findings"])
        if finding in for_a_person(after) and identity(finding) not in known | left_alone
    ]


def _why_not(after: HostEntry, number: int) -> str:
    results = after["remediation"]["findings"]
    return results[number]["why"] if number < len(results) and results[number]["why"] else NOT_MENDED


def _outcome(
    made: AlertDecision | None,
    before: HostEntry,
    after: HostEntry | None,
    left: Sequence[tuple[Explained, str]],
) -> tuple[str, str]:
    if made is None:
        return "failed", "nothing was decided: %s" % (before.get("error") or "the response ended before")
    if after is None:
        return ("ask" if left or made["decision"] == "ask" else "left"), made["why"]
    if after.get("error") or after["status"] in UNSEEN:
        return "failed", after.get("error") or "the host is %s after the remediation" % after["status"]
    remediation = after.get("remediation")
    answered = remediation["answered_after"] if remediation else None
    words = "the host is %s%s" % (
        after["status"],
        "" if answered is None else ", it answered again %.1f s after its diagnosis" % answered,
    )
    wrong = why_unmended(after)
    if wrong or left or after["status"] not in WELL:
        return "failed" if wrong else "ask", "; ".join(filter(None, (wrong, words)))
    return "mended", words


Send = Callable[[Request], str]


def ask(caller: Caller, request: Request, send: Send) -> str:
    """The file that asks a person. send: hands it on, and says why it did not arrive. Who was asked for the
    same lately is not called again: the file is written anew.
    """
    if not caller.writes:
        return ""
    path = caller.store.request(request.host, text(request))
    word = "asked_again" if request.again else "asked"
    caller.log("ask", request.id, request.host, word, headline(request), {"request": path})
    wrong = "" if request.again else send(request)
    if wrong:
        caller.log("ask", request.id, request.host, "not_sent", wrong)
    return path


def withdraw(caller: Caller, admitted: Admitted) -> None:
    """What a person was asked before is answered."""
    host, _event = _of(admitted)
    if caller.writes and caller.store.withdraw(host):
        caller.log("ask", admitted.id, host, "withdrawn", "the host is well: nobody is asked any more")
