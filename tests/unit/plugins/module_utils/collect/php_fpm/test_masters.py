# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masters, pools, units, workers and budget of described hosts, whose files and outputs were captured from
Debian 11, 12 and 13.
"""

import os
import re
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import memory, units
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    own_cgroup,
    process_cgroup,
    processes,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_memory import (
    SAMPLE,
    measured_workers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import config_check
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters as fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.layouts import (
    layout_of,
    version_in,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.systemctl import PROPERTIES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pool_use import summarize
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FIXTURES = fixtures()
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]
SYSTEMD = {"7.4-debian11": "247-debian11", "8.2-debian12": "252-debian12", "8.4-debian13": "257-debian13"}
NOW = 1795388420.0
BOOTED = Stat("directory", 0o755, 0, 0, 0, 0.0, 1, 1)
# By what journald knows of the writer: PHP may say anything.
JOURNAL = (
    "journalctl -o json --output-fields=MESSAGE,_PID,_EXE,_COMM -n 30 --no-pager -q"
    " _PID=1 UNIT=%(unit)s + _SYSTEMD_UNIT=%(unit)s _UID=0 _TRANSPORT=stdout"
)


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def pid_of(host: str, role: str) -> int:
    return int(fixture("proc/%s-%s.stat" % (host, role)).split()[0])


def proc_files(host: str, roles: List[str]) -> Dict[str, Any]:
    files: Dict[str, Any] = {}
    for role in roles:
        base = "/proc/%d/" % pid_of(host, role)
        for name in ("stat", "status", "cmdline", "cgroup", "smaps_rollup", "statm", "syscall"):
            files[base + name] = fixture("proc/%s-%s.%s" % (host, role, name))
        files[base + "comm"] = "php-fpm%s\n" % host.split("-")[0]
        # The captures are of containers without a cgroup namespace of their own.
        files["/proc/1/cgroup"] = re.sub(r"/system\.slice/.*", "/init.scope", files[base + "cgroup"])
    return files


class Described(FakeHost):
    """A Debian host with php-fpm from the distribution. Reads the monotonic clock as the machine of the
    captures had it.
    """

    def __init__(
        self,
        host: str,
        state: str = "active",
        roles: Optional[List[str]] = None,
        extra: Optional[Dict[str, Any]] = None,
        stats: Optional[Dict[str, Stat]] = None,
        **more: Any,
    ) -> None:
        self.version = host.split("-")[0]
        self.unit = "php%s-fpm.service" % self.version
        self.config = "/etc/php/%s/fpm/php-fpm.conf" % self.version
        self.binary = "/usr/sbin/php-fpm" + self.version
        files = proc_files(host, ["master", "worker"] if roles is None else roles)
        files[self.config] = fixture("fpm/%s-php-fpm.conf" % host)
        files["/etc/php/%s/fpm/pool.d/www.conf" % self.version] = fixture("fpm/%s-www.conf" % host)
        files[self.binary] = "ELF"
        files["/lib/systemd/system/" + self.unit] = "[Service]\n"
        files["/var/log/php%s-fpm.log" % self.version] = ""
        files.update(extra or {})
        files = {path: text for path, text in files.items() if text is not None}
        show = "systemctl show --no-pager -p %s -- %s" % (",".join(PROPERTIES), self.unit)
        capture = "units/%s-%s" % (SYSTEMD[host], state)
        commands: Dict[str, Any] = {
            show: (0, fixture(capture + ".show").split("\n\n")[0] + "\n", ""),
            JOURNAL % {"unit": self.unit}: (0, fixture(capture + ".journal"), ""),
        }
        links = {"/proc/%d/exe" % pid_of(host, role): self.binary for role in ("master", "worker")}
        super().__init__(
            files, commands, dict({"/run/systemd/system": BOOTED}, **(stats or {})), links, now=NOW, **more
        )

    def boottime(self) -> float:
        return 2110.0


@pytest.fixture(autouse=True)
def no_php_fpm(monkeypatch: pytest.MonkeyPatch) -> List[List[str]]:
    """Catches what would be run on a pipe; every test's configuration is fine to it."""
    ran: List[List[str]] = []

    def fake(argv: List[str], text: str, timeout: float = 10.0) -> Ran:
        ran.append(argv + [text])
        return Ran(0, "[22-Nov-2026 23:00:00] NOTICE: configuration file {config} test is successful\n\n", "")

    monkeypatch.setattr(config_check, "run_on_pipe", fake)
    return ran


