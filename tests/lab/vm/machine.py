# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual machine: started, asked over SSH, set back to how it was, started again, ended.

Its disk is an overlay of the image. All of it lies in one directory of the work directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.lab import inventory
from tests.lab.data import Spec
from tests.lab.engine import WORK, LabError, run
from tests.lab.vm.kinds import Kind, load_kinds

CLEAN = "clean"  # the snapshot of a machine to which nothing was done yet
# Seconds. Beside other work a start takes many times as long as on an idle machine. Until it is done the
# machine speaks on its console, if only of what it waits for.
QUIET, MOST = 300, 1800
PATIENT = "systemd.default_timeout_start_sec=900"  # a unit that starts at such a boot needs more than 90 s
SSH = (
    "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o "
    "PreferredAuthentications=publickey -o ControlMaster=no -o ControlPath=none"
)
# QEMU keeps a connection to a machine that goes down open for ever.
ALIVE = ("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4")
# All that starts by itself has started. A machine without systemd has gone through its runlevel's scripts.
READY = """
if [ -d /run/systemd/system ]; then
    for _ in $(seq 300); do
        state=$(systemctl is-system-running 2>/dev/null) || true
        case $state in running | degraded) break ;; esac
        sleep 1
    done
    [ "$state" = running ] || { systemctl list-units --failed --plain --no-legend >&2; exit 1; }
else
    for _ in $(seq 300); do
        pgrep -f '^(/bin/sh )?/etc/init.d/rc ' >/dev/null || break
        sleep 1
    done
fi
cat /proc/sys/kernel/random/boot_id
"""


class Boot:
    """A start that gets somewhere as long as the machine's console speaks."""

    def __init__(self, console: Path, now: float) -> None:
        self.console, self.began, self.heard, self.size = console, now, now, -1

    def stuck(self, now: float) -> str | None:
        """Why it is waited for no longer."""
        size = self.console.stat().st_size if self.console.exists() else 0
        if size != self.size:
            self.heard, self.size = now, size
        if now - self.heard > QUIET:
            return f"its console has said nothing for {QUIET} s"
        return f"{MOST} s are over" if now - self.began > MOST else None


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


