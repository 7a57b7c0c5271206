# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""examples/ansible.cfg: each line is a setting of the engine, is explained, and is what make uses."""

from __future__ import annotations

import os
import re

from ansible import constants
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PATH = os.path.join(ROOT, "examples", "ansible.cfg")
# What a plugin reads of its own accord.
OF_PLUGINS = {("ssh_connection", "ssh_args"), ("defaults", "result_format")}


def lines() -> list[str]:
    with open(PATH, encoding="utf-8") as stream:
        return stream.read().splitlines()


class TestConfiguration:
    def test_each_setting_is_one_of_the_engine(self) -> None:
        known = {
            (place["section"], place["key"])
            for definition in constants.config.get_configuration_definitions().values()
            for place in definition.get("ini", ())
        }
        section = ""
        for line in lines():
            section = line.strip("[]") if line.startswith("[") else section
            if re.match(r"\w+ *=", line):
                assert (section, line.split("=")[0].strip()) in known | OF_PLUGINS, line

    def test_each_setting_is_explained(self) -> None:
        before = ""
        for line in lines():
            assert not re.match(r"\w+ *=", line) or before.startswith("#"), line
            before = line

    def test_make_uses_the_same(self) -> None:
        with open(os.path.join(ROOT, "tests", "run", "playbook.py"), encoding="utf-8") as stream:
            used = dict(re.findall(r'"ANSIBLE_(\w+)", "([\w.]+)"\)', stream.read()))
        written = dict(re.findall(r"^(\w+) *= *(\S+)$", "\n".join(lines()), re.M))
        for name, value in used.items():
            key = {"PYTHON_INTERPRETER": "interpreter_python"}.get(name, name.lower())
            assert written[key].lower() == value, name
        assert len(used) == 4