@pytest.mark.parametrize("name", HOSTS)
def test_a_running_master_is_found_with_its_unit_configuration_and_pool(name: str) -> None:
    host = Described(name)
    found = fpm.collect_fpm(host)
    assert found["installed"] and len(found["masters"]) == 1
    master = found["masters"][0]
    assert (master["config"], master["binary"], master["unit"], master["layout"]) == (
        host.config,
        host.binary,
        host.unit,
        "debian",
    )
    assert (master["running"], master["pid"], master["version"]) == (
        True,
        pid_of(name, "master"),
        host.version,
    )
    assert master["error_log"] == "/var/log/php%s-fpm.log" % host.version
    assert [(pool["name"], pool["endpoint"]) for pool in master["pools"]] == [
        ("www", "unix:/run/php/php%s-fpm.sock" % host.version)
    ]
    assert master["config_errors"] == [] and host.missing == []


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("state", ["stopped", "failed", "masked", "start-limit-hit"])
def test_a_master_that_does_not_run_is_found_by_its_place(name: str, state: str) -> None:
    host = Described(name, state, roles=[])
    master = fpm.collect_fpm(host)["masters"][0]
    assert (master["running"], master["config"], master["unit"], master["binary"]) == (
        False,
        host.config,
        host.unit,
        host.binary,
    )
    assert master["unit_state"]["log"], "a unit that is down tells why in its journal"
    assert master["unit_state"]["start_limit_hit"] is (state == "start-limit-hit")
    assert master["test"]["ran"] and master["test"]["ok"]


def test_one_systemctl_serves_all_units() -> None:
    host = Described("8.2-debian12")
    fpm.collect_fpm(host)
    assert [call[0] for call in host.calls].count("systemctl") == 1


def test_a_unit_that_stays_up_costs_no_journalctl() -> None:
    host = Described("8.2-debian12")
    fpm.collect_fpm(host, window=60)
    assert [call[0] for call in host.calls] == ["systemctl"]


def test_an_unloaded_change_is_told_by_the_time_of_the_pid_file(no_php_fpm: List[List[str]]) -> None:
    config = "/etc/php/8.2/fpm/php-fpm.conf"
    pid_file = {"/run/php/php8.2-fpm.pid": str(pid_of("8.2-debian12", "master"))}
    changed = Stat("file", 0o644, 0, 0, 1, NOW - 30, 1, 1)
    for loaded, newer in ((NOW - 60, True), (NOW - 10, False)):
        host = Described(
            "8.2-debian12",
            extra=pid_file,
            stats={config: changed, "/run/php/php8.2-fpm.pid": changed._replace(mtime=loaded)},
        )
        master = fpm.collect_fpm(host)["masters"][0]
        assert (master["loaded_at"], master["config_newer"], master["test"]["ran"]) == (loaded, newer, newer)
    assert len(no_php_fpm) == 1


def test_another_masters_pid_file_tells_nothing() -> None:
    host = Described("8.2-debian12", extra={"/run/php/php8.2-fpm.pid": "1"})
    master = fpm.collect_fpm(host)["masters"][0]
    assert master["loaded_at"] == master["unit_state"]["changed_at"], (
        "a reload shows in the unit's change of state"
    )


def test_the_test_overrides_every_log_of_the_configuration(no_php_fpm: List[List[str]]) -> None:
    pool = "[www]\naccess.log = /var/log/a\n[slow]\nslowlog = /var/log/s\nuser = x\nlisten = /run/s.sock\npm = static\npm.max_children = 1\n"
    fpm.collect_fpm(Described("8.2-debian12", extra={"/etc/php/8.2/fpm/pool.d/x.conf": pool}), test="always")
    argv = no_php_fpm[0]
    assert argv[:4] == ["/usr/sbin/php-fpm8.2", "-n", "-t", "-y"]
    assert argv[4].endswith(
        "\n[global]\nerror_log = /dev/null\n[www]\naccess.log = /dev/null\n[slow]\nslowlog = /dev/null\n"
    )


