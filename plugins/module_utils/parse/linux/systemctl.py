# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of `systemctl show` and `journalctl -o json` -> plain data."""

import json
import re
from typing import TYPE_CHECKING, Dict, List, Optional

from ..redact import redact

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit, UnitLine

# What gives a unit's processes other files than the host has, systemd.exec(5): which part of a word with
# colons is a path as they see it, or the only paths that a setting is about.
_LISTS = {"InaccessiblePaths": 0, "TemporaryFileSystem": 0, "BindPaths": 1, "BindReadOnlyPaths": 1}
_ABOUT = {
    "ProtectHome": ("/home", "/root", "/run/user"),
    "PrivateTmp": ("/tmp", "/var/tmp"),
    "RootDirectory": ("/",),
    "RootImage": ("/",),
}
SANDBOX = tuple(_LISTS) + tuple(_ABOUT)
PROPERTIES = SANDBOX + (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "Restart",
    "UnitFileState",
    "OOMPolicy",
    "FragmentPath",
    "NRestarts",
    "MainPID",
    "ExecMainCode",
    "ExecMainStatus",
    "StateChangeTimestampMonotonic",  # monotonic times alone print alike since 219
    "ActiveEnterTimestampMonotonic",
    "InactiveEnterTimestampMonotonic",
    "NeedDaemonReload",
    "RuntimeDirectory",
    "ExecStart",
    "CanReload",
)

_ARGV = re.compile(r"argv\[\]=(.*?) ; ")
# Of php-fpm's arguments, those that hold no secret, as -d mysqli.default_pw=x does.
_TELLING = re.compile(
    r"(?<=\s)(?:(?:-[py]\s*|--(?:prefix|fpm-config)[=\s]\s*)\S+|-[FDROn]|--(?:no)?daemonize)(?=\s|$)"
)
_OPTIONS = {
    "config": re.compile(r"(?:^|\s)(?:-y\s*|--fpm-config[=\s])\s*(\S+)"),
    "prefix": re.compile(r"(?:^|\s)(?:-p\s*|--prefix[=\s])\s*(\S+)"),
}
_FPM = re.compile(r"(?:.*/)?php[\d.]*-?fpm[\d.]*(?: \(deleted\))?\Z")


def parse_show(text: str) -> List[Dict[str, str]]:
    """Blocks of KEY=VALUE, in the order of the units."""
    blocks: List[Dict[str, str]] = []
    for chunk in text.split("\n\n"):
        block: Dict[str, str] = {}
        for line in chunk.splitlines():
            key, equals, value = line.partition("=")
            if equals:
                block.setdefault(key, value)
        if block:
            blocks.append(block)
    return blocks


def _number(text: Optional[str]) -> int:
    return int(text) if text and text.isdigit() else 0


def unit_facts(block: Dict[str, str], boot_at: float) -> "Unit":
    """A block of parse_show -> a unit of the snapshot. boot_at: the epoch second of the monotonic clock's 0."""

    def moment(name: str) -> Optional[float]:
        micro = _number(block.get(name))
        return round(boot_at + micro / 1e6, 3) if micro else None

    sandbox = {name: block[name] for name in SANDBOX if block.get(name) not in (None, "", "no")}
    return {
        "name": block.get("Id", ""),
        "load": block.get("LoadState"),
        "active": block.get("ActiveState"),
        "sub": block.get("SubState"),
        "result": block.get("Result"),
        "restart": block.get("Restart"),
        "enabled": block.get("UnitFileState") or None,
        "oom_policy": block.get("OOMPolicy") or None,
        "fragment": block.get("FragmentPath") or None,
        "restarts": _number(block.get("NRestarts")),
        "main_pid": _number(block.get("MainPID")),
        "exec_main_code": _number(block.get("ExecMainCode")),
        "exec_main_status": _number(block.get("ExecMainStatus")),
        "changed_at": moment("StateChangeTimestampMonotonic"),
        "active_since": moment("ActiveEnterTimestampMonotonic"),
        "inactive_since": moment("InactiveEnterTimestampMonotonic"),
        "need_reload": block.get("NeedDaemonReload") == "yes",
        "can_reload": block.get("CanReload") == "yes",
        "runtime_directory": block.get("RuntimeDirectory", ""),
        "sandbox": sandbox,
        "private_tmp": "PrivateTmp" in sandbox,
        "command": exec_start(block),
        "start_limit_hit": block.get("Result") == "start-limit-hit",
        "log": [],
    }


def hides(sandbox: Dict[str, str], place: str) -> Optional[str]:
    """The setting, as NAME=VALUE, that puts something else at a path, or at a directory above it."""

    def covers(point: str) -> bool:
        return place == point or (place + "/").startswith(point.rstrip("/") + "/")

    for name, part in _LISTS.items():
        for word in sandbox.get(name, "").split():
            if covers(word.lstrip("-+").split(":")[part if ":" in word else 0]):
                return "%s=%s" % (name, word)
    return next(
        (
            "%s=%s" % (name, sandbox[name])
            for name, points in _ABOUT.items()
            if name in sandbox and any(covers(point) for point in points)
        ),
        None,
    )


def refused_to_start(log: List["UnitLine"]) -> bool:
    """Whether the start limit stopped the last attempt: Result tells it only where nothing had failed before."""
    for entry in reversed(log):
        if re.match(r"systemd\[1\]: .*Start request repeated too quickly", entry["text"]):
            return True
        if re.match(r"systemd\[1\]: (Starting|Started|Reloaded) ", entry["text"]):
            return False
    return False


def exec_start(block: Dict[str, str]) -> Optional[str]:
    match = _ARGV.search(block.get("ExecStart", ""))
    if not match:
        return None
    program = match.group(1).partition(" ")[0]
    return " ".join([program] + (_TELLING.findall(match.group(1)) if "fpm" in program else []))


def command_option(command: Optional[str], option: str) -> Optional[str]:
    """ "config" (-y, --fpm-config) or "prefix" (-p, --prefix) out of php-fpm's command line."""
    match = _OPTIONS[option].search(command or "")
    return match.group(1) if match else None


def unit_matches(unit: str) -> List[str]:
    """For journalctl: systemd's words about a unit, and those of root's processes in its stream."""
    return ["_PID=1", "UNIT=" + unit, "+", "_SYSTEMD_UNIT=" + unit, "_UID=0", "_TRANSPORT=stdout"]


def parse_journal(text: str) -> List["UnitLine"]:
    """Lines of `journalctl -o json`, of systemd and php-fpm alone (docs/looking.md)."""
    found: List[UnitLine] = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            said, pid = entry.get("MESSAGE"), entry.get("_PID")
            program = entry.get("_EXE") or entry.get("_COMM")
            if isinstance(said, str) and (pid == "1" or not program or _FPM.match(program)):
                who = "systemd" if pid == "1" else "php-fpm"
                found.append(
                    {
                        "at": int(entry["__REALTIME_TIMESTAMP"]) / 1e6,
                        "text": redact("%s[%s]: %s" % (who, pid, said.split("\n")[0])),
                    }
                )
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            continue  # cut
    return found
