# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role site on paper. What it promises is documented, and its numbers fit each other. No value of its
specification breaks out of a file. What hosts make of it: tests/integration/sites.py.
"""

from __future__ import annotations

import glob
import os
import re
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "site")


def read(*path: str) -> str:
    with open(os.path.join(ROLE, *path), encoding="utf-8") as stream:
        return stream.read()


SPECS = yaml.safe_load(read("meta", "argument_specs.yml"))["argument_specs"]
OPTIONS = SPECS["main"]["options"]
DEFAULTS = yaml.safe_load(read("defaults", "main.yml"))
VARS = yaml.safe_load(read("vars", "main.yml"))
NOTES = yaml.safe_load(read("vars", "notes.yml"))["__site_notes"]
CHECKS = yaml.safe_load(read("vars", "checks.yml"))
TEMPLATES = {
    path: read("templates", path)
    for path in glob.glob("**/*.j2", root_dir=ROLE + "/templates", recursive=True)
}
NEEDED = {"site_name", "site_server_names", "site_root", "site_user"}


def valued(name: str, **options: Any) -> Any:
    """An expression of the role's variables."""
    environment = jinja2.Environment()
    environment.filters["bool"] = bool
    return environment.from_string(VARS[name]).render(**{**VARS, **DEFAULTS, **options})


class TestVariables:
    def test_each_has_its_default_where_it_is_declared(self) -> None:
        declared = {name: option["default"] for name, option in OPTIONS.items() if "default" in option}
        assert declared == DEFAULTS
        assert set(OPTIONS) - set(DEFAULTS) == NEEDED

    def test_each_is_in_the_readme(self) -> None:
        readme = read("README.md")
        assert [name for name in OPTIONS if "| `%s` |" % name not in readme] == []

    def test_each_is_used(self) -> None:
        tasks = "".join(read("tasks", name) for name in ("main.yml", "check.yml", "generate.yml"))
        text = tasks + "".join(TEMPLATES.values()) + read("vars", "main.yml") + read("vars", "layouts.yml")
        assert [name for name in OPTIONS if name not in text] == []


class TestDerivedNames:
    """What is called after a site, on a host or for it: two sites never share one."""

    PAIRS = (("a-b", "a_b"), ("a", "a-status"), ("a", "a_status"), ("a--b", "a-_b"), ("www", "www-error"))

    def of(self, name: str) -> set[str]:
        environment = jinja2.Environment()
        layouts = yaml.safe_load(read("vars", "layouts.yml"))["__site_layouts"]
        patterns = [layout[key] for layout in layouts.values() for key in ("vhost", "pool", "socket")]
        patterns += [layout["status_socket"].split(" if ")[0] + " }}" for layout in layouts.values()]
        text = "".join(TEMPLATES.values())
        patterns += [VARS["__site_upstream"], "[{{ site_name }}]"]
        patterns += re.findall(r"shared:(\S+):\dm;", text)
        patterns += re.findall(r"[\w.{} ]+/(\{\{ site_name \}\}[\w.-]+)", text)
        known = {"__site_php": "8.2", "site_name": name}
        return {environment.from_string(pattern).render(**known) for pattern in patterns}

    def test_there_are_names_of_each_kind(self) -> None:
        names = self.of("shop-2")
        assert {"site_shop-2", "[shop-2]", "shop-2.error.log", "/run/php-fpm/shop-2.status.sock"} <= names

    @pytest.mark.parametrize("site, other", PAIRS)
    def test_two_sites_share_none(self, site: str, other: str) -> None:
        assert not self.of(site) & self.of(other)


class TestPresets:
    def test_each_has_its_locations(self) -> None:
        presets = VARS["__site_presets"]
        assert sorted(presets) == sorted(OPTIONS["site_preset"]["choices"])
        files = {"presets/%s.j2" % preset["locations"] for preset in presets.values()}
        assert files == {path for path in TEMPLATES if path.startswith("presets/")}

    def test_each_note_stands_at_a_line(self) -> None:
        notes = set(re.findall(r"note\('(\w+)'", "".join(TEMPLATES.values())))
        notes |= {"listen_acl", "listen_owner"}
        assert notes == set(NOTES)


class TestNumbers:
    @pytest.mark.parametrize("longest", [1, 30, 600])
    def test_timeouts_are_in_the_right_order(self, longest: int) -> None:
        terminate = int(valued("__site_terminate", site_longest_request=longest))
        read_timeout = int(valued("__site_read_timeout", site_longest_request=longest))
        assert longest < terminate < read_timeout
        assert 2 <= int(valued("__site_slow", site_longest_request=longest)) < terminate

    @pytest.mark.parametrize("size, mib", [("16M", 16), ("2G", 2048), ("1m", 1)])
    def test_a_form_is_larger_than_its_file(self, size: str, mib: int) -> None:
        upload = valued("__site_upload_mib", site_upload_size=size)
        assert int(upload) == mib < int(valued("__site_body_mib", __site_upload_mib=upload))

    @pytest.mark.parametrize("workers", [1, 2, 8])
    def test_kept_connections_never_take_all_workers(self, workers: int) -> None:
        for most in range(1, 200):
            facts = {"max_children": most, "nginx_workers": workers}
            kept = int(valued("__site_keepalive", site_keepalive=True, __site_there=facts))
            assert 2 * workers * kept < most

    def test_nothing_is_kept_unless_it_is_asked_for(self) -> None:
        facts = {"max_children": 100, "nginx_workers": 1}
        assert valued("__site_keepalive", __site_there=facts) == "0"


