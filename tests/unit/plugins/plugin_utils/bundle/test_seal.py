# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may read a bundle is said exactly, or nothing is written; and nobody else reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import seal
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle.archive import pack
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle.seal import Seal, Unsealed, chosen
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle.vault import Vault

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SSH = "ssh-ed25519 " + "A" * 68 + " ops@example"
GPG = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"
PLAIN = pack({"a": b"s3cret"})
VAULT = Vault([("default", VaultSecret(b"the user's own")), ("bundle", VaultSecret(b"of the bundle"))])


def no_vault(_content: bytes) -> bytes:
    raise AssertionError("vault was asked")


@pytest.fixture(name="installed")
def _installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def only(*programs: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/" + name if name in programs else None)

    return only


class TestChosen:
    def test_recipients_decide(self, installed: Callable[..., None]) -> None:
        installed("age", "gpg")
        assert chosen([AGE, SSH], "auto", False) == Seal("age", [AGE, SSH])
        assert chosen([GPG], "auto", False) == Seal("gpg", [GPG.replace(" ", "")])
        assert chosen([], "auto", True) == Seal("vault", [])

    def test_without_the_program_a_password_that_was_given_does(self, installed: Callable[..., None]) -> None:
        installed()
        how = chosen([AGE], "auto", True)
        assert (how.method, how.note) == (
            "vault",
            "age is not installed here, so the bundle is encrypted with ansible-vault.",
        )

    @pytest.mark.parametrize(
        ("recipients", "wanted", "vault", "words"),
        [
            (["ops@example.org"], "auto", True, "is no recipient"),
            (["89ABCDEF"], "auto", True, "is no recipient"),
            (["--output=/etc/x"], "auto", True, "is no recipient"),
            (["age1" + "x" * 30 + "\n-r"], "auto", True, "is no recipient"),
            (["AGE-SECRET-KEY-1" + "X" * 58], "auto", True, "is no recipient"),
            ([AGE, GPG], "auto", True, "of two kinds"),
            ([AGE], "gpg", True, "encryption is gpg, and the recipients are of age"),
            ([AGE], "vault", True, "encryption is vault"),
            ([], "age", True, "encryption is age"),
            ([], "auto", False, "nobody is named who may read"),
            ([AGE], "auto", False, "install the package age"),
            ([GPG], "gpg", True, "install the package gnupg"),
        ],
    )
    def test_what_cannot_be_says_why(
        self, installed: Callable[..., None], recipients: list[str], wanted: str, vault: bool, words: str
    ) -> None:
        installed()
        with pytest.raises(Unsealed, match=words):
            chosen(recipients, wanted, vault)

    def test_a_private_key_is_not_repeated_whole(self) -> None:
        with pytest.raises(Unsealed) as raised:
            chosen(["AGE-SECRET-KEY-1" + "X" * 58], "auto", True)
        assert "X" * 20 not in str(raised.value)


class TestVault:
    def test_it_takes_its_own_password_alone(self) -> None:
        sealed = seal.sealed(PLAIN, Seal("vault", []), VAULT.encrypt)
        assert sealed.startswith(b"$ANSIBLE_VAULT;1.2;AES256;bundle\n")
        assert Vault([("x", VaultSecret(b"of the bundle"))]).decrypt(sealed) == PLAIN
        with pytest.raises(Unsealed):
            Vault([("default", VaultSecret(b"the user's own"))]).decrypt(sealed)

    def test_the_users_own_password_is_none(self) -> None:
        assert not Vault([("default", VaultSecret(b"the user's own"))]).own

    def test_without_a_password_it_says_how_to_give_one(self) -> None:
        with pytest.raises(Unsealed, match="--vault-id bundle@prompt"):
            Vault([]).decrypt(b"$ANSIBLE_VAULT;1.1;AES256\n00")


class TestPrograms:
    """A program of the test's own stands for age."""

    def program(self, place: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        (place / "age").write_text("#!/bin/sh\n" + script)
        (place / "age").chmod(0o755)
        monkeypatch.setenv("PATH", "%s:%s" % (place, os.environ["PATH"]))

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("echo 'age: error: no such key' >&2; exit 1", "age failed: error: no such key"),
            ("exit 3", "age failed: no word"),
            ("cat", "something that is not encrypted"),
            ("cat >/dev/null", "something that is not encrypted"),
        ],
    )
    def test_one_that_fails_gives_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
    ) -> None:
        self.program(tmp_path, monkeypatch, script)
        with pytest.raises(Unsealed, match=words):
            seal.sealed(PLAIN, Seal("age", [AGE]), no_vault)

    def test_one_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seal, "SECONDS", 0.3)
        self.program(tmp_path, monkeypatch, "exec sleep 60")
        with pytest.raises(Unsealed, match="did not end"):
            seal.sealed(PLAIN, Seal("age", [AGE]), no_vault)

    def test_one_that_never_stops_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seal, "MOST_PACKED", 1024**2)
        self.program(tmp_path, monkeypatch, "exec cat /dev/zero")
        bundle = tmp_path / "x.age"
        bundle.write_bytes(b"age-encryption.org/v1\n")
        with pytest.raises(Unsealed, match="holds more than 1 MiB"):
            seal.opened(str(bundle), "key", no_vault)

    @pytest.mark.skipif(not shutil.which("age-keygen"), reason="age is not installed here")
    def test_the_real_one_gives_it_back(self, tmp_path: Path) -> None:
        key = tmp_path / "key"
        subprocess.run(["age-keygen", "-o", str(key)], check=True, capture_output=True)
        public = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True)
        sealed = seal.sealed(PLAIN, Seal("age", [public.stdout.strip()]), no_vault)
        assert b"s3cret" not in sealed
        bundle = tmp_path / "x.age"
        bundle.write_bytes(sealed)
        assert seal.opened(str(bundle), str(key), no_vault) == PLAIN


class TestOpened:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "neither encrypted"),
            (b"{}", "neither encrypted"),
            (b"PK\x03\x04", "neither encrypted"),
            (b"age-encryption.org/v1\n", "name the file of your key with explain_bundle_key"),
        ],
    )
    def test_what_is_no_bundle_says_so(self, tmp_path: Path, content: bytes, words: str) -> None:
        bundle = tmp_path / "x"
        bundle.write_bytes(content)
        with pytest.raises(Unsealed, match=words):
            seal.opened(str(bundle), None, no_vault)

    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x")
        with pytest.raises(Unsealed, match="not a regular file"):
            seal.opened(str(tmp_path / "x"), None, no_vault)

    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "x").open("wb") as stream:
            stream.truncate(seal.MOST_PACKED * 4 + 1)
        with pytest.raises(Unsealed, match="larger than"):
            seal.opened(str(tmp_path / "x"), None, no_vault)

    def test_the_plain_archive_is_taken(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(PLAIN)
        assert seal.opened(str(tmp_path / "x"), None, no_vault) == PLAIN

    @pytest.mark.parametrize(
        "beginning", [b"\x85\x02\x0c", b"\x84\x5e", b"\xc1\xc0", b"\x8c\x0d", b"\xc3\x0d"]
    )
    def test_each_form_of_openpgp_is_known(self, beginning: bytes) -> None:
        assert seal.method_of_file(beginning) == "gpg"

    def test_near_miss_what_is_signed_alone(self) -> None:
        assert seal.method_of_file(b"\xa3\x01") is None
