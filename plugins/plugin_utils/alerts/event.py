# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the event that an alert became. Its sender is not trusted, so all names are tested again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answers.untrusted import Mismatch, Reader, listed, one_of, optional, record
from ..shapes.alerts import AlertEvent

NO_HOST = "-"
STATUSES = ("firing", "resolved", "refused")
MOST_ALERTS = 20
# As in extensions/eda/plugins/event_filter/alertmanager_hosts.py, which has to do without this file.
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9_])?\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z", re.ASCII)
_POOL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._:@/ ?+-]{0,100}\Z", re.ASCII)


def _matching(pattern: re.Pattern[str]) -> Reader:
    def read_text(value: Any, where: str) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            raise Mismatch("%s is no name" % where)
        return str.__getitem__(value, slice(None))

    return read_text


def _host(value: Any, where: str) -> str:
    return NO_HOST if value == NO_HOST else str(_matching(HOST)(value, where))


_ALERT = record(
    name=optional(_matching(_NAME)),
    pool=optional(_matching(_POOL)),
    cause=optional(_matching(_NAME)),
    since=optional(_matching(_PLAIN)),
    fingerprint=optional(_matching(_PLAIN)),
    instance=optional(_matching(HOST)),
)
_EVENT = record(
    host=_host,
    status=one_of(*STATUSES),
    alerts=listed(_ALERT, MOST_ALERTS),
    refused=listed(record(why=_matching(_PLAIN), shown=_matching(_PLAIN)), MOST_ALERTS),
)


def read(value: Any) -> AlertEvent:
    """Raises Mismatch."""
    found: AlertEvent = _EVENT(value, "alert")
    if (found["host"] == NO_HOST) != (found["status"] == "refused"):
        raise Mismatch("the alert names no host")
    return found


def names(event: AlertEvent) -> list[str]:
    """The names of the alerts, each once, with their pools."""
    found = [
        (alert["name"] or "an alert without a name") + (" (pool %s)" % alert["pool"] if alert["pool"] else "")
        for alert in event["alerts"]
    ]
    return list(dict.fromkeys(found))


def host_in(name: str, hosts: Mapping[str, Any]) -> str | None:
    """The host of the inventory that an alert means: one of this very name, else the only one with this
    address. hosts: ansible_host by name, None where there is none. Patterns and groups mean nothing here.
    """
    if name in hosts:
        return name
    at_address = [host for host, address in hosts.items() if address == name]
    return at_address[0] if len(at_address) == 1 else None


def is_of_another(instance: str | None, host: str, inventory: Mapping[str, Any]) -> bool:
    """Whether the target that was scraped is known to be another host than the one that its alert names. What
    a host tells of itself decides nothing about others. inventory: ansible_host by name, as in host_in.
    """
    if instance is None or instance in (host, "localhost") or instance.startswith("127."):
        return False
    address = inventory[host]
    if address is not None and address in (instance, inventory.get(instance)):
        return False
    return instance in inventory or any(
        instance == other for name, other in inventory.items() if name != host
    )
