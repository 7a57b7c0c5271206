# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether it helped: the probe as nginx's user, a request through nginx, a drained queue, and no new line of the same kind."""

from typing import Any, Dict, List, Optional, Sequence

from ..collect.host import Host
from ..collect.http_get import answered, get
from ..collect.nginx import collect_nginx
from ..collect.processes import processes
from ..collect.snapshot import take
from ..collect.sockets import collect_endpoints, identity_of
from ..diagnose import diagnose
from ..parse.listen import targets
from ..policy import Policy
from ..rules.case import PROMPT_MS
from ..rules.registry import NOTHING_GETS_THROUGH
from .drain import QUEUES, Drain

PAUSE = 0.25  # seconds between two looks
QUIET = 1.05  # nginx and php-fpm stamp whole seconds: after so long, an old line cannot pass for a new one
MOST_SITES = 3  # of one finding that are asked for a page; the probe covers all
GRAVE = 500
# What a change can have brought about anywhere on the host. A pool of another site that is full, or slow, is its own matter.
MAY_BE_OURS = NOTHING_GETS_THROUGH | {"worker_oom_killed"}


def key(item: Dict[str, Any]) -> Any:
    return item["cause"], item["endpoint"], item["site"]


def _told(place: Dict[str, Any]) -> str:
    """What became of dialling an endpoint, in one word or the system's own."""
    connect, probe = place.get("connect") or {}, place.get("probe") or {}
    if probe.get("result") not in (None, "not_tried"):
        return str(probe["result"])
    return str(connect.get("error") or connect.get("result") or "not tried")


