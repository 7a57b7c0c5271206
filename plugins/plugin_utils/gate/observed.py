# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that a gate has seen, in one kind: findings, unseen hosts, restarts, pages, load. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..answers.bounds import UNSEEN
from ..answers.untrusted import text
from ..reports.compare import changes, epoch, is_worse, lost_since
from ..reports.remedies import identity, open_findings
from ..reports.saturation import nearness
from ..shapes.changes import Changed, Changes
from ..shapes.report import Explained, HostEntry
from ..shapes.restart import Restart
from ..shapes.site_page import SitePage
from ..sites import main_sites, sites_of
from .gate_own import NONE_LOST
from .looks import Looks, Refused
from .policy_words import SIGNS

# From here on a pool that has come nearer to its limit is worth a word: four of five workers are busy.
NEAR = 0.8
FULL = 1.0
# Of these hosts nobody knows that they had a way to PHP.
WITHOUT_ROUTE = ("not_applicable", *UNSEEN)


class Seen(NamedTuple):
    """One thing about one host. new: None where there is no baseline. lost: requests since the deploy. cut:
    requests that a reload would cut now, None where they could not be counted.
    """

    host: str | None
    cause: str
    reason: str | None
    severity: str
    confidence: str
    state: str
    new: bool | None
    why: str
    fix: str
    sites: Sequence[str] = ()
    sites_left: int = 0
    pool: str | None = None
    lost: int = 0
    cut: int | None = 0


def sign(host: str | None, cause: str, reason: str | None, why: str, fix: str = "", **more: Any) -> Seen:
    known = SIGNS[cause]
    fields = {
        "severity": known.severity,
        "confidence": "certain",
        "state": known.state,
        "new": None,
        **more,
    }
    return Seen(host, cause, reason, why=why, fix=fix, **fields)


def observed(looks: Looks, names: Iterable[str]) -> list[Seen]:
    """What was seen on these hosts, and of each host that it was seen at all."""
    made = changes(looks.before, looks.report, looks.since) if looks.before else None
    return [seen for name in names for seen in _of_host(looks, made, name)]


def _of_host(looks: Looks, made: Changes | None, host: str) -> Iterator[Seen]:
    entry = looks.report["hosts"].get(host)
    if entry is None:
        yield _absent(looks, host)
        return
    yield from _status(looks, host, entry)
    if entry["status"] not in UNSEEN or entry["findings"]:
        yield from _findings(looks, made, host, entry)
    if entry["status"] != "unreachable":
        yield from _restart(looks, host)
        yield from _pages(looks, host)
    yield from _load(made, host)


def _absent(looks: Looks, host: str) -> Seen:
    if looks.before is None or host not in looks.before["hosts"]:
        return sign(host, "host_unknown", None, "it was not looked at")
    return sign(
        host,
        "host_gone",
        None,
        "it is in the baseline and not in this play: --limit, another pattern, or a changed inventory",
        "run the gate on all hosts of the baseline, or let a rule for host_gone accept it",
        new=True,
    )


# ------------------------------------------------------------------------------------------ the diagnosis


def _status(looks: Looks, host: str, entry: HostEntry) -> Iterator[Seen]:
    status = entry["status"]
    if status in UNSEEN:
        yield sign(host, "host_" + status, None, *_unseen(entry))
    if status in ("failing", "degraded") and not any(
        finding["state"] == "active" for finding in entry["findings"]
    ):
        yield sign(host, "host_unexplained", None, "it is %s, and the report names no cause" % status)
    before = looks.before["hosts"].get(host) if looks.before else None
    if status == "not_applicable" and before and before["status"] not in WITHOUT_ROUTE:
        yield _gone(host, "it was %s before, and now nginx passes nothing to php-fpm" % before["status"])
    elif status == "not_applicable" and looks.since is not None and not looks.baseline:
        why = "nginx passes nothing to php-fpm, and no baseline says whether it did before"
        yield sign(host, "route_gone", "no_baseline", why, severity="warning")
    elif before and "snapshot" in entry:
        for site in sorted(main_sites(before) - sites_of(entry)):
            yield _gone(host, "it was served before, and now nginx does not know it", [site])


