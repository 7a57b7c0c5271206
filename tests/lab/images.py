# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host images from Debian's packages alone: mmdebstrap makes the root, a small recipe makes it a lab host.

Two layers, each named by a hash of what went into it. The base is release, packages and month: a stale one is
never used. The host is the base, the recipe and the suite's variables. WEBMEDIC_IMAGE names an own base
instead, `{suite}` stands for the suite.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.lab.data import HOME, Suite, load_suites, packages
from tests.lab.engine import ENGINE, WORK, LabError, alone, engine, image_exists, run

OWN_BASE = os.environ.get("WEBMEDIC_IMAGE", "")
LEAN = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
)


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def base_tag(suite: Suite) -> str:
    """The image of plain Debian packages under a suite."""
    if OWN_BASE:
        return OWN_BASE.replace("{suite}", suite.name)
    month = datetime.date.today().strftime("%Y-%m")
    return f"localhost/webmedic-base:{suite.release}-{_key(suite.release, month, *packages(), *LEAN)}"


def host_tag(suite: Suite) -> str:
    """The image that hosts of a suite are started from."""
    recipe = [path.read_text() for path in sorted((HOME / "image").rglob("*")) if path.is_file()]
    return f"localhost/webmedic-lab:{suite.name}-{_key(base_tag(suite), suite.exports(), *recipe)}"


def _bootstrap(suite: Suite) -> None:
    tar = WORK / f"{suite.release}.tar"
    lean = [f"--dpkgopt=path-exclude={path}" for path in LEAN]
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--aptopt=Acquire::Languages none",
            *lean,
            f"--include={','.join(packages())}",
            suite.release,
            str(tar),
        ],
        timeout=900,
    )
    engine("import", str(tar), base_tag(suite))
    tar.unlink()


def _layer(suite: Suite) -> None:
    # The chroot isolation needs nothing of the machine that building as root has not anyway.
    isolation = ["--isolation=chroot"] if ENGINE == "podman" else []
    engine(
        "build",
        "--quiet",
        *isolation,
        "--tag",
        host_tag(suite),
        "--build-arg",
        f"BASE={base_tag(suite)}",
        "--build-arg",
        f"SETTINGS={suite.exports()}",
        "--file",
        str(HOME / "image" / "Containerfile"),
        str(HOME / "image"),
    )


def _forget(fresh: set[str]) -> None:
    """Remove the images that these have replaced: same name up to the hash. One that a host uses stays."""
    stems = tuple(tag.rpartition("-")[0] + "-" for tag in fresh if tag.startswith("localhost/webmedic-"))
    tags = engine("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    for tag in tags:
        if tag.startswith(stems) and tag not in fresh:
            with contextlib.suppress(LabError):
                engine("rmi", tag)


def ensure(names: list[str]) -> dict[str, str]:
    """Build what is missing of the suites' images, two bases at a time; return the image of each suite."""
    suites = [suite for name, suite in load_suites().items() if name in names]
    with alone("images"):
        _build([suite for suite in suites if not image_exists(host_tag(suite))])
    return {suite.name: host_tag(suite) for suite in suites}


def _build(missing: list[Suite]) -> None:
    if missing:
        started = time.monotonic()
        bases = {base_tag(suite): suite for suite in missing if not image_exists(base_tag(suite))}
        source = " from Debian's packages, a few minutes" if bases else ""
        print(f"images: building {', '.join(suite.name for suite in missing)}{source}", file=sys.stderr)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(_bootstrap, bases.values()))
            list(pool.map(_layer, missing))
        _forget({tag for suite in missing for tag in (base_tag(suite), host_tag(suite))})
        print(f"images: ready after {time.monotonic() - started:.0f} s", file=sys.stderr)
