# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access logs as real files: what is read of them, and what an entry says where it is not."""

import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Room
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import access_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.access_logs import (
    collect_access,
    missed_pages,
    soonest,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.site_logs import (
    Defaults,
    log_formats,
    site_logs,
    used,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    NOW,
    Watched,
    touched,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_access_log import (
    line,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_log_format import (
    COMBINED,
    JSON,
    TIMED,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MIB = 1024 * 1024


def nginx(access: str, formats: str = "") -> Any:
    """nginx's part of a snapshot. access: directives of its only site."""
    text = "http { %s server { server_name shop.example; %s location / { fastcgi_pass unix:/a; } } }"
    conf = parse_conf("/n", lambda _path: text % (formats, access), lambda _pattern: [])
    sites = site_logs(conf, "/", Defaults("/nowhere", "/nowhere"), log_formats(conf))
    return {"config": None, "prefix": None, "site_logs": sites, "log_formats": used(log_formats(conf), sites)}


def collect(host: Host, path: Path, form: str = "combined", formats: str = "", window: float = 900) -> Any:
    return collect_access(host, nginx("access_log %s %s;" % (path, form), formats), NOW - window, NOW)


def counts(seen: Dict[str, Any]) -> Dict[str, int]:
    return {event["signature"]: event["count"] for event in seen["events"]}


def written(path: Path, *ago: float, status: str = "502", form: str = COMBINED) -> Path:
    path.write_text("".join(line(each, form, status=status) for each in ago))
    return touched(path)


def large(path: Path, lost: Optional[int], seconds: int = 40000) -> int:
    """A line a second up to now, lost: every so many."""
    lines = []
    for ago in range(seconds, 0, -1):
        status = "502" if lost and ago % lost == 0 else "200"
        lines.append(line(ago, COMBINED, status=status))
    path.write_text("".join(lines))
    touched(path)
    return path.stat().st_size


class TestWindow:
    def test_only_the_window_counts(self, tmp_path: Path) -> None:
        seen = collect(Watched(), written(tmp_path / "a.log", 5000, 1000, 800, 10))
        assert counts(seen) == {"access-502": 2} and seen["files"][0]["complete"]
        assert (seen["events"][0]["first"], seen["events"][0]["last"]) == (NOW - 800, NOW - 10)

    def test_a_long_log_costs_as_much_as_a_short_one(self, tmp_path: Path) -> None:
        size = large(tmp_path / "a.log", 100)
        seen = collect(Watched(), tmp_path / "a.log")
        assert counts(seen) == {"access-502": 9} and seen["files"][0]["complete"]
        assert seen["files"][0]["bytes_read"] < MIB < size

    def test_a_hole_of_terabytes_costs_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        with path.open("wb") as stream:
            stream.truncate(8 << 40)
            stream.seek(0, os.SEEK_END)
            stream.write(line(10, COMBINED).encode())
        seen = collect(Watched(), touched(path))
        assert counts(seen) == {"access-502": 1} and seen["files"][0]["bytes_read"] < 2 * MIB

    def test_a_window_beyond_the_limit_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        large(tmp_path / "a.log", 10, 2000)
        monkeypatch.setattr(access_logs, "WINDOW_BYTES", 20000)
        entry = collect(Watched(), tmp_path / "a.log")["files"][0]
        assert "newest part" in entry["why"] and not entry["complete"]

    def test_forged_dates_hide_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        agent = "[02/Jan/2001:00:00:00 +0000] [02/Jan/2099:00:00:00 +0000]"
        path.write_text("".join(line(ago, COMBINED, http_user_agent=agent) for ago in range(9000, 0, -1)))
        assert counts(collect(Watched(), touched(path))) == {"access-502": 900}

    def test_a_line_still_being_written_waits(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        path.write_text(line(9, COMBINED) + line(5, COMBINED).rstrip("\n"))
        assert counts(collect(Watched(), touched(path))) == {"access-502": 1}

    def test_what_was_not_written_in_the_window_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        large(path, None, 9000)
        os.utime(str(path), (NOW - 5000, NOW - 5000))
        entry = collect(Watched(), path)["files"][0]
        assert entry["complete"] and entry["bytes_read"] <= access_logs.BACK


class TestPages:
    """What the last lines tell of a site's pages."""

    def pages(self, path: Path, options: str, formats: str = "") -> List[Any]:
        form = "combined " + options
        files = collect(Host(), written(path, 60, 50, status="500"), form, formats)["files"]
        return [pages["failed"] for pages in files[0].get("pages", [])]

    def test_hit_all_is_logged(self, tmp_path: Path) -> None:
        assert self.pages(tmp_path / "a.log", "") == [2]

    def test_near_miss_errors_alone_are_logged(self, tmp_path: Path) -> None:
        chosen = "map $status $bad { ~^[23] 0; default 1; }"
        assert self.pages(tmp_path / "a.log", "if=$bad", chosen) == []

    def test_decoy_pages_are_left_out_by_what_was_asked(self, tmp_path: Path) -> None:
        chosen = "map $request_uri $ours { /health 0; default 1; }"
        assert self.pages(tmp_path / "a.log", "if=$ours", chosen) == [2]


class TestFormats:
    def test_a_format_of_its_own_and_json(self, tmp_path: Path) -> None:
        for number, (form, escape) in enumerate(((TIMED, "default"), (JSON, "json"))):
            path = tmp_path / str(number)
            path.write_text(line(5, form).replace("02/Apr/2026:14:23:17", "02/Apr/2026:14:23:12"))
            formats = "log_format own escape=%s '%s';" % (escape, form)
            seen = collect(Watched(), touched(path), "own", formats)
            assert counts(seen) == {"access-502": 1} and seen["files"][0]["complete"]

    def test_lines_of_another_format_are_told(self, tmp_path: Path) -> None:
        written(tmp_path / "a.log", 9, 5, status="200", form=TIMED)
        assert "log_format" in collect(Watched(), tmp_path / "a.log")["files"][0]["why"]

    @pytest.mark.parametrize("form, word", [("$status $request", "no time"), ("$time_local x", "$status")])
    def test_a_format_that_tells_nothing_is_not_read(self, tmp_path: Path, form: str, word: str) -> None:
        host = Watched()
        seen = collect(host, written(tmp_path / "a.log", 5), "own", "log_format own '%s';" % form)
        assert word in seen["files"][0]["why"] and host.reads == 0

    def test_an_unknown_format_is_told(self, tmp_path: Path) -> None:
        assert "no log_format own" in collect(Watched(), tmp_path / "a.log", "own")["files"][0]["why"]


class TestOwnPage:
    def seen(self, tmp_path: Path, size: str, config: str = "", **more: Any) -> List[Any]:
        path, conf = tmp_path / "access.log", tmp_path / "nginx.conf"
        path.write_text(line(60, COMBINED, status="502", body_bytes_sent=size))
        touched(path)
        conf.write_text("http { %s }" % config)
        facts = dict(nginx("access_log %s;" % path), version="1.22.1", config=str(conf), prefix="/")
        facts.update(more)
        events = collect_access(Watched(), facts, NOW - 900, NOW)["events"]
        return [event.get("own_page") for event in events]

    @pytest.mark.parametrize("size", ["150", "157", "559"])
    def test_hit_a_502_has_the_size_of_nginxs_own_page(self, tmp_path: Path, size: str) -> None:
        assert self.seen(tmp_path, size) == [True]

    def test_near_miss_another_size(self, tmp_path: Path) -> None:
        assert self.seen(tmp_path, "158") == [False]

    def test_decoy_a_request_without_a_page(self, tmp_path: Path) -> None:
        assert self.seen(tmp_path, "0") == [None]

    @pytest.mark.parametrize("program", ["/usr/local/openresty/nginx/sbin/nginx", "/usr/sbin/angie"])
    def test_decoy_a_page_of_another_name(self, program: str, tmp_path: Path) -> None:
        assert self.seen(tmp_path, "154", binary=program) == [None]
        assert self.seen(tmp_path, "166", "server_tokens build;") == [None]

    def test_decoy_an_error_page_of_its_own(self, tmp_path: Path) -> None:
        for size in ("157", "4711"):
            assert self.seen(tmp_path, size, "error_page 500 502 504 /50x.html;") == [None]

    @pytest.mark.parametrize(
        "written",
        ["location /old { return 502; }", "location / { try_files $uri =502; }", "limit_req_status 502;"],
    )
    def test_decoy_nginx_is_told_to_answer_so(self, written: str, tmp_path: Path) -> None:
        assert self.seen(tmp_path, "157", "server { %s }" % written) == [None]


class TestRotated:
    def test_a_predecessor_in_the_window_is_read(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 100, 10)
        written(tmp_path / "a.log.1", 2000, 600, 300)
        assert counts(collect(Watched(), path)) == {"access-502": 4}

    def test_an_empty_log_was_rotated_just_now(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log")
        written(tmp_path / "a.log.1", 300)
        assert counts(collect(Watched(), path)) == {"access-502": 1}

    def test_a_compressed_one_is_told(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 10)
        written(tmp_path / "a.log.1.gz", 300)
        files = collect(Watched(), path)["files"]
        assert ["compressed" in entry["why"] for entry in files] == [True, True]

    def test_a_log_exchanged_meanwhile_is_read_again(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 10)
        host = Watched()

        def exchange() -> None:
            written(tmp_path / "new", 8, 7, 6).rename(path)

        host.before_read = {1: exchange}
        assert counts(collect(host, path)) == {"access-502": 3}


class TestRefused:
    def test_what_is_no_file_is_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(str(tmp_path / "fifo"))
        host = Watched()
        for path in (tmp_path / "fifo", tmp_path, tmp_path / "absent"):
            seen = collect(host, path)
            assert seen["events"] == [] and not seen["files"][0]["complete"]
        assert host.reads == 0 and host.missing == []

    @pytest.mark.parametrize(
        "room, word",
        [(Room(False, 9, 9, 0), "full"), (Room(True, 9, 9, 9), "read-only"), (Room(False, 9, 0, 9), None)],
    )
    def test_hit_its_file_system_takes_no_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Room, word: Optional[str]
    ) -> None:
        host = Watched()
        monkeypatch.setattr(host, "room", lambda _folder: room)
        (entry,) = collect(host, written(tmp_path / "a.log", 30))["files"]
        assert (entry["complete"], word or "") == (
            word is None,
            word if word and word in entry["why"] else "",
        )

    def test_near_miss_a_log_that_nobody_has_asked_for(self, tmp_path: Path) -> None:
        assert collect(Watched(), tmp_path / "$host.log")["files"][0]["complete"]

    @pytest.mark.parametrize(
        "target", ["off", "syslog:server=unix:/dev/log", "/dev/null", "/l combined gzip"]
    )
    def test_what_is_no_text_is_not_looked_at(self, target: str) -> None:
        host = Watched()
        assert collect_access(host, nginx("access_log %s;" % target), NOW - 900, NOW)["files"] == []

    def test_decoy_a_snapshot_without_logs(self) -> None:
        before: Any = {}
        assert collect_access(Watched(), before, NOW - 900, NOW) == {"files": [], "events": []}


class Writing(Watched):
    """nginx's master has these files open."""

    def __init__(self, links: Sequence[str]) -> None:
        super().__init__()
        self.links = links

    def names(self, path: str) -> List[str]:
        return [str(number) for number in range(len(self.links))]

    def readlink(self, path: str) -> Optional[str]:
        return self.links[int(path[-1])]


class TestDeleted:
    """nginx goes on writing to a file that somebody has deleted."""

    def seen(self, path: Path, *links: str) -> Any:
        host = Writing(links)
        facts = dict(nginx("access_log %s;" % path), master={"pid": 7})
        return collect_access(host, facts, NOW - 900, NOW)["files"][0]

    def test_hit_another_file_has_its_name(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 10)
        assert "deleted" in self.seen(path, "/dev/null", "%s (deleted)" % path)["why"]

    def test_decoy_it_was_opened_again(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 10)
        for links in ((str(path),), (str(path), "%s (deleted)" % path), ("/x (deleted)",)):
            assert self.seen(path, *links)["complete"]


class TestEarlier:
    def earlier(self, path: Path) -> List[Any]:
        return [entry.get("earlier") for entry in collect(Watched(), path)["files"]]

    def test_hit_the_last_loss_before_the_window(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 9000, 7200)
        with path.open("a") as stream:
            stream.write(line(10, COMBINED, status="200"))
        assert self.earlier(touched(path)) == [{"at": NOW - 7200, "status": 502, "site": "shop.example"}]

    def test_near_miss_a_log_that_was_written_no_more(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.log", 7200)
        os.utime(str(path), (NOW - 7200, NOW - 7200))
        assert self.earlier(path)[0]["at"] == NOW - 7200

    def test_decoy_a_loss_in_the_window(self, tmp_path: Path) -> None:
        assert self.earlier(written(tmp_path / "a.log", 7200, 10)) == [None]


class TestMissedPages:
    """Front pages that nginx itself did not find."""

    WITH_SIZE = JSON.replace('"took"', '"sent":$body_bytes_sent,"took"')
    SHAPES = {
        "combined": (COMBINED, "", "combined"),
        "json": (WITH_SIZE, "log_format js escape=json '%s';" % WITH_SIZE, "js"),
        "timed": (TIMED, "log_format timed '%s';" % TIMED, "timed"),
    }

    def look(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, shape: str = "combined", sites: int = 1
    ) -> Any:
        form, formats, name = self.SHAPES[shape]
        request = {"request": "GET /?x=1 HTTP/1.1", "upstream_addr": "-", "request_uri": "/?x=1"}
        lines = []
        for ago, status, size in ((300, "200", "8211"), (200, "404", "153")):
            values = dict(request, status=status, body_bytes_sent=size)
            values["time_iso8601"] = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(NOW - ago))
            lines.append(line(ago, form, **values))
        path.write_text("".join(lines))
        monkeypatch.setattr(
            access_logs, "ways_of_nginx", lambda _host, _snapshot, of: [{"site": each} for each in of]
        )
        seen = nginx("access_log %s %s;" % (touched(path), name), formats)
        seen["site_logs"] += [dict(seen["site_logs"][0], site="blog.example")] * (sites - 1)
        snapshot: Any = {"nginx": dict(seen, version="1.22.1")}
        return missed_pages(Watched(), snapshot, NOW - 900)

    @pytest.mark.parametrize("shape", sorted(SHAPES))
    def test_hit_in_whatever_format(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
    ) -> None:
        log = tmp_path / "a.log"
        assert self.look(log, monkeypatch, shape) == [
            {
                "site": "shop.example",
                "path": str(log),
                "missed": NOW - 200,
                "came": NOW - 300,
                "ways": [{"site": "shop.example"}],
            }
        ]

    def test_decoy_sites_share_the_log(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.look(tmp_path / "a.log", monkeypatch, sites=2) == []


class TestSoonest:
    """Until when nginx itself gives up on no request."""

    def of(self, directives: str = "", log: str = "$status $request_time", **facts: Any) -> Any:
        text = "http { server { location / { fastcgi_pass unix:/a; %s } } }" % directives
        host = FakeHost(files={"/n.conf": text.encode()})
        forms = {"timed": {"text": log, "escape": "default"}}
        known: Any = {"config": "/n.conf", "prefix": "/", "log_formats": forms, "config_newer": False}
        known.update({"loaded": {"at": NOW - 9}, **facts})
        return soonest(host, known)

    def test_hit_the_shortest_of_all_counts(self) -> None:
        assert self.of() == (60.0, NOW - 9)
        assert self.of("fastcgi_read_timeout 1h; proxy_connect_timeout 5s;") == (5.0, NOW - 9)

    def test_near_miss_one_that_cannot_be_read(self) -> None:
        assert self.of("fastcgi_send_timeout soon;")[0] == 0

    @pytest.mark.parametrize("answer, seconds", [("=504 /x", 0), ("= @late", 0), ("/x", 60)])
    def test_near_miss_nginx_calls_another_failure_so(self, answer: str, seconds: float) -> None:
        assert self.of("error_page 502 504 %s;" % answer)[0] == seconds

    def test_decoy_of_another_thing(self) -> None:
        assert self.of("keepalive_timeout 1s; send_timeout 2s;")[0] == 60

    def test_near_miss_what_runs_is_not_known(self) -> None:
        changed: Sequence[Dict[str, Any]] = (
            {"config_newer": True},
            {"config_newer": None},
            {"loaded": {"at": None}},
        )
        assert all(self.of(**facts) == (0.0, 0.0) for facts in (*changed, {"log": "$status"}))
