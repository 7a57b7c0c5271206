# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypts a bundle for those who may read it, and decrypts it for one of them.

What is not encrypted is never in a file: it goes to the program by a pipe, and comes from it by a pipe.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..answers.untrusted import clean
from .archive import MAGIC, MOST_PACKED

AGE, GPG, VAULT = "age", "gpg", "vault"
METHODS = (AGE, GPG, VAULT)
PACKAGES = {AGE: "age", GPG: "gnupg"}
VAULT_ID = "bundle"
SECONDS = 120
VAULT_HEADER = b"$ANSIBLE_VAULT;"
# How each begins.
_HEADERS = {
    AGE: (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"),
    GPG: (b"-----BEGIN PGP MESSAGE-----",),
    VAULT: (VAULT_HEADER,),
}
_AGE = re.compile(
    r"(?:age1[a-z0-9-]{20,4000}|ssh-(?:ed25519|rsa) [A-Za-z0-9+/]{40,4000}={0,3}(?: [^\r\n]*)?)\Z"
)
# A short id or a name could be another key, which anybody can make.
_FINGERPRINT = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}))!?\Z")

Vault = Callable[[bytes], bytes]


class Unsealed(ValueError):
    """It cannot be encrypted, or not be decrypted. The message is a sentence for the user."""


class Seal(NamedTuple):
    """How a bundle is encrypted. recipients: as the program takes them. note: what the user must know."""

    method: str
    recipients: list[str]
    note: str = ""

    @property
    def ending(self) -> str:
        return ".tar.gz." + self.method


def method_of(recipient: str) -> str | None:
    if _AGE.match(recipient):
        return AGE
    return GPG if _FINGERPRINT.match(recipient.replace(" ", "")) else None


def chosen(recipients: Sequence[str], wanted: str, has_vault: bool) -> Seal:
    """wanted: auto or one of METHODS. has_vault: whether a password for it was given. Raises Unsealed."""
    kinds = {recipient: method_of(recipient.strip()) for recipient in recipients}
    for recipient, kind in kinds.items():
        if kind is None:
            raise Unsealed(
                "%s is no recipient: write a key of age (age1...), an SSH key (ssh-ed25519 ...), or the "
                "whole fingerprint of a GPG key, as gpg --fingerprint NAME shows it" % clean(recipient[:12])
            )
    if len(set(kinds.values())) > 1:
        raise Unsealed("the recipients are of two kinds: make one bundle for age and one for GPG")
    method = next(iter(kinds.values()), VAULT) or VAULT
    if wanted not in ("auto", method) and not (wanted == VAULT and not recipients):
        raise Unsealed("encryption is %s, and the recipients are of %s" % (wanted, method))
    if method != VAULT and not shutil.which(method):
        if wanted == "auto" and has_vault:
            note = "%s is not installed here, so the bundle is encrypted with ansible-vault." % method
            return Seal(VAULT, [], note)
        raise Unsealed(
            "%s is not installed here: install the package %s, or leave the recipients out and give a "
            "password with --vault-id %s@prompt" % (method, PACKAGES[method], VAULT_ID)
        )
    if method == VAULT and not has_vault:
        raise Unsealed(
            "nobody is named who may read the bundle: name recipients, or give a password of its own with "
            "--vault-id %s@prompt" % VAULT_ID
        )
    if method == GPG:
        return Seal(GPG, [recipient.replace(" ", "").removeprefix("0x") for recipient in recipients])
    return Seal(method, [recipient.strip() for recipient in recipients])


def sealed(plain: bytes, seal: Seal, vault: Vault) -> bytes:
    """Raises Unsealed."""
    if seal.method == VAULT:
        return vault(plain)
    argv = {AGE: ["age", "--encrypt"], GPG: _gpg("--trust-model", "always", "--no-encrypt-to", "--encrypt")}
    words = [word for recipient in seal.recipients for word in ("-r", recipient)]
    made = _run([*argv[seal.method], *words], plain, 2 * len(plain) + 1024**2)
    if method_of_file(made[:64]) != seal.method:
        raise Unsealed("%s gave something that is not encrypted" % seal.method)
    return made


