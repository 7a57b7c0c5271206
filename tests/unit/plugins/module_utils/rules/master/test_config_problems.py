# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each problem of php-fpm's configuration, from the file that has it to the finding that names it, on a host
where php-fpm -t cannot run.
"""

import os
import re
from typing import Any, Dict, List, NamedTuple, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import (
    failure_of_test,
    start_failure,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master.down import REASON_OF
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/php/8.2/fpm/php-fpm.conf"
POOL_FILE = "/etc/php/8.2/fpm/pool.d/www.conf"
INCLUDE = "[global]\nerror_log = /var/log/php8.2-fpm.log\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n"
POOL = "[www]\nuser = www-data\nlisten = /run/php/php8.2-fpm.sock\npm = static\npm.max_children = 5\n"
DYNAMIC = POOL.replace("static", "dynamic")
SPARE = "pm.min_spare_servers = %d\npm.max_spare_servers = %d\n"


class Broken(NamedTuple):
    """Files with a problem, and where it is. line: 0 for the file as a whole."""

    line: int
    text: str
    pool: Optional[str] = POOL
    main: str = INCLUDE
    file: str = POOL_FILE
    reason: str = "config_invalid"


# By kind.
PROBLEMS: Dict[str, Broken] = {
    "fpm-uid": Broken(
        2, "cannot get uid for user 'ghost'", POOL.replace("www-data", "ghost"), reason="unknown_user"
    ),
    "fpm-syntax": Broken(6, "syntax error", POOL + "pm.max_requests = (5\n"),
    "fpm-null-value": Broken(6, "value is NULL", POOL + "# a comment\n"),
    "fpm-conf-open": Broken(3, "failed to open configuration file '%s'" % POOL_FILE, None, file=MAIN),
    "fpm-include-depth": Broken(6, "failed to include more than 5", POOL + "include = %s\n" % POOL_FILE),
    "fpm-include-glob": Broken(
        3,
        "Unable to globalize '/etc/gone/*.conf'",
        main=INCLUDE.replace("php/8.2/fpm/pool.d", "gone"),
        file=MAIN,
    ),
    "fpm-no-pool": Broken(0, "No pool defined", "; empty\n", file=MAIN),
    "fpm-no-user": Broken(1, "user has not been defined", POOL.replace("user = www-data\n", "")),
    "fpm-no-listen": Broken(1, "no listen address", POOL.replace("listen = /run/php/php8.2-fpm.sock\n", "")),
    "fpm-no-pm": Broken(4, "the process manager is missing", POOL.replace("static", "automatic")),
    "fpm-max-children-conf": Broken(5, "pm.max_children must be", POOL.replace("= 5", "= 0")),
    "fpm-slowlog-missing": Broken(6, "'slowlog' must be specified", POOL + "request_slowlog_timeout = 3\n"),
    "fpm-min-spare": Broken(6, "pm.min_spare_servers(0) must be", DYNAMIC + SPARE % (0, 3)),
    "fpm-max-spare": Broken(7, "pm.max_spare_servers(0) must be", DYNAMIC + SPARE % (1, 0)),
    "fpm-spare-gt-max": Broken(7, "greater than pm.max_children(5)", DYNAMIC + SPARE % (1, 9)),
    "fpm-spare-order": Broken(7, "less than pm.min_spare_servers(4)", DYNAMIC + SPARE % (4, 3)),
    "fpm-start-servers": Broken(
        8, "pm.start_servers(9) must not", DYNAMIC + SPARE % (1, 3) + "pm.start_servers = 9\n"
    ),
    "fpm-dup-listen": Broken(8, "already used in another pool 'www'", POOL + POOL.replace("www]", "two]")),
    "fpm-errorlog-open": Broken(
        2,
        "failed to open error_log (/gone/php8.2-fpm.log)",
        main=INCLUDE.replace("/var/log", "/gone"),
        file=MAIN,
        reason="log_unwritable",
    ),
    "fpm-chroot": Broken(6, "the chroot path '/srv/gone' does not exist", POOL + "chroot = /srv/gone\n"),
    "fpm-accesslog-open": Broken(
        6, "failed to open access log", POOL + "access.log = /gone/access.log\n", reason="log_unwritable"
    ),
    "fpm-slowlog-open": Broken(
        6,
        "Unable to create or open slowlog",
        POOL + "slowlog = /gone/x\nrequest_slowlog_timeout = 3\n",
        reason="log_unwritable",
    ),
}


def collected(broken: Broken) -> List[Dict[str, Any]]:
    """What the collector finds in these files of a php-fpm that does not run."""
    files = {MAIN: broken.main, "/usr/sbin/php-fpm8.2": "ELF", "/var/log/php8.2-fpm.log": ""}
    links = {}
    if broken.pool is None:
        links[POOL_FILE] = "/gone"
    else:
        files[POOL_FILE] = broken.pool
    host = FakeHost(files, links=links)
    return list(collect_fpm(host, [], test="never")["masters"][0]["config_errors"])


def stopped(problems: List[Dict[str, Any]], **test: Any) -> hosts.Host:
    """A master that does not run. test: what php-fpm -t gave; it could not run, unless said."""
    result = test or {"ran": False, "why": "the main file is large"}
    return a_host("stopped").with_master(config_errors=problems, test=result)


@pytest.mark.parametrize("kind", sorted(PROBLEMS))
class TestEachProblem:
    def test_it_is_the_reason_with_its_place(self, kind: str) -> None:
        broken = PROBLEMS[kind]
        finding = hosts.only(stopped(collected(broken)))
        proof = finding["evidence"][0]
        assert (finding["cause"], finding["reason"]) == ("fpm_not_running", broken.reason)
        assert (proof["path"], proof["line"]) == (broken.file, broken.line)
        assert broken.text in proof["text"] and broken.text in finding["summary"]
        assert finding["remedy"] == []

    def test_it_has_the_words_that_php_fpm_has(self, kind: str) -> None:
        problem = collected(PROBLEMS[kind])[0]
        row = next(row for row in PHP_FPM.rows() if row.id == kind)
        hit = PHP_FPM.find(re.sub(r"^\[pool \w+\] ", "", problem["text"]), row.phase)
        assert hit is not None and (problem["kind"], hit[0].id) == (kind, kind)
        failure = start_failure(["[22-Nov-2026 23:27:17] %s: %s" % (row.phase, problem["text"])])
        assert failure is not None and REASON_OF[failure.meaning] == PROBLEMS[kind].reason
        assert problem["path"] == failure.path
        assert problem.get("account") == ("ghost" if kind == "fpm-uid" else None)

    def test_a_snapshot_without_its_path_is_judged(self, kind: str) -> None:
        older = collected(PROBLEMS[kind])
        for problem in older:
            del problem["path"]
        finding = hosts.only(stopped(older))
        assert finding["reason"] == PROBLEMS[kind].reason
        assert "place" not in [piece["source"] for piece in finding["evidence"]]


class TestTheseProblems:
    def test_every_kind_in_the_code_is_proved_here(self) -> None:
        for path in ("parse/php_fpm/conf.py", "parse/php_fpm/pools.py", "collect/php_fpm/masters.py"):
            with open(os.path.join(ROOT, "plugins", "module_utils", path), encoding="utf-8") as stream:
                assert set(re.findall(r'"(fpm-[a-z-]+)"', stream.read())) <= set(PROBLEMS)


class TestNoProblem:
    @pytest.mark.parametrize(
        "kind, reason", [("fpm-no-pm", "stopped"), ("fpm-accesslog-open", "log_unwritable")]
    )
    def test_what_php_fpm_itself_accepts(self, kind: str, reason: str) -> None:
        """Its own test is right, but for what it does not look at."""
        host = stopped(collected(PROBLEMS[kind]), ran=True, ok=True, rc=0, output=[])
        assert hosts.only(host)["reason"] == reason

    @pytest.mark.parametrize(
        "pool",
        [
            POOL.replace("= 5", "= ${CHILDREN}"),
            POOL.replace("www-data", "${OWNER}"),
            POOL + "access.log = ${LOGS}/gone/access.log\n",
        ],
    )
    def test_a_value_that_only_php_fpm_can_fill_in(self, pool: str) -> None:
        assert collected(Broken(0, "", pool)) == []

    def test_files_that_only_php_fpm_can_find(self) -> None:
        assert collected(Broken(0, "", main=INCLUDE.replace("/etc/php", "${CONF}/php"))) == []


class TestFacts:
    """What the words for people name."""

    def refused(self, line: str, problems: List[Dict[str, Any]]) -> Any:
        tested = {"output": [line], "failure": failure_of_test([line])}
        return hosts.only(stopped(problems, ran=True, ok=False, rc=78, **tested))["facts"]

    def test_hit_a_directive_that_php_fpm_does_not_know(self) -> None:
        facts = self.refused("ERROR: [%s:9] unknown entry 'pm.max_spawn_rate'" % POOL_FILE, [])
        assert facts == {"file": POOL_FILE, "line": 9, "directive": "pm.max_spawn_rate"}

    def test_near_miss_a_value_that_php_fpm_does_not_take(self) -> None:
        facts = self.refused("ERROR: [%s:9] unable to parse value for entry 'pm': x" % POOL_FILE, [])
        assert "directive" not in facts and "fault" not in facts

    def lost(self, path: str) -> List[Dict[str, Any]]:
        problem = collected(PROBLEMS["fpm-conf-open"])[0]
        return [dict(problem, file=MAIN, line=0, path=path)]

    @pytest.mark.parametrize("tested", [True, False])
    def test_hit_the_main_file_is_not_there(self, tested: bool) -> None:
        line = "ERROR: failed to open configuration file '%s': No such file or directory (2)" % MAIN
        problems = self.lost(MAIN)
        facts = self.refused(line, problems) if tested else hosts.only(stopped(problems))["facts"]
        assert (facts["fault"], facts["path"]) == ("main_file", MAIN)

    def test_near_miss_a_file_that_the_main_one_includes(self) -> None:
        facts = hosts.only(stopped(self.lost(POOL_FILE)))["facts"]
        assert "fault" not in facts and facts["path"] == POOL_FILE

    def test_decoy_a_fault_in_the_main_file(self) -> None:
        facts = self.refused("ERROR: [%s:3] unknown entry 'x'" % MAIN, [])
        assert facts == {"file": MAIN, "line": 3, "directive": "x"}


class TestOlderSnapshot:
    def test_a_problem_without_a_kind_counts(self) -> None:
        problems = collected(PROBLEMS["fpm-no-pm"])
        del problems[0]["kind"]
        assert hosts.only(stopped(problems))["reason"] == "config_invalid"
