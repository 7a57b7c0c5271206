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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import fpm_text, nginx_places, nginx_text
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import (
    endpoint,
    fastcgi,
    generated,
    log_events,
    redact,
    route_pools,
    timestamps,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import (
    kernel_log,
    permission,
    proc,
    sock_rows,
    sock_table,
    swap,
    systemctl,
    tmpfiles,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import conf as nginx_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import lexer as nginx_lexer
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import listen
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import log as nginx_log
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import log_entry as nginx_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import routes as nginx_routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import conf as fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import log as fpm_log
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import pools as fpm_pools
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import problems
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import NGINX as NGINX_TABLE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.table import ANY, Table
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.growth import MOST, growth

Shape = Callable[[int], Any]
Work = Callable[[Any], Any]


# --- shapes: a size -> a text of about that size


def filled(piece: str, before: str = "", after: str = "") -> Shape:
    """One piece again and again."""
    return lambda size: before + piece * (size // len(piece)) + after


def numbered(form: str, before: str = "", after: str = "") -> Shape:
    """The same with a number in it, each time another one."""
    return lambda size: before + "".join(form % number for number in range(size // len(form))) + after


def lines(line: str) -> Shape:
    """Lines of a log, each with the two KiB that nginx and php-fpm write at most."""
    return lambda size: (line + "\n") * (size // len(line))


# --- parsers as functions of one text


def conf(text: str) -> nginx_conf.Conf:
    return nginx_conf.parse_conf("/c", lambda _path: text, lambda _pattern: [])


def routes(text: str) -> Any:
    return nginx_routes.routes(conf("http { %s }" % text), "/")


def included(texts: List[str]) -> Any:
    """/0 is the main file, which includes /1 and so on."""
    found = nginx_conf.parse_conf(
        "/0",
        lambda path: texts[int(path[1:])],
        lambda pattern: ["/%d" % number for number in range(1, len(texts))],
    )
    return nginx_routes.routes(found, "/"), nginx_conf.error_logs(found, "/", None)


def pools(text: str) -> Any:
    found = fpm_conf.parse_fpm_conf("/c", lambda _path: text, lambda _pattern: [])
    facts = [fpm_pools.pool_facts(pool, "/usr") for pool in found.pools]
    return fpm_pools.refusals(found, facts)


def pool_files(texts: List[str]) -> Any:
    return fpm_conf.parse_fpm_conf(
        "/0",
        lambda path: texts[int(path[1:])],
        lambda pattern: ["/%d" % number for number in range(1, len(texts))],
    )


def nginx_lines(text: str) -> Any:
    log = nginx_log.NginxLog("/l", 0, 2e9, 0, [1])
    position = 0
    for raw in text.encode("utf-8").split(b"\n"):
        log.feed(raw, position)
        position += len(raw) + 1
    return log.finish().list()


def fpm_lines(text: str) -> Any:
    log = fpm_log.FpmLog("/l", None, 0, 2e9, 0)
    position = 0
    for raw in text.encode("utf-8").split(b"\n"):
        log.feed(raw, position)
        position += len(raw) + 1
    return log.finish().list()


def entry(text: str) -> Any:
    nginx_entry._recognise.cache_clear()
    nginx_entry.upstream_key.cache_clear()
    return nginx_entry.parse_entry(text, 0), nginx_entry.brief(text)


def message(text: str) -> Any:
    return fpm_log.parse_message(text, 0), fpm_log.brief(text)


def kernel(text: str) -> Any:
    told = [(1.0, line) for line in text.split("\n")]
    return (
        kernel_log.kills(told),
        kernel_log.crashes(told),
        kernel_log.unit_kills(
            [(1.0, who, None, line) for _at, line in told for who in ("systemd", "systemd-oomd")], "global"
        ),
        kernel_log.early_kills([(1.0, "earlyoom", None, line) for _at, line in told]),
    )


def stamps(text: str) -> Any:
    timestamps.nginx_time.cache_clear()
    timestamps.fpm_time.cache_clear()
    return (
        timestamps.nginx_time(text, 0),
        timestamps.fpm_time(text, 0),
        timestamps.journal_line(text),
        timestamps.ring_line(text, 0.0),
    )


def edited(text: str) -> Any:
    return list(nginx_places.Source("", text).every())


def edited_pool(text: str) -> Any:
    try:
        return fpm_text.set_directives(
            "/c",
            lambda _path: text,
            lambda _pattern: [],
            "www",
            [("pm.max_children", "9"), ("env[A]", "x y")],
        )
    except Refusal:
        return None


def value_set(text: str) -> Any:
    try:
        return nginx_text.set_directive(
            "/c", lambda _path: text, lambda _pattern: [], (("http", ""),), "sendfile", ["on"]
        )
    except Refusal:
        return None


def fstab(text: str) -> Any:
    return (
        swap.parse_swaps(text),
        swap.mount_of(text, "/a"),
        swap.with_entry(text, "/a"),
        swap.without_entry(text, "/a"),
        swap.plain(text),
    )


def proc_texts(text: str) -> Any:
    return (
        proc.parse_status(text),
        proc.parse_cgroup(text),
        proc.parse_kb(text),
        proc.limiting_cgroup(text, text, "memory"),
        proc.unit_of(text),
        proc.parse_cmdline(text),
    )


def systemd(text: str) -> Any:
    return [
        systemctl.unit_facts(block, 0.0) for block in systemctl.parse_show(text)
    ], systemctl.parse_journal(text)


TEXTS = (
    ("nginx_lexer", nginx_lexer.statements),
    ("nginx_conf", conf),
    ("nginx_routes", routes),
    ("edit_nginx", edited),
    ("edit_nginx_set", value_set),
    ("fpm_conf", pools),
    ("edit_fpm", edited_pool),
    ("scan_value", fpm_conf.scan_value),
    ("nginx_entry", entry),
    ("nginx_log", nginx_lines),
    ("fpm_message", message),
    ("fpm_log", fpm_lines),
    ("kernel_log", kernel),
    ("timestamps", stamps),
    ("redact", redact.redact),
    ("endpoint", endpoint.canonical),
    ("listen", lambda text: listen.targets([text])),
    ("nginx_time", nginx_routes.parse_time),
    ("tmpfiles", lambda text: tmpfiles.entry_for("/run/x", lambda _path: text, lambda _pattern: ["/a.conf"])),
    ("generated", lambda text: (generated.author_of(text, text), generated.author_of("/etc/x", "# " + text))),
    ("generated_part", lambda text: generated.author_of_part("# BEGIN x MANAGED BLOCK\n" + text, text)),
    ("swap", fstab),
    ("unix_proc", sock_rows.parse_unix_proc),
    ("tcp_proc", sock_rows.parse_tcp_proc),
    ("proc", proc_texts),
    ("systemctl", systemd),
    ("start_failure", lambda text: problems.start_failure(text.split("\n"))),
    ("failed_bind", lambda text: problems.start_failure(["ERROR: %s '%s" % (BIND, text)])),
)  # type: Tuple[Tuple[str, Work], ...]
BIND = "[pool www] unable to bind listening socket for address"
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


@pytest.mark.parametrize(
    "work, shape", cases([(parser, name, work, shape) for parser, work in TEXTS for name, shape in SHAPES])
)
def test_a_parser_is_linear_in_any_text(work: Work, shape: Shape) -> None:
    assert growth(work, shape) <= MOST


# --- shapes made for one parser

NGINX = "2026/04/02 14:23:17 [error] 7#7: *1 "
FPM = "[02-Apr-2026 14:23:17] WARNING: "


def all_signatures(table: Table) -> Tuple[Work, Shape]:
    """Each message of a table with its own pieces again and again, none of which ends as it should."""
    rows = table.rows()

    def make(size: int) -> List[Tuple[str, str]]:
        found = []
        for row in rows:
            pieces = [piece for piece in re.split("%[dsqet]", row.format) if piece]
            prefix = row.format.split("%", 1)[0]
            for piece in (
                (pieces or ["x"])[-1],
                "".join(pieces[1:]) or "x",
                "".join(one + "1" for one in pieces[1:]) or "1",
                '"',
                "(",
            ):
                text = prefix + piece * (size // len(piece) // len(rows)) + "!"
                found.append((text, "header" if row.phase == ANY else row.phase))
        return found

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
    many = size // 256
    found = [
        {
            "endpoints": [
                {"endpoint": "unix:/run/%d" % number, "written": "w", "file": "/f", "line": 1, "down": False}
            ]
        }
        for number in range(many)
    ]
    found += [
        {
            "endpoints": [
                {"endpoint": "127.0.0.1:%d" % number, "written": "w", "file": "/f", "line": 1, "down": False}
            ]
        }
        for number in range(many)
    ]
    pool = [{"endpoint": "unix:/run/%d" % number, "name": "p"} for number in range(0, many, 2)]
    pool += [{"endpoint": "*:%d" % number, "name": "p"} for number in range(0, many, 2)]
    return found, [{"pools": pool, "config": "/c", "unit": None, "version": None, "running": True}]


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
    ("route_pools", "match", lambda given: route_pools.match_pools(*given), described),
    ("log_events", "places", add_events, lambda size: size),
    ("listen", "many", listen.targets, lambda size: ["80 ssl"] * (size // 16)),
    ("endpoint", "dots", endpoint.canonical, filled("../", "unix:/")),
    ("endpoint", "ports", endpoint.canonical, filled(":")),
]  # type: List[Tuple[str, str, Work, Shape]]


@pytest.mark.parametrize("work, shape", cases(SPECIAL))
def test_a_parser_is_linear_in_the_shape_that_is_its_worst(work: Work, shape: Shape) -> None:
    assert growth(work, shape) <= MOST
