# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Swap that is in use, and whether a boot would use it again."""

import posixpath
from typing import TYPE_CHECKING, List

from ...parse.linux.swap import parse_swaps
from ..host import Host
from ..linux.units import DIRECTORIES

if TYPE_CHECKING:
    from ....plugin_utils.shapes.risks import SwapArea
    from ....plugin_utils.shapes.snapshot import Snapshot

# Made anew at each boot by a unit or a daemon of its own.
_MANAGED = ("/dev/zram", "/var/lib/swapspace/")
_DPHYS = "/etc/dphys-swapfile"  # its service makes the file that it names, /var/swap by default
_BY_TAG = {"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel"}


def _device(host: Host, written: str) -> str:
    """What fstab names, as a path without links."""
    tag, _sign, value = written.partition("=")
    folder = _BY_TAG.get(tag)
    return host.realpath("/dev/disk/%s/%s" % (folder, value.strip('"')) if folder else written)


def _in_fstab(host: Host) -> List[str]:
    rows = [line.split() for line in (host.text("/etc/fstab") or "").splitlines()]
    named = [row[0] for row in rows if len(row) > 2 and row[2] == "swap" and not row[0].startswith("#")]
    return [_device(host, name) for name in named]


def _of_units(host: Host) -> List[str]:
    """What= of the swap units that files declare. One without a file was made for what is in use."""
    found: List[str] = []
    for folder in dict.fromkeys(map(host.realpath, DIRECTORIES)):
        for name in host.names(folder):
            if name.endswith(".swap"):
                text = host.text(posixpath.join(folder, name)) or ""
                lines = [line.strip() for line in text.splitlines()]
                found += [_device(host, line[5:].strip()) for line in lines if line.startswith("What=")]
    return found


def collect(host: Host, snapshot: "Snapshot") -> "List[SwapArea]":
    """A container shows the swap of its machine: what is not here is not this host's."""
    areas = [
        swap
        for swap in parse_swaps(host.text("/proc/swaps") or "")
        if not swap.path.startswith(_MANAGED) and host.type_of(swap.path) is not None
    ]
    if not areas:
        return []
    kept = _in_fstab(host) + _of_units(host)
    by_daemon = host.type_of(_DPHYS) is not None
    return [
        {
            "path": swap.path,
            "kind": swap.type,
            "size_kb": swap.size_kb,
            "kept": host.realpath(swap.path) in kept or (by_daemon and swap.type == "file"),
        }
        for swap in areas
    ]