def _gone(host: str, why: str, sites: Sequence[str] = ()) -> Seen:
    fix = "look whether the site's file in nginx's configuration is still there: nginx -T"
    return sign(
        host,
        "route_gone",
        None,
        "%s%s" % ("%s: " % sites[0] if sites else "", why),
        fix,
        new=True,
        sites=sites,
    )


def _unseen(entry: HostEntry) -> tuple[str, str]:
    """(why, what would help)."""
    if entry.get("error"):
        return str(entry["error"]), ""
    if entry["missing"]:
        piece = entry["missing"][0]
        return "%s could not be seen: %s" % (piece["what"], piece["why"]), piece["needs"] or ""
    return "the report says no more", ""


def _findings(looks: Looks, made: Changes | None, host: str, entry: HostEntry) -> Iterator[Seen]:
    listed = _changed(made, host)
    known = looks.before is not None and host in looks.before["hosts"]
    own, own_before = dict(looks.own), dict(looks.baseline.own if looks.baseline else NONE_LOST)
    made_before = epoch(looks.before["generated_at"]) if looks.before else 0.0
    for finding in open_findings(entry):
        change = listed.get(_key(finding)) if known else None
        sites = finding["sites"] or ([finding["site"]] if finding["site"] else [])
        lost = _of_visitors(_lost(looks, finding, change), host, sites, own)
        if finding["since"] is not None and finding["since"] <= made_before:
            lost = _of_visitors(lost, host, sites, own_before)
        yield Seen(
            host=host,
            cause=finding["cause"],
            reason=finding["reason"],
            severity=finding["severity"],
            confidence=finding["confidence"],
            state=finding["state"],
            new=_is_new(change) if known else None,
            why=("%s: " % finding["title"] if finding["state"] == "active" else "") + finding["summary"],
            fix=finding["fix"] or finding["advice"],
            sites=sites,
            sites_left=finding["sites_left"],
            pool=finding["pool"],
            lost=lost,
        )


Key = tuple[Any, ...]


def _key(finding: Explained | Changed) -> Key:
    return (*identity(finding), tuple(finding["sites"]))


def _changed(made: Changes | None, host: str) -> dict[Key, Changed]:
    if made is None:
        return {}
    # Where two findings are alike, the new one counts.
    lists = (made["gone"], made["same"], made["new"])
    return {_key(item): item for items in lists for item in items if item["host"] == host}


def _is_new(change: Changed | None) -> bool:
    """Whether it was not so before, or not so bad. A host that nobody could look at proves nothing."""
    if change is None or not change["looked"] or change["was"] is None:
        return True
    return is_worse(change) or (change["now"] == "active" and change["was"] != "active")


def _lost(looks: Looks, finding: Explained, change: Changed | None) -> int:
    if looks.since is None:
        return 0
    made = epoch(looks.before["generated_at"]) if looks.before else None
    return lost_since(finding, looks.report, looks.since, change, made)


def _of_visitors(lost: int, host: str, sites: Sequence[str], own: dict[tuple[str, str], int]) -> int:
    """What is left without the gate's own requests, each of which is taken away once."""
    for site in sites:
        taken = min(lost, own.get((host, site), 0))
        if taken:
            own[host, site] -= taken
            lost -= taken
    return lost


# ------------------------------------------------------------------------------------------ the other looks


