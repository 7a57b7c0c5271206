# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What confines nginx and php-fpm on described hosts, and what a host pays where nothing does."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.confinement import no_confinement
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.confinement import (
    HTTPD,
    OURS,
    SELINUX,
    Confined,
    on_tcp,
    on_unix,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import key

AVC = (
    'type=AVC msg=audit(%.3f:554): avc:  denied  { %s } for  pid=812 comm="%s" %s '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:%s:s0 tclass=%s permissive=0"
)
APPARMOR = (
    'audit: type=1400 audit(%.3f:61): apparmor="DENIED" operation="connect" profile="nginx" '
    'name="/run/php/php8.2-fpm.sock" pid=812 comm="nginx" requested_mask="wr" denied_mask="wr"'
)


def selinux_host() -> Confined:
    return on_unix().enforcing().domains().labelled().lets_the_web_in()


def to_port(ago: float = 30.0) -> Confined:
    host = on_tcp().enforcing().domains()
    return host.audit(
        AVC % (host.clock - ago, "name_connect", "nginx", "dest=9000", "unreserved_port_t", "tcp_socket")
    )


class TestNothing:
    def test_a_host_without_any_pays_for_three_small_files(self) -> None:
        host = on_unix()
        assert host.looked_at() == no_confinement()
        assert host.calls == [] and host.missing == []

    def test_a_permissive_policy_is_not_asked(self) -> None:
        host = on_unix().enforcing("0").domains()
        assert host.looked_at()["selinux"] is None and host.questions == []

    def test_nginx_in_our_own_domain_is_as_the_probe(self) -> None:
        host = on_unix().enforcing().domains(nginx=OURS)
        facts = host.looked_at()["selinux"]
        assert facts["endpoints"] == {} and facts["nginx"] == facts["ours"] and host.questions == []


class TestSelinux:
    def test_each_step_to_the_socket_is_asked_as_nginx(self) -> None:
        host = selinux_host()
        answers = host.answers_for()
        assert ("sock_file", "write", True) in answers and (
            "unix_stream_socket",
            "connectto",
            True,
        ) in answers
        assert all(allowed for _tclass, _permission, allowed in answers)
        assert {question.split(" ")[0] for question in host.questions} == {HTTPD}
        assert host.calls == [], "nothing is read where nothing is refused"

    def test_equal_questions_are_asked_once(self) -> None:
        host = selinux_host()
        host.looked_at()
        assert len(host.questions) == len(set(host.questions)) == 3

    def test_a_label_that_nginx_may_not_write_to(self) -> None:
        host = selinux_host().labelled(socket="default_t")
        assert ("sock_file", "write", False) in host.answers_for()

    def test_a_domain_of_php_fpm_that_nginx_may_not_dial(self) -> None:
        host = selinux_host().domains(fpm="system_u:system_r:initrc_t:s0")
        assert ("unix_stream_socket", "connectto", False) in host.answers_for()

    def test_a_permissive_domain_is_refused_nothing(self) -> None:
        host = selinux_host().labelled(socket="default_t")
        host.permissive.add("httpd_t")
        assert ("sock_file", "write", True) in host.answers_for()

    def test_a_policy_that_does_not_answer(self) -> None:
        host = selinux_host().without(SELINUX + "/class/sock_file/index")
        assert ("sock_file", "write", None) in host.answers_for()

    def test_a_port_is_known_by_the_kernels_refusals(self) -> None:
        host = to_port()
        found = host.looked_at()
        access = found["selinux"]["endpoints"]["127.0.0.1:9000"][0]
        assert (access["allowed"], round(access["label_at"] - host.clock)) == (False, -30)
        assert [denial["denied_now"] for denial in found["denials"]] == [True]

    def test_a_policy_that_was_loaded_since_may_label_the_port_anew(self) -> None:
        host = to_port()
        index = SELINUX + "/class/tcp_socket/index"
        host.stated(index, host.stat(index)._replace(mtime=host.clock - 10))
        found = host.looked_at()
        assert [denial["denied_now"] for denial in found["denials"]] == [None]
        assert round(found["selinux"]["loaded_at"] - host.clock) == -10

    def test_a_refusal_is_asked_again_with_the_label_of_now(self) -> None:
        host = selinux_host().labelled(socket="default_t")
        line = AVC % (host.clock - 30, "write", "nginx", 'name="php8.2-fpm.sock"', "default_t", "sock_file")
        denial = host.audit(line).looked_at()["denials"][0]
        assert (denial["denied_now"], denial["log"]) == (True, "/var/log/audit/audit.log")

    def test_a_port_that_any_boolean_opens_needs_no_line(self) -> None:
        host = on_tcp().enforcing().domains()
        host.file(SELINUX + "/booleans/httpd_can_network_connect", "1 1")
        assert host.looked_at()["denials"] == [] and host.calls == []

    def test_old_lines_of_the_audit_log_do_not_count(self) -> None:
        assert to_port(ago=5000.0).looked_at()["denials"] == []

    def test_a_log_that_was_just_begun_is_read_with_the_one_before(self) -> None:
        host = to_port()
        log = "/var/log/audit/audit.log"
        host.file(log + ".1", host.files[log])
        host.file(log, "type=DAEMON_ROTATE msg=audit(%.3f:9): op=rotate-logs\n" % (host.clock - 5))
        assert [denial["log"] for denial in host.looked_at()["denials"]] == [log + ".1"]

    def test_the_last_start_that_failed_is_looked_back_to(self) -> None:
        host = on_tcp().enforcing().domains()
        host.snapshot.with_master(running=False, pid=None)
        host.snapshot.with_unit(active="failed", result="exit-code", changed_at=host.clock - 9000)
        text = AVC % (
            host.clock - 9001,
            "name_bind",
            "php-fpm8.2",
            "src=9000",
            "unreserved_port_t",
            "tcp_socket",
        )
        assert [denial["program"] for denial in host.audit(text).looked_at()["denials"]] == ["php-fpm8.2"]

    def test_without_auditd_the_kernels_ring_is_read(self) -> None:
        host = on_tcp().enforcing().domains()
        line = AVC % (
            host.clock - 30,
            "name_connect",
            "nginx",
            "dest=9000",
            "unreserved_port_t",
            "tcp_socket",
        )
        host.answers(
            "dmesg -r", "<5>[ 4970.000000] audit: " + line.replace("type=AVC msg=", "type=1400 ") + "\n"
        )
        assert [denial["log"] for denial in host.looked_at()["denials"]] == ["kernel"]


def with_profile(mode: str = "enforce", ours: str = "unconfined") -> Confined:
    host = on_unix().domains("nginx (%s)" % mode, "unconfined", ours)
    return host.file("/sys/module/apparmor/parameters/enabled", "Y\n")


class TestApparmor:
    def test_a_profile_of_nginx_and_its_mode(self) -> None:
        host = with_profile()
        host.answers("dmesg -r", "<5>[ 4970.000001] " + APPARMOR % (host.clock - 30) + "\n")
        found = host.looked_at()
        assert found["apparmor"] == [
            {"pid": host.worker, "program": "nginx", "name": "nginx", "mode": "enforce"}
        ]
        assert [denial["denied_now"] for denial in found["denials"]] == [True]

    def test_decoy_a_refusal_within_what_the_kernel_says_of_a_mount(self) -> None:
        host = with_profile()
        forged = "overlayfs: failed to resolve '%s': -2" % (APPARMOR % (host.clock - 30))
        host.answers("dmesg -r", "<3>[ 4970.000001] %s\n" % forged)
        assert host.looked_at()["denials"] == []

    def test_a_refusal_from_before_the_boot_stands_in_the_journal(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = with_profile()
        host.answers("dmesg -r", "")
        monkeypatch.setattr(host, "boottime", lambda: 20.0)
        line = "%.6f lab kernel: %s\n" % (host.clock - 30, APPARMOR % (host.clock - 30))
        assert host.looked_at()["denials"] == [] and host.calls[-1][-4] == "--until"
        host.answers(" ".join(host.calls[-1]), line)
        assert [denial["log"] for denial in host.looked_at()["denials"]] == ["journal"]
        host.answers(
            " ".join(host.calls[-1]), line.replace(": audit", ": overlayfs: failed to resolve 'audit")
        )
        assert host.looked_at()["denials"] == []

    def test_unconfined_programs_cost_no_command(self) -> None:
        host = on_unix().domains("unconfined", "unconfined", "unconfined")
        host.file("/sys/module/apparmor/parameters/enabled", "Y\n")
        assert host.looked_at()["apparmor"] == [] and host.calls == []

    def test_a_containers_own_profile_confines_the_probe_too(self) -> None:
        host = on_unix().domains(*["docker-default (enforce)"] * 3)
        host.file("/sys/module/apparmor/parameters/enabled", "Y\n")
        assert host.looked_at()["apparmor"] == [] and host.calls == []

    def test_stacked_modules_have_a_file_of_their_own(self) -> None:
        host = with_profile()
        for pid, text in (
            (host.worker, "nginx (complain)"),
            (host.master, "unconfined"),
            ("self", "unconfined"),
        ):
            host.file("/proc/%s/attr/apparmor/current" % pid, text)
        assert [profile["mode"] for profile in host.looked_at()["apparmor"]] == ["complain"]


SHOW = "systemctl show -p RestrictAddressFamilies,SystemCallFilter -- nginx.service"


def filtered(theirs: str, ours: str = "Seccomp:\t0\nSeccomp_filters:\t0\n") -> Confined:
    host = on_unix()
    host.snapshot.with_nginx(unit="nginx.service")
    host.file("/proc/%d/status" % host.worker, "Name:\tnginx\n" + theirs).file("/proc/self/status", ours)
    return host.answers(SHOW, "RestrictAddressFamilies=AF_INET AF_INET6\nSystemCallFilter=~\n")


class TestFilters:
    def test_a_filter_of_nginxs_unit(self) -> None:
        expected = {"unit": "nginx.service", "families": "AF_INET AF_INET6", "calls": None}
        assert filtered("Seccomp:\t2\nSeccomp_filters:\t1\n").looked_at()["nginx_unit"] == expected

    @pytest.mark.parametrize(
        "theirs, ours",
        [
            ("Seccomp:\t0\n", "Seccomp:\t0\n"),
            ("Seccomp:\t2\nSeccomp_filters:\t1\n", "Seccomp:\t2\nSeccomp_filters:\t1\n"),
        ],
        ids=["none", "the container's own"],
    )
    def test_systemd_is_not_asked_where_we_have_the_same(self, theirs: str, ours: str) -> None:
        host = filtered(theirs, ours)
        assert host.looked_at()["nginx_unit"] is None and host.calls == []

    def test_one_more_than_the_containers(self) -> None:
        ours = "Seccomp:\t2\nSeccomp_filters:\t1\n"
        assert filtered("Seccomp:\t2\nSeccomp_filters:\t2\n", ours).looked_at()["nginx_unit"] is not None


class TestReasonToRead:
    def test_refusals_in_nginxs_log_are_a_reason(self) -> None:
        host = selinux_host()
        host.snapshot.nginx_said("ng-connect-eacces", 30.0)
        host.answers("dmesg -r").looked_at()
        assert host.calls == [["dmesg", "-r"]]

    def test_a_unit_that_a_person_stopped_is_none(self) -> None:
        snapshot: Host = a_host("stopped").silent_logs()
        host = Confined(snapshot.with_unit(active="inactive", result="success")).enforcing().domains()
        host.labelled().lets_the_web_in()
        names: List[List[str]] = host.calls
        host.looked_at()
        assert names == [] and key(snapshot)
