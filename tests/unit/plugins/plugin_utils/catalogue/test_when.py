# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes that are better where a fact of the finding says more than its reason."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.faults import FAULTS
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.bounds import reader_of
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue, page, placeholders
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.entry import When
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.finding import Facts, Finding
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import finding

READ_IT = catalogue.lookup("php_error", None).fix
MAIN = "/etc/php/8.2/fpm/php-fpm.conf"
# Kind -> (its name, what the fix has).
KINDS = {
    "other_version": (">= 9.1.0", "a pool of PHP >= 9.1.0, which its code needs"),
    "parse_error": (None, "compare the PHP of the site's pool"),
    "removed_function": ("each", "this one has no each() any more"),
    "save_handler": (
        "redis",
        "redis for this PHP (a package of its own), which session.save_handler names; systemctl",
    ),
    "environment_variable": ("DATABASE_URL", "env[DATABASE_URL], or"),
    "database_connections": (None, "(max_connections; Redis: maxclients)"),
    "memory_unit": (None, "256Mb is 256 bytes; systemctl reload php.service"),
    "certificate_file": ("/etc/pki/ca.crt", "in place of /etc/pki/ca.crt"),
    "vendor": (None, "composer install in the application's directory, as its own account and never as root"),
    "redis_files": (None, "Redis cannot write them"),
    "database_driver": (None, "the driver of the site's database for this PHP"),
    "database_file": (None, "write the database's file and its directory"),
    "temporary_directory": ("/var/tmp", "look at the mode of /var/tmp (ls -ld)"),
    "open_basedir": ("/srv/a/vendor/autoload.php", "if /srv/a/vendor/autoload.php is the application's own"),
    "encoded": ("5.6", "a pool of PHP 5.6, or"),
    "database_login": (None, "account, password and name of a database"),
    "database_unreached": (None, "localhost is a socket, 127.0.0.1 a port"),
    "database_method": (None, "SCRAM: libpq 10"),
    "database_host": (None, "a line in pg_hba.conf"),
    "database_blocked": (None, "mysqladmin flush-hosts, of MySQL 8.4"),
    "database_starting": (None, "wait until it takes connections"),
    "database_tls": (None, "sslmode"),
    "service_denied": (None, "x on a socket's directories"),
    "service_silent": (None, "nothing answers at that address"),
    "redis_protected": (None, "Leave its protected mode on"),
    "open_files": (None, "rlimit_files of the site's pool"),
    "disk_full": (None, "(df -h, df -i), of sessions"),
    "newer_function": ("str_contains", "a newer PHP, which has str_contains()"),
    "memcache": ("APCu", "the extension APCu for this PHP (a package of its own), as Nextcloud"),
    "generated": (
        None,
        "setup:di:compile in the application's directory, as its own account and never as root",
    ),
    "development": (None, "set APP_ENV=prod"),
    "database_schema": (None, "(its migrations or updater"),
    "unresolved_name": (None, "etc/resolv.conf"),
    "redis_login": (None, "its requirepass, or its users"),
    "extensions": ("intl, gd", "enable the extensions intl, gd for this PHP"),
    "redis_full": (None, "a maxmemory-policy such as allkeys-lru"),
    "search_unreached": (None, "whether the search engine runs"),
    "trusted_hosts": (None, "the application's list of its names, as trustedHostsPattern"),
    "redis_unreached": (None, "whether Redis runs"),
    "assets": (None, "(npm run build)"),
    "cache_directories": (None, "make storage/framework/views"),
    "application_key": (None, "APP_KEY again, in .env"),
    "host_header": (None, "HTTP_HOST $host beside PHP's other fastcgi_param lines"),
    "quota": (None, "whatever df says"),
    "memory_limit": (None, "raise memory_limit of the site's pool as far as"),
    "disabled_function": ("putenv", "take putenv out of disable_functions (php.ini"),
    "older_code": (None, "what PHP 7 let pass"),
    "environment_file": (None, "application's .env back"),
    "certificate_refused": (None, "Leave the check on"),
    "timezone_database": (None, "install tzdata"),
    "database_read_only": (None, "name the primary"),
    "database_gone": (None, "max_allowed_packet"),
    "database_locked": (None, "what holds the lock"),
    "redis_read_only": (None, "the master of Redis"),
    "redis_loading": (None, "wait until Redis has loaded"),
    "cache_unwritable": (None, "directory for caches to the account"),
    "log_file": (None, "own log to the account"),
    "memory_of_system": (None, "memory_limit is not reached"),
    "execution_time": (None, "max_execution_time of the site's pool"),
    "debugger": (None, "take Xdebug out"),
    "plugin": (None, "plugin or theme of WordPress in whose file"),
    "unreadable": ("/srv/a/config.php", "if /srv/a/config.php is the application's own, let"),
    "database_plugin": (None, "a way to log in that this server has"),
    "database_table": (None, "(mysqlcheck --auto-repair, after a backup)"),
    "database_full": (None, "(df -h, df -i)"),
    "session_cleanup": (None, "session.gc_probability to 0 for the pool"),
    "session_owner": (None, "give the pool a session.save_path of its own"),
    "headers_sent": ("/srv/a/config.php", "a byte order mark before its <?php"),
    "read_only": (None, "it is mounted read-only: see dmesg"),
    "extension": ("redis", "enable the extension redis for this PHP"),
}
HOSTILE = [
    "x`reboot`",
    "$(reboot)",
    "x; reboot",
    "a\nreboot",
    "{unit}",
    "x' reboot",
    "\u202ex",
    "[redacted]{}",
    5,
]


