# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab needs on this machine: installed where that is allowed, else named in one line."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.lab.engine import ENGINE, RUNTIME, LabError, run

# Program → Debian package. Podman's networks are made by helpers outside PATH, which want iptables on Debian
# 12.
PROGRAMS = {"mmdebstrap": "mmdebstrap", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
PODMAN = {"podman": "podman", "iptables": "iptables"}
# For the virtual machines.
QEMU = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", "mke2fs": "e2fsprogs"}
HELPERS = {"/usr/lib/podman/netavark": "netavark", "/usr/lib/podman/aardvark-dns": "aardvark-dns"}


def missing(machines: bool = False) -> list[str]:
    """The packages that are missing here, for the engine in use, or for the virtual machines."""
    if machines:
        return _packages(PROGRAMS | QEMU, {})
    programs = dict(PROGRAMS)
    helpers: dict[str, str] = {}
    if ENGINE == "podman":
        programs |= PODMAN | ({RUNTIME: RUNTIME} if RUNTIME else {})
        helpers = HELPERS
    elif not shutil.which(ENGINE):
        raise LabError(
            f"{ENGINE}: the engine of WEBMEDIC_ENGINE is not installed; the lab installs podman only"
        )
    return _packages(programs, helpers)


def _packages(programs: dict[str, str], helpers: dict[str, str]) -> list[str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    wanted = [package for program, package in programs.items() if not shutil.which(program, path=path)]
    wanted += [package for helper, package in helpers.items() if not os.path.exists(helper)]
    return sorted(set(wanted))


def install(machines: bool = False) -> int:
    """Install the missing packages with apt-get; return 1 and say in one line what is missing where that is
    not allowed.
    """
    wanted = missing(machines)
    if not wanted:
        print("lab: everything is here")
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"lab: missing here: {' '.join(wanted)}; install them (this takes root and apt-get)")
        return 1
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *wanted]
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    if subprocess.run(command, check=False).returncode:
        run(["apt-get", "update", "--quiet"])
        run(command)
    return 0
