# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A start is tried as the unit would make it, in silence; what cannot be tried, or is known to fail, is said
first.
"""

import os
import socket
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    Process,
    processes,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import rehearsal as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.launch import NOT_TRIED, Launch
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
    Untried,
)

UNIT, PROGRAM = "php8.2-fpm.service", "/usr/sbin/php-fpm8.2"
NOTHING = Step("x", UNIT, [], [], [])
UP = Ran(0, "", "NOTICE: ready to handle connections\n")
SETTINGS = (
    "ExecStartPre",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
) + NOT_TRIED
# php-fpm8.2 -i on Debian 12, of two files that are scanned, and a stranger's on PHP 7.4 without any.
INFO = """\
Configuration File (php.ini) Path => /etc/php/8.2/fpm
Loaded Configuration File => {top}/php.ini
Scan this dir for additional .ini files => {top}/conf.d
Additional .ini files parsed => {top}/conf.d/10-opcache.ini,
{top}/conf.d/20-x.ini

PHP API => 20220829
opcache.preload_user => {user} => {user}
"""
NONE = """\
Configuration File (php.ini) Path => /usr/local/etc/php
Loaded Configuration File => (none)
Scan this dir for additional .ini files => (none)
Additional .ini files parsed => (none)
"""


def launched(**more: Any) -> Launch:
    settings: Dict[str, List[str]] = {name: [] for name in SETTINGS}
    found = Launch(
        UNIT,
        [PROGRAM, "--nodaemonize", "-c", "/x"],
        {"A": "1", "NOTIFY_SOCKET": "/run/x"},
        [],
        None,
        "/",
        [],
        [],
        False,
        1.0,
        settings,
    )
    return found._replace(**more)


def with_setting(name: str, value: str, **more: Any) -> Launch:
    found = launched(**more)
    found.settings[name] = [value]
    return found


class Place:
    def __init__(self, top: str, monkeypatch: Any) -> None:
        self.top, self.tried, self.answers = top, [], []  # type: str, List[Any], List[Ran]
        with open(self.path("fpm.conf"), "w") as stream:
            stream.write(
                "[www]\nuser = a\nlisten = %s\nslowlog = /var/log/none/x.log\n" % self.path("www.sock")
            )
        self.master = {
            "config": self.path("fpm.conf"),
            "prefix": "/usr",
            "error_log": "/var/log/fpm.log",
            "pid_file": "/run/fpm.pid",
            "pid": None,
        }

        def trial(changes: Any, argv: Any, silent: Any, timeout: float = 20.0, start: Any = None) -> Ran:
            self.tried.append((changes, argv, silent, start))
            return self.answers.pop(0) if self.answers else UP

        monkeypatch.setattr(subject, "trial", trial)

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def rehearse(
        self, found: Optional[Launch] = None, step: Step = NOTHING, proven: bool = True
    ) -> Optional[str]:
        """Why not, whether it would fail or cannot be known."""
        try:
            return self.known(found, step, proven)
        except Untried as untried:
            return str(untried)

    def known(
        self, found: Optional[Launch] = None, step: Step = NOTHING, proven: bool = True
    ) -> Optional[str]:
        return subject.rehearse(Host(), self.master, found or launched(), step, [], proven)


@pytest.fixture
def place(tmp_path: Any, monkeypatch: Any) -> Place:
    return Place(str(tmp_path), monkeypatch)


class TestUntried:
    """What cannot be known is told from what would fail: who only looks must not call it a failure."""

    @pytest.mark.parametrize("name", NOT_TRIED)
    def test_a_unit_with_files_of_its_own_is_unknown(self, place: Place, name: str) -> None:
        with pytest.raises(Untried):
            place.known(with_setting(name, "/x"))

    @pytest.mark.parametrize("answers", [[Ran(None, "", "no namespace")], [UP, Ran(None, "", "late")]])
    def test_a_trial_that_did_not_end_is_unknown(self, place: Place, answers: List[Ran]) -> None:
        place.answers = answers
        with pytest.raises(Untried):
            place.known()

    def test_a_trial_that_failed_is_known(self, place: Place) -> None:
        place.answers = [UP, Ran(78, "", "ERROR: unable to bind")]
        assert "was tried and failed" in str(place.known())


class TestTrial:
    def test_it_is_tested_then_started_without_a_worker(self, place: Place) -> None:
        assert place.rehearse() is None
        (_changes, argv, silent, start), (changes, run, _silent, ready) = place.tried
        assert argv == [PROGRAM, "-c", "/x", "-d", "error_log=", "-d", "opcache.preload=", "-t"]
        assert (
            run == [PROGRAM, "-c", "/x", "-d", "error_log=", "-F", "-O"]
            and ready.enough == b"ready to handle connections"
        )
        assert silent == ["/var/log/fpm.log", "/run/fpm.pid"] and start.environment == {"A": "1"}
        assert changes[0].after.endswith(
            b"[global]\nlog_level = notice\n[www]\npm = ondemand\npm.max_children = 1\n"
        )
        assert [(change.path, change.after) for change in changes[1:]] == [(place.path("www.sock"), None)]

    def test_what_the_step_writes_is_what_is_started(self, place: Place) -> None:
        text = ("[www]\nlisten = %s\n" % place.path("b.sock")).encode()
        assert (
            place.rehearse(step=NOTHING._replace(changes=[Change(place.path("fpm.conf"), b"", text, 0o644)]))
            is None
        )
        changes = place.tried[1][0]
        assert (
            len(changes) == 2
            and changes[0].after.startswith(text)
            and changes[1].path == place.path("b.sock")
        )

    def test_a_variable_of_the_unit_tells_where_a_pool_listens(self, place: Place) -> None:
        with open(place.path("fpm.conf"), "w") as stream:
            stream.write("[www]\nlisten = ${DIR}/${NAME:-www}.sock\n")
        assert place.rehearse(launched(environment={"DIR": place.top})) is None
        assert place.tried[1][0][1].path == place.path("www.sock")

    @pytest.mark.parametrize(
        "answers, words",
        [
            (
                [Ran(78, "", "[x] ALERT: [pool www] pm.max_children must be\n")],
                "-t`, as php8.2-fpm.service would run it: [x] ALERT: [pool www]",
            ),
            (
                [UP, Ran(78, "", "[x] ERROR: [pool b] cannot get gid for group 'gg'\n")],
                "tried and failed: [x] ERROR: [pool b] cannot get gid",
            ),
            (
                [UP, Ran(None, "", "no namespace for it: unshare: Operation not permitted")],
                "could not be tried: no namespace",
            ),
            (
                [UP, Ran(None, "", "/usr/sbin/php-fpm8.2 did not end within 30 s")],
                "could not be tried: /usr/sbin/php-fpm8.2 did not end within 30 s",
            ),
            (
                [UP, Ran(255, "", "PHP Fatal error:  Uncaught Exception: no in /srv/p.php:1\n")],
                "tried and failed: PHP Fatal error",
            ),
        ],
    )
    def test_what_the_program_says_is_the_reason(self, place: Place, answers: List[Ran], words: str) -> None:
        place.answers = list(answers)
        assert words in str(place.rehearse())


class TestForeseen:
    def test_a_socket_without_its_directory_names_the_pool(self, place: Place) -> None:
        with open(place.path("fpm.conf"), "a") as stream:
            stream.write("[b]\nlisten = /run/none/b.sock\n")
        assert (
            place.rehearse() == "pool b could not listen on /run/none/b.sock: there is no directory /run/none"
            and place.tried == []
        )
        assert place.rehearse(launched(makes=["/run/none"])) is None
        assert (
            place.rehearse(
                with_setting(
                    "ExecStartPre",
                    "{ path=/bin/mkdir ; argv[]=/bin/mkdir -p /run/none ; ignore_errors=no ; }",
                )
            )
            is None
        )
        assert (
            place.rehearse(step=NOTHING._replace(commands=[Command(["systemd-tmpfiles"], [], "/run/none")]))
            is None
        )
        assert place.tried[-1][3].makes == ["/run/none"]

    def test_the_socket_of_a_status_page_counts_too(self, place: Place) -> None:
        with open(place.path("fpm.conf"), "a") as stream:
            stream.write("[b]\nlisten = %s/b.sock\npm.status_listen = /run/none/s.sock\n" % place.top)
        assert "pool b could not listen on /run/none/s.sock" in str(place.rehearse())

    @pytest.mark.parametrize("name", NOT_TRIED)
    def test_a_unit_with_its_own_view_of_the_files(self, place: Place, name: str) -> None:
        assert place.rehearse(with_setting(name, "no")) is None
        assert place.rehearse(
            with_setting(name, "/srv")
        ) == "a start of %s cannot be tried: its unit has %s=" % (
            UNIT,
            name,
        )

    def test_a_unit_may_write_where_it_wrote_before(self, place: Place) -> None:
        found = with_setting("ProtectSystem", "strict")
        assert place.rehearse(found) is None
        assert (
            place.rehearse(found, proven=False)
            == "ProtectSystem=strict of its unit keeps %s from writing /var/log/fpm.log" % UNIT
        )

    def test_a_wrapper_is_not_started(self, place: Place) -> None:
        assert (
            place.rehearse(launched(argv=["/bin/sh", "-c", "exec php-fpm"]))
            == "%s is started by /bin/sh, which cannot be tried" % UNIT
        )


def ini(place: Place, text: str) -> List[str]:
    place.answers = [Ran(0, text, "")]
    return subject.ini_files(Host(), launched(), NOTHING)


class TestPhpIni:
    def test_the_program_names_php_ini_with_what_it_scans(self, place: Place) -> None:
        found = ini(place, INFO.format(top=place.top, user="no value"))
        assert found == [
            place.path(name) for name in ("php.ini", "conf.d/10-opcache.ini", "conf.d/20-x.ini", "conf.d")
        ]
        assert place.tried[0][1][-4:] == ["error_log=", "-d", "opcache.preload=", "-i"]
        assert ini(place, NONE) == []

    @pytest.mark.parametrize(
        "name, text",
        [
            ("php-fpm-82", b"\x7fELF"),
            ("php-fpm", b"#! /bin/sh\nkillall php-fpm\n"),
            ("php-fpm", b"#!"),
            ("start-all", b""),
        ],
    )
    def test_a_script_that_starts_it_is_not_run(self, place: Place, name: str, text: bytes) -> None:
        """What does "start" there, does so with any words behind it."""
        with open(place.path(name), "wb") as stream:
            stream.write(text)
        found = launched(argv=[place.path(name), "start"])
        with pytest.raises(Refusal, match="is started by .*, which cannot be tried"):
            subject.ini_files(Host(), found, NOTHING)
        assert place.rehearse(found) == "%s is started by %s, which cannot be tried" % (
            UNIT,
            place.path(name),
        )
        assert not place.tried

    def test_near_miss_a_program_by_that_name_is_asked(self, place: Place) -> None:
        with open(place.path("php-fpm"), "wb") as stream:
            stream.write(b"\x7fELF#!")
        place.answers = [Ran(0, NONE, "")]
        assert subject.ini_files(Host(), launched(argv=[place.path("php-fpm")]), NOTHING) == []

    def test_a_program_that_does_not_tell_is_refused(self, place: Place) -> None:
        with pytest.raises(Refusal, match="does not tell which php.ini"):
            ini(place, "")


@pytest.fixture
def listener(tmp_path: Any) -> Any:
    with socket.socket() as port, socket.socket(socket.AF_UNIX) as door:
        port.bind(("127.0.0.1", 0))
        port.listen(1)
        door.bind(str(tmp_path / "x.sock"))
        door.listen(1)
        yield port.getsockname()[1], str(tmp_path / "x.sock")


class TestAddresses:
    def test_an_address_of_another_process_cannot_be_had(self, listener: Any) -> None:
        port, path = listener
        for key in ("127.0.0.1:%d" % port, "*:%d" % port, "unix:" + path):
            assert str(subject.taken(Host(), [key], [], None)).startswith(key + ": "), key

    def test_near_miss_nginx_leaves_the_other_family_to_others(self) -> None:
        with socket.socket() as port:
            port.bind(("0.0.0.0", 0))
            port.listen(1)
            key = "[::]:%d" % port.getsockname()[1]
            assert "in use" in str(subject.taken(Host(), [key], [], None))
            assert subject.taken(Host(), [key], [], None, True) is None

    def test_near_miss_an_address_of_the_master_itself(self, listener: Any) -> None:
        port, path = listener
        ours = [Process(os.getpid(), 1, "php-fpm", "x", None, 0, 0, [0], 0.0)]
        assert subject.taken(Host(), ["127.0.0.1:%d" % port, "unix:" + path], ours, os.getpid()) is None

    def test_near_miss_a_socket_that_nobody_answers_at(self, tmp_path: Any) -> None:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(tmp_path / "old.sock"))
        assert (
            subject.taken(
                Host(),
                ["unix:%s/old.sock" % tmp_path, "unix:%s/none.sock" % tmp_path],
                processes(Host()),
                None,
            )
            is None
        )
        assert "192.0.2.1:9000: Cannot assign" in str(subject.taken(Host(), ["192.0.2.1:9000"], [], None))
