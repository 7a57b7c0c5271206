# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding and reading the window of a log, on real files."""

import gzip
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import log_window, logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import collect_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import log_events

NOW = 1775139797.0
LINE = (
    "{} [error] 812#812: *{} recv() failed (104: Connection reset by peer) while reading response header "
    "from upstream, client: 203.0.113.24, "
    'server: shop.example, request: "GET /cart HTTP/1.1", upstream: '
    '"fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"\n'
)
FPM = "[02-Apr-2026 14:{}:17] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it\n"

SEEMS_BUSY = (
    "[02-Apr-2026 14:20:00] WARNING: [pool www] seems busy (you may need to increase pm.start_servers), "
    "spawning 8 children, "
    "there are 0 idle, and 3 total children\n"
)


class Watched(Host):
    """The real host in UTC. before_read: what happens to the file before the n-th read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.before_read: Dict[int, Any] = {}

    def utc_offset(self, at: float) -> int:
        return 0

    def read_bytes(self, path: str, offset: int = 0, length: int = 1024 * 1024, real: bool = False) -> bytes:
        self.reads += 1
        if self.reads in self.before_read:
            self.before_read.pop(self.reads)()
        return super().read_bytes(path, offset, length, real)


def line(at: float, number: int = 1) -> str:
    return LINE.format(time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(at)), number)


def collect(
    host: Host,
    nginx: Sequence[str] = (),
    fpm: Sequence[Any] = (),
    window: float = 900,
    pids: Sequence[int] = (812,),
) -> Dict[str, Any]:
    return collect_logs(host, nginx, fpm, NOW - window, NOW, pids)


def total(found: Dict[str, Any]) -> int:
    return sum(event["count"] for event in found["events"])


def long_log(path: Path, seconds: int) -> List[float]:
    times = [NOW - seconds + number for number in range(seconds)]
    path.write_text("".join(line(at, int(at)) for at in times))
    return times


def test_only_the_window_is_counted_and_little_else_is_read(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    long_log(path, 40000)
    found = collect(Watched(), [str(path)])
    assert total(found) == 900
    entry = found["files"][0]
    assert entry["complete"] and entry["bytes_read"] < 1024 * 1024 < entry["size"]
    assert (entry["from_at"], entry["to_at"]) == (NOW - 900, NOW - 1)


def test_lines_out_of_order_by_some_seconds_are_found(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    times = [NOW - 40000 + number for number in range(40000)]
    for begin in range(0, 40000, 10):
        times[begin : begin + 10] = reversed(times[begin : begin + 10])
    path.write_text("".join(line(at) for at in times))
    assert total(collect(Watched(), [str(path)])) == 900


def test_forged_old_dates_do_not_hide_the_lines_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    times = [NOW - 40000 + number for number in range(40000)]
    path.write_text(
        "".join(
            line(at) + (line(1000000000.0) * 3 if number > 38000 else "") for number, at in enumerate(times)
        )
    )
    assert total(collect(Watched(), [str(path)])) == 900


def test_forged_future_dates_cost_reading_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    times = [NOW - 40000 + number for number in range(40000)]
    path.write_text(
        "".join(
            line(at) + (line(NOW + 86400) if number % 100 == 0 else "") for number, at in enumerate(times)
        )
    )
    assert total(collect(Watched(), [str(path)])) == 900


def test_garbage_in_the_middle_hides_nothing_before_it(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    old, new = (
        "".join(line(at + number) for number in range(100)).encode("ascii") for at in (NOW - 500, NOW - 200)
    )
    path.write_bytes(old + b"\x80garbage\n" * 200000 + new)
    assert total(collect(Watched(), [str(path)])) == 200


def test_a_window_larger_than_the_cap_keeps_its_newest_part_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "error.log"
    long_log(path, 5000)
    for part in (logs, log_window):
        monkeypatch.setattr(part, "WINDOW_BYTES", 100 * 1024)
    host = Watched()
    found = collect(host, [str(path)], window=86400)
    entry = found["files"][0]
    assert not entry["complete"] and "newest part" in entry["why"] and entry["to_at"] == NOW - 1
    assert 300 < total(found) < 500
    assert [(one["what"], one["path"]) for one in host.missing] == [("nginx_log", str(path))]


def test_all_logs_of_a_host_share_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / name for name in ("a.log", "b.log")]
    for path in paths:
        long_log(path, 100)
    monkeypatch.setattr(logs, "TOTAL_BYTES", 10 * 1024)
    found = collect(Watched(), [str(path) for path in paths])
    assert [entry["complete"] for entry in found["files"]] == [False, False]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_rotated_log_is_read_only_when_the_window_reaches_into_it(tmp_path: Path, compressed: bool) -> None:
    path, older = tmp_path / "error.log", tmp_path / ("error.log.1.gz" if compressed else "error.log.1")
    text = "".join(line(NOW - 800 + number) for number in range(100)).encode("ascii")
    older.write_bytes(gzip.compress(text) if compressed else text)
    os.utime(str(older), (NOW - 700, NOW - 700))
    path.write_text("".join(line(NOW - 600 + number) for number in range(100)))
    found = collect(Watched(), [str(path)])
    assert total(found) == 200 and len(found["files"]) == 2
    path.write_text("".join(line(NOW - 2000 + number) for number in range(2000)))
    assert len(collect(Watched(), [str(path)])["files"]) == 1


def test_a_rotated_log_that_ended_before_the_window_is_left_alone(tmp_path: Path) -> None:
    path, older = tmp_path / "error.log", tmp_path / "error.log-20260401"
    older.write_text(line(NOW - 5000))
    os.utime(str(older), (NOW - 5000, NOW - 5000))
    path.write_text(line(NOW - 10))
    assert [entry["path"] for entry in collect(Watched(), [str(path)])["files"]] == [str(path)]


def test_a_compressed_log_is_inflated_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, older = tmp_path / "error.log", tmp_path / "error.log.1.gz"
    older.write_bytes(gzip.compress(line(NOW - 5).encode("ascii") * 12000))
    os.utime(str(older), (NOW - 1, NOW - 1))
    path.write_text("")
    monkeypatch.setattr(log_window, "INFLATED_BYTES", 1024 * 1024)
    entry = collect(Watched(), [str(path)])["files"][1]
    assert not entry["complete"] and "not read to its end" in entry["why"]


def test_a_log_that_is_rotated_while_it_is_read_is_opened_once_more(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    long_log(path, 3000)
    host = Watched()

    def rotate() -> None:
        path.rename(tmp_path / "error.log.1")
        os.utime(str(tmp_path / "error.log.1"), (NOW, NOW))
        path.write_text(line(NOW))

    host.before_read[4] = rotate
    found = collect(host, [str(path)])
    assert total(found) == 901 and all(entry["complete"] for entry in found["files"])


def test_a_log_that_is_truncated_twice_while_it_is_read_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    long_log(path, 3000)
    host = Watched()
    for number in (4, 9):
        host.before_read[number] = lambda: os.truncate(str(path), os.path.getsize(str(path)) // 2)
    found = collect(host, [str(path)])
    assert found["events"] == [] and "rotated twice" in found["files"][0]["why"]


def test_a_hole_of_five_gigabytes_costs_no_more_than_a_few_probes(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    with path.open("wb") as stream:
        stream.truncate(5 * 1024**3)
        stream.seek(0, 2)
        stream.write("".join(line(NOW - 50 + number) for number in range(50)).encode("ascii"))
    host = Watched()
    began = time.process_time()
    found = collect(host, [str(path)])
    assert total(found) == 50
    assert found["files"][0]["complete"] and host.missing == [], "nothing was written before the hole"
    assert found["files"][0]["bytes_read"] < 8 * 1024**2 and time.process_time() - began < 2


def test_a_hole_behind_lines_hides_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    with path.open("wb") as stream:
        stream.write("".join(line(NOW - 800 + number) for number in range(20)).encode("ascii"))
        stream.truncate(3 * 1024**2)
        stream.seek(0, 2)
        stream.write("".join(line(NOW - 50 + number) for number in range(50)).encode("ascii"))
    assert total(collect(Watched(), [str(path)])) == 70


@pytest.mark.parametrize("content", [os.urandom(300000), b"no time here\n" * 100, b"x" * 300000])
def test_what_is_no_log_is_reported_and_gives_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(content)
    host = Watched()
    found = collect(host, [str(path)])
    assert (
        found["events"] == []
        and not found["files"][0]["complete"]
        and "no line begins with the time" in found["files"][0]["why"]
    )
    assert host.missing


def test_an_empty_log_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(b"")
    host = Watched()
    entry = collect(host, [str(path)])["files"][0]
    assert entry["complete"] and entry["from_at"] is None and not host.missing


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "fifo"))
    (tmp_path / "link").symlink_to("/dev/stderr")
    paths = [
        str(tmp_path / "fifo"),
        str(tmp_path / "link"),
        str(tmp_path),
        "/dev/null",
        str(tmp_path / "absent"),
        "syslog:server=10.0.0.1",
        "stderr",
    ]
    host = Watched()
    found = collect(host, paths, [("syslog", "/etc/php-fpm.conf")])
    assert host.reads == 0 and found["events"] == []
    assert [one["path"] for one in host.missing] == paths + ["syslog"]
    assert [one["what"] for one in host.missing][-1] == "fpm_log"


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def touched(path: Path, owner: int = 0, at: float = NOW - 1) -> Path:
    """The file, or link, as if its owner had just written it."""
    os.utime(str(path), (at, at), follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(str(path), owner, owner, follow_symlinks=False)
    return path


def bomb(path: Path, head: bytes) -> Path:
    """A file of 8 TiB that takes no place on the disk but for its beginning."""
    path.write_bytes(head)
    os.truncate(str(path), 8 << 40)
    return path


@pytest.mark.parametrize(
    "head, complete",
    [
        (gzip.compress(line(NOW - 5).encode("ascii")), True),
        (gzip.compress(b""), False),
        (b"", False),
        (gzip.compress(os.urandom(20000))[:-10], False),
        (b"\x1f\x8b\x08\x08" + b"\0" * 5 + b"\x03name without an end", False),
    ],
    ids=[
        "a member and a hole",
        "an empty member and a hole",
        "a hole",
        "a member cut off",
        "a name without an end",
    ],
)
def test_a_compressed_hole_of_terabytes_is_read_no_further_than_its_limit(
    tmp_path: Path, head: bytes, complete: bool
) -> None:
    touched(bomb(tmp_path / "error.log.1.gz", head))
    (tmp_path / "error.log").write_text(line(NOW - 3))
    host = Watched()
    found = collect(host, [str(tmp_path / "error.log")])
    assert [one["complete"] for one in found["files"]] == [True, complete] and total(found) == 1 + complete
    assert found["files"][1]["bytes_read"] <= log_window.COMPRESSED_BYTES + log_window.CHUNK
    assert [one["what"] for one in host.missing] == ([] if complete else ["rotated_log"])


def test_a_compressed_log_that_inflates_without_end_is_cut_and_its_end_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_window, "INFLATED_BYTES", 3 * 1024 * 1024)
    (tmp_path / "error.log.1.gz").write_bytes(
        gzip.compress(line(NOW - 5).encode("ascii") + b"\0" * (64 * 1024 * 1024))
    )
    touched(tmp_path / "error.log.1.gz")
    (tmp_path / "error.log").write_text("")
    host = Watched()
    found = collect(host, [str(tmp_path / "error.log")])
    assert (
        total(found) == 1
        and [one["what"] for one in host.missing] == ["nginx_log"]
        and "not read to its end" in host.missing[0]["why"]
    )


@only_root
@pytest.mark.parametrize(
    "name", ["error.log.1", "error.log.1.gz", "error.log-20260402", "error-20260402.log.gz", "error.log.2.xz"]
)
@pytest.mark.parametrize(
    "plant",
    [
        lambda path: path.write_text(line(NOW - 400)),
        lambda path: bomb(path, b""),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("error.log"),
        lambda path: os.mkfifo(str(path)),
    ],
    ids=["lines", "a hole", "a link to a device", "a link to the log", "a fifo"],
)
def test_a_predecessor_that_neither_root_nor_the_logs_owner_wrote_is_none(
    tmp_path: Path, name: str, plant: Any
) -> None:
    plant(tmp_path / name)
    touched(tmp_path / name, 1000)
    (tmp_path / "error.log").write_text(line(NOW - 3))
    host = Watched()
    found = collect(host, [str(tmp_path / "error.log")])
    assert (
        host.reads == 1
        and total(found) == 1
        and [one["path"] for one in found["files"]] == [str(tmp_path / "error.log")]
    )
    worth_a_word = os.lstat(str(tmp_path / name)).st_size > 0
    assert [(one["what"], one["path"]) for one in host.missing] == [
        ("rotated_log", str(tmp_path))
    ] * worth_a_word


@only_root
def test_a_predecessor_of_the_logs_own_writer_is_read(tmp_path: Path) -> None:
    (tmp_path / "error.log.1").write_text(line(NOW - 400))
    (tmp_path / "error.log").write_text(line(NOW - 3))
    for name in ("error.log.1", "error.log"):
        touched(tmp_path / name, 33)
    host = Watched()
    assert total(collect(host, [str(tmp_path / "error.log")])) == 2 and host.missing == []


@only_root
def test_foreign_predecessors_from_before_the_window_are_not_worth_a_word(tmp_path: Path) -> None:
    (tmp_path / "error.log.1").write_text(line(NOW - 4000))
    touched(tmp_path / "error.log.1", 1000, NOW - 4000)
    (tmp_path / "error.log").write_text(line(NOW - 3))
    host = Watched()
    assert total(collect(host, [str(tmp_path / "error.log")])) == 1 and host.missing == []


@only_root
def test_a_log_behind_a_link_that_somebody_else_can_make_is_not_read_and_the_others_are(
    tmp_path: Path,
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(str(theirs), 1000, 1000)
    for path in (tmp_path / "own.log", theirs / "real.log"):
        path.write_text(line(NOW - 3))
    (theirs / "link.log").symlink_to(tmp_path / "own.log")
    paths = [str(theirs / "link.log"), str(theirs / "real.log"), str(tmp_path / "own.log")]
    host = Watched()
    found = collect(host, paths)
    assert total(found) == 2 and [one["complete"] for one in found["files"]] == [False, True, True]
    assert [one["path"] for one in host.missing] == paths[:1] and "is a link" in host.missing[0]["why"]


def test_a_log_that_grows_while_it_is_read_is_read_up_to_the_size_it_had(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_text(line(NOW - 3))
    host = Watched()

    def grow() -> None:
        with path.open("a") as stream:
            stream.write(line(NOW - 2) * 1000)

    host.before_read[1] = grow
    found = collect(host, [str(path)])
    assert (
        total(found) == 1
        and found["files"][0]["complete"]
        and found["files"][0]["bytes_read"] == len(line(NOW - 3))
    )


def test_whoever_watches_is_told_of_each_log_before_each_piece_of_it(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.log", "b.log")]
    for path in paths:
        long_log(Path(path), 5000)
    host, told = Watched(), []  # type: Watched, List[str]
    host.reading = told.append
    collect(host, paths)
    assert list(dict.fromkeys(told)) == paths and len(told) == host.reads + 2


def test_a_log_that_hung_before_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "error.log").write_text(line(NOW - 3))
    host = Watched()
    host.hung.add(str(tmp_path / "error.log"))
    assert collect(host, [str(tmp_path / "error.log")])["events"] == [] and host.reads == 0
    assert host.missing[0]["why"] == "reading it did not come to an end"


def test_a_log_without_the_right_to_read_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "error.log"
    path.write_text(line(NOW))
    host = Watched()

    def denied(name: str, offset: int = 0, length: int = 0, real: bool = False) -> bytes:
        raise logs.HostError(name, 13, "Permission denied")

    monkeypatch.setattr(host, "read_bytes", denied)
    found = collect(host, [str(path)])
    assert host.missing == [
        {"what": "nginx_log", "path": str(path), "why": "Permission denied", "needs": "root"}
    ]
    assert not found["files"][0]["complete"]


def test_the_log_of_php_fpm_is_read_for_its_master_and_everyday_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "php-fpm.log"
    path.write_text(SEEMS_BUSY + "".join(FPM.format(minute) for minute in ("05", "20", "21", "23")))
    found = collect(Watched(), (), [(str(path), "/etc/php-fpm.conf")])
    assert [
        (event["signature"], event["count"], event["master"], event["pool"]) for event in found["events"]
    ] == [("fpm-max-children-dynamic", 3, "/etc/php-fpm.conf", "www")]


def test_the_same_message_in_two_logs_is_one_event(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(line(NOW - 5))
    found = collect(Watched(), [str(tmp_path / "a.log"), str(tmp_path / "b.log")])
    assert [event["count"] for event in found["events"]] == [2]


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_text(line(NOW - 5) + line(NOW - 4).rstrip("\n"))
    assert total(collect(Watched(), [str(path)])) == 1


def test_the_log_of_an_nginx_that_is_gone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_text(line(NOW - 5))
    assert total(collect(Watched(), [str(path)], pids=())) == 1


def test_messages_about_too_many_places_are_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_events, "MOST_EVENTS", 2)
    path = tmp_path / "error.log"
    path.write_text(
        "".join(line(NOW - 5).replace("server: shop", "server: shop%d" % number) for number in range(5))
    )
    host = Watched()
    assert len(collect(host, [str(path)])["events"]) == 2
    # A site may lack all of its messages, so nothing can be said of its health.
    assert [one["what"] for one in host.missing] == ["nginx_log"] and host.missing[0]["why"].startswith(
        "3 messages were not counted"
    )