class Machine:
    """A machine of a kind, by name. image: the directory of its image."""

    def __init__(self, name: str, kind: Kind, image: Path) -> None:
        self.name, self.kind, self.image = name, kind, image
        self.directory = WORK / "vm" / "machines" / name
        self.inventory = self.directory / "inventory.yml"
        self.key = image / "id_ed25519"

    @property
    def port(self) -> int:
        """Of 127.0.0.1, that leads to its SSH."""
        return int((self.directory / "port").read_text())

    def start(self) -> str:
        """Start it and keep how it is then; return how long that took, in words."""
        self.end()
        self.directory.mkdir(parents=True)
        (self.directory / "port").write_text(str(_free_port()))
        overlay = ["-f", "qcow2", "-b", str(self.image / "disk.img"), "-F", "raw", "overlay.qcow2"]
        run(["qemu-img", "create", "-q", *overlay[:-1], str(self.directory / overlay[-1])])
        words = f"root=/dev/vda rw console=ttyS0 net.ifnames=0 {PATIENT} {self.kind.kernel}"
        forward = f"hostfwd=tcp:127.0.0.1:{self.port}-:22"
        # Not KVM: where /dev/kvm is there and the processor lacks SVM and VMX, a kernel hangs at its start.
        argv = [
            *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-smp", "1"),
            *("-m", str(self.kind.memory), "-display", "none", "-monitor", "none"),
            *("-kernel", str(self.image / "vmlinuz"), "-initrd", str(self.image / "initrd.img")),
            *("-append", words, "-nic", f"user,model=virtio-net-pci,{forward}"),
            *("-drive", "file=overlay.qcow2,if=virtio,format=qcow2,cache=unsafe"),
            *("-serial", "file:console.log", "-qmp", "unix:qmp.sock,server=on,wait=off"),
        ]
        with open(self.directory / "qemu.log", "w", encoding="utf-8") as log:
            done = subprocess.Popen(
                argv,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (self.directory / "pid").write_text(str(done.pid))
        began = time.monotonic()
        self._wait(began, other_than="")
        self.monitor("human-monitor-command", **{"command-line": "savevm " + CLEAN})
        return f"{time.monotonic() - began:.0f} s"

    def _wait(self, began: float, other_than: str) -> str:
        """The id of its boot, once all is started, and it is another one."""
        boot, words, why = Boot(self.directory / "console.log", began), "", None
        while not why:
            try:
                found = self.execute(READY, timeout=120, alive=ALIVE).strip()
                if found != other_than:
                    return found
            except LabError as error:
                words = str(error)
            time.sleep(2)
            why = boot.stuck(time.monotonic()) if self._runs() else "QEMU has ended, see qemu.log"
        raise LabError(f"{self.name} is not up: {why}; {words}; see {self.directory}/console.log")

    def _runs(self) -> bool:
        """Whether its emulator does. A child that has ended is a zombie."""
        pid = (self.directory / "pid").read_text()
        with contextlib.suppress(OSError):
            return Path("/proc", pid, "stat").read_text().rpartition(") ")[2][:1] != "Z"
        return False

    def restart(self) -> str:
        """Let it start again by itself; return how long that took, in words."""
        began, before = time.monotonic(), self.execute("cat /proc/sys/kernel/random/boot_id").strip()
        with contextlib.suppress(LabError):  # the connection may end before the command
            self.execute("nohup sh -c 'sleep 1; reboot' >/dev/null 2>&1 &")
        self._wait(began, before)
        return f"{time.monotonic() - began:.0f} s"

    def reset(self) -> None:
        """Back to how it was when it was started, but for the time of day."""
        self.monitor("human-monitor-command", **{"command-line": "loadvm " + CLEAN})
        self.execute("date -s @%.3f >/dev/null" % (time.time() + 1), timeout=60)

    def execute(self, script: str, timeout: float = 300, alive: Sequence[str] = ()) -> str:
        """Run a bash script as root and return its standard output. alive: more options of SSH."""
        argv = [
            "ssh",
            *SSH.split(),
            *alive,
            "-o",
            "ConnectTimeout=15",
            "-i",
            str(self.key),
            "-p",
            str(self.port),
        ]
        return run([*argv, "root@127.0.0.1", "bash -s"], stdin=script, timeout=timeout)

    def monitor(self, command: str, **arguments: Any) -> Any:
        """A command of QEMU's machine protocol; what it returns."""
        place = os.open(self.directory, os.O_RDONLY)  # a socket's path has 108 characters at most
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(300)
                connection.connect(f"/proc/self/fd/{place}/qmp.sock")
                stream = connection.makefile("rw", encoding="utf-8")
                stream.readline()
                answer = None
                for name, words in (("qmp_capabilities", {}), (command, arguments)):
                    stream.write(json.dumps({"execute": name, "arguments": words}) + "\n")
                    stream.flush()
                    answer = self._reply(stream)
        except OSError as error:
            raise LabError(f"{self.name}: QEMU's monitor: {error}; see {self.directory}/qemu.log") from error
        finally:
            os.close(place)
        if answer and command.startswith("human"):
            raise LabError(f"{self.name}: {arguments}: {answer}")
        return answer

    def _reply(self, stream: Any) -> Any:
        for line in stream:
            message = json.loads(line)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise LabError(f"{self.name}: QEMU's monitor: {message['error']}")
        raise LabError(f"{self.name}: QEMU's monitor ended")

    def end(self) -> None:
        """End it, and remove its files."""
        if (self.directory / "qmp.sock").exists():
            with contextlib.suppress(LabError):
                self.monitor("quit")
        shutil.rmtree(self.directory, ignore_errors=True)

    def write_inventory(self, spec: Spec) -> str:
        """The inventory that playbooks use, for a fault; returns the host's name there."""
        document = yaml.safe_load(inventory.render([(spec, self.name, "127.0.0.1")], self.key))
        document["all"]["vars"] |= {"ansible_ssh_common_args": SSH, "ansible_ssh_port": self.port}
        self.inventory.write_text(yaml.safe_dump(document))
        return spec.host


def end_all() -> list[str]:
    """End every machine of this work directory; their names."""
    kind = next(iter(load_kinds().values()))
    names = [each.name for each in sorted((WORK / "vm" / "machines").glob("*"))]
    for name in names:
        Machine(name, kind, WORK).end()
    return names
