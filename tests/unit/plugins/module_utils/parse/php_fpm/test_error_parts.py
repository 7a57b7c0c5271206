# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PHP could not have, by the words of its last error."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.error_parts import error_parts


class TestErrorParts:
    @pytest.mark.parametrize(
        "text, parts",
        [
            (
                "file_put_contents(/srv/l): Failed to open stream: Read-only file system",
                {"read_only": ["/srv/l"]},
            ),
            ("Please make writeable this directory: /srv/c", {"unwritable": ["/srv/c"]}),
            ('Unable to write in the "/srv/c" directory', {"unwritable": ["/srv/c"]}),
            ("Permission is denied for `/srv/c/log.txt`", {"unwritable": ["/srv/c/log.txt"]}),
            ('touch "/srv/l": Read-only file system', {"read_only": ["/srv/l"]}),
            ("fopen(/srv/c/1): Failed to open stream: No such file or directory", {"missing": ["/srv/c/1"]}),
            ("connect to unix:///run/r.sock (No such file or directory)", {"missing": ["/run/r.sock"]}),
            ("SQLSTATE[HY000] [2002] No such file or directory in /a.php", {"lacks": ["database"]}),
            ('connection to server on socket "/tmp/.s.PGSQL.5432" failed', {"lacks": ["database"]}),
            ("exec(): Unable to fork [php -v]", {"lacks": ["process"]}),
            ("popen(ls,r): Resource temporarily unavailable", {"lacks": ["process"]}),
            ("tempnam(): file created in the system's temporary directory", {"lacks": ["temporary_file"]}),
        ],
    )
    def test_hit_each_thing_that_it_lacks(self, text: str, parts: Dict[str, Any]) -> None:
        assert error_parts("PHP Fatal error:  %s in /a.php on line 3" % text) == parts

    @pytest.mark.parametrize(
        "text",
        [
            "Uncaught TypeError: x() in /srv/a.php:3",
            "fopen(/srv/c/1): Failed to open stream: Permission denied",
            "SQLSTATE[HY000] [2002] Connection refused",
            "the log is overwritten by /srv/c",
            "The cache directory must be present and writable. in /usr/share/app/index.php:2",
            "sh: 1: /opt/convert: not found",
        ],
    )
    def test_near_miss_an_error_of_another_kind(self, text: str) -> None:
        assert error_parts("PHP Fatal error:  %s in /a.php on line 3" % text) == {}