def method_of_file(beginning: bytes) -> str | None:
    """How a file is encrypted; "" for an archive that is not; None for what is no bundle."""
    for method, headers in _HEADERS.items():
        if beginning.startswith(headers):
            return method
    if beginning.startswith(MAGIC):
        return ""
    # OpenPGP, RFC 4880 4.2 and 5.1: a packet with a session key comes first.
    tag = beginning[0] if beginning else 0
    packet = tag & 0x3F if tag & 0x40 else (tag & 0x3C) >> 2
    return GPG if tag & 0x80 and packet in (1, 3) else None


def opened(path: str, key: str | None, vault: Vault) -> bytes:
    """What is in the file of a bundle, decrypted. key: path of age's identity. Raises Unsealed, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unsealed("it is not a regular file")
        if found.st_size > 4 * MOST_PACKED:
            raise Unsealed("it is larger than %d MiB" % (4 * MOST_PACKED // 1024**2))
        method = method_of_file(os.pread(descriptor, 64, 0))
        if method is None:
            raise Unsealed("it is neither encrypted with age, GPG or ansible-vault, nor a .tar.gz file")
        if method == AGE and not key:
            raise Unsealed("it is encrypted with age: name the file of your key with explain_bundle_key")
        if method in (VAULT, ""):
            with open(descriptor, "rb", closefd=False) as stream:
                content = stream.read(4 * MOST_PACKED)
            return vault(content) if method else content
        if not shutil.which(method):
            raise Unsealed("%s is not installed here: install the package %s" % (method, PACKAGES[method]))
        argv = ["age", "--decrypt", "-i", str(key)] if method == AGE else _gpg("--decrypt")
        return _run(argv, descriptor, MOST_PACKED)
    finally:
        os.close(descriptor)


def _gpg(*words: str) -> list[str]:
    """Who made a file must not have a server asked for a key."""
    local = ("--no-auto-key-locate", "--no-auto-key-retrieve")
    return ["gpg", "--batch", "--no-tty", "--quiet", *local, "--output", "-", *words]


def _run(argv: Sequence[str], content: bytes | int, most: int) -> bytes:
    """What the program prints, of at most so many bytes. content: its input, or an open file of it. Raises
    Unsealed.
    """
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            argv,
            stdin=content if isinstance(content, int) else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "LC_ALL": "C"},
        ) as program:
            try:
                printed = _printed(program, b"" if isinstance(content, int) else content, most)
            except subprocess.TimeoutExpired:
                raise Unsealed("%s did not end within %d seconds" % (argv[0], SECONDS)) from None
            finally:
                program.kill()
        errors.seek(0)
        lines = clean(errors.read(20_000).decode("utf-8", "replace")).strip().splitlines()
    if printed is None:
        raise Unsealed("it holds more than %d MiB" % (most // 1024**2))
    if program.returncode:
        why = next(
            (line for line in lines if "error" in line or "failed" in line), lines[0] if lines else "no word"
        )
        raise Unsealed("%s failed: %s" % (argv[0], why[:300].removeprefix(argv[0] + ": ")))
    return printed


def _printed(program: subprocess.Popen[bytes], content: bytes, most: int) -> bytes | None:
    """All that it prints; None where that is more than most bytes. Raises TimeoutExpired."""
    if content:
        return program.communicate(content, timeout=SECONDS)[0]
    pipe = program.stdout.fileno() if program.stdout else -1
    deadline, printed = time.monotonic() + SECONDS, bytearray()
    while True:
        if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise subprocess.TimeoutExpired(program.args, SECONDS)
        piece = os.read(pipe, 1024**2)
        if not piece:
            break
        printed += piece
        if len(printed) > most:
            return None
    program.wait(max(0.1, deadline - time.monotonic()))
    return bytes(printed)
