# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords that the engine was started with, for bundles."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, match_secrets

from .seal import VAULT_ID, Unsealed


def secrets_of(loader: Any) -> list[Any]:
    """(id, secret) of each password. loader: the engine's."""
    return list(getattr(getattr(loader, "_vault", None), "secrets", None) or [])


class Vault:
    """Encrypts with the password whose id is VAULT_ID alone: the others open the user's own files. Decrypts
    with any.
    """

    def __init__(self, secrets: list[Any]) -> None:
        self.secrets = secrets
        self.own = match_secrets(secrets, [VAULT_ID])

    def encrypt(self, plain: bytes) -> bytes:
        sealed: bytes = VaultLib(self.own).encrypt(plain, self.own[0][1], vault_id=VAULT_ID)
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        if not self.secrets:
            raise Unsealed(
                "it is encrypted with ansible-vault: give its password with --vault-id %s@prompt" % VAULT_ID
            )
        try:
            plain: bytes = VaultLib(self.secrets).decrypt(sealed)
        except (AnsibleError, ValueError) as error:
            raise Unsealed("ansible-vault: %s" % str(error).splitlines()[0][:200]) from None
        return plain
