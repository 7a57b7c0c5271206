# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the words of a reason name is a fact of its finding, on each host that a rule has as its hit."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.catalogue import lookup
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

FOLDER = Path(hosts.__file__).parent
WITH_HITS = [
    ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    for path in sorted(FOLDER.rglob("test_*.py"))
    if path.parent.name != "latent" and "\nHITS:" in path.read_text(encoding="utf-8")
]
# Field of the words -> the fact that fills it.
FACT_OF = {name: name for name in ("account", "address", "file", "line", "path", "pids", "user")}
FACT_OF["directory"] = "path"
# The hosts of these hits do not show it, and plain words stand there.
UNKNOWN = {"address_unavailable", "shared_memory", "preload_failed", "nginx_reload_refused"}


def wanted(cause: str, reason: str) -> list[str]:
    entry = lookup(cause, reason)
    return sorted(set(re.findall(r"\{(\w+)\}", entry.fix + entry.advice)) & set(FACT_OF))


class TestHits:
    @pytest.mark.parametrize("name", WITH_HITS)
    def test_what_the_words_name_is_a_fact_of_each_hit(self, name: str) -> None:
        hits = import_module("%s.%s" % (hosts.__name__.rpartition(".")[0], name)).HITS
        for reason, host in hits.items():
            for item in hosts.verdict(host())["findings"]:
                if item["reason"] == reason and reason not in UNKNOWN:
                    lacks = [
                        word for word in wanted(item["cause"], reason) if FACT_OF[word] not in item["facts"]
                    ]
                    assert not lacks, (item["cause"], reason)

    def test_many_hits_are_looked_at(self) -> None:
        assert len(WITH_HITS) > 15 and wanted("fpm_not_running", "unknown_user") == ["account"]
