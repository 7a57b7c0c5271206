# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy refuses a worker on the way to a script."""

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.confined_way import confined_way
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.confinement import (
    OURS,
    Confined,
    file,
    on_unix,
)

ROOT, PAGE = "/srv/shop", "/srv/shop/index.php"
PLACES = ["/srv", ROOT, PAGE]
DENIED = (
    'audit: type=1400 audit(%.3f:61): apparmor="DENIED" operation="%s" profile="php-fpm" '
    'name="%s" pid=812 comm="php-fpm8.2" requested_mask="%s" denied_mask="%s" fsuid=33 ouid=0'
)


def labelled(root: str = "httpd_sys_content_t", page: str = "httpd_sys_content_t") -> Confined:
    host = on_unix().enforcing().domains()
    host.labels.update({"/srv": file("var_t"), ROOT: file(root), PAGE: file(page)})
    host.stated(PAGE, Stat("file", 0o644, 0, 0, 0, 0.0, 1, 1, 0.0))
    for kind in ("var_t", "httpd_sys_content_t"):
        host.lets(("httpd_t", kind, "dir", "search"))
    return host.lets(
        *[("httpd_t", "httpd_sys_content_t", "file", each) for each in ("getattr", "open", "read")]
    )


def way(host: Confined) -> Any:
    return confined_way(host, host.master, "", PLACES, host.clock - 900)


class TestSelinux:
    def test_hit_the_type_of_the_directory(self) -> None:
        found = way(labelled(root="user_home_t"))
        assert (found["module"], found["path"]) == ("selinux", ROOT)
        assert found["why"] == "httpd_t may not search it, whose type is user_home_t"
        assert "asked now" in found["text"] and "user_home_t" in found["text"]

    def test_hit_the_type_of_the_page(self) -> None:
        found = way(labelled(page="default_t"))
        assert (found["path"], "may not look at it" in found["why"]) == (PAGE, True)

    def test_near_miss_the_policy_lets_it(self) -> None:
        assert way(labelled()) is None

    def test_near_miss_the_domain_is_permissive(self) -> None:
        host = labelled(root="user_home_t")
        host.permissive.add("httpd_t")
        assert way(host) is None

    def test_near_miss_the_policy_does_not_answer(self) -> None:
        host = labelled(root="user_home_t")
        assert way(host.without("/sys/fs/selinux/class/dir/index")) is None

    def test_decoy_selinux_is_permissive(self) -> None:
        host = labelled(root="user_home_t").enforcing("0")
        assert way(host) is None and host.questions == []

    def test_decoy_php_fpm_has_our_own_domain(self) -> None:
        host = labelled(root="user_home_t").domains(fpm=OURS)
        assert way(host) is None and host.questions == []


def profiled(
    name: str = PAGE, operation: str = "getattr", mask: str = "r", ago: float = 60.0, mode: str = "enforce"
) -> Confined:
    host = on_unix().domains(fpm="php-fpm (%s)" % mode, ours="unconfined")
    host.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    return host.audit("type=AVC msg=" + (DENIED % (host.clock - ago, operation, name, mask, mask))[6:])


class TestApparmor:
    def test_hit_the_profile_refuses_the_page(self) -> None:
        found = way(profiled())
        assert (found["module"], found["path"]) == ("apparmor", PAGE)
        assert found["why"] == "the profile php-fpm does not let it getattr it"

    def test_hit_the_profile_refuses_the_directory(self) -> None:
        assert way(profiled(name=ROOT + "/"))["path"] == ROOT + "/"

    def test_near_miss_another_file_of_the_site(self) -> None:
        assert way(profiled(name=ROOT + "/config.php")) is None

    def test_near_miss_it_may_not_write_there(self) -> None:
        assert way(profiled(operation="open", mask="w")) is None

    def test_near_miss_long_ago(self) -> None:
        assert way(profiled(ago=5000.0)) is None

    def test_decoy_the_profile_only_complains(self) -> None:
        host = profiled(mode="complain")
        assert way(host) is None and host.calls == []


class TestNothing:
    def test_without_a_policy_a_host_pays_for_two_small_files(self) -> None:
        host = on_unix()
        assert way(host) is None and host.calls == []

    def test_nobody_runs(self) -> None:
        assert confined_way(labelled(root="user_home_t"), None, "", PLACES, 0.0) is None
