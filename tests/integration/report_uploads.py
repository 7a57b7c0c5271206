# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of handing on a report: it arrives whole, or a person reads why it did not."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.gate_fails import failed
from tests.integration.prepared_hosts import Fleet, Played, finding, reply
from tests.integration.put_server import TOKEN, PutServer, put_server
from tests.run.checks import Check

SECRET = TOKEN.split()[1]
ALL = {"ANSIBLE_DISPLAY_OK_HOSTS": "true", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}
EVIL = Path("/tmp/webmedic-reports-evil")


def seen(what: str, fine: object, done: Played) -> Check:
    return Check("upload", what, None if fine else "rc %d: %s" % (done.rc, done.output[-2500:]))


def web(fleet: Fleet) -> None:
    """Two hosts, one of them ill, and a place for reports with the modules of the engine."""
    fleet.host("ill", reply("failing", finding()), "web")
    fleet.host("well", reply("healthy"), "web")
    fleet.names["archive"] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
    }


def audit(fleet: Fleet, to: Mapping[str, Any], *words: str, **more: Any) -> Played:
    options = {"diagnose_hosts": "web", "diagnose_report_upload": dict(to), **more}
    return fleet.run("audit", *words, options=options, **ALL)


def written(fleet: Fleet) -> dict[str, bytes]:
    """The files of the run, as they lie on the controller."""
    return contents(fleet.place / "report" / "latest")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def run_name(fleet: Fleet) -> str:
    return os.path.basename(os.path.realpath(fleet.place / "report" / "latest"))


