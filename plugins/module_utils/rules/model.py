# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules are written in: a cause, a reason of it, and what a rule answers about one endpoint."""

from bisect import bisect_left
from functools import partial
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence, Facts, Site
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.missing import What
    from ...plugin_utils.shapes.shape import Confidence, Severity, State
    from ...plugin_utils.shapes.snapshot import Snapshot
    from .case import Case
    from .group import Question
else:  # Python 3.6 has no Literal
    Confidence = Severity = State = str

LONGEST_TEXT = 500
# What matters most comes first.
SEVERITIES: Tuple[Severity, ...] = ("critical", "warning", "info")
STATES: Tuple[State, ...] = ("active", "latent", "recovered")

Subject = TypeVar("Subject")


def ids(names: str) -> Tuple[str, ...]:
    """Of reasons, with spaces between them."""
    return tuple(names.split())


class Cause(NamedTuple):
    """Why requests are lost, however that is proved."""

    id: str
    reasons: Tuple[str, ...]  # ids of all that a rule may give. Tests ask for it: a host keeps each verdict.
    code: Optional[int] = None  # number of the seven classic causes in the guides that people know
    severity: Severity = "critical"  # of a finding that is not over; a reason may have another
    # While it is active no request reaches php-fpm. Every other loss follows from it: no later rule is asked.
    rules_out_others: bool = False
    # Ids of the causes that may bring it about. Their rules stand before its own, and claim losses first.
    consequence_of: Tuple[str, ...] = ()
    of_unit: bool = False  # the pools of a unit have it together
    of_address: bool = False  # it is mended where nginx has the server


class Remedy(NamedTuple):
    action: str  # id, as plan/actions.py has it
    arguments: Dict[str, object]


class Loss(NamedTuple):
    """One lost request, from a line of nginx's log."""

    at: float  # epoch seconds
    meaning: str  # signatures/nginx.py
    site: Optional[str]
    event: "Event"


class Place(NamedTuple):
    """What a finding is about."""

    pool: Optional[str]
    unit: Optional[str]  # systemd's


NOWHERE = Place(None, None)


class Reason(NamedTuple):
    """How a cause came about here, with its proof. The engine adds endpoint, sites, first loss and count."""

    summary: str  # one sentence
    proof: Sequence["Evidence"]  # the deciding piece first
    # The lost requests that are counted, oldest first. None: the Group's, whose newest line is proof, too
    losses: Optional[Sequence[Loss]] = None
    remedy: Sequence[Remedy] = ()
    confidence: Confidence = "certain"
    state: State = "active"
    severity: Optional[Severity] = None  # None: the cause's, and a warning once it is over
    place: Optional[Place] = None  # None: nginx where Rule.of_nginx is, else the endpoint's pool
    since: Optional[float] = None  # epoch seconds; None: the first loss
    explains: Optional[Sequence[Loss]] = None  # the losses that no later rule sees; None: those counted
    # The sites that are hit. None: all that dial the endpoint, or the Group's
    servers: Optional[Sequence["Site"]] = None
    facts: "Facts" = {}  # what the words for people name


likely = partial(Reason, confidence="likely")


class Match(NamedTuple):
    """It is this cause, for this reason."""

    cause: Cause
    reason_id: str
    reason: Reason


class Clear(NamedTuple):
    """It is not this cause."""

    why: str


class Unclear(NamedTuple):
    """It may be this cause."""

    what: "What"  # would have to be seen to tell, by its name in missing
    why: str


# None: the rule goes on to its next predicate.
Answer = Union[None, Match, List[Match], Clear, Unclear]
NOTHING: List[Match] = []  # the rule ends there, and says nothing


