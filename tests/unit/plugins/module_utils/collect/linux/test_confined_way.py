# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy refuses a worker on the way to a script."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.confined_way import confined_way
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.denials import type_of
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.confinement import (
    OURS,
    Confined,
    file,
    on_unix,
)

ROOT, PAGE = "/srv/shop", "/srv/shop/index.php"
PLACES = ["/srv", ROOT, PAGE]
DENIED = (
    'audit: type=1400 audit(%.3f:61): apparmor="%s" operation="%s" profile="php-fpm" '
    'name="%s" pid=812 comm="php-fpm8.2" requested_mask="%s" denied_mask="%s" fsuid=33 ouid=0'
)

LOADED = (
    'audit: type=1400 audit(%.3f:60): apparmor="STATUS" operation="profile_replace" profile="unconfined" '
    'name="%s" pid=9 comm="apparmor_parser"'
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
        assert (found["module"], found["path"], found["text"]) == ("selinux", ROOT, "")
        assert (type_of(found["source"]), type_of(found["target"])) == ("httpd_t", "user_home_t")
        assert (found["tclass"], found["permission"]) == ("dir", "search")

    def test_hit_the_type_of_the_page(self) -> None:
        found = way(labelled(page="default_t"))
        assert (found["path"], found["tclass"], found["permission"]) == (PAGE, "file", "getattr")
        assert type_of(found["target"]) == "default_t"

    @pytest.mark.parametrize("permission", ["open", "read"])
    def test_hit_a_permission_on_the_page(self, permission: str) -> None:
        host = labelled()
        host.allowed.discard(("httpd_t", "httpd_sys_content_t", "file", permission))
        assert way(host)["permission"] == permission

    def test_hit_the_way_ends_at_a_directory(self) -> None:
        host = labelled(root="user_home_t")
        found = confined_way(host, host.master, "", PLACES[:-1], 0.0)
        assert found is not None and (found["tclass"], found["permission"]) == ("dir", "search")

    def test_hit_the_labels_below_the_workers_root(self) -> None:
        host, root = labelled(), "/proc/7/root"
        host.labels.update({root + place: host.labels[place] for place in PLACES})
        host.labels[root + ROOT] = file("user_home_t")
        found = confined_way(host, host.master, root, PLACES, 0.0)
        assert found is not None and found["path"] == ROOT

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
    name: str = PAGE,
    operation: str = "getattr",
    mask: str = "r",
    ago: float = 60.0,
    mode: str = "enforce",
    loaded: float = 800.0,
    word: str = "DENIED",
    of: str = "php-fpm",
) -> Confined:
    """loaded: seconds since a profile, of that name, was loaded anew."""
    host = on_unix().domains(fpm="php-fpm (%s)" % mode, ours="unconfined")
    host.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    rows = [
        (LOADED % (host.clock - loaded, of)),
        DENIED % (host.clock - ago, word, operation, name, mask, mask),
    ]
    return host.audit(*["type=AVC msg=" + row[len("audit: type=1400 ") :] for row in rows])


class TestApparmor:
    def test_hit_the_profile_refuses_the_page(self) -> None:
        found = way(profiled())
        assert (found["module"], found["path"]) == ("apparmor", PAGE)
        assert (found["source"], found["permission"]) == ("php-fpm", "getattr")
        assert 'apparmor="DENIED"' in found["text"]

    def test_hit_the_last_refusal_is_after_the_profile_was_loaded(self) -> None:
        assert way(profiled(ago=60.0, loaded=90.0))["path"] == PAGE

    def test_near_miss_the_profile_was_loaded_anew_since(self) -> None:
        assert way(profiled(ago=60.0, loaded=30.0)) is None

    def test_hit_another_profile_was_loaded_since(self) -> None:
        assert way(profiled(ago=60.0, loaded=30.0, of="nginx"))["path"] == PAGE

    def test_hit_the_profile_kills(self) -> None:
        assert way(profiled(mode="kill"))["path"] == PAGE

    def test_hit_the_last_of_several_refusals(self) -> None:
        host = profiled(name=ROOT + "/", ago=90.0)
        later = profiled(ago=60.0)
        log = "/var/log/audit/audit.log"
        host.file(log, host.read(log) + later.read(log))
        assert way(host)["path"] == PAGE

    def test_near_miss_it_was_let_in_and_only_told(self) -> None:
        assert way(profiled(word="ALLOWED")) is None

    def test_near_miss_another_profile_was_refused(self) -> None:
        host = profiled()
        assert way(host.domains(fpm="php-fpm//child (enforce)", ours="unconfined")) is None

    def test_hit_the_profile_refuses_the_directory(self) -> None:
        assert way(profiled(name=ROOT + "/"))["path"] == ROOT + "/"

    def test_near_miss_apparmor_is_not_enabled(self) -> None:
        host = profiled()
        assert way(host.file("/sys/module/apparmor/parameters/enabled", "N\n")) is None

    def test_near_miss_another_file_of_the_site(self) -> None:
        assert way(profiled(name=ROOT + "/config.php")) is None

    def test_near_miss_it_may_not_write_there(self) -> None:
        assert way(profiled(operation="open", mask="w")) is None

    def test_near_miss_long_ago(self) -> None:
        assert way(profiled(ago=5000.0, loaded=9000.0)) is None

    def test_decoy_the_profile_only_complains(self) -> None:
        host = profiled(mode="complain")
        assert way(host) is None and host.calls == []


class TestNothing:
    def test_without_a_policy_a_host_pays_for_two_small_files(self) -> None:
        host = on_unix()
        assert way(host) is None and host.calls == []

    def test_nobody_runs(self) -> None:
        assert confined_way(labelled(root="user_home_t"), None, "", PLACES, 0.0) is None
