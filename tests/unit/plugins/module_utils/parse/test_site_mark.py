# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line by which the role site knows its own files."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.generated import author_of
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.site_mark import site_of_text

MARK = "%s Written by webmedic.php_fpm, role site, for site shop-2.\n[shop-2]\n"


class TestMark:
    @pytest.mark.parametrize("comment", ["#", ";"])
    def test_it_names_the_site(self, comment: str) -> None:
        assert site_of_text(MARK % comment) == "shop-2"

    @pytest.mark.parametrize(
        "text",
        [
            None,
            "",
            "server {}\n",
            "# Written by webmedic.php_fpm. By default systemd stops the whole unit\n",
            "# was: " + MARK % "#",
            "\n" * 500 + MARK % "#",
        ],
    )
    def test_other_files_have_none(self, text: Optional[str]) -> None:
        assert site_of_text(text) is None

    def test_a_remediation_may_still_edit_the_file(self) -> None:
        """It is not taken for one that another program writes again."""
        assert author_of("/etc/php/8.2/fpm/pool.d/shop-2.conf", MARK % ";") is None
