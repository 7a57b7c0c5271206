# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a step's commands load is our change alone, and whether that can fail: asked before anything
is written.
"""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ..change.lock import STATE
from ..change.texts import Texts
from ..collect.host import READ_LIMIT, Host, HostError
from ..collect.linux.processes import KEPT, Process, processes, texts_in_time
from ..collect.linux.units import DIRECTORIES
from ..collect.nginx import nginx_files
from ..collect.nginx.nginx import collect_nginx
from ..collect.php_fpm import files as fpm_files
from ..collect.php_fpm.masters import collect_fpm
from ..collect.trust import DELETED
from ..parse.endpoint import canonical
from ..parse.nginx.conf import Conf, every, parse_conf
from ..parse.titles import FPM_WORKER
from ..plan.plan import BY_ID
from ..work.step import Refusal, Step
from .launch import Launch, launch
from .rehearsal import ini_files, rehearse, taken
from .start_refusals import by_hand, start_refusal
from .unloaded import TICK, Newer, named, newer

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master

LOADS = ("start", "restart", "reload", "try-restart", "reload-or-restart", "try-reload-or-restart")
GENERATED = "/run/systemd/generator"  # and .late: systemd itself writes these at each reload
LOADED = ("UnitsLoadStartTimestampMonotonic", "UnitsLoadTimestampMonotonic")
# These make systemd read every unit anew. "enable" and "disable" do so, too.
DEFINES = ("daemon-reload", "enable", "disable", "reenable")
SETTLE = 0.5  # seconds after a reload in which workers of before may still look like those of now
_PHP_CODE = re.compile(r" (/\S*php\S*\.so) \(deleted\)$", re.M)


class FpmReading(fpm_files.Reading):
    def __init__(self, host: Host, config: str, prefix: str) -> None:
        self.seen: List[str] = []  # every file and directory of it, also those that are not there
        super(FpmReading, self).__init__(host, config, prefix, None)

    def _judge(self, path: str) -> None:
        self.seen.append(path)
        super(FpmReading, self)._judge(path)


class NginxReading(nginx_files.Reading):
    def __init__(self, host: Host, nginx: "Nginx") -> None:
        self.seen: List[str] = []
        super(NginxReading, self).__init__(
            host, nginx["config"] or "", nginx["prefix"] or "", nginx["options"].get("g", ""), None
        )

    def _judge(self, path: str) -> None:
        self.seen.append(path)
        super(NginxReading, self)._judge(path)


def _not_whole(host: Host, what: str) -> str:
    entry = next((entry for entry in host.missing if entry["what"] == what), None)
    path, why = (entry["path"], entry["why"]) if entry else ("a part", "unknown")
    return "its configuration was not read whole (%s: %s), so what it would load is unknown" % (path, why)


def replaced_file(host: Host, pid: int, program: str) -> Optional[str]:
    """What of the code that runs is not on the disk any more."""
    link = "/proc/%d/exe" % pid
    try:
        runs, there = host.stat(link), host.stat(program)
    except HostError as error:
        return "%s (%s)" % (program, error.why)
    same = (runs.device, runs.inode) == (there.device, there.inode)
    if not same or (host.readlink(link) or "").endswith(DELETED):
        return program
    texts = texts_in_time(host, "/proc/%d/maps", {pid: 0}, READ_LIMIT)
    if not texts:
        return "%s (%s)" % (program, KEPT)
    extension = _PHP_CODE.search(texts[pid] or "")
    return extension.group(1) if extension else None


def _service(host: Host, unit: str, step: Step) -> Launch:
    """Raises Refusal where systemd would not take the unit as its files say, or not the step's command."""
    service = launch(host, unit)
    reloads = any(command.do[:3] == ["systemctl", "reload", unit] for command in step.commands)
    if reloads and service.settings.get("CanReload") == ["no"]:
        why = "%s has no ExecReload=, so systemd cannot reload it: a restart at a quiet time loads the files"
        raise Refusal(why % unit)
    # A unit that runs and is masked waits for a reload on systemd 247 and 252, and not on 257.
    if service.settings.get("LoadState") == ["masked"]:
        why = "%s is masked, so systemd would refuse that: `systemctl unmask %s`, if that is meant"
        raise Refusal(why % (unit, unit))
    if service.needs_reload:
        raise Refusal(
            "the unit file of %s, or a drop-in, was changed and systemd has not read it: `systemctl "
            "daemon-reload`, if that is meant" % unit
        )
    return service


