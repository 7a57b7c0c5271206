# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root runs no program that would load code of somebody else's."""

from types import SimpleNamespace
from typing import Any, Callable, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import loads as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.trial import Start, trial
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran

FPM = "/usr/sbin/php-fpm8.2"
LISTED = """Configuration File (php.ini) Path => %(etc)s
Loaded Configuration File => %(etc)s/php.ini
Scan this dir for additional .ini files => %(etc)s/conf.d
Additional .ini files parsed => %(etc)s/conf.d/10-opcache.ini,
%(etc)s/conf.d/20-curl.ini

extension_dir => %(etc)s/ext => %(etc)s/ext
"""


class Place:
    """Everything but what is below "theirs" is root's."""

    def __init__(self, top: Any, monkeypatch: Any) -> None:
        self.etc, self.theirs = top / "etc", top / "theirs"
        for folder in (self.etc / "conf.d", self.etc / "ext", self.theirs):
            folder.mkdir(parents=True)
        for name in ("php.ini", "conf.d/10-opcache.ini", "conf.d/20-curl.ini"):
            (self.etc / name).write_text("zend_extension=opcache.so\n")
        self.calls: List[List[str]] = []
        monkeypatch.setattr(subject, "opening", self.opening)

    def opening(self, _host: Any, path: str) -> Optional[SimpleNamespace]:
        return SimpleNamespace(who="tenant", path=path) if path.startswith(str(self.theirs)) else None

    def ask(self, argv: List[str]) -> Ran:
        self.calls.append(argv)
        return Ran(0, LISTED % {"etc": self.etc}, "")

    def why(
        self,
        *argv: str,
        ask: Optional[Callable[[List[str]], Ran]] = None,
        files: Any = (),
        start: Any = "/",
        **env: str,
    ) -> Any:
        return subject.refusal([argv[0] if argv else FPM, *argv[1:]], env, files, ask or self.ask, str(start))


@pytest.fixture
def place(tmp_path: Any, monkeypatch: Any) -> Place:
    return Place(tmp_path, monkeypatch)


class TestEnvironment:
    @pytest.mark.parametrize(
        "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PHP_INI_SCAN_DIR", "PHPRC", "OPENSSL_CONF"]
    )
    def test_a_path_of_what_is_loaded_is_judged(self, place: Place, name: str) -> None:
        assert "tenant can write" in place.why("/usr/sbin/nginx", **{name: "/usr/lib:%s/x" % place.theirs})
        assert place.why("/usr/sbin/nginx", **{name: "/usr/lib"}) is None

    @pytest.mark.parametrize("value", ["/usr/lib:", ":/usr/lib", "lib", "/usr/lib:./x"])
    def test_what_begins_where_it_is_started_is_judged(self, place: Place, value: str) -> None:
        """WorkingDirectory= of the unit; an empty word is that directory itself."""
        assert "tenant can write" in place.why("/usr/sbin/nginx", start=place.theirs, LD_LIBRARY_PATH=value)
        assert place.why("/usr/sbin/nginx", start=place.etc, LD_LIBRARY_PATH=value) is None
        assert place.why("/usr/sbin/nginx", start=place.theirs, LD_LIBRARY_PATH="/usr/lib") is None

    def test_near_miss_another_path_is_not(self, place: Place) -> None:
        assert place.why("/usr/sbin/nginx", APP_HOME=str(place.theirs)) is None

    def test_a_file_from_which_it_comes_is_judged(self, place: Place) -> None:
        assert "tenant can write" in place.why("/usr/sbin/nginx", files=[str(place.theirs / "env")])


class TestPhp:
    def test_what_is_roots_is_run(self, place: Place) -> None:
        assert place.why(FPM, "-t", "-d", "memory_limit=1", "-y", "/etc/x") is None
        assert place.calls == [[FPM, "-d", "memory_limit=1", "-d", "opcache.preload=", "-i"]]

    @pytest.mark.parametrize(
        "line", ["extension=%s/a.so", 'zend_extension = "%s/a.so"', " extension=%s/a", "ffi.preload=%s/a.h"]
    )
    def test_an_extension_of_somebody_else(self, place: Place, line: str) -> None:
        (place.etc / "conf.d" / "20-curl.ini").write_text("[curl]\n" + line % place.theirs + "\n")
        assert "tenant can write" in place.why()

    def test_an_extension_below_the_directory_of_the_start(self, place: Place) -> None:
        (place.etc / "php.ini").write_text("extension=ext/a.so\n")
        assert "tenant can write" in place.why(start=place.theirs)
        assert place.why(start=place.etc) is None
        (place.etc / "php.ini").write_text("extension=a.so\n")
        assert place.why(start=place.theirs) is None, "near miss: it is looked for in extension_dir"

    def test_an_extension_named_on_the_command_line(self, place: Place) -> None:
        assert "tenant can write" in place.why(FPM, "-dextension=%s/a.so" % place.theirs)

    def test_decoy_a_comment_names_an_extension(self, place: Place) -> None:
        (place.etc / "php.ini").write_text(
            ";extension=%s/a.so\nerror_log=%s/log\n" % (place.theirs, place.theirs)
        )
        assert place.why() is None

    def test_a_file_that_only_root_can_read_is_judged(self, place: Place) -> None:
        # The account that is asked with does not see it.
        (place.etc / "conf.d" / "30-own.ini").write_text("extension=%s/a.so\n" % place.theirs)
        assert "tenant can write" in place.why()

    def test_a_preload_as_root_is_refused(self, place: Place) -> None:
        ran = Ran(0, LISTED % {"etc": place.etc} + "opcache.preload_user => root => root\n", "")
        assert "would run as root" in place.why(ask=lambda _argv: ran)
        assert place.why(FPM, "-d", "opcache.preload=", "-t", ask=lambda _argv: ran) is None, "near miss"

    def test_a_program_that_does_not_tell_is_not_run(self, place: Place) -> None:
        assert "does not tell" in place.why(ask=lambda _argv: Ran(-11, "", ""))

    def test_near_miss_without_php_ini_nothing_is_asked(self, place: Place) -> None:
        assert place.why(FPM, "-n", "-t") is None and place.calls == []


class TestTrial:
    def test_a_trial_asks_before_it_runs_anything(self, tmp_path: Any) -> None:
        start = Start({"LD_PRELOAD": "/tmp/x.so"}, None, "/", [], b"")
        ran = trial([], ["sh", "-c", "touch %s/ran" % tmp_path], [], start=start)
        assert ran.rc is None and "can write" in ran.err and not (tmp_path / "ran").exists()
