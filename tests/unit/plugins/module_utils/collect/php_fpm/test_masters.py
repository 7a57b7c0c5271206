# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The masters of described hosts, running or not, with their units."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import units
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    processes,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters as fpm
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    BOOTED,
    HOSTS,
    a_host,
    fixture,
    pid_of,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestRunning:
    """A master that runs."""

    @pytest.mark.parametrize("name", HOSTS)
    def test_a_master_is_found_with_its_unit(self, name: str) -> None:
        host = a_host(name)
        installed = fpm.collect_fpm(host)
        assert installed["installed"] and len(installed["masters"]) == 1
        master = installed["masters"][0]
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

    @pytest.mark.parametrize("theirs, own", [("net:[2]", True), ("net:[1]", None)])
    def test_a_network_of_its_own(self, theirs: str, own: Optional[bool]) -> None:
        host = a_host()
        host.links.update({"/proc/%d/ns/net" % pid_of("8.2-debian12", "master"): theirs})
        host.links["/proc/self/ns/net"] = "net:[1]"
        assert fpm.collect_fpm(host)["masters"][0].get("own_network") is own

    def test_another_masters_pid_file_is_no_evidence(self) -> None:
        host = a_host().file("/run/php/php8.2-fpm.pid", "1")
        master = fpm.collect_fpm(host)["masters"][0]
        assert master["loaded_at"] == master["unit_state"]["changed_at"], (
            "a reload shows in the unit's change of state"
        )

    @pytest.mark.parametrize(
        "lines, plain",
        [
            ("catch_workers_output = yes\ndecorate_workers_output = no\n", True),
            ("catch_workers_output = yes\n", False),
            ("decorate_workers_output = no\n", False),
        ],
    )
    def test_workers_that_write_plain_lines_are_noted(self, lines: str, plain: bool) -> None:
        host = a_host()
        path = next(path for path in host.files if path.endswith("/pool.d/www.conf"))
        master = fpm.collect_fpm(host.file(path, host.read(path) + "\n" + lines))["masters"][0]
        assert master.get("undecorated", False) is plain

    def test_a_master_is_found_without_systemd(self) -> None:
        host = a_host().stated("/run/systemd/system", BOOTED._replace(type="file"))
        master = fpm.collect_fpm(host)["masters"][0]
        assert master["running"] and master["unit_state"] is None
        assert not units.booted_with_systemd(host) and units.unit_states(host, ["x.service"]) == {}

    def test_a_worker_that_has_no_title_of_its_own_yet_is_no_master(self) -> None:
        host = a_host()
        procs = processes(host)
        master = next(each for each in procs if each.pid == pid_of("8.2-debian12", "master"))
        young = master._replace(pid=99999, ppid=master.pid)
        assert [each.process for each in fpm.running_masters(host, [*procs, young], None)] == [master]
        other = young._replace(ppid=1)
        assert len(fpm.running_masters(host, [*procs, other], None)) == 2

    def test_a_master_in_a_container_below_is_missing(self) -> None:
        pid = pid_of("8.2-debian12", "master")
        status = fixture("proc/8.2-debian12-master.status").replace("NSpid:\t%d" % pid, "NSpid:\t%d\t7" % pid)
        assert "\t7\n" in status
        host = a_host().in_state("stopped").file("/proc/%d/status" % pid, status)
        assert [master["running"] for master in fpm.collect_fpm(host)["masters"]] == [False]
        assert [entry["what"] for entry in host.missing] == ["fpm_container"]


