# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests and starts that are tried, and what only the sandbox refuses."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import trials as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.trials import Tried
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal, Untried
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead import parts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

NGINX: Dict[str, Any] = {
    "binary": "/usr/sbin/nginx", "prefix": "/etc/nginx", "config": "/etc/nginx/nginx.conf", "opens": [],
    "options": {},
}  # fmt: skip
FPM = parts.fpm()._replace(
    master=parts.master(
        binary="/usr/sbin/php-fpm8.2", unit_state=None, error_log=None, pools=[], config_errors=[]
    )
)


@pytest.fixture(name="says")
def fixture_says(monkeypatch: Any) -> Any:
    def says(rc: Optional[int], err: str = "") -> List[Any]:
        trials: List[Any] = []

        def trial(*arguments: Any) -> Ran:
            trials.append(arguments)
            return Ran(rc, "", err)

        monkeypatch.setattr(subject, "trial", trial)
        return trials

    return says


class TestNginx:
    def test_a_refused_file_is_named_with_its_line(self, says: Any) -> None:
        says(
            1,
            '2026/11/26 19:50:25 [emerg] 1#1: unknown directive "fastcgi_pas" in /etc/nginx/conf.d/a.conf:3',
        )
        outcome = subject.nginx_test(FakeHost(), NGINX)
        assert (outcome.result, outcome.file, outcome.line) == ("refused", "/etc/nginx/conf.d/a.conf", 3)
        assert str(outcome.why).startswith("unknown directive")

    def test_a_file_that_is_not_there_is_named_by_its_directive(self, says: Any) -> None:
        says(1, '2026/11/26 19:50:25 [emerg] 1#1: cannot load certificate "/etc/no.pem": x')
        text = "http {\n server {\n ssl_certificate /etc/no.pem;\n }\n}\n"
        outcome = subject.nginx_test(FakeHost({"/etc/nginx/nginx.conf": text}), NGINX)
        assert (outcome.file, outcome.line) == ("/etc/nginx/nginx.conf", 3)

    @pytest.mark.parametrize(
        "words",
        [
            '[emerg] 1#1: host not found in upstream "php.example" in /etc/nginx/a:3',
            '[emerg] 1#1: chown("/var/lib/nginx/body", 5) failed (30: Read-only file system)',
            "[emerg] 1#1: bind() to unix:/run/x failed (30: Read-only file system)",
        ],
    )
    def test_what_only_the_sandbox_refuses_is_unknown(self, says: Any, words: str) -> None:
        says(1, words)
        assert subject.nginx_test(FakeHost(), NGINX).result == "not_run"

    @pytest.mark.parametrize(
        "more",
        [{"writable": {"path": "/etc/nginx/a", "who": "alice"}}, {"account": "alice"}, {"binary": None}],
    )
    def test_root_tests_nothing_that_others_can_write(self, says: Any, more: Any) -> None:
        trials = says(0)
        outcome = subject.nginx_test(FakeHost(), dict(NGINX, **more))
        assert outcome.result == "not_run" and not trials

    def test_who_is_not_root_tests_nothing(self, says: Any) -> None:
        trials = says(0)
        host = FakeHost(root=False)
        assert subject.nginx_test(host, NGINX).result == "not_run"
        assert subject.fpm_test(host, FPM, None).result == "not_run" and not trials

    def test_nothing_is_begun_after_the_deadline(self, says: Any) -> None:
        trials, host = says(0), FakeHost()
        host.deadline = host.monotonic()
        assert "deadline" in str(subject.nginx_test(host, NGINX).why) and not trials


class TestFpm:
    def test_a_refused_file_is_named_with_its_line(self, says: Any) -> None:
        says(78, "[26-Nov-2026 19:00:00] ERROR: [/etc/a.conf:12] unknown entry 'pm.max_childen'\n")
        outcome = subject.fpm_test(FakeHost(), FPM, None)
        assert (outcome.result, outcome.file, outcome.line) == ("refused", "/etc/a.conf", 12)

    @pytest.mark.parametrize("user, result", [("www-data", "not_run"), ("nobody-there", "refused")])
    def test_an_account_of_the_network_is_unknown(self, says: Any, user: str, result: str) -> None:
        """Without a network php-fpm does not find it, and the host does."""
        says(78, "ERROR: [pool a] cannot get uid for user '%s'\n" % user)
        assert subject.fpm_test(FakeHost(), FPM, None).result == result

    def test_a_pool_that_it_names_is_named_with_its_file(self, says: Any) -> None:
        says(78, "[26-Nov-2026 20:33:44] ERROR: [pool a] cannot get uid for user 'gone'\n")
        made = dict(FPM.master or {}, pools=[parts.pool(line=1)])
        outcome = subject.fpm_test(FakeHost(), FPM._replace(master=made), None)
        assert (outcome.file, outcome.line, outcome.pool) == (parts.POOL_FILE, 1, "a")
        assert str(outcome.why).startswith("[pool a] cannot")

    def test_what_passed_passed(self, says: Any) -> None:
        says(0)
        assert subject.fpm_test(FakeHost(), FPM, None) == Tried("passed")


class TestStart:
    def start(self, monkeypatch: Any, outcome: Any) -> Tried:
        def rehearse(*_arguments: Any) -> Optional[str]:
            if isinstance(outcome, Exception):
                raise outcome
            return str(outcome) if outcome else None

        monkeypatch.setattr(subject, "rehearse", rehearse)
        monkeypatch.setattr(subject, "definition_of", lambda *_arguments: [])
        return subject.fpm_start(FakeHost(), FPM, parts.launch(), [])

    @pytest.mark.parametrize(
        "outcome, result",
        [
            (None, "passed"),
            ("it was tried and failed: bind", "refused"),
            ("it failed: Read-only file system", "not_run"),
            (Untried("its unit has RootDirectory="), "not_run"),
            (Refusal("EnvironmentFile= cannot be read"), "refused"),
        ],
    )
    def test_a_start(self, monkeypatch: Any, outcome: Any, result: str) -> None:
        assert self.start(monkeypatch, outcome).result == result

    def test_without_a_unit_nothing_is_started(self) -> None:
        assert subject.fpm_start(FakeHost(), FPM, None, []).result == "not_run"


class TestProblems:
    def test_a_refused_configuration_is_told_once(self) -> None:
        config = Tried("refused", "why", "/etc/a", 3, "a")
        (problem,) = subject.problems_of(FPM, config, Tried("refused", "why"))
        assert (problem["kind"], problem["file"], problem["line"]) == ("config_refused", "/etc/a", 3)
        assert problem["fix"].startswith("Mend /etc/a ")

    def test_a_pool_that_no_site_dials_is_a_warning(self) -> None:
        (problem,) = subject.problems_of(FPM._replace(sites=[]), Tried("refused", "why"), Tried("not_run"))
        assert problem["severity"] == "warning"

    def test_near_miss_what_was_not_run_is_no_problem(self) -> None:
        assert not subject.problems_of(FPM, Tried("not_run", "x"), Tried("not_run", "x"))
