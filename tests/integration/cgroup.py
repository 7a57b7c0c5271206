# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory limit of a host's container, and how many processes were killed for it."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.lab.engine import LabError, engine


class Cgroup(NamedTuple):
    """The memory control group of a container. directory: on this machine."""

    version: int
    directory: Path

    def limit(self, size: int) -> None:
        """Set the limit, in bytes.

        In version 1 memory may never be more than memory and swap together: the order of the files matters.
        """
        names = (
            ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] if self.version == 1 else ["memory.max"]
        )
        present = [self.directory / name for name in names if (self.directory / name).exists()]
        for path in present[::-1] if size > int(present[0].read_text()) else present:
            try:
                path.write_text(str(size))
            except OSError as error:
                raise LabError(
                    "the memory limit of a container cannot be set here: %s: %s" % (path, error.strerror)
                ) from error

    def kills(self) -> int:
        """OOM kills. Version 1 counts each group by itself, version 2 together with all groups below it."""
        paths = (
            list(self.directory.rglob("memory.oom_control"))
            if self.version == 1
            else [self.directory / "memory.events"]
        )
        return sum(
            int(number)
            for path in paths
            for number in re.findall(r"^oom_kill (\d+)$", path.read_text(), re.M)
        )


def cgroup_of(container: str) -> Cgroup:
    """The group with the limit with which the lab started the container."""
    pid = engine("inspect", "--format", "{{.State.Pid}}", container).strip()
    rows = [line.split(":", 2) for line in Path("/proc/%s/cgroup" % pid).read_text().splitlines()]
    first = next((path for _number, names, path in rows if "memory" in names.split(",")), None)
    if first is not None:
        version, path = 1, first
        top, name = Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
    else:
        version, path = 2, next(path for number, _names, path in rows if number == "0")
        top, name = Path("/sys/fs/cgroup"), "memory.max"
    place = top / path.strip("/")
    for directory in (place, *place.parents):
        if directory == top:
            break
        text = (directory / name).read_text().strip() if (directory / name).exists() else ""
        if text.isdigit() and int(text) < 1 << 60:
            return Cgroup(version, directory)
    raise LabError(
        "no control group of version 1 or 2 with a memory limit was found for pid %s of %s" % (pid, container)
    )