def it_arrives(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    with put_server() as server:
        to = {"url": server.url + "/guarded/{run}/{file}?key=" + SECRET, "headers": {"Authorization": TOKEN}}
        done = audit(fleet, to, "-v")
        yield seen("in check mode it arrives at a server", done.rc == 0, done)
        got = {path.split("/")[-1].split("?")[0]: request for path, request in server.stored("/").items()}
        wanted = written(fleet)
        same = {name: request.body for name, request in got.items()} == wanted and "report.json" in wanted
        yield seen("each file is the one of the controller", same, done)
        last = server.requests[-1].path if server.requests else ""
        yield seen("report.json comes last", "/%s/report.json?" % run_name(fleet) in last, done)
        yield seen("no secret is shown, with -v neither", SECRET not in done.output, done)
        changed = " changed=0 " in done.output and " changed=1 " not in done.output
        yield seen("nothing counts as changed", changed, done)


def it_does_not(fleet: Fleet) -> Iterator[Check]:
    yield from each_refusal(fleet, SERVERS)


def nor_otherwise(fleet: Fleet) -> Iterator[Check]:
    yield from each_refusal(fleet, MORE_SERVERS)


def each_refusal(fleet: Fleet, servers: Mapping[str, str]) -> Iterator[Check]:
    """What each server does, and what a person reads of it."""
    web(fleet)
    EVIL.unlink(missing_ok=True)
    with put_server() as server:
        for part, words in servers.items():
            to: dict[str, Any] = {"url": server.url + "/%s/{run}/{file}" % part, "timeout": 2}
            to["headers"] = {} if part == "guarded" else {"Authorization": TOKEN}
            done = audit(fleet, to)
            named = "The report did not arrive: PUT %s/%s/" % (server.url, part)
            yield seen("%s: it fails and says so" % part, done.rc and named in done.one_line, done)
            yield seen("%s: it says why" % part, words in done.one_line, done)
            yield seen("%s: the table was there first" % part, "2 hosts: 1 failing" in done.output, done)
            yield seen("%s: it says where the report lies" % part, run_name(fleet) in done.one_line, done)
            yield seen("%s: no secret is shown" % part, SECRET not in done.output, done)
        yield Check("upload", "a redirect leads no token away", no_token_away(server))
        yield Check("upload", "what a server says is no template", "it ran" if EVIL.exists() else None)


# What each does, by the first part of its path, and what a person reads.
SERVERS = {
    "refuses": "403 Forbidden",
    "leads-away": "302 Found",
    "hangs": "timed out",
    "breaks": "closed connection without response",
}
MORE_SERVERS = {
    "guarded": "401 Unauthorized",
    "half": "/report.json: 403 Forbidden",
    "hostile": "500 No",
}


def no_token_away(server: PutServer) -> str | None:
    return "; ".join(server.stored("/elsewhere")) or None


def to_a_directory(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    target = fleet.place / "srv" / "webmedic"
    done = audit(fleet, {"host": "archive", "directory": str(target)})
    whole = contents(target / run_name(fleet)) == written(fleet)
    yield seen("in check mode it arrives in a directory", done.rc == 0 and whole, done)
    again = audit(fleet, {"host": "archive", "directory": str(target)})
    yield seen("the next run has a folder of its own", len(list(target.iterdir())) == 2, again)
    job = audit(fleet, {"host": "archive", "directory": str(target)}, awx_job_id=41)
    yield seen("a job's folder has its number", (target / (run_name(fleet) + "-job41")).is_dir(), job)


def not_to_what_is_audited(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    fleet.groups["web"].append("archive")
    target = fleet.place / "srv"
    done = audit(fleet, {"host": "archive", "directory": str(target)})
    yield seen("no trace on a host of the play in check mode", not target.exists(), done)
    words = "in check mode nothing is written on archive, a host of this play"
    yield seen("it says so and does not fail for it", words in done.one_line and done.rc == 0, done)


def no_room(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    for options, words in (("size=4k", "No space left on device"), ("ro", "Read-only file system")):
        with mounted(fleet.place / "small", options) as target:
            if "ro" not in options:
                (target / "old").write_bytes(bytes(4096))
            done = audit(fleet, {"host": "archive", "directory": str(target)})
        yield seen("%s: it fails and says so" % words, done.rc and words in done.one_line, done)
    file = fleet.place / "file"
    file.write_text("")
    done = audit(fleet, {"host": "archive", "directory": str(file)})
    yield seen("a file in its way: it fails and says so", done.rc and "did not arrive" in done.output, done)


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def nobody_there(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    fleet.host("gone", None)
    done = audit(fleet, {"host": "gone", "directory": "/srv"}, diagnose_fail_on=["failing"])
    words = "The report did not arrive: gone:/srv/%s" % run_name(fleet)
    yield seen("a host that is gone: it says so", words in done.one_line, done)
    yield seen("no host of the play counts as unreachable", " unreachable=1 " not in done.output, done)
    own = "failing: PHP-FPM is not running: stopped" in done.one_line
    yield seen("the ill host fails with its own cause all the same", done.rc == 2 and own, done)


def mistyped(fleet: Fleet) -> Iterator[Check]:
    web(fleet)
    for to, words in (
        ({"url": "http://127.0.0.1:9/report.json"}, "write {file} there"),
        ({"hots": "archive", "directory": "/srv"}, "hots"),
        ({"host": "archive"}, "one of the following is required: directory, url"),
        ({"host": "archive", "directory": "srv"}, "directory must begin with /"),
    ):
        done = audit(fleet, to)
        yield seen("%s: it fails and says what is wrong" % words, done.rc and words in done.one_line, done)
    done = audit(fleet, {"url": "http://127.0.0.1:9/report.json"}, diagnose_fail_on=["failing"])
    fine = done.rc == 2 and failed(done) == {"ill": 1, "well": 0} and "write {file} there" in done.one_line
    yield seen("the ill host fails, and no other", fine, done)


CASES = {
    "it arrives": it_arrives,
    "it does not arrive": it_does_not,
    "nor otherwise": nor_otherwise,
    "to a directory": to_a_directory,
    "not to what is audited": not_to_what_is_audited,
    "no room": no_room,
    "nobody there": nobody_there,
    "mistyped": mistyped,
}
