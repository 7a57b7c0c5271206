# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of `systemctl show` -> plain data."""

import re
from typing import TYPE_CHECKING, Dict, List, Optional

from ..number import number

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit

# Settings that give a unit's processes other files than the host has, systemd.exec(5).
# Which part of a word with colons is the path as they see it.
_LISTS = {"InaccessiblePaths": 0, "TemporaryFileSystem": 0, "BindPaths": 1, "BindReadOnlyPaths": 1}
# The only paths that a setting changes.
HIDDEN_AT = {
    "ProtectHome": ("/home", "/root", "/run/user"),
    "PrivateTmp": ("/tmp", "/var/tmp"),
    "RootDirectory": ("/",),
    "RootImage": ("/",),
}
SANDBOX = tuple(_LISTS) + tuple(HIDDEN_AT)
# What ProtectSystem= covers, systemd.exec(5).
READ_ONLY = {
    "yes": ("/usr", "/boot", "/efi"),
    "full": ("/usr", "/boot", "/efi", "/etc"),
    "strict": ("/",),
}
# Settings that make files read-only, or writable again.
WRITING = ("ProtectSystem", "ReadOnlyPaths", "ReadWritePaths")
# Of UnitFileState: what nothing starts, and what no boot does.
MASKED = ("masked", "masked-runtime")
DISABLED = ("disabled", *MASKED)
SIGSYS = 31  # how SystemCallFilter ends a process
# Only monotonic times print alike in all versions since 219.
_STATE = """
Id LoadState ActiveState SubState Result Restart UnitFileState OOMPolicy FragmentPath NRestarts MainPID
ExecMainCode ExecMainStatus StateChangeTimestampMonotonic ActiveEnterTimestampMonotonic
InactiveEnterTimestampMonotonic NeedDaemonReload RuntimeDirectory ExecStart CanReload Type
ConditionResult ConditionTimestampMonotonic AssertResult AssertTimestampMonotonic RestrictAddressFamilies
Requires BindsTo Conflicts ConflictedBy TriggeredBy Environment EnvironmentFiles
RuntimeMaxUSec WatchdogUSec PIDFile LimitNPROC TasksMax
"""
# What a start does, systemd.unit(5). It makes no socket that systemd hands over.
_TIES = {"Requires": "starts", "BindsTo": "starts", "Conflicts": "stops", "ConflictedBy": "stops"}
_TIES["TriggeredBy"] = "needs"
PROPERTIES = SANDBOX + WRITING + tuple(_STATE.split())
DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator.early",
    "/run/systemd/generator",
    "/run/systemd/generator.late",  # of the scripts in /etc/init.d, systemd-sysv-generator(8)
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# systemd.generator(7): units that are made of scripts and other files.
GENERATED = ("/run/systemd/generator/", "/run/systemd/generator.early/", "/run/systemd/generator.late/")
SOME_CONDITION = "a condition of the unit"
# Limits by which systemd ends what runs. systemctl prints the others of none as 0 and infinity.
_LIMITS = {"RuntimeMaxUSec": "RuntimeMaxSec", "WatchdogUSec": "WatchdogSec"}
# Of processes: systemctl prints the default as well, which depends on the host's memory. A large one is none.
_OF_PROCESSES = {"LimitNPROC": "LimitNPROC", "TasksMax": "TasksMax"}
_LIMITS.update(_OF_PROCESSES)
_TIGHT = 1000

# A command: { path=/bin/mkdir ; argv[]=/bin/mkdir -p /run/php ; ignore_errors=no ; ... }
COMMAND = re.compile(r"path=(.*?) ; argv\[\]=(.*?) ; ignore_errors=(\w+)")
# php-fpm's arguments without a secret: -d mysqli.default_pw=x has one.
_WITHOUT_SECRET = re.compile(
    r"(?<=\s)(?:(?:-[py]\s*|--(?:prefix|fpm-config)[=\s]\s*)\S+|-[FDROn]|--(?:no)?daemonize)(?=\s|$)"
)
_OPTIONS = {
    "config": re.compile(r"(?:^|\s)(?:-y\s*|--fpm-config[=\s])\s*(\S+)"),
    "prefix": re.compile(r"(?:^|\s)(?:-p\s*|--prefix[=\s])\s*(\S+)"),
}


def parse_show(text: str) -> List[Dict[str, str]]:
    """Blocks of KEY=VALUE, in the order of the units."""
    blocks: List[Dict[str, str]] = []
    for chunk in text.split("\n\n"):
        block: Dict[str, str] = {}
        for line in chunk.splitlines():
            key, equals, value = line.partition("=")
            if equals and key == "EnvironmentFiles":  # a line for each
                value = block.pop(key, "") + value + "\n"
            if equals:
                block.setdefault(key, value)
        if block:
            blocks.append(block)
    return blocks


