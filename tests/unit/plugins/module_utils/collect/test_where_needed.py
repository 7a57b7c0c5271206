# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an access log is worth reading, by its end."""

import os
import time
from pathlib import Path
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import where_needed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host


def page(path: str, status: int) -> str:
    return '192.0.2.7 - - [27/Nov/2026:03:00:00 +0000] "GET %s HTTP/1.1" %d 0 "-" "curl"\n' % (path, status)


def logged(*paths: Path) -> Any:
    """What is known of nginx, where each site has one access log."""
    logs = [
        {"paths": [str(path)], "gzip": False, "written": str(path), "format": "combined"} for path in paths
    ]
    sites = [{"site": path.name + ".example", "names": [], "access": [log]} for path, log in zip(paths, logs)]
    return {"site_logs": sites}


def is_hint(path: Path, text: str, since: float = 0.0) -> bool:
    path.write_text(text)
    return where_needed._ends_badly(where_needed._ends(Host(), logged(path), since))


class TestEnd:
    def test_hit_all_pages_failed(self, tmp_path: Path) -> None:
        text = page("/a.png", 200) + page("/", 500) + page("/x.php?a=b.c", 500)
        assert is_hint(tmp_path / "l", text)

    def test_hit_all_pages_forbidden(self, tmp_path: Path) -> None:
        assert is_hint(tmp_path / "l", page("/", 403) + page("/x.php", 403))
        assert not is_hint(tmp_path / "l", page("/", 403) + page("/x.php", 200))

    @pytest.mark.parametrize("path, size, times", [("/", 5, 3), ("/index.php", 0, 3)])
    def test_hit_front_pages_without_a_byte(self, tmp_path: Path, path: str, size: int, times: int) -> None:
        text = page("/a.php", 200) + times * ('"GET %s HTTP/1.1" 200 %d "-"\n' % (path, size))
        assert is_hint(tmp_path / "l", text)

    @pytest.mark.parametrize(
        "path, size, times", [("/", 5, 2), ("/", 50, 9), ("/count.php", 5, 9), ("/?a", 5, 9)]
    )
    def test_near_miss_few_or_others(self, tmp_path: Path, path: str, size: int, times: int) -> None:
        assert not is_hint(tmp_path / "l", times * ('"GET %s HTTP/1.1" 200 %d "-"\n' % (path, size)))

    @pytest.mark.parametrize("status", [444, 502, 503, 504])
    def test_hit_several_failed_among_others(self, tmp_path: Path, status: int) -> None:
        assert is_hint(tmp_path / "l", page("/", 200) + 3 * page("/", status))
        assert is_hint(tmp_path / "j", 3 * ('{"status":%d,"uri":"/"}\n' % status))

    @pytest.mark.parametrize(("path", "times"), [("/", 3), ("/index.php", 3), ("/", 2), ("/?author=1", 3)])
    def test_hit_and_near_miss_a_front_page(self, tmp_path: Path, path: str, times: int) -> None:
        hint = times == 3 and "?" not in path
        assert is_hint(tmp_path / "l", page("/cart", 200) + times * page(path, 404)) == hint

    def test_near_miss_two_failed(self, tmp_path: Path) -> None:
        assert not is_hint(tmp_path / "l", page("/", 200) + 2 * page("/", 502))

    @pytest.mark.parametrize("well", ["/", "/index.php", "/index.php/cart?x=1"])
    def test_near_miss_one_page_came(self, tmp_path: Path, well: str) -> None:
        assert not is_hint(tmp_path / "l", page("/", 500) + page(well, 200))

    def test_near_miss_written_before_the_window(self, tmp_path: Path) -> None:
        path = tmp_path / "l"
        path.write_text("")
        assert not is_hint(path, page("/", 500), since=os.stat(str(path)).st_mtime + 99.0)

    @pytest.mark.parametrize("text", ["", page("/", 200), page("/a.png", 500), '"GET / 500" 500\n'])
    def test_decoy_no_page_failed(self, tmp_path: Path, text: str) -> None:
        assert not is_hint(tmp_path / "l", text)


class TestBefore:
    """Where no error log tells of what is further back."""

    BUSY = 900 * page("/cart", 200)

    @pytest.mark.parametrize("failed, is_hit", [(3, True), (2, False)])
    def test_hit_and_near_miss_before_many_pages(self, tmp_path: Path, failed: int, is_hit: bool) -> None:
        shop, blog = tmp_path / "shop", tmp_path / "blog"
        shop.write_text(failed * page("/", 502) + self.BUSY)
        blog.write_text(self.BUSY)
        assert not where_needed._ends_badly(where_needed._ends(Host(), logged(shop, blog), 0.0))
        assert where_needed._failed_before(Host(), logged(shop, blog), 0.0) == is_hit

    def test_decoy_a_busy_host(self, tmp_path: Path) -> None:
        (tmp_path / "shop").write_text(self.BUSY)
        assert not where_needed._failed_before(Host(), logged(tmp_path / "shop"), 0.0)
        assert not where_needed._failed_before(Host(), logged(), 0.0)

    def test_as_much_is_read_of_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: List[int] = []
        monkeypatch.setattr(where_needed, "tail", lambda _host, _path, most, _since: read.append(most) or b"")
        where_needed._failed_before(Host(), logged(*(tmp_path / str(number) for number in range(40))), 0.0)
        assert len(read) == where_needed.MOST_TAILS and sum(read) <= where_needed.FURTHER


