# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a report goes, and what is said when it does not arrive: clear, short, and without a secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import upload
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE

URL = "https://ops:pw@reports.example:8443/a/{run}/{file}?token=SECRET#x"


class TestPlace:
    def test_the_url_gets_run_and_file(self) -> None:
        assert upload.address("http://x/{run}/{file}", "2026-11-26T001502Z", "report.json") == (
            "http://x/2026-11-26T001502Z/report.json"
        )

    def test_no_secret_of_a_url_is_shown(self) -> None:
        shown = upload.shown(upload.address(URL, "r", "f"))
        assert shown == "https://reports.example:8443/a/r/f"

    @pytest.mark.parametrize(
        ("url", "directory", "words"),
        [
            ("ftp://x/{file}", None, "must begin with http"),
            ("file:///etc/{file}", None, "must begin with http"),
            ("http://x/report.json", None, r"write \{file\} there"),
            (None, "srv/webmedic", "must begin with /"),
            (None, "~/webmedic", "must begin with /"),
            (None, "", "must begin with /"),
        ],
    )
    def test_what_cannot_be_right_says_what_to_write(self, url: Any, directory: Any, words: str) -> None:
        with pytest.raises(upload.Wrong, match=words):
            upload.check(url, directory)

    def test_near_miss_what_is_right(self) -> None:
        upload.check(URL, None)
        upload.check(None, "/srv")

    def test_two_slices_of_one_second_do_not_meet(self) -> None:
        assert upload.name_of("r", {}) == "r"
        assert upload.name_of("r", {"awx_job_id": 41}) == "r-job41"
        assert upload.name_of("r", {"tower_job_id": "../4 2"}) == "r-job42"

    @pytest.mark.parametrize(
        "file", ["report.json", "report.html", "report.md", "junit.xml", "report.sarif", "report.prom"]
    )
    def test_each_file_has_its_type(self, file: str) -> None:
        assert upload.content_type(file) != upload.content_type("x.bin")


class TestReason:
    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ("Status code was 403 and not [200, 201]: HTTP Error 403: Forbidden", "403 Forbidden"),
            ("Status code was 302 and not [200]: HTTP Error 302: Found", "302 Found"),
            (
                "Status code was -1 and not [200]: Request failed: <urlopen error [Errno 111] Refused>",
                "Refused",
            ),
            (
                "Status code was -1 and not [200]: Connection failure: timed out",
                "Connection failure: timed out",
            ),
            (
                "Failed to replace file: b'x' to /y: [Errno 28] No space left on device: b'x'",
                "No space left on device",
            ),
            ("Task failed: Destination /srv not writable.", "Destination /srv not writable"),
            ("", "no message came with it"),
            (None, "no message came with it"),
        ],
    )
    def test_of_a_message(self, message: Any, words: str) -> None:
        assert upload.reason({"failed": True, "msg": message}) == words

    def test_of_an_error_that_has_no_message_yet(self) -> None:
        cause = SimpleNamespace(msg="[Errno 13] Permission denied: b'/srv'", chain=None)
        event = SimpleNamespace(msg="Failed to replace.", chain=SimpleNamespace(event=cause))
        assert upload.reason({"exception": SimpleNamespace(event=event)}) == "Permission denied"
        event.chain = SimpleNamespace(event=event)
        assert upload.reason({"exception": SimpleNamespace(event=event)}).startswith("Failed to replace")

    def test_of_a_module_that_crashed(self) -> None:
        crash = {
            "msg": "MODULE FAILURE",
            "module_stderr": "Traceback\nOSError: [Errno 30] Read-only file system",
        }
        assert upload.reason(crash) == "Read-only file system"

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_what_a_server_says_stays_one_line(self, evil: str) -> None:
        reason = upload.reason({"msg": "Status code was 500 and not [200]: HTTP Error 500: " + evil})
        assert reason.isprintable() and len(reason) <= upload.MOST_CHARACTERS
