# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd would do at the next start and at the next boot."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import boot as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.endpoints import Held, dialled
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead.parts import (
    UNIT,
    fpm,
    launch,
    pool,
    route,
    web,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ASK = (
    "systemctl show --no-pager -p WantedBy,RequiredBy,BoundBy,UpheldBy,TriggeredBy,RequisiteOf,DropInPaths"
    " -- " + UNIT
)
MAKERS = "systemctl show --no-pager -p RuntimeDirectory,Listen,ExecStartPre,ExecStart -- *.service *.socket"
# Of a host whose php-fpm takes its socket from systemd, by FPM_SOCKETS.
BY_SOCKET = """ExecStart={ path=/usr/sbin/php-fpm8.4 ; argv[]=/usr/sbin/php-fpm8.4 -F ; ignore_errors=no }
RuntimeDirectory=

Listen=/run/by-hand/fpm.sock (Stream)
"""
MOUNTS = "".join(
    "%d 1 0:%d / %s rw - %s %s rw\n" % (number, number, place, kind, kind)
    for number, (place, kind) in enumerate([("/", "overlay"), ("/run", "tmpfs"), ("/srv", "ext4")], 20)
)


def state(enabled: str = "enabled", load: str = "loaded") -> Any:
    return {"enabled": enabled, "load": load, "fragment": "/lib/systemd/system/" + UNIT}


def host(answer: str = "", **files: str) -> FakeHost:
    commands = {ASK: (0, answer, ""), MAKERS: (0, "", "")}
    return FakeHost({"/proc/self/mountinfo": MOUNTS, **files}, commands)


def kinds(problems: Any) -> List[str]:
    return [problem["kind"] for problem in problems]


def enabled(there: FakeHost, systemd: bool = True, down: bool = False, **service: Any) -> List[str]:
    return kinds(subject.enablement(there, fpm()._replace(**service), systemd, down))


class TestBoot:
    @pytest.mark.parametrize("word", ["disabled", "linked", "enabled-runtime", "transient"])
    def test_hit_it_runs_and_no_boot_starts_it(self, word: str) -> None:
        assert enabled(host(), state=state(word)) == ["unit_disabled"]

    @pytest.mark.parametrize("word", ["enabled", "static", "indirect", "generated", "alias"])
    def test_near_miss_a_boot_may_start_it(self, word: str) -> None:
        assert not enabled(host(), state=state(word))

    @pytest.mark.parametrize(
        "answer",
        [
            "WantedBy=nginx.service\n",
            "TriggeredBy=php8.2-fpm.socket\n",
            "WantedBy=\nDropInPaths=/run/systemd/system/nginx.service.d/50-pacemaker.conf\n",
        ],
    )
    def test_near_miss_something_else_starts_it(self, answer: str) -> None:
        assert not enabled(host(answer), state=state("disabled"))

    def test_what_systemd_did_not_say_in_time_is_unknown(self) -> None:
        """As on a host under load, whose target starts the unit."""
        there = host()
        there.commands[ASK] = (None, "", "systemctl did not end within 5 s")
        assert not enabled(there, state=state("disabled"))
        assert [(entry["what"], "5 s" in entry["why"]) for entry in there.missing] == [("units", True)]

    def test_hit_a_masked_unit(self) -> None:
        assert enabled(host(), state=state("masked", "masked")) == ["unit_masked"]

    def test_hit_started_by_hand(self) -> None:
        assert enabled(host(), state=None, unit=None) == ["unit_missing"]

    def test_near_miss_a_unit_of_something_else_started_it(self) -> None:
        there = host(**{"/proc/35/cgroup": "0::/system.slice/supervisor.service\n"})
        assert not enabled(there, state=None, unit=None)

    def test_near_miss_a_host_without_systemd(self) -> None:
        assert not enabled(host(), systemd=False, state=None, unit=None)

    def test_near_miss_what_does_not_run_and_nobody_needs(self) -> None:
        assert not enabled(host(), state=state("disabled"), pid=None)

    @pytest.mark.parametrize("word, kind", [("disabled", "unit_disabled"), ("masked", "unit_masked")])
    def test_hit_what_is_down_and_no_boot_starts(self, word: str, kind: str) -> None:
        assert enabled(host(), down=True, state=state(word), pid=None) == [kind]

    def test_near_miss_what_is_down_and_a_boot_starts(self) -> None:
        assert not enabled(host(), down=True, state=state("enabled"), pid=None)


class TestRefusals:
    def refusals(self, monkeypatch: Any, *problems: Any, **pre: Any) -> Any:
        monkeypatch.setattr(subject, "start_refusals", lambda *_arguments: iter(problems))
        there = host()
        return list(subject.refusals(there, fpm(), launch(**pre))), there.missing

    def test_hit_a_condition(self, monkeypatch: Any) -> None:
        (problem,), missing = self.refusals(monkeypatch, ("condition", "a restart would stop at X"))
        assert (problem["kind"], problem["severity"], missing) == ("start_refused", "critical", [])

    @pytest.mark.parametrize("kind", ["stops_another", "manual", "start_limit"])
    def test_what_a_person_decides_is_a_warning(self, monkeypatch: Any, kind: str) -> None:
        (problem,), _missing = self.refusals(monkeypatch, (kind, "x"))
        assert (problem["severity"], problem["at"]) == ("warning", ["restart"])

    @pytest.mark.parametrize("kind, severity", [("other_unit", "warning"), ("missing_unit", "critical")])
    def test_hit_a_unit_that_it_needs(self, monkeypatch: Any, kind: str, severity: str) -> None:
        (problem,), _missing = self.refusals(monkeypatch, (kind, "x"))
        assert (problem["severity"], problem["at"]) == (severity, ["restart", "boot"])

    @pytest.mark.parametrize("kind", ["command", "unasked_condition"])
    def test_what_cannot_be_tried_is_unknown(self, monkeypatch: Any, kind: str) -> None:
        problems, missing = self.refusals(monkeypatch, (kind, "x"))
        assert not problems and missing[0]["what"] == "unit_start"

    def test_near_miss_nginxs_own_test_before_its_start(self, monkeypatch: Any) -> None:
        own = "{ path=/usr/sbin/nginx ; argv[]=/usr/sbin/nginx -t -q -g daemon on; ; ignore_errors=no }"
        assert self.refusals(monkeypatch, ("command", "x"), ExecStartPre=[own]) == ([], [])

    def test_hit_another_command_beside_nginxs_test(self, monkeypatch: Any) -> None:
        own = "argv[]=/usr/sbin/nginx -t ; x argv[]=/usr/local/bin/check nginx -t ; "
        _problems, missing = self.refusals(monkeypatch, ("command", "x"), ExecStartPre=[own])
        assert missing


def directories(there: FakeHost, path: str, **made: Any) -> List[str]:
    held = [Held(fpm(), pool("unix:" + path))]
    return kinds(subject.directories(there, held, {UNIT: launch(**made)}))


class TestDirectory:
    def test_hit_nothing_makes_it_at_boot(self) -> None:
        assert directories(host(), "/run/by-hand/a.sock") == ["socket_directory_lost"]

    def test_hit_only_the_directory_above_is_made(self) -> None:
        assert directories(host(), "/run/a/b/a.sock", makes=["/run/a"]) == ["socket_directory_lost"]

    @pytest.mark.parametrize("path", ["/run/a.sock", "/srv/a/a.sock", "/var/lib/a/a.sock"])
    def test_near_miss_it_stays(self, path: str) -> None:
        assert not directories(host(), path)

    @pytest.mark.parametrize(
        "made",
        [
            {"makes": ["/run/by-hand"]},
            {"makes": ["/run/by-hand/deeper"]},
            {"ExecStartPre": ["argv[]=/bin/mkdir -p /run/by-hand ; "]},
        ],
    )
    def test_near_miss_the_unit_makes_it(self, made: Dict[str, Any]) -> None:
        assert not directories(host(), "/run/by-hand/a.sock", **made)

    @pytest.mark.parametrize(
        "answer",
        [
            BY_SOCKET,
            "RuntimeDirectory=other by-hand\n",
            "ExecStart={ path=/bin/mkdir ; argv[]=/bin/mkdir -p /run/by-hand ; ignore_errors=no }\n",
            "ExecStart={ path=/usr/bin/install ; argv[]=/usr/bin/install -d /run/by-hand ; }\n",
        ],
    )
    def test_near_miss_another_unit_makes_it(self, answer: str) -> None:
        there = host()
        there.commands[MAKERS] = (0, answer, "")
        assert not directories(there, "/run/by-hand/a.sock")

    @pytest.mark.parametrize(
        "answer",
        [
            "Listen=/run/by-hand-too/fpm.sock (Stream)\n",
            "RuntimeDirectory=by-handy\n",
            "ExecStart={ path=/bin/rm ; argv[]=/bin/rm -rf /run/by-hand ; ignore_errors=no }\n",
        ],
    )
    def test_hit_other_units_make_others(self, answer: str) -> None:
        there = host()
        there.commands[MAKERS] = (0, answer, "")
        assert directories(there, "/run/by-hand/a.sock") == ["socket_directory_lost"]

    @pytest.mark.parametrize(
        "script",
        [
            "#!/bin/sh\ninstall -d -m 755 /run/by-hand\n",
            '#!/bin/bash\nplace="/run/by-hand"\nmkdir -p "$place"\n',
        ],
    )
    @pytest.mark.parametrize("run", ["", "/bin/sh "])
    def test_near_miss_a_script_of_a_unit_makes_it(self, script: str, run: str) -> None:
        there = host(**{"/usr/local/sbin/prepare": script})
        unit = "ExecStart={ path=/x ; argv[]=%s/usr/local/sbin/prepare ; ignore_errors=no }\n" % run
        there.commands[MAKERS] = (0, unit, "")
        assert not directories(there, "/run/by-hand/a.sock")

    @pytest.mark.parametrize(
        "script",
        [
            "#!/bin/sh\nrm -rf /run/by-hand\n",
            "#!/bin/sh\nmkdir -p /run/other /run/by-handy\n",
            "#!/bin/sh\n# mkdir /run/by-hand\n",
            "mkdir -p /run/by-hand\n",
        ],
    )
    def test_hit_a_script_of_a_unit_makes_another(self, script: str) -> None:
        there = host(**{"/usr/local/sbin/prepare": script})
        unit = "ExecStartPre={ path=/x ; argv[]=/usr/local/sbin/prepare ; ignore_errors=no }\n"
        there.commands[MAKERS] = (0, unit, "")
        assert directories(there, "/run/by-hand/a.sock") == ["socket_directory_lost"]

    def test_near_miss_the_script_of_each_boot_makes_it(self) -> None:
        script = {"/etc/rc.local": "#!/bin/sh\nmkdir -p /run/by-hand\n"}
        assert not directories(host(**script), "/run/by-hand/a.sock")

    def test_who_makes_it_is_unknown_without_systemd(self) -> None:
        there = host()
        there.commands[MAKERS] = (None, "", "systemctl did not end within 5 s")
        assert not directories(there, "/run/by-hand/a.sock")
        assert [entry["what"] for entry in there.missing] == ["units"]

    def test_near_miss_an_entry_of_tmpfiles(self) -> None:
        entry = {"/usr/lib/tmpfiles.d/x.conf": "d /var/run/by-hand 0755 - - -\n"}
        assert not directories(host(**entry), "/run/by-hand/a.sock")


class TestLinks:
    """What somebody made by hand after an upgrade, to spare the vhosts."""

    def links(self, **more: Any) -> List[Any]:
        there = host(**more.pop("files", {}))
        there.files["/run/php/a.sock"] = b""
        there.links["/run/php/old.sock"] = "a.sock"
        ways = dialled([route("unix:/run/php/old.sock"), route("unix:/run/php/a.sock")])
        return list(subject.links(there, web(), ways, {UNIT: launch(**more)}))

    def test_hit_nothing_makes_it_at_boot(self) -> None:
        (problem,) = self.links()
        assert (problem["kind"], problem["at"], problem["line"]) == ("no_listener", ["boot"], 7)

    def test_hit_a_stop_takes_its_directory_away(self) -> None:
        assert self.links(makes=["/run/php"])[0]["at"] == ["restart", "boot"]

    def test_near_miss_a_line_of_tmpfiles(self) -> None:
        entry = {"/etc/tmpfiles.d/x.conf": "L /run/php/old.sock - - - - a.sock\n"}
        assert not self.links(files=entry)

    def test_hit_a_line_that_makes_another_thing(self) -> None:
        assert self.links(files={"/etc/tmpfiles.d/x.conf": "d /run/php/old.sock 0755\n"})

    def test_near_miss_the_unit_makes_it(self) -> None:
        """As Debian's helper does."""
        helper = "argv[]=/usr/lib/php/php-fpm-socket-helper install /run/php/old.sock /etc/www.conf 82 ; "
        assert not self.links(ExecStartPost=[helper])