def test_a_command_reads_what_was_put_on_its_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ran = config_check.run_on_pipe(["/bin/cat"], "one\ntwo\n")
    assert (ran.rc, ran.out) == (0, "one\ntwo\n")
    assert config_check.run_on_pipe(["/bin/echo"], "").out == "{config}\n"
    assert config_check.run_on_pipe(["/nonexistent"], "").rc is None
    assert "does not hold" in config_check.run_on_pipe(["/bin/cat"], "x" * 2000000).err


@pytest.mark.parametrize(
    "more, why",
    [
        ({"root": False}, "only root"),
        ({"extra": {"/usr/sbin/php-fpm8.2": None}, "roles": []}, "no php-fpm program"),
        ({"extra": {"/etc/php/8.2/fpm/php-fpm.conf": "[global]\npid = ${X}\n"}}, "${...}"),
        ({"extra": {"/etc/php/8.2/fpm/php-fpm.conf": ";" * 70000}}, "larger than"),
    ],
)
def test_no_test_where_it_could_not_be_trusted(
    more: Dict[str, Any], why: str, no_php_fpm: List[List[str]]
) -> None:
    master = fpm.collect_fpm(Described("8.2-debian12", **more), test="always")["masters"][0]
    assert not master["test"]["ran"] and why in master["test"]["why"]
    assert no_php_fpm == []


def test_a_file_that_may_not_be_read_is_missing_and_no_error() -> None:
    path = "/etc/php/8.2/fpm/pool.d/www.conf"
    host = Described("8.2-debian12", denied=[path], root=False)
    master = fpm.collect_fpm(host)["masters"][0]
    assert {"what": "fpm_config", "path": path, "why": "Permission denied", "needs": "root"} in host.missing
    assert [error["text"] for error in master["config_errors"]] == []


def test_a_log_directory_that_is_gone_is_told() -> None:
    host = Described("8.2-debian12", extra={"/var/log/php8.2-fpm.log": None}, roles=[])
    assert (
        fpm.collect_fpm(host)["masters"][0]["config_errors"][0]["text"]
        == "failed to open error_log (/var/log/php8.2-fpm.log): No such file or directory (2)"
    )


def test_a_pool_of_an_unknown_account_is_told_for_the_versions_whose_test_overlooks_it() -> None:
    host = Described("7.4-debian11", roles=[], accounts={"root": (0, 0, [0])})
    assert [error["text"] for error in fpm.collect_fpm(host)["masters"][0]["config_errors"]] == [
        "[pool www] cannot get uid for user 'www-data'"
    ]
    running = Described("7.4-debian11", accounts={"root": (0, 0, [0])})
    assert fpm.collect_fpm(running)["masters"][0]["config_errors"] == []


def test_an_include_of_a_directory_that_is_gone_is_told() -> None:
    host = Described("8.2-debian12", extra={"/etc/php/8.2/fpm/pool.d/www.conf": None}, roles=[])
    texts = [error["text"] for error in fpm.collect_fpm(host)["masters"][0]["config_errors"]]
    assert texts[0] == "Unable to globalize '/etc/php/8.2/fpm/pool.d/*.conf': No such file or directory"


def test_a_master_in_a_container_below_is_left_out_and_missing() -> None:
    pid = pid_of("8.2-debian12", "master")
    status = fixture("proc/8.2-debian12-master.status").replace("NSpid:\t%d" % pid, "NSpid:\t%d\t7" % pid)
    assert "\t7\n" in status
    host = Described("8.2-debian12", state="stopped", extra={"/proc/%d/status" % pid: status})
    assert [master["running"] for master in fpm.collect_fpm(host)["masters"]] == [False]
    assert [entry["what"] for entry in host.missing] == ["fpm_container"]


