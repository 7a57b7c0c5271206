# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that begin with a tag which PHP is told to take for text."""

from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.where_needed import named_places
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost, Stat

ROOT, SCRIPT = "/srv/shop", "/srv/shop/index.php"
INI, POOL = "/etc/php/8.2/fpm/php.ini", "/etc/php/8.2/fpm/pool.d/www.conf"
CONFIG, NGINX, LOG = "/etc/php/8.2/fpm/php-fpm.conf", "/etc/nginx/nginx.conf", "/var/log/nginx/shop.log"
OFF = "[PHP]\nshort_open_tag = Off\n"
ON = OFF.replace("Off", "On")
LINE = '192.0.2.7 - - [27/Nov/2026:03:00:00 +0000] "GET %s HTTP/1.1" %d 9 "-" "curl"\n'
NAMED = "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;"
NOW = 1775139797.0
SHOW = "systemctl show -p Environment,EnvironmentFiles -- php-fpm.service"


def php(inside: str = NAMED, match: str = "~ \\.php$", endpoint: str = "unix:/run/a.sock") -> str:
    return "location %s { %s fastcgi_pass %s; }" % (match, inside, endpoint)


def server(*parts: str, root: str = ROOT, index: str = "index.php index.html") -> str:
    inside = "\n".join(parts or [php()])
    return "server { server_name shop.example; root %s; index %s; %s }" % (root, index, inside)