class Proof:
    """before: what was so when nothing had been done yet, by finding. answered_at: epoch seconds of the first good answer after an action.

    ask: whether pages are requested at all, which leaves a line in the access log.
    """

    def __init__(self, host: Host, policy: Policy, snapshot: Dict[str, Any], findings: Sequence[Dict[str, Any]], ask: bool) -> None:
        self.host, self.policy, self.ask = host, policy, ask and bool(policy.probe_path)
        self.active = [item for item in findings if item["state"] == "active"]
        self.answered_at: Optional[float] = None
        full = [item for item in self.active if item["cause"] in QUEUES]
        self.drains = {item["endpoint"]: Drain(host, snapshot, item) for item in full}
        self.pages_before: Dict[str, Optional[int]] = {}
        for item in self.active:
            self.pages_before.update(self._pages(snapshot["nginx"], item, policy.probe_timeout))
        self.before = {key(item): self._seen(snapshot["nginx"], snapshot["endpoints"], item, self.pages_before) for item in findings}

    def _routes(self, nginx: Dict[str, Any], item: Dict[str, Any]) -> List[Dict[str, Any]]:
        return [route for route in nginx["routes"] if (route["site"] or "default") in item["sites"]]

    def _pages(self, nginx: Dict[str, Any], item: Dict[str, Any], seconds: float) -> Dict[str, Optional[int]]:
        """{site: HTTP status, None without an answer} of a request through nginx, as a visitor would make it."""
        found: Dict[str, Optional[int]] = {}
        for route in self._routes(nginx, item) if self.ask else []:
            site = route["site"] or "default"
            places = targets(route["listen"])
            if site not in found and len(found) < MOST_SITES and places:
                found[site] = get(self.host, places[0], (route["server_names"] or [""])[0], self.policy.probe_path, seconds)["status"]
        return found

    def _endpoints(self, nginx: Dict[str, Any], item: Dict[str, Any]) -> List[str]:
        """What the finding's sites dial: still its own endpoint, or where they were led to instead."""
        dialled = {target["endpoint"] for route in self._routes(nginx, item) for target in route["endpoints"] if not target["down"]}
        return [item["endpoint"]] if item["endpoint"] in dialled else sorted(dialled)

    def _seen(self, nginx: Dict[str, Any], endpoints: Dict[str, Any], item: Dict[str, Any], pages: Dict[str, Optional[int]]) -> Dict[str, Any]:
        """What a report shows of a finding: {probe, http, queue}."""
        place: Dict[str, Any] = next((endpoints[name] for name in self._endpoints(nginx, item) if name in endpoints), {})
        return {"probe": _told(place), "http": next((pages[site] for site in item["sites"] if site in pages), None), "queue": place.get("queue")}

    def _look(self, items: Sequence[Dict[str, Any]]) -> Any:
        procs = processes(self.host)
        nginx = collect_nginx(self.host, procs)
        keys = list(dict.fromkeys(name for item in items for name in self._endpoints(nginx, item)))
        return nginx, collect_endpoints(self.host, keys, identity_of(nginx), procs, min(1.0, self.policy.probe_timeout))

    def after(self, item: Dict[str, Any]) -> Dict[str, Any]:
        nginx, endpoints = self._look([item])
        return self._seen(nginx, endpoints, item, self._pages(nginx, item, self.policy.probe_timeout))

    def _unanswered(self, items: Sequence[Dict[str, Any]], seconds: float) -> Optional[str]:
        """The first endpoint or page that does not answer as it should, None when all do. seconds: for each page."""
        nginx, endpoints = self._look(items)
        for name, place in endpoints.items():
            if name in self.drains:
                wrong = self.drains[name].complaint(place)
                if wrong:
                    return "%s: %s" % (name, wrong)
                continue
            if place["probe"]["result"] != "answered":
                return "%s: %s" % (name, _told(place))
            if (place["probe"]["ms"] or 0) > PROMPT_MS or place.get("queue"):
                return "%s answers only after %.1f s, and %s requests wait in its queue" % (name, (place["probe"]["ms"] or 0) / 1000, place.get("queue"))
        for item in items:
            for site, status in self._pages(nginx, item, seconds).items():
                was = self.pages_before.get(site)
                if not answered({"status": status}):
                    return "GET %s of %s through nginx: %s" % (self.policy.probe_path, site, "HTTP %d" % status if status else "no answer")
                if status is not None and was is not None and status >= GRAVE > was:
                    return "GET %s of %s through nginx: HTTP %d, was %d before" % (self.policy.probe_path, site, status, was)
        return None

    def _still(self, items: Sequence[Dict[str, Any]], since: float) -> Optional[str]:
        """Whether a diagnosis of what happened since then still finds one of these, or something grave that was not there."""
        verdict = diagnose(take(self.host, max(1, int(self.host.now() - since)), self.policy.probe_timeout))
        for found in verdict["findings"]:
            if found["state"] != "active":
                continue
            if found["endpoint"] in self.drains and found["cause"] in QUEUES:
                continue
            if any(found["cause"] == item["cause"] and set(found["sites"]) & set(item["sites"]) for item in items):
                return "it is still so: %s" % found["summary"]
            known = any((found["cause"], found["endpoint"]) == (item["cause"], item["endpoint"]) for item in self.active)
            touched = found["cause"] in MAY_BE_OURS or any(set(found["sites"]) & set(item["sites"]) for item in items)
            if not known and touched:
                return "something else is wrong now: %s" % found["summary"]
        return None

    def complaint(self, items: Sequence[Dict[str, Any]]) -> Optional[str]:
        """None once the findings are gone and their sites answer; what is still wrong when that has not come within verify_timeout seconds."""
        deadline = self.host.monotonic() + self.policy.verify_timeout
        while True:
            wrong = self._unanswered(items, max(1.0, deadline - self.host.monotonic()))
            if wrong is None:
                good_at = self.host.now()
                self.host.sleep(QUIET)
                wrong = self._still(items, good_at)
                if wrong is None:
                    self.answered_at = self.answered_at or good_at
                    return None
            if self.host.monotonic() >= deadline:
                return wrong
            self.host.sleep(PAUSE)
