# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd would do with a unit at its next start, and at the next boot."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence

from ..collect.host import Host, HostError
from ..collect.linux.processes import process_cgroup
from ..collect.trust import walk
from ..parse.endpoint import parse
from ..parse.linux.proc import unit_of
from ..parse.linux.swap import mount_of
from ..parse.linux.systemctl import COMMAND, MASKED, parse_show
from ..parse.linux.tmpfiles import LINKS, entry_for
from ..parse.titles import NGINX_NAME
from ..remediate.launch import Launch
from ..remediate.rehearsal import made_first
from ..remediate.start_refusals import start_refusals
from .endpoints import Dialled, Held, directories_of
from .problems import BOOT, RESTART, WARNING, Service, problem

if TYPE_CHECKING:
    from ...plugin_utils.shapes.restart import RestartProblem
    from ...plugin_utils.shapes.unit import Unit

# UnitFileState of a unit that no boot starts by itself.
NOT_AT_BOOT = ("disabled", "linked", "linked-runtime", "enabled-runtime", "transient", "bad")
# What else may start it at boot.
_WANTED = ("WantedBy", "RequiredBy", "BoundBy", "UpheldBy", "TriggeredBy", "RequisiteOf")
# These can go well, or cannot be asked: they are named as missing.
_UNKNOWN = ("unasked_condition", "command")
_AT: Dict[str, Sequence[str]] = {
    "manual": (RESTART,),
    "stops_another": (RESTART,),
    "start_limit": (RESTART,),
    "other_unit": (RESTART, BOOT),
}
# Pacemaker disables the units that it starts itself, and writes such a drop-in.
_CLUSTER = re.compile(r"/\d*-?pacemaker\.conf")
_MEMORY = ("tmpfs", "ramfs")
# By which a unit makes directories. A socket's Listen= names the sockets that systemd itself opens.
_MAKING = ("RuntimeDirectory", "Listen", "ExecStartPre", "ExecStart")
_SHOWN, SHOW_SECONDS = 1024 * 1024, 10.0  # bytes and time: of a few hundred units
_RC_LOCAL = "/etc/rc.local"
_PATH = re.compile(r"(?<![\w./-])/[\w@.:+/-]+")
_MAKES = re.compile(r"\b(?:mkdir|install)\b")


def is_masked(state: "Unit") -> bool:
    return state["load"] == "masked" or (state["enabled"] or "") in MASKED


def _started_otherwise(host: Host, unit: str) -> bool:
    """Whether another unit would start it, or a cluster does. Also where nobody could be asked."""
    argv = ["systemctl", "show", "--no-pager", "-p", ",".join(_WANTED + ("DropInPaths",)), "--", unit]
    ran = host.run(argv)
    if ran.rc != 0:
        why = "whether another unit starts %s at boot: systemctl show: %s" % (unit, ran.failure)
        host.miss("units", None, why, "a running systemd")
        return True
    block = next(iter(parse_show(ran.out)), {})
    return any(block.get(name) for name in _WANTED) or bool(_CLUSTER.search(block.get("DropInPaths", "")))


def enablement(host: Host, service: Service, systemd: bool, down: bool = False) -> "Iterator[RestartProblem]":
    """Whether a boot would start what runs now. down: it is needed, and does not run."""
    state = service.state
    if service.pid is None and not down or not systemd:
        return
    runs = "does not run" if down else "runs"
    if state is None or service.unit is None:
        if service.pid is None:
            return
        cgroup = unit_of(process_cgroup(host, service.pid)) or ""
        if not cgroup.endswith(".service"):
            words = "%s runs, and was started by hand: no boot would start it." % service.name
            yield problem("unit_missing", service, words, confidence="likely", file=service.config)
        return
    if is_masked(state):
        words = "%s %s and is masked: systemd refuses to start it." % (service.name, runs)
        yield problem("unit_masked", service, words, already=down, file=state["fragment"])
    elif state["enabled"] in NOT_AT_BOOT and not _started_otherwise(host, service.unit):
        words = "%s %s, and systemd calls its unit %s: no boot would start it."
        yield problem(
            "unit_disabled",
            service,
            words % (service.name, runs, state["enabled"]),
            already=down,
            file=state["fragment"],
        )


def refusals(host: Host, service: Service, launch: Launch) -> "Iterator[RestartProblem]":
    """What systemd would stop a start at."""
    runs = service.pid is not None
    for kind, why in start_refusals(host, launch, RESTART if runs else "start", runs):
        if kind == "command" and _only_tests(launch):
            continue
        if kind in _UNKNOWN:
            host.miss("unit_start", launch.unit, why, "a person who knows the unit")
            continue
        yield problem(
            "start_refused",
            service,
            "%s." % (why[:1].upper() + why[1:]).rstrip("."),
            severity=WARNING if kind in _AT else None,
            confidence="possible" if kind == "start_limit" else "certain",
            already=not runs,
            at=_AT.get(kind, ()),
            file=next(iter(launch.definition), None),
        )


