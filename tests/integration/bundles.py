# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How bundles are encrypted, handed on, opened and refused: ``python3 -m tests.integration.bundles``.

Real runs of ansible-playbook with the installed collection, age, GPG and ansible-vault. The hosts answer what
a case has prepared. Cases may be named; --all tries more variations of each.
"""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration import recipients
from tests.integration.hostile_hosts import evil_everywhere
from tests.integration.prepared_hosts import Fleet, Played, finding, reply
from tests.integration.put_server import TOKEN, put_server
from tests.integration.recipients import Recipient
from tests.run import env
from tests.run.checks import Check, print_checks

Case = Callable[[Fleet, Recipient], Iterable[Check]]
SHOWN = {"ANSIBLE_DISPLAY_OK_HOSTS": "true"}
# A word of the hosts' answers: where it is on a disk, something was not encrypted.
WORD = "unmistakable-word-of-a-host"
CONFIGURATION = [
    {"program": "nginx", "path": "/etc/nginx/nginx.conf", "text": "    1  user %s;\n" % WORD, "hidden": 0},
    {
        "program": "php-fpm",
        "path": "/../../etc/cron.d/evil",
        "text": "{{ lookup('pipe', 'id') }}",
        "hidden": 0,
    },
]
PASSWORD = "Pw-of-the-bundle"


def handed(status: str = "failing") -> dict[str, Any]:
    more = {"configuration": CONFIGURATION, "versions": {"nginx": ["1.22.1"]}, "left_out": []}
    return {**reply(status, *([finding()] if status == "failing" else [])), **more}


def web(fleet: Fleet) -> None:
    for name, answer in (("ill", handed()), ("well", handed("healthy")), ("evil", evil_everywhere(handed()))):
        fleet.host(name, answer, "web")
        fleet.answers(name, bundle_info=answer)
    fleet.host("gone", None, "web")


def bundle(fleet: Fleet, *words: str, environ: Mapping[str, str] | None = None, **options: Any) -> Played:
    variables = {"bundle_directory": str(fleet.place / "bundles"), "bundle_become": False, **options}
    return fleet.run("bundle", *words, options=variables, **SHOWN, **(environ or {}))


def explain(
    fleet: Fleet, path: Path, *words: str, environ: Mapping[str, str] | None = None, **more: Any
) -> Played:
    return fleet.run(
        "explain", *words, options={"explain_bundle": str(path), **more}, **SHOWN, **(environ or {})
    )


def seen(what: str, fine: object, done: Played) -> Check:
    return Check("bundle", what, None if fine else "rc %d: %s" % (done.rc, done.output[-2500:]))


def files(fleet: Fleet) -> list[Path]:
    return sorted((fleet.place / "bundles").glob("*"))


def plain_on_disk(fleet: Fleet) -> str | None:
    """Files with what is only to be read encrypted, where a run may write: its directory, and temporary ones.
    What was prepared and what was opened is none.
    """
    prepared = {fleet.place / name for name in fleet.names} | set(fleet.place.glob("opened-*"))
    found = [
        str(path)
        for place in (fleet.place, fleet.place / "tmp", env.WORK / "ansible" / "tmp")
        for path in place.rglob("*")
        if path.is_file() and not prepared & set(path.parents) and WORD.encode() in path.read_bytes()
    ]
    return "; ".join(found) or None


def by_each_method(fleet: Fleet, somebody: Recipient) -> Iterator[Check]:
    web(fleet)
    password = fleet.place / "password"
    password.write_text(PASSWORD)
    vault = ("--vault-id", "bundle@%s" % password)
    keyring = {"GNUPGHOME": str(somebody.home)}
    methods: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
        "age": ((), {"bundle_recipients": [somebody.age]}, {"explain_bundle_key": str(somebody.key)}),
        "gpg": ((), {"bundle_recipients": [somebody.gpg]}, {}),
        "vault": (vault, {}, {}),
    }
    for method, (words, options, key) in methods.items():
        done = bundle(fleet, *words, environ=keyring, **options)
        made = next((path for path in files(fleet) if path.suffix == "." + method), None)
        yield seen("%s: it is made" % method, done.rc == 0 and made, done)
        if made is None:
            continue
        modes = [path.stat().st_mode & 0o777 for path in (made, made.parent)]
        yield seen("%s: only its owner can read it" % method, modes == [0o600, 0o700], done)
        yield Check("bundle", "%s: nothing is on the disk in plain" % method, plain_on_disk(fleet))
        place = fleet.place / ("opened-" + method)
        again = explain(fleet, made, *words, environ=keyring, explain_to=str(place), **key)
        alike = "4 hosts: 1 failing" in again.output or "4 hosts: 2 failing" in again.output
        yield seen("%s: it is opened, and the verdict is the same" % method, again.rc == 0 and alike, again)
        shown = place / "hosts" / "ill" / "configuration" / "etc" / "nginx" / "nginx.conf.txt"
        there = shown.exists() and WORD in shown.read_text()
        yield seen("%s: all of it is in the directory" % method, there, again)
        open_to_all = [str(path) for path in place.rglob("*") if place.stat().st_mode & 0o077]
        yield Check("bundle", "%s: and for its owner alone" % method, "; ".join(open_to_all) or None)
        leads_out = [str(path) for path in place.rglob("*") if path.is_symlink() or ".." in path.parts]
        yield Check("bundle", "%s: no name of a host leads elsewhere" % method, "; ".join(leads_out) or None)
        if fleet.everything or method == "age":
            refused = explain(fleet, made, *words, environ=keyring, explain_to=str(place), **key)
            yield seen("%s: a directory that is there is not written to" % method, refused.rc, refused)
    own = [recipients.opened(path, somebody) for path in files(fleet) if path.suffix in (".age", ".gpg")]
    same = len(own) == 2 and own[0].keys() == own[1].keys() and "manifest.json" in own[0]
    yield Check("bundle", "age and gpg alone open it, too", None if same else str(list(map(list, own)))[:500])


def nobody_to_read(fleet: Fleet, somebody: Recipient) -> Iterator[Check]:
    """No host is asked where no bundle could be made."""
    web(fleet)
    password = fleet.place / "password"
    password.write_text(PASSWORD)
    past = datetime.now(UTC) - timedelta(hours=2)
    expired = "https://s3.example/b/x?X-Amz-Date=%s&X-Amz-Expires=60&X-Amz-Signature=s3cretsig" % (
        past.strftime("%Y%m%dT%H%M%SZ")
    )
    cases: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "nobody is named who may read the bundle": ((), {}),
        "give a password of its own with --vault-id": (("--vault-id", "default@%s" % password), {}),
        "is no recipient": ((), {"bundle_recipients": ["ops@example.org"]}),
        "of two kinds": ((), {"bundle_recipients": [somebody.age, somebody.gpg]}),
        "url was valid until": ((), {"bundle_recipients": [somebody.age], "bundle_upload": {"url": expired}}),
    }
    for words, (arguments, options) in cases.items() if fleet.everything else list(cases.items())[::2]:
        done = bundle(fleet, *arguments, **options)
        yield seen("%s: it fails and says so" % words, done.rc == 2 and words in done.one_line, done)
        yield seen("%s: no host was asked" % words, not fleet.calls("ill") and not files(fleet), done)
        yield seen("%s: no secret is shown" % words, "s3cretsig" not in done.output, done)


def broken_programs(fleet: Fleet, somebody: Recipient) -> Iterator[Check]:
    """Where the encryption fails, hangs or is cut off, nothing stays behind."""
    web(fleet)
    programs = fleet.place / "programs"
    programs.mkdir()
    program = programs / "age"
    path = {"PATH": "%s:%s" % (programs, env.environ(fleet.home)["PATH"]), "TMPDIR": str(fleet.place / "tmp")}
    (fleet.place / "tmp").mkdir()
    scripts = {
        "echo 'age: error: out of luck' >&2; exit 1": "age failed: error: out of luck",
        "cat": "not encrypted",
    }
    for script, words in scripts.items():
        program.write_text("#!/bin/sh\n%s\n" % script)
        program.chmod(0o755)
        done = bundle(fleet, environ=path, bundle_recipients=[somebody.age])
        yield seen("%s: it fails and says so" % words, done.rc == 2 and words in done.one_line, done)
        yield Check("bundle", "%s: no file is left" % words, str(files(fleet)) if files(fleet) else None)
        yield Check("bundle", "%s: nothing is on the disk in plain" % words, plain_on_disk(fleet))
    program.write_text("#!/bin/sh\ntouch %s/begun\nexec sleep 300\n" % fleet.place)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) if fleet.everything else (signal.SIGTERM,):
        yield from interrupted(fleet, somebody, path, number)


def interrupted(
    fleet: Fleet, somebody: Recipient, path: Mapping[str, str], number: signal.Signals
) -> Iterator[Check]:
    begun = fleet.place / "begun"
    begun.unlink(missing_ok=True)
    variables = {
        "bundle_directory": str(fleet.place / "bundles"),
        "bundle_become": False,
        "bundle_recipients": [somebody.age],
    }
    argv = [
        str(fleet.home / "bin" / "ansible-playbook"),
        "-i",
        str(fleet.inventory()),
        "webmedic.php_fpm.bundle",
    ]
    with subprocess.Popen(
        [*argv, "-e", json.dumps(variables)],
        env=env.environ(fleet.home, fleet.collections, **path),
        cwd=fleet.place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        for _wait in range(300):
            if begun.exists() or run.poll() is not None:
                break
            time.sleep(0.1)
        os.killpg(run.pid, number)
    what = signal.Signals(number).name
    yield Check("bundle", "%s: the encryption had begun" % what, None if begun.exists() else "it had not")
    yield Check("bundle", "%s: no file is left" % what, str(files(fleet)) if files(fleet) else None)
    yield Check("bundle", "%s: nothing is on the disk in plain" % what, plain_on_disk(fleet))


def uploaded(fleet: Fleet, somebody: Recipient) -> Iterator[Check]:
    web(fleet)
    with put_server() as server:
        later = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        sign = "?X-Amz-Date=%s&X-Amz-Expires=600&X-Amz-Signature=s3cretsig" % later
        to: dict[str, Any] = {"url": server.url + "/open/one-object" + sign}
        # In a file: with -vvvv the engine shows what stands on its command line.
        file = fleet.place / "upload.json"
        file.write_text(json.dumps({"bundle_upload": to}))
        done = bundle(fleet, "-vvvv", "-e", "@%s" % file, bundle_recipients=[somebody.age])
        sent = [request for request in server.requests if request.path == "/open/one-object" + sign]
        same = len(sent) == 1 and sent[0].body == files(fleet)[0].read_bytes()
        yield seen("a presigned URL gets the one file", done.rc == 0 and same, done)
        yield seen("no secret is shown, with -vvvv neither", "s3cretsig" not in done.output, done)
        refusals = {"refuses": "403 Forbidden", "breaks": "closed connection", "hangs": "timed out"}
        for part, words in refusals.items() if fleet.everything else list(refusals.items())[:1]:
            to = {
                "url": "%s/%s/{file}%s" % (server.url, part, sign),
                "timeout": 2,
                "headers": {"Authorization": TOKEN},
            }
            done = bundle(fleet, bundle_recipients=[somebody.age], bundle_upload=to)
            named = "The file did not arrive: PUT %s/%s/" % (server.url, part) in done.one_line
            yield seen("%s: it fails and says why" % part, done.rc and named and words in done.one_line, done)
            lies = re.search(r"It lies in (\S+)\.(?:\W|$)", done.one_line)
            there = lies and Path(lies.group(1)).is_file()
            yield seen("%s: it says where the bundle lies" % part, there, done)
            yield seen("%s: no secret is shown" % part, "s3cretsig" not in done.output, done)


def archive(*entries: tuple[str, dict[str, Any], bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as made:
        for name, attributes, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for field, value in attributes.items():
                setattr(entry, field, value)
            made.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), 1)


def hostile(fleet: Fleet, _somebody: Recipient) -> Iterator[Check]:
    """The archives that an enemy would send."""
    top = "webmedic-bundle/"
    link = {"type": tarfile.SYMTYPE, "linkname": str(fleet.place)}
    contents: dict[str, bytes] = {
        "leads out": archive((top + "../../out", {}, b"x")),
        "absolute": archive((str(fleet.place / "out"), {}, b"x")),
        "a link": archive((top + "a", link, b""), (top + "a/out", {}, b"x")),
        "a hard link": archive((top + "a", {**link, "type": tarfile.LNKTYPE}, b"")),
        "a device": archive((top + "a", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}, b"")),
        "a FIFO": archive((top + "a", {"type": tarfile.FIFOTYPE}, b"")),
        "a bomb": gzip.compress(bytes(300 * 1024**2), 1),
        "a long name": archive((top + "a" * 300, {}, b"x")),
        "no report": archive((top + "manifest.json", {}, b"{}")),
        "cut": archive((top + "a", {}, b"x"))[:60],
        "no bundle": b"{}",
        "empty": b"",
    }
    place = fleet.place / "opened"
    few = ("leads out", "a link", "a bomb")
    for what, content in contents.items():
        if not fleet.everything and what not in few:
            continue
        path = fleet.place / "evil.tar.gz"
        path.write_bytes(content)
        done = explain(fleet, path, explain_to=str(place))
        refused = "This bundle cannot be opened: " in done.one_line and "Traceback" not in done.output
        yield seen("%s: it is refused in one sentence" % what, done.rc == 2 and refused, done)
        left = place.exists() or (fleet.place / "out").exists()
        yield seen("%s: nothing is written" % what, not left, done)


CASES: Mapping[str, Case] = {
    "by each method": by_each_method,
    "nobody to read": nobody_to_read,
    "broken programs": broken_programs,
    "uploaded": uploaded,
    "hostile": hostile,
}


def prove(words: list[str]) -> Iterator[Check]:
    home, collections = Path(sys.prefix), env.tree("tree-bundles")
    named, everything = [word for word in words if word != "--all"], "--all" in words
    chosen = {name: case for name, case in CASES.items() if name in named or not named}
    with recipients.somebody() as somebody, ThreadPoolExecutor(2) as pool:

        def run(item: tuple[str, Case]) -> list[Check]:
            name, case = item
            fleet = Fleet("bundles-" + re.sub(r"\W+", "-", name), home, collections, everything)
            return list(case(fleet, somebody))

        for checks in pool.map(run, chosen.items()):
            yield from checks


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
