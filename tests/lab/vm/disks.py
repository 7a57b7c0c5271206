# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of virtual machines, from Debian's packages alone.

An image is a directory: the disk, the kernel, its initrd, and the key that lets us in. It is named by a hash
of all that went into it, and by the month: a stale one is never used.
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
from pathlib import Path

from tests.lab.data import HOME as LAB
from tests.lab.engine import WORK, alone, run
from tests.lab.images import LEAN
from tests.lab.vm.kinds import HOME, Kind

IMAGES = WORK / "vm" / "images"
DISK = "2600M"  # sparse
# Not to empty /etc/machine-id: made at boot it would have no label, and journald would not start.
MMDEBSTRAP = ("mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/reproducible")
LABELS = 'set -eu; [ ! -e "$1/etc/selinux/default" ] || chroot "$1" setfiles -F {contexts} /'.format(
    contexts="/etc/selinux/default/contexts/files/file_contexts"
)


def _files() -> list[Path]:
    paths = [LAB / "image" / "lib.sh", HOME / "image" / "setup.sh"]
    return paths + sorted((LAB / "image" / "www").iterdir())


def _hooks(kind: Kind) -> list[str]:
    """What is done in the root, $1. Files get their SELinux labels here, not at the first boot."""
    lab = '"$1/usr/local/share/webmedic-lab"'
    setup = "'. /usr/local/share/webmedic-lab/setup.sh'"
    return [
        f"mkdir -p {lab}; cp -r {LAB}/image/lib.sh {LAB}/image/www {HOME}/image/setup.sh {lab}/",
        'install -d -m 0700 "$1/root/.ssh"; install -m 0600 "$KEY" "$1/root/.ssh/authorized_keys"',
        f'{kind.suite.exports()}; chroot "$1" /bin/bash -c {setup}',
        LABELS,
    ]


def directory_of(kind: Kind) -> Path:
    month = datetime.date.today().strftime("%Y-%m")
    parts = [
        kind.suite.release,
        month,
        DISK,
        *LEAN,
        *kind.packages,
        kind.suite.exports(),
        LABELS,
        *MMDEBSTRAP,
    ]
    parts += [*kind.apt, *(path.read_text() for path in _files())]
    return IMAGES / f"{kind.name}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def _build(kind: Kind, target: Path) -> None:
    making = target.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    root, key = making / "root", making / "id_ed25519"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"webmedic-{kind.name}", "-f", str(key)])
    argv = ["env", f"KEY={key}.pub", *MMDEBSTRAP]
    argv += ["--aptopt=Acquire::Languages none", *(f"--dpkgopt=path-exclude={path}" for path in LEAN)]
    argv += [f"--aptopt={option}" for option in kind.apt]
    argv += [f"--include={','.join(kind.packages)}"]
    argv += [f"--customize-hook={hook}" for hook in _hooks(kind)]
    run([*argv, kind.suite.release, str(root)], timeout=1800)
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(next((root / "boot").glob(name + "-*")), making / name)
    run(["truncate", "-s", DISK, str(making / "disk.img")])
    run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", str(root), str(making / "disk.img")])
    shutil.rmtree(root)
    making.rename(target)


def ensure(kind: Kind) -> Path:
    """The directory of the kind's image, built where it is missing; those that it replaces are removed."""
    target = directory_of(kind)
    with alone(f"vm-{kind.name}"):
        if not target.exists():
            _build(kind, target)
            for other in IMAGES.glob(f"{kind.name}-*"):
                if other != target:
                    shutil.rmtree(other)
    return target
