# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an action helped: before against after, by the probe as nginx's user, by pages and nginx's errors.

What improved is kept, if nothing got worse through it. What was dead before may stay dead.
"""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ..collect.endpoint.endpoints import collect_endpoints, identity_of
from ..collect.host import Host
from ..collect.linux.processes import processes
from ..collect.nginx.nginx import collect_nginx
from ..collect.snapshot import take
from ..parse.nginx.sites import Place, place, sites_of
from ..plan.plan import reloads_nginx
from ..plan.policy import Policy
from ..rules.diagnose import diagnose
from .compare import ANSWERS, Key, Sight, bad_page, best, improved, key, probe_words, silent_endpoint, worse
from .drain import QUEUES, Drain
from .pages import SILENT, ask, doors

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.remediation import Shown
    from ...plugin_utils.shapes.snapshot import Snapshot

PAUSE = 0.25  # seconds between two looks
QUIET = 1.05  # seconds: log lines have whole seconds; after so long no old line passes for a new one
MOST_SITES = 10  # that are asked for a page; the probe covers all
PAGE_SECONDS = 5.0  # for a page
WORSE_SECONDS = 5.0  # a daemon that starts may take so long until it listens


def endpoint(item: "Finding") -> str:
    """The endpoint of a finding; "" without one: nothing listens there."""
    return item["endpoint"] or ""


def touches(action: "Planned", master: "Master") -> bool:
    """Whether an action may disturb this master's pools; all of them where nginx is reloaded."""
    arguments = action["arguments"]
    return (
        reloads_nginx(action["id"])
        or arguments.get("config") == master["config"]
        or bool(arguments.get("unit") and arguments["unit"] == master["unit"])
    )


