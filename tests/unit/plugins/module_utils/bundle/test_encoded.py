# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret goes in each encoding that programs wrap a line in."""

import base64
from urllib.parse import quote

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict


class TestEncoded:
    @pytest.mark.parametrize(
        "text",
        [
            "password%3Ds3cret",
            "data=" + quote('{"password":"s3cret"}'),
            "data=" + quote(quote('{"password":"s3cret"}')),
            r"\x22password\x22:\x22s3cret\x22",
            r"\\x22password\\x22:\\x22s3cret\\x22",
            r"{\u0022password\u0022:\u0022s3cret\u0022}",
            "&quot;password&quot;:&quot;s3cret&quot;",
            "<b>pin&#61;s3cret</b>",
            "next=https%3A%2F%2Fbob%3As3cret%40host%2F",
            "x%3Dsk_live_s3cretabcd",
        ],
    )
    def test_a_name_and_its_value_go(self, text: str) -> None:
        assert "s3cret" not in strict(text)

    @pytest.mark.parametrize("text", ["bob:s3cret-dog", "password=s3cret", "user=bob&pass=s3c"])
    def test_a_text_in_base64_goes(self, text: str) -> None:
        word = base64.b64encode(text.encode()).decode()
        for form in (word, word.rstrip("="), "value %s rejected" % word, '"%s"' % word):
            assert word[:12] not in strict(form + " ")

    def test_padding_tells_short_ones(self) -> None:
        assert "aHVudGVyMng" not in strict("334 aHVudGVyMng=")

    @pytest.mark.parametrize(
        "text",
        [
            "GET /caf%C3%A9/menu%20du%20jour HTTP/1.1",
            r"\xC3\xA9 is no ASCII",
            "fish &amp; chips",
            "NotificationController ServiceUnavailable php_admin_value",
            "worker_connections==",
            "/usr/lib/php/20220829/opcache.so",
            "release_20260101120000",
        ],
    )
    def test_other_words_stay(self, text: str) -> None:
        assert strict(text) == text

    @pytest.mark.parametrize("piece", ["%3D", "a%3Db ", r"\x22", "&quot;", "Ab1+", "%25"])
    def test_it_ends_soon_on_any_text(self, piece: str) -> None:
        assert strict(piece * (64000 // len(piece))) is not None
