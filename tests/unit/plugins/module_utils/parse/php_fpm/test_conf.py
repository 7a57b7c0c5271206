# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader of php-fpm's configuration against what php-fpm 7.4, 8.2 and 8.4 themselves made of the same
files (php-fpm -tt).
"""

import fnmatch
import glob
import json
import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.files import NotOpened
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import (
    FpmConf,
    parse_fpm_conf,
    scan_value,
    to_seconds,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pool_detail import pool_detail
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pools import (
    pool_facts,
    start_problems,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("fpm")
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]
POOL = "[www]\nuser = www-data\nlisten = /run/www.sock\npm = static\npm.max_children = 2\n"


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8", newline="") as stream:
        return stream.read()


def no_such_file(path: str) -> None:
    raise NotOpened("No such file or directory (2)")


def parse(files: Dict[str, str], prefix: str = "/usr") -> FpmConf:
    """The first of files is the main one."""

    def read(path: str) -> Optional[str]:
        return files[path] if path in files else no_such_file(path)

    def expand(pattern: str) -> List[str]:
        return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))

    return parse_fpm_conf(next(iter(files)), read, expand, prefix)


def one_pool(text: str) -> Dict[str, Any]:
    return pool_detail(parse({"/c": text}).pools[0], "/usr")


def stock(host: str) -> FpmConf:
    version = host.split("-")[0]
    return parse(
        {
            "/etc/php/%s/fpm/php-fpm.conf" % version: fixture(host + "-php-fpm.conf"),
            "/etc/php/%s/fpm/pool.d/www.conf" % version: fixture(host + "-www.conf"),
        }
    )


def tricky() -> FpmConf:
    base = os.path.join(FIXTURES, "tricky")
    names = ["php-fpm.conf"] + sorted(os.path.relpath(path, base) for path in glob.glob(base + "/*/*.conf"))
    files = {"/srv/fpm/" + name: fixture("tricky/" + name) for name in names}
    # php-fpm read this one with CRLF line ends, which a repository would not keep.
    files["/srv/fpm/pool.d/10-alpha.conf"] = files["/srv/fpm/pool.d/10-alpha.conf"].replace("\n", "\r\n")
    return parse(files)


def values_of(dump: str) -> Dict[str, Dict[str, str]]:
    """php-fpm -tt -> {section: {key: value}}; "undefined" is left out."""
    sections: Dict[str, Dict[str, str]] = {}
    name = ""
    for line in dump.splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            sections[name] = {}
        elif line.startswith("\t"):
            key, _equals, value = line.strip().partition(" = ")
            if value != "undefined":
                sections[name].setdefault(key, value)
    return sections


STRINGS = (
    "user",
    "group",
    "listen.owner",
    "listen.group",
    "listen.mode",
    "pm.status_path",
    "ping.path",
    "ping.response",
    "access.format",
    "chdir",
)
NUMBERS = (
    "pm.max_children",
    "pm.start_servers",
    "pm.min_spare_servers",
    "pm.max_spare_servers",
    "pm.max_requests",
    "rlimit_files",
)
SECONDS = ("request_slowlog_timeout", "request_terminate_timeout")


class TestAgainstPhpFpm:
    """php-fpm -tt of the same files."""

    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize("case", ["stock", "tricky"])
    def test_pools(self, host: str, case: str) -> None:
        conf = stock(host) if case == "stock" else tricky()
        real = values_of(fixture("%s-%s.tt" % (host, case)))
        assert [pool.name for pool in conf.pools] == [name for name in real if name != "global"]
        for pool in conf.pools:
            theirs, facts = real[pool.name], pool_facts(pool, "/usr")
            for key in STRINGS:
                assert pool.text(key) == theirs.get(key), (pool.name, key)
            for key in NUMBERS:
                assert (pool.number(key) or 0) == int(theirs[key]), (pool.name, key)
            for key in SECONDS:
                assert "%ds" % pool.seconds(key) == theirs[key], (pool.name, key)
            assert facts["pm"] == theirs["pm"]
            assert facts["slowlog"] == theirs.get("slowlog")
            assert facts["access_log"] == theirs.get("access.log")
            assert facts["prefix"] == theirs.get("prefix")
            assert facts["catch_workers_output"] is (theirs["catch_workers_output"] == "yes")
            assert facts["idle_timeout"] == int(theirs["pm.process_idle_timeout"])
            assert ",".join(facts["acl_users"]) == theirs.get("listen.acl_users", "")
            assert facts["endpoint"] in ("unix:" + theirs["listen"], "*:" + theirs["listen"])

    @pytest.mark.parametrize("host", HOSTS)
    def test_global_section(self, host: str) -> None:
        real, top = values_of(fixture(host + "-tricky.tt"))["global"], tricky().top
        assert top.text("error_log") == real["error_log"]
        assert top.number("process.max") == int(real["process.max"])
        assert "%ds" % top.seconds("process_control_timeout") == real["process_control_timeout"]
        assert "%ds" % top.seconds("emergency_restart_interval") == real["emergency_restart_interval"]
        assert top.flag("daemonize", True) is (real["daemonize"] == "yes")


# Operators, constants and ${...} need PHP itself: the first two are no part of any directive, the third is
# told apart.
UNDONE = (
    "a|b",
    "a&b",
    "!a",
    "~a",
    "a^b",
    "PHP_VERSION",
    "E_ALL",
    "E_ALL & ~E_NOTICE",
    "${HOME}",
    '"${HOME}"',
    "${NOPE:-def}",
)


class TestValues:
    @pytest.mark.parametrize("host", HOSTS)
    def test_every_spelling_reads_as_php_fpm_reads_it(self, host: str) -> None:
        spellings = json.loads(fixture(host + "-values.json"))
        assert len(spellings) > 60
        for spelling, real in spellings.items():
            if spelling in UNDONE or str(real).startswith("ERR"):
                continue
            conf = parse({"/c": "[www]\nping.response = %s\n" % spelling})
            mine = None if conf.problems else conf.pools[0].text("ping.response")
            assert mine == real, spelling

    @pytest.mark.parametrize("first", ["", "; a comment\n"])
    def test_hit_byte_order_mark_before_the_first_line(self, first: str) -> None:
        """As an editor puts it there: php-fpm 7.4, 8.2 and 8.4 skip it."""
        conf = parse({"/c": "\ufeff" + first + POOL})
        assert ([pool.name for pool in conf.pools], conf.problems) == (["www"], [])

    def test_near_miss_byte_order_mark_in_the_middle(self) -> None:
        conf = parse({"/c": POOL + "\ufeff[blog]\n"})
        assert [pool.name for pool in conf.pools] == ["www"] and conf.problems

    def test_near_miss_dollar_that_begins_no_variable(self) -> None:
        assert scan_value("${HOME}") == ("", True, None)
        assert scan_value("${HOME:-/srv}/x") == ("/srv/x", True, None)
        assert scan_value('"${HOME}/x"') == ("/x", True, None)
        assert scan_value("$HOME/$pool") == ("$HOME/$pool", False, None)

    def test_directive_has_the_place_where_it_is_set_last(self) -> None:
        alpha = tricky().pools[0]
        assert alpha.settings["pm.max_children"][1:] == ("/srv/fpm/pool.d/10-alpha.conf", 10)
        assert alpha.settings["request_terminate_timeout"] == ("90", "/srv/fpm/more/10.conf", 2)
        assert (alpha.file, alpha.line) == ("/srv/fpm/pool.d/10-alpha.conf", 1)

    def test_time_is_its_leading_integer_with_its_last_letter(self) -> None:
        assert [
            to_seconds(text) for text in ("30", "30s", "2m", "1h", "1d", "1.5m", "0", "", None, "soon")
        ] == [
            30,
            30,
            120,
            3600,
            86400,
            60,
            0,
            0,
            0,
            0,
        ]


class TestPoolFacts:
    def test_first_memory_limit_of_an_administrator_wins(self) -> None:
        assert (
            one_pool(POOL + "php_value[memory_limit] = 1M\nphp_value[memory_limit] = 2M")["memory_limit"]
            == "1M"
        )
        assert (
            one_pool(POOL + "php_value[memory_limit] = 1M\nphp_admin_value[memory_limit] = 2M")[
                "memory_limit"
            ]
            == "2M"
        )
        assert one_pool(POOL)["memory_limit"] is None

    def test_a_log_of_phps_own_is_told_where_its_path_is_whole(self) -> None:
        named = "php_admin_value[error_log] = /var/log/php-fpm/$pool-error.log"
        assert one_pool(POOL + named)["php_log"] == "/var/log/php-fpm/www-error.log"
        assert "php_log" not in one_pool(POOL + "php_value[error_log] = syslog")
        assert "php_log" not in one_pool(POOL)

    def test_no_value_of_env_or_a_php_setting_leaves(self) -> None:
        facts = one_pool(
            POOL + "env[DB] = hunter2\nphp_admin_value[curl.cainfo] = hunter2\nphp_value[x] = "
            "hunter2\nphp_flag[y] = "
            "on\n"
        )
        assert "hunter2" not in json.dumps(facts)
        assert facts["php_keys"] == ["env[DB]", "php_admin_value[curl.cainfo]", "php_flag[y]", "php_value[x]"]

    def test_relative_socket_is_below_the_prefix_of_its_pool(self) -> None:
        assert one_pool("[a]\nlisten = run/a.sock\n")["endpoint"] == "unix:/usr/run/a.sock"
        assert (
            one_pool("[a]\nprefix = /srv/$pool\nlisten = run/a.sock\n")["endpoint"]
            == "unix:/srv/a/run/a.sock"
        )
        assert one_pool("[a]\nlisten = 127.0.0.1:9000\n")["endpoint"] == "127.0.0.1:9000"
        assert one_pool("[a]\nlisten = 9000\n")["endpoint"] == "*:9000"
        assert one_pool("[a]\nlisten = a.sock\n")["endpoint"] == "unix:/usr/a.sock"


class TestIncludes:
    def test_includes_stop_where_php_fpm_stops(self) -> None:
        files = {"/c%d" % depth: "include = /c%d\n[p%d]\n" % (depth + 1, depth) for depth in range(5)}
        files["/c5"] = "[p5]\n"
        conf = parse({name: files[name] for name in sorted(files)})
        assert [pool.name for pool in conf.pools] == ["p4", "p3", "p2", "p1", "p0"]
        assert [(problem["file"], problem["line"]) for problem in conf.problems] == [("/c4", 1)]
        loop = parse({"/c": POOL + "include = /c\n"})
        assert len(loop.problems) == 1 and "more than 5 files" in loop.problems[0]["text"]

    def test_near_miss_file_that_only_we_cannot_read(self) -> None:
        conf = parse_fpm_conf("/c", lambda path: None, lambda pattern: [])
        assert conf.problems == []
        conf = parse_fpm_conf("/c", no_such_file, lambda pattern: [])
        assert (
            conf.problems[0]["text"]
            == "failed to open configuration file '/c': No such file or directory (2)"
        )


def refused(text: str, as_root: bool = True) -> List[str]:
    conf = parse({"/c": text})
    return [
        problem["text"]
        for problem in start_problems(conf, [pool_facts(pool, "/usr") for pool in conf.pools], as_root)
    ]


DYNAMIC = POOL.replace("static", "dynamic").replace("= 2", "= 5")


class TestStartProblems:
    @pytest.mark.parametrize(
        "text, why",
        [
            ("", "No pool defined. at least one pool section must be specified in config file"),
            (POOL.replace("user = www-data\n", ""), "[pool www] user has not been defined"),
            (POOL.replace("/run/www.sock", ""), "[pool www] no listen address have been defined!"),
            (
                POOL.replace("pm = static\n", ""),
                "[pool www] the process manager is missing (static, dynamic or ondemand)",
            ),
            (POOL.replace("= 2", "= 0"), "[pool www] pm.max_children must be a positive value"),
            (
                POOL + "request_slowlog_timeout = 3\n",
                "[pool www] 'slowlog' must be specified for use with 'request_slowlog_timeout'",
            ),
            (
                DYNAMIC + "pm.max_spare_servers = 3\n",
                "[pool www] pm.min_spare_servers(0) must be a positive value",
            ),
            (
                DYNAMIC + "pm.min_spare_servers = 3\n",
                "[pool www] pm.max_spare_servers(0) must be a positive value",
            ),
            (
                DYNAMIC + "pm.min_spare_servers = 1\npm.max_spare_servers = 99\n",
                (
                    "[pool www] pm.min_spare_servers(1) and pm.max_spare_servers(99) cannot be greater than "
                    "pm.max_children(5)"
                ),
            ),
            (
                DYNAMIC + "pm.min_spare_servers = 4\npm.max_spare_servers = 3\n",
                "[pool www] pm.max_spare_servers(3) must not be less than pm.min_spare_servers(4)",
            ),
            (
                DYNAMIC + "pm.min_spare_servers = 1\npm.max_spare_servers = 3\npm.start_servers = 9\n",
                (
                    "[pool www] pm.start_servers(9) must not be less than pm.min_spare_servers(1) and not "
                    "greater "
                    "than pm.max_spare_servers(3)"
                ),
            ),
            (
                POOL + POOL.replace("www]", "two]"),
                "[pool two] unable to set listen address as it's already used in another pool 'www'",
            ),
            (POOL + "pm.max_requests\n", "[/c:6] value is NULL for a ZEND_INI_PARSER_ENTRY"),
        ],
    )
    def test_hit_in_the_words_of_php_fpm(self, text: str, why: str) -> None:
        assert refused(text) == [why]

    @pytest.mark.parametrize(
        "text",
        [
            POOL,
            DYNAMIC + "pm.min_spare_servers = 1\npm.max_spare_servers = 5\n",
            DYNAMIC + "pm.min_spare_servers = 1\npm.max_spare_servers = 3\npm.start_servers = 0\n",
            POOL + POOL.replace("www]", "two]").replace("www.sock", "two.sock"),
            POOL + "slowlog = /x\nrequest_slowlog_timeout = 3\n",
            POOL.replace("static", "ondemand") + "pm.start_servers = 99\n",
            POOL.replace("pm =", "PM ="),
        ],
    )
    def test_near_miss_php_fpm_takes_it(self, text: str) -> None:
        assert refused(text) == []

    def test_near_miss_master_without_root_needs_no_user(self) -> None:
        assert refused(POOL.replace("user = www-data\n", ""), as_root=False) == []
