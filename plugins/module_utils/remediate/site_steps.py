# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that make a site, or take it away: nginx's file and the pool's file as one pair."""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

from ..actions.steps import changes_of, fpm_trial, nginx_trial, nginx_unit, systemctl, unit_of
from ..actions.unit_oom_policy import ACTION as OOM_POLICY
from ..actions.unit_oom_policy import DROP_IN, TEXT
from ..change.managed import text_of
from ..change.texts import MOST_BYTES, Texts
from ..change.trial import trial
from ..collect.host import Host, HostError
from ..collect.site import Seen, Written
from ..collect.trust import opening
from ..edit.fpm_text import set_directives
from ..parse.nginx.conf import parse_conf
from ..parse.nginx.defaults import default_files
from ..parse.redact import redact
from ..parse.site_mark import site_of_text
from ..work.step import FPM, NGINX, Change, Command, Refusal, Step, Trial, as_bytes

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master

NAME = "site_pair"
LOUD = ("debug", "notice", "warning")  # levels at which php-fpm says why a worker ended
COMES_BACK = ("always", "on-failure", "on-abnormal", "on-abort", "on-success")
# A master keeps its open socket through a reload: these need a restart.
_RIGHTS = re.compile(r"^(listen(?:\.\w+)?)[ \t]*=[ \t]*(.*?)[ \t]*$", re.M)
_USER = re.compile(r"^user[ \t]*=[ \t]*(\S+)", re.M)
_LOGS = re.compile(r"^[ \t]*(?:slowlog[ \t]*=|access_log|error_log)[ \t]*(/[^\s;]+)", re.M)
_TLS = re.compile(r"^[ \t]*ssl_certificate(?:_key)?[ \t]+(/[^\s;]+)", re.M)
# Of two servers of one name at one address, nginx asks the first alone.
SAME_NAME = "conflicting server name"
_WARNS = re.compile(r"\[warn\] (?:\d+#\d+: )?(.*)")


class Pair(NamedTuple):
    """A site as its files have to be."""

    name: str
    config: str  # main file of the php-fpm
    vhost: str
    vhost_text: str
    pool: str
    pool_text: str
    adopt: bool
    grace: int  # seconds that running requests may go on after a reload, at least

    @property
    def user(self) -> str:
        match = _USER.search(self.pool_text)
        return match.group(1) if match else ""


def _before(host: Host, path: str) -> Optional[bytes]:
    try:
        return host.read_bytes(path, 0, MOST_BYTES)
    except HostError as error:
        if error.absent:
            return None
        raise Refusal("%s cannot be read: %s" % (path, error.why))


def _written(host: Host, path: str, text: str, pair: Pair, grammar: str) -> Change:
    before = _before(host, path)
    if before is not None and not pair.adopt and site_of_text(text_of(before)) != pair.name:
        raise Refusal(
            "%s is there, and the role did not write it for site %s: rename it, or adopt it with "
            "site_state=adopt" % (path, pair.name)
        )
    return Change(path, before, as_bytes(text), 0o644, grammar)


def master_of(seen: Seen, config: str) -> "Master":
    for master in seen.masters:
        if master["config"] == config:
            return master
    raise Refusal("no php-fpm has the configuration %s" % config)


def drop_in_step(host: Host, seen: Seen, pair: Pair) -> Step:
    """One worker killed for memory does not stop the unit, and the unit comes back: as the action does it."""
    master = master_of(seen, pair.config)
    unit, state = unit_of(master), master["unit_state"]
    nothing = Step(OOM_POLICY.id, unit, [], [], [])
    if state and state["oom_policy"] == "continue" and state["restart"] in COMES_BACK:
        return nothing
    path = DROP_IN.format(unit=unit)
    before = _before(host, path)
    if before == as_bytes(TEXT):
        return nothing
    reload = ["systemctl", "daemon-reload"]
    return nothing._replace(
        changes=[Change(path, before, as_bytes(TEXT), 0o644)], commands=[Command(reload, [reload])]
    )


def _globals(host: Host, master: "Master", pair: Pair) -> List[Change]:
    """What the whole php-fpm needs for a site: only ever more of it."""
    settings = []
    if master["process_control_timeout"] < pair.grace:
        settings.append(("process_control_timeout", "%ds" % pair.grace))
    if master["log_level"].lower() not in LOUD:
        settings.append(("log_level", "notice"))
    if not settings:
        return []
    texts = Texts(host)
    edited = set_directives(
        master["config"], texts.read, texts.expand, None, settings, master.get("prefix") or "/usr"
    )
    return changes_of(edited, FPM)


def _rights(text: str) -> Dict[str, str]:
    return dict(_RIGHTS.findall(text))