def test_a_master_that_another_supervisor_started_has_no_unit() -> None:
    pid = pid_of("8.2-debian12", "master")
    group = "0::/system.slice/supervisor.service\n"
    host = Described(
        "8.2-debian12", extra={"/proc/%d/cgroup" % pid: group, "/lib/systemd/system/php8.2-fpm.service": None}
    )
    show = "systemctl show --no-pager -p %s -- supervisor.service php8.2-fpm.service" % ",".join(PROPERTIES)
    host.commands[show] = (
        0,
        "Id=supervisor.service\nLoadState=loaded\nActiveState=active\nMainPID=9\n\nId=php8.2-fpm.service\nLoadState=not-found\n",
        "",
    )
    assert [(master["running"], master["unit"]) for master in fpm.collect_fpm(host)["masters"]] == [
        (True, None)
    ]


def test_a_master_of_a_units_own_configuration_is_found_though_it_is_down() -> None:
    unit = "php-fpm-shop.service"
    host = Described(
        "8.2-debian12",
        state="stopped",
        roles=[],
        extra={"/srv/shop.conf": "[shop]\nlisten = run/shop.sock\n", "/etc/systemd/system/" + unit: ""},
    )
    show = "systemctl show --no-pager -p %s -- %s php8.2-fpm.service" % (",".join(PROPERTIES), unit)
    host.commands[show] = (
        0,
        "Id=%s\nLoadState=loaded\nActiveState=inactive\nExecStart={ path=/usr/sbin/php-fpm8.2 ; "
        "argv[]=/usr/sbin/php-fpm8.2 -F "
        "-p /srv/shop -y /srv/shop.conf ; ignore_errors=no ; }\n\nId=php8.2-fpm.service\nLoadState=loaded\n"
        % unit,
        "",
    )
    masters = {master["config"]: master for master in fpm.collect_fpm(host)["masters"]}
    assert masters["/srv/shop.conf"]["unit"] == unit
    assert masters["/srv/shop.conf"]["pools"][0]["endpoint"] == "unix:/srv/shop/run/shop.sock"
    assert masters["/etc/php/8.2/fpm/php-fpm.conf"]["unit"] == "php8.2-fpm.service"


def test_an_exporters_unit_is_no_master() -> None:
    host = Described("8.2-debian12", extra={"/etc/systemd/system/php-fpm-exporter.service": ""})
    show = "systemctl show --no-pager -p %s -- php8.2-fpm.service php-fpm-exporter.service" % ",".join(
        PROPERTIES
    )
    host.commands[show] = (
        0,
        fixture("units/252-debian12-active.show").split("\n\n")[0]
        + "\n\nId=php-fpm-exporter.service\nLoadState=loaded\n"
        "ExecStart={ path=/opt/php-fpm_exporter ; argv[]=/opt/php-fpm_exporter server -y /x.conf ; }\n",
        "",
    )
    assert len(fpm.collect_fpm(host)["masters"]) == 1


def test_a_host_without_systemd_still_tells_its_masters() -> None:
    host = Described("8.2-debian12", stats={"/run/systemd/system": BOOTED._replace(type="file")})
    master = fpm.collect_fpm(host)["masters"][0]
    assert master["running"] and master["unit_state"] is None
    assert not units.booted_with_systemd(host) and units.unit_states(host, ["x.service"]) == {}


def test_a_host_without_php_fpm() -> None:
    host = FakeHost({"/proc/1/comm": "init\n", "/etc/hosts": ""})
    assert fpm.collect_fpm(host) == {"installed": False, "masters": []}
    assert host.missing == []