def _nginx_refusal(
    host: Host, step: Step, nginx: "Nginx", unit: Optional[str], procs: Sequence[Process], state: str
) -> Optional[str]:
    reading = NginxReading(host, nginx)
    if not reading.whole:
        return "nginx: %s" % _not_whole(host, "nginx_config")
    master = nginx["master"]
    if unit is None or master is None:
        return None
    _service(host, unit, step)
    pid = master["pid"]
    replaced = replaced_file(host, pid, nginx["binary"] or "")
    if replaced:
        text = "%s was replaced since nginx (pid %d) was started: %s"
        return text % (replaced, pid, by_hand(unit, "restart"))
    workers = [process.started_at for process in procs if process.pid in nginx["workers"]]
    began = workers or [master["started_at"]]
    others = newer(host, reading.seen, min(began) + TICK, step.to_load, state, step.name)
    if others:
        return (
            "a reload of nginx would also load what was changed since it had loaded its configuration: %s; %s"
            % (named(others), by_hand(unit, "reload"))
        )
    texts = Texts(host)
    texts.show(step)
    after = parse_conf(nginx["config"] or "", texts.read, texts.expand, nginx["options"].get("g", ""))
    why = taken(host, sorted(listens_of(after) - listens_of(reading.conf)), procs, pid, True)
    return "nginx could not listen on %s" % why if why else None


def listens_of(conf: Conf) -> Set[str]:
    listens = [line.args[0] for line in every(conf.directives) if line.name == "listen" and line.args]
    return {
        canonical(address if re.search(r"(?:^|:)\d+$", address) else address + ":80")
        for address in listens
        if not address.startswith("unix:")
    }


def definition_of(host: Host, service: Launch, state: str = STATE) -> List[Newer]:
    """The files of a unit, and what it reads at each start, with when they were changed."""
    return newer(host, service.definition + service.environment_files, 0.0, (), state)


def is_proven(host: Host, service: Launch, definition: Sequence[Newer]) -> bool:
    """Whether the unit has started with its definition before."""
    boot_at = host.now() - host.boottime()
    return bool(service.active_since) and all(
        file.at <= boot_at + service.active_since for file in definition
    )


def _on_top(host: Host, step: Step, since: Optional[float], state: str) -> Optional[str]:
    """An action that edits and loads nothing: what others wrote into the same file would pass for ours, and
    be loaded one day.
    """
    others = (
        newer(host, [change.path for change in step.changes], since, step.to_load, state)
        if since and step.name in BY_ID
        else []
    )
    return "what others changed there was not loaded yet: %s" % named(others) if others else None


def unlike(master: "Master", procs: Sequence[Process], to_load: Sequence[str]) -> Optional[str]:
    """What runs and cannot come from the files. A pool's number of workers may be part of the change that is
    meant.
    """
    pools = {pool["name"]: pool for pool in master["pools"]}
    running: Dict[str, int] = {}
    for process in procs:
        match = FPM_WORKER.match(process.cmdline)
        if match and process.ppid == master["pid"]:
            running[match.group(1)] = running.get(match.group(1), 0) + 1
    statuses = {name + "_status" for name in pools}  # php-fpm's own, of pm.status_listen
    for name, count in sorted(running.items()):
        if name not in pools and name in statuses:
            continue
        if name not in pools:
            return "pool %s runs, and is configured no more" % name
        most = pools[name]["max_children"]
        if most is not None and count > most and pools[name]["file"] not in to_load:
            return "pool %s runs with %d workers, and its file allows %d" % (name, count, most)
    return None


def _fpm_refusal(
    host: Host,
    step: Step,
    master: "Master",
    loads: Optional[Tuple[str, str]],
    procs: Sequence[Process],
    state: str,
) -> Optional[str]:
    reading = FpmReading(host, master["config"], master["prefix"])
    if not reading.whole or reading.text is None:
        return "%s: %s" % (master["config"], _not_whole(host, "fpm_config"))
    if loads is None:
        return _on_top(host, step, master["loaded_at"], state)
    verb, unit = loads
    service = _service(host, unit, step)
    pid = master["pid"] if verb != "start" else None  # of a master that stays
    replaced = replaced_file(host, pid, service.argv[0]) if pid else None
    if replaced:
        text = "%s was replaced since php-fpm (pid %d) was started, by an upgrade perhaps: %s"
        return text % (replaced, pid or 0, by_hand(unit, "restart"))
    if verb != "reload":
        folders = [command.folder for command in step.commands if command.folder]
        refusal = start_refusal(host, service, verb, bool(pid), folders)
        if refusal:
            return refusal
    ini = ini_files(host, service, step)
    definition = definition_of(host, service, state)
    proven = is_proven(host, service, definition)
    if pid:
        others = newer(host, reading.seen + ini, master["loaded_at"] or 0.0, step.to_load, state, step.name)
        if verb != "reload":
            others += [file for file in definition if file.at > (master["started_at"] or 0.0) + TICK]
        other = unlike(master, procs, step.to_load)
        if others and master["test"]["ran"]:
            from ..rules.master.down import rejection

            refused = rejection(master)
            if refused:
                return "a %s of %s would end it: %s; correct that first" % (verb, unit, refused.words)
        if others or other:
            return (
                "a %s of %s would also load what was changed since it had loaded its configuration: %s; %s"
                % (verb, unit, ", ".join(filter(None, (named(others), other))), by_hand(unit, verb))
            )
    return rehearse(host, master, service, step, procs, proven)


