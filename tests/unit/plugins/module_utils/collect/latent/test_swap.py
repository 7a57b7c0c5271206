# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which swap a boot would use again."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.swap import collect
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
FILE = "/swapfile                               file\t\t524284\t\t0\t\t-2\n"
PARTITION = "/dev/vdb1                               partition\t1048572\t\t0\t\t-3\n"
ZRAM = "/dev/zram0                              partition\t1048572\t\t0\t\t100\n"
UNITS = "/etc/systemd/system/"


def kept(swaps: str, files: Dict[str, str], links: Any = None, here: Any = ("/swapfile",)) -> List[Any]:
    """[(path, whether a boot would use it)]"""
    texts = {"/proc/swaps": HEAD + swaps, **dict.fromkeys(here, ""), **files}
    host = FakeHost(texts, links=links)
    nothing: Any = {}  # it needs no other fact
    return [(area["path"], area["kept"]) for area in collect(host, nothing)]


class TestSwapFile:
    @pytest.mark.parametrize(
        "files, there",
        [
            ({}, False),
            ({"/etc/fstab": "LABEL=root / ext4 defaults 0 1\n"}, False),
            ({"/etc/fstab": "#/swapfile none swap sw 0 0\n"}, False),
            ({"/etc/fstab": "/swapfile2 none swap sw 0 0\n"}, False),
            ({"/etc/fstab": "/swapfile none swap sw 0 0\n"}, True),
            ({UNITS + "swapfile.swap": "[Swap]\nWhat=/swapfile\n"}, True),
            ({UNITS + "other.swap": "[Swap]\nWhat=/other\n"}, False),
            ({"/etc/dphys-swapfile": "CONF_SWAPSIZE=100\n"}, True),
        ],
    )
    def test_who_brings_it_back(self, files: Dict[str, str], there: bool) -> None:
        assert kept(FILE, files) == [("/swapfile", there)]

    def test_the_swap_of_the_machine_is_none_of_a_container(self) -> None:
        assert kept(FILE, {}, here=()) == []

    def test_what_is_made_in_memory_at_each_boot_is_left_out(self) -> None:
        assert kept(ZRAM, {}, here=("/dev/zram0",)) == []

    def test_no_swap_is_no_area(self) -> None:
        assert kept("", {}) == []


class TestPartition:
    def test_fstab_may_name_it_by_its_uuid(self) -> None:
        files = {"/etc/fstab": 'UUID="77-a" none swap sw 0 0\n'}
        links = {"/dev/disk/by-uuid/77-a": "/dev/vdb1"}
        assert kept(PARTITION, files, links, here=("/dev/vdb1",)) == [("/dev/vdb1", True)]
        assert kept(PARTITION, files, here=("/dev/vdb1",)) == [("/dev/vdb1", False)]