@pytest.mark.parametrize(
    "config, layout, binary, unit, prefix, version",
    [
        (
            "/etc/php/8.3/fpm/php-fpm.conf",
            "debian",
            "/usr/sbin/php-fpm8.3",
            "php8.3-fpm.service",
            "/usr",
            "8.3",
        ),
        ("/etc/php-fpm.conf", "el", "/usr/sbin/php-fpm", "php-fpm.service", "/usr", None),
        (
            "/etc/opt/remi/php82/php-fpm.conf",
            "remi",
            "/opt/remi/php82/root/usr/sbin/php-fpm",
            "php82-php-fpm.service",
            "/opt/remi/php82/root/usr",
            "8.2",
        ),
        (
            "/opt/cpanel/ea-php81/root/etc/php-fpm.conf",
            "cpanel",
            "/opt/cpanel/ea-php81/root/usr/sbin/php-fpm",
            "ea-php81-php-fpm.service",
            "/opt/cpanel/ea-php81/root/usr",
            "8.1",
        ),
        (
            "/opt/plesk/php/8.2/etc/php-fpm.conf",
            "plesk",
            "/opt/plesk/php/8.2/sbin/php-fpm",
            "plesk-php82-fpm.service",
            "/opt/plesk/php/8.2",
            "8.2",
        ),
        ("/etc/php83/php-fpm.conf", "alpine", "/usr/sbin/php-fpm83", None, "/usr", "8.3"),
        ("/usr/local/etc/php-fpm.conf", "docker", "/usr/local/sbin/php-fpm", None, "/usr/local", None),
        (
            "/opt/bitnami/php/etc/php-fpm.conf",
            "bitnami",
            "/opt/bitnami/php/sbin/php-fpm",
            None,
            "/opt/bitnami/php",
            None,
        ),
        ("/srv/fpm.conf", "unknown", "", None, "/usr", None),
    ],
)
def test_layouts(config: str, layout: str, binary: str, unit: str, prefix: str, version: str) -> None:
    row = layout_of(config)
    assert (row.name, row.binary, row.unit, row.prefix) == (layout, binary, unit, prefix)
    assert version_in(row.binary, config, row.unit) == version


def test_a_configuration_of_the_owners_own_goes_by_its_program() -> None:
    assert (
        layout_of("/srv/fpm.conf", "/opt/remi/php81/root/usr/sbin/php-fpm").prefix
        == "/opt/remi/php81/root/usr"
    )
    assert layout_of("/srv/fpm.conf", "/usr/sbin/php-fpm").name == "el"
    assert layout_of("/srv/fpm.conf", "/usr/sbin/php-fpm8.2")[0:5:4] == ("debian", None)


def test_workers_know_their_pool_and_master_and_what_they_hold() -> None:
    host = Described("8.2-debian12")
    procs = processes(host)
    workers = measured_workers(host, procs, fpm.collect_fpm(host, procs)["masters"])
    assert [(worker["config"], worker["pool"], worker["busy"]) for worker in workers] == [
        (host.config, "www", False)
    ]
    assert workers[0]["uss_kb"] == 140 and workers[0]["shared_kb"] + 140 == workers[0]["rss_kb"]
    plain = memory.collect_workers(host, procs, [])
    assert (plain[0]["config"], plain[0]["pss_kb"]) == (None, None) and plain[0]["rss_kb"] > 0


def test_without_the_right_to_walk_page_tables_resident_memory_remains() -> None:
    pid = pid_of("8.2-debian12", "worker")
    host = Described(
        "8.2-debian12", denied=["/proc/%d/smaps_rollup" % pid, "/proc/%d/syscall" % pid], root=False
    )
    workers = measured_workers(host, processes(host), [])
    assert (workers[0]["uss_kb"], workers[0]["busy"]) == (None, None) and workers[0]["rss_kb"] > 0
    assert host.missing[0]["what"] == "worker_memory"


def test_of_many_workers_a_sample_is_measured() -> None:
    host = Described("8.2-debian12")
    pid = pid_of("8.2-debian12", "worker")
    base = {name: text for name, text in host.files.items() if name.startswith("/proc/%d/" % pid)}
    for number in range(10000, 10200):
        host.files.update({name.replace("/%d/" % pid, "/%d/" % number): text for name, text in base.items()})
    masters = fpm.collect_fpm(host)["masters"]
    workers = measured_workers(host, processes(host), masters)
    assert len(workers) == 201
    pools = summarize(workers, masters, NOW)
    assert [
        (pool["pool"], pool["workers"], pool["measured"], pool["idle"], pool["max_children"])
        for pool in pools
    ] == [("www", 201, SAMPLE, 201, 5)]
    assert pools[0]["uss_kb"]["p95"] == 140


