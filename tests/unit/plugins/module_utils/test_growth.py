# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parser is linear in its input, whatever the input: one row for each parser and shape that somebody
could send.
"""

import re
import struct
from typing import Any, Callable, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import (
    endpoint,
    fastcgi,
    log_events,
    redact,
    route_pools,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import (
    permission,
    sock_rows,
    sock_table,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import lexer as nginx_lexer
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import listen
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import conf as fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import NGINX as NGINX_TABLE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.table import ANY, Table
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.growth import MOST, growth
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parsers import (
    TEXTS,
    Work,
    access_lines,
    conf,
    edited_pool,
    entry,
    fpm_lines,
    included,
    kernel,
    log_targets,
    message,
    nginx_lines,
    pool_files,
    pools,
    routes,
    stamps,
)

Shape = Callable[[int], Any]


def filled(piece: str, before: str = "", after: str = "") -> Shape:
    """One piece again and again."""
    return lambda size: before + piece * (size // len(piece)) + after


def numbered(form: str, before: str = "", after: str = "") -> Shape:
    """The same with a number in it, each time another one."""
    return lambda size: before + "".join(form % number for number in range(size // len(form))) + after


def lines(line: str) -> Shape:
    """Lines of a log, each with the two KiB that nginx and php-fpm write at most."""
    return lambda size: (line + "\n") * (size // len(line))


SHAPES = (
    ("letters", filled("a")),
    ("spaces", filled(" ", "listen", "x")),
    ("feeds", filled("\n", "a")),
    ("digits", filled("9", "listen = ")),
    ("quotes", filled('"', "a = ")),
    ("words", filled("a ")),
    ("slashes", filled("/", "unix:")),
    ("variables", filled("${a", 'a = "', '"')),
    ("defaults", filled("${a:-", 'a = "', '"')),
    ("brackets", filled("[")),
    ("braces", filled("a{")),
    ("lines", lines("a b = 'c' {")),
    ("backslashes", filled("\\", '"')),
    ("colons", filled(": ", "a")),
)  # type: Tuple[Tuple[str, Shape], ...]


def cases(rows: List[Tuple[str, str, Work, Shape]]) -> List[Any]:
    return [pytest.param(work, shape, id="%s-%s" % (parser, name)) for parser, name, work, shape in rows]


NGINX = "2026/04/02 14:23:17 [error] 7#7: *1 "
FPM = "[02-Apr-2026 14:23:17] WARNING: "


def all_signatures(table: Table) -> Tuple[Work, Shape]:
    """Each message of a table with its own pieces again and again, none of which ends as it should."""
    rows = table.rows()

    def make(size: int) -> List[Tuple[str, str]]:
        texts = []
        for row in rows:
            pieces = [piece for piece in re.split("%[dsqet]", row.format) if piece]
            prefix = row.format.split("%", 1)[0]
            for piece in (
                (pieces or ["x"])[-1],
                "".join(pieces[1:]) or "x",
                "".join(part + "1" for part in pieces[1:]) or "1",
                '"',
                "(",
            ):
                text = prefix + piece * (size // len(piece) // len(rows)) + "!"
                texts.append((text, "header" if row.phase == ANY else row.phase))
        return texts

    def work(texts: List[Tuple[str, str]]) -> Any:
        return [table.find(text, phase) for text, phase in texts]

    return work, make


def chain(size: int) -> List[str]:
    """Files of which each includes the next one inside many blocks."""
    inner = (
        "".join("location /%d {" % number for number in range(99))
        + "fastcgi_pass unix:/a; include /%d;"
        + "}" * 99
    )
    return (
        ["http { server { %s } }" % ("include /1;" * (size // 64))]
        + [inner % number for number in range(2, 13)]
        + ["fastcgi_pass unix:/b;"]
    )


def repeated(size: int) -> List[str]:
    """One file included many times."""
    return [
        "http { %s }" % ("server { include /*; }" * (size // 64)),
        "location / { fastcgi_pass unix:/a; }\n",
    ]


def unix_table(size: int) -> bytes:
    body = struct.pack("=BBBBIII", 1, 1, 10, 0, 7, 0, 0) + struct.pack("=HH", 12, 0) + b"/run/a\0\0"
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def loads(size: int) -> Any:
    rows = [
        sock_rows.Sock("unix", "listen", "/run/%d" % number, b"", 0, number, (1, number), 0, 511)
        for number in range(size // 64)
    ]
    rows += [
        sock_rows.Sock("inet", "listen", "", b"\0" * 4, number % 60000, number, None, 0, 511)
        for number in range(size // 64)
    ]
    return rows


def all_loads(rows: Any) -> Any:
    table = sock_table.Index(rows)
    return [
        table.unix([row.name], row.file) if row.family == "unix" else table.tcp(b"\x7f\0\0\1", row.port)
        for row in rows
    ]


def described(size: int) -> Tuple[Any, Any]:
    """Routes, each with a socket of its own, and pools for all of them but a few."""
    count = size // 256
    routes = [
        {
            "endpoints": [
                {"endpoint": "unix:/run/%d" % number, "written": "w", "file": "/f", "line": 1, "down": False}
            ]
        }
        for number in range(count)
    ]
    routes += [
        {
            "endpoints": [
                {"endpoint": "127.0.0.1:%d" % number, "written": "w", "file": "/f", "line": 1, "down": False}
            ]
        }
        for number in range(count)
    ]
    pool = [{"endpoint": "unix:/run/%d" % number, "name": "p"} for number in range(0, count, 2)]
    pool += [{"endpoint": "*:%d" % number, "name": "p"} for number in range(0, count, 2)]
    return routes, [{"pools": pool, "config": "/c", "unit": None, "version": None, "running": True}]


def add_events(size: int) -> Any:
    events, other = log_events.Events(), log_events.Events()
    for number in range(size // 64):
        events.add(
            "nginx",
            "s",
            number,
            "/l",
            "line",
            str,
            "site%d" % (number % 5000),
            "unix:/%d" % number,
            pid=number,
        )
        other.add(
            "nginx",
            "s",
            number,
            "/l",
            "line",
            str,
            "site%d" % (number % 5000),
            "unix:/%d" % number,
            pid=number,
        )
    events.merge(other)
    return events.list()


ng, fpm = all_signatures(NGINX_TABLE), all_signatures(PHP_FPM)
SPECIAL = [
    ("signatures", "nginx", ng[0], ng[1]),
    ("signatures", "php_fpm", fpm[0], fpm[1]),
    ("fpm_conf", "key of spaces", pools, filled(" ", "[a]\nlisten", "(x")),
    ("fpm_conf", "subkey", pools, filled("[a]", "env")),
    ("fpm_conf", "section", pools, filled(" ", "[a]", "x")),
    ("fpm_conf", "pools", pools, numbered("[p%d]\nlisten = /run/a\n")),
    ("fpm_conf", "colons", pools, filled("${:", 'a="', '}"')),
    ("fpm_conf", "names", pools, filled("${", 'a="', ':"')),
    ("fpm_conf", "times", fpm_conf.to_seconds, filled("1 ")),
    ("fpm_conf", "env", pools, numbered("env[%d] = x\n", "[a]\n")),
    ("fpm_conf", "broken", pools, filled("(\n", "[a]\n")),
    ("fpm_conf", "files", pool_files, lambda size: ["include=/*"] + ["[a]\n"] * (size // 32)),
    ("edit_fpm", "directives", edited_pool, numbered("env[%d] = x\n", "[www]\n")),
    ("edit_fpm", "pools", edited_pool, numbered("[p%d]\npm = static\n", "[www]\nlisten = /a\n")),
    ("edit_fpm", "comments", edited_pool, filled(";pm.max_children = 5\n", "[www]\nlisten = /a\n")),
    ("nginx_conf", "errors", conf, filled("include;")),
    ("nginx_conf", "lines of errors", conf, filled("include;\n")),
    ("nginx_conf", "marks", conf, filled("\ufeffa;\n")),
    ("nginx_routes", "passes", routes, filled("fastcgi_pass a;\n", "server {", "}")),
    ("nginx_routes", "upstreams", routes, numbered("upstream u%d { server unix:/a; }\n")),
    ("nginx_routes", "duplicates", routes, filled("upstream u { server x/y; }\n")),
    (
        "nginx_routes",
        "variables",
        routes,
        filled("set $a $a$a; fastcgi_pass $a$a$a; ", "server { location / {", "}}"),
    ),
    (
        "nginx_routes",
        "references",
        routes,
        filled("location / { fastcgi_pass %s; }" % ("$a" * 20), "server { set $a %s;" % ("x" * 4000), "}"),
    ),
    (
        "nginx_routes",
        "conditions",
        routes,
        filled("if ($a) { set $a b; set $b $a; }", "server { location / {", "}}"),
    ),
    (
        "nginx_routes",
        "servers",
        routes,
        numbered("server { server_name s%d; location / { fastcgi_pass unix:/a; } }\n"),
    ),
    (
        "nginx_routes",
        "shared upstream",
        routes,
        lambda size: (
            numbered("server unix:/%d;", "upstream u {", "}")(size)
            + filled("server { location / { fastcgi_pass u; } }")(size)
        ),
    ),
    ("nginx_conf", "chain", included, chain),
    ("nginx_conf", "repeated", included, repeated),
    ("nginx_lexer", "lua", nginx_lexer.statements, filled("[==", "x_by_lua_block {")),
    ("nginx_lexer", "comments", nginx_lexer.statements, filled("#{\n")),
    (
        "nginx_lexer",
        "lua ends",
        nginx_lexer.statements,
        filled("]" + "=" * 50, "x_by_lua_block { [" + "=" * 51 + "["),
    ),
    ("nginx_lexer", "lua quotes", nginx_lexer.statements, filled('"\\', "x_by_lua_block {")),
    ("nginx_entry", "ends", entry, filled(' HTTP/1.1"', NGINX + 'a, client: b, server: c, request: "GET /')),
    (
        "nginx_entry",
        "upstreams",
        entry,
        filled(' HTTP/2.0", upstream: "http://x"', NGINX + 'a, client: b, server: c, request: "GET /'),
    ),
    (
        "nginx_entry",
        "subrequests",
        entry,
        filled(' HTTP/2.0", subrequest: "', NGINX + 'a, client: b, server: c, request: "GET /'),
    ),
    ("nginx_entry", "clients", entry, filled(", client: ", NGINX)),
    ("nginx_entry", "phases", entry, filled(" while connecting to upstream", NGINX)),
    ("nginx_entry", "pid", entry, filled("7", "2026/04/02 14:23:17 [error] ")),
    ("nginx_entry", "errno", entry, filled("(1", NGINX)),
    ("nginx_entry", "ssl", entry, filled(")", NGINX + "SSL_a() failed (SSL: ")),
    (
        "nginx_entry",
        "duplicate header",
        entry,
        filled(
            '", previous value: "',
            NGINX + 'upstream sent duplicate header line: "',
            "x while reading response header from upstream",
        ),
    ),
    ("nginx_log", "foreign", nginx_lines, lines(NGINX + "x")),
    ("nginx_access", "blanks", access_lines, filled(" 502 /a")),
    ("nginx_access", "lists", access_lines, filled(", unix:/a", "a 502 ")),
    ("nginx_access", "lines", access_lines, lines("a 502 /b unix:/c, unix:/d h 0.001 /x 502")),
    ("nginx_access", "quotes", access_lines, filled('\\"')),
    (
        "nginx_access",
        "locations",
        log_targets,
        numbered(
            "location /%d { error_page 502 /e; access_log /a; error_log /b; fastcgi_pass a; }",
            "error_page 504 /f; ",
        ),
    ),
    ("nginx_access", "names", log_targets, numbered("server_name a%d; ", "access_log /l/$host; ")),
    ("nginx_log", "short", nginx_lines, lines("2026/04/02 14:23:17 [info] 7#7: *1 x")),
    (
        "nginx_log",
        "strangers",
        nginx_lines,
        numbered('2026/04/02 14:23:17 [error] %d#7: *1 open() "x" failed, client: a, server: b\n'),
    ),
    (
        "nginx_log",
        "forged",
        nginx_lines,
        numbered(
            NGINX
            + 'open() "/a\n2026/04/02 14:23:17 [error] %d#7: *1 recv() failed (104: x), client: a, server: '
            "b\n"
        ),
    ),
    ("nginx_log", "continued", nginx_lines, lines(NGINX + 'FastCGI sent in stderr: "x\na')),
    (
        "fpm_log",
        "requests",
        message,
        filled(
            "' (request: \"", FPM + "[pool a] child 1, script '", '") executing too slow (1.0 sec), logging'
        ),
    ),
    ("fpm_log", "no end", message, filled("' (request: \"", FPM + "[pool a] child 1, script '")),
    (
        "fpm_log",
        "ends",
        message,
        filled('") executing too slow (1.0 sec), logging', FPM + "child 1, script '' (request: \""),
    ),
    ("fpm_log", "said", message, filled('"', FPM + 'child 1 said into stderr: "', "x")),
    ("fpm_log", "exit", message, filled("(", FPM + "child 1 exited on signal 9 (")),
    ("fpm_log", "brief", message, filled('(request: "')),
    ("fpm_log", "open", fpm_lines, lines(FPM + "[pool a] child 1, script 'a")),
    (
        "fpm_log",
        "held",
        fpm_lines,
        lines(
            FPM + "[pool a] child 1, script 'a' (request: \"GET /\") executing too slow (1.0 sec), logging"
        ),
    ),
    ("kernel_log", "modules", kernel, filled(" in ", "php-fpm8.2[7]: segfault at ")),
    (
        "kernel_log",
        "groups",
        kernel,
        filled(",task_memcg=/a,task=b,pid=1", "oom-kill:constraint=CONSTRAINT_NONE,"),
    ),
    (
        "kernel_log",
        "kills",
        kernel,
        lines("Out of memory: Killed process 7 (php-fpm) total-vm:1kB, anon-rss:1kB, x"),
    ),
    ("timestamps", "ring", stamps, filled(" ", "[", "1.000000] x")),
    ("timestamps", "journal", stamps, filled("1", "1775139797.000001 h k[")),
    (
        "redact",
        "lines",
        lambda texts: [redact.redact(text) for text in texts],
        lambda size: [("password" * 99)[:500]] * (size // 500),
    ),
    (
        "fastcgi",
        "bytes",
        lambda data: fastcgi.answer(data, True),
        lambda size: b"\1\x0a\0\0" + b"\xff" * size,
    ),
    (
        "permission",
        "acl",
        permission.parse_acl,
        lambda size: struct.pack("<I", 2) + struct.pack("<HHI", 2, 7, 33) * (size // 8),
    ),
    ("sock_rows", "messages", sock_rows.parse_unix_diag, lambda size: unix_table(size) * (size // 44)),
    ("sock_rows", "attributes", sock_rows._attributes, lambda size: struct.pack("=HH", 4, 0) * (size // 4)),
    ("sock_table", "loads", all_loads, loads),
    ("route_pools", "match", lambda arguments: route_pools.match_pools(*arguments), described),
    ("log_events", "places", add_events, lambda size: size),
    ("listen", "many", listen.targets, lambda size: ["80 ssl"] * (size // 16)),
    ("endpoint", "dots", endpoint.canonical, filled("../", "unix:/")),
    ("endpoint", "ports", endpoint.canonical, filled(":")),
]  # type: List[Tuple[str, str, Work, Shape]]


class TestLinear:
    @pytest.mark.parametrize(
        "work, shape",
        cases([(parser, name, work, shape) for parser, work in TEXTS for name, shape in SHAPES]),
    )
    def test_in_any_text(self, work: Work, shape: Shape) -> None:
        assert growth(work, shape) <= MOST

    @pytest.mark.parametrize("work, shape", cases(SPECIAL))
    def test_in_the_shape_that_is_its_worst(self, work: Work, shape: Shape) -> None:
        assert growth(work, shape) <= MOST
