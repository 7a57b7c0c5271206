# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""logrotate's configuration. The stanzas are Debian's, Enterprise Linux's and made ones."""

from typing import Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.logrotate import (
    Create,
    Stanza,
    is_taboo,
    parse_logrotate,
)

DEBIAN = """# see "man logrotate" for details
weekly
rotate 4
create
#dateext
include /etc/logrotate.d
"""
NGINX = """/var/log/nginx/*.log {
\tdaily
\tmissingok
\tcreate 0640 www-data adm
\tsharedscripts
\tprerotate
\t\tif [ -d /etc/logrotate.d/httpd-prerotate ]; then \\
\t\t\trun-parts /etc/logrotate.d/httpd-prerotate; \\
\t\tfi \\
\tendscript
\tpostrotate
\t\tinvoke-rc.d nginx rotate >/dev/null 2>&1
\tendscript
}
"""


def read(**texts: str) -> List[Stanza]:
    """texts: of files in /etc/logrotate.d, beside Debian's main file unless "main" is one of them."""
    files: Dict[str, str] = {"/etc/logrotate.d/" + name: text for name, text in texts.items()}
    files["/etc/logrotate.conf"] = texts.get("main", DEBIAN)
    return parse_logrotate(
        "/etc/logrotate.conf",
        files.get,
        lambda name: sorted(path for path in files if path.startswith(name + "/") and "main" not in path),
    )


class TestStanzas:
    def test_of_debian(self) -> None:
        (stanza,) = read(nginx=NGINX)
        assert (stanza.file, stanza.line) == ("/etc/logrotate.d/nginx", 1)
        assert stanza.patterns == ["/var/log/nginx/*.log"]
        assert stanza.settings.create == Create(0o640, "www-data", "adm")
        lines = {line.text: line.number for line in stanza.script}
        assert lines["invoke-rc.d nginx rotate >/dev/null 2>&1"] == 12

    def test_the_main_file_sets_what_holds_for_all(self) -> None:
        (rotation,) = read(a="/var/log/a.log {\n  missingok\n}\n")
        assert rotation.settings.create == Create(None, None, None)
        (none,) = read(main="include /etc/logrotate.d\n", a="/var/log/a.log {\n}\n")
        assert none.settings.create is None
        (off,) = read(a="/var/log/a.log {\n nocreate\n}\n")
        assert off.settings.create is None

    @pytest.mark.parametrize(
        "text, patterns",
        [
            ("/a.log /b.log {\n}", ["/a.log", "/b.log"]),
            ("/a.log\n/b.log\n{\n}", ["/a.log", "/b.log"]),
            ('"/var/log/my app.log" {\n}', ["/var/log/my app.log"]),
            ("/a.log { daily }", ["/a.log"]),
        ],
    )
    def test_names(self, text: str, patterns: List[str]) -> None:
        assert [stanza.patterns for stanza in read(a=text)] == [patterns]

    @pytest.mark.parametrize(
        "text, create",
        [
            ("create 0640 www-data adm", Create(0o640, "www-data", "adm")),
            ("create 640", Create(0o640, None, None)),
            ("create = 0600 root root", Create(0o600, "root", "root")),
            ("create", Create(None, None, None)),
        ],
    )
    def test_create(self, text: str, create: Create) -> None:
        assert read(a="/a.log {\n%s\n}" % text)[0].settings.create == create

    def test_copytruncate_and_su(self) -> None:
        settings = read(a="/a.log {\n copytruncate\n su www-data adm\n}")[0].settings
        assert settings.copy and settings.su == "www-data"
        assert read(a="/a.log {\n su root adm\n}")[0].settings.su is None

    def test_a_script_may_have_braces(self) -> None:
        text = "/a.log {\n postrotate\n  f() {\n   true\n  }\n endscript\n}\n/b.log {\n}"
        assert [stanza.patterns for stanza in read(a=text)] == [["/a.log"], ["/b.log"]]

    def test_a_comment_hides_a_stanza(self) -> None:
        assert read(a="#/a.log {\n#}\n") == []

    def test_includes_in_a_circle_end(self) -> None:
        assert read(main="include /etc/logrotate.conf\ninclude /etc/logrotate.d\n", a="/a.log {\n}") != []

    def test_an_open_stanza_ends_with_its_file(self) -> None:
        assert len(read(a="/a.log {\n daily\n", b="/b.log {\n}")) == 2


class TestTaboo:
    @pytest.mark.parametrize(
        "name", ["nginx.dpkg-old", "nginx~", ".nginx", "nginx.rpmnew", "x.rhn-cfg-tmp-1"]
    )
    def test_is(self, name: str) -> None:
        assert is_taboo(name)

    def test_is_not(self) -> None:
        assert not is_taboo("nginx") and not is_taboo("php8.2-fpm")
