# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules about risks as a whole: each has its tests, and each reason has a hit and words."""

import importlib
import os
from typing import Any, Dict, List, Set

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import CAUSES, RULES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES as ACTIVE
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.test_registry import tree

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(ROOT, "plugins", "module_utils", "rules", "latent")
NAMES = [rule.name for rule in RULES]
CAUSE_OF = {rule.name: rule.cause.id for rule in RULES}
HELPERS = {"__init__", "diagnose", "hidden_by_rotation", "locations", "model", "registry", "served"}
TESTS = "ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.test_"


def hits(name: str) -> Dict[str, Any]:
    """HITS of the rule's tests: reason -> what makes a host that has it."""
    return dict(importlib.import_module(TESTS + name).HITS)


def reasons(cause: str) -> Set[str]:
    """Those that it declares."""
    return {reason for known in CAUSES if known.id == cause for reason in known.reasons}


@pytest.mark.parametrize("name", NAMES)
class TestEachRule:
    @pytest.mark.parametrize("kind", ["hit", "near_miss", "decoy"])
    def test_it_has_a_test_of_each_kind(self, name: str, kind: str) -> None:
        nodes = __import__("ast").walk(tree(os.path.join(HERE, "test_%s.py" % name)))
        names: List[str] = [getattr(node, "name", "") for node in nodes]
        assert [each for each in names if each.startswith("test_%s_" % kind)]

    def test_every_reason_of_its_cause_has_a_hit(self, name: str) -> None:
        cause = CAUSE_OF[name]
        found = [reason for rule in NAMES if CAUSE_OF[rule] == cause for reason in hits(rule)]
        assert hits(name) and sorted(reasons(cause)) == sorted(found)

    def test_every_hit_is_found_latent_with_proof(self, name: str) -> None:
        for reason, make in hits(name).items():
            found = [
                item
                for item in diagnose_ahead(make())["findings"]
                if (item["cause"], item["reason"]) == (CAUSE_OF[name], reason)
            ]
            assert found, reason
            for item in found:
                assert item["state"] == "latent" and item["evidence"] and item["summary"].endswith(".")


class TestRegistry:
    def test_every_rule_is_listed_once_with_a_file(self) -> None:
        files = {name[: -len(".py")] for name in os.listdir(FOLDER) if name.endswith(".py")}
        assert len(set(NAMES)) == len(NAMES) and files - HELPERS == set(NAMES)

    def test_a_cause_has_the_name_of_its_first_rule(self) -> None:
        assert [cause.id for cause in CAUSES] == list(dict.fromkeys(CAUSE_OF.values()))
        assert set(CAUSE_OF.values()) <= set(NAMES)

    def test_no_cause_is_one_of_the_diagnosis(self) -> None:
        assert not {cause.id for cause in CAUSES} & {cause.id for cause in ACTIVE}
