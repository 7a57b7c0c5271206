# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of nginx's configuration may be shown: arguments of directives that are known to take no secret, names
of the others. A word is judged by its directive and by its block. So the whole file is read, whatever part of
it is shown.
"""

import re
from typing import Callable, Dict, List, Sequence

from ..parse.nginx.lexer import LUA_BLOCK
from ..parse.redact import redact
from .nginx_places import Place, Source
from .shown import Part, drawn, harmless, hide, keeping, names, variables

# Blocks whose lines are directives. The lines of map, geo, split_clients, types and of unknown modules are
# data.
_BLOCKS = ("events", "http", "server", "location", "if", "limit_except", "upstream", "stream", "mail")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_KEY = re.compile(r"[\w.$-]{1,64}\Z", re.ASCII)
_NUMBER = re.compile(r"(?:[0-9]{1,12}[a-zA-Z%]{0,2}){1,4}\Z")
_SWITCH = ("on", "off")
_SYNTAX = names("""
    on off last break redirect permanent always if_not_empty = != ~ ~* !~ !~* -f !-f -d !-d -e !-e -x !-x
    """)
_IN_DATA = ("default", "hostnames", "volatile", "ranges", "include")
_SCHEME = re.compile(r"https?://")
_STATUS = re.compile(r"=?[1-5][0-9]{2}\Z")
_PATH = re.compile(r"(?:\$\w+|\$\{\w+\}|/[\w./-]*|\.php)+\Z", re.ASCII)
_SOCKET = re.compile(r"unix:/[\w./-]+\Z|(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5}\Z", re.ASCII)
# A comment that begins with the name of a directive may still be a sentence.
_NO_PROSE = re.compile(r"[/:.$~\\]|\A[0-9]+\Z")
_FASTCGI_PARAMS = names("""
    SCRIPT_FILENAME SCRIPT_NAME DOCUMENT_ROOT DOCUMENT_URI PATH_INFO PATH_TRANSLATED QUERY_STRING
    REQUEST_METHOD REQUEST_URI REQUEST_SCHEME CONTENT_TYPE CONTENT_LENGTH SERVER_PROTOCOL SERVER_SOFTWARE
    SERVER_ADDR SERVER_PORT SERVER_NAME REMOTE_ADDR REMOTE_PORT GATEWAY_INTERFACE HTTPS REDIRECT_STATUS
    """)
_CONSTANTS = ("", "200", "on", "off", "CGI/1.1", "nginx", "nginx/$nginx_version")

Judge = Callable[[List[str]], List[bool]]


def _says_nothing(word: str) -> bool:
    bare = word.strip("()")
    return bare in _SYNTAX or variables(_SCHEME.sub("", bare))


def _unknown(args: List[str]) -> List[bool]:
    return [word in _SWITCH for word in args]


def _references(args: List[str]) -> List[bool]:
    return [_says_nothing(word) for word in args]


def _all(args: List[str]) -> List[bool]:
    return [harmless(word) for word in args]


def _numbers(args: List[str]) -> List[bool]:
    return [_says_nothing(word) or bool(_NUMBER.match(word)) for word in args]


def _first(args: List[str]) -> List[bool]:
    return [bool(_KEY.match(word)) and harmless(word) for word in args[:1]] + _references(args[1:])


def _set(args: List[str]) -> List[bool]:
    return [_says_nothing(word) or bool(_SOCKET.match(word)) for word in args]


def _status(args: List[str]) -> List[bool]:
    return [_says_nothing(word) or bool(_STATUS.match(word)) for word in args]


def _log(args: List[str]) -> List[bool]:
    """A tag of syslog is free text."""
    return [harmless(word) and not ("tag=" in word and word.startswith("syslog:")) for word in args]


def _param(args: List[str]) -> List[bool]:
    known = args[0] in _FASTCGI_PARAMS if args else False
    return (
        _first(args[:1])
        + [
            variables(word) or (known and (word in _CONSTANTS or bool(_PATH.match(word))))
            for word in args[1:2]
        ]
        + _references(args[2:])
    )


_HARMLESS = names("""
    listen server_name root alias index location server upstream fastcgi_pass fastcgi_index
    fastcgi_split_path_info include user pid try_files error_page events http
    if_modified_since default_type charset resolver proxy_pass worker_cpu_affinity worker_processes use
    load_module limit_except allow deny ssl_protocols gzip_types internal fastcgi_next_upstream
    fastcgi_hide_header fastcgi_pass_header fastcgi_ignore_headers fastcgi_temp_path client_body_temp_path
    stream mail ssl_certificate http2 http3 open_file_cache open_file_cache_valid ssl_ciphers
    ssl_prefer_server_ciphers ssl_session_cache ssl_session_tickets
    """)
_NUMERIC = names("""
    worker_connections worker_rlimit_nofile worker_shutdown_timeout keepalive keepalive_requests
    keepalive_time keepalive_timeout client_max_body_size client_body_buffer_size client_body_timeout
    client_header_buffer_size client_header_timeout large_client_header_buffers send_timeout sendfile
    tcp_nopush tcp_nodelay server_tokens gzip gzip_comp_level gzip_vary gzip_disable gzip_proxied
    types_hash_max_size server_names_hash_bucket_size server_names_hash_max_size fastcgi_read_timeout
    fastcgi_connect_timeout fastcgi_send_timeout fastcgi_buffers fastcgi_buffer_size fastcgi_buffering
    fastcgi_busy_buffers_size fastcgi_max_temp_file_size fastcgi_temp_file_write_size
    fastcgi_request_buffering fastcgi_keep_conn fastcgi_intercept_errors fastcgi_ignore_client_abort
    fastcgi_next_upstream_timeout fastcgi_next_upstream_tries fastcgi_socket_keepalive
    fastcgi_force_ranges fastcgi_limit_rate proxy_read_timeout proxy_connect_timeout proxy_send_timeout
    proxy_buffers proxy_buffer_size proxy_buffering proxy_busy_buffers_size proxy_http_version
    multi_accept log_not_found recursive_error_pages reset_timedout_connection lingering_timeout
    """)
_JUDGED = (
    (_all, _HARMLESS),
    (_numbers, _NUMERIC),
    (_log, names("access_log error_log")),
    (_first, names("proxy_set_header add_header add_trailer fastcgi_cache log_format")),
    (_set, names("set")),
    (_status, names("return")),
    (_references, names("if map geo split_clients rewrite")),
    (_param, names("fastcgi_param uwsgi_param scgi_param")),
)
_JUDGES: Dict[str, Judge] = {name: judge for judge, directives in _JUDGED for name in directives}


def shows(name: str, args: List[str]) -> List[bool]:
    """Which of a directive's arguments may be shown."""
    return _JUDGES.get(name, _unknown)(args)


