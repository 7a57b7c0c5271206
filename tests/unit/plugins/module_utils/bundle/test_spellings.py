# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One secret in each spelling in which people and programs write it, and what only looks like one.

The lists are spellings.json: a kind, and lines of it. None is a secret of anybody's. In them <word> stands
for one that no rule knows by its looks. <basic> is an account with it in base64, <hex> each of its characters
with a percent sign.
"""

import base64
import json
import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import redact

SECRET = "vaiN4oogh"
FORMS = {
    "<basic>": base64.b64encode(b"bob:" + SECRET.encode()).decode(),
    "<hex>": "".join("%%%02x" % ord(letter) for letter in SECRET),
    "<word>": SECRET,
}
with open(os.path.join(os.path.dirname(__file__), "spellings.json"), encoding="utf-8") as stream:
    LISTS = json.load(stream)


def written(line: str) -> str:
    for name, form in FORMS.items():
        line = line.replace(name, form)
    return line


def handed_on(line: str) -> str:
    """As a bundle has a line of a log."""
    return strict(redact(line, 4096))


class TestSecrets:
    @pytest.mark.parametrize("kind", sorted(LISTS["secrets"]))
    def test_none_of_a_kind_is_handed_on(self, kind: str) -> None:
        lines = [written(line) for line in LISTS["secrets"][kind]]
        passed = [line for line in lines if any(form in handed_on(line) for form in FORMS.values())]
        assert passed == []

    @pytest.mark.parametrize("kind", sorted(LISTS["shapes"]))
    def test_a_key_is_known_by_its_shape(self, kind: str) -> None:
        """The part between brackets is secret by itself, in whatever sentence it stands."""
        passed = []
        for line in LISTS["shapes"][kind]:
            before, _open, rest = line.partition("<<")
            secret, _close, behind = rest.partition(">>")
            if secret in handed_on(before + secret + behind):
                passed.append(line)
        assert passed == []

    def test_there_are_enough_of_them(self) -> None:
        assert sum(map(len, LISTS["secrets"].values())) + sum(map(len, LISTS["shapes"].values())) > 300


class TestDecoys:
    @pytest.mark.parametrize("line", LISTS["decoys"])
    def test_what_a_diagnosis_needs_stays(self, line: str) -> None:
        assert handed_on(line) == line
