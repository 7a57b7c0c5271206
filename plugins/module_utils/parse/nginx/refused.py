# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx refuses when it loads its configuration, beside what conf.py and routes.py find in it."""

import posixpath
import re
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from .conf import Conf, Directive, every, named
from .listen import bound_at, is_default, shown_address
from .served import servers

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem

# Read when the configuration is: ngx_ssl_certificate(), ngx_ssl_dhparam(), ngx_ssl_client_certificate().
_READ = frozenset(
    ("ssl_certificate", "ssl_certificate_key", "ssl_dhparam", "ssl_client_certificate")
    + ("ssl_trusted_certificate",)
)
_NO_FILE = ("data:", "engine:", "store:", "syslog:", "memory:", "stderr", "off", "/dev/")
# ngx_conf_log_error(): where it stands ends the message.
_PLACE = re.compile(r" in (/[^:]+):(\d+)\Z")
# Kind -> what nginx, systemd or the loader says then. The first one counts. The words for a person are in
# catalogue/nginx_refusals.py. Each directive of nginx's has an ASCII name.
KINDS = {
    "odd_character": r'\Aunknown directive "[^"]{0,99}?[^\n -~]',
    "upstream": "no port in upstream",
    "ssl_directive": 'unknown directive "ssl"',
    "unknown_directive": "unknown directive",
    "log_format": "unknown log format",
    "daemon_twice": '"daemon" directive is dup',
    "zone_sizes": "already declared size",
    "zone": "zero size shared memory",
    "variable": 'unknown "',
    "module_build": "not binary compatible",
    "module_version": " instead of ",
    "killed": "killed by the OOM killer|status=9/KILL",
    "mount_namespace": "mount namespacing",
    "exec": "step EXEC",
    "unit_setting": "at step [A-Z]",
    "exec_starts": "more than one ExecStart=",
    "libraries": "shared libraries",
    "account_hidden": r"(?:ch|set[gu]|init).*\(.*\) failed \(22:",
    "capabilities": r"(?:set[gu]id|initgroups)\(",
    "privileged": r"(?:bind\(\) .*|\.pid\") failed \(13:",
    "no_pem": "no start line",
    "other_key": "key values mismatch",
    "small_key": "key too small",
    "passphrase": "bad password read",
    "directory": r"failed \(21:|not a regular file",
    "no_ipv6": r"failed \(97:",
    "no_address": r"failed \(99:",
    "parent_directory": r"mkdir\(.*failed \(2:",
    "chown": r"chown\(.*failed \(1:",
    "cipher": "no cipher match",
    "arguments": "invalid number of arg",
    "context": "is not allowed here",
    "twice": "is duplicate in",
    "unterminated": 'unexpected (?:end|"})|not terminated',
    "no_host": "host not found in",
}
_PATH = re.compile(r'"(/[^"]+)"')


def _problem(directive: Directive, text: str) -> "ConfigProblem":
    return {"kind": "refused", "file": directive.file, "line": directive.line, "text": text}


def _default_servers(conf: Conf) -> "List[ConfigProblem]":
    """ngx_http_add_addresses(): one for each address."""
    seen: Dict[str, Directive] = {}
    found: List[ConfigProblem] = []
    listens = [each for _http, server in servers(conf) for each in named(server.block or [], "listen")]
    for listen in [each for each in listens if is_default(each.args)]:
        addresses = bound_at(" ".join(listen.args))
        twice = next((address for address in addresses if address in seen), None)
        if twice:
            before = (shown_address(twice), seen[twice].file, seen[twice].line)
            text = "a duplicate default server for %s; the first is in %s:%d" % before
            found.append(_problem(listen, text))
        for address in addresses:
            seen.setdefault(address, listen)
    return found


def _absent(conf: Conf, config: str, prefix: str, is_absent: Callable[[str], bool]) -> "List[ConfigProblem]":
    """Files that are read, and directories in which logs are opened."""
    found: List[ConfigProblem] = []
    home = posixpath.dirname(config)
    for directive in named(every(conf.directives), *_READ, "access_log", "error_log"):
        name = directive.args[0]
        if "$" in name or name.startswith(_NO_FILE):
            continue
        if directive.name in _READ:
            path = posixpath.join(home, name)
            if is_absent(path):
                text = 'cannot load certificate "%s": No such file or directory'
                found.append(_problem(directive, text % path))
            continue
        path = posixpath.join(prefix, name)
        if is_absent(posixpath.dirname(path)):
            text = 'open() "%s" failed (2: No such file or directory)'
            found.append(_problem(directive, text % path))
    return found


def problems(conf: Conf, config: str, prefix: str, is_absent: Callable[[str], bool]) -> "List[ConfigProblem]":
    """Each of them alone keeps nginx from loading the files. config: the main file."""
    return conf.errors[:1] or _default_servers(conf) + _absent(conf, config, prefix, is_absent)


def place_of(text: str, conf: Conf, prefix: str) -> Optional[Tuple[str, int]]:
    """(file, line) of what nginx complains about: by its own word, else by the path that it names."""
    own = _PLACE.search(text)
    if own:
        return own.group(1), int(own.group(2))
    path = path_in(text)
    for directive in every(conf.directives) if path else ():
        if path in [posixpath.join(prefix, word) for word in directive.args]:
            return directive.file, directive.line
    return None


def kind_of(text: str) -> Optional[str]:
    """Of a complaint whose own words do not tell what is wrong (ngx_http_upstream_add(), bind(2))."""
    return next((kind for kind, words in KINDS.items() if re.search(words, text)), None)


def path_in(text: str) -> Optional[str]:
    """The file that a complaint is about."""
    match = _PATH.search(text)
    return match.group(1) if match else None