class TestHsts:
    def test_browsers_remember_nothing_unless_asked(self) -> None:
        assert valued("__site_hsts", __site_tls=True) == ""

    def test_it_is_sent_with_tls_for_as_long_as_asked(self) -> None:
        assert "max-age=600" in valued("__site_hsts", __site_tls=True, site_hsts=600)
        assert valued("__site_hsts", __site_tls=False, site_hsts=600) == ""


class TestUploads:
    def refuses(self, preset: str, path: str) -> bool:
        """As the location of the vhost has it."""
        known = VARS["__site_presets"][preset]
        paths = [re.escape(each) for each in known["uploads"]]
        anywhere = "|".join(map(re.escape, known.get("anywhere", ())))
        environment = jinja2.Environment()
        pattern = environment.from_string(VARS["__site_upload_pattern"]).render(
            __site_anywhere=anywhere, __site_upload_paths=paths
        )
        return bool(re.match("(?:%s)/(?:.*/)?[^/]+%s(?:/|$)" % (pattern, VARS["__site_code"]), path, re.I))

    @pytest.mark.parametrize(
        "preset, path",
        [
            ("wordpress", "/wp-content/uploads/2026/a.php"),
            ("wordpress", "/blog/wp-content/uploads/a.php"),
            ("wordpress", "/app/uploads/a.PHP/b.png"),
            ("plain", "/blog/uploads/a.phtml"),
            ("plain", "/media/a.php"),
        ],
    )
    def test_a_script_in_them_does_not_run(self, preset: str, path: str) -> None:
        assert self.refuses(preset, path)

    @pytest.mark.parametrize(
        "preset, path",
        [
            ("wordpress", "/wp-content/plugins/uploads.php"),
            ("wordpress", "/wp-content/uploads/a.png"),
            ("plain", "/admin/media/edit.php"),
            ("plain", "/uploads.php"),
        ],
    )
    def test_what_only_looks_alike_does(self, preset: str, path: str) -> None:
        assert not self.refuses(preset, path)


class TestForms:
    @pytest.mark.parametrize(
        "value",
        ["a; }", "a\nb", 'a"', "$x", "{{ a }}", "a b{", "/srv/$(id)", "a;", "/a\r\nHost: b", "/a\n", "/a\x00",
         "/a\x1b[2J", "/a\x85", "/a'", "/a`id`", "/a\\b", "/a\u2028"],
    )  # fmt: skip
    def test_nothing_breaks_out_of_a_file(self, value: str) -> None:
        forms = {**CHECKS["__site_forms"], **CHECKS["__site_present_forms"]}
        forms.update({name: form for name, form in CHECKS.items() if isinstance(form, str)})
        forms.pop("site_preset")  # a list of words
        for name, form in forms.items():
            assert not re.match("(?:%s)\\Z" % form, value), name

    @pytest.mark.parametrize(
        "name, value",
        [
            ("site_name", "shop-2"),
            ("site_root", "/srv/shop/current/public"),
            ("site_php_version", "8.10"),
            ("site_upload_size", "512m"),
            ("site_memory_limit", ""),
            ("site_page_path", "/health.php?full=1&a=%20"),
            ("site_page_path", ""),
            ("site_verify_timeout", "30.0"),
            ("site_dest", "./webmedic-site/shop"),
            ("site_dest", "/home/me/My sites/shop"),
        ],
    )
    def test_what_people_write_passes(self, name: str, value: str) -> None:
        forms = {**CHECKS["__site_forms"], **CHECKS["__site_present_forms"]}
        assert re.match("(?:%s)\\Z" % forms[name], value)

    @pytest.mark.parametrize("name", ["site_root", "site_tls_certificate", "site_vhost_dir"])
    @pytest.mark.parametrize(
        "value", ["/srv/../etc", "/..", "/srv/./x", "//", "/", "/srv//x", "srv", "/srv/x\n"]
    )
    def test_a_path_leads_nowhere_else(self, name: str, value: str) -> None:
        assert not re.match("(?:%s)\\Z" % CHECKS["__site_present_forms"][name], value)

    @pytest.mark.parametrize(
        "value",
        ["/etc", "/etc/nginx", "/root/x", "/home", "/home/", "/var", "/usr", "/lib64", "/proc/1/root"],
    )
    def test_no_site_serves_the_system(self, value: str) -> None:
        assert not re.match("(?:%s)\\Z" % CHECKS["__site_present_forms"]["site_root"], value)

    @pytest.mark.parametrize(
        "value",
        ["/srv", "/home/shop/web", "/var/www", "/usr/share/nginx/html", "/srv/a..b/.well", "/etcetera/x/"],
    )
    def test_near_miss_a_root_that_people_have_passes(self, value: str) -> None:
        assert re.match("(?:%s)\\Z" % CHECKS["__site_present_forms"]["site_root"], value)

    @pytest.mark.parametrize("value", ["", "/", "//", "/.", "/../"])
    def test_the_controllers_own_files_are_no_place_to_write(self, value: str) -> None:
        assert not re.match("(?:%s)\\Z" % CHECKS["__site_present_forms"]["site_dest"], value)

    @pytest.mark.parametrize("name", ["site_longest_request", "site_http_port", "site_https_port"])
    def test_zero_is_no_time_and_no_port(self, name: str) -> None:
        assert not re.match("(?:%s)\\Z" % CHECKS["__site_present_forms"][name], "0")

    def test_the_section_of_php_fpm_is_no_name(self) -> None:
        form = CHECKS["__site_forms"]["site_name"]
        assert not re.match("(?:%s)\\Z" % form, "global") and re.match("(?:%s)\\Z" % form, "globals")

    @pytest.mark.parametrize("name", ["shop.example", "*.shop.example", ".shop.example", "localhost"])
    def test_server_names_of_nginx_pass(self, name: str) -> None:
        assert re.match("(?:%s)\\Z" % CHECKS["__site_server_name"], name)
