# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret goes behind the word that names it, in the languages of those who write applications."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.worded import without_worded

IN_WORDS = (
    "Das Passwort lautet %s",
    "Passwort falsch: %s",
    "Kennwort: %s",
    "Kennwort ist %s",
    "Zugangsdaten: bob / %s",
    "Schl\u00fcssel: %s",
    "geheim=%s",
    "mot de passe : %s",
    "Mot de passe incorrect: %s",
    "motdepasse=%s",
    "mdp: %s",
    "clave: %s",
    "la clave es %s",
    "contrase\u00f1a: %s",
    "contrasen\u0303a: %s",
    "contrasena=%s",
    "chiave: %s",
    "parola d'ordine: %s",
    "senha: %s",
    "wachtwoord %s",
    "has\u0142o: %s",
    "haslo=%s",
    "\u043f\u0430\u0440\u043e\u043b\u044c: %s",
    "\u041f\u0430\u0440\u043e\u043b\u044c %s \u043d\u0435\u0432\u0435\u0440\u0435\u043d",
    "\u0442\u043e\u043a\u0435\u043d: %s",
    "\u60a8\u7684\u5bc6\u7801\uff1a%s",
    "\u30d1\u30b9\u30ef\u30fc\u30c9: %s",
    "\ube44\ubc00\ubc88\ud638: %s",
    "\u015fifre: %s",
    "heslo: %s",
    "l\u00f6senord: %s",
    "passord: %s",
    "adgangskode: %s",
    "salasana: %s",
    "jelsz\u00f3: %s",
    "parol\u0103: %s",
    "\u03ba\u03c9\u03b4\u03b9\u03ba\u03cc\u03c2: %s",
    "\u0643\u0644\u0645\u0629 \u0627\u0644\u0645\u0631\u0648\u0631: %s",
    "\u05e1\u05d9\u05e1\u05de\u05d4: %s",
    "the DB PASSWORD is %s",
    "Invalid password for bob: %s",
    'password rejected "%s"',
    'Access denied (using password: YES, "pw" => "%s")',
    "p@ssw0rd=%s",
    "pswd=%s",
    "creds: %s",
    's:8:"password";s:8:"%s";',
    '["password"]=> string(8) "%s"',
    "password\n password is %s",
    '"user" "bob" "password" "%s"',
    '<input name="password" value="%s">',
    "password for bob is %s",
    "credentials (bob, %s) rejected",
    "encryption key: %s",
    "licence key = %s",
)


class TestTold:
    @pytest.mark.parametrize("secret", ["s3cret", "Sommerzeit", "correct-horse"])
    @pytest.mark.parametrize("text", [text for text in IN_WORDS if "rejected" not in text])
    def test_it_goes(self, text: str, secret: str) -> None:
        left = without_worded(text % secret)
        assert secret not in left, left

    @pytest.mark.parametrize(
        "text",
        ["Your code is 471147", "verification code 471147", "OTP code: 471147", "cvv=471", "SSN 471-14-7114"],
    )
    def test_codes_of_digits_go(self, text: str) -> None:
        assert "471" not in without_worded(text)

    def test_all_odd_words_behind_a_name_go(self) -> None:
        left = without_worded("password rejected for user bob, tried s3cret1 then s3cret2")
        assert "s3cret" not in left

    @pytest.mark.parametrize(
        "text",
        [
            'password authentication failed for user "shop"',
            "Access denied for user 'shop'@'localhost' (using password: YES)",
            'PHP message: bad token" while reading upstream, client: 192.0.2.1, server: a.example',
            "exit code 255, status code: 502",
            "la clave duplicada",
            'syntax error, unexpected token ";" in /srv/a.php on line 3',
            "tokenizer /srv/parola/index.php",
            "bypass secretary",
        ],
    )
    def test_what_decides_stays(self, text: str) -> None:
        left = without_worded(text)
        for word in (
            "shop",
            "192.0.2.1",
            "a.example",
            "255",
            "502",
            "duplicada",
            "line 3",
            "/srv/parola",
            "secretary",
        ):
            assert (word in left) == (word in text), left
