# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each parser as a function of one text."""

import re
from typing import Any, Callable, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import fpm_text, nginx_places, nginx_text
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import (
    endpoint,
    generated,
    redact,
    timestamps,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import (
    denials,
    earlyoom,
    kernel_log,
    logrotate,
    proc,
    proc_net,
    rotate_script,
    swap,
    systemctl,
    tmpfiles,
    unit_starts,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import (
    access_log,
    guards,
    listen,
    locations,
    log_format,
    served,
    shadowed,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import conf as nginx_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import lexer as nginx_lexer
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import log as nginx_log
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import log_entry as nginx_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import routes as nginx_routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import site_logs as nginx_site_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import conf as fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import (
    init_script,
    problems,
    starts,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import log as fpm_log
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import pools as fpm_pools
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

Work = Callable[[Any], Any]


def conf(text: str) -> nginx_conf.Conf:
    return nginx_conf.parse_conf("/c", lambda _path: text, lambda _pattern: [])


def routes(text: str) -> Any:
    return nginx_routes.routes(conf("http { %s }" % text), "/")


def included(texts: List[str]) -> Any:
    """/0 is the main file, which includes /1 and so on."""
    parsed = nginx_conf.parse_conf(
        "/0",
        lambda path: texts[int(path[1:])],
        lambda pattern: ["/%d" % number for number in range(1, len(texts))],
    )
    return nginx_routes.routes(parsed, "/"), nginx_conf.error_logs(parsed, "/", None)


def pools(text: str) -> Any:
    parsed = fpm_conf.parse_fpm_conf("/c", lambda _path: text, lambda _pattern: [])
    facts = [fpm_pools.pool_facts(pool, "/usr") for pool in parsed.pools]
    return fpm_pools.start_problems(parsed, facts)


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


LOOSE = "[$time_local] $http_referer $status $request_uri $upstream_addr $host $request_time $uri $status"
QUOTED = '[$time_local] "$request" $status "$http_referer" $upstream_addr $upstream_status'


def access_lines(text: str) -> Any:
    """By formats that a visitor can fill in many ways. A status is put in front, so that lines are read."""
    timestamps.access_time.cache_clear()
    counted = []
    data = "".join("[02/Apr/2026:14:23:17 +0000] 502 %s\n" % line for line in text.split("\n")).encode(
        "utf-8"
    )
    for form, escape in ((LOOSE, "default"), (LOOSE, "none"), (QUOTED, "json"), (QUOTED, "default")):
        log = access_log.AccessLog("/l", [log_format.LineFormat(form, escape)], [], 0, 2e9)
        log.feed_lines(data)
        counted.append((log.events.list(), log.unread, log.latest(data)))
    return counted


def log_targets(text: str) -> Any:
    parsed = conf("http { server { %s ; location / { fastcgi_pass x; } } }" % text)
    return nginx_site_logs.site_logs(parsed, "/", nginx_site_logs.Defaults("/a", "/e"), {})


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
    dated = [(1.0, line) for line in text.split("\n")]
    return (
        kernel_log.kills(dated),
        kernel_log.crashes(dated),
        kernel_log.unit_kills(
            [
                timestamps.JournalLine(1.0, who, line)
                for _at, line in dated
                for who in ("systemd", "systemd-oomd")
            ],
            "global",
        ),
        earlyoom.early_kills([timestamps.JournalLine(1.0, "earlyoom", line) for _at, line in dated]),
    )


def audit(text: str) -> Any:
    return denials.denials(
        [denials.Line(denials.time_of(line) or 1.0, "kernel", line) for line in text.split("\n")]
    )


def stamps(text: str) -> Any:
    timestamps.nginx_time.cache_clear()
    timestamps.fpm_time.cache_clear()
    return (
        timestamps.nginx_time(text, 0),
        timestamps.fpm_time(text, 0),
        timestamps.journal_line(text),
        list(timestamps.ring_lines(text, re.compile(""))),
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


def rotation(text: str) -> Any:
    stanzas = logrotate.parse_logrotate("/c", lambda _path: text, lambda _name: ["/c"])
    return [rotate_script.effects(stanza.script, {}) for stanza in stanzas]


def rotate_commands(text: str) -> Any:
    script = [logrotate.Line(number, row) for number, row in enumerate(text.split("\n"))]
    return rotate_script.effects(script, {"/a": "kill"}), rotate_script.paths_in(script)


def vhosts(text: str) -> Any:
    """As names, addresses and locations of server blocks."""
    parsed = conf("http { server { server_name a; %s } server { server_name a; %s } }" % (text, text))
    found = [
        guards.guard(http.block or [], locations.locate(server, "/status").blocks)
        for http in parsed.directives
        for server in http.block or []
        if server.block
    ]
    pairs = shadowed.shadows(served.blocks(parsed))
    words = [shadowed.bound_at(text), shadowed.set_aside(text), guards.local_only([text])]
    return found, pairs, words


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
    ], unit_starts.parse_journal(text)


def unit_log(text: str) -> Any:
    """A journal in which any line may stand, of systemd and of php-fpm."""
    heads = (
        ("php-fpm", 8, ""),
        ("systemd", 1, "x.service: "),
        ("systemd", 7, ""),
        ("systemd", 1, "Starting "),
    )
    lines = [
        unit_starts.unit_line(float(number), by, pid, begins + line)
        for number, line in enumerate(text.split("\n"))
        for by, pid, begins in [heads[number % 4]]
    ]
    starts.note_failures(lines)
    unit: Any = {"result": "exit-code", "active": "activating", "log": lines}
    return (
        starts.attempt_of(unit),
        starts.command_that_failed(lines),
        starts.dependency_that_failed(unit),
        starts.stop_timed_out(unit),
        unit_starts.without_small_talk(lines, 30),
        unit_starts.unmet_conditions(text),
    )


BIND = "[pool www] unable to bind listening socket for address"
TEXTS = (
    ("rotation", rotation),
    ("rotate_commands", rotate_commands),
    ("vhosts", vhosts),
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
    ("nginx_access", access_lines),
    ("nginx_site_logs", log_targets),
    ("fpm_message", message),
    ("fpm_log", fpm_lines),
    ("kernel_log", kernel),
    ("denials", audit),
    ("timestamps", stamps),
    ("redact", redact.redact),
    ("endpoint", endpoint.canonical),
    ("listen", lambda text: listen.targets([text])),
    ("nginx_time", nginx_routes.parse_time),
    ("tmpfiles", lambda text: tmpfiles.entry_for("/run/x", lambda _path: text, lambda _pattern: ["/a.conf"])),
    ("generated", lambda text: (generated.author_of(text, text), generated.author_of("/etc/x", "# " + text))),
    ("generated_part", lambda text: generated.author_of_part("# BEGIN x MANAGED BLOCK\n" + text, text)),
    ("swap", fstab),
    ("unix_proc", proc_net.parse_unix_proc),
    ("tcp_proc", proc_net.parse_tcp_proc),
    ("proc", proc_texts),
    ("systemctl", systemd),
    ("start_failure", lambda text: problems.start_failure(text.split("\n"))),
    ("unit_log", unit_log),
    ("init_script", init_script.started_by),
    ("failed_bind", lambda text: problems.start_failure(["ERROR: %s '%s" % (BIND, text)])),
)  # type: Tuple[Tuple[str, Work], ...]
