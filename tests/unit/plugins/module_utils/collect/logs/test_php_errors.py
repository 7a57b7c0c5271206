# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PHP's own logs have, which pools name. The lines are of PHP 8.2 on Enterprise Linux's layout."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.php_errors import (
    dropped_bodies,
    php_errors,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

LOG = "/var/log/php-fpm/www-error.log"
NOTICE = "[28-Nov-2026 00:31:40 UTC] PHP Notice:  Undefined index: a in /var/www/shop/a.php on line 3\n"
FATAL = (
    "[28-Nov-2026 00:32:31 UTC] PHP Fatal error:  Uncaught ErrorException: fwrite(): Write of 9000 bytes "
    "failed with errno=28 No space left on device in /var/www/shop/index.php:4\n"
    "Stack trace:\n#0 [internal function]: {closure}()\n  thrown in /var/www/shop/index.php on line 4\n"
)
PARSE = '[28-Nov-2026 00:32:40 Europe/Berlin] PHP Parse error:  syntax error, unexpected "}" in /srv/a.php\n'


def look(
    text: Optional[str],
    chroot: Optional[str] = None,
    mtime: float = 900.0,
    kind: str = "file",
    ask: Any = php_errors,
) -> Any:
    files: Dict[str, Any] = {} if text is None else {LOG: text}
    stat = Stat(kind, 0o640, 48, 48, len(text or ""), mtime, 1, 7, mtime)
    root = Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1, 0.0)
    places = dict.fromkeys(("/", "/var", "/var/log", "/var/log/php-fpm"), root)
    host = FakeHost(files=files, stats={**places, **({LOG: stat} if text is not None else {})})
    pool = {"name": "www", "php_log": LOG, "chroot": chroot}
    snapshot: Any = {
        "fpm": {"masters": [{"config": "/f.conf", "pools": [pool, {"name": "b", "chroot": None}]}]}
    }
    return ask(host, snapshot, 600.0)


STAMP = "[28-Nov-2026 00:32:40 UTC] "
UNCAUGHT = (
    STAMP + "PHP Fatal error:  Uncaught Exception: %s in /srv/shop/a.php:3\nStack trace:\n#0 {main}\n"
    "  thrown in /srv/shop/a.php on line 3\n"
)


class TestPhpErrors:
    def test_hit_the_last_error_of_the_pool(self) -> None:
        (error,) = look(NOTICE + PARSE + FATAL + NOTICE)
        assert (error["pool"], error["config"], error["path"]) == ("www", "/f.conf", LOG)
        assert error["text"].startswith("PHP Fatal error:  Uncaught ErrorException")
        assert "No space left" in error["text"] and "\n" not in error["text"]

    @pytest.mark.parametrize(
        "text",
        [
            "x in /srv/b.php:1",
            "x in /srv/b.php:1\ny",
            "x in /srv/b.php:1\nStack trace:\n#0 {main}\ny",
        ],
    )
    def test_the_script_is_the_one_at_its_end(self, text: str) -> None:
        assert look(UNCAUGHT % text)[0]["scripts"] == ["/srv/shop/a.php"]
        assert look(UNCAUGHT % text + NOTICE)[0]["scripts"] == ["/srv/shop/a.php"]

    @pytest.mark.parametrize("kind", ["Notice:  ", "Fatal error:  ", "Fatal error:  Uncaught "])
    def test_decoy_a_text_that_ends_the_entry(self, kind: str) -> None:
        """A visitor may bring it."""
        text = "x\n  thrown in /srv/b.php on line 1\n[28-Nov-2026 00:32:40 UTC] PHP %sy" % kind
        for end in ("", " in /srv/b.php on line 1\n", "\n  thrown in /srv/b.php on line 1\n"):
            (error,) = look(UNCAUGHT % (text + end) + NOTICE)
            assert "/srv/b.php" not in error["scripts"]

    def test_near_miss_an_exception_without_its_end(self) -> None:
        assert look(STAMP + "PHP Fatal error:  Uncaught E: x in /srv/b.php on line 3\n")[0]["scripts"] == []

    def test_hit_an_error_that_is_no_exception(self) -> None:
        error = STAMP + "PHP Fatal error:  Allowed memory size exhausted in /srv/shop/a.php on line 3\n"
        assert look(UNCAUGHT % "x" + error)[0]["scripts"] == ["/srv/shop/a.php"]

    def test_hit_a_script_that_cannot_be_parsed(self) -> None:
        assert look(FATAL + PARSE)[0]["text"].startswith("PHP Parse error:  syntax error")

    def test_hit_the_warning_that_it_came_of(self) -> None:
        warning = NOTICE.replace("31:40", "32:31").replace("Notice", "Warning")
        text = look(warning.replace("index", "key") + warning + FATAL)[0]["text"]
        assert text.startswith("PHP Warning:  Undefined key") and text.count("; PHP ") == 2
        assert "; PHP Fatal error:  Uncaught" in text

    @pytest.mark.parametrize("old, new", [("31:40", "31:40"), ("Notice", "Notice"), ("\n", "\n" + PARSE)])
    def test_near_miss_no_warning_just_before(self, old: str, new: str) -> None:
        """Of another second, of another kind, or with another error between."""
        warning = NOTICE.replace("Notice", "Warning") if old == "31:40" else NOTICE.replace("31:40", "32:31")
        assert "PHP Warning" not in look(warning.replace(old, new) + FATAL)[0]["text"]

    def test_hit_a_file_that_is_read_only(self) -> None:
        line = NOTICE + FATAL.replace("fwrite(): Write", "fwrite(/srv/l): Read-only file system Write")
        assert look(line)[0]["read_only"] == ["/srv/l"] and "read_only" not in look(FATAL)[0]

    def test_near_miss_it_was_written_before_the_window(self) -> None:
        assert look(FATAL, mtime=500.0) == []

    def test_near_miss_the_pool_lives_in_a_chroot(self) -> None:
        assert look(FATAL, chroot="/jail") == []

    def test_decoy_no_error_or_no_log(self) -> None:
        assert look(NOTICE) == look(None) == look("PHP Fatal error:  without a time\n") == []

    def test_decoy_what_is_no_file(self) -> None:
        assert look(FATAL, kind="fifo") == []

    def test_a_secret_does_not_leave_the_host(self) -> None:
        line = FATAL.replace("fwrite(): Write", "DB_PASSWORD=hunter2 Write")
        assert "hunter2" not in look(line)[0]["text"]