class Opened(FakeHost):
    """It remembers what was read, and of whom the site is."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super(Opened, self).__init__(*args, **more)
        self.read_so_far: List[Tuple[str, int]] = []

    def read_bytes(self, path: str, offset: int = 0, length: int = 1024 * 1024, real: bool = False) -> bytes:
        self.read_so_far.append((self.realpath(path), length))
        return super(Opened, self).read_bytes(path, offset, length, real)


def a_host(
    files: Optional[Dict[str, Any]] = None, site: str = "", environment: str = "", **more: Any
) -> Opened:
    every = {SCRIPT: '<? echo "page";', INI: OFF, POOL: "[www]\n", CONFIG: "", LOG: LINE % ("/", 200)}
    every[NGINX] = "events {} http { %s }" % (site or server())
    commands: Any = {SHOW: (0, "Environment=%s\n" % environment, "")}
    every.update(files or {})
    there: Any = {path: text for path, text in every.items() if text is not None}
    return Opened(there, commands, **more)


def tags(
    host: Optional[FakeHost] = None,
    pool: Any = (),
    master: Any = (),
    nginx: Any = (),
    command: str = "php-fpm --nodaemonize",
    **more: Any,
) -> Any:
    host = host or a_host(**more)
    conf = parse_conf(NGINX, host.text, lambda _pattern: [])
    assert not conf.errors
    log = {"paths": [LOG], "gzip": False, "written": LOG, "format": "combined"}
    facts = {
        "config": NGINX,
        "prefix": "/etc/nginx",
        "routes": routes(conf, "/etc/nginx", "1.22.1"),
        "config_newer": False,
        "site_logs": [{"site": "shop.example", "names": [], "access": [log]}],
        **dict(nginx),
    }
    pools = [{"endpoint": "unix:/run/a.sock", "chroot": None, **dict(pool)}]
    fpm = {
        "config": CONFIG,
        "files": [CONFIG, POOL],
        "pools": pools,
        "running": True,
        "loaded_at": NOW - 60,
        "config_newer": False,
        "unit": "php-fpm.service",
        "unit_state": {"command": command},
        **dict(master),
    }
    snapshot: Any = {"nginx": facts, "fpm": {"masters": [fpm]}, "endpoints": {}}
    if isinstance(host, Opened):
        host.read_so_far = []
    return named_places(host, snapshot, [], 0.0).get("short_tags", [])


class TestShortTags:
    def test_hit_php_takes_it_for_text(self) -> None:
        assert tags() == [{"site": "shop.example", "script": SCRIPT, "file": INI, "line": 2}]

    def test_hit_a_later_file_turns_it_off(self) -> None:
        later = {INI: ON, "/etc/php/8.2/fpm/conf.d/90-own.ini": "short_open_tag=0\n"}
        assert tags(files=later)[0]["file"] == "/etc/php/8.2/fpm/conf.d/90-own.ini"

    @pytest.mark.parametrize("text", ["<?php echo 1;", "<?= $page ?>", '<?xml version="1.0"?>', "<h1>", ""])
    def test_near_miss_another_tag(self, text: str) -> None:
        assert tags(files={SCRIPT: text}) == []

    @pytest.mark.parametrize(
        "files",
        [
            {INI: ON},
            {INI: "[PHP]\n"},
            {INI: OFF.replace("Off", "${SHORT}")},
            {INI: ON + "[PATH=/srv/other]\nshort_open_tag = Off\n"},
            {INI: ON + "[HOST=blog.example]\nshort_open_tag = Off\n"},
            {INI: OFF + 'user_ini.filename = "site.ini"\n'},
            {"/etc/php/8.2/fpm/conf.d/90-own.ini": "short_open_tag = On\n"},
            {POOL: "[www]\nphp_flag[short_open_tag] = on\n"},
            {POOL: "[www]\nphp_admin_value[user_ini.filename] = site.ini\n"},
            {ROOT + "/.user.ini": "short_open_tag = 1\n"},
            {ROOT + "/.user.ini": " " * 65536 + "short_open_tag = 1\n"},
        ],
    )
    def test_near_miss_it_is_on_or_may_be(self, files: Any) -> None:
        assert tags(files=files) == []

    @pytest.mark.parametrize("path", [INI, "/etc/php/8.2/fpm"])
    def test_near_miss_php_ini_is_newer_than_the_load(self, path: str) -> None:
        kind = "file" if path == INI else "directory"
        assert tags(stats={path: Stat(kind, 0o644, 0, 0, len(OFF), NOW - 30, 1, 1)}) == []

    def test_near_miss_the_unit_reads_other_files(self) -> None:
        assert tags(environment="A=b PHP_INI_SCAN_DIR=/etc/own") == []
        assert tags(environment="PHPRC=/etc/own") == []
        assert tags(environment="\nEnvironmentFiles=/etc/default/php (ignore_errors=yes)") == []

    @pytest.mark.parametrize(
        "script",
        ["/srv/app/front.php", "/srv/other$fastcgi_script_name", "$document_root/app.php", "$base/x.php"],
    )
    def test_near_miss_php_runs_another_script(self, script: str) -> None:
        assert tags(site=server(php("fastcgi_param SCRIPT_FILENAME %s;" % script))) == []

    def test_near_miss_the_pool_gets_other_pages(self) -> None:
        other = php(endpoint="unix:/run/b.sock")
        assert tags(site=server(php(match="~ ^/(admin|status)\\.php$"), other)) == []
        assert tags(site=server(php(match="~ ^/(admin|index)\\.php$"), other)) != []

    @pytest.mark.parametrize(
        "line", ["", LINE % ("/", 404), LINE % ("/about", 200), LINE % ("/x/index.php", 200)]
    )
    def test_near_miss_no_visitor_got_it(self, line: str) -> None:
        assert tags(files={LOG: line}) == []

    def test_near_miss_the_log_is_of_several_sites(self) -> None:
        log = {"paths": [LOG], "gzip": False, "written": LOG, "format": "combined"}
        logs = [{"site": name, "names": [], "access": [log]} for name in ("shop.example", "blog.example")]
        assert tags(nginx={"site_logs": logs}) == []

    @pytest.mark.parametrize(
        "more",
        [
            {"site": server(php(NAMED + 'fastcgi_param PHP_VALUE "short_open_tag=1";'))},
            {"site": server(php(NAMED + "fastcgi_param DOCUMENT_ROOT /srv;"))},
            {"site": server(php(NAMED + "try_files /closed.html $uri =404;"))},
            {"site": server(php(), root="/srv/$host")},
            {"site": server(php(match="= /api"))},
            {"site": server("return 301 https://$host$request_uri;", php())},
            {"pool": {"chroot": "/jail"}},
            {"pool": {"endpoint": "unix:/run/b.sock"}},
            {"master": {"config_newer": True}},
            {"master": {"account": "alice"}},
            {"nginx": {"config_newer": True}},
            {"command": "/usr/sbin/php-fpm -c /etc/own.ini"},
            {"command": "/usr/sbin/php-fpm -dshort_open_tag=1"},
            {"command": "/usr/sbin/php-fpm $OPTIONS"},
            {"site": server(index="index.html"), "files": {ROOT + "/index.html": "<h1>"}},
        ],
    )
    def test_decoy_visitors_may_get_another_page(self, more: Any) -> None:
        assert tags(**more) == []


class TestFilesOfAccounts:
    """Root follows no link that a site's owner can make, and reads little of what is there."""

    OWNED = {ROOT: Stat("directory", 0o755, 1000, 1000, 0, 0.0, 1, 1)}

    def opened(self, **more: Any) -> List[Tuple[str, int]]:
        host = a_host(stats=self.OWNED, **more)
        assert tags(host) == []
        return host.read_so_far

    @pytest.mark.parametrize("target", ["/etc/shadow", "/proc/kmsg", "/home/bob/index.php"])
    def test_a_link_at_the_front_page(self, target: str) -> None:
        files = {SCRIPT: None, target: '<? echo "page";'}
        assert target not in dict(self.opened(files=files, links={SCRIPT: target}))

    def test_a_link_at_the_user_ini(self) -> None:
        links = {ROOT + "/.user.ini": "/etc/shadow"}
        assert "/etc/shadow" not in dict(self.opened(files={"/etc/shadow": "root:"}, links=links))

    def test_the_begin_of_a_script_alone(self) -> None:
        host = a_host(files={ROOT + "/.user.ini": ""}, stats=self.OWNED)
        assert tags(host) != []
        read = dict(host.read_so_far)
        assert (read[SCRIPT], read[ROOT + "/.user.ini"]) == (64, 65536)

    def test_no_more_than_so_many_roots(self) -> None:
        names = ["/srv/site%d" % number for number in range(100)]
        files = {name + "/index.php": "<?php" for name in names}
        host = a_host(files=files, site="\n".join(server(root=name) for name in names))
        assert tags(host) == []
        assert len([path for path, _length in host.read_so_far if path in files]) <= 64

    def test_not_when_the_time_is_over(self) -> None:
        host = a_host()
        host.deadline = host.monotonic()
        assert tags(host) == [] and SCRIPT not in dict(host.read_so_far)