def test_the_budget_of_a_version_1_host_is_the_hierarchys() -> None:
    pid = pid_of("8.2-debian12", "master")
    base = "/sys/fs/cgroup/memory/"
    host = Described(
        "8.2-debian12",
        extra={
            "/proc/self/mountinfo": fixture("proc/8.2-debian12-master.mountinfo"),
            "/proc/meminfo": "MemTotal: 24684096 kB\nSwapTotal: 0 kB\n",
            base + "cgroup.procs": "",
            base + "memory.stat": fixture("proc/8.2-debian12-v1.memory.stat"),
            base + "memory.limit_in_bytes": "314572800\n",
            base + "memory.usage_in_bytes": "45150208\n",
        },
    )
    facts = memory.collect_memory(host, [{"pid": pid}])
    assert (facts["limit_bytes"], facts["limit_from"], facts["cgroup_usage"]) == (
        314572800,
        "cgroup " + base + "memory.limit_in_bytes",
        45150208,
    )
    assert facts["swap_limit"] == 314572800


def version2(files: Dict[str, str], **more: Any) -> FakeHost:
    base = {
        "/proc/self/mountinfo": "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\n",
        "/proc/7/cgroup": "0::/system.slice/php-fpm.service\n",
        "/sys/fs/cgroup/system.slice/php-fpm.service/cgroup.procs": "7\n",
    }
    return FakeHost(dict(base, **{"/sys/fs/cgroup/" + name: text for name, text in files.items()}), **more)


@pytest.mark.parametrize(
    "files, limit, source",
    [
        ({}, 1024000, "MemTotal"),
        ({"system.slice/php-fpm.service/memory.max": "max\n"}, 1024000, "MemTotal"),
        (
            {"system.slice/php-fpm.service/memory.max": "900000\n", "system.slice/memory.max": "max\n"},
            900000,
            "cgroup /sys/fs/cgroup/system.slice/php-fpm.service/memory.max",
        ),
        (
            {"system.slice/php-fpm.service/memory.max": "900000\n", "system.slice/memory.high": "800000\n"},
            800000,
            "cgroup /sys/fs/cgroup/system.slice/memory.high",
        ),
        ({"system.slice/php-fpm.service/memory.max": "9000000\n"}, 1024000, "MemTotal"),
    ],
)
def test_the_budget_of_a_version_2_host_is_the_tightest_limit_up_the_tree(
    files: Dict[str, str], limit: int, source: str
) -> None:
    facts = memory.collect_memory(version2(files), [{"pid": 7}])
    assert (facts["limit_bytes"], facts["limit_from"], facts["mem_available"]) == (limit, source, 512000)


def test_a_limit_that_cannot_be_read_is_not_the_same_as_none() -> None:
    host = version2({}, denied=["/proc/7/cgroup"])
    assert memory.collect_memory(host, [{"pid": 7}])["limit_bytes"] is None
    assert host.missing[0]["what"] == "memory_limit"
    host = version2({}, denied=["/sys/fs/cgroup/system.slice/php-fpm.service/cgroup.procs"])
    assert memory.collect_memory(host, [{"pid": 7}])["limit_bytes"] is None


def test_the_hosts_own_cgroup_is_its_inits() -> None:
    assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/init.scope\n"})) == "/"
    assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/pod/c1/init.scope\n"})) == "/pod/c1"
    assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/docker/c1\n"})) == "/docker/c1"
    assert own_cgroup(FakeHost()) == "/"


@pytest.mark.parametrize(
    "path, seen",
    [
        ("/docker/c1/system.slice/php-fpm.service", "/system.slice/php-fpm.service"),
        ("/docker/c2/system.slice/php-fpm.service", ""),
        ("/system.slice/php-fpm.service", ""),
    ],
)
def test_a_process_cgroup_is_told_as_seen_from_the_hosts_own(path: str, seen: str) -> None:
    assert (
        process_cgroup(
            FakeHost({"/proc/1/cgroup": "0::/docker/c1/init.scope\n", "/proc/7/cgroup": "0::%s\n" % path}), 7
        )
        == seen
    )


