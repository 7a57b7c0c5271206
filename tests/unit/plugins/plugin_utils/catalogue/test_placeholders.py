# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No placeholder stands in what a person is told: all words of the catalogue, on each host of the lab."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import (
    catalogue,
    commands,
    placeholders,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

# Names for something that a reader would have to look up, as they stood in commands.
CAPITALS = re.compile(
    r"\b(?:UNIT|POOL|SITE|ENDPOINT|SOCKET|(?:NGINX_)?USER(?:NAME)?|PATH|PORT|FILE|LINE|DIRECTORY|ACCOUNT"
    r"|PID|PROGRAM|TYPE|NUMBER|HOST|ADDRESS|SERVICE|VERSION|DIR)\b|\bNAME\b|<[a-z_-]+>|\{\w+\}"
)
# Words of systemd itself, which its journal shows.
SYSTEMD = ("NAMESPACE", "USER or GROUP an account")
COMMANDS = r"systemctl|journalctl|setfacl|getfacl|semanage|restorecon|namei|stat|df|useradd|setsebool"
# A command whose argument is a turn of words, which no shell takes.
HALF = re.compile(r"\b(?:%s)(?: -\S+| [a-z-]+){0,3} (?:the|its|nginx's|php-fpm's)\b" % COMMANDS)
CODE = re.compile(r"`([^`]*)`")
WORDS = re.compile(r"\b(?:the|its|nginx's|php-fpm's|that|what)\b")


def findings_of_the_lab() -> Iterator[dict[str, Any]]:
    for path in hosts.FILES:
        yield from hosts.verdict(hosts.fixture(path)["snapshot"])["findings"]


FOUND = list(findings_of_the_lab())


def wrong_words(text: str) -> list[str]:
    for words in SYSTEMD:
        text = text.replace(words, "")
    wrong = [match.group() for match in CAPITALS.finditer(text)]
    wrong += [match.group() for match in HALF.finditer(CODE.sub("", text))]
    return wrong + [code for code in CODE.findall(text) if WORDS.search(code)]


class TestEveryText:
    """The catalogue's words."""

    @pytest.mark.parametrize("key", sorted(catalogue.CATALOGUE, key=str))
    def test_no_placeholder_stands_where_nothing_is_known(self, key: tuple[str, str | None]) -> None:
        for state in ("active", "recovered"):
            words = catalogue.words_for({"cause": key[0], "reason": key[1], "state": state})
            assert {name: wrong_words(words[name]) for name in ("fix", "advice", "do_not")} == {
                "fix": [],
                "advice": [],
                "do_not": [],
            }

    @pytest.mark.parametrize("key", sorted(catalogue.CATALOGUE, key=str))
    def test_no_placeholder_stands_on_any_host(self, key: tuple[str, str | None]) -> None:
        """What each host knows is put into each entry, as if that were its cause."""
        shapes = {
            tuple(sorted(name for name, value in placeholders.fields_of(item).items() if value)): item
            for item in FOUND
        }
        for item in shapes.values():
            words = catalogue.words_for({**item, "cause": key[0], "reason": key[1]})
            assert [*wrong_words(words["fix"]), *wrong_words(words["advice"])] == []


class TestEveryHost:
    """What is said of the hosts of the lab."""

    def test_no_placeholder_stands_in_what_is_said_of_a_finding(self) -> None:
        for item in FOUND:
            words = catalogue.words_for(item)
            assert [*wrong_words(words["fix"]), *wrong_words(words["advice"])] == [], item["summary"]

    def test_no_placeholder_stands_in_what_is_needed(self) -> None:
        for path in hosts.FILES:
            for entry in hosts.verdict(hosts.fixture(path)["snapshot"])["missing"]:
                assert not CAPITALS.search(entry["needs"] or ""), path


class TestFilling:
    """Fields, and words in place of them."""

    def test_longer_turns_come_before_their_parts(self) -> None:
        turns = [turn for turn, _words in commands.INSTEAD]
        for number, turn in enumerate(turns):
            assert not any(turn in later for later in turns[number + 1 :]), turn

    def test_a_form_names_only_what_stands_before_it(self) -> None:
        known = {*placeholders.FIELDS, *placeholders.OTHERS}
        for name, command in commands.COMMANDS.items():
            for form in (command.usual, *(form for _field, form in command.elsewhere)):
                assert set(re.findall(r"\{(\w+)\}", form)) <= known, name
            known.add(name)

    def test_a_command_that_may_lack_a_field_has_words(self) -> None:
        for name, command in commands.COMMANDS.items():
            text = placeholders.filled("`{%s}`" % name, placeholders.fields_of({}))
            assert text and "{" not in text and not wrong_words(text), (name, command)

    def test_a_page_about_any_host_keeps_the_names(self) -> None:
        assert placeholders.named("systemctl start {unit}") == "systemctl start UNIT"
        assert placeholders.named("{test_nginx}, {reload}") == "nginx -t, systemctl reload UNIT"


class TestHostile:
    @pytest.mark.parametrize("account", ["-ou0", "--root=/home/me", "a\nb", "x" * 5000])
    def test_no_option_comes_from_a_hosts_field(self, account: str) -> None:
        text = "`useradd --system {account}`"
        assert not placeholders.complete(text, {"account": account})
        assert account not in placeholders.filled(text, {"account": account})

    def test_a_field_stays_one_word(self) -> None:
        text = placeholders.filled("useradd --system {account}", {"account": "$(id); `id` 'x'"})
        assert shlex.split(text) == ["useradd", "--system", "$(id); `id` 'x'"]
