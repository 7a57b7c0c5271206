# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python interpreter for a host. Something goes wrong at a chosen step of the collection.

A step is a call of the collection that changes the host, or a program that it starts to change it. Calls of
child processes are not counted. /run/faulty.json says what goes wrong: {"step": 17, "do": WHAT}. WHAT is

  kill              the process dies before the step
  during            the process dies while the step's program goes on
  pause             the process makes /run/faulty.paused, and waits before the step for /run/faulty.go
  refuse            the step's program ends with code 1 and does nothing
  EACCES, ...       the call fails once with this error
  ENOSPC+, EROFS+   so does each later call that takes space, or that writes: the disk stays full or read-only

/run/faulty.count holds all steps so far. It is used as ansible_python_interpreter with pipelining: the engine
then feeds the module on standard input.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time

PLAN, COUNT, PAUSED, GO = "/run/faulty.json", "/run/faulty.count", "/run/faulty.paused", "/run/faulty.go"
OURS = "webmedic/php_fpm/"
PAUSE_SECONDS = 120
_CHANGES = (
    "replace",
    "rename",
    "link",
    "symlink",
    "unlink",
    "remove",
    "rmdir",
    "mkdir",
    "write",
    "pwrite",
    "ftruncate",
    "truncate",
    "fsync",
    "chmod",
    "fchmod",
    "chown",
    "fchown",
    "lchown",
    "setxattr",
    "removexattr",
    "utime",
    "mknod",
    "mkfifo",
    "posix_fallocate",
    "copy_file_range",
)
TAKE_SPACE = {
    "open",
    "write",
    "pwrite",
    "mkdir",
    "link",
    "symlink",
    "fsync",
    "setxattr",
    "posix_fallocate",
    "copy_file_range",
}
# What a read-only file system refuses. An open descriptor may still be synced.
_WRITES = set(_CHANGES) - {"fsync"} | {"open"}


def _callers():
    """Source files of the call's frames, innermost first."""
    frame = sys._getframe(2)
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _place(argument, folder=None):
    """The absolute path of a descriptor, or of a path. folder: the open directory that the path is in."""
    if isinstance(argument, int):
        try:
            return os.readlink("/proc/self/fd/%d" % argument)
        except OSError:
            return "fd %d" % argument
    path = os.fsdecode(argument)
    return path if folder is None else os.path.join(_place(folder), path)


class Faults:
    """step, do: of the plan. None: steps are only counted."""

    def __init__(self, step=None, do=None):
        self.step, self.do = step, do
        self.steps = []
        self.pid = os.getpid()
        self.busy = False
        self.real_open, self.real_write, self.real_popen = os.open, os.write, subprocess.Popen

    def install(self):
        for name in _CHANGES:
            if hasattr(os, name):
                setattr(os, name, self._counted(name, getattr(os, name)))
        os.open = self._open
        faults, real = self, self.real_popen

        class Popen(real):
            def __init__(self, argv, *rest, **named):
                kind = faults.kind()
                if kind:
                    faults.due(kind, " ".join(argv))
                hit = kind and faults.hit()
                if hit and kind == "run" and faults.do == "refuse":
                    argv = ["sh", "-c", "echo refused; exit 1"]
                if (
                    hit
                    and kind == "run"
                    and faults.do == "during"
                    and argv[0] == "systemctl"
                    and argv[1] in ("start", "stop", "restart", "reload")
                ):
                    argv = ["systemctl", "--no-block"] + list(argv[1:])
                faults.busy, busy = True, faults.busy
                try:
                    super().__init__(argv, *rest, **named)
                finally:
                    faults.busy = busy
                if hit and faults.do == "during":
                    if kind == "run":
                        self.wait()
                    faults.die()

        subprocess.Popen = Popen

    def kind(self):
        """ "trial" for a command that tries a change, "run" for one that makes it, else None."""
        if self.busy or os.getpid() != self.pid:
            return None
        callers = list(_callers())
        kinds = {"change/trial.py": "trial", "change/disk.py": "run"}
        return next((kinds[end] for end in kinds if any(path.endswith(end) for path in callers)), None)

    def due(self, kind, text):
        """Count a step. Let it go wrong when the plan says so."""
        self.steps.append("%s %s" % (kind, text))
        if self.do is None:
            return
        again = (
            self.do.endswith("+")
            and len(self.steps) > self.step
            and kind in (TAKE_SPACE - {"fsync"} if self.do == "ENOSPC+" else _WRITES)
        )
        if not self.hit() and not again:
            return
        if self.do == "kill":
            self.die()
        elif self.do == "pause":
            self.pause()
        elif self.do not in ("during", "refuse"):
            number = getattr(errno, self.do.rstrip("+"))
            raise OSError(number, os.strerror(number))

    def hit(self):
        return len(self.steps) == self.step

    def die(self):
        self.tell()
        os.kill(self.pid, signal.SIGKILL)
        time.sleep(10)

    def tell(self):
        self.busy = True
        with open(COUNT, "w") as stream:
            json.dump({"count": len(self.steps), "steps": self.steps}, stream)
        self.busy = False

    def pause(self):
        self.tell()
        with open(PAUSED, "w") as stream:
            stream.write("%d\n" % self.pid)
        until = time.monotonic() + PAUSE_SECONDS
        while time.monotonic() < until and not os.path.exists(GO):
            time.sleep(0.02)

    def ours(self):
        return not self.busy and os.getpid() == self.pid and any(OURS in path for path in _callers())

    def _counted(self, name, real):
        def call(*arguments, **named):
            places = [_place(arguments[0], named.get("dir_fd", named.get("src_dir_fd")))]
            if name in ("replace", "rename", "link", "symlink"):
                places.append(_place(arguments[1], named.get("dst_dir_fd")))
            if not places[0].startswith("/") or not self.ours():  # pipes and sockets are not the host's state
                return real(*arguments, **named)
            self.due(name, " ".join(places))
            self.busy = True
            try:
                return real(*arguments, **named)
            finally:
                self.busy = False

        return call

    def _open(self, path, flags, *rest, **named):
        place = _place(path, named.get("dir_fd"))
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and not place.startswith("/dev/") and self.ours():
            self.due("open", place)
        return self.real_open(path, flags, *rest, **named)


def main():
    if sys.argv[1:]:
        os.execv(sys.executable, [sys.executable] + sys.argv[1:])
    source = sys.stdin.read()
    try:
        with open(PLAN) as stream:
            plan = json.load(stream)
    except FileNotFoundError:
        plan = {}
    faults = Faults(plan.get("step"), plan.get("do"))
    faults.install()
    try:
        code = compile(source, "<stdin>", "exec")
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102  (an interpreter)
    finally:
        if faults.steps and os.getpid() == faults.pid:
            faults.tell()


if __name__ == "__main__":
    main()