@pytest.mark.parametrize("container", ["", "/docker/c1"])
def test_a_users_own_unit_of_the_systems_name_is_not_the_systems(container: str) -> None:
    """php8.2-fpm.service of a user's manager passed for the system's, and its process for that unit's master."""
    files = dict(
        proc_files("8.2-debian12", ["master"]),
        **{
            "/proc/1/cgroup": "0::%s/init.scope\n" % container,
            "/proc/%d/cgroup"
            % pid_of(
                "8.2-debian12", "master"
            ): "0::%s/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service\n"
            % container,
        },
    )
    exe = "/proc/%d/exe" % pid_of("8.2-debian12", "master")
    host = FakeHost(dict(files, **{"/usr/sbin/php-fpm8.2": ""}), links={exe: "/usr/sbin/php-fpm8.2"})
    assert [found.unit for found in fpm.running_masters(host, processes(host), None)] == [None]


def test_only_named_processes_are_read_and_a_thread_of_the_kernel_never() -> None:
    files = proc_files("8.2-debian12", ["master", "worker"])
    files["/proc/5/comm"] = "bash\n"
    files["/proc/6/comm"] = "nginx\n"
    files["/proc/6/stat"] = fixture("proc/8.2-debian12-worker.stat").replace(" 4194624 ", " 2129984 ")
    files["/proc/6/status"], files["/proc/6/cmdline"] = "", ""
    worker = fixture("proc/8.2-debian12-worker.stat").split()
    fields = worker[:8] + [str(0x00200000)] + worker[9:]
    files["/proc/6/stat"] = " ".join(fields)
    found = processes(FakeHost(files))
    assert [one.comm for one in found] == ["php-fpm8.2", "php-fpm8.2"]
    assert sorted(one.cmdline for one in found) == [
        "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
        "php-fpm: pool www",
    ]


def test_a_host_without_proc_says_so() -> None:
    host = FakeHost()
    assert processes(host) == [] and host.missing[0]["what"] == "processes"


def test_the_journal_is_missing_only_where_it_cannot_be_read() -> None:
    command = JOURNAL % {"unit": "x.service"}
    quiet = FakeHost(commands={command: (0, "", "")})
    assert units.journal(quiet, "x.service") == [] and quiet.missing == []
    barred = FakeHost(commands={command: (0, "", "")}, root=False)
    assert (
        units.journal(barred, "x.service") == []
        and barred.missing[0]["needs"] == "root or the group systemd-journal"
    )
    painted = FakeHost(commands={command: (1, "", "\x1b[0;1;31mNo journal files\x1b[0m\n")})
    assert (
        units.journal(painted, "x.service") == []
        and painted.missing[0]["why"] == "journalctl -u x.service: No journal files"
    )
    absent = FakeHost()
    assert units.journal(absent, "x.service") == [] and "No such file" in absent.missing[0]["why"]


def test_units_are_found_in_every_directory_and_templates_by_their_enabled_instances() -> None:
    host = FakeHost(
        {
            "/lib/systemd/system/php8.2-fpm.service": "",
            "/usr/lib/systemd/system/php8.2-fpm.service": "",
            "/usr/lib/systemd/system/php-fpm@.service": "",
            "/etc/systemd/system/php-fpm-shop.service": "",
            "/etc/systemd/system/multi-user.target.wants/php-fpm@blog.service": "",
            "/lib/systemd/system/fpm-other.service": "",
            "/lib/systemd/system/phpsessionclean.service": "",
            "/lib/systemd/system/php8.2-fpm.service.d/x.conf": "",
        }
    )
    assert units.fpm_unit_names(host) == [
        "php-fpm-shop.service",
        "php-fpm@blog.service",
        "php8.2-fpm.service",
    ]


def test_a_name_that_is_no_unit_never_reaches_systemctl() -> None:
    host = FakeHost(stats={"/run/systemd/system": BOOTED})
    assert units.unit_states(host, ["--help", "x.service; reboot", "../x.service"]) == {}
    assert host.calls == []
