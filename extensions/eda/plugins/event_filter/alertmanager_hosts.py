# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one event a host of what Alertmanager's webhook sends, and lets nothing else of it through.

It runs in ansible-rulebook, before any rule sees the event. What a rule hands to a playbook becomes extra
variables, which the engine templates. So only names of a strict form pass, and no other text of an alert.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
---
short_description: Make one event a host of a message of Alertmanager.
description:
  - Takes what the source eda.builtin.webhook got of Alertmanager, version 4 of its message.
  - Gives an event for each host that alerts name, with the key webmedic. It has host, status and alerts, and
    of each alert name, pool, cause, since, fingerprint and instance.
  - The host is the label host, else the label instance, without a port. It is a name as in the inventory.
  - A scraped target may write any label host, but never its instance. So both are handed on, and the response
    refuses an alert whose instance is another host of the inventory.
  - Alerts that name no such host become one event without a host, so that their refusal is logged.
  - The same alerts of a host are handed on again only after repeat_seconds.
  - More events than most_per_minute are refused with an error, so that Alertmanager sends them again.
    One instance may take half of them, so that it leaves room for others.
  - Of a message that alone has more hosts, those that were not handed on for longest come first. How many
    were left is logged, and they come when Alertmanager repeats the message.
options:
  repeat_seconds:
    description: How many seconds the same alerts of a host are not handed on again.
    type: float
    default: 60
  most_per_minute:
    description: How many events are handed on in a minute, 2 or more.
    type: int
    default: 120
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    host: 127.0.0.1
    port: 5001
  filters:
    - webmedic.php_fpm.alertmanager_hosts:
        repeat_seconds: 60
"""

# A name of a host that is no pattern, no option and no path, whatever it is handed to.
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9_])?\Z", re.ASCII)
WITH_PORT = re.compile(r"([A-Za-z0-9._-]+)(?::[0-9]{1,5})?\Z", re.ASCII)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z", re.ASCII)
POOL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z", re.ASCII)
TIME = re.compile(r"[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}[0-9.]{0,12}(?:Z|[+-][0-9:]{5})\Z")
FINGERPRINT = re.compile(r"[0-9a-f]{1,32}\Z", re.ASCII)
HIDDEN = re.compile(r"[^A-Za-z0-9._:@/ -]", re.ASCII)
STATUSES = ("firing", "resolved")
NO_HOST = "-"
MOST_ALERTS = 5000  # of a message that are looked at: more than fit into what the webhook takes
MOST_OF_HOST = 20
MOST_OF_INSTANCE = 10  # for one host
MOST_REFUSED = 5
MOST_SHOWN = 60
MOST_REMEMBERED = 10_000


class TooMany(RuntimeError):
    """The webhook answers with an error then."""


class Memory:
    """What was handed on lately. ansible-rulebook loads this file once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], float] = {}
        self.times: list[tuple[float, str]] = []  # when, of which instance

    def repeats(self, key: tuple[str, ...], now: float, seconds: float) -> bool:
        return now - self.seen.get(key, -seconds) < seconds

    def chosen(self, events: Mapping[tuple[str, ...], str], now: float, most: int) -> list[tuple[str, ...]]:
        """Those that there is room for, of events with their instances. Raises TooMany where all would have
        room in another minute.
        """
        self.times = [(at, instance) for at, instance in self.times if now - at < 60]
        used = Counter(instance for _at, instance in self.times)
        room, taken = most - len(self.times), list[tuple[str, ...]]()
        for key in sorted(events, key=lambda key: self.seen.get(key, -math.inf)):
            instance = events[key]
            if used[instance] >= most // 2:
                continue
            if len(taken) < room:
                used[instance] += 1
                taken.append(key)
            elif self.times:
                raise TooMany("more than %d events in a minute" % most)
        return taken

    def remember(self, keys: Mapping[tuple[str, ...], str], now: float, seconds: float) -> None:
        self.times += [(now, instance) for instance in keys.values()]
        if len(self.seen) + len(keys) > MOST_REMEMBERED:
            self.seen = {key: at for key, at in self.seen.items() if now - at < seconds}
        if len(self.seen) + len(keys) <= MOST_REMEMBERED:
            self.seen.update(dict.fromkeys(keys, now))


