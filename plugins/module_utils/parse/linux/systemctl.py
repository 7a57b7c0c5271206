# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of `systemctl show` and `journalctl -o json` -> plain data."""

import json
import re
from typing import Dict, List, Optional

from ..redact import redact

# A unit's facts -> systemd's properties. An optional one is None when empty.
_TEXTS = {
    "load": "LoadState",
    "active": "ActiveState",
    "sub": "SubState",
    "result": "Result",
    "restart": "Restart",
}
_OPTIONAL = {"enabled": "UnitFileState", "oom_policy": "OOMPolicy", "fragment": "FragmentPath"}
_NUMBERS = {
    "restarts": "NRestarts",
    "main_pid": "MainPID",
    "exec_main_code": "ExecMainCode",
    "exec_main_status": "ExecMainStatus",
}
# Monotonic times alone print alike since 219.
_TIMES = {
    "changed_at": "StateChangeTimestampMonotonic",
    "active_since": "ActiveEnterTimestampMonotonic",
    "inactive_since": "InactiveEnterTimestampMonotonic",
}
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
PROPERTIES = (
    tuple(name for table in (_TEXTS, _OPTIONAL, _NUMBERS, _TIMES) for name in table.values())
    + ("Id", "NeedDaemonReload", "RuntimeDirectory", "ExecStart", "CanReload")
    + SANDBOX
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


def unit_facts(block: Dict[str, str], boot_at: float) -> dict:
    """A block of parse_show -> a unit of the snapshot. boot_at: the epoch second of the monotonic clock's 0."""
    facts: dict = {name: block.get(key) for name, key in _TEXTS.items()}
    facts.update((name, block.get(key) or None) for name, key in _OPTIONAL.items())
    facts.update((name, _number(block.get(key))) for name, key in _NUMBERS.items())
    for name, key in _TIMES.items():
        micro = _number(block.get(key))
        facts[name] = round(boot_at + micro / 1e6, 3) if micro else None
    sandbox = {name: block[name] for name in SANDBOX if block.get(name) not in (None, "", "no")}
    return dict(
        facts,
        name=block.get("Id", ""),
        need_reload=block.get("NeedDaemonReload") == "yes",
        can_reload=block.get("CanReload") == "yes",
        runtime_directory=block.get("RuntimeDirectory", ""),
        sandbox=sandbox,
        private_tmp="PrivateTmp" in sandbox,
        command=exec_start(block),
        start_limit_hit=facts["result"] == "start-limit-hit",
        log=[],
    )


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


def refused_to_start(log: List[dict]) -> bool:
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


def parse_journal(text: str) -> List[dict]:
    """Lines of `journalctl -o json` -> [{at, text}], of systemd and php-fpm alone (docs/looking.md); text
    begins with "who[pid]: ".
    """
    found: List[dict] = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            said, pid, program = (
                entry.get("MESSAGE"),
                entry.get("_PID"),
                entry.get("_EXE") or entry.get("_COMM"),
            )
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
