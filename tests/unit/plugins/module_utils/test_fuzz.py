# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No parser raises or hangs, whatever it reads; no rule, whatever the collectors may have seen."""

import glob
import json
import os
import random
from typing import Any, Callable, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import LIMIT, fit
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import fastcgi
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import permission, sock_rows
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import (
    NEEDED_FOR_HEALTH,
    SEVERITIES,
    STATES,
    diagnose,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils import fuzz
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parsers import TEXTS
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

STATUSES = ("failing", "degraded", "recovered", "healthy", "unknown", "not_applicable")
FIXTURES = fixtures()


def files(*patterns: str) -> List[bytes]:
    found = []
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(FIXTURES, pattern), recursive=True)):
            if os.path.isfile(path):
                with open(path, "rb") as stream:
                    found.append(stream.read(200000))
    assert found, patterns
    return found


# What a parser reads on real hosts; the others start from all of it.
SAMPLES = {
    "nginx": ("nginx/*",),
    "edit_nginx": ("nginx/*",),
    "fpm": ("fpm/**/*",),
    "edit_fpm": ("fpm/**/*",),
    "scan_value": ("fpm/**/*",),
    "nginx_entry": ("logs/nginx*",),
    "nginx_log": ("logs/nginx*",),
    "fpm_message": ("logs/php*",),
    "fpm_log": ("logs/php*",),
    "proc": ("proc/*",),
    "systemctl": ("units/*",),
}
EVERYTHING = ("nginx/*", "fpm/**/*", "logs/*", "signatures/*/*", "proc/*", "units/*")


class TestFuzz:
    @pytest.mark.parametrize("parser, work", TEXTS, ids=[name for name, _work in TEXTS])
    def test_no_text_makes_a_parser_raise_or_hang(self, parser: str, work: Callable[[str], Any]) -> None:
        near = max((name for name in SAMPLES if parser.startswith(name)), key=len, default="")
        samples = [data.decode("utf-8", "replace") for data in files(*SAMPLES.get(near, EVERYTHING))]
        for seed in fuzz.seeds():
            text = fuzz.text(random.Random(seed), samples)
            # One line where lines are all that the parser ever gets.
            fuzz.guarded(work, text if seed % 3 else text.split("\n")[0], seed)

    @pytest.mark.parametrize(
        "work",
        [
            sock_rows.parse_unix_diag,
            sock_rows.parse_tcp_diag,
            lambda data: fastcgi.answer(data, False),
            lambda data: fastcgi.answer(data, True),
            lambda data: permission.acl_text(permission.parse_acl(data), str, str),
            lambda data: permission.blocked_by(
                [permission.Component("/a", False, 0, 0, 0o777, permission.parse_acl(data), "root", "root")],
                permission.Identity("www-data", 33, [33]),
            ),
        ],
    )
    def test_no_bytes_make_a_parser_raise_or_hang(self, work: Callable[[bytes], Any]) -> None:
        samples = diag_answers() + [b"\x01\x0a\0\0\0\x12\x06\0\x0f\x01FCGI_MPXS_CONNS0" + b"\0" * 6]
        for seed in fuzz.seeds():
            fuzz.guarded(work, fuzz.data(random.Random(seed), samples), seed)

    def test_no_snapshot_makes_a_rule_raise(self) -> None:
        snapshots = [hosts.fixture(path)["snapshot"] for path in hosts.FILES]
        known = fuzz.seen_at(snapshots)
        for seed in fuzz.seeds():
            source = random.Random(seed)
            snapshot = fuzz.like(source, source.choice(snapshots), known)
            check(fuzz.guarded(diagnose, snapshot, seed))


def diag_answers() -> List[bytes]:
    captures = [json.loads(data.decode("utf-8")) for data in files("sockets/*.json")]
    return [
        bytes(bytearray.fromhex(value))
        for capture in captures
        for value in capture.values()
        if isinstance(value, str) and len(value) > 40 and not set(value) - set("0123456789abcdef")
    ]


def check(verdict: Any) -> None:
    assert verdict["status"] in STATUSES
    for item in verdict["findings"]:
        assert item["severity"] in SEVERITIES
        assert item["state"] in STATES
    needed = [entry for entry in verdict["missing"] if entry["what"] in NEEDED_FOR_HEALTH]
    assert not (
        verdict["status"] == "healthy"
        and (needed or any(item["state"] == "active" for item in verdict["findings"]))
    )
    assert len(json.dumps(fit(json.loads(json.dumps(verdict))))) < 2 * LIMIT