def words_shown(place: Place) -> List[bool]:
    """Which of a directive's words may be shown, its name first."""
    name, args = place.name, place.args
    if place.around is not None and place.around.name not in _BLOCKS:
        return [name in _IN_DATA] + (_all(args) if name == "include" else _unknown(args))
    return [bool(_NAME.match(name)) and redact(name) == name] + shows(name, args)


class _View:
    """One part of a file: which places of it are kept."""

    def __init__(self, text: str, part: Part, in_comment: bool = False) -> None:
        self.text = text
        self.part = part
        self.in_comment = in_comment
        self.kept: List[Part] = []
        self.at = part[0]

    def between(self, end: int) -> None:
        """Keeps what may be shown between two words: of white space and comments. A comment in a comment is
        hidden.
        """
        if self.in_comment:
            return
        for comment in re.finditer(r"#[^\n]*", self.text[self.at : end]):
            first = self.at + comment.start()
            body = comment.group().lstrip("# \t")
            lead = first + len(comment.group()) - len(body)
            self.kept += [(first, lead)] + [(lead + start, lead + end) for start, end in _commented(body)]

    def word(self, first: int, last: int, keep: bool) -> None:
        """The next place. What lies before the part or behind it does not count."""
        if last <= self.part[0] or first >= self.part[1]:
            return
        self.between(first)
        if keep and self.text[first:last].isprintable():
            self.kept.append((first, last))
        self.at = max(last, self.at)

    def directive(self, place: Place) -> None:
        """The words of a directive and its end, without the content of its block."""
        for number, ((first, last), keep) in enumerate(zip(place.words, words_shown(place))):
            prose = self.in_comment and number and not _NO_PROSE.search(self.text[first:last])
            self.word(first, last, keep and not prose)
        self.word(place.stop, place.stop + 1, True)
        if place.name.endswith(LUA_BLOCK):
            self.at = max(self.at, place.end - 1)

    def walk(self, places: List[Place]) -> None:
        """All places in the order of the text. Blocks outside of the part are passed over."""
        for place in places:
            if place.end <= self.part[0] or place.start >= self.part[1]:
                continue
            self.directive(place)
            if place.inside is not None:
                self.walk(place.inside)
                self.word(place.end - 1, place.end, True)


def _kept(source: Source, part: Part, in_comment: bool = False) -> List[Part]:
    view = _View(source.text, part, in_comment)
    view.walk(source.places)
    view.between(part[1])
    return view.kept


def _commented(body: str) -> List[Part]:
    """What may be shown of a comment: directives that are switched off, if each of them is known. All other
    words are hidden.
    """
    if drawn(body):
        return [(0, len(body))]
    text = body.rstrip()
    # The head of a block that is switched off line by line.
    source = Source("", text[:-1] + ";" if text.endswith("{") else text)
    if source.fault or any(place.name not in _JUDGES for place in source.places):
        return []
    return _kept(source, (0, len(text)), True)


def _bare(text: str) -> str:
    """Of a text that nginx would not read: the names of known directives at the beginning of a line."""

    def name(line: str) -> str:
        word = line.strip().partition(" ")[0]
        if word not in _JUDGES:
            return hide(line)
        end = line.index(word) + len(word)
        return line[:end] + hide(line[end:])

    return "\n".join(name(line) for line in text.split("\n"))


def shown(text: str, parts: Sequence[Part]) -> List[str]:
    """The parts, which begin and end with a line, as they may be shown."""
    source = Source("", text)
    if source.fault:
        return [_bare(text[first:last]) for first, last in parts]
    return [keeping(text, part, _kept(source, part)) for part in parts]
