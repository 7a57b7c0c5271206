# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks that only some hosts need: what was seen before tells which. Another host does not compile them."""

import posixpath
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple

from ..parse.fastcgi import keeps_waiting
from ..parse.linux.proc import WAITS_FOR_READER
from ..parse.nginx.site_logs import writers
from ..parse.nginx.strays import strays
from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import (
    CYCLES,
    FATAL,
    LIMITED,
    NO_CONNECTION,
    OWN_ERRORS,
    QUEUE_FULL,
    REFUSED,
    TIMED_OUT,
    UNWRITABLE,
)
from .host import Host
from .isolated import isolated
from .linux.processes import Process
from .logs.log_clock import is_odd
from .logs.log_window import MOST_TAILS, PAGES_TAIL, WIDE_TAIL, tail
from .pressure import pools_under_pressure
from .trust import head

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import AccessLogs, Event, LaterLogs, PhpError
    from ...plugin_utils.shapes.memory import Halted
    from ...plugin_utils.shapes.nginx import Nginx, Route
    from ...plugin_utils.shapes.older import Older
    from ...plugin_utils.shapes.snapshot import Snapshot
    from ...plugin_utils.shapes.waits import Waits

# Of these the access log knows how the other visitors fared.
COMPARED = LIMITED | FATAL | meanings("pool_full", "process_max", "proxy_header")
# Of a front page that is refused or not found.
_FRONT = re.compile(rb'"GET /(?:index\.php)? HTTP/[\d.]+" 40[34] ')
# The status of a page, as the formats that most have write it.
_PAGE = re.compile(rb'"[A-Z]{3,8} /(?:[^". ?]*|(?=[^" ?]*\.php)[^" ?]*)(?:\?[^" ]*)? HTTP/[\d.]+" (\d{3}) ')
# Of a front page without a byte: HTTP/1.1 has five for its end, and gzip makes twenty.
_BLANK = re.compile(rb'"GET /(?:index\.php)? HTTP/[\d.]+" 200 (?:[05]|20|31) ')
# Of a path behind a script's name, of headers or a path that are too large, of a form that a file gets. Of
# pages that are no files, too, and get nginx's own 404.
_ODD = re.compile(
    rb'\.php/[^" ]{0,200}(?: HTTP/[\d.]+)?" 40[34] |"(?:GET|POST) [^"]*" 4(?:00|14) |'
    rb'"POST [^"]*" 4(?:05|19) |'
    rb'"PROXY TCP[^"\n]*" 400 |'
    rb'"GET /\w[\w/%-]* HTTP/[\d.]+" 404 (?:1[4-6]|5[4-6])\d |'
    rb'" [34]\d\d \d+ "[^"\n]*" "(?:ELB-HealthChecker|GoogleHC|Load Balancer Agent)'
)
_BESIDE = re.compile(
    rb'\.(?:css|m?js)(?:\?[^" ]{0,99})? HTTP/[\d.]+" 404 |\.mjs(?:\?[^" ]{0,99})? HTTP/[\d.]+" [23]'
)
_SENT_ON, _CAME = re.compile(rb'"GET [^" ]+ HTTP/[\d.]+" 30[12378] '), re.compile(rb'" 200 ')
# These name files, directories, limits or scripts of the host.
OF_PLACES = (UNWRITABLE | CYCLES | LIMITED | OWN_ERRORS | REFUSED | FATAL | NO_CONNECTION) | meanings(
    "too_big", "zone_full"
)
_SHORT = re.compile(rb"<\?(?!php|=|xml)", re.I)  # of a script
# The same in any format: a hint.
_FAILED = re.compile(rb'[\s":](?:444|50[0234])[\s",]')
# Of 500, in any format, and of what nginx itself refuses to take.
_BY_PHP = re.compile(rb'500(?<=[\s":]500)[\s",]|(?:POST|PUT|PATCH|DELETE) [^"\n]{1,999}" 403 [15]\d\d ')
_HELLO = re.compile(rb'"\\x16\\x03[^"\n]*" 400 ')  # of TLS: strangers send it to any port
FEWEST_LINES = 3
FURTHER = 1024 * 1024  # bytes of all access logs
MOST_ROOTS, BEGIN = 64, 64  # bytes of a script
ODD_PAGES = {"refused", "forbidden", "bad", "blank", "zipped"}
OWN_STATUSES, MANY = (500, 502, 503, 504), 10
BAD_STATUSES = {b"500", b"403", b"400"}
# Of requests that may come since, whose setting no log names.
REVISITED = (TIMED_OUT | CYCLES | meanings("too_big", "auth_answer", "bad_params", "zone_full")) | meanings(
    "index_forbidden", "http_spoken", "unresolved", "bad_upstream", "unbound"
)