MEMORY = Memory()


def matched(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.match(value) else None


def shown(value: Any) -> str:
    """What is safe to show of a name that is none."""
    if not isinstance(value, str):
        return "no text" if value is not None else "no name"
    return HIDDEN.sub("?", value[:MOST_SHOWN])


def without_port(named: Any) -> str | None:
    found = WITH_PORT.match(named) if isinstance(named, str) else None
    return matched(HOST, found.group(1)) if found else None


def host_of(labels: Mapping[str, Any]) -> str | None:
    """The label host decides where it is there: a wrong one does not make room for another label."""
    return without_port(labels["host"] if "host" in labels else labels.get("instance"))


def alert_of(alert: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "name": matched(NAME, labels.get("alertname")),
        "pool": matched(POOL, labels.get("pool")),
        "cause": matched(NAME, labels.get("cause")),
        "since": matched(TIME, alert.get("startsAt")),
        "fingerprint": matched(FINGERPRINT, alert.get("fingerprint")),
        "instance": without_port(labels.get("instance")),
    }


def read(payload: Any) -> tuple[dict[tuple[str, str], list[dict[str, str | None]]], list[dict[str, str]]]:
    """(alerts by host and status, what was refused)."""
    listed = payload.get("alerts") if isinstance(payload, Mapping) else None
    if not isinstance(listed, list):
        return {}, [{"why": "it is no message of Alertmanager", "shown": ""}]
    hosts: dict[tuple[str, str], list[dict[str, str | None]]] = {}
    refused: list[dict[str, str]] = []
    for alert in listed[:MOST_ALERTS]:
        labels = alert.get("labels") if isinstance(alert, Mapping) else None
        if not isinstance(labels, Mapping):
            refused.append({"why": "an alert without labels", "shown": ""})
            continue
        host, status = host_of(labels), alert.get("status")
        if host is None:
            wrong = labels["host"] if "host" in labels else labels.get("instance")
            refused.append({"why": "its label names no host", "shown": shown(wrong)})
        elif status not in STATUSES:
            refused.append({"why": "it is neither firing nor resolved", "shown": shown(host)})
        else:
            members, made = hosts.setdefault((host, status), []), alert_of(alert, labels)
            of_instance = sum(other["instance"] == made["instance"] for other in members)
            if len(members) < MOST_OF_HOST and of_instance < MOST_OF_INSTANCE:
                members.append(made)
    if len(listed) > MOST_ALERTS:
        refused.append({"why": "the message has too many alerts", "shown": str(len(listed))})
    return hosts, refused


def add_refused(
    events: dict[tuple[str, ...], dict[str, Any]], refused: list[dict[str, str]]
) -> tuple[str, ...]:
    """Its key."""
    told = refused[:MOST_REFUSED]
    key = (NO_HOST, *(value for item in told for value in item.values()))
    events[key] = {"host": NO_HOST, "status": "refused", "alerts": [], "refused": told}
    return key


def main(
    event: dict[str, Any], repeat_seconds: float = 60, most_per_minute: int = 120
) -> list[dict[str, Any]]:
    """What the source put in event becomes these events. Headers and all else of it is dropped."""
    hosts, refused = read(event.get("payload") if isinstance(event, Mapping) else None)
    events: dict[tuple[str, ...], dict[str, Any]] = {}
    for (host, status), alerts in hosts.items():
        words = (str(value) for alert in alerts for value in alert.values())
        events[(host, status, *words)] = {"host": host, "status": status, "alerts": alerts, "refused": []}
    if refused:
        add_refused(events, refused)
    now, seconds = time.monotonic(), float(repeat_seconds)
    instances = {
        key: str(found["alerts"][0]["instance"] if found["alerts"] else NO_HOST)
        for key, found in events.items()
        if not MEMORY.repeats(key, now, seconds)
    }
    fresh = MEMORY.chosen(instances, now, max(2, int(most_per_minute)))
    left = len(instances) - len(fresh)
    if left:
        why = {"why": "too many hosts at once", "shown": "%d of %d left" % (left, len(instances))}
        fresh.append(add_refused(events, [why]))
    MEMORY.remember({key: instances.get(key, NO_HOST) for key in fresh}, now, seconds)
    return [{"webmedic": events[key]} for key in fresh]
