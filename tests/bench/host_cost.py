# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis costs a host: the CPU of a run, the source that is sent, and the CPU of each part."""

import base64
import io
import json
import os
import re
import shutil
import statistics
import zipfile
from pathlib import Path

from tests.bench.engine_runs import EMPTY, FLEET, HERE, MODULE, PLACE, ROUNDS, floor_playbook, playbook
from tests.bench.measure import table
from tests.lab.engine import execute
from tests.run import env, hosts

# A revision to measure beside today's.
BEFORE = os.environ.get("BENCH_BEFORE", "")
# An interpreter for a host. It writes down its CPU time: the second line of dash's `times` is that of the
# children it waited for.
TIMED = """#!/bin/sh
/usr/bin/python3 "$@"
rc=$?
times >/var/tmp/bench-times.$$
tail -1 /var/tmp/bench-times.$$ >>/var/tmp/bench-times
rm -f /var/tmp/bench-times.$$
exit $rc
"""


def times_of_hosts() -> list[float]:
    """CPU seconds of each interpreter run since the last call, over all hosts."""
    output = hosts.lab(
        "exec", FLEET, "-c", "cat /var/tmp/bench-times 2>/dev/null; rm -f /var/tmp/bench-times"
    )
    rows = re.findall(r"^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$", output, re.M)
    return [
        60 * int(minutes) + float(user) + 60 * int(more) + float(system)
        for minutes, user, more, system in rows
    ]


def timed_interpreter() -> None:
    """Put TIMED on all hosts, and forget the times so far."""
    hosts.lab(
        "exec",
        FLEET,
        "-c",
        "cat >/usr/local/bin/timed-python <<'X'\n%sX\nchmod 755 /usr/local/bin/timed-python" % TIMED,
    )
    times_of_hosts()


def revision(where: str) -> str:
    """A collections path like `where`, but with our collection as it was at BEFORE."""
    home = PLACE / "before" / env.COLLECTION
    shutil.rmtree(home, ignore_errors=True)  # of another revision
    home.mkdir(parents=True, exist_ok=True)
    archive = PLACE / "before.tar"
    env.sh(["git", "-C", env.CHECKOUT, "archive", "--output", archive, BEFORE])
    env.sh(["tar", "-xf", archive, "-C", home])
    return ":".join([str(PLACE / "before"), *where.split(":")[1:]])


def measured(where: str, inventory: Path) -> None:
    """Print the tables. where: the collections path, ours first."""
    places = {"an empty module": (EMPTY, where), "diagnosis_info": (MODULE, where)}
    if BEFORE:
        places["diagnosis_info of " + BEFORE] = (MODULE, revision(where))
    timed_interpreter()
    used: dict[str, list[float]] = {name: [] for name in places}
    for _round in range(ROUNDS):
        for name, (module, path) in places.items():
            playbook(
                path,
                inventory,
                str(floor_playbook(module)),
                "-e",
                "ansible_python_interpreter=/usr/local/bin/timed-python",
            )
            used[name] += times_of_hosts()
    floor = statistics.median(used["an empty module"])
    rows = []
    for name, (module, path) in places.items():
        sent = sources(payload(path, module))
        ours = [size for file, size in sent.items() if file.startswith("ansible_collections/")]
        rows.append(
            [
                name,
                "%.2f s" % statistics.median(used[name]),
                "%.2f s" % max(used[name]),
                "%.2f" % (statistics.median(used[name]) / floor),
                "{:,}".format(sum(sent.values())),
                "%d files, {:,}".format(sum(ours)) % len(ours),
            ]
        )
    table(
        "Host CPU of one run",
        ["module", "median", "most", "times the floor", "bytes of source it is sent", "of these ours"],
        rows,
    )
    parts(payload(where, MODULE))


def parts(archive: bytes) -> None:
    """CPU of each part of a diagnosis, on the first host of the fleet."""
    name = min(hosts.fingerprint(FLEET))
    encoded = base64.encodebytes(archive).decode()
    program = (HERE / "on_host" / "parts.py").read_text(encoding="utf-8")
    script = (
        "set -e; cd /var/tmp; base64 -d >bench.zip <<'DATA'\n%sDATA\ncat >bench-parts.py <<'CODE'\n%sCODE\n"
        "for _ in $(seq %d); do python3 bench-parts.py bench.zip; done\n"
        "rm bench.zip bench-parts.py bench-stages\n"
    ) % (encoded, program, ROUNDS)
    runs = [json.loads(line) for line in execute("webmedic-%s-%s" % (FLEET, name), script).splitlines()]
    table(
        "Parts of a diagnosis on %s" % name,
        ["part", "CPU"],
        [[part, "%.0f ms" % (1000 * statistics.median(run[part] for run in runs))] for part in runs[0]],
    )


def payload(where: str, module: str) -> bytes:
    """The zip of source that the engine sends for a module. A false interpreter keeps what it is given."""
    keep = PLACE / "payload"
    script = PLACE / "keeping-python"
    script.write_text("#!/bin/sh\ncat >%s\necho '{}'\n" % keep)
    script.chmod(0o755)
    inventory = PLACE / "one.ini"
    inventory.write_text("one ansible_connection=local ansible_python_interpreter=%s\n" % script)
    # The interpreter's reply is no diagnosis, so the playbook may fail.
    playbook(where, inventory, str(floor_playbook(module)), accepted=(0, 2))
    encoded = max(re.findall(r"[A-Za-z0-9+/=]{1000,}", keep.read_text()), key=len)
    return base64.b64decode(encoded)


def sources(archive: bytes) -> dict[str, int]:
    """Path -> bytes of each file of a zip of source."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return {
            entry.filename: entry.file_size for entry in files.infolist() if entry.filename.endswith(".py")
        }
