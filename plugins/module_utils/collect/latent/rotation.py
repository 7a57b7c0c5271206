# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What logrotate does to the logs of nginx and php-fpm, by its configuration, which is read and never run."""

import fnmatch
import posixpath
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ...parse.linux.logrotate import Line, Stanza, is_taboo, parse_logrotate
from ...parse.linux.rotate_script import FPM, NGINX, Effect, effects, master_named, paths_in
from ..host import Host, HostError, decode
from ..trust import named, opening
from .log_writers import Writer, writers
from .new_log import Replacement, replaced

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Hook, Rotated, Rotation
    from ....plugin_utils.shapes.snapshot import Snapshot

MAIN = "/etc/logrotate.conf"
PROGRAMS = ("/usr/sbin/logrotate", "/usr/bin/logrotate", "/sbin/logrotate")
MOST_BYTES = 256 * 1024  # of a file
MOST_FILES = 500
MOST_SCRIPT = 16 * 1024
MOST_ENTRIES = 100


class _Files:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.read_so_far = 0

    def read(self, path: str) -> Optional[str]:
        """logrotate ignores a file that others than root can write."""
        self.read_so_far += 1
        if self.read_so_far > MOST_FILES:
            return None
        try:
            stat = self.host.stat(path)
            if stat.mode & 0o022 or stat.uid:
                return None
            return decode(self.host.read_bytes(named(self.host, path), 0, MOST_BYTES, real=True))
        except HostError as error:
            if not error.absent:
                self.host.miss("logrotate", path, error.why, None if self.host.is_root() else "root")
            return None

    def included(self, name: str) -> List[str]:
        if self.host.type_of(name) != "directory":
            return [name]
        return [
            posixpath.join(name, each)
            for each in self.host.names(name)
            if not is_taboo(each) and self.host.type_of(posixpath.join(name, each)) == "file"
        ]

    def script(self, path: str) -> Optional[str]:
        """The text of a script that only root can write."""
        try:
            if self.host.stat(path).size > MOST_SCRIPT or opening(self.host, path):
                return None
            text = decode(self.host.read_bytes(named(self.host, path), 0, MOST_SCRIPT, real=True))
        except HostError:
            return None
        return text if text.startswith("#!") and "\0" not in text else None


def _without_duplicates(host: Host, stanzas: Sequence[Stanza]) -> List[Stanza]:
    """logrotate leaves a whole file out whose log is another one's already."""
    taken: Dict[str, Stanza] = {}
    spoilt: Set[str] = set()
    for stanza in stanzas:
        if stanza.file in spoilt:
            continue
        for path in [path for pattern in stanza.patterns for path in host.glob(pattern)]:
            if taken.setdefault(path, stanza) is not stanza and stanza.strict:
                spoilt.add(stanza.file)
    return [stanza for stanza in stanzas if stanza.file not in spoilt]


def _stanza_of(path: str, stanzas: Sequence[Stanza]) -> Optional[Stanza]:
    for stanza in stanzas:
        for pattern in stanza.patterns:
            # A star of glob(7) matches no slash.
            if pattern.count("/") == path.count("/") and fnmatch.fnmatchcase(path, pattern):
                return stanza
    return None


def _hook(effect: Effect, stanza: Stanza, snapshot: "Snapshot") -> "Hook":
    masters = snapshot["fpm"]["masters"] if effect.program == FPM else []
    return {
        "program": effect.program,
        "config": master_named(masters, effect.text),
        "what": effect.what,
        "file": stanza.file,
        "line": effect.line,
        "text": effect.text[:300],
    }


class _Scripts:
    def __init__(self, files: _Files) -> None:
        self.files = files
        self.texts: Dict[str, str] = {}
        self.known: Dict[int, List[Effect]] = {}  # by id() of a stanza

    def _learn(self, script: Sequence[Line]) -> None:
        for path in paths_in(script):
            if path not in self.texts:
                text = self.files.script(path)
                if text is not None:
                    self.texts[path] = text

    def effects(self, stanza: Stanza) -> List[Effect]:
        found = self.known.get(id(stanza))
        if found is None:
            self._learn(stanza.script)
            found = self.known[id(stanza)] = effects(stanza.script, self.texts)
        return found


def _row(writer: Writer, stanza: Stanza, new: Replacement, hooks: "List[Hook]") -> "Rotated":
    return {
        "path": writer.path,
        "writer": writer.program,
        "pool": writer.pool,
        "config": writer.config,
        "by": writer.account.name,
        "file": stanza.file,
        "line": stanza.line,
        "stays": stanza.settings.copy,
        "created": new.created,
        "barred": new.barred,
        "hooks": hooks,
    }


def collect(host: Host, snapshot: "Snapshot") -> "Rotation":
    files = _Files(host)
    stanzas = _without_duplicates(host, parse_logrotate(MAIN, files.read, files.included))
    scripts = _Scripts(files)
    logs: List[Rotated] = []
    for writer in writers(host, snapshot):
        stanza = _stanza_of(writer.path, stanzas)
        if stanza is None or len(logs) >= MOST_ENTRIES:
            continue
        found = [_hook(effect, stanza, snapshot) for effect in scripts.effects(stanza)]
        logs.append(_row(writer, stanza, replaced(host, writer, stanza.settings), found))
    hooks: Dict[Tuple[str, int, str], Hook] = {}
    for stanza in stanzas:
        for effect in scripts.effects(stanza):
            if effect.program in (NGINX, FPM) and effect.what != "reopen":
                key = (stanza.file, effect.line, str(effect.program))
                hooks.setdefault(key, _hook(effect, stanza, snapshot))
    installed = any(host.type_of(path) == "file" for path in PROGRAMS)
    return {"installed": installed, "logs": logs, "hooks": list(hooks.values())[:MOST_ENTRIES]}