def own_addresses(host: Host, snapshot: "Snapshot") -> List[str]:
    """A full pool may be asked by its own pages."""
    if not any(facts["probe"]["result"] == "no_answer" for facts in snapshot["endpoints"].values()):
        return []
    from .linux.addresses import addresses

    return addresses(host)


def scripts(host: Host, nginx: "Nginx") -> Callable[[str], List[str]]:
    """The names of a site's scripts, where php-fpm refuses one."""

    @lru_cache(maxsize=None)
    def of_site(site: str) -> List[str]:
        from ..parse.nginx.script_refusals import scripts_of

        return scripts_of([route for route in nginx["routes"] if route["site"] == site], host.realpath)

    return of_site


def named_places(host: Host, snapshot: "Snapshot", events: Sequence["Event"], since: float) -> "LaterLogs":
    found: LaterLogs = {}
    if any(meaning_of(event) in OF_PLACES for event in events):
        from .logs.named_places import named_places as looks

        for part, look in isolated(host, "named_places", partial(looks, host, snapshot, events)) or ():
            found.update(isolated(host, part, look) or {})
    failed = [event for event in events if meaning_of(event) in REVISITED]
    parts = [snapshot["nginx"], *snapshot["fpm"]["masters"]] if failed else []
    if any((part["config_changed_at"] or 0.0) > since for part in parts):
        from .pages.revisits import add_revisits, resized

        isolated(host, "revisits", partial(add_revisits, host, snapshot, failed, since))
        found["resized"] = resized(host)
    routes = snapshot["nginx"]["routes"]
    roots = {route["root"] or "$" for route in routes}
    roots.update(route["params"].get("SCRIPT_FILENAME", "").partition("$")[0] or "$" for route in routes)
    if any("$" not in root and host.type_of(root + "/index.php") is None for root in roots):
        from .pages.script_ways import gone_roots

        found["gone_roots"] = (
            isolated(host, "gone_roots", partial(gone_roots, host, snapshot, events, since)) or []
        )
    scripts = sorted(root + "/index.php" for root in roots if "$" not in root)[:MOST_ROOTS]
    short = [path for path in scripts if host.left() > 0 and _SHORT.match(head(host, path, BEGIN) or b"")]
    if short:
        from .pages.short_tags import short_tags

        found["short_tags"] = (
            isolated(host, "short_tags", partial(short_tags, host, snapshot, short, since)) or []
        )
    changed = isolated(host, "old_code", partial(_deployed, host, snapshot))
    if changed:
        from .php_fpm.opcache import note_old_code

        isolated(host, "old_code", partial(note_old_code, host, snapshot, changed))
    return found


def _deployed(host: Host, snapshot: "Snapshot") -> "List[Tuple[Route, str, float]]":
    """What a deploy has written anew since php-fpm loaded its files, with the time of it."""
    loaded = [master["loaded_at"] for master in snapshot["fpm"]["masters"] if master["loaded_at"]]
    found: List[Tuple[Route, str, float]] = []
    for route in snapshot["nginx"]["routes"][:MOST_ROOTS] if loaded else ():
        root = route["root"] or "$"
        for script in (root + "/index.php", posixpath.dirname(root) + "/vendor/composer/installed.php"):
            if "$" not in root and host.left() > 0 and host.type_of(script) == "file":
                found.append((route, script, host.stat(script).mtime))
    return [each for each in found if each[2] > min(loaded)]


