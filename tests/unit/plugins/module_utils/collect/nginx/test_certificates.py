# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that have expired, or are not loaded."""

import calendar
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.certificates import (
    ends_at,
    note_certificates,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

PEM = "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
# Made with OpenSSL, for shop.example: until 2024-04-01, and until 2044-01-01.
OLD = PEM % (
    "MIIBNjCB3qADAgECAgEHMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDHNob3AuZXhhbXBsZTAeFw0yNDAxMDEwMDAwMD"
    "BaFw0yNDA0MDEwMDAwMDBaMBcxFTATBgNVBAMMDHNob3AuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA"
    "BIiWgT/L6IUO0mZgRZxW6UQnhOQAR+F6QkDGfBfwsoIbdCv10rGdq18W27A5vLat4CYQrgkP/E7cjL+91wB/y8WjGz"
    "AZMBcGA1UdEQQQMA6CDHNob3AuZXhhbXBsZTAKBggqhkjOPQQDAgNHADBEAiAJl55dc1LWGL9lTpId3jdaRq/8rJrB"
    "1sufisuhoKtv5QIgUqXw+8WautbnFOxp3NEfCKfAI4x+9ixITEa+8UhG5lI="
)
NEW = PEM % (
    "MIIBNzCB3qADAgECAgEHMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDHNob3AuZXhhbXBsZTAeFw0yNDAxMDEwMDAwMD"
    "BaFw00NDAxMDEwMDAwMDBaMBcxFTATBgNVBAMMDHNob3AuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA"
    "BIiWgT/L6IUO0mZgRZxW6UQnhOQAR+F6QkDGfBfwsoIbdCv10rGdq18W27A5vLat4CYQrgkP/E7cjL+91wB/y8WjGz"
    "AZMBcGA1UdEQQQMA6CDHNob3AuZXhhbXBsZTAKBggqhkjOPQQDAgNIADBFAiBC1jNcHJ0m+o7DRi1w9Fo+TMYLsbDH"
    "dUZMCWRRB6HmKgIhAM7lDz02vAlI7JhSZbf5y11N0EzzKcjrVdsyiYMEULaG"
)
NOW = 1796000000.0
PHP = "location / { fastcgi_pass unix:/s; }"
SITE = "listen 443 ssl; server_name shop.example; ssl_certificate c.pem; " + PHP


def words(
    pem: str = OLD, server: str = SITE, loaded: Optional[float] = NOW - 50, age: float = 900.0
) -> List[str]:
    path = "/etc/nginx/c.pem"
    stat = Stat("file", 0o644, 0, 0, len(pem), NOW - age, 1, 1)
    host = FakeHost(files={path: pem}, stats={path: stat}, now=NOW)
    nginx: Any = {"config": "/etc/nginx/nginx.conf", "running": True, "loaded": {"at": loaded}}
    text = "http { server { %s } }" % server
    conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
    note_certificates(host, nginx, conf)
    assert all(note["what"] == "certificate" for note in host.missing)
    return [note["why"] for note in host.missing]


class TestEnd:
    def test_hit_as_openssl_writes_it(self) -> None:
        assert ends_at(OLD) == calendar.timegm((2024, 4, 1, 0, 0, 0))
        assert ends_at("key\n" + NEW + OLD) == calendar.timegm((2044, 1, 1, 0, 0, 0))

    @pytest.mark.parametrize("text", ["", PEM % "AAAA", PEM % "A", PEM % "=", OLD[:300]])
    def test_decoy_it_is_none(self, text: str) -> None:
        assert ends_at(text) is None


class TestNotes:
    def test_hit_it_has_expired(self) -> None:
        (why,) = words()
        assert why.startswith("/n.conf:1: the certificate /etc/nginx/c.pem expired on 2024-04-01")

    @pytest.mark.parametrize("pem", [OLD, NEW])
    def test_hit_it_was_renewed_and_nginx_not_reloaded(self, pem: str) -> None:
        (why,) = words(pem, loaded=NOW - 9999)
        assert "after nginx loaded its files" in why

    def test_near_miss_it_is_valid_and_loaded(self) -> None:
        assert words(NEW) == []

    def test_near_miss_it_was_written_this_moment(self) -> None:
        assert words(NEW, loaded=NOW - 9999, age=5.0) == []

    @pytest.mark.parametrize(
        "server",
        [
            SITE.replace(PHP, "return 444;"),
            SITE.replace(" ssl;", ";"),
            SITE.replace("c.pem", "$host.pem"),
            SITE.replace("c.pem", "gone.pem"),
        ],
    )
    def test_decoy_no_site_of_phps_has_it(self, server: str) -> None:
        assert words(server=server) == []
