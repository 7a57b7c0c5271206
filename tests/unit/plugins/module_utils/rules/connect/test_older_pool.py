# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool that php-fpm serves by what it has loaded, and whose file is gone since."""

from typing import List

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host


def gone() -> Host:
    """Another pool's file was added."""
    return a_host().silent_logs().with_pool(name="news", endpoint="unix:/run/php/news.sock")


def notes(host: Host) -> List[str]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "pool_gone"]


class TestConfiguredNoMore:
    def test_hit_php_fpm_still_listens_there(self) -> None:
        (note,) = notes(gone())
        assert "its next reload ends that" in note and hosts.found(gone()) == hosts.HEALTHY

    def test_near_miss_a_file_has_it(self) -> None:
        assert not notes(a_host().silent_logs())

    def test_near_miss_a_file_was_not_read(self) -> None:
        assert not notes(gone().unseen("fpm_config"))

    def test_decoy_another_program_listens_there(self) -> None:
        host = gone().without_listeners(listening=True)
        assert not notes(host.with_listener(pid=9, comm="nc", fpm=False, master_config=None, uid=0))
