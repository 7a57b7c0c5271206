# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets the bundles of the tests: keys of age and of GPG, and how such a person opens one without us."""

import base64
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests.run import env


class Recipient(NamedTuple):
    """home: of the keyring of GPG. key: path of age's identity. age, gpg: the public names."""

    home: Path
    key: Path
    age: str
    gpg: str


def run(*argv: str | Path, home: Path, stdin: bytes = b"") -> bytes:
    environ = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}
    done = subprocess.run(
        [str(word) for word in argv], input=stdin, env=environ, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError("%s: %s" % (argv[0], done.stderr.decode("utf-8", "replace")))
    return done.stdout


@contextmanager
def somebody() -> Iterator[Recipient]:
    """Somebody new, with programs that are installed where they are missing."""
    for program, package in (("age-keygen", "age"), ("gpg", "gnupg")):
        if not shutil.which(program):
            env.apt(package)
    # The socket of GPG's agent needs a short path.
    with tempfile.TemporaryDirectory(prefix="webmedic-", dir="/tmp") as place:
        recipient = made(Path(place))
        try:
            yield recipient
        finally:
            run("gpgconf", "--kill", "all", home=recipient.home)


def made(place: Path) -> Recipient:
    home, key = place / "gpg", place / "age.key"
    home.mkdir(mode=0o700)
    run("age-keygen", "-o", key, home=home)
    public = run("age-keygen", "-y", key, home=home).decode().strip()
    words = ("--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Somebody <x@example.org>")
    run("gpg", *words, "rsa2048", "encrypt", home=home)
    listed = run("gpg", "--batch", "--with-colons", "--fingerprint", home=home).decode()
    found = re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.M)
    return Recipient(home, key, public, found.group(1) if found else "")


def opened(bundle: Path, recipient: Recipient) -> dict[str, bytes]:
    """The files in a bundle, by the commands that the guide names, and by Python's own reader."""
    if bundle.suffix == ".age":
        plain = run("age", "--decrypt", "-i", recipient.key, bundle, home=recipient.home)
    else:
        plain = run("gpg", "--batch", "--quiet", "--decrypt", bundle, home=recipient.home)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        entries = [(entry, archive.extractfile(entry)) for entry in archive.getmembers()]
        return {entry.name.partition("/")[2]: stream.read() for entry, stream in entries if stream}


def spellings(words: Iterable[str]) -> dict[str, str]:
    """Each word as itself, and as it would stand in other forms; its own spelling by each."""
    forms = {}
    for word in words:
        for form in (word, quote(word, safe=""), word[::-1], word.encode().hex(), word.upper(), word.lower()):
            forms[form] = word
        for before in ("", "u:", "xx"):
            # What base64 makes of it depends on where it begins. Its ends mix with what stands beside it.
            coded = base64.b64encode((before + word).encode()).decode().rstrip("=")
            forms[coded[4 if before else 0 : -2]] = word
    return forms