def _are_read(host: Host, paths: Sequence[str]) -> bool:
    """Whether systemd says of each unit that it has read its files as they are."""
    names = set()
    for path in paths:
        folder, name = posixpath.split(path)
        name = posixpath.basename(folder)[: -len(".d")] if folder.endswith(".d") else name
        if name.startswith("-") or "." not in name.strip("."):
            return False  # for all units of a kind, which nobody can ask about
        names.add(name.replace("@.", "@*."))
    ran = host.run(["systemctl", "show", "--no-pager", "-p", "NeedDaemonReload", "--", *sorted(names)])
    answers = re.findall(r"^NeedDaemonReload=(\w+)$", ran.out, re.M)
    return ran.rc == 0 and bool(answers) and set(answers) == {"no"}


def _definitions_refusal(host: Host, commands: Sequence[List[str]], state: str) -> Optional[str]:
    """systemd would read all units anew: those that somebody else changed since it did so last.

    A reload leaves the time of the start and sets UnitsLoadTimestamp, which older systemd has not
    (core/manager.c, manager_reload).
    """
    ran = host.run(["systemctl", "show", "--no-pager", "-p", ",".join(LOADED)])
    loaded = [int(text) for text in re.findall(r"=(\d+)", ran.out)]
    if not loaded:
        return "`%s` makes systemd read all units anew, and it does not tell when it last did: %s" % (
            " ".join(commands[0]),
            ran.err.strip()[:200],
        )
    since = host.now() - host.boottime() + max(loaded) / 1e6
    files = [
        path
        for folder in DIRECTORIES
        if not folder.startswith(GENERATED)
        for pattern in ("*.*", "*.d/*.conf")
        for path in host.glob("%s/%s" % (folder, pattern))
        if host.type_of(path) == "file"
    ]
    others = newer(host, files, since, (), state)
    if not others or "UnitsLoadTimestamp" not in ran.out and _are_read(host, [file.path for file in others]):
        return None
    return (
        "`%s` would also load unit files that were changed since systemd read them: %s; `systemctl "
        "daemon-reload`, if that is meant" % (" ".join(commands[0]), named(others))
    )


def step_refusal(step: Step, state: str = STATE) -> Optional[str]:
    """Why what the step loads could fail, or would be more than its own change; None when neither. Writes
    nothing.
    """
    commands = [command.do for command in step.commands if command.do[0] == "systemctl"]
    loads = {argv[2]: argv[1] for argv in commands if argv[1] in LOADS}
    defines = [argv for argv in commands if argv[1] in DEFINES]
    tested = {word for each in step.trials for word in each.argv if word.startswith("/")}
    if not (loads or defines or tested):
        return None
    host = Host()
    why = _definitions_refusal(host, defines, state) if defines else None
    if why:
        return why
    if loads and any(process.started_at > host.now() - SETTLE for process in processes(host)):
        host.sleep(SETTLE)
    return _load_refusal(host, step, loads, tested, state)


def _load_refusal(
    host: Host, step: Step, loads: Dict[str, str], tested: Set[str], state: str
) -> Optional[str]:
    procs, left = processes(host), dict(loads)
    try:
        for master in collect_fpm(host, procs, test="auto")["masters"]:
            verb = loads.get(master["unit"] or "")
            if not master["account"] and (verb or master["config"] in tested):
                why = _fpm_refusal(
                    host, step, master, (verb, master["unit"] or "") if verb else None, procs, state
                )
                if why:
                    return why
                left.pop(master["unit"] or "", None)
        nginx = collect_nginx(host, procs)
        unit = nginx["unit"] if left.pop(nginx["unit"] or "", None) else None
        if not nginx["account"] and (unit or nginx["config"] in tested):
            why = _nginx_refusal(host, step, nginx, unit, procs, state)
            if why:
                return why
    except Refusal as refusal:
        return str(refusal)
    return _unknown_load(host, left) if left else None


def _unknown_load(host: Host, left: Dict[str, str]) -> str:
    unit = min(left)
    unseen = [entry["why"] for entry in host.missing if entry["what"] in ("units", "processes")]
    return ": ".join(
        ["what `systemctl %s %s` would load is not known here" % (left[unit], unit)] + unseen[:1]
    )
