# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of the kernel's audit: those that machines of the lab wrote, and others by its own formats
(security/selinux/avc.c, security/apparmor/audit.c).
"""

import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import denials as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.denials import Change, Line
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("audit")
LOG = "/var/log/audit/audit.log"
AVC = (
    'type=AVC msg=audit(1775139797.713:554): avc:  denied  { %s } for  pid=812 comm="%s" %s '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:%s:s0 tclass=%s permissive=%d"
)
NAME = 'name="www.sock" dev="tmpfs" ino=41259'
WRITE = AVC % ("write", "nginx", NAME, "var_run_t", "sock_file", 0)
CONNECT = AVC % ("name_connect", "nginx", "dest=9001", "tor_port_t", "tcp_socket", 0)
BIND = AVC % ("name_bind", "php-fpm8.2", "src=9123", "unreserved_port_t", "tcp_socket", 0)
APPARMOR = (
    'audit: type=1400 audit(1775139797.713:61): apparmor="%s" operation="connect" class="file" '
    'profile="nginx" name="/run/php/php8.2-fpm.sock" pid=812 comm="nginx" requested_mask="wr" '
    'denied_mask="wr" fsuid=33 ouid=33'
)
REPLACED = (
    'type=AVC msg=audit(1775139800.000:70): apparmor="STATUS" operation="profile_replace" %s'
    'profile="unconfined" name="nginx" pid=99 comm="apparmor_parser"'
)


def parsed(text: str) -> Optional[Dict[str, Any]]:
    found = subject.parse_denial(Line(subject.time_of(text) or 0.0, LOG, text))
    return None if found is None else dict(found)


def those(text: str, *parts: str) -> List[Any]:
    found = parsed(text)
    assert found is not None, text
    return [found[part] for part in parts]


def seen(name: str) -> Any:
    """(refusals, changes) in what a machine wrote."""
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    return subject.denials([Line(subject.time_of(text) or 0.0, LOG, text) for text in lines if text])


class TestSeen:
    def test_selinux_of_debian_12(self) -> None:
        found, changes = seen("linux6.1-debian12-selinux")
        parts = ("program", "operation", "port", "name", "target", "tclass", "count", "refused")
        context = "system_u:object_r:unreserved_port_t:s0"
        assert [tuple(denial[part] for part in parts) for denial in found] == [
            ("php-fpm8.2", "name_bind", 9123, None, context, "tcp_socket", 1, True),
            ("nginx", "name_connect", 9123, None, context, "tcp_socket", 3, True),
            (
                "nginx",
                "search",
                None,
                "php",
                context.replace("unreserved_port_t", "user_home_t"),
                "dir",
                1,
                True,
            ),
        ]
        assert subject.port_context(found, 9123) == (context, 1795713519.026) and changes == []

    def test_apparmor_of_debian_12(self) -> None:
        found, changes = seen("linux6.1-debian12-apparmor")
        parts = ("program", "operation", "family", "source", "name", "count", "refused")
        assert [tuple(denial[part] for part in parts) for denial in found] == [
            ("nginx", "create", "inet6", "nginx", None, 3, True)
        ]
        assert changes == [Change(1795713497.006, "nginx")]


class TestSelinux:
    def test_a_socket_file(self) -> None:
        parts = ("at", "module", "program", "pid", "operation", "tclass", "name", "refused")
        expected = [1775139797.713, "selinux", "nginx", 812, "write", "sock_file", "www.sock", True]
        assert those(WRITE, *parts) == expected

    @pytest.mark.parametrize("text, port, program", [(CONNECT, 9001, "nginx"), (BIND, 9123, "php-fpm8.2")])
    def test_a_port(self, text: str, port: int, program: str) -> None:
        assert those(text, "port", "program") == [port, program]

    def test_several_permissions_and_a_permissive_domain(self) -> None:
        text = AVC % ("read write", "nginx", NAME, "var_run_t", "sock_file", 1)
        assert those(text, "operation", "refused") == ["read write", False]

    def test_a_name_that_is_written_in_hexadecimal(self) -> None:
        text = AVC % ("write", "nginx", "name=77772E736F636B", "var_run_t", "sock_file", 0)
        assert those(text, "name") == ["ww.sock"]

    def test_systemds_child_before_it_is_php_fpm(self) -> None:
        assert those(AVC % ("execute", "(php-fpm)", NAME, "etc_t", "file", 0), "program") == ["(php-fpm)"]

    def test_hit_a_fork_of_nginx(self) -> None:
        assert those(AVC % ("write", "angie", NAME, "var_run_t", "sock_file", 0), "program") == ["angie"]

    @pytest.mark.parametrize(
        "text",
        [
            AVC % ("write", "sshd", NAME, "var_run_t", "sock_file", 0),
            AVC % ("write", "nginxish", NAME, "var_run_t", "sock_file", 0)[:60],
            'type=SYSCALL msg=audit(1775139797.713:554): arch=c000003e syscall=42 comm="nginx"',
            WRITE.replace("type=AVC", "type=USER_AVC"),
            "",
        ],
    )
    def test_decoy_other_lines(self, text: str) -> None:
        assert parsed(text) is None

    def test_the_context_of_a_port_is_the_newest(self) -> None:
        later = CONNECT.replace("tor_port_t", "http_port_t").replace("797.713", "798.713")
        found, _changes = subject.denials(
            [Line(subject.time_of(text) or 0, LOG, text) for text in (CONNECT, later)]
        )
        seen = ("system_u:object_r:http_port_t:s0", 1775139798.713)
        assert subject.port_context(found, 9001) == seen
        assert subject.port_context(found, 9002) is None

    def test_one_kind_is_kept_once_with_its_count(self) -> None:
        again = WRITE.replace("797.713", "799.713").replace("pid=812", "pid=813")
        found, changes = subject.denials(
            [Line(subject.time_of(text) or 0, LOG, text) for text in (WRITE, again)]
        )
        assert [(denial["count"], denial["first"], denial["at"], denial["pid"]) for denial in found] == [
            (2, 1775139797.713, 1775139799.713, 813)
        ]
        assert changes == []

    @pytest.mark.parametrize(
        "text",
        [
            "audit: type=1403 audit(1775139797.713:3): auid=4294967295 ses=4294967295 lsm=selinux res=1",
            "type=MAC_POLICY_LOAD msg=audit(1775139797.713:3): policy loaded auid=0 ses=1",
        ],
    )
    def test_a_policy_that_is_loaded(self, text: str) -> None:
        assert subject.parse_change(Line(1.0, LOG, text)) == Change(1.0, None)

    @pytest.mark.parametrize(
        "reply, bit, allowed",
        [
            ("6 ffffffff 0 ffffffff 9 0", 2, True),
            ("6 ffffffff 0 ffffffff 9 0", 1, False),
            ("0 ffffffff 0 ffffffff 9 1", 1, True),  # the domain is permissive
            ("2 ffffffff 0 ffffffff 9", 2, True),
            ("", 1, None),
            (None, 1, None),
            ("zz", 1, None),
        ],
    )
    def test_a_reply_of_the_policy(self, reply: Optional[str], bit: int, allowed: Optional[bool]) -> None:
        assert subject.allows(reply, bit) is allowed

    def test_the_type_of_a_context(self) -> None:
        assert [subject.type_of(text) for text in ("u:r:httpd_t:s0-s0:c0", "u:r:x_t", "odd", None)] == [
            "httpd_t",
            "x_t",
            "odd",
            "",
        ]


class TestApparmor:
    @pytest.mark.parametrize("word, refused", [("DENIED", True), ("ALLOWED", False)])
    def test_a_line_with_its_profile_and_path(self, word: str, refused: bool) -> None:
        parts = those(APPARMOR % word, "module", "source", "name", "refused")
        assert parts == ["apparmor", "nginx", "/run/php/php8.2-fpm.sock", refused]

    @pytest.mark.parametrize(
        "peer, name", [('"/run/php/php8.2-fpm.sock"', "/run/php/php8.2-fpm.sock"), ("none", None)]
    )
    def test_a_connect_to_a_peer(self, peer: str, name: Optional[str]) -> None:
        text = (
            'audit: type=1400 audit(1775139797.713:61): apparmor="DENIED" operation="connect" class="net" '
            'profile="nginx" pid=812 comm="nginx" family="unix" sock_type="stream" protocol=0 '
            'requested_mask="send receive connect" denied_mask="send connect" addr=none peer_addr=%s'
        )
        assert those(text % peer, "family", "name") == ["unix", name]

    def test_a_profile_that_was_loaded_and_one_that_stayed(self) -> None:
        assert subject.parse_change(Line(2.0, LOG, REPLACED % "")) == Change(2.0, "nginx")
        same = REPLACED % 'info="same as current profile, skipping" '
        assert subject.parse_change(Line(2.0, LOG, same)) is None

    @pytest.mark.parametrize(
        "mode, name, loaded, now",
        [
            ("enforce", "nginx", False, True),
            ("complain", "nginx", False, False),
            ("enforce", "other", False, False),
            ("enforce", "nginx", True, None),
        ],
    )
    def test_whether_it_still_refuses(self, mode: str, name: str, loaded: bool, now: Optional[bool]) -> None:
        lines = [APPARMOR % "DENIED"] + ([REPLACED % ""] if loaded else [])
        found, changes = subject.denials([Line(subject.time_of(text) or 0, LOG, text) for text in lines])
        subject.settle(found, changes, [{"pid": 1, "program": "nginx", "name": name, "mode": mode}])
        assert found[0]["denied_now"] is now

    def test_a_program_that_does_not_run_is_refused_as_before(self) -> None:
        found, changes = subject.denials([Line(1.0, LOG, APPARMOR % "DENIED")])
        subject.settle(found, changes, [])
        assert found[0]["denied_now"] is True


class TestSeccomp:
    @pytest.mark.parametrize("head", ["type=SECCOMP msg=", "audit: type=1326 "])
    def test_a_system_call_that_ended_it(self, head: str) -> None:
        """As Linux 6.18 wrote it when systemd's SystemCallFilter=~bind ended php-fpm 8.4."""
        text = head + (
            "audit(1795705020.422:5): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=5461 "
            'comm="php-fpm8.4" exe="/usr/sbin/php-fpm8.4" sig=31 arch=c000003e syscall=%d compat=0 '
            "ip=0x7f45b479cf47 code=0x80000000"
        )
        assert those(text % 49, "module", "operation", "pid") == ["seccomp", "system call bind", 5461]
        assert those(text % 999, "operation") == ["system call number 999"]
