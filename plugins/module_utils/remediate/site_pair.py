# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site made or taken away, step by step: each is tried on a copy, done, proven, and kept or put back.

The new pair serves before the old files go, so that an upgrade of PHP loses no request. What the last step
would be refused for is known before the first one is taken.
"""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence

from ..change.difference import difference
from ..change.recovery import shell
from ..collect.host import Host
from ..collect.linux.processes import processes
from ..collect.nginx.nginx import collect_nginx
from ..collect.php_fpm.masters import collect_fpm
from ..collect.site import Seen, Written, look
from ..parse.nginx.sites import place, site_of
from ..parse.titles import NGINX_WORKER
from ..work.step import Refusal, Step
from .came_back import loaded
from .carry_out import UNTOUCHED, Outcome, Verify
from .one_change import answering, one_change, still_answering
from .pages import Page, ask, doors
from .running import Running
from .site_steps import (
    SAME_NAME,
    Pair,
    drop_in_step,
    foreign_tls,
    master_of,
    pair_step,
    removal_step,
    taken_default,
    warnings_of_nginx,
)

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx

PAUSE = 0.25
QUIET_WAIT = 10.0  # seconds for a moment in which a reload cuts no request
NOTHING_THERE = (403, 404)  # what a missing site_root gives, too
NO_LIMIT = 1 << 20  # requests: after that wait it goes on


class PageCheck(NamedTuple):
    path: str  # "": no page is asked for
    accepts: Callable[[int], bool]
    written: str  # the accepted codes, for a person


class Ways(NamedTuple):
    """How the module runs."""

    check_mode: bool
    warn: Callable[[str], None]
    seconds: float  # for each proof


def _all_new(host: Host, nginx: "Nginx", since: float) -> bool:
    """Whether nginx's workers were all started by the last reload: an older one answers for other servers."""
    pids = [process for process in processes(host) if process.pid in nginx["workers"]]
    return bool(pids) and all(
        process.started_at > since for process in pids if NGINX_WORKER.match(process.cmdline)
    )


def _page_of(host: Host, nginx: "Nginx", vhost: str, path: str, seconds: float) -> Optional[Page]:
    """None where no visitor can reach the site."""
    real = host.realpath(vhost)
    sites = [site_of(route) for route in nginx["routes"] if host.realpath(route["file"]) == real]
    wanted = doors(nginx["routes"], [place(site) for site in sites], 1)
    return ask(host, nginx, wanted, path, seconds)[wanted[0].place] if wanted else None


def _page_problem(
    host: Host, nginx: "Nginx", pair: Pair, check: PageCheck, before: Optional[Page], ways: Ways
) -> Optional[str]:
    page = _page_of(host, nginx, pair.vhost, check.path, 10.0)
    if page is None:
        return "no visitor could reach site %s: another server has its name" % pair.name
    if page.status is None:
        return "site %s does not answer: %s" % (pair.name, page.error)
    if check.accepts(page.status) or (before and before.status == page.status and before.kind == page.kind):
        if page.status in NOTHING_THERE:
            ways.warn(
                "%s of site %s answers %d. If that is not meant: is site_root there, and may nginx's account "
                "%s enter it?" % (check.path, pair.name, page.status, nginx["user"])
            )
        return None
    own = "" if page.kind != "own" else ": its own code says so, see nginx's error log of the site"
    return "%s of site %s answers %d, and %s is accepted%s" % (
        check.path,
        pair.name,
        page.status,
        check.written,
        own,
    )


def _until(host: Host, seconds: float, problem: Callable[[], Optional[str]]) -> Optional[str]:
    deadline = host.monotonic() + seconds
    while True:
        why = problem()
        if why is None or host.monotonic() >= deadline:
            return why
        host.sleep(PAUSE)


def _endpoints(seen: Seen, configs: Sequence[str], but: str = "") -> List[str]:
    return [
        pool["endpoint"]
        for master in seen.masters
        for pool in master["pools"]
        if master["config"] in configs and pool["endpoint"] and pool["name"] != but
    ]


def _running(host: Host, seen: Seen) -> Running:
    return Running(host, seen.masters, NO_LIMIT, QUIET_WAIT)


def _prove_pair(host: Host, seen: Seen, pair: Pair, check: PageCheck, ways: Ways) -> Verify:
    """What answered before must answer again, the new pool and a page of the site as well."""
    up = answering(host, _endpoints(seen, [pair.config]), 1.0)
    since = host.now()
    before = _page_of(host, seen.nginx, pair.vhost, check.path, 10.0) if check.path else None

    def verify() -> Optional[str]:
        masters = collect_fpm(host, processes(host), test="never")["masters"]
        pools = [pool for master in masters if master["config"] == pair.config for pool in master["pools"]]
        mine = [pool["endpoint"] for pool in pools if pool["name"] == pair.name and pool["endpoint"]]
        wanted = list(dict.fromkeys(mine + [key for key in up if key in [p["endpoint"] for p in pools]]))
        why = still_answering(host, wanted, ways.seconds)
        if why or not check.path:
            return why

        def problem() -> Optional[str]:
            nginx = collect_nginx(host, processes(host))
            if reloads and not _all_new(host, nginx, since):
                return "nginx's old workers are still there"
            return _page_problem(host, nginx, pair, check, before, ways)

        return _until(host, ways.seconds, problem)

    reloads = pair_step(host, seen, pair).commands[-1:]
    reloads = [command for command in reloads if "nginx" in command.do[-1]]
    return verify