class TestByPhp:
    @pytest.mark.parametrize("line", ['"POST /a HTTP/1.1" 500 9', '{"status":500,', '{"status": "500"}'])
    def test_hit_a_500_in_any_format(self, line: str) -> None:
        assert where_needed._BY_PHP.search(line.encode("ascii"))

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_hit_nginx_itself_takes_no_form(self, method: str) -> None:
        line = '"%s /cart HTTP/1.1" 403 %d "-"'
        assert where_needed._BY_PHP.search((line % (method, 153)).encode("ascii"))
        assert not where_needed._BY_PHP.search((line % (method, 42)).encode("ascii"))
        assert not where_needed._BY_PHP.search((line % ("GET", 153)).encode("ascii"))

    @pytest.mark.parametrize("line", ['"GET /500 HTTP/1.1" 200 1500 "-"', '"GET / HTTP/1.1" 200 5000 "-"'])
    def test_decoy_other_numbers(self, line: str) -> None:
        assert not where_needed._BY_PHP.search(line.encode("ascii"))

    def test_a_log_of_many_numbers_costs_little(self) -> None:
        end, begun = 16384 * b"500 ", time.monotonic()
        assert len(where_needed._BY_PHP.findall(end)) == 16383 and time.monotonic() - begun < 1


class TestOdd:
    @pytest.mark.parametrize(
        "line",
        [
            *(
                '"GET /index.php/about HTTP/1.1" 404 9',
                '"GET / HTTP/1.1" 400 226',
                '"POST / HTTP/1.1" 405 150',
                '"POST / HTTP/1.1" 419 150',
                '"PROXY TCP4 192.0.2.1 192.0.2.2 5 80" 400 150',
            ),
            *('"GET /index.php/a?b=c HTTP/2.0" 403 9', '"GET /000000" 414 170'),
        ],
    )
    def test_hit_what_no_error_log_names(self, line: str) -> None:
        assert where_needed._ODD.search((line + ' "-" "curl"').encode("ascii"))

    @pytest.mark.parametrize(
        "listen, bare",
        [("443", True), ("[::]:443 http2", True), ("443 ssl", False), ("80", False), ("", False)],
    )
    def test_a_hello_counts_where_tls_has_no_port(self, listen: str, bare: bool) -> None:
        nginx: Any = {"routes": [{"listen": [listen]}]}
        assert where_needed._has_bare_port(nginx) is bare
        assert where_needed._HELLO.search(b'"\\x16\\x03\\x01\\x02" 400 150 ')

    @pytest.mark.parametrize("begin", ['"GET /', ""])
    def test_a_path_that_repeats_a_script_costs_little(self, begin: str) -> None:
        end = (begin + 1638 * ".php/").encode("ascii")
        begun = time.monotonic()
        for _log in range(8):
            assert not where_needed._ODD.findall(end) and not where_needed._PAGE.findall(end)
        assert time.monotonic() - begun < 1

    @pytest.mark.parametrize(
        "line",
        [
            *('"GET /index.php/about HTTP/1.1" 200 9', '"GET /index.php HTTP/1.1" 404 9'),
            *('"GET /a.png HTTP/1.1" 404 400', '"GET / HTTP/1.1" 405 150', '"\\x16\\x03" 400 150'),
        ],
    )
    def test_near_miss_what_is_everyday(self, line: str) -> None:
        assert not where_needed._ODD.search((line + ' "-" "curl"').encode("ascii"))

    @pytest.mark.parametrize(
        ("line", "hit"),
        [
            ('"GET /a.js?id=9 HTTP/1.1" 404 153', True),
            ('"GET /a.css HTTP/2.0" 404 153', True),
            ('"GET /a.mjs HTTP/1.1" 200 99', True),
            ('"GET /a.js HTTP/1.1" 200 99', False),
            ('"GET /a.png HTTP/1.1" 404 153', False),
            ('"GET /a?b=.js HTTP/1.1" 404 153', True),
        ],
    )
    def test_scripts_and_styles_beside_a_page(self, line: str, hit: bool) -> None:
        assert bool(where_needed._BESIDE.search((line + ' "-" "curl"').encode("ascii"))) == hit

    def test_decoy_a_path_made_to_cost_beside_a_page(self) -> None:
        begun = time.monotonic()
        assert not where_needed._BESIDE.findall(9000 * b".js?")
        assert time.monotonic() - begun < 1
