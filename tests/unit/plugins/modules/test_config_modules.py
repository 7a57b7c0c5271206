# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_config and nginx_config in check mode, on a described host: what they would change, and what they
refuse. With real daemons: the fleet tests.
"""

import json
from typing import Any, Dict, List, Optional

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import carry_out
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_config, nginx_config
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

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


def run(
    module: Any, capsys: Any, monkeypatch: Any, accepted: bool = True, **arguments: Any
) -> Dict[str, Any]:
    given = dict(
        arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False, _ansible_check_mode=True
    )
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    monkeypatch.setattr(module, "Host", lambda: FakeHost(FILES))
    # The files are described, so neither the disk nor a daemon can be asked about them.
    monkeypatch.setattr(carry_out, "check", lambda *_arguments: None)
    answer = Ran(0 if accepted else 1, "", "" if accepted else "nginx: [emerg] no such thing")
    monkeypatch.setattr(carry_out, "trial", lambda *_arguments, **_options: answer)
    with pytest.raises(SystemExit):
        module.main()
    return dict(json.loads(capsys.readouterr().out))


def added(told: Dict[str, Any]) -> List[str]:
    return [
        line[1:]
        for entry in told["diff"]
        for line in entry["prepared"].splitlines()[2:]
        if line.startswith("+")
    ]


def test_fpm_config_shows_the_one_line_that_would_be_another(capsys: Any, monkeypatch: Any) -> None:
    told = run(fpm_config, capsys, monkeypatch, pool="www", settings={"pm.max_children": 9})
    assert (told["changed"], told["files"], told["commands"], added(told)) == (
        True,
        [POOL],
        [],
        ["pm.max_children = 9 ; [redacted]"],
    )


def test_fpm_config_has_nothing_to_do_where_it_is_so(capsys: Any, monkeypatch: Any) -> None:
    told = run(fpm_config, capsys, monkeypatch, pool="WWW", settings={"pm.max_children": 3, "pm": "static"})
    assert (told["changed"], told["files"], told["diff"]) == (False, [], [])


def test_fpm_config_sets_the_global_section_without_a_pool(capsys: Any, monkeypatch: Any) -> None:
    told = run(fpm_config, capsys, monkeypatch, settings={"process_control_timeout": "10s"})
    assert (told["files"], added(told)) == ([CONFIG], ["process_control_timeout = 10s"])


@pytest.mark.parametrize(
    "arguments, told",
    [
        (
            {"pool": "shop", "settings": {"pm": "static"}},
            "No php-fpm has the pool shop; on this host: %s (www)" % CONFIG,
        ),
        ({"config": "/etc/other.conf", "settings": {"pm": "static"}}, "No php-fpm has that configuration"),
        ({"pool": "www", "settings": {"pm": "static\nuser = root"}}, "Nothing was changed"),
        (
            {"pool": "www", "settings": {"pm.max_children": 4}, "service": "reload"},
            "was not started by systemd",
        ),
    ],
)
def test_fpm_config_refuses_in_words(
    arguments: Dict[str, Any], told: str, capsys: Any, monkeypatch: Any
) -> None:
    assert told in run(fpm_config, capsys, monkeypatch, **arguments)["msg"]


def nginx(
    capsys: Any, monkeypatch: Any, args: Optional[List[str]] = None, accepted: bool = True, **more: Any
) -> Dict[str, Any]:
    context = [{"server": "shop.example"}, {"location": "/"}]
    return run(
        nginx_config,
        capsys,
        monkeypatch,
        accepted,
        **dict({"context": context, "directive": "fastcgi_read_timeout", "args": args or []}, **more),
    )


def test_nginx_config_puts_a_new_directive_beside_its_family(capsys: Any, monkeypatch: Any) -> None:
    told = nginx(capsys, monkeypatch, ["90s"])
    assert (told["changed"], told["files"], added(told)) == (
        True,
        [SITE],
        ["        fastcgi_read_timeout 90s;"],
    )


def test_nginx_config_has_nothing_to_take_out_of_a_block_without_it(capsys: Any, monkeypatch: Any) -> None:
    assert nginx(capsys, monkeypatch, state="absent")["changed"] is False


@pytest.mark.parametrize(
    "more, told",
    [
        ({"context": [{"server": "blog.example"}]}, "Nothing was changed"),
        ({"context": []}, "context is a list"),
        ({"accepted": False}, "no such thing"),
        ({"context": [{"server": "shop.example", "location": "/"}]}, "context is a list"),
        ({"reload": True}, "nginx was not started by systemd"),
    ],
)
def test_nginx_config_refuses_in_words(
    more: Dict[str, Any], told: str, capsys: Any, monkeypatch: Any
) -> None:
    reply = nginx(capsys, monkeypatch, ["90s"], **more)
    assert reply["failed"] and told in reply["msg"]


@pytest.mark.parametrize("module", [fpm_config, nginx_config])
def test_all_that_is_returned_is_documented(module: Any, capsys: Any, monkeypatch: Any) -> None:
    documented = pytest.importorskip("yaml").safe_load(module.RETURN)
    told = (
        nginx(capsys, monkeypatch, ["90s"])
        if module is nginx_config
        else run(module, capsys, monkeypatch, pool="www", settings={"pm.max_children": 9})
    )
    assert set(documented) == set(told) - {"changed", "invocation"}
    assert set(documented["diff"]["sample"][0]) == set(told["diff"][0])


def test_a_secret_value_is_nowhere_in_what_the_engine_prints(capsys: Any, monkeypatch: Any) -> None:
    told = run(
        fpm_config,
        capsys,
        monkeypatch,
        pool="www",
        settings={"env[STRIPE_SK]": "s3cret", "pm.max_children": 9},
    )
    assert (
        "s3cret" not in json.dumps(told) and "+env[STRIPE_SK] = [redacted]\n" in told["diff"][0]["prepared"]
    )
    assert told["invocation"]["module_args"]["settings"] == {
        "env[STRIPE_SK]": "[redacted]",
        "pm.max_children": "9",
    }
    for arguments in (["DB", "s3cret"], ["DB", "s3cret\n"]):
        told = nginx(capsys, monkeypatch, arguments, directive="fastcgi_param")
        assert "s3cret" not in json.dumps(told) and told["invocation"]["module_args"]["args"] == [
            "DB",
            "[redacted]",
        ]
    assert told["failed"]


def test_a_value_that_is_refused_is_not_told(capsys: Any, monkeypatch: Any) -> None:
    told = run(fpm_config, capsys, monkeypatch, pool="www", settings={"php_flag[x]": "s3cret"})
    assert told["failed"] and "s3cret" not in json.dumps(told)


def test_short_values_are_not_blotted_out_elsewhere(capsys: Any, monkeypatch: Any) -> None:
    told = run(fpm_config, capsys, monkeypatch, pool="www", settings={"env[A]": "w"})
    assert told["files"] == [POOL]