def halted(host: Host, snapshot: "Snapshot", procs: Sequence[Process]) -> List["Halted"]:
    """A process's state, a silent endpoint or the place where a worker sleeps gives the hint."""
    silent = any(map(keeps_waiting, snapshot["endpoints"].values()))
    # A worker of nginx sleeps nowhere but where it waits for the next event.
    places = [host.text("/proc/%d/wchan" % pid) or "" for pid in snapshot["nginx"]["workers"]]
    blocked = any(map(WAITS_FOR_READER.match, places))
    if not silent and not blocked and not any(process.state in "TtD" for process in procs):
        return []
    from .linux.halted import collect_halted

    return collect_halted(host, procs, snapshot["nginx"]["workers"])


def odd_zone(host: Host, nginx: "Nginx") -> Optional[int]:
    """The zone of nginx's error log, where it is not the host's: seconds east of UTC."""
    if not is_odd(host, nginx["error_logs"]):
        return None
    from .logs.log_zone import note_zone

    return note_zone(host, nginx)


def older(host: Host, snapshot: "Snapshot", procs: List[Process], seconds: float) -> "Older":
    nginx = snapshot["nginx"]
    runs = bool(nginx["workers"]) or not nginx["routes"]
    if (
        runs
        and all(route["endpoints"] for route in nginx["routes"])
        and not nginx["config_newer"]
        and not strays(nginx, snapshot["logs"]["events"], snapshot["endpoints"])
    ):
        return {"endpoints": {}, "refusal": None}
    from .nginx.older import collect_older

    return collect_older(host, snapshot, procs, seconds)


def _ends(host: Host, nginx: "Nginx", since: float) -> List[bytes]:
    """Of the access logs."""
    paths = list(writers(nginx.get("site_logs") or []))[:MOST_TAILS]
    return [tail(host, path, WIDE_TAIL, since) for path in paths]