class Proof:
    """ask_pages: whether pages are requested, which leaves a line in the access log."""

    def __init__(
        self,
        host: Host,
        policy: Policy,
        snapshot: "Snapshot",
        findings: "Sequence[Finding]",
        planned: "Sequence[Planned]",
        ask_pages: bool,
    ) -> None:
        self.host, self.policy, self.findings = host, policy, findings
        self.answered_at: Optional[float] = None  # epoch seconds of the first good answer after an action
        self.rest = ""  # what is still wrong, though what was done helped and is kept
        self.drains = {
            item["endpoint"]: Drain(host, snapshot, item)
            for item in findings
            if item["state"] == "active" and item["cause"] in QUEUES
        }
        self.routes = snapshot["nginx"]["routes"]
        self.near = [
            pool["endpoint"]
            for master in snapshot["fpm"]["masters"]
            for pool in master["pools"]
            if pool["endpoint"] and any(touches(action, master) for action in planned)
        ]
        mine = [site for item in findings if item["state"] == "active" for site in item["servers"]]
        beside = sites_of(
            route
            for route in self.routes
            if any(target["endpoint"] in self.near for target in route["endpoints"])
        )
        self.doors = (
            doors(self.routes, [place(site) for site in mine + beside], MOST_SITES)
            if ask_pages and policy.probe_path
            else []
        )
        # before: how it was before the action.
        self.before = self.now = Sight(
            snapshot["endpoints"],
            ask(host, snapshot["nginx"], self.doors, policy.probe_path, policy.probe_timeout),
        )
        self.past = {key(item): self._seen(item, self.before, [endpoint(item)]) for item in findings}

    def _dialled(self, item: "Finding", nginx: "Nginx") -> List[str]:
        """What the finding's routes dial now: its own endpoint, or where they were led to instead."""
        keys: List[str] = []
        # No action of ours adds a route or takes one away.
        for old, new in zip(self.routes, nginx["routes"]) if len(self.routes) == len(nginx["routes"]) else ():
            if any(target["endpoint"] == item["endpoint"] for target in old["endpoints"]):
                keys += [target["endpoint"] for target in new["endpoints"] if not target["down"]]
        return [endpoint(item)] if item["endpoint"] in keys or not keys else list(dict.fromkeys(keys))

    def _seen(self, item: "Finding", sight: Sight, keys: Sequence[str]) -> "Shown":
        """What a report shows of a finding."""
        facts = next((sight.endpoints[name] for name in keys if name in sight.endpoints), None)
        pages = [sight.pages[place(site)] for site in item["servers"] if place(site) in sight.pages]
        return {
            "probe": probe_words(facts),
            "http": pages[0].status if pages else None,
            "queue": facts["queue"] if facts else None,
        }

    def _look(self, items: "Sequence[Finding]", last: bool) -> Dict[Key, List[str]]:
        """Sees how it is now. Gives what each finding's sites dial. last: pages are asked for even though no
        worker answers.
        """
        procs = processes(self.host)
        nginx = collect_nginx(self.host, procs)
        dialled = {key(item): self._dialled(item, nginx) for item in items}
        mine = list(dict.fromkeys(name for names in dialled.values() for name in names))
        seen = collect_endpoints(
            self.host,
            mine + [name for name in self.near if name not in mine],
            identity_of(nginx),
            procs,
            min(1.0, self.policy.probe_timeout),
        )
        pages = dict(self.now.pages) if self.now is not self.before else {}
        self.now = Sight(seen, pages)
        if last or all(best(self.now, names) == ANSWERS for names in dialled.values()):
            # A page that was slow holds a worker already; one that came is no other a moment later.
            wanted = [
                door
                for door in self.doors
                if door.place not in pages or pages[door.place].kind == SILENT or pages[door.place].fails
            ]
            pages.update(ask(self.host, nginx, wanted, self.policy.probe_path, PAGE_SECONDS))
        return dialled

    def begin(self) -> None:
        """The next action is compared with how it is now."""
        if self.now is not self.before:
            self.now = self.before
            self._look([], True)
            self.before = self.now

    def after(self, items: "Sequence[Finding]") -> "Dict[Key, Shown]":
        """What a report shows of each finding once all is done."""
        dialled = self._look(items, True)
        return {key(item): self._seen(item, self.now, dialled[key(item)]) for item in items}

    def _item_problem(
        self, item: "Finding", keys: List[str], places: List[Place], repointed: bool
    ) -> Optional[str]:
        if item["cause"] in QUEUES:
            problem = self.drains[item["endpoint"]].problem(self.now.endpoints.get(endpoint(item)))
        else:
            problem = silent_endpoint(self.now, keys)
        return problem or bad_page(self.now, keys, places, repointed)

    def _diagnosed(self, items: "Sequence[Finding]", since: float) -> Optional[str]:
        """What a diagnosis since then still finds of these, or workers killed for want of memory."""
        verdict = diagnose(take(self.host, max(1, int(self.host.now() - since)), self.policy.probe_timeout))
        known = {(item["cause"], item["endpoint"]) for item in self.findings if item["state"] == "active"}
        wanted = [(item["cause"], item["endpoint"]) for item in items]
        for item in verdict["findings"]:
            cause, where = item["cause"], item["endpoint"]
            # The trend of a queue was judged.
            if item["state"] != "active" or (where in self.drains and cause in QUEUES):
                continue
            if (cause, where) in wanted:
                return "it is still so: %s" % item["summary"]
            if cause == "worker_oom_killed" and (cause, where) not in known:
                return "something else is wrong now: %s" % item["summary"]
        return None

    def problem(self, items: "Sequence[Finding]", actions: "Sequence[Planned]") -> Optional[str]:
        """None when what was done is to stay; else what got worse, or is still wrong after verify_timeout
        seconds.
        """
        self.rest = ""
        deadline = self.host.monotonic() + self.policy.verify_timeout
        repointed = any(action["id"] == "fastcgi_pass_repoint" for action in actions)
        places = {key(item): [place(site) for site in item["servers"]] for item in items}
        edited: List[Place] = []
        if any(reloads_nginx(action["id"]) for action in actions):
            edited = [where for name in places for where in places[name]]
        hurt_since: Optional[float] = None
        while True:
            over = self.host.monotonic() >= deadline
            dialled = self._look(items, over)
            hurt = worse(self.before, self.now, edited)
            if not hurt:
                hurt_since = None
            elif hurt_since is None:
                hurt_since = self.host.monotonic()
            looks = [(item, dialled[key(item)], places[key(item)]) for item in items]
            problems = (self._item_problem(item, keys, where, repointed) for item, keys, where in looks)
            left = next(filter(None, problems), None)
            helped = any(
                improved(self.before, self.now, [endpoint(item)], keys, where, repointed)
                for item, keys, where in looks
            )
            if helped and self.answered_at is None:
                self.answered_at = self.host.now()
            if not hurt and not left:
                good_at = self.host.now()
                self.host.sleep(QUIET)
                left = self._diagnosed(items, good_at)
                if left is None:
                    return None
            lasts = hurt_since is not None and self.host.monotonic() - hurt_since >= WORSE_SECONDS
            if hurt and (over or lasts):
                return "something got worse through it: %s" % hurt
            if over and helped:
                self.rest = left or ""
            if over:
                return None if helped else left
            self.host.sleep(PAUSE)