def _load(master: "Master", changes: Sequence[Change], pool: Change) -> List[Command]:
    unit, state = unit_of(master), master["unit_state"]
    commands = []
    if state and state["enabled"] == "disabled":
        commands.append(systemctl("enable", unit, "disable"))
    if not master["running"]:
        return [*commands, systemctl("start", unit, "stop")]
    if not any(change.before != change.after for change in changes):
        return commands
    old, new = _rights(text_of(pool.before)), _rights(text_of(pool.after))
    verb = "restart" if old and old != new and old.get("listen") == new.get("listen") else "reload"
    return [*commands, systemctl(verb, unit, verb)]


def _with_logs(test: Trial, text: str) -> Trial:
    """A test opens the logs that are new, too."""
    return test._replace(silent=list(dict.fromkeys([*test.silent, *_LOGS.findall(text)])))


def pair_step(host: Host, seen: Seen, pair: Pair) -> Step:
    master = master_of(seen, pair.config)
    for other in master["pools"]:
        if other["name"] == pair.name and host.realpath(other["file"]) != host.realpath(pair.pool):
            raise Refusal("%s has a pool %s already" % (other["file"], pair.name))
    pool = _written(host, pair.pool, pair.pool_text, pair, FPM)
    vhost = _written(host, pair.vhost, pair.vhost_text, pair, NGINX)
    of_fpm = [*_globals(host, master, pair), pool]
    commands = _load(master, of_fpm, pool)
    if vhost.before != vhost.after:
        commands.append(systemctl("reload", nginx_unit(seen.nginx), "reload"))
    changes = [change for change in [*of_fpm, vhost] if change.before != change.after]
    tests = (fpm_trial(master), pair.pool_text), (nginx_trial(seen.nginx), pair.vhost_text)
    trials = [_with_logs(*test) for test in tests] if changes else []
    step = Step(NAME, pair.name, changes, trials, commands, cuts=master["unit"])
    return step._replace(to_load=[change.path for change in changes])


def _warnings(changes: Sequence[Change], test: Trial) -> List[str]:
    loud = [word for word in test.argv if word != "-q"]
    ran = trial(changes, loud, test.silent)
    return [match.group(1) for match in map(_WARNS.search, ran.err.splitlines()) if match]


def warnings_of_nginx(step: Step) -> List[str]:
    """What nginx only warns of because of the step."""
    changes = [change for change in step.changes if change.grammar == NGINX]
    if not changes:
        return []
    test = step.trials[-1]
    known = _warnings([], test)
    return [redact(text) for text in _warnings(changes, test) if text not in known]


def taken_default(host: Host, seen: Seen, step: Step, pair: Pair) -> Optional[str]:
    """What changes for visitors by a name that no server has: the first file of an address answers them."""
    config, extra = seen.nginx["config"] or "", seen.nginx["options"].get("g", "")
    texts = Texts(host)
    before = default_files(parse_conf(config, texts.read, texts.expand, extra))
    texts.show(step)
    after = default_files(parse_conf(config, texts.read, texts.expand, extra))
    real = host.realpath(pair.vhost)
    for address, file in sorted(after.items()):
        known = before.get(address)
        if host.realpath(file) == real and known and host.realpath(known) != real:
            return (
                "Site %s answers at %s for names that no server has, in place of %s: it comes first, and no "
                "server there is marked default_server" % (pair.name, address, known)
            )
    return None


def foreign_tls(host: Host, text: str) -> Optional[str]:
    """Why somebody else could keep nginx from its next reload, and all sites with it: nginx opens these files
    as root, wherever they lead.
    """
    for path in dict.fromkeys(_TLS.findall(text)):
        there = opening(host, path)
        if there:
            return "%s can write %s, so whether nginx can load %s, and be reloaded at all, is up to them" % (
                there.who,
                there.path,
                path,
            )
    return None


def removal_step(host: Host, seen: Seen, name: str, files: Sequence[Written]) -> Step:
    """files: all of nginx, or all of one php-fpm."""
    changes = []
    for file in files:
        if host.readlink(file.path) is not None:
            raise Refusal(
                "%s is a link: remove the link and reload nginx, then remove the file behind it" % file.path
            )
        grammar = FPM if file.config else NGINX
        changes.append(Change(file.path, _before(host, file.path), None, 0o644, grammar))
    nothing = Step(NAME, name, changes, [], [], to_load=[change.path for change in changes])
    if not changes:
        return nothing
    if not files[0].config:
        reload = systemctl("reload", nginx_unit(seen.nginx), "reload")
        return nothing._replace(trials=[nginx_trial(seen.nginx)], commands=[reload])
    master = master_of(seen, files[0].config)
    if not master["running"]:
        return nothing
    if not [pool for pool in master["pools"] if pool["name"] != name]:
        raise Refusal(
            "%s would have no pool left, and could not be started again: `systemctl disable --now %s` first, "
            "if nothing else needs it" % (master["config"], master["unit"])
        )
    unit = unit_of(master)
    return nothing._replace(
        trials=[fpm_trial(master)], commands=[systemctl("reload", unit, "reload")], cuts=unit
    )