def _failed_before(host: Host, nginx: "Nginx", since: float) -> bool:
    """Whether requests failed further back in the access logs than their ends. As much is read of all."""
    paths = list(writers(nginx.get("site_logs") or []))[:MOST_TAILS]
    return any(
        len(_FAILED.findall(tail(host, path, FURTHER // len(paths), since))) >= FEWEST_LINES for path in paths
    )


def _ends_badly(ends: Sequence[bytes]) -> bool:
    """Whether an access log's last pages all failed, or many requests. No error log may tell of it."""
    for end in ends:
        if max(len(hint.findall(end)) for hint in (_FAILED, _FRONT, _BLANK)) >= FEWEST_LINES:
            return True
        statuses = _PAGE.findall(end)
        if BAD_STATUSES.intersection(statuses) and not any(status.startswith(b"2") for status in statuses):
            return True
    return False


def _has_bare_port(nginx: "Nginx") -> bool:
    """Whether a site listens without ssl at the port for TLS."""
    listens = [listen.split() for route in nginx["routes"] for listen in route["listen"]]
    return any(words and words[0].rpartition(":")[2] == "443" and "ssl" not in words for words in listens)


def _sends_on(end: bytes) -> bool:
    """Whether most answers of an access log are redirects."""
    count = len(_SENT_ON.findall(end))
    return count > MANY and count > len(_CAME.findall(end))


def _has_older_name(snapshot: "Snapshot") -> bool:
    """Whether visitors tell what nginx dials: see rules/connect/older_name.py."""
    loaded = snapshot["nginx"].get("loaded")
    at = loaded["at"] if loaded else None
    sources = [facts["name_source"] for facts in snapshot["endpoints"].values() if "name_source" in facts]
    return at is not None and any(source["changed_at"] > at for source in sources)


def access(host: Host, snapshot: "Snapshot", since: float) -> "AccessLogs":
    """The error logs tell of lost requests, and not of visitors who gave up nor of how all others fared."""
    nginx, logs = snapshot["nginx"], snapshot["logs"]
    found: AccessLogs = {"files": [], "events": []}
    if nginx.get("file_cache"):
        from .logs.access_logs import missed_pages

        look = partial(missed_pages, host, snapshot, since)
        found["missed_pages"] = isolated(host, "missed_pages", look) or []
    wide = _ends(host, nginx, since)
    ends = [end[-PAGES_TAIL:] for end in wide]
    beside = any(len(_BESIDE.findall(end)) >= FEWEST_LINES for end in ends)
    hints = [_ODD, _HELLO] if _has_bare_port(nginx) else [_ODD]
    odd = any(max(len(hint.findall(end)) for hint in hints) >= FEWEST_LINES or _sends_on(end) for end in ends)
    if odd or beside or any(len(_BY_PHP.findall(end)) >= FEWEST_LINES for end in wide):
        from .pages.odd_visits import collect_odd_visits

        visits = isolated(host, "odd_visits", partial(collect_odd_visits, host, snapshot, since, beside))
        if visits:
            found["odd_visits"], found["path_ways"] = visits
    broken = any(entry["what"] == "nginx_log" for entry in host.missing)
    errors: List[PhpError] = []
    if any("php_log" in pool for master in snapshot["fpm"]["masters"] for pool in master["pools"]):
        from .logs.php_errors import dropped_bodies, php_errors

        errors = isolated(host, "php_errors", partial(php_errors, host, snapshot, since)) or []
        dropped = isolated(host, "dropped_bodies", partial(dropped_bodies, host, snapshot, since))
        if dropped:
            found["dropped_bodies"] = dropped
    errors_told = any(
        (file["size"] or file["size"] is None and file["bytes_read"]) and "begins" not in file
        for file in logs["files"]
        if file["kind"] == "nginx_error"
    )
    compared = any(meaning_of(event) in COMPARED or event.get("caught") for event in logs["events"])
    # It tells how long nginx waited.
    timed = any("$request_time" in form["text"] for form in (nginx.get("log_formats") or {}).values())
    timed = timed and any(meaning_of(event) in TIMED_OUT for event in logs["events"])
    if not (
        compared
        or timed
        or broken
        or errors
        or nginx["config_newer"]
        or nginx.get("fronts")
        or _has_older_name(snapshot)
        or any(site["silent"] for site in nginx.get("site_logs") or [])
        or _ends_badly(ends)
        or (not errors_told and _failed_before(host, nginx, since))
    ):
        return found
    from .logs.access_logs import collect_access

    refusals = [str(status) for status in logs.get("limit_statuses") or []]
    found.update(collect_access(host, nginx, since, host.now(), refusals))
    many = sum(event["count"] for event in found["events"] if event["detail"].get("status") in OWN_STATUSES)
    pages = [pages for file in found["files"] for pages in file.get("pages") or []]
    if errors:
        found["php_errors"] = errors
    odd = any(ODD_PAGES.intersection(each) for each in pages)
    if odd or (many and not errors_told) or max([many] + [each["failed"] for each in pages]) >= MANY:
        from .nginx.nginx_answers import own_answers

        answers = isolated(host, "own_answers", partial(own_answers, host, nginx))
        if answers:
            found["own_answers"], found["other_logs"] = answers
    return found


def waits(host: Host, snapshot: "Snapshot") -> Optional["Waits"]:
    pools = pools_under_pressure(snapshot)
    if not pools:
        return None
    from .linux.waits import collect_waits

    return collect_waits(host, snapshot, pools)


def changed(host: Host, snapshot: "Snapshot") -> Dict[str, float]:
    """Times of changes, where something was lost that another setting may have ended."""
    if not snapshot["oom"]["kills"] and not any(
        meaning_of(event) in TIMED_OUT | QUEUE_FULL for event in snapshot["logs"]["events"]
    ):
        return {}
    from .changed_files import changed_files

    return changed_files(host, snapshot)
