# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one event a host of what Alertmanager's webhook sends, and lets nothing else of it through.

It runs in ansible-rulebook, before any rule sees the event. What a rule hands to a playbook becomes extra
variables, which the engine templates. So only names of a strict form pass, and no other text of an alert.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from typing import Any

DOCUMENTATION = r"""
---
short_description: Make one event a host of a message of Alertmanager.
description:
  - Takes what the source eda.builtin.webhook got of Alertmanager, version 4 of its message.
  - Gives an event for each host that alerts name, with the key webmedic. It has host, status and alerts, and
    of each alert name, pool, cause, since and fingerprint.
  - The host is the label host, else the label instance, without a port. It is a name as in the inventory.
  - Alerts that name no such host become one event without a host, so that their refusal is logged.
  - The same alerts of a host are handed on again only after repeat_seconds.
  - More events than most_per_minute are refused with an error, so that Alertmanager sends them again later.
options:
  repeat_seconds:
    description: How many seconds the same alerts of a host are not handed on again.
    type: float
    default: 60
  most_per_minute:
    description: How many events are handed on in a minute.
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
MOST_ALERTS = 500  # of a message that are looked at
MOST_OF_HOST = 20
MOST_HOSTS = 100
MOST_REFUSED = 5
MOST_SHOWN = 60
MOST_REMEMBERED = 10_000


class TooMany(RuntimeError):
    """The webhook answers with an error then."""


class Memory:
    """What was handed on lately. ansible-rulebook loads this file once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], float] = {}
        self.times: list[float] = []

    def repeats(self, key: tuple[str, ...], now: float, seconds: float) -> bool:
        return now - self.seen.get(key, -seconds) < seconds

    def remember(self, keys: Collection[tuple[str, ...]], now: float, seconds: float, most: int) -> None:
        """Raises TooMany, and remembers none then: what is sent again must not look like a replay."""
        self.times = [at for at in self.times if now - at < 60]
        if len(self.times) + len(keys) > most:
            raise TooMany("more than %d events in a minute" % most)
        self.times += [now] * len(keys)
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


def host_of(labels: Mapping[str, Any]) -> str | None:
    """The label host decides where it is there: a wrong one does not make room for another label."""
    named = labels["host"] if "host" in labels else labels.get("instance")
    found = WITH_PORT.match(named) if isinstance(named, str) else None
    return matched(HOST, found.group(1)) if found else None


def alert_of(alert: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "name": matched(NAME, labels.get("alertname")),
        "pool": matched(POOL, labels.get("pool")),
        "cause": matched(NAME, labels.get("cause")),
        "since": matched(TIME, alert.get("startsAt")),
        "fingerprint": matched(FINGERPRINT, alert.get("fingerprint")),
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
        elif (host, status) in hosts or len(hosts) < MOST_HOSTS:
            members = hosts.setdefault((host, status), [])
            if len(members) < MOST_OF_HOST:
                members.append(alert_of(alert, labels))
        else:
            refused.append({"why": "the message names too many hosts", "shown": shown(host)})
    if len(listed) > MOST_ALERTS:
        refused.append({"why": "the message has too many alerts", "shown": str(len(listed))})
    return hosts, refused


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
        left = refused[:MOST_REFUSED]
        words = (value for item in left for value in item.values())
        events[("-", *words)] = {"host": "-", "status": "refused", "alerts": [], "refused": left}
    now, seconds = time.monotonic(), float(repeat_seconds)
    fresh = [key for key in events if not MEMORY.repeats(key, now, seconds)]
    MEMORY.remember(fresh, now, seconds, int(most_per_minute))
    return [{"webmedic": events[key]} for key in fresh]
