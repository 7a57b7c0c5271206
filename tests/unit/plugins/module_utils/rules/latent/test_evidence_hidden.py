# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next diagnosis would need is not logged, or will be lost."""

from typing import Any, Callable, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.by_cause import (
    by_cause,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    UNIT,
    a_risky_host,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import master, pool

risks, the_risk = by_cause("evidence_hidden")
FILE = "/etc/logrotate.d/web"
CONFIG = master(a_host())["config"]
OUTPUT = {"pool": "www", "config": CONFIG, "error_log": "/dev/stderr", "file": "/pool", "line": 3}


def hook(program: Optional[str], what: str, text: str = "", config: Optional[str] = None) -> Dict[str, Any]:
    shown = text or "systemctl %s %s" % (
        what,
        UNIT.split(".", maxsplit=1)[0] if program == "php-fpm" else program,
    )
    return {"program": program, "what": what, "file": FILE, "line": 9, "text": shown, "config": config}


WORDS = {
    "open_to_all": "everybody can write /a (mode 0640), and no su says as whom to rotate",
    "open_to_group": "group adm can write /a (mode 0640), and no su says as whom to rotate",
    "su_denied": "su www-data: that account cannot rename a log in /a (mode 0640, owner root)",
    "not_created": "nothing makes the new file (nocreate), and www-data cannot make it in /a (mode 0640, "
    "owner root)",
    "closed_file": "the new file is 0640 root adm: www-data cannot write it",
    "closed_directory": "www-data cannot search /a (mode 0640): its workers cannot open the new file",
}


def barred(kind: str) -> Dict[str, str]:
    return {"kind": kind, "path": "/a", "mode": "0640", "user": "www-data", "owner": "root", "group": "adm"}


def log(writer: str = "nginx", **facts: Any) -> Dict[str, Any]:
    row = {
        "path": "/var/log/nginx/error.log" if writer == "nginx" else "/var/log/fpm.log",
        "writer": writer,
        "pool": None,
        "config": CONFIG,
        "by": "root",
        "file": FILE,
        "line": 1,
        "stays": False,
        "created": "0640 www-data adm",
        "barred": None,
        "hooks": [hook(writer, "reopen")],
    }
    return dict(row, **facts)


def rotation(*logs: Dict[str, Any], **more: Any) -> Host:
    return a_risky_host(rotation=dict({"installed": True, "logs": list(logs), "hooks": []}, **more))


def crashing() -> Host:
    return a_risky_host().fpm_said("fpm-exit-sigsegv", 30.0)


# Reason -> a host that has it.
HITS: Dict[str, Callable[[], Host]] = {
    "log_level": lambda: a_risky_host().logging("crit"),
    "log_off": lambda: a_risky_host().logging("error", "/dev/null"),
    "fpm_log_level": lambda: a_risky_host().with_master(log_level="error"),
    "fpm_log_off": lambda: a_risky_host().with_master(error_log="/dev/null"),
    "worker_output_lost": lambda: a_risky_host(outputs=[OUTPUT]),
    "logrotate_reloads": lambda: rotation(hooks=[hook("php-fpm", "reload")]),
    "logrotate_unwritable": lambda: rotation(
        log("PHP", by="www-data", barred=barred("closed_file"), pool="www")
    ),
    "logrotate_not_reopened": lambda: rotation(log(hooks=[])),
}


class TestHidden:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason(self, reason: str) -> None:
        assert risks(HITS[reason]()) == [reason]

    def test_decoy_stock_logs(self) -> None:
        assert risks(rotation(log(), log("php-fpm"), log("PHP", hooks=[]))) == []

    @pytest.mark.parametrize("make", [a_host, a_risky_host])
    def test_decoy_nobody_looked(self, make: Any) -> None:
        assert risks(make()) == []


class TestNginx:
    def test_hit_the_access_log_tells_their_number(self) -> None:
        found = the_risk(HITS["log_level"]())
        assert found["severity"] == "info" and "crit" in found["summary"]
        assert (found["evidence"][0]["path"], found["evidence"][0]["line"]) == ("/etc/nginx/nginx.conf", 3)

    def test_hit_nothing_tells(self) -> None:
        found = the_risk(a_risky_host().logging("crit", unlogged=["off"], access=[]))
        assert found["severity"] == "warning"
        assert "access_log is off" in found["evidence"][1]["text"]

    def test_hit_a_server_elsewhere(self) -> None:
        found = the_risk(a_risky_host().logging("error", "syslog:server=192.0.2.1"))
        assert found["reason"] == "log_off" and "syslog:server=192.0.2.1" in found["summary"]

    def test_hit_off_is_a_file(self) -> None:
        found = the_risk(a_risky_host().logging("error", "/usr/share/nginx/off", silent=[]))
        assert (found["reason"], found["severity"]) == ("log_off", "info")
        assert "/usr/share/nginx/off" in found["summary"] and found["sites"]

    def test_near_miss_level_warn_shows_them(self) -> None:
        assert risks(a_risky_host().logging("warn")) == []


class TestPhpFpm:
    @pytest.mark.parametrize("level", ["notice", "warning", "debug"])
    def test_near_miss_a_level_that_tells(self, level: str) -> None:
        assert risks(a_risky_host().with_master(log_level=level)) == []

    @pytest.mark.parametrize(
        "key, allowed, found",
        [
            ("127.0.0.1:9000", ["192.0.2.1"], ["worker_output_lost"]),
            ("[::1]:9000", ["127.0.0.1"], ["worker_output_lost"]),
            ("192.0.2.7:9000", ["192.0.2.7"], ["worker_output_lost"]),
            ("127.0.0.1:9000", ["127.0.0.1"], []),
            ("[::1]:9000", ["127.0.0.1", "::1"], []),
        ],
    )
    def test_whether_a_client_can_be_refused(self, key: str, allowed: List[str], found: List[str]) -> None:
        host = a_risky_host().with_pool(allowed_clients=allowed, catch_workers_output=False)
        dialled = key.replace("*", "127.0.0.1")
        host.with_pool(endpoint=key).dials(dialled, real_path=None, family="inet")
        for route in host["nginx"]["routes"]:
            route["endpoints"][0]["endpoint"] = dialled
        assert risks(host) == found

    def test_hit_what_a_crashed_worker_said(self) -> None:
        host = crashing()
        assert "worker_output_lost" in risks(host.with_pool(catch_workers_output=False))
        assert risks(crashing().with_pool(catch_workers_output=True)) == []

    def test_near_miss_somebody_catches_it(self) -> None:
        assert risks(a_risky_host(outputs=[OUTPUT]).with_pool(catch_workers_output=True)) == []

    def test_near_miss_php_logs_in_a_file(self) -> None:
        assert risks(a_risky_host(outputs=[dict(OUTPUT, error_log="/var/log/php.log")])) == []

    def test_decoy_the_default_loses_nothing(self) -> None:
        host = a_risky_host().with_pool(catch_workers_output=False)
        assert pool(host)["catch_workers_output"] is False and risks(host) == []


class TestReloads:
    def test_hit_it_ends_requests(self) -> None:
        found = the_risk(HITS["logrotate_reloads"]())
        assert (found["severity"], found["unit"], found["confidence"]) == ("warning", UNIT, "certain")
        assert (found["evidence"][0]["path"], found["evidence"][0]["line"]) == (FILE, 9)

    def test_hit_a_patient_reload_is_small(self) -> None:
        host = rotation(hooks=[hook("php-fpm", "reload")]).with_master(process_control_timeout=30.0)
        assert the_risk(host)["severity"] == "info"

    @pytest.mark.parametrize("config, unit", [("/b", "b.service"), (None, UNIT), ("/gone", UNIT)])
    def test_it_is_about_the_master_that_it_names(self, config: Optional[str], unit: str) -> None:
        host = rotation(hooks=[hook("php-fpm", "reload", config=config)])
        host["fpm"]["masters"].append({**master(host), "config": "/b", "unit": "b.service", "pools": []})
        found = the_risk(host)
        assert (found["unit"], bool(found["sites"])) == (unit, unit == UNIT)

    def test_a_hook_from_before_0_14_is_of_the_first_that_runs(self) -> None:
        older = hook("php-fpm", "reload")
        del older["config"]
        assert the_risk(rotation(hooks=[older]))["unit"] == UNIT

    def test_hit_a_restart_of_nginx(self) -> None:
        assert the_risk(rotation(hooks=[hook("nginx", "restart")]))["severity"] == "warning"
        assert the_risk(rotation(hooks=[hook("nginx", "reload")]))["severity"] == "info"

    def test_hit_where_logrotate_is_not_installed_it_is_possible(self) -> None:
        found = the_risk(rotation(hooks=[hook("php-fpm", "reload")], installed=False))
        assert found["confidence"] == "possible" and "not installed" in found["evidence"][-1]["text"]


class TestRotatedLogs:
    def test_hit_logrotate_refuses(self) -> None:
        found = the_risk(rotation(log(barred=barred("open_to_group"), hooks=[])))
        assert found["reason"] == "logrotate_unwritable" and "refuses" in found["summary"]

    @pytest.mark.parametrize("kind", sorted(WORDS))
    def test_the_evidence_tells_what_is_in_the_way(self, kind: str) -> None:
        found = the_risk(rotation(log(barred=barred(kind))))
        assert (found["reason"], found["evidence"][0]["text"]) == ("logrotate_unwritable", WORDS[kind])

    @pytest.mark.parametrize("name", ["skipped", "unwritable"])
    def test_a_snapshot_from_before_the_facts_is_read(self, name: str) -> None:
        older = log(unwritable=None, skipped=None)
        del older["barred"]
        found = the_risk(rotation(dict(older, **{name: "an old sentence"})))
        assert (found["reason"], found["evidence"][0]["text"]) == ("logrotate_unwritable", "an old sentence")

    def test_hit_one_finding_for_a_stanza(self) -> None:
        found = the_risk(rotation(log(hooks=[]), log(hooks=[], path="/var/log/nginx/access.log")))
        assert "error.log, /var/log/nginx/access.log was rotated" in found["summary"]

    @pytest.mark.parametrize(
        "facts",
        [
            {"hooks": [], "stays": True},  # copytruncate
            {"hooks": [hook(None, "unknown", "/opt/hook")]},
            {"hooks": [hook("nginx", "reload")]},  # opens them as well
        ],
    )
    def test_near_miss_it_is_or_may_be_told(self, facts: Any) -> None:
        assert risks(rotation(log(**facts))) == []
