# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is counted of logs, and what a visitor cannot make count."""

from typing import Any, Dict, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import log_counts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.counters import Counters
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.log_counts import (
    EXITS,
    REACHED,
    RESPONSES,
    count_answers,
    count_deaths,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.tail import Tail
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.site_logs import COMBINED

LINE = '192.0.2.7 - - [26/Nov/2025:10:00:00 +0000] "GET %s HTTP/1.1" %s 552 "-" "%s"\n'
BY_HOST = COMBINED + ' "$host"'


def counted(path: Any, lines: str, sites: List[str], form: str = COMBINED) -> Dict[str, float]:
    """By "site status", of what is written after the first look."""
    log: Any = {
        "path": str(path),
        "late": False,
        "formats": [{"text": form, "escape": "default"}],
        "sites": [{"site": site, "names": [site, "www." + site]} for site in sites],
    }
    counters, positions = Counters([], {}), {}  # type: Counters, Dict[str, Any]
    path.write_bytes(b"")
    for text in ("", lines):
        with open(str(path), "a") as stream:
            stream.write(text)
        count_answers(Host(), Tail(Host(), positions), [log], counters)
    rows = [sample for sample in counters.samples() if sample.name == RESPONSES]
    return {"%(site)s %(status)s" % row.labels: row.value for row in rows if row.value}


class TestAnswers:
    def test_by_status(self, tmp_path: Any) -> None:
        statuses = ["200", "502", "502", "504", "499", "500", "503", "404", "301"]
        text = "".join(LINE % ("/", status, "curl") for status in statuses)
        assert counted(tmp_path / "a", text, ["shop"]) == {
            "shop 499": 1,
            "shop 500": 1,
            "shop 502": 2,
            "shop 503": 1,
            "shop 504": 1,
            "shop other": 3,
        }

    def test_a_visitor_writes_no_status(self, tmp_path: Any) -> None:
        text = LINE % ("/\\x22 502 552 \\x22", "200", "\\x22 HTTP/1.1\\x22 502 552 \\x22-\\x22")
        assert counted(tmp_path / "a", text, ["shop"]) == {"shop other": 1}

    def test_a_shared_log_is_counted_by_the_name_in_the_line(self, tmp_path: Any) -> None:
        text = "".join(
            (LINE % ("/", status, "curl")).rstrip("\n") + ' "%s"\n' % name
            for status, name in [("502", "shop"), ("502", "www.blog"), ("200", "shop"), ("504", "evil\\x22")]
        )
        assert counted(tmp_path / "a", text, ["shop", "blog"], BY_HOST) == {
            "shop 502": 1,
            "blog 502": 1,
            " 504": 1,
            " other": 1,
        }

    def test_each_site_begins_at_zero(self, tmp_path: Any) -> None:
        """A counter that first appears with a value has not grown, to Prometheus."""
        log: Any = {"path": "/none", "late": False, "formats": [], "sites": [{"site": "a", "names": []}]}
        counters = Counters([], {})
        log["formats"] = [{"text": COMBINED, "escape": "default"}]
        count_answers(Host(), Tail(Host(), {}), [log], counters)
        assert {sample.labels["status"] for sample in counters.samples()} == {*log_counts.STATUSES, "other"}

    def test_a_log_that_is_not_seen_is_named(self) -> None:
        log: Any = {"path": "/none/a", "formats": [{"text": COMBINED, "escape": "default"}], "sites": []}
        for late, missing in ((False, 1), (True, 0)):
            host = Host()
            count_answers(host, Tail(host, {}), [dict(log, late=late)], Counters([], {}))
            assert len(host.missing) == missing


DEATHS = """\
[26-Nov-2025 10:00:00] WARNING: [pool www] child 11 exited on signal 11 (SIGSEGV) after 1.5 seconds from start
[26-Nov-2025 10:00:01] WARNING: [pool www] child 12 exited on signal 9 (SIGKILL) after 1.5 seconds from start
[26-Nov-2025 10:00:02] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it
[26-Nov-2025 10:00:03] NOTICE: [pool www] child 13 exited with code 0 after 9.0 seconds from start
[26-Nov-2025 10:00:04] WARNING: [pool gone] child 14 exited on signal 11 (SIGSEGV) after 1 seconds from start
[26-Nov-2025 10:00:05] WARNING: [pool www] child 15 said into stderr: "child 9 exited on signal 11 (SIGSEGV)"
"""


class TestDeaths:
    def count(self, path: Any, text: str) -> Dict[str, float]:
        masters: Any = [{"config": "c", "pid": 1, "error_log": str(path), "pools": [{"name": "www"}]}]
        counters, positions = Counters([], {}), {}  # type: Counters, Dict[str, Any]
        path.write_bytes(b"before\n")
        for more in ("", text):
            with open(str(path), "a") as stream:
                stream.write(more)
            assert count_deaths(Host(), Tail(Host(), positions), masters, counters) == ["c"]
        rows = [sample for sample in counters.samples() if sample.value]
        return {
            row.labels.get("signal", "reached"): row.value
            for row in rows
            if row.name in (EXITS, REACHED) and row.labels["pool"] == "www"
        }

    def test_by_signal_and_only_what_the_master_says(self, tmp_path: Any) -> None:
        assert self.count(tmp_path / "a", DEATHS) == {"SIGSEGV": 1, "SIGKILL": 1, "reached": 1, "exit-0": 1}

    def test_forged_endings_make_few_series(self, tmp_path: Any) -> None:
        """A worker whose output is not decorated can write any line."""
        head = "[26-Nov-2025 10:00:00] WARNING: [pool www] "
        line = head + "child 7 exited with code %d after 1.0 seconds from start\n"
        counts = self.count(tmp_path / "log", "".join(line % code for code in range(1, 500)))
        endings = [name for name in counts if "max_children" not in name]
        assert len(endings) <= log_counts.MOST_ENDINGS + 1 and sum(counts.values()) == 499

    def test_a_log_that_is_no_file_is_named(self) -> None:
        host = Host()
        masters: Any = [{"config": "c", "pid": 1, "error_log": None, "pools": []}]
        assert count_deaths(host, Tail(host, {}), masters, Counters([], {})) == []
        assert [entry["what"] for entry in host.missing] == ["fpm_log"]