def of(cause: str, reason: str | None, facts: dict[str, Any], **more: Any) -> Any:
    return finding(cause, reason, unit="php.service", remedy=[], facts=facts, **more)


def fix(cause: str, reason: str | None, **facts: Any) -> str:
    return str(catalogue.words_for(of(cause, reason, facts))["fix"])


class TestPhp:
    @pytest.mark.parametrize("kind", sorted(FAULTS))
    @pytest.mark.parametrize("reason", ["every_page", "shown_errors", "before_script"])
    def test_hit_each_kind_has_a_fix(self, kind: str, reason: str) -> None:
        name, words = KINDS[kind]
        assert words in fix("php_error", reason, fault=kind, name=name)

    @pytest.mark.parametrize(
        "facts", [{}, {"fault": None}, {"fault": "of_a_later_version"}, {"name": "each"}]
    )
    def test_near_miss_an_older_or_a_later_host(self, facts: Any) -> None:
        assert fix("php_error", "every_page", **facts) == READ_IT

    @pytest.mark.parametrize("name", HOSTILE)
    @pytest.mark.parametrize("kind", sorted(KINDS))
    def test_decoy_a_name_with_odd_letters(self, kind: str, name: Any) -> None:
        steps = catalogue.steps_for(of("php_error", "every_page", {"fault": kind, "name": name}))
        assert not any("reboot" in step.text or "\u202e" in step.text for step in steps)
        commands = {step.text for step in steps if step.command}
        nginx = "nginx -t && systemctl reload nginx"
        assert commands <= {"systemctl restart php.service", "systemctl reload php.service", nginx}
        if KINDS[kind][0]:
            assert fix("php_error", "every_page", fault=kind, name=name) == READ_IT

    def test_no_command_has_a_name(self) -> None:
        for entry in catalogue.CATALOGUE.values():
            for text in (entry.fix, *(row.fix for row in entry.when)):
                typed = text.split("`")[1::2]
                assert not any("{name}" in part or "{directive}" in part for part in typed)


class TestConfig:
    def fix(self, **facts: Any) -> str:
        return fix("fpm_not_running", "config_invalid", **{"file": MAIN, "line": 3, **facts})

    def test_hit_php_fpm_has_no_main_file(self) -> None:
        assert self.fix(fault="main_file", path=MAIN).startswith("put back %s, from a backup" % MAIN)

    @pytest.mark.parametrize("name", ["pm.max_spawn_rate", "listen.acl_users", "access.suppress_path[]"])
    def test_hit_a_directive_of_another_php(self, name: str) -> None:
        words = "take %s:3 out: this php-fpm has no %s," % (MAIN, name)
        assert self.fix(directive=name).startswith(words)

    @pytest.mark.parametrize("name", ["upload_max_filesize", "memory_limit", "date.timezone"])
    def test_hit_a_setting_of_php_ini(self, name: str) -> None:
        words = "write %s:3 as php_admin_value[%s] of a pool" % (MAIN, name)
        assert self.fix(directive=name).startswith(words)

    @pytest.mark.parametrize("name", ["max_children", "memory_limits", "error_logs", "session"])
    def test_near_miss_what_php_ini_does_not_have(self, name: str) -> None:
        assert self.fix(directive=name).startswith("correct %s:3" % MAIN)

    @pytest.mark.parametrize("facts", [{}, {"directive": "pm.max_spawn_rates"}, {"path": MAIN}])
    def test_near_miss_what_is_to_be_corrected(self, facts: Any) -> None:
        assert self.fix(**facts).startswith("correct %s:3" % MAIN)