def _restart(looks: Looks, host: str) -> Iterator[Seen]:
    if looks.restart is None:
        return
    answer = looks.restart.get(host, "it was not asked")
    if isinstance(answer, str):
        new = _new(looks, host, "restart_unknown", "no_answer")
        yield sign(host, "restart_unknown", "no_answer", answer, new=new)
        return
    for problem in answer["problems"]:
        site = next(iter(problem["sites"]), None)
        yield sign(
            host,
            "restart_fails",
            problem["kind"],
            problem["summary"],
            problem["fix"],
            severity=problem["severity"],
            confidence=problem["confidence"],
            state="active" if problem["already"] else "latent",
            new=_new(looks, host, "restart_fails", problem["kind"], site, problem["pool"]),
            sites=problem["sites"],
            pool=problem["pool"],
        )
    untold = answer["verdict"] in ("fails", "risky") and not answer["problems"]
    if answer["verdict"] == "unknown" or answer["missing"] or untold:
        first = answer["missing"][0] if answer["missing"] else None
        why = "%s: %s" % (first["what"], first["why"]) if first else answer["msg"]
        needs = (first["needs"] or "") if first else ""
        new = _new(looks, host, "restart_unknown", "not_tested")
        yield sign(host, "restart_unknown", "not_tested", why, needs, new=new)
    yield from _cuts(host, answer)


def _cuts(host: str, answer: Restart) -> Iterator[Seen]:
    for item in answer["cuts"]:
        unit = item["unit"] or "php-fpm"
        if item["reload_cuts"] is None:
            why = "how many requests a reload of %s would cut could not be counted" % unit
            yield sign(host, "reload_cuts", "not_counted", why, cut=None)
        elif item["reload_cuts"]:
            yield sign(
                host,
                "reload_cuts",
                None,
                "a reload of %s would cut %d of %s running requests now"
                % (unit, item["reload_cuts"], item["running"]),
                "set process_control_timeout in its php-fpm.conf to the longest time a request may take",
                cut=item["reload_cuts"],
            )


def _pages(looks: Looks, host: str) -> Iterator[Seen]:
    entry = looks.report["hosts"][host]
    if looks.pages is None or entry["status"] == "not_applicable":
        return
    answer = looks.pages.get(host, "it was not asked")
    if isinstance(answer, str):
        new = _new(looks, host, "page_unknown", "no_answer")
        yield sign(host, "page_unknown", "no_answer", answer, new=new)
        return
    bad = [page for page in answer["pages"] if not (page["asked"] and page["ok"])]
    if not bad and not answer["ok"]:
        new = _new(looks, host, "page_unknown", "no_answer")
        yield sign(host, "page_unknown", "no_answer", answer["msg"], new=new)
    for page in bad:
        cause, reason = ("page_fails", _failure(page)) if page["asked"] else ("page_unknown", "not_asked")
        yield sign(
            host,
            cause,
            reason,
            "%s: %s" % (page["url"] or page["site"], page["why"]),
            new=_new(looks, host, cause, reason, page["site"]),
            sites=[page["site"]],
        )


def _failure(page: SitePage) -> str:
    """A page that was missing before the deploy is no excuse for one that the server fails at."""
    if page["status"] is None:
        return "no_answer"
    return "server_error" if page["status"] >= 500 else "wrong_status"


def _new(
    looks: Looks, host: str, cause: str, reason: str, site: str | None = None, pool: str | None = None
) -> bool | None:
    if looks.baseline is None:
        return None
    return Refused(host, cause, reason, site, pool) not in looks.baseline.refused


def _load(made: Changes | None, host: str) -> Iterator[Seen]:
    for pool in made["saturation"] if made else []:
        now = nearness(pool["after"])
        if pool["host"] != host or pool["trend"] != "nearer" or now is None or now < NEAR:
            continue
        load = pool["after"] or {"busy": None, "max_children": None, "queue": None}
        yield sign(
            host,
            "saturation_nearer",
            "full" if now >= FULL else "nearer",
            "%s of %s workers of pool %s are busy, and %s connections wait"
            % (load["busy"], load["max_children"], text(pool["pool"]), load["queue"] or 0),
            "look at what the workers wait for before you raise pm.max_children",
            new=True,
            pool=pool["pool"],
        )