class TestDroppedBodies:
    LINE = (
        "[28-Nov-2026 00:32:31 UTC] PHP Warning:  POST Content-Length of 10468213 bytes exceeds the limit of "
        "8388608 bytes in Unknown on line 0\n"
    )

    def test_hit_each_of_the_window_counts(self) -> None:
        later = self.LINE.replace("Warning:  POST", "Warning:  PHP Request Startup: POST")
        (found,) = look(self.LINE + NOTICE + later, mtime=TestTimes.AT, ask=dropped_bodies)
        assert (found["pool"], found["path"], found["count"]) == ("www", LOG, 2)

    @pytest.mark.parametrize("begin", ["Unknown: ", "PHP Request Startup: "])
    def test_hit_fields_beyond_max_input_vars(self, begin: str) -> None:
        line = (
            self.LINE.partition("POST")[0] + begin + "Input variables exceeded 1000. To increase the limit\n"
        )
        (found,) = look(line + NOTICE, mtime=TestTimes.AT, ask=dropped_bodies)
        assert (found["fields"], found["count"]) == (True, 1)

    def test_near_miss_when_is_not_known(self) -> None:
        assert look(self.LINE, mtime=TestTimes.AT + 400, ask=dropped_bodies) == []

    def test_decoy_other_warnings(self) -> None:
        line = self.LINE.replace("POST Content", "Content")
        assert look(line + FATAL, mtime=TestTimes.AT, ask=dropped_bodies) == []


class TestTimes:
    AT = 1795825951.0  # 00:32:31 UTC, of FATAL

    @pytest.mark.parametrize("hours", [-5.5, 0.0, 8.75])
    def test_hit_in_whatever_zone_php_writes(self, hours: float) -> None:
        """The last message is as old as the file."""
        (error,) = look(FATAL, mtime=self.AT + hours * 3600 + 1)
        assert error["times"] == [self.AT + hours * 3600]

    def test_near_miss_the_file_is_younger_than_its_last_message(self) -> None:
        assert "times" not in look(FATAL, mtime=self.AT + 400)[0]

    def test_decoy_one_from_before_the_window(self) -> None:
        old = FATAL.replace("00:32:31", "00:01:00").replace("2026", "1970").replace("28-Nov", "01-Jan")
        (error,) = look(old + FATAL, mtime=self.AT)
        assert error["times"] == [self.AT]