class TestOthers:
    def test_opcache_has_more_strings_than_memory(self) -> None:
        words = fix("fpm_not_running", "shared_memory", fault="interned_strings")
        assert words.startswith("let opcache.memory_consumption be larger than opcache.interned_")
        assert "lower opcache.memory_consumption" in fix("fpm_not_running", "shared_memory")

    def test_systemd_takes_no_file_of_the_unit(self) -> None:
        words = fix("fpm_not_running", "unit_setup_failed", fault="unit_file")
        assert "a drop-in empties ExecStart= before it sets it" in words
        words = fix("fpm_not_running", "unit_setup_failed", path="/srv/a")
        assert words.startswith("make /srv/a, or take it out of the unit")

    @pytest.mark.parametrize(
        "step, words",
        [
            ("CHDIR", "make the directory of WorkingDirectory=, let User= enter it"),
            ("STDOUT", "make the directory of the file of StandardOutput="),
            ("USER", "make the account of User="),
            ("LOGS_DIRECTORY", "let LogsDirectory= have its directory in /var/log: no file"),
            ("LATER", "correct what the unit sets up at the step LATER"),
        ],
    )
    def test_systemd_cannot_set_a_step_up(self, step: str, words: str) -> None:
        fixed = fix("fpm_not_running", "unit_setup_failed", name=step)
        assert fixed.startswith(words) and "systemctl daemon-reload && systemctl start" in fixed

    def test_systemd_holds_the_socket(self) -> None:
        made = "systemctl restart shop.socket && systemctl start php.service"
        for reason, words in (
            ("stopped", made),
            ("start_limit_hit", "systemctl reset-failed php.service && " + made),
            ("config_invalid", "systemctl stop php.service && " + made),
            ("masked", "systemctl unmask php.service && " + made),
        ):
            assert fix("fpm_not_running", reason, sockets="shop.socket").endswith(words)
        assert fix("socket_path_mismatch", "socket_deleted", sockets="a.socket b.socket") == (
            "systemctl stop php.service && systemctl restart a.socket b.socket && systemctl start php.service"
        )
        assert fix("fpm_not_running", "stopped") == "systemctl start php.service"

    def test_links_lead_in_a_circle(self) -> None:
        words = fix("nginx_own_error", "gone_root", fault="link_circle")
        assert words.startswith("make the link in the evidence anew")
        assert "mount the file system" in fix("nginx_own_error", "gone_root")

    def test_the_dead_server_is_taken_out(self) -> None:
        item = finding("socket_path_mismatch", "other_socket", remedy=[])
        item["facts"] = {"file": "/etc/nginx/a", "line": 7, "answering": "unix:/run/b.sock"}
        assert catalogue.enrich(item)["fix"].startswith("take the dead server out of /etc/nginx/a:7, or")
        assert "dead server" not in catalogue.enrich({**item, "cause": "fpm_not_running"})["fix"]

    def test_neither_side_has_loaded_its_files(self) -> None:
        item = of("socket_path_mismatch", "config_not_loaded", {}, state="latent")
        assert [step.text for step in catalogue.steps_for(item) if step.command] == [
            "systemctl reload php.service nginx"
        ]
        assert "nginx -t" not in fix("socket_path_mismatch", "config_not_loaded")


class TestRows:
    def test_each_row_asks_for_what_a_finding_has(self) -> None:
        known = {*Facts.__annotations__, "state"}
        for entry in catalogue.CATALOGUE.values():
            assert {row.fact for row in entry.when} <= known

    def test_a_kind_of_a_later_host_is_read(self) -> None:
        item = of("php_error", "every_page", {"fault": "of_a_later_version", "name": "x"})
        assert reader_of(Finding)(item, "finding")["facts"] == item["facts"]


class TestPage:
    """docs/causes.md."""

    def test_values_with_the_same_fix_stand_together(self) -> None:
        rows = [
            When("fault", "a", "do {name}"),
            When("fault", "b", "do {name}"),
            When("fault", "c", "`{reload}`"),
        ]
        assert page.better_fixes(rows)[1:] == [
            "  - `fault` is `a` or `b`: do NAME.",
            "  - `fault` is `c`: `systemctl reload UNIT`.",
        ]

    def test_many_values_stand_below_their_fix(self) -> None:
        rows = [When("directive", name, "do it") for name in "abcd"]
        assert page.better_fixes(rows)[1:] == [
            "  - `directive` is among the 4 below: do it.",
            "    `a`, `b`, `c`, `d`",
        ]

    def test_a_fact_may_have_any_value(self) -> None:
        assert page.better_fixes([When("answering", None, "do it")])[1:] == [
            "  - `answering` is known: do it."
        ]

    def test_decoy_an_entry_without_any(self) -> None:
        assert page.better_fixes(()) == []

    def test_each_is_on_the_page(self) -> None:
        text = page.markdown()
        for entry in catalogue.CATALOGUE.values():
            assert all(placeholders.named(row.fix) in text for row in entry.when)


class TestFirst:
    """What has to be done before php-fpm may load its files."""

    REFUSED = "/etc/php/8.2/fpm/pool.d/www.conf:491"

    def words(self, cause: str, reason: str, **facts: Any) -> tuple[str, str]:
        words = catalogue.words_for({**finding(cause, reason), "unit": "php8.2-fpm.service", "facts": facts})
        return words["fix"], words["advice"]

    @pytest.mark.parametrize("reason", ["socket_deleted", "config_not_loaded"])
    def test_a_file_that_would_end_it_comes_first(self, reason: str) -> None:
        fix, advice = self.words("socket_path_mismatch", reason, refused=self.REFUSED)
        assert fix.startswith("first correct %s, which php-fpm -t refuses" % self.REFUSED)
        assert "; then " in fix and "systemctl re" in fix
        assert advice.startswith("First correct %s: " % self.REFUSED)

    def test_near_miss_no_file_is_refused(self) -> None:
        assert self.words("socket_path_mismatch", "socket_deleted")[0].startswith("systemctl restart ")

    def test_near_miss_a_cure_that_loads_nothing(self) -> None:
        fix, advice = self.words("socket_permission_denied", "parent_directory", refused=self.REFUSED)
        assert self.REFUSED not in fix + advice
