# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Prometheus, Alertmanager and node exporter, unpacked and not installed.

So no daemon of theirs ever starts by itself here.
"""

import shutil
from pathlib import Path

from tests.run import env

PACKAGES = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
HOME = env.WORK / "prometheus"


def program(name: str) -> Path:
    """prometheus, promtool, amtool, prometheus-alertmanager or prometheus-node-exporter. They need the C
    library and nothing else.
    """
    path = HOME / "usr" / "bin" / name
    if not path.exists():
        unpack()
    return path


def alertmanager() -> list[str]:
    """The beginning of its command line, for root. It reads templates below /usr/share, whatever it is told.
    So it sees what was unpacked there, and nobody else does.
    """
    mount = 'mount -t overlay overlay -o "lowerdir=$0/usr/share:/usr/share" /usr/share && exec "$@"'
    path = program("prometheus-alertmanager")
    return ["unshare", "--mount", "sh", "-c", mount, str(HOME), str(path)]


def unpack() -> None:
    draft = HOME.with_name("prometheus.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    draft.chmod(0o755)
    env.sh(["apt-get", "update", "-qq"])
    for package in PACKAGES:
        # apt's own account cannot write here, which it warns of.
        there = ["env", "--chdir=%s" % draft, "apt-get", "download", "-qq"]
        env.sh([*there, "-o", "APT::Sandbox::User=root", package])
    for archive in draft.glob("*.deb"):
        env.sh(["dpkg-deb", "--extract", str(archive), str(draft)])
        archive.unlink()
    shutil.rmtree(HOME, ignore_errors=True)
    draft.rename(HOME)