def _prove_removal(host: Host, seen: Seen, configs: Sequence[str], name: str, ways: Ways) -> Verify:
    """The other pools answer as before; where nginx's file went, no old worker sends requests any more."""
    up = answering(host, _endpoints(seen, configs, name), 1.0)
    since = host.now()

    def verify() -> Optional[str]:
        if not configs:
            return _until(
                host,
                ways.seconds,
                lambda: (
                    None
                    if _all_new(host, collect_nginx(host, processes(host)), since)
                    else "nginx's old workers are still there"
                ),
            )
        return still_answering(host, up, ways.seconds)

    return verify


def _shown(step: Step) -> Outcome:
    files, commands = [change.path for change in step.changes], [shell(each.do) for each in step.commands]
    return Outcome("would", "", files, commands, difference(step.changes), None)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome of several steps. The last one says whether all went well."""
    done = [outcome for outcome in outcomes if outcome.result != "unchanged"]
    if not done:
        return UNTOUCHED
    result, why = done[-1].result, "; ".join(outcome.why for outcome in done if outcome.why)
    if done[1:] and result in ("refused", "rolled_back"):
        result, why = "failed", "what came first is done and proven, but then: %s" % why
    return Outcome(
        result,
        why,
        [path for outcome in done for path in outcome.files],
        [command for outcome in done for command in outcome.commands],
        [entry for outcome in done for entry in outcome.diff],
        next((outcome.backup for outcome in reversed(done) if outcome.backup), None),
    )


def _went_well(outcomes: Sequence[Outcome]) -> bool:
    return all(outcome.result in ("unchanged", "would", "done") for outcome in outcomes)


def _remove(
    host: Host, name: str, choose: Callable[[Seen], List[Written]], check_mode: bool, ways: Ways
) -> Outcome:
    seen = look(host)
    files = choose(seen)
    configs = [file.config for file in files[:1] if file.config]
    verify = _prove_removal(host, seen, configs, name, ways) if files and not check_mode else lambda: None

    def make() -> Step:
        now = look(host)
        return removal_step(host, now, name, choose(now))

    return one_change(host, make, verify, check_mode, ways.warn, running=_running(host, seen))


def _groups(seen: Seen, name: str, kept: Sequence[str], host: Host) -> List[str]:
    """Who reads files of the site that are to go: "" for nginx, which comes first, or a main file."""
    real = [host.realpath(path) for path in kept]
    files = [file for file in seen.of_site(name) if host.realpath(file.path) not in real]
    return sorted({file.config for file in files})


def remove_all(host: Host, name: str, kept: Sequence[str], ways: Ways, only_look: bool) -> List[Outcome]:
    """All files of a site but those kept. only_look: what it would be, or be refused for."""
    outcomes: List[Outcome] = []
    for config in _groups(look(host), name, kept, host):

        def choose(seen: Seen, config: str = config) -> List[Written]:
            real = [host.realpath(path) for path in kept]
            return [file for file in seen.of_site(name, config) if host.realpath(file.path) not in real]

        outcomes.append(_remove(host, name, choose, only_look, ways))
        if not _went_well(outcomes):
            break
    return outcomes


def absent(host: Host, name: str, ways: Ways) -> Outcome:
    foreseen = remove_all(host, name, [], ways, True)
    if ways.check_mode or not _went_well(foreseen):
        return together(foreseen)
    return together(remove_all(host, name, [], ways, False))


def present(host: Host, pair: Pair, check: PageCheck, ways: Ways) -> Outcome:
    seen = look(host)
    master_of(seen, pair.config)
    kept = [pair.vhost, pair.pool]
    foreseen = remove_all(host, pair.name, kept, ways, True)
    if not _went_well(foreseen):
        return together(foreseen)
    step = pair_step(host, seen, pair)
    if host.account(pair.user) is None:
        if not ways.check_mode:
            raise Refusal("there is no account %s on this host" % pair.user)
        ways.warn(
            "There is no account %s yet, so php-fpm could not be asked whether it accepts the pool."
            % pair.user
        )
        return together([_shown(step), _shown(drop_in_step(host, seen, pair)), *foreseen])
    for text in warnings_of_nginx(step):
        if text.startswith(SAME_NAME):
            raise Refusal("nginx would warn: %s" % text)
        ways.warn("nginx warns: %s." % text)
    taken = taken_default(host, seen, step, pair)
    if taken:
        ways.warn("%s." % taken)
    foreign = foreign_tls(host, pair.vhost_text)
    if foreign:
        ways.warn("%s." % foreign)

    def drop_in() -> Step:
        return drop_in_step(host, seen, pair)

    def make() -> Step:
        return pair_step(host, look(host), pair)

    unit = one_change(host, drop_in, lambda: None, True, ways.warn)
    if not _went_well([unit]):
        return together([unit])
    if ways.check_mode:
        outcomes = [one_change(host, make, lambda: None, True, ways.warn)]
        return together([*outcomes, unit, *foreseen] if _went_well(outcomes) else outcomes)
    ready = bool(step.changes or step.commands)
    verify: Verify = _prove_pair(host, seen, pair, check, ways) if ready else lambda: None
    long = ways.seconds + pair.grace
    running, master = _running(host, seen), master_of(seen, pair.config)
    outcomes = [loaded(host, master, make, verify, ways.warn, running, long)]
    if _went_well(outcomes):
        outcomes.append(one_change(host, drop_in, lambda: None, False, ways.warn))
    if _went_well(outcomes):
        outcomes += remove_all(host, pair.name, kept, ways, False)
    return together(outcomes)
