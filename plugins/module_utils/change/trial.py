# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program says about a configuration that is not in place yet.

It runs in a sandbox in which the changed files lie over the real ones. Outside, nothing is touched or seen.
"""

import contextlib
import errno
import os
import re
import stat
from functools import partial
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..collect import child
from ..collect.host import Host, Ran
from ..collect.sandbox import BIND, NODEV, NOSUID, OURS, REC, REMOUNT, Sandbox
from ..collect.trust import opening
from ..parse.redact import redact
from ..work.step import Change
from . import loads

# The first free one will do: it is covered only while the namespace is being prepared.
STAGES = ("/mnt", "/media", "/srv", "/opt", "/home", "/tmp")
NOBODY = 65534  # linux/highuid.h
MOST_ENTRIES = 5000  # of a directory that is copied
_DETACH = 2  # sys/mount.h
_NOT_FILES = ("/dev/", "/proc/", "/sys/")
# nginx names the level in brackets, php-fpm in front, PHP its own. What follows the first such line is its
# consequence.
_DECIDES = re.compile(r"\[(?:emerg|alert|crit)\]|\b(?:ERROR|ALERT):|\bFatal error:")
# There is no address in the sandbox's network. With this any can be bound.
_ANY_ADDRESS = ("/proc/sys/net/ipv4/ip_nonlocal_bind", "/proc/sys/net/ipv6/ip_nonlocal_bind")


class _File(NamedTuple):
    data: Optional[bytes]  # None: it is not there
    mode: int
    uid: int
    gid: int


class Start(NamedTuple):
    """How a service manager starts the program."""

    environment: Dict[str, str]
    ids: Optional[Tuple[int, int, List[int]]]  # user, group, all groups; None: root's
    folder: str  # where it begins
    makes: Sequence[str]  # directories that it is given
    enough: bytes  # what it writes to its errors once it runs
    files: Sequence[str] = ()  # from which its environment is


@contextlib.contextmanager
def _pinned(path: str) -> Iterator[str]:
    """Another path to what path is now, whoever puts something else there. Raises OSError for a link."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        here = "/proc/self/fd/%d" % descriptor
        is_link = stat.S_ISLNK(os.fstat(descriptor).st_mode)
        if is_link or os.readlink(here) != os.path.normpath(path):
            raise OSError("%s was replaced while it was looked at" % path)
        yield here
    finally:
        os.close(descriptor)


class _Namespace(Sandbox):
    """files: by real path. missing: logs that are not there yet. Others may put links into the directories of
    logs meanwhile: nothing is mounted or written by a path that leads through one.
    """

    def __init__(self, files: Dict[str, _File], missing: Sequence[str], start: Optional[Start]) -> None:
        super(_Namespace, self).__init__()
        self.files, self.start = files, start
        self.folders = {path: _directory(os.path.dirname(path)) for path in [*files, *missing]}
        # A file that appears or goes needs a directory that can change: a copy of the nearest one there is.
        gone = [path for path, file in files.items() if file.data is None or not os.path.lexists(path)]
        self.covers = {self.folders[path] for path in [*gone, *missing]}
        self.used = [*self.files, *self.covers]  # the sandbox covers none of these

    def enter(self) -> None:
        super(_Namespace, self).enter()
        if self.start is None:
            return
        if self.start.ids:
            user, group, groups = self.start.ids
            os.setgroups(groups)
            os.setgid(group)
            os.setuid(user)
            child.die_with_parent()
        os.chdir(self.start.folder)

    def _any_address(self) -> None:
        try:
            self.mount("none", "/proc/sys", REMOUNT | BIND)
        except OSError as error:
            if error.errno != errno.EINVAL:  # it is no mount of its own, as in a container
                raise
        for path in filter(os.path.exists, _ANY_ADDRESS):
            with open(path, "w") as stream:
                stream.write("1")

    def prepare(self) -> None:
        self._any_address()
        used = [place + "/" for place in self.used]
        free = (path for path in STAGES if os.path.isdir(path) and os.path.realpath(path) == path)
        stage = next((path for path in free if not any(place.startswith(path + "/") for place in used)), None)
        if stage is None or "/" in self.covers:
            raise OSError("there is no directory to prepare it in")
        self.mount(OURS, stage, NOSUID | NODEV, b"tmpfs", b"mode=0700")
        for number, folder in enumerate(sorted(self.covers)):
            place = os.path.join(stage, "d%d" % number)
            with _pinned(folder) as there:
                self._copy(folder, there, place)
                self.mount(place, there, BIND | REC)
        for number, (path, file) in enumerate(sorted(self.files.items())):
            if file.data is not None and self.folders[path] not in self.covers:
                place = os.path.join(stage, "f%d" % number)
                _write(place, file)
                with _pinned(path) as there:
                    self.mount(place, there, BIND)
        # What was bound stays; the stage itself shows again what it held.
        self.call("umount2", os.fsencode(stage), _DETACH)

    def _copy(self, folder: str, there: str, place: str) -> None:
        """A directory with the entries of folder and the files that change. there: folder, pinned."""
        os.mkdir(place)
        names = os.listdir(there)
        if len(names) > MOST_ENTRIES:
            raise OSError("%s has more than %d entries, too many to be copied" % (folder, MOST_ENTRIES))
        for name in names:
            if os.path.join(folder, name) not in self.files:
                # A temporary file of somebody else may be gone by now.
                with contextlib.suppress(FileNotFoundError):
                    self._show(os.path.join(there, name), os.path.join(place, name))
        for path, file in self.files.items():
            if file.data is not None and self.folders[path] == folder:
                _make_below(place, os.path.relpath(path, folder), file)
        status = os.stat(there)
        os.chown(place, status.st_uid, status.st_gid)
        os.chmod(place, stat.S_IMODE(status.st_mode))

    def _show(self, source: str, target: str) -> None:
        descriptor = os.open(source, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISLNK(mode):
                os.symlink(os.readlink("", dir_fd=descriptor), target)
                return
            if stat.S_ISDIR(mode):
                os.mkdir(target)
            else:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            self.mount("/proc/self/fd/%d" % descriptor, target, BIND | REC)
        finally:
            os.close(descriptor)


def _make_below(place: str, name: str, file: _File) -> None:
    """A file in a new directory of ours, and the directories on the way, which were not there before."""
    first, _slash, rest = name.partition("/")
    if rest:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.join(place, first))
        if os.path.islink(os.path.join(place, first)) or os.path.ismount(os.path.join(place, first)):
            raise OSError("%s was made while it was looked at" % first)
        _make_below(os.path.join(place, first), rest, file)
    else:
        _write(os.path.join(place, first), file)