def _is_tight(name: str, value: str) -> bool:
    return name not in _OF_PROCESSES or (number(value) or _TIGHT) < _TIGHT


def unit_facts(block: Dict[str, str], boot_at: float) -> "Unit":
    """A block of parse_show -> a unit of the snapshot. boot_at: epoch second of the monotonic clock's 0."""
    get = block.get

    def moment(event: str) -> Optional[float]:
        micro = number(get(event + "TimestampMonotonic"))
        return round(boot_at + micro / 1e6, 3) if micro else None

    sandbox = {name: block[name] for name in SANDBOX if get(name) not in (None, "", "no")}
    return {
        "name": get("Id", ""),
        "load": get("LoadState"),
        "active": get("ActiveState"),
        "sub": get("SubState"),
        "result": get("Result"),
        "restart": get("Restart"),
        "enabled": get("UnitFileState") or None,
        "oom_policy": get("OOMPolicy") or None,
        "fragment": get("FragmentPath") or None,
        "restarts": number(get("NRestarts")) or 0,
        "main_pid": number(get("MainPID")) or 0,
        "exec_main_code": number(get("ExecMainCode")) or 0,
        "exec_main_status": number(get("ExecMainStatus")) or 0,
        "changed_at": moment("StateChange"),
        "active_since": moment("ActiveEnter"),
        "inactive_since": moment("InactiveEnter"),
        "need_reload": get("NeedDaemonReload") == "yes",
        "can_reload": get("CanReload") == "yes",
        "runtime_directory": get("RuntimeDirectory", ""),
        "sandbox": sandbox,
        "private_tmp": "PrivateTmp" in sandbox,
        "families": address_families(block),
        "command": exec_start(block),
        "start_limit_hit": get("Result") == "start-limit-hit",
        "log": [],
        "type": get("Type"),
        "writing": {name: block[name] for name in WRITING if get(name) not in (None, "", "no")},
        # "no" is also what a start that was never tried has
        "unmet": [
            SOME_CONDITION
            for name in ("Condition", "Assert")
            if get(name + "Result") == "no" and number(get(name + "TimestampMonotonic"))
        ][:1],
        "limits": {
            setting: block[name]
            for name, setting in _LIMITS.items()
            if get(name) not in (None, "", "0", "infinity") and _is_tight(name, block[name])
        },
        "pid_file": get("PIDFile") or None,
        "ties": {
            other: does
            for name, does in _TIES.items()
            for other in get(name, "").split()
            if other.endswith(".socket" if does == "needs" else ".service")
        },
    }


def hides(sandbox: Dict[str, str], place: str) -> Optional[str]:
    """The setting, as NAME=VALUE, that puts something else at a path, or at a directory above it."""

    def covers(point: str) -> bool:
        return place == point or (place + "/").startswith(point.rstrip("/") + "/")

    for name, part in _LISTS.items():
        for word in sandbox.get(name, "").split():
            if covers(word.lstrip("-+").split(":")[part if ":" in word else 0]):
                return "%s=%s" % (name, word)
    for name, points in HIDDEN_AT.items():
        if name in sandbox and any(map(covers, points)):
            return "%s=%s" % (name, sandbox[name])
    return None


def address_families(block: Dict[str, str]) -> Optional[str]:
    """RestrictAddressFamilies=; None without one. systemctl shows an empty list that forbids as "~"."""
    families = block.get("RestrictAddressFamilies", "")
    return families if families.strip("~ ") else None


def may_not_use(families: Optional[str], family: str) -> bool:
    """Whether RestrictAddressFamilies= refuses a family: "AF_INET AF_INET6" allows, "~AF_UNIX" forbids."""
    if not families:
        return False
    return (family in families.lstrip("~").split()) == families.startswith("~")


def exec_start(block: Dict[str, str]) -> Optional[str]:
    match = COMMAND.search(block.get("ExecStart", ""))
    if not match:
        return None
    program = match.group(2).partition(" ")[0]
    return " ".join([program] + (_WITHOUT_SECRET.findall(match.group(2)) if "fpm" in program else []))


def command_option(command: Optional[str], option: str) -> Optional[str]:
    """ "config" (-y, --fpm-config) or "prefix" (-p, --prefix) out of php-fpm's command line."""
    match = _OPTIONS[option].search(command or "")
    return match.group(1) if match else None


def unit_matches(unit: str) -> List[str]:
    """For journalctl: systemd's lines about a unit, and those of root's processes in its stream. Also what a
    child of systemd says that cannot become the unit's program.
    """
    of_child = ["UNIT=" + unit, "_UID=0", "PRIORITY=3"]
    of_stream = ["_SYSTEMD_UNIT=" + unit, "_UID=0", "_TRANSPORT=stdout"]
    return ["_PID=1", "UNIT=" + unit, "+"] + of_stream + ["+"] + of_child
