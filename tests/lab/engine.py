# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine: the one place that starts programs on this machine.

One variable each changes the engine (WEBMEDIC_ENGINE), its runtime (WEBMEDIC_RUNTIME) and the work directory
(WEBMEDIC_WORK).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ENGINE = os.environ.get("WEBMEDIC_ENGINE", "podman")
RUNTIME = os.environ.get("WEBMEDIC_RUNTIME", "runc")
WORK = Path(
    os.environ.get("WEBMEDIC_WORK", Path(__file__).resolve().parents[2] / ".cache" / "webmedic")
).resolve()

# systemd needs SYS_ADMIN to mount; the kernel's log needs SYSLOG; sockets' owners need SYS_PTRACE; the
# monitor's unit asks for DAC_READ_SEARCH. The default limits of processes and files fail where this machine
# itself may not raise them. Memory without swap: OOM kills are real.
HOST_FLAGS = (
    "--cap-add=SYS_ADMIN,SYSLOG,SYS_PTRACE,DAC_READ_SEARCH",
    "--ulimit=nofile=20000:20000",
    "--ulimit=nproc=4096:4096",
    "--memory=300m",
    "--memory-swap=300m",
)

ATTEMPTS = 4  # where other runs on a busy machine may get in the way
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
# What systemd and dbus of one host take. All containers of root share one budget, mostly of 128.
INOTIFY_PER_HOST = 6
STATUS_ON_3 = "bash -s 3>&-; echo $? >&3"
_ids: dict[str, str] = {}  # of containers, by their names


class LabError(Exception):
    """What was tried, on what, what came back."""


class StillRunning(LabError):
    """It has not come back in its time."""


def run(argv: Sequence[str], stdin: str | None = None, timeout: float = 600) -> str:
    """Run a program and return its standard output; raise LabError with its last words when it fails,
    StillRunning when its time is over.

    It runs in the work directory: podman's monitor leaves a file "oom" in its own directory when a host runs
    out of memory.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=WORK
        )
    except FileNotFoundError as error:
        raise LabError(
            f"{argv[0]}: no such program here; `python3 -m tests.lab install` says what the lab needs"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise StillRunning(f"{' '.join(argv[:6])}: still running after {timeout:.0f} s") from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise LabError(f"{' '.join(argv[:6])}: rc {done.returncode}: " + " | ".join(words))
    return done.stdout


def own_runtime() -> bool:
    """Whether podman runs its containers with RUNTIME."""
    return ENGINE == "podman" and bool(RUNTIME and shutil.which(RUNTIME))


def engine(*args: str, stdin: str | None = None, timeout: float = 600) -> str:
    """Run a command of the container engine."""
    runtime = ("--runtime", RUNTIME) if own_runtime() else ()
    return run([ENGINE, *runtime, *args], stdin=stdin, timeout=timeout)


@contextlib.contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold a lock of this work directory, so that two runs do not build the same thing at once."""
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    with open(WORK / f"{what}.lock", "w", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def make_room(hosts: int) -> None:
    """Raise the kernel's limit of inotify instances until so many hosts fit: a systemd that gets none does
    not boot.
    """
    wanted = 64 + hosts * INOTIFY_PER_HOST
    if not INOTIFY.exists() or int(INOTIFY.read_text()) >= wanted:
        return
    try:
        INOTIFY.write_text(str(wanted))
    except OSError as error:
        raise LabError(
            f"{hosts} hosts need `sysctl -w fs.inotify.max_user_instances={wanted}`, "
            f"not allowed here: {error}"
        ) from error


def image_exists(tag: str) -> bool:
    """Whether an image of this tag is here."""
    return bool(engine("images", "--quiet", tag).strip())


def boot(name: str, hostname: str, image: str, network: str, labels: dict[str, str]) -> None:
    """Start a container whose first process is systemd."""
    if ENGINE == "podman":
        init = ["--systemd=always"]
    else:
        init = ["--privileged", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock"]
    marks = [f"--label={key}={value}" for key, value in labels.items()]
    _ids[name] = engine(
        "run",
        "--detach",
        "--name",
        name,
        "--hostname",
        hostname,
        *init,
        *HOST_FLAGS,
        "--network",
        network,
        *marks,
        image,
        "/sbin/init",
    ).strip()


def execute(name: str, script: str, timeout: float = 180) -> str:
    """Run a bash script in a container as root and return its standard output. What it leaves running is
    not waited for.
    """
    if not own_runtime():
        return engine("exec", "--interactive", name, "bash", "-s", stdin=script, timeout=timeout)
    if name not in _ids:
        _ids[name] = engine("inspect", "--format", "{{.Id}}", name).strip()
    return execute_by_runtime(_ids[name], script, timeout, f"a script in {name}")


def execute_by_runtime(container: str, script: str, timeout: float, what: str) -> str:
    """As execute(). podman's own exec starts a monitor first, and takes five times as long.

    The runtime is not waited for: it waits until nobody holds its standard output any more. The script's own
    shell is the only one with descriptor 3, where it leaves the exit status.
    """
    detached = [RUNTIME, "exec", "--detach", "--preserve-fds", "1", container, "bash", "-c", STATUS_ON_3]
    with (
        tempfile.TemporaryFile("w+") as source,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        source.write(script)
        source.seek(0)
        reader, writer = os.pipe()
        with os.fdopen(reader) as answer:
            try:
                subprocess.run(
                    ["bash", "-c", f'exec "$@" 3>&{writer}', "bash", *detached],
                    stdin=source,
                    stdout=out,
                    stderr=err,
                    timeout=timeout,
                    check=False,
                    pass_fds=(writer,),
                )
            except subprocess.TimeoutExpired as error:
                raise StillRunning(f"{what}: not started after {timeout:.0f} s") from error
            finally:
                os.close(writer)
            if not select.select([answer], [], [], timeout)[0]:
                raise StillRunning(f"{what}: still running after {timeout:.0f} s")
            status = answer.readline().strip()
        out.seek(0)
        err.seek(0)
        output, errors = out.read(), err.read()
    if status != "0":
        words = (errors or output).strip().splitlines()[-8:]
        raise LabError(f"{what}: rc {status or 'unknown'}: " + " | ".join(words))
    return output


def containers(label: str) -> list[dict[str, Any]]:
    """The engine's own description of every container that has a label (KEY or KEY=VALUE), running or not."""
    for attempt in range(ATTEMPTS):
        ids = engine("ps", "--all", "--quiet", "--filter", f"label={label}").split()
        try:
            found = json.loads(engine("inspect", *ids)) if ids else []
            _ids.update((each["Name"].lstrip("/"), each["Id"]) for each in found)
            return found
        except LabError:  # another run removed one of them meanwhile
            if attempt == ATTEMPTS - 1:
                raise
    return []


def address(container: dict[str, Any], network: str) -> str:
    """A container's address in a network; empty when it is not running."""
    return str(container["NetworkSettings"]["Networks"].get(network, {}).get("IPAddress", ""))