class Rule(NamedTuple):
    """What is asked about one endpoint: the first answer counts.

    A predicate takes for granted what those before it made sure of, as a gate does. So one that raises ends
    its rule: what a later one would say might be wrong, and for certain.
    """

    name: str  # of its file
    causes: Tuple[Cause, ...]  # all that it can find
    asks: Sequence[Callable[["Case"], Answer]]
    of_nginx: bool = False  # its findings are about nginx, and not about the endpoint's pool


class HostRule(NamedTuple):
    """What is asked about a host as a whole: each adds its questions to those before it."""

    name: str
    causes: Tuple[Cause, ...]
    asks: Sequence[Callable[["Snapshot"], Sequence["Question"]]]
    of_nginx: bool = False


class RowFailed(Exception):
    """The predicate of a row raised: its reason's id. The error is its cause."""


def first_reason(
    cause: Cause, reasons: Sequence[Tuple[str, Callable[[Subject], Optional[Reason]]]], subject: Subject
) -> Optional[Match]:
    """The first of (id, predicate) that applies. Live state stands before logs in such a list."""
    for reason_id, predicate in reasons:
        try:
            reason = predicate(subject)
        except Exception as error:
            raise RowFailed(reason_id) from error
        if reason is not None:
            return Match(cause, reason_id, reason)
    return None


def evidence(
    source: str, text: str, path: Optional[str] = None, line: Optional[int] = None, at: Optional[float] = None
) -> "Evidence":
    """One piece of proof. at: epoch seconds; line: of a configuration file."""
    piece: "Evidence" = {"source": source, "path": path, "text": text[:LONGEST_TEXT]}
    if line is not None:
        piece["line"] = line
    if at is not None:
        piece["at"] = at
    return piece


def sample(event: "Event") -> "Evidence":
    line = event["sample"]
    return evidence(event["source"] + "_log", line["text"], line["path"], at=line["at"])


def newest_of(events: Iterable["Event"]) -> "Event":
    return max(events, key=lambda event: event["last"])


def times_of(events: Iterable["Event"]) -> List[float]:
    """Oldest first."""
    return sorted(at for event in events for at in event["times"])


def losses_of(events: Sequence["Event"]) -> List[Loss]:
    """Oldest first."""
    losses = [Loss(at, meaning_of(event), event["site"], event) for event in events for at in event["times"]]
    return sorted(losses, key=lambda loss: loss.at)


def first_line(losses: Sequence[Loss]) -> List["Evidence"]:
    """The log line of the first loss, if there is one."""
    return [sample(loss.event) for loss in losses[:1]]


def near(losses: Iterable[Loss], times: Iterable[float], seconds: float) -> List[Loss]:
    """Losses within seconds of any of the times."""
    marks = sorted(times)
    return [loss for loss in losses if within(marks, loss.at, seconds)]


def but_nearest(losses: Iterable[Loss], ends: Iterable[float]) -> List[Loss]:
    """Each worker that ended by itself lost one of the requests, the nearest."""
    left = list(losses)
    for end in ends:
        beside = near(left, [end], LOG_SECOND)
        if beside:
            left.remove(min(beside, key=lambda loss: abs(loss.at - end)))
    return left


def within(marks: Sequence[float], at: float, seconds: float) -> bool:
    """Whether one of the marks, which are sorted, is that near."""
    number = bisect_left(marks, at - seconds)
    return number < len(marks) and marks[number] <= at + seconds


def state_of(over: bool) -> State:
    return "recovered" if over else "active"


class Span(NamedTuple):
    first: Optional[float]
    number: int  # by the log's own count where more lines than times were kept


def span(losses: Sequence[Loss]) -> Span:
    events: Dict[int, Tuple["Event", int]] = {}
    for loss in losses:
        event, number = events.get(id(loss.event), (loss.event, 0))
        events[id(loss.event)] = (event, number + 1)
    first, count = None, 0
    for event, number in events.values():
        whole = number == len(event["times"])
        began = event["first"] if whole else losses[0].at
        first = began if first is None else min(first, began)
        count += event["count"] if whole else number
    return Span(first, count)
