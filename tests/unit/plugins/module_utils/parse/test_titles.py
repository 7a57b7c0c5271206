# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Titles and names of processes, as seen on hosts."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import titles
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.titles import (
    claim,
    is_fpm,
    program_of,
    relevant,
)


class TestMasters:
    @pytest.mark.parametrize(
        "title, program",
        [
            ("php-fpm: master process (/etc/php-fpm.conf)", "php-fpm"),
            ("nginx: master process nginx", "nginx"),
            ("freenginx: master process freenginx", "nginx"),
            ("angie: master process v1.6.0 #1 [angie]", "nginx"),
            ("php-fpm: pool www", None),
            ("vim php-fpm: master process (x)", None),
            ("", None),
        ],
    )
    def test_title_claims_to_be_a_master_or_not(self, title: str, program: Optional[str]) -> None:
        assert claim(title) == program

    @pytest.mark.parametrize(
        "title, config",
        [
            ("php-fpm: master process (/etc/php-fpm.conf)", "/etc/php-fpm.conf"),
            ("php-fpm: master process (/etc/php-f", "/etc/php-f"),
            ("php-fpm: master process", None),
        ],
    )
    def test_title_names_the_file_even_if_it_is_cut(self, title: str, config: Optional[str]) -> None:
        match = titles.FPM_MASTER.match(title)
        assert match and match.group(1) == config


class TestWorkers:
    @pytest.mark.parametrize(
        "title, pool",
        [
            ("php-fpm: pool www", "www"),
            ("php-fpm: pool two words", "two words"),
            ("php-fpm: master process (/etc/php-fpm.conf)", None),
            ("vim php-fpm: pool www", None),
        ],
    )
    def test_title_names_the_pool_even_with_a_space(self, title: str, pool: Optional[str]) -> None:
        match = titles.FPM_WORKER.match(title)
        assert (match.group(1) if match else None) == pool
        assert pool is None or titles.POOL + pool == title

    @pytest.mark.parametrize("name", titles.PROGRAMS["nginx"])
    def test_near_miss_worker_that_shuts_down(self, name: str) -> None:
        title = name + ": worker process"
        assert titles.NGINX_WORKER.match(title)
        assert not titles.NGINX_WORKER.match(title + " is shutting down")


class TestRelevant:
    @pytest.mark.parametrize(
        "name", ["nginx", "angie", "openresty", "tengine", "freenginx", "php-fpm8.2", "php82-php-fpm"]
    )
    def test_hit_nginx_forks_builds_of_php_fpm(self, name: str) -> None:
        assert relevant(name)

    @pytest.mark.parametrize("name", ["apache2", "bash", "php"])
    def test_near_miss_other_programs(self, name: str) -> None:
        assert not relevant(name)


FPMS = ["php-fpm", "php-fpm8.2", "php-fpm83", "php8.2-fpm", "php82-php-fpm", "php-8.2-fpm"]


class TestProgram:
    @pytest.mark.parametrize("name", FPMS)
    def test_hit_each_spelling_of_php_fpm(self, name: str) -> None:
        assert is_fpm(name) and is_fpm("/opt/php/sbin/%s (deleted)" % name)
        assert program_of(name) == program_of("(%s)" % name) == "php-fpm"

    @pytest.mark.parametrize(
        "name", ["php", "php-cgi", "php-fpm_exporter", "myphp-fpm", "php-fpm8.2.sh", "fpm"]
    )
    def test_near_miss_other_programs(self, name: str) -> None:
        assert not is_fpm("/usr/sbin/" + name)

    @pytest.mark.parametrize(
        "name, program",
        [
            *((name, "nginx") for name in titles.PROGRAMS["nginx"]),
            ("nginxd", None),
            ("php-fpm_exporte", None),
        ],
    )
    def test_a_process_runs_nginx_or_something_else(self, name: str, program: Optional[str]) -> None:
        assert program_of(name) == program