def _only_tests(launch: Launch) -> bool:
    """Whether all that a unit runs before its start is nginx's own test, which is tried anyway."""
    commands = " ".join(
        " ".join(launch.settings.get(name, [])) for name in ("ExecCondition", "ExecStartPre", "ExecStartPost")
    )
    argvs = [argv for _path, argv, _ignored in COMMAND.findall(commands)]
    return bool(argvs) and all(
        re.match(r"\S*%s\S* .*-t\b|\S*/rm -f /\S*nginx\.pid\s*\Z" % NGINX_NAME, argv) for argv in argvs
    )


def directories(
    host: Host, pools: Sequence[Held], launches: "Dict[str, Launch]"
) -> "Iterator[RestartProblem]":
    """Directories of sockets that are in memory, and that nothing makes at boot."""
    made: List[str] = []
    for launch in launches.values():
        made += made_first(launch)
    for folder, held in directories_of(pools).items():
        real = host.realpath(folder)
        mount = mount_of(host.text("/proc/self/mountinfo") or "", real)
        mine = [each for each in held if each.service.unit in launches]
        if not mine or mount is None or mount.type not in _MEMORY or real == mount.point:
            continue
        if any((path + "/").startswith(real + "/") for path in made) or _made_at_boot(host, folder, real):
            continue
        if _made_by_another(host, folder, real):
            continue
        service, pool = mine[0].service, mine[0].pool
        words = "%s, where pool %s has its socket, is in memory, and nothing makes it at boot."
        yield problem(
            "socket_directory_lost",
            service,
            words % (folder, pool["name"]),
            at=(BOOT,),
            confidence="likely",
            file=pool["listen_file"] or pool["file"],
            line=pool["listen_line"],
            pool=pool["name"],
            endpoint=pool["endpoint"],
        )


def links(
    host: Host, nginx: Service, ways: Sequence[Dialled], launches: "Dict[str, Launch]"
) -> "Iterator[RestartProblem]":
    """Links to a socket that are in memory, and that nothing makes again."""
    commands = " ".join(
        " ".join(launch.settings.get(name, []))
        for launch in launches.values()
        for name in ("ExecStartPre", "ExecStartPost")
    )
    remade = [path for launch in launches.values() for path in launch.makes]
    for way in ways:
        for place in _links_of(host, way.key):
            mount = mount_of(host.text("/proc/self/mountinfo") or "", posixpath.dirname(place))
            if mount is None or mount.type not in _MEMORY or place in commands.split(" "):
                continue
            if entry_for(place, host.text, host.glob, LINKS):
                continue
            # systemd takes a directory of RuntimeDirectory= away when the unit stops.
            stops = any((place + "/").startswith(path + "/") for path in remade)
            words = "nginx dials %s by the link %s, which is in memory, and nothing makes it %s."
            yield problem(
                "no_listener",
                nginx,
                words % (way.key, place, "again" if stops else "at boot"),
                confidence="likely",
                at=(RESTART, BOOT) if stops else (BOOT,),
                file=way.target["file"],
                line=way.target["line"],
                endpoint=way.key,
                sites=way.sites,
                fix="Let fastcgi_pass name the socket itself, or add a line of type L in /etc/tmpfiles.d.",
            )


def _links_of(host: Host, key: str) -> List[str]:
    path = parse(key).path
    try:
        return [place for place, part in walk(host, path) if part.target is not None] if path else []
    except HostError:
        return []


def _made_by_another(host: Host, folder: str, real: str) -> bool:
    """Whether a unit that is neither nginx's nor php-fpm's makes it. Also where nobody could be asked."""
    argv = ["systemctl", "show", "--no-pager", "-p", ",".join(_MAKING), "--", "*.service", "*.socket"]
    ran = host.run(argv, SHOW_SECONDS, _SHOWN)
    if ran.rc != 0:
        why = "whether another unit makes %s at boot: systemctl show: %s" % (folder, ran.failure)
        host.miss("units", None, why, "a running systemd")
        return True
    rows = [line.partition("=") for line in ran.out.splitlines()]
    made = ["/run/" + word for name, _equals, value in rows if name == _MAKING[0] for word in value.split()]
    for name, _equals, value in rows:
        # systemd makes the directory of a socket on which it listens itself.
        if name == "Listen" or _MAKES.search(value):
            made += _PATH.findall(value)
    made += _made_by_scripts(host, [value for name, _equals, value in rows if name in _MAKING[2:]])
    return any((path + "/").startswith(place + "/") for path in made for place in (folder, real))


def _made_by_scripts(host: Host, commands: Sequence[str]) -> List[str]:
    """The paths in scripts of units that make directories."""
    programs = _PATH.findall(" ".join(value.partition("argv[]=")[2] for value in commands))
    made: List[str] = []
    for path in dict.fromkeys([_RC_LOCAL] + programs[:400]):
        try:
            text = host.read(path) if host.read_bytes(path, 0, 2) == b"#!" else ""
        except HostError:
            continue
        text = re.sub(r"(?m)^\s*#.*", "", text)
        if _MAKES.search(text):
            made += _PATH.findall(text)
    return made


def _made_at_boot(host: Host, folder: str, real: str) -> bool:
    """Whether an entry of tmpfiles.d makes it."""
    return any(entry_for(path, host.text, host.glob) for path in dict.fromkeys((folder, real)))