class TestIdle:
    """A master that does not run."""

    @pytest.mark.parametrize("name", HOSTS)
    @pytest.mark.parametrize("state", ["stopped", "failed", "masked", "start-limit-hit"])
    def test_a_master_that_does_not_run_is_found_by_its_place(self, name: str, state: str) -> None:
        host = a_host(name).stopped(state)
        master = fpm.collect_fpm(host)["masters"][0]
        assert (master["running"], master["config"], master["unit"], master["binary"]) == (
            False,
            host.config,
            host.unit,
            host.binary,
        )
        assert master["unit_state"]["log"], "a unit that is down tells why in its journal"
        assert any("failure" in line for line in master["unit_state"]["log"]) is (state != "stopped")
        assert master["unit_state"]["start_limit_hit"] is (state == "start-limit-hit")
        assert master["test"]["ran"] and master["test"]["ok"]

    def test_a_master_of_a_units_own_configuration_is_found(self) -> None:
        unit = "php-fpm-shop.service"
        shown = (
            "Id=%s\nLoadState=loaded\nActiveState=inactive\nExecStart={ path=/usr/sbin/php-fpm8.2 ; "
            "argv[]=/usr/sbin/php-fpm8.2 -F -p /srv/shop -y /srv/shop.conf ; ignore_errors=no ; }\n" % unit
        )
        host = (
            a_host()
            .stopped()
            .file("/srv/shop.conf", "[shop]\nlisten = run/shop.sock\n")
            .file("/etc/systemd/system/" + unit)
            .units({unit: shown, "php8.2-fpm.service": "Id=php8.2-fpm.service\nLoadState=loaded\n"})
        )
        masters = {master["config"]: master for master in fpm.collect_fpm(host)["masters"]}
        assert masters["/srv/shop.conf"]["unit"] == unit
        assert masters["/srv/shop.conf"]["pools"][0]["endpoint"] == "unix:/srv/shop/run/shop.sock"
        assert masters["/etc/php/8.2/fpm/php-fpm.conf"]["unit"] == "php8.2-fpm.service"

    def test_an_exporters_unit_is_no_master(self) -> None:
        master = fixture("units/252-debian12-active.show").split("\n\n")[0] + "\n"
        exporter = (
            "Id=php-fpm-exporter.service\nLoadState=loaded\n"
            "ExecStart={ path=/opt/php-fpm_exporter ; argv[]=/opt/php-fpm_exporter server -y /x.conf ; "
            "ignore_errors=no ; }\n"
        )
        host = (
            a_host()
            .file("/etc/systemd/system/php-fpm-exporter.service")
            .units({"php8.2-fpm.service": master, "php-fpm-exporter.service": exporter})
        )
        assert len(fpm.collect_fpm(host)["masters"]) == 1

    def test_a_host_without_php_fpm_has_none(self) -> None:
        host = FakeHost({"/proc/1/comm": "init\n", "/etc/hosts": ""})
        assert fpm.collect_fpm(host) == {"installed": False, "masters": []}
        assert host.missing == []


class TestUnit:
    """The unit that a master belongs to, and what it costs to ask."""

    def test_one_systemctl_serves_all_units(self) -> None:
        host = a_host()
        fpm.collect_fpm(host)
        assert [call[0] for call in host.calls].count("systemctl") == 1

    def test_a_unit_that_stays_up_costs_no_journalctl(self) -> None:
        host = a_host()
        fpm.collect_fpm(host, window=60)
        assert [call[0] for call in host.calls] == ["systemctl"]

    def test_a_master_of_another_supervisor_has_no_unit(self) -> None:
        supervisor = "Id=supervisor.service\nLoadState=loaded\nActiveState=active\nMainPID=9\n"
        host = a_host()
        host.file(host.proc("master", "cgroup"), "0::/system.slice/supervisor.service\n")
        host.without(host.unit_file).units(
            {
                "supervisor.service": supervisor,
                "php8.2-fpm.service": "Id=php8.2-fpm.service\nLoadState=not-found\n",
            }
        )
        assert [(master["running"], master["unit"]) for master in fpm.collect_fpm(host)["masters"]] == [
            (True, None)
        ]

    @pytest.mark.parametrize("container", ["", "/docker/c1"])
    def test_decoy_a_users_unit_with_the_systems_name(self, container: str) -> None:
        """php8.2-fpm.service of a user's manager passed for the system's, and its process for that unit's
        master.
        """
        user = "/user.slice/user-1000.slice/user@1000.service/app.slice/php8.2-fpm.service"
        host = a_host().file("/proc/1/cgroup", "0::%s/init.scope\n" % container)
        host.file(host.proc("master", "cgroup"), "0::%s%s\n" % (container, user))
        assert [master.unit for master in fpm.running_masters(host, processes(host), None)] == [None]
