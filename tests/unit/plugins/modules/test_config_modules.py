# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_config and nginx_config in check mode, on a described host: what they would change, and what they
refuse. With real daemons: the fleet tests.
"""

import json
from typing import Any, Callable, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import carry_out
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_config, nginx_config
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

Run = Callable[..., Dict[str, Any]]
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
SITE = "/etc/nginx/conf.d/shop.conf"
FILES = {
    CONFIG: "[global]\nerror_log = /var/log/fpm.log\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n",
    POOL: "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 3 ; few\n",
    "/usr/sbin/php-fpm8.2": "",
    "/proc/none": "",
    "/usr/sbin/nginx": "",
    "/etc/nginx/nginx.conf": "http {\n    include conf.d/*.conf;\n}\n",
    SITE: "server {\n    server_name shop.example;\n    location / {\n        fastcgi_pass "
    "unix:/run/php/www.sock;\n    }\n}\n",
}


@pytest.fixture(name="check")
def fixture_check(run_module: Any, monkeypatch: Any) -> Run:
    """Check mode on a described host: neither the disk nor a daemon can be asked about its files."""

    def check(module: Any, accepted: bool = True, **arguments: Any) -> Dict[str, Any]:
        answer = Ran(0 if accepted else 1, "", "" if accepted else "nginx: [emerg] no such thing")
        monkeypatch.setattr(carry_out, "check", lambda *_arguments: None)
        monkeypatch.setattr(carry_out, "trial", lambda *_arguments, **_options: answer)
        reply: Dict[str, Any] = run_module(module, FakeHost(FILES), _ansible_check_mode=True, **arguments)
        return reply

    return check


@pytest.fixture(name="fpm")
def fixture_fpm(check: Run) -> Run:
    return lambda **arguments: check(fpm_config, **arguments)


@pytest.fixture(name="nginx")
def fixture_nginx(check: Run) -> Run:
    """Of one location, a timeout unless said otherwise."""

    def nginx(args: Sequence[str] = (), **more: Any) -> Dict[str, Any]:
        context = [{"server": "shop.example"}, {"location": "/"}]
        timeout = {"context": context, "directive": "fastcgi_read_timeout", "args": list(args)}
        return check(nginx_config, **dict(timeout, **more))

    return nginx


def added(reply: Dict[str, Any]) -> List[str]:
    return [
        line[1:]
        for entry in reply["diff"]
        for line in entry["prepared"].splitlines()[2:]
        if line.startswith("+")
    ]


class TestFpmConfig:
    def test_it_shows_the_one_line_that_would_change(self, fpm: Any) -> None:
        reply = fpm(pool="www", settings={"pm.max_children": 9})
        assert (reply["changed"], reply["files"], reply["commands"], added(reply)) == (
            True,
            [POOL],
            [],
            ["pm.max_children = 9 ; [redacted]"],
        )

    def test_it_has_nothing_to_do_where_it_is_so(self, fpm: Any) -> None:
        reply = fpm(pool="WWW", settings={"pm.max_children": 3, "pm": "static"})
        assert (reply["changed"], reply["files"], reply["diff"]) == (False, [], [])

    def test_it_sets_the_global_section_without_a_pool(self, fpm: Any) -> None:
        reply = fpm(settings={"process_control_timeout": "10s"})
        assert (reply["files"], added(reply)) == ([CONFIG], ["process_control_timeout = 10s"])

    @pytest.mark.parametrize(
        "arguments, words",
        [
            (
                {"pool": "shop", "settings": {"pm": "static"}},
                "No php-fpm has the pool shop; on this host: %s (www)" % CONFIG,
            ),
            (
                {"config": "/etc/other.conf", "settings": {"pm": "static"}},
                "No php-fpm has that configuration",
            ),
            ({"pool": "www", "settings": {"pm": "static\nuser = root"}}, "Nothing was changed"),
            (
                {"pool": "www", "settings": {"pm.max_children": 4}, "service": "reload"},
                "was not started by systemd",
            ),
        ],
    )
    def test_it_refuses_in_words(self, arguments: Dict[str, Any], words: str, fpm: Any) -> None:
        assert words in fpm(**arguments)["msg"]


class TestNginxConfig:
    def test_it_puts_a_new_directive_beside_its_family(self, nginx: Any) -> None:
        reply = nginx(["90s"])
        assert (reply["changed"], reply["files"], added(reply)) == (
            True,
            [SITE],
            ["        fastcgi_read_timeout 90s;"],
        )

    def test_it_has_nothing_to_take_out_where_there_is_none(self, nginx: Any) -> None:
        assert nginx(state="absent")["changed"] is False

    @pytest.mark.parametrize(
        "more, words",
        [
            ({"context": [{"server": "blog.example"}]}, "Nothing was changed"),
            ({"context": []}, "context is a list"),
            ({"accepted": False}, "no such thing"),
            ({"context": [{"server": "shop.example", "location": "/"}]}, "context is a list"),
            ({"reload": True}, "nginx was not started by systemd"),
        ],
    )
    def test_it_refuses_in_words(self, more: Dict[str, Any], words: str, nginx: Any) -> None:
        reply = nginx(["90s"], **more)
        assert reply["failed"] and words in reply["msg"]


class TestReply:
    """What both of them return and print."""

    @pytest.mark.parametrize("module", [fpm_config, nginx_config])
    def test_all_that_is_returned_is_documented(self, module: Any, fpm: Any, nginx: Any) -> None:
        documented = pytest.importorskip("yaml").safe_load(module.RETURN)
        reply = nginx(["90s"]) if module is nginx_config else fpm(pool="www", settings={"pm.max_children": 9})
        assert set(documented) == set(reply) - {"changed", "invocation"}
        assert set(documented["diff"]["sample"][0]) == set(reply["diff"][0])

    def test_a_secret_value_is_printed_nowhere(self, fpm: Any, nginx: Any) -> None:
        reply = fpm(
            pool="www",
            settings={"env[STRIPE_SK]": "s3cret", "pm.max_children": 9},
        )
        assert (
            "s3cret" not in json.dumps(reply)
            and "+env[STRIPE_SK] = [redacted]\n" in reply["diff"][0]["prepared"]
        )
        assert reply["invocation"]["module_args"]["settings"] == {
            "env[STRIPE_SK]": "[redacted]",
            "pm.max_children": "9",
        }
        for arguments in (["DB", "s3cret"], ["DB", "s3cret\n"]):
            reply = nginx(arguments, directive="fastcgi_param")
            assert "s3cret" not in json.dumps(reply) and reply["invocation"]["module_args"]["args"] == [
                "DB",
                "[redacted]",
            ]
        assert reply["failed"]

    def test_a_refused_value_is_not_printed(self, fpm: Any) -> None:
        reply = fpm(pool="www", settings={"php_flag[x]": "s3cret"})
        assert reply["failed"] and "s3cret" not in json.dumps(reply)

    def test_short_values_are_not_blotted_out_elsewhere(self, fpm: Any) -> None:
        reply = fpm(pool="www", settings={"env[A]": "w"})
        assert reply["files"] == [POOL]