def _directory(path: str) -> str:
    """The path itself or the nearest directory above it that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _write(path: str, file: _File) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(file.data or b"")
        os.fchown(descriptor, file.uid, file.gid)
        os.fchmod(descriptor, file.mode)


def _like(path: str, data: Optional[bytes], mode: int) -> _File:
    """A file with the rights of what is at path, or as a new one of ours."""
    if not os.path.lexists(path):
        return _File(data, mode, os.geteuid(), os.getegid())
    status = os.stat(path)
    return _File(data, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def _prepare(changes: Sequence[Change], silent: Sequence[str], start: Optional[Start]) -> _Namespace:
    makes = [path for path in start.makes if not os.path.isdir(path)] if start else []
    for path in [change.path for change in changes] + list(silent) + makes:
        if not path.startswith("/") or "\0" in path:
            raise OSError("%r is not an absolute path" % path)
    files: Dict[str, _File] = {}
    for change in changes:
        real = os.path.realpath(change.path)
        files[real] = _like(real, change.after, change.mode)
    missing: Set[str] = set()
    for path in {os.path.realpath(path) for path in silent} - set(files):
        if os.path.isfile(path):
            files[path] = _like(path, b"", 0o600)  # an empty file in memory takes what the program would log
        elif stat.S_ISFIFO(_mode(path)):
            raise OSError("%s is a pipe: who opens it waits for somebody" % path)
        elif (
            not os.path.lexists(path)
            and os.path.isdir(os.path.dirname(path))
            and not path.startswith(_NOT_FILES)
        ):
            missing.add(path)
    for path in makes:
        file = os.path.join(os.path.realpath(path), ".webmedic")
        files[file] = _File(b"", 0o600, os.geteuid(), os.getegid())
    return _Namespace(files, sorted(missing), start)


def deciding_line(ran: Ran) -> str:
    """What a program said went wrong, in one line without secrets."""
    lines = [line.strip() for line in (ran.err + "\n" + ran.out).splitlines() if line.strip()]
    lines.append("it ended with code %s" % ran.rc)
    return redact(next(filter(_DECIDES.search, lines), lines[0]))


def trial(
    changes: Sequence[Change],
    argv: List[str],
    silent: Sequence[str],
    timeout: float = 20.0,
    start: Optional[Start] = None,
) -> Ran:
    """argv's answer to the configuration with the changes. silent: logs and pid files that it must not write
    to, there or not. start: it is started as a service, and killed once it runs: then rc is 0.

    rc None, and why in err: it could not be run, or was killed after timeout seconds. Only root can do this.
    """
    place = opening(Host(), argv[0])
    if place:
        return Ran(None, "", "%s can write %s, so root does not run %s" % (place.who, place.path, argv[0]))
    environment = start.environment if start else dict(os.environ)
    try:
        files, folder = (start.files, start.folder) if start else ((), "/")
        why = loads.refusal(argv, environment, files, partial(_run_as_nobody, environment), folder)
        if why:
            return Ran(None, "", why)
        prepared = _prepare(changes, silent, start)
        if start:
            return prepared.run(argv, timeout, env=environment, enough=start.enough)
        return prepared.run(argv, timeout)
    except OSError as error:
        return Ran(None, "", str(error))


def _run_as_nobody(environment: Dict[str, str], argv: List[str]) -> Ran:
    nobody = Start(environment, (NOBODY, NOBODY, [NOBODY]), "/", [], b"")
    return _prepare([], [], nobody).run(argv, 20.0, env=environment)
