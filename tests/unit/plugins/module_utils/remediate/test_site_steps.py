# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written and loaded to make a site, or to take it away."""

from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.site import Seen, Written
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import site_steps
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.site_pair import together
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.site_steps import Pair
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal, Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.trust import (
    a_host,
    stat,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
POOL, VHOST = "/etc/php/8.2/fpm/pool.d/shop.conf", "/etc/nginx/sites-enabled/shop.conf"
MAIN = "[global]\nerror_log = /var/log/fpm.log\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n"
WWW = "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 3\n"
MARK = "%s Written by webmedic.php_fpm, role site, for site shop.\n"
POOL_TEXT = (
    MARK % ";"
    + "[shop]\nuser = shop\nlisten = /run/php/shop.sock\nlisten.owner = www-data\n"
    + "slowlog = /var/log/nginx/s.log\n"
)
VHOST_TEXT = MARK % "#" + "server {\n    access_log /var/log/nginx/a.log combined;\n}\n"
PAIR = Pair("shop", CONFIG, VHOST, VHOST_TEXT, POOL, POOL_TEXT, False, 35)


def host(**files: str) -> FakeHost:
    """files: pool and vhost, where they are there."""
    there = {CONFIG: MAIN, "/etc/php/8.2/fpm/pool.d/www.conf": WWW}
    return FakeHost({**there, **{{"pool": POOL, "vhost": VHOST}[name]: text for name, text in files.items()}})


def a_pool(name: str, file: str) -> Dict[str, Any]:
    return {
        "name": name,
        "file": file,
        "endpoint": "unix:/run/php/%s.sock" % name,
        "access_log": None,
        "slowlog": None,
    }


def seen(*pools: Dict[str, Any], written: Sequence[Written] = (), **master: Any) -> Seen:
    unit = {"enabled": "enabled", "oom_policy": "continue", "restart": "on-failure", "command": None}
    fpm: Any = {
        "config": CONFIG,
        "unit": "php8.2-fpm.service",
        "unit_state": {**unit, **master.pop("unit_state", {})},
        "binary": "/usr/sbin/php-fpm8.2",
        "account": None,
        "writable": None,
        "running": True,
        "prefix": "/usr",
        "error_log": None,
        "process_control_timeout": 60.0,
        "log_level": "notice",
        "pools": list(pools) or [a_pool("www", "/etc/php/8.2/fpm/pool.d/www.conf")],
        **master,
    }
    nginx: Any = {
        "unit": "nginx.service",
        "binary": "/usr/sbin/nginx",
        "prefix": "/usr",
        "config": "/etc/nginx.conf",
    }
    nginx.update(opens=[], account=None, writable=None)
    return Seen(nginx, [fpm], [], {}, [], list(written))


def ran(step: Step) -> List[str]:
    return [" ".join(command.do[1:]) for command in step.commands]


class TestPair:
    def test_both_files_are_written_and_loaded_pool_first(self) -> None:
        step = site_steps.pair_step(host(), seen(), PAIR)
        assert [change.path for change in step.changes] == [POOL, VHOST]
        assert ran(step) == ["reload php8.2-fpm.service", "reload nginx.service"]

    def test_the_tests_may_open_the_new_logs(self) -> None:
        fpm, nginx = site_steps.pair_step(host(), seen(), PAIR).trials
        assert "/var/log/nginx/s.log" in fpm.silent and "/var/log/nginx/a.log" in nginx.silent

    def test_nothing_is_done_where_all_is_there(self) -> None:
        step = site_steps.pair_step(host(pool=POOL_TEXT, vhost=VHOST_TEXT), seen(), PAIR)
        assert not step.changes and not step.commands and not step.trials

    def test_rights_of_a_socket_need_a_restart(self) -> None:
        old = POOL_TEXT.replace("www-data", "nginx")
        assert ran(site_steps.pair_step(host(pool=old, vhost=VHOST_TEXT), seen(), PAIR)) == [
            "restart php8.2-fpm.service"
        ]

    def test_another_socket_needs_none(self) -> None:
        old = POOL_TEXT.replace("www-data", "nginx").replace("shop.sock", "old.sock")
        assert ran(site_steps.pair_step(host(pool=old, vhost=VHOST_TEXT), seen(), PAIR)) == [
            "reload php8.2-fpm.service"
        ]

    def test_a_unit_that_is_down_and_disabled_is_enabled_and_started(self) -> None:
        down = seen(running=False, unit_state={"enabled": "disabled"})
        assert ran(site_steps.pair_step(host(), down, PAIR))[:2] == [
            "enable php8.2-fpm.service",
            "start php8.2-fpm.service",
        ]

    def test_grace_and_level_are_raised_and_never_lowered(self) -> None:
        step = site_steps.pair_step(host(), seen(process_control_timeout=5.0, log_level="error"), PAIR)
        after = (step.changes[0].after or b"").decode()
        assert step.changes[0].path == CONFIG
        assert "process_control_timeout = 35s" in after and "log_level = notice" in after

    @pytest.mark.parametrize("file", ["pool", "vhost"])
    def test_a_file_of_somebody_else_is_refused(self, file: str) -> None:
        with pytest.raises(Refusal, match="the role did not write it for site shop"):
            site_steps.pair_step(host(**{file: "# mine\n"}), seen(), PAIR)

    def test_a_file_of_another_site_is_refused(self) -> None:
        with pytest.raises(Refusal, match="did not write it for site shop"):
            site_steps.pair_step(host(vhost=VHOST_TEXT.replace("shop.", "blog.")), seen(), PAIR)

    def test_it_is_overwritten_where_that_is_asked_for(self) -> None:
        step = site_steps.pair_step(host(vhost="# mine\n"), seen(), PAIR._replace(adopt=True))
        assert step.changes[-1].before == b"# mine\n"

    def test_a_pool_of_that_name_elsewhere_is_refused(self) -> None:
        with pytest.raises(Refusal, match="has a pool shop already"):
            site_steps.pair_step(host(), seen(a_pool("shop", "/etc/php/8.2/fpm/pool.d/www.conf")), PAIR)


class TestDefault:
    """Who answers for names that no server has."""

    def taken(self, other: str, vhost: str = "server { listen 80; }") -> Any:
        there = host()
        there.files["/etc/nginx.conf"] = b"http { include /etc/nginx/sites-enabled/*; }"
        there.files["/etc/nginx/sites-enabled/zoo"] = other.encode()
        site = seen()
        site.nginx["options"] = {}
        pair = PAIR._replace(vhost_text=MARK % "#" + vhost)
        return site_steps.taken_default(there, site, site_steps.pair_step(there, site, pair), pair)

    def test_a_site_that_comes_first_is_told(self) -> None:
        assert "in place of /etc/nginx/sites-enabled/zoo" in self.taken("server { listen 80; }")

    def test_a_marked_server_stays(self) -> None:
        assert self.taken("server { listen 80 default_server; }") is None

    def test_an_address_of_its_own_is_nobodys(self) -> None:
        assert self.taken("server { listen 80; }", "server { listen 8080; }") is None


class TestTls:
    TEXT = "server {\n    ssl_certificate %s/a.conf;\n    ssl_certificate_key %s/a.conf;\n}\n"

    def test_a_file_that_somebody_else_can_write_is_told(self) -> None:
        """Whoever can write it can keep nginx from its next reload."""
        warning = site_steps.foreign_tls(
            a_host({"/etc/php": stat("directory", 0o755, uid=1000)}), self.TEXT % ("/etc/php", "/etc/php")
        )
        assert warning is not None and warning.startswith("alice can write /etc/php,")

    def test_near_miss_one_of_roots_is_not(self) -> None:
        assert site_steps.foreign_tls(a_host(), self.TEXT % ("/etc/php", "/etc/php")) is None
        assert site_steps.foreign_tls(a_host(), VHOST_TEXT) is None


class TestDropIn:
    def test_it_is_written_where_the_unit_has_less(self) -> None:
        step = site_steps.drop_in_step(host(), seen(unit_state={"oom_policy": "stop"}), PAIR)
        assert ran(step) == ["daemon-reload"] and step.changes[0].path.endswith("50-webmedic.conf")

    def test_a_unit_that_is_set_up_so_already_stays(self) -> None:
        assert not site_steps.drop_in_step(host(), seen(unit_state={"restart": "always"}), PAIR).changes


class TestRemoval:
    def test_nginx_lets_go_of_the_file(self) -> None:
        step = site_steps.removal_step(host(vhost=VHOST_TEXT), seen(), "shop", [Written(VHOST, "shop", "")])
        assert step.changes[0].after is None and ran(step) == ["reload nginx.service"]

    def test_php_fpm_keeps_its_other_pools(self) -> None:
        there = seen(a_pool("shop", POOL), a_pool("www", "/x.conf"))
        step = site_steps.removal_step(host(pool=POOL_TEXT), there, "shop", [Written(POOL, "shop", CONFIG)])
        assert ran(step) == ["reload php8.2-fpm.service"] and step.trials

    def test_the_last_pool_is_refused(self) -> None:
        with pytest.raises(Refusal, match="no pool left"):
            site_steps.removal_step(
                host(pool=POOL_TEXT), seen(a_pool("shop", POOL)), "shop", [Written(POOL, "shop", CONFIG)]
            )

    def test_a_php_fpm_that_is_down_is_not_loaded(self) -> None:
        there = seen(a_pool("shop", POOL), running=False)
        step = site_steps.removal_step(host(pool=POOL_TEXT), there, "shop", [Written(POOL, "shop", CONFIG)])
        assert step.changes and not step.commands

    def test_nothing_to_remove_is_nothing_to_do(self) -> None:
        step = site_steps.removal_step(host(), seen(), "shop", [])
        assert not step.changes and not step.commands


def outcome(result: str, why: str = "", *files: str) -> Outcome:
    return Outcome(result, why, list(files), [], [], None)


class TestTogether:
    def test_nothing_done_is_unchanged(self) -> None:
        assert together([outcome("unchanged"), outcome("unchanged")]).result == "unchanged"

    def test_files_of_all_steps_are_told(self) -> None:
        assert together([outcome("done", "", "a"), outcome("done", "", "b")]).files == ["a", "b"]

    def test_a_refusal_after_a_change_is_no_refusal(self) -> None:
        both = together([outcome("done", "", "a"), outcome("refused", "no")])
        assert both.result == "failed" and "what came first is done" in both.why

    def test_a_refusal_of_the_first_step_is_one(self) -> None:
        assert together([outcome("refused", "no")]).result == "refused"
