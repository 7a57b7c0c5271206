# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a host that is called well: which sites are asked, and what counts as a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import scripts
from tests.lab.data import HOME
from tests.lab.engine import LabError

SITES = """
server { listen 80; server_name files.example; root /srv; }
server {
    listen 127.0.0.1:8081 default_server;
    server_name shop.example www.shop.example;
    # a block } in a comment
    location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; }
}
server {
    server_name app.example;
    location / { proxy_pass http://127.0.0.1:3000; }
}
"""
CURL = """#!/bin/sh
for word; do case $word in http*) echo "$word" >>"$ASKED" ;; esac; done
printf %s "$ANSWER"
"""


def printed(tmp_path: Path, answer: str) -> tuple[str, list[str]]:
    """What the program prints, and the addresses that it asks."""
    (tmp_path / "shop.conf").write_text(SITES)
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)
    program = (HOME / "on_host" / "sites.py").read_text().replace("/etc/nginx/conf.d", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", program, "shop.example", "/probe.php", "5"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ASKED": str(tmp_path / "asked"), "ANSWER": answer},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout, (tmp_path / "asked").read_text().splitlines()


class TestPages:
    def test_each_site_of_php_fpm_is_asked_for_its_page(self, tmp_path: Path) -> None:
        assert printed(tmp_path, "200") == ("200 shop.example:8081\n", ["http://127.0.0.1:8081/probe.php"])

    def test_a_page_that_fails_is_asked_for_once_more(self, tmp_path: Path) -> None:
        output, urls = printed(tmp_path, "502")
        assert (output, len(urls)) == ("502 shop.example:8081\n", 2)

    @pytest.mark.parametrize("status", ["502", "504", "000"])
    def test_an_error_or_no_answer_is_a_failure(self, status: str) -> None:
        with pytest.raises(LabError, match="b.example:80: HTTP"):
            scripts.failing_pages("200 a.example:80\n%s b.example:80" % status)

    def test_a_page_that_is_not_there_is_none(self) -> None:
        assert scripts.failing_pages("200 a.example:80\n404 b.example:80") == "2 sites answer"

    def test_a_host_without_a_site_is_told(self) -> None:
        with pytest.raises(LabError):
            scripts.failing_pages("")
